/* The status machine, the event word and the counts, each by itself. */
#include "fake/unit.h"
#include "fake/world.h"

static const uint32_t all[] = { YANK_IDLE,      YANK_RUNNABLE, YANK_RUNNING,
                                YANK_BLOCKING,  YANK_WAITING,  YANK_DEAD,
                                YANK_COPYSTACK, YANK_PREEMPTED };

static struct yank_g *g;

static void on_a_g(void (*fn)(void *))
{
    fake_alone(fn, NULL);
}

/* --- claims --------------------------------------------------------------*/

static void claims(void *arg)
{
    (void)arg;
    world_attach(0);
    for (size_t i = 0; i < YANK_ARRAY_LEN(all); i++) {
        uint32_t other = all[(i + 1) % YANK_ARRAY_LEN(all)];

        atomic_store(&g->status, all[i]);
        must(!yank_claim(g, other));
        must(atomic_load(&g->status) == all[i]);
        must(yank_claim(g, all[i]));
        must(atomic_load(&g->status) == (all[i] | YANK_SCAN));
        must(!yank_claim(g, all[i])); /* one holder */
        must(YANK_BASE(atomic_load(&g->status)) == all[i]);
        must(yank_drop_claim(g) == all[i]);
        must(atomic_load(&g->status) == all[i]);
    }
    atomic_store(&g->status, YANK_RUNNING);
    world_detach(0);
}

CLAIM(unit_a_claim_is_on_any_status_and_for_one_holder)
{
    g = world_g(0);
    on_a_g(claims);
}

static void casts(void *arg)
{
    (void)arg;
    world_attach(0);
    for (size_t i = 0; i < YANK_ARRAY_LEN(all); i++) {
        for (size_t k = 0; k < YANK_ARRAY_LEN(all); k++) {
            atomic_store(&g->status, all[i]);
            uint32_t event = atomic_load(&g->event);
            yank_visit(g); /* as whoever waits does */
            yank_cast_status(g, all[i], all[k]);
            yank_visit_end(g);
            must(atomic_load(&g->status) == all[k]);
            must(atomic_load(&g->event) != event); /* waiters look again */
        }
    }
    atomic_store(&g->status, YANK_RUNNING);
    world_detach(0);
}

CLAIM(unit_a_cast_changes_the_status_and_moves_the_event)
{
    g = world_g(0);
    on_a_g(casts);
}

/* --- a cast waits for the claim's end ------------------------------------*/

static bool scan_is_set;

static void casts_away(void *arg)
{
    (void)arg;
    yank_cast_status(g, YANK_WAITING, YANK_RUNNING);
    must(!scan_is_set);
}

static void claims_once(void *arg)
{
    (void)arg;
    if (!yank_claim(g, YANK_WAITING))
        return;
    scan_is_set = true;
    fake_step("holds");
    scan_is_set = false;
    yank_drop_claim(g);
    w.held++;
}

static struct yank_g loose;

static void cast_setup(void)
{
    world_reset();
    scan_is_set = false;
    g = &loose;
    yank_g_setup(g, 0x10000, 0x20000);
    atomic_store(&g->status, YANK_WAITING);
    fake_party("T", casts_away, NULL);
    fake_party("A", claims_once, NULL);
    fake_party("B", claims_once, NULL);
}

static void ended_running(void)
{
    must(atomic_load(&g->status) == YANK_RUNNING);
    must(atomic_load(&g->sleepers) == 0);
}

CLAIM(unit_a_cast_waits_until_the_claim_is_dropped)
{
    static const struct fake_spec spec = { .name = "cast",
                                           .setup = cast_setup,
                                           .check = ended_running,
                                           .may = FAKE_SPURIOUS,
                                           .bound = 5,
                                           .runs = 40000,
                                           .walks = 10000 };
    explore_both(&spec);
}

/* --- the event word ------------------------------------------------------*/

static _Atomic uint32_t flag[2];

