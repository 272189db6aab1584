/* A system that cannot say whether a thread sleeps: one that does not stop for
 * long counts as asleep and loses its right.  What it comes to next may be a
 * loop, and then it has to be stopped as any other. */
#include "sched_fixture.h"

int __wrap_yank_os_thread_sleeps(const struct yank_m *m);
int __wrap_yank_os_thread_sleeps(const struct yank_m *m)
{
    (void)m;
    return -1;
}

static _Atomic int beside, reached;

/* Pinned where it is stopped; it comes to its end once it runs again. */
YANK_TEXT static void waits_in_a_loop(void *arg)
{
    (void)arg;
    while (atomic_load(&beside) == 0)
        ;
    atomic_store(&reached, 1);
}

YANK_TEXT static void loops_until_reached(void)
{
    while (atomic_load(&reached) == 0)
        ;
}

/* Not registered: nobody stops it before it has lost its right. */
static void is_silent_and_then_loops(void *arg)
{
    (void)arg;
    while (atomic_load(&beside) == 0)
        ;
    loops_until_reached();
}

static void runs_beside(void *arg)
{
    (void)arg;
    atomic_store(&beside, 1);
}

static void sched_silent_thread_is_asked_again(void **state)
{
    struct yank_sched *s = sched_open(1);
    struct yank_task *pinned, *silent, *other;

    (void)state;
    pinned = go(s, waits_in_a_loop, NULL);
    until(stats_of(pinned).runs == 1);
    silent = go(s, is_silent_and_then_loops, NULL);
    until(stats_of(silent).runs == 1);
    /* One right: this one runs once the silent one has lost it. */
    other = go(s, runs_beside, NULL);
    join_returned(other);
    join_returned(pinned);
    join_returned(silent);
    sched_close(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sched_silent_thread_is_asked_again),
    };
    return SCHED_MAIN(tests);
}
