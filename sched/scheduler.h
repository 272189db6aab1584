/* What the files of sched/ share.
 *
 * Guards of fields:
 *   lock   sched->lock: one lock for queues, rights, waits, alarms, statistics
 *          and reference counts.  It is held for a few dozen instructions,
 *          never over a call that can stop, park or wait, and never over a
 *          call of core/ that calls back (yank_ready, yank_g_leave).
 *   own    the M's thread, on g0
 *   task   the task itself, or the thread that starts it
 *   init   before the object is published; constant afterwards
 *
 * A right is what the design calls a P: as many tasks run at a time as there
 * are rights.  It is a mark on a worker and not the worker's struct yank_p,
 * because the monitor takes it from threads that sleep.  A worker without one
 * runs nothing new.  Rights that nobody can use are counted in rights_free.
 *
 * A task's memory stays a task's until the scheduler stops.  refs counts who
 * may still touch it: its owners (1 while it lives or has a handle), its place
 * in a queue (1), the M that runs it (1), each wake-up under way (1), the list
 * of those that are to end (1), its blocking call (1). */
#ifndef YANK_SCHEDULER_H
#define YANK_SCHEDULER_H

#include "../core/core.h"

#include <yank/sched.h>

struct yank_worker;
struct yank_helper;
struct yank_request;
struct yank_slab;

/* What a task waits for. */
enum yank_wait {
    YANK_WAIT_NOTHING,
    YANK_WAIT_UNPARK,
    YANK_WAIT_TIME,
    YANK_WAIT_END, /* of another task */
    YANK_WAIT_CALL /* a blocking call of its own */
};

/* A time in the heap of alarms.c; lock. */
struct yank_alarm {
    struct yank_task *task;
    int64_t ns;
    uint64_t turn; /* of two with one time, the one that came first */
    bool set;
    struct yank_alarm *up, *next, *down;
};

struct yank_task {
    struct yank_g g; /* core's */

    /* --- init ----------------------------------------------------------- */
    struct yank_sched *sched;
    void (*fn)(void *);
    void *arg;
    struct yank_stack stack; /* taken away, under lock, when it ends */
    unsigned weight;
    int64_t cpu_limit_ns;    /* 0: none */

    /* --- lock ----------------------------------------------------------- */
    struct yank_worker *own; /* the only M that may run it, while it lives */
    uint32_t refs, handles;
    bool used; /* g was initialised: fini before the next init */
    bool live; /* from yank_go to the end */
    /* 0, or 1 + enum yank_task_end.  Written under lock, and the word on
     * which plain threads wait in yank_join(). */
    _Atomic uint32_t end;
    _Atomic uint32_t end_sleepers; /* how many do; any */

    struct yank_task *next; /* in a run queue or the free list */
    uint64_t turn;          /* place in the one order of all queues */
    int64_t ready_ns;       /* since when in a queue; 0: in none */
    int64_t credit_ns; /* how long it may run on; below 0: ran over */
    bool cut;          /* a suspender cut its slice: the rest is its own */
    struct yank_worker *on; /* whose current it is */

    enum yank_wait wait;
    struct yank_request *request; /* the last wait, on its stack */
    bool permit;               /* an unpark nobody has waited for yet */
    struct yank_task *joins;   /* the one waited for */
    struct yank_task *joiners; /* first of those who wait for us */
    struct yank_task *join_prev, *join_next;
    struct yank_task *wake_next; /* in a chain of tasks to be woken */
    struct yank_alarm wake;      /* deadline of the wait */

    /* The blocking call: the helper's while it is under way, else the
     * task's. */
    enum yank_call { YANK_CALL_NONE, YANK_CALL_UNDER_WAY, YANK_CALL_OVER } call;
    void *(*call_fn)(void *);
    void *call_arg, *call_result;
    int64_t call_errno;
    int call_rc;
    struct yank_task *call_next; /* of those that no helper has yet */

    struct yank_alarm limit; /* its own deadline */
    bool ending;             /* the monitor is to end it */
    enum yank_task_end ends; /* as what */
    struct yank_task *ending_next;
    uintptr_t overflow_pc; /* where it hit the guard page; own */
    struct yank_line overflow_line; /* its report; its name may go */
    struct yank_task *overflow_next;

