/* Gs on Ms: what a scheduler does through yank/host.h.
 *
 * A scheduler never waits for a claim.  A claimed G that it pops is set
 * aside, and whoever finds both the claim gone and the mark set readies it:
 * the mark is taken by one exchange.
 * Origin: go proc.go:execute, ready, goexit0, casgstatus. */
#include "core.h"

#define STACK_MIN 4096
/* What core/ itself puts between the spill of a fiber and the hook. */
#define FIBER_STOP_BYTES 1024

void yank_g_setup(struct yank_g *g, uintptr_t lo, uintptr_t hi)
{
    *g = (struct yank_g){ 0 };
    g->id = yank_new_id();
    g->lo = lo;
    g->hi = hi;
    g->guard =
        lo + yank_os_stack_reserve_bytes + yank_arch_async_preempt_stack();
    g->os_stack = yank_os_stack_of(lo, hi);
    atomic_init(&g->poll_word, g->guard);
    g->magic = YANK_G_MAGIC;
}

struct yank_g *yank_g_self(void)
{
    struct yank_m *m = yank_m_self();

    return m == NULL ? NULL : yank_m_curg(m);
}

/* --- readiness -----------------------------------------------------------*/

void yank_make_ready(struct yank_g *g)
{
    if (!yank_parks_in_place(g))
        g->host->ready(g->host->ctx, g);
    /* Otherwise its thread waits on the event, which moved. */
}

void yank_ready_if_aside(struct yank_g *g)
{
    /* seq_cst: after the claim was dropped; pairs with set_aside(). */
    if (atomic_exchange_explicit(&g->aside, 0, memory_order_seq_cst) != 0)
        yank_make_ready(g);
}

/* g is Runnable and claimed: leave it to whoever drops the claim.  False: the
 * claim is gone and g is ours again. */
static bool set_aside(struct yank_g *g)
{
    /* seq_cst, all three: a store-load pair with the drop of the claim. */
    atomic_store_explicit(&g->aside, 1, memory_order_seq_cst);
    YANK_STEP("aside: set");
    if (yank_read_status(g) & YANK_SCAN)
        return true;
    return atomic_exchange_explicit(&g->aside, 0, memory_order_seq_cst) == 0;
}

static int ready(struct yank_g *g)
{
    for (;;) {
        uint32_t s = yank_read_status(g), base = YANK_BASE(s);

        if (base == YANK_DEAD)
            return YANK_EDEAD;
        if ((base != YANK_IDLE && base != YANK_WAITING) || g->inside)
            return YANK_EINVAL;
        /* The claim stays: it is on the G, not on its status. */
        if (!yank_cas_status(g, s, s - base + YANK_RUNNABLE))
            continue;
        yank_bump(g);
        YANK_STEP("ready: runnable");
        if ((s & YANK_SCAN) == 0 || !set_aside(g))
            yank_make_ready(g);
        return YANK_OK;
    }
}

int yank_ready(struct yank_g *g)
{
    int rc;

    if (!yank_is_ready())
        return YANK_EINIT;
    if (!yank_g_valid(g) || g->host == NULL)
        return YANK_EINVAL;
    if (yank_is_fiber(g))
        return YANK_ENOTSUP;
    yank_visit(g);
    rc = ready(g);
    yank_visit_end(g);
    return rc;
}

/* --- running -------------------------------------------------------------*/

void yank_bind(struct yank_m *m, struct yank_g *g)
{
    /* Relaxed: read by others only while they hold the claim on a Running G,
     * and the status change that comes after this is seq_cst. */
    atomic_store_explicit(&g->m, m, memory_order_relaxed);
    if (m->host == NULL || m->host->has_waiters == NULL) {
        /* Release: who finds g by its M looks into it (yank_preempt_one()). */
        atomic_store_explicit(&m->curg, g, memory_order_release);
        return;
    }
    /* seq_cst: the monitor says that it sleeps and then looks at curg. */
    atomic_store_explicit(&m->curg, g, memory_order_seq_cst);
    yank_monitor_notice();
}

void yank_unbind(struct yank_m *m, struct yank_g *g)
{
    /* seq_cst, with the load in the wait: who reaches a G through its M counts
     * itself in kickers and then reads curg (yank_preempt_one()).  It does not
     * see g, or we see it; and it never waits for us. */
    atomic_store_explicit(&m->curg, NULL, memory_order_seq_cst);
    atomic_store_explicit(&g->m, NULL, memory_order_relaxed);
    YANK_STEP("unbind: off the M");
    yank_wait_zero(&m->kickers, YANK_NO_DEADLINE);
}

