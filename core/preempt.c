/* The answer to a kick, and the stop itself.
 *
 * In the handler: clear, test, act, answer; every other order loses requests.
 * An injected thread then runs the stub (arch/), which enters
 * yank_async_preempt2() on g0; a poll or the end of a region comes by
 * yank_sync_stop().  Both end in stop(), which parks for a suspender, goes
 * back to the queue, or runs on.
 * Origin: go@62e53b79 signal_unix.go:doSigPreempt, preempt.go:asyncPreempt2,
 * proc.go:preemptPark, gopreempt_m. */
#include "core.h"

/* --- the answer ----------------------------------------------------------*/

/* A stop was injected earlier and g0 has not seen it yet.  Still on its way?
 * Not if a handler of the application's jumped out of the stub. */
static bool still_injected(struct yank_g *g, const struct yank_regs *r)
{
    /* Relaxed: own. */
    if (!atomic_load_explicit(&g->injected, memory_order_relaxed))
        return false;
    if (r->refusal != 0 || yank_arch_in_stub(r->pc) || r->sp < g->lo ||
        r->sp >= g->hi)
        return true; /* in the stub, on g0, or in a handler above them */
    yank_code_left(g); /* g never came to say so itself */
    atomic_store_explicit(&g->injected, 0, memory_order_seq_cst);
    return false;
}

static enum yank_outcome decide(struct yank_m *m, struct yank_g *g,
                                const struct yank_regs *r,
                                uintptr_t *resume_pc, struct yank_code **code)
{
    if (atomic_load_explicit(&yank_rt.async_off, memory_order_relaxed))
        return YANK_REFUSED_OFF;
    if (g == NULL)
        return YANK_REFUSED_NOT_USER;
    if (!yank_want_async_preempt(m, g))
        return YANK_NOT_WANTED;
    if (atomic_load_explicit(&g->async_off, memory_order_relaxed))
        return YANK_REFUSED_OFF;
    if (still_injected(g, r) || g->in_hook)
        return YANK_REFUSED_INJECTED;
    if (atomic_load_explicit(&g->region_depth, memory_order_relaxed) != 0) {
        /* seq_cst: pairs with yank_ask(), which sends nothing when set. */
        atomic_store_explicit(&g->region_pending, 1, memory_order_seq_cst);
        return YANK_DEFERRED;
    }
    return yank_is_async_safe_point(m, g, r, resume_pc, code);
}

static void inject(struct yank_m *m, struct yank_g *g, struct yank_regs *r,
                   uintptr_t resume_pc, struct yank_code *code)
{
    /* Before the answer: who sees the new generation must see this. */
    atomic_store_explicit(&g->injected, 1, memory_order_seq_cst);
    g->code = code;
    g->stop_pc = resume_pc;
    g->stop_sp = r->sp;
    /* Relaxed: code removal reads it after it has waited for map_reader. */
    atomic_fetch_add_explicit(&code->stopped, 1, memory_order_relaxed);
    yank_arch_push_call(r, yank_async_preempt, resume_pc, m);
}

struct yank_answer yank_do_sig_preempt(struct yank_m *m, struct yank_regs *r)
{
    uintptr_t resume_pc = 0, pc = r->pc, sp = r->sp;
    struct yank_code *code = NULL;
    /* Relaxed, both: own. */
    uint32_t mark = atomic_load_explicit(&m->map_reader, memory_order_relaxed);
    struct yank_g *g = atomic_load_explicit(&m->curg, memory_order_relaxed);

    /* First of all, or a request made from here on could be lost; seq_cst:
     * pairs with the ticket in send_kick(), a store-load pair. */
    atomic_exchange_explicit(&m->signal_pending, 0, memory_order_seq_cst);
    YANK_STEP("answer: pending cleared");
    enum yank_outcome o = decide(m, g, r, &resume_pc, &code);

