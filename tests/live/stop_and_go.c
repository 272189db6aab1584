/* Stops in all their forms on real threads: held, many at once, each other,
 * in regions, in blocking calls, with a call to make, in code that comes and
 * goes. */
#define _GNU_SOURCE
#include "live.h"

#include <errno.h>
#include <string.h>

YANK_TEXT static void counting_loop(struct target *x)
{
    while (!atomic_load_explicit(&x->quit, memory_order_acquire))
        atomic_fetch_add_explicit(&x->count, 1, memory_order_relaxed);
}

/* --- handles ------------------------------------------------------------ */

static void live_stop_is_resumed_once(void **state)
{
    struct target *x = target_start(counting_loop, NULL);
    struct yank_stop stop, copy;

    (void)state;
    assert_int_equal(yank_suspend_g(&x->t.g, SOON, &stop), YANK_OK);
    copy = stop;
    assert_int_equal(yank_resume_g(&stop), YANK_OK);
    assert_int_equal(yank_resume_g(&stop), YANK_ERESUMED);
    assert_int_equal(yank_resume_g(&copy), YANK_ERESUMED);
    target_join(x);
}

static void *resumer(void *arg)
{
    return (void *)(intptr_t)yank_resume_g(arg);
}

static void live_another_thread_resumes(void **state)
{
    struct target *x = target_start(counting_loop, NULL);
    struct yank_stop stop;
    struct test_thread other;
    void *rc;

    (void)state;
    assert_int_equal(yank_suspend_g(&x->t.g, SOON, &stop), YANK_OK);
    test_thread_start(&other, resumer, &stop);
    test_thread_join(&other, &rc);
    assert_int_equal((intptr_t)rc, YANK_OK);
    wait_for_progress(x);
    target_join(x);
}

static void live_no_second_stop_while_holding(void **state)
{
    struct target *x = target_start(counting_loop, NULL);
    struct target *y = target_start(counting_loop, NULL);
    struct yank_thread me;
    struct yank_stop stop, second;

    (void)state;
    assert_int_equal(yank_thread_attach(&me, NULL), YANK_OK);
    assert_int_equal(yank_suspend_g(&me.g, SOON, &stop), YANK_ESELF);
    assert_int_equal(yank_suspend_g(&x->t.g, SOON, &stop), YANK_OK);
    assert_int_equal(yank_suspend_g(&y->t.g, SOON, &second), YANK_EHOLDING);
    assert_int_equal(yank_thread_detach(&me), YANK_EHOLDING);
    assert_int_equal(yank_blocking_enter(&me.g), YANK_EHOLDING);
    assert_int_equal(yank_resume_g(&stop), YANK_OK);
    assert_int_equal(yank_thread_detach(&me), YANK_OK);
    target_join(x);
    target_join(y);
}

static void live_abandon_needs_a_stack_of_its_own(void **state)
{
    struct target *x = target_start(counting_loop, NULL);
    struct yank_stop stop;

    (void)state;
    assert_int_equal(yank_suspend_g(&x->t.g, SOON, &stop), YANK_OK);
    assert_int_equal(yank_abandon_g(&stop), YANK_ENOTSUP);
    assert_non_null(stop.g);
    assert_int_equal(yank_resume_g(&stop), YANK_OK);
    target_join(x);
}

/* --- many, and each other ----------------------------------------------- */

#define MANY 6

static void live_many_stop_together(void **state)
{
    struct target *x[MANY];
    struct yank_g *gs[MANY + 1];
    struct yank_stop stops[MANY + 1];

    (void)state;
    for (int i = 0; i < MANY; i++) {
        x[i] = target_start(counting_loop, NULL);
        gs[i] = &x[i]->t.g;
    }
    gs[MANY] = gs[0];
    assert_int_equal(yank_suspend_many(gs, MANY + 1, SOON, stops),
                     YANK_EINVAL);
    for (int round = 0; round < 50; round++) {
        uint64_t seen[MANY];

        assert_int_equal(yank_suspend_many(gs, MANY, SOON, stops), YANK_OK);
        for (int i = 0; i < MANY; i++)
            seen[i] = atomic_load(&x[i]->count);
        for (int i = 0; i < MANY; i++)
            assert_int_equal(atomic_load(&x[i]->count), seen[i]);
        for (int i = 0; i < MANY; i++)
            assert_int_equal(yank_resume_g(&stops[i]), YANK_OK);
    }
    for (int i = 0; i < MANY; i++)
        target_join(x[i]);
}

