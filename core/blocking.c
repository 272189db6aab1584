/* Blocking regions: around a call that may wait in the system the G counts as
 * stopped, gets no kick, and no system call of it is cut short.
 * Origin: go proc.go:entersyscall, exitsyscall. */
#include "core.h"

static int check(struct yank_m *m, struct yank_g *g)
{
    if (!yank_is_ready())
        return YANK_EINIT;
    if (m == NULL || g == NULL || yank_m_curg(m) != g)
        return YANK_ETHREAD;
    return YANK_OK;
}

int yank_blocking_enter2(struct yank_g *g,
                         const struct yank_call_saved *saved)
{
    struct yank_m *m = yank_m_self();
    int rc = check(m, g);

    if (rc != YANK_OK)
        return rc;
    /* Relaxed, both: own. */
    if (g->inside || g->in_hook ||
        atomic_load_explicit(&g->region_depth, memory_order_relaxed) != 0)
        return YANK_EREGION;
    if (atomic_load_explicit(&g->holding, memory_order_relaxed) != 0)
        return YANK_EHOLDING;
    g->saved = *saved;
    g->inside = true;
    yank_trace(m, g, YANK_TRACE_BLOCK, 0);
    yank_cast_status(g, YANK_RUNNING, YANK_BLOCKING);
    YANK_STEP("blocking: published");

    /* A kick on its way must not hit the system call.  A requester that still
     * sees Running is counted, or has left its ticket; both pair with the
     * seq_cst status change above. */
    int64_t deadline = yank_now_ns() + yank_rt.kick_deadline_ns;

    /* Who suspends this thread to answer for it cannot be outrun by a kick of
     * our own, and ends soon. */
    if ((yank_os_caps() & YANK_CAP_SYNC_KICK) != 0)
        deadline = YANK_NO_DEADLINE;
    /* Its ticket may be gone and its kick not here yet: the answer to an
     * earlier kick takes every ticket that it finds. */
    bool sent = atomic_load_explicit(&m->kickers, memory_order_seq_cst) != 0;

    yank_wait_zero(&m->kickers, deadline);
    if (sent ||
        atomic_load_explicit(&m->signal_pending, memory_order_seq_cst) != 0)
        yank_os_kick_self(m); /* handled before it returns, and merged */
    if (g->host != NULL && g->host->blocking != NULL)
        g->host->blocking(g->host->ctx, m, g);
    return YANK_OK;
}

int yank_blocking_leave(struct yank_g *g)
{
    struct yank_m *m = yank_m_self();
    int rc = check(m, g);

    if (rc != YANK_OK)
        return rc;
    if (YANK_BASE(yank_read_status(g)) != YANK_BLOCKING)
        return YANK_EINVAL;
    yank_cast_status(g, YANK_BLOCKING, YANK_RUNNING);
    yank_trace(m, g, YANK_TRACE_UNBLOCK, 0);
    g->inside = false;
    yank_restore_poll_word(g);
    if (g->host != NULL && g->host->unblocked != NULL)
        g->host->unblocked(g->host->ctx, m, g); /* a call may not come back */
    yank_run_call(g);
    yank_poll(g); /* a yield asked meanwhile had no kick sent for it */
    return YANK_OK;
}