static void waits(void *arg)
{
    (void)arg;
    for (;;) {
        uint32_t ev = atomic_load(&g->event);
        fake_step("event read");
        if (atomic_load(&flag[0]) != 0)
            break;
        yank_wait_event(g, ev, YANK_NO_DEADLINE);
    }
}

static void bumps(void *arg)
{
    (void)arg;
    atomic_store(&flag[0], 1);
    fake_step("flag set");
    yank_bump(g);
}

static void event_setup(void)
{
    cast_setup();
    fake.parties = 0;
    atomic_store(&flag[0], 0);
    fake_party("W", waits, NULL);
    fake_party("V", waits, NULL);
    fake_party("B", bumps, NULL);
}

static void nobody_sleeps(void)
{
    must(atomic_load(&g->sleepers) == 0);
}

CLAIM(unit_no_wake_up_is_lost)
{
    struct fake_spec spec = { .name = "event",
                              .setup = event_setup,
                              .check = nobody_sleeps,
                              .may = FAKE_WEAK | FAKE_SPURIOUS,
                              .bound = 4,
                              .runs = 40000,
                              .walks = 10000 };
    explore_both(&spec);
    spec.name = "event2";
    spec.processors = 2; /* spins first */
    explore_both(&spec);
}

static void waits_until(void *arg)
{
    int64_t began = yank_now_ns();

    (void)arg;
    yank_wait_event(g, atomic_load(&g->event), began + 5000);
    must(fake.clock >= began + 5000 && fake.clock < began + 5100);
}

static void deadline_setup(void)
{
    cast_setup();
    fake.parties = 0;
    fake_party("W", waits_until, NULL);
}

CLAIM(unit_a_wait_ends_at_its_deadline)
{
    fake_once("deadline", deadline_setup, nobody_sleeps);
}

static void no_sleeper_no_wake(void *arg)
{
    unsigned wakes = fake.wakes;

    (void)arg;
    yank_bump(g);
    must(fake.wakes == wakes); /* no system call for nobody */
}

CLAIM(unit_a_bump_that_nobody_waits_for_calls_nobody)
{
    g = &loose;
    fake_alone(no_sleeper_no_wake, NULL);
}

/* --- counts --------------------------------------------------------------*/

static unsigned inside;

static void visits(void *arg)
{
    (void)arg;
    yank_visit(g);
    inside++;
    fake_step("inside");
    inside--;
    yank_visit_end(g);
}

static void waits_for_zero(void *arg)
{
    (void)arg;
    while (atomic_load(&g->visitors) == 0 && w.held == 0)
        fake_pause();
    must(yank_wait_zero(&g->visitors, YANK_NO_DEADLINE));
    must(inside == 0 || atomic_load(&g->visitors) != 0);
}

static void visit_setup(void)
{
    cast_setup();
    fake.parties = 0;
    inside = 0;
    w.held = 1;
    fake_party("A", visits, NULL);
    fake_party("B", visits, NULL);
    fake_party("W", waits_for_zero, NULL);
}

static void no_visitors(void)
{
    must((atomic_load(&g->visitors) & 0x7fffffff) == 0);
}

CLAIM(unit_wait_zero_sees_the_last_visitor_out)
{
    static const struct fake_spec spec = { .name = "zero",
                                           .setup = visit_setup,
                                           .check = no_visitors,
                                           .bound = 5,
                                           .runs = 40000,
                                           .walks = 10000 };
    explore_both(&spec);
}

/* --- every way from status to status that the public calls take ----------*/

static uint32_t status_of(void)
{
    return atomic_load(&world_g(0)->status);
}

