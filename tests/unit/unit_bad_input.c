/* Wrong calls: a negative code with a name, and nothing changed. */
#include "fake/mini_host.h"
#include "fake/unit.h"
#include "fake/world.h"

#include <string.h>

/* --- before yank_init ----------------------------------------------------*/

static struct yank_thread spare;
static struct yank_g g0;
static struct yank_m m0;

static int counter_calls(void)
{
    struct yank_counters c;
    struct yank_caps caps;

    must_rc(yank_get_caps(&caps), YANK_EINIT);
    return yank_get_counters(&c);
}

static void before_init(void)
{
    struct yank_stop stop;
    struct yank_g *gs[1] = { &g0 };
    struct yank_g_attr ga = { .struct_size = sizeof ga };
    struct yank_code_desc d = { 1, 2, YANK_CODE_SAFE };
    struct yank_code *code = NULL;

    memset(&stop, 0, sizeof stop);
    must_rc(yank_fini(), YANK_EINIT);
    must_rc(counter_calls(), YANK_EINIT);
    must_rc(yank_set_async(true), YANK_EINIT);
    must_rc(yank_g_set_async(&g0, true), YANK_EINIT);
    must_rc(yank_thread_attach(&spare, NULL), YANK_EINIT);
    must_rc(yank_thread_detach(&spare), YANK_EINIT);
    must_rc(yank_suspend_g(&g0, 0, &stop), YANK_EINIT);
    must_rc(yank_suspend_many(gs, 1, 0, &stop), YANK_EINIT);
    must_rc(yank_resume_g(&stop), YANK_EINIT);
    must_rc(yank_resume_call(&stop, NULL, NULL), YANK_EINIT);
    must_rc(yank_abandon_g(&stop), YANK_EINIT);
    must_rc(yank_blocking_enter(&g0), YANK_EINIT);
    must_rc(yank_blocking_leave(&g0), YANK_EINIT);
    must_rc(yank_g_init(&g0, &ga), YANK_EINIT);
    must_rc(yank_m_attach(&m0, NULL), YANK_EINIT);
    must_rc(yank_m_detach(&m0), YANK_EINIT);
    must_rc(yank_ready(&g0), YANK_EINIT);
    must_rc(yank_preempt_g(&g0), YANK_EINIT);
    must_rc(yank_preempt_one(&m0), YANK_EINIT);
    must_rc(yank_code_add(&d, &code), YANK_EINIT);
    must_rc(yank_code_remove(code, 0), YANK_EINIT);
    must_rc(yank_code_add_text(&d, &d + 1, &code), YANK_EINIT);
    must(!yank_code_is_registered(1));
    must(yank_thread_self() == NULL && yank_m_self() == NULL);
    yank_fork_prepare(); /* nothing, and nothing to undo */
    yank_fork_parent();
    yank_fork_child();
}

static struct fake_spec no_init = { .name = "no-init", .no_init = true };

CLAIM(unit_every_call_before_init_says_so)
{
    no_init.setup = before_init;
    run_once(&no_init);
}

/* --- init ----------------------------------------------------------------*/

static void inits(void)
{
    struct yank_options o = { .struct_size = sizeof o };

    must_rc(yank_init_module(NULL, YANK_VERSION + 100, NULL, NULL),
            YANK_EVERSION);
    must_rc(yank_init_module(NULL, 0, NULL, NULL), YANK_EVERSION);
    must_rc(yank_init_module(NULL, YANK_VERSION + 1, NULL, NULL), YANK_OK);
    must_rc(yank_init(NULL), YANK_EINIT);
    must_rc(yank_fini(), YANK_OK);
    o.struct_size = sizeof o + 8;
    must_rc(yank_init(&o), YANK_EVERSION);
    o.struct_size = sizeof o - 8;
    must_rc(yank_init(&o), YANK_EINVAL);
    o.struct_size = 0;
    must_rc(yank_init(&o), YANK_EINVAL);
    o.struct_size = sizeof o;
    o.signo = 65;
    must_rc(yank_init(&o), YANK_ESIGNAL);
    o.signo = -1;
    must_rc(yank_init(&o), YANK_ESIGNAL);
    must_rc(counter_calls(), YANK_EINIT); /* nothing was left behind */
    o.signo = 0;
    must_rc(yank_init(&o), YANK_OK);
    must_rc(yank_fini(), YANK_OK);
    must_rc(yank_fini(), YANK_EINIT);
}

