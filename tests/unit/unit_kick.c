/* Kicks that fail, vanish, come twice or late; stops that are on their way;
 * refusals and how they are asked again. */
#include "fake/unit.h"
#include "fake/world.h"

#define MS 1000000

static struct yank_counters counters(void)
{
    struct yank_counters c;

    must_rc(yank_get_counters(&c), YANK_OK);
    return c;
}

static int64_t hold_deadline; /* relative; 0: none */
static int64_t began, took;

static void suspender(void *arg)
{
    (void)arg;
    world_wait(0);
    began = fake.clock;
    world_hold(0, hold_deadline == 0 ? YANK_NO_DEADLINE
                                     : world_in(hold_deadline));
    took = fake.clock - began;
    world_done();
}

static void target_and_one(void (*target)(void *))
{
    world_reset();
    hold_deadline = 0;
    fake_party("T", target, WORLD_ARG(0));
    fake_party("A", suspender, NULL);
    world_works();
}

static void plain(void)
{
    target_and_one(world_target);
}

static void plain_two(void)
{
    plain();
    fake_party("B", suspender, NULL);
    world_works();
}

static void all_held(void)
{
    must((int)w.held == fake.parties - 1);
}

/* --- failed sends ------------------------------------------------------------*/

CLAIM(unit_a_failed_send_gives_its_ticket_back)
{
    static const struct fake_spec spec = { .name = "fails", .setup = plain };
    struct party *t = &fake.party[0], *a = &fake.party[1];
    uint32_t event;

    script_begin(&spec);
    script_through(t);
    event = atomic_load(&world_g(0)->event);
    fake.send_rc = YANK_EAGAIN;
    script_through(a);
    must(fake.sends == 1 && counters().kicks_failed == 1);
    must(atomic_load(&w.t[0].m.signal_pending) == 0);
    must(atomic_load(&w.t[0].m.kickers) == 0);
    must(atomic_load(&world_g(0)->event) != event);
    fake.send_rc = 0;
    script_finish();
    must(w.held == 1 && took < MS); /* not only after the kick deadline */
    must(fake.sends == 2);
}

CLAIM(unit_sends_that_fail_at_any_time_delay_only)
{
    static const struct fake_spec spec = {
        .name = "fail",
        .setup = plain_two,
        .check = all_held,
        .may = FAKE_FAIL_EAGAIN | FAKE_FAIL_EGONE,
        .bound = 3,
        .runs = 20000,
        .walks = 5000
    };
    explore(&spec);
}

/* A's failed send must not take away the ticket that B left after it. */
CLAIM(unit_a_failed_send_takes_back_its_own_ticket_only)
{
    static const struct fake_spec spec = { .name = "own",
                                           .setup = plain_two };
    struct party *t = &fake.party[0], *a = &fake.party[1];
    struct yank_m *m = &w.t[0].m;

    script_begin(&spec);
    script_through(t);
    fake.send_rc = YANK_EAGAIN;
    script_until(a, "send: status read again");
    must(atomic_load(&m->signal_pending) != 0);
    atomic_store(&m->signal_pending, 77); /* as a resend of B's would */
    script_through(a);
    must(atomic_load(&m->signal_pending) == 77);
    atomic_store(&m->signal_pending, 0);
    fake.send_rc = 0;
    script_finish();
    must(w.held == 2);
}

/* --- lost, doubled and late kicks -----------------------------------------------*/

CLAIM(unit_a_lost_kick_is_sent_again_at_the_kick_deadline)
{
    static const struct fake_spec spec = { .name = "lost", .setup = plain };
    struct party *t = &fake.party[0], *a = &fake.party[1];

    script_begin(&spec);
    script_through(t);
    fake.drop_one_in = 1;
    script_through(a);
    must(fake.sends == 1 && !t->kick);
    must(atomic_load(&w.t[0].m.signal_pending) != 0);
    fake.drop_one_in = 0;
    script_finish();
    must(w.held == 1 && fake.sends == 2);
    must(took >= MS && took < 2 * MS);
}

static void lose_all_for_10_ms(void)
{
    plain();
    hold_deadline = 10 * MS;
    fake.drop_one_in = 1;
}

