/* For a runtime with its own scheduler: Gs with stacks of their own, Ms that
 * run one after another.  There are two kinds of hosts.
 *
 * One that leaves the switch to Yank (an mcall host; sched/ is one): its
 * scheduler calls yank_execute() from the thread's own stack (g0), which
 * returns when the M has nothing more to run.  A G leaves the M by
 * yank_mcall(), whose function runs on g0 and says what the M runs next.
 *
 * One that has fibers and a switch of its own (a fiber host): it tells Yank
 * by yank_m_set_curg() which of its fibers runs, and gives the hook preempted,
 * in which it switches away from a fiber that never asked for it. */
#ifndef YANK_HOST_H
#define YANK_HOST_H

#include "yank.h"

YANK_BEGIN_DECLS

/* The hooks of one scheduler.  All run in Yank's callers, none in a handler;
 * none may wait for a stop to be resumed.  A fiber host gives preempted, and
 * neither ready nor schedule; an mcall host the other way round. */
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
     * with YANK_EDEAD, and before that it must not be given to yank_g_fini().
     * yank_m_set_curg() refuses a fiber so.  Any thread. */
    void (*abandoned)(void *ctx, struct yank_g *g, bool was_runnable);
    /* On g's own stack, below the registers of what was interrupted: g is to
     * leave its M, for a suspender or because its slice is over.  The host
     * puts the fiber into a queue and switches away as if the fiber had asked
     * for it; when the fiber is switched to again, preempted returns, and
     * returning resumes what was interrupted.  Where it returns without having
     * switched, a yield is forgotten, and for a suspender the thread waits.
     * It may take locks and allocate, as long as registered code never holds
     * the same locks.  g is not stopped in here. */
    void (*preempted)(void *ctx, struct yank_g *g);
    size_t preempted_stack_bytes; /* that preempted needs below the spill; a
                                   * fiber with less left is not stopped */
    /* Does anybody wait for m?  Asked by the monitor before it ends a slice,
     * from its own thread; null: the monitor lets m alone.  It may take locks,
     * which nobody holds over yank_m_detach(): that waits for it. */
    bool (*has_waiters)(void *ctx, struct yank_m *m);
    /* Null, or: g comes on m, before its first instruction there, and g has
     * left m's stacks.  On m's g0; for the host's own thread-locals.  Not for
     * a fiber host, which switches by itself. */
    void (*g_in)(void *ctx, struct yank_m *m, struct yank_g *g);
    void (*g_out)(void *ctx, struct yank_m *m, struct yank_g *g);
    /* Null, or: around a blocking region, on g's stack.  blocking: g is
     * Blocking already, m may sleep, another M may have its share.  unblocked:
     * g is Running again and may leave by yank_mcall(). */
    void (*blocking)(void *ctx, struct yank_m *m, struct yank_g *g);
    void (*unblocked)(void *ctx, struct yank_m *m, struct yank_g *g);
};

struct yank_g_attr {
    size_t struct_size;
    const struct yank_host *host; /* kept by pointer */
    struct yank_stack stack;      /* lo 16-byte aligned, hi too */
    void (*entry)(void *user);    /* runs on the stack; must not return: it
                                   * ends in yank_mcall(), YANK_LEAVE_DEAD.
                                   * Null for a fiber host */
    void *user;                   /* yank_g_user() */
    bool migratable; /* any M may resume it after an asynchronous stop, if
                      * the code allows that too */
};

/* Idle until yank_ready().
 * Errors : YANK_EINVAL; YANK_ESTACK empty, unaligned or less than 4 KiB;
 *          YANK_ENOSYS no stack switch in this build */
YANK_API int yank_g_init(struct yank_g *g, const struct yank_g_attr *attr);
/* Returns when no requester can still touch g; the memory is the host's.  A
 * fiber that its host has switched away from counts as ended.
 * Blocks : until whoever holds a stop of g has resumed it
 * Errors : YANK_EBUSY it runs, waits or is queued */
