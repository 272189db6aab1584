#include "windows_fault.h"

#include <yank/config.h>

extern const char fault_at[], fault_next[];

YANK_TEXT uint64_t fault_load(const void *hole)
{
    register uint64_t value __asm__("rax");

    __asm__ volatile(".globl fault_at, fault_next\n"
                     "fault_at: movq (%%rcx), %%rax\n"
                     "fault_next:"
                     : "=r"(value)
                     : "c"(hole)
                     : "memory");
    return value;
}

BOOL fault_finish(CONTEXT *c, uint64_t value)
{
    if (c->Rip != (uintptr_t)fault_at)
        return FALSE;
    c->Rax = value;
    c->Rip = (uintptr_t)fault_next;
    return TRUE;
}
