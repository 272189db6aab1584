/* The OS contract: what core/ and sched/ need of a system.  One folder of os/
 * implements it; a backend translates and never decides policy.  All of it is
 * hidden from users unless yank/yank.h says otherwise.
 *
 * The public functions a backend implements: yank_now_ns(),
 * yank_m_self(), yank_signal_mask_changed(), yank_handle_signal(),
 * yank_signal_is_kick(). */
#ifndef YANK_OS_H
#define YANK_OS_H

#include "../core/types.h"

#include <yank/host.h>

/* Can one thread interrupt another here?  Constant; where it is false
 * yank_preempt_m() answers YANK_ENOSYS and core/ falls back on polls.
 * Origin: go@62e53b79 os_js.go:preemptMSupported */
extern const bool yank_preempt_m_supported;

/* Make m run yank_do_sig_preempt() soon, whatever it is executing.  Kicks may
 * merge: n calls that return YANK_OK give 1..n answers, each adding 1 to
 * m->preempt_gen; detach counts as one.  A kick is a hint: m may have left
 * the code it was meant for.
 *
 * Context: any thread other than m's; m cannot detach meanwhile (kickers); no
 *          runtime lock held that m can take (YANK_CAP_SYNC_KICK stops m)
 * AS-safe: yes on posix
 * Blocks : no on posix
 * Order  : none; publish with the ask (seq_cst) before calling
 * Errors : the generation will not move.  YANK_EAGAIN the signal queue is
 *          full; YANK_EGONE m has exited; YANK_ENOSYS; YANK_EOS
 * Origin : go@62e53b79 signal_unix.go:preemptM, os_plan9.go:preemptM */
int yank_preempt_m(struct yank_m *m);

/* The same from m's own thread: m has answered when this returns, unless its
 * kick signal is blocked.  Errors: as yank_preempt_m. */
int yank_os_kick_self(struct yank_m *m);

/* What goes up to core/.  The answer: with m interrupted, by its handler or
 * because the caller has it suspended; no lock, no call to the system but for
 * the clock.  Where edited, r goes into the thread.  Then, and where m was
 * suspended only once it runs again (a wake may take locks that m held), whoever
 * waits is told; g cannot go meanwhile: it runs on m, or the caller counts in
 * m's kickers.  AS-safe: both. */
struct yank_answer {
    bool edited;
    struct yank_m *m;
    struct yank_g *g; /* that ran on m, or null */
    enum yank_outcome outcome;
    int64_t ns; /* when; 0: nobody records it */
};
struct yank_answer yank_do_sig_preempt(struct yank_m *m, struct yank_regs *r);
/* An edited r did not go into the thread, which goes on as it was: the answer
 * is a refusal.  Before the tell, as the answer itself.  AS-safe: yes. */
void yank_answer_undo(struct yank_answer *a);
void yank_tell(struct yank_answer a);
void yank_log(const char *line); /* one line for the host's log */


/* Lines for struct yank_caps. */
extern const char *const yank_os_name;
const char *yank_os_kick_name(void); /* "signal", "suspend", "apc", "none" */
uint32_t yank_os_caps(void); /* YANK_CAP_* that this system can have */

/* Install and remove what the process needs: the handler, unless the host
 * owns the signal.  init checks signo (0: choose) and stores the choice.
 * Errors : YANK_ESIGNAL; YANK_EOS */
int yank_os_init(const struct yank_options *options, int *signo);
void yank_os_fini(void);
/* In the child of a fork: m's thread has a new id. */
void yank_os_fork_child(struct yank_m *m);

/* The calling thread becomes m: signal stack (want: the host's own, or null),
 * base mask, os_id, and last of all yank_m_self().  Kicks stay blocked from
 * begin to end of the set-up.  fini undoes all of it, in reverse; before it
 * the caller has made sure that no kick is being sent.
 * Errors : YANK_ENOMEM; YANK_EINVAL the host's signal stack is too small;
 *          YANK_EOS */
int yank_os_m_init(struct yank_m *m, const struct yank_stack *want);
void yank_os_m_fini(struct yank_m *m);

/* Sleep while *word == old, at most until the deadline.  May return early for
 * no reason.  Any wake after the word changed ends it. AS-safe: yes. */
void yank_os_wait(_Atomic uint32_t *word, uint32_t old, int64_t deadline_ns);
/* Wake all that sleep on word; the word's memory may be gone. AS-safe: yes.*/
void yank_os_wake(_Atomic uint32_t *word);

/* errno and its like, kept per G.  AS-safe: yes. */
int64_t yank_os_errno(void);
void yank_os_set_errno(int64_t value);

/* Pages, zeroed; null on failure.  No lock of libc is taken: g0 calls these
 * while the interrupted code may hold any. */
void *yank_os_pages(size_t bytes);
void yank_os_pages_free(void *p, size_t bytes);
/* The lowest bytes of every stack, where the system may build frames of its
 * own (Windows: of exceptions and APCs); no G's code is stopped with its SP in
 * there.  0: none. */
extern const size_t yank_os_stack_reserve_bytes;
/* A stack of at least bytes and the reserve, with guards. */
int yank_os_stack_alloc(size_t bytes, struct yank_stack *out);
void yank_os_stack_free(const struct yank_stack *stack);
/* Is addr in the guard that code meets which runs over such a stack, whose
 * lowest byte is lo?  AS-safe: yes. */
bool yank_os_in_guard(uintptr_t lo, uintptr_t addr);
/* The stack is for another G now: its guard is whole again. */
void yank_os_stack_renew(const struct yank_stack *stack);
/* Bounds of the calling thread's stack.  Errors: YANK_EOS */
int yank_os_thread_stack(struct yank_stack *out);

/* Does m's thread sleep in the system?  1 yes, 0 no, -1 it cannot be known.
 * m stays attached. */
int yank_os_thread_sleeps(const struct yank_m *m);

/* From here on fn is asked of each access to memory that is not there, on
 * attached threads, in the handler.  True: r was edited, and the thread goes
 * on so.  Errors : YANK_EOS */
typedef bool yank_os_fault_fn(struct yank_m *m, uintptr_t addr,
                              struct yank_regs *r);
int yank_os_faults_begin(yank_os_fault_fn *fn);
void yank_os_faults_end(void);

/* Processors this process may use; at least 1. */
unsigned yank_os_processors(void);
/* By how much kick deadlines stretch here: 1 on the machine itself. */
unsigned yank_os_kick_scale(void);
/* Does YANKDEBUG, a comma-separated list, hold this item?  Never in a
 * set-user-id program. */
bool yank_os_env_has(const char *item);

/* A thread for the scheduler's Ms and the monitor; kicks are blocked in it
 * until it attaches.
 * Errors : YANK_EAGAIN; YANK_EOS */
struct yank_os_thread {
    _Alignas(16) unsigned char opaque[32];
};
int yank_os_thread_start(struct yank_os_thread *t, void (*fn)(void *),
                         void *arg);
void yank_os_thread_join(struct yank_os_thread *t);

/* Register prepare, parent and child with the system's fork.  Cannot be
 * undone: the three do nothing after yank_fini(). */
int yank_os_atfork(void (*prepare)(void), void (*parent)(void),
                   void (*child)(void));

/* Write one line to stderr, nothing else.  AS-safe: yes. */
void yank_os_write_line(const char *line);
_Noreturn void yank_os_abort(void);

#endif
