/* Yield requests under a host, fire and forget; pinning. */
#include "host_world.h"

/* --- yield requests ------------------------------------------------------*/

/* As a monitor does: nobody waits for an answer, but a refusal (the kick hit
 * the tail of the stub, say) is asked again. */
static void asks_yield(void *arg)
{
    struct yank_g *g = mini.g[0];
    struct yank_m *m = &mini.m[0];

    (void)arg;
    while (atomic_load(&mini.started[0]) == 0)
        fake_block(PARTY_USER, &mini.started[0], INT64_MAX);
    /* It went through the queue if it is taken a second time. */
    while (mini.runs[0] < 2) {
        uint32_t gen = atomic_load(&m->preempt_gen);
        int rc = yank_preempt_g(g);

        must(rc == YANK_OK || rc == YANK_EINVAL); /* stopped for B just now */
        while (mini.runs[0] < 2 && rc == YANK_OK &&
               (atomic_load(&m->preempt_gen) == gen ||
                atomic_load(&m->outcome) < YANK_REFUSED_OFF))
            fake_pause();
        fake_pause();
    }
    done();
}

static void yields(void)
{
    loops(1, 1);
    works("A", asks_yield, 0);
}

static void ran_twice(void)
{
    must(mini.runs[0] >= 2);
    bury_all();
}

CLAIM(unit_a_yield_request_sends_the_g_to_the_queue)
{
    static const struct fake_spec spec = { .name = "yield",
                                           .setup = yields,
                                           .check = ran_twice,
                                           .bound = 3,
                                           .runs = 20000,
                                           .walks = 5000 };
    explore_both(&spec);
}

static void yields_and_suspends(void)
{
    loops(1, 1);
    works("A", asks_yield, 0);
    works("B", suspender, 0);
}

/* fire_forget.py: nobody asks again, so no order but clear, test, act, answer
 * will do. */
CLAIM(unit_a_yield_request_is_not_lost_to_another_kick)
{
    static const struct fake_spec spec = { .name = "forget",
                                           .setup = yields_and_suspends,
                                           .check = ran_twice,
                                           .bound = 3,
                                           .runs = 40000,
                                           .walks = 10000 };
    explore_both(&spec);
}

static void gives_up(void *arg)
{
    (void)arg;
    while (atomic_load(&mini.started[0]) == 0)
        fake_block(PARTY_USER, &mini.started[0], INT64_MAX);
    hold(0, yank_now_ns() + 1000);
    done();
}

static void yields_and_gives_up(void)
{
    loops(1, 1);
    works("B", gives_up, 0);
    works("A", asks_yield, 0);
}

/* B's kick is on its way and B gone; A's request meets its ticket and sends
 * none of its own. */
CLAIM(unit_a_yield_request_may_rely_on_a_kick_that_is_on_its_way)
{
    static const struct fake_spec spec = { .name = "rely",
                                           .setup = yields_and_gives_up,
                                           .check = ran_twice,
                                           .may = FAKE_TIMEOUT,
                                           .bound = 4,
                                           .runs = 100000,
                                           .walks = 20000 };
    explore_both(&spec);
}

static void asks_yield_of_m(void *arg)
{
    struct yank_m *m = &mini.m[0];

    (void)arg;
    while (atomic_load(&mini.started[0]) == 0)
        fake_block(PARTY_USER, &mini.started[0], INT64_MAX);
    while (mini.runs[0] < 2) {
        uint32_t gen = atomic_load(&m->preempt_gen);
        must_rc(yank_preempt_one(m), YANK_OK);
        while (mini.runs[0] < 2 &&
               (atomic_load(&m->preempt_gen) == gen ||
                atomic_load(&m->outcome) < YANK_REFUSED_OFF))
            fake_pause();
    }
    done();
}

static void yields_by_m(void)
{
    loops(1, 1);
    works("A", asks_yield_of_m, 0);
}

CLAIM(unit_preempt_one_sends_what_runs_there_to_the_queue)
{
    static const struct fake_spec spec = { .name = "yield-m",
                                           .setup = yields_by_m,
                                           .check = ran_twice,
                                           .bound = 3,
                                           .runs = 20000,
                                           .walks = 5000 };
    explore_both(&spec);
}

/* --- pinning -------------------------------------------------------------*/

static void *pinned_to;

static void looks_at_pin(void *arg)
{
    struct yank_stop stop;

    while (atomic_load(&mini.started[0]) == 0)
        fake_block(PARTY_USER, &mini.started[0], INT64_MAX);
    must_rc(yank_suspend_g(mini.g[0], YANK_NO_DEADLINE, &stop), YANK_OK);
    must(stop.async && !yank_is_shrink_stack_safe(&stop));
    pinned_to = yank_g_pinned(stop.g);
    must_rc(yank_resume_g(&stop), YANK_OK);
    (void)arg;
    done();
}

