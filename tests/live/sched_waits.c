/* Park and unpark, sleep, yield: no wake-up is lost, none is invented. */
#define _GNU_SOURCE
#include "sched_fixture.h"

#include <string.h>

/* --- permits ------------------------------------------------------------ */

struct parker {
    _Atomic int go, rc[4];
};

static void parks_with_permits(void *arg)
{
    struct parker *p = arg;

    while (atomic_load(&p->go) == 0)
        yank_yield();
    atomic_store(&p->rc[0], yank_park(0)); /* an earlier unpark is not lost */
    atomic_store(&p->rc[1], yank_park(0)); /* and two of them count as one */
    atomic_store(&p->rc[2], yank_park(yank_now_ns() + 1000000));
    atomic_store(&p->rc[3], yank_park(YANK_NO_DEADLINE));
}

static void sched_unpark_before_park_counts_once(void **state)
{
    struct yank_sched *s = sched_open(1);
    struct parker p = { .rc = { 1, 1, 1, 1 } };
    struct yank_task *t = go(s, parks_with_permits, &p);

    (void)state;
    assert_int_equal(yank_unpark(t), YANK_OK);
    assert_int_equal(yank_unpark(t), YANK_OK);
    atomic_store(&p.go, 1);
    until(atomic_load(&p.rc[2]) != 1);
    assert_int_equal(yank_unpark(t), YANK_OK);
    join_returned(t);
    assert_int_equal(atomic_load(&p.rc[0]), YANK_OK);
    assert_int_equal(atomic_load(&p.rc[1]), YANK_ETIMEDOUT);
    assert_int_equal(atomic_load(&p.rc[2]), YANK_ETIMEDOUT);
    assert_int_equal(atomic_load(&p.rc[3]), YANK_OK);
    sched_close(s);
}

static void parks_at_once(void *arg)
{
    atomic_store((_Atomic int *)arg, yank_park(0));
}

/* Nor does it wait for whoever gets the memory next. */
static void sched_unpark_is_for_one_task(void **state)
{
    struct yank_sched *s = sched_open(1);
    struct yank_task *t[200];
    _Atomic int rc;

    (void)state;
    for (size_t i = 0; i < COUNT(t); i++) {
        t[i] = go(s, endless, NULL);
        assert_int_equal(yank_unpark(t[i]), YANK_OK);
        abandon(t[i]);
    }
    for (size_t i = 0; i < COUNT(t); i++) {
        join_returned(go(s, parks_at_once, (void *)&rc));
        assert_int_equal(atomic_load(&rc), YANK_ETIMEDOUT);
    }
    sched_close(s);
}

/* --- ping-pong, with slices cutting in everywhere ----------------------- */

#define TURNS 5000

struct side {
    struct yank_task *self, *other;
    _Atomic uint64_t *turn; /* whose: even or odd */
    uint64_t parity;
    _Atomic int ready;
};

static void plays(void *arg)
{
    struct side *x = arg;

    while (atomic_load(&x->ready) == 0)
        yank_yield();
    for (;;) {
        uint64_t turn = atomic_load(x->turn);

        if (turn >= TURNS)
            break;
        if (turn % 2 == x->parity) {
            atomic_store(x->turn, turn + 1);
            yank_unpark(x->other);
        } else {
            yank_park(YANK_NO_DEADLINE);
        }
    }
    yank_unpark(x->other);
}

static void sched_no_unpark_is_lost(void **state)
{
    struct yank_sched *s = sched_open(2);
    _Atomic uint64_t turn[6];
    struct side side[12];
    struct yank_task *noise[2] = { go(s, endless, NULL), go(s, endless, NULL) };

    (void)state;
    for (size_t i = 0; i < COUNT(side); i++) {
        atomic_init(&turn[i / 2], 0);
        side[i] = (struct side){ .turn = &turn[i / 2], .parity = i % 2 };
        side[i].self = go(s, plays, &side[i]);
    }
    for (size_t i = 0; i < COUNT(side); i++)
        side[i].other = side[i ^ 1].self;
    for (size_t i = 0; i < COUNT(side); i++)
        atomic_store(&side[i].ready, 1);
    for (size_t i = 0; i < COUNT(side); i++)
        assert_int_equal(yank_join(side[i].self, SOON, NULL), YANK_OK);
    for (size_t i = 0; i < COUNT(side); i++)
        join_returned(side[i].self);
    abandon(noise[0]);
    abandon(noise[1]);
    sched_close(s);
}

