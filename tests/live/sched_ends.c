/* How tasks end, and who learns of it. */
#define _GNU_SOURCE
#include "sched_fixture.h"

static void returns_at_once(void *arg)
{
    if (arg != NULL)
        atomic_fetch_add((_Atomic int *)arg, 1);
}

static void sched_join_gives_up_at_its_deadline(void **state)
{
    struct yank_sched *s = sched_open(1);
    struct yank_task *t = go(s, endless, NULL);
    enum yank_task_end end = YANK_END_RETURNED;

    (void)state;
    assert_int_equal(yank_join(t, 0, &end), YANK_ETIMEDOUT);
    assert_int_equal(yank_join(t, yank_now_ns() + 1000000, &end),
                     YANK_ETIMEDOUT);
    abandon(t);
    sched_close(s);
}

static void sched_join_twice_says_the_same(void **state)
{
    struct yank_sched *s = sched_open(1);
    struct yank_task *t = go(s, returns_at_once, NULL);
    enum yank_task_end end;

    (void)state;
    for (int i = 0; i < 3; i++) {
        end = YANK_END_ABANDONED;
        assert_int_equal(yank_join(t, SOON, &end), YANK_OK);
        assert_int_equal(end, YANK_END_RETURNED);
    }
    assert_int_equal(yank_join(t, 0, NULL), YANK_OK);
    assert_int_equal(yank_unpark(t), YANK_EDEAD);
    assert_int_equal(yank_task_release(t), YANK_OK);
    sched_close(s);
}

/* --- joins in tasks ----------------------------------------------------- */

struct joiner {
    struct yank_task *target;
    int64_t deadline;
    int rc;
    enum yank_task_end end;
};

static void joins(void *arg)
{
    struct joiner *j = arg;

    j->rc = yank_join(j->target, j->deadline, &j->end);
}

static void parks_once(void *arg)
{
    (void)arg;
    yank_park(YANK_NO_DEADLINE);
}

static void sched_join_wakes_all_tasks_that_wait(void **state)
{
    struct yank_sched *s = sched_open(2);
    struct yank_task *target = go(s, parks_once, NULL), *t[16];
    struct joiner j[COUNT(t)];

    (void)state;
    for (size_t i = 0; i < COUNT(t); i++) {
        j[i] = (struct joiner){ target, i % 2 ? YANK_NO_DEADLINE : SOON, 1,
                                YANK_END_ABANDONED };
        t[i] = go(s, joins, &j[i]);
    }
    until(stats_of(t[15]).runs == 1);
    assert_int_equal(yank_unpark(target), YANK_OK);
    for (size_t i = 0; i < COUNT(t); i++) {
        join_returned(t[i]);
        assert_int_equal(j[i].rc, YANK_OK);
        assert_int_equal(j[i].end, YANK_END_RETURNED);
    }
    join_returned(target);
    sched_close(s);
}

static void sched_join_in_a_task_gives_up_at_its_deadline(void **state)
{
    struct yank_sched *s = sched_open(1);
    struct yank_task *target = go(s, endless, NULL), *t;
    struct joiner j = { target, yank_now_ns() + 2000000, 1, YANK_END_RETURNED };

    (void)state;
    t = go(s, joins, &j);
    join_returned(t);
    assert_int_equal(j.rc, YANK_ETIMEDOUT);
    abandon(target);
    sched_close(s);
}

/* The target ends while the joiner leaves its M. */
static void spins(void *arg)
{
    spin((uintptr_t)arg);
}

static void sched_join_meets_the_end(void **state)
{
    struct yank_sched *s = sched_open(2);

    (void)state;
    for (uintptr_t i = 0; i < 3000; i++) {
        struct yank_task *target = go(s, spins, (void *)(i * 7 % 3000)), *t;
        struct joiner j = { target, YANK_NO_DEADLINE, 1, YANK_END_ABANDONED };

        t = go(s, joins, &j);
        join_returned(t);
        assert_int_equal(j.rc, YANK_OK);
        join_returned(target);
    }
    sched_close(s);
}

/* An attached thread counts as stopped while it waits. */
struct attached {
    struct yank_thread t;
    struct yank_task *target;
    _Atomic int joining, rc;
};

