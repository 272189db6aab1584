/* Polls and the poll word: a synchronous stop, and a word that only the G
 * restores. */
#include "fake/unit.h"
#include "fake/world.h"

static void suspender(void *arg)
{
    (void)arg;
    world_wait(0);
    must_rc(world_hold(0, YANK_NO_DEADLINE), YANK_OK);
    world_done();
}

static void two_held(void)
{
    struct yank_counters c;

    must(w.held == 2);
    must_rc(yank_get_counters(&c), YANK_OK);
    must(c.kicks_resent == 0);
}

/* --- polls ---------------------------------------------------------------*/

static void polls(void *arg)
{
    int i = (int)(uintptr_t)arg;
    struct yank_g *g = world_g(i);

    world_attach(i);
    while (atomic_load(&w.quit) == 0) {
        fake_block_changed(&g->event, atomic_load(&g->event));
        if (*yank_g_poll_word(g) > (uintptr_t)&g)
            yank_poll(g);
    }
    must(fake.party[0].stops == 0);
    world_no_debts(g);
    world_detach(i);
}

static void poll_suspender(void *arg)
{
    (void)arg;
    world_wait(0);
    must_rc(world_hold(0, YANK_NO_DEADLINE), YANK_OK);
    must(--w.working != 0 || (atomic_store(&w.quit, 1), true));
    yank_bump(world_g(0));
}

static void poll_setup(void)
{
    world_reset();
    fake.no_kicks = true;
    fake_party("T", polls, WORLD_ARG(0));
    fake_party("A", poll_suspender, NULL);
    fake_party("B", poll_suspender, NULL);
    world_works();
    world_works();
}

static void polled_twice(void)
{
    must(w.held == 2);
}

CLAIM(unit_polls_stop_a_g_without_any_kick)
{
    static const struct fake_spec spec = { .name = "poll",
                                           .setup = poll_setup,
                                           .check = polled_twice,
                                           .bound = 2,
                                           .walks = 5000 };
    explore_both(&spec);
}

static void word_is_restored(void *arg)
{
    struct yank_g *g = world_g(0);
    const uintptr_t *word = yank_g_poll_word(g);

    (void)arg;
    world_attach(0);
    must((const void *)word ==
         (const void *)((char *)g + YANK_G_POLL_WORD_OFFSET));
    must(*word == g->guard && *word > g->lo && *word < (uintptr_t)&g);
    yank_poison(g); /* an ask that was withdrawn since */
    must(*word == YANK_POISON);
    yank_poll(g);
    must(*word == g->guard);
    /* Still asked, in either way: poisoned again. */
    yank_poison(g);
    atomic_store(&g->asks, 1);
    yank_restore_poll_word(g);
    must(*word == YANK_POISON);
    atomic_store(&g->asks, 0);
    yank_restore_poll_word(g);
    must(*word == g->guard);
    yank_poison(g);
    atomic_store(&g->yield, 1);
    yank_restore_poll_word(g);
    must(*word == YANK_POISON);
    atomic_store(&g->yield, 0);
    yank_restore_poll_word(g);
    /* In a region a poll leaves it poisoned. */
    yank_preempt_disable(g);
    yank_poison(g);
    yank_poll(g);
    must(*word == YANK_POISON);
    yank_preempt_enable(g);
    must(*word == g->guard);
    world_no_debts(g);
    world_detach(0);
}

CLAIM(unit_the_g_restores_its_poll_word_and_poisons_it_again)
{
    fake_alone(word_is_restored, NULL);
}

/* A suspender must never find the word restored over its ask. */
static void word_holds_while_asked(void)
{
    const struct yank_g *g = world_g(0);

    if (atomic_load(&w.ready[0]) != 0 && fake.cur->id == 0 &&
        fake.cur->pc != 0 && atomic_load(&g->asks) != 0 &&
        YANK_BASE(atomic_load(&g->status)) == YANK_RUNNING &&
        (atomic_load(&g->status) & YANK_SCAN) == 0)
        must(atomic_load(&g->poll_word) == YANK_POISON);
}

static void loop_and_two(void)
{
    world_reset();
    fake_party("T", world_target, WORLD_ARG(0));
    fake_party("A", suspender, NULL);
    fake_party("B", suspender, NULL);
    world_works();
    world_works();
}

CLAIM(unit_user_code_never_runs_with_an_ask_and_a_clean_word)
{
    static const struct fake_spec spec = { .name = "word",
                                           .setup = loop_and_two,
                                           .check = two_held,
                                           .invariant = word_holds_while_asked,
                                           .bound = 3,
                                           .runs = 40000,
                                           .walks = 5000 };
    explore_both(&spec);
}

CLAIM(unit_the_poll_word_needs_no_more_than_x86_store_order)
{
    static const struct fake_spec spec = { .name = "word-w",
                                           .setup = loop_and_two,
                                           .check = two_held,
                                           .invariant = word_holds_while_asked,
                                           .may = FAKE_WEAK,
                                           .bound = 3,
                                           .runs = 40000,
                                           .walks = 10000 };
    explore_both(&spec);
}

CLAIMS_MAIN(CLAIMED(unit_polls_stop_a_g_without_any_kick),
            CLAIMED(unit_the_g_restores_its_poll_word_and_poisons_it_again),
            CLAIMED(unit_user_code_never_runs_with_an_ask_and_a_clean_word),
            CLAIMED(unit_the_poll_word_needs_no_more_than_x86_store_order))
