/* Suspenders that stop each other, and several at once: nobody waits while
 * it holds a claim, batches claim in id order.  tests/models/mutual.pml and
 * order.pml in code. */
#include "fake/unit.h"
#include "fake/world.h"

static int64_t limit_ns; /* 0: none */
static int targets[3];   /* thread i suspends thread targets[i] */

static int64_t deadline(void)
{
    return limit_ns == 0 ? YANK_NO_DEADLINE : world_in(limit_ns);
}

static void nobody_works(void)
{
    /* In user code until the others are through: they may hold us. */
    world_done();
    user_loop(&w.quit);
}

static void stops_another(void *arg)
{
    int i = (int)(uintptr_t)arg;

    world_attach(i);
    world_wait(targets[i]);
    int rc = world_hold(targets[i], deadline());
    must(rc == YANK_OK || (rc == YANK_ETIMEDOUT && limit_ns != 0));
    nobody_works();
    world_no_debts(world_g(i));
    world_detach(i);
}

static void ring(int n, int64_t limit)
{
    static const char *const name[] = { "A", "B", "C" };

    world_reset();
    limit_ns = limit;
    for (int i = 0; i < n; i++) {
        targets[i] = (i + 1) % n;
        fake_party(name[i], stops_another, WORLD_ARG(i));
        world_works();
    }
}

static void two(void)
{
    ring(2, 0);
}

static void all_held(void)
{
    must((int)w.held == fake.parties);
}

CLAIM(unit_two_that_suspend_each_other_both_get_through)
{
    static const struct fake_spec spec = { .name = "mutual",
                                           .setup = two,
                                           .check = all_held,
                                           .bound = 3,
                                           .runs = 40000,
                                           .walks = 10000 };
    explore_both(&spec);
}

static void three(void)
{
    ring(3, 0);
}

CLAIM(unit_three_in_a_ring_all_get_through)
{
    static const struct fake_spec spec = { .name = "ring",
                                           .setup = three,
                                           .check = all_held,
                                           .bound = 3,
                                           .runs = 20000,
                                           .walks = 10000 };
    explore_both(&spec);
}

static void two_limited(void)
{
    ring(2, 300000);
}

static void all_through(void)
{
    must((int)(w.held + w.timeouts) == fake.parties);
}

CLAIM(unit_deadlines_in_a_mutual_suspension_strand_nobody)
{
    static const struct fake_spec spec = { .name = "limited",
                                           .setup = two_limited,
                                           .check = all_through,
                                           .may = FAKE_TIMEOUT,
                                           .bound = 3,
                                           .runs = 30000,
                                           .walks = 10000 };
    explore_both(&spec);
}

/* --- many ----------------------------------------------------------------*/

static void hold_many(const int *which, size_t n)
{
    struct yank_g *gs[3];
    struct yank_stop stops[3];

    for (size_t i = 0; i < n; i++) {
        world_wait(which[i]);
        gs[i] = world_g(which[i]);
    }
    int rc = yank_suspend_many(gs, n, deadline(), stops);
    if (rc != YANK_OK) {
        must_rc(rc, YANK_ETIMEDOUT);
        must(limit_ns != 0);
        for (size_t i = 0; i < n; i++)
            must(stops[i].g == NULL && stops[i].serial == 0);
        w.timeouts++;
        return;
    }
    w.held++;
    for (size_t i = 0; i < n; i++)
        fake_held(gs[i], 1);
    fake_step("holds all");
    fake_step("still holds all");
    for (size_t i = 0; i < n; i++) {
        fake_held(gs[i], -1);
        must_rc(yank_resume_g(&stops[i]), YANK_OK);
    }
}

static const int forwards[] = { 0, 1 }, backwards[] = { 1, 0 };

static void many(void *arg)
{
    hold_many(arg, 2);
    world_done();
}

static void opposite(int64_t limit)
{
    world_reset();
    limit_ns = limit;
    fake_party("S", world_target, WORLD_ARG(0));
    fake_party("T", world_target, WORLD_ARG(1));
    fake_party("A", many, (void *)(uintptr_t)forwards);
    fake_party("B", many, (void *)(uintptr_t)backwards);
    world_works();
    world_works();
}

static void opposite_for_ever(void)
{
    opposite(0);
}

static void two_held(void)
{
    must(w.held == 2);
}

CLAIM(unit_batches_in_opposite_orders_both_get_through)
{
    static const struct fake_spec spec = { .name = "order",
                                           .setup = opposite_for_ever,
                                           .check = two_held,
                                           .bound = 3,
                                           .runs = 30000,
                                           .walks = 10000 };
    explore_both(&spec);
}

static void opposite_limited(void)
{
    opposite(200000);
}

static void two_through(void)
{
    must(w.held + w.timeouts == 2);
}

CLAIM(unit_a_batch_that_times_out_holds_nothing)
{
    static const struct fake_spec spec = { .name = "order-t",
                                           .setup = opposite_limited,
                                           .check = two_through,
                                           .may = FAKE_TIMEOUT,
                                           .bound = 3,
                                           .runs = 30000,
                                           .walks = 10000 };
    explore_both(&spec);
}

/* Thread 0 wants 1 and 2, thread 1 wants 2 and 0: a cycle through the
 * suspenders' own Gs. */
