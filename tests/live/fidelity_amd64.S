/* Loops that hold a known value in every register while they are stopped, and
 * the code that meanwhile destroys every register of the stopped thread. */
#include "fidelity_amd64.h"

/* The frame while the state is live: SP is 8 below a multiple of 64, so that
 * the capture is aligned (the alignment check is on) and the stub's frame is
 * not.  The pushes of the prologue lie above. */
#define CAP 8
#define OLD_SP (CAP+FID_BYTES)
#define OUT (OLD_SP+8)
#define ENV (OUT+8)
#define FRAME (ENV+32+8)

    .macro EACH_GPR_BUT_RDI do
    \do     %rax, 0
    \do     %rcx, 8
    \do     %rdx, 16
    \do     %rbx, 24
    \do     %rbp, 32
    \do     %rsi, 40
    \do     %r8, 56
    \do     %r9, 64
    \do     %r10, 72
    \do     %r11, 80
    \do     %r12, 88
    \do     %r13, 96
    \do     %r14, 104
    \do     %r15, 112
    .endm

    .macro LOAD_GPR reg, at
    movq    FID_GPR+\at(%rdi), \reg
    .endm

    .macro TAKE_GPR reg, at
    movq    \reg, CAP+FID_GPR+\at(%rsp)
    .endm

    .macro KEEP reg
    pushq   \reg
    .endm

    .macro UNKEEP reg
    popq    \reg
    .endm

/* What C callees keep, as the switch does; and SP is aligned. */
    .macro KEEP_CALL_SAVED
    KEEP    %rbp
    KEEP    %rbx
    KEEP    %r12
    KEEP    %r13
    KEEP    %r14
    KEEP    %r15
    KEEP_MORE
    subq    $YANK_KEPT_BYTES, %rsp
    KEEP_VECTORS
    stmxcsr YANK_KEPT_CONTROL(%rsp)
    fnstcw  YANK_KEPT_CONTROL+4(%rsp)
    .endm

    .macro UNKEEP_CALL_SAVED
    ldmxcsr YANK_KEPT_CONTROL(%rsp)
    fldcw   YANK_KEPT_CONTROL+4(%rsp)
    UNKEEP_VECTORS
    addq    $YANK_KEPT_BYTES, %rsp
    UNKEEP_MORE
    UNKEEP  %r15
    UNKEEP  %r14
    UNKEEP  %r13
    UNKEEP  %r12
    UNKEEP  %rbx
    UNKEEP  %rbp
    .endm

    .macro PROLOGUE
    KEEP_CALL_SAVED
    movq    ARG0, %rdi
    movq    ARG1, %rsi
    movq    %rsp, %rax
    subq    $FRAME, %rsp
    andq    $-64, %rsp
    subq    $8, %rsp
    movq    %rax, OLD_SP(%rsp)
    movq    %rsi, OUT(%rsp)
    /* So that what is not captured is equal. */
    movq    %rdi, %rdx
    leaq    CAP(%rsp), %rdi
    movl    $(FID_BYTES / 8), %ecx
    xorl    %eax, %eax
    rep stosq
    movq    %rdx, %rdi
    .endm

    .macro LOAD_VECTORS
    cmpl    $FID_AVX, fidelity_level(%rip)
    je      1f
    ja      2f
    .irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15
    movdqa  FID_ZMM+64*\n(%rdi), %xmm\n
    .endr
    jmp     3f
1:  .irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15
    vmovdqa FID_ZMM+64*\n(%rdi), %ymm\n
    .endr
    jmp     3f
2:  .irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15
    vmovdqa64 FID_ZMM+64*\n(%rdi), %zmm\n
    .endr
    .irp n, 16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
    vmovdqa64 FID_ZMM+64*\n(%rdi), %zmm\n
    .endr
    .irp n, 0,1,2,3,4,5,6,7
    kmovq   FID_K+8*\n(%rdi), %k\n
    .endr
