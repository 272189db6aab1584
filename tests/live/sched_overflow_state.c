/* A task that overflows its stack in the middle of anything leaves a thread
 * whose next task finds the CPU as C expects it.  amd64. */
#define _GNU_SOURCE
#include "sched_fixture.h"

/* The x87 stack full and the direction flag set: then
 * down the stack to the guard page. */
YANK_TEXT static void overflow_with_odd_state(void *arg)
{
    (void)arg;
    __asm__ volatile("fldz\n\tfldz\n\tfldz\n\tfldz\n\t"
                     "fldz\n\tfldz\n\tfldz\n\tfldz\n\t"
                     "std\n"
                     "1:\tpushq %%rax\n\t"
                     "jmp 1b"
                     ::: "memory");
}

struct seen {
    uint16_t tags;
    uint64_t flags;
};

/* Not a new G, whose first instructions would put all in order: one that was
 * parked meanwhile, on the same thread. */
static void look(void *arg)
{
    struct seen *seen = arg;
    uint32_t env[7];

    yank_park(YANK_NO_DEADLINE);
    __asm__ volatile("fnstenv %0\n\tfldenv %0" : "=m"(env));
    __asm__ volatile("pushfq\n\tpopq %0" : "=r"(seen->flags));
    seen->tags = (uint16_t)env[2];
}

static void sched_overflow_leaves_the_cpu_in_order(void **state)
{
    struct yank_sched *s = sched_open(1);

    (void)state;
    for (int i = 0; i < 20; i++) {
        enum yank_task_end end = YANK_ENDS;
        struct seen seen = { 0 };
        struct yank_task *t, *watcher = go(s, look, &seen);

        until(stats_of(watcher).state == YANK_TASK_WAITS);
        t = go(s, overflow_with_odd_state, NULL);
        assert_int_equal(yank_join(t, SOON, &end), YANK_OK);
        assert_int_equal(end, YANK_END_OVERFLOW);
        yank_task_release(t);
        yank_unpark(watcher);
        join_returned(watcher);
        assert_int_equal(seen.tags, 0xffff); /* all empty */
        assert_int_equal(seen.flags & (1u << 10), 0);
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
