/* Blocking regions: nothing is kicked in the kernel part, leave waits for the
 * holder.  tests/models/eintr.pml in code. */
#include "fake/unit.h"
#include "fake/world.h"

static _Atomic uint32_t input; /* what the system call waits for */
static unsigned in_system_call;

static void reads(void *arg)
{
    int i = (int)(uintptr_t)arg;
    struct yank_g *g = world_g(i);

    world_attach(i);
    must_rc(yank_blocking_enter(g), YANK_OK);
    must(g->inside && atomic_load(&w.t[i].m.signal_pending) == 0);
    in_system_call++;
    user_system_call(&input); /* a kick that lands in there fails */
    must_rc(yank_blocking_leave(g), YANK_OK);
    fake_step("user"); /* not while held */
    world_no_debts(g);
    world_detach(i);
}

static void suspender(void *arg)
{
    (void)arg;
    world_wait(0);
    int rc = world_hold(0, YANK_NO_DEADLINE);
    must(rc == YANK_OK || rc == YANK_EDEAD || rc == YANK_EINVAL);
    if (--w.working == 0)
        atomic_store(&input, 1);
}

static void one(void)
{
    world_reset();
    atomic_store(&input, 0);
    in_system_call = 0;
    fake_party("T", reads, WORLD_ARG(0));
    fake_party("A", suspender, NULL);
    world_works();
}

static void all_held(void)
{
    must((int)w.held == fake.parties - 1 && in_system_call == 1);
}

CLAIM(unit_no_kick_lands_in_a_blocking_region)
{
    static const struct fake_spec spec = { .name = "eintr",
                                           .setup = one,
                                           .check = all_held,
                                           .bound = 4,
                                           .runs = 40000,
                                           .walks = 20000 };
    explore_both(&spec);
}

static void two(void)
{
    one();
    fake_party("B", suspender, NULL);
    world_works();
}

CLAIM(unit_two_suspenders_send_no_kick_into_a_blocking_region)
{
    static const struct fake_spec spec = { .name = "eintr2",
                                           .setup = two,
                                           .check = all_held,
                                           .bound = 3,
                                           .runs = 60000,
                                           .walks = 20000 };
    explore_both(&spec);
}

CLAIM(unit_failed_sends_leave_no_ticket_in_a_blocking_region)
{
    static const struct fake_spec spec = { .name = "eintr-f",
                                           .setup = two,
                                           .check = all_held,
                                           .may = FAKE_FAIL_EAGAIN,
                                           .bound = 3,
                                           .runs = 20000,
                                           .walks = 5000 };
    explore_both(&spec);
}

/* --- written out ---------------------------------------------------------*/

CLAIM(unit_a_g_in_a_blocking_region_is_taken_without_a_kick)
{
    static const struct fake_spec spec = { .name = "taken", .setup = one };
    struct party *t = &fake.party[0], *a = &fake.party[1];
    uint32_t held = YANK_BLOCKING | YANK_SCAN;

    script_begin(&spec);
    script_until(t, "in the kernel");
    script_until(a, "still holds");
    must(fake.sends == 0);
    must(YANK_BASE(atomic_load(&world_g(0)->status)) == YANK_BLOCKING);
    /* The call returns while it is held: leave waits. */
    atomic_store(&input, 1);
    script_through(t);
    must(t->state == PARTY_WAIT);
    must((atomic_load(&world_g(0)->status) & held) == held);
    script_finish();
    must(w.held == 1);
}

/* The requester saw Running, the G goes Blocking, the re-read finds it out. */
CLAIM(unit_a_needless_send_is_not_made)
{
    static const struct fake_spec spec = { .name = "needless", .setup = one };
    struct party *t = &fake.party[0], *a = &fake.party[1];

    script_begin(&spec);
    script_until(t, "m is set up");
    atomic_store(&w.ready[0], 1);
    script_until(t, "cast: status read");
    script_until(a, "send: ticket taken");
    must(atomic_load(&w.t[0].m.signal_pending) != 0);
    must((atomic_load(&w.t[0].m.kickers) & 0xff) == 1);
    script_through(t); /* Blocking; waits for the kicker */
    must(atomic_load(&world_g(0)->status) == YANK_BLOCKING);
    must(!t->in_kernel && t->state == PARTY_WAIT);
    script_through(a);
    must(fake.sends == 0 && w.held == 1);
    must(atomic_load(&w.t[0].m.signal_pending) == 0);
    script_finish();
}

