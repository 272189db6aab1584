/* Suspends of tasks while slices run: from a thread, from a task, with a call
 * to make, and of tasks that end meanwhile. */
#define _GNU_SOURCE
#include "sched_fixture.h"

#define WORKERS 6

/* The sum of all rounds, each of which must come out the same. */
struct worker {
    struct yank_task *task;
    _Atomic int quit;
    _Atomic uint64_t rounds;
    uint64_t wrong;
};

static void works(void *arg)
{
    struct worker *w = arg;
    uint64_t first = spin(5000);

    do {
        if (spin(5000) != first)
            w->wrong++;
        atomic_fetch_add(&w->rounds, 1);
    } while (atomic_load(&w->quit) == 0);
}

static void start(struct yank_sched *s, struct worker *w)
{
    for (int i = 0; i < WORKERS; i++) {
        w[i] = (struct worker){ .quit = 0 };
        w[i].task = go(s, works, &w[i]);
    }
}

static void finish(struct worker *w)
{
    for (int i = 0; i < WORKERS; i++)
        atomic_store(&w[i].quit, 1);
    for (int i = 0; i < WORKERS; i++) {
        join_returned(w[i].task);
        assert_int_equal(w[i].wrong, 0);
        assert_true(atomic_load(&w[i].rounds) > 0);
    }
}

static void sched_thread_suspends_tasks_under_slices(void **state)
{
    struct yank_sched *s = sched_open(2);
    struct worker w[WORKERS];
    int async = 0;

    (void)state;
    start(s, w);
    for (int i = 0; i < 4000; i++) {
        struct worker *x = &w[i % WORKERS];
        struct yank_stop stop;
        uint64_t rounds;

        assert_int_equal(yank_task_suspend(x->task, SOON, &stop), YANK_OK);
        async += stop.async;
        rounds = atomic_load(&x->rounds);
        if (i % 16 == 0) /* it does not move meanwhile, but others do */
            until(atomic_load(&w[(i + 1) % WORKERS].rounds) > 0);
        assert_true(atomic_load(&x->rounds) == rounds);
        assert_int_equal(yank_resume_g(&stop), YANK_OK);
        assert_int_equal(yank_resume_g(&stop), YANK_ERESUMED);
    }
    assert_true(async > 0);
    finish(w);
    sched_close(s);
}

static void sched_thread_suspends_many_at_once(void **state)
{
    struct yank_sched *s = sched_open(2);
    struct worker w[WORKERS];
    struct yank_g *g[WORKERS];
    struct yank_stop stop[WORKERS];

    (void)state;
    start(s, w);
    for (int i = 0; i < WORKERS; i++)
        g[i] = yank_task_g(w[i].task);
    for (int i = 0; i < 500; i++) {
        uint64_t rounds[WORKERS];

        assert_int_equal(yank_suspend_many(g, WORKERS, SOON, stop), YANK_OK);
        for (int k = 0; k < WORKERS; k++)
            rounds[k] = atomic_load(&w[k].rounds);
        for (int k = 0; k < WORKERS; k++)
            assert_true(atomic_load(&w[k].rounds) == rounds[k]);
        for (int k = 0; k < WORKERS; k++)
            assert_int_equal(yank_resume_g(&stop[k]), YANK_OK);
    }
    finish(w);
    sched_close(s);
}

/* --- from a task -------------------------------------------------------- */

struct suspender {
    struct worker *w;
    struct yank_task *other; /* another suspender, or null */
    _Atomic int ready;
    int failed, done, last;
};

static void suspends(void *arg)
{
    struct suspender *x = arg;

    while (atomic_load(&x->ready) == 0)
        yank_yield();
    for (int i = 0; i < 1000; i++) {
        struct yank_task *t = x->w[i % WORKERS].task;
        struct yank_stop stop;
        int rc;

        if (x->other != NULL && i % 8 == 0)
            t = x->other;
        rc = yank_task_suspend(t, YANK_NO_DEADLINE, &stop);
        if (rc == YANK_EDEAD)
            continue;
        if (rc != YANK_OK || yank_resume_g(&stop) != YANK_OK) {
            x->failed++;
            x->last = rc;
        }
        x->done++;
    }
}

static void sched_tasks_suspend_tasks_and_each_other(void **state)
{
    struct yank_sched *s = sched_open(2);
    struct worker w[WORKERS];
    struct suspender x[2];
    struct yank_task *t[2];

    (void)state;
    start(s, w);
    for (int i = 0; i < 2; i++) {
        x[i] = (struct suspender){ .w = w };
        t[i] = go(s, suspends, &x[i]);
    }
    for (int i = 0; i < 2; i++) {
        x[i].other = t[1 - i];
        atomic_store(&x[i].ready, 1);
    }
    for (int i = 0; i < 2; i++)
        assert_int_equal(yank_join(t[i], SOON, NULL), YANK_OK);
    for (int i = 0; i < 2; i++) {
        join_returned(t[i]);
        assert_int_equal(x[i].last, YANK_OK);
        assert_int_equal(x[i].failed, 0);
        assert_true(x[i].done > 500);
    }
    finish(w);
    sched_close(s);
}

