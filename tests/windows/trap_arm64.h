/* What a trap finds on arm64, and how code comes to have one. */
#ifndef YANK_TESTS_TRAP_ARM64_H
#define YANK_TESTS_TRAP_ARM64_H

#include "trap.h"

#include <string.h>

#define TRAP_FEATURE_ATOMICS 34 /* winnt.h of late SDKs */

struct trap_context {
    uint64_t x[31], sp, pc, pstate, fp_control, vl;
    unsigned char v[32 * 16], sve[1];
};

/* All registers; vl is 0 where there is no more than V. */
static inline void trap_take(struct trap_context *c, const void *context)
{
    const CONTEXT *from = context;

    memset(c, 0, sizeof *c);
    memcpy(c->x, from->X, sizeof c->x);
    c->sp = from->Sp;
    c->pc = from->Pc;
    c->pstate = from->Cpsr;
    c->fp_control = (uint64_t)from->Fpcr << 32 | from->Fpsr;
    memcpy(c->v, from->V, sizeof c->v);
}

/* Once, on the thread that is stopped: code from lo to hi may be written to. */
static inline bool trap_prepare(uintptr_t lo, uintptr_t hi)
{
    DWORD before;

    return VirtualProtect((void *)lo, hi - lo, PAGE_EXECUTE_READWRITE,
                          &before) != FALSE;
}

static inline void trap_code_written(uint32_t *at)
{
    FlushInstructionCache(GetCurrentProcess(), at, sizeof *at);
}

static inline bool trap_has_atomics(void)
{
    return IsProcessorFeaturePresent(TRAP_FEATURE_ATOMICS) != FALSE;
}

#endif
