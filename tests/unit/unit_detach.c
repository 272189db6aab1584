/* Ends of threads: detach while asked, kicked, claimed; what waiters get; and
 * fork. */
#include "fake/unit.h"
#include "fake/world.h"

#include <string.h>

/* A call that names an object may begin only while the object is there: the
 * host's own rule.  So the end waits until every suspender is a visitor. */
static int entered[FAKE_PARTIES];

static void see_visitors(void)
{
    int *e = &entered[fake.cur->id];

    if (*e == 1)
        *e = 2;
    else if (*e == 0 && strstr(fake.cur->where, "add &g->visitors") != NULL)
        *e = 1;
}

static bool all_entered(void)
{
    for (int i = 1; i < fake.parties; i++)
        if (entered[i] != 2)
            return false;
    return true;
}

static void short_life(void *arg)
{
    int i = (int)(uintptr_t)arg;

    world_attach(i);
    while (!script_active() && !all_entered())
        fake_pause();
    user_step(FAKE_USER_LO);
    user_step(FAKE_PC_LIBC);
    world_detach(i);
    must(atomic_load(&w.t[i].g.asks) == 0); /* debts are paid on EDEAD too */
    /* Nobody may touch it from here on. */
    memset(&w.t[i], 0xdd, sizeof w.t[i]);
    w.dead++;
}

static unsigned einval;

static void suspender(void *arg)
{
    struct yank_g *g = world_g(0);
    struct yank_stop stop;
    int64_t limit = (int64_t)(uintptr_t)arg;

    world_wait(0);
    int rc = yank_suspend_g(g, limit == 0 ? YANK_NO_DEADLINE : world_in(limit),
                            &stop);
    if (rc == YANK_OK) {
        w.held++;
        fake_held(g, 1);
        fake_step("holds");
        fake_held(g, -1);
        must_rc(yank_resume_g(&stop), YANK_OK);
        return;
    }
    must(stop.g == NULL);
    must(rc == YANK_EDEAD || rc == YANK_EINVAL ||
         (rc == YANK_ETIMEDOUT && limit != 0));
    einval += rc == YANK_EINVAL;
}

static void bytes_untouched(void)
{
    const unsigned char *p = (const unsigned char *)&w.t[0];

    must(w.dead == 1);
    for (size_t i = 0; i < sizeof w.t[0]; i++)
        must(p[i] == 0xdd);
}

static void one(void)
{
    world_reset();
    memset(entered, 0, sizeof entered);
    fake_party("T", short_life, WORLD_ARG(0));
    fake_party("A", suspender, WORLD_ARG(0));
}

CLAIM(unit_detach_waits_for_requesters_and_they_get_edead)
{
    static const struct fake_spec spec = { .name = "detach",
                                           .invariant = see_visitors,
                                           .setup = one,
                                           .check = bytes_untouched,
                                           .bound = 4,
                                           .runs = 40000,
                                           .walks = 20000 };
    explore_both(&spec);
}

static void three(void)
{
    one();
    fake_party("B", suspender, WORLD_ARG(0));
    fake_party("C", suspender, WORLD_ARG(100000));
}

CLAIM(unit_detach_is_safe_against_three_suspenders)
{
    static const struct fake_spec spec = { .name = "detach3",
                                           .invariant = see_visitors,
                                           .setup = three,
                                           .check = bytes_untouched,
                                           .may = FAKE_TIMEOUT |
                                                  FAKE_FAIL_EAGAIN | FAKE_DROP,
                                           .bound = 3,
                                           .runs = 40000,
                                           .walks = 20000 };
    explore_both(&spec);
}

CLAIM(unit_detach_is_safe_with_store_buffers_and_spurious_wakes)
{
    static const struct fake_spec spec = { .name = "detach-w",
                                           .invariant = see_visitors,
                                           .setup = one,
                                           .check = bytes_untouched,
                                           .may = FAKE_WEAK | FAKE_SPURIOUS,
                                           .bound = 3,
                                           .runs = 40000,
                                           .walks = 10000 };
    explore_both(&spec);
}

/* --- written out ---------------------------------------------------------*/

static void script_setup(void)
{
    world_reset();
    fake_party("T", short_life, WORLD_ARG(0));
    fake_party("A", suspender, WORLD_ARG(0));
}

