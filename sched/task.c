/* Tasks as their users see them: start, handle, statistics. */
#include "scheduler.h"

static const struct yank_task_attr default_attr = {
    .struct_size = sizeof(struct yank_task_attr)
};

/* --- start -------------------------------------------------------------- */

/* t is ours alone.  Everything that the last user of the memory left, except
 * what others may still look at: nobody is to see the G half made. */
static int set_up(struct yank_task *t, const struct yank_task_attr *attr)
{
    struct yank_g_attr ga = { .struct_size = sizeof ga,
                              .host = &t->sched->host,
                              .stack = t->stack,
                              .entry = yank_task_main,
                              .user = t,
                              .migratable = attr->migratable };
    int rc;

    /* Waits until no requester of the last user is left. */
    if (t->used)
        yank_g_fini(&t->g);
    t->used = false;
    rc = yank_g_init(&t->g, &ga);
    if (rc != YANK_OK)
        return rc;
    t->used = true;
    t->g.name = attr->name;
    t->weight = attr->weight != 0 ? attr->weight : 1;
    t->cpu_limit_ns = attr->cpu_limit_ns;
    t->call = YANK_CALL_NONE;
    t->permit = false;
    t->credit_ns = 0;
    t->cut = false;
    t->ending = false;
    t->on = NULL;
    t->stats = (struct yank_task_stats){ 0 };
    /* Relaxed: nobody has the handle yet. */
    atomic_store_explicit(&t->end, 0, memory_order_relaxed);
    return YANK_OK;
}

static void give_back(struct yank_sched *s, struct yank_task *t)
{
    yank_lock(&s->lock);
    t->refs = 1;
    yank_task_drop(s, t);
    yank_unlock(&s->lock);
}

/* A thread of its own: an idle one, or a new one. */
static int own_thread(struct yank_sched *s, struct yank_task *t)
{
    yank_lock(&s->lock);
    t->own = yank_right_reserve(s, t);
    yank_unlock(&s->lock);
    return t->own != NULL ? YANK_OK : yank_worker_start(s, t);
}

static int start(struct yank_sched *s, struct yank_task *t,
                 const struct yank_task_attr *attr)
{
    size_t bytes =
        attr->stack_bytes != 0 ? attr->stack_bytes : YANK_TASK_STACK_BYTES;
    int rc = yank_task_stack_get(s, bytes, &t->stack);

    if (rc != YANK_OK)
        return rc;
    rc = set_up(t, attr);
    if (rc == YANK_OK && attr->own_thread)
        rc = own_thread(s, t);
    if (rc != YANK_OK)
        yank_task_stack_put(s, &t->stack);
    return rc;
}

static int check(const struct yank_sched *s, void (*fn)(void *),
                 const struct yank_task_attr *attr)
{
    if (s == NULL || fn == NULL || attr->struct_size != sizeof *attr ||
        attr->weight > YANK_WEIGHT_MAX || attr->cpu_limit_ns < 0 ||
        attr->deadline_ns < 0)
        return YANK_EINVAL;
    if (attr->stack_bytes != 0 && attr->stack_bytes < YANK_TASK_STACK_MIN_BYTES)
        return YANK_ESTACK;
    return YANK_OK;
}

/* From here on it lives.  True: the monitor is to be woken. */
static bool begin(struct yank_task *t, unsigned handles, int64_t deadline_ns)
{
    struct yank_sched *s = t->sched;
    bool late = false;

    yank_lock(&s->lock);
    t->live = true;
    t->refs = 2; /* its life, and yank_go() */
    t->handles = handles;
    s->open++;
    if (deadline_ns != 0) {
        yank_alarm_set(&t->limit, t, deadline_ns);
        late = yank_slices_late(s, deadline_ns);
    }
    yank_unlock(&s->lock);
    return late;
}

int yank_go(struct yank_sched *s, void (*fn)(void *), void *arg,
            const struct yank_task_attr *attr, struct yank_task **out)
{
    struct yank_task *t;
    int rc;

    if (attr == NULL)
        attr = &default_attr;
    rc = check(s, fn, attr);
    if (rc != YANK_OK)
        return rc;
    t = yank_task_new(s);
    if (t == NULL)
        return YANK_ENOMEM;
    t->fn = fn;
    t->arg = arg;
    rc = start(s, t, attr);
    if (rc != YANK_OK) {
        give_back(s, t);
        return rc;
    }
    if (begin(t, out != NULL, attr->deadline_ns))
        yank_slices_wake(s);
    if (out != NULL)
        *out = t; /* before it runs: it may be the one who reads it */
    yank_ready(&t->g); /* unless its deadline has come: it is over then */
    yank_lock(&s->lock);
    yank_task_drop(s, t);
    yank_unlock(&s->lock);
    return YANK_OK;
}

