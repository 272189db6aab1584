/* Kicks while threads come and go and wait in the system. */
#define _GNU_SOURCE
#include "storms.h"

struct pipe_user {
    int fd[2];
    _Atomic int round;
    int interrupted;
};

static void wait_in_read(struct target *x)
{
    struct pipe_user *u = x->user;
    char c;

    while (!atomic_load(&x->quit)) {
        assert_int_equal(yank_blocking_enter(&x->t.g), YANK_OK);
        atomic_fetch_add(&u->round, 1);
        while (test_read(u->fd[0], &c, 1) != 1)
            u->interrupted++;
        assert_int_equal(yank_blocking_leave(&x->t.g), YANK_OK);
        atomic_fetch_add(&x->count, 1);
    }
}

/* Stops at any moment: also just before the region, so that the kick is on its
 * way when the thread goes to sleep. */
static void live_blocking_region_is_not_disturbed(void **state)
{
    struct pipe_user u = { .interrupted = 0 };
    struct target *x;
    int stops = 0;

    (void)state;
    assert_int_equal(test_pipe_open(u.fd), 0);
    x = target_start(wait_in_read, &u);
    for (int round = 1; round <= 2000; stops++) {
        struct yank_stop stop;

        assert_int_equal(yank_suspend_g(&x->t.g, SOON, &stop), YANK_OK);
        assert_int_equal(yank_resume_g(&stop), YANK_OK);
        if (atomic_load(&u.round) < round || stops < 2 * round)
            continue;
        if (round++ == 2000)
            atomic_store(&x->quit, 1);
        assert_int_equal(test_write(u.fd[1], "x", 1), 1);
    }
    target_join(x);
    assert_int_equal(u.interrupted, 0);
    test_pipe_close(u.fd);
}

static void live_threads_may_end_under_kicks(void **state)
{
    (void)state;
    end_threads_under_kicks();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(live_blocking_region_is_not_disturbed),
        cmocka_unit_test(live_threads_may_end_under_kicks),
    };

    return live_main(tests, YANK_ARRAY_LEN(tests), true);
}
