/* What the files of core/ share; nothing here is public.  In protocol order,
 * by file. */
#ifndef YANK_CORE_H
#define YANK_CORE_H

#include "../arch/arch.h"
#include "../os/os.h"
#include "types.h"

#include <yank/code.h>
#include <yank/host.h>
#include <yank/trace.h>

#define YANK_G_MAGIC 0x59616e47u /* "YanG" */
#define YANK_M_MAGIC 0x59616e4du

/* --- init.c: the process-wide state ----------------------------------------
 * Written by yank_init and yank_fini unless a line says otherwise. */
struct yank_runtime {
    _Atomic uint32_t state; /* 0 off, 1 in between, 2 ready */
    struct yank_options opt;
    int signo;
    bool async;             /* kicks can work in this build, here */
    const char *why;        /* why not */
    unsigned processors;
    int64_t kick_deadline_ns; /* first one; doubles */
    _Atomic uint32_t async_off; /* any */
    /* Learnt time from kick to answer, ns.  Any, relaxed: a hint. */
    _Atomic uint32_t answer_ns;
    _Atomic uint64_t next_id; /* of Gs and Ms; any */
    _Atomic uint64_t kicks_sent, kicks_failed, kicks_resent; /* any */
    /* How many requesters are inside the SCAN window, and the gate that fork
     * closes to them; any. */
    _Atomic uint32_t in_window, gate;
    _Atomic uint32_t users; /* schedulers and hosts: fini refuses; any */
    /* Threads in the middle of a detach, likewise; any. */
    _Atomic uint32_t leaving;
};
extern struct yank_runtime yank_rt;
bool yank_is_ready(void);
uint64_t yank_new_id(void);
void *yank_alloc(size_t bytes);
void yank_release(void *p, size_t bytes);

/* --- report.c ------------------------------------------------------------*/
/* A broken invariant of our own.  AS-safe. */
_Noreturn void yank_panic(const char *message);
/* One line for the log, cut where it is full. */
struct yank_line {
    char text[200];
    size_t n;
};
void yank_line_text(struct yank_line *l, const char *s);
void yank_line_number(struct yank_line *l, uint64_t v, unsigned base);
void yank_line_task(struct yank_line *l, const struct yank_g *g);
/* g was caught again and again at one place where it may not stop. */
struct yank_asker;
void yank_report_stuck(struct yank_g *g, const struct yank_asker *a);
void yank_count(struct yank_m *m, enum yank_outcome o); /* AS-safe; own */
void yank_fold_counters(struct yank_m *m); /* before it leaves */
void yank_reset_counters(void);

/* --- lock.c: a spin lock for short sections; never taken in a handler, never
 * while a stop is held by the same thread in such a section. */
void yank_lock(_Atomic uint32_t *lock);
void yank_unlock(_Atomic uint32_t *lock);

/* --- trace.c: what happened when; AS-safe up to the next line -------------*/
extern _Atomic uint32_t yank_trace_on;
int64_t yank_trace_clock(void);
/* Into m's ring, which the caller keeps attached (own, or kickers), or the
 * one for no M; ns 0: now.  g may not end before this returns, but for a
 * YANK_TRACE_KICK, where it only has to be memory. */
void yank_trace_record(struct yank_m *m, uint64_t m_id,
                       const struct yank_g *g, enum yank_trace_kind kind,
                       uint64_t value, int64_t ns);
static inline bool yank_is_tracing(void)
{
    /* Relaxed: a switch; what is read later says whether there is a ring. */
    return atomic_load_explicit(&yank_trace_on, memory_order_relaxed) != 0;
}
static inline void yank_trace(struct yank_m *m, const struct yank_g *g,
                              enum yank_trace_kind kind, uint64_t value)
{
    if (yank_is_tracing())
        yank_trace_record(m, m->id, g, kind, value, 0);
}
/* The time, or 0 where nothing is recorded; and a kick sent then. */
static inline int64_t yank_trace_now(void)
{
    return yank_is_tracing() ? yank_trace_clock() : 0;
}
static inline void yank_trace_kick(struct yank_m *m, const struct yank_g *g,
                                   int64_t sent_ns)
{
    if (sent_ns != 0)
        yank_trace_record(m, m->id, g, YANK_TRACE_KICK, 0, sent_ns);
}
/* By who holds the claim on g: it was asked for so, or, null, it ends. */
void yank_trace_claim(const struct yank_g *g, const struct yank_asker *asker);
static inline void yank_trace_held(const struct yank_g *g,
                                   const struct yank_asker *asker)
{
    if (yank_is_tracing())
        yank_trace_claim(g, asker);
}
/* --- */
void yank_trace_m_begin(struct yank_m *m); /* under the registry's lock */
void yank_trace_fork_child(void); /* the same: nothing was recorded */
void yank_trace_fini(void);

