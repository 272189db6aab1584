#include "fiber_host.h"
#include "arena.h"

#include <string.h>

struct fiber_host fh;

int fh_index(const struct yank_g *g)
{
    for (int i = 0; i < FH_FIBERS; i++)
        if (fh.g[i] == g)
            return i;
    return -1;
}

static void push(int i)
{
    must(fh.queued < FH_FIBERS);
    fh.queue[fh.queued++] = i;
    atomic_fetch_add(&fh.work, 1);
}

/* The oldest that m may run, or -1. */
static int pop(const struct yank_m *m)
{
    for (unsigned k = 0; k < fh.queued; k++) {
        int i = fh.queue[k];

        if (yank_g_pinned(fh.g[i]) != NULL && yank_g_pinned(fh.g[i]) != m)
            continue;
        memmove(&fh.queue[k], &fh.queue[k + 1],
                (--fh.queued - k) * sizeof fh.queue[0]);
        return i;
    }
    return -1;
}

static void switch_out(struct yank_g *g)
{
    struct party *p = fake.cur;

    p->on = &p->fiber;
    fiber_switch(&fh.fiber[fh_index(g)], &p->fiber);
}

static void preempted(void *ctx, struct yank_g *g)
{
    must(ctx == &fh && yank_m_curg(yank_m_self()) == g);
    must(YANK_BASE(atomic_load(&g->status)) == YANK_RUNNING);
    fh.hooks++;
    fake_step("host: preempted");
    if (fh.in_hook != NULL)
        fh.in_hook(g);
    if (!fh.stays)
        switch_out(g);
    must(yank_m_curg(yank_m_self()) == g);
}

static void abandoned(void *ctx, struct yank_g *g, bool was_runnable)
{
    must(ctx == &fh && !was_runnable && fh_index(g) >= 0);
    fh.abandoned++;
}

static bool has_waiters(void *ctx, struct yank_m *m)
{
    must(ctx == &fh && m->host == &fh_host);
    fh.asked++;
    fake_step("host: has_waiters");
    return fh.waited_for;
}

const struct yank_host fh_host = { .struct_size = sizeof fh_host,
                                   .ctx = &fh,
                                   .abandoned = abandoned,
                                   .preempted = preempted,
                                   .preempted_stack_bytes = 4096,
                                   .has_waiters = has_waiters };

void fh_reset(void)
{
    memset(&fh, 0, sizeof fh);
}

static void (*entry_of[FH_FIBERS])(void *);

static void fiber_main(void *arg)
{
    int i = (int)(uintptr_t)arg;

    entry_of[i](arg);
    fh.ended[i] = true;
    switch_out(fh.g[i]);
    must(false);
}

void fh_fiber(int i, void (*entry)(void *), bool migratable)
{
    static char *stack[FH_FIBERS];

    if (stack[i] == NULL)
        stack[i] = arena_map(FAKE_STACK_BYTES);
    struct yank_g_attr a = { .struct_size = sizeof a,
                             .host = &fh_host,
                             .stack = { (uintptr_t)stack[i],
                                        (uintptr_t)stack[i] +
                                            FAKE_STACK_BYTES },
                             .user = (void *)(uintptr_t)i,
                             .migratable = migratable };
    fh.g[i] = arena_alloc(NULL, sizeof(struct yank_g));
    must_rc(yank_g_init(fh.g[i], &a), YANK_OK);
    entry_of[i] = entry;
    fiber_make(&fh.fiber[i], stack[i], FAKE_STACK_BYTES, fiber_main,
               (void *)(uintptr_t)i);
    fh.alive++;
    push(i);
}

void fh_bury(int i)
{
    struct yank_g *g = fh.g[i];

    must_rc(yank_g_fini(g), YANK_OK);
    fh.g[i] = NULL;
    arena_release(NULL, g, sizeof *g);
    fh.alive--;
    atomic_fetch_add(&fh.work, 1);
}

static void run(struct yank_m *m, int i)
{
    struct party *p = fake.cur;
    int rc = yank_m_set_curg(m, fh.g[i]);

    if (rc == YANK_EDEAD) {
        fh_bury(i);
        return;
    }
    must_rc(rc, YANK_OK);
    fh.runs[i]++;
    atomic_fetch_add(&fh.work, 1);
    p->on = &fh.fiber[i];
    fiber_switch(&p->fiber, &fh.fiber[i]);
    must(fake.cur == p && p->on == &p->fiber);
    must_rc(yank_m_set_curg(m, NULL), YANK_OK);
    if (fh.ended[i])
        fh_bury(i);
    else if (!fh.gone[i])
        push(i);
}

void fh_m(void *arg)
{
    int i = (int)(uintptr_t)arg;
    struct yank_m *m = arena_alloc(NULL, sizeof *m);
    struct yank_p *p = arena_alloc(NULL, sizeof *p);
    struct yank_m_attr a = { .struct_size = sizeof a, .host = &fh_host };

    fake.quiet++;
    memset(p, 0, sizeof *p);
    must_rc(yank_m_attach(m, &a), YANK_OK);
    must_rc(yank_m_acquire_p(m, p), YANK_OK);
    fh.m[i] = m;
    fh.p[i] = p;
    atomic_store(&fh.attached[i], 1);
    fake.quiet--;
    while (fh.alive != 0) {
        uint32_t seen = atomic_load(&fh.work);
        int next = pop(m);

        if (next >= 0) {
            run(m, next);
            continue;
        }
        fake_step("host: idle");
        if (atomic_load(&fh.work) == seen)
            fake_block_changed(&fh.work, seen);
    }
    must_rc(yank_m_release_p(m), YANK_OK);
    arena_release(NULL, fh.p[i], sizeof *p);
    while (fh.keeps_m != 0)
        fake_pause();
    must_rc(yank_m_detach(m), YANK_OK);
    fh.m[i] = NULL;
    arena_release(NULL, m, sizeof *m);
}

void fh_yield(void)
{
    struct yank_g *g = yank_m_curg(yank_m_self());

    switch_out(g);
    must(yank_m_curg(yank_m_self()) == g);
    yank_poll(g);
}

void fh_loop(void *arg)
{
    int i = (int)(uintptr_t)arg;

    atomic_store(&fh.started[i], 1);
    user_loop(&fh.quit);
    must(yank_m_curg(yank_m_self()) == fh.g[i]);
}
