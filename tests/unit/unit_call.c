/* resume_call: a G goes on as if it had called fn where it stood, whatever
 * kind of stop it was; resume by any thread, once. */
#include "fake/mini_host.h"
#include "fake/unit.h"
#include "fake/world.h"

#include <string.h>

static unsigned called;
static const struct party *called_on;

static void fn(void *arg)
{
    must(arg == &called);
    must(atomic_load(&yank_m_self()->curg) != NULL);
    must(YANK_BASE(atomic_load(&yank_m_curg(yank_m_self())->status)) ==
         YANK_RUNNING);
    called++;
    called_on = fake.cur;
    fake_step("in the call");
}

static void caller(void *arg)
{
    struct yank_stop stop;

    (void)arg;
    world_wait(0);
    must_rc(yank_suspend_g(world_g(0), YANK_NO_DEADLINE, &stop), YANK_OK);
    fake_held(stop.g, 1);
    must(called == 0);
    fake_step("holds");
    fake_held(stop.g, -1);
    must_rc(yank_resume_call(&stop, fn, &called), YANK_OK);
    world_done();
}

static void second(void *arg)
{
    (void)arg;
    world_wait(0);
    must_rc(world_hold(0, YANK_NO_DEADLINE), YANK_OK);
    world_done();
}

static void called_once(void)
{
    must(called == 1 && called_on == &fake.party[0]);
}

static void async_setup(void)
{
    world_reset();
    called = 0;
    fake_party("T", world_target, WORLD_ARG(0));
    fake_party("A", caller, NULL);
    fake_party("B", second, NULL);
    world_works();
    world_works();
}

CLAIM(unit_a_call_left_at_an_asynchronous_stop_is_made_once)
{
    static const struct fake_spec spec = { .name = "async",
                                           .setup = async_setup,
                                           .check = called_once,
                                           .bound = 2,
                                           .runs = 20000,
                                           .walks = 5000 };
    explore_both(&spec);
}

/* --- at a poll -----------------------------------------------------------*/

static void polls(void *arg)
{
    struct yank_g *g = world_g(0);

    (void)arg;
    world_attach(0);
    while (atomic_load(&g->poll_word) != YANK_POISON)
        fake_block_changed(&g->event, atomic_load(&g->event));
    yank_poll(g);
    must(called == 1);
    world_no_debts(g);
    world_detach(0);
}

static void poll_setup(void)
{
    world_reset();
    called = 0;
    fake.send_rc = YANK_EAGAIN; /* bumps the event, kicks nobody */
    fake_party("T", polls, NULL);
    fake_party("A", caller, NULL);
    world_works();
}

CLAIM(unit_a_call_left_at_a_poll_is_made_in_the_poll)
{
    static const struct fake_spec spec = {
        .name = "poll", .setup = poll_setup, .check = called_once, .bound = 2
    };
    explore_both(&spec);
}

/* --- in a blocking region ------------------------------------------------*/

static void blocks(void *arg)
{
    struct yank_g *g = world_g(0);

    (void)arg;
    world_attach(0);
    must_rc(yank_blocking_enter(g), YANK_OK);
    user_system_call(&w.quit);
    must(called == 0);
    must_rc(yank_blocking_leave(g), YANK_OK);
    must(called == 1);
    world_no_debts(g);
    world_detach(0);
}

static void blocking_caller(void *arg)
{
    (void)arg;
    world_wait(0);
    while (YANK_BASE(atomic_load(&world_g(0)->status)) != YANK_BLOCKING)
        fake_pause();
    caller(NULL);
}

static void blocking_setup(void)
{
    world_reset();
    called = 0;
    fake_party("T", blocks, NULL);
    fake_party("A", blocking_caller, NULL);
    world_works();
}

CLAIM(unit_a_call_left_in_a_blocking_region_is_made_at_its_end)
{
    static const struct fake_spec spec = { .name = "blocking",
                                           .setup = blocking_setup,
                                           .check = called_once,
                                           .bound = 2 };
    explore_both(&spec);
}

/* --- a suspender that is itself stopped ----------------------------------*/

static void suspends_and_is_called(void *arg)
{
    struct yank_g *g = world_g(0);

    (void)arg;
    world_attach(0);
    world_wait(1);
    must_rc(world_hold(1, YANK_NO_DEADLINE), YANK_OK);
    world_done();
    user_loop(&w.quit);
    must(called == 1);
    world_no_debts(g);
    world_detach(0);
}

static void suspender_setup(void)
{
    world_reset();
    called = 0;
    fake_party("S", suspends_and_is_called, NULL);
    fake_party("T", world_target, WORLD_ARG(1));
    fake_party("A", caller, NULL);
    world_works();
    world_works();
}

CLAIM(unit_a_call_left_in_a_suspender_is_made_when_it_runs_again)
{
    static const struct fake_spec spec = { .name = "suspender",
                                           .setup = suspender_setup,
                                           .check = called_once,
                                           .bound = 3,
                                           .runs = 40000,
                                           .walks = 10000 };
    explore_both(&spec);
}

/* --- host mode -----------------------------------------------------------*/

static void parks(void *arg)
{
    atomic_store(&mini.started[(uintptr_t)arg], 1);
    mini_park();
    must(called == 1);
    mini_exit();
}

