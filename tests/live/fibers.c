/* A host with fibers and a switch of its own (ucontext) on two workers: the
 * monitor slices fibers that look at nothing, and they are cancelled,
 * abandoned and resumed with every register. */
#define _GNU_SOURCE
#include "live.h"
#include "sleeps.h"

#include <yank/host.h>

#include <pthread.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

#define WORKERS 2
#define STACK_BYTES (128 * 1024)

struct fiber {
    struct yank_g g;
    ucontext_t ctx;
    void (*fn)(struct fiber *);
    struct fiber *next;
    char *stack;
    _Atomic uint64_t count;
    _Atomic int ended, freed, cancelled;
    bool done;
    jmp_buf out;
    uint64_t sum, want;
};

struct worker {
    struct yank_m m;
    struct yank_p p;
    ucontext_t ctx;
    struct test_thread thread;
    struct fiber *current;
};

/* Under lock. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t more = PTHREAD_COND_INITIALIZER;
static struct fiber *queue;
static bool closing;

static struct worker workers[WORKERS];
static _Atomic int abandoned;
static _Thread_local struct worker *mine;

/* Not inlined: a fiber may come back on another thread. */
static __attribute__((noinline)) struct worker *me(void)
{
    __asm__ volatile("" ::: "memory");
    return mine;
}

/* --- the host ------------------------------------------------------------*/

static void push(struct fiber *f)
{
    struct fiber **at = &queue;

    pthread_mutex_lock(&lock);
    while (*at != NULL)
        at = &(*at)->next;
    f->next = NULL;
    *at = f;
    pthread_cond_broadcast(&more);
    pthread_mutex_unlock(&lock);
}

static bool fits(const struct fiber *f, const struct yank_m *m)
{
    struct yank_m *pin = yank_g_pinned(&f->g);

    return pin == NULL || pin == m;
}

/* Lock held. */
static struct fiber *pop(const struct yank_m *m)
{
    struct fiber **at = &queue, *f;

    while (*at != NULL && !fits(*at, m))
        at = &(*at)->next;
    f = *at;
    if (f != NULL)
        *at = f->next;
    return f;
}

/* Sleeps without a P, so no kick comes. */
static struct fiber *next_fiber(struct worker *w)
{
    struct fiber *f;

    pthread_mutex_lock(&lock);
    while ((f = pop(&w->m)) == NULL && !closing) {
        assert_int_equal(yank_m_release_p(&w->m), YANK_OK);
        pthread_cond_wait(&more, &lock);
        assert_int_equal(yank_m_acquire_p(&w->m, &w->p), YANK_OK);
    }
    pthread_mutex_unlock(&lock);
    return f;
}

static void preempted(void *ctx, struct yank_g *g)
{
    struct fiber *f = yank_g_user(g);

    (void)ctx;
    swapcontext(&f->ctx, &me()->ctx);
}

static void on_abandoned(void *ctx, struct yank_g *g, bool was_runnable)
{
    (void)ctx;
    (void)g;
    assert_false(was_runnable);
    atomic_fetch_add(&abandoned, 1);
}

static bool has_waiters(void *ctx, struct yank_m *m)
{
    bool any = false;

    (void)ctx;
    pthread_mutex_lock(&lock);
    for (struct fiber *f = queue; f != NULL && !any; f = f->next)
        any = fits(f, m);
    pthread_mutex_unlock(&lock);
    return any;
}

static const struct yank_host host = { .struct_size = sizeof host,
                                       .preempted = preempted,
                                       .preempted_stack_bytes = 16384,
                                       .abandoned = on_abandoned,
                                       .has_waiters = has_waiters };

static void free_fiber(struct fiber *f)
{
    assert_int_equal(yank_g_fini(&f->g), YANK_OK);
    memset(f->stack, 0xdd, STACK_BYTES);
    free(f->stack);
    f->stack = NULL;
    atomic_store(&f->freed, 1);
}

static void run(struct worker *w, struct fiber *f)
{
    int rc = yank_m_set_curg(&w->m, &f->g);

    if (rc == YANK_EDEAD) {
        free_fiber(f);
        return;
    }
    assert_int_equal(rc, YANK_OK);
    swapcontext(&w->ctx, &f->ctx);
    assert_int_equal(yank_m_set_curg(&w->m, NULL), YANK_OK);
    if (!f->done) {
        push(f);
        return;
    }
    free_fiber(f);
    atomic_store(&f->ended, 1);
}

