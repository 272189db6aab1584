/* The injected call by itself: a thread kicks itself in turns with a bare
 * signal to itself.  It is a fiber, on its own stack, of a host whose hook
 * returns at once: handler, call, full spill, g0, hook, reload, and nothing of
 * a scheduler. */
#define _GNU_SOURCE /* pthread_getattr_np */
#include "bench_latency.h"

#include <yank/host.h>

#include <pthread.h>
#include <sys/syscall.h>
#include <unistd.h>

static unsigned calls; /* of the hook */

static void preempted(void *ctx, struct yank_g *g)
{
    (void)ctx;
    (void)g;
    calls++;
}

static void abandoned(void *ctx, struct yank_g *g, bool was_runnable)
{
    (void)ctx;
    (void)g;
    (void)was_runnable;
}

static const struct yank_host host = { .struct_size = sizeof host,
                                       .abandoned = abandoned,
                                       .preempted = preempted,
                                       .preempted_stack_bytes = 4096 };

/* Registered, and with a system call of its own: the signal is delivered on
 * the way back, to an instruction where the code may be stopped. */
YANK_TEXT static long send_self(long pid, long tid, long signo)
{
    long rc;

    __asm__ volatile("syscall"
                     : "=a"(rc)
                     : "a"((long)SYS_tgkill), "D"(pid), "S"(tid), "d"(signo)
                     : "rcx", "r11", "memory");
    return rc;
}

bool bench_self_signal(struct bench_series *s, int signo)
{
    long pid = getpid(), tid = syscall(SYS_gettid);
    int64_t start = yank_now_ns();

    if (send_self(pid, tid, signo) != 0)
        return bench_failed("tgkill");
    bench_add(s, (double)(yank_now_ns() - start));
    return true;
}

static bool own_stack(struct yank_stack *out)
{
    pthread_attr_t a;
    void *lo;
    size_t bytes;
    bool ok = pthread_getattr_np(pthread_self(), &a) == 0;

    if (!ok)
        return false;
    ok = pthread_attr_getstack(&a, &lo, &bytes) == 0;
    pthread_attr_destroy(&a);
    out->lo = (uintptr_t)lo;
    out->hi = (uintptr_t)lo + bytes;
    return ok;
}

static bool in_turns(struct yank_g *g, struct latency *l, int n, int signo)
{
    struct bench_series *s = l->series;

    for (int i = 0; i < n; i++) {
        unsigned before = calls;

        if (!bench_self_signal(&s[FLOOR_SELF_SIGNAL], FLOOR_SIGNO) ||
            yank_preempt_g(g) != YANK_OK ||
            !bench_self_signal(&s[INJECT], signo))
            return false;
        if (calls != before + 1) /* it was stopped there */
            return bench_failed("a kick to itself called nothing");
    }
    return true;
}

bool bench_inject(struct yank_m *m, struct latency *l, int n, int signo)
{
    static struct yank_g g;
    struct yank_g_attr a = { .struct_size = sizeof a, .host = &host };
    bool ok;

    if (!own_stack(&a.stack) || yank_g_init(&g, &a) != YANK_OK ||
        yank_m_set_curg(m, &g) != YANK_OK)
        return bench_failed("a fiber on the thread's own stack");
    ok = in_turns(&g, l, n, signo);
    return yank_m_set_curg(m, NULL) == YANK_OK &&
           yank_g_fini(&g) == YANK_OK && ok;
}
