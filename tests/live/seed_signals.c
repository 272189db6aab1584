/* What a kick is where it is a signal: requests share one that is on its way,
 * and one from elsewhere asks for nothing. */
#define _GNU_SOURCE
#include "live.h"
#include "thread_signals.h"

YANK_TEXT static void counting_loop(struct target *x)
{
    while (!atomic_load_explicit(&x->quit, memory_order_acquire))
        atomic_fetch_add_explicit(&x->count, 1, memory_order_relaxed);
}

/* While the signal is blocked every request but the first finds one pending,
 * and the kernel merges the resends. */
static void blocked_loop(struct target *x)
{
    sigset_t kick;

    sigemptyset(&kick);
    sigaddset(&kick, yank_rt.signo);
    pthread_sigmask(SIG_BLOCK, &kick, NULL);
    atomic_store(&x->running, 2);
    wait_for(&x->running, 3);
    pthread_sigmask(SIG_UNBLOCK, &kick, NULL);
    atomic_store(&x->running, 4);
    counting_loop(x);
}

static void live_requests_coalesce(void **state)
{
    struct target *x = target_start(blocked_loop, NULL);
    struct yank_counters before, after;
    struct yank_stop stop;

    (void)state;
    wait_for(&x->running, 2);
    yank_get_counters(&before);
    uint32_t gen = atomic_load(&x->t.m.preempt_gen);
    for (int i = 0; i < 50; i++)
        assert_int_equal(
            yank_suspend_g(&x->t.g, yank_now_ns() + 100000, &stop),
            YANK_ETIMEDOUT);
    yank_get_counters(&after);
    /* One first kick; all later requests saw it on its way. */
    assert_int_equal(after.kicks_sent - before.kicks_sent, 1);
    assert_int_equal(atomic_load(&x->t.m.preempt_gen), gen);
    atomic_store(&x->running, 3);
    wait_for(&x->running, 4);
    assert_int_equal(atomic_load(&x->t.m.preempt_gen), gen + 1);
    assert_int_equal(yank_suspend_g(&x->t.g, SOON, &stop), YANK_OK);
    assert_int_equal(yank_resume_g(&stop), YANK_OK);
    target_join(x);
}

static void live_off_switch_ignores_signals_from_outside(void **state)
{
    struct target *x = target_start(counting_loop, NULL);
    uint64_t off = answers(YANK_REFUSED_OFF);

    (void)state;
    assert_int_equal(yank_set_async(false), YANK_OK);
    thread_signals_send(&x->thread, yank_rt.signo);
    while (answers(YANK_REFUSED_OFF) == off)
        test_yield();
    wait_for_progress(x);
    assert_int_equal(yank_set_async(true), YANK_OK);
    target_join(x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(live_requests_coalesce),
        cmocka_unit_test(live_off_switch_ignores_signals_from_outside),
    };

    return live_main(tests, YANK_ARRAY_LEN(tests), true);
}