static void *attached_main(void *arg)
{
    struct attached *a = arg;
    struct yank_thread_attr attr = { .struct_size = sizeof attr };

    if (yank_thread_attach(&a->t, &attr) != YANK_OK)
        return NULL;
    atomic_store(&a->joining, 1);
    atomic_store(&a->rc, yank_join(a->target, SOON, NULL));
    yank_thread_detach(&a->t);
    return NULL;
}

static void sched_thread_in_a_join_can_be_suspended(void **state)
{
    struct yank_sched *s = sched_open(1);
    static struct attached a;
    struct yank_stop stop;
    struct test_thread thread;

    (void)state;
    a.target = go(s, parks_once, NULL);
    atomic_store(&a.rc, 1);
    assert_int_equal(test_thread_start(&thread, attached_main, &a), 0);
    wait_for(&a.joining, 1);
    assert_int_equal(yank_suspend_g(&a.t.g, SOON, &stop), YANK_OK);
    assert_int_equal(yank_unpark(a.target), YANK_OK);
    assert_int_equal(yank_join(a.target, SOON, NULL), YANK_OK);
    assert_int_equal(atomic_load(&a.rc), 1);
    assert_int_equal(yank_resume_g(&stop), YANK_OK);
    assert_int_equal(test_thread_join(&thread, NULL), 0);
    assert_int_equal(atomic_load(&a.rc), YANK_OK);
    assert_int_equal(yank_task_release(a.target), YANK_OK);
    sched_close(s);
}

/* --- abandon ------------------------------------------------------------ */

static void tells_its_stack(void *arg)
{
    int local;

    atomic_store((_Atomic uintptr_t *)arg, (uintptr_t)&local);
}

static void tells_and_loops(void *arg)
{
    tells_its_stack(arg);
    endless(NULL);
}

static void sched_abandon_gives_the_stack_back(void **state)
{
    struct yank_sched *s = sched_open(1);
    _Atomic uintptr_t first = 0, second = 0;

    (void)state;
    for (int i = 0; i < 50; i++) {
        struct yank_task *t = go(s, tells_and_loops, &first);

        until(atomic_load(&first) != 0);
        abandon(t);
        /* The M goes on, on the same stack. */
        join_returned(go(s, tells_its_stack, &second));
        uintptr_t a = atomic_exchange(&first, 0);
        uintptr_t b = atomic_exchange(&second, 0);
        assert_true((a < b ? b - a : a - b) < YANK_TASK_STACK_BYTES);
    }
    sched_close(s);
}

static void sched_abandon_in_a_queue_drops_the_place(void **state)
{
    struct yank_sched *s = sched_open(1);
    struct yank_task *runs = go(s, endless, NULL), *t[20];

    (void)state;
    for (int round = 0; round < 20; round++) {
        for (size_t i = 0; i < COUNT(t); i++)
            t[i] = go(s, endless, NULL);
        for (size_t i = 0; i < COUNT(t); i++)
            abandon(t[i]);
    }
    join_returned(go(s, returns_at_once, NULL));
    abandon(runs);
    sched_close(s);
}

static void yields(void *arg)
{
    (void)arg;
    for (;;)
        yank_yield();
}

/* Claimed while an M is about to take it out of the queue. */
static void sched_abandon_of_a_task_about_to_run(void **state)
{
    struct yank_sched *s = sched_open(2);

    (void)state;
    for (int i = 0; i < 3000; i++) {
        struct yank_task *t[] = { go(s, yields, NULL), go(s, yields, NULL) };

        for (int k = i % 64; k > 0; k--) /* at another moment each time */
            yank_now_ns();
        abandon(t[0]);
        abandon(t[1]);
    }
    sched_close(s);
}

static void spins_and_sleeps(void *arg)
{
    spin((uintptr_t)arg);
    yank_sleep(yank_now_ns() + 1000000);
}

/* Claimed just when it has left its M: it must not enter any list. */
static void sched_abandon_of_a_task_about_to_wait(void **state)
{
    struct yank_sched *s = sched_open(1);

    (void)state;
    for (uintptr_t i = 0; i < 5000; i++) {
        struct yank_task *t = go(s, spins_and_sleeps, (void *)(i % 977));

        while (stats_of(t).runs == 0)
            ;
        struct yank_stop stop;
        int rc = yank_task_suspend(t, SOON, &stop);

        if (rc == YANK_OK)
            assert_int_equal(yank_abandon_g(&stop), YANK_OK);
        else
            assert_int_equal(rc, YANK_EDEAD);
        assert_int_equal(yank_task_release(t), YANK_OK);
    }
    for (int i = 0; i < 100; i++) /* whoever has the memory now */
        join_returned(go(s, spins_and_sleeps, NULL));
    sched_close(s);
}