CLAIM(unit_init_refuses_what_does_not_fit)
{
    no_init.setup = inits;
    run_once(&no_init);
}

static void *no_memory(void *ctx, size_t bytes)
{
    (void)ctx;
    (void)bytes;
    return NULL;
}

static void gives_back(void *ctx, void *p, size_t bytes)
{
    (void)ctx;
    (void)p;
    (void)bytes;
    must(false);
}

static int text[4];

static void half_of_memory(void)
{
    struct yank_options o = { .struct_size = sizeof o, .alloc = no_memory };

    must_rc(yank_init(&o), YANK_EINVAL);
    o.alloc = NULL;
    o.release = gives_back;
    must_rc(yank_init(&o), YANK_EINVAL);
    o.alloc = no_memory;
    must_rc(yank_init_module(&o, YANK_VERSION, text, text + 4), YANK_ENOMEM);
    must_rc(yank_fini(), YANK_EINIT);
    must_rc(yank_init_module(&o, YANK_VERSION, NULL, NULL), YANK_OK);
    struct yank_code_desc d = { 1, 2, YANK_CODE_SAFE };
    struct yank_code *code;
    must_rc(yank_code_add(&d, &code), YANK_ENOMEM);
    struct yank_g *gs[1] = { &g0 };
    struct yank_stop stop;
    must_rc(yank_suspend_many(gs, 1, 0, &stop), YANK_EINVAL);
    must_rc(yank_fini(), YANK_OK);
}

CLAIM(unit_no_memory_has_a_name)
{
    no_init.setup = half_of_memory;
    run_once(&no_init);
}

/* --- plain results -------------------------------------------------------*/

static void plain(void *arg)
{
    struct yank_code *code = fake.code[0];

    (void)arg;
    (void)code;
    must_rc(yank_get_caps(NULL), YANK_EINVAL);
    must_rc(yank_get_counters(NULL), YANK_EINVAL);
    must_rc(yank_g_set_async(NULL, true), YANK_EINVAL);
    must_rc(yank_g_set_async(&g0, true), YANK_EINVAL);
    must_rc(yank_fini(), YANK_EBUSY); /* code registered at run time */
    for (int e = 0; e >= YANK_ENOTSUP; e--) {
        must(yank_strerror(e) != NULL && yank_strerror(e)[0] != '\0');
        for (int f = 0; f > e; f--)
            must(strcmp(yank_strerror(e), yank_strerror(f)) != 0);
    }
    must(yank_strerror(1) != NULL && yank_strerror(-1000) != NULL);
    must(yank_strerror(INT32_MIN) != NULL && yank_strerror(INT32_MAX) != NULL);
    for (int o = 0; o < YANK_OUTCOMES; o++)
        must(yank_outcome_name(o) != NULL && yank_outcome_name(o)[0] != '\0');
    must(yank_outcome_name(-1) != NULL);
    must(yank_outcome_name(YANK_OUTCOMES) != NULL);
    must(yank_signal_mask_changed() == YANK_ETHREAD);
}

CLAIM(unit_null_and_unknown_are_answered)
{
    fake_alone(plain, NULL);
}

/* --- attach --------------------------------------------------------------*/

static int attach_with(const struct yank_thread_attr *a)
{
    unsigned char before[sizeof spare];

    memset(&spare, 0x5a, sizeof spare);
    memcpy(before, &spare, sizeof before);
    int rc = yank_thread_attach(&spare, a);
    if (rc != YANK_OK) {
        must(memcmp(before, &spare, sizeof before) == 0);
        must(yank_m_self() == NULL && yank_registry_empty());
    }
    return rc;
}

