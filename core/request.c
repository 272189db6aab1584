/* Asking a Running G for a stop or a yield: what the requester does up to the
 * kick, and how it takes the ask back.  The order of the steps is the
 * protocol; docs/design.md gives the interleaving behind each.
 * Origin: go@62e53b79 preempt.go:suspendG, case _Grunning. */
#include "core.h"

#define BACKOFF_MIN_NS 20000
#define BACKOFF_MAX_NS 1000000
#define BACKOFF_STUCK_NS 10000000 /* same PC and SP again and again */
#define SAME_PLACE_LIMIT 8
#define SWITCHED_OFF_NS 10000000 /* between looks while kicks are off */
#define INJECTED_CHECK 4 /* kick deadlines until a stop on its way is doubted */

void yank_asker_init(struct yank_asker *a)
{
    *a = (struct yank_asker){
        .began_ns = yank_now_ns(),
        .kick_wait_ns = yank_rt.kick_deadline_ns,
        .backoff_ns = BACKOFF_MIN_NS,
    };
    a->random = (uint64_t)(uintptr_t)a ^ (uint64_t)a->began_ns;
}

/* xorshift64*: retries must not beat in time with the loop they hit. */
int64_t yank_asker_random(struct yank_asker *a, int64_t limit)
{
    uint64_t x = a->random | 1;

    x ^= x >> 12;
    x ^= x << 25;
    x ^= x >> 27;
    a->random = x;
    return (int64_t)((x * 0x2545f4914f6cdd1dull >> 33) % (uint64_t)limit);
}

/* --- the SCAN window -------------------------------------------------------
 * Counted, so that fork can keep everyone out of it. */

static void window_enter(void)
{
    for (;;) {
        /* seq_cst, both: a store-load pair with yank_fork_prepare(). */
        atomic_fetch_add_explicit(&yank_rt.in_window, 1,
                                  memory_order_seq_cst);
        if (!atomic_load_explicit(&yank_rt.gate, memory_order_seq_cst))
            return;
        yank_count_down(&yank_rt.in_window);
        yank_os_wait(&yank_rt.gate, 1, YANK_NO_DEADLINE);
    }
}

/* --- sending -------------------------------------------------------------*/

static bool kicks_allowed(const struct yank_g *g)
{
    /* Relaxed: a switch, not a message. */
    return yank_rt.async &&
           !atomic_load_explicit(&yank_rt.async_off, memory_order_relaxed) &&
           !atomic_load_explicit(&g->async_off, memory_order_relaxed);
}

static uint32_t new_ticket(struct yank_m *m)
{
    uint32_t t;

    do /* Relaxed: only has to differ from those in use. */
        t = 1 + atomic_fetch_add_explicit(&m->tickets, 1,
                                          memory_order_relaxed);
    while (t == 0);
    return t;
}

static void take_ticket_back(struct yank_m *m, struct yank_g *g, uint32_t t)
{
    /* seq_cst: pairs with blocking_enter, which waits for 0.  Fails when the
     * handler was faster or another sender replaced the ticket. */
    atomic_compare_exchange_strong_explicit(&m->signal_pending, &t, 0,
                                            memory_order_seq_cst,
                                            memory_order_seq_cst);
    yank_bump(g);
}

enum sent { SENT, ON_ITS_WAY, NEEDLESS, FAILED };

/* Kick m for g, unless a kick is on its way already; force: even then, since
 * it may be lost.  The caller counts in m->kickers. */
static enum sent send_kick(struct yank_m *m, struct yank_g *g, bool force)
{
    uint32_t ticket = new_ticket(m), none = 0;

    /* seq_cst, also where it fails and so is only a load: the ask before it
     * and the handler's clear-then-test are a store-load pair. */
    if (force)
        atomic_exchange_explicit(&m->signal_pending, ticket,
                                 memory_order_seq_cst);
    else if (!atomic_compare_exchange_strong_explicit(
                 &m->signal_pending, &none, ticket, memory_order_seq_cst,
                 memory_order_seq_cst))
        return ON_ITS_WAY;
    YANK_STEP("send: ticket taken");

