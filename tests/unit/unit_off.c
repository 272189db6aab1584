/* The off switches, and systems that cannot kick: polls still work. */
#define _POSIX_C_SOURCE 200809L /* setenv */
#include "fake/unit.h"
#include "fake/world.h"

#define MS 1000000

static int rc_of_a;

static void suspender(void *arg)
{
    int64_t limit = (int64_t)(uintptr_t)arg;

    world_wait(0);
    rc_of_a = world_hold(0, limit == 0 ? YANK_NO_DEADLINE : world_in(limit));
    world_done();
}

static void setup(int64_t limit)
{
    world_reset();
    fake_party("T", world_target, WORLD_ARG(0));
    fake_party("A", suspender, (void *)(uintptr_t)limit);
    world_works();
}

static void process_off(void)
{
    setup(20 * MS);
    must_rc(yank_set_async(false), YANK_OK);
}

static void nothing_sent(void)
{
    must(rc_of_a == YANK_ETIMEDOUT && fake.sends == 0);
    must(fake.party[0].stops == 0);
    must_rc(yank_set_async(true), YANK_OK);
}

CLAIM(unit_switched_off_no_kick_is_sent)
{
    static const struct fake_spec spec = { .name = "off",
                                           .setup = process_off,
                                           .check = nothing_sent,
                                           .may = FAKE_STRAY,
                                           .bound = 2 };
    explore(&spec);
}

static void g_off_target(void *arg)
{
    (void)arg;
    world_attach(0);
    must_rc(yank_g_set_async(world_g(0), false), YANK_OK);
    user_loop(&w.quit);
    world_detach(0);
}

static void g_off(void)
{
    setup(20 * MS);
    fake.party[0].fn = g_off_target;
}

static void not_stopped(void)
{
    must(rc_of_a == YANK_ETIMEDOUT && fake.party[0].stops == 0);
}

CLAIM(unit_a_g_switched_off_is_not_kicked)
{
    fake_once("g-off", g_off, not_stopped);
    must(fake.sends == 0);
}

/* A waits while kicks are off; switching on must reach it. */
static void switches_on(void *arg)
{
    (void)arg;
    world_wait(0);
    for (int i = 0; i < 3; i++)
        fake_block(PARTY_WAIT, &w.quit, world_in(10 * MS));
    must_rc(yank_set_async(true), YANK_OK);
}

static void off_then_on(void)
{
    setup(0);
    must_rc(yank_set_async(false), YANK_OK);
    fake_party("S", switches_on, NULL);
}

static void held(void)
{
    must(rc_of_a == YANK_OK);
}

CLAIM(unit_switching_on_reaches_those_who_wait)
{
    fake_once("on", off_then_on, held);
}

static void g_switches_on(void *arg)
{
    (void)arg;
    world_wait(0);
    for (int i = 0; i < 3; i++)
        fake_block(PARTY_WAIT, &w.quit, world_in(10 * MS));
    must_rc(yank_g_set_async(world_g(0), true), YANK_OK);
}

static void g_off_then_on(void)
{
    setup(0);
    fake.party[0].fn = g_off_target;
    fake_party("S", g_switches_on, NULL);
}

CLAIM(unit_switching_a_g_on_reaches_those_who_wait)
{
    fake_once("g-on", g_off_then_on, held);
}

static void env_setup(void)
{
    struct yank_options o = { .struct_size = sizeof o, .read_env = true };
    struct yank_caps caps;

    setenv("YANKDEBUG", "asyncpreemptoff=1", 1);
    must_rc(yank_init(&o), YANK_OK);
    must_rc(yank_get_caps(&caps), YANK_OK);
    must((caps.built & YANK_CAP_ASYNC) != 0);
    must((caps.active & YANK_CAP_ASYNC) == 0 && caps.why[0] != '\0');
    must_rc(yank_fini(), YANK_OK);
    o.read_env = false;
    must_rc(yank_init(&o), YANK_OK);
    must_rc(yank_get_caps(&caps), YANK_OK);
    must((caps.active & YANK_CAP_ASYNC) != 0 && caps.why[0] == '\0');
    must_rc(yank_fini(), YANK_OK);
    unsetenv("YANKDEBUG");
}

CLAIM(unit_the_environment_is_read_only_where_asked)
{
    static const struct fake_spec spec = { .name = "env",
                                           .setup = env_setup,
                                           .no_init = true };
    run_once(&spec);
}

CLAIMS_MAIN(CLAIMED(unit_switched_off_no_kick_is_sent),
            CLAIMED(unit_a_g_switched_off_is_not_kicked),
            CLAIMED(unit_switching_on_reaches_those_who_wait),
            CLAIMED(unit_switching_a_g_on_reaches_those_who_wait),
            CLAIMED(unit_the_environment_is_read_only_where_asked))