/* --- handle ------------------------------------------------------------- */

int yank_task_ref(struct yank_task *t)
{
    int rc = YANK_EINVAL;

    if (t == NULL)
        return YANK_EINVAL;
    yank_lock(&t->sched->lock);
    if (t->handles != 0) {
        t->handles++;
        rc = YANK_OK;
    }
    yank_unlock(&t->sched->lock);
    return rc;
}

int yank_task_release(struct yank_task *t)
{
    int rc = YANK_EINVAL;

    if (t == NULL)
        return YANK_EINVAL;
    yank_lock(&t->sched->lock);
    if (t->handles != 0) {
        rc = YANK_OK;
        t->handles--;
        if (t->handles == 0 && !t->live) {
            t->sched->open--;
            yank_task_drop(t->sched, t);
        }
    }
    yank_unlock(&t->sched->lock);
    return rc;
}

struct yank_task *yank_task_self(void)
{
    struct yank_m *m = yank_m_self();
    struct yank_g *g = m == NULL ? NULL : yank_m_curg(m);

    /* Another host's G, or a thread's, is no task. */
    if (g == NULL || g->host == NULL || g->host->ready != yank_sched_ready)
        return NULL;
    return yank_task_of(g);
}

struct yank_g *yank_task_g(struct yank_task *t)
{
    return t == NULL ? NULL : &t->g;
}

int yank_task_suspend(struct yank_task *t, int64_t deadline_ns,
                      struct yank_stop *stop)
{
    return yank_suspend_g(yank_task_g(t), deadline_ns, stop);
}

/* --- what it does ------------------------------------------------------- */

const char *yank_task_state_name(enum yank_task_state state)
{
    static const char *const name[] = {
        [YANK_TASK_RUNS] = "runs",       [YANK_TASK_READY] = "ready",
        [YANK_TASK_WAITS] = "waits",     [YANK_TASK_BLOCKS] = "blocks",
        [YANK_TASK_STOPPED] = "stopped", [YANK_TASK_ENDED] = "ended"
    };
    _Static_assert(YANK_ARRAY_LEN(name) == YANK_TASK_STATES,
                   "a name for each state");

    return (unsigned)state >= YANK_TASK_STATES ? "unknown state" : name[state];
}

/* Lock held. */
static enum yank_task_state state_of(struct yank_task *t)
{
    uint32_t status = yank_read_status(&t->g);

    if (!t->live)
        return YANK_TASK_ENDED;
    if (YANK_BASE(status) == YANK_PREEMPTED ||
        ((status & YANK_SCAN) != 0 && YANK_BASE(status) != YANK_RUNNING))
        return YANK_TASK_STOPPED;
    if (t->on != NULL)
        return t->on->blocked ? YANK_TASK_BLOCKS : YANK_TASK_RUNS;
    return t->ready_ns != 0 ? YANK_TASK_READY : YANK_TASK_WAITS;
}

static unsigned thread_of(struct yank_task *t)
{
    const struct yank_worker *w = t->on != NULL ? t->on : yank_task_home(t);

    return t->live && w != NULL ? w->number : 0;
}

int yank_task_stats(struct yank_task *t, struct yank_task_stats *out)
{
    int64_t now = yank_now_ns();

    if (t == NULL || out == NULL)
        return YANK_EINVAL;
    yank_lock(&t->sched->lock);
    *out = t->stats;
    out->state = state_of(t);
    out->thread = thread_of(t);
    /* The clock was read before the lock: it may have started since. */
    if (t->on != NULL && !t->on->blocked && t->on->started_ns < now)
        out->cpu_ns += now - t->on->started_ns;
    if (t->ready_ns != 0 && now - t->ready_ns > out->longest_wait_ns)
        out->longest_wait_ns = now - t->ready_ns;
    yank_unlock(&t->sched->lock);
    return YANK_OK;
}