static void *worker_main(void *arg)
{
    struct worker *w = arg;
    struct yank_m_attr a = { .struct_size = sizeof a, .host = &host };
    struct fiber *f;

    mine = w;
    assert_int_equal(yank_m_attach(&w->m, &a), YANK_OK);
    assert_int_equal(yank_m_acquire_p(&w->m, &w->p), YANK_OK);
    while ((f = next_fiber(w)) != NULL)
        run(w, f);
    assert_int_equal(yank_m_release_p(&w->m), YANK_OK);
    assert_int_equal(yank_m_detach(&w->m), YANK_OK);
    return NULL;
}

/* Alone: nothing of its caller lives in a register across the longjmp. */
static __attribute__((noinline)) void run_until_left(struct fiber *f)
{
    if (test_setjmp(f->out) == 0) {
        yank_poll(&f->g); /* cancelled before it began? */
        f->fn(f);
    }
}

static void fiber_main(unsigned hi, unsigned lo)
{
    struct fiber *f = (void *)((uintptr_t)hi << 32 | lo);

    run_until_left(f);
    f->done = true;
    swapcontext(&f->ctx, &me()->ctx);
    abort();
}

/* Alone, too: getcontext() may return twice, for all the compiler knows. */
static __attribute__((noinline)) void make_context(struct fiber *f)
{
    getcontext(&f->ctx);
    f->ctx.uc_stack.ss_sp = f->stack;
    f->ctx.uc_stack.ss_size = STACK_BYTES;
    f->ctx.uc_link = NULL;
    makecontext(&f->ctx, (void (*)(void))fiber_main, 2,
                (unsigned)((uintptr_t)f >> 32), (unsigned)(uintptr_t)f);
}

static struct fiber *go(void (*fn)(struct fiber *))
{
    struct yank_g_attr a = { .struct_size = sizeof a, .host = &host };
    struct fiber *f = NULL;
    void *stack = NULL;

    assert_int_equal(posix_memalign((void **)&f, 64, sizeof *f), 0);
    assert_int_equal(posix_memalign(&stack, 64, STACK_BYTES), 0);
    memset(f, 0, sizeof *f);
    f->fn = fn;
    f->stack = stack;
    a.user = f;
    a.stack =
        (struct yank_stack){ (uintptr_t)stack, (uintptr_t)stack + STACK_BYTES };
    assert_int_equal(yank_g_init(&f->g, &a), YANK_OK);
    make_context(f);
    push(f);
    return f;
}

static void open_host(bool monitor)
{
    struct yank_monitor_attr a = { .struct_size = sizeof a,
                                   .slice_ns = YANK_MONITOR_SLICE_MIN_NS,
                                   .own_thread = true };

    if (monitor)
        assert_int_equal(yank_monitor_start(&a), YANK_OK);
    closing = false;
    for (int i = 0; i < WORKERS; i++)
        assert_int_equal(
            test_thread_start(&workers[i].thread, worker_main, &workers[i]),
            0);
}

static void close_host(void)
{
    pthread_mutex_lock(&lock);
    closing = true;
    pthread_cond_broadcast(&more);
    pthread_mutex_unlock(&lock);
    for (int i = 0; i < WORKERS; i++)
        assert_int_equal(test_thread_join(&workers[i].thread, NULL), 0);
}

/* --- what runs on fibers -------------------------------------------------*/

YANK_TEXT static void endless(struct fiber *f)
{
    for (;;)
        atomic_store_explicit(
            &f->count,
            atomic_load_explicit(&f->count, memory_order_relaxed) + 1,
            memory_order_relaxed);
}