static void sent_at_0_1_3_7(void)
{
    must(w.timeouts == 1 && fake.sends == 4);
    must(counters().kicks_resent == 3 && counters().kicks_sent == 1);
    must(fake.last_send_ns - began >= 7 * MS);
    must(took >= 10 * MS && took < 11 * MS);
}

CLAIM(unit_the_kick_deadline_doubles)
{
    fake_once("doubles", lose_all_for_10_ms, sent_at_0_1_3_7);
}

CLAIM(unit_lost_kicks_delay_only)
{
    static const struct fake_spec spec = { .name = "drop",
                                           .setup = plain_two,
                                           .check = all_held,
                                           .may = FAKE_DROP,
                                           .bound = 3,
                                           .runs = 20000,
                                           .walks = 5000 };
    explore(&spec);
}

static void every_third_is_lost(void)
{
    plain_two();
    fake.drop_one_in = 3;
}

CLAIM(unit_one_lost_kick_in_three_delays_only)
{
    static const struct fake_spec spec = { .name = "third",
                                           .setup = every_third_is_lost,
                                           .check = all_held,
                                           .bound = 2,
                                           .walks = 5000 };
    explore(&spec);
}

CLAIM(unit_stray_kicks_are_harmless)
{
    static const struct fake_spec spec = { .name = "stray",
                                           .setup = plain_two,
                                           .check = all_held,
                                           .may = FAKE_STRAY,
                                           .bound = 3,
                                           .runs = 20000,
                                           .walks = 5000 };
    explore(&spec);
}

static void nobody(void)
{
    world_reset();
    fake_party("T", world_target, WORLD_ARG(0));
    atomic_store(&w.quit, 1);
}

static void no_stops(void)
{
    must(fake.party[0].stops == 0);
}

CLAIM(unit_a_kick_that_nobody_asked_for_stops_nothing)
{
    static const struct fake_spec spec = { .name = "unasked",
                                           .setup = nobody,
                                           .check = no_stops,
                                           .may = FAKE_STRAY,
                                           .bound = 2 };
    explore(&spec);
}

/* --- one kick for all --------------------------------------------------------------*/

CLAIM(unit_a_second_suspender_sends_no_second_kick)
{
    static const struct fake_spec spec = { .name = "merge",
                                           .setup = plain_two };
    struct party *t = &fake.party[0], *a = &fake.party[1],
                 *b = &fake.party[2];

    script_begin(&spec);
    script_through(t);
    script_through(a);
    script_through(b);
    must(fake.sends == 1); /* signal_pending was taken */
    script_deliver(t);
    script_finish();
    must(w.held == 2 && fake.sends == 1);
}

CLAIM(unit_nobody_kicks_a_g_whose_stop_is_on_its_way)
{
    static const struct fake_spec spec = { .name = "injected",
                                           .setup = plain_two };
    struct party *t = &fake.party[0], *a = &fake.party[1],
                 *b = &fake.party[2];

    script_begin(&spec);
    script_through(t);
    script_through(a);
    must(fake.sends == 1 && t->kick);
    /* The kick arrives and the stub is at its first instruction. */
    script_deliver_until(t, "stub: first instruction");
    must(atomic_load(&world_g(0)->injected) == 1);
    must(atomic_load(&w.t[0].m.outcome) == YANK_INJECTED);
    script_through(b);
    must(fake.sends == 1);
    script_through(a);
    must(fake.sends == 1);
    fake.clock += 2 * MS; /* past the kick deadline, short of four */
    script_through(a);
    script_through(b);
    must(fake.sends == 1);
    script_finish();
    must(w.held == 2 && fake.sends == 1 && t->stops == 1);
}

/* --- a longjmp off the stub -----------------------------------------------------------*/

static void stolen(void)
{
    plain();
    fake.party[0].steal_stub = true;
}

static void recovered(void)
{
    must(w.held == 1 && fake.party[0].stops == 1);
    must(took >= 4 * MS && took < 6 * MS);
    must(counters().outcome[YANK_INJECTED] == 2);
}

CLAIM(unit_a_longjmp_off_the_stub_is_recovered)
{
    fake_once("stolen", stolen, recovered);
}

