/* Counted asks: several suspenders, deadlines that pass at any moment, lost
 * kicks.  tests/models/asks.pml in code: the park's re-read of asks and the
 * resume's are both needed, and a withdrawal strands nobody. */
#include "fake/unit.h"
#include "fake/world.h"

static void suspender(void *arg)
{
    int64_t wait_ns = (int64_t)(uintptr_t)arg;

    world_wait(0);
    int rc = world_hold(0, wait_ns == 0 ? YANK_NO_DEADLINE : world_in(wait_ns));
    must(rc == YANK_OK || (rc == YANK_ETIMEDOUT && wait_ns != 0));
    world_done();
}

static void with_deadline(const char *name, int64_t wait_ns)
{
    fake_party(name, suspender, (void *)(uintptr_t)wait_ns);
    world_works();
}

static void three_with_deadlines(void)
{
    world_reset();
    fake_party("T", world_target, WORLD_ARG(0));
    with_deadline("A", 100000);
    with_deadline("B", 200000);
    with_deadline("C", 300000);
}

static void everyone_is_through(void)
{
    must(w.held + w.timeouts == (unsigned)fake.parties - 1);
}

CLAIM(unit_three_suspenders_with_deadlines_never_strand_the_g)
{
    static const struct fake_spec spec = { .name = "three",
                                           .setup = three_with_deadlines,
                                           .check = everyone_is_through,
                                           .may = FAKE_TIMEOUT,
                                           .bound = 3,
                                           .runs = 30000,
                                           .walks = 10000 };
    explore_both(&spec);
}

static void two_with_deadlines(void)
{
    world_reset();
    fake_party("T", world_target, WORLD_ARG(0));
    with_deadline("A", 100000);
    with_deadline("B", 200000);
}

CLAIM(unit_two_suspenders_with_deadlines_never_strand_the_g)
{
    static const struct fake_spec spec = { .name = "pair",
                                           .setup = two_with_deadlines,
                                           .check = everyone_is_through,
                                           .may = FAKE_TIMEOUT,
                                           .bound = 4,
                                           .runs = 40000,
                                           .walks = 10000 };
    explore_both(&spec);
}

static void one_gives_up(void)
{
    world_reset();
    fake_party("T", world_target, WORLD_ARG(0));
    with_deadline("A", 100000);
    with_deadline("B", 0);
}

static void the_other_gets_it(void)
{
    must(w.held >= 1 && w.held + w.timeouts == 2);
}

/* With one flag for all, A's withdrawal would take B's stop away. */
CLAIM(unit_withdrawal_leaves_the_other_ask_standing)
{
    static const struct fake_spec spec = { .name = "wd2",
                                           .setup = one_gives_up,
                                           .check = the_other_gets_it,
                                           .may = FAKE_TIMEOUT,
                                           .bound = 3,
                                           .runs = 30000,
                                           .walks = 10000 };
    explore_both(&spec);
}

static void meet_setup(void)
{
    world_reset();
    fake_party("T", world_target, WORLD_ARG(0));
    with_deadline("A", 100000);
    with_deadline("B", 5000000);
}

/* B meets A in the SCAN window; A's kick is lost, and A gives up.  B must not
 * have gone to sleep on A's behalf. */
CLAIM(unit_who_meets_a_claim_is_woken_by_its_end)
{
    static const struct fake_spec spec = { .name = "met", .setup = meet_setup };
    struct party *t = &fake.party[0], *a = &fake.party[1], *b = &fake.party[2];

    script_begin(&spec);
    script_through(t);
    script_until(a, "ask: claimed");
    script_until(b, "suspend: status read");
    fake.drop_one_in = 1;
    script_through(a);
    fake.drop_one_in = 0;
    script_timeout(a);
    script_through(a);
    must(w.timeouts == 1);
    script_finish();
    must(w.held == 1);
}

static void meet_for_ever(void)
{
    world_reset();
    fake_party("T", world_target, WORLD_ARG(0));
    with_deadline("A", 100000);
    with_deadline("B", 0);
}

CLAIM(unit_asks_and_lost_kicks_leave_nobody_asleep)
{
    static const struct fake_spec spec = { .name = "lost",
                                           .setup = meet_for_ever,
                                           .check = the_other_gets_it,
                                           .may = FAKE_TIMEOUT | FAKE_DROP,
                                           .bound = 3,
                                           .runs = 40000,
                                           .walks = 10000 };
    explore_both(&spec);
}

static void two_without(void)
{
    world_reset();
    fake_party("T", world_target, WORLD_ARG(0));
    with_deadline("A", 0);
    with_deadline("B", 0);
    with_deadline("C", 0);
}

static void all_held(void)
{
    must(w.held == 3);
    /* The G is passed on while asks remain: it need not run in between. */
    must(fake.party[0].stops <= 3);
}

CLAIM(unit_resume_passes_the_g_on_while_others_ask)
{
    static const struct fake_spec spec = { .name = "pass",
                                           .setup = two_without,
                                           .check = all_held,
                                           .bound = 2,
                                           .runs = 30000,
                                           .walks = 5000 };
    explore_both(&spec);
}

static void script_setup(void)
{
    world_reset();
    fake_party("T", world_target, WORLD_ARG(0));
    with_deadline("A", 0);
    with_deadline("B", 0);
}

/* The same written out: A holds, B asks too late to be claimed before the
 * resume, and gets the G from A without a second kick. */
CLAIM(unit_a_g_with_asks_left_stays_preempted_at_resume)
{
    static const struct fake_spec spec = { .name = "script",
                                           .setup = script_setup };
    struct party *t = &fake.party[0], *a = &fake.party[1], *b = &fake.party[2];

    script_begin(&spec);
    script_through(t);
    script_through(a); /* asks, kicks, sleeps */
    script_through(b); /* asks, sleeps */
    must(fake.sends == 1);
    must(atomic_load(&world_g(0)->asks) == 2);
    script_deliver(t);
    must(atomic_load(&world_g(0)->status) == YANK_PREEMPTED);
    script_until(a, "still holds");
    must(atomic_load(&world_g(0)->status) == (YANK_PREEMPTED | YANK_SCAN));
    script_through(a);
    must(atomic_load(&world_g(0)->status) == YANK_PREEMPTED);
    script_finish();
    must(w.held == 2 && fake.sends == 1 && t->stops == 1);
}

CLAIMS_MAIN(CLAIMED(unit_three_suspenders_with_deadlines_never_strand_the_g),
            CLAIMED(unit_two_suspenders_with_deadlines_never_strand_the_g),
            CLAIMED(unit_withdrawal_leaves_the_other_ask_standing),
            CLAIMED(unit_who_meets_a_claim_is_woken_by_its_end),
            CLAIMED(unit_asks_and_lost_kicks_leave_nobody_asleep),
            CLAIMED(unit_resume_passes_the_g_on_while_others_ask),
            CLAIMED(unit_a_g_with_asks_left_stays_preempted_at_resume))