void yank_unpin(struct yank_m *m, struct yank_g *g)
{
    struct yank_call_saved here;

    if (g->blocks != NULL) {
        yank_arch_call_saved(&here);
        yank_drop_blocks_below(m, g, here.sp);
    }
    if (g->blocks == NULL)
        g->pinned = NULL;
}

void yank_resumed(struct yank_g *g)
{
    g->async_safe_point = false;
    yank_code_left(g);
    yank_restore_poll_word(g);
    yank_os_set_errno(g->saved_errno);
}

/* A switch is what a yield request wanted. */
void yank_start_slice(struct yank_m *m, struct yank_g *g)
{
    struct yank_p *p = atomic_load_explicit(&m->p, memory_order_relaxed);

    /* Relaxed: a request that comes now is for this slice or the last; both
     * are meant by a request that may hit the next G. */
    atomic_store_explicit(&g->yield, 0, memory_order_relaxed);
    if (p == NULL)
        return;
    atomic_store_explicit(&p->yield, 0, memory_order_relaxed);
    /* Written by own alone: no read-modify-write is needed. */
    atomic_store_explicit(
        &p->ticks, atomic_load_explicit(&p->ticks, memory_order_relaxed) + 1,
        memory_order_relaxed);
}

bool yank_try_run(struct yank_m *m, struct yank_g *g, uint32_t from)
{
    yank_bind(m, g); /* before it can be seen Running */
    yank_start_slice(m, g);
    if (yank_cas_status(g, from, YANK_RUNNING))
        return true;
    yank_unbind(m, g);
    return false;
}

/* Until it is set aside it is ours, claimed or not; from then on it may run on
 * another M, end and go. */
static bool leave_aside(struct yank_g *g)
{
    bool aside;

    yank_visit(g);
    aside = set_aside(g);
    yank_visit_end(g);
    return aside;
}

static int take(struct yank_m *m, struct yank_g *g)
{
    for (;;) {
        uint32_t s = yank_read_status(g);

        if (YANK_BASE(s) == YANK_DEAD) {
            /* Abandoned: it was in our queue, or abandon found it aside. */
            atomic_store_explicit(&g->aside, 0, memory_order_relaxed);
            return YANK_EDEAD;
        }
        if (YANK_BASE(s) != YANK_RUNNABLE ||
            (g->pinned != NULL && g->pinned != m))
            return YANK_EINVAL;
        if (s & YANK_SCAN) {
            if (leave_aside(g))
                return YANK_EBUSY;
            continue;
        }
        YANK_STEP("take: not claimed");
        if (yank_try_run(m, g, YANK_RUNNABLE))
            break;
    }
    /* No bump: nobody waits for a G to begin to run. */
    yank_trace(m, g, YANK_TRACE_ON, 0);
    yank_g_in(m, g);
    yank_resumed(g); /* last: it brings back errno */
    return YANK_OK;
}

void yank_g_start(struct yank_g *g)
{
    yank_run_call(g); /* it may have been stopped before it began */
    g->entry(g->user);
    yank_panic("yank: the entry of a G returned");
}

int yank_m_take(struct yank_m *m, struct yank_g *g)
{
    if (m == NULL || m != yank_m_self() || !yank_g_valid(g) ||
        g->host == NULL || yank_m_curg(m) != NULL)
        return YANK_EINVAL;
    if (yank_is_fiber(g))
        return YANK_ENOTSUP;
    return take(m, g);
}

void yank_execute(struct yank_m *m, struct yank_g *g)
{
    if (m == NULL || m != yank_m_self() || yank_m_curg(m) != g ||
        yank_is_fiber(g))
        yank_panic("yank: yank_execute of a G that was not taken");
    yank_arch_execute(m, g);
}

void yank_g_leave(struct yank_m *m, struct yank_g *g, enum yank_leave how)
{
    static const uint32_t to[] = { YANK_WAITING, YANK_RUNNABLE, YANK_DEAD };

    yank_trace(m, g, YANK_TRACE_OFF, how); /* the same numbers */
    yank_g_out(m, g);
    yank_unbind(m, g);
    yank_cast_status(g, YANK_RUNNING, to[how]);
    if (how == YANK_LEAVE_RUNNABLE)
        yank_make_ready(g); /* nobody else has it in a queue */
}