struct ring {
    struct target *member[3];
    _Atomic int ready;
};

/* Each stops the other two, by turns alone and together. */
static void stop_the_others(struct target *x)
{
    struct ring *r = x->user;
    struct yank_g *others[2];
    size_t n = 0;

    wait_for(&r->ready, 1);
    for (int i = 0; i < 3; i++)
        if (r->member[i] != x)
            others[n++] = &r->member[i]->t.g;
    for (int round = 0; round < 400; round++) {
        struct yank_stop stops[2] = { { 0 }, { 0 } };
        int rc = round % 3 == 2
                     ? yank_suspend_many(others, 2, SOON, stops)
                     : yank_suspend_g(others[round % 3], SOON, &stops[0]);

        assert_true(rc == YANK_OK || rc == YANK_EDEAD);
        for (int i = 0; i < 2; i++)
            if (stops[i].g != NULL)
                assert_int_equal(yank_resume_g(&stops[i]), YANK_OK);
        atomic_fetch_add(&x->count, 1);
    }
    /* Stay: the others may still name us. */
    counting_loop(x);
}

static void live_suspenders_suspend_each_other(void **state)
{
    struct ring r = { .ready = 0 };

    (void)state;
    for (int i = 0; i < 3; i++)
        r.member[i] = target_start(stop_the_others, &r);
    atomic_store(&r.ready, 1);
    for (int i = 0; i < 3; i++)
        while (atomic_load(&r.member[i]->count) < 400)
            test_yield();
    for (int i = 0; i < 3; i++)
        target_join(r.member[i]);
}

static void *hammer(void *arg)
{
    struct target *x = arg;

    for (int i = 0; i < 1000; i++) {
        struct yank_stop stop;
        int rc = yank_suspend_g(&x->t.g, SOON, &stop);

        if (rc != YANK_OK)
            return (void *)(intptr_t)rc;
        if ((rc = yank_resume_g(&stop)) != YANK_OK)
            return (void *)(intptr_t)rc;
    }
    return NULL;
}

static void live_many_requesters_share_one_target(void **state)
{
    struct target *x = target_start(counting_loop, NULL);
    struct test_thread t[8];

    (void)state;
    for (int i = 0; i < 8; i++)
        test_thread_start(&t[i], hammer, x);
    for (int i = 0; i < 8; i++) {
        void *rc;

        test_thread_join(&t[i], &rc);
        assert_int_equal((intptr_t)rc, YANK_OK);
    }
    wait_for_progress(x);
    assert_int_equal(atomic_load(&x->t.g.asks), 0);
    assert_int_equal(atomic_load(&x->t.m.signal_pending), 0);
    target_join(x);
}

/* --- regions ------------------------------------------------------------ */

/* In the region until told; then round the loop outside. */
YANK_TEXT static void region_loop(struct target *x)
{
    yank_preempt_disable(&x->t.g);
    yank_preempt_disable(&x->t.g);
    atomic_store(&x->running, 2);
    while (atomic_load_explicit(&x->running, memory_order_relaxed) != 3)
        ;
    yank_preempt_enable(&x->t.g);
    atomic_fetch_add(&x->count, 1);
    yank_preempt_enable(&x->t.g);
    atomic_fetch_add(&x->count, 1);
    counting_loop(x);
}

static void *suspend_later(void *arg)
{
    struct target *x = arg;

    return (void *)(intptr_t)yank_suspend_g(
        &x->t.g, SOON, (struct yank_stop *)x->user);
}