static void sleeps(void *arg)
{
    (void)arg;
    yank_sleep(yank_now_ns() + 3600 * SECOND);
}

/* In every list a task can be in: none of them may keep it. */
static void sched_abandon_takes_a_task_out_of_its_wait(void **state)
{
    struct yank_sched *s = sched_open(2);
    struct yank_task *target = go(s, parks_once, NULL);
    struct joiner j = { target, SOON + 100 * SECOND, 1, YANK_END_RETURNED };

    (void)state;
    for (int i = 0; i < 50; i++) {
        struct yank_task *t[] = { go(s, sleeps, NULL), go(s, joins, &j),
                                  go(s, parks_once, NULL),
                                  go(s, sleeps, NULL) };

        if (i % 2) /* else it may not have begun to wait */
            for (size_t k = 0; k < COUNT(t); k++)
                until(stats_of(t[k]).runs == 1);
        for (size_t k = 0; k < COUNT(t); k++)
            abandon(t[k]);
    }
    yank_unpark(target);
    join_returned(target);
    sched_close(s);
}

/* --- many --------------------------------------------------------------- */

static void sched_thousand_tasks_with_two_handles(void **state)
{
    static struct yank_task *t[1000];
    struct yank_sched *s = sched_open(2);
    _Atomic int ran = 0;

    (void)state;
    for (size_t i = 0; i < COUNT(t); i++) {
        t[i] = go(s, returns_at_once, &ran);
        assert_int_equal(yank_task_ref(t[i]), YANK_OK);
    }
    for (size_t i = 0; i < COUNT(t); i++) {
        join_returned(t[i]);
        /* The other handle still answers. */
        assert_int_equal(yank_join(t[i], 0, NULL), YANK_OK);
        assert_int_equal(stats_of(t[i]).runs, 1);
        assert_int_equal(yank_sched_stop(s), YANK_EBUSY);
        assert_int_equal(yank_task_release(t[i]), YANK_OK);
        assert_int_equal(yank_task_release(t[i]), YANK_EINVAL);
    }
    assert_int_equal(atomic_load(&ran), 1000);
    sched_close(s);
}

static void sched_tasks_without_handle_run(void **state)
{
    struct yank_sched *s = sched_open(2);
    _Atomic int ran = 0;

    (void)state;
    for (int i = 0; i < 500; i++)
        assert_int_equal(yank_go(s, returns_at_once, &ran, NULL, NULL),
                         YANK_OK);
    until(yank_sched_stop(s) == YANK_OK);
    assert_int_equal(atomic_load(&ran), 500);
}

static void sched_stop_while_tasks_live_is_busy(void **state)
{
    struct yank_sched *s = sched_open(1);
    struct yank_task *t = go(s, endless, NULL);

    (void)state;
    assert_int_equal(yank_sched_stop(s), YANK_EBUSY);
    assert_int_equal(yank_fini(), YANK_EBUSY);
    join_returned(go(s, returns_at_once, NULL)); /* nothing was stopped */
    abandon(t);
    sched_close(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sched_join_gives_up_at_its_deadline),
        cmocka_unit_test(sched_join_twice_says_the_same),
        cmocka_unit_test(sched_join_wakes_all_tasks_that_wait),
        cmocka_unit_test(sched_join_in_a_task_gives_up_at_its_deadline),
        cmocka_unit_test(sched_join_meets_the_end),
        cmocka_unit_test(sched_thread_in_a_join_can_be_suspended),
        cmocka_unit_test(sched_abandon_gives_the_stack_back),
        cmocka_unit_test(sched_abandon_in_a_queue_drops_the_place),
        cmocka_unit_test(sched_abandon_of_a_task_about_to_run),
        cmocka_unit_test(sched_abandon_of_a_task_about_to_wait),
        cmocka_unit_test(sched_abandon_takes_a_task_out_of_its_wait),
        cmocka_unit_test(sched_thousand_tasks_with_two_handles),
        cmocka_unit_test(sched_tasks_without_handle_run),
        cmocka_unit_test(sched_stop_while_tasks_live_is_busy),
    };
    return SCHED_MAIN(tests);
}
