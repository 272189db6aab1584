/* Stopping one G or many, from the suspender's side; resume.c lets go.
 *
 * A suspender that runs on a G is Waiting while it works, so that others can
 * stop it meanwhile, and returns only as Running.  It never waits for that
 * while it owns a claim: it gives all back and starts again, which is why two
 * suspenders cannot block each other.
 * Origin: go@62e53b79 preempt.go:suspendG. */
#include "core.h"

/* A claim of ours must be given back before we sleep; internal. */
#define GIVE_BACK (-1000)

/* --- the suspender itself ------------------------------------------------*/

static int check_self(const struct yank_g *me)
{
    if (!yank_is_ready())
        return YANK_EINIT;
    if (me == NULL)
        return YANK_OK;
    /* Relaxed, both: own. */
    if (atomic_load_explicit(&me->holding, memory_order_relaxed) != 0)
        return YANK_EHOLDING;
    if (me->inside || me->in_hook ||
        atomic_load_explicit(&me->region_depth, memory_order_relaxed) != 0)
        return YANK_EREGION;
    return YANK_OK;
}

/* From here on me can be claimed: its registers are in me->saved or above. */
static void become_claimable(struct yank_g *me)
{
    if (me == NULL)
        return;
    yank_arch_call_saved(&me->saved);
    me->inside = true;
    yank_cast_status(me, YANK_RUNNING, YANK_WAITING);
}

static bool is_claimed(const struct yank_g *me)
{
    return me != NULL && (yank_read_status(me) & YANK_SCAN) != 0;
}

/* Back to Running if nobody holds us.  Never waits. */
static bool run_again(struct yank_g *me)
{
    if (me == NULL)
        return true;
    if (!yank_cas_status(me, YANK_WAITING, YANK_RUNNING))
        return false;
    me->inside = false;
    yank_bump(me);
    return true;
}

/* The same, waiting.  Nothing may be claimed by us. */
static void wait_until_running(struct yank_g *me)
{
    if (me == NULL)
        return;
    yank_cast_status(me, YANK_WAITING, YANK_RUNNING);
    me->inside = false;
}

/* --- one target ----------------------------------------------------------*/

static void fill(struct yank_stop *stop, struct yank_g *g, struct yank_g *me)
{
    /* Relaxed: the claim guards it. */
    uint64_t serial = atomic_load_explicit(&g->stop_serial,
                                           memory_order_relaxed) + 1;

    atomic_store_explicit(&g->stop_serial, serial, memory_order_relaxed);
    *stop = (struct yank_stop){ .g = g, .holder = me, .serial = serial };
    stop->async = g->async_safe_point;
    if (g->async_safe_point) {
        stop->pc = g->stop_pc;
        stop->sp = g->stop_sp;
    } else {
        stop->sp = g->inside ? g->saved.sp : g->sp;
    }
    if (me != NULL) /* any may take it back, hence atomic; relaxed: a count
                     * that only our own handler and poll read */
        atomic_fetch_add_explicit(&me->holding, 1, memory_order_relaxed);
}

static void own(struct yank_g *g, struct yank_asker *a, struct yank_g *me,
                struct yank_stop *stop)
{
    if (a->asked) {
        a->asked = false;
        /* Relaxed: with the claim ours, resume will look at it. */
        atomic_fetch_sub_explicit(&g->asks, 1, memory_order_relaxed);
    }
    fill(stop, g, me);
    yank_trace_held(g, a);
}

static bool can_wait_for(const struct yank_g *g)
{
    return (yank_os_caps() & YANK_CAP_THREADS) != 0 ||
           YANK_BASE(yank_read_status(g)) != YANK_RUNNING;
}

/* Look at g once: own it, or do what brings that nearer.  *again: when to
 * look next if no event comes before. */
