/* Tasks that have used up their time: the monitor ends them, as soon as they
 * stand still. */
#include "scheduler.h"

/* A task that cannot be ended now is tried again when it comes off its M; one
 * whose stop somebody else holds, after this. */
#define RETRY_NS 10000000

void yank_limit_reached(struct yank_task *t, enum yank_task_end how)
{
    struct yank_sched *s = t->sched;

    if (t->ending || !t->live)
        return;
    t->ending = true;
    t->ends = how;
    t->refs++;
    t->ending_next = s->ending;
    s->ending = t;
    s->ending_retry_ns = 0;
}

/* True: it is over. */
static bool end_one(struct yank_task *t)
{
    struct yank_stop stop;
    int rc = yank_suspend_g(&t->g, 0, &stop);

    if (rc == YANK_OK) {
        rc = yank_abandon_g(&stop);
        if (rc != YANK_OK)
            yank_resume_g(&stop);
    }
    return rc == YANK_OK || rc == YANK_EDEAD;
}

void yank_limits_enforce(struct yank_sched *s, int64_t now)
{
    struct yank_task *t, *next;

    yank_lock(&s->lock);
    t = s->ending;
    s->ending = NULL;
    s->ending_retry_ns = now + RETRY_NS;
    yank_unlock(&s->lock);
    for (; t != NULL; t = next) {
        bool over = end_one(t);

        next = t->ending_next;
        yank_lock(&s->lock);
        if (over) {
            yank_task_drop(s, t);
        } else {
            t->ending_next = s->ending;
            s->ending = t;
        }
        yank_unlock(&s->lock);
    }
}
