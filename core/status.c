/* The status word of a G, the claim on it, and the event word on which
 * everyone waits for either.  No loop here yields: it spins a little and then
 * sleeps on a word. */
#include "core.h"

/* Longest spin before a sleep: past this the other side is not running. */
#define SPIN_MAX_NS 50000

bool yank_g_valid(const struct yank_g *g)
{
    return g != NULL && g->magic == YANK_G_MAGIC;
}

bool yank_cas_status(struct yank_g *g, uint32_t from, uint32_t to)
{
    /* seq_cst: a status change is one half of several store-load pairs
     * (asks in the park, kickers and signal_pending in blocking_enter, aside
     * in the scheduler). */
    return atomic_compare_exchange_strong_explicit(
        &g->status, &from, to, memory_order_seq_cst, memory_order_seq_cst);
}

YANK_NO_TSAN /* the handler runs it */
void yank_bump(struct yank_g *g)
{
    /* seq_cst: with the load of sleepers a store-load pair against
     * yank_wait_event(), which counts itself and then reads the event. */
    atomic_fetch_add_explicit(&g->event, 1, memory_order_seq_cst);
    if (atomic_load_explicit(&g->sleepers, memory_order_seq_cst) != 0)
        yank_os_wake(&g->event);
}

static int64_t spin_ns(void)
{
    /* Relaxed: a hint. */
    int64_t learnt = (int64_t)atomic_load_explicit(&yank_rt.answer_ns,
                                                   memory_order_relaxed);
    int64_t ns = learnt * 5 / 2;

    if (yank_rt.processors == 1)
        return 0; /* what we wait for cannot happen while we spin */
    return ns < SPIN_MAX_NS ? ns : SPIN_MAX_NS;
}

void yank_wait_event(struct yank_g *g, uint32_t ev, int64_t deadline_ns)
{
    int64_t spin = spin_ns(), end = 0;

    if (spin > 0)
        end = yank_now_ns() + spin;
    while (end != 0) {
        /* Acquire: pairs with yank_bump(). */
        if (atomic_load_explicit(&g->event, memory_order_acquire) != ev)
            return;
        yank_arch_pause();
        if (yank_now_ns() >= end)
            end = 0;
    }
    /* seq_cst: pairs with yank_bump(). */
    atomic_fetch_add_explicit(&g->sleepers, 1, memory_order_seq_cst);
    YANK_STEP("wait: counted as sleeper");
    if (atomic_load_explicit(&g->event, memory_order_seq_cst) == ev)
        yank_os_wait(&g->event, ev, deadline_ns);
    /* Relaxed: one wake too many is harmless. */
    atomic_fetch_sub_explicit(&g->sleepers, 1, memory_order_relaxed);
}

void yank_wait_claim(struct yank_g *g, uint32_t s, uint32_t ev,
                     int64_t deadline_ns)
{
    /* The holder bumps the event only for those who say that they wait: else
     * two requesters would wake each other by asking. */
    if ((s & YANK_WAITED) != 0 || yank_cas_status(g, s, s | YANK_WAITED))
        yank_wait_event(g, ev, deadline_ns);
}

void yank_cast_status(struct yank_g *g, uint32_t from, uint32_t to)
{
    yank_visit(g); /* once published it may run, end and go without us */
    for (;;) {
        /* Acquire: the event before the status it speaks of. */
        uint32_t ev = atomic_load_explicit(&g->event, memory_order_acquire);
        uint32_t s = yank_read_status(g);

        YANK_STEP("cast: status read");
        if (YANK_BASE(s) != from)
            yank_panic("yank: a G changed status behind its own back");
        if (s & YANK_SCAN)
            yank_wait_claim(g, s, ev, YANK_NO_DEADLINE);
        else if (yank_cas_status(g, from, to))
            break;
    }
    /* seq_cst, after the status: who waits for it visits first and then reads
     * it (yank_visit()).  Nobody but us: nobody sleeps. */
    if (atomic_load_explicit(&g->visitors, memory_order_seq_cst) != 1)
        yank_bump(g);
    yank_visit_end(g);
}

bool yank_claim(struct yank_g *g, uint32_t s)
{
    return yank_cas_status(g, s, s | YANK_SCAN);
}

uint32_t yank_drop_claim(struct yank_g *g)
{
    /* seq_cst: pairs with aside, and with the status reads of the G itself. */
    uint32_t s = atomic_fetch_and_explicit(
        &g->status, ~(uint32_t)(YANK_SCAN | YANK_WAITED),
        memory_order_seq_cst);

    if (s & YANK_WAITED)
        yank_bump(g);
    return YANK_BASE(s);
}

/* --- counts of those who may still touch an object ---------------------- */

#define SLEEPER YANK_SLEEPER

void yank_count_down(_Atomic uint32_t *count)
{
    /* Release: all we did to the object is before its end; pairs with the
     * acquire below.  After this only the address is used. */
    if (atomic_fetch_sub_explicit(count, 1, memory_order_release) ==
        (SLEEPER | 1))
        yank_os_wake(count);
}

bool yank_wait_zero(_Atomic uint32_t *count, int64_t deadline_ns)
{
    for (;;) {
        /* seq_cst: blocking_enter reads kickers after its status (Dekker);
         * the acquire half pairs with yank_count_down(). */
        uint32_t n = atomic_load_explicit(count, memory_order_seq_cst);

        if ((n & ~SLEEPER) == 0 || yank_now_ns() >= deadline_ns) {
            /* Relaxed: only we set the bit. */
            if (n & SLEEPER)
                atomic_fetch_and_explicit(count, ~SLEEPER,
                                          memory_order_relaxed);
            return (n & ~SLEEPER) == 0;
        }
        YANK_STEP("wait_zero: not yet");
        if ((n & SLEEPER) == 0)
            atomic_fetch_or_explicit(count, SLEEPER, memory_order_relaxed);
        else
            yank_os_wait(count, n, deadline_ns);
    }
}

void yank_visit(struct yank_g *g)
{
    /* seq_cst: with the read of the status a store-load pair against
     * yank_cast_status(), which wakes nobody where nobody visits. */
    atomic_fetch_add_explicit(&g->visitors, 1, memory_order_seq_cst);
}

void yank_visit_end(struct yank_g *g)
{
    yank_count_down(&g->visitors);
}