    if (o == YANK_INJECTED)
        inject(m, g, r, resume_pc, code);
    /* Not the mark of a reader that was suspended with one. */
    if (atomic_load_explicit(&m->map_reader, memory_order_relaxed) != mark)
        yank_code_done(m);
    YANK_STEP("answer: decided");
    int64_t answered_ns = yank_trace_now();
    yank_count(m, o);
    /* Relaxed: the release on the generation publishes them. */
    atomic_store_explicit(&m->outcome, (uint32_t)o, memory_order_relaxed);
    atomic_store_explicit(&m->answer_pc, pc, memory_order_relaxed);
    atomic_store_explicit(&m->answer_sp, sp, memory_order_relaxed);
    /* Refusals too: whoever sees the generation move but no stop may ask
     * again; a kick too many is harmless.
     * Release: pairs with the acquire in yank_ask(). */
    atomic_store_explicit(
        &m->preempt_gen,
        atomic_load_explicit(&m->preempt_gen, memory_order_relaxed) + 1,
        memory_order_release);
    YANK_STEP("answer: generation moved");
    return (struct yank_answer){ o == YANK_INJECTED, m, g, o, answered_ns };
}

/* A requester that has seen the answer meanwhile waits for a stop on its way,
 * as for any: the tell, which follows, lets it look again. */
void yank_answer_undo(struct yank_answer *a)
{
    struct yank_m *m = a->m;
    struct yank_g *g = a->g;

    a->edited = false;
    a->outcome = YANK_REFUSED_CPU_STATE;
    yank_code_left(g);
    atomic_fetch_sub_explicit(&m->count[YANK_INJECTED], 1,
                              memory_order_relaxed);
    yank_count(m, YANK_REFUSED_CPU_STATE);
    /* Relaxed: whoever reads the other one looks again. */
    atomic_store_explicit(&m->outcome, (uint32_t)YANK_REFUSED_CPU_STATE,
                          memory_order_relaxed);
    /* seq_cst: before the tell; pairs with yank_ask(), which sends no kick
     * while it is set. */
    atomic_store_explicit(&g->injected, 0, memory_order_seq_cst);
}

void yank_tell(struct yank_answer a)
{
    struct yank_g *g = a.g;

    if (a.ns != 0)
        yank_trace_record(a.m, a.m->id, g, YANK_TRACE_ANSWER, a.outcome, a.ns);
    yank_code_tell(a.m);
    /* seq_cst: whoever waits for this answer visited before it asked, and we
     * have taken its ticket since. */
    if (g != NULL &&
        atomic_load_explicit(&g->visitors, memory_order_seq_cst) != 0)
        yank_bump(g);
}

/* --- the stop ------------------------------------------------------------*/

static bool yield_wanted(const struct yank_m *m, const struct yank_g *g)
{
    const struct yank_p *p = atomic_load_explicit(&m->p,
                                                  memory_order_relaxed);

    return g->host != NULL &&
           (atomic_load_explicit(&g->yield, memory_order_seq_cst) != 0 ||
            (p != NULL &&
             atomic_load_explicit(&p->yield, memory_order_seq_cst) != 0));
}

/* The thread itself waits for its G to be Runnable again. */
static void wait_runnable(struct yank_g *g)
{
    for (;;) {
        /* Acquire: the event before the status it speaks of. */
        uint32_t ev = atomic_load_explicit(&g->event, memory_order_acquire);

        if (yank_cas_status(g, YANK_RUNNABLE, YANK_RUNNING))
            break;
        YANK_STEP("park: still stopped");
        yank_wait_event(g, ev, YANK_NO_DEADLINE);
    }
    yank_bump(g);
}

/* Park g for the suspenders that ask.  True: it runs on; false: it left m.
 * Origin: go proc.go:preemptPark */
