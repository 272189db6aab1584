/* A scheduler from start to stop. */
#include "scheduler.h"

/* --- start -------------------------------------------------------------- */

static void free_memory(struct yank_sched *s)
{
    void *memory = s->memory;
    size_t bytes = s->memory_bytes;

    yank_release(memory, bytes);
}

static void stop_threads(struct yank_sched *s, bool monitor)
{
    yank_lock(&s->lock);
    s->stopping = true;
    yank_unlock(&s->lock);
    if (monitor) {
        yank_slices_wake(s);
        /* First: it kicks Ms, which must not detach before. */
        yank_os_thread_join(&s->monitor);
    }
    yank_helpers_end(s);
    yank_workers_end(s);
}

static int start_threads(struct yank_sched *s)
{
    int rc = YANK_OK;

    for (unsigned n = 0; n < s->rights && rc == YANK_OK; n++)
        rc = yank_worker_start(s, NULL);
    if (rc == YANK_OK)
        rc = yank_os_thread_start(&s->monitor, yank_slices_main, s);
    if (rc != YANK_OK)
        stop_threads(s, false);
    return rc;
}

static struct yank_sched *new_sched(const struct yank_sched_attr *attr)
{
    size_t bytes;
    void *memory;
    struct yank_sched *s = yank_alloc_aligned(sizeof *s, &memory, &bytes);

    if (s == NULL)
        return NULL;
    *s = (struct yank_sched){ .memory = memory,
                              .memory_bytes = bytes,
                              .slice_ns = attr->slice_ns,
                              .rights = attr->threads,
                              .rights_free = attr->threads,
                              .catches_faults = !attr->leave_faults,
                              /* the monitor looks when it begins */
                              .look_ns = INT64_MIN };
    s->host = (struct yank_host){ .struct_size = sizeof s->host,
                                  .ctx = s,
                                  .ready = yank_sched_ready,
                                  .schedule = yank_sched_schedule,
                                  .abandoned = yank_sched_abandoned,
                                  .blocking = yank_sched_blocking,
                                  .unblocked = yank_sched_unblocked };
    return s;
}

/* What is to be started, with defaults filled in. */
static int check(const struct yank_sched_attr *given,
                 struct yank_sched_attr *attr)
{
    *attr = given != NULL ? *given
                          : (struct yank_sched_attr){
                                .struct_size = sizeof *attr };
    if (attr->threads == 0)
        attr->threads = yank_os_processors();
    if (attr->slice_ns == 0)
        attr->slice_ns = YANK_SLICE_NS;
    if (attr->struct_size != sizeof *attr ||
        attr->threads > YANK_SCHED_THREADS_MAX ||
        attr->slice_ns < YANK_SLICE_MIN_NS ||
        attr->slice_ns > YANK_SLICE_MAX_NS)
        return YANK_EINVAL;
    if (!yank_is_ready())
        return YANK_EINIT;
    return yank_stack_switch_supported ? YANK_OK : YANK_ENOSYS;
}

/* Everything but the memory. */
static int begin(struct yank_sched *s)
{
    int rc = s->catches_faults ? yank_overflow_begin() : YANK_OK;

    if (rc != YANK_OK)
        return rc;
    rc = start_threads(s);
    if (rc != YANK_OK && s->catches_faults)
        yank_overflow_end();
    return rc;
}

int yank_sched_start(const struct yank_sched_attr *given,
                     struct yank_sched **out)
{
    struct yank_sched_attr attr;
    int rc = out == NULL ? YANK_EINVAL : check(given, &attr);
    struct yank_sched *s;

    if (rc != YANK_OK)
        return rc;
    s = new_sched(&attr);
    if (s == NULL)
        return YANK_ENOMEM;
    /* Before the threads: from here on yank_fini() says YANK_EBUSY.
     * Relaxed: a count. */
    atomic_fetch_add_explicit(&yank_rt.users, 1, memory_order_relaxed);
    rc = begin(s);
    if (rc != YANK_OK) {
        free_memory(s);
        /* Release, here and in stop: pairs with the acquire in yank_fini(). */
        atomic_fetch_sub_explicit(&yank_rt.users, 1, memory_order_release);
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
    stop_threads(s, true);
    if (s->catches_faults)
        yank_overflow_end();
    yank_tasks_free(s);
    yank_task_stacks_free(s);
    free_memory(s);
    atomic_fetch_sub_explicit(&yank_rt.users, 1, memory_order_release);
    return YANK_OK;
}