static void live_stop_in_a_region_happens_at_its_end(void **state)
{
    struct yank_stop stop;
    struct target *x = target_start(region_loop, &stop);
    uint64_t deferred = answers(YANK_DEFERRED);
    struct yank_counters before, after;
    struct test_thread requester;
    void *rc;

    (void)state;
    wait_for(&x->running, 2);
    yank_get_counters(&before);
    test_thread_start(&requester, suspend_later, x);
    while (answers(YANK_DEFERRED) == deferred)
        test_yield();
    atomic_store(&x->running, 3);
    test_thread_join(&requester, &rc);
    assert_int_equal((intptr_t)rc, YANK_OK);
    yank_get_counters(&after);
    /* At the end of the outer one, before the second count; no retry. */
    assert_int_equal(atomic_load(&x->count), 1);
    assert_false(stop.async);
    assert_int_equal(after.kicks_sent - before.kicks_sent, 1);
    assert_int_equal(yank_resume_g(&stop), YANK_OK);
    wait_for_progress(x);
    assert_int_equal(yank_preempt_enable(&x->t.g), YANK_EREGION);
    target_join(x);
}

/* --- blocking ----------------------------------------------------------- */

struct pipe_reader {
    int fd[2];
    int error;
};

static void pipe_loop(struct target *x)
{
    struct pipe_reader *p = x->user;
    char c;

    assert_int_equal(yank_blocking_enter(&x->t.g), YANK_OK);
    assert_int_equal(yank_blocking_enter(&x->t.g), YANK_EREGION);
    atomic_store(&x->running, 2);
    p->error = test_read(p->fd[0], &c, 1) == 1 ? 0 : errno;
    assert_int_equal(yank_blocking_leave(&x->t.g), YANK_OK);
    assert_int_equal(yank_blocking_leave(&x->t.g), YANK_EINVAL);
    atomic_fetch_add(&x->count, 1);
    counting_loop(x);
}

static void live_blocking_g_is_claimed_without_a_kick(void **state)
{
    struct pipe_reader p = { .error = -1 };
    struct yank_counters before, after;
    struct yank_stop stop;

    (void)state;
    assert_int_equal(test_pipe_open(p.fd), 0);
    struct target *x = target_start(pipe_loop, &p);
    wait_for(&x->running, 2);
    yank_get_counters(&before);
    for (int i = 0; i < 100; i++) {
        assert_int_equal(yank_suspend_g(&x->t.g, 0, &stop), YANK_OK);
        assert_false(yank_is_shrink_stack_safe(&stop));
        if (i == 99) { /* leave waits for us */
            assert_int_equal(test_write(p.fd[1], "x", 1), 1);
            assert_int_equal(atomic_load(&x->count), 0);
        }
        assert_int_equal(yank_resume_g(&stop), YANK_OK);
    }
    wait_for_progress(x);
    yank_get_counters(&after);
    assert_int_equal(after.kicks_sent, before.kicks_sent);
    assert_int_equal(p.error, 0);
    target_join(x);
    test_pipe_close(p.fd);
}

/* --- a call to make ----------------------------------------------------- */

static void bump_user(void *arg)
{
    atomic_fetch_add((_Atomic int *)arg, 1);
}

static void live_resumed_thread_makes_the_call_first(void **state)
{
    _Atomic int calls = 0;
    struct target *x = target_start(counting_loop, NULL);

    (void)state;
    for (int i = 0; i < 200; i++) {
        struct yank_stop stop;

        assert_int_equal(yank_suspend_g(&x->t.g, SOON, &stop), YANK_OK);
        assert_int_equal(yank_resume_call(&stop, bump_user, &calls), YANK_OK);
        wait_for(&calls, i + 1);
        wait_for_progress(x);
    }
    target_join(x);
}

/* --- code that comes and goes ------------------------------------------- */

