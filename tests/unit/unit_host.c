/* Gs on Ms under a host's scheduler: claims against the queue
 * (tests/models/runq.pml), readiness against claims. */
#include "host_world.h"

/* --- the queue against claims --------------------------------------------*/

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
    explore_both(&spec);
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
    explore_both(&spec);
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
    explore_both(&spec);
}

/* --- ready against a claim -----------------------------------------------*/

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
    explore_both(&spec);
}

/* --- hooks around blocking regions ---------------------------------------*/

static void blocks_once(void *arg)
{
    struct yank_g *g = mini_self();

    atomic_store(&mini.started[(uintptr_t)arg], 1);
    must_rc(yank_blocking_enter(g), YANK_OK);
    must(mini.blocked == 1);
    user_system_call(&mini.quit);
    must_rc(yank_blocking_leave(g), YANK_OK);
    must(mini.blocked == 0);
    mini_exit();
}

static void blocking_setup(void)
{
    mini_reset();
    holds = results = working = 0;
    mini_g(0, blocks_once, false);
    must_rc(yank_ready(mini.g[0]), YANK_OK);
    fake_party("M", mini_m, (void *)0);
    works("A", suspender, 0);
}

static void blocked_and_yielded(void)
{
    must(mini.runs[0] >= 2); /* unblocked() sent it through the queue */
    one_held();
}

CLAIM(unit_the_host_is_told_of_blocking_regions)
{
    static const struct fake_spec spec = { .name = "blocking",
                                           .setup = blocking_setup,
                                           .check = blocked_and_yielded,
                                           .bound = 2,
                                           .runs = 10000,
                                           .walks = 5000 };
    explore_both(&spec);
}

CLAIMS_MAIN(CLAIMED(unit_the_host_is_told_of_blocking_regions),
            CLAIMED(unit_a_claimed_g_in_the_queue_is_set_aside_and_comes_back),
            CLAIMED(unit_two_ms_and_two_suspenders_lose_no_g),
            CLAIMED(unit_setting_aside_needs_no_more_than_x86_store_order),
            CLAIMED(unit_ready_on_a_claimed_g_is_recorded))
