/* The default scheduler: tasks with stacks of their own that share a few OS
 * threads, M:N.  A task that never calls anything is stopped when its time
 * slice is over and somebody waits.
 *
 * A task that was stopped at an arbitrary instruction goes on on the thread
 * it was stopped on, until its next call into Yank; others go on on any.  A
 * task that is stopped while it holds a lock of its thread (a pthread mutex, a
 * FILE) keeps it: take such locks in a no-preempt region, in code that is not
 * registered, or in a task with its own thread (own_thread), of which still no
 * more run at a time than the scheduler has rights to run (threads below).
 * Thread-locals are shared by the tasks of a thread; errno is a task's own.
 *
 * A right is taken back from a thread that sleeps in the system: at once at
 * the beginning of a blocking region, and where a call is not bracketed, once
 * the slice is over and the thread used no CPU time since.  Others run then.
 *
 * Lines of contract as in yank.h.  "A task" is code that runs on the stack of
 * a task of this scheduler; "any thread" includes tasks. */
#ifndef YANK_SCHED_H
#define YANK_SCHED_H

#include "yank.h"

YANK_BEGIN_DECLS

struct yank_sched; /* one scheduler */
struct yank_task;  /* a handle; counted, see yank_task_release() */

#define YANK_SLICE_NS 10000000       /* unless the attributes say otherwise */
#define YANK_SLICE_MIN_NS 100000     /* the shortest that may be asked for */
#define YANK_SLICE_MAX_NS 3600000000000 /* and the longest: an hour */
#define YANK_SCHED_THREADS_MAX 256   /* most threads of one scheduler */
#define YANK_TASK_STACK_BYTES 262144 /* pages are used as they are touched */
#define YANK_TASK_STACK_MIN_BYTES 8192

struct yank_sched_attr {
    size_t struct_size;
    unsigned threads; /* how many tasks run at a time, the Ps; threads that
                       * sleep in the system come on top.  0: one for each
                       * processor */
    int64_t slice_ns; /* how long a task of weight 1 may run on while others
                       * wait; 0: YANK_SLICE_NS */
    bool leave_faults; /* true: SIGSEGV and SIGBUS are the application's
                        * alone, and a stack overflow ends the process */
};

/* Start the threads; attr may be null.  The scheduler is the caller's until
 * yank_sched_stop().
 * Context: any thread.  AS-safe: no.  Blocks: until the threads are attached.
 * Errors : YANK_EINVAL null, a size that is not sizeof, a slice shorter than
 *          YANK_SLICE_MIN_NS or longer than YANK_SLICE_MAX_NS, more than
 *          YANK_SCHED_THREADS_MAX threads;
 *          YANK_ENOSYS no stack switch in this build; YANK_ENOMEM;
 *          YANK_EAGAIN no more threads; YANK_EOS */
YANK_API int yank_sched_start(const struct yank_sched_attr *attr,
                              struct yank_sched **out);

/* End the threads and return all memory.  A scheduler is not used by anybody
 * else while it is stopped, and never after a 0.
 * Context: a thread that is not a task of it.
 * Blocks : until the threads have ended
 * Errors : YANK_EBUSY a task has not ended, or a handle is not released;
 *          nothing is stopped then.  YANK_EINVAL null */
YANK_API int yank_sched_stop(struct yank_sched *sched);

#define YANK_WEIGHT_MAX 1000

struct yank_task_attr {
    size_t struct_size;
    size_t stack_bytes; /* usable, rounded up to pages; 0:
                         * YANK_TASK_STACK_BYTES */
    const char *name;   /* kept by pointer until the task has ended */
    bool migratable;    /* may go on on any thread even after an asynchronous
                         * stop, where the code too says migratable */
    bool own_thread;    /* on an OS thread that runs nothing else */
    unsigned weight;    /* of two that want to run, one of weight 2 gets twice
                         * the time of one of weight 1; 0: 1 */
    int64_t cpu_limit_ns; /* the task is ended once it has run for this long;
                           * 0: no limit */
    int64_t deadline_ns;  /* or when this time has come; 0: no deadline.  Both
                           * end it as yank_abandon_g() does: nothing unwinds,
                           * and in a region only when that is over */
};

/* Run fn(arg) as a task; attr may be null.  The task ends when fn returns or
 * when it is abandoned.  Where out is not null the handle is the caller's;
 * where it is, the task lives as long as it runs.
 * Context: any thread; may hold a stop; inside regions.  AS-safe: no.
 * Errors : YANK_EINVAL no scheduler or function, a size that is not sizeof, a
 *          weight above YANK_WEIGHT_MAX, a negative time;
 *          YANK_ESTACK less than YANK_TASK_STACK_MIN_BYTES; YANK_ENOMEM;
 *          YANK_EAGAIN no thread of its own can be had; YANK_EOS */
YANK_API int yank_go(struct yank_sched *sched, void (*fn)(void *arg), void *arg,
                     const struct yank_task_attr *attr, struct yank_task **out);