/* --- status.c: the status word and the event word ------------------------*/
static inline uint32_t yank_read_status(const struct yank_g *g)
{
    /* seq_cst: the status takes part in store-load pairs with asks, kickers
     * and signal_pending. */
    return atomic_load_explicit(&g->status, memory_order_seq_cst);
}
bool yank_cas_status(struct yank_g *g, uint32_t from, uint32_t to);
/* The G itself, or the M that runs it: from -> to, waiting while claimed. */
void yank_cast_status(struct yank_g *g, uint32_t from, uint32_t to);
/* Set SCAN on a G in status s.  False: the status was another by then. */
bool yank_claim(struct yank_g *g, uint32_t s);
/* Give the claim back; the status it had. */
uint32_t yank_drop_claim(struct yank_g *g);
void yank_bump(struct yank_g *g);
/* Wait until g->event is no longer ev: spin a little, then sleep.  May return
 * early. */
void yank_wait_event(struct yank_g *g, uint32_t ev, int64_t deadline_ns);
/* Around every call on a G from a thread that does not run it, but for those
 * of its host (yank_m_take, yank_g_fini), whose it is. */
void yank_visit(struct yank_g *g);
void yank_visit_end(struct yank_g *g);
/* g->status was s, with SCAN, when g->event was ev: sleep until it changes. */
void yank_wait_claim(struct yank_g *g, uint32_t s, uint32_t ev,
                     int64_t deadline_ns);
/* Wait until a visitors, kickers or in_window word is 0; false: deadline.
 * One waiter a word.  count_down touches no memory after the count is 0. */
bool yank_wait_zero(_Atomic uint32_t *count, int64_t deadline_ns);
void yank_count_down(_Atomic uint32_t *count);
bool yank_g_valid(const struct yank_g *g);
/* In such a word: somebody sleeps until the count is 0. */
#define YANK_SLEEPER 0x80000000u

/* --- request.c: asking for a stop or a yield -----------------------------*/
struct yank_asker {
    bool asked;      /* our 1 is in g->asks */
    bool stuck;      /* to be reported */
    bool kicked;     /* a kick is under way: m_id, gen are valid */
    uint64_t m_id;
    uint64_t on_m_id;      /* where it ran when we asked, or 0 */
    uint32_t gen;
    int64_t began_ns;      /* when the asker began to ask */
    int64_t sent_ns;       /* when */
    int64_t injected_ns;   /* since when we see a stop on its way; 0: not */
    int64_t kick_wait_ns;  /* until a resend; doubles */
    int64_t retry_ns;      /* after a refusal: not before */
    int64_t backoff_ns;    /* how long at most */
    uint32_t same_place; /* refusals in a row at one PC and SP */
    uintptr_t pc, sp;
    enum yank_outcome outcome; /* the last answer */
    uint64_t random;
};
void yank_asker_init(struct yank_asker *a);
int64_t yank_asker_random(struct yank_asker *a, int64_t limit); /* [0, limit) */
/* g was Running when last seen: do what the protocol wants next.  Returns
 * when to look again if no event comes before. */
int64_t yank_ask(struct yank_g *g, struct yank_asker *a);
/* Take our ask off without waiting. */
void yank_withdraw(struct yank_g *g, struct yank_asker *a);
/* Ask g to yield; never waits. */
int yank_ask_yield(struct yank_g *g);

/* --- region.c: the poll word ---------------------------------------------*/
void yank_poison(struct yank_g *g);
/* own: back to the bound, poisoned again if still wanted. */
void yank_restore_poll_word(struct yank_g *g);

/* --- resume.c ----------------------------------------------------------- */
/* Resume a stop that its suspender cannot keep; a zeroed one is nothing. */
void yank_give_back(struct yank_stop *stop);

/* --- safepoint.c: may this thread stop here?  AS-safe, all of it. --------*/
bool yank_want_async_preempt(const struct yank_m *m, const struct yank_g *g);
enum yank_outcome yank_can_preempt_m(const struct yank_m *m,
                                     const struct yank_g *g);
/* YANK_INJECTED: yes, and *resume_pc says from where to go on. */
enum yank_outcome yank_is_async_safe_point(struct yank_m *m, struct yank_g *g,
                                           const struct yank_regs *r,
                                           uintptr_t *resume_pc,
                                           struct yank_code **code);

/* --- preempt.c: the answer, and the stop itself --------------------------*/
/* yank_do_sig_preempt() and yank_tell() are in os/os.h: backends call them. */
/* On g0, from the stub: what m goes on with. */
struct yank_g *yank_async_preempt2(struct yank_m *m);
/* On the G's own stack, asks or yield seen: stop as asked.  Synchronous. */
void yank_sync_stop(struct yank_m *m, struct yank_g *g);
/* On the G's own stack: the function that resume_call left, and before it
 * what the stub of a fiber left to do. */
void yank_run_call(struct yank_g *g);
/* Park g for those who ask, its thread with it, until somebody resumes it. */
void yank_park_in_place(struct yank_m *m, struct yank_g *g);

