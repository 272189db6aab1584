/* What the seed commit promised, by name: each behaviour on a real thread. */
#define _GNU_SOURCE
#include "live.h"


/* --- loops that ask for nothing ----------------------------------------- */

YANK_TEXT static void counting_loop(struct target *x)
{
    while (!atomic_load_explicit(&x->quit, memory_order_acquire))
        atomic_fetch_add_explicit(&x->count, 1, memory_order_relaxed);
}

YANK_TEXT static void empty_loop(struct target *x)
{
    (void)x;
    for (;;)
        __asm__ volatile("");
}

YANK_TEXT static void frameless(_Atomic uint64_t *count)
{
    for (;;)
        atomic_store_explicit(
            count, 1 + atomic_load_explicit(count, memory_order_relaxed),
            memory_order_relaxed);
}

YANK_TEXT static void frameless_loop(struct target *x)
{
    frameless(&x->count);
}

YANK_TEXT static void callee(struct target *x)
{
    atomic_fetch_add_explicit(&x->count, 1, memory_order_relaxed);
}

YANK_TEXT static void calls_only_loop(struct target *x)
{
    for (;;)
        callee(x);
}

/* Not registered: Yank must leave it alone. */
static void unsafe_loop(struct target *x)
{
    while (!atomic_load_explicit(&x->quit, memory_order_acquire))
        atomic_fetch_add_explicit(&x->count, 1, memory_order_relaxed);
}

/* --- tests -------------------------------------------------------------- */

static void stop_resume_and_end(void (*loop)(struct target *))
{
    struct target *x = target_start(loop, NULL);

    for (int i = 0; i < 200; i++) {
        struct yank_stop stop;

        assert_int_equal(yank_suspend_g(&x->t.g, SOON, &stop), YANK_OK);
        assert_true(stop.async);
        assert_true(yank_code_is_registered(stop.pc));
        assert_int_equal(yank_resume_g(&stop), YANK_OK);
    }
    target_cancel(x);
}

static void live_empty_loop_is_stopped(void **state)
{
    (void)state;
    stop_resume_and_end(empty_loop);
}

static void live_frameless_loop_is_stopped(void **state)
{
    (void)state;
    stop_resume_and_end(frameless_loop);
}

static void live_calls_only_loop_is_stopped(void **state)
{
    (void)state;
    stop_resume_and_end(calls_only_loop);
}

static void live_stopped_loop_stays_stopped_and_resumes(void **state)
{
    struct target *x = target_start(counting_loop, NULL);
    struct target *other = target_start(counting_loop, NULL);
    struct yank_stop stop;

    (void)state;
    for (int i = 0; i < 100; i++) {
        wait_for_progress(x);
        assert_int_equal(yank_suspend_g(&x->t.g, SOON, &stop), YANK_OK);
        uint64_t seen = atomic_load(&x->count);
        wait_for_progress(other);
        wait_for_progress(other);
        assert_int_equal(atomic_load(&x->count), seen);
        assert_int_equal(yank_resume_g(&stop), YANK_OK);
        wait_for_progress(x);
    }
    target_join(x);
    target_join(other);
}

static void live_unsafe_code_never_stops_and_generation_moves(void **state)
{
    struct target *x = target_start(unsafe_loop, NULL);
    struct yank_stop stop;
    uint32_t gen = atomic_load(&x->t.m.preempt_gen);
    uint64_t refused = answers(YANK_REFUSED_UNREGISTERED);

    (void)state;
    wait_for_progress(x);
    /* Until refusals have come back, not for a time. */
    while (answers(YANK_REFUSED_UNREGISTERED) - refused < 3)
        assert_int_equal(
            yank_suspend_g(&x->t.g, yank_now_ns() + SECOND / 100, &stop),
            YANK_ETIMEDOUT);
    assert_null(stop.g);
    assert_true(atomic_load(&x->t.m.preempt_gen) - gen >= 3);
    wait_for_progress(x);
    target_join(x);
}

YANK_TEXT static void safe_for_a_moment(struct target *x)
{
    for (int i = 0; i < 2000; i++)
        atomic_fetch_add_explicit(&x->count, 1, memory_order_relaxed);
}

static void mostly_unsafe_loop(struct target *x)
{
    volatile int busy;

    while (!atomic_load_explicit(&x->quit, memory_order_acquire)) {
        for (busy = 0; busy < 200000; busy++)
            ;
        safe_for_a_moment(x);
    }
}

static void live_unsafe_point_is_asked_again(void **state)
{
    struct target *x = target_start(mostly_unsafe_loop, NULL);
    uint64_t refused = answers(YANK_REFUSED_UNREGISTERED);

    (void)state;
    do {
        struct yank_stop stop;

        assert_int_equal(yank_suspend_g(&x->t.g, SOON, &stop), YANK_OK);
        assert_true(stop.async);
        assert_int_equal(yank_resume_g(&stop), YANK_OK);
        wait_for_progress(x);
    } while (answers(YANK_REFUSED_UNREGISTERED) == refused);
    target_join(x);
}