    struct yank_task_stats stats;
};

struct yank_queue { /* first in, first out */
    struct yank_task *head, *tail;
    unsigned length;
};

/* An M and its thread. */
struct yank_worker {
    struct yank_m m; /* core's */
    struct yank_p p; /* held from attach to detach */

    /* --- init ----------------------------------------------------------- */
    struct yank_sched *sched;
    struct yank_os_thread thread;
    unsigned number;  /* from 1 */
    bool dedicated;   /* it runs tasks with a thread of their own, one after
                       * another, and no others */
    void *memory;     /* what was allocated */
    size_t memory_bytes;
    struct yank_worker *next; /* all of them; lock */

    /* 1: look at the queues before you sleep.  Set by any after they took the
     * worker off the idle list, cleared by own under lock. */
    _Atomic uint32_t event;

    /* --- own ------------------------------------------------------------ */
    int64_t now_ns; /* the clock at this switch; 0 while a task runs */

    /* --- lock ----------------------------------------------------------- */
    struct yank_task *own; /* the one that has it, or null */
    bool has_right;
    bool blocked; /* current is in a blocking region */
    struct yank_queue pinned; /* tasks that only this M may run */
    struct yank_task *current;
    int64_t started_ns; /* when current was put on */
    int64_t ask_ns;   /* when current is to be asked to yield, if waited for */
    int64_t limit_ns; /* when current has used up its CPU limit */
    int64_t asked_ns; /* when it was asked, for the first time; or 0 */
    int64_t retry_ns; /* and how long after that again; doubles */
    bool idle;        /* in the idle list */
    struct yank_worker *idle_next;
    bool hungry; /* idle and with pinned tasks: in that list */
    struct yank_worker *hungry_next;
    bool told; /* the monitor knows that current sleeps on pinned tasks */

    /* --- the monitor's, between two looks -------------------------------- */
    bool ask, ask_again, tell;
    int64_t asked_for_ns; /* how long ago it was asked for the first time */
    uint32_t ask_tick;
};

/* A slice's end may fall where code may not be stopped (libc, a region), and
 * then nobody asks again but the monitor: after min, twice that, and so on. */
#define YANK_RETRY_MIN_NS 50000
#define YANK_RETRY_MAX_NS 1000000
/* A task that does not yield for a slice and this after it was asked is not
 * waited for, and counts as asleep where the system cannot say. */
#define YANK_PATIENCE_NS 10000000
/* How often the monitor looks after a thread that sleeps in the system. */
#define YANK_ASLEEP_LOOK_NS 10000000

/* Threads beyond the rights, for tasks in blocking regions; and for calls. */
#define YANK_SPARE_THREADS 1024
#define YANK_HELPERS 256

/* Free stacks kept for the next task of the same size. */
#define YANK_STACK_CACHE 64

struct yank_sched {
    _Atomic uint32_t lock;

    /* --- init ----------------------------------------------------------- */
    void *memory; /* what was allocated; this struct is aligned within */
    size_t memory_bytes;
    struct yank_host host;
    int64_t slice_ns;
    unsigned rights;
    bool catches_faults; /* overflow.c */
    struct yank_os_thread monitor;
    bool told_no_thread; /* the monitor's */

    /* Bumped to make the monitor look.  Any. */
    _Atomic uint32_t look_event;

    /* --- lock ----------------------------------------------------------- */
    bool stopping;
    uint64_t open; /* tasks that live or have a handle */
    struct yank_worker *workers;
    unsigned n_workers;
    unsigned n_shared; /* workers that are not dedicated */
    struct yank_queue queue;
    uint64_t next_turn;
    unsigned rights_free;
    struct yank_worker *idle;   /* workers that sleep, last come first */
    struct yank_worker *hungry; /* by the turn of their first pinned task */
    struct yank_alarm *alarms;  /* root of the heap, the first to come */
    int64_t look_ns; /* when the monitor looks again by itself; INT64_MIN: it
                      * is about to */
    int64_t thread_retry_ns;      /* no thread could be had: not before */
    struct yank_task *ending;     /* to be ended */
    int64_t ending_retry_ns;
    struct yank_task *overflowed; /* to be reported */
    struct yank_task *calls, *calls_tail; /* blocking calls without a helper */
    struct yank_helper *helpers;          /* all */
    unsigned n_helpers, helpers_free;     /* free: not in a call */
    _Atomic uint32_t helper_event;        /* bumped for each call; any */
    struct yank_slab *slabs;                 /* task_memory.c */
    struct yank_task *free_head, *free_tail; /* tasks nobody touches */
    struct yank_stack stacks[YANK_STACK_CACHE];
    unsigned n_stacks;
};