/* --- host.c: Gs on Ms ----------------------------------------------------*/
/* A stack that Yank or a host made, as the system shall see it. */
static inline struct yank_os_stack yank_os_stack_of(uintptr_t lo, uintptr_t hi)
{
    return (struct yank_os_stack){ hi, lo + yank_os_stack_reserve_bytes, lo };
}
void yank_g_setup(struct yank_g *g, uintptr_t lo, uintptr_t hi);
struct yank_g *yank_g_self(void); /* the G that the caller runs on, or null */
void yank_bind(struct yank_m *m, struct yank_g *g);   /* before it runs on m */
void yank_unbind(struct yank_m *m, struct yank_g *g); /* before it does not */
/* On g0, last of all before g goes on: no stop is behind it any more. */
void yank_resumed(struct yank_g *g);
/* g became Runnable and no claim is on it, or it is set aside: tell its
 * host or its own thread. */
void yank_make_ready(struct yank_g *g);
/* After a claim was dropped from a G that may be set aside. */
void yank_ready_if_aside(struct yank_g *g);

/* A switch: a new slice begins, and yields have had their way. */
void yank_start_slice(struct yank_m *m, struct yank_g *g);
/* g in status from, which is off its M, runs on m.  False: it was claimed, or
 * its status was another by then. */
bool yank_try_run(struct yank_m *m, struct yank_g *g, uint32_t from);
/* On g's stack, in a call: no thread-local's address is in flight, unless an
 * interrupted frame waits further up, in a function of resume_call's. */
void yank_unpin(struct yank_m *m, struct yank_g *g);
static inline void yank_g_in(struct yank_m *m, struct yank_g *g)
{
    if (g->host->g_in != NULL)
        g->host->g_in(g->host->ctx, m, g);
}
static inline void yank_g_out(struct yank_m *m, struct yank_g *g)
{
    if (g->host->g_out != NULL)
        g->host->g_out(g->host->ctx, m, g);
}

/* --- host_fiber.c: hosts that switch by themselves -----------------------*/
static inline bool yank_is_fiber(const struct yank_g *g)
{
    return g->host != NULL && g->host->preempted != NULL;
}
/* Preempted, its thread waits with it; nobody is told that it is ready. */
static inline bool yank_parks_in_place(const struct yank_g *g)
{
    return g->host == NULL || yank_is_fiber(g);
}
/* On g0, in the stub: the rest of the stop is for g's own stack. */
void yank_fiber_stop_here(struct yank_g *g);
/* There: that rest. */
void yank_run_fiber_stop(struct yank_g *g);
/* On g's own stack: the hook, as long as a stop or a yield is wanted. */
void yank_stop_fiber(struct yank_g *g);

/* --- thread.c ------------------------------------------------------------*/
/* m's g0 is the one for fibers, made when there is none. */
int yank_fiber_g0(struct yank_m *m);

/* --- monitor.c -----------------------------------------------------------*/
/* m runs something from now on: a monitor that sleeps for good is woken. */
void yank_monitor_notice(void);
/* m detaches: returns when no monitor looks at it any more. */
void yank_monitor_forget(struct yank_m *m);
bool yank_monitor_is_on(void);
void yank_monitor_fork_child(void);

/* --- block.c: vector blocks ----------------------------------------------*/
/* g0 or attach: make m->spare not null if memory can be had. */
void yank_refill_block(struct yank_m *m);
/* g0: give back those of g whose frames a longjmp has left. */
void yank_drop_dead_blocks(struct yank_m *m, struct yank_g *g);
/* On g's stack, on m: the same for frames below sp, which have ended. */
void yank_drop_blocks_below(struct yank_m *m, struct yank_g *g, uintptr_t sp);
void yank_free_blocks(struct yank_vector_block *list);
void yank_blocks_fini(void);
void yank_blocks_lock(void); /* around fork */
void yank_blocks_unlock(void);

/* --- registry.c: all Ms --------------------------------------------------*/
void yank_registry_add(struct yank_m *m);
void yank_registry_remove(struct yank_m *m);
/* fn for each M, under the registry's lock. */
void yank_registry_each(void (*fn)(struct yank_m *m, void *arg), void *arg);
bool yank_registry_empty(void);
void yank_registry_lock(void);
void yank_registry_unlock(void);
struct yank_m *yank_registry_first(void); /* under the lock */
void yank_registry_keep_only(struct yank_m *m); /* under the lock; or null */

/* --- fork.c --------------------------------------------------------------*/
int yank_fork_register(void);

/* --- codemap.c -----------------------------------------------------------*/
struct yank_code {
    uintptr_t lo, hi;
    uint32_t flags;
    /* Gs stopped asynchronously in here: +1 in the handler, -1 by own when it
     * goes on, or by abandon. */
    _Atomic uint32_t stopped;
    struct yank_code *next; /* while retired; under the map's lock */
};
/* In the handler, AS-safe.  From here to yank_code_done() no range is taken
 * away; done without find is nothing. */
struct yank_code *yank_code_find(struct yank_m *m, uintptr_t pc);
void yank_code_done(struct yank_m *m);
/* After it, where a wake is allowed: who waits to take a range away. */
void yank_code_tell(struct yank_m *m);
/* A G that was stopped in it is not any more. */
void yank_code_left(struct yank_g *g);
int yank_codemap_init(const void *lo, const void *hi);
bool yank_codemap_in_use(void); /* registered at run time */
void yank_codemap_fini(void);
void yank_codemap_lock(void); /* around fork */
void yank_codemap_unlock(void);

#endif
