/* No-preempt regions: a stop asked inside happens at the end, with no resend.
 */
#include "fake/unit.h"
#include "fake/world.h"

static unsigned depth;
static bool in_region;
static struct yank_counters last;

static void count(void)
{
    must_rc(yank_get_counters(&last), YANK_OK);
}

static void suspender(void *arg)
{
    (void)arg;
    world_wait(0);
    int rc = world_hold(0, YANK_NO_DEADLINE);
    must(rc == YANK_OK);
    must(!in_region);
    world_done();
}

/* In and out of nested regions, then a loop. */
static void nests(void *arg)
{
    int i = (int)(uintptr_t)arg;
    struct yank_g *g = world_g(i);

    world_attach(i);
    for (unsigned k = 0; k < depth; k++) {
        yank_preempt_disable(g);
        in_region = true;
        user_step(FAKE_USER_LO);
    }
    for (unsigned k = 0; k < depth; k++) {
        in_region = k + 1 < depth;
        yank_preempt_enable(g);
        user_step(FAKE_USER_LO);
    }
    fake_flush(fake.cur);
    must(atomic_load(&g->region_depth) == 0);
    user_loop(&w.quit);
    world_no_debts(g);
    world_detach(i);
}

static void region(unsigned nested)
{
    world_reset();
    depth = nested;
    in_region = false;
    fake_party("T", nests, WORLD_ARG(0));
    fake_party("A", suspender, NULL);
    world_works();
}

static void once(void)
{
    region(1);
}

static void held_without_resend(void)
{
    must(w.held == 1);
    count();
    must(last.kicks_resent == 0);
}

CLAIM(unit_a_stop_asked_in_a_region_happens_at_its_end)
{
    static const struct fake_spec spec = { .name = "region",
                                           .setup = once,
                                           .check = held_without_resend,
                                           .bound = 4,
                                           .runs = 60000,
                                           .walks = 10000 };
    explore_both(&spec);
}

static void two_suspenders(void)
{
    region(1);
    fake_party("B", suspender, NULL);
    world_works();
}

static void two_held(void)
{
    must(w.held == 2);
    count();
    must(last.kicks_resent == 0);
}

static void gives_up(void *arg)
{
    (void)arg;
    world_wait(0);
    int rc = world_hold(0, world_in(100000));
    must(rc == YANK_OK || rc == YANK_ETIMEDOUT);
    world_done();
}

static void one_gives_up(void)
{
    world_reset();
    depth = 1;
    in_region = false;
    fake_party("T", nests, WORLD_ARG(0));
    fake_party("A", gives_up, NULL);
    fake_party("B", suspender, NULL);
    world_works();
    world_works();
}

static void b_held(void)
{
    must(w.held >= 1 && w.held + w.timeouts == 2);
}

/* Pending is left of A, who is gone: B takes its stop for deferred. */
CLAIM(unit_a_deferral_of_one_who_left_serves_the_next)
{
    struct fake_spec spec = { .name = "left",
                              .setup = one_gives_up,
                              .check = b_held,
                              .may = FAKE_TIMEOUT,
                              .bound = 4,
                              .runs = 60000,
                              .walks = 20000 };
    explore_both(&spec);
    spec.name = "left-w";
    spec.may = FAKE_TIMEOUT | FAKE_WEAK;
    spec.walks = 20000;
    explore_both(&spec);
}

CLAIM(unit_regions_need_no_more_than_x86_store_order)
{
    static const struct fake_spec spec = { .name = "region-w",
                                           .setup = two_suspenders,
                                           .check = two_held,
                                           .may = FAKE_WEAK,
                                           .bound = 3,
                                           .runs = 60000,
                                           .walks = 20000 };
    explore_both(&spec);
}

static void twice(void)
{
    region(2);
}

CLAIM(unit_a_stop_asked_in_nested_regions_happens_at_the_outer_end)
{
    static const struct fake_spec spec = { .name = "nested",
                                           .setup = twice,
                                           .check = held_without_resend,
                                           .bound = 3,
                                           .runs = 40000,
                                           .walks = 10000 };
    explore_both(&spec);
}

CLAIM(unit_two_stops_asked_in_a_region_both_happen)
{
    static const struct fake_spec spec = { .name = "region2",
                                           .setup = two_suspenders,
                                           .check = two_held,
                                           .bound = 3,
                                           .runs = 40000,
                                           .walks = 10000 };
    explore_both(&spec);
}

/* --- written out ---------------------------------------------------------*/

