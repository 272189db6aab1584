/* Loops that hold a known value in every register while they are stopped, and
 * the code that meanwhile destroys every register of the stopped thread. */
#include "fidelity_riscv64.h"
#include "arch/riscv64/offsets_riscv64.h"

/* The frame while the state is live: what comes out, and what C wants back. */
#define OUT 0
#define OLD_FRM 8
#define OLD_SP 16
#define CAP 32                          /* x0 ... x31 */
#define OLD_X (CAP+256)                 /* ra, gp, s0-s11 */
#define OLD_FS (OLD_X+112)
#define FRAME (OLD_FS+112)

/* All but x0, sp, tp and a0. */
    .macro EACH_X_BUT_A0 do
    .irp n, 1,3,5,6,7,8,9,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27
    \do     \n
    .endr
    .irp n, 28,29,30,31
    \do     \n
    .endr
    .endm

/* And gp, which is no C code's here. */
    .macro EACH_CALLER_SAVED do
    .irp n, 1,3,5,6,7,10,11,12,13,14,15,16,17,28,29,30,31
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

    .macro LOAD_X n
    ld      x\n, FID_GPR+8*\n(a0)
    .endm
    .macro TAKE_X n
    sd      x\n, CAP+8*\n(sp)
    .endm
    .macro COPY_X n
    ld      t0, CAP+8*\n(sp)
    sd      t0, FID_GPR+8*\n(a1)
    .endm
    .macro LOAD_F n
    fld     f\n, FID_F+8*\n(a0)
    .endm
    .macro TAKE_F n
    fsd     f\n, FID_F+8*\n(a1)
    .endm
    .macro CLEAR_F n
    fmv.d.x f\n, zero
    .endm
    .macro SPOIL_X n
    li      x\n, -1
    .endm
    .macro SPOIL_F n
    fmv.d.x f\n, t0
    .endm

/* What C callees keep, by \x and \f, from \at(\base) on. */
    .macro EACH_KEPT x, f, at, base
    \x      s0, \at(\base)
    \x      s1, 8+\at(\base)
    \x      s2, 16+\at(\base)
    \x      s3, 24+\at(\base)
    \x      s4, 32+\at(\base)
    \x      s5, 40+\at(\base)
    \x      s6, 48+\at(\base)
    \x      s7, 56+\at(\base)
    \x      s8, 64+\at(\base)
    \x      s9, 72+\at(\base)
    \x      s10, 80+\at(\base)
    \x      s11, 88+\at(\base)
    EACH_FS \f, 96+\at, \base
    .endm

    .macro EACH_FS f, at, base
    \f      fs0, \at(\base)
    \f      fs1, 8+\at(\base)
    \f      fs2, 16+\at(\base)
    \f      fs3, 24+\at(\base)
    \f      fs4, 32+\at(\base)
    \f      fs5, 40+\at(\base)
    \f      fs6, 48+\at(\base)
    \f      fs7, 56+\at(\base)
    \f      fs8, 64+\at(\base)
    \f      fs9, 72+\at(\base)
    \f      fs10, 80+\at(\base)
    \f      fs11, 88+\at(\base)
    .endm

    .macro PROLOGUE
    addi    sp, sp, -FRAME
    sd      ra, OLD_X(sp)
    sd      gp, OLD_X+8(sp)
    EACH_KEPT sd, fsd, OLD_X+16, sp
    sd      a1, OUT(sp)
    frrm    t0
    sd      t0, OLD_FRM(sp)
    sd      sp, OLD_SP(sp)
    .endm

/* Control and general registers: live from here. */
    .macro LOAD_REST
    ld      t0, FID_FCSR(a0)
    fscsr   t0
    EACH_X_BUT_A0 LOAD_X
    ld      a0, FID_GPR+80(a0)
    .endm

/* Nothing below reads a register before it is in memory. */
    .macro TAKE_REST
    TAKE_X  10
    EACH_X_BUT_A0 TAKE_X
    ld      a1, OUT(sp)
    ld      t0, OLD_SP(sp)
    sub     t0, sp, t0
    sd      t0, FID_SP(a1)
    COPY_X  10
    EACH_X_BUT_A0 COPY_X
    EACH_F  TAKE_F
    frcsr   t0
    sd      t0, FID_FCSR(a1)
    .endm

    .macro EPILOGUE
    ld      t0, OLD_FRM(sp)
    fsrm    t0
    ld      ra, OLD_X(sp)
    ld      gp, OLD_X+8(sp)
    EACH_KEPT ld, fld, OLD_X+16, sp
    addi    sp, sp, FRAME
    ret
    .endm

/* Where most stops land: all is live and nothing moves. */
    .macro SLED
    .rept   4096
    nop
    .endr
    .endm

    .section .text.fidelity, "ax", %progbits
LABEL fidelity_text_lo

/* void fidelity_dirty(const struct fidelity_state *in,
 *                     struct fidelity_state *out)
 * Everything holds a pattern. */
FUNC fidelity_dirty
    LANDING_PAD
    PROLOGUE
    EACH_F  LOAD_F
    LOAD_REST
LABEL fidelity_sled_lo
    SLED
LABEL fidelity_sled_hi
    TAKE_REST
    EPILOGUE
END fidelity_dirty

/* The same with floating-point registers as a new thread has them. */
FUNC fidelity_clean
    LANDING_PAD
    PROLOGUE
    EACH_F  CLEAR_F
    LOAD_REST
    SLED
    TAKE_REST
    EPILOGUE
END fidelity_clean

