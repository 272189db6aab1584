/* The stop of a fiber: the hook switches, or the fiber parks where it is;
 * calls, ends and pins of fibers that are off their M. */
#include "fiber_world.h"

/* --- stops ---------------------------------------------------------------*/

static void two_ask(void)
{
    world(2, 1);
    works("A", suspender, 0);
    works("B", suspender, 0);
}

static void two_ask_in_place(void)
{
    two_ask();
    fh.stays = true;
}

static void two_ask_two_ms(void)
{
    world(2, 2);
    works("A", suspender, 0);
    works("B", suspender, 1);
}

static unsigned hooks;

static void both_held(void)
{
    must(holds == 2);
    hooks += fh.hooks;
    nobody_is_left();
}

CLAIM(unit_a_fiber_leaves_by_its_hook_and_goes_on)
{
    static const struct fake_spec spec = { .name = "hook",
                                           .setup = two_ask,
                                           .check = both_held,
                                           .bound = 3,
                                           .runs = 20000,
                                           .walks = 10000 };
    hooks = 0;
    explore_both(&spec);
    must(hooks != 0);
}

CLAIM(unit_a_fiber_whose_hook_returns_at_once_parks_in_place)
{
    static const struct fake_spec spec = { .name = "stays",
                                           .setup = two_ask_in_place,
                                           .check = both_held,
                                           .bound = 3,
                                           .runs = 20000,
                                           .walks = 10000 };
    explore_both(&spec);
}

CLAIM(unit_fibers_on_two_ms_are_stopped_and_none_is_lost)
{
    static const struct fake_spec spec = { .name = "hook2",
                                           .setup = two_ask_two_ms,
                                           .check = both_held,
                                           .bound = 3,
                                           .runs = 20000,
                                           .walks = 10000 };
    explore_both(&spec);
}

CLAIM(unit_stops_of_fibers_need_no_more_than_x86_store_order)
{
    static const struct fake_spec spec = { .name = "hook-w",
                                           .setup = two_ask,
                                           .check = both_held,
                                           .may = FAKE_WEAK,
                                           .bound = 2,
                                           .runs = 20000,
                                           .walks = 10000 };
    explore_both(&spec);
}

/* --- withdrawal ----------------------------------------------------------*/

static void impatient(void)
{
    world(1, 1);
    works("A", suspender, 0);
    works("B", suspender, 0);
    patience = 3000;
}

/* The fiber comes back to the queue and in again while they give up: nobody
 * would wake yank_m_set_curg() if the last ask went silently. */
CLAIM(unit_entering_waits_for_asks_that_are_withdrawn)
{
    static const struct fake_spec spec = { .name = "withdraw",
                                           .setup = impatient,
                                           .check = nobody_is_left,
                                           .may = FAKE_TIMEOUT,
                                           .bound = 4,
                                           .runs = 60000,
                                           .walks = 30000 };
    explore_both(&spec);
}

static void impatient_in_place(void)
{
    impatient();
    fh.stays = true;
}

CLAIM(unit_a_park_in_place_ends_when_the_asks_are_withdrawn)
{
    static const struct fake_spec spec = { .name = "withdraw-stays",
                                           .setup = impatient_in_place,
                                           .check = nobody_is_left,
                                           .may = FAKE_TIMEOUT,
                                           .bound = 4,
                                           .runs = 60000,
                                           .walks = 30000 };
    explore_both(&spec);
}

/* --- calls ---------------------------------------------------------------*/

static void one_calls(void)
{
    world(2, 1);
    works("A", caller, 0);
    works("B", suspender, 0);
}

static void one_calls_in_place(void)
{
    one_calls();
    fh.stays = true;
}

static void called_once(void)
{
    must(calls == 1 && holds >= 2);
    nobody_is_left();
}

