/* Init, fini, switches and what this build can do.
 * Origin: go@62e53b79 preempt.go:init, go@40b74558 runtime1.go. */
#include "core.h"

#include <stdlib.h>

#define KICK_DEADLINE_NS 1000000
#define STACK_LIMIT 512 /* what a stop may need below an interrupted SP */

enum { OFF, BETWEEN, READY };

struct yank_runtime yank_rt;

bool yank_is_ready(void)
{
    /* Acquire: pairs with the release at the end of init. */
    return atomic_load_explicit(&yank_rt.state, memory_order_acquire) ==
           READY;
}

uint64_t yank_new_id(void)
{
    /* Relaxed: only has to differ. */
    return 1 + atomic_fetch_add_explicit(&yank_rt.next_id, 1,
                                         memory_order_relaxed);
}

void *yank_alloc(size_t bytes)
{
    return yank_rt.opt.alloc != NULL
               ? yank_rt.opt.alloc(yank_rt.opt.ctx, bytes)
               : malloc(bytes);
}

void yank_release(void *p, size_t bytes)
{
    if (yank_rt.opt.release != NULL)
        yank_rt.opt.release(yank_rt.opt.ctx, p, bytes);
    else
        free(p);
}

/* --- init ----------------------------------------------------------------*/

static int check_options(const struct yank_options *o)
{
    if (o->struct_size != sizeof *o)
        return o->struct_size > sizeof *o ? YANK_EVERSION : YANK_EINVAL;
    return (o->alloc == NULL) == (o->release == NULL) ? YANK_OK : YANK_EINVAL;
}

static void find_abilities(void)
{
    yank_rt.async = false;
    if (!YANK_ASYNC)
        yank_rt.why = "built with YANK_ASYNC=0";
    else if (!yank_preempt_m_supported)
        yank_rt.why = "this system has no way to interrupt a thread";
    else if (!yank_push_call_supported)
        yank_rt.why = "no call can be injected on this CPU";
    else
        yank_rt.async = true;
    yank_rt.processors = yank_os_processors();
    yank_rt.kick_deadline_ns =
        (int64_t)KICK_DEADLINE_NS * yank_os_kick_scale();
    atomic_store_explicit(&yank_rt.answer_ns, 10000, memory_order_relaxed);
    atomic_store_explicit(&yank_rt.async_off,
                          yank_rt.opt.read_env &&
                              yank_os_env_has("asyncpreemptoff=1"),
                          memory_order_relaxed);
}

static void reset_statistics(void)
{
    yank_reset_counters();
    atomic_store_explicit(&yank_rt.kicks_sent, 0, memory_order_relaxed);
    atomic_store_explicit(&yank_rt.kicks_failed, 0, memory_order_relaxed);
    atomic_store_explicit(&yank_rt.kicks_resent, 0, memory_order_relaxed);
}

static int init(const struct yank_options *o, const void *lo, const void *hi)
{
    int rc;

    yank_rt.opt = *o;
    yank_rt.signo = o->signo != 0 ? o->signo : YANK_SIGNAL;
    if ((rc = yank_arch_init()) != YANK_OK)
        return rc;
    if (yank_arch_async_preempt_stack() > STACK_LIMIT)
        return YANK_ESTACK;
    find_abilities();
    reset_statistics();
    if ((rc = yank_codemap_init(lo, hi)) != YANK_OK)
        return rc;
    if ((rc = yank_os_init(&yank_rt.opt, &yank_rt.signo)) == YANK_OK &&
        o->atfork && (rc = yank_fork_register()) != YANK_OK)
        yank_os_fini();
    if (rc != YANK_OK)
        yank_codemap_fini();
    return rc;
}

int yank_init_module(const struct yank_options *options,
                     unsigned header_version, const void *text_lo,
                     const void *text_hi)
{
    struct yank_options o = { .struct_size = sizeof o };
    uint32_t off = OFF;
    int rc;

    /* Until 1.0 the minor version breaks. */
    if (header_version / 100 != YANK_VERSION / 100)
        return YANK_EVERSION;
    if (options != NULL) {
        if ((rc = check_options(options)) != YANK_OK)
            return rc;
        o = *options;
    }
    /* Acquire: pairs with the release in yank_fini(). */
    if (!atomic_compare_exchange_strong_explicit(
            &yank_rt.state, &off, BETWEEN, memory_order_acquire,
            memory_order_relaxed))
        return YANK_EINIT;
    rc = init(&o, text_lo, text_hi);
    atomic_store_explicit(&yank_rt.state, rc == YANK_OK ? READY : OFF,
                          memory_order_release);
    return rc;
}

static bool in_use(void)
{
    /* The registry first: who leaves it is counted before. */
    return !yank_registry_empty() || yank_codemap_in_use() ||
           yank_monitor_is_on() ||
           atomic_load_explicit(&yank_rt.leaving, memory_order_acquire) != 0 ||
           atomic_load_explicit(&yank_rt.users, memory_order_acquire) != 0;
}

int yank_fini(void)
{
    uint32_t ready = READY;

    /* Without a change that would make other calls fail meanwhile. */
    if (yank_is_ready() && in_use())
        return YANK_EBUSY;
    if (!atomic_compare_exchange_strong_explicit(
            &yank_rt.state, &ready, BETWEEN, memory_order_acquire,
            memory_order_relaxed))
        return YANK_EINIT;
    if (in_use()) {
        atomic_store_explicit(&yank_rt.state, READY, memory_order_release);
        return YANK_EBUSY;
    }
    yank_os_fini();
    yank_codemap_fini();
    yank_blocks_fini();
    yank_trace_fini();
    atomic_store_explicit(&yank_rt.state, OFF, memory_order_release);
    return YANK_OK;
}

/* --- switches and abilities ----------------------------------------------*/

int yank_set_async(bool on)
{
    if (!yank_is_ready())
        return YANK_EINIT;
    /* Relaxed: a switch, not a message. */
    atomic_store_explicit(&yank_rt.async_off, !on, memory_order_relaxed);
    return YANK_OK;
}

int yank_g_set_async(struct yank_g *g, bool on)
{
    if (!yank_is_ready())
        return YANK_EINIT;
    if (!yank_g_valid(g))
        return YANK_EINVAL;
    atomic_store_explicit(&g->async_off, !on, memory_order_relaxed);
    return YANK_OK;
}

int yank_get_caps(struct yank_caps *out)
{
    bool off = atomic_load_explicit(&yank_rt.async_off, memory_order_relaxed);

    if (!yank_is_ready())
        return YANK_EINIT;
    if (out == NULL)
        return YANK_EINVAL;
    *out = (struct yank_caps){
        .built = yank_os_caps() & ~(uint32_t)YANK_CAP_ASYNC,
        .os = yank_os_name,
        .arch = yank_arch_name,
        .why = yank_rt.async ? "" : yank_rt.why,
        .async_preempt_stack = yank_arch_async_preempt_stack(),
        .vector_bytes = yank_arch_block_bytes(),
        .signo = yank_rt.async ? yank_rt.signo : 0,
        .kick = yank_rt.async ? yank_os_kick_name() : "none",
        .kick_scale = yank_os_kick_scale(),
    };
    if (yank_rt.async)
        out->built |= YANK_CAP_ASYNC;
    if (yank_stack_switch_supported)
        out->built |= YANK_CAP_STACK_SWITCH;
    if (yank_arch_vectors_kept())
        out->built |= YANK_CAP_VECTORS;
    out->active = out->built;
    if (yank_rt.async && off) {
        out->active &= ~(uint32_t)YANK_CAP_ASYNC;
        out->why = "switched off";
    }
    return YANK_OK;
}
