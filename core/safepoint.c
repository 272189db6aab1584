/* May an interrupted thread be stopped right here?  Cheap tests first; each
 * refusal has a reason, which the requester and the counters see.  All of it
 * runs in the handler, or with the thread suspended. */
#include "core.h"

/* Is a stop or a yield wanted of g, or of whatever runs on its P?
 * Origin: go@62e53b79 preempt.go:wantAsyncPreempt */
bool yank_want_async_preempt(const struct yank_m *m, const struct yank_g *g)
{
    /* Relaxed: the own thread's. */
    const struct yank_p *p = atomic_load_explicit(&m->p,
                                                  memory_order_relaxed);

    if (YANK_BASE(yank_read_status(g)) != YANK_RUNNING)
        return false;
    /* seq_cst: after the exchange of signal_pending in the handler, or after
     * injected or region_pending was cleared; pairs with yank_ask(). */
    return atomic_load_explicit(&g->asks, memory_order_seq_cst) != 0 ||
           atomic_load_explicit(&g->yield, memory_order_seq_cst) != 0 ||
           (p != NULL &&
            atomic_load_explicit(&p->yield, memory_order_seq_cst) != 0);
}

/* Is the M in a state in which its G may be taken off it?
 * Origin: go@62e53b79 preempt.go:canPreemptM */
enum yank_outcome yank_can_preempt_m(const struct yank_m *m,
                                     const struct yank_g *g)
{
    /* Relaxed, both: the own thread's, or only ever too high for a moment. */
    if (atomic_load_explicit(&m->p, memory_order_relaxed) == NULL)
        return YANK_REFUSED_NO_P;
    if (atomic_load_explicit(&g->holding, memory_order_relaxed) != 0)
        return YANK_REFUSED_HOLDING;
    return YANK_INJECTED;
}

static enum yank_outcome stack_has_room(const struct yank_m *m,
                                        const struct yank_g *g, uintptr_t sp)
{
    if (sp < g->lo || sp >= g->hi)
        return sp >= m->g0.lo && sp < m->g0.hi ? YANK_REFUSED_NOT_USER
                                               : YANK_REFUSED_BOUNDS;
    return sp < g->guard ? YANK_REFUSED_ROOM : YANK_INJECTED;
}

static enum yank_outcome code_is_safe(struct yank_m *m,
                                      const struct yank_regs *r,
                                      uintptr_t *resume_pc,
                                      struct yank_code **code)
{
    *resume_pc = r->pc;
    *code = yank_code_find(m, r->pc);
    if (*code == NULL)
        return YANK_REFUSED_UNREGISTERED;
    if (((*code)->flags & YANK_CODE_ASK_HOST) != 0 &&
        !yank_rt.opt.pc_is_safe(yank_rt.opt.ctx, r->pc, r->sp, r->fp,
                                resume_pc))
        return YANK_REFUSED_HOST;
    return YANK_INJECTED;
}

/* Origin: go@62e53b79 preempt.go:isAsyncSafePoint */
enum yank_outcome yank_is_async_safe_point(struct yank_m *m, struct yank_g *g,
                                           const struct yank_regs *r,
                                           uintptr_t *resume_pc,
                                           struct yank_code **code)
{
    enum yank_outcome o = yank_can_preempt_m(m, g);

    if (o != YANK_INJECTED)
        return o;
    if (r->refusal != 0)
        return r->refusal;
    if (!yank_arch_context_ok(r))
        return YANK_REFUSED_CPU_STATE;
    if ((o = stack_has_room(m, g, r->sp)) != YANK_INJECTED)
        return o;
    if (m->spare == NULL)
        return YANK_REFUSED_NO_BLOCK;
    return code_is_safe(m, r, resume_pc, code);
}
