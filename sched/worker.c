/* The threads that run tasks: how one starts, what it does all the time, how
 * it ends. */
#include "scheduler.h"

/* What a thread that is being started tells its starter. */
struct birth {
    struct yank_worker *worker;
    _Atomic uint32_t done; /* 1: attached, or not; own */
    int rc;
};

void yank_worker_wake(struct yank_worker *w)
{
    if (w == NULL)
        return;
    /* Release: pairs with the acquire in sleep_idle(). */
    atomic_store_explicit(&w->event, 1, memory_order_release);
    yank_os_wake(&w->event);
}

/* --- the thread --------------------------------------------------------- */

/* True: there may be work; false: the scheduler stops.  listed: it is in the
 * idle list already. */
static bool sleep_idle(struct yank_worker *w, bool listed)
{
    struct yank_sched *s = w->sched;
    struct yank_worker *wake = NULL;
    bool stopping, sleeps, late;

    yank_lock(&s->lock);
    stopping = s->stopping;
    sleeps = !stopping && (listed || yank_right_park(w, &wake));
    /* Who runs now may not have seen that somebody waits here. */
    late = sleeps && wake == NULL &&
           yank_slices_late(s, yank_right_next_wanted(w));
    if (sleeps && !listed)
        /* Relaxed: others set it only once we are in the list. */
        atomic_store_explicit(&w->event, 0, memory_order_relaxed);
    yank_unlock(&s->lock);
    yank_worker_wake(wake);
    if (late)
        yank_slices_wake(s);
    /* Acquire: pairs with the release in yank_worker_wake(). */
    while (sleeps && atomic_load_explicit(&w->event, memory_order_acquire) == 0)
        yank_os_wait(&w->event, 0, YANK_NO_DEADLINE);
    return !stopping;
}

static void run_tasks(struct yank_worker *w)
{
    for (bool listed = true; sleep_idle(w, listed); listed = false) {
        struct yank_g *g = yank_worker_next(w);

        if (g != NULL)
            yank_execute(&w->m, g);
    }
}

static int attach(struct yank_worker *w)
{
    struct yank_m_attr attr = { .struct_size = sizeof attr,
                                .host = &w->sched->host,
                                .name = "sched" };
    int rc = yank_m_attach(&w->m, &attr);

    if (rc != YANK_OK)
        return rc;
    rc = yank_m_acquire_p(&w->m, &w->p);
    if (rc != YANK_OK)
        yank_m_detach(&w->m);
    return rc;
}

/* From here on it may get a right, and the monitor sees it. */
static void enlist(struct yank_worker *w)
{
    struct yank_sched *s = w->sched;
    struct yank_worker *wake;

    yank_lock(&s->lock);
    w->number = ++s->n_workers;
    w->next = s->workers;
    s->workers = w;
    s->n_shared += !w->dedicated;
    wake = yank_right_join(w);
    yank_unlock(&s->lock);
    yank_worker_wake(wake);
}

static void worker_main(void *arg)
{
    struct birth *birth = arg;
    struct yank_worker *w = birth->worker;
    int rc = attach(w);

    if (rc == YANK_OK)
        enlist(w);
    birth->rc = rc;
    /* Release: pairs with the acquire in start_thread(), whose frame this is:
     * after the store only its address is used. */
    atomic_store_explicit(&birth->done, 1, memory_order_release);
    yank_os_wake(&birth->done);
    if (rc != YANK_OK)
        return;
    run_tasks(w);
    yank_m_release_p(&w->m);
    yank_m_detach(&w->m);
}

/* --- start and end ------------------------------------------------------ */

static int start_thread(struct yank_worker *w)
{
    struct birth birth = { .worker = w };
    int rc = yank_os_thread_start(&w->thread, worker_main, &birth);

    if (rc != YANK_OK)
        return rc;
    /* Acquire: pairs with the release in worker_main(). */
    while (atomic_load_explicit(&birth.done, memory_order_acquire) == 0)
        yank_os_wait(&birth.done, 0, YANK_NO_DEADLINE);
    if (birth.rc != YANK_OK)
        yank_os_thread_join(&w->thread);
    return birth.rc;
}

int yank_worker_start(struct yank_sched *s, struct yank_task *own)
{
    void *memory;
    size_t bytes;
    struct yank_worker *w =
        yank_alloc_aligned(sizeof *w, &memory, &bytes);
    int rc;

    if (w == NULL)
        return YANK_ENOMEM;
    *w = (struct yank_worker){
        .sched = s, .memory = memory, .memory_bytes = bytes, .own = own,
        .dedicated = own != NULL
    };
    rc = start_thread(w);
    if (rc != YANK_OK) {
        yank_release(memory, bytes);
        return rc;
    }
    if (own != NULL)
        own->own = w;
    return YANK_OK;
}

void yank_workers_end(struct yank_sched *s)
{
    struct yank_worker *w;

    /* Their list does not change any more: nobody else uses the scheduler. */
    for (w = s->workers; w != NULL; w = w->next)
        yank_worker_wake(w);
    /* All, before the first is freed: they look at each other. */
    for (w = s->workers; w != NULL; w = w->next)
        yank_os_thread_join(&w->thread);
    while ((w = s->workers) != NULL) {
        s->workers = w->next;
        yank_release(w->memory, w->memory_bytes);
    }
}
