/* The spill stub: what an interrupted thread runs between the instruction at
 * which it was stopped and the same instruction later.
 *
 * The frame is described in offsets_amd64.h.  Everything after it runs on g0;
 * the interrupted stack is touched no deeper than yank_arch_async_preempt_
 * stack() says. */
#include "offsets_amd64.h"

EXTERN SYM(yank_amd64_vector_op)
EXTERN SYM(yank_amd64_vector_mask)
EXTERN SYM(yank_amd64_has_avx)
EXTERN SYM(yank_async_preempt2)
EXTERN SYM(yank_run_call)

    .macro SPILL reg
    pushq   \reg
    SEH_PUSH \reg
    .cfi_adjust_cfa_offset 8
    .cfi_rel_offset \reg, 0
    .endm

    .macro RELOAD reg
    popq    \reg
    SEH_RELOADED
    .cfi_adjust_cfa_offset -8
    .cfi_restore \reg
    .endm

/* edx:eax = XCR0 less PKRU: which components are ours to save and load. */
    .macro VECTOR_MASK
    movl    SYM(yank_amd64_vector_mask)(%rip), %eax
    movl    SYM(yank_amd64_vector_mask)+4(%rip), %edx
    .endm

/* MXCSR and upper vector halves as a C function may expect them, and x87 by
 * fninit.  The interrupted code may sit in an x87 or an AVX expression, and a
 * resumed one inherits whatever ran on the M before. */
    .macro C_DEFAULTS
    C_CONTROL_WORD
    ldmxcsr .Lmxcsr_default(%rip)
    cmpl    $0, SYM(yank_amd64_has_avx)(%rip)
    je      9f
    vzeroupper
9:
    .endm

    RODATA
    .p2align 2
.Lmxcsr_default:
    .long   YANK_MXCSR_DEFAULT
    C_CONTROL_WORD_DATA
    CODE

LABEL SYM(yank_amd64_stub_lo)

/* void yank_async_preempt(void): never called.  push_call makes the
 * interrupted code look as if it had just called this, at any instruction.
 *
 * In:       (rsp) = M, 8(rsp) = resume PC, above it YANK_RED_ZONE bytes that
 *           are not ours, m->spare not null
 * Keeps:    rbx = M, r12 = vector block, r13 = G, between spill and reload
 * Clobbers: nothing; the interrupted code did not agree to lose any register
 * Stack:    YANK_FRAME_BYTES + YANK_FRAME_BELOW under the red zone
 * Unwind:   the resume PC is the next instruction and not a return address,
 *           hence .cfi_signal_frame; the CFA is the interrupted SP.  SEH:
 *           the same, but that xmm6 to xmm15 wait in the vector block and
 *           are not found
 * Origin:   go@62e53b79 runtime/preempt_amd64.s:asyncPreempt */
FUNC SYM(yank_async_preempt)
    .cfi_startproc
    .cfi_signal_frame
    .cfi_def_cfa %rsp, YANK_RED_ZONE + 16
    .cfi_offset %rip, -(YANK_RED_ZONE + 8)
    SEH_PROC SYM(yank_async_preempt)
    SEH_ALLOC 8                         /* M: push_call's part of it */
    LANDING_PAD

    /* Flags: first of all, for and, add, sub, cmp would change them. */
    pushfq
    SEH_ALLOC 8
    .cfi_adjust_cfa_offset 8
    .cfi_rel_offset 49, 0               /* rflags */
    SPILL   %rax
    SPILL   %rcx
    SPILL   %rdx
    SPILL   %rbx
    SPILL   %rbp
    SPILL   %rsi
    SPILL   %rdi
    SPILL   %r8
    SPILL   %r9
    SPILL   %r10
    SPILL   %r11
    SPILL   %r12
    SPILL   %r13
    SPILL   %r14
    SPILL   %r15
    SEH_BODY

    /* Direction, alignment check and nested task off, for C.  popfq is slow,
     * and hardly any code sets one of them. */
    testl   $YANK_FLAGS_NOT_C, YANK_FRAME_FLAGS(%rsp)
    je      7f
    pushq   $YANK_FLAGS_DEFAULT
    .cfi_adjust_cfa_offset 8
    popfq
    .cfi_adjust_cfa_offset -8

