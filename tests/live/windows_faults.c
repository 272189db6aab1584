/* Faults that the program handles, in a loop that is stopped all the time: the
 * handler sees the instruction that faulted and never Yank's stub, and each
 * load has its value.  Origin: golang/go#35773 */
#include "live.h"
#include "windows_fault.h"

#define VALUE 0x5eed5eed5eedu

static void *hole; /* reserved, and nothing more */
static _Atomic uint64_t handled, elsewhere;

static LONG CALLBACK on_fault(EXCEPTION_POINTERS *e)
{
    if (e->ExceptionRecord->ExceptionCode != EXCEPTION_ACCESS_VIOLATION ||
        e->ExceptionRecord->ExceptionInformation[1] != (ULONG_PTR)hole)
        return EXCEPTION_CONTINUE_SEARCH;
    if (!fault_finish(e->ContextRecord, VALUE)) {
        /* It goes on there; the load that was meant faults again. */
        atomic_fetch_add(&elsewhere, 1);
        return EXCEPTION_CONTINUE_SEARCH;
    }
    atomic_fetch_add(&handled, 1);
    return EXCEPTION_CONTINUE_EXECUTION;
}

static _Atomic uint64_t wrong;

/* Longer than a suspension takes to arrive: with less, one that is asked for
 * here arrives when the system handles the next fault, nearly always. */
YANK_TEXT static uint64_t some_rounds(uint64_t x)
{
    for (int i = 0; i < 60000; i++)
        __asm__ volatile("" : "+r"(x));
    return x;
}

static void faulting_loop(struct target *x)
{
    while (!atomic_load(&x->quit)) {
        if (some_rounds(fault_load(hole)) != VALUE)
            atomic_fetch_add(&wrong, 1);
        atomic_fetch_add(&x->count, 1);
    }
}

static void live_faults_are_the_programs_own(void **state)
{
    const uint64_t want = 500;
    uint64_t before;
    struct target *x;
    PVOID handler;

    (void)state;
    hole = VirtualAlloc(NULL, 65536, MEM_RESERVE, PAGE_NOACCESS);
    assert_non_null(hole);
    handler = AddVectoredExceptionHandler(1, on_fault);
    assert_non_null(handler);
    before = answers(YANK_INJECTED);
    x = target_start(faulting_loop, NULL);
    while (answers(YANK_INJECTED) - before < want ||
           atomic_load(&handled) < want) {
        struct yank_stop stop;

        assert_int_equal(yank_suspend_g(&x->t.g, SOON, &stop), YANK_OK);
        assert_int_equal(yank_resume_g(&stop), YANK_OK);
    }
    target_join(x);
    RemoveVectoredExceptionHandler(handler);
    VirtualFree(hole, 0, MEM_RELEASE);
    assert_int_equal(atomic_load(&elsewhere), 0);
    assert_int_equal(atomic_load(&wrong), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(
        live_faults_are_the_programs_own) };

    return live_main(tests, 1, true);
}
