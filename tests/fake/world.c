#include "world.h"

#include <string.h>

struct world w;

void world_reset(void)
{
    memset(&w, 0, sizeof w);
}

struct yank_g *world_g(int i)
{
    return &w.t[i].g;
}

int64_t world_in(int64_t ns)
{
    return yank_now_ns() + ns;
}

void world_attach(int i)
{
    struct yank_thread_attr a = { .struct_size = sizeof a };

    fake.quiet++;
    must_rc(yank_thread_attach(&w.t[i], &a), YANK_OK);
    fake.quiet--;
    atomic_store(&w.ready[i], 1);
}

void world_detach(int i)
{
    must_rc(yank_thread_detach(&w.t[i]), YANK_OK);
    must(YANK_BASE(atomic_load(&w.t[i].g.status)) == YANK_DEAD);
}

void world_wait(int i)
{
    while (atomic_load(&w.ready[i]) == 0)
        fake_block(PARTY_USER, &w.ready[i], INT64_MAX);
}

void world_no_debts(const struct yank_g *g)
{
    fake_flush(fake.cur);
    must(atomic_load(&g->asks) == 0);
    must(atomic_load(&g->injected) == 0);
    must(atomic_load(&g->region_pending) == 0);
    must(atomic_load(&g->holding) == 0);
    must(atomic_load(&g->sleepers) == 0);
    must(atomic_load(&g->status) == YANK_RUNNING);
    must(g->blocks == NULL && g->code == NULL && !g->async_safe_point);
    must(g->call_fn == NULL);
}

void world_target(void *arg)
{
    int i = (int)(uintptr_t)arg;

    world_attach(i);
    user_loop(&w.quit);
    world_no_debts(world_g(i));
    world_detach(i);
}

void world_works(void)
{
    w.working++;
}

void world_done(void)
{
    if (--w.working == 0)
        atomic_store(&w.quit, 1);
}

int world_hold(int i, int64_t deadline)
{
    struct yank_stop stop, zero;
    int rc = yank_suspend_g(world_g(i), deadline, &stop);

    memset(&zero, 0, sizeof zero);
    if (rc != YANK_OK) {
        must(memcmp(&stop, &zero, sizeof stop) == 0);
        w.timeouts += rc == YANK_ETIMEDOUT;
        w.dead += rc == YANK_EDEAD;
        return rc;
    }
    w.held++;
    must(stop.g == world_g(i));
    fake_held(stop.g, 1);
    fake_step("holds");
    fake_step("still holds");
    fake_held(stop.g, -1);
    must_rc(yank_resume_g(&stop), YANK_OK);
    must(stop.g == NULL);
    return rc;
}
