/* The stack switch: G to g0 and back.  One way down, yank_amd64_to_g0, for
 * the stub and for mcall; one way up, yank_amd64_goto.
 *
 * A G that is not on an M has at g->sp the return address of a call to
 * yank_amd64_to_g0, or the first instruction of all; it goes on there with
 * rdi = the M and rax = itself, and no other register is kept. */
#include "offsets_amd64.h"

/* The registers that C callees keep; 6 * 8 bytes.  MXCSR and the x87 control
 * word are among them. */
    .macro KEEP reg
    pushq   \reg
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
    leaq    -8(%rsp), %rsp
    .cfi_adjust_cfa_offset 8
    stmxcsr (%rsp)
    fnstcw  4(%rsp)
    .endm

/* fldcw is slow and may expose an x87 exception that other code left pending
 * and masked; so only where the word differs, after fnclex. */
    .macro UNKEEP_CALL_SAVED
    ldmxcsr (%rsp)
    fnstcw  6(%rsp)
    movzwl  4(%rsp), %eax
    cmpw    6(%rsp), %ax
    je      8f
    fnclex
    fldcw   4(%rsp)
8:  leaq    8(%rsp), %rsp
    .cfi_adjust_cfa_offset -8
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
    .endm

EXTERN SYM(yank_blocking_enter2)
EXTERN SYM(yank_g_start)

    RODATA
    .p2align 2
.Lmxcsr_default:
    .long   YANK_MXCSR_DEFAULT
    CODE

LABEL SYM(yank_amd64_switch_lo)

/* Called as if it were void f(m, g, fn, arg); fn(m, g, arg) runs on g0.
 *
 * In:       rdi = M, rsi = G, rdx = fn, rcx = arg, on G's stack
 * Out:      returns on the stack of the G that fn named: rdi = M, rax = G; or,
 *           for null, from yank_arch_execute()
 * Clobbers: everything but SP; the callers kept what they need
 * Stack:    its return address, which is g->sp
 * Unwind:   by rbp, kept by fn, to the caller on G's stack.  A signal frame,
 *           since the CFA may lie below the frame of fn and debuggers take
 *           that for a corrupt stack otherwise. */
FUNC SYM(yank_amd64_to_g0)
    .cfi_startproc
    .cfi_signal_frame
    movq    %rsp, YANK_G_SP(%rsi)
    movq    %rsp, %rbp
    .cfi_def_cfa_register %rbp
    movq    %rdi, %rbx
    movq    %rdx, %rax
    movq    %rcx, %rdx
    movq    YANK_M_G0_SP(%rdi), %rsp
    call    *%rax
    testq   %rax, %rax
    je      SYM(yank_amd64_leave)
    movq    %rbx, %rdi

/* In: rax = the G to go on with, rdi = its M.
 * Unwind: from its first instruction on this is that G: CFA = rax->sp + 8. */
LABEL SYM(yank_amd64_goto)
    .cfi_escape 0x0f, 5, 0x70, YANK_G_SP, 0x06, 0x23, 8
    movq    YANK_G_SP(%rax), %rsp
    .cfi_def_cfa %rsp, 8
    ret
    .cfi_endproc
END SYM(yank_amd64_to_g0)

/* void yank_arch_mcall(struct yank_m *m, struct yank_g *g, yank_mcall_fn fn,
 *                      void *arg)
 * Stack: 64 bytes */
FUNC SYM(yank_arch_mcall)
    .cfi_startproc
    LANDING_PAD
    KEEP_CALL_SAVED
    call    SYM(yank_amd64_to_g0)
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
    movq    %rsp, YANK_M_G0_SP(%rdi)
    movq    %rsi, %rax
    jmp     SYM(yank_amd64_goto)
LABEL SYM(yank_amd64_leave)             /* rsp = m->g0_sp again */
    UNKEEP_CALL_SAVED
    ret
    .cfi_endproc
END SYM(yank_arch_execute)

/* The first instructions of a G, at the top of its stack, 16-byte aligned.
 * In: rax = the G.  Unwind: nobody called this. */
FUNC SYM(yank_amd64_first)
    .cfi_startproc
    .cfi_def_cfa %rsp, 0
    .cfi_undefined %rip
    LANDING_PAD
    fninit
    ldmxcsr .Lmxcsr_default(%rip)
    movq    %rax, %rdi
    xorl    %ebp, %ebp                  /* the end for frame pointer walkers */
    call    SYM(yank_g_start)           /* does not return */
    ud2
    .cfi_endproc
END SYM(yank_amd64_first)

/* void yank_arch_call_saved(struct yank_call_saved *out) */
FUNC SYM(yank_arch_call_saved)
    .cfi_startproc
    LANDING_PAD
    STORE_CALL_SAVED %rdi, 0
    ret
    .cfi_endproc
END SYM(yank_arch_call_saved)

/* int yank_blocking_enter(struct yank_g *g): in assembly, for in C the
 * caller's call-saved registers may already be in a frame that is gone when
 * the G blocks. */
FUNC_PUBLIC SYM(yank_blocking_enter)
    .cfi_startproc
    LANDING_PAD
    subq    $YANK_SAVED_BYTES, %rsp
    .cfi_adjust_cfa_offset YANK_SAVED_BYTES
    movq    %rsp, %rsi
    STORE_CALL_SAVED %rsi, YANK_SAVED_BYTES
    call    SYM(yank_blocking_enter2)
    addq    $YANK_SAVED_BYTES, %rsp
    .cfi_adjust_cfa_offset -YANK_SAVED_BYTES
    ret
    .cfi_endproc
END SYM(yank_blocking_enter)

LABEL SYM(yank_amd64_switch_hi)