/* Integer and floating-point registers, all in use and all in the result. */
YANK_TEXT static uint64_t mix(uint64_t rounds)
{
    uint64_t a = 1, b = 2, c = 3, d = 4, e = 5;
    double x = 1, y = 2, z = 3, v[8] = { 1, 2, 3, 4, 5, 6, 7, 8 };

    for (uint64_t i = 0; i < rounds; i++) {
        a = a * 6364136223846793005u + b;
        b = (b << 7 | b >> 57) ^ c;
        c += d ^ i;
        d = d * 31 + e;
        e ^= a >> 11;
        x = x * 0.999 + y;
        y = y * 0.5 + z;
        z = z * 0.25 + 1;
        for (int k = 0; k < 8; k++)
            v[k] = v[k] * 0.75 + x;
    }
    for (int k = 0; k < 8; k++)
        x += v[k];
    return a ^ b ^ c ^ d ^ e ^ (uint64_t)(x * 1000) ^ (uint64_t)(y * 1000);
}

#define ROUNDS 3000000

YANK_TEXT static void sums(struct fiber *f)
{
    f->sum = mix(ROUNDS);
}

static void leave(void *arg)
{
    struct fiber *f = arg;

    atomic_store(&f->cancelled, 1);
    test_longjmp(f->out, 1);
}

static void cancel(struct fiber *f)
{
    struct yank_stop stop;

    assert_int_equal(yank_suspend_g(&f->g, SOON, &stop), YANK_OK);
    assert_int_equal(yank_resume_call(&stop, leave, f), YANK_OK);
    wait_for(&f->ended, 1);
    assert_int_equal(atomic_load(&f->cancelled), 1);
    free(f);
}

static void until_counts(struct fiber *f, int times)
{
    while (times-- > 0) {
        uint64_t seen = atomic_load(&f->count);

        while (atomic_load(&f->count) == seen)
            test_yield();
    }
}

/* --- the claims ----------------------------------------------------------*/

/* More endless fibers than workers, all of them on and on; then cancelled. */
static void live_endless_fibers_are_sliced_and_cancelled(void **state)
{
    enum { N = 5 };
    struct fiber *f[N];

    (void)state;
    open_host(true);
    for (int i = 0; i < N; i++)
        f[i] = go(endless);
    for (int round = 0; round < 5; round++)
        for (int i = 0; i < N; i++)
            until_counts(f[i], 2);
    for (int i = 0; i < N; i++)
        cancel(f[i]);
    close_host();
    assert_int_equal(yank_monitor_stop(), YANK_OK);
}

/* Before any worker is there, so that it is sure not to have begun. */
static void live_a_fiber_is_cancelled_before_it_begins(void **state)
{
    struct fiber *f = go(endless);
    struct yank_stop stop;

    (void)state;
    assert_int_equal(yank_suspend_g(&f->g, SOON, &stop), YANK_OK);
    assert_int_equal(yank_resume_call(&stop, leave, f), YANK_OK);
    open_host(false); /* nobody ends its slice */
    wait_for(&f->ended, 1);
    assert_int_equal(atomic_load(&f->cancelled), 1);
    assert_true(atomic_load(&f->count) == 0);
    free(f);
    close_host();
}

/* Its stack goes back while others run, and nobody misses it. */
static void live_an_abandoned_fiber_gives_its_stack_back(void **state)
{
    struct fiber *f[4];
    struct yank_stop stop;
    int rc;

    (void)state;
    open_host(true);
    atomic_store(&abandoned, 0);
    for (int i = 0; i < 4; i++)
        f[i] = go(endless);
    for (int i = 0; i < 3; i++) {
        until_counts(f[i], 1);
        do {
            assert_int_equal(yank_suspend_g(&f[i]->g, SOON, &stop), YANK_OK);
            rc = yank_abandon_g(&stop);
            if (rc != YANK_OK) { /* it came back and was asked just then */
                assert_int_equal(rc, YANK_EBUSY);
                assert_int_equal(yank_resume_g(&stop), YANK_OK);
            }
        } while (rc != YANK_OK);
        wait_for(&f[i]->freed, 1);
        free(f[i]);
    }
    assert_int_equal(atomic_load(&abandoned), 3);
    until_counts(f[3], 3);
    cancel(f[3]);
    close_host();
    assert_int_equal(yank_monitor_stop(), YANK_OK);
}