/* All floating-point and caller-saved registers and the flags hold something
 * else now; fs0-fs11 too, which C wants back. */
    .macro SPOIL_ALL
    li      t0, -1
    EACH_F  SPOIL_F
    li      t0, 0x10                    /* invalid, no other */
    fsflags t0
    EACH_CALLER_SAVED SPOIL_X
    .endm

/* More than a C function may do; only where assembly of Yank follows.  The
 * switch needs s1, s0 is for unwinders. */
    .macro SPOIL_KEPT
    .irp n, 18,19,20,21,22,23,24,25,26,27
    SPOIL_X \n
    .endr
    .endm

    .macro SPOIL_CONTROL
    li      t0, FID_FRM_SPOILT
    fsrm    t0
    .endm

/* void fidelity_scramble(void *): what resume_call runs.  In code that may be
 * stopped, so stops nest. */
FUNC fidelity_scramble
    LANDING_PAD
    addi    sp, sp, -112
    sd      ra, 0(sp)
    EACH_FS fsd, 8, sp
    call    fidelity_look
    SPOIL_ALL
    call    fidelity_nested
    SPOIL_ALL
    EACH_FS fld, 8, sp
    SPOIL_CONTROL
    ld      ra, 0(sp)
    addi    sp, sp, 112
    ret
END fidelity_scramble
LABEL fidelity_text_hi

    CODE

/* The stopped thread on its g0: linked in place of yank_async_preempt2. */
FUNC __wrap_yank_async_preempt2
    LANDING_PAD
    addi    sp, sp, -16
    sd      ra, 8(sp)
    sd      a0, 0(sp)
    call    fidelity_look
    ld      a0, 0(sp)
    call    fidelity_on_g0
    SPOIL_ALL
    ld      a0, 0(sp)
    call    __real_yank_async_preempt2
    sd      a0, 0(sp)
    SPOIL_ALL
    SPOIL_KEPT
    SPOIL_CONTROL
    ld      a0, 0(sp)
    ld      ra, 8(sp)
    addi    sp, sp, 16
    ret
END __wrap_yank_async_preempt2

/* void fidelity_kept(void (*f)(), a, b, c, d, uint64_t out[FID_KEPT + 1]) */
FUNC fidelity_kept
    LANDING_PAD
    addi    sp, sp, -224
    sd      ra, 0(sp)
    sd      a5, 8(sp)
    frrm    t0
    sd      t0, 16(sp)
    EACH_KEPT sd, fsd, 24, sp
    lla     t1, fidelity_kept_values
    EACH_KEPT ld, fld, 0, t1
    ld      t0, 192(t1)
    fsrm    t0
    mv      t0, a0
    mv      a0, a1
    mv      a1, a2
    mv      a2, a3
    mv      a3, a4
    jalr    t0
LABEL fidelity_kept_return
    ld      t1, 8(sp)
    EACH_KEPT sd, fsd, 0, t1
    frrm    t0
    sd      t0, 192(t1)
    sd      a1, 200(t1)
    ld      t0, 16(sp)
    fsrm    t0
    ld      ra, 0(sp)
    EACH_KEPT ld, fld, 24, sp
    addi    sp, sp, 224
    ret
END fidelity_kept

/* Or the bit \bit into fidelity_bad_entry. */
    .macro BAD_ENTRY bit
    lla     t2, fidelity_bad_entry
    lw      t3, 0(t2)
    ori     t3, t3, \bit
    sw      t3, 0(t2)
    .endm

/* struct yank_g *fidelity_bad_callee(m, g, next): an mcall function that
 * keeps only what Yank's own assembly needs, s1. */
FUNC fidelity_bad_callee
    LANDING_PAD
    andi    t0, sp, 15
    beqz    t0, 1f
    BAD_ENTRY FID_BAD_STACK
1:  addi    sp, sp, -16
    sd      ra, 8(sp)
    sd      a2, 0(sp)
    SPOIL_ALL
    SPOIL_KEPT
    SPOIL_X 8
    SPOIL_CONTROL
    ld      a0, 0(sp)
    ld      ra, 8(sp)
    addi    sp, sp, 16
    ret
END fidelity_bad_callee

/* The first instructions of a G of the test. */
FUNC fidelity_first
    LANDING_PAD
    ld      t0, YANK_G_USER(a0)         /* user is the G itself here */
    beq     a0, t0, 1f
    ebreak
1:  addi    sp, sp, -16
    sd      ra, 8(sp)
    call    fidelity_look
    ld      ra, 8(sp)
    addi    sp, sp, 16
    tail    fidelity_entry
END fidelity_first

/* void fidelity_fake_stop(struct yank_m *m): as if injected before its ret. */
FUNC fidelity_fake_stop
    LANDING_PAD
    addi    sp, sp, -(YANK_RED_ZONE + YANK_FRAME_BYTES)
    lla     t0, 1f
    sd      t0, YANK_FRAME_PC(sp)
    sd      a0, YANK_FRAME_M(sp)
    tail    yank_async_preempt
1:  ret
END fidelity_fake_stop

/* Is the state what a C function may expect?  Answers in fidelity_bad_entry.
 * At its own entry SP is as at any C function's. */
FUNC fidelity_look
    LANDING_PAD
    andi    t0, sp, 15
    beqz    t0, 1f
    BAD_ENTRY FID_BAD_STACK
1:  frrm    t0
    beqz    t0, 1f
    BAD_ENTRY FID_BAD_FRM
1:  ret
END fidelity_look

    RODATA
    .p2align 3
LABEL fidelity_kept_values
    .irp n, 1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24
    .quad   0x0101010101010101 * \n
    .endr
    .quad   3                           /* up */
    CODE
