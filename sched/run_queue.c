/* Who runs next.  There is one queue for all Ms, and one for each M with the
 * tasks that are pinned to it; an M takes the task that has waited longest in
 * either, so neither kind can starve the other.
 *
 * Whoever runs a task may have it for good: stopped in a loop without calls,
 * it stays pinned.  So an M leaves what anybody could run to an M with fewer
 * tasks of its own.  Otherwise the first M to wake up would get all tasks that
 * arrive before the next one has come, and that one would stay idle.
 *
 * A stop for a suspender is no end of a slice: the task comes back to the
 * head of the queue, for the rest of it.
 *
 * A task that somebody has stopped (a claim) is not waited for: yank_m_take()
 * says YANK_EBUSY, we forget it, and ready() brings it back.  One that was
 * abandoned in a queue is dropped when its turn comes.
 * Origin: go proc.go:schedule, findRunnable, ready, wakep. */
#include "scheduler.h"

/* An M whose task does not yield for a slice and this after it was asked is
 * not waited for: it may hang in a system call. */
#define PATIENCE_NS 10000000

struct yank_worker *yank_worker_of(struct yank_sched *s, struct yank_m *m)
{
    /* As numbers: m may be anything, and pointers to different objects do
     * not compare. */
    uintptr_t at = (uintptr_t)m, lo = (uintptr_t)s->workers;

    if (at < lo || at >= lo + s->n_workers * sizeof *s->workers)
        return NULL;
    return YANK_CONTAINER(m, struct yank_worker, m);
}

struct yank_task *yank_task_of(struct yank_g *g)
{
    return YANK_CONTAINER(g, struct yank_task, g);
}

/* --- queues; lock held -------------------------------------------------- */

static void push(struct yank_queue *q, struct yank_task *t)
{
    t->next = NULL;
    if (q->head == NULL)
        q->head = t;
    else
        q->tail->next = t;
    q->tail = t;
    q->length++;
}

static void push_front(struct yank_queue *q, struct yank_task *t)
{
    t->next = q->head;
    if (q->head == NULL)
        q->tail = t;
    q->head = t;
    q->length++;
}

static struct yank_task *pop(struct yank_queue *q)
{
    struct yank_task *t = q->head;

    if (t != NULL) {
        q->head = t->next;
        q->length--;
    }
    return t;
}

static unsigned load(const struct yank_worker *w)
{
    return w->pinned.length + (w->current != NULL);
}

static bool is_stuck(const struct yank_sched *s, const struct yank_worker *v,
                     int64_t now)
{
    return v->current != NULL && v->asked_ns != 0 &&
           now - v->asked_ns > s->slice_ns + PATIENCE_NS;
}

/* w has tasks of its own: is the first of all better left to another M?  One
 * without a task is sure to come by, if the system lets it. */
static bool leave_to_others(const struct yank_sched *s,
                            const struct yank_worker *w)
{
    for (unsigned i = 0; i < s->n_workers; i++) {
        const struct yank_worker *v = &s->workers[i];

        if (load(v) < load(w) && !is_stuck(s, v, w->now_ns))
            return true;
    }
    return false;
}

/* The longest waiting of both queues. */
static struct yank_task *pop_oldest(struct yank_sched *s, struct yank_worker *w)
{
    const struct yank_task *all = s->queue.head, *own = w->pinned.head;

    if (all == NULL)
        return pop(&w->pinned);
    if (own == NULL)
        return pop(&s->queue);
    return pop(own->turn < all->turn || leave_to_others(s, w) ? &w->pinned
                                                              : &s->queue);
}

static bool waited_for(const struct yank_sched *s, const struct yank_worker *w)
{
    return s->queue.head != NULL || w->pinned.head != NULL;
}

/* --- who is told; lock held --------------------------------------------- */

static void leave_idle(struct yank_sched *s, struct yank_worker *w)
{
    struct yank_worker **at = &s->idle;

    while (*at != w)
        at = &(*at)->idle_next;
    *at = w->idle_next;
    w->idle = false;
}

/* An M that sleeps and can run what was pushed for home (null: for any), off
 * the idle list and to be woken by the caller, or null. */
static struct yank_worker *find_idle(struct yank_sched *s,
                                     struct yank_worker *home)
{
    struct yank_worker *w = home != NULL ? home : s->idle;

    if (w == NULL || !w->idle)
        return NULL;
    leave_idle(s, w);
    return w;
}

/* Nobody was idle: when does the slice end that what was pushed waits for? */
static int64_t slice_end(const struct yank_sched *s,
                         const struct yank_worker *home)
{
    int64_t end = YANK_NO_DEADLINE;

    for (unsigned i = 0; i < s->n_workers; i++) {
        const struct yank_worker *w = &s->workers[i];

        /* Without a task it is about to look at the queues by itself. */
        if ((home == NULL || home == w) && w->current != NULL &&
            w->ask_ns < end)
            end = w->ask_ns;
    }
    return end;
}

/* --- on and off an M; lock held ----------------------------------------- */

static struct yank_task *put_down(struct yank_worker *w, int64_t now)
{
    struct yank_task *t = w->current;

    if (t == NULL)
        return NULL;
    t->stats.cpu_ns += now - w->started_ns;
    t->on = NULL;
    w->current = NULL;
    return t;
}

/* The same for a task that was stopped for a suspender: what is left of its
 * slice is its own. */