static void attaches(void *arg)
{
    struct yank_thread_attr a = { .struct_size = sizeof a };
    char here;

    (void)arg;
    must_rc(yank_thread_attach(NULL, &a), YANK_EINVAL);
    a.struct_size = 0;
    must_rc(attach_with(&a), YANK_EINVAL);
    a.struct_size = sizeof a;
    a.stack = (struct yank_stack){ 0x1000, 0x20000 };
    must_rc(attach_with(&a), YANK_ESTACK); /* not this frame's */
    a.stack = (struct yank_stack){ (uintptr_t)&here, (uintptr_t)&here - 1 };
    must_rc(attach_with(&a), YANK_ESTACK);
    a.stack = (struct yank_stack){ 0, 0 };
    world_attach(0);
    must_rc(yank_thread_attach(&spare, &a), YANK_EATTACHED);
    must_rc(yank_thread_attach(&w.t[0], &a), YANK_EATTACHED);
    must_rc(yank_m_attach(&m0, NULL), YANK_EATTACHED);
    must(yank_thread_self() == &w.t[0] && yank_m_self() == &w.t[0].m);
    world_detach(0);
    a.sigstack = (struct yank_stack){ 0x1000, 0x1100 };
    must_rc(yank_thread_attach(&spare, &a), YANK_EINVAL);
    must(yank_m_self() == NULL && yank_registry_empty());
    a.sigstack = (struct yank_stack){ 0, 0 };
    must_rc(yank_thread_attach(&spare, &a), YANK_OK);
    must_rc(yank_thread_detach(&spare), YANK_OK);
    must_rc(yank_thread_attach(&spare, NULL), YANK_OK); /* again, defaults */
    must_rc(yank_thread_detach(&spare), YANK_OK);
    must_rc(yank_thread_detach(&spare), YANK_ETHREAD);
}

CLAIM(unit_attach_refuses_what_does_not_hold)
{
    world_reset();
    fake_alone(attaches, NULL);
}

/* --- suspend -------------------------------------------------------------*/

static void suspends(void *arg)
{
    struct yank_g *me = world_g(0), *twice[2] = { me, me }, *null[1] = { 0 };
    struct yank_g *self[1] = { me };
    struct yank_stop stop, stops[2], zero;

    (void)arg;
    memset(&zero, 0, sizeof zero);
    must_rc(yank_suspend_g(me, 0, &stop), YANK_EINVAL); /* not attached yet */
    world_attach(0);
    must_rc(yank_suspend_g(NULL, 0, &stop), YANK_EINVAL);
    must(memcmp(&stop, &zero, sizeof zero) == 0);
    must_rc(yank_suspend_g(&g0, 0, &stop), YANK_EINVAL);
    must_rc(yank_suspend_g(me, 0, NULL), YANK_EINVAL);
    must_rc(yank_suspend_g(me, YANK_NO_DEADLINE, &stop), YANK_ESELF);
    must_rc(yank_suspend_many(NULL, 1, 0, stops), YANK_EINVAL);
    must_rc(yank_suspend_many(self, 0, 0, stops), YANK_EINVAL);
    must_rc(yank_suspend_many(self, SIZE_MAX, 0, stops), YANK_EINVAL);
    must_rc(yank_suspend_many(self, 1, 0, NULL), YANK_EINVAL);
    must_rc(yank_suspend_many(null, 1, 0, stops), YANK_EINVAL);
    must_rc(yank_suspend_many(self, 1, 0, stops), YANK_ESELF);
    must_rc(yank_suspend_many(twice, 2, 0, stops), YANK_EINVAL);
    must(memcmp(&stops[0], &zero, sizeof zero) == 0);
    must(memcmp(&stops[1], &zero, sizeof zero) == 0);
    must_rc(yank_preempt_enable(me), YANK_EREGION); /* without a disable */
    must(atomic_load(&me->region_depth) == 0);
    yank_preempt_disable(me);
    must_rc(yank_suspend_g(&w.t[1].g, 0, &stop), YANK_EREGION);
    yank_preempt_enable(me);
    atomic_store(&me->holding, 1);
    must_rc(yank_suspend_g(&w.t[1].g, 0, &stop), YANK_EHOLDING);
    atomic_store(&me->holding, 0);
    must_rc(yank_blocking_enter(me), YANK_OK);
    must_rc(yank_suspend_g(&w.t[1].g, 0, &stop), YANK_EREGION);
    must_rc(yank_blocking_leave(me), YANK_OK);
    must_rc(yank_preempt_g(me), YANK_ENOTSUP);
    must_rc(yank_preempt_g(NULL), YANK_EINVAL);
    must(yank_preempt_one(&w.t[0].m) < 0); /* refused in threads mode */
    must(atomic_load(&w.t[0].p.yield) == 0);
    must_rc(yank_preempt_one(NULL), YANK_EINVAL);
    must_rc(yank_ready(me), YANK_EINVAL);
    must_rc(yank_ready(NULL), YANK_EINVAL);
    must_rc(yank_g_fini(me), YANK_EINVAL);         /* no G of a host */
    must_rc(yank_mcall(NULL, NULL), YANK_ETHREAD); /* nor this */
    world_no_debts(me);
    world_detach(0);
    must_rc(yank_suspend_g(me, 0, &stop), YANK_EINVAL);
}

