/* The stack switch: G to g0 and back.  One way down, yank_arm64_to_g0, for
 * the stub and for mcall; one way up, yank_arm64_goto.
 *
 * A G that is not on an M has at g->sp the frame record of a call to
 * yank_arm64_to_g0, or one that leads to the first instruction of all; it goes
 * on there with x0 = itself and x1 = the M, and no other register is kept. */
#include "offsets_arm64.h"

/* The registers that C callees keep, FPCR among them: a frame record, x19-x28,
 * d8-d15, FPCR. */
#define KEPT_BYTES 176
#define KEPT_FPCR 160

    .macro KEEP a, b, at
    stp     \a, \b, [sp, #\at]
    .cfi_rel_offset \a, \at
    .cfi_rel_offset \b, \at+8
    .endm

    .macro UNKEEP a, b, at
    ldp     \a, \b, [sp, #\at]
    .cfi_restore \a
    .cfi_restore \b
    .endm

    .macro EACH_KEPT_PAIR do
    \do     x19, x20, 16
    \do     x21, x22, 32
    \do     x23, x24, 48
    \do     x25, x26, 64
    \do     x27, x28, 80
    \do     d8, d9, 96
    \do     d10, d11, 112
    \do     d12, d13, 128
    \do     d14, d15, 144
    .endm

    .macro KEEP_CALL_SAVED
    stp     x29, x30, [sp, #-KEPT_BYTES]!
    .cfi_adjust_cfa_offset KEPT_BYTES
    .cfi_rel_offset x29, 0
    .cfi_rel_offset x30, 8
    mov     x29, sp
    EACH_KEPT_PAIR KEEP
    mrs     x9, fpcr
    str     x9, [sp, #KEPT_FPCR]
    .endm

/* A write to FPCR is slow, and it hardly ever differs. */
    .macro UNKEEP_CALL_SAVED
    ldr     x9, [sp, #KEPT_FPCR]
    mrs     x10, fpcr
    cmp     x9, x10
    b.eq    8f
    msr     fpcr, x9
8:  EACH_KEPT_PAIR UNKEEP
    ldp     x29, x30, [sp], #KEPT_BYTES
    .cfi_adjust_cfa_offset -KEPT_BYTES
    .cfi_restore x29
    .cfi_restore x30
    .endm

/* Fill the struct yank_call_saved at \to; the caller's SP is in x9. */
    .macro STORE_CALL_SAVED to
    stp     x9, x30, [\to, #YANK_SAVED_SP]
    stp     x19, x20, [\to, #YANK_SAVED_REG]
    stp     x21, x22, [\to, #YANK_SAVED_REG+16]
    stp     x23, x24, [\to, #YANK_SAVED_REG+32]
    stp     x25, x26, [\to, #YANK_SAVED_REG+48]
    stp     x27, x28, [\to, #YANK_SAVED_REG+64]
    str     x29, [\to, #YANK_SAVED_REG+80]
    .endm

EXTERN SYM(yank_blocking_enter2)
EXTERN SYM(yank_g_start)

LABEL SYM(yank_arm64_switch_lo)

/* Called as if it were void f(m, g, fn, arg); fn(m, g, arg) runs on g0.
 *
 * In:       x0 = M, x1 = G, x2 = fn, x3 = arg, on G's stack
 * Out:      returns on the stack of the G that fn named: x0 = G, x1 = M; or,
 *           for null, from yank_arch_execute()
 * Clobbers: everything but SP; the callers kept what they need
 * Stack:    its frame record, which is g->sp
 * Unwind:   by x29, kept by fn, to the caller on G's stack.  A signal frame,
 *           since the CFA may lie below the frame of fn and debuggers take
 *           that for a corrupt stack otherwise. */
FUNC SYM(yank_arm64_to_g0)
    .cfi_startproc
    .cfi_signal_frame
    stp     x29, x30, [sp, #-16]!
    .cfi_adjust_cfa_offset 16
    .cfi_rel_offset x29, 0
    .cfi_rel_offset x30, 8
    mov     x29, sp
    .cfi_def_cfa_register x29
    str     x29, [x1, #YANK_G_SP]
    mov     x19, x0
    mov     x9, x2
    mov     x2, x3
    OS_STACK_LEAVE x1, YANK_G_OS_STACK
    ldr     x10, [x0, #YANK_M_G0_SP]
    mov     sp, x10
    OS_STACK_ENTER x0, YANK_M_OS_G0
    blr     x9
    cbz     x0, SYM(yank_arm64_leave)
    mov     x1, x19

/* In: x0 = the G to go on with, x1 = its M.
 * Unwind: from its first instruction on this is that G: CFA = x0->sp + 16. */
LABEL SYM(yank_arm64_goto)
    .cfi_escape 0x0f, 5, 0x70, YANK_G_SP, 0x06, 0x23, 16
    OS_STACK_LEAVE x1, YANK_M_OS_G0
    ldr     x9, [x0, #YANK_G_SP]
    mov     sp, x9
    .cfi_def_cfa sp, 16
    OS_STACK_ENTER x0, YANK_G_OS_STACK
    ldp     x29, x30, [sp], #16
    .cfi_adjust_cfa_offset -16
    .cfi_restore x29
    .cfi_restore x30
    ret
    .cfi_endproc
END SYM(yank_arm64_to_g0)

/* void yank_arch_mcall(struct yank_m *m, struct yank_g *g, yank_mcall_fn fn,
 *                      void *arg)
 * Stack: KEPT_BYTES + YANK_FRAME_BELOW */
FUNC SYM(yank_arch_mcall)
    .cfi_startproc
    LANDING_PAD
    KEEP_CALL_SAVED
    bl      SYM(yank_arm64_to_g0)
    UNKEEP_CALL_SAVED
    ret
    .cfi_endproc
END SYM(yank_arch_mcall)

/* void yank_arch_execute(struct yank_m *m, struct yank_g *g)
 * The call-saved registers wait at m->g0_sp, 16-byte aligned, where also
 * every function on g0 starts. */
FUNC SYM(yank_arch_execute)
    .cfi_startproc
    LANDING_PAD
    KEEP_CALL_SAVED
    mov     x9, sp
    str     x9, [x0, #YANK_M_G0_SP]
    mov     x9, x0
    mov     x0, x1
    mov     x1, x9
    b       SYM(yank_arm64_goto)
LABEL SYM(yank_arm64_leave)             /* sp = m->g0_sp again */
    UNKEEP_CALL_SAVED
    ret
    .cfi_endproc
END SYM(yank_arch_execute)

/* The first instructions of a G, at the top of its stack, 16-byte aligned.
 * In: x0 = the G, x29 = 0, the end for frame pointer walkers.
 * Unwind: nobody called this. */
FUNC SYM(yank_arm64_first)
    .cfi_startproc
    .cfi_def_cfa sp, 0
    .cfi_undefined x30
    msr     fpcr, xzr
    bl      SYM(yank_g_start)           /* does not return */
    brk     #0
    .cfi_endproc
END SYM(yank_arm64_first)

/* void yank_arch_call_saved(struct yank_call_saved *out) */
FUNC SYM(yank_arch_call_saved)
    .cfi_startproc
    LANDING_PAD
    mov     x9, sp
    STORE_CALL_SAVED x0
    ret
    .cfi_endproc
END SYM(yank_arch_call_saved)

/* int yank_blocking_enter(struct yank_g *g): in assembly, for in C the
 * caller's call-saved registers may already be in a frame that is gone when
 * the G blocks. */
FUNC_PUBLIC SYM(yank_blocking_enter)
    .cfi_startproc
    LANDING_PAD
    mov     x9, sp
    sub     sp, sp, #YANK_SAVED_BYTES
    .cfi_adjust_cfa_offset YANK_SAVED_BYTES
    STORE_CALL_SAVED sp
    mov     x1, sp
    stp     x29, x30, [sp, #-16]!
    .cfi_adjust_cfa_offset 16
    .cfi_rel_offset x29, 0
    .cfi_rel_offset x30, 8
    mov     x29, sp
    bl      SYM(yank_blocking_enter2)
    ldp     x29, x30, [sp], #16
    .cfi_adjust_cfa_offset -16
    .cfi_restore x29
    .cfi_restore x30
    add     sp, sp, #YANK_SAVED_BYTES
    .cfi_adjust_cfa_offset -YANK_SAVED_BYTES
    ret
    .cfi_endproc
END SYM(yank_blocking_enter)

LABEL SYM(yank_arm64_switch_hi)
