/* The stack switch: G to g0 and back.  One way down, yank_amd64_to_g0, for
 * the stub and for mcall; one way up, yank_amd64_goto.
 *
 * A G that is not on an M has at g->sp the return address of a call to
 * yank_amd64_to_g0, or the first instruction of all; it goes on there with
 * ARG0 = the M and rax = itself, and no other register is kept. */
#include "offsets_amd64.h"

/* The registers that C callees keep.  MXCSR and the x87 control word are among
 * them. */
    .macro KEEP reg
    pushq   \reg
    SEH_PUSH \reg
    .cfi_adjust_cfa_offset 8
    .cfi_rel_offset \reg, 0
    .endm

    .macro UNKEEP reg
    popq    \reg
    .cfi_adjust_cfa_offset -8
    .cfi_restore \reg
    .endm

    .macro KEEP_CALL_SAVED
    KEEP    %rbp
    KEEP    %rbx
    KEEP    %r12
    KEEP    %r13
    KEEP    %r14
    KEEP    %r15
    KEEP_MORE
    leaq    -YANK_KEPT_BYTES(%rsp), %rsp
    SEH_ALLOC YANK_KEPT_BYTES
    .cfi_adjust_cfa_offset YANK_KEPT_BYTES
    KEEP_VECTORS
    SEH_VECTORS
    SEH_BODY
    stmxcsr YANK_KEPT_CONTROL(%rsp)
    fnstcw  YANK_KEPT_CONTROL+4(%rsp)
    .endm

/* fldcw is slow and may expose an x87 exception that other code left pending
 * and masked; so only where the word differs, after fnclex. */
    .macro UNKEEP_CALL_SAVED
    ldmxcsr YANK_KEPT_CONTROL(%rsp)
    fnstcw  YANK_KEPT_CONTROL+6(%rsp)
    movzwl  YANK_KEPT_CONTROL+4(%rsp), %eax
    cmpw    YANK_KEPT_CONTROL+6(%rsp), %ax
    je      8f
    fnclex
    fldcw   YANK_KEPT_CONTROL+4(%rsp)
8:  UNKEEP_VECTORS
    leaq    YANK_KEPT_BYTES(%rsp), %rsp
    .cfi_adjust_cfa_offset -YANK_KEPT_BYTES
    UNKEEP_MORE
    UNKEEP  %r15
    UNKEEP  %r14
    UNKEEP  %r13
    UNKEEP  %r12
    UNKEEP  %rbx
    UNKEEP  %rbp
    .endm

/* Fill the struct yank_call_saved at \to, which is a register; the return
 * address is at \ret(%rsp).  Clobbers rax. */
    .macro STORE_CALL_SAVED to, ret
    leaq    \ret+8(%rsp), %rax
    movq    %rax, YANK_SAVED_SP(\to)
    movq    \ret(%rsp), %rax
    movq    %rax, YANK_SAVED_PC(\to)
    movq    %rbx, YANK_SAVED_REG(\to)
    movq    %rbp, YANK_SAVED_REG+8(\to)
    movq    %r12, YANK_SAVED_REG+16(\to)
    movq    %r13, YANK_SAVED_REG+24(\to)
    movq    %r14, YANK_SAVED_REG+32(\to)
    movq    %r15, YANK_SAVED_REG+40(\to)
    STORE_MORE_CALL_SAVED \to, YANK_SAVED_REG+48
    .endm

EXTERN SYM(yank_blocking_enter2)
EXTERN SYM(yank_g_start)

    RODATA
    .p2align 2
.Lmxcsr_default:
    .long   YANK_MXCSR_DEFAULT
    C_CONTROL_WORD_DATA
    CODE

LABEL SYM(yank_amd64_switch_lo)

/* Called as if it were void f(m, g, fn, arg); fn(m, g, arg) runs on g0.
 *
 * In:       ARG0 = M, ARG1 = G, ARG2 = fn, ARG3 = arg, on G's stack
 * Out:      returns on the stack of the G that fn named: ARG0 = M, rax = G; or,
 *           for null, from yank_arch_execute()
 * Clobbers: everything but SP; the callers kept what they need
 * Stack:    its return address, which is g->sp
 * Unwind:   by rbp, kept by fn, to the caller on G's stack.  A signal frame,
 *           since the CFA may lie below the frame of fn and debuggers take
 *           that for a corrupt stack otherwise. */
