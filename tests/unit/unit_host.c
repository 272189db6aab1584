/* Gs on Ms under a host's scheduler: claims against the queue
 * (tests/models/runq.pml), parking, yielding, ends. */
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

/* --- yield requests -------------------------------------------------------------------*/

/* As a monitor does: nobody waits for an answer, but a refusal (the kick hit
 * the tail of the stub, say) is asked again. */
static void asks_yield(void *arg)
{
    struct yank_g *g = mini.g[0];
    struct yank_m *m = &mini.m[0];

    (void)arg;
    while (atomic_load(&mini.started[0]) == 0)
        fake_block(PARTY_USER, &mini.started[0], INT64_MAX);
    /* It went through the queue if it is taken a second time. */
    while (mini.runs[0] < 2) {
        uint32_t gen = atomic_load(&m->preempt_gen);
        int rc = yank_preempt_g(g);

        must(rc == YANK_OK || rc == YANK_EINVAL); /* stopped for B just now */
        while (mini.runs[0] < 2 && rc == YANK_OK &&
               (atomic_load(&m->preempt_gen) == gen ||
                atomic_load(&m->outcome) < YANK_REFUSED_OFF))
            fake_pause();
        fake_pause();
    }
    done();
}

static void yields(void)
{
    loops(1, 1);
    works("A", asks_yield, 0);
}

static void ran_twice(void)
{
    must(mini.runs[0] >= 2);
    bury_all();
}

CLAIM(unit_a_yield_request_sends_the_g_to_the_queue)
{
    static const struct fake_spec spec = { .name = "yield",
                                           .setup = yields,
                                           .check = ran_twice,
                                           .bound = 3,
                                           .runs = 20000,
                                           .walks = 5000 };
    explore(&spec);
}

static void yields_and_suspends(void)
{
    loops(1, 1);
    works("A", asks_yield, 0);
    works("B", suspender, 0);
}

/* fire_forget.py: nobody asks again, so no order but clear, test, act, answer
 * will do. */
CLAIM(unit_a_yield_request_is_not_lost_to_another_kick)
{
    static const struct fake_spec spec = { .name = "forget",
                                           .setup = yields_and_suspends,
                                           .check = ran_twice,
                                           .bound = 3,
                                           .runs = 40000,
                                           .walks = 10000 };
    explore(&spec);
}

static void gives_up(void *arg)
{
    (void)arg;
    while (atomic_load(&mini.started[0]) == 0)
        fake_block(PARTY_USER, &mini.started[0], INT64_MAX);
    hold(0, yank_now_ns() + 1000);
    done();
}

static void yields_and_gives_up(void)
{
    loops(1, 1);
    works("B", gives_up, 0);
    works("A", asks_yield, 0);
}

/* B's kick is on its way and B gone; A's request meets its ticket and sends
 * none of its own. */
CLAIM(unit_a_yield_request_may_rely_on_a_kick_that_is_on_its_way)
{
    static const struct fake_spec spec = { .name = "rely",
                                           .setup = yields_and_gives_up,
                                           .check = ran_twice,
                                           .may = FAKE_TIMEOUT,
                                           .bound = 4,
                                           .runs = 100000,
                                           .walks = 20000 };
    explore(&spec);
}

/* --- ends -------------------------------------------------------------------------------*/

static void ends_at_once(void *arg)
{
    (void)arg;
    user_step(FAKE_USER_LO);
    mini_exit();
}

static void burier(void *arg)
{
    struct yank_g *g = mini.g[0];

    (void)arg;
    while (YANK_BASE(yank_read_status(g)) != YANK_DEAD)
        fake_pause();
    mini_bury(0);
}

static void end_setup(void)
{
    mini_reset();
    holds = results = working = 0;
    mini_g(0, ends_at_once, false);
    must_rc(yank_ready(mini.g[0]), YANK_OK);
    fake_party("M", mini_m, (void *)0);
    fake_party("F", burier, NULL);
}

CLAIM(unit_fini_of_a_g_that_just_ended_leaves_nobody_behind)
{
    static const struct fake_spec spec = { .name = "fini",
                                           .setup = end_setup,
                                           .bound = 3,
                                           .runs = 20000,
                                           .walks = 5000 };
    explore(&spec);
}

static void preempts_ms(void *arg)
{
    (void)arg;
    for (int i = 0; i < 2; i++) {
        int rc = yank_preempt_one(&mini.m[0]);
        must(rc == YANK_OK || rc == YANK_EINVAL);
    }
    mini.alive--; /* M stays attached until here */
    atomic_fetch_add(&mini.work, 1);
}

static void preempt_one_setup(void)
{
    end_setup();
    mini.alive++;
    fake_party("P", preempts_ms, NULL);
}

/* It may hit the next G, or none; it must not touch one that is gone. */
CLAIM(unit_preempt_one_touches_no_g_that_was_freed)
{
    static const struct fake_spec spec = { .name = "one",
                                           .setup = preempt_one_setup,
                                           .bound = 3,
                                           .runs = 40000,
                                           .walks = 10000 };
    explore(&spec);
}

static void asks_yield_of_m(void *arg)
{
    struct yank_m *m = &mini.m[0];

    (void)arg;
    while (atomic_load(&mini.started[0]) == 0)
        fake_block(PARTY_USER, &mini.started[0], INT64_MAX);
    while (mini.runs[0] < 2) {
        uint32_t gen = atomic_load(&m->preempt_gen);
        must_rc(yank_preempt_one(m), YANK_OK);
        while (mini.runs[0] < 2 &&
               (atomic_load(&m->preempt_gen) == gen ||
                atomic_load(&m->outcome) < YANK_REFUSED_OFF))
            fake_pause();
    }
    done();
}