    /* Read again: a G that has entered a blocking region meanwhile saw either
     * our count in kickers or gets no kick, and so no EINTR. */
    if (YANK_BASE(yank_read_status(g)) != YANK_RUNNING) {
        take_ticket_back(m, g, ticket);
        return NEEDLESS;
    }
    YANK_STEP("send: status read again");
    int64_t sent_ns = yank_trace_now(); /* before its answer */
    if (yank_preempt_m(m) != YANK_OK) {
        /* Relaxed: a statistic. */
        atomic_fetch_add_explicit(&yank_rt.kicks_failed, 1,
                                  memory_order_relaxed);
        take_ticket_back(m, g, ticket);
        return FAILED;
    }
    atomic_fetch_add_explicit(
        force ? &yank_rt.kicks_resent : &yank_rt.kicks_sent, 1,
        memory_order_relaxed);
    yank_trace_kick(m, g, sent_ns);
    return SENT;
}

/* --- one round -----------------------------------------------------------*/

static void learn(int64_t ns)
{
    /* Relaxed, and a lost update is fine: a hint for how long to spin. */
    int64_t old = atomic_load_explicit(&yank_rt.answer_ns,
                                       memory_order_relaxed);

    if (ns > INT32_MAX / 2)
        ns = INT32_MAX / 2;
    atomic_store_explicit(&yank_rt.answer_ns,
                          (uint32_t)(old + (ns - old) / 8),
                          memory_order_relaxed);
}

/* The answer to our kick is there: what did it say? */
static void take_answer(struct yank_asker *a, struct yank_m *m, int64_t now)
{
    /* Relaxed, all three: published by the release on preempt_gen, whose
     * acquire we have made. */
    uintptr_t pc = atomic_load_explicit(&m->answer_pc, memory_order_relaxed);
    uintptr_t sp = atomic_load_explicit(&m->answer_sp, memory_order_relaxed);

    a->outcome = (enum yank_outcome)atomic_load_explicit(
        &m->outcome, memory_order_relaxed);
    learn(now - a->sent_ns);
    a->kicked = false;
    a->kick_wait_ns = yank_rt.kick_deadline_ns;
    if (a->outcome < YANK_REFUSED_OFF)
        return;

    a->same_place = pc == a->pc && sp == a->sp ? a->same_place + 1 : 1;
    a->pc = pc;
    a->sp = sp;
    a->stuck = a->same_place == SAME_PLACE_LIMIT;
    int64_t d = a->same_place >= SAME_PLACE_LIMIT ? BACKOFF_STUCK_NS
                                                  : a->backoff_ns;
    a->retry_ns = now + yank_asker_random(a, d);
    if (a->backoff_ns < BACKOFF_MAX_NS)
        a->backoff_ns *= 2;
}

/* What was read of g and its M while the claim froze their binding. */
struct look {
    struct yank_m *m;
    uint64_t m_id;
    uint32_t gen;
    bool injected, deferred;
};

/* A stop is on its way: wait for it.  Kicks sent meanwhile would keep the
 * target at the stub's first instruction.  Only after long is one sent to see
 * whether a foreign longjmp took the G away from the stub. */
static int64_t wait_injected(struct yank_g *g, struct yank_asker *a,
                             const struct look *k, int64_t now)
{
    int64_t doubt = INJECTED_CHECK * yank_rt.kick_deadline_ns;

    if (a->injected_ns == 0)
        a->injected_ns = now;
    if (now - a->injected_ns >= doubt && kicks_allowed(g)) {
        send_kick(k->m, g, true);
        a->injected_ns = now;
    }
    return a->injected_ns + doubt;
}

