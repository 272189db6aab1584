/* What yank_m_set_curg() and the calls for mcall hosts make of a fiber, wrong
 * calls included; and who may still touch a G that has left its M. */
#include "fiber_world.h"

#include "fake/mini_host.h"

#include <string.h>

/* --- plain results -------------------------------------------------------*/

static struct yank_g spare;
static struct yank_m m0;

static int init_with(const struct yank_host *h, size_t stack_bytes,
                     void (*entry)(void *))
{
    _Alignas(16) static unsigned char stack[16384];
    struct yank_g_attr a = { .struct_size = sizeof a,
                             .host = h,
                             .stack = { (uintptr_t)stack,
                                        (uintptr_t)stack + stack_bytes },
                             .entry = entry };

    return yank_g_init(&spare, &a);
}

static void inits(void *arg)
{
    struct yank_host h = fh_host;

    (void)arg;
    must_rc(init_with(&h, 16384, fh_loop), YANK_EINVAL); /* an entry */
    h.ready = mini_host.ready;
    must_rc(init_with(&h, 16384, NULL), YANK_EINVAL);
    h = fh_host;
    h.schedule = mini_host.schedule;
    must_rc(init_with(&h, 16384, NULL), YANK_EINVAL);
    h = fh_host;
    h.abandoned = NULL;
    must_rc(init_with(&h, 16384, NULL), YANK_EINVAL);
    h = fh_host;
    h.preempted = NULL;
    must_rc(init_with(&h, 16384, NULL), YANK_EINVAL);
    h = fh_host;
    must_rc(init_with(&h, 4096 + h.preempted_stack_bytes - 16, NULL),
            YANK_ESTACK);
    h.preempted_stack_bytes = SIZE_MAX;
    must_rc(init_with(&h, 16384, NULL), YANK_ESTACK);
    h = fh_host;
    must_rc(init_with(&h, 16384, NULL), YANK_OK);
    /* A poll leaves the hook its room, too. */
    must(atomic_load(&spare.poll_word) == spare.guard);
    must(spare.guard >= spare.lo + FAKE_STUB_STACK + h.preempted_stack_bytes);
    must_rc(yank_g_fini(&spare), YANK_OK);
}

CLAIM(unit_a_fiber_needs_a_hook_and_room_for_it)
{
    fake_alone(inits, NULL);
}

static void enters(void *arg)
{
    struct yank_m_attr a = { .struct_size = sizeof a, .host = &fh_host };
    struct yank_host old = { .struct_size = 8 };
    static struct yank_p p;
    struct yank_stop stop;
    struct yank_g *f, *mcall;

    (void)arg;
    fh_reset();
    mini_reset();
    fh_fiber(0, fh_loop, false);
    fh_fiber(1, fh_loop, false);
    f = fh.g[0];
    mini_g(0, mini_loop, false);
    mcall = mini.g[0];
    must_rc(yank_m_set_curg(&m0, f), YANK_EINVAL); /* not this thread's */
    a.host = &old;
    must_rc(yank_m_attach(&m0, &a), YANK_EINVAL);
    a.host = &fh_host;
    must_rc(yank_m_attach(&m0, &a), YANK_OK);
    must_rc(yank_m_set_curg(NULL, f), YANK_EINVAL);
    must_rc(yank_m_set_curg(&m0, NULL), YANK_EINVAL); /* none runs */
    must_rc(yank_m_set_curg(&m0, f), YANK_EINVAL);    /* no P */
    must_rc(yank_m_acquire_p(&m0, &p), YANK_OK);
    must_rc(yank_m_set_curg(&m0, mcall), YANK_ENOTSUP);
    must_rc(yank_m_set_curg(&m0, &spare), YANK_EINVAL); /* no G */
    must_rc(yank_ready(f), YANK_ENOTSUP);
    must_rc(yank_m_take(&m0, f), YANK_ENOTSUP);
    must(YANK_BASE(atomic_load(&f->status)) == YANK_IDLE);

    f->pinned = &mini.m[0];
    must_rc(yank_m_set_curg(&m0, f), YANK_EINVAL);
    f->pinned = NULL;
    uint32_t ticks = atomic_load(&p.ticks);
    must_rc(yank_m_set_curg(&m0, f), YANK_OK);
    must(atomic_load(&f->status) == YANK_RUNNING && yank_m_curg(&m0) == f);
    must(atomic_load(&p.ticks) == ticks + 1);
    must_rc(yank_m_set_curg(&m0, f), YANK_EBUSY);
    must_rc(yank_m_set_curg(&m0, fh.g[1]), YANK_EBUSY);
    must_rc(yank_mcall(NULL, NULL), YANK_EINVAL);
    must_rc(yank_mcall((yank_mcall_fn)(void (*)(void))enters, NULL),
            YANK_ENOTSUP);
    must_rc(yank_g_fini(f), YANK_EBUSY);
    must_rc(yank_m_detach(&m0), YANK_EBUSY);

    yank_preempt_disable(f);
    must_rc(yank_m_set_curg(&m0, NULL), YANK_EREGION);
    must_rc(yank_preempt_enable(f), YANK_OK);
    must_rc(yank_suspend_g(fh.g[1], 0, &stop), YANK_OK);
    must_rc(yank_m_set_curg(&m0, NULL), YANK_EHOLDING);
    must(yank_m_curg(&m0) == f && atomic_load(&f->status) == YANK_RUNNING);
    must_rc(yank_resume_g(&stop), YANK_OK);
    must_rc(yank_m_set_curg(&m0, NULL), YANK_OK);
    must(atomic_load(&f->status) == YANK_WAITING && yank_m_curg(&m0) == NULL);

    must_rc(yank_suspend_g(f, 0, &stop), YANK_OK);
    must(!stop.async && stop.pc == 0 && stop.sp == 0);
    must_rc(yank_abandon_g(&stop), YANK_OK);
    must_rc(yank_m_set_curg(&m0, f), YANK_EDEAD);
    fh_bury(0);
    fh_bury(1); /* Idle */
    mini_bury(0);
    must_rc(yank_m_release_p(&m0), YANK_OK);
    must_rc(yank_m_detach(&m0), YANK_OK);
}

