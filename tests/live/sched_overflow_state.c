/* A task that overflows its stack in the middle of anything leaves a thread
 * that has the CPU as C expects it: on g0 at once, and in the next task.
 * Linked with odd_state_<cpu>.c and --wrap=yank_task_leave_dead. */
#define _GNU_SOURCE
#include "odd_state.h"
#include "sched_fixture.h"
#include "sched/scheduler.h"

/* By overflow.c on g0, the first that is called from there. */
struct yank_g *__wrap_yank_task_leave_dead(struct yank_m *m, struct yank_g *g,
                                           void *arg);
struct yank_g *__real_yank_task_leave_dead(struct yank_m *m, struct yank_g *g,
                                           void *arg);
static _Atomic int odd_on_g0, ends_on_g0;

struct yank_g *__wrap_yank_task_leave_dead(struct yank_m *m, struct yank_g *g,
                                           void *arg)
{
    atomic_fetch_or(&odd_on_g0, odd_state_here());
    atomic_fetch_add(&ends_on_g0, 1);
    return __real_yank_task_leave_dead(m, g, arg);
}

/* Not a new G, whose first instructions would put all in order: one that was
 * parked meanwhile, on the same thread. */
static void look(void *arg)
{
    int *seen = arg;

    yank_park(YANK_NO_DEADLINE);
    *seen = odd_state_here();
}

static void sched_overflow_leaves_the_cpu_in_order(void **state)
{
    struct yank_sched *s = sched_open(1);

    (void)state;
    for (int i = 0; i < 20; i++) {
        enum yank_task_end end = YANK_ENDS;
        int seen = -1;
        struct yank_task *t, *watcher = go(s, look, &seen);

        until(stats_of(watcher).state == YANK_TASK_WAITS);
        atomic_store(&ends_on_g0, 0);
        t = go(s, overflow_with_odd_state, NULL);
        assert_int_equal(yank_join(t, SOON, &end), YANK_OK);
        assert_int_equal(end, YANK_END_OVERFLOW);
        assert_int_equal(atomic_load(&ends_on_g0), 1);
        assert_int_equal(atomic_load(&odd_on_g0), 0);
        yank_task_release(t);
        yank_unpark(watcher);
        join_returned(watcher);
        assert_int_equal(seen, 0);
    }
    sched_close(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sched_overflow_leaves_the_cpu_in_order),
    };
    return SCHED_MAIN(tests);
}
