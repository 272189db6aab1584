/* The CONTEXT of arm64: read and edited for the kick, and made anew for a G that
 * goes on, since only NtContinue() loads every register.  RtlRestoreContext(),
 * which is documented where that is not, may go to the PC by a register. */
#include "../../arch/arch.h"
#include "../../arch/arm64/arm64.h"
#include "windows.h"

#include <string.h>

/* The integers, too, which nobody edits: set by control alone, Wine 8 loads
 * others. */
const DWORD yank_windows_context_flags =
    CONTEXT_CONTROL | CONTEXT_INTEGER;

void yank_windows_load(const CONTEXT *c, struct yank_regs *r)
{
    r->pc = (uintptr_t)c->Pc;
    r->sp = (uintptr_t)c->Sp;
    r->fp = (uintptr_t)c->Fp;
    r->lr = (uintptr_t)c->Lr;
    r->flags = c->Cpsr;
}

void yank_windows_store(CONTEXT *c, const struct yank_regs *r)
{
    c->Pc = r->pc;
    c->Sp = r->sp;
    c->Lr = r->lr;
    c->Cpsr = (DWORD)r->flags;
}

/* A CONTEXT has no room for SVE registers. */
bool yank_arm64_has_sve_here(void)
{
    return false;
}

#define FEATURE_SVE 46 /* winnt.h of late SDKs */

bool yank_arm64_keeps_all_here(void)
{
    return !IsProcessorFeaturePresent(FEATURE_SVE);
}

/* In no public header. */
__declspec(dllimport) LONG NTAPI NtContinue(CONTEXT *context, BOOLEAN alert);

/* The vectors, too: a system call need not keep them. */
static void put_registers(CONTEXT *c, const struct yank_arm64_frame *from,
                          const struct yank_arm64_vectors *vectors)
{
    _Static_assert(sizeof from->x == sizeof c->X, "x0-x30");
    _Static_assert(sizeof c->V == YANK_ARM64_V_BYTES, "V0-V31");

    c->ContextFlags =
        CONTEXT_CONTROL | CONTEXT_INTEGER | CONTEXT_FLOATING_POINT;
    memcpy(c->X, from->x, sizeof from->x);
    c->X[18] = (uintptr_t)NtCurrentTeb(); /* the stop may have had another */
    c->Pc = from->pc;
    c->Cpsr = (DWORD)from->pstate;
    c->Fpsr = vectors->fpsr;
    c->Fpcr = vectors->fpcr;
    memcpy(c->V, vectors->reg, sizeof c->V);
}

/* continue_arm64.S */
_Noreturn void yank_windows_arm64_leave_g0(struct yank_m *m, struct yank_g *g,
                                           uintptr_t sp, CONTEXT *context,
                                           LONG NTAPI (*fn)(CONTEXT *,
                                                            BOOLEAN));

void yank_arm64_continue(struct yank_m *m, struct yank_g *g,
                         const struct yank_arm64_frame *from, uintptr_t sp,
                         const struct yank_arm64_vectors *vectors)
{
    CONTEXT c;

    put_registers(&c, from, vectors);
    c.Sp = sp;
    yank_windows_arm64_leave_g0(m, g, (uintptr_t)from, &c, NtContinue);
}