/* Null where m is not one of s. */
struct yank_worker *yank_worker_of(const struct yank_sched *s,
                                   struct yank_m *m);
/* Any G of any of our schedulers: its task. */
struct yank_task *yank_task_of(struct yank_g *g);
/* The M that alone may run t now, or null. */
struct yank_worker *yank_task_home(struct yank_task *t);

/* --- worker.c: threads --------------------------------------------------- */
/* Start one more, which is attached when this returns; it sleeps until it gets
 * a right.  own: the task it is for, or null.  Not on g0.
 * Errors : YANK_ENOMEM; YANK_EAGAIN; YANK_EOS */
int yank_worker_start(struct yank_sched *s, struct yank_task *own);
/* Make a worker look at the queues, idle or not; null: nobody. */
void yank_worker_wake(struct yank_worker *w);
/* All have left the queues for good: the scheduler stops. */
void yank_workers_end(struct yank_sched *s);

/* --- rights.c: who may run; lock held ------------------------------------
 * Those that return a worker return one to be woken, or null. */
/* w is new: it sleeps until it gets a right, now or later. */
struct yank_worker *yank_right_join(struct yank_worker *w);
/* A free right, if there is one, to whoever waits longest and can take it. */
struct yank_worker *yank_right_use(struct yank_sched *s);
/* The same with the right that w has, if it has one. */
struct yank_worker *yank_right_drop(struct yank_worker *w);
/* Has w one, or can it take a free one? */
bool yank_right_take(struct yank_worker *w);
/* w goes to sleep and gives its right away, if it has one.  False: there is
 * something for it to do. */
bool yank_right_park(struct yank_worker *w, struct yank_worker **wake);
/* The first of w's pinned tasks may be another one than before. */
void yank_right_hunger(struct yank_worker *w);
/* A worker whose own task has ended, for t alone, or null. */
struct yank_worker *yank_right_reserve(struct yank_sched *s,
                                       struct yank_task *t);
/* Is a thread missing, without which a right lies idle? */
bool yank_right_lacks_thread(const struct yank_sched *s);
/* May the monitor start one now? */
bool yank_right_may_start(const struct yank_sched *s, int64_t now);
/* Does anybody wait for the right, or the M, that w has? */
bool yank_right_wanted(const struct yank_worker *w);
/* w has gone to sleep: when does the slice end that is waited for now? */
int64_t yank_right_next_wanted(const struct yank_worker *w);

/* --- run_queue.c ----------------------------------------------------------
 * The hooks ready and schedule, and who is told that there is work. */
void yank_sched_ready(void *ctx, struct yank_g *g);
struct yank_g *yank_sched_schedule(void *ctx, struct yank_m *m);
/* On g0: what w runs next, taken, or null. */
struct yank_g *yank_worker_next(struct yank_worker *w);
/* On g0: the task that w ran is off it from now on; its time is counted.  The
 * M's reference is the caller's. */
struct yank_task *yank_worker_put_down(struct yank_worker *w);
/* Lock held.  Somebody waits, for home or, where it is null, for any M: until
 * when is that so without the monitor? */
int64_t yank_slices_next_end(const struct yank_sched *s,
                             const struct yank_worker *home);

/* --- credit.c: how long who may run; lock held --------------------------- */
/* A whole slice of t. */
int64_t yank_task_quantum(const struct yank_task *t);
/* w's task begins, or ends, to be charged. */
void yank_slice_begin(struct yank_worker *w, int64_t now);
void yank_slice_end(struct yank_worker *w, int64_t now);
/* The time since then is not charged. */
void yank_slice_skip(struct yank_worker *w, int64_t now);
/* t's turn has come.  False: it has still to pay for the last one. */
bool yank_credit_refill(struct yank_task *t);

