/* What one thread does to itself: signals, switches, regions.  A thread on the
 * second processor is an M with a host of two Gs, one of which works; the
 * other is switched to and back.  The floors run on the same G. */
#define _GNU_SOURCE /* syscall */
#include "../examples/demo/demo.h"
#include "bench_latency.h"

#include <yank/host.h>

#include <pthread.h>
#include <semaphore.h>
#include <sys/syscall.h>
#include <unistd.h>

#define BATCH 1000
#define STACK_BYTES 65536

/* Boost.Context, of which the two symbols that are C are used. */
struct transfer {
    void *fctx, *data;
};
struct transfer jump_fcontext(void *to, void *data);
void *make_fcontext(void *sp, size_t size, void (*fn)(struct transfer));

static struct {
    struct yank_m m;
    struct yank_p p;
    struct yank_g worker, other;
    struct yank_host host;
    void *fctx;
    pthread_t thread;
    sem_t begin, done;
    bool ok, quit;
    struct latency *l;
    int n, batches;
    int signo;      /* the kick */
    unsigned turns; /* given by the host after a stop */
} local;
static _Alignas(64) char stack[3][STACK_BYTES];

/* --- the host ------------------------------------------------------------ */

static void ready(void *ctx, struct yank_g *g)
{
    (void)ctx; /* there are two, and each place knows whose turn it is */
    (void)g;
}

/* The worker has stopped at a kick: it is its turn again. */
static struct yank_g *schedule(void *ctx, struct yank_m *m)
{
    (void)ctx;
    local.turns++;
    return yank_m_take(m, &local.worker) == YANK_OK ? &local.worker : NULL;
}

static void abandoned(void *ctx, struct yank_g *g, bool was_runnable)
{
    (void)ctx;
    (void)g;
    (void)was_runnable;
}

/* What a scheduler does to switch: one goes into the queue, another comes. */
static struct yank_g *to_next(struct yank_m *m, struct yank_g *g, void *next)
{
    yank_g_leave(m, g, YANK_LEAVE_RUNNABLE);
    return yank_m_take(m, next) == YANK_OK ? next : NULL;
}

static struct yank_g *same_again(struct yank_m *m, struct yank_g *g, void *arg)
{
    (void)m;
    (void)arg;
    return g;
}

static struct yank_g *until_ready(struct yank_m *m, struct yank_g *g, void *arg)
{
    (void)arg;
    yank_g_leave(m, g, YANK_LEAVE_WAITING);
    return NULL;
}

/* --- figures; on the worker ---------------------------------------------- */

static void on_floor(int signo, siginfo_t *info, void *uc)
{
    (void)signo;
    (void)info;
    (void)uc;
}

static bool self_kick(struct bench_series *s)
{
    unsigned turns = local.turns;

    if (yank_preempt_g(&local.worker) != YANK_OK ||
        !bench_self_signal(s, local.signo))
        return false;
    return local.turns == turns + 1 || /* it was stopped there */
           bench_failed("a kick to itself did not stop the task");
}

/* A batch of a figure, in ns of one. */
static double per(int64_t start, int n)
{
    return (double)(yank_now_ns() - start) / n;
}

static void floor_switch(struct bench_series *s)
{
    int64_t start = yank_now_ns();

    for (int i = 0; i < BATCH; i++)
        local.fctx = jump_fcontext(local.fctx, NULL).fctx;
    bench_add(s, per(start, 2 * BATCH));
}

static void switches(struct bench_series *s)
{
    int64_t start = yank_now_ns();

    for (int i = 0; i < BATCH; i++)
        yank_mcall(to_next, &local.other);
    bench_add(s, per(start, 2 * BATCH));
}

static void mcalls(struct bench_series *s)
{
    int64_t start = yank_now_ns();

    for (int i = 0; i < BATCH; i++)
        yank_mcall(same_again, NULL);
    bench_add(s, per(start, BATCH));
}

