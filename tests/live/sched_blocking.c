/* Tasks that sleep in the system do not keep others from running: not in a
 * blocking region, not in a call that nobody announced, and not in a blocking
 * call, which leaves even its thread to others. */
#define _GNU_SOURCE
#include "sched_fixture.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

struct channel {
    int fd[2];
    char got;
    _Atomic int waits, error;
};

static void channel_open(struct channel *c)
{
    *c = (struct channel){ 0 };
    assert_int_equal(test_pipe_open(c->fd), 0);
}

static void channel_close(struct channel *c)
{
    test_pipe_close(c->fd);
}

static void send_one(void *arg)
{
    struct channel *c = arg;

    while (test_write(c->fd[1], "x", 1) != 1) {
    }
}

static void receive(struct channel *c)
{
    atomic_store(&c->waits, 1);
    while (test_read(c->fd[0], &c->got, 1) != 1) {
    }
}

/* --- regions ------------------------------------------------------------ */

static void receive_in_region(void *arg)
{
    struct channel *c = arg;
    struct yank_g *g = yank_task_g(yank_task_self());

    if (yank_blocking_enter(g) != YANK_OK)
        atomic_store(&c->error, 1);
    receive(c);
    if (yank_blocking_leave(g) != YANK_OK)
        atomic_store(&c->error, 2);
}

/* One right: who sends can only run if the one who waits has given it up. */
static void sched_region_lets_others_run(void **state)
{
    struct yank_sched *s = sched_open(1);
    struct yank_task *receiver, *sender;
    struct channel c;

    (void)state;
    for (int i = 0; i < 50; i++) {
        channel_open(&c);
        receiver = go(s, receive_in_region, &c);
        sender = go(s, send_one, &c);
        join_returned(sender);
        join_returned(receiver);
        assert_int_equal(c.got, 'x');
        assert_int_equal(c.error, 0);
        channel_close(&c);
    }
    sched_close(s);
}

/* Many at once: a thread each, and no more run than one. */
static void sched_regions_get_threads(void **state)
{
    struct yank_sched *s = sched_open(1);
    struct yank_task *receiver[20], *loop = go(s, endless, NULL);
    struct channel c[20];

    (void)state;
    for (size_t i = 0; i < COUNT(c); i++) {
        channel_open(&c[i]);
        receiver[i] = go(s, receive_in_region, &c[i]);
    }
    for (size_t i = 0; i < COUNT(c); i++) {
        until(atomic_load(&c[i].waits) == 1);
        assert_int_equal(stats_of(receiver[i]).state, YANK_TASK_BLOCKS);
    }
    for (size_t i = 0; i < COUNT(c); i++)
        send_one(&c[i]);
    for (size_t i = 0; i < COUNT(c); i++) {
        join_returned(receiver[i]);
        assert_int_equal(c[i].got, 'x');
        channel_close(&c[i]);
    }
    abandon(loop);
    sched_close(s);
}

static char said[300];
static _Atomic int lines;

static void hear(void *ctx, const char *line)
{
    (void)ctx;
    if (strstr(line, "sleeps in") == NULL)
        return;
    snprintf(said, sizeof said, "%s", line);
    atomic_fetch_add(&lines, 1);
}

static struct yank_task *go_named(struct yank_sched *s, void (*fn)(void *),
                                  void *arg, const char *name)
{
    struct yank_task_attr a = { .struct_size = sizeof a, .name = name };
    struct yank_task *t = NULL;

    assert_int_equal(yank_go(s, fn, arg, &a, &t), YANK_OK);
    return t;
}

/* What is pinned to the thread has to wait for it, and that is said. */
static void sched_sleep_on_pinned_tasks_is_reported(void **state)
{
    struct yank_options o = { .struct_size = sizeof o, .log = hear };
    struct yank_task *pinned, *sleeper;
    struct yank_sched *s;
    struct channel c;
    uint64_t runs;

    (void)state;
    assert_int_equal(yank_fini(), YANK_OK);
    assert_int_equal(yank_init(&o), YANK_OK);
    s = sched_open(1);
    channel_open(&c);
    pinned = go_named(s, endless, NULL, "victim");
    until(stats_of(pinned).runs == 1);
    sleeper = go_named(s, receive_in_region, &c, "sleeper");
    until(atomic_load(&lines) == 1);
    assert_non_null(strstr(said, "task "));
    assert_non_null(strstr(said, "sleeps in task"));
    assert_true(strstr(said, "'sleeper'") < strstr(said, "'victim'"));
    runs = stats_of(pinned).runs;
    send_one(&c);
    join_returned(sleeper);
    until(stats_of(pinned).runs > runs);
    assert_int_equal(atomic_load(&lines), 1);
    abandon(pinned);
    channel_close(&c);
    sched_close(s);
}

/* --- calls that nobody announced ----------------------------------------- */

static void receive_plainly(void *arg)
{
    receive(arg);
    spin(1000000); /* without a right, until it is asked */
}

static void sched_sleeping_thread_loses_its_right(void **state)
{
    struct yank_sched *s = sched_open(1);
    struct yank_task *receiver, *sender;
    struct channel c;

    (void)state;
    for (int i = 0; i < 20; i++) {
        channel_open(&c);
        receiver = go(s, receive_plainly, &c);
        until(atomic_load(&c.waits) == 1);
        sender = go(s, send_one, &c);
        join_returned(sender);
        join_returned(receiver);
        assert_int_equal(c.got, 'x');
        channel_close(&c);
    }
    sched_close(s);
}

/* --- blocking calls ------------------------------------------------------ */