static struct yank_task *put_aside(struct yank_worker *w, int64_t now)
{
    struct yank_task *t = put_down(w, now);
    int64_t left = w->asked_ns == 0 ? w->ask_ns - now : 0;

    if (t != NULL)
        t->left_ns = left > YANK_RETRY_MIN_NS ? left : YANK_RETRY_MIN_NS;
    return t;
}

static void put_on(struct yank_sched *s, struct yank_worker *w,
                   struct yank_task *t)
{
    int64_t waited = w->now_ns - t->ready_ns;

    if (waited > t->stats.longest_wait_ns)
        t->stats.longest_wait_ns = waited;
    t->stats.runs++;
    t->ready_ns = 0;
    t->on = w;
    w->current = t;
    w->started_ns = w->now_ns;
    w->ask_ns = w->now_ns + (t->left_ns != 0 ? t->left_ns : s->slice_ns);
    t->left_ns = 0;
    w->asked_ns = 0;
    w->retry_ns = YANK_RETRY_MIN_NS;
}

/* yank_m_take() would not have it. */
static void take_back(struct yank_sched *s, struct yank_worker *w,
                      struct yank_task *t)
{
    if (w->current != t)
        return; /* resumed by now: enqueue() has taken it off us */
    w->current = NULL;
    t->on = NULL;
    yank_task_drop(s, t);
}

/* --- the hooks ---------------------------------------------------------- */

void yank_worker_wake(struct yank_worker *w)
{
    /* Release: pairs with the acquire in the worker's sleep. */
    atomic_store_explicit(&w->event, 1, memory_order_release);
    yank_os_wake(&w->event);
}

/* Lock held.  t is Runnable: into the queue, at the place it deserves, with a
 * reference. */
static void enqueue(struct yank_sched *s, struct yank_worker *self,
                    struct yank_worker *home, struct yank_task *t, int64_t now)
{
    struct yank_queue *q = home != NULL ? &home->pinned : &s->queue;
    struct yank_worker *on = t->on;

    if (on == NULL) {
        t->refs++;
    } else if (on == self) {
        /* On our g0, at the end of its slice.  The M's reference becomes the
         * queue's, here and below. */
        put_down(self, now);
        t->stats.preemptions++;
    } else {
        put_aside(on, now); /* resumed before its M came to us */
    }
    t->ready_ns = now;
    if (t->left_ns != 0) {
        push_front(q, t);
    } else {
        t->turn = s->next_turn++;
        push(q, t);
    }
}

void yank_sched_ready(void *ctx, struct yank_g *g)
{
    struct yank_sched *s = ctx;
    struct yank_worker *self = yank_worker_of(s, yank_m_self());
    struct yank_worker *home = yank_worker_of(s, yank_g_pinned(g)), *idle;
    int64_t now =
        self != NULL && self->now_ns != 0 ? self->now_ns : yank_now_ns();
    bool late;

    yank_lock(&s->lock);
    if (self != NULL && self->current == yank_task_of(g))
        self->now_ns = now; /* for the whole of this switch */
    enqueue(s, self, home, yank_task_of(g), now);
    idle = find_idle(s, home);
    late = idle == NULL && yank_monitor_late(s, slice_end(s, home));
    yank_unlock(&s->lock);
    if (idle != NULL)
        yank_worker_wake(idle);
    if (late)
        yank_monitor_wake(s);
}

struct yank_task *yank_worker_put_down(struct yank_worker *w)
{
    struct yank_task *t;

    w->now_ns = yank_now_ns();
    yank_lock(&w->sched->lock);
    t = put_down(w, w->now_ns);
    yank_unlock(&w->sched->lock);
    return t;
}

/* The next task whose turn it is, put on w; null: there is none. */
static struct yank_task *choose(struct yank_worker *w)
{
    struct yank_sched *s = w->sched;
    struct yank_worker *idle = NULL;
    struct yank_task *t, *stopped;
    bool late = false;

    yank_lock(&s->lock);
    /* It did not leave by itself: it was stopped for a suspender. */
    stopped = put_aside(w, w->now_ns);
    if (stopped != NULL)
        yank_task_drop(s, stopped);
    t = pop_oldest(s, w);
    if (t != NULL) {
        put_on(s, w, t);
        /* Whoever was woken for what is still there may have taken this. */
        if (s->queue.head != NULL)
            idle = find_idle(s, NULL);
        late = waited_for(s, w) && yank_monitor_late(s, w->ask_ns);
    }
    yank_unlock(&s->lock);
    if (idle != NULL)
        yank_worker_wake(idle);
    if (late)
        yank_monitor_wake(s);
    return t;
}

struct yank_g *yank_worker_next(struct yank_worker *w)
{
    struct yank_sched *s = w->sched;

    if (w->now_ns == 0)
        w->now_ns = yank_now_ns();
    for (;;) {
        struct yank_task *t = choose(w);
        int rc = t == NULL ? YANK_OK : yank_m_take(&w->m, &t->g);

        if (rc == YANK_OK) {
            w->now_ns = 0;
            return t == NULL ? NULL : &t->g;
        }
        if (rc != YANK_EBUSY && rc != YANK_EDEAD)
            yank_panic("yank: a queued task is not Runnable here");
        yank_lock(&s->lock);
        take_back(s, w, t);
        yank_unlock(&s->lock);
    }
}

struct yank_g *yank_sched_schedule(void *ctx, struct yank_m *m)
{
    return yank_worker_next(yank_worker_of(ctx, m));
}