CLAIM(unit_suspend_refuses_what_it_cannot_mean)
{
    world_reset();
    fake_alone(suspends, NULL);
}

/* --- host ----------------------------------------------------------------*/

static void entry(void *arg)
{
    (void)arg;
    must(false);
}

static int g_init_with(struct yank_g_attr *a)
{
    unsigned char before[sizeof g0];

    memset(&g0, 0x5a, sizeof g0);
    memcpy(before, &g0, sizeof before);
    int rc = yank_g_init(&g0, a);
    if (rc != YANK_OK)
        must(memcmp(before, &g0, sizeof before) == 0);
    return rc;
}

static void hosts(void *arg)
{
    _Alignas(16) static unsigned char stack[8192];
    uintptr_t lo = (uintptr_t)stack;
    struct yank_host no_ready = mini_host;
    struct yank_g_attr good = { .struct_size = sizeof good,
                                .host = &mini_host,
                                .stack = { lo, lo + sizeof stack },
                                .entry = entry };
    struct yank_g_attr a = good;

    (void)arg;
    no_ready.ready = NULL;
    must_rc(yank_g_init(NULL, &a), YANK_EINVAL);
    must_rc(yank_g_init(&g0, NULL), YANK_EINVAL);
    a.struct_size = 1;
    must_rc(g_init_with(&a), YANK_EINVAL);
    a = good;
    a.entry = NULL;
    must_rc(g_init_with(&a), YANK_EINVAL);
    a = good;
    a.host = NULL;
    must_rc(g_init_with(&a), YANK_EINVAL);
    a.host = &no_ready;
    must_rc(g_init_with(&a), YANK_EINVAL);
    a = good;
    a.stack = (struct yank_stack){ 0, 0 };
    must_rc(g_init_with(&a), YANK_ESTACK);
    a.stack = (struct yank_stack){ lo + 8, lo + sizeof stack };
    must_rc(g_init_with(&a), YANK_ESTACK);
    a.stack = (struct yank_stack){ lo, lo + 4080 };
    must_rc(g_init_with(&a), YANK_ESTACK);
    a.stack = (struct yank_stack){ lo + 4096, lo };
    must_rc(g_init_with(&a), YANK_ESTACK);
    must_rc(yank_g_fini(NULL), YANK_EINVAL);
    a = good;
    must_rc(g_init_with(&a), YANK_OK);
    must_rc(yank_preempt_g(&g0), YANK_EINVAL); /* Idle */
    atomic_store(&g0.status, YANK_WAITING);
    must_rc(yank_g_fini(&g0), YANK_EBUSY);
    atomic_store(&g0.status, YANK_IDLE);
    must_rc(yank_g_fini(&g0), YANK_OK);
    must_rc(yank_g_fini(&g0), YANK_EINVAL); /* again */
}

