/* Hosts with fibers and a switch of their own.  Their scheduler says which
 * fiber runs (yank_m_set_curg), and a stop makes the fiber itself call the
 * hook preempted, which switches away as if the fiber had asked for it.
 *
 * A fiber that is off its M is Waiting, stopped or not: there anybody can
 * claim it.  So a stop needs no status of its own, unless the hook does not
 * switch; then the fiber parks as a thread does.
 * Origin: go proc.go:execute, gopreempt_m; the hook is a host's Gosched. */
#include "core.h"

/* --- on and off an M, by the host's scheduler ----------------------------*/

static bool is_off(const struct yank_g *g, uint32_t s)
{
    /* inside: it is Waiting on its own thread, in a suspend. */
    return (YANK_BASE(s) == YANK_IDLE || YANK_BASE(s) == YANK_WAITING) &&
           !g->inside;
}

/* Back from its own switch it polls: there is a call to make. */
static void leave_word(struct yank_g *g)
{
    if (g->in_hook)
        return; /* the stop is not over; its end looks */
    yank_restore_poll_word(g);
    if (g->call_fn != NULL)
        yank_poison(g);
}

static int enter(struct yank_m *m, struct yank_g *g)
{
    for (;;) {
        /* Acquire: the event before the status and the asks. */
        uint32_t ev = atomic_load_explicit(&g->event, memory_order_acquire);
        uint32_t s = yank_read_status(g);

        YANK_STEP("set_curg: status read");
        if (YANK_BASE(s) == YANK_DEAD)
            return YANK_EDEAD;
        if (!is_off(g, s) || (g->pinned != NULL && g->pinned != m))
            return YANK_EINVAL;
        if (s & YANK_SCAN) {
            yank_wait_claim(g, s, ev, YANK_NO_DEADLINE);
            continue;
        }
        /* Who asked a Running fiber waits for it to be just as it is now: if
         * it went on at once, the asker could miss it for ever.
         * seq_cst: pairs with yank_withdraw(), which bumps. */
        if (atomic_load_explicit(&g->asks, memory_order_seq_cst) != 0) {
            yank_wait_event(g, ev, YANK_NO_DEADLINE);
            continue;
        }
        if (yank_try_run(m, g, s))
            break;
    }
    yank_trace(m, g, YANK_TRACE_ON, 0);
    yank_bump(g);
    leave_word(g);
    return YANK_OK;
}

static int check_enter(const struct yank_m *m, const struct yank_g *g)
{
    if (!yank_g_valid(g))
        return YANK_EINVAL;
    if (!yank_is_fiber(g))
        return YANK_ENOTSUP;
    if (yank_m_curg(m) != NULL)
        return YANK_EBUSY;
    /* Relaxed: own. */
    return atomic_load_explicit(&m->p, memory_order_relaxed) == NULL
               ? YANK_EINVAL
               : YANK_OK;
}

static int set_curg(struct yank_m *m, struct yank_g *g)
{
    int rc = check_enter(m, g);

    if (rc == YANK_OK)
        rc = yank_fiber_g0(m);
    if (rc != YANK_OK)
        return rc;
    yank_visit(g);
    rc = enter(m, g);
    yank_visit_end(g);
    return rc;
}

static int check_leave(const struct yank_g *g)
{
    if (g == NULL)
        return YANK_EINVAL;
    if (!yank_is_fiber(g))
        return YANK_ENOTSUP;
    /* Relaxed, both: own. */
    if (g->inside ||
        atomic_load_explicit(&g->region_depth, memory_order_relaxed) != 0)
        return YANK_EREGION;
    if (atomic_load_explicit(&g->holding, memory_order_relaxed) != 0)
        return YANK_EHOLDING;
    return YANK_OK;
}

static int leave(struct yank_m *m)
{
    struct yank_g *g = yank_m_curg(m);
    int rc = check_leave(g);

    if (rc != YANK_OK)
        return rc;
    if (g->in_hook)
        g->went = true;
    else if (g->blocks == NULL)
        /* A call, and below no interrupted frame.  (The fiber's SP is the
         * host's affair, so a frame that a longjmp left still counts.) */
        g->pinned = NULL;
    g->sp = 0; /* and so is where it goes on */
    yank_trace(m, g, YANK_TRACE_OFF,
               g->in_hook ? YANK_TRACE_OFF_YIELDS : YANK_TRACE_OFF_WAITS);
    yank_unbind(m, g);
    yank_cast_status(g, YANK_RUNNING, YANK_WAITING);
    return YANK_OK;
}

int yank_m_set_curg(struct yank_m *m, struct yank_g *g)
{
    if (!yank_is_ready())
        return YANK_EINIT;
    if (m == NULL || m != yank_m_self())
        return YANK_EINVAL;
    return g != NULL ? set_curg(m, g) : leave(m);
}

/* --- the stop, on the fiber's own stack ----------------------------------*/

/* The stub looks at call_fn and at nothing else. */
static void no_call(void *arg)
{
    (void)arg;
}

void yank_fiber_stop_here(struct yank_g *g)
{
    g->stop_here = true;
    if (g->call_fn == NULL)
        g->call_fn = no_call;
}

/* False: it did not switch. */
static bool run_hook(struct yank_g *g)
{
    g->went = false;
    g->in_hook = true;
    atomic_signal_fence(memory_order_seq_cst); /* our handler reads it */
    g->host->preempted(g->host->ctx, g);
    atomic_signal_fence(memory_order_seq_cst);
    g->in_hook = false;
    return g->went;
}

/* It keeps its M: the yield is forgotten, and for a suspender the thread
 * waits. */
static void stay(struct yank_m *m, struct yank_g *g)
{
    /* seq_cst: as in stop(), preempt.c. */
    if (atomic_load_explicit(&g->asks, memory_order_seq_cst) != 0)
        yank_park_in_place(m, g);
    yank_start_slice(m, g);
}

void yank_stop_fiber(struct yank_g *g)
{
    /* Each turn may end on another M. */
    while (yank_want_async_preempt(yank_m_self(), g))
        if (!run_hook(g))
            stay(yank_m_self(), g);
    yank_resumed(g);
}

void yank_run_fiber_stop(struct yank_g *g)
{
    g->stop_here = false;
    if (g->call_fn == no_call)
        g->call_fn = NULL; /* a suspender may leave another */
    yank_stop_fiber(g);
}
