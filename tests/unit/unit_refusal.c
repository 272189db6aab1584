/* The safe-point decision: each refusal has a reason and a counter, and the
 * generation moves with it. */
#include "fake/unit.h"
#include "fake/world.h"

#include <string.h>

static struct yank_thread *t = &w.t[0];

/* One kick at pc; its answer. */
static enum yank_outcome answer_at(uintptr_t pc)
{
    uint32_t gen = atomic_load(&t->m.preempt_gen), stops = fake.cur->stops;
    struct yank_counters before, after;
    enum yank_outcome o;

    must_rc(yank_get_counters(&before), YANK_OK);
    atomic_store(&t->m.signal_pending, 1);
    fake.cur->kick = true;
    user_step(pc);
    must(!fake.cur->kick);
    must(atomic_load(&t->m.signal_pending) == 0);
    must(atomic_load(&t->m.preempt_gen) == gen + 1);
    o = (enum yank_outcome)atomic_load(&t->m.outcome);
    must_rc(yank_get_counters(&after), YANK_OK);
    must(after.outcome[o] == before.outcome[o] + 1);
    must(fake.cur->stops == stops + (o == YANK_INJECTED));
    if (o != YANK_INJECTED && o != YANK_NOT_WANTED && pc != 0)
        must(atomic_load(&t->m.answer_pc) == pc);
    return o;
}

/* Who asks goes away before the park. */
static void withdraw_in_stub(void)
{
    if (strcmp(fake.cur->where, "stub: first instruction") == 0)
        atomic_store(&t->g.asks, 0);
}

static const struct yank_options *options;
static void (*alone_fn)(void *);

static void alone_setup(void)
{
    fake_party("A", alone_fn, NULL);
}

static void alone(void (*fn)(void *))
{
    struct fake_spec spec = { .name = "alone",
                              .setup = alone_setup,
                              .invariant = withdraw_in_stub,
                              .options = options };
    alone_fn = fn;
    run_once(&spec);
}

static enum yank_outcome wanted_at(uintptr_t pc)
{
    atomic_store(&t->g.asks, 1);
    enum yank_outcome o = answer_at(pc);
    atomic_store(&t->g.asks, 0);
    return o;
}

static void not_wanted(void *arg)
{
    (void)arg;
    world_attach(0);
    must_rc(answer_at(FAKE_USER_LO), YANK_NOT_WANTED);
    world_detach(0);
}

CLAIM(unit_not_wanted)
{
    alone(not_wanted);
}

static void off(void *arg)
{
    (void)arg;
    world_attach(0);
    must_rc(yank_set_async(false), YANK_OK);
    must_rc(wanted_at(FAKE_USER_LO), YANK_REFUSED_OFF);
    must_rc(yank_set_async(true), YANK_OK);
    must_rc(yank_g_set_async(&t->g, false), YANK_OK);
    must_rc(wanted_at(FAKE_USER_LO), YANK_REFUSED_OFF);
    must_rc(yank_g_set_async(&t->g, true), YANK_OK);
    world_detach(0);
}

CLAIM(unit_refused_off)
{
    alone(off);
}

static void injected(void *arg)
{
    (void)arg;
    world_attach(0);
    atomic_store(&t->g.injected, 1);
    fake.cur->in_stub = true;
    must_rc(wanted_at(0), YANK_REFUSED_INJECTED);
    fake.cur->in_stub = false;
    atomic_store(&t->g.injected, 0);
    world_detach(0);
}

CLAIM(unit_refused_injected)
{
    alone(injected);
}

static void deferred(void *arg)
{
    (void)arg;
    world_attach(0);
    yank_preempt_disable(&t->g);
    must_rc(wanted_at(FAKE_USER_LO), YANK_DEFERRED);
    must(atomic_load(&t->g.region_pending) == 1);
    yank_preempt_enable(&t->g);
    must(atomic_load(&t->g.region_pending) == 0);
    world_detach(0);
}

CLAIM(unit_deferred)
{
    alone(deferred);
}