7:  movq    YANK_FRAME_M(%rsp), %rbx
    movq    YANK_M_CURG(%rbx), %r13
    movq    YANK_M_SPARE(%rbx), %r12

    /* Vector state.  The area's header was zeroed once, by block_init: XSAVEC
     * writes all of it that it reads back, XSAVE never sets XCOMP_BV. */
    VECTOR_MASK
    cmpl    $YANK_OP_XSAVE, SYM(yank_amd64_vector_op)(%rip)
    je      1f
    ja      2f
    xsavec64 YANK_BLOCK_AREA(%r12)
    jmp     3f
1:  xsave64 YANK_BLOCK_AREA(%r12)
    /* Not in XSTATE_BV: x87 is as fninit would make it, in a tenth of the
     * time that a stop takes. */
3:  testb   $YANK_XSTATE_X87, YANK_BLOCK_XSTATE_BV(%r12)
    je      8f
    fninit
    jmp     8f
2:  fxsave64 YANK_BLOCK_AREA(%r12)
    fninit
8:  C_DEFAULTS

    /* The block goes from the M to the G. */
    movq    %rsp, YANK_BLOCK_FRAME_SP(%r12)
    movq    YANK_G_BLOCKS(%r13), %rax
    movq    %rax, YANK_BLOCK_NEXT(%r12)
    movq    %r12, YANK_G_BLOCKS(%r13)
    movq    $0, YANK_M_SPARE(%rbx)

    /* To g0; the return is the resume, on the M in ARG0. */
    movq    %rbx, ARG0
    movq    %r13, ARG1
    leaq    SYM(yank_async_preempt2)(%rip), ARG2
    call    SYM(yank_amd64_to_g0)
    movq    ARG0, %rbx
    movq    %rax, %r13

    /* A function that resume_call left.  It may be stopped itself, and come
     * back on another M; whatever that stop's resume wants called it calls. */
    cmpq    $0, YANK_G_CALL_FN(%r13)
    je      4f
    /* x87 comes from C, empty; only its control word may be another G's. */
    movq    YANK_G_BLOCKS(%r13), %r12
    fnstcw  YANK_BLOCK_SPARE(%r12)
    cmpw    $YANK_FCW_DEFAULT, YANK_BLOCK_SPARE(%r12)
    je      7f
    fninit
7:  C_DEFAULTS
    movq    %rsp, %rbp
    SEH_END
    SEH_SPILLED %rbp
    .cfi_remember_state
    .cfi_def_cfa_register %rbp
    andq    $-16, %rsp
    movq    %r13, ARG0
    SHADOW_BEGIN
    call    SYM(yank_run_call)
    movq    %rbp, %rsp                  /* and over the shadow */
    SEH_END
    SEH_SPILLED
    .cfi_restore_state
    movq    YANK_G_M(%r13), %rbx

    /* Vector state back.  With the mask of the save and not all ones: a PKRU
     * that is absent from the area would be reset. */
4:  movq    YANK_G_BLOCKS(%r13), %r12
    VECTOR_MASK
    cmpl    $YANK_OP_FXSAVE, SYM(yank_amd64_vector_op)(%rip)
    je      5f
    xrstor64 YANK_BLOCK_AREA(%r12)
    jmp     6f
5:  fxrstor64 YANK_BLOCK_AREA(%r12)

    /* The block goes from the G to this M. */
6:  movq    YANK_BLOCK_NEXT(%r12), %rax
    movq    %rax, YANK_G_BLOCKS(%r13)
    movq    YANK_M_CACHE(%rbx), %rax
    movq    %rax, YANK_BLOCK_NEXT(%r12)
    movq    %r12, YANK_M_CACHE(%rbx)

    RELOAD  %r15
    RELOAD  %r14
    RELOAD  %r13
    RELOAD  %r12
    RELOAD  %r11
    RELOAD  %r10
    RELOAD  %r9
    RELOAD  %r8
    RELOAD  %rdi
    RELOAD  %rsi
    RELOAD  %rbp
    RELOAD  %rbx
    RELOAD  %rdx
    RELOAD  %rcx
    RELOAD  %rax
    popfq
    SEH_RELOADED
    .cfi_adjust_cfa_offset -8
    .cfi_restore 49
    /* From here on nothing that sets flags: drop M, go on, give the red zone
     * back. */
    leaq    8(%rsp), %rsp
    SEH_END
    .cfi_adjust_cfa_offset -8
    RET_OVER_RED_ZONE
    .cfi_endproc
END SYM(yank_async_preempt)

LABEL SYM(yank_amd64_stub_hi)
