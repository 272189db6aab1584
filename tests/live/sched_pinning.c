/* What belongs to a thread, and what to a task. */
#define _GNU_SOURCE
#include "sched_fixture.h"

#include <errno.h>

/* Out of line: a caller may keep a thread-local's address over a yield. */
__attribute__((noinline)) static void put_errno(int value)
{
    errno = value;
}

__attribute__((noinline)) static int get_errno(void)
{
    return errno;
}

struct wanderer {
    struct yank_task *task;
    int id;
    uint64_t stops, moved, errno_lost;
    long threads[4]; /* it was seen on */
    bool more;       /* a slow thread may count as asleep: others come */
};

static void was_on(struct wanderer *w, long thread)
{
    size_t i = 0;

    while (i < COUNT(w->threads) && w->threads[i] != 0 &&
           w->threads[i] != thread)
        i++;
    if (i < COUNT(w->threads))
        w->threads[i] = thread;
}

static uint64_t preemptions(void)
{
    struct yank_task_stats s;

    yank_task_stats(yank_task_self(), &s);
    return s.preemptions;
}

static void wander(void *arg)
{
    struct wanderer *w = arg;

    w->more = yank_os_thread_sleeps(yank_m_self()) < 0;
    put_errno(w->id);
    for (int round = 0; round < 40; round++) {
        long thread = test_thread_id();
        uint64_t before = preemptions();

        was_on(w, thread);
        /* A few slices, as long as others wait. */
        for (int k = 0; k < 100 && preemptions() < before + 3; k++) {
            spin(20000);
            if (test_thread_id() != thread)
                w->moved++;
        }
        w->stops += preemptions() - before;
        if (get_errno() != w->id)
            w->errno_lost++;
        yank_yield(); /* from here on it may be anywhere */
        if (get_errno() != w->id)
            w->errno_lost++;
    }
}

static void sched_stopped_task_stays_on_its_thread(void **state)
{
    struct yank_sched *s = sched_open(2);
    struct wanderer w[8];
    bool shared = false;

    (void)state;
    for (size_t i = 0; i < COUNT(w); i++) {
        w[i] = (struct wanderer){ .id = 100 + (int)i };
        w[i].task = go(s, wander, &w[i]);
    }
    for (size_t i = 0; i < COUNT(w); i++) {
        join_returned(w[i].task);
        assert_true(w[i].stops >= 10);
        assert_int_equal(w[i].moved, 0);
        assert_int_equal(w[i].errno_lost, 0);
        if (w[i].threads[1] != 0)
            shared = true;
        assert_true(w[i].threads[2] == 0 || w[i].more);
    }
    /* Not all were nailed down: a yield is a synchronous stop. */
    assert_true(shared);
    sched_close(s);
}

static void returns_at_once(void *arg)
{
    (void)arg;
}

static void sched_pinned_and_global_tasks_both_get_on(void **state)
{
    struct yank_sched *s = sched_open(1);
    struct yank_task *pinned[3];

    (void)state;
    for (size_t i = 0; i < COUNT(pinned); i++)
        pinned[i] = go(s, endless, NULL);
    for (size_t i = 0; i < COUNT(pinned); i++)
        until(stats_of(pinned[i]).preemptions >= 5); /* pinned by now */
    /* The pinned ones go on while others come and go, and the other way
     * round; if not, this never ends. */
    for (size_t i = 0; i < COUNT(pinned); i++)
        for (uint64_t runs = stats_of(pinned[i]).runs;
             stats_of(pinned[i]).runs < runs + 50;)
            join_returned(go(s, returns_at_once, NULL));
    for (size_t i = 0; i < COUNT(pinned); i++)
        abandon(pinned[i]);
    sched_close(s);
}

#define CHILDREN 50

struct parent {
    struct yank_sched *sched;
    struct yank_task *children[CHILDREN];
    _Atomic int started;
};

static void starts_others_and_never_yields(void *arg)
{
    struct parent *p = arg;

    for (int i = 0; i < CHILDREN; i++)
        yank_go(p->sched, returns_at_once, NULL, NULL, &p->children[i]);
    atomic_store(&p->started, 1);
    endless(NULL);
}

/* With slices that never end nobody comes to the queue but the idle one. */
static void sched_idle_thread_takes_what_a_busy_one_started(void **state)
{
    struct yank_sched_attr a = { .struct_size = sizeof a,
                                 .threads = 2,
                                 .slice_ns = 1000 * SECOND };
    struct parent p = { 0 };
    struct yank_task *busy;

    (void)state;
    assert_int_equal(yank_sched_start(&a, &p.sched), YANK_OK);
    busy = go(p.sched, starts_others_and_never_yields, &p);
    until(atomic_load(&p.started) == 1);
    for (int i = 0; i < CHILDREN; i++)
        join_returned(p.children[i]);
    assert_int_equal(stats_of(busy).preemptions, 0);
    abandon(busy);
    sched_close(p.sched);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sched_stopped_task_stays_on_its_thread),
        cmocka_unit_test(sched_pinned_and_global_tasks_both_get_on),
        cmocka_unit_test(sched_idle_thread_takes_what_a_busy_one_started),
    };
    return SCHED_MAIN(tests);
}
