/* A scheduler to test.  Asserts are for the test's own thread: tasks tell
 * what they saw in atomics. */
#ifndef YANK_TESTS_SCHED_FIXTURE_H
#define YANK_TESTS_SCHED_FIXTURE_H

#include "live.h"

#include <yank/sched.h>

#define SLICE_NS YANK_SLICE_MIN_NS

/* Wait for something that must come; the nap leaves the processor to it. */
#define until(condition)                                                       \
    do {                                                                       \
        while (!(condition))                                                   \
            test_nap_ns(200000);                                               \
    } while (0)

static inline struct yank_sched *sched_open(unsigned threads)
{
    struct yank_sched_attr a = { .struct_size = sizeof a,
                                 .threads = threads,
                                 .slice_ns = SLICE_NS };
    struct yank_sched *s = NULL;

    assert_int_equal(yank_sched_start(&a, &s), YANK_OK);
    assert_non_null(s);
    return s;
}

static inline void sched_close(struct yank_sched *s)
{
    assert_int_equal(yank_sched_stop(s), YANK_OK);
}

static inline struct yank_task *go(struct yank_sched *s, void (*fn)(void *),
                                   void *arg)
{
    struct yank_task *t = NULL;

    assert_int_equal(yank_go(s, fn, arg, NULL, &t), YANK_OK);
    assert_non_null(t);
    return t;
}

static inline struct yank_task_stats stats_of(struct yank_task *t)
{
    struct yank_task_stats stats;

    assert_int_equal(yank_task_stats(t, &stats), YANK_OK);
    return stats;
}

static inline void join_returned(struct yank_task *t)
{
    enum yank_task_end end = YANK_END_ABANDONED;

    assert_int_equal(yank_join(t, SOON, &end), YANK_OK);
    assert_int_equal(end, YANK_END_RETURNED);
    assert_int_equal(yank_task_release(t), YANK_OK);
}

/* Whatever it does, it ends here. */
static inline void abandon(struct yank_task *t)
{
    enum yank_task_end end = YANK_END_RETURNED;
    struct yank_stop stop;

    assert_int_equal(yank_task_suspend(t, SOON, &stop), YANK_OK);
    assert_int_equal(yank_abandon_g(&stop), YANK_OK);
    assert_int_equal(yank_join(t, SOON, &end), YANK_OK);
    assert_int_equal(end, YANK_END_ABANDONED);
    assert_int_equal(yank_task_release(t), YANK_OK);
}

/* A loop that ends for nobody. */
YANK_TEXT __attribute__((unused)) static void endless(void *arg)
{
    (void)arg;
    for (;;)
        __asm__ volatile("");
}

/* Registered code that takes a while. */
YANK_TEXT __attribute__((unused)) static uint64_t spin(uint64_t rounds)
{
    uint64_t x = 1;

    for (uint64_t i = 0; i < rounds; i++) {
        x = x * 6364136223846793005u + 1442695040888963407u;
        __asm__ volatile("" : "+r"(x));
    }
    return x;
}

/* Slices that are long against what the system takes from a thread. */
/* Long against the time from a slice's end to the stop, which no task is
 * charged with. */
static inline int64_t long_slice_ns(void)
{
    return yank_os_kick_scale() > 1 ? 10000000 : 1000000;
}

static inline struct yank_sched *open_with_long_slices(void)
{
    struct yank_sched_attr a = { .struct_size = sizeof a,
                                 .threads = 1,
                                 .slice_ns = long_slice_ns() };
    struct yank_sched *s = NULL;

    assert_int_equal(yank_sched_start(&a, &s), YANK_OK);
    return s;
}

/* Has a had about as much for its weight as b? */
static inline bool is_fair(struct yank_task *a, unsigned weight_a, struct yank_task *b,
                    unsigned weight_b)
{
    int64_t of_a = stats_of(a).cpu_ns * weight_b;
    int64_t of_b = stats_of(b).cpu_ns * weight_a;

    return of_a < of_b * 11 / 10 && of_b < of_a * 11 / 10;
}

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define SCHED_MAIN(tests) live_main(tests, COUNT(tests), true)

#endif
