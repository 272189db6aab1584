/* How long a suspend of a running task takes.  Each endless kind runs alone
 * for a while, so that the task is on a thread whenever it is asked. */
#include "demo.h"

#include <stdlib.h>

#define SECONDS_EACH 1

static int compare(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return (x > y) - (x < y);
}

struct demo_latency demo_percentiles(int64_t *samples, int n)
{
    if (n == 0)
        return (struct demo_latency){ 0 };
    qsort(samples, (size_t)n, sizeof *samples, compare);
    return (struct demo_latency){ .p50_ns = samples[n / 2],
                                  .p99_ns = samples[n * 99 / 100],
                                  .samples = n,
                                  .sorted = samples };
}

struct endless {
    const struct demo_kind *kind;
    void *state;
};

static void endless_body(void *arg)
{
    struct endless *e = arg;

    demo_place(1); /* its thread */
    e->kind->endless(e->kind, &e->state);
}

static bool is_on_a_thread(struct yank_task *t)
{
    struct yank_task_stats stats;

    return yank_task_stats(t, &stats) != YANK_OK ||
           stats.state == YANK_TASK_RUNS;
}

/* It was resumed: wait until it is on a thread again, in its loop, and the
 * system has found it a processor for that.  Its runs do not say so: one that
 * is stopped just before it goes on goes on with the same. */
static void wait_running(struct yank_task *t)
{
    do
        demo_sleep_ns(300000);
    while (!is_on_a_thread(t));
}

static int suspend_often(struct yank_task *t, int64_t *samples, int n)
{
    int64_t end = yank_now_ns() + SECONDS_EACH * 1000000000LL;
    int got = 0;

    while (got < n && yank_now_ns() < end) {
        struct yank_stop stop;
        int64_t start;

        wait_running(t);
        start = yank_now_ns();
        if (yank_task_suspend(t, start + 1000000000, &stop) != YANK_OK)
            break;
        samples[got++] = yank_now_ns() - start;
        yank_resume_g(&stop);
    }
    return got;
}

int demo_end(struct yank_task *t, int64_t deadline_ns)
{
    struct yank_stop stop;
    int rc = yank_task_suspend(t, deadline_ns, &stop);

    if (rc == YANK_OK)
        rc = yank_abandon_g(&stop);
    if (rc != YANK_OK && rc != YANK_EDEAD)
        return rc;
    rc = yank_join(t, deadline_ns, NULL);
    return rc == YANK_OK ? yank_task_release(t) : rc;
}

/* A twin later in the list: one of both is enough. */
static bool is_new(int i)
{
    for (int k = 0; k < i; k++)
        if (demo_kinds[k].endless == demo_kinds[i].endless &&
            demo_kinds[k].script == demo_kinds[i].script)
            return false;
    return true;
}

int demo_measure_suspend(struct yank_sched *sched, int64_t *samples, int n)
{
    static struct endless kept[DEMO_KINDS]; /* abandoned interpreters stay */
    int got = 0, kinds = 0;

    for (int i = 0; i < DEMO_KINDS; i++)
        kinds += demo_kinds[i].endless != NULL;
    for (int i = 0; i < DEMO_KINDS; i++) {
        const struct demo_kind *kind = &demo_kinds[i];
        struct yank_task *task;

        if (kind->endless == NULL || !is_new(i) ||
            (kind->supported != NULL && !kind->supported()))
            continue;
        kept[i] = (struct endless){ .kind = kind };
        if (yank_go(sched, endless_body, &kept[i], NULL, &task) != YANK_OK)
            break;
        got += suspend_often(task, samples + got, n / kinds);
        if (demo_end(task, YANK_NO_DEADLINE) != YANK_OK)
            break; /* yank_sched_stop() will say so */
    }
    return got;
}
