/* Gs on Ms under a host's scheduler: claims against the queue
 * (tests/models/runq.pml), readiness against claims. */
#include "fake/mini_host.h"
#include "fake/unit.h"

static unsigned holds, results;

static void hold(int i, int64_t deadline)
{
    struct yank_stop stop;
    int rc = yank_suspend_g(mini.g[i], deadline, &stop);

    must(rc == YANK_OK || rc == YANK_ETIMEDOUT);
    results++;
    if (rc != YANK_OK)
        return;
    holds++;
    fake_held(stop.g, 1);
    fake_step("holds");
    fake_held(stop.g, -1);
    must_rc(yank_resume_g(&stop), YANK_OK);
}

static unsigned working;

static void done(void)
{
    if (--working == 0)
        atomic_store(&mini.quit, 1);
}

static void suspender(void *arg)
{
    hold((int)(uintptr_t)arg, YANK_NO_DEADLINE);
    done();
}

static void loops(int gs, int ms)
{
    mini_reset();
    holds = results = working = 0;
    for (int i = 0; i < gs; i++) {
        mini_g(i, mini_loop, false);
        must_rc(yank_ready(mini.g[i]), YANK_OK);
    }
    fake_party("M", mini_m, (void *)0);
    if (ms > 1)
        fake_party("N", mini_m, (void *)1);
}

static void works(const char *name, void (*fn)(void *), int i)
{
    fake_party(name, fn, (void *)(uintptr_t)i);
    working++;
}

static void bury_all(void)
{
    for (int i = 0; i < MINI_GS; i++)
        if (mini.g[i] != NULL)
            mini_bury(i);
}

/* --- the queue against claims --------------------------------------------------*/

static void runq(void)
{
    loops(2, 1);
    works("A", suspender, 0);
    works("B", suspender, 1);
}

static unsigned asides;

static void both_held(void)
{
    asides += mini.aside;
    must(holds == 2);
    bury_all();
}

CLAIM(unit_a_claimed_g_in_the_queue_is_set_aside_and_comes_back)
{
    static const struct fake_spec spec = { .name = "runq",
                                           .setup = runq,
                                           .check = both_held,
                                           .bound = 3,
                                           .runs = 20000,
                                           .walks = 10000 };
    asides = 0;
    explore(&spec);
    if (getenv("YANK_SCHEDULE") == NULL)
        must(asides > 0);
}

static void runq_two_ms(void)
{
    loops(2, 2);
    works("A", suspender, 0);
    works("B", suspender, 0);
}

CLAIM(unit_two_ms_and_two_suspenders_lose_no_g)
{
    static const struct fake_spec spec = { .name = "runq2",
                                           .setup = runq_two_ms,
                                           .check = both_held,
                                           .bound = 3,
                                           .runs = 20000,
                                           .walks = 10000 };
    explore(&spec);
}

CLAIM(unit_setting_aside_needs_no_more_than_x86_store_order)
{
    static const struct fake_spec spec = { .name = "runq-w",
                                           .setup = runq,
                                           .check = both_held,
                                           .may = FAKE_WEAK,
                                           .bound = 3,
                                           .runs = 40000,
                                           .walks = 10000 };
    explore(&spec);
}

/* --- ready against a claim ----------------------------------------------------------*/

static void parks_once(void *arg)
{
    int i = (int)(uintptr_t)arg;

    atomic_store(&mini.started[i], 1);
    mini_park();
    user_loop(&mini.quit);
    mini_exit();
}

static void readier(void *arg)
{
    int rc;

    do
        fake_pause();
    while ((rc = yank_ready(mini.g[0])) == YANK_EINVAL);
    must_rc(rc, YANK_OK);
    (void)arg;
    done();
}

static void waiting_setup(void)
{
    mini_reset();
    holds = results = working = 0;
    mini_g(0, parks_once, false);
    must_rc(yank_ready(mini.g[0]), YANK_OK);
    fake_party("M", mini_m, (void *)0);
    works("A", suspender, 0);
    works("R", readier, 0);
}

static void one_held(void)
{
    must(holds == 1);
    bury_all();
}

CLAIM(unit_ready_on_a_claimed_g_is_recorded)
{
    static const struct fake_spec spec = { .name = "ready",
                                           .setup = waiting_setup,
                                           .check = one_held,
                                           .bound = 3,
                                           .runs = 20000,
                                           .walks = 10000 };
    explore(&spec);
}

CLAIMS_MAIN(CLAIMED(unit_a_claimed_g_in_the_queue_is_set_aside_and_comes_back),
            CLAIMED(unit_two_ms_and_two_suspenders_lose_no_g),
            CLAIMED(unit_setting_aside_needs_no_more_than_x86_store_order),
            CLAIMED(unit_ready_on_a_claimed_g_is_recorded))
