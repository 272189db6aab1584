/* Wrong calls name the fault and change nothing. */
#define _GNU_SOURCE
#include "sched_fixture.h"

#include <limits.h>

static void nothing(void *arg)
{
    (void)arg;
}

static int start_with(size_t size, unsigned threads, int64_t slice_ns)
{
    struct yank_sched_attr a = { .struct_size = size,
                                 .threads = threads,
                                 .slice_ns = slice_ns };
    struct yank_sched *s = (struct yank_sched *)&a;
    int rc = yank_sched_start(&a, &s);

    if (rc == YANK_OK)
        sched_close(s);
    else
        assert_ptr_equal(s, &a); /* untouched */
    return rc;
}

static void sched_start_checks_its_attributes(void **state)
{
    size_t size = sizeof(struct yank_sched_attr);
    struct yank_sched *s;

    (void)state;
    assert_int_equal(yank_sched_start(NULL, NULL), YANK_EINVAL);
    assert_int_equal(start_with(0, 1, 0), YANK_EINVAL);
    assert_int_equal(start_with(size - 1, 1, 0), YANK_EINVAL);
    assert_int_equal(start_with(size, 1, -1), YANK_EINVAL);
    assert_int_equal(start_with(size, 1, YANK_SLICE_MIN_NS - 1), YANK_EINVAL);
    assert_int_equal(start_with(size, YANK_SCHED_THREADS_MAX + 1, 0),
                     YANK_EINVAL);
    assert_int_equal(start_with(size, UINT_MAX, 0), YANK_EINVAL);
    assert_int_equal(start_with(size, 0, 0), YANK_OK); /* the defaults */
    assert_int_equal(start_with(size, 3, YANK_SLICE_MIN_NS), YANK_OK);
    assert_int_equal(yank_sched_start(NULL, &s), YANK_OK);
    sched_close(s);
    assert_int_equal(yank_sched_stop(NULL), YANK_EINVAL);
}

static void sched_start_needs_yank_init(void **state)
{
    struct yank_options o = { .struct_size = sizeof o };
    struct yank_sched *s;

    (void)state;
    assert_int_equal(yank_fini(), YANK_OK);
    assert_int_equal(yank_sched_start(NULL, &s), YANK_EINIT);
    assert_int_equal(yank_init(&o), YANK_OK);
}

static void sched_go_checks_its_arguments(void **state)
{
    struct yank_task_attr a = { .struct_size = sizeof a };
    struct yank_sched *s = sched_open(1);
    struct yank_task *t = NULL;

    (void)state;
    assert_int_equal(yank_go(NULL, nothing, NULL, NULL, &t), YANK_EINVAL);
    assert_int_equal(yank_go(s, NULL, NULL, NULL, &t), YANK_EINVAL);
    a.struct_size = 1;
    assert_int_equal(yank_go(s, nothing, NULL, &a, &t), YANK_EINVAL);
    a.struct_size = sizeof a;
    a.stack_bytes = 1;
    assert_int_equal(yank_go(s, nothing, NULL, &a, &t), YANK_ESTACK);
    a.stack_bytes = YANK_TASK_STACK_MIN_BYTES - 1;
    assert_int_equal(yank_go(s, nothing, NULL, &a, &t), YANK_ESTACK);
    a.stack_bytes = SIZE_MAX;
    assert_int_equal(yank_go(s, nothing, NULL, &a, &t), YANK_ENOMEM);
    a.stack_bytes = (size_t)1 << 60;
    assert_int_equal(yank_go(s, nothing, NULL, &a, &t), YANK_ENOMEM);
    assert_null(t);
    a.stack_bytes = YANK_TASK_STACK_MIN_BYTES;
    assert_int_equal(yank_go(s, nothing, NULL, &a, &t), YANK_OK);
    join_returned(t);
    sched_close(s); /* nothing was left behind */
}