FUNC SYM(yank_amd64_to_g0)
    .cfi_startproc
    .cfi_signal_frame
    SEH_PROC SYM(yank_amd64_to_g0)
    movq    %rsp, YANK_G_SP(ARG1)
    movq    %rsp, %rbp
    SEH_FRAME %rbp
    SEH_BODY
    .cfi_def_cfa_register %rbp
    movq    ARG0, %rbx
    movq    ARG2, %rax
    movq    ARG3, ARG2
    OS_STACK_LEAVE ARG1, YANK_G_OS_STACK
    movq    YANK_M_G0_SP(ARG0), %rsp
    OS_STACK_ENTER ARG0, YANK_M_OS_G0
    SHADOW_BEGIN
    call    *%rax
    SHADOW_END
    testq   %rax, %rax
    je      SYM(yank_amd64_leave)
    movq    %rbx, ARG0

/* In: rax = the G to go on with, ARG0 = its M.
 * Unwind: from its first instruction on this is that G: CFA = rax->sp + 8.
 * SEH cannot say so: up to the SP's change it is where rbp points, at the G
 * that was left or at who called yank_arch_execute(). */
LABEL SYM(yank_amd64_goto)
    .cfi_escape 0x0f, 5, 0x70, YANK_G_SP, 0x06, 0x23, 8
    OS_STACK_LEAVE ARG0, YANK_M_OS_G0
    movq    YANK_G_SP(%rax), %rsp
    SEH_END
    .cfi_def_cfa %rsp, 8
    OS_STACK_ENTER %rax, YANK_G_OS_STACK
    ret
    .cfi_endproc
END SYM(yank_amd64_to_g0)

/* void yank_arch_mcall(struct yank_m *m, struct yank_g *g, yank_mcall_fn fn,
 *                      void *arg)
 * Stack: YANK_KEPT_RETURN + 8 bytes */
FUNC SYM(yank_arch_mcall)
    .cfi_startproc
    SEH_PROC SYM(yank_arch_mcall)
    LANDING_PAD
    KEEP_CALL_SAVED
    call    SYM(yank_amd64_to_g0)
    UNKEEP_CALL_SAVED
    ret
    SEH_END
    .cfi_endproc
END SYM(yank_arch_mcall)

/* void yank_arch_execute(struct yank_m *m, struct yank_g *g)
 * The call-saved registers wait at m->g0_sp, 16-byte aligned, where also
 * every function on g0 starts. */
FUNC SYM(yank_arch_execute)
    .cfi_startproc
    SEH_PROC SYM(yank_arch_execute)
    LANDING_PAD
    KEEP_CALL_SAVED
    movq    %rsp, YANK_M_G0_SP(ARG0)
    movq    ARG1, %rax
    SEH_RETURN_AT %rbp, YANK_KEPT_RETURN
    jmp     SYM(yank_amd64_goto)
LABEL SYM(yank_amd64_leave)             /* rsp = m->g0_sp again */
    UNKEEP_CALL_SAVED
    ret
    SEH_END
    .cfi_endproc
END SYM(yank_arch_execute)

/* The first instructions of a G, at the top of its stack, 16-byte aligned.
 * In: rax = the G.  Unwind: nobody called this. */
FUNC SYM(yank_amd64_first)
    .cfi_startproc
    .cfi_def_cfa %rsp, 0
    .cfi_undefined %rip
    SEH_PROC SYM(yank_amd64_first)
    LANDING_PAD
    SHADOW_BEGIN
    SEH_ALLOC YANK_SHADOW
    SEH_BODY
    fninit
    C_CONTROL_WORD
    ldmxcsr .Lmxcsr_default(%rip)
    movq    %rax, ARG0
    xorl    %ebp, %ebp                  /* the end for frame pointer walkers */
    call    SYM(yank_g_start)           /* does not return */
    ud2
    SEH_END
    .cfi_endproc
END SYM(yank_amd64_first)

/* void yank_arch_call_saved(struct yank_call_saved *out) */
FUNC SYM(yank_arch_call_saved)
    .cfi_startproc
    LANDING_PAD
    STORE_CALL_SAVED ARG0, 0
    ret
    .cfi_endproc
END SYM(yank_arch_call_saved)

/* int yank_blocking_enter(struct yank_g *g): in assembly, for in C the
 * caller's call-saved registers may already be in a frame that is gone when
 * the G blocks. */
FUNC_PUBLIC SYM(yank_blocking_enter)
    .cfi_startproc
    SEH_PROC SYM(yank_blocking_enter)
    LANDING_PAD
    subq    $YANK_SAVED_BYTES, %rsp
    SEH_ALLOC YANK_SAVED_BYTES
    SEH_BODY
    .cfi_adjust_cfa_offset YANK_SAVED_BYTES
    SHADOW_SKIP ARG1
    STORE_CALL_SAVED ARG1, YANK_SAVED_BYTES
    call    SYM(yank_blocking_enter2)
    addq    $YANK_SAVED_BYTES, %rsp
    .cfi_adjust_cfa_offset -YANK_SAVED_BYTES
    ret
    SEH_END
    .cfi_endproc
END SYM(yank_blocking_enter)

LABEL SYM(yank_amd64_switch_hi)