CLAIM(unit_g_init_refuses_what_does_not_hold)
{
    fake_alone(hosts, NULL);
}

static void ms(void *arg)
{
    static struct yank_p p, q;
    struct yank_m_attr a = { .struct_size = 3 };
    struct yank_m *m = &mini.m[0];

    (void)arg;
    must_rc(yank_m_attach(m, &a), YANK_EINVAL);
    must_rc(yank_m_attach(NULL, NULL), YANK_EINVAL);
    must_rc(yank_m_detach(m), YANK_ETHREAD);
    must_rc(yank_m_acquire_p(m, &p), YANK_EINVAL); /* not this thread's */
    must_rc(yank_m_attach(m, NULL), YANK_OK);
    must_rc(yank_preempt_one(m), YANK_EINVAL); /* no G, no P */
    must_rc(yank_m_release_p(m), YANK_EINVAL);
    must_rc(yank_m_acquire_p(m, NULL), YANK_EINVAL);
    must_rc(yank_m_acquire_p(m, &p), YANK_OK);
    must_rc(yank_m_acquire_p(m, &q), YANK_EBUSY);
    must_rc(yank_m_detach(m), YANK_EBUSY);
    must_rc(yank_m_release_p(m), YANK_OK);
    atomic_store(&q.m, &mini.m[1]);
    must_rc(yank_m_acquire_p(m, &q), YANK_EBUSY); /* another's */
    must_rc(yank_m_take(m, NULL), YANK_EINVAL);
    must_rc(yank_m_take(NULL, NULL), YANK_EINVAL);
    mini_g(0, entry, false);
    must_rc(yank_m_take(m, mini.g[0]), YANK_EINVAL); /* Idle */
    mini.g[0]->pinned = &mini.m[1];
    atomic_store(&mini.g[0]->status, YANK_RUNNABLE);
    must_rc(yank_m_take(m, mini.g[0]), YANK_EINVAL); /* pinned elsewhere */
    must_rc(yank_ready(mini.g[0]), YANK_EINVAL);     /* Runnable already */
    mini.g[0]->pinned = NULL;
    atomic_store(&mini.g[0]->status, YANK_DEAD);
    must_rc(yank_m_take(m, mini.g[0]), YANK_EDEAD);
    must_rc(yank_ready(mini.g[0]), YANK_EDEAD);
    must_rc(yank_preempt_g(mini.g[0]), YANK_EDEAD);
    mini_bury(0);
    must_rc(yank_mcall(NULL, NULL), YANK_ETHREAD); /* on g0 */
    must_rc(yank_thread_attach(&spare, NULL), YANK_EATTACHED);
    must_rc(yank_m_detach(m), YANK_OK);
}

CLAIM(unit_m_calls_refuse_what_does_not_hold)
{
    mini_reset();
    fake_alone(ms, NULL);
}

CLAIMS_MAIN(CLAIMED(unit_every_call_before_init_says_so),
            CLAIMED(unit_init_refuses_what_does_not_fit),
            CLAIMED(unit_no_memory_has_a_name),
            CLAIMED(unit_null_and_unknown_are_answered),
            CLAIMED(unit_attach_refuses_what_does_not_hold),
            CLAIMED(unit_suspend_refuses_what_it_cannot_mean),
            CLAIMED(unit_g_init_refuses_what_does_not_hold),
            CLAIMED(unit_m_calls_refuse_what_does_not_hold))