static void regions(struct bench_series *s)
{
    struct yank_g *g = &local.worker;
    int64_t start = yank_now_ns();

    for (int i = 0; i < BATCH; i++) {
        yank_preempt_disable(g);
        yank_preempt_enable(g);
    }
    bench_add(s, per(start, BATCH));
}

static bool measure(void)
{
    struct bench_series *s = local.l->series;

    for (int i = 0; i < local.n; i++)
        if (!self_kick(&s[SELF_KICK]))
            return false;
    for (int i = 0; i < local.batches; i++) {
        floor_switch(&s[FLOOR_SWITCH]);
        switches(&s[SWITCH]);
        mcalls(&s[MCALL]);
        regions(&s[REGION]);
    }
    return true;
}

static void worker_main(void *arg)
{
    (void)arg;
    for (;;) {
        local.ok = measure();
        yank_mcall(until_ready, NULL);
    }
}

static void other_main(void *arg)
{
    (void)arg;
    for (;;)
        yank_mcall(to_next, &local.worker);
}

static void jumper(struct transfer from)
{
    for (;;)
        from = jump_fcontext(from.fctx, NULL);
}

/* --- the thread ---------------------------------------------------------- */

static bool init_g(struct yank_g *g, void (*entry)(void *), char *bytes)
{
    struct yank_g_attr a = { .struct_size = sizeof a,
                             .host = &local.host,
                             .stack = { (uintptr_t)bytes,
                                        (uintptr_t)bytes + STACK_BYTES },
                             .entry = entry };

    return yank_g_init(g, &a) == YANK_OK;
}

static bool set_up(void)
{
    struct yank_caps caps;

    local.host = (struct yank_host){ .struct_size = sizeof local.host,
                                     .ready = ready,
                                     .schedule = schedule,
                                     .abandoned = abandoned };
    local.fctx = make_fcontext(stack[2] + STACK_BYTES, STACK_BYTES, jumper);
    if (yank_get_caps(&caps) != YANK_OK)
        return false;
    local.signo = caps.signo;
    return yank_m_attach(&local.m, NULL) == YANK_OK &&
           yank_m_acquire_p(&local.m, &local.p) == YANK_OK &&
           init_g(&local.worker, worker_main, stack[0]) &&
           init_g(&local.other, other_main, stack[1]) &&
           yank_ready(&local.other) == YANK_OK;
}

static void run_worker(void)
{
    if (!bench_inject(&local.m, local.l, local.n, local.signo))
        local.ok = false;
    else if (yank_ready(&local.worker) == YANK_OK &&
        yank_m_take(&local.m, &local.worker) == YANK_OK)
        yank_execute(&local.m, &local.worker);
    else
        local.ok = false;
}

static void *local_main(void *arg)
{
    (void)arg;
    demo_place(1);
    local.ok = set_up();
    for (;;) {
        sem_post(&local.done);
        while (sem_wait(&local.begin) != 0) {
        }
        if (local.quit)
            break;
        run_worker();
    }
    yank_m_release_p(&local.m);
    yank_m_detach(&local.m);
    return NULL;
}

bool bench_local_start(void)
{
    if (sem_init(&local.begin, 0, 0) != 0 || sem_init(&local.done, 0, 0) != 0 ||
        pthread_create(&local.thread, NULL, local_main, NULL) != 0)
        return false;
    sem_wait(&local.done);
    return local.ok;
}

bool bench_local_stop(void)
{
    local.quit = true;
    sem_post(&local.begin);
    return pthread_join(local.thread, NULL) == 0;
}

bool bench_local(struct latency *l, int n, int batches)
{
    if (!bench_floor_handler(on_floor))
        return false;
    local.l = l;
    local.n = n;
    local.batches = batches;
    sem_post(&local.begin);
    while (sem_wait(&local.done) != 0) {
    }
    return local.ok;
}