/* The send is made between the cast and the wait: the kick is taken before
 * the call. */
CLAIM(unit_a_kick_on_its_way_is_taken_before_the_call)
{
    static const struct fake_spec spec = { .name = "before", .setup = one };
    struct party *t = &fake.party[0], *a = &fake.party[1];

    script_begin(&spec);
    script_until(t, "m is set up");
    atomic_store(&w.ready[0], 1);
    script_until(t, "cast: status read");
    script_until(a, "send: status read again");
    script_until(t, "wait_zero: not yet");
    script_through(a); /* sends, then claims the Blocking G and lets it go */
    must(fake.sends == 1 && t->kick);
    script_until(t, "kick self");
    script_until(t, "in the kernel");
    must(!t->kick && fake.answers == 1);
    must(atomic_load(&w.t[0].m.outcome) == YANK_NOT_WANTED);
    script_finish();
}

/* A kicker that never ends its send keeps the G at most one kick deadline. */
CLAIM(unit_the_wait_for_kickers_ends_at_the_kick_deadline)
{
    static const struct fake_spec spec = { .name = "late", .setup = one };
    struct party *t = &fake.party[0];
    int64_t began;

    script_begin(&spec);
    script_until(t, "m is set up");
    atomic_fetch_add(&w.t[0].m.kickers, 1);
    began = fake.clock;
    script_through(t);
    must(t->state == PARTY_WAIT && t->until <= began + 1000000 + 50);
    script_timeout(t);
    script_until(t, "in the kernel");
    atomic_fetch_sub(&w.t[0].m.kickers, 1);
    script_finish();
}

static void misuse(void *arg)
{
    struct yank_g *g = world_g(0);

    (void)arg;
    must_rc(yank_blocking_enter(g), YANK_ETHREAD);
    must_rc(yank_blocking_enter(NULL), YANK_ETHREAD);
    must_rc(yank_blocking_leave(NULL), YANK_ETHREAD);
    world_attach(0);
    must_rc(yank_blocking_leave(g), YANK_EINVAL);
    yank_preempt_disable(g);
    must_rc(yank_blocking_enter(g), YANK_EREGION);
    yank_preempt_enable(g);
    atomic_fetch_add(&g->holding, 1);
    must_rc(yank_blocking_enter(g), YANK_EHOLDING);
    atomic_fetch_sub(&g->holding, 1);
    must_rc(yank_blocking_enter(g), YANK_OK);
    must_rc(yank_blocking_enter(g), YANK_EREGION);
    must_rc(yank_blocking_leave(g), YANK_OK);
    must(!g->inside);
    world_no_debts(g);
    world_detach(0);
}

CLAIM(unit_misuse_of_a_blocking_region_has_a_name)
{
    fake_alone(misuse, NULL);
}

CLAIMS_MAIN(CLAIMED(unit_no_kick_lands_in_a_blocking_region),
            CLAIMED(unit_two_suspenders_send_no_kick_into_a_blocking_region),
            CLAIMED(unit_failed_sends_leave_no_ticket_in_a_blocking_region),
            CLAIMED(unit_a_g_in_a_blocking_region_is_taken_without_a_kick),
            CLAIMED(unit_a_needless_send_is_not_made),
            CLAIMED(unit_a_kick_on_its_way_is_taken_before_the_call),
            CLAIMED(unit_the_wait_for_kickers_ends_at_the_kick_deadline),
            CLAIMED(unit_misuse_of_a_blocking_region_has_a_name))
