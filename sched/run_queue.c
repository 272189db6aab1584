/* Who runs next.  There is one queue for all Ms, and one for each M with the
 * tasks that are pinned to it; an M takes the task that has waited longest in
 * either, so neither kind can starve the other, and an M that has nothing to
 * do takes what waits behind the others.  Where the longest waiting is pinned
 * to an M that has no right to run, that M gets this one's.
 *
 * Whoever runs a task may have it for good: stopped in a loop without calls,
 * it stays pinned.  So an M leaves what anybody could run to an M with fewer
 * tasks of its own.  Otherwise the first M to wake up would get all tasks that
 * arrive before the next one has come, and that one would stay idle.
 *
 * A stop for a suspender is no end of a slice: the task comes back to the
 * head of the queue, for the rest of it.
 *
 * A task that is abandoned in a queue is dropped when its turn comes.
 * Origin: go proc.go:schedule, findRunnable, ready, wakep. */
#include "scheduler.h"


struct yank_worker *yank_worker_of(const struct yank_sched *s,
                                   struct yank_m *m)
{
    return m != NULL && m->host == &s->host
               ? YANK_CONTAINER(m, struct yank_worker, m)
               : NULL;
}

struct yank_task *yank_task_of(struct yank_g *g)
{
    return YANK_CONTAINER(g, struct yank_task, g);
}

struct yank_worker *yank_task_home(struct yank_task *t)
{
    return t->own != NULL
               ? t->own
               : yank_worker_of(t->sched, yank_g_pinned(&t->g));
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

    q->head = t->next;
    q->length--;
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
           now - v->asked_ns > s->slice_ns + YANK_PATIENCE_NS;
}

/* w has tasks of its own: is the first of all better left to another M?  One
 * with a right and without a task is sure to come by, if the system lets
 * it. */
static bool leave_to_others(const struct yank_sched *s,
                            const struct yank_worker *w)
{
    for (const struct yank_worker *v = s->workers; v != NULL; v = v->next)
        if (v->has_right && !v->dedicated && load(v) < load(w) &&
            !is_stuck(s, v, w->now_ns))
            return true;
    return false;
}

/* The queue whose turn it is on w, or null. */
static struct yank_queue *choose_queue(struct yank_sched *s,
                                       struct yank_worker *w)
{
    const struct yank_task *all = w->dedicated ? NULL : s->queue.head;
    const struct yank_task *pinned = w->pinned.head;

    if (all == NULL)
        return pinned == NULL ? NULL : &w->pinned;
    if (pinned == NULL)
        return &s->queue;
    return pinned->turn < all->turn || leave_to_others(s, w) ? &w->pinned
                                                             : &s->queue;
}

/* --- the next; lock held ------------------------------------------------ */

/* Has somebody waited longer than the first of q, whom w cannot run? */
static bool is_others_turn(const struct yank_sched *s,
                           const struct yank_worker *w,
                           const struct yank_queue *q)
{
    uint64_t turn = q != NULL ? q->head->turn : UINT64_MAX;

    return (s->hungry != NULL && s->hungry->pinned.head->turn < turn) ||
           (w->dedicated && s->queue.head != NULL &&
            s->queue.head->turn < turn &&
            (s->idle != NULL || yank_right_may_start(s, w->now_ns)));
}

/* Off the queue; null: there is nothing for w, or what there is needs another
 * M, which then has w's right and is to be woken. */
static struct yank_task *pop_next(struct yank_sched *s, struct yank_worker *w,
                                  struct yank_worker **wake)
{
    for (;;) {
        struct yank_queue *q = choose_queue(s, w);
        struct yank_task *t;

        if (is_others_turn(s, w, q)) {
            *wake = yank_right_drop(w);
            return NULL;
        }
        if (q == NULL)
            return NULL;
        t = pop(q);
        if (t->ending) {
            yank_task_drop(s, t);
        } else if (yank_credit_refill(t)) {
            return t;
        } else {
            t->turn = s->next_turn++;
            push(q, t);
        }
    }
}

/* --- on and off an M; lock held ----------------------------------------- */

static struct yank_task *put_down(struct yank_worker *w, int64_t now)
{
    struct yank_task *t = w->current;

    if (t == NULL)
        return NULL;
    yank_slice_end(w, now);
    t->on = NULL;
    w->current = NULL;
    return t;
}

