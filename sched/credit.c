/* How time is dealt out, as in deficit round robin: each turn a task gets a
 * slice, as long as its weight says, less what it ran over, once it was asked
 * to yield, at the turn before.  A slice can end late where code may not be
 * stopped; nobody gains by that.
 * Everything here holds the lock.
 * Origin: Shreedhar and Varghese, Efficient Fair Queuing using Deficit Round
 * Robin, SIGCOMM 1995. */
#include "scheduler.h"

/* How much of a debt is remembered, in slices; a thread that the system does
 * not run for a while costs its task many of the shortest. */
#define DEBT_SLICES 64

int64_t yank_task_quantum(const struct yank_task *t)
{
    return t->sched->slice_ns * (int64_t)t->weight;
}

void yank_slice_begin(struct yank_worker *w, int64_t now)
{
    struct yank_task *t = w->current;

    w->started_ns = now;
    w->ask_ns = t->ending ? now : now + t->credit_ns;
    w->limit_ns = YANK_NO_DEADLINE;
    if (t->cpu_limit_ns != 0 && !t->ending &&
        t->cpu_limit_ns - t->stats.cpu_ns < YANK_NO_DEADLINE - now)
        w->limit_ns = now + t->cpu_limit_ns - t->stats.cpu_ns;
    w->asked_ns = 0;
    w->retry_ns = YANK_RETRY_MIN_NS;
}

void yank_slice_end(struct yank_worker *w, int64_t now)
{
    struct yank_task *t = w->current;
    /* Only since it was asked: before that nobody waited. */
    int64_t debt = w->asked_ns == 0 ? 0 : w->asked_ns - now;

    t->stats.cpu_ns += now - w->started_ns;
    t->credit_ns -= now - w->started_ns;
    if (t->credit_ns < debt)
        t->credit_ns = debt;
    w->started_ns = now;
}

void yank_slice_skip(struct yank_worker *w, int64_t now)
{
    if (w->limit_ns != YANK_NO_DEADLINE)
        w->limit_ns += now - w->started_ns;
    w->started_ns = now;
}

bool yank_credit_refill(struct yank_task *t)
{
    int64_t quantum = yank_task_quantum(t);
    bool cut = t->cut;

    t->cut = false;
    if (cut)
        return true;
    if (t->credit_ns < -DEBT_SLICES * quantum)
        t->credit_ns = -DEBT_SLICES * quantum;
    t->credit_ns += quantum;
    if (t->credit_ns > quantum)
        t->credit_ns = quantum;
    return t->credit_ns >= YANK_RETRY_MIN_NS;
}
