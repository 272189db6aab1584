/* Do equal tasks get equal shares?  By the work that each has done. */
#define _GNU_SOURCE /* nanosleep */
#include "../examples/demo/demo.h"
#include "bench_slices.h"

#include <time.h>

#define TASKS_MAX 64
#define SLICE_NS 1000000

static struct share {
    _Alignas(64) _Atomic uint64_t work;
    struct yank_task *task;
} share[TASKS_MAX];
static atomic_bool over;

YANK_TEXT static void work(void *arg)
{
    struct share *s = arg;
    uint64_t n = 0;

    while (!atomic_load_explicit(&over, memory_order_relaxed))
        atomic_store_explicit(&s->work, ++n, memory_order_relaxed);
}

static double jain_index(int tasks)
{
    double sum = 0, squares = 0;

    for (int i = 0; i < tasks; i++) {
        double x = (double)atomic_load(&share[i].work);

        sum += x;
        squares += x * x;
    }
    return squares > 0 ? sum * sum / (tasks * squares) : 0;
}

static bool end(struct yank_task *t)
{
    return yank_join(t, YANK_NO_DEADLINE, NULL) == YANK_OK &&
           yank_task_release(t) == YANK_OK;
}

bool slices_jain(int threads, int tasks, int64_t run_ns, double *jain)
{
    struct yank_sched_attr attr = { .struct_size = sizeof attr,
                                    .threads = (unsigned)threads,
                                    .slice_ns = SLICE_NS };
    const struct timespec t = { .tv_sec = run_ns / 1000000000,
                                .tv_nsec = run_ns % 1000000000 };
    struct yank_sched *sched;

    atomic_store(&over, false);
    if (yank_sched_start(&attr, &sched) != YANK_OK)
        return false;
    for (int i = 0; i < tasks; i++) {
        atomic_store(&share[i].work, 0);
        if (yank_go(sched, work, &share[i], NULL, &share[i].task) != YANK_OK)
            return false;
    }
    nanosleep(&t, NULL);
    atomic_store(&over, true);
    /* Before they end: what is counted is the time until now. */
    *jain = jain_index(tasks);
    for (int i = 0; i < tasks; i++)
        if (!end(share[i].task))
            return false;
    return yank_sched_stop(sched) == YANK_OK;
}
