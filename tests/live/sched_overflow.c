/* A stack overflow in registered code ends the task and is reported. */
#include "sched_fixture.h"
#include "dive.h"

#include <stdio.h>
#include <string.h>

static char said[300];
static _Atomic int lines;

static void hear(void *ctx, const char *line)
{
    (void)ctx;
    if (strstr(line, "ran over its stack") != NULL) {
        snprintf(said, sizeof said, "%s", line);
        atomic_fetch_add(&lines, 1);
    }
}

static void begin(void)
{
    struct yank_options o = { .struct_size = sizeof o, .log = hear };

    assert_int_equal(yank_fini(), YANK_OK);
    assert_int_equal(yank_init(&o), YANK_OK);
}

static double sum(void)
{
    volatile long double x = 0;

    for (int i = 1; i <= 100; i++)
        x = x + 1.0L / i;
    return (double)x;
}

static void adds(void *arg)
{
    *(double *)arg = sum();
}

static void sched_overflow_ends_the_task_with_a_report(void **state)
{
    struct yank_task_attr a = { .struct_size = sizeof a,
                                .stack_bytes = 32 << 10,
                                .name = "diver" };
    struct yank_sched *s;
    struct yank_task *loop, *t;
    double out = 0, right = sum();

    (void)state;
    begin();
    s = sched_open(2);
    loop = go(s, endless, NULL);
    for (int i = 0; i < 50; i++) {
        enum yank_task_end end = YANK_ENDS;

        a.own_thread = i % 5 == 0;
        assert_int_equal(yank_go(s, dives, &out, &a, &t), YANK_OK);
        assert_int_equal(yank_join(t, SOON, &end), YANK_OK);
        assert_int_equal(end, YANK_END_OVERFLOW);
        until(atomic_load(&lines) == i + 1);
        assert_non_null(strstr(said, "'diver'"));
        yank_task_release(t);
        out = 0;
        join_returned(go(s, adds, &out));
        assert_true(out == right);
    }
    abandon(loop);
    sched_close(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sched_overflow_ends_the_task_with_a_report),
    };
    return SCHED_MAIN(tests);
}
