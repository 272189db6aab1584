/* Tasks with a thread of their own, of which no more run than the scheduler
 * has rights. */
#include "sched_fixture.h"

static struct yank_task *go_alone(struct yank_sched *s, void (*fn)(void *),
                                  void *arg, const char *name)
{
    struct yank_task_attr a = { .struct_size = sizeof a,
                                .own_thread = true,
                                .name = name };
    struct yank_task *t = NULL;

    assert_int_equal(yank_go(s, fn, arg, &a, &t), YANK_OK);
    return t;
}

/* --- a thread of its own ------------------------------------------------ */

#define LONERS 4

struct loner {
    struct yank_task *task;
    long thread;
    int others; /* how many have to be there before it goes on */
    uint64_t moved;
};

static _Atomic int present;

/* All of them live at the same time: a thread is used again. */
static void meet(int others)
{
    atomic_fetch_add(&present, 1);
    while (atomic_load(&present) < others)
        yank_yield();
}

static void stays(void *arg)
{
    struct loner *l = arg;

    l->thread = test_thread_id();
    meet(l->others);
    for (int i = 0; i < 200; i++) {
        spin(2000);
        l->moved += test_thread_id() != l->thread;
        yank_yield();
        l->moved += test_thread_id() != l->thread;
        if (i % 50 == 0)
            yank_sleep(yank_now_ns() + 100000);
        l->moved += test_thread_id() != l->thread;
    }
}

static void sched_own_thread_is_nobody_elses(void **state)
{
    struct yank_sched *s = sched_open(1);
    struct loner l[LONERS] = { 0 }, shared = { 0 };

    (void)state;
    atomic_store(&present, 0);
    shared.others = LONERS + 1;
    for (int i = 0; i < LONERS; i++) {
        l[i].others = LONERS + 1;
        l[i].task = go_alone(s, stays, &l[i], NULL);
    }
    shared.task = go(s, stays, &shared);
    for (int i = 0; i < LONERS; i++) {
        join_returned(l[i].task);
        assert_int_equal(l[i].moved, 0);
        for (int k = 0; k < i; k++)
            assert_int_not_equal(l[i].thread, l[k].thread);
    }
    join_returned(shared.task);
    for (int i = 0; i < LONERS; i++)
        assert_int_not_equal(shared.thread, l[i].thread);
    sched_close(s);
}

/* Room for four. */
static bool is_known(long threads[4], long thread)
{
    for (int i = 0; i < 4; i++) {
        if (threads[i] == 0)
            threads[i] = thread;
        if (threads[i] == thread)
            return true;
    }
    return false;
}

static void sched_own_threads_take_turns(void **state)
{
    struct yank_sched *s = open_with_long_slices();
    struct yank_task *t[4];
    long threads[4] = { 0 };

    (void)state;
    for (int i = 0; i < 4; i++)
        t[i] = i < 3 ? go_alone(s, endless, NULL, NULL) : go(s, endless, NULL);
    for (int i = 0; i < 4; i++)
        until(stats_of(t[i]).preemptions >= 20);
    until(is_fair(t[0], 1, t[1], 1) && is_fair(t[1], 1, t[2], 1) &&
          is_fair(t[2], 1, t[3], 1) && is_fair(t[3], 1, t[0], 1));
    for (int i = 0; i < 4; i++)
        abandon(t[i]);
    /* Their threads, three and a shared one, are used again. */
    for (int i = 0; i < 10; i++) {
        struct loner l = { 0 };

        l.task = go_alone(s, stays, &l, NULL);
        join_returned(l.task);
        assert_int_equal(l.moved, 0);
        assert_true(is_known(threads, l.thread));
    }
    sched_close(s);
}

static void comes_and_goes(void *arg)
{
    (void)arg;
}

static void sched_own_thread_does_not_starve_the_queue(void **state)
{
    struct yank_sched *s = sched_open(1);
    struct yank_task *t = go_alone(s, endless, NULL, NULL);

    (void)state;
    until(stats_of(t).runs == 1);
    for (int i = 0; i < 20; i++)
        join_returned(go(s, comes_and_goes, NULL));
    abandon(t);
    sched_close(s);
}

