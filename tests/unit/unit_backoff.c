/* Refusals are asked again, less and less often; deadline 0; the learnt spin.
 */
#include "kick_world.h"

/* --- refusals ------------------------------------------------------------*/

static void libc_target(void *arg)
{
    int i = (int)(uintptr_t)arg;

    world_attach(i);
    user_loop_at(FAKE_PC_LIBC, &w.quit);
    world_detach(i);
}

static void refused_for_200_ms(void)
{
    target_and_one(libc_target);
    hold_deadline = 200 * MS;
}

static void slowed_down(void)
{
    uint64_t n = counters().outcome[YANK_REFUSED_UNREGISTERED];

    must(w.timeouts == 1);
    /* 8 quick ones, then one in 5 ms on average. */
    must(n > 8 && n < 100);
    /* Every refusal is an answer, and so is the detach. */
    must(atomic_load(&w.t[0].m.preempt_gen) == n + 1);
}

CLAIM(unit_eight_refusals_at_one_place_slow_the_asker_down)
{
    fake_once("slow", refused_for_200_ms, slowed_down);
}

static void moving_target(void *arg)
{
    int i = (int)(uintptr_t)arg;
    uintptr_t pc = FAKE_PC_LIBC;

    world_attach(i);
    while (atomic_load(&w.quit) == 0) {
        fake.cur->pc = pc;
        fake_block(PARTY_USER, &w.quit, INT64_MAX);
        pc += 4;
        fake.cur->pc = 0;
    }
    world_detach(i);
}

static void refused_elsewhere(void)
{
    target_and_one(moving_target);
    hold_deadline = 200 * MS;
}

static void not_slowed_down(void)
{
    uint64_t n = counters().outcome[YANK_REFUSED_UNREGISTERED];

    must(w.timeouts == 1 && n > 200); /* 0.5 ms on average */
    must(n < 1000);                   /* and not without a pause */
}

CLAIM(unit_refusals_at_many_places_back_off_to_1_ms)
{
    fake_once("many", refused_elsewhere, not_slowed_down);
}

/* Refused at first, safe afterwards. */
static void late_safe_target(void *arg)
{
    world_attach((int)(uintptr_t)arg);
    user_step(FAKE_PC_LIBC);
    user_step(FAKE_PC_LIBC);
    user_loop(&w.quit);
    world_no_debts(world_g(0));
    world_detach(0);
}

static void refused_then_safe(void)
{
    target_and_one(late_safe_target);
}

static void refused_once_and_held(void)
{
    must(w.held == 1 && took < MS);
    must(counters().outcome[YANK_REFUSED_UNREGISTERED] == 1);
    must(counters().outcome[YANK_INJECTED] == 1);
    must(counters().kicks_sent == 2 && counters().kicks_resent == 0);
}

CLAIM(unit_a_refusal_is_asked_again_soon)
{
    struct fake_spec spec = { .name = "again", .setup = refused_then_safe };
    struct party *t = &fake.party[0], *a = &fake.party[1];

    script_begin(&spec);
    script_until(t, "user"); /* at the unsafe instruction */
    script_through(a);
    must(fake.sends == 1);
    script_deliver_until(t, "handler: last instruction");
    must(atomic_load(&w.t[0].m.preempt_gen) == 1);
    must(atomic_load(&w.t[0].m.outcome) == YANK_REFUSED_UNREGISTERED);
    must(atomic_load(&w.t[0].m.answer_pc) == FAKE_PC_LIBC);
    spec.check = refused_once_and_held;
    fake.spec = &spec;
    script_finish();
}

/* --- deadline 0 ----------------------------------------------------------*/

static void try_once(void *arg)
{
    struct yank_stop stop;

    (void)arg;
    world_wait(0);
    must_rc(yank_suspend_g(world_g(0), 0, &stop), YANK_ETIMEDOUT);
    must(atomic_load(&world_g(0)->asks) == 0 && fake.sends == 0);
    must(atomic_load(&world_g(0)->poll_word) != YANK_POISON);
    world_done();
}

static void no_stops(void)
{
    must(fake.party[0].stops == 0);
}

static void try_setup(void)
{
    world_reset();
    fake_party("T", world_target, WORLD_ARG(0));
    fake_party("A", try_once, NULL);
    world_works();
}

CLAIM(unit_deadline_0_sends_no_kick)
{
    static const struct fake_spec spec = {
        .name = "zero", .setup = try_setup, .check = no_stops, .bound = 2
    };
    explore_both(&spec);
}

/* --- the learnt spin -----------------------------------------------------*/

static void learnt_nothing(void)
{
    plain_two();
    atomic_store(&yank_rt.answer_ns, 0);
}

static void learnt_too_much(void)
{
    plain_two();
    atomic_store(&yank_rt.answer_ns, 1u << 30);
}

CLAIM(unit_what_the_spin_has_learnt_changes_no_result)
{
    struct fake_spec spec = { .name = "learnt0",
                              .setup = learnt_nothing,
                              .check = all_held,
                              .processors = 2,
                              .bound = 2 };
    explore_both(&spec);
    spec.name = "learnt1";
    spec.setup = learnt_too_much;
    explore_both(&spec);
}

CLAIMS_MAIN(CLAIMED(unit_eight_refusals_at_one_place_slow_the_asker_down),
            CLAIMED(unit_refusals_at_many_places_back_off_to_1_ms),
            CLAIMED(unit_a_refusal_is_asked_again_soon),
            CLAIMED(unit_deadline_0_sends_no_kick),
            CLAIMED(unit_what_the_spin_has_learnt_changes_no_result))
