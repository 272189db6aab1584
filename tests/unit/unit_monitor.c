/* The monitor: whom it asks and when it looks again, and that it sleeps while
 * nothing runs. */
#include "fiber_world.h"

#include "fake/mini_host.h"

#define SLICE 2000000

static struct yank_m m0;
static struct yank_p p0;

static struct yank_monitor_attr attr(bool own_thread)
{
    return (struct yank_monitor_attr){ .struct_size =
                                           sizeof(struct yank_monitor_attr),
                                       .slice_ns = SLICE,
                                       .own_thread = own_thread };
}

/* --- wrong calls ---------------------------------------------------------*/

static void wrong(void *arg)
{
    struct yank_monitor_attr a = attr(false);

    (void)arg;
    must_rc(yank_monitor_start(NULL), YANK_EINVAL);
    a.struct_size--;
    must_rc(yank_monitor_start(&a), YANK_EINVAL);
    a = attr(false);
    a.slice_ns = YANK_MONITOR_SLICE_MIN_NS - 1;
    must_rc(yank_monitor_start(&a), YANK_EINVAL);
    must_rc(yank_monitor_stop(), YANK_EINVAL);
    must_rc((long)yank_monitor_tick(yank_now_ns()), YANK_EINVAL);
    a = attr(true);
    must_rc(yank_monitor_start(&a), YANK_EAGAIN); /* the fake has no thread */
    a = attr(false);
    must_rc(yank_monitor_start(&a), YANK_OK);
    must_rc(yank_monitor_start(&a), YANK_EBUSY);
    must_rc(yank_code_remove(fake.code[0], 0), YANK_OK);
    must_rc(yank_code_remove(fake.code[1], 0), YANK_OK);
    must_rc(yank_fini(), YANK_EBUSY);
    must(yank_monitor_tick(yank_now_ns()) == YANK_NO_DEADLINE);
    must_rc(yank_monitor_stop(), YANK_OK);
    must_rc(yank_monitor_stop(), YANK_EINVAL);
    must_rc(yank_fini(), YANK_OK);
    must_rc(yank_monitor_start(&a), YANK_EINIT);
    must_rc(yank_monitor_stop(), YANK_EINIT);
    must_rc((long)yank_monitor_tick(0), YANK_EINIT);
}

static void wrong_setup(void)
{
    static const struct yank_code_desc d[2] = {
        { FAKE_USER_LO, FAKE_USER_HI, YANK_CODE_SAFE },
        { FAKE_FREE_LO, FAKE_FREE_HI, YANK_CODE_SAFE }
    };

    must_rc(yank_init_module(NULL, YANK_VERSION, NULL, NULL), YANK_OK);
    must_rc(yank_code_add(&d[0], &fake.code[0]), YANK_OK);
    must_rc(yank_code_add(&d[1], &fake.code[1]), YANK_OK);
    fake_party("A", wrong, NULL);
}

CLAIM(unit_monitor_calls_refuse_what_does_not_hold)
{
    static const struct fake_spec spec = { .name = "wrong",
                                           .setup = wrong_setup,
                                           .no_init = true };
    run_once(&spec);
}

/* --- when it looks, whom it asks -----------------------------------------*/

static bool asked(void)
{
    bool yes = atomic_load(&p0.yield) != 0;

    atomic_store(&p0.yield, 0);
    return yes;
}

static void decides(void *arg)
{
    struct yank_m_attr ma = { .struct_size = sizeof ma, .host = &fh_host };
    struct yank_monitor_attr a = attr(false);
    int64_t t = 5000000000;

    (void)arg;
    fh_reset();
    fh_fiber(0, fh_loop, false);
    fh_fiber(1, fh_loop, false);
    must_rc(yank_monitor_start(&a), YANK_OK);
    must_rc(yank_m_attach(&m0, &ma), YANK_OK);
    must(yank_monitor_tick(t) == YANK_NO_DEADLINE); /* no P */
    must_rc(yank_m_acquire_p(&m0, &p0), YANK_OK);
    must(yank_monitor_tick(t) == YANK_NO_DEADLINE); /* no G */
    must_rc(yank_m_set_curg(&m0, fh.g[0]), YANK_OK);
    fh.waited_for = true;
    must(yank_monitor_tick(t) == t + SLICE); /* since when it runs */
    must(yank_monitor_tick(t + 1) == t + SLICE);
    must(yank_monitor_tick(t + SLICE - 1) == t + SLICE);
    must(fh.asked == 0 && !asked());
    t += SLICE;
    must(yank_monitor_tick(t) == t + 1000000); /* and again */
    must(fh.asked == 1 && asked());
    t += 1000000;
    must(yank_monitor_tick(t) == t + 1000000);
    must(fh.asked == 2 && asked());

    /* It went when it was asked: the next slice has run since. */
    int64_t asked_at = t;
    must_rc(yank_m_set_curg(&m0, NULL), YANK_OK);
    must_rc(yank_m_set_curg(&m0, fh.g[1]), YANK_OK);
    t += 1000000;
    must(yank_monitor_tick(t) == asked_at + SLICE);
    t = asked_at + SLICE;
    must(yank_monitor_tick(t) == t + 1000000);
    must(fh.asked == 3 && asked());
    must_rc(yank_m_set_curg(&m0, NULL), YANK_OK);
    must_rc(yank_m_set_curg(&m0, fh.g[1]), YANK_OK);
    must_rc(yank_m_set_curg(&m0, NULL), YANK_OK); /* more than that one */
    must_rc(yank_m_set_curg(&m0, fh.g[0]), YANK_OK);
    t += 1000000;
    must(yank_monitor_tick(t) == t + SLICE);
    t += SLICE;
    must(yank_monitor_tick(t) == t + 1000000);
    must(fh.asked == 4 && asked());
    fh.asked = 2;

    fh.waited_for = false; /* nobody waits: it keeps the M */
    must(yank_monitor_tick(t) == t + SLICE);
    must(fh.asked == 3 && !asked());
    fh.waited_for = true;

    /* A switch begins a slice, even to the same fiber. */
    must_rc(yank_m_set_curg(&m0, NULL), YANK_OK);
    must_rc(yank_m_set_curg(&m0, fh.g[0]), YANK_OK);
    must(yank_monitor_tick(t) == t + SLICE);
    must(fh.asked == 3 && !asked());

    /* While nothing runs no slice does. */
    must_rc(yank_m_set_curg(&m0, NULL), YANK_OK);
    must(yank_monitor_tick(t + 9 * SLICE) == YANK_NO_DEADLINE);
    must_rc(yank_m_set_curg(&m0, fh.g[1]), YANK_OK);
    t += 10 * SLICE;
    must(yank_monitor_tick(t) == t + SLICE);
    must(fh.asked == 3);
    must_rc(yank_m_set_curg(&m0, NULL), YANK_OK);
    must_rc(yank_m_release_p(&m0), YANK_OK);
    must(yank_monitor_tick(t + SLICE) == YANK_NO_DEADLINE);
    must_rc(yank_m_detach(&m0), YANK_OK);
    must(yank_monitor_tick(t + SLICE) == YANK_NO_DEADLINE);

    /* Without the hook it has nobody to ask. */
    struct yank_host deaf = fh_host;
    deaf.has_waiters = NULL;
    ma.host = &deaf;
    must_rc(yank_m_attach(&m0, &ma), YANK_OK);
    must_rc(yank_m_acquire_p(&m0, &p0), YANK_OK);
    must_rc(yank_m_set_curg(&m0, fh.g[1]), YANK_OK);
    must(yank_monitor_tick(t) == YANK_NO_DEADLINE);
    must_rc(yank_m_set_curg(&m0, NULL), YANK_OK);
    must_rc(yank_m_release_p(&m0), YANK_OK);
    must_rc(yank_m_detach(&m0), YANK_OK);
    must_rc(yank_monitor_stop(), YANK_OK);
    fh_bury(0);
    fh_bury(1);
}

