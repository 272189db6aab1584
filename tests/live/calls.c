/* Functions that a resume leaves, and yields asked of an M: what the code that
 * was stopped must not notice, and what it must. */
#include "live.h"

#include <errno.h>
#include <yank/host.h>

/* --- errno -------------------------------------------------------------- */

static void spoils_errno(void *arg)
{
    errno = 77;
    atomic_store((_Atomic int *)arg, 1);
}

static void polls_until_called(struct target *x)
{
    errno = 5;
    while (atomic_load((_Atomic int *)x->user) == 0) {
        atomic_fetch_add(&x->count, 1);
        yank_poll(&x->t.g);
    }
    atomic_store((_Atomic int *)x->user, errno == 5 ? 2 : 3);
}

static void live_call_keeps_errno(void **state)
{
    _Atomic int called = 0;
    struct target *x = target_start(polls_until_called, &called);
    struct yank_stop stop;

    (void)state;
    assert_int_equal(yank_suspend_g(&x->t.g, SOON, &stop), YANK_OK);
    assert_int_equal(yank_resume_call(&stop, spoils_errno, &called), YANK_OK);
    while (atomic_load(&called) < 2)
        test_yield();
    assert_int_equal(called, 2);
    target_join(x);
}

/* --- a yield asked of an M whose G is in a blocking region ---------------- */

static unsigned hooks;

static void preempted(void *ctx, struct yank_g *g)
{
    (void)ctx;
    (void)g;
    hooks++;
}

static void abandoned(void *ctx, struct yank_g *g, bool was_runnable)
{
    (void)ctx;
    (void)g;
    (void)was_runnable;
}

static const struct yank_host host = { .struct_size = sizeof host,
                                       .preempted = preempted,
                                       .preempted_stack_bytes = 4096,
                                       .abandoned = abandoned };

/* A fiber on this thread's own stack. */
static void live_yield_asked_while_blocking_is_kept(void **state)
{
    struct yank_g_attr a = { .struct_size = sizeof a, .host = &host };
    static struct yank_m m;
    static struct yank_p p;
    static struct yank_g g;

    (void)state;
    hooks = 0;
    assert_int_equal(yank_os_thread_stack(&a.stack), YANK_OK);
    a.stack.hi &= ~(uintptr_t)15;
    a.stack.lo = (a.stack.lo + 15) & ~(uintptr_t)15;
    assert_int_equal(yank_m_attach(&m, NULL), YANK_OK);
    assert_int_equal(yank_m_acquire_p(&m, &p), YANK_OK);
    assert_int_equal(yank_g_init(&g, &a), YANK_OK);
    assert_int_equal(yank_m_set_curg(&m, &g), YANK_OK);
    assert_int_equal(yank_blocking_enter(&g), YANK_OK);
    assert_int_equal(yank_preempt_one(&m), YANK_OK);
    assert_int_equal(hooks, 0);
    assert_int_equal(yank_blocking_leave(&g), YANK_OK);
    assert_int_equal(hooks, 1);
    assert_int_equal(yank_m_set_curg(&m, NULL), YANK_OK);
    assert_int_equal(yank_g_fini(&g), YANK_OK);
    assert_int_equal(yank_m_release_p(&m), YANK_OK);
    assert_int_equal(yank_m_detach(&m), YANK_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(live_call_keeps_errno),
        cmocka_unit_test(live_yield_asked_while_blocking_is_kept),
    };
    return live_main(tests, sizeof tests / sizeof tests[0], true);
}