/* --- how many run ------------------------------------------------------- */

struct crowd {
    _Atomic int inside;
    _Atomic uint64_t met, entered;
};

/* With one right nobody else runs while a task is in such a region, wherever
 * the others come from. */
static void enters_alone(void *arg)
{
    struct crowd *c = arg;
    struct yank_g *g = yank_task_g(yank_task_self());

    for (int i = 0; i < 400; i++) {
        spin(5000);
        if (i % 4 == 0) {
            yank_blocking_enter(g);
            test_yield();
            yank_blocking_leave(g);
        }
        yank_preempt_disable(g);
        if (atomic_fetch_add(&c->inside, 1) != 0)
            atomic_fetch_add(&c->met, 1);
        spin(5000);
        atomic_fetch_sub(&c->inside, 1);
        yank_preempt_enable(g);
        atomic_fetch_add(&c->entered, 1);
    }
}

static void sched_no_more_run_than_there_are_rights(void **state)
{
    struct yank_sched *s = sched_open(1);
    struct yank_task *t[6];
    struct crowd c = { 0 };

    (void)state;
    for (int i = 0; i < 6; i++)
        t[i] = i % 2 ? go_alone(s, enters_alone, &c, NULL)
                     : go(s, enters_alone, &c);
    for (int i = 0; i < 6; i++)
        join_returned(t[i]);
    assert_int_equal(c.met, 0);
    assert_int_equal(c.entered, 6 * 400);
    sched_close(s);
}

/* --- one mutex ------------------------------------------------------------ */

#define ROUNDS 300

struct locked {
    struct test_mutex mutex;
    uint64_t count; /* under it */
    _Atomic int held; /* somebody is inside */
};

/* Registered code with the mutex held: a slice may end anywhere in here. */
YANK_TEXT static void hold(struct locked *l)
{
    uint64_t n = l->count;

    for (int i = 0; i < 200000; i++)
        __asm__ volatile("");
    l->count = n + 1;
}

static void locks_often(void *arg)
{
    struct locked *l = arg;

    for (int i = 0; i < ROUNDS; i++) {
        test_mutex_lock(&l->mutex);
        hold(l);
        test_mutex_unlock(&l->mutex);
    }
}

static void sched_mutex_works_in_own_threads(void **state)
{
    struct yank_sched *s = sched_open(1);
    struct locked l = { .count = 0 };
    struct yank_task *t[3];

    (void)state;
    test_mutex_init(&l.mutex);
    for (int i = 0; i < 3; i++)
        t[i] = go_alone(s, locks_often, &l, NULL);
    for (int i = 0; i < 3; i++)
        join_returned(t[i]);
    assert_int_equal(l.count, 3 * ROUNDS);
    sched_close(s);
    test_mutex_fini(&l.mutex);
}

static void *lock_and_hold(void *arg)
{
    struct locked *l = arg;

    test_mutex_lock(&l->mutex);
    hold(l);
    test_mutex_unlock(&l->mutex);
    return NULL;
}

static void locks_in_regions(void *arg)
{
    for (int i = 0; i < ROUNDS; i++)
        yank_call_no_preempt(lock_and_hold, arg);
}

static void sched_mutex_works_in_regions(void **state)
{
    struct yank_sched *s = sched_open(1);
    struct locked l = { .count = 0 };
    struct yank_task *t[3];

    (void)state;
    test_mutex_init(&l.mutex);
    for (int i = 0; i < 3; i++)
        t[i] = go(s, locks_in_regions, &l);
    for (int i = 0; i < 3; i++)
        join_returned(t[i]);
    assert_int_equal(l.count, 3 * ROUNDS);
    sched_close(s);
    test_mutex_fini(&l.mutex);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sched_own_thread_is_nobody_elses),
        cmocka_unit_test(sched_own_threads_take_turns),
        cmocka_unit_test(sched_own_thread_does_not_starve_the_queue),
        cmocka_unit_test(sched_no_more_run_than_there_are_rights),
        cmocka_unit_test(sched_mutex_works_in_own_threads),
        cmocka_unit_test(sched_mutex_works_in_regions),
    };
    return SCHED_MAIN(tests);
}