static int64_t kick(struct yank_g *g, struct yank_asker *a,
                    const struct look *k, int64_t now)
{
    bool outstanding = a->kicked && a->m_id == k->m_id && a->gen == k->gen;

    if (!yank_rt.async)
        return YANK_NO_DEADLINE; /* a poll will answer */
    if (!kicks_allowed(g))
        return now + SWITCHED_OFF_NS; /* a poll, or the switch */
    if (outstanding && now < a->sent_ns + a->kick_wait_ns)
        return a->sent_ns + a->kick_wait_ns;
    if (outstanding)
        a->kick_wait_ns *= 2; /* lost, or the target does not run */
    a->kicked = false;
    switch (send_kick(k->m, g, outstanding)) {
    case SENT:
    case ON_ITS_WAY:
        a->kicked = true;
        a->m_id = k->m_id;
        a->gen = k->gen;
        a->sent_ns = now;
        return now + a->kick_wait_ns;
    case NEEDLESS:
        return now; /* its status changed: look again */
    case FAILED:
        break;
    }
    a->retry_ns = now + 1 + yank_asker_random(a, a->backoff_ns);
    return a->retry_ns;
}

static int64_t next_step(struct yank_g *g, struct yank_asker *a,
                         const struct look *k)
{
    int64_t now = yank_now_ns();

    if (a->kicked && a->m_id == k->m_id && a->gen != k->gen)
        take_answer(a, k->m, now);
    if (k->injected)
        return wait_injected(g, a, k, now);
    a->injected_ns = 0;
    if (k->deferred)
        return YANK_NO_DEADLINE; /* it stops at the end of its region */
    if (now < a->retry_ns)
        return a->retry_ns;
    return kick(g, a, k, now);
}

int64_t yank_ask(struct yank_g *g, struct yank_asker *a)
{
    struct look k;

    window_enter();
    if (!yank_claim(g, YANK_RUNNING)) {
        yank_count_down(&yank_rt.in_window);
        return 0; /* not Running, or claimed: the caller looks again */
    }
    YANK_STEP("ask: claimed");
    if (!a->asked) {
        a->asked = true;
        /* seq_cst: before the reads of injected and region_pending below, and
         * before the kick; pairs with the park, with yank_preempt_enable()
         * and with the handler, which read asks after they cleared theirs. */
        atomic_fetch_add_explicit(&g->asks, 1, memory_order_seq_cst);
    }
    yank_poison(g);
    /* Relaxed: the claim freezes it. */
    k.m = atomic_load_explicit(&g->m, memory_order_relaxed);
    if (k.m != NULL) {
        /* seq_cst: pairs with blocking_enter and detach, which change the
         * status and then wait for 0. */
        atomic_fetch_add_explicit(&k.m->kickers, 1, memory_order_seq_cst);
        k.m_id = a->on_m_id = k.m->id;
        /* Acquire: pairs with the release in yank_do_sig_preempt(). */
        k.gen = atomic_load_explicit(&k.m->preempt_gen, memory_order_acquire);
        k.injected = atomic_load_explicit(&g->injected, memory_order_seq_cst);
        k.deferred = atomic_load_explicit(&g->region_pending,
                                          memory_order_seq_cst);
    }
    yank_drop_claim(g); /* before the send: a synchronous kick would always
                         * find the target waiting for it */
    yank_count_down(&yank_rt.in_window);
    YANK_STEP("ask: claim dropped");
    if (k.m == NULL)
        /* About to leave Running, which bumps; or a park that runs on, which
         * looks at asks again: if not at ours, we ask again. */
        return yank_now_ns() + yank_rt.kick_deadline_ns;

    int64_t again = next_step(g, a, &k);
    yank_count_down(&k.m->kickers);
    /* Only now: the log may want a lock of whoever waits for kickers. */
    if (a->stuck)
        yank_report_stuck(g, a);
    a->stuck = false;
    return again;
}