/* --- a call to make ----------------------------------------------------- */

struct cancelled {
    jmp_buf out;
    _Atomic int looping, calls;
};

static void jumps_out(void *arg)
{
    test_longjmp(((struct cancelled *)arg)->out, 1);
}

static void counts(void *arg)
{
    atomic_fetch_add(&((struct cancelled *)arg)->calls, 1);
}

static void loops_until_cancelled(void *arg)
{
    struct cancelled *c = arg;

    if (test_setjmp(c->out) == 0) {
        atomic_store(&c->looping, 1);
        endless(NULL);
    }
    spin(1000); /* it can be stopped again */
}

static void sched_call_jumps_out_of_an_endless_loop(void **state)
{
    struct yank_sched *s = sched_open(2);
    struct yank_task *noise = go(s, endless, NULL);
    static struct cancelled c[8];

    (void)state;
    for (int round = 0; round < 40; round++) {
        struct yank_task *t[COUNT(c)];
        struct yank_stop stop;

        for (size_t i = 0; i < COUNT(t); i++) {
            atomic_store(&c[i].looping, 0);
            atomic_store(&c[i].calls, 0);
            t[i] = go(s, loops_until_cancelled, &c[i]);
        }
        for (size_t i = 0; i < COUNT(t); i++) {
            until(atomic_load(&c[i].looping) == 1);
            assert_int_equal(yank_task_suspend(t[i], SOON, &stop), YANK_OK);
            /* One that comes back first: the loop goes on. */
            assert_int_equal(yank_resume_call(&stop, counts, &c[i]), YANK_OK);
            until(atomic_load(&c[i].calls) == 1);
            /* It may still be on its way back into the loop, where it cannot
             * jump: longjmp from there is as good. */
            assert_int_equal(yank_task_suspend(t[i], SOON, &stop), YANK_OK);
            assert_int_equal(yank_resume_call(&stop, jumps_out, &c[i]),
                             YANK_OK);
        }
        for (size_t i = 0; i < COUNT(t); i++)
            join_returned(t[i]);
    }
    abandon(noise);
    sched_close(s);
}

/* --- tasks that end meanwhile: memory is used again under the requester --- */

static void short_one(void *arg)
{
    spin(300);
    atomic_fetch_add((_Atomic uint64_t *)arg, 1);
}

struct hunter {
    struct yank_sched *s;
    _Atomic uint64_t *ran;
    uint64_t started, hits, deaths, other, ended_otherwise;
};

/* Starts tasks and suspends each while it runs, ends or has ended. */
static void *hunts(void *arg)
{
    struct hunter *h = arg;

    for (int i = 0; i < 3000; i++) {
        enum yank_task_end end = YANK_END_ABANDONED;
        struct yank_task *t;
        struct yank_stop stop;

        if (yank_go(h->s, short_one, h->ran, NULL, &t) != YANK_OK)
            continue;
        h->started++;
        switch (yank_task_suspend(t, SOON, &stop)) {
        case YANK_OK:
            h->hits++;
            yank_resume_g(&stop);
            break;
        case YANK_EDEAD: h->deaths++; break;
        default: h->other++; break;
        }
        if (i % 4 == 0)
            yank_join(t, SOON, &end);
        h->ended_otherwise += i % 4 == 0 && end != YANK_END_RETURNED;
        yank_task_release(t);
    }
    return NULL;
}

static void sched_request_to_a_dead_task_does_not_hit_the_next(void **state)
{
    struct yank_sched *s = sched_open(2);
    _Atomic uint64_t ran = 0;
    struct hunter h[3];
    struct test_thread thread[COUNT(h)];
    uint64_t started = 0, hits = 0;

    (void)state;
    for (size_t i = 0; i < COUNT(h); i++) {
        h[i] = (struct hunter){ .s = s, .ran = &ran };
        assert_int_equal(test_thread_start(&thread[i], hunts, &h[i]), 0);
    }
    for (size_t i = 0; i < COUNT(h); i++) {
        assert_int_equal(test_thread_join(&thread[i], NULL), 0);
        started += h[i].started;
        hits += h[i].hits;
        assert_int_equal(h[i].other, 0);
        assert_int_equal(h[i].ended_otherwise, 0);
    }
    assert_int_equal(started, 3 * 3000);
    assert_true(hits > 0);
    /* None is stopped for ever: all of them end. */
    until(atomic_load(&ran) == started);
    until(yank_sched_stop(s) == YANK_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sched_thread_suspends_tasks_under_slices),
        cmocka_unit_test(sched_thread_suspends_many_at_once),
        cmocka_unit_test(sched_tasks_suspend_tasks_and_each_other),
        cmocka_unit_test(sched_call_jumps_out_of_an_endless_loop),
        cmocka_unit_test(sched_request_to_a_dead_task_does_not_hit_the_next),
    };
    return SCHED_MAIN(tests);
}
