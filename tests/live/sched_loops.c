/* Tasks that ask for nothing share threads, and compute the same as alone. */
#define _GNU_SOURCE
#include "sched_fixture.h"

YANK_TEXT static void while_one(void *arg)
{
    (void)arg;
    while (1)
        ;
}

/* No call, no frame. */
YANK_TEXT static void frameless(void *arg)
{
    volatile uint64_t *count = arg;

    for (;;)
        *count = *count + 1;
}

YANK_TEXT static void callee(void *arg)
{
    volatile uint64_t *count = arg;

    *count = *count + 1;
}

YANK_TEXT static void calls_only(void *arg)
{
    for (;;)
        callee(arg);
}

static void (*const loops[])(void *) = { while_one, frameless, calls_only,
                                         endless };

static bool got_on(struct yank_task *t)
{
    /* One that came to be alone on its M is not preempted. */
    return stats_of(t).cpu_ns >= 20 * SLICE_NS;
}

static void share(unsigned threads)
{
    struct yank_sched *s = sched_open(threads);
    struct yank_task *t[2 * COUNT(loops)];
    static uint64_t counts[COUNT(t)];

    for (size_t i = 0; i < COUNT(t); i++)
        t[i] = go(s, loops[i % COUNT(loops)], &counts[i]);
    for (size_t i = 0; i < COUNT(t); i++)
        until(got_on(t[i]));
    for (size_t i = 0; i < COUNT(t); i++)
        abandon(t[i]);
    sched_close(s);
}

static void sched_loops_share_two_threads(void **state)
{
    (void)state;
    share(2);
}

static void sched_loops_share_one_thread(void **state)
{
    (void)state;
    share(1);
}

/* Each comes to have an M, even if one M was late; then nobody waits, and
 * nobody is disturbed but by an ask that was under way. */
static void sched_lonely_loops_are_not_preempted(void **state)
{
    struct yank_sched *s = sched_open(2);
    struct yank_task *a = go(s, endless, NULL), *b = go(s, endless, NULL);
    struct yank_task_stats sa, sb;

    (void)state;
    until(got_on(a) && got_on(b));
    sa = stats_of(a);
    sb = stats_of(b);
    until(stats_of(a).cpu_ns > sa.cpu_ns + 100 * SLICE_NS &&
          stats_of(b).cpu_ns > sb.cpu_ns + 100 * SLICE_NS);
    assert_in_range(stats_of(a).preemptions, sa.preemptions,
                    sa.preemptions + 1);
    assert_in_range(stats_of(b).runs, sb.runs, sb.runs + 1);
    abandon(a);
    abandon(b);
    sched_close(s);
}

static void tells_its_thread(void *arg)
{
    atomic_store((_Atomic uintptr_t *)arg, (uintptr_t)yank_m_self());
    endless(NULL);
}

/* However late the second M is: the first does not take both for good. */
static void sched_two_loops_get_two_threads(void **state)
{
    (void)state;
    for (int i = 0; i < 200; i++) {
        struct yank_sched *s = sched_open(2);
        _Atomic uintptr_t m[2] = { 0, 0 };
        struct yank_task *a = go(s, tells_its_thread, (void *)&m[0]);
        struct yank_task *b = go(s, tells_its_thread, (void *)&m[1]);

        until(atomic_load(&m[0]) != 0 && atomic_load(&m[1]) != 0);
        assert_true(atomic_load(&m[0]) != atomic_load(&m[1]));
        abandon(a);
        abandon(b);
        sched_close(s);
    }
}

/* --- jobs --------------------------------------------------------------- */

struct job {
    void (*fn)(struct job *);
    uint64_t result;
    double real;
};

YANK_TEXT static void job_integers(struct job *j)
{
    uint64_t x = 88172645463325252u;

    for (int i = 0; i < 3000000; i++) {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
    }
    j->result = x;
}

YANK_TEXT static void job_floats(struct job *j)
{
    double x = 0.3, y = 0.2, sum = 0;

    for (int i = 0; i < 3000000; i++) {
        double next = 1.0 - 1.4 * x * x + y;

        y = 0.3 * x;
        x = next;
        sum += x * y;
    }
    j->real = sum;
}

/* Vectors of the baseline, wide enough for whatever the compiler makes. */
typedef uint32_t lanes __attribute__((vector_size(16)));

YANK_TEXT static void job_vectors(struct job *j)
{
    lanes a = { 1, 2, 3, 4 }, b = { 5, 6, 7, 8 };

    for (int i = 0; i < 3000000; i++) {
        a = a * 1664525u + b;
        b ^= a >> 3;
    }
    j->result = (uint64_t)a[0] << 32 | (b[3] ^ a[1]);
}

YANK_TEXT static uint32_t fibonacci(uint32_t n)
{
    return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2);
}

YANK_TEXT static void job_calls(struct job *j)
{
    j->result = fibonacci(30);
}

static void (*const jobs[])(struct job *) = { job_integers, job_floats,
                                              job_vectors, job_calls };

static void job_body(void *arg)
{
    struct job *j = arg;

    j->fn(j);
}

static void sched_jobs_compute_what_they_do_alone(void **state)
{
    struct job alone[COUNT(jobs)], shared[16 * COUNT(jobs)];
    struct yank_task *t[COUNT(shared)];
    struct yank_sched *s = sched_open(2);
    uint64_t preemptions = 0;

    (void)state;
    for (size_t i = 0; i < COUNT(jobs); i++) {
        alone[i] = (struct job){ .fn = jobs[i] };
        job_body(&alone[i]);
    }
    for (size_t i = 0; i < COUNT(t); i++) {
        shared[i] = (struct job){ .fn = jobs[i % COUNT(jobs)] };
        t[i] = go(s, job_body, &shared[i]);
    }
    for (size_t i = 0; i < COUNT(t); i++) {
        const struct job *one = &alone[i % COUNT(jobs)];

        assert_int_equal(yank_join(t[i], SOON, NULL), YANK_OK);
        preemptions += stats_of(t[i]).preemptions;
        join_returned(t[i]);
        assert_true(shared[i].result == one->result);
        assert_true(shared[i].real == one->real);
    }
    assert_true(preemptions > COUNT(t));
    sched_close(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sched_loops_share_two_threads),
        cmocka_unit_test(sched_loops_share_one_thread),
        cmocka_unit_test(sched_lonely_loops_are_not_preempted),
        cmocka_unit_test(sched_two_loops_get_two_threads),
        cmocka_unit_test(sched_jobs_compute_what_they_do_alone),
    };
    return SCHED_MAIN(tests);
}