/* The same for a task that was stopped for a suspender: what is left of its
 * slice is its own. */
static struct yank_task *put_aside(struct yank_worker *w, int64_t now)
{
    struct yank_task *t = put_down(w, now);

    if (t == NULL)
        return NULL;
    t->cut = true;
    if (t->credit_ns < YANK_RETRY_MIN_NS)
        t->credit_ns = YANK_RETRY_MIN_NS;
    return t;
}

static void put_on(struct yank_worker *w, struct yank_task *t)
{
    int64_t waited = w->now_ns - t->ready_ns;

    if (waited > t->stats.longest_wait_ns)
        t->stats.longest_wait_ns = waited;
    t->stats.runs++;
    t->ready_ns = 0;
    t->on = w;
    w->current = t;
    w->told = false;
    yank_slice_begin(w, w->now_ns);
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
    if (t->ending) {
        yank_task_drop(s, t); /* nobody runs it: the monitor ends it */
    } else if (t->cut) {
        push_front(q, t);
    } else {
        t->turn = s->next_turn++;
        push(q, t);
    }
    if (home != NULL)
        yank_right_hunger(home);
}

int64_t yank_slices_next_end(const struct yank_sched *s,
                             const struct yank_worker *home)
{
    int64_t end = YANK_NO_DEADLINE;

    if (yank_right_lacks_thread(s))
        return s->thread_retry_ns;
    for (const struct yank_worker *w = s->workers; w != NULL; w = w->next)
        /* Without a task it is about to look at the queues by itself; one
         * that is blocked only has to be told of. */
        if ((home == NULL || home->idle || home == w) && w->current != NULL &&
            (!w->blocked || (home == w && !w->told)) && w->ask_ns < end)
            end = w->ask_ns;
    return end;
}

void yank_sched_ready(void *ctx, struct yank_g *g)
{
    struct yank_sched *s = ctx;
    struct yank_task *t = yank_task_of(g);
    struct yank_worker *self = yank_worker_of(s, yank_m_self());
    struct yank_worker *home, *wake;
    int64_t now =
        self != NULL && self->now_ns != 0 ? self->now_ns : yank_now_ns();
    bool late;

    yank_lock(&s->lock);
    home = yank_task_home(t);
    if (self != NULL && self->current == t)
        self->now_ns = now; /* for the whole of this switch */
    enqueue(s, self, home, t, now);
    wake = yank_right_use(s);
    if (t->ending) {
        s->ending_retry_ns = 0; /* it stands still now */
        late = yank_slices_late(s, 0);
    } else {
        /* Whoever is woken may be meant for another one, and no help to
         * home. */
        late = (wake == NULL || (home != NULL && wake != home)) &&
               yank_slices_late(s, yank_slices_next_end(s, home));
    }
    yank_unlock(&s->lock);
    yank_worker_wake(wake);
    if (late)
        yank_slices_wake(s);
}

struct yank_task *yank_worker_put_down(struct yank_worker *w)
{
    struct yank_task *t;

    w->now_ns = yank_now_ns();
    yank_lock(&w->sched->lock);
    t = put_down(w, w->now_ns);
    /* It leaves by itself: what it did not use is gone. */
    if (t->credit_ns > 0)
        t->credit_ns = 0;
    yank_unlock(&w->sched->lock);
    return t;
}

/* The next task whose turn it is, put on w; null: there is none. */
static struct yank_task *choose(struct yank_worker *w)
{
    struct yank_sched *s = w->sched;
    struct yank_worker *wake = NULL;
    struct yank_task *t = NULL, *stopped;
    bool late = false;

    yank_lock(&s->lock);
    /* It did not leave by itself: it was stopped for a suspender. */
    stopped = put_aside(w, w->now_ns);
    if (stopped != NULL)
        yank_task_drop(s, stopped);
    if (yank_right_take(w))
        t = pop_next(s, w, &wake);
    if (t != NULL) {
        put_on(w, t);
        /* Whoever was woken for what is still there may have taken this. */
        wake = yank_right_use(s);
        late = yank_slices_late(s, w->limit_ns) ||
               (yank_right_wanted(w) && yank_slices_late(s, w->ask_ns));
    }
    if (yank_right_lacks_thread(s))
        late = yank_slices_late(s, s->thread_retry_ns) || late;
    yank_unlock(&s->lock);
    yank_worker_wake(wake);
    if (late)
        yank_slices_wake(s);
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