static void not_user(void *arg)
{
    (void)arg;
    world_attach(0);
    fake.cur->sp = t->m.g0.hi - 64;
    must_rc(wanted_at(FAKE_USER_LO), YANK_REFUSED_NOT_USER);
    fake.cur->sp = 0;
    atomic_store(&t->m.curg, NULL);
    must_rc(wanted_at(FAKE_USER_LO), YANK_REFUSED_NOT_USER);
    atomic_store(&t->m.curg, &t->g);
    world_detach(0);
}

CLAIM(unit_refused_not_user)
{
    alone(not_user);
}

static void status(void *arg)
{
    static const uint32_t others[] = { YANK_IDLE,      YANK_RUNNABLE,
                                       YANK_BLOCKING,  YANK_WAITING,
                                       YANK_COPYSTACK, YANK_PREEMPTED };

    (void)arg;
    world_attach(0);
    for (size_t i = 0; i < YANK_ARRAY_LEN(others); i++) {
        atomic_store(&t->g.status, others[i]);
        enum yank_outcome o = wanted_at(FAKE_USER_LO);
        must(o == YANK_NOT_WANTED);
        atomic_store(&t->g.status, others[i] | YANK_SCAN);
        o = wanted_at(FAKE_USER_LO);
        must(o == YANK_NOT_WANTED);
    }
    /* Running and in the SCAN window is Running. */
    atomic_store(&t->g.status, YANK_RUNNING | YANK_SCAN);
    must_rc(wanted_at(FAKE_PC_LIBC), YANK_REFUSED_UNREGISTERED);
    atomic_store(&t->g.status, YANK_RUNNING);
    world_detach(0);
}

CLAIM(unit_no_stop_of_a_g_that_is_not_running)
{
    alone(status);
}

static void no_p(void *arg)
{
    (void)arg;
    world_attach(0);
    must_rc(yank_m_release_p(&t->m), YANK_OK);
    must_rc(wanted_at(FAKE_USER_LO), YANK_REFUSED_NO_P);
    must_rc(yank_m_acquire_p(&t->m, &t->p), YANK_OK);
    world_detach(0);
}

CLAIM(unit_refused_no_p)
{
    alone(no_p);
}

static void holding(void *arg)
{
    (void)arg;
    world_attach(0);
    atomic_store(&t->g.holding, 1);
    must_rc(wanted_at(FAKE_USER_LO), YANK_REFUSED_HOLDING);
    atomic_store(&t->g.holding, 0);
    world_detach(0);
}

CLAIM(unit_refused_holding)
{
    alone(holding);
}

static void backend(void *arg)
{
    (void)arg;
    world_attach(0);
    fake.cur->refusal = YANK_REFUSED_MASK;
    must_rc(wanted_at(FAKE_USER_LO), YANK_REFUSED_MASK);
    fake.cur->refusal = YANK_REFUSED_SIGSTACK;
    must_rc(wanted_at(FAKE_USER_LO), YANK_REFUSED_SIGSTACK);
    fake.cur->refusal = 0;
    world_detach(0);
}

CLAIM(unit_refused_mask_and_sigstack)
{
    alone(backend);
}

static void cpu(void *arg)
{
    (void)arg;
    world_attach(0);
    fake.cur->bad_cpu = true;
    must_rc(wanted_at(FAKE_USER_LO), YANK_REFUSED_CPU_STATE);
    fake.cur->bad_cpu = false;
    world_detach(0);
}

CLAIM(unit_refused_cpu_state)
{
    alone(cpu);
}

static void bounds(void *arg)
{
    (void)arg;
    world_attach(0);
    fake.cur->sp = t->g.lo - 8;
    must_rc(wanted_at(FAKE_USER_LO), YANK_REFUSED_BOUNDS);
    fake.cur->sp = t->g.hi;
    must_rc(wanted_at(FAKE_USER_LO), YANK_REFUSED_BOUNDS);
    world_detach(0);
}

CLAIM(unit_refused_bounds)
{
    alone(bounds);
}