CLAIM(unit_detach_waits_while_a_requester_sends)
{
    static const struct fake_spec spec = { .name = "sending",
                                           .setup = script_setup,
                                           .check = bytes_untouched };
    struct party *t = &fake.party[0], *a = &fake.party[1];

    script_begin(&spec);
    script_until(t, "user");
    script_until(a, "send: status read again");
    must((atomic_load(&w.t[0].m.kickers) & 0xff) == 1);
    script_through(t); /* Dead, and waits */
    must(t->state == PARTY_WAIT && w.dead == 0);
    must(atomic_load(&w.t[0].g.status) == YANK_DEAD);
    must(atomic_load(&w.t[0].m.os_id) == 0);
    script_through(a); /* the send fails: gone; then EDEAD */
    must(a->state == PARTY_DONE);
    script_finish();
}

CLAIM(unit_detach_waits_until_its_holder_resumes)
{
    static const struct fake_spec spec = { .name = "claimed",
                                           .setup = script_setup,
                                           .check = bytes_untouched };
    struct party *t = &fake.party[0], *a = &fake.party[1];

    script_begin(&spec);
    script_until(t, "user");
    script_until(a, "ask: claimed"); /* Running|SCAN */
    script_through(t);
    must(t->state == PARTY_WAIT && w.dead == 0);
    must(YANK_BASE(atomic_load(&w.t[0].g.status)) == YANK_RUNNING);
    script_finish();
}

static void refusals(void *arg)
{
    struct yank_g *g = world_g(0);
    unsigned char before[sizeof w.t[0]];

    (void)arg;
    must_rc(yank_thread_detach(&w.t[0]), YANK_ETHREAD);
    must_rc(yank_thread_detach(NULL), YANK_ETHREAD);
    world_attach(0);
    yank_preempt_disable(g);
    memcpy(before, &w.t[0], sizeof before);
    must_rc(yank_thread_detach(&w.t[0]), YANK_EREGION);
    must(memcmp(before, &w.t[0], sizeof before) == 0);
    yank_preempt_enable(g);
    must_rc(yank_blocking_enter(g), YANK_OK);
    must_rc(yank_thread_detach(&w.t[0]), YANK_EREGION);
    must_rc(yank_blocking_leave(g), YANK_OK);
    atomic_fetch_add(&g->holding, 1);
    must_rc(yank_thread_detach(&w.t[0]), YANK_EHOLDING);
    atomic_fetch_sub(&g->holding, 1);
    must_rc(yank_thread_detach(&w.t[1]), YANK_ETHREAD);
    must_rc(yank_m_detach(&w.t[0].m), YANK_ETHREAD);
    must_rc(yank_fini(), YANK_EBUSY);
    world_detach(0);
}

CLAIM(unit_detach_refuses_in_regions_and_while_holding)
{
    fake_alone(refusals, NULL);
}

/* --- fork ----------------------------------------------------------------*/

static bool in_child;

static void forks(void *arg)
{
    int i = (int)(uintptr_t)arg;
    struct yank_g *g = world_g(i);

    world_attach(i);
    yank_fork_prepare();
    /* Others may knock (in_window), nobody gets in. */
    must((atomic_load(&g->status) & YANK_SCAN) == 0);
    fake_step("forking");
    must((atomic_load(&g->status) & YANK_SCAN) == 0);
    fake_step("forked");
    must((atomic_load(&g->status) & YANK_SCAN) == 0);
    yank_fork_parent();
    user_loop(&w.quit);
    world_no_debts(g);
    world_detach(i);
}

static void fork_suspender(void *arg)
{
    (void)arg;
    world_wait(0);
    must_rc(world_hold(0, YANK_NO_DEADLINE), YANK_OK);
    world_done();
}

static void fork_setup(void)
{
    world_reset();
    fake_party("T", forks, WORLD_ARG(0));
    fake_party("A", fork_suspender, NULL);
    fake_party("B", fork_suspender, NULL);
    world_works();
    world_works();
}

static void two_held(void)
{
    must(w.held == 2);
    must(atomic_load(&yank_rt.gate) == 0);
}

CLAIM(unit_nobody_is_in_the_scan_window_at_a_fork)
{
    static const struct fake_spec spec = { .name = "fork",
                                           .setup = fork_setup,
                                           .check = two_held,
                                           .bound = 3,
                                           .runs = 40000,
                                           .walks = 10000 };
    explore_both(&spec);
}