static int look(struct yank_g *g, struct yank_asker *a, struct yank_g *me,
                int64_t deadline, int64_t *again, struct yank_stop *stop)
{
    uint32_t s = yank_read_status(g);

    YANK_STEP("suspend: status read");
    *again = YANK_NO_DEADLINE;
    if (YANK_BASE(s) == YANK_DEAD)
        return YANK_EDEAD;
    if (s & YANK_SCAN) {
        /* The holder bumps the event only for those who say that they wait. */
        if ((s & YANK_WAITED) == 0 &&
            !yank_cas_status(g, s, s | YANK_WAITED))
            *again = 0;
        return YANK_ETIMEDOUT;
    }
    if (s == YANK_COPYSTACK)
        return YANK_ETIMEDOUT;
    if (s == YANK_RUNNING) {
        if (deadline != 0)
            *again = yank_ask(g, a);
        return YANK_ETIMEDOUT;
    }
    if (!yank_claim(g, s)) {
        *again = 0;
        return YANK_ETIMEDOUT;
    }
    own(g, a, me, stop);
    return YANK_OK;
}

/* 0: owned.  YANK_EDEAD: and nothing is owed any more.  have: we own others. */
static int suspend_one(struct yank_g *g, struct yank_asker *a,
                       struct yank_g *me, bool have, int64_t deadline,
                       struct yank_stop *stop)
{
    for (;;) {
        /* Acquire: the event before the status it speaks of. */
        uint32_t ev = atomic_load_explicit(&g->event, memory_order_acquire);
        int64_t again;
        int rc = look(g, a, me, deadline, &again, stop);

        if (rc != YANK_ETIMEDOUT) {
            if (rc != YANK_OK)
                yank_withdraw(g, a);
            return rc;
        }
        int64_t now = yank_now_ns();
        if (deadline == 0 || now >= deadline)
            return YANK_ETIMEDOUT;
        if (have && is_claimed(me))
            return GIVE_BACK;
        if (again > now)
            yank_wait_event(g, ev, again < deadline ? again : deadline);
    }
}

/* --- suspend -------------------------------------------------------------*/

struct batch {
    struct yank_g *const *gs;
    struct yank_asker *askers;
    struct yank_stop *stops;
    size_t *order; /* by G id: two batches never wait for each other */
    size_t n;
    bool many; /* a dead one is no failure */
};

static void give_back(const struct batch *b)
{
    for (size_t i = 0; i < b->n; i++)
        yank_give_back(&b->stops[i]);
}

static void withdraw_all(const struct batch *b)
{
    for (size_t i = 0; i < b->n; i++)
        yank_withdraw(b->gs[i], &b->askers[i]);
}

/* All asked before any is waited for; then claimed in id order. */
static int suspend_batch(const struct batch *b, struct yank_g *me,
                         int64_t deadline)
{
    for (size_t i = 0; i < b->n; i++) {
        yank_asker_init(&b->askers[i]);
        if (b->many && deadline != 0 &&
            yank_read_status(b->gs[i]) == YANK_RUNNING)
            yank_ask(b->gs[i], &b->askers[i]);
    }
    for (size_t k = 0; k < b->n; k++) {
        size_t i = b->order[k];
        int rc = suspend_one(b->gs[i], &b->askers[i], me, k > 0, deadline,
                             &b->stops[i]);

        if (rc == YANK_OK || (rc == YANK_EDEAD && b->many))
            continue;
        give_back(b);
        withdraw_all(b);
        return rc;
    }
    return YANK_OK;
}

/* Two suspenders that stop each other both give back and begin again; a
 * random pause keeps them from doing so in step. */
static void pause_before_retry(struct yank_g *me, struct yank_asker *a,
                               unsigned round)
{
    int64_t limit = 1000ll << (round < 10 ? round : 10);
    int64_t end = yank_now_ns() + yank_asker_random(a, limit);
    uint32_t ev = atomic_load_explicit(&me->event, memory_order_acquire);

    if (yank_now_ns() < end)
        yank_wait_event(me, ev, end);
}

