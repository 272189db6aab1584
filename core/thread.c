/* Attaching and detaching: an OS thread becomes an M, in threads mode with a
 * G bound to it, in host mode without, and with a P where it asks for one.
 * Detach returns when no requester and no handler can still touch it: the
 * status says Dead, then the id is unpublished, then the counts drain. */
#include "core.h"

#define G0_BYTES (64 * 1024)

static int m_setup(struct yank_m *m, const char *name)
{
    *m = (struct yank_m){ 0 };
    m->id = yank_new_id();
    m->name = name;
    m->magic = YANK_M_MAGIC;
    yank_refill_block(m);
    return yank_push_call_supported && m->spare == NULL ? YANK_ENOMEM
                                                        : YANK_OK;
}

static void free_stack(const struct yank_stack_bounds *bounds)
{
    struct yank_stack s = { bounds->lo, bounds->hi };

    yank_os_stack_free(&s);
}

static void m_teardown(struct yank_m *m)
{
    yank_free_blocks(m->spare);
    yank_free_blocks(m->cache);
    if (m->own_g0)
        free_stack(&m->g0);
    if (m->fiber_g0.hi != 0)
        free_stack(&m->fiber_g0);
    m->magic = 0;
}

/* From here on the M can be kicked; publishing itself is the last step. */
static int m_publish(struct yank_m *m, const struct yank_stack *sigstack)
{
    int rc;

    yank_registry_add(m);
    rc = yank_os_m_init(m, sigstack->hi != 0 ? sigstack : NULL);
    if (rc != YANK_OK) {
        yank_registry_remove(m);
        m_teardown(m);
    }
    return rc;
}

static void m_unpublish(struct yank_m *m)
{
    /* seq_cst: before the wait; a sender counts itself and then reads it. */
    atomic_store_explicit(&m->os_id, 0, memory_order_seq_cst);
    YANK_STEP("detach: id unpublished");
    yank_monitor_forget(m); /* it is a kicker, too */
    yank_wait_zero(&m->kickers, YANK_NO_DEADLINE);
    yank_os_m_fini(m);
    /* One last answer.  Relaxed: nobody reads them who has not seen Dead. */
    atomic_store_explicit(&m->signal_pending, 0, memory_order_relaxed);
    atomic_fetch_add_explicit(&m->preempt_gen, 1, memory_order_relaxed);
    yank_registry_remove(m);
    yank_fold_counters(m);
    m_teardown(m);
}

/* An M that has left the registry is not done: until the end of its detach
 * yank_fini(), which takes the blocks' memory away, finds a user. */
static void detach_begin(void)
{
    /* Relaxed: who sees the registry without the M sees this, by its lock. */
    atomic_fetch_add_explicit(&yank_rt.leaving, 1, memory_order_relaxed);
}

static void detach_end(void)
{
    /* Release: pairs with the acquire in yank_fini(). */
    atomic_fetch_sub_explicit(&yank_rt.leaving, 1, memory_order_release);
}

static bool holds_this_frame(const struct yank_stack *s)
{
    struct yank_call_saved here;

    yank_arch_call_saved(&here);
    return s->lo < s->hi && here.sp >= s->lo && here.sp < s->hi;
}

static int this_stack(const struct yank_stack *given, struct yank_stack *out)
{
    *out = *given;
    if (out->hi == 0 && out->lo == 0) {
        int rc = yank_os_thread_stack(out);

        if (rc != YANK_OK)
            return rc;
    }
    return holds_this_frame(out) ? YANK_OK : YANK_ESTACK;
}

/* Where functions on a g0 that we allocated start. */
static uintptr_t g0_top(const struct yank_stack_bounds *g0)
{
    return g0->hi & ~(uintptr_t)63;
}

static int new_g0(struct yank_stack_bounds *out)
{
    struct yank_stack g0;
    int rc = yank_os_stack_alloc(G0_BYTES, &g0);

    if (rc == YANK_OK)
        *out = (struct yank_stack_bounds){ g0.lo, g0.hi };
    return rc;
}

/* --- threads mode --------------------------------------------------------*/

static int own_g0(struct yank_m *m)
{
    int rc;

    if (!yank_stack_switch_supported)
        return YANK_OK; /* functions for g0 run on the G's stack */
    if ((rc = new_g0(&m->g0)) != YANK_OK)
        return rc;
    m->own_g0 = true;
    m->g0_sp = g0_top(&m->g0);
    m->os_g0 = yank_os_stack_of(m->g0.lo, m->g0.hi);
    return YANK_OK;
}

static int thread_setup(struct yank_thread *t, const struct yank_stack *stack,
                        const char *name)
{
    struct yank_m *m = &t->m;
    struct yank_g *g = &t->g;
    int rc = m_setup(m, name);

    if (rc == YANK_OK)
        rc = own_g0(m);
    if (rc != YANK_OK) {
        m_teardown(m);
        return rc;
    }
    t->p = (struct yank_p){ .opaque = { 0 } };
    yank_g_setup(g, stack->lo, stack->hi);
    g->name = name;
    m->thread = t;
    /* Relaxed, all: nobody else knows them yet. */
    atomic_store_explicit(&m->p, &t->p, memory_order_relaxed);
    atomic_store_explicit(&t->p.m, m, memory_order_relaxed);
    atomic_store_explicit(&g->m, m, memory_order_relaxed);
    atomic_store_explicit(&m->curg, g, memory_order_relaxed);
    atomic_store_explicit(&g->status, YANK_RUNNING, memory_order_relaxed);
    return YANK_OK;
}

