/* How tasks end that are over a limit, and what weights are worth. */
#define _GNU_SOURCE
#include "sched_fixture.h"

#include <string.h>

#define MS 1000000ll

static struct yank_task *go_with(struct yank_sched *s, void (*fn)(void *),
                                 void *arg, struct yank_task_attr a)
{
    struct yank_task *t = NULL;

    a.struct_size = sizeof a;
    assert_int_equal(yank_go(s, fn, arg, &a, &t), YANK_OK);
    return t;
}

static void joins_as(struct yank_task *t, enum yank_task_end wanted)
{
    enum yank_task_end end = YANK_ENDS;

    assert_int_equal(yank_join(t, SOON, &end), YANK_OK);
    assert_string_equal(yank_task_end_name(end), yank_task_end_name(wanted));
    assert_int_equal(stats_of(t).state, YANK_TASK_ENDED);
    assert_int_equal(yank_task_release(t), YANK_OK);
}

/* --- CPU limit ---------------------------------------------------------- */

static void sched_cpu_limit_ends_a_loop(void **state)
{
    struct yank_sched *s = sched_open(1);
    struct yank_task_attr limit = { .cpu_limit_ns = 2 * MS };
    struct yank_task *alone = go_with(s, endless, NULL, limit);

    (void)state;
    joins_as(alone, YANK_END_CPU_LIMIT); /* though nobody waited */
    struct yank_task *other = go(s, endless, NULL);
    struct yank_task *t[5];

    for (size_t i = 0; i < COUNT(t); i++)
        t[i] = go_with(s, endless, NULL, limit);
    for (size_t i = 0; i < COUNT(t); i++) {
        until(stats_of(t[i]).state == YANK_TASK_ENDED);
        /* Its M read the clock a little before the monitor did. */
        assert_true(stats_of(t[i]).cpu_ns > limit.cpu_limit_ns / 2);
        joins_as(t[i], YANK_END_CPU_LIMIT);
    }
    abandon(other);
    sched_close(s);
}

static void within(void *arg)
{
    (void)arg;
    for (int i = 0; i < 20; i++) {
        spin(1000);
        yank_sleep(yank_now_ns() + MS / 4); /* costs nothing */
    }
}

static void sched_cpu_limit_leaves_others_alone(void **state)
{
    struct yank_sched *s = sched_open(1);
    struct yank_task_attr limit = { .cpu_limit_ns = 20 * SECOND };

    (void)state;
    joins_as(go_with(s, within, NULL, limit), YANK_END_RETURNED);
    sched_close(s);
}

static void sched_endless_limit_is_none(void **state)
{
    struct yank_sched *s = sched_open(1);
    struct yank_task_attr limit = { .cpu_limit_ns = INT64_MAX };

    (void)state;
    joins_as(go_with(s, within, NULL, limit), YANK_END_RETURNED);
    sched_close(s);
}

/* Nobody has the handle, and it is over before it began: the last who may
 * touch it is yank_go(). */
static void *goes_too_late(void *arg)
{
    struct yank_task_attr a = { .struct_size = sizeof a, .deadline_ns = 1 };
    uintptr_t failed = 0;

    for (int i = 0; i < 3000; i++)
        failed += yank_go(arg, endless, NULL, &a, NULL) != YANK_OK;
    return (void *)failed;
}

static void sched_task_that_is_over_at_once_is_let_go(void **state)
{
    struct yank_sched *s = sched_open(2);
    struct test_thread t[3];
    void *failed;

    (void)state;
    for (int i = 0; i < 3; i++)
        assert_int_equal(test_thread_start(&t[i], goes_too_late, s), 0);
    for (int i = 0; i < 3; i++) {
        test_thread_join(&t[i], &failed);
        assert_null(failed);
    }
    until(yank_sched_stop(s) == YANK_OK);
}

/* In a no-preempt region nobody is ended: only when it is over. */
static void long_region(void *arg)
{
    _Atomic uint64_t *rounds = arg;
    struct yank_g *g = yank_task_g(yank_task_self());
    struct yank_task_stats stats;

    yank_preempt_disable(g);
    do {
        spin(10000);
        yank_task_stats(yank_task_self(), &stats);
    } while (stats.cpu_ns < 10 * MS);
    atomic_store(rounds, 1);
    yank_preempt_enable(g);
    endless(NULL);
}