void yank_withdraw(struct yank_g *g, struct yank_asker *a)
{
    if (!a->asked)
        return;
    a->asked = false;
    /* seq_cst: pairs with the re-reads of asks in the park and in resume; one
     * of us sees that nobody wants the stop any more. */
    if (atomic_fetch_sub_explicit(&g->asks, 1, memory_order_seq_cst) != 1)
        return;
    YANK_STEP("withdraw: last ask gone");
    bool parked = yank_cas_status(g, YANK_PREEMPTED, YANK_RUNNABLE);
    if (parked || yank_is_fiber(g)) /* set_curg waits until nobody asks */
        yank_bump(g);
    if (parked)
        yank_make_ready(g);
}

/* --- yield requests: fire and forget -------------------------------------*/

int yank_ask_yield(struct yank_g *g)
{
    for (;;) {
        /* Acquire: the event before the status it speaks of. */
        uint32_t ev = atomic_load_explicit(&g->event, memory_order_acquire);
        uint32_t s = yank_read_status(g);

        if (YANK_BASE(s) == YANK_DEAD)
            return YANK_EDEAD;
        if (YANK_BASE(s) != YANK_RUNNING)
            return YANK_EINVAL;
        window_enter();
        if (yank_claim(g, YANK_RUNNING))
            break;
        yank_count_down(&yank_rt.in_window);
        if (s & YANK_SCAN)
            yank_wait_claim(g, s, ev, YANK_NO_DEADLINE);
    }
    /* seq_cst: as asks in yank_ask(). */
    atomic_store_explicit(&g->yield, 1, memory_order_seq_cst);
    yank_poison(g);
    /* Relaxed: the claim freezes it. */
    struct yank_m *m = atomic_load_explicit(&g->m, memory_order_relaxed);
    if (m != NULL)
        atomic_fetch_add_explicit(&m->kickers, 1, memory_order_seq_cst);
    yank_drop_claim(g);
    yank_count_down(&yank_rt.in_window);
    if (m == NULL)
        return YANK_OK;
    if (kicks_allowed(g) && m != yank_m_self()) /* a poll will do for us */
        send_kick(m, g, false);
    yank_count_down(&m->kickers);
    return YANK_OK;
}

int yank_preempt_g(struct yank_g *g)
{
    int rc;

    if (!yank_is_ready())
        return YANK_EINIT;
    if (!yank_g_valid(g))
        return YANK_EINVAL;
    if (g->host == NULL)
        return YANK_ENOTSUP;
    yank_visit(g);
    rc = yank_ask_yield(g);
    yank_visit_end(g);
    return rc;
}

/* Counted in m->kickers, so p and g stay.  A wrong hit is a needless yield.
 * seq_cst, both loads: pairs with yank_unbind() and yank_m_release_p(). */
static int preempt_one(struct yank_m *m)
{
    struct yank_p *p = atomic_load_explicit(&m->p, memory_order_seq_cst);
    struct yank_g *g = atomic_load_explicit(&m->curg, memory_order_seq_cst);

    if (p == NULL || g == NULL)
        return YANK_EINVAL;
    /* seq_cst: as asks in yank_ask(). */
    atomic_store_explicit(&p->yield, 1, memory_order_seq_cst);
    yank_poison(g);
    if (kicks_allowed(g) && m != yank_m_self()) /* a poll will do for us */
        send_kick(m, g, false);
    return yank_rt.async ? YANK_OK : YANK_ENOSYS;
}

int yank_preempt_one(struct yank_m *m)
{
    if (!yank_is_ready())
        return YANK_EINIT;
    if (m == NULL || m->magic != YANK_M_MAGIC)
        return YANK_EINVAL;
    if (m->thread != NULL)
        return YANK_ENOTSUP;
    atomic_fetch_add_explicit(&m->kickers, 1, memory_order_seq_cst);
    int rc = preempt_one(m);
    yank_count_down(&m->kickers);
    return rc;
}