int yank_thread_attach(struct yank_thread *t,
                       const struct yank_thread_attr *attr)
{
    struct yank_thread_attr a = { .struct_size = sizeof a };
    struct yank_stack stack;
    int rc;

    if (!yank_is_ready())
        return YANK_EINIT;
    if (attr != NULL)
        a = *attr;
    if (t == NULL || a.struct_size != sizeof a)
        return YANK_EINVAL;
    if (yank_m_self() != NULL)
        return YANK_EATTACHED;
    if ((rc = this_stack(&a.stack, &stack)) != YANK_OK)
        return rc;
    if ((rc = thread_setup(t, &stack, a.name)) != YANK_OK)
        return rc;
    if ((rc = m_publish(&t->m, &a.sigstack)) != YANK_OK)
        t->g.magic = 0; /* nobody can name it */
    else
        yank_trace(&t->m, &t->g, YANK_TRACE_ON, 0);
    return rc;
}

int yank_thread_detach(struct yank_thread *t)
{
    struct yank_g *g;

    if (!yank_is_ready())
        return YANK_EINIT;
    if (t == NULL || yank_thread_self() != t)
        return YANK_ETHREAD;
    g = &t->g;
    /* Relaxed, both: own. */
    if (g->inside ||
        atomic_load_explicit(&g->region_depth, memory_order_relaxed) != 0)
        return YANK_EREGION;
    if (atomic_load_explicit(&g->holding, memory_order_relaxed) != 0)
        return YANK_EHOLDING;
    yank_trace(&t->m, g, YANK_TRACE_OFF, YANK_TRACE_OFF_ENDS);
    yank_cast_status(g, YANK_RUNNING, YANK_DEAD);
    YANK_STEP("detach: dead");
    detach_begin();
    m_unpublish(&t->m);
    yank_wait_zero(&g->visitors, YANK_NO_DEADLINE);
    yank_free_blocks(g->blocks); /* of stops that a longjmp left */
    yank_code_left(g);
    g->magic = 0;
    detach_end();
    return YANK_OK;
}

struct yank_thread *yank_thread_self(void)
{
    struct yank_m *m = yank_m_self();

    return m == NULL ? NULL : m->thread;
}

/* --- host mode -----------------------------------------------------------*/

int yank_fiber_g0(struct yank_m *m)
{
    int rc = m->fiber_g0.hi != 0 ? YANK_OK : new_g0(&m->fiber_g0);

    if (rc != YANK_OK)
        return rc;
    /* yank_execute() moves both. */
    m->g0_sp = g0_top(&m->fiber_g0);
    m->os_g0 = yank_os_stack_of(m->fiber_g0.lo, m->fiber_g0.hi);
    return YANK_OK;
}

int yank_m_attach(struct yank_m *m, const struct yank_m_attr *attr)
{
    struct yank_m_attr a = { .struct_size = sizeof a };
    struct yank_stack none = { 0, 0 }, stack;
    int rc;

    if (!yank_is_ready())
        return YANK_EINIT;
    if (attr != NULL)
        a = *attr;
    if (m == NULL || a.struct_size != sizeof a ||
        (a.host != NULL && a.host->struct_size != sizeof *a.host))
        return YANK_EINVAL;
    if (yank_m_self() != NULL)
        return YANK_EATTACHED;
    if (!yank_stack_switch_supported)
        return YANK_ENOSYS;
    if ((rc = this_stack(&none, &stack)) != YANK_OK)
        return rc;
    if ((rc = m_setup(m, a.name)) != YANK_OK) {
        m_teardown(m);
        return rc;
    }
    m->g0 = (struct yank_stack_bounds){ stack.lo, stack.hi };
    m->host = a.host;
    return m_publish(m, &a.sigstack);
}

int yank_m_detach(struct yank_m *m)
{
    if (!yank_is_ready())
        return YANK_EINIT;
    if (m == NULL || yank_m_self() != m || m->thread != NULL)
        return YANK_ETHREAD;
    if (yank_m_curg(m) != NULL ||
        atomic_load_explicit(&m->p, memory_order_relaxed) != NULL)
        return YANK_EBUSY;
    detach_begin();
    m_unpublish(m);
    detach_end();
    return YANK_OK;
}

/* --- the right to run user code ------------------------------------------*/

int yank_m_acquire_p(struct yank_m *m, struct yank_p *p)
{
    struct yank_m *none = NULL;

    if (m == NULL || p == NULL || m != yank_m_self())
        return YANK_EINVAL;
    if (atomic_load_explicit(&m->p, memory_order_relaxed) != NULL)
        return YANK_EBUSY;
    /* Acquire: pairs with the release in yank_m_release_p(). */
    if (!atomic_compare_exchange_strong_explicit(
            &p->m, &none, m, memory_order_acquire, memory_order_relaxed))
        return YANK_EBUSY;
    /* seq_cst: the monitor says that it sleeps and then looks at p and curg;
     * and what p points to is there. */
    atomic_store_explicit(&m->p, p, memory_order_seq_cst);
    if (yank_m_curg(m) != NULL) /* after a blocking region */
        yank_monitor_notice();
    return YANK_OK;
}

int yank_m_release_p(struct yank_m *m)
{
    struct yank_p *p;

    if (m == NULL || m != yank_m_self())
        return YANK_EINVAL;
    p = atomic_load_explicit(&m->p, memory_order_relaxed);
    if (p == NULL)
        return YANK_EINVAL;
    /* seq_cst: as curg in yank_unbind(). */
    atomic_store_explicit(&m->p, NULL, memory_order_seq_cst);
    yank_wait_zero(&m->kickers, YANK_NO_DEADLINE);
    /* Release: pairs with the acquire in yank_m_acquire_p(). */
    atomic_store_explicit(&p->m, NULL, memory_order_release);
    return YANK_OK;
}
