/* Threads that come and go while others stop them. */
#ifndef YANK_TESTS_STORMS_H
#define YANK_TESTS_STORMS_H

#include "live.h"

YANK_TEXT static void short_loop(struct target *x)
{
    while (atomic_load(&x->running) != 2)
        ;
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

/* Kicks on their way to threads that end. */
static void end_threads_under_kicks(void)
{
    for (int i = 0; i < 100; i++) {
        struct target *x = target_start(short_loop, NULL);
        struct test_thread requester[2];
        void *rc;

        for (int r = 0; r < 2; r++)
            test_thread_start(&requester[r], stop_until_dead, x);
        /* They are in the call before the G may go: detach waits for them. */
        while (atomic_load(&x->t.g.stop_serial) == 0)
            test_yield();
        yank_visit(&x->t.g);
        atomic_store(&x->running, 2);
        for (int r = 0; r < 2; r++) {
            test_thread_join(&requester[r], &rc);
            assert_int_equal((intptr_t)rc, YANK_EDEAD);
        }
        yank_visit_end(&x->t.g);
        target_join(x);
    }
}

#endif