3:
    .endm

    .macro TAKE_VECTORS
    cmpl    $FID_AVX, fidelity_level(%rip)
    je      1f
    ja      2f
    .irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15
    movdqa  %xmm\n, CAP+FID_ZMM+64*\n(%rsp)
    .endr
    jmp     3f
1:  .irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15
    vmovdqa %ymm\n, CAP+FID_ZMM+64*\n(%rsp)
    .endr
    jmp     3f
2:  .irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15
    vmovdqa64 %zmm\n, CAP+FID_ZMM+64*\n(%rsp)
    .endr
    .irp n, 16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
    vmovdqa64 %zmm\n, CAP+FID_ZMM+64*\n(%rsp)
    .endr
    .irp n, 0,1,2,3,4,5,6,7
    kmovq   %k\n, CAP+FID_K+8*\n(%rsp)
    .endr
3:
    .endm

/* Vector state as after power-on, which XSAVEC does not write down. */
    .macro CLEAR_VECTORS
    cmpl    $FID_AVX, fidelity_level(%rip)
    je      1f
    ja      2f
    .irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15
    pxor    %xmm\n, %xmm\n
    .endr
    jmp     3f
2:  .irp n, 16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
    vpxord  %zmm\n, %zmm\n, %zmm\n
    .endr
    .irp n, 0,1,2,3,4,5,6,7
    kxorq   %k\n, %k\n, %k\n
    .endr
1:  vzeroall
3:
    .endm

    .macro LOAD_X87
    fldcw   FID_CW(%rdi)
    .irp n, 0,1,2,3,4,5,6,7
    fldt    FID_X87+16*\n(%rdi)
    .endr
    ftst                                /* condition codes */
    .endm

    .macro TAKE_X87
    .irp n, 0,1,2,3,4,5,6,7
    fstpt   CAP+FID_X87+16*\n(%rsp)
    .endr
    .endm

/* Flags, red zone, general registers: live from here.  The red zone after the
 * flags, whose push uses it; mov changes no flag. */
    .macro LOAD_REST
    pushq   FID_FLAGS(%rdi)
    popfq
    .if YANK_RED_ZONE == 128
    .irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15
    movq    FID_RED+8*\n(%rdi), %rax
    movq    %rax, (8*\n-128)(%rsp)
    .endr
    .endif
    EACH_GPR_BUT_RDI LOAD_GPR
    movq    FID_GPR+48(%rdi), %rdi
    .endm

    .macro TAKE_REST
    EACH_GPR_BUT_RDI TAKE_GPR
    movq    %rdi, CAP+FID_GPR+48(%rsp)
    .if YANK_RED_ZONE == 128
    .irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15
    movq    (8*\n-128)(%rsp), %rax
    movq    %rax, CAP+FID_RED+8*\n(%rsp)
    .endr
    .endif
    pushfq
    popq    CAP+FID_FLAGS(%rsp)
    pushq   $2
    popfq
    .endm

    .macro TAKE_CONTROL
    stmxcsr CAP+FID_MXCSR(%rsp)
    fnstenv ENV(%rsp)
    movw    ENV(%rsp), %ax
    movw    %ax, CAP+FID_CW(%rsp)
    movw    ENV+4(%rsp), %ax
    movw    %ax, CAP+FID_SW(%rsp)
    movw    ENV+8(%rsp), %ax
    movw    %ax, CAP+FID_TAG(%rsp)
    .endm

    .macro EPILOGUE
    fninit
    movq    OUT(%rsp), %rdi
    leaq    CAP(%rsp), %rsi
    movl    $(FID_BYTES / 8), %ecx
    rep movsq
    movq    OLD_SP(%rsp), %rsp
    cmpl    $FID_AVX, fidelity_level(%rip)
    jb      1f
    vzeroupper
1:  UNKEEP_CALL_SAVED
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
    fninit
    LOAD_VECTORS
    LOAD_X87
    ldmxcsr FID_MXCSR(%rdi)
    LOAD_REST