static void sched_handles_may_be_null_or_used_up(void **state)
{
    struct yank_sched *s = sched_open(1);
    struct yank_task *t = go(s, nothing, NULL);
    struct yank_task_stats stats;
    struct yank_stop stop;

    (void)state;
    assert_int_equal(yank_task_ref(NULL), YANK_EINVAL);
    assert_int_equal(yank_task_release(NULL), YANK_EINVAL);
    assert_int_equal(yank_unpark(NULL), YANK_EINVAL);
    assert_int_equal(yank_join(NULL, 0, NULL), YANK_EINVAL);
    assert_int_equal(yank_task_suspend(NULL, 0, &stop), YANK_EINVAL);
    assert_int_equal(yank_task_suspend(t, 0, NULL), YANK_EINVAL);
    assert_int_equal(yank_task_stats(NULL, &stats), YANK_EINVAL);
    assert_int_equal(yank_task_stats(t, NULL), YANK_EINVAL);
    assert_null(yank_task_g(NULL));
    assert_int_equal(yank_join(t, SOON, NULL), YANK_OK);
    assert_int_equal(yank_task_suspend(t, SOON, &stop), YANK_EDEAD);
    join_returned(t);
    assert_int_equal(yank_task_release(t), YANK_EINVAL);
    assert_int_equal(yank_task_ref(t), YANK_EINVAL);
    sched_close(s);
}

static void sched_waits_need_a_task(void **state)
{
    struct yank_sched *s = sched_open(1);

    (void)state;
    assert_null(yank_task_self());
    assert_int_equal(yank_yield(), YANK_ETHREAD);
    assert_int_equal(yank_park(0), YANK_ETHREAD);
    assert_int_equal(yank_sleep(0), YANK_ETHREAD);
    sched_close(s);
}

/* --- what a task sees --------------------------------------------------- */

struct seen {
    struct yank_sched *s;
    struct yank_task *self, *endless;
    int join_self, stop_own, suspend_self;
    int region[5], holding[5], blocking[3];
    bool is_self;
};

static void all_waits(const struct seen *x, int *rc)
{
    rc[0] = yank_yield();
    rc[1] = yank_park(YANK_NO_DEADLINE);
    rc[2] = yank_sleep(yank_now_ns() + 3600 * SECOND);
    rc[3] = yank_join(x->endless, yank_now_ns() + 3600 * SECOND, NULL);
    rc[4] = yank_park(0);
}

static void looks(void *arg)
{
    struct seen *x = arg;
    struct yank_g *g = yank_task_g(x->self);
    struct yank_stop stop;

    x->is_self = yank_task_self() == x->self;
    x->join_self = yank_join(x->self, YANK_NO_DEADLINE, NULL);
    x->stop_own = yank_sched_stop(x->s);
    x->suspend_self = yank_task_suspend(x->self, YANK_NO_DEADLINE, &stop);
    yank_preempt_disable(g);
    all_waits(x, x->region);
    yank_preempt_enable(g);
    if (yank_task_suspend(x->endless, YANK_NO_DEADLINE, &stop) == YANK_OK) {
        all_waits(x, x->holding);
        yank_resume_g(&stop);
    }
    if (yank_blocking_enter(g) == YANK_OK) {
        x->blocking[0] = yank_yield();
        x->blocking[1] = yank_park(0);
        x->blocking[2] = yank_sleep(0);
        yank_blocking_leave(g);
    }
}

static void sched_task_may_not_wait_in_a_region(void **state)
{
    struct yank_sched *s = sched_open(2);
    struct seen x = { .s = s, .endless = go(s, endless, NULL) };

    (void)state;
    assert_int_equal(yank_go(s, looks, &x, NULL, &x.self), YANK_OK);
    join_returned(x.self);
    assert_true(x.is_self);
    assert_int_equal(x.join_self, YANK_ESELF);
    assert_int_equal(x.stop_own, YANK_EBUSY);
    assert_int_equal(x.suspend_self, YANK_ESELF);
    for (int i = 0; i < 5; i++) {
        assert_int_equal(x.region[i], YANK_EREGION);
        assert_int_equal(x.holding[i], YANK_EHOLDING);
    }
    for (int i = 0; i < 3; i++)
        assert_int_equal(x.blocking[i], YANK_EREGION);
    abandon(x.endless);
    sched_close(s);
}

