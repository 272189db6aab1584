/* One target and suspenders that the tests of kicks and answers share. */
#ifndef YANK_UNIT_KICK_WORLD_H
#define YANK_UNIT_KICK_WORLD_H

#include "fake/unit.h"
#include "fake/world.h"

#define MS 1000000

static inline struct yank_counters counters(void)
{
    struct yank_counters c;

    must_rc(yank_get_counters(&c), YANK_OK);
    return c;
}

static int64_t hold_deadline; /* relative; 0: none */
static int64_t began, took;

static inline void suspender(void *arg)
{
    (void)arg;
    world_wait(0);
    began = fake.clock;
    world_hold(0,
               hold_deadline == 0 ? YANK_NO_DEADLINE : world_in(hold_deadline));
    took = fake.clock - began;
    world_done();
}

static inline void target_and_one(void (*target)(void *))
{
    world_reset();
    hold_deadline = 0;
    fake_party("T", target, WORLD_ARG(0));
    fake_party("A", suspender, NULL);
    world_works();
}

static inline void plain(void)
{
    target_and_one(world_target);
}

static inline void plain_two(void)
{
    plain();
    fake_party("B", suspender, NULL);
    world_works();
}

static inline void all_held(void)
{
    must((int)w.held == fake.parties - 1);
}

#endif
