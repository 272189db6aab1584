/* Around fork: prepare keeps requesters out of the SCAN window and takes
 * Yank's locks, so that the child finds every word whole.  In the child only
 * the calling thread is left. */
#include "core.h"

static void open_gate(void)
{
    /* seq_cst: pairs with window_enter() in request.c. */
    atomic_store_explicit(&yank_rt.gate, 0, memory_order_seq_cst);
    yank_os_wake(&yank_rt.gate);
}

void yank_fork_prepare(void)
{
    if (!yank_is_ready())
        return;
    /* In this order everywhere: map, registry, pool. */
    yank_codemap_lock();
    yank_registry_lock();
    yank_blocks_lock();
    atomic_store_explicit(&yank_rt.gate, 1, memory_order_seq_cst);
    YANK_STEP("fork: gate closed");
    yank_wait_zero(&yank_rt.in_window, YANK_NO_DEADLINE);
}

void yank_fork_parent(void)
{
    if (!yank_is_ready())
        return;
    open_gate();
    yank_blocks_unlock();
    yank_registry_unlock();
    yank_codemap_unlock();
}

/* Nothing is ordered here: there is one thread. */
static void clear(_Atomic uint32_t *word)
{
    atomic_store_explicit(word, 0, memory_order_relaxed);
}

static void bury(struct yank_m *m)
{
    struct yank_g *g = yank_m_curg(m);

    atomic_store_explicit(&m->os_id, 0, memory_order_relaxed);
    clear(&m->kickers);
    clear(&m->map_reader);
    if (g == NULL)
        return;
    atomic_store_explicit(&g->status, YANK_DEAD, memory_order_relaxed);
    clear(&g->asks);
    clear(&g->visitors);
}

static void clean(struct yank_m *m)
{
    struct yank_g *g = yank_m_curg(m);

    clear(&m->signal_pending);
    clear(&m->kickers);
    clear(&m->watched);
    clear(&m->map_reader);
    yank_os_fork_child(m);
    if (g == NULL)
        return;
    atomic_store_explicit(&g->status, YANK_BASE(yank_read_status(g)),
                          memory_order_relaxed);
    clear(&g->asks);
    clear(&g->visitors);
    clear(&g->sleepers);
    clear(&g->holding); /* what it held is Dead */
    yank_restore_poll_word(g);
}

void yank_fork_child(void)
{
    struct yank_m *self = yank_m_self();

    if (!yank_is_ready())
        return;
    for (struct yank_m *m = yank_registry_first(); m != NULL; m = m->next)
        if (m != self)
            bury(m);
    yank_trace_fork_child();
    yank_registry_keep_only(self);
    clear(&yank_rt.in_window);
    clear(&yank_rt.leaving); /* none of those is here */
    yank_monitor_fork_child();
    open_gate();
    if (self != NULL)
        clean(self);
    yank_blocks_unlock();
    yank_registry_unlock();
    yank_codemap_unlock();
}

int yank_fork_register(void)
{
    static bool done; /* written under BETWEEN, by one thread */

    if (done)
        return YANK_OK;
    int rc = yank_os_atfork(yank_fork_prepare, yank_fork_parent,
                            yank_fork_child);
    done = rc == YANK_OK;
    return rc;
}
