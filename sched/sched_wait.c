/* Tasks that wait: yield, park and unpark, sleep, join.
 *
 * A task leaves its M first and is entered in lists afterwards, by its M on
 * g0 under the lock: before that nobody may ready it, since it is Running.
 * Whoever ends the wait takes it out of all lists under the lock and readies
 * it after that.  Between the leaving and the entering it can be abandoned;
 * live says so. */
#include "scheduler.h"

/* On the stack of who waits.  A call that yank_resume_call() left may begin
 * another wait above it, so each has its own answer. */
struct yank_request {
    enum yank_wait wait;
    struct yank_task *joins;
    int64_t deadline_ns;
    int woken; /* why the wait ended: 0 or an error; lock */
};

/* --- lists; lock held --------------------------------------------------- */

static void join_list_add(struct yank_task *t)
{
    struct yank_task *first = t->joins->joiners;

    t->join_prev = NULL;
    t->join_next = first;
    if (first != NULL)
        first->join_prev = t;
    t->joins->joiners = t;
}

static void join_list_remove(struct yank_task *t)
{
    if (t->join_prev != NULL)
        t->join_prev->join_next = t->join_next;
    else
        t->joins->joiners = t->join_next;
    if (t->join_next != NULL)
        t->join_next->join_prev = t->join_prev;
}

static void leave_lists(struct yank_task *t)
{
    if (t->wait == YANK_WAIT_END)
        join_list_remove(t);
    yank_alarm_clear(&t->wake);
    t->wait = YANK_WAIT_NOTHING;
}

void yank_wait_end(struct yank_task *t, int why, struct yank_task **chain)
{
    leave_lists(t);
    t->request->woken = why;
    t->refs++;
    t->wake_next = *chain;
    *chain = t;
}

struct yank_task *yank_wait_expire(struct yank_sched *s, int64_t now_ns)
{
    struct yank_task *chain = NULL, **end = &chain;

    while (s->alarms != NULL && s->alarms->ns <= now_ns) {
        struct yank_alarm *a = s->alarms;
        struct yank_task *t = a->task;

        if (a == &t->wake) {
            yank_wait_end(t, YANK_ETIMEDOUT, end);
            end = &t->wake_next;
        } else {
            yank_alarm_clear(a);
            yank_limit_reached(t, YANK_END_DEADLINE);
        }
    }
    return chain;
}

void yank_wake_chain(struct yank_sched *s, struct yank_task *chain)
{
    while (chain != NULL) {
        struct yank_task *t = chain;

        chain = t->wake_next; /* before it runs and waits again */
        /* Its answer says nothing that matters: an abandoned one is dead. */
        yank_ready(&t->g);
        yank_lock(&s->lock);
        yank_task_drop(s, t);
        yank_unlock(&s->lock);
    }
}

/* --- the wait ----------------------------------------------------------- */

/* Lock held: what t waits for has happened already. */
static bool is_over(struct yank_task *t, const struct yank_request *r)
{
    bool permit = t->permit;

    switch (r->wait) {
    case YANK_WAIT_UNPARK: t->permit = false; return permit;
    case YANK_WAIT_END: return !r->joins->live;
    case YANK_WAIT_CALL: return t->call == YANK_CALL_OVER;
    default: return false;
    }
}

/* Who is to be woken when the lock is dropped. */
struct wakes {
    bool monitor, helper;
};

/* Lock held.  False: no wait, t is to be readied at once. */
static bool enter_lists(struct yank_task *t, struct yank_request *r,
                        struct wakes *wakes)
{
    struct yank_sched *s = t->sched;