/* --- blocking_call.c: blocking regions and calls ------------------------- */
void yank_sched_blocking(void *ctx, struct yank_m *m, struct yank_g *g);
void yank_sched_unblocked(void *ctx, struct yank_m *m, struct yank_g *g);
/* Lock held: t waits for its call now. */
void yank_call_begin(struct yank_task *t);
/* Lock held: is a helper missing? */
bool yank_call_lacks_helper(const struct yank_sched *s);
void yank_helpers_wake(struct yank_sched *s);
/* The monitor: one more.  False: there is none to be had. */
bool yank_helper_start(struct yank_sched *s);
void yank_helpers_end(struct yank_sched *s);

/* --- slices.c: the monitor ---------------------------------------------- */
void yank_slices_main(void *sched);
void yank_slices_wake(struct yank_sched *s);
/* Lock held: is the monitor to be woken, since it means to look only after
 * ns?  Says so once until it has looked. */
bool yank_slices_late(struct yank_sched *s, int64_t ns);

/* --- limits.c: tasks that the monitor ends ------------------------------- */
/* Lock held. */
void yank_limit_reached(struct yank_task *t, enum yank_task_end how);
/* The monitor, without the lock: end what can be ended now. */
void yank_limits_enforce(struct yank_sched *s, int64_t now);

/* --- sched_report.c: what the monitor says, without the lock ------------- */
/* Workers that are marked to tell: they sleep in their task while others,
 * pinned to them, wait. */
void yank_report_asleep(struct yank_sched *s, struct yank_worker *all);
void yank_report_overflows(struct yank_sched *s);

/* --- overflow.c: the guard page ------------------------------------------ */
int yank_overflow_begin(void);
void yank_overflow_end(void);

/* --- alarms.c: what happens when; lock held ------------------------------ */
void yank_alarm_set(struct yank_alarm *a, struct yank_task *t, int64_t ns);
void yank_alarm_clear(struct yank_alarm *a);

/* --- sched_wait.c: waits and their ends --------------------------------- */
/* Lock held.  End t's wait; it joins the chain, with a reference. */
void yank_wait_end(struct yank_task *t, int why, struct yank_task **chain);
/* Lock held: the same for all sleepers whose time has come, in that order;
 * those whose deadline has come are to end. */
struct yank_task *yank_wait_expire(struct yank_sched *s, int64_t now_ns);
/* May the calling task, or null, leave its M? */
int yank_task_may_leave(struct yank_task *self);
/* Wait until the call in self has been made. */
int yank_wait_for_call(struct yank_task *self);
/* An mcall function: to the back of the queue. */
struct yank_g *yank_task_leave_runnable(struct yank_m *m, struct yank_g *g,
                                        void *arg);
/* No lock: let the tasks of the chain run. */
void yank_wake_chain(struct yank_sched *s, struct yank_task *chain);

/* --- task_end.c --------------------------------------------------------- */
/* The whole of a task: entry of its G. */
void yank_task_main(void *task);
/* An mcall function: the task is over; arg is an enum yank_task_end. */
struct yank_g *yank_task_leave_dead(struct yank_m *m, struct yank_g *g,
                                    void *arg);
void yank_sched_abandoned(void *ctx, struct yank_g *g, bool was_runnable);

/* --- task_memory.c ------------------------------------------------------ */
/* Bytes at a 64-byte boundary; *memory is what is to be released. */
void *yank_alloc_aligned(size_t bytes, void **memory, size_t *memory_bytes);
/* A task that nobody touches, or null; its G may be initialised. */
struct yank_task *yank_task_new(struct yank_sched *s);
/* Lock held: one reference less. */
void yank_task_drop(struct yank_sched *s, struct yank_task *t);
/* All of them, when no thread is left. */
void yank_tasks_free(struct yank_sched *s);

/* --- task_stack.c ------------------------------------------------------- */
int yank_task_stack_get(struct yank_sched *s, size_t bytes,
                        struct yank_stack *out);
void yank_task_stack_put(struct yank_sched *s, const struct yank_stack *stack);
void yank_task_stacks_free(struct yank_sched *s);

#endif
