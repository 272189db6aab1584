/* Who may run: as many workers as there are rights.  A right goes to who has
 * waited longest; an idle worker with pinned tasks stands in line for them.
 * Everything here holds the lock.
 * Origin: go proc.go:handoffp, startlockedm, pidleget, wakep. */
#include "scheduler.h"

/* --- the lists ---------------------------------------------------------- */

static void leave_hungry(struct yank_worker *w)
{
    struct yank_worker **at = &w->sched->hungry;

    if (!w->hungry)
        return;
    while (*at != w)
        at = &(*at)->hungry_next;
    *at = w->hungry_next;
    w->hungry = false;
}

void yank_right_hunger(struct yank_worker *w)
{
    struct yank_worker **at = &w->sched->hungry;

    leave_hungry(w); /* its first task may be another one now */
    if (!w->idle || w->pinned.head == NULL)
        return;
    while (*at != NULL && (*at)->pinned.head->turn < w->pinned.head->turn)
        at = &(*at)->hungry_next;
    w->hungry_next = *at;
    *at = w;
    w->hungry = true;
}

/* The idle list has those that can run any task. */
static void enter_idle(struct yank_worker *w)
{
    struct yank_sched *s = w->sched;

    w->idle = true;
    if (!w->dedicated) {
        w->idle_next = s->idle;
        s->idle = w;
    }
    yank_right_hunger(w);
}

static void leave_idle(struct yank_worker *w)
{
    struct yank_worker **at = &w->sched->idle;

    w->idle = false;
    leave_hungry(w);
    if (w->dedicated)
        return;
    while (*at != w)
        at = &(*at)->idle_next;
    *at = w->idle_next;
}

/* --- a worker for one task ----------------------------------------------
 * Such a worker never ran anybody else's task, so that none is pinned to it,
 * wherever it is. */

struct yank_worker *yank_right_reserve(struct yank_sched *s,
                                       struct yank_task *t)
{
    struct yank_worker *w = s->workers;

    while (w != NULL && (!w->dedicated || w->own != NULL))
        w = w->next;
    if (w != NULL)
        w->own = t;
    return w;
}

/* --- rights ------------------------------------------------------------- */

static void give_to(struct yank_worker *w)
{
    leave_idle(w);
    w->has_right = true;
}

/* A right is in hand: to whoever waits longest and can take it. */
static struct yank_worker *give(struct yank_sched *s)
{
    struct yank_worker *any = s->queue.head != NULL ? s->idle : NULL;
    struct yank_worker *w = s->hungry;

    if (any != NULL &&
        (w == NULL || s->queue.head->turn < w->pinned.head->turn))
        w = any;
    if (w == NULL)
        s->rights_free++;
    else
        give_to(w);
    return w;
}

struct yank_worker *yank_right_join(struct yank_worker *w)
{
    enter_idle(w);
    return yank_right_use(w->sched);
}

struct yank_worker *yank_right_use(struct yank_sched *s)
{
    if (s->rights_free == 0)
        return NULL;
    s->rights_free--;
    return give(s);
}

bool yank_right_take(struct yank_worker *w)
{
    if (!w->has_right && w->sched->rights_free > 0) {
        w->sched->rights_free--;
        w->has_right = true;
    }
    return w->has_right;
}

struct yank_worker *yank_right_drop(struct yank_worker *w)
{
    if (!w->has_right)
        return NULL;
    w->has_right = false;
    return give(w->sched);
}

bool yank_right_park(struct yank_worker *w, struct yank_worker **wake)
{
    const struct yank_sched *s = w->sched;
    bool work = w->pinned.head != NULL ||
                (!w->dedicated && s->queue.head != NULL);

    if (work && yank_right_take(w))
        return false;
    enter_idle(w);
    *wake = yank_right_drop(w);
    return true;
}

static bool has_room(const struct yank_sched *s)
{
    return s->n_shared < s->rights + YANK_SPARE_THREADS;
}

bool yank_right_lacks_thread(const struct yank_sched *s)
{
    return s->rights_free > 0 && s->queue.head != NULL && s->idle == NULL &&
           has_room(s);
}

bool yank_right_may_start(const struct yank_sched *s, int64_t now)
{
    return has_room(s) && s->thread_retry_ns <= now;
}

bool yank_right_wanted(const struct yank_worker *w)
{
    const struct yank_sched *s = w->sched;

    return w->pinned.head != NULL ||
           (s->rights_free == 0 &&
            (s->queue.head != NULL || s->hungry != NULL));
}

int64_t yank_right_next_wanted(const struct yank_worker *w)
{
    const struct yank_sched *s = w->sched;

    return w->hungry || s->queue.head != NULL ? yank_slices_next_end(s, NULL)
                                              : YANK_NO_DEADLINE;
}
