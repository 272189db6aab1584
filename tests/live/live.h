/* A thread to stop, for the live tests.  Waiting is always for an event that
 * must come; the time limit of the test is the only clock. */
#ifndef YANK_TESTS_LIVE_H
#define YANK_TESTS_LIVE_H

#include "core/core.h"

#include "jump.h"
#include "thread.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

#include <yank/code.h>
#include <yank/yank.h>

#define SECOND 1000000000ll
/* A deadline that only a broken build reaches. */
#define SOON (yank_now_ns() + yank_os_kick_scale() * 30 * SECOND)

struct target {
    struct yank_thread t;
    void (*loop)(struct target *);
    struct yank_thread_attr attr;
    struct test_thread thread;
    _Atomic int running, quit;
    _Atomic uint64_t count;
    void *user;
    jmp_buf out; /* for loops that never look at quit */
};

static inline void wait_for(_Atomic int *flag, int value)
{
    while (atomic_load(flag) != value)
        test_yield();
}

/* Until the target has gone round its loop again. */
static inline void wait_for_progress(struct target *x)
{
    uint64_t seen = atomic_load(&x->count);

    while (atomic_load(&x->count) == seen)
        test_yield();
}

static inline void *target_main(void *arg)
{
    struct target *x = arg;

    assert_int_equal(yank_thread_attach(&x->t, &x->attr), YANK_OK);
    atomic_store(&x->running, 1);
    if (test_setjmp(x->out) == 0)
        x->loop(x);
    assert_int_equal(yank_thread_detach(&x->t), YANK_OK);
    return NULL;
}

static inline struct target *target_start(void (*loop)(struct target *),
                                          void *user)
{
    struct target *x = test_aligned(64, sizeof *x);

    assert_non_null(x);
    *x = (struct target){ .loop = loop, .user = user };
    x->attr.struct_size = sizeof x->attr;
    assert_int_equal(test_thread_start(&x->thread, target_main, x), 0);
    while (atomic_load(&x->running) == 0) /* its loop may set it higher */
        test_yield();
    return x;
}

static inline void target_join(struct target *x)
{
    atomic_store(&x->quit, 1);
    assert_int_equal(test_thread_join(&x->thread, NULL), 0);
    test_aligned_free(x);
}

static inline void leave_loop(void *arg)
{
    struct target *x = arg;

    test_longjmp(x->out, 1);
}

/* End a loop that looks at nothing. */
static inline void target_cancel(struct target *x)
{
    struct yank_stop stop;

    assert_int_equal(yank_suspend_g(&x->t.g, SOON, &stop), YANK_OK);
    assert_int_equal(yank_resume_call(&stop, leave_loop, x), YANK_OK);
    target_join(x);
}

static inline uint64_t answers(enum yank_outcome o)
{
    struct yank_counters c;

    assert_int_equal(yank_get_counters(&c), YANK_OK);
    return c.outcome[o];
}

static inline int live_setup(void **state)
{
    struct yank_options o = { .struct_size = sizeof o };

    (void)state;
    return yank_init(&o);
}

static inline int live_teardown(void **state)
{
    (void)state;
    return yank_fini();
}

static inline bool live_has_async(void)
{
    struct yank_caps caps;

    return yank_get_caps(&caps) == YANK_OK &&
           (caps.active & YANK_CAP_ASYNC) != 0;
}

/* 77 where the capability is missing: CTest calls that skipped. */
#define live_main(tests, n, needs_async)                                     \
    (live_lacks(needs_async)                                                 \
         ? 77                                                                \
         : _cmocka_run_group_tests(#tests, tests, n, live_setup,             \
                                   live_teardown))

static inline bool live_lacks(bool async)
{
    bool lacks;

    if (live_setup(NULL) != YANK_OK)
        exit(1);
    lacks = async && !live_has_async();
    live_teardown(NULL);
    return lacks;
}

#endif