static void room(void *arg)
{
    (void)arg;
    world_attach(0);
    fake.cur->sp = t->g.lo;
    must_rc(wanted_at(FAKE_USER_LO), YANK_REFUSED_ROOM);
    fake.cur->sp = t->g.lo + FAKE_STUB_STACK - 1;
    must_rc(wanted_at(FAKE_USER_LO), YANK_REFUSED_ROOM);
    fake.cur->sp = t->g.lo + FAKE_STUB_STACK;
    must_rc(wanted_at(FAKE_PC_LIBC), YANK_REFUSED_UNREGISTERED);
    world_detach(0);
}

CLAIM(unit_refused_room)
{
    alone(room);
}

static void no_block(void *arg)
{
    struct yank_vector_block *spare;

    (void)arg;
    world_attach(0);
    spare = t->m.spare;
    t->m.spare = NULL;
    must_rc(wanted_at(FAKE_USER_LO), YANK_REFUSED_NO_BLOCK);
    t->m.spare = spare;
    world_detach(0);
}

CLAIM(unit_refused_no_block)
{
    alone(no_block);
}

static void unregistered(void *arg)
{
    (void)arg;
    world_attach(0);
    must_rc(wanted_at(FAKE_PC_LIBC), YANK_REFUSED_UNREGISTERED);
    must_rc(wanted_at(FAKE_USER_LO - 1), YANK_REFUSED_UNREGISTERED);
    must_rc(wanted_at(FAKE_USER_HI), YANK_REFUSED_UNREGISTERED);
    must_rc(wanted_at(0), YANK_REFUSED_UNREGISTERED); /* inside Yank */
    world_detach(0);
}

CLAIM(unit_refused_unregistered)
{
    alone(unregistered);
}

static bool host_says;

static bool pc_is_safe(void *ctx, uintptr_t pc, uintptr_t sp, uintptr_t fp,
                       uintptr_t *resume_pc)
{
    must(ctx == &host_says && sp != 0 && fp != 0);
    must(*resume_pc == pc);
    *resume_pc = pc - 4; /* restart */
    return host_says;
}

static const struct yank_options asks_host = { .struct_size = sizeof asks_host,
                                               .pc_is_safe = pc_is_safe,
                                               .ctx = &host_says };

static void host(void *arg)
{
    const struct yank_code_desc d = { 0x300000, 0x300100, YANK_CODE_ASK_HOST };
    struct yank_code *code;

    (void)arg;
    must_rc(yank_code_add(&d, &code), YANK_OK);
    world_attach(0);
    host_says = false;
    must_rc(wanted_at(0x300010), YANK_REFUSED_HOST);
    host_says = true;
    must_rc(wanted_at(0x300010), YANK_INJECTED);
    must(t->g.stop_pc == 0x30000c);
    world_detach(0);
    must_rc(yank_code_remove(code, 0), YANK_OK);
}

CLAIM(unit_refused_host)
{
    options = &asks_host;
    alone(host);
}

static void injects(void *arg)
{
    (void)arg;
    world_attach(0);
    must_rc(wanted_at(FAKE_USER_LO), YANK_INJECTED);
    must(t->g.stop_pc == FAKE_USER_LO && t->g.stop_sp != 0);
    must(atomic_load(&t->g.injected) == 0 && t->g.blocks == NULL);
    must(t->m.spare != NULL);
    world_detach(0);
}

CLAIM(unit_injected)
{
    alone(injects);
}

CLAIMS_MAIN(CLAIMED(unit_not_wanted), CLAIMED(unit_refused_off),
            CLAIMED(unit_refused_injected), CLAIMED(unit_deferred),
            CLAIMED(unit_refused_not_user),
            CLAIMED(unit_no_stop_of_a_g_that_is_not_running),
            CLAIMED(unit_refused_no_p), CLAIMED(unit_refused_holding),
            CLAIMED(unit_refused_mask_and_sigstack),
            CLAIMED(unit_refused_cpu_state), CLAIMED(unit_refused_bounds),
            CLAIMED(unit_refused_room), CLAIMED(unit_refused_no_block),
            CLAIMED(unit_refused_unregistered), CLAIMED(unit_refused_host),
            CLAIMED(unit_injected))