static void sched_limit_waits_for_a_region(void **state)
{
    struct yank_sched *s = sched_open(1);
    _Atomic uint64_t rounds = 0;

    (void)state;
    joins_as(go_with(s, long_region, &rounds,
                     (struct yank_task_attr){ .cpu_limit_ns = MS }),
             YANK_END_CPU_LIMIT);
    assert_int_equal(rounds, 1);
    sched_close(s);
}

/* --- deadline ----------------------------------------------------------- */

static void parks(void *arg)
{
    (void)arg;
    yank_park(YANK_NO_DEADLINE);
}

static void joins_endless(void *arg)
{
    yank_join(arg, YANK_NO_DEADLINE, NULL);
}

static void *reads_for_ever(void *arg)
{
    char c;

    while (test_read(*(int *)arg, &c, 1) < 0) {
    }
    return NULL;
}

static void calls_for_ever(void *arg)
{
    yank_blocking_call(reads_for_ever, arg, NULL);
}

static void blocks(void *arg)
{
    struct yank_g *g = yank_task_g(yank_task_self());

    yank_blocking_enter(g);
    reads_for_ever(arg);
    yank_blocking_leave(g);
    endless(NULL);
}

static void sched_deadline_ends_whatever_it_does(void **state)
{
    struct yank_sched *s = sched_open(1);
    struct yank_task *loop = go(s, endless, NULL), *t[5];
    struct yank_task_attr a = { .deadline_ns = yank_now_ns() + 5 * MS };
    int fd[2];

    (void)state;
    assert_int_equal(test_pipe_open(fd), 0);
    t[0] = go_with(s, endless, NULL, a);
    t[1] = go_with(s, parks, NULL, a);
    t[2] = go_with(s, joins_endless, loop, a);
    t[3] = go_with(s, calls_for_ever, fd, a);
    a.own_thread = true;
    t[4] = go_with(s, endless, NULL, a);
    for (int i = 0; i < 5; i++)
        joins_as(t[i], YANK_END_DEADLINE);
    /* One that has come before it began. */
    a = (struct yank_task_attr){ .deadline_ns = 1 };
    joins_as(go_with(s, endless, NULL, a), YANK_END_DEADLINE);
    abandon(loop);
    assert_int_equal(test_write(fd[1], "a", 1), 1); /* a call may still be there */
    sched_close(s);
    test_pipe_close(fd);
}

/* In a blocking region a task has no context to end; when it is over. */
static void sched_deadline_waits_for_a_blocking_region(void **state)
{
    struct yank_sched *s = sched_open(1);
    int64_t patience = MS;
    struct yank_task *t = NULL;
    int fd[2];

    (void)state;
    assert_int_equal(test_pipe_open(fd), 0);
    for (;;) {
        struct yank_task_attr a = { .deadline_ns = yank_now_ns() + patience };

        t = go_with(s, blocks, fd, a);
        until(stats_of(t).state == YANK_TASK_BLOCKS ||
              stats_of(t).state == YANK_TASK_ENDED);
        if (yank_join(t, a.deadline_ns + 5 * MS, NULL) == YANK_ETIMEDOUT)
            break;
        yank_task_release(t); /* it was ended on its way there */
        patience *= 2;
    }
    assert_int_equal(stats_of(t).state, YANK_TASK_BLOCKS);
    assert_int_equal(test_write(fd[1], "a", 1), 1);
    joins_as(t, YANK_END_DEADLINE);
    sched_close(s);
    test_pipe_close(fd);
}

static void returns(void *arg)
{
    (void)arg;
}

/* A task that returns before its deadline, which is *deadline then. */
static void returns_in_time(struct yank_sched *s, int64_t *deadline)
{
    enum yank_task_end end = YANK_ENDS;

    for (int64_t patience = 3 * MS; end != YANK_END_RETURNED; patience *= 2) {
        struct yank_task_attr a = { .deadline_ns = yank_now_ns() + patience };
        struct yank_task *t = go_with(s, returns, NULL, a);

        assert_int_equal(yank_join(t, SOON, &end), YANK_OK);
        assert_int_equal(yank_task_release(t), YANK_OK);
        *deadline = a.deadline_ns;
    }
}

static void sched_deadline_of_an_ended_task_is_forgotten(void **state)
{
    struct yank_sched *s = sched_open(1);
    struct yank_task *later[40];
    int64_t deadline;

    (void)state;
    returns_in_time(s, &deadline);
    /* Among them the next users of its memory. */
    for (int i = 0; i < 40; i++)
        later[i] = go(s, parks, NULL);
    assert_int_equal(yank_join(later[0], deadline + 5 * MS, NULL),
                     YANK_ETIMEDOUT);
    for (int i = 0; i < 40; i++) {
        yank_unpark(later[i]);
        joins_as(later[i], YANK_END_RETURNED);
    }
    sched_close(s);
}