CLAIM(unit_set_curg_refuses_what_does_not_hold)
{
    fake_alone(enters, NULL);
}

/* --- preempt_one against an end ------------------------------------------*/

static _Atomic uint32_t asked; /* nobody asks the M any more */

static void preempts_m(void *arg)
{
    (void)arg;
    while (atomic_load(&fh.attached[0]) == 0)
        fake_block_changed(&fh.attached[0], 0);
    for (int i = 0; i < 2; i++) {
        int rc = yank_preempt_one(fh.m[0]);

        must(rc == YANK_OK || rc == YANK_EINVAL);
    }
    fh.keeps_m--; /* M stays attached until here */
}

static void ends_soon(void *arg)
{
    (void)arg;
    user_step(FAKE_USER_LO);
}

/* As around a blocking region: the G stays, the P goes. */
static void changes_its_p(void *arg)
{
    struct yank_m *m = yank_m_self();
    struct yank_p *other = arena_alloc(NULL, sizeof *other);

    (void)arg;
    memset(other, 0, sizeof *other);
    must_rc(yank_m_release_p(m), YANK_OK);
    arena_release(NULL, fh.p[0], sizeof *other);
    fh.p[0] = other;
    must_rc(yank_m_acquire_p(m, other), YANK_OK);
}

static void change_setup(void)
{
    fh_reset();
    fh_fiber(0, changes_its_p, false);
    fh.keeps_m = 1;
    fake_party("M", fh_m, (void *)0);
    fake_party("P", preempts_m, NULL);
}

CLAIM(unit_preempt_one_never_touches_a_p_that_was_released)
{
    static const struct fake_spec spec = { .name = "one-p",
                                           .setup = change_setup,
                                           .may = FAKE_WEAK,
                                           .bound = 3,
                                           .runs = 20000,
                                           .walks = 10000 };
    explore_both(&spec);
}

static void preempt_setup(void)
{
    fh_reset();
    fh_fiber(0, ends_soon, false);
    fh.keeps_m = 1;
    fake_party("M", fh_m, (void *)0);
    fake_party("P", preempts_m, NULL);
}

/* The M frees the G as soon as it has left, and then its P: arena_check(). */
CLAIM(unit_preempt_one_never_touches_a_fiber_that_has_left)
{
    static const struct fake_spec spec = { .name = "one",
                                           .setup = preempt_setup,
                                           .may = FAKE_WEAK,
                                           .bound = 3,
                                           .runs = 40000,
                                           .walks = 10000 };
    explore_both(&spec);
}

static void mini_preempts(void *arg)
{
    (void)arg;
    for (int i = 0; i < 2; i++) {
        int rc = yank_preempt_one(&mini.m[0]);

        must(rc == YANK_OK || rc == YANK_EINVAL);
    }
    mini.alive--;
    atomic_fetch_add(&mini.work, 1);
    atomic_store(&asked, 1);
}

static void mini_ends(void *arg)
{
    (void)arg;
    user_step(FAKE_USER_LO);
    mini_exit();
}

static void burier(void *arg)
{
    struct yank_g *g = mini.g[0];

    (void)arg;
    while (YANK_BASE(yank_read_status(g)) != YANK_DEAD)
        fake_pause();
    mini_bury(0);
}

static void mini_setup(void)
{
    mini_reset();
    atomic_store(&asked, 0);
    mini_g(0, mini_ends, false);
    must_rc(yank_ready(mini.g[0]), YANK_OK);
    mini.alive++;
    fake_party("M", mini_m, (void *)0);
    fake_party("P", mini_preempts, NULL);
    fake_party("F", burier, NULL);
}

CLAIM(unit_preempt_one_never_touches_a_g_that_has_left)
{
    static const struct fake_spec spec = { .name = "one-mcall",
                                           .setup = mini_setup,
                                           .may = FAKE_WEAK,
                                           .bound = 3,
                                           .runs = 40000,
                                           .walks = 10000 };
    explore_both(&spec);
}

static void preempts_itself(void *arg)
{
    (void)arg;
    must_rc(yank_preempt_one(yank_m_self()), YANK_OK);
    must(atomic_load(&fh.p[0]->yield) == 1);
    yank_poll(fh.g[0]);
    must(fh.hooks == 1 && fh.runs[0] == 2);
    must(atomic_load(&fh.p[0]->yield) == 0);
}

static void own_setup(void)
{
    fh_reset();
    fh_fiber(0, preempts_itself, false);
    fake_party("M", fh_m, (void *)0);
}

CLAIM(unit_a_fiber_may_ask_its_own_m)
{
    fake_once("own", own_setup, nobody_is_left);
}

CLAIMS_MAIN(CLAIMED(unit_a_fiber_needs_a_hook_and_room_for_it),
            CLAIMED(unit_set_curg_refuses_what_does_not_hold),
            CLAIMED(unit_preempt_one_never_touches_a_fiber_that_has_left),
            CLAIMED(unit_preempt_one_never_touches_a_g_that_has_left),
            CLAIMED(unit_preempt_one_never_touches_a_p_that_was_released),
            CLAIMED(unit_a_fiber_may_ask_its_own_m))