static void host_caller(void *arg)
{
    struct yank_g *g = mini.g[0];
    struct yank_stop stop;

    (void)arg;
    while (atomic_load(&mini.started[0]) == 0 ||
           atomic_load(&g->status) != YANK_WAITING)
        fake_pause();
    must_rc(yank_suspend_g(g, YANK_NO_DEADLINE, &stop), YANK_OK);
    must(!stop.async && yank_is_shrink_stack_safe(&stop));
    must_rc(yank_resume_call(&stop, fn, &called), YANK_OK);
    must_rc(yank_suspend_g(g, YANK_NO_DEADLINE, &stop), YANK_OK);
    must_rc(yank_resume_call(&stop, fn, &called), YANK_EBUSY);
    must(stop.g == g);
    must_rc(yank_resume_g(&stop), YANK_OK);
    must_rc(yank_ready(g), YANK_OK);
}

static void host_setup(void)
{
    mini_reset();
    called = 0;
    mini_g(0, parks, false);
    must_rc(yank_ready(mini.g[0]), YANK_OK);
    fake_party("M", mini_m, (void *)0);
    fake_party("A", host_caller, NULL);
}

static void host_check(void)
{
    called_once();
    mini_bury(0);
}

CLAIM(unit_a_call_left_in_a_parked_g_is_made_when_it_runs)
{
    static const struct fake_spec spec = {
        .name = "host", .setup = host_setup, .check = host_check, .bound = 2
    };
    explore_both(&spec);
}

/* --- resume, once, by anybody --------------------------------------------*/

static struct yank_stop shared;

static void suspends_only(void *arg)
{
    struct yank_stop copy, zero;

    (void)arg;
    memset(&zero, 0, sizeof zero);
    must_rc(yank_resume_g(NULL), YANK_EINVAL);
    must_rc(yank_resume_g(&zero), YANK_ERESUMED);
    must_rc(yank_abandon_g(NULL), YANK_EINVAL);
    must_rc(yank_abandon_g(&zero), YANK_ERESUMED);
    must_rc(yank_resume_call(NULL, fn, NULL), YANK_EINVAL);
    must(!yank_is_shrink_stack_safe(NULL));
    must(!yank_is_shrink_stack_safe(&zero));
    world_wait(0);
    must_rc(yank_suspend_g(world_g(0), YANK_NO_DEADLINE, &shared), YANK_OK);
    must(shared.holder == NULL && shared.serial % 2 == 1);
    must_rc(yank_abandon_g(&shared), YANK_ENOTSUP); /* threads mode */
    must(shared.g == world_g(0));
    copy = shared;
    must_rc(yank_resume_g(&shared), YANK_OK);
    must(memcmp(&shared, &zero, sizeof zero) == 0);
    must_rc(yank_resume_g(&shared), YANK_ERESUMED);
    must_rc(yank_resume_g(&copy), YANK_ERESUMED);
    must_rc(yank_suspend_g(world_g(0), YANK_NO_DEADLINE, &shared), YANK_OK);
    must_rc(yank_resume_g(&copy), YANK_ERESUMED); /* another stop by now */
    must((atomic_load(&world_g(0)->status) & YANK_SCAN) != 0);
    must_rc(yank_resume_g(&shared), YANK_OK);
    world_done();
}

static void resume_setup(void)
{
    world_reset();
    fake_party("T", world_target, WORLD_ARG(0));
    fake_party("A", suspends_only, NULL);
    world_works();
}

CLAIM(unit_a_stop_is_resumed_once)
{
    fake_once("resume", resume_setup, NULL);
}

/* --- a call that is stopped and left -------------------------------------*/

static jmp_buf in_the_call;
static _Atomic uint32_t inside, never;

static void leaves(void *arg)
{
    (void)arg;
    called++;
    longjmp(in_the_call, 1);
}

static void loops(void *arg)
{
    (void)arg;
    if (setjmp(in_the_call) == 0) {
        atomic_store(&inside, 1);
        user_loop(&never);
    }
    called++; /* and back to the stub of the first stop, and its block */
}

static void calls_twice(void *arg)
{
    struct yank_stop stop;

    (void)arg;
    world_wait(0);
    must_rc(yank_suspend_g(world_g(0), YANK_NO_DEADLINE, &stop), YANK_OK);
    must_rc(yank_resume_call(&stop, loops, NULL), YANK_OK);
    while (atomic_load(&inside) == 0)
        fake_block_changed(&inside, 0);
    do {
        must_rc(yank_suspend_g(world_g(0), YANK_NO_DEADLINE, &stop), YANK_OK);
        if (!stop.async)
            must_rc(yank_resume_g(&stop), YANK_OK);
    } while (stop.g == NULL);
    must_rc(yank_resume_call(&stop, leaves, NULL), YANK_OK);
    world_done();
}

static void twice_setup(void)
{
    world_reset();
    called = 0;
    atomic_store(&inside, 0);
    fake_party("T", world_target, WORLD_ARG(0));
    fake_party("A", calls_twice, NULL);
    world_works();
}

static void called_twice(void)
{
    must(called == 2);
}

CLAIM(unit_a_longjmp_out_of_a_stop_in_a_call_drops_its_block)
{
    fake_once("twice", twice_setup, called_twice);
}

CLAIMS_MAIN(CLAIMED(unit_a_longjmp_out_of_a_stop_in_a_call_drops_its_block),
            CLAIMED(unit_a_call_left_at_an_asynchronous_stop_is_made_once),
            CLAIMED(unit_a_call_left_at_a_poll_is_made_in_the_poll),
            CLAIMED(unit_a_call_left_in_a_blocking_region_is_made_at_its_end),
            CLAIMED(unit_a_call_left_in_a_suspender_is_made_when_it_runs_again),
            CLAIMED(unit_a_call_left_in_a_parked_g_is_made_when_it_runs),
            CLAIMED(unit_a_stop_is_resumed_once))