/* A stop that somebody holds is not taken from him. */
static void sched_limit_waits_for_a_stop(void **state)
{
    struct yank_sched *s = sched_open(1);
    int64_t deadline = yank_now_ns() + 2 * MS;
    struct yank_task_attr a = { .deadline_ns = deadline };
    struct yank_task *t = go_with(s, endless, NULL, a);
    struct yank_stop stop;
    int rc = yank_task_suspend(t, SOON, &stop);

    (void)state;
    if (rc == YANK_OK) { /* else it is over already */
        assert_int_equal(yank_join(t, deadline + 20 * MS, NULL),
                         YANK_ETIMEDOUT);
        assert_int_equal(yank_resume_g(&stop), YANK_OK);
    }
    joins_as(t, YANK_END_DEADLINE);
    sched_close(s);
}

/* --- weights ------------------------------------------------------------ */

/* The system takes a thread away for longer than a slice: its task is ahead
 * then, and falls back.  Where time is divided wrongly this never ends. */
static void sched_weights_divide_the_time(void **state)
{
    static const unsigned weight[] = { 1, 2, 5 };
    struct yank_sched *s = open_with_long_slices();
    struct yank_task *t[3];

    (void)state;
    for (int i = 0; i < 3; i++)
        t[i] = go_with(s, endless, NULL,
                       (struct yank_task_attr){ .weight = weight[i] });
    until(stats_of(t[0]).preemptions >= 40 &&
          is_fair(t[0], weight[0], t[1], weight[1]) &&
          is_fair(t[1], weight[1], t[2], weight[2]));
    for (int i = 0; i < 3; i++)
        abandon(t[i]);
    sched_close(s);
}

/* It cannot be stopped at the end of its slice, and pays for it later. */
static void runs_over(void *arg)
{
    struct yank_g *g = yank_task_g(yank_task_self());

    (void)arg;
    for (;;) {
        yank_preempt_disable(g);
        spin(4000000); /* a few slices */
        yank_preempt_enable(g);
    }
}

static void sched_running_over_is_paid_for(void **state)
{
    struct yank_sched *s = open_with_long_slices();
    struct yank_task *over = go(s, runs_over, NULL);
    struct yank_task *fair = go(s, endless, NULL);

    (void)state;
    until(stats_of(over).preemptions >= 40 && is_fair(over, 1, fair, 1));
    abandon(over);
    abandon(fair);
    sched_close(s);
}

static void sched_limits_are_checked(void **state)
{
    struct yank_sched *s = sched_open(1);
    struct yank_task_attr a = { .struct_size = sizeof a };

    (void)state;
    a.weight = YANK_WEIGHT_MAX + 1;
    assert_int_equal(yank_go(s, returns, NULL, &a, NULL), YANK_EINVAL);
    a.weight = YANK_WEIGHT_MAX;
    a.cpu_limit_ns = -1;
    assert_int_equal(yank_go(s, returns, NULL, &a, NULL), YANK_EINVAL);
    a.cpu_limit_ns = 0;
    a.deadline_ns = -1;
    assert_int_equal(yank_go(s, returns, NULL, &a, NULL), YANK_EINVAL);
    for (int i = -1; i <= YANK_ENDS; i++)
        assert_non_null(yank_task_end_name((enum yank_task_end)i));
    for (int i = -1; i <= YANK_TASK_STATES; i++)
        assert_non_null(yank_task_state_name((enum yank_task_state)i));
    sched_close(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sched_limits_are_checked),
        cmocka_unit_test(sched_cpu_limit_ends_a_loop),
        cmocka_unit_test(sched_cpu_limit_leaves_others_alone),
        cmocka_unit_test(sched_endless_limit_is_none),
        cmocka_unit_test(sched_task_that_is_over_at_once_is_let_go),
        cmocka_unit_test(sched_limit_waits_for_a_region),
        cmocka_unit_test(sched_deadline_ends_whatever_it_does),
        cmocka_unit_test(sched_deadline_waits_for_a_blocking_region),
        cmocka_unit_test(sched_deadline_of_an_ended_task_is_forgotten),
        cmocka_unit_test(sched_limit_waits_for_a_stop),
        cmocka_unit_test(sched_weights_divide_the_time),
        cmocka_unit_test(sched_running_over_is_paid_for),
    };
    return SCHED_MAIN(tests);
}