static void walk_target(void *arg)
{
    struct yank_stop stop;

    (void)arg;
    must(status_of() == YANK_IDLE); /* zeroed bytes */
    world_attach(0);
    must(status_of() == YANK_RUNNING);
    must_rc(yank_blocking_enter(world_g(0)), YANK_OK);
    must(status_of() == YANK_BLOCKING);
    must_rc(yank_blocking_leave(world_g(0)), YANK_OK);
    must(status_of() == YANK_RUNNING);
    world_wait(1);
    must_rc(yank_suspend_g(world_g(1), YANK_NO_DEADLINE, &stop), YANK_OK);
    must(status_of() == YANK_RUNNING);
    must(atomic_load(&world_g(1)->status) == (YANK_PREEMPTED | YANK_SCAN));
    must(stop.async && stop.holder == world_g(0));
    must(stop.pc == FAKE_USER_LO && stop.sp > world_g(1)->lo);
    must_rc(yank_resume_g(&stop), YANK_OK);
    atomic_store(&w.quit, 1);
    world_detach(0);
    must(status_of() == YANK_DEAD);
}

static void walk_setup(void)
{
    world_reset();
    fake_party("A", walk_target, NULL);
    fake_party("T", world_target, WORLD_ARG(1));
}

CLAIM(unit_public_calls_walk_the_status_machine)
{
    fake_once("walk", walk_setup, NULL);
}

/* A suspender takes whatever is not Running and not claimed, as it is. */
static void takes_as_is(void *arg)
{
    static const uint32_t takes[] = { YANK_IDLE, YANK_RUNNABLE, YANK_BLOCKING,
                                      YANK_WAITING };
    struct yank_stop stop;

    (void)arg;
    for (size_t i = 0; i < YANK_ARRAY_LEN(takes); i++) {
        atomic_store(&g->status, takes[i]);
        must_rc(yank_suspend_g(g, 0, &stop), YANK_OK);
        must(atomic_load(&g->status) == (takes[i] | YANK_SCAN));
        must_rc(yank_resume_g(&stop), YANK_OK);
        must(atomic_load(&g->status) == takes[i]);
    }
    atomic_store(&g->status, YANK_PREEMPTED);
    must_rc(yank_suspend_g(g, 0, &stop), YANK_OK);
    must_rc(yank_resume_g(&stop), YANK_OK);
    must(atomic_load(&g->status) == YANK_RUNNABLE);
    atomic_store(&g->status, YANK_COPYSTACK);
    must_rc(yank_suspend_g(g, 0, &stop), YANK_ETIMEDOUT);
    atomic_store(&g->status, YANK_RUNNING);
    must_rc(yank_suspend_g(g, 0, &stop), YANK_ETIMEDOUT);
    atomic_store(&g->status, YANK_WAITING | YANK_SCAN);
    must_rc(yank_suspend_g(g, 0, &stop), YANK_ETIMEDOUT);
    must_rc(yank_suspend_g(g, world_in(10000), &stop), YANK_ETIMEDOUT);
    atomic_store(&g->status, YANK_DEAD);
    must_rc(yank_suspend_g(g, 0, &stop), YANK_EDEAD);
    atomic_store(&g->status, YANK_DEAD | YANK_SCAN);
    must_rc(yank_suspend_g(g, 0, &stop), YANK_EDEAD);
    must(atomic_load(&g->asks) == 0);
}

static void take_setup(void)
{
    cast_setup();
    fake.parties = 0;
    fake_party("A", takes_as_is, NULL);
}

CLAIM(unit_suspend_takes_what_does_not_run_as_it_is)
{
    fake_once("take", take_setup, NULL);
}

CLAIMS_MAIN(CLAIMED(unit_a_claim_is_on_any_status_and_for_one_holder),
            CLAIMED(unit_a_cast_changes_the_status_and_moves_the_event),
            CLAIMED(unit_a_cast_waits_until_the_claim_is_dropped),
            CLAIMED(unit_no_wake_up_is_lost),
            CLAIMED(unit_a_wait_ends_at_its_deadline),
            CLAIMED(unit_a_bump_that_nobody_waits_for_calls_nobody),
            CLAIMED(unit_wait_zero_sees_the_last_visitor_out),
            CLAIMED(unit_public_calls_walk_the_status_machine),
            CLAIMED(unit_suspend_takes_what_does_not_run_as_it_is))