CLAIM(unit_deferral_needs_one_kick_and_no_poll)
{
    static const struct fake_spec spec = { .name = "deferred", .setup = once };
    struct party *t = &fake.party[0], *a = &fake.party[1];
    struct yank_g *g = world_g(0);

    script_begin(&spec);
    script_until(t, "user");
    script_through(a);
    must(fake.sends == 1);
    script_deliver_until(t, "handler: last instruction");
    must(atomic_load(&w.t[0].m.outcome) == YANK_DEFERRED);
    must(atomic_load(&g->region_pending) == 1);
    script_through(a); /* sees the answer, waits */
    must(a->state == PARTY_WAIT && a->until == YANK_NO_DEADLINE);
    script_until(t, "region: pending cleared");
    script_through(t);
    must(atomic_load(&g->status) == YANK_PREEMPTED);
    script_finish();
    must(w.held == 1 && fake.sends == 1);
}

/* --- holding and regions -------------------------------------------------*/

static struct yank_stop kept;
static _Atomic uint32_t go_on;

/* Holds thread 1, is asked inside a region, leaves the region still holding;
 * somebody else resumes. */
static void holds_in_region(void *arg)
{
    struct yank_g *g = world_g(0);

    (void)arg;
    world_attach(0);
    world_wait(1);
    must_rc(yank_suspend_g(world_g(1), YANK_NO_DEADLINE, &kept), YANK_OK);
    must(atomic_load(&g->holding) == 1);
    yank_preempt_disable(g);
    user_step(FAKE_USER_LO);
    yank_preempt_enable(g);
    atomic_store(&go_on, 1);
    user_loop(&w.quit);
    must(atomic_load(&g->holding) == 0);
    world_no_debts(g);
    world_detach(0);
}

static void resumes_for_it(void *arg)
{
    (void)arg;
    while (atomic_load(&go_on) == 0)
        fake_block(PARTY_USER, &go_on, INT64_MAX);
    must_rc(yank_resume_g(&kept), YANK_OK);
    world_done();
}

static void holder_setup(void)
{
    world_reset();
    in_region = false;
    atomic_store(&go_on, 0);
    fake_party("H", holds_in_region, WORLD_ARG(0));
    fake_party("T", world_target, WORLD_ARG(1));
    fake_party("A", suspender, NULL);
    fake_party("R", resumes_for_it, NULL);
    world_works();
    world_works();
}

static void one_held(void)
{
    must(w.held == 1);
}

CLAIM(unit_a_stop_deferred_while_holding_happens_after_a_foreign_resume)
{
    static const struct fake_spec spec = { .name = "foreign-resume",
                                           .setup = holder_setup,
                                           .check = one_held,
                                           .bound = 3,
                                           .runs = 40000,
                                           .walks = 10000 };
    explore_both(&spec);
}

CLAIM(unit_a_stop_refused_while_holding_is_asked_again)
{
    static const struct fake_spec spec = { .name = "refused-holding",
                                           .setup = holder_setup,
                                           .check = one_held };
    struct party *h = &fake.party[0], *t = &fake.party[1], *a = &fake.party[2];

    script_begin(&spec);
    script_through(t);
    script_through(h); /* asks T */
    script_deliver(t);
    script_until(h, "user"); /* holds T, in the region */
    must(atomic_load(&world_g(0)->holding) == 1);
    script_through(a);
    script_deliver_until(h, "handler: last instruction");
    must(atomic_load(&w.t[0].m.outcome) == YANK_DEFERRED);
    script_through(a); /* waits for the region's end */
    must(a->state == PARTY_WAIT && a->until == YANK_NO_DEADLINE);
    script_finish(); /* which does not stop; R resumes T */
}

/* --- calls ---------------------------------------------------------------*/

static void *sees_region(void *arg)
{
    must(atomic_load(&world_g(0)->region_depth) == 1);
    return arg;
}

static void *sees_nothing(void *arg)
{
    return arg;
}

static void calls(void *arg)
{
    must(yank_call_no_preempt(sees_nothing, arg) == arg);
    world_attach(0);
    must(yank_call_no_preempt(sees_region, arg) == arg);
    must(atomic_load(&world_g(0)->region_depth) == 0);
    world_detach(0);
}

CLAIM(unit_call_no_preempt_is_a_region_on_a_g_and_a_call_elsewhere)
{
    fake_alone(calls, &depth);
}

CLAIMS_MAIN(
    CLAIMED(unit_a_stop_asked_in_a_region_happens_at_its_end),
    CLAIMED(unit_a_deferral_of_one_who_left_serves_the_next),
    CLAIMED(unit_regions_need_no_more_than_x86_store_order),
    CLAIMED(unit_a_stop_asked_in_nested_regions_happens_at_the_outer_end),
    CLAIMED(unit_two_stops_asked_in_a_region_both_happen),
    CLAIMED(unit_deferral_needs_one_kick_and_no_poll),
    CLAIMED(unit_a_stop_deferred_while_holding_happens_after_a_foreign_resume),
    CLAIMED(unit_a_stop_refused_while_holding_is_asked_again),
    CLAIMED(unit_call_no_preempt_is_a_region_on_a_g_and_a_call_elsewhere))