CLAIM(unit_the_monitor_asks_when_a_slice_is_over_and_somebody_waits)
{
    fake_alone(decides, NULL);
}

/* --- in time with the Ms -------------------------------------------------*/

static void ticks(void *arg)
{
    struct yank_monitor_attr a = attr(false);
    int64_t t = yank_now_ns();

    (void)arg;
    must_rc(yank_monitor_start(&a), YANK_OK);
    for (int i = 0; i < 4; i++, t += SLICE)
        (void)yank_monitor_tick(t);
    must_rc(yank_monitor_stop(), YANK_OK);
}

static void ends_soon(void *arg)
{
    (void)arg;
    user_step(FAKE_USER_LO);
    user_step(FAKE_USER_LO);
}

static void race_setup(void)
{
    fh_reset();
    fh.waited_for = true;
    for (int i = 0; i < 3; i++)
        fh_fiber(i, ends_soon, false);
    fake_party("M", fh_m, (void *)0);
    fake_party("N", fh_m, (void *)1);
    fake_party("T", ticks, NULL);
}

/* arena_check() sees what was written after a release; this, what was read. */
static void no_stale_tick(void)
{
    for (int i = 0; i < FH_MS; i++)
        must(fh.m[i] == NULL || fh.m[i]->slice_tick != 0xdddddddd);
}

/* Fibers end and are freed, Ms give their Ps back and detach, while it looks
 * at them and asks their host. */
CLAIM(unit_the_monitor_touches_nothing_that_has_gone)
{
    static const struct fake_spec spec = { .name = "race",
                                           .setup = race_setup,
                                           .check = nobody_is_left,
                                           .invariant = no_stale_tick,
                                           .bound = 3,
                                           .runs = 30000,
                                           .walks = 10000 };
    explore_both(&spec);
}

/* --- its own thread ------------------------------------------------------*/

static void ends_the_loop(struct yank_g *g)
{
    (void)g;
    atomic_store(&fh.quit, 1);
}

/* The fibers come while the monitor falls asleep or has done so; were it not
 * woken, the first would run for ever. */
static void m_and_monitor(void *arg)
{
    struct yank_monitor_attr a = attr(true);

    fake.threads = true;
    must_rc(yank_monitor_start(&a), YANK_OK);
    fake_step("monitor is started");
    fh_m(arg);
    must_rc(yank_monitor_stop(), YANK_OK);
}

static void own_thread_setup(void)
{
    fh_reset();
    fh.waited_for = true;
    fh.in_hook = ends_the_loop;
    fh_fiber(0, fh_loop, false);
    fake_party("M", m_and_monitor, (void *)0);
}

CLAIM(unit_a_monitor_that_sleeps_is_woken_by_the_first_fiber)
{
    static const struct fake_spec spec = { .name = "sleeps",
                                           .setup = own_thread_setup,
                                           .check = nobody_is_left,
                                           .may = FAKE_WEAK | FAKE_SPURIOUS,
                                           .bound = 2,
                                           .runs = 10000,
                                           .walks = 2000 };
    explore_both(&spec);
}

CLAIMS_MAIN(
    CLAIMED(unit_monitor_calls_refuse_what_does_not_hold),
    CLAIMED(unit_the_monitor_asks_when_a_slice_is_over_and_somebody_waits),
    CLAIMED(unit_the_monitor_touches_nothing_that_has_gone),
    CLAIMED(unit_a_monitor_that_sleeps_is_woken_by_the_first_fiber))