int yank_mcall(yank_mcall_fn fn, void *arg)
{
    struct yank_m *m = yank_m_self();
    struct yank_g *g = m == NULL ? NULL : yank_m_curg(m);

    if (g == NULL || g->host == NULL)
        return YANK_ETHREAD;
    if (fn == NULL)
        return YANK_EINVAL;
    if (yank_is_fiber(g))
        return YANK_ENOTSUP;
    /* Relaxed, both: own. */
    if (atomic_load_explicit(&g->region_depth, memory_order_relaxed) != 0 ||
        g->inside)
        return YANK_EREGION;
    if (atomic_load_explicit(&g->holding, memory_order_relaxed) != 0)
        return YANK_EHOLDING;
    g->saved_errno = yank_os_errno();
    yank_unpin(m, g); /* a call: no thread-local's address is in flight */
    yank_arch_mcall(m, g, fn, arg);
    yank_run_call(g); /* m may be another one by now */
    return YANK_OK;
}

/* --- life ----------------------------------------------------------------*/

/* The hooks that this kind of host needs, and no others. */
static bool hooks_hold(const struct yank_host *h, bool entry)
{
    if (h == NULL || h->struct_size != sizeof *h || h->abandoned == NULL)
        return false;
    if (h->preempted != NULL)
        return h->ready == NULL && h->schedule == NULL && !entry;
    return h->ready != NULL && h->schedule != NULL && entry;
}

static bool stack_holds(const struct yank_stack *s, size_t hook_bytes)
{
    const size_t min = STACK_MIN + yank_os_stack_reserve_bytes;

    return ((s->lo | s->hi) & 15) == 0 && s->hi > s->lo &&
           s->hi - s->lo >= min && s->hi - s->lo - min >= hook_bytes;
}

int yank_g_init(struct yank_g *g, const struct yank_g_attr *a)
{
    size_t hook_bytes;

    if (!yank_is_ready())
        return YANK_EINIT;
    if (g == NULL || a == NULL || a->struct_size != sizeof *a ||
        !hooks_hold(a->host, a->entry != NULL))
        return YANK_EINVAL;
    if (!yank_stack_switch_supported)
        return YANK_ENOSYS;
    hook_bytes = a->host->preempted != NULL ? a->host->preempted_stack_bytes
                                            : 0;
    if (!stack_holds(&a->stack, hook_bytes))
        return YANK_ESTACK;
    yank_g_setup(g, a->stack.lo, a->stack.hi);
    g->host = a->host;
    g->entry = a->entry;
    g->user = a->user;
    g->migratable = a->migratable;
    if (yank_is_fiber(g)) {
        g->guard += hook_bytes + FIBER_STOP_BYTES;
        atomic_init(&g->poll_word, g->guard);
    } else {
        yank_arch_make_context(g);
    }
    return YANK_OK;
}

/* Nobody can run it any more but its host, who wants it gone. */
static bool has_ended(const struct yank_g *g, uint32_t s)
{
    return YANK_BASE(s) == YANK_IDLE ||
           (YANK_BASE(s) == YANK_WAITING && yank_is_fiber(g) && !g->inside);
}

int yank_g_fini(struct yank_g *g)
{
    if (!yank_g_valid(g) || g->host == NULL)
        return YANK_EINVAL;
    for (;;) {
        uint32_t ev = atomic_load_explicit(&g->event, memory_order_acquire);
        uint32_t s = yank_read_status(g);

        if (YANK_BASE(s) == YANK_DEAD)
            break;
        if (!has_ended(g, s))
            return YANK_EBUSY;
        if (s & YANK_SCAN)
            yank_wait_claim(g, s, ev, YANK_NO_DEADLINE);
        else if (yank_cas_status(g, s, YANK_DEAD))
            break;
    }
    yank_bump(g); /* requesters see Dead and go */
    yank_wait_zero(&g->visitors, YANK_NO_DEADLINE);
    yank_free_blocks(g->blocks); /* of stops that never went on */
    yank_code_left(g);
    g->magic = 0;
    return YANK_OK;
}

void *yank_g_user(const struct yank_g *g)
{
    return g->user;
}

struct yank_m *yank_g_pinned(const struct yank_g *g)
{
    return g->pinned;
}

struct yank_g *yank_m_curg(const struct yank_m *m)
{
    /* Relaxed: exact on its own thread, a hint elsewhere. */
    return atomic_load_explicit(&m->curg, memory_order_relaxed);
}