LABEL fidelity_sled_lo
    SLED
LABEL fidelity_sled_hi
    TAKE_REST
    TAKE_VECTORS
    TAKE_CONTROL
    TAKE_X87
    EPILOGUE
END fidelity_dirty

/* The same with vectors and x87 in their initial state. */
FUNC fidelity_clean
    LANDING_PAD
    PROLOGUE
    CLEAR_VECTORS
    ldmxcsr FID_MXCSR(%rdi)
    fninit
    LOAD_REST
    SLED
    TAKE_REST
    TAKE_VECTORS
    TAKE_CONTROL
    EPILOGUE
END fidelity_clean

/* All vector, mask and caller-saved registers, x87 data and arithmetic flags
 * hold something else now. */
    .macro SPOIL
    fninit
    fldpi
    fldl2e
    fldpi
    fldl2e
    fldpi
    movq    $-0x5a5a5a5a, %r11
    movq    %r11, %xmm0
    punpcklqdq %xmm0, %xmm0
    .irp n, 1,2,3,4,5,6,7,8,9,10,11,12,13,14,15
    movdqa  %xmm0, %xmm\n
    .endr
    cmpl    $FID_AVX, fidelity_level(%rip)
    jb      3f
    je      2f
    vpbroadcastq %r11, %zmm16
    .irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15
    vmovdqa64 %zmm16, %zmm\n
    .endr
    .irp n, 17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
    vmovdqa64 %zmm16, %zmm\n
    .endr
    .irp n, 0,1,2,3,4,5,6,7
    kmovq   %r11, %k\n
    .endr
    jmp     3f
2:  vinsertf128 $1, %xmm0, %ymm0, %ymm0
    .irp n, 1,2,3,4,5,6,7,8,9,10,11,12,13,14,15
    vmovaps %ymm0, %ymm\n
    .endr
3:  movq    %r11, %rax
    movq    %r11, %rcx
    movq    %r11, %rdx
    movq    %r11, %rsi
    movq    %r11, %rdi
    movq    %r11, %r8
    movq    %r11, %r9
    movq    %r11, %r10
    xorl    %eax, %eax                  /* ZF PF, no CF SF OF AF */
    .endm

/* More than a C function may do; only where assembly of Yank follows. */
    .macro SPOIL_CONTROL
    fldcw   .Lcw_spoilt(%rip)
    ldmxcsr .Lmxcsr_spoilt(%rip)
    .endm

/* void fidelity_scramble(void *): what resume_call runs.  In code that may be
 * stopped, so stops nest. */
FUNC fidelity_scramble
    LANDING_PAD
    KEEP_MORE
    subq    $YANK_KEPT_BYTES, %rsp
    KEEP_VECTORS
    SHADOW_BEGIN
    call    fidelity_look
    SPOIL
    fninit
    C_CONTROL_WORD
    call    fidelity_nested
    SPOIL
    SPOIL_CONTROL
    SHADOW_END
    UNKEEP_VECTORS
    addq    $YANK_KEPT_BYTES, %rsp
    UNKEEP_MORE
    ret
END fidelity_scramble
LABEL fidelity_text_hi

/* Where a callee may put its arguments nothing of the caller's lies. */
    .macro SPOIL_SHADOW
    .if YANK_SHADOW == 32
    .irp n, 8,16,24,32
    movq    $-1, \n(%rsp)
    .endr
    .endif
    .endm