CLAIM(unit_a_call_left_in_the_hook_is_made_after_it)
{
    static const struct fake_spec spec = { .name = "call",
                                           .setup = one_calls,
                                           .check = called_once,
                                           .bound = 3,
                                           .runs = 20000,
                                           .walks = 10000 };
    explore_both(&spec);
}

CLAIM(unit_a_call_left_at_a_park_in_place_is_made_after_it)
{
    static const struct fake_spec spec = { .name = "call-stays",
                                           .setup = one_calls_in_place,
                                           .check = called_once,
                                           .bound = 3,
                                           .runs = 20000,
                                           .walks = 10000 };
    explore_both(&spec);
}

static void yields_once(void *arg)
{
    int i = (int)(uintptr_t)arg;
    struct yank_g *g = fh.g[i];

    atomic_store(&fh.started[i], 1);
    while (atomic_load(&fh.quit) == 0) {
        fh_yield();
        must(g->call_fn == NULL);
        fake_pause();
    }
}

static void voluntary(void)
{
    fh_reset();
    holds = calls = working = 0;
    patience = 0;
    fh_fiber(0, yields_once, false);
    fake_party("M", fh_m, (void *)0);
    works("A", caller, 0);
}

static void called_at_the_poll(void)
{
    must(calls == 1 && fh.hooks <= 1); /* it may be asked while it runs */
    nobody_is_left();
}

CLAIM(unit_a_call_left_to_a_fiber_that_yielded_is_made_at_its_poll)
{
    static const struct fake_spec spec = { .name = "poll",
                                           .setup = voluntary,
                                           .check = called_at_the_poll,
                                           .bound = 3,
                                           .runs = 20000,
                                           .walks = 10000 };
    explore_both(&spec);
}

/* --- ends ----------------------------------------------------------------*/

static void abandons(void *arg)
{
    struct yank_stop stop;
    int i = (int)(uintptr_t)arg, rc;

    wait_started(i);
    do {
        must_rc(suspend(i, &stop), YANK_OK);
        rc = yank_abandon_g(&stop);
        if (rc == YANK_EBUSY) { /* parked in place, or about to go on */
            must(stop.g == fh.g[i] && stop.g->inside);
            fh.stays = false;
            must_rc(yank_resume_g(&stop), YANK_OK);
            fake_pause();
        }
    } while (rc == YANK_EBUSY);
    must_rc(rc, YANK_OK);
    must(fh.abandoned == 1);
    done();
}

static void one_ends(void)
{
    world(2, 1);
    works("A", abandons, 0);
}

static void one_ends_in_place(void)
{
    one_ends();
    fh.stays = true;
}

static void the_other_ran(void)
{
    must(fh.abandoned == 1 && fh.runs[1] >= 1 && !fh.ended[0]);
    nobody_is_left();
}

CLAIM(unit_an_abandoned_fiber_never_runs_again_and_is_freed)
{
    static const struct fake_spec spec = { .name = "abandon",
                                           .setup = one_ends,
                                           .check = the_other_ran,
                                           .bound = 3,
                                           .runs = 20000,
                                           .walks = 10000 };
    explore_both(&spec);
}

CLAIM(unit_a_fiber_parked_in_place_cannot_be_abandoned)
{
    static const struct fake_spec spec = { .name = "abandon-stays",
                                           .setup = one_ends_in_place,
                                           .check = the_other_ran,
                                           .bound = 2,
                                           .runs = 20000,
                                           .walks = 5000 };
    explore_both(&spec);
}

/* Its host does not want it any more where it lies, in the hook: the code it
 * was stopped in is free of it (fake_end() takes the range away), and so is
 * the vector block. */
static void drops_it(void *arg)
{
    int i = (int)(uintptr_t)arg;

    wait_started(i);
    fh.gone[i] = true;
    must_rc(yank_preempt_g(fh.g[i]), YANK_OK);
    while (YANK_BASE(yank_read_status(fh.g[i])) != YANK_WAITING)
        fake_pause();
    must(fh.g[i]->async_safe_point && fh.g[i]->blocks != NULL);
    fh_bury(i);
    done();
}