static int suspend(const struct batch *b, struct yank_g *me, int64_t deadline)
{
    for (unsigned round = 0;; round++) {
        become_claimable(me);
        int rc = suspend_batch(b, me, deadline);

        if (rc != GIVE_BACK && run_again(me))
            return rc;
        /* We are claimed ourselves. */
        give_back(b);
        wait_until_running(me);
        if (rc < 0 && rc != GIVE_BACK)
            return rc;
        if (yank_now_ns() >= deadline)
            return YANK_ETIMEDOUT;
        pause_before_retry(me, &b->askers[0], round);
    }
}

static int check_targets(const struct batch *b, const struct yank_g *me)
{
    for (size_t i = 0; i < b->n; i++) {
        if (!yank_g_valid(b->gs[i]))
            return YANK_EINVAL;
        if (b->gs[i] == me)
            return YANK_ESELF;
        if (!can_wait_for(b->gs[i]))
            return YANK_ENOSYS;
    }
    return YANK_OK;
}

static int suspend_visiting(const struct batch *b, struct yank_g *me,
                            int64_t deadline)
{
    int rc;

    for (size_t i = 0; i < b->n; i++)
        yank_visit(b->gs[i]);
    rc = suspend(b, me, deadline);
    for (size_t i = 0; i < b->n; i++)
        yank_visit_end(b->gs[i]);
    return rc;
}

static int suspend_checked(const struct batch *b, int64_t deadline)
{
    struct yank_g *me = yank_g_self();
    int rc = check_self(me);

    if (rc == YANK_OK)
        rc = check_targets(b, me);
    if (rc != YANK_OK)
        return rc;
    rc = suspend_visiting(b, me, deadline);
    /* Somebody stopped us meanwhile and left us a call to make: first that,
     * with nothing held, since it may not come back. */
    while (me != NULL && me->call_fn != NULL) {
        give_back(b);
        yank_run_call(me);
        if (rc == YANK_OK)
            rc = suspend_visiting(b, me, deadline);
    }
    return rc;
}

int yank_suspend_g(struct yank_g *g, int64_t deadline, struct yank_stop *stop)
{
    struct yank_asker asker;
    size_t order = 0;
    struct batch b = { &g, &asker, stop, &order, 1, false };

    if (stop == NULL)
        return yank_is_ready() ? YANK_EINVAL : YANK_EINIT;
    *stop = (struct yank_stop){ 0 };
    return suspend_checked(&b, deadline);
}

/* order := 0..n-1 sorted by G id.  False: one G named twice. */
static bool sort_by_id(const struct batch *b)
{
    for (size_t k = 0; k < b->n; k++) {
        size_t j = k;

        for (; j > 0 && b->gs[b->order[j - 1]]->id > b->gs[k]->id; j--)
            b->order[j] = b->order[j - 1];
        b->order[j] = k;
        if (j > 0 && b->gs[b->order[j - 1]] == b->gs[k])
            return false;
    }
    return true;
}

int yank_suspend_many(struct yank_g *const *gs, size_t n, int64_t deadline,
                      struct yank_stop *stops)
{
    struct batch b = { .gs = gs, .stops = stops, .n = n, .many = true };
    size_t each = sizeof *b.askers + sizeof *b.order;
    int rc = YANK_EINVAL;

    if (!yank_is_ready())
        return YANK_EINIT;
    if (gs == NULL || stops == NULL || n == 0 || n > SIZE_MAX / each)
        return YANK_EINVAL;
    for (size_t i = 0; i < n; i++) {
        stops[i] = (struct yank_stop){ 0 };
        if (!yank_g_valid(gs[i]))
            return YANK_EINVAL;
    }
    if ((b.askers = yank_alloc(n * each)) == NULL)
        return YANK_ENOMEM;
    b.order = (size_t *)(void *)(b.askers + n);
    if (sort_by_id(&b))
        rc = suspend_checked(&b, deadline);
    yank_release(b.askers, n * each);
    return rc;
}
