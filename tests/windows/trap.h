/* A handler for the traps of one's own thread, and the context that it finds
 * and may edit. */
#ifndef YANK_TESTS_TRAP_H
#define YANK_TESTS_TRAP_H

#include "os/windows/windows.h"

/* Does the handler leave alone what lies below the SP?  It runs there. */
enum { TRAP_OFF_STACK = false };

static void (*trap_fn)(void *context);
static unsigned trap_bytes;

static inline LONG CALLBACK trap_handler(EXCEPTION_POINTERS *e)
{
    DWORD code = e->ExceptionRecord->ExceptionCode;
    struct yank_regs r = { 0 };

    if (code != EXCEPTION_BREAKPOINT && code != EXCEPTION_SINGLE_STEP)
        return EXCEPTION_CONTINUE_SEARCH;
    yank_windows_load(e->ContextRecord, &r);
    if (code == EXCEPTION_BREAKPOINT)
        r.pc += trap_bytes; /* the system took it back */
    yank_windows_store(e->ContextRecord, &r);
    trap_fn(e->ContextRecord);
    return EXCEPTION_CONTINUE_EXECUTION;
}

/* fn runs at each trap.  bytes: how far behind an instruction that traps by
 * itself the CPU leaves the PC, and fn finds it. */
static inline bool trap_begin(void (*fn)(void *context), unsigned bytes)
{
    trap_fn = fn;
    trap_bytes = bytes;
    return AddVectoredExceptionHandler(1, trap_handler) != NULL;
}

static inline void trap_load(void *context, struct yank_regs *r)
{
    yank_windows_load(context, r);
}

static inline void trap_store(void *context, const struct yank_regs *r)
{
    yank_windows_store(context, r);
}

#endif
