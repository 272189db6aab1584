/* A scheduler with nothing to do, or one task and nobody who waits for it,
 * costs nothing: no thread of it wakes up. */
#define _GNU_SOURCE
#include "sched_fixture.h"
#include "sleeps.h"

static void parks_once(void *arg)
{
    (void)arg;
    yank_park(YANK_NO_DEADLINE);
}

static void sleeps_for_ever(void *arg)
{
    (void)arg;
    yank_sleep(YANK_NO_DEADLINE - 1);
}

/* Watched until nobody woke up for a whole window: threads that wake by
 * themselves more often never get there. */
static void sched_nothing_wakes_up_when_idle(void **state)
{
    struct yank_sched *s = sched_open(2);
    struct yank_task *parked = go(s, parks_once, NULL);
    struct yank_task *asleep = go(s, sleeps_for_ever, NULL);
    struct yank_task *alone = go(s, endless, NULL);
    uint64_t before;

    (void)state;
    until(stats_of(parked).runs == 1 && stats_of(asleep).runs == 1 &&
          stats_of(alone).runs == 1);
    do {
        before = sleeps_so_far();
        assert_int_equal(yank_join(alone, yank_now_ns() + SECOND / 3, NULL),
                         YANK_ETIMEDOUT);
    } while (sleeps_so_far() != before);
    abandon(alone);
    abandon(asleep);
    yank_unpark(parked);
    join_returned(parked);
    sched_close(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sched_nothing_wakes_up_when_idle),
    };
    return SCHED_MAIN(tests);
}