/* The stopped thread on its g0: linked in place of yank_async_preempt2. */
FUNC __wrap_yank_async_preempt2
    SEH_PROC __wrap_yank_async_preempt2
    LANDING_PAD
    SPOIL_SHADOW
    pushq   ARG0
    SEH_ALLOC 8
    SHADOW_BEGIN
    SEH_ALLOC YANK_SHADOW
    SEH_BODY
    call    fidelity_look
    movq    YANK_SHADOW(%rsp), ARG0
    call    fidelity_on_g0
    SPOIL
    fninit
    C_CONTROL_WORD
    movq    YANK_SHADOW(%rsp), ARG0
    call    __real_yank_async_preempt2
    movq    %rax, YANK_SHADOW(%rsp)
    SPOIL
    SPOIL_CONTROL
    SHADOW_END
    popq    %rax
    ret
    SEH_END
END __wrap_yank_async_preempt2

/* All that C callees keep, to or from the words at \at(\base). */
    .macro EACH_KEPT do, base, at
    \do     %rbx, \at(\base)
    \do     %rbp, \at+8(\base)
    \do     %r12, \at+16(\base)
    \do     %r13, \at+24(\base)
    \do     %r14, \at+32(\base)
    \do     %r15, \at+40(\base)
    .if YANK_KEPT_GPRS == 8
    \do     %rdi, \at+48(\base)
    \do     %rsi, \at+56(\base)
    .endif
    .endm

    .macro EACH_KEPT_XMM do, base, at
    .if YANK_KEPT_XMM == 160
    .irp n, 6,7,8,9,10,11,12,13,14,15
    \do     %xmm\n, \at+16*(\n-6)(\base)
    .endr
    .endif
    .endm

    .macro LOAD reg, from
    movq    \from, \reg
    .endm

    .macro LOAD_XMM reg, from
    movups  \from, \reg
    .endm

/* void fidelity_kept_call(const struct kept_call *)
 * The call is below the SP of the caller's, whoever that is. */
FUNC fidelity_kept_call
    LANDING_PAD
    KEEP_CALL_SAVED
    subq    $16, %rsp
    movq    FID_CALL_OUT(ARG0), %rax
    movq    %rax, (%rsp)
    movq    ARG0, %rax
    leaq    fidelity_kept_values(%rip), %r10
    EACH_KEPT LOAD, %r10, 0
    EACH_KEPT_XMM LOAD_XMM, %r10, FID_KEPT_XMM
    ldmxcsr FID_KEPT_CONTROL(%r10)
    fldcw   FID_KEPT_CONTROL+4(%r10)
    movq    FID_CALL_FN(%rax), %r11
    movq    FID_CALL_ARG+8(%rax), ARG1
    movq    FID_CALL_ARG+16(%rax), ARG2
    movq    FID_CALL_ARG+24(%rax), ARG3
    movq    FID_CALL_ARG(%rax), ARG0
    SHADOW_BEGIN
    call    *%r11
LABEL fidelity_kept_return
    SHADOW_END
    movq    (%rsp), %r10
    movq    ARG0, FID_KEPT*8(%r10)
    EACH_KEPT movq, %r10, 0
    EACH_KEPT_XMM movups, %r10, FID_KEPT_XMM
    stmxcsr FID_KEPT_CONTROL(%r10)
    fnstcw  FID_KEPT_CONTROL+4(%r10)
    movw    $0, FID_KEPT_CONTROL+6(%r10)
    fwait                               /* traps if one is pending, unmasked */
    fninit
    addq    $16, %rsp
    UNKEEP_CALL_SAVED
    ret
END fidelity_kept_call

/* struct yank_g *fidelity_bad_callee(m, g, next): an mcall function that
 * keeps only what Yank's own assembly needs, rbx. */
FUNC fidelity_bad_callee
    LANDING_PAD
    SPOIL_SHADOW
    leaq    8(%rsp), %rax
    testl   $15, %eax
    je      1f
    orl     $FID_BAD_STACK, fidelity_bad_entry(%rip)
