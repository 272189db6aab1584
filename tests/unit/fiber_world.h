/* Suspenders of fibers that the unit_fiber tests share. */
#ifndef YANK_UNIT_FIBER_WORLD_H
#define YANK_UNIT_FIBER_WORLD_H

#include "fake/arena.h"
#include "fake/fiber_host.h"
#include "fake/unit.h"

static unsigned holds, calls, working;
static int64_t patience; /* of suspenders; 0: no end */

static inline void done(void)
{
    if (--working == 0)
        atomic_store(&fh.quit, 1);
}

static inline void works(const char *name, void (*fn)(void *), int i)
{
    fake_party(name, fn, (void *)(uintptr_t)i);
    working++;
}

static inline void wait_started(int i)
{
    while (atomic_load(&fh.started[i]) == 0)
        fake_block_changed(&fh.started[i], 0);
}

static inline int suspend(int i, struct yank_stop *stop)
{
    int rc = yank_suspend_g(
        fh.g[i], patience != 0 ? yank_now_ns() + patience : YANK_NO_DEADLINE,
        stop);

    if (rc == YANK_OK) {
        must(yank_m_self() == NULL);
        holds++;
        fake_held(stop->g, 1);
        fake_step("holds");
        fake_held(stop->g, -1);
    } else {
        must(patience != 0);
        must_rc(rc, YANK_ETIMEDOUT);
    }
    return rc;
}

/* Parties. */
static inline void suspender(void *i)
{
    struct yank_stop stop;

    wait_started((int)(uintptr_t)i);
    if (suspend((int)(uintptr_t)i, &stop) == YANK_OK)
        must_rc(yank_resume_g(&stop), YANK_OK);
    done();
}

static inline void called(void *arg)
{
    int i = (int)(uintptr_t)arg;

    must(yank_m_curg(yank_m_self()) == fh.g[i]);
    must(!fh.g[i]->in_hook && fake.cur->on == &fh.fiber[i]);
    calls++;
    fake_step("in the call");
}

static inline void caller(void *i)
{
    struct yank_stop stop;
    int rc;

    wait_started((int)(uintptr_t)i);
    do {
        must_rc(suspend((int)(uintptr_t)i, &stop), YANK_OK);
        rc = yank_resume_call(&stop, called, i);
        if (rc == YANK_EBUSY) /* another's has not begun */
            must_rc(yank_resume_g(&stop), YANK_OK);
    } while (rc == YANK_EBUSY);
    must_rc(rc, YANK_OK);
    done();
}

static inline void world(int fibers, int ms)
{
    fh_reset();
    holds = calls = working = 0;
    patience = 0;
    for (int i = 0; i < fibers; i++)
        fh_fiber(i, fh_loop, false);
    fake_party("M", fh_m, (void *)0);
    if (ms > 1)
        fake_party("N", fh_m, (void *)1);
}

static inline void nobody_is_left(void)
{
    must(fh.alive == 0 && fh.queued == 0);
}

#endif