CLAIM(unit_the_gate_of_a_fork_needs_no_more_than_x86_store_order)
{
    static const struct fake_spec spec = { .name = "fork-w",
                                           .setup = fork_setup,
                                           .check = two_held,
                                           .may = FAKE_WEAK,
                                           .bound = 3,
                                           .runs = 40000,
                                           .walks = 10000 };
    explore_both(&spec);
}

/* The child: the same memory, this thread alone. */
static void fork_child(void *arg)
{
    struct yank_g *g = world_g(0), *other = world_g(1);
    struct yank_stop stop;
    uintptr_t id;

    (void)arg;
    world_attach(0);
    world_wait(1);
    must(atomic_load(&other->status) == YANK_RUNNING);
    id = atomic_load(&w.t[0].m.os_id);
    /* Left over from requesters that do not exist in the child. */
    atomic_store(&g->asks, 2);
    atomic_fetch_add(&g->visitors, 2);
    atomic_store(&g->poll_word, YANK_POISON);
    yank_fork_prepare();
    atomic_store(&w.t[0].m.signal_pending, 5);
    atomic_store(&w.t[0].m.kickers, 1);
    yank_fork_child();
    must(atomic_load(&w.t[0].m.os_id) != id);
    must(atomic_load(&g->asks) == 0 && atomic_load(&g->visitors) == 0);
    must(atomic_load(&w.t[0].m.signal_pending) == 0);
    must(atomic_load(&w.t[0].m.kickers) == 0);
    must(atomic_load(&g->poll_word) == g->guard);
    must(atomic_load(&g->status) == YANK_RUNNING);
    must(atomic_load(&other->status) == YANK_DEAD);
    must(atomic_load(&yank_rt.gate) == 0);
    must_rc(yank_suspend_g(other, YANK_NO_DEADLINE, &stop), YANK_EDEAD);
    must(yank_m_self() == &w.t[0].m);
    world_detach(0);
    in_child = true;
    fake.party[1].m = NULL;
    fake.party[1].state = PARTY_DONE; /* did not survive */
}

static void child_setup(void)
{
    world_reset();
    in_child = false;
    fake_party("F", fork_child, NULL);
    fake_party("T", world_target, WORLD_ARG(1));
}

static void was_child(void)
{
    must(in_child && yank_registry_empty());
}

CLAIM(unit_a_forked_child_keeps_its_own_thread_only)
{
    fake_once("child", child_setup, was_child);
}

/* --- fini ----------------------------------------------------------------*/

static void attach_and_detach(void *arg)
{
    (void)arg;
    world_attach(0);
    world_detach(0);
}

/* It takes away the memory that a detach gives its blocks back to. */
static void fini_when_it_may(void *arg)
{
    int rc;

    (void)arg;
    world_wait(0);
    while ((rc = yank_fini()) == YANK_EBUSY)
        fake_pause();
    must_rc(rc, YANK_OK);
    must(world_g(0)->magic == 0); /* the last that a detach writes */
}

static void fini_setup(void)
{
    world_reset();
    must_rc(yank_init_module(NULL, YANK_VERSION, NULL, NULL), YANK_OK);
    fake_party("T", attach_and_detach, NULL);
    fake_party("F", fini_when_it_may, NULL);
}

CLAIM(unit_fini_is_busy_until_a_detach_is_done)
{
    static const struct fake_spec spec = { .name = "fini",
                                           .setup = fini_setup,
                                           .no_init = true,
                                           .bound = 3 };
    explore_both(&spec);
}

CLAIMS_MAIN(CLAIMED(unit_detach_waits_for_requesters_and_they_get_edead),
            CLAIMED(unit_detach_is_safe_against_three_suspenders),
            CLAIMED(unit_detach_is_safe_with_store_buffers_and_spurious_wakes),
            CLAIMED(unit_detach_waits_while_a_requester_sends),
            CLAIMED(unit_detach_waits_until_its_holder_resumes),
            CLAIMED(unit_detach_refuses_in_regions_and_while_holding),
            CLAIMED(unit_nobody_is_in_the_scan_window_at_a_fork),
            CLAIMED(unit_the_gate_of_a_fork_needs_no_more_than_x86_store_order),
            CLAIMED(unit_a_forked_child_keeps_its_own_thread_only),
            CLAIMED(unit_fini_is_busy_until_a_detach_is_done))