/* Threads that are no tasks unpark one task; every item arrives. */
struct mailbox {
    struct yank_task *consumer;
    _Atomic uint64_t sent, received;
};

#define ITEMS 20000
#define SENDERS 3

static void receives(void *arg)
{
    struct mailbox *b = arg;

    while (atomic_load(&b->received) < SENDERS * ITEMS) {
        uint64_t there = atomic_load(&b->sent);

        if (there == atomic_load(&b->received))
            yank_park(YANK_NO_DEADLINE);
        else
            atomic_store(&b->received, there);
    }
}

static void *sends(void *arg)
{
    struct mailbox *b = arg;

    for (int i = 0; i < ITEMS; i++) {
        atomic_fetch_add(&b->sent, 1);
        yank_unpark(b->consumer);
    }
    return NULL;
}

static void sched_threads_unpark_a_task(void **state)
{
    struct yank_sched *s = sched_open(1);
    struct mailbox b = { .sent = 0 };
    struct test_thread thread[SENDERS];

    (void)state;
    b.consumer = go(s, receives, &b);
    for (int i = 0; i < SENDERS; i++)
        assert_int_equal(test_thread_start(&thread[i], sends, &b), 0);
    for (int i = 0; i < SENDERS; i++)
        assert_int_equal(test_thread_join(&thread[i], NULL), 0);
    join_returned(b.consumer);
    sched_close(s);
}

/* --- sleep -------------------------------------------------------------- */

#define SLEEPERS 64

struct sleeper {
    int64_t until;
    int64_t began_ns;
    bool early;
    int place;
};
static _Atomic int next_place;

static void sleeps(void *arg)
{
    struct sleeper *x = arg;

    x->began_ns = yank_now_ns();
    yank_sleep(x->until);
    x->early = yank_now_ns() < x->until;
    x->place = atomic_fetch_add(&next_place, 1);
}

static void parks_until(void *arg)
{
    struct sleeper *x = arg;

    yank_park(x->until);
}

/* False: not all were asleep well before the first was to wake. */
static bool wake_in_order(struct yank_sched *s, int64_t lead_ns)
{
    struct sleeper x[SLEEPERS];
    struct yank_task *t[SLEEPERS];
    int64_t base = yank_now_ns() + lead_ns;
    bool in_time = true;

    atomic_store(&next_place, 0);
    for (int i = 0; i < SLEEPERS; i++) {
        /* 0, 37, 10, 47, ... : not in the order of their times */
        x[i] = (struct sleeper){ .until = base + (i * 37 % SLEEPERS) * 300000 };
        t[i] = go(s, sleeps, &x[i]);
    }
    for (int i = 0; i < SLEEPERS; i++) {
        join_returned(t[i]);
        assert_false(x[i].early);
        in_time = in_time && x[i].began_ns < base - lead_ns / 2;
    }
    for (int i = 0; in_time && i < SLEEPERS; i++)
        assert_int_equal(x[i].place, i * 37 % SLEEPERS);
    return in_time;
}

/* One M: they run in the order in which they wake. */
static void sched_sleepers_wake_in_order(void **state)
{
    struct yank_sched *s = open_with_long_slices(); /* none ends meanwhile */
    int64_t lead_ns = 20000000;

    (void)state;
    while (!wake_in_order(s, lead_ns))
        lead_ns *= 2; /* a machine that is busy elsewhere */
    sched_close(s);
}

