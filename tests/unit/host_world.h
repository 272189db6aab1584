/* Suspenders and queues that the unit_host tests share. */
#ifndef YANK_UNIT_HOST_WORLD_H
#define YANK_UNIT_HOST_WORLD_H

#include "fake/mini_host.h"
#include "fake/unit.h"

static unsigned holds, results;

static inline void hold(int i, int64_t deadline)
{
    struct yank_stop stop;
    int rc = yank_suspend_g(mini.g[i], deadline, &stop);

    must(rc == YANK_OK || rc == YANK_ETIMEDOUT);
    results++;
    if (rc != YANK_OK)
        return;
    holds++;
    fake_held(stop.g, 1);
    fake_step("holds");
    fake_held(stop.g, -1);
    must_rc(yank_resume_g(&stop), YANK_OK);
}

static unsigned working;

static inline void done(void)
{
    if (--working == 0)
        atomic_store(&mini.quit, 1);
}

static inline void suspender(void *arg)
{
    hold((int)(uintptr_t)arg, YANK_NO_DEADLINE);
    done();
}

static inline void loops(int gs, int ms)
{
    mini_reset();
    holds = results = working = 0;
    for (int i = 0; i < gs; i++) {
        mini_g(i, mini_loop, false);
        must_rc(yank_ready(mini.g[i]), YANK_OK);
    }
    fake_party("M", mini_m, (void *)0);
    if (ms > 1)
        fake_party("N", mini_m, (void *)1);
}

static inline void works(const char *name, void (*fn)(void *), int i)
{
    fake_party(name, fn, (void *)(uintptr_t)i);
    working++;
}

static inline void bury_all(void)
{
    for (int i = 0; i < MINI_GS; i++)
        if (mini.g[i] != NULL)
            mini_bury(i);
}

#endif