CLAIM(unit_longjmps_off_the_stub_delay_only)
{
    static const struct fake_spec spec = { .name = "steal",
                                           .setup = plain_two,
                                           .check = all_held,
                                           .may = FAKE_STEAL,
                                           .bound = 2,
                                           .runs = 20000 };
    explore(&spec);
}

/* --- the order of the answer --------------------------------------------------------------*/

/* Refused at first, safe afterwards; a kick of B's may be on its way when A
 * asks.  Where nothing is lost nobody may have to wait for a resend. */
static void late_safe_target(void *arg)
{
    world_attach((int)(uintptr_t)arg);
    user_step(FAKE_PC_LIBC);
    user_step(FAKE_PC_LIBC);
    user_loop(&w.quit);
    world_no_debts(world_g(0));
    world_detach(0);
}

static void late_safe(void)
{
    target_and_one(late_safe_target);
    fake_party("B", suspender, NULL);
    world_works();
}

static void in_time(void)
{
    must(counters().kicks_resent == 0);
    must(fake.clock < 1000000000 + MS); /* the world began at one second */
}

static void nobody_waited(void)
{
    must(w.held == 2);
    in_time();
}

CLAIM(unit_no_request_is_lost_between_clear_test_act_answer)
{
    static const struct fake_spec spec = { .name = "order",
                                           .setup = late_safe,
                                           .check = nobody_waited,
                                           .bound = 3,
                                           .runs = 60000,
                                           .walks = 20000 };
    explore(&spec);
}

static void no_resend(void)
{
    all_held();
    in_time();
}

/* Who finds a stop on its way waits for it: it must come without a kick. */
CLAIM(unit_no_request_is_lost_at_the_end_of_the_stub)
{
    struct fake_spec spec = { .name = "stub",
                              .setup = plain_two,
                              .check = no_resend,
                              .bound = 3,
                              .runs = 60000,
                              .walks = 10000 };
    explore(&spec);
    spec.name = "stub-w";
    spec.may = FAKE_WEAK;
    explore(&spec);
}

/* --- refusals -----------------------------------------------------------------------------*/

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

/* --- deadline 0 ----------------------------------------------------------------------------*/

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

static void try_setup(void)
{
    world_reset();
    fake_party("T", world_target, WORLD_ARG(0));
    fake_party("A", try_once, NULL);
    world_works();
}

CLAIM(unit_deadline_0_sends_no_kick)
{
    static const struct fake_spec spec = { .name = "zero",
                                           .setup = try_setup,
                                           .check = no_stops,
                                           .bound = 2 };
    explore(&spec);
}

/* --- the learnt spin ------------------------------------------------------------------------*/

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
    explore(&spec);
    spec.name = "learnt1";
    spec.setup = learnt_too_much;
    explore(&spec);
}

CLAIMS_MAIN(CLAIMED(unit_a_failed_send_gives_its_ticket_back),
            CLAIMED(unit_sends_that_fail_at_any_time_delay_only),
            CLAIMED(unit_a_failed_send_takes_back_its_own_ticket_only),
            CLAIMED(unit_a_lost_kick_is_sent_again_at_the_kick_deadline),
            CLAIMED(unit_the_kick_deadline_doubles),
            CLAIMED(unit_lost_kicks_delay_only),
            CLAIMED(unit_one_lost_kick_in_three_delays_only),
            CLAIMED(unit_stray_kicks_are_harmless),
            CLAIMED(unit_a_kick_that_nobody_asked_for_stops_nothing),
            CLAIMED(unit_a_second_suspender_sends_no_second_kick),
            CLAIMED(unit_nobody_kicks_a_g_whose_stop_is_on_its_way),
            CLAIMED(unit_a_longjmp_off_the_stub_is_recovered),
            CLAIMED(unit_longjmps_off_the_stub_delay_only),
            CLAIMED(unit_no_request_is_lost_between_clear_test_act_answer),
            CLAIMED(unit_no_request_is_lost_at_the_end_of_the_stub),
            CLAIMED(unit_eight_refusals_at_one_place_slow_the_asker_down),
            CLAIMED(unit_refusals_at_many_places_back_off_to_1_ms),
            CLAIMED(unit_a_refusal_is_asked_again_soon),
            CLAIMED(unit_deadline_0_sends_no_kick),
            CLAIMED(unit_what_the_spin_has_learnt_changes_no_result))