static bool preempt_park(struct yank_m *m, struct yank_g *g)
{
    bool stays = yank_parks_in_place(g), runs_on;

    yank_trace(m, g, YANK_TRACE_OFF, YANK_TRACE_OFF_STOPPED);
    if (!stays) {
        yank_g_out(m, g);
        yank_unbind(m, g);
    }
    yank_visit(g); /* once published it may run, end and go without us */
    yank_cast_status(g, YANK_RUNNING, YANK_PREEMPTED);
    YANK_STEP("park: published");
    /* seq_cst: a suspender that withdrew its ask before it could see
     * Preempted owes us nothing; pairs with yank_withdraw(). */
    runs_on = atomic_load_explicit(&g->asks, memory_order_seq_cst) == 0 &&
              yank_cas_status(g, YANK_PREEMPTED, YANK_RUNNING);
    if (runs_on) {
        yank_bump(g);
        if (!stays) {
            yank_bind(m, g);
            yank_g_in(m, g);
        }
    }
    yank_visit_end(g);
    if (stays && !runs_on)
        wait_runnable(g);
    if (stays || runs_on)
        yank_trace(m, g, YANK_TRACE_ON, 0);
    return runs_on || stays;
}

void yank_park_in_place(struct yank_m *m, struct yank_g *g)
{
    yank_arch_call_saved(&g->saved);
    g->inside = true; /* before it is published: no context to abandon */
    preempt_park(m, g);
    g->inside = false;
}

/* On g0.  What m runs next; g is no longer ours unless it is that. */
static struct yank_g *stop(struct yank_m *m, struct yank_g *g)
{
    const struct yank_host *host = g->host;

    /* seq_cst: after injected or region_pending was cleared. */
    while (atomic_load_explicit(&g->asks, memory_order_seq_cst) != 0) {
        if (!preempt_park(m, g))
            return host->schedule(host->ctx, m);
        if (host == NULL)
            break; /* stopped and resumed */
    }
    if (yield_wanted(m, g)) {
        yank_g_leave(m, g, YANK_LEAVE_RUNNABLE);
        return host->schedule(host->ctx, m);
    }
    yank_resumed(g);
    return g;
}

struct yank_g *yank_async_preempt2(struct yank_m *m)
{
    struct yank_g *g = atomic_load_explicit(&m->curg, memory_order_relaxed);

    g->saved_errno = yank_os_errno();
    g->async_safe_point = true;
    /* A register may hold the address of one of this thread's locals. */
    if (!g->migratable || (g->code->flags & YANK_CODE_MIGRATABLE) == 0)
        g->pinned = m;
    yank_drop_dead_blocks(m, g);
    yank_refill_block(m);
    /* seq_cst: before the asks are read; pairs with yank_ask(), which sends
     * no kick while it is set. */
    atomic_store_explicit(&g->injected, 0, memory_order_seq_cst);
    YANK_STEP("stub: injected cleared");
    if (yank_is_fiber(g)) {
        yank_fiber_stop_here(g);
        return g;
    }
    return stop(m, g);
}

static struct yank_g *sync_stop(struct yank_m *m, struct yank_g *g, void *arg)
{
    (void)arg;
    return stop(m, g);
}

void yank_sync_stop(struct yank_m *m, struct yank_g *g)
{
    bool wanted;

    yank_restore_poll_word(g);
    wanted = yank_want_async_preempt(m, g);
    if (wanted) {
        g->saved_errno = yank_os_errno();
        yank_unpin(m, g); /* what runs now is a call */
        if (yank_is_fiber(g))
            yank_stop_fiber(g);
        else
            yank_arch_mcall(m, g, sync_stop, NULL);
    }
    /* A fiber polls after its switch came back, whatever is wanted. */
    if (wanted || yank_is_fiber(g))
        yank_run_call(g);
}

void yank_run_call(struct yank_g *g)
{
    void (*fn)(void *);
    void *arg;
    struct yank_call_saved here;

    if (g->stop_here)
        yank_run_fiber_stop(g);
    fn = g->call_fn;
    arg = g->call_arg;
    if (fn == NULL)
        return;
    g->call_fn = NULL;
    int64_t saved_errno = yank_os_errno(); /* what was stopped may read it */
    fn(arg);
    yank_os_set_errno(saved_errno);
    /* fn was stopped, and left that stop by a longjmp: the stub above us must
     * find its own block first. */
    yank_arch_call_saved(&here);
    yank_drop_blocks_below(yank_m_self(), g, here.sp);
}