/* A stack that ends need bytes below the loop's SP is just enough; one byte
 * less is not. */
static void live_too_little_stack_refuses(void **state)
{
    struct target *x = target_start(counting_loop, NULL);
    uint64_t refused = answers(YANK_REFUSED_ROOM);
    struct yank_stop stop;
    struct yank_caps caps;

    (void)state;
    assert_int_equal(yank_get_caps(&caps), YANK_OK);
    assert_int_equal(yank_suspend_g(&x->t.g, SOON, &stop), YANK_OK);
    uintptr_t limit = stop.sp - caps.async_preempt_stack;
    assert_int_equal(x->t.g.guard - x->t.g.lo,
                     caps.async_preempt_stack + yank_os_stack_reserve_bytes);
    x->t.g.guard = limit + caps.async_preempt_stack;
    assert_int_equal(yank_resume_g(&stop), YANK_OK);
    wait_for_progress(x);
    assert_int_equal(yank_suspend_g(&x->t.g, SOON, &stop), YANK_OK);
    assert_true(stop.async);
    x->t.g.guard = limit + 1 + caps.async_preempt_stack;
    assert_int_equal(yank_resume_g(&stop), YANK_OK);
    wait_for_progress(x);
    while (answers(YANK_REFUSED_ROOM) == refused)
        assert_int_equal(
            yank_suspend_g(&x->t.g, yank_now_ns() + SECOND / 100, &stop),
            YANK_ETIMEDOUT);
    wait_for_progress(x);
    target_join(x);
}

static void live_off_switch_leaves_polls(void **state)
{
    struct target *x = target_start(counting_loop, NULL);
    struct yank_stop stop;
    struct yank_caps caps;
    uint64_t off = answers(YANK_REFUSED_OFF);

    (void)state;
    assert_int_equal(yank_set_async(false), YANK_OK);
    assert_int_equal(yank_get_caps(&caps), YANK_OK);
    assert_false(caps.active & YANK_CAP_ASYNC);
    assert_int_equal(
        yank_suspend_g(&x->t.g, yank_now_ns() + SECOND / 50, &stop),
        YANK_ETIMEDOUT);
    /* A kick that is on its way has no effect. */
    assert_int_equal(yank_preempt_m(&x->t.m), YANK_OK);
    while (answers(YANK_REFUSED_OFF) == off)
        test_yield();
    wait_for_progress(x);
    assert_int_equal(yank_set_async(true), YANK_OK);
    assert_int_equal(yank_suspend_g(&x->t.g, SOON, &stop), YANK_OK);
    assert_int_equal(yank_resume_g(&stop), YANK_OK);

    wait_for_progress(x); /* Runnable could be claimed without a kick */
    assert_int_equal(yank_g_set_async(&x->t.g, false), YANK_OK);
    assert_int_equal(
        yank_suspend_g(&x->t.g, yank_now_ns() + SECOND / 50, &stop),
        YANK_ETIMEDOUT);
    assert_int_equal(yank_g_set_async(&x->t.g, true), YANK_OK);
    target_join(x);
}

static void polling_loop(struct target *x)
{
    while (!atomic_load_explicit(&x->quit, memory_order_acquire)) {
        atomic_fetch_add_explicit(&x->count, 1, memory_order_relaxed);
        yank_poll(&x->t.g);
    }
}

static void live_shrink_is_unsafe_only_while_async_stopped(void **state)
{
    struct target *x = target_start(counting_loop, NULL);
    struct target *y = target_start(polling_loop, NULL);
    struct yank_stop stop;

    (void)state;
    assert_int_equal(yank_suspend_g(&x->t.g, SOON, &stop), YANK_OK);
    assert_false(yank_is_shrink_stack_safe(&stop));
    assert_int_equal(yank_resume_g(&stop), YANK_OK);

    assert_int_equal(yank_suspend_g(&y->t.g, SOON, &stop), YANK_OK);
    assert_false(stop.async);
    assert_true(yank_is_shrink_stack_safe(&stop));
    assert_int_equal(yank_resume_g(&stop), YANK_OK);
    target_join(x);
    target_join(y);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(live_empty_loop_is_stopped),
        cmocka_unit_test(live_frameless_loop_is_stopped),
        cmocka_unit_test(live_calls_only_loop_is_stopped),
        cmocka_unit_test(live_stopped_loop_stays_stopped_and_resumes),
        cmocka_unit_test(live_unsafe_code_never_stops_and_generation_moves),
        cmocka_unit_test(live_unsafe_point_is_asked_again),
        cmocka_unit_test(live_too_little_stack_refuses),
        cmocka_unit_test(live_off_switch_leaves_polls),
        cmocka_unit_test(live_shrink_is_unsafe_only_while_async_stopped),
    };

    return live_main(tests, YANK_ARRAY_LEN(tests), true);
}
