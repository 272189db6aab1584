/* The stack switch: G to g0 and back.  One way down, yank_riscv64_to_g0, for
 * the stub and for mcall; one way up, yank_riscv64_goto.
 *
 * A G that is not on an M has at g->sp the frame record of a call to
 * yank_riscv64_to_g0, or one that leads to the first instruction of all; it
 * goes on there with a0 = itself and a1 = the M, and no other register is kept
 * but gp and tp, which no code changes. */
#include "offsets_riscv64.h"

/* The registers that C callees keep, the rounding mode among them: frm,
 * fs0-fs11, s1-s11, and a frame record, s0 and ra, which ends where SP was, as
 * frame pointer walkers want it. */
#define KEPT_BYTES 208
#define KEPT_FRM 0

    .macro KEEP reg, at
    sd      \reg, \at(sp)
    .cfi_rel_offset \reg, \at
    .endm

    .macro UNKEEP reg, at
    ld      \reg, \at(sp)
    .cfi_restore \reg
    .endm

    .macro KEEP_F reg, at
    fsd     \reg, \at(sp)
    .cfi_rel_offset \reg, \at
    .endm

    .macro UNKEEP_F reg, at
    fld     \reg, \at(sp)
    .cfi_restore \reg
    .endm

    .macro EACH_KEPT x, f
    \f      fs0, 8
    \f      fs1, 16
    \f      fs2, 24
    \f      fs3, 32
    \f      fs4, 40
    \f      fs5, 48
    \f      fs6, 56
    \f      fs7, 64
    \f      fs8, 72
    \f      fs9, 80
    \f      fs10, 88
    \f      fs11, 96
    \x      s1, 104
    \x      s2, 112
    \x      s3, 120
    \x      s4, 128
    \x      s5, 136
    \x      s6, 144
    \x      s7, 152
    \x      s8, 160
    \x      s9, 168
    \x      s10, 176
    \x      s11, 184
    \x      s0, 192
    \x      ra, 200
    .endm

    .macro KEEP_CALL_SAVED
    addi    sp, sp, -KEPT_BYTES
    .cfi_adjust_cfa_offset KEPT_BYTES
    EACH_KEPT KEEP, KEEP_F
    addi    s0, sp, KEPT_BYTES
    frrm    t0
    sd      t0, KEPT_FRM(sp)
    .endm

/* A write to a CSR is slow, and this one hardly ever differs. */
    .macro UNKEEP_CALL_SAVED
    ld      t0, KEPT_FRM(sp)
    frrm    t1
    beq     t0, t1, 8f
    fsrm    t0
8:  EACH_KEPT UNKEEP, UNKEEP_F
    addi    sp, sp, KEPT_BYTES
    .cfi_adjust_cfa_offset -KEPT_BYTES
    .endm

/* Fill the struct yank_call_saved at \to; the caller's SP is in t0. */
    .macro STORE_CALL_SAVED to
    sd      t0, YANK_SAVED_SP(\to)
    sd      ra, YANK_SAVED_PC(\to)
    sd      s0, YANK_SAVED_REG(\to)
    sd      s1, YANK_SAVED_REG+8(\to)
    sd      s2, YANK_SAVED_REG+16(\to)
    sd      s3, YANK_SAVED_REG+24(\to)
    sd      s4, YANK_SAVED_REG+32(\to)
    sd      s5, YANK_SAVED_REG+40(\to)
    sd      s6, YANK_SAVED_REG+48(\to)
    sd      s7, YANK_SAVED_REG+56(\to)
    sd      s8, YANK_SAVED_REG+64(\to)
    sd      s9, YANK_SAVED_REG+72(\to)
    sd      s10, YANK_SAVED_REG+80(\to)
    sd      s11, YANK_SAVED_REG+88(\to)
    .endm

/* A frame record of its own, below SP. */
    .macro PUSH_RECORD
    addi    sp, sp, -16
    .cfi_adjust_cfa_offset 16
    KEEP    s0, 0
    KEEP    ra, 8
    .endm

    .macro POP_RECORD
    UNKEEP  s0, 0
    UNKEEP  ra, 8
    addi    sp, sp, 16
    .cfi_adjust_cfa_offset -16
    .endm

EXTERN SYM(yank_blocking_enter2)
EXTERN SYM(yank_g_start)

