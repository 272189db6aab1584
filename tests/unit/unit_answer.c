/* The answer to a kick: clear, test, act, answer; the stub and how a request
 * at any step of it is served; a longjmp that takes the G off the stub. */
#include "kick_world.h"

/* --- a longjmp off the stub ----------------------------------------------*/

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
    explore_both(&spec);
}

/* --- the order of the answer ---------------------------------------------*/

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
    explore_both(&spec);
}

static void no_resend(void)
{
    all_held();
    in_time();
}

/* The stop counts as refused: asked again soon, with nothing left behind. */
static void undone(void)
{
    all_held();
    in_time();
    must(atomic_load(&fake.code[0]->stopped) == 0);
    must(counters().outcome[YANK_INJECTED] == fake.party[0].stops);
}

CLAIM(unit_edit_that_is_not_written_is_asked_again)
{
    struct fake_spec spec = { .name = "undo",
                              .setup = plain_two,
                              .check = undone,
                              .may = FAKE_UNDO,
                              .bound = 3,
                              .runs = 60000,
                              .walks = 10000 };
    explore_both(&spec);
    spec.name = "undo-w";
    spec.may |= FAKE_WEAK;
    explore_both(&spec);
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
    explore_both(&spec);
    spec.name = "stub-w";
    spec.may = FAKE_WEAK;
    explore_both(&spec);
}

/* A asks, gives up, and leaves its kick on the way; B asks at each step of
 * the answer to it.  Nobody else would repeat B's request. */
static void gives_up(void *arg)
{
    (void)arg;
    world_wait(0);
    must_rc(world_hold(0, world_in(1000)), YANK_ETIMEDOUT);
    world_done();
}

static void gone_setup(void)
{
    world_reset();
    hold_deadline = 0;
    fake_party("T", world_target, WORLD_ARG(0));
    fake_party("A", gives_up, NULL);
    fake_party("B", suspender, NULL);
    world_works();
    world_works();
}

static void b_in_time(void)
{
    must(w.held == 1 && w.timeouts == 1);
    in_time();
}

static const struct fake_spec gone = { .name = "gone",
                                       .setup = gone_setup,
                                       .check = b_in_time };

CLAIM(unit_an_ask_at_any_step_of_an_answer_is_not_lost)
{
    static const char *const steps[] = { "handler: first instruction",
                                         "exchange &m->signal_pending",
                                         "answer: pending cleared",
                                         "load &g->asks",
                                         "answer: decided",
                                         "store &m->outcome",
                                         "add &m->preempt_gen",
                                         "answer: generation moved",
                                         "add &g->event",
                                         "handler: last instruction" };

    unsigned reached = 0;

    for (size_t i = 0; i < YANK_ARRAY_LEN(steps); i++) {
        script_begin(&gone);
        struct party *t = &fake.party[0], *a = &fake.party[1],
                     *b = &fake.party[2];
        script_through(t);
        script_through(a);
        must(t->kick);
        script_timeout(a);
        script_through(a);
        if (script_reaches(t, steps[i])) {
            script_through(b);
            reached++;
        }
        script_finish();
    }
    must(reached >= 8); /* names of steps may change, not all at once */
}

CLAIM(unit_an_ask_at_any_step_of_the_stub_is_not_lost)
{
    static const char *const steps[] = {
        "stub: first instruction", "store &g->injected",
        "stub: injected cleared",  "load &g->asks",
        "sub &g->code->stopped",   "restore: bound stored",
        "stub: back from g0",      "stub: last instruction"
    };

    unsigned reached = 0;

    for (size_t i = 0; i < YANK_ARRAY_LEN(steps); i++) {
        script_begin(&gone);
        struct party *t = &fake.party[0], *a = &fake.party[1],
                     *b = &fake.party[2];
        script_through(t);
        script_through(a);
        script_deliver_until(t, "stub: first instruction");
        script_timeout(a);
        script_through(a);
        /* A weaker store than seq_cst may stay in the buffer. */
        fake.hold_store = "g->injected";
        if (i == 0 || script_reaches(t, steps[i])) {
            script_through(b);
            reached++;
        }
        script_finish();
    }
    must(reached >= 6); /* names of steps may change, not all at once */
}

CLAIMS_MAIN(CLAIMED(unit_a_longjmp_off_the_stub_is_recovered),
            CLAIMED(unit_longjmps_off_the_stub_delay_only),
            CLAIMED(unit_no_request_is_lost_between_clear_test_act_answer),
            CLAIMED(unit_edit_that_is_not_written_is_asked_again),
            CLAIMED(unit_no_request_is_lost_at_the_end_of_the_stub),
            CLAIMED(unit_an_ask_at_any_step_of_an_answer_is_not_lost),
            CLAIMED(unit_an_ask_at_any_step_of_the_stub_is_not_lost))
