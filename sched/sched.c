/* A scheduler from start to stop, and what its threads do. */
#include "scheduler.h"

/* --- the threads -------------------------------------------------------- */

/* True: there may be work; false: the scheduler stops. */
static bool sleep_idle(struct yank_worker *w)
{
    struct yank_sched *s = w->sched;
    bool stopping, sleeps;

    yank_lock(&s->lock);
    stopping = s->stopping;
    /* Something may have been pushed since we looked. */
    sleeps = !stopping && s->queue.head == NULL && w->pinned.head == NULL;
    if (sleeps) {
        /* Relaxed: others set it only once we are in the list. */
        atomic_store_explicit(&w->event, 0, memory_order_relaxed);
        w->idle = true;
        w->idle_next = s->idle;
        s->idle = w;
    }
    yank_unlock(&s->lock);
    /* Acquire: pairs with the release in yank_worker_wake(). */
    while (sleeps && atomic_load_explicit(&w->event, memory_order_acquire) == 0)
        yank_os_wait(&w->event, 0, YANK_NO_DEADLINE);
    return !stopping;
}

static void run_tasks(struct yank_worker *w)
{
    do {
        struct yank_g *g = yank_worker_next(w);

        if (g != NULL)
            yank_execute(&w->m, g);
    } while (sleep_idle(w));
}

static void worker_main(void *worker)
{
    struct yank_worker *w = worker;
    struct yank_sched *s = w->sched;
    struct yank_m_attr attr = { .struct_size = sizeof attr, .name = "sched" };
    int rc = yank_m_attach(&w->m, &attr);

    if (rc == YANK_OK)
        rc = yank_m_acquire_p(&w->m, &w->p);
    if (rc != YANK_OK)
        /* Relaxed: the release below publishes it. */
        atomic_store_explicit(&s->start_rc, rc, memory_order_relaxed);
    /* Release: pairs with the acquire in wait_started(). */
    if (atomic_fetch_sub_explicit(&s->starting, 1, memory_order_release) == 1)
        yank_os_wake(&s->starting);
    if (rc != YANK_OK)
        return;
    run_tasks(w);
    yank_m_release_p(&w->m);
    yank_m_detach(&w->m);
}

/* --- start -------------------------------------------------------------- */

static void wait_started(struct yank_sched *s)
{
    uint32_t n;

    /* Acquire: pairs with the release in worker_main(). */
    while ((n = atomic_load_explicit(&s->starting, memory_order_acquire)) != 0)
        yank_os_wait(&s->starting, n, YANK_NO_DEADLINE);
}

static void free_memory(struct yank_sched *s)
{
    void *memory = s->memory;
    size_t bytes = s->memory_bytes;

    yank_release(memory, bytes);
}

/* The first n workers, and the monitor if it was started. */
static void stop_threads(struct yank_sched *s, unsigned n, bool monitor)
{
    yank_lock(&s->lock);
    s->stopping = true;
    yank_unlock(&s->lock);
    if (monitor) {
        yank_monitor_wake(s);
        /* First: it kicks Ms, which must not detach before. */
        yank_os_thread_join(&s->monitor);
    }
    for (unsigned i = 0; i < n; i++)
        yank_worker_wake(&s->workers[i]);
    for (unsigned i = 0; i < n; i++)
        yank_os_thread_join(&s->workers[i].thread);
}

static int start_threads(struct yank_sched *s)
{
    unsigned n;
    int rc = YANK_OK;

    atomic_init(&s->starting, s->n_workers);
    for (n = 0; n < s->n_workers && rc == YANK_OK; n++) {
        s->workers[n].sched = s;
        rc = yank_os_thread_start(&s->workers[n].thread, worker_main,
                                  &s->workers[n]);
    }
    if (rc != YANK_OK) {
        n--; /* the last one is none */
        atomic_fetch_sub_explicit(&s->starting, s->n_workers - n,
                                  memory_order_relaxed);
    }
    wait_started(s);
    if (rc == YANK_OK)
        rc = atomic_load_explicit(&s->start_rc, memory_order_relaxed);
    if (rc == YANK_OK)
        rc = yank_os_thread_start(&s->monitor, yank_monitor_main, s);
    if (rc != YANK_OK)
        stop_threads(s, n, false);
    return rc;
}