YANK_API int yank_g_fini(struct yank_g *g);
YANK_API void *yank_g_user(const struct yank_g *g);
/* The one M that may run g now, or null. */
YANK_API struct yank_m *yank_g_pinned(const struct yank_g *g);

struct yank_m_attr {
    size_t struct_size;
    const struct yank_host *host; /* whose Gs it runs: for has_waiters; may be
                                   * null; kept by pointer */
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
 * Errors : YANK_EINVAL it is neither; YANK_EDEAD; YANK_ENOTSUP a fiber, as
 *          from yank_m_take() and yank_mcall() */
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

/* For a fiber host, on the thread of m and not on a fiber's stack, before and
 * after its own switch: from now on g runs on m; null: none does.  A fiber
 * that is entered is Idle or was left before; one that is left can be stopped
 * where it lies.  Also begins a slice.  When it begins, and whenever a switch
 * it asked for came back, the fiber calls yank_poll(), for what
 * yank_resume_call() left it meanwhile.
 * Context: m's own thread, with a P where g is not null
 * Blocks : while somebody holds a stop of g, or is about to own one
 * Errors : YANK_EDEAD it was abandoned; YANK_EINVAL null and none runs, or g
 *          runs elsewhere or is pinned to another M, or m has no P; YANK_EBUSY
 *          one runs on m already; YANK_ENOTSUP not a fiber host's;
 *          YANK_ENOMEM;
 *          on leaving, YANK_EREGION and YANK_EHOLDING: it may not leave now,
 *          switch back to it */
YANK_API int yank_m_set_curg(struct yank_m *m, struct yank_g *g);

/* Ask the G on m to yield at its next safe-point; never waits, may hit the
 * next G instead.  The caller guarantees that m stays attached.
 * Errors : YANK_ENOSYS it will only be seen by a poll; YANK_EINVAL m runs
 *          nothing; YANK_ENOTSUP an M in threads mode
 * Origin : go proc.go:preemptone */
YANK_API int yank_preempt_one(struct yank_m *m);
/* The same for one G.
 * Errors : YANK_ENOTSUP a G in threads mode; YANK_EDEAD; YANK_EINVAL not
 *          Running */
YANK_API int yank_preempt_g(struct yank_g *g);

/* The monitor ends time slices: an M whose host has has_waiters, and whose G
 * has run for slice_ns while somebody waits, is asked to yield.  One for the
 * process; sched/ has its own. */
struct yank_monitor_attr {
    size_t struct_size;
    int64_t slice_ns; /* at least YANK_MONITOR_SLICE_MIN_NS */
    bool own_thread;  /* false: the host calls yank_monitor_tick() */
};
#define YANK_MONITOR_SLICE_MIN_NS 100000
/* Its thread sleeps without an end while no M of such a host runs a G.
 * Context: any thread.
 * Errors : YANK_EINVAL; YANK_EBUSY there is one; YANK_EAGAIN; YANK_EOS */
YANK_API int yank_monitor_start(const struct yank_monitor_attr *attr);
/* Errors: YANK_EINVAL there is none; YANK_EBUSY a tick is under way.
 * Blocks: until its thread has ended. */
YANK_API int yank_monitor_stop(void);
/* Look once.  now_ns is on yank_now_ns().  When to look again:
 * YANK_NO_DEADLINE where nothing runs, until yank_m_set_curg(),
 * yank_m_take() or yank_m_acquire_p() is called.
 * Context: one thread at a time, not a handler.
 * Errors : YANK_EINVAL there is no monitor, or it has its own thread;
 *          YANK_EBUSY another tick, or yank_monitor_stop(), is under way
 * Origin : go proc.go:sysmon, retake */
YANK_API int64_t yank_monitor_tick(int64_t now_ns);

YANK_END_DECLS

#endif