static void yields_by_m(void)
{
    loops(1, 1);
    works("A", asks_yield_of_m, 0);
}

CLAIM(unit_preempt_one_sends_what_runs_there_to_the_queue)
{
    static const struct fake_spec spec = { .name = "yield-m",
                                           .setup = yields_by_m,
                                           .check = ran_twice,
                                           .bound = 3,
                                           .runs = 20000,
                                           .walks = 5000 };
    explore(&spec);
}

/* --- abandon -------------------------------------------------------------------------------*/

static void abandons(void *arg)
{
    int i = (int)(uintptr_t)arg;
    struct yank_g *g = mini.g[i];
    struct yank_stop stop;
    int rc;

    must_rc(yank_suspend_g(g, YANK_NO_DEADLINE, &stop), YANK_OK);
    fake_step("holds");
    rc = yank_abandon_g(&stop);
    while (rc == YANK_EBUSY) { /* somebody is just taking it */
        fake_pause();
        rc = yank_abandon_g(&stop);
    }
    must_rc(rc, YANK_OK);
    must(stop.g == NULL && mini.abandoned == 1);
    if (mini.abandoned_queued == 0) { /* else its place in the queue knows */
        must(YANK_BASE(atomic_load(&g->status)) == YANK_DEAD);
        mini_bury(i);
    }
    done();
}

static void abandon_setup(void)
{
    loops(2, 1);
    works("A", abandons, 0);
}

static void the_other_ran(void)
{
    must(mini.abandoned == 1 && mini.corpses == mini.abandoned_queued);
    must(mini.g[0] == NULL && mini.runs[1] >= 1);
    bury_all();
}

CLAIM(unit_an_abandoned_g_never_runs_again_and_can_be_freed)
{
    static const struct fake_spec spec = { .name = "abandon",
                                           .setup = abandon_setup,
                                           .check = the_other_ran,
                                           .bound = 3,
                                           .runs = 20000,
                                           .walks = 10000 };
    explore(&spec);
}

static void abandon_two_ms(void)
{
    loops(2, 2);
    works("A", abandons, 0);
    works("B", suspender, 1);
}

CLAIM(unit_abandon_among_two_ms_loses_nobody)
{
    static const struct fake_spec spec = { .name = "abandon2",
                                           .setup = abandon_two_ms,
                                           .check = the_other_ran,
                                           .bound = 3,
                                           .runs = 20000,
                                           .walks = 10000 };
    explore(&spec);
}

/* --- pinning -----------------------------------------------------------------------------------*/

static void *pinned_to;

static void looks_at_pin(void *arg)
{
    struct yank_stop stop;

    while (atomic_load(&mini.started[0]) == 0)
        fake_block(PARTY_USER, &mini.started[0], INT64_MAX);
    must_rc(yank_suspend_g(mini.g[0], YANK_NO_DEADLINE, &stop), YANK_OK);
    must(stop.async && !yank_is_shrink_stack_safe(&stop));
    pinned_to = yank_g_pinned(stop.g);
    must_rc(yank_resume_g(&stop), YANK_OK);
    (void)arg;
    done();
}

static void pin_setup(void)
{
    loops(1, 1);
    works("A", looks_at_pin, 0);
}

static void loops_in_free_code(void *arg)
{
    atomic_store(&mini.started[(uintptr_t)arg], 1);
    user_loop_at(FAKE_FREE_LO, &mini.quit);
    must(yank_g_pinned(mini_self()) == NULL);
    mini_exit();
}

static bool g_may_move;

static void free_setup(void)
{
    mini_reset();
    working = 0;
    mini_g(0, loops_in_free_code, g_may_move);
    must_rc(yank_ready(mini.g[0]), YANK_OK);
    fake_party("M", mini_m, (void *)0);
    works("A", looks_at_pin, 0);
}

CLAIM(unit_an_asynchronous_stop_pins_the_g_to_its_m)
{
    fake_once("pin", pin_setup, bury_all);
    must(pinned_to == &mini.m[0]);
}

CLAIM(unit_only_g_and_code_together_make_it_migratable)
{
    g_may_move = true;
    fake_once("free", free_setup, bury_all);
    must(pinned_to == NULL);
}

CLAIMS_MAIN(CLAIMED(unit_a_claimed_g_in_the_queue_is_set_aside_and_comes_back),
            CLAIMED(unit_two_ms_and_two_suspenders_lose_no_g),
            CLAIMED(unit_setting_aside_needs_no_more_than_x86_store_order),
            CLAIMED(unit_preempt_one_touches_no_g_that_was_freed),
            CLAIMED(unit_preempt_one_sends_what_runs_there_to_the_queue),
            CLAIMED(unit_ready_on_a_claimed_g_is_recorded),
            CLAIMED(unit_a_yield_request_sends_the_g_to_the_queue),
            CLAIMED(unit_a_yield_request_is_not_lost_to_another_kick),
            CLAIMED(unit_a_yield_request_may_rely_on_a_kick_that_is_on_its_way),
            CLAIMED(unit_fini_of_a_g_that_just_ended_leaves_nobody_behind),
            CLAIMED(unit_an_abandoned_g_never_runs_again_and_can_be_freed),
            CLAIMED(unit_abandon_among_two_ms_loses_nobody),
            CLAIMED(unit_an_asynchronous_stop_pins_the_g_to_its_m),
            CLAIMED(unit_only_g_and_code_together_make_it_migratable))
