/* The spill stub: what an interrupted thread runs between the instruction at
 * which it was stopped and the same instruction later.
 *
 * The frame is described in offsets_arm64.h.  Everything after it runs on g0;
 * the interrupted stack is touched no deeper than yank_arch_async_preempt_
 * stack() says. */
#include "offsets_arm64.h"

    .arch_extension sve

EXTERN SYM(yank_arm64_has_sve)
EXTERN SYM(yank_arm64_leave_stub)
EXTERN SYM(yank_async_preempt2)
EXTERN SYM(yank_run_call)

/* Vector registers, each by a macro that is given the register and where it
 * is: bytes from x10 for V; multiples of its length from x10 for Z, from x11
 * for P.  FFR, the seventeenth of those, only by way of p0. */
    .macro EACH_V_PAIR do
    \do     q0, q1, 0
    \do     q2, q3, 32
    \do     q4, q5, 64
    \do     q6, q7, 96
    \do     q8, q9, 128
    \do     q10, q11, 160
    \do     q12, q13, 192
    \do     q14, q15, 224
    \do     q16, q17, 256
    \do     q18, q19, 288
    \do     q20, q21, 320
    \do     q22, q23, 352
    \do     q24, q25, 384
    \do     q26, q27, 416
    \do     q28, q29, 448
    \do     q30, q31, 480
    .endm

    .macro EACH_SVE do
    addvl   x11, x10, #16
    addvl   x11, x11, #16
    .irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15
    \do     z\n, x10, \n
    \do     p\n, x11, \n
    .endr
    .irp n, 16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
    \do     z\n, x10, \n
    .endr
    .endm

    .macro SAVE_PAIR a, b, at
    stp     \a, \b, [x10, #\at]
    .endm

    .macro SAVE_SVE reg, base, at
    str     \reg, [\base, #\at, mul vl]
    .endm

/* From 0(sp) on. */
    .macro EACH_X_PAIR do
    \do     x0, x1, 0
    \do     x2, x3, 16
    \do     x4, x5, 32
    \do     x6, x7, 48
    \do     x8, x9, 64
    \do     x10, x11, 80
    \do     x12, x13, 96
    \do     x14, x15, 112
    \do     x16, x17, 128
    \do     x18, x19, 144
    \do     x20, x21, 160
    \do     x22, x23, 176
    \do     x24, x25, 192
    \do     x26, x27, 208
    \do     x28, x29, 224
    .endm

    .macro SPILL a, b, at
    stp     \a, \b, [sp, #\at]
    .cfi_rel_offset \a, \at
    .cfi_rel_offset \b, \at+8
    .endm

LABEL SYM(yank_arm64_stub_lo)

/* void yank_async_preempt(void): never called.  push_call makes the
 * interrupted code look as if it had just called this, at any instruction.
 *
 * In:       [sp] = interrupted x30, PSTATE and M above it in the frame, then
 *           YANK_RED_ZONE bytes that are not ours; x30 = resume PC; m->spare
 *           not null
 * Keeps:    x19 = M, x20 = G, x21 = vector block
 * Clobbers: nothing; the interrupted code did not agree to lose any register.
 *           FPMR is left alone, for the system refuses where it is in use;
 *           TPIDR2 and ZA likewise
 * Stack:    YANK_FRAME_BYTES + YANK_FRAME_BELOW under the red zone
 * Unwind:   the resume PC is the next instruction and not a return address,
 *           hence .cfi_signal_frame; the CFA is the interrupted SP
 * Origin:   go@62e53b79 runtime/preempt_arm64.s:asyncPreempt, which gave up
 *           R27 */
FUNC SYM(yank_async_preempt)
    .cfi_startproc
    .cfi_signal_frame
    .cfi_return_column YANK_PC_COLUMN
    .cfi_def_cfa sp, YANK_FRAME_PUSHED + YANK_RED_ZONE
    .cfi_register YANK_PC_COLUMN, x30
    .cfi_register YANK_PC_REGISTER, x30
    .cfi_rel_offset x30, 0
    LANDING_PAD
    sub     sp, sp, #YANK_FRAME_LR
    .cfi_adjust_cfa_offset YANK_FRAME_LR
    EACH_X_PAIR SPILL
    str     x30, [sp, #YANK_FRAME_PC]
    .cfi_rel_offset YANK_PC_COLUMN, YANK_FRAME_PC
    .cfi_rel_offset YANK_PC_REGISTER, YANK_FRAME_PC

    ldr     x19, [sp, #YANK_FRAME_M]
    ldr     x20, [x19, #YANK_M_CURG]
    ldr     x21, [x19, #YANK_M_SPARE]

    /* Vector state. */
    mrs     x0, fpsr
    mrs     x1, fpcr
    stp     w0, w1, [x21, #YANK_VECTORS_FPSR]
    add     x10, x21, #YANK_VECTORS_REG
    mov     x0, #0
    LOAD_U32 9, SYM(yank_arm64_has_sve)
    cbnz    w9, 1f
    EACH_V_PAIR SAVE_PAIR
    b       2f
1:  rdvl    x0, #1
    EACH_SVE SAVE_SVE
    rdffr   p0.b
    SAVE_SVE p0, x11, 16
2:  str     w0, [x21, #YANK_VECTORS_VL]

    /* Round to nearest, nothing flushed, no trap, for C. */
    msr     fpcr, xzr

    /* The block goes from the M to the G. */
    mov     x0, sp
    str     x0, [x21, #YANK_BLOCK_FRAME_SP]
    ldr     x0, [x20, #YANK_G_BLOCKS]
    str     x0, [x21, #YANK_BLOCK_NEXT]
    str     x21, [x20, #YANK_G_BLOCKS]
    str     xzr, [x19, #YANK_M_SPARE]

    /* To g0; the return is the resume, on the M in x1. */
    mov     x0, x19
    mov     x1, x20
    ADDRESS 2, SYM(yank_async_preempt2)
    bl      SYM(yank_arm64_to_g0)
    mov     x19, x1
    mov     x20, x0

    /* A function that resume_call left.  It may be stopped itself, and come
     * back on another M; whatever that stop's resume wants called it calls. */
    ldr     x9, [x20, #YANK_G_CALL_FN]
    cbz     x9, 3f
    msr     fpcr, xzr                   /* another G's came with the M */
    mov     x0, x20
    bl      SYM(yank_run_call)
    ldr     x19, [x20, #YANK_G_M]
3:
#if !YANK_ARM64_SCRATCH
    /* By way of the kernel, from g0. */
    mov     x0, x19
    mov     x1, x20
    mov     x2, sp
    mov     x21, sp
    .cfi_def_cfa_register x21
    OS_STACK_LEAVE x20, YANK_G_OS_STACK
    ldr     x9, [x19, #YANK_M_G0_SP]
    mov     sp, x9
    OS_STACK_ENTER x19, YANK_M_OS_G0
    bl      SYM(yank_arm64_leave_stub)  /* does not return */
    brk     #0
    .cfi_endproc
#else
#include "leave_arm64.h"
#endif
END SYM(yank_async_preempt)

/* uint32_t yank_arm64_thread_vl(void): only where there is SVE. */
FUNC SYM(yank_arm64_thread_vl)
    .cfi_startproc
    LANDING_PAD
    rdvl    x0, #1
    ret
    .cfi_endproc
END SYM(yank_arm64_thread_vl)

LABEL SYM(yank_arm64_stub_hi)