static void dropped(void)
{
    world(1, 1);
    works("A", drops_it, 0);
}

CLAIM(unit_a_fiber_in_its_hook_can_be_ended_by_its_host)
{
    fake_once("drop", dropped, nobody_is_left);
}

/* Another thread ends it as soon as it is Waiting; the M that took it there
 * may still be about to say so. */
static void ends_when_off(void *arg)
{
    struct yank_g *g = fh.g[0];
    uint32_t s;

    (void)arg;
    while (YANK_BASE(s = yank_read_status(g)) != YANK_WAITING)
        fake_block_changed(&g->status, s);
    fh_bury(0);
    done();
}

static void leaves_for_good(void *arg)
{
    (void)arg;
    fh_yield();
    must(false);
}

static void leave_setup(void)
{
    fh_reset();
    holds = calls = working = 0;
    fh_fiber(0, leaves_for_good, false);
    fh.gone[0] = true;
    fake_party("M", fh_m, (void *)0);
    works("F", ends_when_off, 0);
}

CLAIM(unit_fini_waits_for_the_m_that_has_just_left)
{
    static const struct fake_spec spec = { .name = "leave",
                                           .setup = leave_setup,
                                           .check = nobody_is_left,
                                           .bound = 3,
                                           .runs = 20000,
                                           .walks = 5000 };
    explore_both(&spec);
}

/* --- in the hook ---------------------------------------------------------*/

static void looks_around(struct yank_g *g)
{
    struct yank_stop stop;

    yank_poison(g);
    yank_poll(g); /* nothing: the stop is this one */
    must(fh.hooks == 1);
    must_rc(yank_suspend_g(fh.g[1], 0, &stop), YANK_EREGION);
    must_rc(yank_blocking_enter(g), YANK_EREGION);
    must_rc(yank_os_kick_self(yank_m_self()), YANK_OK);
    must(atomic_load(&yank_m_self()->outcome) == YANK_REFUSED_INJECTED);
    yank_preempt_disable(g);
    must_rc(yank_m_set_curg(yank_m_self(), NULL), YANK_EREGION);
    must_rc(yank_preempt_enable(g), YANK_OK);
    fh.in_hook = NULL;
}

static void look_setup(void)
{
    world(2, 1);
    fh.in_hook = looks_around;
    works("A", suspender, 0);
}

CLAIM(unit_nothing_stops_a_fiber_in_its_hook)
{
    fake_once("look", look_setup, nobody_is_left);
    must(holds == 1 && fh.hooks >= 1);
}

/* --- yields --------------------------------------------------------------*/

static void asks_yield(void *arg)
{
    int i = (int)(uintptr_t)arg;

    wait_started(i);
    must_rc(yank_preempt_g(fh.g[i]), YANK_OK);
    while (fh.hooks == 0)
        fake_pause();
    done();
}

static void yield_in_place(void)
{
    world(1, 1);
    fh.stays = true;
    works("A", asks_yield, 0);
}

static void asked_once(void)
{
    must(fh.hooks == 1 && fh.runs[0] == 1);
    nobody_is_left();
}

CLAIM(unit_a_yield_is_forgotten_where_the_hook_does_not_switch)
{
    fake_once("yield-stays", yield_in_place, asked_once);
}

static void has_too_little_room(void *arg)
{
    int i = (int)(uintptr_t)arg;
    struct party *m = &fake.party[0];

    wait_started(i);
    m->sp = fh.g[i]->guard - 8;
    while (atomic_load(&fh.m[0]->outcome) != YANK_REFUSED_ROOM) {
        must_rc(yank_preempt_g(fh.g[i]), YANK_OK);
        fake_pause();
    }
    must(fh.hooks == 0);
    must(m->sp - fh.g[i]->lo > FAKE_STUB_STACK + fh_host.preempted_stack_bytes);
    m->sp += 8; /* just enough */
    while (fh.hooks == 0) {
        must_rc(yank_preempt_g(fh.g[i]), YANK_OK);
        fake_pause();
    }
    m->sp = 0;
    done();
}

