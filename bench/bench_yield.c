/* yank_yield() between two tasks of sched/ on one thread. */
#define _GNU_SOURCE /* siginfo_t */
#include "../examples/demo/demo.h"
#include "bench_latency.h"

#define BATCH 1000

static struct yank_sched *sched;
static struct bench_series *series;
static int batches;
static atomic_bool met, over;

static void partner(void *arg)
{
    (void)arg;
    atomic_store(&met, true);
    while (!atomic_load_explicit(&over, memory_order_relaxed))
        yank_yield();
}

static void measurer(void *arg)
{
    (void)arg;
    demo_place(1); /* the thread of both */
    while (!atomic_load(&met))
        yank_yield();
    for (int k = 0; k < batches; k++) {
        int64_t start = yank_now_ns();

        for (int i = 0; i < BATCH; i++)
            yank_yield();
        bench_add(series, (double)(yank_now_ns() - start) / (2 * BATCH));
    }
    atomic_store(&over, true);
}

bool bench_yield_start(void)
{
    struct yank_sched_attr a = { .struct_size = sizeof a, .threads = 1 };

    return yank_sched_start(&a, &sched) == YANK_OK;
}

bool bench_yield_stop(void)
{
    return yank_sched_stop(sched) == YANK_OK;
}

static bool end(struct yank_task *t)
{
    return yank_join(t, YANK_NO_DEADLINE, NULL) == YANK_OK &&
           yank_task_release(t) == YANK_OK;
}

bool bench_yield(struct latency *l, int n)
{
    struct yank_task *a, *b;

    series = &l->series[YIELD];
    batches = n;
    atomic_store(&met, false);
    atomic_store(&over, false);
    if (yank_go(sched, measurer, NULL, NULL, &a) != YANK_OK)
        return false;
    if (yank_go(sched, partner, NULL, NULL, &b) != YANK_OK)
        return false;
    return end(a) && end(b);
}