/* Some wait no longer: the others' order is as before. */
static void sched_sleepers_leave_in_any_order(void **state)
{
    struct yank_sched *s = sched_open(1);
    struct sleeper x[SLEEPERS];
    struct yank_task *t[SLEEPERS];

    (void)state;
    for (int round = 0; round < 8; round++) {
        int64_t base = yank_now_ns() + 20000000;

        for (int i = 0; i < SLEEPERS; i++) {
            /* Falling, rising, mixed: heaps of different shapes. */
            int k = round % 4 == 0   ? SLEEPERS - i
                    : round % 4 == 1 ? i
                                     : i * (round + 31 + round % 2) % SLEEPERS;

            x[i] = (struct sleeper){ .until = base + k * 50000 };
            t[i] = go(s, parks_until, &x[i]);
        }
        until(stats_of(t[SLEEPERS - 1]).runs == 1);
        for (int i = 0; i < SLEEPERS; i++)
            if ((i * 13 + round) % 3 == 0)
                yank_unpark(t[i * 29 % SLEEPERS]);
        for (int i = 0; i < SLEEPERS; i++) {
            assert_int_equal(yank_join(t[i], SOON, NULL), YANK_OK);
            join_returned(t[i]);
        }
    }
    sched_close(s);
}

/* Asleep, over and over, until the unpark has come. */
static void sleeps_then_parks(void *arg)
{
    struct parker *p = arg;

    atomic_store(&p->go, 1);
    do
        atomic_store(&p->rc[0], yank_sleep(yank_now_ns() + 1000000));
    while (atomic_load(&p->go) != 2 && atomic_load(&p->rc[0]) == YANK_OK);
    atomic_store(&p->rc[1], yank_park(0));
}

static void sched_unpark_of_a_sleeper_is_kept(void **state)
{
    struct yank_sched *s = sched_open(1);

    (void)state;
    for (int i = 0; i < 20; i++) {
        struct parker p = { .rc = { 1, 1 } };
        struct yank_task *t = go(s, sleeps_then_parks, &p);

        until(atomic_load(&p.go) == 1);
        yank_unpark(t);
        atomic_store(&p.go, 2);
        join_returned(t);
        assert_int_equal(atomic_load(&p.rc[0]), YANK_OK);
        assert_int_equal(atomic_load(&p.rc[1]), YANK_OK);
    }
    sched_close(s);
}

/* All Ms are busy with tasks that never call: the monitor must see to it. */
static void sched_sleeper_wakes_among_endless_tasks(void **state)
{
    struct yank_sched *s = sched_open(2);
    struct yank_task *noise[4], *t[8];
    struct sleeper x[COUNT(t)];

    (void)state;
    for (size_t i = 0; i < COUNT(noise); i++)
        noise[i] = go(s, endless, NULL);
    for (int round = 0; round < 20; round++) {
        for (size_t i = 0; i < COUNT(t); i++) {
            x[i] = (struct sleeper){ .until = yank_now_ns() + 1000000 };
            t[i] = go(s, sleeps, &x[i]);
        }
        for (size_t i = 0; i < COUNT(t); i++) {
            join_returned(t[i]);
            assert_false(x[i].early);
        }
    }
    for (size_t i = 0; i < COUNT(noise); i++)
        abandon(noise[i]);
    sched_close(s);
}

static void sched_sleep_until_the_past_is_no_wait(void **state)
{
    struct yank_sched *s = sched_open(1);
    struct sleeper x[] = { { .until = 0 }, { .until = INT64_MIN } };
    struct yank_task *t[] = { go(s, sleeps, &x[0]), go(s, sleeps, &x[1]) };

    (void)state;
    for (size_t i = 0; i < COUNT(t); i++) {
        assert_int_equal(yank_join(t[i], SOON, NULL), YANK_OK);
        assert_int_equal(stats_of(t[i]).runs, 1);
        join_returned(t[i]);
    }
    sched_close(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sched_unpark_before_park_counts_once),
        cmocka_unit_test(sched_unpark_is_for_one_task),
        cmocka_unit_test(sched_no_unpark_is_lost),
        cmocka_unit_test(sched_threads_unpark_a_task),
        cmocka_unit_test(sched_sleepers_wake_in_order),
        cmocka_unit_test(sched_sleepers_leave_in_any_order),
        cmocka_unit_test(sched_unpark_of_a_sleeper_is_kept),
        cmocka_unit_test(sched_sleeper_wakes_among_endless_tasks),
        cmocka_unit_test(sched_sleep_until_the_past_is_no_wait),
    };
    return SCHED_MAIN(tests);
}
