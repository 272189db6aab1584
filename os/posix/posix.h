/* What os/posix/ shares between its files, and what the folder of a POSIX
 * system (os/linux/) must add.  Nothing here is public. */
#ifndef YANK_POSIX_H
#define YANK_POSIX_H

#include "../os.h"

#include <signal.h>
#include <string.h>

typedef void yank_posix_handler(int signo, siginfo_t *info, void *ucontext);

/* --- from the system's folder --------------------------------------------*/

/* Send signo to m's thread.  AS-safe: yes; keeps errno.
 * Errors : YANK_EGONE also where m->os_id is 0; YANK_EAGAIN; YANK_EOS */
int yank_posix_send(const struct yank_m *m, int signo);
/* The calling thread, as m->os_id holds it.  AS-safe: yes. */
uintptr_t yank_posix_thread_id(void);

/* May signo be a kick here, as far as the system decides it?  kick.c has
 * refused what no POSIX system allows. */
bool yank_posix_signo_ok(int signo);
/* si_code of a signal that one thread of the process sent to another. */
extern const int yank_posix_kick_code;

/* Make handler the action for signo: SA_SIGINFO, SA_ONSTACK, SA_RESTART, all
 * signals masked, called by the kernel itself and by no sanitizer's wrapper.
 * Errors : YANK_EOS */
int yank_posix_install(int signo, yank_posix_handler *handler);
/* Is it still the action? */
bool yank_posix_is_installed(int signo, yank_posix_handler *handler);

/* signo is blocked: take the kicks that wait for this thread.  What is not a
 * kick stays on its way to whom it was meant for. */
void yank_posix_drain(int signo);

/* The smallest signal stack the kernel can build a frame on. */
size_t yank_posix_min_sigstack(void);

/* The environment, but never in a set-user-id program. */
const char *yank_posix_env(const char *name);

/* From and to the context that the kernel gave to the handler; load also says
 * in r->refusal where there is more in it than a stop can keep, store writes
 * what push_call may have edited: pc, sp, lr, flags.  AS-safe: yes. */
void yank_posix_load(const void *ucontext, struct yank_regs *r);
void yank_posix_store(void *ucontext, const struct yank_regs *r);

/* --- among the files of os/posix/ ----------------------------------------*/

/* self.c: what yank_m_self() answers on this thread.  AS-safe: yes. */
void yank_posix_set_self(struct yank_m *m);

/* kick.c: the kick signal, 0 before init. */
int yank_posix_signo(void);

/* sigstack.c: give m a signal stack, and take it back.  Kicks are blocked. */
int yank_posix_sigstack_begin(struct yank_m *m, const struct yank_stack *want);
void yank_posix_sigstack_end(struct yank_m *m);

/* mthread.c: this thread was started with signals blocked; its own mask, from
 * the first m_init on, is this one. */
void yank_posix_born_with(uint64_t mask);
/* The same, of a thread that has not attached.  False: it has, or it was not
 * started so. */
bool yank_posix_born_mask(uint64_t *mask);

/* A signal mask as one number, as m->base_mask keeps it: the kernel's bits.
 * Signals above 64 exist on no system that this folder serves. */
static inline uint64_t yank_posix_mask_word(const sigset_t *set)
{
    uint64_t word = 0;

    memcpy(&word, set, sizeof *set < sizeof word ? sizeof *set : sizeof word);
    return word;
}

static inline sigset_t yank_posix_mask_set(uint64_t word)
{
    sigset_t set;

    sigemptyset(&set);
    memcpy(&set, &word, sizeof set < sizeof word ? sizeof set : sizeof word);
    return set;
}

#endif