/* Assembled apart, so that it is in no marked section. */
static void unmarked_loop(struct target *x)
{
    while (!atomic_load_explicit(&x->quit, memory_order_acquire))
        atomic_fetch_add_explicit(&x->count, 1, memory_order_relaxed);
}

static void live_code_is_added_and_removed_under_kicks(void **state)
{
    struct target *x = target_start(unmarked_loop, NULL);
    struct yank_code_desc d = { (uintptr_t)unmarked_loop,
                                (uintptr_t)unmarked_loop + 64,
                                YANK_CODE_SAFE };
    struct yank_code *code, *second;
    struct yank_stop stop;

    (void)state;
    for (int i = 0; i < 100; i++) {
        assert_int_equal(yank_code_add(&d, &code), YANK_OK);
        assert_int_equal(yank_code_add(&d, &second), YANK_EOVERLAP);
        assert_int_equal(yank_fini(), YANK_EBUSY);
        assert_int_equal(yank_suspend_g(&x->t.g, SOON, &stop), YANK_OK);
        assert_int_equal(yank_code_remove(code, SOON), YANK_EBUSY);
        assert_int_equal(yank_resume_g(&stop), YANK_OK);
        int rc;
        while ((rc = yank_code_remove(code, SOON)) == YANK_EBUSY)
            test_yield(); /* not back in its loop yet */
        assert_int_equal(rc, YANK_OK);
        assert_int_equal(
            yank_suspend_g(&x->t.g, yank_now_ns() + 300000, &stop),
            YANK_ETIMEDOUT);
        assert_int_equal(yank_code_remove(code, SOON), YANK_EINVAL);
    }
    target_join(x);
}

/* --- threads that come and go ------------------------------------------- */

static void short_loop(struct target *x)
{
    for (int i = 0; i < 1000; i++)
        atomic_fetch_add(&x->count, 1);
}

static void *stop_until_dead(void *arg)
{
    struct target *x = arg;
    struct yank_stop stop;
    int rc;

    while ((rc = yank_suspend_g(&x->t.g, SOON, &stop)) == YANK_OK)
        yank_resume_g(&stop);
    return (void *)(intptr_t)rc;
}

/* Its end races with the requester: Dead, never a hang. */
YANK_TEXT static void life(struct target *x)
{
    wait_for(&x->running, 2);
    short_loop(x);
}

static void live_detach_answers_requesters_with_dead(void **state)
{
    (void)state;
    for (int i = 0; i < 300; i++) {
        struct target *x = target_start(life, NULL);
        struct test_thread requester;
        void *rc;

        /* The requester must be in the call before the G may go; its visit
         * is what detach waits for. */
        test_thread_start(&requester, stop_until_dead, x);
        while (atomic_load(&x->t.g.visitors) == 0 &&
               atomic_load(&x->t.g.stop_serial) == 0)
            test_yield();
        yank_visit(&x->t.g);
        atomic_store(&x->running, 2);
        test_thread_join(&requester, &rc);
        yank_visit_end(&x->t.g);
        assert_int_equal((intptr_t)rc, YANK_EDEAD);
        target_join(x);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(live_stop_is_resumed_once),
        cmocka_unit_test(live_another_thread_resumes),
        cmocka_unit_test(live_no_second_stop_while_holding),
        cmocka_unit_test(live_abandon_needs_a_stack_of_its_own),
        cmocka_unit_test(live_many_stop_together),
        cmocka_unit_test(live_suspenders_suspend_each_other),
        cmocka_unit_test(live_many_requesters_share_one_target),
        cmocka_unit_test(live_stop_in_a_region_happens_at_its_end),
        cmocka_unit_test(live_blocking_g_is_claimed_without_a_kick),
        cmocka_unit_test(live_resumed_thread_makes_the_call_first),
        cmocka_unit_test(live_code_is_added_and_removed_under_kicks),
        cmocka_unit_test(live_detach_answers_requesters_with_dead),
    };

    return live_main(tests, YANK_ARRAY_LEN(tests), true);
}
