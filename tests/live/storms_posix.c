/* Kicks while threads come and go under signals, fork, exec and wait in
 * poll(). */
#define _GNU_SOURCE
#include "storms.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

YANK_TEXT static void counting_loop(struct target *x)
{
    while (!atomic_load_explicit(&x->quit, memory_order_relaxed))
        atomic_fetch_add_explicit(&x->count, 1, memory_order_relaxed);
}

/* --- waiting in the system -----------------------------------------------*/

struct pipe_user {
    int fd[2];
    _Atomic int round;
    int interrupted;
};

/* poll() is never restarted after a handler, SA_RESTART or not. */
static void wait_in_poll(struct target *x)
{
    struct pipe_user *u = x->user;
    struct pollfd p = { .fd = u->fd[0], .events = POLLIN };
    char c;

    while (!atomic_load(&x->quit)) {
        assert_int_equal(yank_blocking_enter(&x->t.g), YANK_OK);
        atomic_fetch_add(&u->round, 1);
        while (poll(&p, 1, -1) != 1)
            u->interrupted++;
        assert_int_equal(yank_blocking_leave(&x->t.g), YANK_OK);
        assert_int_equal(test_read(u->fd[0], &c, 1), 1);
        atomic_fetch_add(&x->count, 1);
    }
}

/* Stops at any moment: also just before the region, so that the kick is on its
 * way when the thread goes to sleep. */
static void live_blocking_region_sees_no_eintr(void **state)
{
    struct pipe_user u = { .interrupted = 0 };
    struct target *x;
    int stops = 0;

    (void)state;
    assert_int_equal(test_pipe_open(u.fd), 0);
    x = target_start(wait_in_poll, &u);
    for (int round = 1; round <= 10000; stops++) {
        struct yank_stop stop;

        assert_int_equal(yank_suspend_g(&x->t.g, SOON, &stop), YANK_OK);
        assert_int_equal(yank_resume_g(&stop), YANK_OK);
        if (atomic_load(&u.round) < round || stops < 2 * round)
            continue;
        if (round++ == 10000)
            atomic_store(&x->quit, 1);
        assert_int_equal(test_write(u.fd[1], "x", 1), 1);
    }
    target_join(x);
    assert_int_equal(u.interrupted, 0);
    test_pipe_close(u.fd);
}

/* --- threads that come and go --------------------------------------------*/

static _Atomic int flood_ends;

static void *flood(void *arg)
{
    (void)arg;
    while (!atomic_load(&flood_ends))
        kill(getpid(), yank_rt.signo);
    return NULL;
}

/* And signals from outside that fall on whatever thread there is, at whatever
 * point of its set-up. */
static void live_threads_may_end_under_signals(void **state)
{
    struct test_thread from_outside;

    (void)state;
    atomic_store(&flood_ends, 0);
    test_thread_start(&from_outside, flood, NULL);
    end_threads_under_kicks();
    atomic_store(&flood_ends, 1);
    test_thread_join(&from_outside, NULL);
}

/* --- fork ----------------------------------------------------------------*/

#define FORKS 100

/* In the child: the only thread, attached as before. */
static int child_is_whole(struct target *x)
{
    if (yank_thread_self() != &x->t || atomic_load(&x->t.g.asks) != 0)
        return 2;
    if (yank_os_kick_self(&x->t.m) != YANK_OK)
        return 3;
    yank_poll(&x->t.g);
    if (yank_thread_detach(&x->t) != YANK_OK)
        return 4;
    if (yank_thread_attach(&x->t, NULL) != YANK_OK ||
        yank_thread_detach(&x->t) != YANK_OK)
        return 5;
    return 0;
}

static void forking_loop(struct target *x)
{
    for (int i = 0; i < FORKS; i++) {
        int status = -1;
        pid_t child = fork();

        if (child == 0)
            _exit(child_is_whole(x));
        assert_true(child > 0);
        while (waitpid(child, &status, 0) < 0)
            assert_int_equal(errno, EINTR);
        assert_int_equal(status, 0);
        atomic_fetch_add(&x->count, 1);
    }
    counting_loop(x);
}

static void live_fork_under_kicks_leaves_a_working_child(void **state)
{
    struct target *x = target_start(forking_loop, NULL);
    struct target *y = target_start(counting_loop, NULL);

    (void)state;
    while (atomic_load(&x->count) < FORKS) {
        struct yank_stop stop;
        int rc = yank_suspend_g(&x->t.g, yank_now_ns() + SECOND / 1000, &stop);

        /* fork() is not registered code: it stops only where it is. */
        assert_true(rc == YANK_OK || rc == YANK_ETIMEDOUT);
        if (rc == YANK_OK)
            assert_int_equal(yank_resume_g(&stop), YANK_OK);
        assert_int_equal(yank_suspend_g(&y->t.g, SOON, &stop), YANK_OK);
        assert_int_equal(yank_resume_g(&stop), YANK_OK);
    }
    target_join(x);
    target_join(y);
}

/* --- exec ----------------------------------------------------------------*/

static void *kick_for_ever(void *arg)
{
    struct yank_thread *t = arg;

    for (;;) {
        struct yank_stop stop;

        if (yank_suspend_g(&t->g, yank_now_ns() + SECOND / 1000, &stop) ==
            YANK_OK)
            yank_resume_g(&stop);
        yank_preempt_m(&t->m);
    }
    return NULL;
}

YANK_TEXT static void until_stopped(struct yank_thread *t)
{
    while (atomic_load(&t->g.stop_serial) < 3)
        ;
}

static void exec_under_kicks(void)
{
    static struct yank_thread me;
    struct test_thread requester;

    if (yank_thread_attach(&me, NULL) != YANK_OK ||
        test_thread_start(&requester, kick_for_ever, &me) != 0)
        _exit(10);
    until_stopped(&me);
    execl("/bin/true", "true", (char *)NULL);
    _exit(11);
}

/* The new image has the default action for a kick that is still on its way:
 * for SIGURG that is nothing. */
static void live_exec_under_kicks_harms_no_image(void **state)
{
    (void)state;
    for (int i = 0; i < 100; i++) {
        int status = -1;
        pid_t child = fork();

        if (child == 0)
            exec_under_kicks();
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_int_equal(status, 0);
    }
}

static int setup(void **state)
{
    struct yank_options o = { .struct_size = sizeof o, .atfork = true };

    (void)state;
    return yank_init(&o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(live_exec_under_kicks_harms_no_image),
        cmocka_unit_test(live_blocking_region_sees_no_eintr),
        cmocka_unit_test(live_threads_may_end_under_signals),
        cmocka_unit_test(live_fork_under_kicks_leaves_a_working_child),
    };

    return live_lacks(true)
               ? 77
               : cmocka_run_group_tests(tests, setup, live_teardown);
}