    t->request = r;
    if (is_over(t, r))
        return false;
    t->wait = r->wait;
    t->joins = r->joins;
    if (r->wait == YANK_WAIT_END)
        join_list_add(t);
    if (r->wait == YANK_WAIT_CALL && t->call == YANK_CALL_NONE) {
        yank_call_begin(t);
        wakes->helper = true;
        if (yank_call_lacks_helper(s))
            wakes->monitor = yank_slices_late(s, s->thread_retry_ns);
    }
    if (r->deadline_ns != YANK_NO_DEADLINE) {
        yank_alarm_set(&t->wake, t, r->deadline_ns);
        wakes->monitor = yank_slices_late(s, r->deadline_ns);
    }
    if (t->ending) {
        s->ending_retry_ns = 0; /* it stands still now */
        wakes->monitor = yank_slices_late(s, 0) || wakes->monitor;
    }
    return true;
}

/* On g0. */
static struct yank_g *leave_waiting(struct yank_m *m, struct yank_g *g,
                                    void *arg)
{
    /* On g's stack, which stays while t lives. */
    struct yank_request *r = arg;
    struct yank_task *t = yank_task_of(g);
    struct yank_sched *s = t->sched;
    struct yank_worker *w = yank_worker_of(s, m);
    struct wakes wakes = { false, false };
    bool waits = true;

    yank_worker_put_down(w);
    yank_g_leave(m, g, YANK_LEAVE_WAITING);
    yank_lock(&s->lock);
    if (t->live)
        waits = enter_lists(t, r, &wakes);
    yank_unlock(&s->lock);
    if (wakes.monitor)
        yank_slices_wake(s);
    if (wakes.helper)
        yank_helpers_wake(s);
    if (!waits)
        yank_ready(g);
    yank_lock(&s->lock);
    yank_task_drop(s, t);
    yank_unlock(&s->lock);
    return yank_worker_next(w);
}

int yank_task_may_leave(struct yank_task *self)
{
    if (self == NULL)
        return YANK_ETHREAD;
    /* Relaxed, both: own. */
    if (atomic_load_explicit(&self->g.holding, memory_order_relaxed) != 0)
        return YANK_EHOLDING;
    if (atomic_load_explicit(&self->g.region_depth, memory_order_relaxed) !=
            0 ||
        self->g.inside)
        return YANK_EREGION;
    return YANK_OK;
}

static int wait_for(struct yank_task *self, enum yank_wait wait,
                    struct yank_task *joins, int64_t deadline_ns)
{
    struct yank_request r = { wait, joins, deadline_ns, YANK_OK };
    int rc = yank_mcall(leave_waiting, &r);

    if (rc != YANK_OK)
        return rc;
    /* Somebody readied the G over our heads: a wake-up without a cause. */
    yank_lock(&self->sched->lock);
    if (self->wait != YANK_WAIT_NOTHING)
        leave_lists(self);
    rc = r.woken;
    yank_unlock(&self->sched->lock);
    return rc;
}

static bool call_is_over(struct yank_task *self)
{
    bool over;

    yank_lock(&self->sched->lock);
    over = self->call == YANK_CALL_OVER;
    yank_unlock(&self->sched->lock);
    return over;
}

int yank_wait_for_call(struct yank_task *self)
{
    int rc;

    do
        rc = wait_for(self, YANK_WAIT_CALL, NULL, YANK_NO_DEADLINE);
    while (rc == YANK_OK && !call_is_over(self));
    return rc == YANK_OK ? self->call_rc : rc;
}

/* --- what tasks call ---------------------------------------------------- */

struct yank_g *yank_task_leave_runnable(struct yank_m *m, struct yank_g *g,
                                        void *arg)
{
    struct yank_task *t = yank_task_of(g);
    struct yank_sched *s = t->sched;
    struct yank_worker *w = yank_worker_of(s, m);

    (void)arg;
    yank_worker_put_down(w);
    yank_g_leave(m, g, YANK_LEAVE_RUNNABLE); /* calls yank_sched_ready() */
    yank_lock(&s->lock);
    yank_task_drop(s, t);
    yank_unlock(&s->lock);
    return yank_worker_next(w);
}