static struct yank_sched *new_sched(unsigned threads, int64_t slice_ns)
{
    /* The workers behind the scheduler, each at its own cache lines. */
    size_t head = (sizeof(struct yank_sched) + 63) & ~(size_t)63;
    size_t bytes = head + threads * sizeof(struct yank_worker);
    size_t memory_bytes;
    void *memory;
    char *at = yank_alloc_aligned(bytes, &memory, &memory_bytes);
    struct yank_sched *s = (struct yank_sched *)(void *)at;

    if (s == NULL)
        return NULL;
    for (size_t i = 0; i < bytes; i++)
        at[i] = 0;
    s->memory = memory;
    s->memory_bytes = memory_bytes;
    s->workers = (struct yank_worker *)(void *)(at + head);
    s->n_workers = threads;
    s->slice_ns = slice_ns;
    s->look_ns = INT64_MIN; /* the monitor looks when it begins */
    s->host = (struct yank_host){ .struct_size = sizeof s->host,
                                  .ctx = s,
                                  .ready = yank_sched_ready,
                                  .schedule = yank_sched_schedule,
                                  .abandoned = yank_sched_abandoned };
    return s;
}

static int check(const struct yank_sched_attr *attr, unsigned *threads,
                 int64_t *slice_ns)
{
    *threads = attr != NULL ? attr->threads : 0;
    *slice_ns = attr != NULL ? attr->slice_ns : 0;
    if (*threads == 0)
        *threads = yank_os_processors();
    if (*slice_ns == 0)
        *slice_ns = YANK_SLICE_NS;
    if ((attr != NULL && attr->struct_size != sizeof *attr) ||
        *threads > YANK_SCHED_THREADS_MAX || *slice_ns < YANK_SLICE_MIN_NS)
        return YANK_EINVAL;
    if (!yank_is_ready())
        return YANK_EINIT;
    return yank_stack_switch_supported ? YANK_OK : YANK_ENOSYS;
}

int yank_sched_start(const struct yank_sched_attr *attr,
                     struct yank_sched **out)
{
    unsigned threads;
    int64_t slice_ns;
    int rc = out == NULL ? YANK_EINVAL : check(attr, &threads, &slice_ns);
    struct yank_sched *s;

    if (rc != YANK_OK)
        return rc;
    s = new_sched(threads, slice_ns);
    if (s == NULL)
        return YANK_ENOMEM;
    /* Before the threads: from here on yank_fini() says YANK_EBUSY.
     * Relaxed: a count. */
    atomic_fetch_add_explicit(&yank_rt.users, 1, memory_order_relaxed);
    rc = start_threads(s);
    if (rc != YANK_OK) {
        free_memory(s);
        atomic_fetch_sub_explicit(&yank_rt.users, 1, memory_order_relaxed);
        return rc;
    }
    *out = s;
    return YANK_OK;
}

/* --- stop --------------------------------------------------------------- */

int yank_sched_stop(struct yank_sched *s)
{
    bool in_use;

    if (s == NULL)
        return YANK_EINVAL;
    yank_lock(&s->lock);
    in_use = s->open != 0;
    yank_unlock(&s->lock);
    if (in_use)
        return YANK_EBUSY;
    stop_threads(s, s->n_workers, true);
    yank_tasks_free(s);
    yank_task_stacks_free(s);
    free_memory(s);
    /* Relaxed: a count. */
    atomic_fetch_sub_explicit(&yank_rt.users, 1, memory_order_relaxed);
    return YANK_OK;
}
