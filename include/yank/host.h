/* For a runtime with its own scheduler: Gs with stacks of their own, Ms that
 * run one after another.  sched/ is written against this header.
 *
 * An M is an OS thread.  Its scheduler calls yank_execute() from the thread's
 * own stack (g0), which returns when the M has nothing more to run.  A G
 * leaves the M by yank_mcall(), whose function runs on g0 and says what the M
 * runs next. */
#ifndef YANK_HOST_H
#define YANK_HOST_H

#include "yank.h"

YANK_BEGIN_DECLS

/* The hooks of one scheduler.  All run in Yank's callers, none in a handler;
 * none may wait for a stop to be resumed. */
struct yank_host {
    size_t struct_size;
    void *ctx;
    /* g is Runnable and nobody has it in a queue: it must run again some day,
     * on the M of yank_g_pinned() if that is not null.  Any thread; it may
     * hold a stop; must not suspend. */
    void (*ready)(void *ctx, struct yank_g *g);
    /* On m's g0: m's G has stopped or yielded.  The next G for this M, from
     * yank_m_take(), or null to return from yank_execute(). */
    struct yank_g *(*schedule)(void *ctx, struct yank_m *m);
    /* g was abandoned: it is Dead and its stack is the host's again.  Where
     * it was Runnable it still sits in the queue: yank_m_take() refuses it
     * with YANK_EDEAD.  Any thread. */
    void (*abandoned)(void *ctx, struct yank_g *g, bool was_runnable);
};

struct yank_g_attr {
    size_t struct_size;
    const struct yank_host *host; /* kept by pointer */
    struct yank_stack stack;      /* lo 16-byte aligned, hi too */
    void (*entry)(void *user);    /* runs on the stack; must not return: it
                                   * ends in yank_mcall(), YANK_LEAVE_DEAD */
    void *user;                   /* yank_g_user() */
    bool migratable; /* any M may resume it after an asynchronous stop, if
                      * the code allows that too */
};

/* Idle until yank_ready().
 * Errors : YANK_EINVAL; YANK_ESTACK empty, unaligned or less than 4 KiB;
 *          YANK_ENOSYS no stack switch in this build */
YANK_API int yank_g_init(struct yank_g *g, const struct yank_g_attr *attr);
/* Returns when no requester can still touch g; the memory is the host's.
 * Blocks : until whoever holds a stop of g has resumed it
 * Errors : YANK_EBUSY it is neither Idle nor Dead */
YANK_API int yank_g_fini(struct yank_g *g);
YANK_API void *yank_g_user(const struct yank_g *g);
/* The one M that may run g now, or null. */
YANK_API struct yank_m *yank_g_pinned(const struct yank_g *g);

struct yank_m_attr {
    size_t struct_size;
    struct yank_stack sigstack; /* as in yank_thread_attr */
    const char *name;
};

/* Make the calling thread an M that runs a host's Gs.  Its present stack is
 * its g0.  Errors: as yank_thread_attach. */
YANK_API int yank_m_attach(struct yank_m *m, const struct yank_m_attr *attr);
/* Errors: YANK_ETHREAD; YANK_EBUSY it runs a G or has a P */
YANK_API int yank_m_detach(struct yank_m *m);
/* The calling thread's M, or null.  AS-safe: yes. */
YANK_API struct yank_m *yank_m_self(void);
/* The G that runs on m.  AS-safe: yes. */
YANK_API struct yank_g *yank_m_curg(const struct yank_m *m);

/* The right to run user code: an M without a P is never preempted.  A P
 * belongs to at most one M; zeroed bytes are a P.
 * Context: m's own thread.  Errors: YANK_EBUSY; YANK_EINVAL */
YANK_API int yank_m_acquire_p(struct yank_m *m, struct yank_p *p);
YANK_API int yank_m_release_p(struct yank_m *m);

/* On m's g0: make g the one that m runs.  0: it is Running and m's; return it
 * from schedule or hand it to yank_execute().
 * Errors : YANK_EBUSY somebody holds a stop of it: forget it, ready() will
 *          bring it back; YANK_EDEAD it was abandoned: its place in the queue
 *          is gone now; YANK_EINVAL not Runnable, or pinned elsewhere */
YANK_API int yank_m_take(struct yank_m *m, struct yank_g *g);
/* Run g, which was taken, and what schedule names after it; returns when
 * schedule gives null.  Context: m's g0, with a P. */
YANK_API void yank_execute(struct yank_m *m, struct yank_g *g);

/* g is Idle or Waiting: make it Runnable, which calls ready() now, or when
 * whoever holds a stop of it resumes it.
 * Context: any thread.  AS-safe: no.
 * Errors : YANK_EINVAL it is neither; YANK_EDEAD */
YANK_API int yank_ready(struct yank_g *g);

/* On the running G: fn(m, g, arg) runs on g0 with g's context saved and
 * returns what m runs next: g itself, one from yank_m_take(), or null.  If
 * not g, fn must have moved g out of Running (yank_g_leave) first.
 * Context: on a G's own stack, outside regions. */
typedef struct yank_g *(*yank_mcall_fn)(struct yank_m *m, struct yank_g *g,
                                        void *arg);
YANK_API int yank_mcall(yank_mcall_fn fn, void *arg);

/* In an mcall function: g leaves m.  To wait for yank_ready(), to the back of
 * the host's queue (ready() is called), or for good. */
enum yank_leave { YANK_LEAVE_WAITING, YANK_LEAVE_RUNNABLE, YANK_LEAVE_DEAD };
YANK_API void yank_g_leave(struct yank_m *m, struct yank_g *g,
                           enum yank_leave how);

/* Ask the G on m to yield at its next safe-point; never waits, may hit the
 * next G instead.  The caller guarantees that m stays attached, and that the
 * memory of its Gs stays a G's, if only of a recycled one.
 * Errors : YANK_ENOSYS it will only be seen by a poll; YANK_EINVAL m runs
 *          nothing; YANK_ENOTSUP an M in threads mode
 * Origin : go proc.go:preemptone */
YANK_API int yank_preempt_one(struct yank_m *m);
/* The same for one G.
 * Errors : YANK_ENOTSUP a G in threads mode; YANK_EDEAD; YANK_EINVAL not
 *          Running */
YANK_API int yank_preempt_g(struct yank_g *g);

YANK_END_DECLS

#endif
