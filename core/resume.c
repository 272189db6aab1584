/* Letting go of a stop: resume it, give it a call to make, or end it.
 * Origin: go@62e53b79 preempt.go:resumeG. */
#include "core.h"

/* Owned and Preempted: the next asker takes it, or it runs. */
static void release_preempted(struct yank_g *g)
{
    /* seq_cst, here and below: pairs with yank_withdraw(). */
    if (atomic_load_explicit(&g->asks, memory_order_seq_cst) == 0) {
        atomic_store_explicit(&g->yield, 0, memory_order_relaxed);
        /* Nobody else changes a claimed Preempted G. */
        atomic_store_explicit(&g->status, YANK_RUNNABLE, memory_order_seq_cst);
        yank_bump(g);
        yank_make_ready(g);
        return;
    }
    YANK_STEP("resume: asks seen");
    yank_drop_claim(g);
    yank_bump(g);
    YANK_STEP("resume: claim dropped");
    if (atomic_load_explicit(&g->asks, memory_order_seq_cst) == 0 &&
        yank_cas_status(g, YANK_PREEMPTED, YANK_RUNNABLE)) {
        yank_bump(g);
        yank_make_ready(g);
    }
}

static void drop(struct yank_g *g)
{
    if (YANK_BASE(yank_read_status(g)) == YANK_PREEMPTED) {
        release_preempted(g);
        return;
    }
    yank_drop_claim(g);
    yank_bump(g);
    YANK_STEP("resume: claim dropped");
    yank_ready_if_aside(g);
}

/* The one that gets past here may let go of the stop. */
static int redeem(struct yank_stop *stop)
{
    uint64_t serial = stop->serial;

    if ((serial & 1) == 0)
        return YANK_ERESUMED;
    /* Acquire, release: what the holder saw and wrote is between the claim
     * and its end, whichever thread resumes. */
    if (!atomic_compare_exchange_strong_explicit(
            &stop->g->stop_serial, &serial, serial + 1, memory_order_acq_rel,
            memory_order_relaxed))
        return YANK_ERESUMED;
    yank_trace_held(stop->g, NULL);
    return YANK_OK;
}

static void no_longer_holding(struct yank_stop *stop)
{
    struct yank_g *holder = stop->holder;

    *stop = (struct yank_stop){ 0 };
    if (holder == NULL)
        return;
    /* Relaxed: see fill(). */
    atomic_fetch_sub_explicit(&holder->holding, 1, memory_order_relaxed);
    /* A stop asked while we held ours was refused: it happens now. */
    if (holder == yank_g_self())
        yank_poll(holder);
}

static int check_stop(const struct yank_stop *stop)
{
    if (!yank_is_ready())
        return YANK_EINIT;
    if (stop == NULL)
        return YANK_EINVAL;
    return stop->g == NULL ? YANK_ERESUMED : YANK_OK;
}

int yank_resume_g(struct yank_stop *stop)
{
    return yank_resume_call(stop, NULL, NULL);
}

int yank_resume_call(struct yank_stop *stop, void (*fn)(void *), void *arg)
{
    int rc = check_stop(stop);
    struct yank_g *g;

    if (rc != YANK_OK)
        return rc;
    g = stop->g;
    yank_visit(g);
    if (fn != NULL && g->call_fn != NULL)
        rc = YANK_EBUSY;
    else
        rc = redeem(stop);
    if (rc == YANK_OK) {
        if (fn != NULL) {
            g->call_arg = arg;
            g->call_fn = fn;
        }
        drop(g);
    }
    yank_visit_end(g);
    if (rc == YANK_OK)
        no_longer_holding(stop);
    return rc;
}

static int can_abandon(const struct yank_g *g)
{
    if (g->host == NULL)
        return YANK_ENOTSUP;
    /* inside: also a fiber whose hook did not switch.  All others that can be
     * claimed have their context saved; g->m says nothing, since
     * yank_m_take() binds before it wins. */
    return g->inside ? YANK_EBUSY : YANK_OK;
}

static void abandon(struct yank_g *g)
{
    const struct yank_host *host = g->host;
    /* seq_cst: with aside a store-load pair against yank_m_take(). */
    uint32_t s = atomic_exchange_explicit(&g->status, YANK_DEAD,
                                          memory_order_seq_cst);
    bool queued = YANK_BASE(s) == YANK_RUNNABLE &&
                  atomic_exchange_explicit(&g->aside, 0,
                                           memory_order_seq_cst) == 0;

    yank_bump(g);
    yank_free_blocks(g->blocks);
    g->blocks = NULL;
    g->call_fn = NULL;
    yank_code_left(g);
    host->abandoned(host->ctx, g, queued);
}

int yank_abandon_g(struct yank_stop *stop)
{
    int rc = check_stop(stop);
    struct yank_g *g;

    if (rc != YANK_OK)
        return rc;
    g = stop->g;
    yank_visit(g);
    if ((rc = can_abandon(g)) == YANK_OK && (rc = redeem(stop)) == YANK_OK)
        abandon(g);
    yank_visit_end(g);
    if (rc == YANK_OK)
        no_longer_holding(stop);
    return rc;
}

bool yank_is_shrink_stack_safe(const struct yank_stop *stop)
{
    return stop != NULL && stop->g != NULL && !stop->g->async_safe_point &&
           !stop->g->inside;
}

void yank_give_back(struct yank_stop *stop)
{
    struct yank_g *g = stop->g;

    if (g == NULL)
        return;
    if (stop->holder != NULL)
        /* Relaxed: see fill() in suspend.c. */
        atomic_fetch_sub_explicit(&stop->holder->holding, 1,
                                  memory_order_relaxed);
    yank_visit(g);
    redeem(stop);
    *stop = (struct yank_stop){ 0 };
    drop(g);
    yank_visit_end(g);
}
