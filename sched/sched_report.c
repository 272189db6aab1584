/* What the monitor says of tasks.  A line is made under the lock, where names
 * hold still, and said without it: the host's log may call us. */
#include "scheduler.h"

/* Lock held.  False: it is over by now. */
static bool describe(struct yank_line *l, const struct yank_worker *w)
{
    const struct yank_task *waits = w->pinned.head;

    while (waits != NULL && !waits->live) /* abandoned in the queue */
        waits = waits->next;
    if (w->current == NULL || waits == NULL)
        return false;
    yank_line_text(l, "yank: thread ");
    yank_line_number(l, w->number, 10);
    yank_line_text(l, " sleeps in ");
    yank_line_task(l, &w->current->g);
    yank_line_text(l, " while ");
    yank_line_task(l, &waits->g);
    yank_line_text(l, ", which is pinned to it, waits: use own_thread, a "
                      "no-preempt region or yank_blocking_call()");
    return true;
}

void yank_report_asleep(struct yank_sched *s, struct yank_worker *all)
{
    for (struct yank_worker *w = all; w != NULL; w = w->next) {
        struct yank_line l = { .n = 0 };
        bool say;

        if (!w->tell)
            continue;
        yank_lock(&s->lock);
        say = describe(&l, w);
        yank_unlock(&s->lock);
        if (say)
            yank_log(l.text);
    }
}

void yank_report_overflows(struct yank_sched *s)
{
    for (;;) {
        struct yank_line l;
        struct yank_task *t;

        yank_lock(&s->lock);
        t = s->overflowed;
        if (t != NULL) {
            s->overflowed = t->overflow_next;
            l = t->overflow_line;
            yank_task_drop(s, t);
        }
        yank_unlock(&s->lock);
        if (t == NULL)
            return;
        yank_log(l.text);
    }
}
