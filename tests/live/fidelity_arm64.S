/* Loops that hold a known value in every register while they are stopped, and
 * the code that meanwhile destroys every register of the stopped thread. */
#include "fidelity_arm64.h"
#include "arch/arm64/offsets_arm64.h"

    .arch_extension sve

/* The frame while the state is live, under what the prologue saved. */
#define OUT 0
#define OLD_FPCR 8
#define OLD_SP 16
#define CAP 32                          /* x0 ... x30 */
#define FRAME (CAP+256)

    .macro EACH_GPR_BUT_0 do
    .irp n, 1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24
    \do     \n
    .endr
    .irp n, 25,26,27,28,29,30
    \do     \n
    .endr
    .endm

    .macro EACH_CALLER_SAVED do
    .irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18
    \do     \n
    .endr
    .endm

    .macro EACH_VECTOR do
    .irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15
    \do     \n
    .endr
    .irp n, 16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
    \do     \n
    .endr
    .endm

    .macro EACH_PREDICATE do
    .irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15
    \do     \n
    .endr
    .endm

/* x18 is no register of the code's where it is the thread's. */
    .macro LOAD_GPR n
    .if \n != 18 || !YANK_THREAD_X18
    ldr     x\n, [x0, #FID_GPR+8*\n]
    .endif
    .endm
    .macro TAKE_GPR n
    str     x\n, [sp, #CAP+8*\n]
    .endm
    .macro LOAD_V n
    ldr     q\n, [x0, #FID_VECTORS+16*\n]
    .endm
    .macro TAKE_V n
    str     q\n, [x1, #FID_VECTORS+16*\n]
    .endm
    .macro LOAD_Z n
    ldr     z\n, [x9, #\n, mul vl]
    .endm
    .macro TAKE_Z n
    str     z\n, [x9, #\n, mul vl]
    .endm
    .macro LOAD_P n
    ldr     p\n, [x10, #\n, mul vl]
    .endm
    .macro TAKE_P n
    str     p\n, [x10, #\n, mul vl]
    .endm
    .macro CLEAR_V n
    movi    v\n\().2d, #0               /* all of Z, too */
    .endm
    .macro CLEAR_P n
    pfalse  p\n\().b
    .endm
    .macro SPOIL_GPR n
    .if \n != 18 || !YANK_THREAD_X18
    mvn     x\n, xzr
    .endif
    .endm
    .macro SPOIL_V n
    movi    v\n\().16b, #0xa5
    .endm
    .macro SPOIL_Z n
    dup     z\n\().b, #0x5a
    .endm
    .macro SPOIL_P n
    ptrue   p\n\().s
    .endm

/* x9, x10, x11: Z0, P0 and FFR in the state at \base. */
    .macro SVE_ADDRESSES base
    add     x9, \base, #FID_VECTORS
    mov     x10, #FID_P
    add     x10, \base, x10
    mov     x11, #FID_FFR
    add     x11, \base, x11
    .endm

/* On to \label unless there is SVE. */
    .macro UNLESS_SVE label
    LOAD_U32 9, fidelity_level
    cbz     w9, \label
    .endm

    .macro PROLOGUE
    stp     x29, x30, [sp, #-160]!
    mov     x29, sp
    stp     x19, x20, [sp, #16]
    stp     x21, x22, [sp, #32]
    stp     x23, x24, [sp, #48]
    stp     x25, x26, [sp, #64]
    stp     x27, x28, [sp, #80]
    stp     d8, d9, [sp, #96]
    stp     d10, d11, [sp, #112]
    stp     d12, d13, [sp, #128]
    stp     d14, d15, [sp, #144]
    sub     sp, sp, #FRAME
    str     x1, [sp, #OUT]
    mrs     x9, fpcr
    str     x9, [sp, #OLD_FPCR]
    mov     x9, sp
    str     x9, [sp, #OLD_SP]
    .endm

    .macro LOAD_VECTORS
    UNLESS_SVE 1f
    SVE_ADDRESSES x0
    ldr     p0, [x11]
    wrffr   p0.b
    EACH_PREDICATE LOAD_P
    EACH_VECTOR LOAD_Z
    b       2f
1:  EACH_VECTOR LOAD_V
2:
    .endm

    .macro CLEAR_VECTORS
    EACH_VECTOR CLEAR_V
    UNLESS_SVE 1f
    EACH_PREDICATE CLEAR_P
    wrffr   p0.b
1:
    .endm

/* Control, flags, red zone, general registers: live from here. */
    .macro LOAD_REST
    ldr     x9, [x0, #FID_FPSR]
    msr     fpsr, x9
    ldr     x9, [x0, #FID_FPCR]
    msr     fpcr, x9
    ldr     x9, [x0, #FID_NZCV]
    msr     nzcv, x9
    ldr     x9, [x0, #FID_RED]
    str     x9, [sp, #-16]
    ldr     x9, [x0, #FID_RED+8]
    str     x9, [sp, #-8]
    EACH_GPR_BUT_0 LOAD_GPR
    ldr     x0, [x0, #FID_GPR]
    .endm

/* Nothing below reads a register before it is in memory; a stub that leaves by
 * a register of its own loses that one. */
    .macro TAKE_REST
    TAKE_GPR 0
    EACH_GPR_BUT_0 TAKE_GPR
    .if YANK_ARM64_SCRATCH
    str     xzr, [sp, #CAP+8*YANK_ARM64_SCRATCH]
    .endif
    .if YANK_THREAD_X18
    str     xzr, [sp, #CAP+8*18]
    .endif
    ldr     x1, [sp, #OUT]
    mrs     x9, nzcv
    str     x9, [x1, #FID_NZCV]
    ldr     x9, [sp, #-16]
    str     x9, [x1, #FID_RED]
    ldr     x9, [sp, #-8]
    str     x9, [x1, #FID_RED+8]
    ldr     x9, [sp, #OLD_SP]
    mov     x10, sp
    sub     x9, x10, x9
    str     x9, [x1, #FID_SP]
    .irp n, 0,16,32,48,64,80,96,112,128,144,160,176,192,208,224
    ldp     x9, x10, [sp, #CAP+\n]
    stp     x9, x10, [x1, #FID_GPR+\n]
    .endr
    ldr     x9, [sp, #CAP+240]
    str     x9, [x1, #FID_GPR+240]
    .endm

    .macro TAKE_VECTORS
    UNLESS_SVE 1f
    SVE_ADDRESSES x1
    EACH_VECTOR TAKE_Z
    EACH_PREDICATE TAKE_P
    rdffr   p0.b
    str     p0, [x11]
    b       2f
1:  EACH_VECTOR TAKE_V
2:
    .endm

    .macro TAKE_CONTROL
    mrs     x9, fpsr
    str     x9, [x1, #FID_FPSR]
    mrs     x9, fpcr
    str     x9, [x1, #FID_FPCR]
    .endm

    .macro EPILOGUE
    ldr     x9, [sp, #OLD_FPCR]
    msr     fpcr, x9
    add     sp, sp, #FRAME
    ldp     x19, x20, [sp, #16]
    ldp     x21, x22, [sp, #32]
    ldp     x23, x24, [sp, #48]
    ldp     x25, x26, [sp, #64]
    ldp     x27, x28, [sp, #80]
    ldp     d8, d9, [sp, #96]
    ldp     d10, d11, [sp, #112]
    ldp     d12, d13, [sp, #128]
    ldp     d14, d15, [sp, #144]
    ldp     x29, x30, [sp], #160
    ret
    .endm

/* Where most stops land: all is live and nothing moves. */
    .macro SLED
    .rept   4096
    nop
    .endr
    .endm

    CODE
LABEL fidelity_text_lo

/* void fidelity_dirty(const struct fidelity_state *in,
 *                     struct fidelity_state *out)
 * Everything holds a pattern. */
FUNC fidelity_dirty
    LANDING_PAD
    PROLOGUE
    LOAD_VECTORS
    LOAD_REST
LABEL fidelity_sled_lo
    SLED
LABEL fidelity_sled_hi
    TAKE_REST
    TAKE_VECTORS
    TAKE_CONTROL
    EPILOGUE
END fidelity_dirty

/* The same with vectors as a new thread has them. */
FUNC fidelity_clean
    LANDING_PAD
    PROLOGUE
    CLEAR_VECTORS
    LOAD_REST
    SLED
    TAKE_REST
    TAKE_VECTORS
    TAKE_CONTROL
    EPILOGUE
END fidelity_clean

/* All vector, predicate and caller-saved registers and the flags hold something
 * else now; d8-d15 too, which C wants back. */
    .macro SPOIL_ALL
    UNLESS_SVE 1f
    EACH_VECTOR SPOIL_Z
    EACH_PREDICATE SPOIL_P
    ptrue   p0.d, vl1
    wrffr   p0.b
    b       2f
1:  EACH_VECTOR SPOIL_V
2:  EACH_CALLER_SAVED SPOIL_GPR
    mov     x9, #0x08000000             /* QC, no other */
    msr     fpsr, x9
    adds    x9, xzr, xzr                /* Z, no N C V */
    .endm

/* More than a C function may do; only where assembly of Yank follows.  The
 * switch needs x19, x29 is for unwinders. */
    .macro SPOIL_KEPT
    .irp n, 20,21,22,23,24,25,26,27,28
    SPOIL_GPR \n
    .endr
    .endm

    .macro SPOIL_CONTROL
    mov     x9, #FID_FPCR_SPOILT
    msr     fpcr, x9
    .endm

    .macro KEEP_D
    stp     d8, d9, [sp, #32]
    stp     d10, d11, [sp, #48]
    stp     d12, d13, [sp, #64]
    stp     d14, d15, [sp, #80]
    .endm

    .macro UNKEEP_D
    ldp     d8, d9, [sp, #32]
    ldp     d10, d11, [sp, #48]
    ldp     d12, d13, [sp, #64]
    ldp     d14, d15, [sp, #80]
    .endm

/* void fidelity_scramble(void *): what resume_call runs.  In code that may be
 * stopped, so stops nest. */
FUNC fidelity_scramble
    LANDING_PAD
    stp     x29, x30, [sp, #-96]!
    mov     x29, sp
    KEEP_D
    bl      fidelity_look
    SPOIL_ALL
    bl      fidelity_nested
    SPOIL_ALL
    UNKEEP_D
    SPOIL_CONTROL
    ldp     x29, x30, [sp], #96
    ret
END fidelity_scramble
LABEL fidelity_text_hi

    CODE

/* The stopped thread on its g0: linked in place of yank_async_preempt2. */
FUNC __wrap_yank_async_preempt2
    LANDING_PAD
    stp     x29, x30, [sp, #-32]!
    mov     x29, sp
    str     x0, [sp, #16]
    bl      fidelity_look
    ldr     x0, [sp, #16]
    bl      fidelity_on_g0
    SPOIL_ALL
    ldr     x0, [sp, #16]
    bl      __real_yank_async_preempt2
    str     x0, [sp, #16]
    SPOIL_ALL
    SPOIL_KEPT
    SPOIL_CONTROL
    ldr     x0, [sp, #16]
    ldp     x29, x30, [sp], #32
    ret
END __wrap_yank_async_preempt2

/* void fidelity_kept(void (*f)(), a, b, c, d, uint64_t out[FID_KEPT + 1]) */
FUNC fidelity_kept
    LANDING_PAD
    stp     x29, x30, [sp, #-176]!
    stp     x19, x20, [sp, #16]
    stp     x21, x22, [sp, #32]
    stp     x23, x24, [sp, #48]
    stp     x25, x26, [sp, #64]
    stp     x27, x28, [sp, #80]
    stp     d8, d9, [sp, #96]
    stp     d10, d11, [sp, #112]
    stp     d12, d13, [sp, #128]
    stp     d14, d15, [sp, #144]
    mrs     x9, fpcr
    stp     x5, x9, [sp, #160]
    mov     x9, x0
    mov     x0, x1
    mov     x1, x2
    mov     x2, x3
    mov     x3, x4
    adrp    x10, fidelity_kept_values
    add     x10, x10, #:lo12:fidelity_kept_values
    ldp     x19, x20, [x10]
    ldp     x21, x22, [x10, #16]
    ldp     x23, x24, [x10, #32]
    ldp     x25, x26, [x10, #48]
    ldp     x27, x28, [x10, #64]
    ldr     x29, [x10, #80]
    ldp     d8, d9, [x10, #88]
    ldp     d10, d11, [x10, #104]
    ldp     d12, d13, [x10, #120]
    ldp     d14, d15, [x10, #136]
    ldr     x11, [x10, #152]
    msr     fpcr, x11
    blr     x9
LABEL fidelity_kept_return
    ldr     x9, [sp, #160]
    stp     x19, x20, [x9]
    stp     x21, x22, [x9, #16]
    stp     x23, x24, [x9, #32]
    stp     x25, x26, [x9, #48]
    stp     x27, x28, [x9, #64]
    str     x29, [x9, #80]
    stp     d8, d9, [x9, #88]
    stp     d10, d11, [x9, #104]
    stp     d12, d13, [x9, #120]
    stp     d14, d15, [x9, #136]
    mrs     x10, fpcr
    str     x10, [x9, #152]
    str     x1, [x9, #160]
    ldr     x9, [sp, #168]
    msr     fpcr, x9
    ldp     x19, x20, [sp, #16]
    ldp     x21, x22, [sp, #32]
    ldp     x23, x24, [sp, #48]
    ldp     x25, x26, [sp, #64]
    ldp     x27, x28, [sp, #80]
    ldp     d8, d9, [sp, #96]
    ldp     d10, d11, [sp, #112]
    ldp     d12, d13, [sp, #128]
    ldp     d14, d15, [sp, #144]
    ldp     x29, x30, [sp], #176
    ret
END fidelity_kept

/* struct yank_g *fidelity_bad_callee(m, g, next): an mcall function that
 * keeps only what Yank's own assembly needs, x19. */
FUNC fidelity_bad_callee
    LANDING_PAD
    mov     x9, sp
    tst     x9, #15
    b.eq    1f
    adrp    x10, fidelity_bad_entry
    ldr     w9, [x10, #:lo12:fidelity_bad_entry]
    orr     w9, w9, #FID_BAD_STACK
    str     w9, [x10, #:lo12:fidelity_bad_entry]
1:  mov     x0, x2
    .irp n, 1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18
    SPOIL_GPR \n
    .endr
    SPOIL_KEPT
    SPOIL_GPR 29
    EACH_VECTOR SPOIL_V
    SPOIL_CONTROL
    ret
END fidelity_bad_callee

/* The first instructions of a G of the test. */
FUNC fidelity_first
    LANDING_PAD
    ldr     x9, [x0, #YANK_G_USER]      /* user is the G itself here */
    cmp     x0, x9
    b.ne    1f
    cbz     x29, 2f                     /* where frame pointer walks end: */
    ldr     x9, [x29]                   /* here, or one frame of C above */
    cbz     x9, 2f
1:  brk     #1
2:  stp     x29, x30, [sp, #-16]!
    bl      fidelity_look
    ldp     x29, x30, [sp], #16
    b       fidelity_entry
END fidelity_first

/* void fidelity_fake_stop(struct yank_m *m): as if injected before its ret. */
FUNC fidelity_fake_stop
    LANDING_PAD
    sub     sp, sp, #(YANK_RED_ZONE + YANK_FRAME_PUSHED)
    mrs     x9, nzcv
    str     x30, [sp]
    str     x9, [sp, #(YANK_FRAME_PSTATE - YANK_FRAME_LR)]
    str     x0, [sp, #(YANK_FRAME_M - YANK_FRAME_LR)]
    adr     x30, 1f
    b       yank_async_preempt
1:  ret
END fidelity_fake_stop

/* Is the state what a C function may expect?  Answers in fidelity_bad_entry.
 * At its own entry SP is as at any C function's. */
FUNC fidelity_look
    LANDING_PAD
    mov     w11, #0
    mov     x9, sp
    tst     x9, #15
    b.eq    1f
    orr     w11, w11, #FID_BAD_STACK
1:  mrs     x9, fpcr
    cbz     x9, 1f
    orr     w11, w11, #FID_BAD_FPCR
1:  adrp    x10, fidelity_bad_entry
    ldr     w9, [x10, #:lo12:fidelity_bad_entry]
    orr     w9, w9, w11
    str     w9, [x10, #:lo12:fidelity_bad_entry]
    ret
END fidelity_look

    RODATA
    .p2align 3
LABEL fidelity_kept_values
    .irp n, 1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19
    .quad   0x0101010101010101 * \n
    .endr
    .quad   0x00800000                  /* down */
    CODE
