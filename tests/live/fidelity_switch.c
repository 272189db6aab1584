/* live_fidelity_switch: yank_arch_mcall and yank_arch_execute keep what C
 * callees keep, a new G starts in the state C expects, and a vector block goes
 * where its G goes.  No thread, no kick: an M and a G that core/ does not know.
 * Linked with fidelity_<cpu>.S and --wrap=yank_async_preempt2. */
#define _GNU_SOURCE
#include "fidelity.h"

void fidelity_nested(void)
{
}

static struct yank_m own_m, other_m;
static struct yank_g own_g;
static struct yank_vector_block *own_block;
static bool cache_is_right;
static uint64_t kept[5][FIDELITY_KEPT_MAX];
static int switched, off_stack; /* as the system sees it */
static uintptr_t limit;

static void mcall_keeps(struct yank_g *next, uint64_t out[FIDELITY_KEPT_MAX])
{
    fidelity_kept((void (*)(void))yank_arch_mcall, &own_m, &own_g,
                  (const void *)(uintptr_t)fidelity_bad_callee, next, out);
}

/* While it is called the G changes to another M. */
static void move_to_other_m(void *arg)
{
    (void)arg;
    other_m.g0_sp = own_m.g0_sp; /* a stub may leave by way of it */
    other_m.os_g0 = own_m.os_g0;
    atomic_store(&own_g.m, &other_m);
}

void fidelity_on_g0(struct yank_m *m)
{
    own_block = m->spare == NULL ? own_g.blocks : NULL;
    own_g.call_fn = move_to_other_m;
}

/* The block goes to the M that the G is on when it leaves the stub. */
static bool block_follows(void)
{
    atomic_store(&own_g.m, &own_m);
    yank_refill_block(&own_m);
    fidelity_fake_stop(&own_m);
    return own_block != NULL && other_m.cache == own_block &&
           own_m.cache == NULL && own_g.blocks == NULL;
}

static void look_at_stack(void)
{
    off_stack += !thread_state_on_stack(own_g.hi) ||
                 thread_state_limit() != limit;
}

/* On own_g's stack, from fidelity_first. */
void fidelity_entry(void)
{
    limit = thread_state_grow();
    look_at_stack();
    cache_is_right = block_follows();
    look_at_stack();
    switched = 1;
    mcall_keeps(&own_g, kept[0]); /* to g0 and straight back */
    look_at_stack();
    switched = 2;
    mcall_keeps(NULL, kept[1]); /* main goes on, and comes back */
    look_at_stack();
    switched = 3;
    mcall_keeps(NULL, kept[2]);
    abort();
}

static void execute_keeps(uint64_t out[FIDELITY_KEPT_MAX])
{
    fidelity_kept((void (*)(void))yank_arch_execute, &own_m, &own_g, NULL, NULL,
                  out);
}

static void a_switch_keeps_what_c_callees_keep(void **state)
{
    static _Alignas(16) unsigned char stack[64 * 1024];
    struct yank_call_saved saved = { 0 }, none = { 0 };
    static struct yank_thread me;
    struct thread_state main_state;

    (void)state;
    thread_state_begin(&main_state, -1);
    own_g.lo = (uintptr_t)stack;
    own_g.hi = own_g.lo + sizeof stack;
    own_g.os_stack = yank_os_stack_of(own_g.lo, own_g.hi);
    own_g.entry = fidelity_first;
    own_g.user = &own_g;
    atomic_init(&own_m.curg, &own_g);
    fidelity_bad_entry = 0;
    yank_arch_make_context(&own_g);
    execute_keeps(kept[3]);
    assert_true(cache_is_right);
    assert_int_equal(switched, 2);
    assert_false(thread_state_changed(&main_state));
    execute_keeps(kept[4]);
    assert_int_equal(switched, 3);
    assert_false(thread_state_changed(&main_state));
    assert_int_equal(off_stack, 0);
    for (int i = 0; i < 5; i++)
        if (i != 2)
            assert_memory_equal(kept[i], fidelity_kept_values,
                                fidelity_kept_words * 8);
    /* The switch hands the M on: which one, the stub asks when it resumes. */
    assert_int_equal(kept[0][fidelity_kept_words], (uintptr_t)&own_m);
    assert_int_equal(fidelity_bad_entry, 0);

    fidelity_kept((void (*)(void))yank_arch_call_saved, &saved, NULL, NULL,
                  NULL, kept[0]);
    assert_memory_equal(saved.reg, fidelity_kept_values,
                        fidelity_saved_words * 8);
    assert_int_equal(saved.pc, (uintptr_t)fidelity_kept_return);
    /* Refused, for this thread has no G: nothing is stored. */
    own_g.saved = none;
    fidelity_kept((void (*)(void))yank_blocking_enter, &own_g, NULL, NULL, NULL,
                  kept[0]);
    assert_memory_equal(&own_g.saved, &none, sizeof none);
    assert_int_equal(yank_blocking_enter(NULL), YANK_ETHREAD);

    assert_int_equal(yank_thread_attach(&me, NULL), YANK_OK);
    fidelity_kept((void (*)(void))yank_blocking_enter, &me.g, NULL, NULL, NULL,
                  kept[0]);
    assert_memory_equal(me.g.saved.reg, saved.reg,
                        fidelity_saved_words * 8);
    assert_int_equal(me.g.saved.pc, saved.pc);
    assert_int_equal(me.g.saved.sp, saved.sp);
    assert_int_equal(yank_blocking_leave(&me.g), YANK_OK);
    assert_int_equal(yank_thread_detach(&me), YANK_OK);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_switch_keeps_what_c_callees_keep),
    };
    int rc = fidelity_setup(argc, argv);

    if (rc != 0)
        return rc;
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    return yank_fini() != YANK_OK || failed != 0;
}
