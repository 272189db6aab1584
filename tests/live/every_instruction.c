/* live_every_instruction: a stop is exact at each single instruction.
 *
 * A thread runs instruction_body(), one run for each step k, with a trap before
 * step k.  The trap's handler lets Yank answer as its own handler would, with a
 * suspender already waiting.  The thread is injected exactly there, stopped,
 * has all its registers overwritten (fidelity_<cpu>.S), goes on, and must come
 * to the result of the undisturbed run.
 *
 * Linked with every_instruction_<cpu>.c, fidelity_<cpu> and
 * --wrap=yank_async_preempt2. */
#define _GNU_SOURCE
#include "every_instruction.h"

#include "fidelity_cpu.h"
#include "thread.h" /* before CMocka, which has a test_free, too */

#include "live.h"
#include "trap.h"

#include <stdio.h>
#include <string.h>

void fidelity_nested(void)
{
}
void fidelity_on_g0(struct yank_m *m)
{
    (void)m;
}
void fidelity_entry(void)
{
    abort();
}

/* --- the stepped thread and its handler ----------------------------------*/

static struct body_state reference, state_now;
static _Atomic int stop_wanted;
static volatile bool injected;
static int stack_fault;

/* Below an interrupted SP a plain stop uses async_preempt_stack() bytes, to
 * the last one, and no more; not even with a large frame that is hardly
 * written to. */
enum { CANARY = 32 * 1024, CANARY_BYTE = 0xa5 };
static volatile unsigned char *canary; /* lo; the need ends at its hi */

static void plant_canary(uintptr_t sp)
{
    canary = (unsigned char *)(sp - yank_arch_async_preempt_stack() - CANARY);
    for (int i = 0; i < CANARY + 8; i++)
        canary[i] = CANARY_BYTE;
}

/* 0 all is as it should; else what is not. */
static inline int canary_fault(void)
{
    int last_word = 0;

    for (int i = 0; i < CANARY; i++)
        if (canary[i] != CANARY_BYTE)
            return 1;
    for (int i = CANARY; i < CANARY + 8; i++)
        last_word += canary[i] == CANARY_BYTE;
    return last_word == 8 ? 2 : 0;
}

void stop_here(void *context)
{
    struct yank_m *m = yank_m_self();
    struct yank_regs r = { 0 };

    trap_load(context, &r);
    /* Not sooner: a kick would find the thread before its trap does. */
    atomic_store(&stop_wanted, 1);
    while (atomic_load(&yank_m_curg(m)->asks) == 0)
        yank_arch_pause();
    if (TRAP_OFF_STACK)
        plant_canary(r.sp);
    injected = yank_do_sig_preempt(m, &r).edited;
    if (injected)
        trap_store(context, &r);
}

/* One run, stopped before step k. */
static void stopped_run(int k)
{
    bool trapped;

    body_fill(&state_now);
    injected = false;
    trapped = body_run(&state_now, k);
    stack_fault = TRAP_OFF_STACK ? canary_fault() : 0; /* before any call */
    assert_true(trapped);
    assert_true(injected);
}

/* --- the suspender -------------------------------------------------------*/

static struct yank_thread *stepped;
static _Atomic int stops, quit;

static void *suspender_main(void *arg)
{
    struct yank_stop stop;

    (void)arg;
    while (atomic_load(&quit) == 0) {
        if (atomic_exchange(&stop_wanted, 0) == 0) {
            test_yield();
            continue;
        }
        if (yank_suspend_g(&stepped->g, SOON, &stop) != YANK_OK)
            abort();
        int n = atomic_load(&stops);
        int rc = n % 2 == 0 ? yank_resume_g(&stop)
                            : yank_resume_call(&stop, fidelity_scramble, NULL);
        if (rc != YANK_OK)
            abort();
        atomic_store(&stops, n + 1);
    }
    return NULL;
}

/* --- main ----------------------------------------------------------------*/

static uintptr_t path[MAX_STEPS];

static void assert_undisturbed(int k)
{
    const char *fault = k < 0 ? NULL : body_fault();

    if (fault != NULL ||
        memcmp(&state_now, &reference, sizeof reference) != 0)
        printf("differs after a stop at +0x%lx: %s\n",
               k < 0 ? 0ul
                     : (unsigned long)(path[k] - (uintptr_t)instruction_lo),
               fault != NULL ? fault : "the result");
    assert_null(fault);
    assert_memory_equal(&state_now, &reference, sizeof reference);
}

static void every_instruction_is_a_safe_point(void **state)
{
    static struct yank_thread self;
    struct yank_thread_attr attr = { .struct_size = sizeof attr };
    struct test_thread helper;

    (void)state;
    assert_true(fidelity_choose("best"));
    body_fill(&state_now);
    instruction_body(&state_now);
    reference = state_now;

    stepped = &self;
    assert_int_equal(yank_thread_attach(&self, &attr), YANK_OK);
    body_begin();
    assert_int_equal(test_thread_start(&helper, suspender_main, NULL), 0);
    body_fill(&state_now);
    int steps = body_steps(&state_now, path);
    assert_undisturbed(-1);
    assert_true(steps > 100 && steps < MAX_STEPS);
    assert_true(body_is_covered(path, steps));

    for (int k = 0; k < steps; k++) {
        stopped_run(k);
        while (atomic_load(&stops) != k + 1)
            test_yield();
        assert_undisturbed(k);
        if (k % 2 == 0) /* the others made a call from there */
            assert_int_equal(stack_fault, 0);
    }
    atomic_store(&quit, 1);
    assert_int_equal(test_thread_join(&helper, NULL), 0);
    assert_int_equal(yank_thread_detach(&self), YANK_OK);
    assert_int_equal(fidelity_bad_entry, 0);
    printf("%d steps, %d bytes, level %u, each stopped\n", steps,
           (int)(instruction_hi - instruction_lo), fidelity_level);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_instruction_is_a_safe_point),
    };

    return live_main(tests, YANK_ARRAY_LEN(tests), true);
}