static void pin_setup(void)
{
    loops(1, 1);
    works("A", looks_at_pin, 0);
}

static void loops_in_free_code(void *arg)
{
    atomic_store(&mini.started[(uintptr_t)arg], 1);
    user_loop_at(FAKE_FREE_LO, &mini.quit);
    must(yank_g_pinned(mini_self()) == NULL);
    mini_exit();
}

static bool g_may_move;

static void free_setup(void)
{
    mini_reset();
    working = 0;
    mini_g(0, loops_in_free_code, g_may_move);
    must_rc(yank_ready(mini.g[0]), YANK_OK);
    fake_party("M", mini_m, (void *)0);
    works("A", looks_at_pin, 0);
}

/* A function left at an asynchronous stop runs above an interrupted frame,
 * which holds registers of this M: neither a switch by the host nor a stop at
 * a poll, both of which are calls, may let the G go to another. */
static unsigned stayed;

static void leaves_its_frame(void *arg)
{
    struct yank_g *g = mini_self();
    struct yank_m *m = yank_m_self();

    must(g->blocks != NULL && yank_g_pinned(g) == m);
    if (arg != NULL) {
        must_rc(yank_preempt_g(g), YANK_OK);
        yank_poll(g);
    } else {
        mini_yield();
    }
    must(yank_m_self() == m && yank_g_pinned(g) == m);
    stayed++;
}

static void *by_poll;

static void leaves_a_call(void *arg)
{
    struct yank_stop stop;

    (void)arg;
    while (atomic_load(&mini.started[0]) == 0)
        fake_block(PARTY_USER, &mini.started[0], INT64_MAX);
    must_rc(yank_suspend_g(mini.g[0], YANK_NO_DEADLINE, &stop), YANK_OK);
    must(stop.async);
    must_rc(yank_resume_call(&stop, leaves_its_frame, by_poll), YANK_OK);
    done();
}

static void loops_and_yields(void *arg)
{
    atomic_store(&mini.started[(uintptr_t)arg], 1);
    user_loop(&mini.quit);
    must(yank_g_pinned(mini_self()) != NULL);
    mini_yield();
    must(yank_g_pinned(mini_self()) == NULL); /* no frame: a call */
    mini_exit();
}

static void frame_setup(void)
{
    mini_reset();
    working = 0;
    mini_g(0, loops_and_yields, false);
    must_rc(yank_ready(mini.g[0]), YANK_OK);
    fake_party("M", mini_m, (void *)0);
    fake_party("N", mini_m, (void *)1);
    works("A", leaves_a_call, 0);
}

static void stayed_once(void)
{
    must(stayed == 1);
    stayed = 0;
    bury_all();
}

CLAIM(unit_a_call_above_an_interrupted_frame_keeps_the_pin)
{
    static const struct fake_spec spec = { .name = "frame",
                                           .setup = frame_setup,
                                           .check = stayed_once,
                                           .bound = 2,
                                           .runs = 10000,
                                           .walks = 5000 };
    by_poll = NULL;
    explore_both(&spec);
}

CLAIM(unit_a_poll_above_an_interrupted_frame_keeps_the_pin)
{
    static const struct fake_spec spec = { .name = "frame-poll",
                                           .setup = frame_setup,
                                           .check = stayed_once,
                                           .bound = 2,
                                           .runs = 10000,
                                           .walks = 5000 };
    by_poll = &by_poll;
    explore_both(&spec);
}

CLAIM(unit_an_asynchronous_stop_pins_the_g_to_its_m)
{
    fake_once("pin", pin_setup, bury_all);
    must(pinned_to == &mini.m[0]);
}

CLAIM(unit_only_g_and_code_together_make_it_migratable)
{
    g_may_move = true;
    fake_once("free", free_setup, bury_all);
    must(pinned_to == NULL);
}

CLAIMS_MAIN(CLAIMED(unit_a_yield_request_sends_the_g_to_the_queue),
            CLAIMED(unit_a_yield_request_is_not_lost_to_another_kick),
            CLAIMED(unit_a_yield_request_may_rely_on_a_kick_that_is_on_its_way),
            CLAIMED(unit_preempt_one_sends_what_runs_there_to_the_queue),
            CLAIMED(unit_a_call_above_an_interrupted_frame_keeps_the_pin),
            CLAIMED(unit_a_poll_above_an_interrupted_frame_keeps_the_pin),
            CLAIMED(unit_an_asynchronous_stop_pins_the_g_to_its_m),
            CLAIMED(unit_only_g_and_code_together_make_it_migratable))
