#include "windows_fault.h"

#include <yank/config.h>

extern const char fault_at[], fault_next[];

YANK_TEXT uint64_t fault_load(const void *hole)
{
    register const void *from __asm__("x1") = hole;
    register uint64_t value __asm__("x0");

    __asm__ volatile(".globl fault_at, fault_next\n"
                     "fault_at: ldr x0, [x1]\n"
                     "fault_next:"
                     : "=r"(value)
                     : "r"(from)
                     : "memory");
    return value;
}

BOOL fault_finish(CONTEXT *c, uint64_t value)
{
    if (c->Pc != (uintptr_t)fault_at)
        return FALSE;
    c->X[0] = value;
    c->Pc = (uintptr_t)fault_next;
    return TRUE;
}