static const int one_two[] = { 1, 2 }, two_zero[] = { 2, 0 };

static void many_on_g(void *arg)
{
    int i = (int)(uintptr_t)arg;

    world_attach(i);
    hold_many(i == 0 ? one_two : two_zero, 2);
    nobody_works();
    world_no_debts(world_g(i));
    world_detach(i);
}

static void cycle(void)
{
    world_reset();
    limit_ns = 0;
    fake_party("A", many_on_g, WORLD_ARG(0));
    fake_party("B", many_on_g, WORLD_ARG(1));
    fake_party("T", world_target, WORLD_ARG(2));
    world_works();
    world_works();
}

CLAIM(unit_a_cycle_through_the_suspenders_own_gs_ends)
{
    static const struct fake_spec spec = { .name = "cycle",
                                           .setup = cycle,
                                           .check = two_held,
                                           .bound = 3,
                                           .runs = 30000,
                                           .walks = 20000 };
    explore_both(&spec);
}

/* --- giving back, written out --------------------------------------------*/

static void holds_two(void *arg)
{
    static const int which[] = { 1, 2 };

    world_attach((int)(uintptr_t)arg);
    hold_many(which, 2);
    nobody_works();
    world_detach((int)(uintptr_t)arg);
}

static void holds_the_holder(void *arg)
{
    (void)arg;
    world_wait(0);
    must_rc(world_hold(0, YANK_NO_DEADLINE), YANK_OK);
    world_done();
}

static void give_back_setup(void)
{
    world_reset();
    limit_ns = 0;
    fake_party("A", holds_two, WORLD_ARG(0));
    fake_party("S", world_target, WORLD_ARG(1));
    fake_party("T", world_target, WORLD_ARG(2));
    fake_party("B", holds_the_holder, NULL);
    world_works();
    world_works();
}

static bool is_held(int i)
{
    return (atomic_load(&world_g(i)->status) & YANK_SCAN) != 0;
}

CLAIM(unit_a_claimed_suspender_gives_back_before_it_sleeps)
{
    static const struct fake_spec spec = { .name = "give-back",
                                           .setup = give_back_setup };
    struct party *a = &fake.party[0], *s = &fake.party[1], *t = &fake.party[2],
                 *b = &fake.party[3];

    script_begin(&spec);
    script_through(s);
    script_through(t);
    script_through(a); /* asks both */
    script_deliver(s);
    script_through(a); /* owns S, waits for T, whose kick is late */
    must(is_held(1) && !is_held(2));
    script_until(b, "still holds"); /* owns A, which waits */
    must(is_held(0));
    script_timeout(a); /* the kick deadline: it looks again */
    script_through(a);
    must(!is_held(1) && is_held(0));
    must(atomic_load(&world_g(0)->holding) == 0);
    script_finish();
    must(w.held == 2);
}

/* A G that is dead is zeroed in the result, the rest are held. */
static void short_life(void *arg)
{
    (void)arg;
    world_attach(0);
    user_step(FAKE_USER_LO);
    world_detach(0);
    must(atomic_load(&world_g(0)->asks) == 0); /* nobody left a debt */
}

static void many_with_a_dead(void *arg)
{
    struct yank_g *gs[2] = { world_g(0), world_g(1) };
    struct yank_stop stops[2];

    (void)arg;
    world_wait(0);
    world_wait(1);
    int rc = yank_suspend_many(gs, 2, YANK_NO_DEADLINE, stops);
    if (rc == YANK_OK) {
        must(stops[1].g == gs[1]);
        if (stops[0].g != NULL)
            must_rc(yank_resume_g(&stops[0]), YANK_OK);
        else
            w.dead++;
        must_rc(yank_resume_g(&stops[1]), YANK_OK);
    } else { /* detached before we began: no G any more */
        must_rc(rc, YANK_EINVAL);
    }
    world_done();
}

static void one_dies(void)
{
    world_reset();
    fake_party("S", short_life, NULL);
    fake_party("T", world_target, WORLD_ARG(1));
    fake_party("A", many_with_a_dead, NULL);
    world_works();
}

static unsigned deaths_seen;

static void count_deaths(void)
{
    deaths_seen += w.dead;
}

CLAIM(unit_a_batch_holds_the_living_when_one_dies)
{
    static const struct fake_spec spec = { .name = "dies",
                                           .setup = one_dies,
                                           .check = count_deaths,
                                           .bound = 3,
                                           .runs = 30000,
                                           .walks = 10000 };
    deaths_seen = 0;
    explore_both(&spec);
    if (getenv("YANK_SCHEDULE") == NULL)
        must(deaths_seen > 0);
}

CLAIMS_MAIN(CLAIMED(unit_two_that_suspend_each_other_both_get_through),
            CLAIMED(unit_three_in_a_ring_all_get_through),
            CLAIMED(unit_deadlines_in_a_mutual_suspension_strand_nobody),
            CLAIMED(unit_batches_in_opposite_orders_both_get_through),
            CLAIMED(unit_a_batch_that_times_out_holds_nothing),
            CLAIMED(unit_a_cycle_through_the_suspenders_own_gs_ends),
            CLAIMED(unit_a_claimed_suspender_gives_back_before_it_sleeps),
            CLAIMED(unit_a_batch_holds_the_living_when_one_dies))
