#include "mini_host.h"
#include "arena.h"

#include <string.h>

struct mini mini;

int mini_index(const struct yank_g *g)
{
    for (int i = 0; i < MINI_GS; i++)
        if (mini.g[i] == g)
            return i;
    return -1;
}

static void ready(void *ctx, struct yank_g *g)
{
    must(ctx == &mini && mini_index(g) >= 0);
    for (unsigned i = 0; i < mini.queued; i++)
        must(mini.queue[i] != g); /* never twice */
    must(mini.queued < YANK_ARRAY_LEN(mini.queue));
    mini.queue[mini.queued++] = g;
    atomic_fetch_add(&mini.work, 1);
    fake_step("host: ready");
}

/* The oldest that m may run. */
static struct yank_g *pop(const struct yank_m *m)
{
    for (unsigned i = 0; i < mini.queued; i++) {
        struct yank_g *g = mini.queue[i];
        if (yank_g_pinned(g) != NULL && yank_g_pinned(g) != m &&
            YANK_BASE(yank_read_status(g)) != YANK_DEAD)
            continue;
        memmove(&mini.queue[i], &mini.queue[i + 1],
                (--mini.queued - i) * sizeof mini.queue[0]);
        return g;
    }
    return NULL;
}

static struct yank_g *schedule(void *ctx, struct yank_m *m)
{
    struct yank_g *g;

    (void)ctx;
    fake_step("host: schedule");
    while ((g = pop(m)) != NULL) {
        int i = mini_index(g);
        int rc = yank_m_take(m, g);

        if (rc == YANK_OK) {
            must(i >= 0);
            mini.runs[i]++;
            atomic_fetch_add(&mini.work, 1);
            return g;
        }
        must(rc == YANK_EBUSY || rc == YANK_EDEAD);
        mini.aside += rc == YANK_EBUSY;
        if (rc == YANK_EDEAD) {
            mini.corpses++;
            if (!mini.keep)
                mini_bury(i);
        }
    }
    return NULL;
}

static void abandoned(void *ctx, struct yank_g *g, bool was_runnable)
{
    (void)ctx;
    mini.abandoned++;
    mini.abandoned_queued += was_runnable;
    mini.alive--;
    atomic_fetch_add(&mini.work, 1);
    (void)g; /* its memory: the caller still counts as a visitor */
}

/* Every test sees that these two come in turn, and before the next M. */
static void g_in(void *ctx, struct yank_m *m, struct yank_g *g)
{
    must(ctx == &mini && yank_m_self() == m && yank_m_curg(m) == g);
    must(mini.on[mini_index(g)] == NULL);
    mini.on[mini_index(g)] = m;
    fake_step("host: in");
}

static void g_out(void *ctx, struct yank_m *m, struct yank_g *g)
{
    must(ctx == &mini && yank_m_self() == m);
    must(mini.on[mini_index(g)] == m);
    fake_step("host: out");
    mini.on[mini_index(g)] = NULL;
}

static void blocking(void *ctx, struct yank_m *m, struct yank_g *g)
{
    must(ctx == &mini && yank_m_curg(m) == g);
    must(YANK_BASE(atomic_load(&g->status)) == YANK_BLOCKING);
    mini.blocked++;
    fake_step("host: blocking");
}

static void unblocked(void *ctx, struct yank_m *m, struct yank_g *g)
{
    must(ctx == &mini && yank_m_curg(m) == g && mini.blocked == 1);
    must(YANK_BASE(atomic_load(&g->status)) == YANK_RUNNING);
    mini.blocked--;
    mini_yield();
    must(yank_m_curg(yank_m_self()) == g);
}

const struct yank_host mini_host = { .struct_size = sizeof mini_host,
                                     .ctx = &mini,
                                     .ready = ready,
                                     .schedule = schedule,
                                     .abandoned = abandoned,
                                     .g_in = g_in,
                                     .g_out = g_out,
                                     .blocking = blocking,
                                     .unblocked = unblocked };

void mini_reset(void)
{
    memset(&mini, 0, sizeof mini);
}

void mini_g(int i, void (*entry)(void *), bool migratable)
{
    static char *stack[MINI_GS];

    if (stack[i] == NULL)
        stack[i] = arena_map(FAKE_STACK_BYTES);
    struct yank_g_attr a = { .struct_size = sizeof a,
                             .host = &mini_host,
                             .stack = { (uintptr_t)stack[i],
                                        (uintptr_t)stack[i] +
                                            FAKE_STACK_BYTES },
                             .entry = entry,
                             .user = (void *)(uintptr_t)i,
                             .migratable = migratable };
    mini.g[i] = arena_alloc(NULL, sizeof(struct yank_g));
    must_rc(yank_g_init(mini.g[i], &a), YANK_OK);
    mini.alive++;
}

void mini_bury(int i)
{
    struct yank_g *g = mini.g[i];

    must(mini.on[i] == NULL);
    must_rc(yank_g_fini(g), YANK_OK);
    mini.g[i] = NULL;
    arena_release(NULL, g, sizeof *g);
}

void mini_m(void *arg)
{
    int i = (int)(uintptr_t)arg;
    struct yank_m *m = &mini.m[i];
    struct yank_m_attr a = { .struct_size = sizeof a };

    fake.quiet++;
    must_rc(yank_m_attach(m, &a), YANK_OK);
    must_rc(yank_m_acquire_p(m, &mini.p[i]), YANK_OK);
    fake.quiet--;
    for (;;) {
        uint32_t seen = atomic_load(&mini.work);
        struct yank_g *g = schedule(NULL, m);

        if (g != NULL) {
            yank_execute(m, g);
            continue;
        }
        if (mini.alive == 0 && mini.queued == 0)
            break;
        fake_step("host: idle");
        if (atomic_load(&mini.work) != seen)
            continue;
        fake_block_changed(&mini.work, seen);
    }
    must_rc(yank_m_release_p(m), YANK_OK);
    must_rc(yank_m_detach(m), YANK_OK);
}

struct yank_g *mini_self(void)
{
    return yank_m_curg(yank_m_self());
}

static struct yank_g *leave(struct yank_m *m, struct yank_g *g, void *arg)
{
    enum yank_leave how = (enum yank_leave)(uintptr_t)arg;

    if (how == YANK_LEAVE_DEAD) {
        mini.alive--;
        atomic_fetch_add(&mini.work, 1);
    }
    yank_g_leave(m, g, how);
    return schedule(NULL, m);
}

void mini_exit(void)
{
    must_rc(yank_mcall(leave, (void *)YANK_LEAVE_DEAD), YANK_OK);
    must(false);
}

void mini_park(void)
{
    must_rc(yank_mcall(leave, (void *)YANK_LEAVE_WAITING), YANK_OK);
}

void mini_yield(void)
{
    must_rc(yank_mcall(leave, (void *)YANK_LEAVE_RUNNABLE), YANK_OK);
}

void mini_loop(void *arg)
{
    int i = (int)(uintptr_t)arg;

    must(mini_self() == mini.g[i]);
    atomic_store(&mini.started[i], 1);
    user_loop(&mini.quit);
    must(mini_self() == mini.g[i]);
    mini_exit();
}