1:  movq    ARG2, %rax
    movq    $-1, %rbp
    movq    %rbp, %r12
    movq    %rbp, %r13
    movq    %rbp, %r14
    movq    %rbp, %r15
    movq    %rbp, %rcx
    movq    %rbp, %rdx
    movq    %rbp, %rsi
    movq    %rbp, %rdi
    movq    %rbp, %xmm6
    .irp n, 7,8,9,10,11,12,13,14,15
    movaps  %xmm6, %xmm\n
    .endr
    fninit
    fld1                                /* leaves "inexact" pending, masked */
    fldpi
    fdivrp
    fstp    %st(0)
    SPOIL_CONTROL
    ret
END fidelity_bad_callee

/* The first instructions of a G of the test. */
FUNC fidelity_first
    LANDING_PAD
    cmpq    YANK_G_USER(ARG0), ARG0     /* user is the G itself here */
    jne     1f
    testq   %rbp, %rbp                  /* where frame pointer walks end: */
    je      2f
    cmpq    $0, (%rbp)                  /* here, or one frame of C above */
    je      2f
1:  ud2
2:  subq    $8, %rsp
    call    fidelity_look
    addq    $8, %rsp
    jmp     fidelity_entry
END fidelity_first

/* void fidelity_fake_stop(struct yank_m *m): as if injected before its ret. */
FUNC fidelity_fake_stop
    LANDING_PAD
    leaq    1f(%rip), %rax
    leaq    -YANK_RED_ZONE(%rsp), %rsp
    pushq   %rax
    pushq   ARG0
    jmp     yank_async_preempt
1:  ret
END fidelity_fake_stop

/* Is the state what a C function may expect?  Answers in fidelity_bad_entry.
 * At its own entry SP is as at any C function's. */
FUNC fidelity_look
    LANDING_PAD
    xorl    %edx, %edx
    pushfq
    popq    %rax
    testl   $FID_FLAGS_NOT_C, %eax
    je      1f
    orl     $FID_BAD_FLAGS, %edx
    pushq   $2
    popfq
1:  leaq    8(%rsp), %rax
    testl   $15, %eax
    je      1f
    orl     $FID_BAD_STACK, %edx
1:  subq    $40, %rsp
    stmxcsr (%rsp)
    movl    (%rsp), %eax
    andl    $~0x3f, %eax
    cmpl    $0x1f80, %eax
    je      1f
    orl     $FID_BAD_MXCSR, %edx
1:  fnstenv (%rsp)
    cmpw    $YANK_FCW_DEFAULT, (%rsp)
    je      1f
    orl     $FID_BAD_CW, %edx
1:  cmpw    $-1, 8(%rsp)
    je      1f
    orl     $FID_BAD_TAG, %edx
1:  fldenv  (%rsp)
    addq    $40, %rsp
    cmpl    $FID_AVX, fidelity_level(%rip)
    jb      2f
    .irp n, 1,2,3,4,5,6,7,8,9,10,11,12,13,14,15
    vorps   %ymm\n, %ymm0, %ymm0
    .endr
    vextractf128 $1, %ymm0, %xmm0
    vptest  %xmm0, %xmm0
    je      2f
    orl     $FID_BAD_UPPER, %edx
2:  orl     %edx, fidelity_bad_entry(%rip)
    ret
END fidelity_look

    RODATA
    .p2align 3
LABEL fidelity_kept_values
    .quad   0x1111111111111111
    .quad   0x2222222222222222
    .quad   0x3333333333333333
    .quad   0x4444444444444444
    .quad   0x5555555555555555
    .quad   0x6666666666666666
    .if YANK_KEPT_GPRS == 8
    .quad   0x7777777777777777
    .quad   0x0888888888888888
    .endif
    .long   0x3fa5
    .short  0x085f, 0                   /* up, "inexact" not masked */
    .irp n, 6,7,8,9,10,11,12,13,14,15   /* where callees keep them */
    .quad   0x0101010101010101*\n
    .quad   0x1010101010101010-\n
    .endr
    C_CONTROL_WORD_DATA
    .p2align 2
.Lmxcsr_spoilt:
    .long   0x7fbf
.Lcw_spoilt:
    .short  0x0f7f
    CODE
