/* Kicks that fail, vanish, come twice or late; one kick for all who ask. */
#include "kick_world.h"

/* --- failed sends --------------------------------------------------------*/

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
    static const struct fake_spec spec = { .name = "fail",
                                           .setup = plain_two,
                                           .check = all_held,
                                           .may = FAKE_FAIL_EAGAIN |
                                                  FAKE_FAIL_EGONE,
                                           .bound = 3,
                                           .runs = 20000,
                                           .walks = 5000 };
    explore_both(&spec);
}

/* A's failed send must not take away the ticket that B left after it. */
CLAIM(unit_a_failed_send_takes_back_its_own_ticket_only)
{
    static const struct fake_spec spec = { .name = "own", .setup = plain_two };
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

/* --- lost, doubled and late kicks ----------------------------------------*/

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
    explore_both(&spec);
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
    explore_both(&spec);
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

/* --- one kick for all ----------------------------------------------------*/

CLAIM(unit_a_second_suspender_sends_no_second_kick)
{
    static const struct fake_spec spec = { .name = "merge",
                                           .setup = plain_two };
    struct party *t = &fake.party[0], *a = &fake.party[1], *b = &fake.party[2];

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
    struct party *t = &fake.party[0], *a = &fake.party[1], *b = &fake.party[2];

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
            CLAIMED(unit_nobody_kicks_a_g_whose_stop_is_on_its_way))
