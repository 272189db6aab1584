/* live_fidelity_<mode>: a stop at any instruction loses no register, flag or
 * byte of the red zone, and C code of Yank starts in the state C expects.
 *
 * A thread repeats fidelity_dirty() and fidelity_clean() (fidelity_<cpu>.S),
 * which hold known values everywhere and report what they find afterwards;
 * another one stops it again and again.  While it is stopped, and in the
 * function that every third resume makes it call, everything it had is
 * overwritten.
 *
 * argv[1]: how the stub saves vectors, see fidelity_<cpu>.c; else the CPU's
 * best way.  argv[2] or YANK_STOPS: how many stops.
 * Linked with --wrap=yank_async_preempt2. */
#define _GNU_SOURCE
#include "fidelity.h"

static struct yank_thread victim;
static _Atomic uint32_t ready, done;
static _Atomic unsigned long rounds, nested, bad_g0, bad_thread;
static unsigned long async_stops, nested_stops; /* the suspender's */
/* The frame of the stop that was resumed with a call; by the holder. */
static _Atomic uintptr_t outer_frame;

/* --- the stopped thread --------------------------------------------------*/

/* In the function that a resume made the thread call. */
void fidelity_nested(void)
{
    go_nested_rounds();
    atomic_fetch_add(&bad_thread, !thread_state_on_stack(victim.g.hi));
    atomic_fetch_add(&nested, 1);
}

void fidelity_entry(void)
{
    abort();
}

static void *victim_main(void *arg)
{
    struct yank_thread_attr attr = { .struct_size = sizeof attr };
    struct thread_state before;

    (void)arg;
    if (yank_thread_attach(&victim, &attr) != YANK_OK)
        abort();
    thread_state_begin(&before, -1);
    atomic_store(&ready, 1);
    while (atomic_load(&done) == 0) {
        go_rounds();
        if (atomic_fetch_add(&rounds, 1) % 64 == 0)
            bad_thread += thread_state_changed(&before);
    }
    if (yank_thread_detach(&victim) != YANK_OK)
        abort();
    return NULL;
}

/* --- on its g0, before Yank's own code -----------------------------------*/

/* A handful of blocks goes round: none is lost. */
static bool is_known(const struct yank_vector_block *b)
{
    static const struct yank_vector_block *known[8];

    for (size_t i = 0; i < YANK_ARRAY_LEN(known); i++) {
        if (known[i] == NULL)
            known[i] = b;
        if (known[i] == b)
            return true;
    }
    return false;
}

static int g0_fault(const struct yank_m *m)
{
    const struct yank_g *g = yank_m_curg(m);
    const struct yank_vector_block *b = g->blocks, *c = m->cache;
    uintptr_t outer = atomic_load(&outer_frame);
    bool in_call = g->stop_sp < outer;

    if (m->spare != NULL)
        return 1;
    if (b->frame_sp != g->sp + fidelity_frame_below)
        return 2;
    if (!fidelity_block_fits(b))
        return 3;
    if (!is_known(b))
        return 4;
    if (!in_call && b->next != NULL)
        return 5;
    if (!thread_state_on_stack(m->g0.hi))
        return 8;
    if (in_call && (b->next == NULL || b->next->frame_sp != outer ||
                    b->next->next != NULL))
        return 6;
    for (int i = 0; c != NULL; c = c->next)
        if (c == b || c == b->next || ++i > 8)
            return 7;
    return 0;
}

void fidelity_on_g0(struct yank_m *m)
{
    int fault = g0_fault(m);

    if (fault != 0 && atomic_fetch_add(&bad_g0, 1) < 10)
        printf("on g0: fault %d\n", fault);
}

/* --- the suspender -------------------------------------------------------*/

static void stop_once(long i)
{
    struct yank_stop stop;
    const struct yank_vector_block *b;

    assert_int_equal(yank_suspend_g(&victim.g, SOON, &stop), 0);
    assert_non_null(stop.g);
    bool async = stop.async;
    b = victim.g.blocks;
    async_stops += async;
    nested_stops += async && b->next != NULL;
    /* A call only where the loops' SP is lowest, so that all that lies deeper
     * is the call. */
    if (i % 3 == 2 && async && b->next == NULL &&
        stop.pc >= (uintptr_t)fidelity_sled_lo &&
        stop.pc < (uintptr_t)fidelity_sled_hi) {
        atomic_store(&outer_frame, b->frame_sp);
        assert_int_equal(yank_resume_call(&stop, fidelity_scramble, NULL), 0);
    } else {
        assert_int_equal(yank_resume_g(&stop), 0);
    }
    /* Not yet running it would be claimed as it is, and never come on. */
    while (yank_read_status(&victim.g) != YANK_RUNNING)
        test_yield();
}

static void nothing_is_lost(void **state)
{
    struct yank_code *code;
    struct test_thread t;

    (void)state;
    learn();
    code = fidelity_register(YANK_CODE_SAFE);
    assert_int_equal(test_thread_start(&t, victim_main, NULL), 0);
    while (atomic_load(&ready) == 0)
        yank_arch_pause();
    long n = 0;
    for (; !enough(n, stops); n++)
        stop_once(n);
    atomic_store(&done, 1);
    assert_int_equal(test_thread_join(&t, NULL), 0);
    assert_int_equal(yank_code_remove(code, SOON), YANK_OK);
    printf("%s: %ld stops, %lu asynchronous, %lu in %lu calls, %lu rounds, "
           "level %u\n",
           mode, n, async_stops, nested_stops, atomic_load(&nested),
           atomic_load(&rounds), fidelity_level);
    assert_int_equal(atomic_load(&bad_rounds), 0);
    assert_int_equal(atomic_load(&bad_g0), 0);
    assert_int_equal(fidelity_bad_entry, 0);
    assert_true(kick_handler_ran_well());
    assert_int_equal(atomic_load(&bad_thread), 0);
    /* It did test something. */
    assert_true(async_stops >= (unsigned long)n / 2);
    /* A call may be short beside the time between two stops, or long. */
    assert_true(atomic_load(&nested) > 0);
    assert_true(atomic_load(&nested) + nested_stops >= (unsigned long)n / 50);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(nothing_is_lost) };
    int rc = fidelity_setup(argc, argv);

    if (rc != 0)
        return rc;
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    return yank_fini() != YANK_OK || failed != 0;
}
