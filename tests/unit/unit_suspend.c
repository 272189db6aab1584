/* A target runs registered code for ever; suspenders stop it, hold it, let it
 * go.  Whatever the schedule: nobody runs while held, everyone gets through,
 * and no debt is left (world_no_debts). */
#include "fake/unit.h"
#include "fake/world.h"

static void foreign_suspender(void *arg)
{
    world_wait(0);
    must_rc(world_hold(0, YANK_NO_DEADLINE), YANK_OK);
    (void)arg;
    world_done();
}

static void attached_suspender(void *arg)
{
    int i = (int)(uintptr_t)arg;

    world_attach(i);
    world_wait(0);
    must_rc(world_hold(0, YANK_NO_DEADLINE), YANK_OK);
    world_no_debts(world_g(i));
    world_detach(i);
    world_done();
}

static void one_foreign(void)
{
    world_reset();
    fake_party("T", world_target, WORLD_ARG(0));
    fake_party("A", foreign_suspender, NULL);
    world_works();
}

static void check_one(void)
{
    must(w.held == 1 && fake.party[0].stops == 1);
}

CLAIM(unit_a_loop_is_stopped_held_and_resumed)
{
    static const struct fake_spec spec = {
        .name = "one", .setup = one_foreign, .check = check_one, .bound = 3
    };
    explore_both(&spec);
}

static void two_foreign(void)
{
    one_foreign();
    fake_party("B", foreign_suspender, NULL);
    world_works();
}

static void check_two(void)
{
    must(w.held == 2);
}

CLAIM(unit_two_suspenders_hold_one_after_the_other)
{
    static const struct fake_spec spec = {
        .name = "two", .setup = two_foreign, .check = check_two, .bound = 2
    };
    explore_both(&spec);
}

static void one_attached(void)
{
    world_reset();
    fake_party("T", world_target, WORLD_ARG(0));
    fake_party("A", attached_suspender, WORLD_ARG(1));
    world_works();
}

CLAIM(unit_a_suspender_on_a_g_runs_again_when_it_returns)
{
    static const struct fake_spec spec = { .name = "attached",
                                           .setup = one_attached,
                                           .check = check_one,
                                           .bound = 2 };
    explore_both(&spec);
}

CLAIM(unit_suspend_works_with_spinning_on_two_processors)
{
    static const struct fake_spec spec = { .name = "spin",
                                           .setup = two_foreign,
                                           .check = check_two,
                                           .processors = 2,
                                           .bound = 2 };
    explore_both(&spec);
}

CLAIM(unit_spurious_wake_ups_are_harmless)
{
    static const struct fake_spec spec = { .name = "spurious",
                                           .setup = two_foreign,
                                           .check = check_two,
                                           .may = FAKE_SPURIOUS,
                                           .bound = 2 };
    explore_both(&spec);
}

CLAIM(unit_suspend_needs_no_more_than_x86_store_order)
{
    static const struct fake_spec spec = { .name = "weak",
                                           .setup = two_foreign,
                                           .check = check_two,
                                           .may = FAKE_WEAK,
                                           .bound = 2 };
    explore_both(&spec);
}

CLAIMS_MAIN(CLAIMED(unit_a_loop_is_stopped_held_and_resumed),
            CLAIMED(unit_two_suspenders_hold_one_after_the_other),
            CLAIMED(unit_a_suspender_on_a_g_runs_again_when_it_returns),
            CLAIMED(unit_suspend_works_with_spinning_on_two_processors),
            CLAIMED(unit_spurious_wake_ups_are_harmless),
            CLAIMED(unit_suspend_needs_no_more_than_x86_store_order))
