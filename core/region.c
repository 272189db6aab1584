/* Polls and no-preempt regions: the synchronous side.
 * Depth and pending are two words: one word loses deferrals where its
 * decrement is not one instruction (2,017 of 3,000 on arm64).
 * Origin: go@62e53b79 stack.go:newstack, runtime1.go:acquirem, releasem. */
#include "core.h"

/* --- the poll word -------------------------------------------------------*/

void yank_poison(struct yank_g *g)
{
    /* seq_cst: after the ask, before the G's re-read of it; see
     * yank_restore_poll_word(). */
    atomic_store_explicit(&g->poll_word, YANK_POISON, memory_order_seq_cst);
}

/* As yank_preempt_one() says it: of whatever runs there. */
static bool p_wants_yield(const struct yank_g *g)
{
    /* Relaxed, both: own. */
    const struct yank_m *m = atomic_load_explicit(&g->m, memory_order_relaxed);
    const struct yank_p *p =
        m == NULL ? NULL : atomic_load_explicit(&m->p, memory_order_relaxed);

    /* seq_cst: as asks and yield in yank_restore_poll_word(). */
    return g->host != NULL && p != NULL &&
           atomic_load_explicit(&p->yield, memory_order_seq_cst) != 0;
}

void yank_restore_poll_word(struct yank_g *g)
{
    /* Who poisons it after this look means what comes.  seq_cst: after a
     * blocking region it is a store-load pair with yank_preempt_g(), which
     * poisons and then sends no kick to a G that it sees Blocking. */
    if (atomic_load_explicit(&g->poll_word, memory_order_seq_cst) == g->guard)
        return;
    /* seq_cst, all three: a requester adds its ask and then poisons.  Either
     * it poisons after this store, or we see the ask. */
    atomic_store_explicit(&g->poll_word, g->guard, memory_order_seq_cst);
    YANK_STEP("restore: bound stored");
    if (atomic_load_explicit(&g->asks, memory_order_seq_cst) != 0 ||
        atomic_load_explicit(&g->yield, memory_order_seq_cst) != 0 ||
        p_wants_yield(g))
        yank_poison(g);
}

/* --- polls and regions ---------------------------------------------------*/

static bool held_back(const struct yank_g *g)
{
    /* Relaxed, both: own. */
    return g->in_hook ||
           atomic_load_explicit(&g->region_depth, memory_order_relaxed) != 0 ||
           atomic_load_explicit(&g->holding, memory_order_relaxed) != 0;
}

/* A stop was asked that had to wait: is it still wanted? */
static void stop_if_wanted(struct yank_g *g)
{
    struct yank_m *m = yank_m_self();

    if (m != NULL && yank_m_curg(m) == g && !held_back(g) &&
        YANK_BASE(yank_read_status(g)) == YANK_RUNNING)
        yank_sync_stop(m, g);
}

const uintptr_t *yank_g_poll_word(const struct yank_g *g)
{
    return (const uintptr_t *)(const void *)&g->poll_word;
}

void yank_poll(struct yank_g *g)
{
    /* Relaxed: a hint; what is wanted is read in yank_sync_stop(). */
    if (atomic_load_explicit(&g->poll_word, memory_order_relaxed) !=
        YANK_POISON)
        return;
    if (atomic_load_explicit(&g->region_depth, memory_order_relaxed) != 0)
        /* The word stays poisoned; the stop is due at the region's end.
         * seq_cst: pairs with yank_ask(). */
        atomic_store_explicit(&g->region_pending, 1, memory_order_seq_cst);
    else
        stop_if_wanted(g);
}

void yank_preempt_disable(struct yank_g *g)
{
    /* Relaxed and signal fences: the only other reader is our own handler. */
    uint32_t depth = atomic_load_explicit(&g->region_depth,
                                          memory_order_relaxed);

    atomic_store_explicit(&g->region_depth, depth + 1, memory_order_relaxed);
    atomic_signal_fence(memory_order_seq_cst);
}

int yank_preempt_enable(struct yank_g *g)
{
    uint32_t depth = atomic_load_explicit(&g->region_depth,
                                          memory_order_relaxed);

    if (depth == 0)
        return YANK_EREGION;
    atomic_signal_fence(memory_order_seq_cst);
    if (depth > 1) {
        atomic_store_explicit(&g->region_depth, depth - 1,
                              memory_order_relaxed);
        return YANK_OK;
    }
    /* A constant and not depth - 1: the next region's load need not wait for
     * this one's, which is most of what a short region costs. */
    atomic_store_explicit(&g->region_depth, 0, memory_order_relaxed);
    atomic_signal_fence(memory_order_seq_cst);
    if (!atomic_load_explicit(&g->region_pending, memory_order_relaxed))
        return YANK_OK;
    /* seq_cst: before the asks are read; pairs with yank_ask(), which sends
     * nothing while it is set. */
    atomic_store_explicit(&g->region_pending, 0, memory_order_seq_cst);
    YANK_STEP("region: pending cleared");
    if (held_back(g))
        /* Refused while g holds a stop, or is on its way out: those who took
         * it for deferred must ask again. */
        yank_bump(g);
    else
        stop_if_wanted(g);
    return YANK_OK;
}

void *yank_call_no_preempt(void *(*fn)(void *), void *arg)
{
    struct yank_m *m = yank_m_self();
    struct yank_g *g = m == NULL ? NULL : yank_m_curg(m);
    void *result;

    if (g == NULL)
        return fn(arg);
    yank_preempt_disable(g);
    result = fn(arg);
    yank_preempt_enable(g);
    return result;
}