int yank_yield(void)
{
    int rc = yank_task_may_leave(yank_task_self());

    return rc != YANK_OK ? rc : yank_mcall(yank_task_leave_runnable, NULL);
}

int yank_park(int64_t deadline_ns)
{
    struct yank_task *self = yank_task_self();
    int rc = yank_task_may_leave(self);
    bool permit;

    if (rc != YANK_OK)
        return rc;
    yank_lock(&self->sched->lock);
    permit = self->permit;
    self->permit = false;
    yank_unlock(&self->sched->lock);
    if (permit)
        return YANK_OK;
    if (deadline_ns <= yank_now_ns())
        return YANK_ETIMEDOUT;
    return wait_for(self, YANK_WAIT_UNPARK, NULL, deadline_ns);
}

int yank_unpark(struct yank_task *t)
{
    struct yank_task *chain = NULL;
    int rc = YANK_OK;

    if (t == NULL)
        return YANK_EINVAL;
    yank_lock(&t->sched->lock);
    if (!t->live)
        rc = YANK_EDEAD;
    else if (t->wait == YANK_WAIT_UNPARK)
        yank_wait_end(t, YANK_OK, &chain);
    else
        t->permit = true;
    yank_unlock(&t->sched->lock);
    yank_wake_chain(t->sched, chain);
    return rc;
}

int yank_sleep(int64_t until_ns)
{
    struct yank_task *self = yank_task_self();
    int rc = yank_task_may_leave(self);

    while (rc == YANK_OK && until_ns > yank_now_ns())
        rc = wait_for(self, YANK_WAIT_TIME, NULL, until_ns);
    return rc == YANK_ETIMEDOUT ? YANK_OK : rc;
}

/* --- join --------------------------------------------------------------- */

/* seq_cst: with end_sleepers a store-load pair against task_end.c. */
static uint32_t end_of(struct yank_task *t)
{
    return atomic_load_explicit(&t->end, memory_order_seq_cst);
}

static int join_parked(struct yank_task *self, struct yank_task *t,
                       int64_t deadline_ns)
{
    int rc = yank_task_may_leave(self);

    while (rc == YANK_OK && end_of(t) == 0)
        rc = wait_for(self, YANK_WAIT_END, t, deadline_ns);
    return rc;
}

static int join_asleep(struct yank_task *t, int64_t deadline_ns)
{
    struct yank_m *m = yank_m_self();
    struct yank_g *g = m == NULL ? NULL : yank_m_curg(m);
    int rc = g == NULL ? YANK_OK : yank_blocking_enter(g);

    if (rc != YANK_OK)
        return rc;
    /* seq_cst: pairs with the load in task_end.c. */
    atomic_fetch_add_explicit(&t->end_sleepers, 1, memory_order_seq_cst);
    while (end_of(t) == 0 && yank_now_ns() < deadline_ns)
        yank_os_wait(&t->end, 0, deadline_ns);
    /* Relaxed: one wake too many is harmless. */
    atomic_fetch_sub_explicit(&t->end_sleepers, 1, memory_order_relaxed);
    if (end_of(t) == 0)
        rc = YANK_ETIMEDOUT;
    if (g != NULL)
        yank_blocking_leave(g);
    return rc;
}

int yank_join(struct yank_task *t, int64_t deadline_ns, enum yank_task_end *end)
{
    struct yank_task *self = yank_task_self();
    int rc = YANK_OK;

    if (t == NULL)
        return YANK_EINVAL;
    if (t == self)
        return YANK_ESELF;
    if (end_of(t) == 0) {
        if (deadline_ns <= yank_now_ns())
            return YANK_ETIMEDOUT;
        if (self != NULL && self->sched == t->sched)
            rc = join_parked(self, t, deadline_ns);
        else
            rc = join_asleep(t, deadline_ns);
    }
    if (rc == YANK_OK && end != NULL)
        *end = (enum yank_task_end)(end_of(t) - 1);
    return rc;
}