static void live_fibers_keep_their_registers(void **state)
{
    enum { N = 5 };
    struct fiber *f[N];
    uint64_t want = mix(ROUNDS), before = answers(YANK_INJECTED);

    (void)state;
    open_host(true);
    for (int i = 0; i < N; i++)
        f[i] = go(sums);
    for (int i = 0; i < N; i++) {
        wait_for(&f[i]->ended, 1);
        assert_true(f[i]->sum == want);
        free(f[i]);
    }
    assert_true(answers(YANK_INJECTED) > before);
    close_host();
    assert_int_equal(yank_monitor_stop(), YANK_OK);
}

static void live_suspends_storm_over_fibers(void **state)
{
    enum { N = 4 };
    struct fiber *f[N];
    struct yank_g *gs[N];
    struct yank_stop stops[N];

    (void)state;
    open_host(true);
    for (int i = 0; i < N; i++) {
        f[i] = go(endless);
        gs[i] = &f[i]->g;
    }
    for (int round = 0; round < 300; round++) {
        uint64_t seen[N];

        assert_int_equal(yank_suspend_many(gs, N, SOON, stops), YANK_OK);
        for (int i = 0; i < N; i++)
            seen[i] = atomic_load(&f[i]->count);
        test_yield();
        for (int i = 0; i < N; i++) {
            assert_true(atomic_load(&f[i]->count) == seen[i]);
            assert_int_equal(yank_resume_g(&stops[i]), YANK_OK);
        }
    }
    for (int i = 0; i < N; i++)
        cancel(f[i]);
    close_host();
    assert_int_equal(yank_monitor_stop(), YANK_OK);
}

/* Nobody else woke up for a whole window. */
static void until_all_sleep(void)
{
    _Atomic uint32_t never = 0;
    uint64_t before;

    do {
        before = sleeps_so_far();
        yank_os_wait(&never, 0, yank_now_ns() + SECOND / 3);
    } while (sleeps_so_far() != before);
}

static void live_an_idle_monitor_does_not_wake(void **state)
{
    struct yank_stop stop;
    struct fiber *f;

    (void)state;
    open_host(true);
    f = go(endless);
    until_counts(f, 3);
    assert_int_equal(yank_suspend_g(&f->g, SOON, &stop), YANK_OK);
    until_all_sleep(); /* nothing runs; f cannot end while it is held */
    assert_int_equal(yank_resume_call(&stop, leave, f), YANK_OK);
    wait_for(&f->ended, 1);
    free(f);
    close_host();
    assert_int_equal(yank_monitor_stop(), YANK_OK);
}

static void live_the_child_of_a_fork_can_start_a_monitor(void **state)
{
    struct yank_monitor_attr a = { .struct_size = sizeof a,
                                   .slice_ns = SECOND,
                                   .own_thread = true };
    int status = 0;
    pid_t pid;

    (void)state;
    /* QEMU's own lists of threads are not whole in a child of fork: 7.2 aborts
     * in its core when such a child makes one. */
    if (yank_os_kick_scale() > 1)
        skip();
    open_host(true);
    until_all_sleep(); /* and hold no lock of a sanitizer's that the child's
                        * pthread_create() would wait for */
    yank_fork_prepare();
    pid = fork();
    if (pid == 0) {
        yank_fork_child();
        _exit(yank_monitor_stop() == YANK_EINVAL &&
                      yank_monitor_start(&a) == YANK_OK &&
                      yank_monitor_start(&a) == YANK_EBUSY &&
                      yank_monitor_stop() == YANK_OK
                  ? 0
                  : 1);
    }
    yank_fork_parent();
    assert_true(pid > 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    close_host();
    assert_int_equal(yank_monitor_stop(), YANK_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(live_endless_fibers_are_sliced_and_cancelled),
        cmocka_unit_test(live_a_fiber_is_cancelled_before_it_begins),
        cmocka_unit_test(live_an_abandoned_fiber_gives_its_stack_back),
        cmocka_unit_test(live_fibers_keep_their_registers),
        cmocka_unit_test(live_suspends_storm_over_fibers),
        cmocka_unit_test(live_an_idle_monitor_does_not_wake),
        cmocka_unit_test(live_the_child_of_a_fork_can_start_a_monitor),
    };

    return live_main(tests, sizeof tests / sizeof tests[0], true);
}
