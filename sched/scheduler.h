/* What the files of sched/ share.
 *
 * Guards of fields:
 *   lock   sched->lock: one lock for queues, waits, sleepers, statistics and
 *          reference counts.  It is held for a few dozen instructions, never
 *          over a call that can stop, park or wait, and never over a call of
 *          core/ that calls back (yank_ready, yank_g_leave).
 *   own    the M's thread, on g0
 *   task   the task itself, or the thread that starts it
 *   init   before the object is published; constant afterwards
 *
 * A task's memory stays a task's until the scheduler stops: others may look
 * at the G of an M without a lock.  refs counts who may still touch it:
 * its owners (1 while it lives or has a handle), its place in a queue (1), the
 * M that runs it (1), each wake-up under way (1). */
#ifndef YANK_SCHEDULER_H
#define YANK_SCHEDULER_H

#include "../core/core.h"

#include <yank/sched.h>

struct yank_worker;
struct yank_slab;

/* What a task waits for. */
enum yank_wait {
    YANK_WAIT_NOTHING,
    YANK_WAIT_UNPARK,
    YANK_WAIT_TIME,
    YANK_WAIT_END /* of another task */
};

struct yank_task {
    struct yank_g g; /* core's */

    /* --- init ----------------------------------------------------------- */
    struct yank_sched *sched;
    void (*fn)(void *);
    void *arg;
    struct yank_stack stack; /* taken away, under lock, when it ends */

    /* --- lock ----------------------------------------------------------- */
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
    int64_t left_ns;        /* of a slice that a suspender cut short, or 0 */
    struct yank_worker *on; /* whose current it is */

    enum yank_wait wait;
    int woken;                 /* why the wait ended: 0 or YANK_ETIMEDOUT */
    bool permit;               /* an unpark nobody has waited for yet */
    struct yank_task *joins;   /* the one waited for */
    struct yank_task *joiners; /* first of those who wait for us */
    struct yank_task *join_prev, *join_next;
    struct yank_task *wake_next; /* in a chain of tasks to be woken */

    int64_t wake_ns; /* deadline of the wait */
    uint64_t wake_turn;
    bool asleep; /* in the heap of sleepers */
    struct yank_task *heap_up, *heap_next, *heap_down; /* sleepers.c */

    struct yank_task_stats stats;
};

struct yank_queue { /* first in, first out */
    struct yank_task *head, *tail;
    unsigned length;
};

/* An M and its thread. */
struct yank_worker {
    struct yank_m m; /* core's */
    struct yank_p p;

    /* --- init ----------------------------------------------------------- */
    struct yank_sched *sched;
    struct yank_os_thread thread;

    /* 1: look at the queues before you sleep.  Set by any after they took the
     * worker off the idle list, cleared by own under lock. */
    _Atomic uint32_t event;

    /* --- own ------------------------------------------------------------ */
    int64_t now_ns; /* the clock at this switch; 0 while a task runs */

    /* --- lock ----------------------------------------------------------- */
    struct yank_queue pinned; /* tasks that only this M may run */
    struct yank_task *current;
    int64_t started_ns; /* when current was put on */
    int64_t ask_ns;   /* when current is to be asked to yield, if waited for */
    int64_t asked_ns; /* when it was, for the first time; or 0 */
    int64_t retry_ns; /* and how long after that again; doubles */
    bool idle;        /* in the idle list */
    struct yank_worker *idle_next;
    bool ask; /* the monitor's mark between two looks; its own */
    uint32_t ask_tick;
};

/* A slice's end may fall where code may not be stopped (libc, a region), and
 * then nobody asks again but the monitor: after min, twice that, and so on. */
#define YANK_RETRY_MIN_NS 50000
#define YANK_RETRY_MAX_NS 1000000

/* Free stacks kept for the next task of the same size. */
#define YANK_STACK_CACHE 64

struct yank_sched {
    _Atomic uint32_t lock;

    /* --- init ----------------------------------------------------------- */
    void *memory; /* what was allocated; this struct is aligned within */
    size_t memory_bytes;
    struct yank_host host;
    int64_t slice_ns;
    struct yank_worker *workers;
    unsigned n_workers;
    struct yank_os_thread monitor;

    /* Workers that have not said yet whether they could attach; the starter
     * waits for 0.  Any. */
    _Atomic uint32_t starting;
    _Atomic int start_rc; /* of one that could not */

    /* Bumped to make the monitor look.  Any. */
    _Atomic uint32_t look_event;

    /* --- lock ----------------------------------------------------------- */
    bool stopping;
    uint64_t open; /* tasks that live or have a handle */
    struct yank_queue queue;
    uint64_t next_turn;
    struct yank_worker *idle;   /* workers that sleep, last come first */
    struct yank_task *sleepers; /* root of the heap, the first to wake */
    int64_t look_ns; /* when the monitor looks again by itself; INT64_MIN: it
                      * is about to */
    struct yank_slab *slabs;                 /* task_memory.c */
    struct yank_task *free_head, *free_tail; /* tasks nobody touches */
    struct yank_stack stacks[YANK_STACK_CACHE];
    unsigned n_stacks;
};

/* Null where m is not one of s. */
struct yank_worker *yank_worker_of(struct yank_sched *s, struct yank_m *m);
/* Any G of any of our schedulers: its task. */
struct yank_task *yank_task_of(struct yank_g *g);

/* --- run_queue.c ----------------------------------------------------------
 * The hooks ready and schedule, and who is told that there is work. */
void yank_sched_ready(void *ctx, struct yank_g *g);
struct yank_g *yank_sched_schedule(void *ctx, struct yank_m *m);
/* On g0: what w runs next, taken, or null. */
struct yank_g *yank_worker_next(struct yank_worker *w);
/* On g0: the task that w ran is off it from now on; its time is counted.  The
 * M's reference is the caller's. */
struct yank_task *yank_worker_put_down(struct yank_worker *w);
/* Make a worker look at the queues, idle or not. */
void yank_worker_wake(struct yank_worker *w);

/* --- slices.c: the monitor ---------------------------------------------- */
void yank_monitor_main(void *sched);
void yank_monitor_wake(struct yank_sched *s);
/* Lock held: is the monitor to be woken, since it means to look only after
 * ns?  Says so once until it has looked. */
bool yank_monitor_late(struct yank_sched *s, int64_t ns);

/* --- sleepers.c: who waits until when; lock held ------------------------ */
void yank_sleepers_add(struct yank_sched *s, struct yank_task *t);
void yank_sleepers_remove(struct yank_sched *s, struct yank_task *t);

/* --- sched_wait.c: waits and their ends --------------------------------- */
/* Lock held.  End t's wait; it joins the chain, with a reference. */
void yank_wait_end(struct yank_task *t, int why, struct yank_task **chain);
/* Lock held: the same for all sleepers whose time has come, in that order. */
struct yank_task *yank_wait_expire(struct yank_sched *s, int64_t now_ns);
/* No lock: let the tasks of the chain run. */
void yank_wake_chain(struct yank_sched *s, struct yank_task *chain);

/* --- task_end.c --------------------------------------------------------- */
/* The whole of a task: entry of its G. */
void yank_task_main(void *task);
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