LABEL SYM(yank_riscv64_switch_lo)

/* Called as if it were void f(m, g, fn, arg); fn(m, g, arg) runs on g0.
 *
 * In:       a0 = M, a1 = G, a2 = fn, a3 = arg, on G's stack
 * Out:      returns on the stack of the G that fn named: a0 = G, a1 = M; or,
 *           for null, from yank_arch_execute()
 * Clobbers: everything but SP, gp and tp; the callers kept what they need
 * Stack:    its frame record, which is g->sp
 * Unwind:   by s0, kept by fn, to the caller on G's stack.  A signal frame,
 *           since the CFA may lie below the frame of fn and debuggers take
 *           that for a corrupt stack otherwise. */
FUNC SYM(yank_riscv64_to_g0)
    .cfi_startproc
    .cfi_signal_frame
    PUSH_RECORD
    addi    s0, sp, 16
    .cfi_def_cfa s0, 0
    sd      sp, YANK_G_SP(a1)
    mv      s1, a0
    mv      t0, a2
    mv      a2, a3
    ld      sp, YANK_M_G0_SP(a0)
    jalr    t0
    beqz    a0, SYM(yank_riscv64_leave)
    mv      a1, s1

/* In: a0 = the G to go on with, a1 = its M.
 * Unwind: from its first instruction on this is that G: CFA = a0->sp + 16. */
LABEL SYM(yank_riscv64_goto)
    .cfi_escape 0x0f, 5, 0x7a, YANK_G_SP, 0x06, 0x23, 16
    ld      sp, YANK_G_SP(a0)
    .cfi_def_cfa sp, 16
    POP_RECORD
    ret
    .cfi_endproc
END SYM(yank_riscv64_to_g0)

/* void yank_arch_mcall(struct yank_m *m, struct yank_g *g, yank_mcall_fn fn,
 *                      void *arg)
 * Stack: KEPT_BYTES + YANK_FRAME_BELOW */
FUNC SYM(yank_arch_mcall)
    .cfi_startproc
    LANDING_PAD
    KEEP_CALL_SAVED
    call    SYM(yank_riscv64_to_g0)
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
    sd      sp, YANK_M_G0_SP(a0)
    mv      t0, a0
    mv      a0, a1
    mv      a1, t0
    j       SYM(yank_riscv64_goto)
LABEL SYM(yank_riscv64_leave)           /* sp = m->g0_sp again */
    UNKEEP_CALL_SAVED
    ret
    .cfi_endproc
END SYM(yank_arch_execute)

/* The first instructions of a G, at the top of its stack, 16-byte aligned.
 * In: a0 = the G, s0 = 0, the end for frame pointer walkers.
 * Unwind: nobody called this. */
FUNC SYM(yank_riscv64_first)
    .cfi_startproc
    .cfi_def_cfa sp, 0
    .cfi_undefined ra
    fsrm    zero
    call    SYM(yank_g_start)           /* does not return */
    ebreak
    .cfi_endproc
END SYM(yank_riscv64_first)

/* void yank_arch_call_saved(struct yank_call_saved *out) */
FUNC SYM(yank_arch_call_saved)
    .cfi_startproc
    LANDING_PAD
    mv      t0, sp
    STORE_CALL_SAVED a0
    ret
    .cfi_endproc
END SYM(yank_arch_call_saved)

/* int yank_blocking_enter(struct yank_g *g): in assembly, for in C the
 * caller's call-saved registers may already be in a frame that is gone when
 * the G blocks. */
FUNC_PUBLIC SYM(yank_blocking_enter)
    .cfi_startproc
    LANDING_PAD
    mv      t0, sp
    addi    sp, sp, -YANK_SAVED_BYTES
    .cfi_adjust_cfa_offset YANK_SAVED_BYTES
    STORE_CALL_SAVED sp
    mv      a1, sp
    PUSH_RECORD
    addi    s0, sp, 16
    call    SYM(yank_blocking_enter2)
    POP_RECORD
    addi    sp, sp, YANK_SAVED_BYTES
    .cfi_adjust_cfa_offset -YANK_SAVED_BYTES
    ret
    .cfi_endproc
END SYM(yank_blocking_enter)

LABEL SYM(yank_riscv64_switch_hi)