static void room_setup(void)
{
    world(1, 1);
    works("A", has_too_little_room, 0);
}

CLAIM(unit_a_fiber_without_room_for_its_hook_is_not_stopped)
{
    fake_once("room", room_setup, nobody_is_left);
}

/* --- pins ----------------------------------------------------------------*/

/* Called in the stub: the frame above holds registers of this M. */
static void yields_in_the_call(void *arg)
{
    struct yank_m *m = yank_m_self();

    (void)arg;
    must(fh.g[0]->blocks != NULL);
    fh_yield();
    must(yank_m_self() == m && yank_g_pinned(fh.g[0]) == m);
    calls++;
}

static void leaves_a_yield(void *arg)
{
    struct yank_stop stop;

    (void)arg;
    wait_started(0);
    must_rc(suspend(0, &stop), YANK_OK);
    must(stop.async && yank_g_pinned(stop.g) != NULL);
    must_rc(yank_resume_call(&stop, yields_in_the_call, NULL), YANK_OK);
    done();
}

static void loops_and_yields(void *arg)
{
    fh_loop(arg);
    must(yank_g_pinned(fh.g[0]) != NULL); /* nobody was synchronous yet */
    fh_yield();
    must(yank_g_pinned(fh.g[0]) == NULL);
}

static void pin_setup(void)
{
    fh_reset();
    holds = calls = working = 0;
    patience = 0;
    fh_fiber(0, loops_and_yields, false);
    fake_party("M", fh_m, (void *)0);
    fake_party("N", fh_m, (void *)1);
    works("A", leaves_a_yield, 0);
}

static void called_where_it_was(void)
{
    must(calls == 1);
    nobody_is_left();
}

CLAIM(unit_a_fiber_that_yields_above_an_interrupted_frame_stays_pinned)
{
    static const struct fake_spec spec = { .name = "pin",
                                           .setup = pin_setup,
                                           .check = called_where_it_was,
                                           .bound = 2,
                                           .runs = 10000,
                                           .walks = 5000 };
    explore_both(&spec);
}

CLAIMS_MAIN(
    CLAIMED(unit_a_fiber_leaves_by_its_hook_and_goes_on),
    CLAIMED(unit_a_fiber_whose_hook_returns_at_once_parks_in_place),
    CLAIMED(unit_fibers_on_two_ms_are_stopped_and_none_is_lost),
    CLAIMED(unit_stops_of_fibers_need_no_more_than_x86_store_order),
    CLAIMED(unit_entering_waits_for_asks_that_are_withdrawn),
    CLAIMED(unit_a_park_in_place_ends_when_the_asks_are_withdrawn),
    CLAIMED(unit_a_call_left_in_the_hook_is_made_after_it),
    CLAIMED(unit_a_call_left_at_a_park_in_place_is_made_after_it),
    CLAIMED(unit_a_call_left_to_a_fiber_that_yielded_is_made_at_its_poll),
    CLAIMED(unit_an_abandoned_fiber_never_runs_again_and_is_freed),
    CLAIMED(unit_a_fiber_parked_in_place_cannot_be_abandoned),
    CLAIMED(unit_a_fiber_in_its_hook_can_be_ended_by_its_host),
    CLAIMED(unit_fini_waits_for_the_m_that_has_just_left),
    CLAIMED(unit_nothing_stops_a_fiber_in_its_hook),
    CLAIMED(unit_a_yield_is_forgotten_where_the_hook_does_not_switch),
    CLAIMED(unit_a_fiber_without_room_for_its_hook_is_not_stopped),
    CLAIMED(unit_a_fiber_that_yields_above_an_interrupted_frame_stays_pinned))
