/* The spill stub: what an interrupted thread runs between the instruction at
 * which it was stopped and the same instruction later.
 *
 * The frame is described in offsets_riscv64.h.  Everything after it runs on g0;
 * the interrupted stack is touched no deeper than yank_arch_async_preempt_
 * stack() says. */
#include "offsets_riscv64.h"

EXTERN SYM(yank_async_preempt2)
EXTERN SYM(yank_riscv64_leave_stub)
EXTERN SYM(yank_run_call)

/* All but x0, sp and tp. */
    .macro EACH_X do
    .irp n, 1,3,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26
    \do     \n
    .endr
    .irp n, 27,28,29,30,31
    \do     \n
    .endr
    .endm

    .macro EACH_F do
    .irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15
    \do     \n
    .endr
    .irp n, 16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
    \do     \n
    .endr
    .endm

    .macro SPILL n
    sd      x\n, YANK_FRAME_PC+8*\n(sp)
    .cfi_rel_offset x\n, YANK_FRAME_PC+8*\n
    .endm

    .macro SAVE_F n
    fsd     f\n, YANK_VECTORS_F+8*\n(s3)
    .endm

LABEL SYM(yank_riscv64_stub_lo)

/* void yank_async_preempt(void): never called.  push_call makes the
 * interrupted code look as if it had just called this, at any instruction.
 *
 * In:       sp = the frame, with PC and M in it; above it YANK_RED_ZONE bytes
 *           that are not ours; m->spare not null
 * Keeps:    s1 = M, s2 = G, s3 = vector block
 * Clobbers: nothing; the interrupted code did not agree to lose any register.
 *           V is left alone, for the system refuses where it is in use
 * Stack:    YANK_FRAME_BYTES + YANK_FRAME_BELOW under the red zone
 * Unwind:   the resume PC is the next instruction and not a return address,
 *           hence .cfi_signal_frame; the CFA is the interrupted SP
 * Origin:   go@62e53b79 runtime/preempt_riscv64.s:asyncPreempt, which gave up
 *           X31 */
FUNC SYM(yank_async_preempt)
    .cfi_startproc
    .cfi_signal_frame
    .cfi_return_column YANK_PC_COLUMN
    .cfi_def_cfa sp, YANK_FRAME_BYTES + YANK_RED_ZONE
    .cfi_rel_offset YANK_PC_COLUMN, YANK_FRAME_PC
    LANDING_PAD
    EACH_X SPILL

    ld      s1, YANK_FRAME_M(sp)
    ld      s2, YANK_M_CURG(s1)
    ld      s3, YANK_M_SPARE(s1)

    /* Floating point. */
    EACH_F SAVE_F
    frcsr   t0
    sw      t0, YANK_VECTORS_FCSR(s3)

    /* Round to nearest, for C. */
    fsrm    zero

    /* The block goes from the M to the G. */
    sd      sp, YANK_BLOCK_FRAME_SP(s3)
    ld      t0, YANK_G_BLOCKS(s2)
    sd      t0, YANK_BLOCK_NEXT(s3)
    sd      s3, YANK_G_BLOCKS(s2)
    sd      zero, YANK_M_SPARE(s1)

    /* To g0; the return is the resume, on the M in a1. */
    mv      a0, s1
    mv      a1, s2
    lla     a2, SYM(yank_async_preempt2)
    call    SYM(yank_riscv64_to_g0)
    mv      s1, a1
    mv      s2, a0

    /* A function that resume_call left.  It may be stopped itself, and come
     * back on another M; whatever that stop's resume wants called it calls. */
    ld      t0, YANK_G_CALL_FN(s2)
    beqz    t0, 1f
    fsrm    zero                        /* another G's came with the M */
    mv      a0, s2
    call    SYM(yank_run_call)
    ld      s1, YANK_G_M(s2)

    /* By way of the kernel, from g0. */
1:  mv      a0, s1
    mv      a1, s2
    mv      a2, sp
    mv      s3, sp
    .cfi_def_cfa_register s3
    ld      sp, YANK_M_G0_SP(s1)
    call    SYM(yank_riscv64_leave_stub) /* does not return */
    ebreak
    .cfi_endproc
END SYM(yank_async_preempt)

LABEL SYM(yank_riscv64_stub_hi)
