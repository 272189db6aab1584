/* How a task ends: its function returns, or somebody abandons it. */
#include "scheduler.h"

/* Lock held.  Nobody runs t any more; those who join it are in the chain.
 * True: threads sleep on the end. */
static bool end_of_life(struct yank_task *t, enum yank_task_end how,
                        struct yank_task **chain)
{
    struct yank_task *none = NULL;

    t->live = false;
    yank_alarm_clear(&t->limit);
    if (t->own != NULL)
        t->own->own = NULL;
    t->own = NULL;
    /* Abandoned in a wait: out of the lists, and not into a chain. */
    if (t->wait != YANK_WAIT_NOTHING) {
        yank_wait_end(t, YANK_OK, &none);
        yank_task_drop(t->sched, t);
    }
    while (t->joiners != NULL)
        yank_wait_end(t->joiners, YANK_OK, chain);
    /* seq_cst: with end_sleepers a store-load pair against yank_join(). */
    atomic_store_explicit(&t->end, 1 + (uint32_t)how, memory_order_seq_cst);
    return atomic_load_explicit(&t->end_sleepers, memory_order_seq_cst) != 0;
}

/* how: unless the monitor wanted its end. */
static void task_ended(struct yank_task *t, enum yank_task_end how)
{
    struct yank_sched *s = t->sched;
    struct yank_task *chain = NULL;
    struct yank_stack stack;
    bool slept_on;

    yank_lock(&s->lock);
    if (t->ending && how == YANK_END_ABANDONED)
        how = t->ends;
    slept_on = end_of_life(t, how, &chain);
    stack = t->stack;
    if (t->handles == 0) {
        s->open--;
        yank_task_drop(s, t);
    }
    yank_unlock(&s->lock);
    if (slept_on)
        yank_os_wake(&t->end); /* the word of a later task by now, at worst */
    yank_task_stack_put(s, &stack);
    yank_wake_chain(s, chain);
}

void yank_sched_abandoned(void *ctx, struct yank_g *g, bool was_runnable)
{
    /* Where it sits in a queue, that place has its own reference. */
    (void)ctx;
    (void)was_runnable;
    task_ended(yank_task_of(g), YANK_END_ABANDONED);
}

/* On g0: the stack can go back at once. */
struct yank_g *yank_task_leave_dead(struct yank_m *m, struct yank_g *g,
                                    void *arg)
{
    const enum yank_task_end how = *(const enum yank_task_end *)arg;
    struct yank_task *t = yank_task_of(g);
    struct yank_sched *s = t->sched;
    struct yank_worker *w = yank_worker_of(s, m);

    yank_worker_put_down(w);
    yank_g_leave(m, g, YANK_LEAVE_DEAD);
    task_ended(t, how);
    yank_lock(&s->lock);
    yank_task_drop(s, t);
    yank_unlock(&s->lock);
    return yank_worker_next(w);
}

void yank_task_main(void *task)
{
    static const enum yank_task_end returned = YANK_END_RETURNED;
    struct yank_task *t = task;
    bool told = false;

    t->fn(t->arg);
    /* What it left open ends with it. */
    yank_blocking_leave(&t->g);
    /* Relaxed: own. */
    while (atomic_load_explicit(&t->g.region_depth, memory_order_relaxed) != 0)
        yank_preempt_enable(&t->g);
    /* A mistake of the task's that only others can put right: who resumes the
     * stop counts it off this G. */
    while (yank_mcall(yank_task_leave_dead, (void *)&returned) != YANK_OK) {
        if (!told)
            yank_log("yank: a task returned while it holds a stop, and waits "
                     "until somebody resumes it");
        told = true;
        yank_os_wait(&t->g.holding,
                     atomic_load_explicit(&t->g.holding, memory_order_relaxed),
                     yank_now_ns() + 1000000);
    }
}

const char *yank_task_end_name(enum yank_task_end end)
{
    static const char *const name[] = {
        [YANK_END_RETURNED] = "returned",
        [YANK_END_ABANDONED] = "abandoned",
        [YANK_END_CPU_LIMIT] = "over its CPU limit",
        [YANK_END_DEADLINE] = "over its deadline",
        [YANK_END_OVERFLOW] = "ran over its stack"
    };
    _Static_assert(YANK_ARRAY_LEN(name) == YANK_ENDS, "a name for each end");

    return (unsigned)end >= YANK_ENDS ? "unknown end" : name[end];
}