/* One more owner of the handle, or one less.  A call on a handle needs an
 * owner for as long as it takes.  The end of the last one frees the handle,
 * not the task, which runs on.
 * Context: any thread.  AS-safe: no.
 * Errors : YANK_EINVAL null, or it has no owner */
YANK_API int yank_task_ref(struct yank_task *task);
YANK_API int yank_task_release(struct yank_task *task);

/* The calling task, without a new owner; null elsewhere.  AS-safe: yes. */
YANK_API struct yank_task *yank_task_self(void);

/* The task's G, for yank_suspend_many(), regions, polls and blocking regions;
 * valid as long as the handle.  It is the scheduler's to ready. */
YANK_API struct yank_g *yank_task_g(struct yank_task *task);

/* Go to the back of the queue.  A synchronous stop: afterwards the task may
 * be on another thread.
 * Context: a task, outside regions, not holding a stop.
 * Errors : YANK_ETHREAD not a task; YANK_EREGION; YANK_EHOLDING */
YANK_API int yank_yield(void);

/* Wait for yank_unpark().  One that came before, and was not used up, ends
 * the wait at once: any number of them count as one.
 * Context: as yank_yield.  Blocks: until the deadline.
 * Errors : as yank_yield; YANK_ETIMEDOUT */
YANK_API int yank_park(int64_t deadline_ns);
/* Context: any thread; may hold a stop.  AS-safe: no.
 * Errors : YANK_EINVAL null; YANK_EDEAD it has ended */
YANK_API int yank_unpark(struct yank_task *task);

/* Wait until that time, on yank_now_ns(); one in the past is no wait.
 * Context: as yank_yield.  Blocks: until the time.  Errors: as yank_yield. */
YANK_API int yank_sleep(int64_t until_ns);

/* fn(arg) on a spare thread that is no M, while the calling task is parked:
 * for calls that may sleep for long.  Its thread goes on with other tasks,
 * also with those pinned to it, which a blocking region would hold up.  errno
 * is fn's afterwards; result may be null.  fn runs to its end even where the
 * task is abandoned meanwhile, and arg must live as long.
 * Context: as yank_yield.  Blocks: until fn has returned.
 * Errors : as yank_yield; YANK_EINVAL; YANK_EAGAIN no thread can be had, and
 *          fn was not called; YANK_EBUSY in what yank_resume_call() makes it
 *          call while it waits for another */
YANK_API int yank_blocking_call(void *(*fn)(void *arg), void *arg,
                                void **result);

enum yank_task_end {
    YANK_END_RETURNED,  /* its function returned */
    YANK_END_ABANDONED, /* yank_abandon_g() on a stop of it */
    YANK_END_CPU_LIMIT, /* it had run for cpu_limit_ns */
    YANK_END_DEADLINE,  /* deadline_ns had come */
    YANK_END_OVERFLOW,  /* it ran into the guard page below its stack */
    YANK_ENDS           /* how many there are */
};
/* Never null.  AS-safe: yes. */
YANK_API const char *yank_task_end_name(enum yank_task_end end);

/* Wait until the task has ended; end may be null.  Any number of callers, any
 * number of times.
 * Context: any thread; it waits as in yank_park() in a task of the same
 *          scheduler, as in a blocking region on any other G, and the thread
 *          sleeps elsewhere.  Where it need not wait: regions too.
 * Blocks : until the deadline
 * Errors : YANK_EINVAL null; YANK_ETIMEDOUT; YANK_ESELF a task on itself;
 *          YANK_EREGION; YANK_EHOLDING */
YANK_API int yank_join(struct yank_task *task, int64_t deadline_ns,
                       enum yank_task_end *end);

/* yank_suspend_g() on the task's G. */
YANK_API int yank_task_suspend(struct yank_task *task, int64_t deadline_ns,
                               struct yank_stop *stop);

/* What a task does just now. */
enum yank_task_state {
    YANK_TASK_RUNS,
    YANK_TASK_READY,  /* its turn will come */
    YANK_TASK_WAITS,  /* parked, asleep, in a join or a blocking call */
    YANK_TASK_BLOCKS, /* in a blocking region */
    YANK_TASK_STOPPED,
    YANK_TASK_ENDED,
    YANK_TASK_STATES
};
/* Never null.  AS-safe: yes. */
YANK_API const char *yank_task_state_name(enum yank_task_state state);

struct yank_task_stats {
    enum yank_task_state state;
    unsigned thread; /* which of the scheduler's it is on, or is pinned to,
                      * from 1; 0: any */
    int64_t cpu_ns;          /* on a thread, up to now; time asleep in the
                              * system counts only as far as nobody took the
                              * right to run from it */
    int64_t longest_wait_ns; /* from runnable until it ran; up to now where it
                              * waits */
    uint64_t preemptions;    /* taken off its thread at the end of a slice */
    uint64_t runs;           /* its turn came; never goes back */
};

/* Context: any thread.  AS-safe: no.  Errors: YANK_EINVAL null */
YANK_API int yank_task_stats(struct yank_task *task,
                             struct yank_task_stats *out);

YANK_END_DECLS

#endif
