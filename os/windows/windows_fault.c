/* Access violations and stack overflows on attached threads, for guard pages,
 * by a vectored exception handler.  What is not ours goes on to the next
 * handler, and ends the process as it would have ended without us.
 * It runs on the stack that overflowed, with a page or two left. */
#include "../../arch/arch.h"
#include "windows.h"

/* Written by begin and end, read by the handler.  Relaxed: the calls that add
 * and remove the handler order them. */
static _Atomic(yank_os_fault_fn *) decide;
static void *installed; /* begin, end */

/* Which address, of an access that failed? */
static bool is_access(const EXCEPTION_RECORD *e, uintptr_t sp, uintptr_t *addr)
{
    switch (e->ExceptionCode) {
    case EXCEPTION_ACCESS_VIOLATION:
    case EXCEPTION_GUARD_PAGE: /* of a stack the system does not know */
    case EXCEPTION_STACK_OVERFLOW: break;
    default: return false;
    }
    *addr = e->NumberParameters >= 2 ? e->ExceptionInformation[1] : sp;
    return true;
}

/* The thread goes on upon another stack, which the system must know for its
 * own: where control flow is guarded NtContinue() refuses any other SP.  Until
 * then it is still on this one, so both are: the mcall that follows sets the
 * bounds of g0. */
static void tell_system(uintptr_t sp)
{
    NT_TIB *tib = (NT_TIB *)NtCurrentTeb();

    if (sp > (uintptr_t)tib->StackLimit && sp <= (uintptr_t)tib->StackBase)
        return;
    *(uintptr_t *)(void *)((char *)tib + YANK_TEB_DEALLOCATION_STACK) = 0;
    tib->StackLimit = NULL;
    tib->StackBase = (void *)UINTPTR_MAX;
}

static bool handled(struct yank_m *m, EXCEPTION_POINTERS *e)
{
    yank_os_fault_fn *fn = atomic_load_explicit(&decide, memory_order_relaxed);
    struct yank_regs r = { 0 };
    uintptr_t addr;

    yank_windows_load(e->ContextRecord, &r);
    if (fn == NULL || !is_access(e->ExceptionRecord, r.sp, &addr) ||
        !fn(m, addr, &r))
        return false;
    yank_windows_store(e->ContextRecord, &r);
    tell_system(r.sp);
    return true;
}

static LONG CALLBACK on_exception(EXCEPTION_POINTERS *e)
{
    struct yank_m *m = yank_m_self();
    DWORD error = GetLastError();
    bool ours;

    if (m == NULL)
        return EXCEPTION_CONTINUE_SEARCH;
    yank_arch_c_flags();
    struct yank_windows_m *w = yank_windows_of(m);

    /* seq_cst and not less: who suspends this thread anywhere between the two
     * must see it; and no compiler moves the look at the code map out. */
    atomic_store_explicit(&w->in_fault, 1, memory_order_seq_cst);
    ours = handled(m, e);
    atomic_store_explicit(&w->in_fault, 0, memory_order_seq_cst);
    SetLastError(error);
    return ours ? EXCEPTION_CONTINUE_EXECUTION : EXCEPTION_CONTINUE_SEARCH;
}

int yank_os_faults_begin(yank_os_fault_fn *fn)
{
    atomic_store_explicit(&decide, fn, memory_order_relaxed);
    installed = AddVectoredExceptionHandler(1, on_exception);
    return installed != NULL ? YANK_OK : YANK_EOS;
}

void yank_os_faults_end(void)
{
    if (installed != NULL)
        RemoveVectoredExceptionHandler(installed);
    installed = NULL;
    atomic_store_explicit(&decide, NULL, memory_order_relaxed);
}