/* What a task leaves open ends with it. */
static void returns_in_a_region(void *arg)
{
    (void)arg;
    yank_preempt_disable(yank_task_g(yank_task_self()));
    yank_preempt_disable(yank_task_g(yank_task_self()));
}

static void returns_while_blocking(void *arg)
{
    (void)arg;
    yank_blocking_enter(yank_task_g(yank_task_self()));
}

static void sched_task_may_return_in_a_region(void **state)
{
    struct yank_sched *s = sched_open(1);

    (void)state;
    for (int i = 0; i < 20; i++) {
        join_returned(go(s, returns_in_a_region, NULL));
        join_returned(go(s, returns_while_blocking, NULL));
    }
    sched_close(s);
}

/* --- no memory ---------------------------------------------------------- */

static _Atomic int allocs_left = INT_MAX;
static _Atomic int64_t bytes_out;

static void *scarce_alloc(void *ctx, size_t bytes)
{
    (void)ctx;
    if (atomic_fetch_sub(&allocs_left, 1) <= 0)
        return NULL;
    atomic_fetch_add(&bytes_out, (int64_t)bytes);
    return malloc(bytes);
}

static void scarce_release(void *ctx, void *p, size_t bytes)
{
    (void)ctx;
    atomic_fetch_sub(&bytes_out, (int64_t)bytes);
    free(p);
}

/* Start, a task, stop; the allocation after so many fails.  True: none did. */
static bool run_with(int allocs)
{
    struct yank_sched_attr a = { .struct_size = sizeof a, .threads = 3 };
    struct yank_sched *s;
    struct yank_task *t;
    bool all;
    int rc;

    atomic_store(&allocs_left, allocs);
    rc = yank_sched_start(&a, &s);
    if (rc == YANK_OK) {
        rc = yank_go(s, nothing, NULL, NULL, &t);
        if (rc == YANK_OK)
            join_returned(t);
        sched_close(s);
    }
    all = atomic_load(&allocs_left) >= 0;
    if (rc != YANK_OK)
        assert_int_equal(rc, YANK_ENOMEM);
    assert_true(rc == YANK_OK || !all);
    atomic_store(&allocs_left, INT_MAX);
    return all;
}

static void sched_start_without_memory_leaves_nothing(void **state)
{
    struct yank_options o = { .struct_size = sizeof o };
    int n = 0;

    (void)state;
    assert_int_equal(yank_fini(), YANK_OK);
    o.alloc = scarce_alloc;
    o.release = scarce_release;
    assert_int_equal(yank_init(&o), YANK_OK);
    while (!run_with(n))
        n++;
    assert_true(n > 1); /* the scheduler and the slab, at least */
    assert_int_equal(yank_fini(), YANK_OK);
    assert_true(atomic_load(&bytes_out) == 0);
    o = (struct yank_options){ .struct_size = sizeof o };
    assert_int_equal(yank_init(&o), YANK_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sched_start_checks_its_attributes),
        cmocka_unit_test(sched_start_needs_yank_init),
        cmocka_unit_test(sched_go_checks_its_arguments),
        cmocka_unit_test(sched_handles_may_be_null_or_used_up),
        cmocka_unit_test(sched_waits_need_a_task),
        cmocka_unit_test(sched_task_may_not_wait_in_a_region),
        cmocka_unit_test(sched_task_may_return_in_a_region),
        cmocka_unit_test(sched_start_without_memory_leaves_nothing),
    };
    return SCHED_MAIN(tests);
}
