/* Ends of Gs under a host: exit against fini, abandon, and nobody who touches
 * memory that went back. */
#include "host_world.h"

/* --- ends ----------------------------------------------------------------*/

static void ends_at_once(void *arg)
{
    (void)arg;
    user_step(FAKE_USER_LO);
    mini_exit();
}

static void burier(void *arg)
{
    struct yank_g *g = mini.g[0];

    (void)arg;
    while (YANK_BASE(yank_read_status(g)) != YANK_DEAD)
        fake_pause();
    mini_bury(0);
}

static void end_setup(void)
{
    mini_reset();
    holds = results = working = 0;
    mini_g(0, ends_at_once, false);
    must_rc(yank_ready(mini.g[0]), YANK_OK);
    fake_party("M", mini_m, (void *)0);
    fake_party("F", burier, NULL);
}

CLAIM(unit_fini_of_a_g_that_just_ended_leaves_nobody_behind)
{
    static const struct fake_spec spec = { .name = "fini",
                                           .setup = end_setup,
                                           .bound = 3,
                                           .runs = 20000,
                                           .walks = 5000 };
    explore_both(&spec);
}

static _Atomic uint32_t asked; /* nobody asks the M any more */

static void preempts_ms(void *arg)
{
    (void)arg;
    for (int i = 0; i < 2; i++) {
        int rc = yank_preempt_one(&mini.m[0]);
        must(rc == YANK_OK || rc == YANK_EINVAL);
    }
    mini.alive--; /* M stays attached until here */
    atomic_fetch_add(&mini.work, 1);
    atomic_store(&asked, 1);
}

static void buries_last(void *arg)
{
    (void)arg;
    while (atomic_load(&asked) == 0)
        fake_block(PARTY_USER, &asked, INT64_MAX);
    burier(NULL);
}

/* The memory of the G stays a G's while somebody asks its M, as host.h says:
 * that is what the last burial is for. */
static void preempt_one_setup(void)
{
    mini_reset();
    holds = results = working = 0;
    atomic_store(&asked, 0);
    mini_g(0, ends_at_once, false);
    must_rc(yank_ready(mini.g[0]), YANK_OK);
    mini.alive++;
    fake_party("M", mini_m, (void *)0);
    fake_party("P", preempts_ms, NULL);
    fake_party("F", buries_last, NULL);
}

/* It may hit the next G, or none, or one that has just ended. */
CLAIM(unit_preempt_one_may_hit_a_g_that_ended)
{
    static const struct fake_spec spec = { .name = "one",
                                           .setup = preempt_one_setup,
                                           .bound = 3,
                                           .runs = 40000,
                                           .walks = 10000 };
    explore_both(&spec);
}

/* --- abandon -------------------------------------------------------------*/

static void abandons(void *arg)
{
    int i = (int)(uintptr_t)arg;
    struct yank_g *g = mini.g[i];
    struct yank_stop stop;
    int rc;

    must_rc(yank_suspend_g(g, YANK_NO_DEADLINE, &stop), YANK_OK);
    fake_step("holds");
    rc = yank_abandon_g(&stop);
    while (rc == YANK_EBUSY) { /* somebody is just taking it */
        fake_pause();
        rc = yank_abandon_g(&stop);
    }
    must_rc(rc, YANK_OK);
    must(stop.g == NULL && mini.abandoned == 1);
    if (mini.abandoned_queued == 0) { /* else its place in the queue knows */
        must(YANK_BASE(atomic_load(&g->status)) == YANK_DEAD);
        mini_bury(i);
    }
    done();
}

static void abandon_setup(void)
{
    loops(2, 1);
    works("A", abandons, 0);
}

static void the_other_ran(void)
{
    must(mini.abandoned == 1 && mini.corpses == mini.abandoned_queued);
    must(mini.g[0] == NULL && mini.runs[1] >= 1);
    bury_all();
}

CLAIM(unit_an_abandoned_g_never_runs_again_and_can_be_freed)
{
    static const struct fake_spec spec = { .name = "abandon",
                                           .setup = abandon_setup,
                                           .check = the_other_ran,
                                           .bound = 3,
                                           .runs = 20000,
                                           .walks = 10000 };
    explore_both(&spec);
}

static void abandon_two_ms(void)
{
    loops(2, 2);
    works("A", abandons, 0);
    works("B", suspender, 1);
}

CLAIM(unit_abandon_among_two_ms_loses_nobody)
{
    static const struct fake_spec spec = { .name = "abandon2",
                                           .setup = abandon_two_ms,
                                           .check = the_other_ran,
                                           .bound = 3,
                                           .runs = 20000,
                                           .walks = 10000 };
    explore_both(&spec);
}

CLAIMS_MAIN(CLAIMED(unit_fini_of_a_g_that_just_ended_leaves_nobody_behind),
            CLAIMED(unit_preempt_one_may_hit_a_g_that_ended),
            CLAIMED(unit_an_abandoned_g_never_runs_again_and_can_be_freed),
            CLAIMED(unit_abandon_among_two_ms_loses_nobody))
