/* Loops that hold a known value in every register while they are stopped, and
 * the code that meanwhile destroys every register of the stopped thread. */
#include "fidelity_amd64.h"
#include "arch/amd64/offsets_amd64.h"

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

    .macro PROLOGUE
    pushq   %rbp
    pushq   %rbx
    pushq   %r12
    pushq   %r13
    pushq   %r14
    pushq   %r15
    subq    $8, %rsp
    stmxcsr (%rsp)
    fnstcw  4(%rsp)
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
    .irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15
    movq    FID_RED+8*\n(%rdi), %rax
    movq    %rax, (8*\n-128)(%rsp)
    .endr
    EACH_GPR_BUT_RDI LOAD_GPR
    movq    FID_GPR+48(%rdi), %rdi
    .endm

    .macro TAKE_REST
    EACH_GPR_BUT_RDI TAKE_GPR
    movq    %rdi, CAP+FID_GPR+48(%rsp)
    .irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15
    movq    (8*\n-128)(%rsp), %rax
    movq    %rax, CAP+FID_RED+8*\n(%rsp)
    .endr
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
1:  ldmxcsr (%rsp)
    fldcw   4(%rsp)
    addq    $8, %rsp
    popq    %r15
    popq    %r14
    popq    %r13
    popq    %r12
    popq    %rbx
    popq    %rbp
    ret
    .endm

/* Where most stops land: all is live and nothing moves. */
    .macro SLED
    .rept   4096
    nop
    .endr
    .endm

/* Only one of the tests has it. */
    .weak   fidelity_entry

    .section .text.fidelity, "ax", %progbits
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
    subq    $8, %rsp
    call    fidelity_look
    SPOIL
    fninit
    call    fidelity_nested
    SPOIL
    SPOIL_CONTROL
    addq    $8, %rsp
    ret
END fidelity_scramble
LABEL fidelity_text_hi

    CODE

/* The stopped thread on its g0: linked in place of yank_async_preempt2. */
FUNC __wrap_yank_async_preempt2
    LANDING_PAD
    pushq   %rdi
    call    fidelity_look
    movq    (%rsp), %rdi
    call    fidelity_on_g0
    SPOIL
    fninit
    movq    (%rsp), %rdi
    call    __real_yank_async_preempt2
    movq    %rax, (%rsp)
    SPOIL
    SPOIL_CONTROL
    popq    %rax
    ret
END __wrap_yank_async_preempt2

/* void fidelity_kept(void (*f)(), a, b, c, d, uint64_t out[FID_KEPT + 1]) */
FUNC fidelity_kept
    LANDING_PAD
    pushq   %rbp
    pushq   %rbx
    pushq   %r12
    pushq   %r13
    pushq   %r14
    pushq   %r15
    pushq   %r9
    subq    $16, %rsp
    stmxcsr (%rsp)
    fnstcw  4(%rsp)
    movq    %rdi, %rax
    movq    %rsi, %rdi
    movq    %rdx, %rsi
    movq    %rcx, %rdx
    movq    %r8, %rcx
    movq    fidelity_kept_values(%rip), %rbx
    movq    fidelity_kept_values+8(%rip), %rbp
    movq    fidelity_kept_values+16(%rip), %r12
    movq    fidelity_kept_values+24(%rip), %r13
    movq    fidelity_kept_values+32(%rip), %r14
    movq    fidelity_kept_values+40(%rip), %r15
    ldmxcsr fidelity_kept_values+48(%rip)
    fldcw   fidelity_kept_values+52(%rip)
    call    *%rax
LABEL fidelity_kept_return
    movq    16(%rsp), %r9
    movq    %rdi, 56(%r9)
    movq    %rbx, (%r9)
    movq    %rbp, 8(%r9)
    movq    %r12, 16(%r9)
    movq    %r13, 24(%r9)
    movq    %r14, 32(%r9)
    movq    %r15, 40(%r9)
    stmxcsr 48(%r9)
    fnstcw  52(%r9)
    movw    $0, 54(%r9)
    fwait                               /* traps if one is pending, unmasked */
    fninit
    ldmxcsr (%rsp)
    fldcw   4(%rsp)
    addq    $24, %rsp
    popq    %r15
    popq    %r14
    popq    %r13
    popq    %r12
    popq    %rbx
    popq    %rbp
    ret
END fidelity_kept

/* struct yank_g *fidelity_bad_callee(m, g, next): an mcall function that
 * keeps only what Yank's own assembly needs, rbx. */
FUNC fidelity_bad_callee
    LANDING_PAD
    leaq    8(%rsp), %rax
    testl   $15, %eax
    je      1f
    orl     $FID_BAD_STACK, fidelity_bad_entry(%rip)
1:  movq    $-1, %rbp
    movq    %rbp, %r12
    movq    %rbp, %r13
    movq    %rbp, %r14
    movq    %rbp, %r15
    movq    %rbp, %rcx
    movq    %rbp, %rsi
    fninit
    fld1                                /* leaves "inexact" pending, masked */
    fldpi
    fdivrp
    fstp    %st(0)
    SPOIL_CONTROL
    movq    %rdx, %rax
    ret
END fidelity_bad_callee

/* The first instructions of a G of the test. */
FUNC fidelity_first
    LANDING_PAD
    cmpq    YANK_G_USER(%rdi), %rdi     /* user is the G itself here */
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
    pushq   %rdi
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
    cmpw    $0x37f, (%rsp)
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
    .long   0x3fa5
    .short  0x085f, 0                   /* up, "inexact" not masked */
.Lmxcsr_spoilt:
    .long   0x7fbf
.Lcw_spoilt:
    .short  0x0f7f
    CODE