static void *receive_for(void *arg)
{
    struct channel *c = arg;

    receive(c);
    errno = 123;
    return c;
}

static void receive_by_call(void *arg)
{
    struct channel *c = arg;
    void *result = NULL;

    errno = 0;
    if (yank_blocking_call(receive_for, c, &result) != YANK_OK || result != c)
        atomic_store(&c->error, 1);
    if (errno != 123)
        atomic_store(&c->error, 2);
}

/* Its thread goes on with what is pinned to it. */
static void sched_blocking_call_leaves_the_thread_to_others(void **state)
{
    struct yank_sched *s = sched_open(1);
    struct yank_task *pinned = go(s, endless, NULL), *receiver[8];
    struct channel c[8];
    uint64_t before;

    (void)state;
    for (size_t i = 0; i < COUNT(c); i++) {
        channel_open(&c[i]);
        receiver[i] = go(s, receive_by_call, &c[i]);
    }
    for (size_t i = 0; i < COUNT(c); i++) {
        until(atomic_load(&c[i].waits) == 1);
        assert_int_equal(stats_of(receiver[i]).state, YANK_TASK_WAITS);
    }
    /* With all of them in their calls the loop has the thread for itself; one
     * more task takes turns with it there. */
    before = stats_of(pinned).preemptions;
    join_returned(go(s, send_one, &c[0]));
    until(stats_of(pinned).preemptions > before);
    for (size_t i = 1; i < COUNT(c); i++)
        send_one(&c[i]);
    for (size_t i = 0; i < COUNT(c); i++) {
        join_returned(receiver[i]);
        assert_int_equal(c[i].got, 'x');
        assert_int_equal(c[i].error, 0);
        channel_close(&c[i]);
    }
    abandon(pinned);
    sched_close(s);
}

static void sched_call_outlives_its_abandoned_task(void **state)
{
    struct yank_sched *s = sched_open(1);
    struct yank_task *receiver;
    struct channel c;

    (void)state;
    channel_open(&c);
    receiver = go(s, receive_by_call, &c);
    until(atomic_load(&c.waits) == 1);
    abandon(receiver);
    send_one(&c);
    sched_close(s); /* waits for the helper */
    assert_int_equal(c.got, 'x');
    channel_close(&c);
}

/* --- waits above waits --------------------------------------------------- */

static void sleeps_and_calls(void *arg)
{
    struct channel *c = arg;

    yank_sleep(yank_now_ns() + 100000);
    if (c->fd[0] != 0 && yank_blocking_call(receive_for, c, NULL) != YANK_EBUSY)
        atomic_store(&c->error, 4);
    atomic_store(&c->waits, 2);
}

static void parks_twice(void *arg)
{
    struct channel *c = arg;

    atomic_store(&c->waits, 1);
    if (yank_park(YANK_NO_DEADLINE) != YANK_OK)
        atomic_store(&c->error, 3);
}

/* Somebody stops t where it waits and makes it wait for something else. */
static void make_it_wait(struct yank_task *t, struct channel *c)
{
    struct yank_stop stop;

    until(atomic_load(&c->waits) == 1 &&
          stats_of(t).state == YANK_TASK_WAITS);
    assert_int_equal(yank_task_suspend(t, SOON, &stop), YANK_OK);
    assert_int_equal(yank_resume_call(&stop, sleeps_and_calls, c), YANK_OK);
}

static void sched_wait_survives_a_wait_above_it(void **state)
{
    struct yank_sched *s = sched_open(1);
    struct channel c = { 0 };
    struct yank_task *t = go(s, parks_twice, &c);

    (void)state;
    make_it_wait(t, &c);
    yank_unpark(t);
    join_returned(t);
    assert_int_equal(c.waits, 2);
    assert_int_equal(c.error, 0);
    channel_open(&c);
    t = go(s, receive_by_call, &c);
    make_it_wait(t, &c);
    send_one(&c);
    join_returned(t);
    assert_int_equal(c.waits, 2);
    assert_int_equal(c.error, 0);
    channel_close(&c);
    sched_close(s);
}

static void checks_itself(void *arg)
{
    struct channel *c = arg;
    struct yank_g *g = yank_task_g(yank_task_self());

    if (yank_blocking_call(NULL, c, NULL) != YANK_EINVAL)
        atomic_store(&c->error, 1);
    yank_preempt_disable(g);
    if (yank_blocking_call(receive_for, c, NULL) != YANK_EREGION)
        atomic_store(&c->error, 2);
    yank_preempt_enable(g);
}

static void sched_blocking_call_checks_its_arguments(void **state)
{
    struct yank_sched *s = sched_open(1);
    struct channel c = { 0 };

    (void)state;
    assert_int_equal(yank_blocking_call(receive_for, &c, NULL), YANK_ETHREAD);
    join_returned(go(s, checks_itself, &c));
    assert_int_equal(c.error, 0);
    assert_int_equal(c.waits, 0); /* it was never called */
    sched_close(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sched_region_lets_others_run),
        cmocka_unit_test(sched_regions_get_threads),
        cmocka_unit_test(sched_sleep_on_pinned_tasks_is_reported),
        cmocka_unit_test(sched_sleeping_thread_loses_its_right),
        cmocka_unit_test(sched_blocking_call_leaves_the_thread_to_others),
        cmocka_unit_test(sched_call_outlives_its_abandoned_task),
        cmocka_unit_test(sched_wait_survives_a_wait_above_it),
        cmocka_unit_test(sched_blocking_call_checks_its_arguments),
    };
    return SCHED_MAIN(tests);
}
