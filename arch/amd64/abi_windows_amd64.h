/* What the two ABIs of amd64 want differently, for Windows: other argument
 * registers, shadow space, more registers that callees keep, another x87
 * control word, the bounds of the stack in the thread's environment block, and
 * unwind data for SEH.  Included by asm.h. */
#ifndef YANK_ABI_WINDOWS_AMD64_H
#define YANK_ABI_WINDOWS_AMD64_H

#define ARG0 %rcx
#define ARG1 %rdx
#define ARG2 %r8
#define ARG3 %r9
#define YANK_SHADOW 32
#define YANK_KEPT_XMM 160 /* xmm6-xmm15, at the SP and aligned */
#define YANK_KEPT_GPRS 8  /* and rdi rsi */
#define YANK_STACK_TOP 16 /* a return address of 0, where unwinders end */
#define YANK_FCW_DEFAULT 0x27f /* precision of 53 bits; fninit has 64 */

#if defined(__ASSEMBLER__)

/* Around a call to C. */
    .macro SHADOW_BEGIN
    leaq    -YANK_SHADOW(%rsp), %rsp
    .endm
    .macro SHADOW_END
    leaq    YANK_SHADOW(%rsp), %rsp
    .endm
/* What lies next above it. */
    .macro SHADOW_SKIP reg
    leaq    YANK_SHADOW(%rsp), \reg
    .endm

/* The user's KEEP and UNKEEP, for what is kept here besides. */
    .macro KEEP_MORE
    KEEP    %rdi
    KEEP    %rsi
    .endm
    .macro UNKEEP_MORE
    UNKEEP  %rsi
    UNKEEP  %rdi
    .endm
    .macro KEEP_VECTORS
    .irp i, 6,7,8,9,10,11,12,13,14,15
    movaps  %xmm\i, (16*(\i-6))(%rsp)
    .endr
    .endm
    .macro UNKEEP_VECTORS
    .irp i, 6,7,8,9,10,11,12,13,14,15
    movaps  (16*(\i-6))(%rsp), %xmm\i
    .endr
    .endm
    .macro STORE_MORE_CALL_SAVED to, at
    movq    %rdi, \at(\to)
    movq    %rsi, \at+8(\to)
    .endm

/* After fninit, or where x87 is in its initial state. */
    .macro C_CONTROL_WORD
    fldcw   .Lfcw_default(%rip)
    .endm
    .macro C_CONTROL_WORD_DATA
.Lfcw_default:
    .short  YANK_FCW_DEFAULT
    .endm

/* "ret $0" would be another, slower instruction. */
    .macro RET_OVER_RED_ZONE
    ret
    .endm

/* The system takes three words of the thread's environment block for the
 * bounds of its stack: StackBase, StackLimit, DeallocationStack.  LEAVE puts
 * them into the struct yank_os_stack at \at(\reg), ENTER takes them from
 * there; between the two stands the one instruction that changes the SP.
 * Clobbers r10.
 *
 * The words and the SP cannot change at once, and between any two of these
 * instructions the thread may be stopped and read, made to run an APC, or
 * stepped by a debugger.  So LEAVE opens the bounds as wide as they go, and
 * ENTER closes them again: at every instruction the SP is within them.  Were
 * it ever below the limit, a function with a large frame that an APC calls
 * would probe, and write to, the pages from there down to its SP, whosever
 * they are; above the base or below the limit an exception would find no
 * handler, and a walker no frame.  The wide bounds say nothing false of what
 * is mapped: neither side touches a stack before ENTER is done.
 * DeallocationStack opens first and closes last, or a first touch of the page
 * below, by such a frame, would be taken for one outside the stack. */
    .macro OS_STACK_LEAVE reg, at
    movq    %gs:0x08, %r10
    movq    %r10, \at(\reg)
    movq    %gs:0x10, %r10
    movq    %r10, \at+8(\reg)
    movq    %gs:0x1478, %r10
    movq    %r10, \at+16(\reg)
    movq    $0, %gs:0x1478
    movq    $0, %gs:0x10
    movq    $-1, %gs:0x08
    .endm
    .macro OS_STACK_ENTER reg, at
    movq    \at(\reg), %r10
    movq    %r10, %gs:0x08
    movq    \at+8(\reg), %r10
    movq    %r10, %gs:0x10
    movq    \at+16(\reg), %r10
    movq    %r10, %gs:0x1478
    .endm

/* Unwind data, one record for the code from PROC to END: ALLOC, PUSH and FRAME
 * behind the instruction that they are about, BODY behind the last of them.
 * FRAME: from here on \reg points to what was pushed last.  Code outside of
 * any record is a leaf: a return address at the SP, all else in place.  With
 * no instruction between PROC and BODY the record holds for all of its code;
 * only the pops before a ret are told from it. */
    .macro SEH_PROC name
    .seh_proc \name
    .endm
    .macro SEH_ALLOC bytes
    .seh_stackalloc \bytes
    .endm
    .macro SEH_PUSH reg
    .seh_pushreg \reg
    .endm
    .macro SEH_FRAME reg
    .seh_setframe \reg, 0
    .endm
/* What KEEP_VECTORS stored; behind all of it, for until then the registers
 * hold the same. */
    .macro SEH_VECTORS
    .irp i, 6,7,8,9,10,11,12,13,14,15
    .seh_savexmm %xmm\i, 16*(\i-6)
    .endr
    .endm
    .macro SEH_BODY
    .seh_endprologue
    .endm
    .macro SEH_END
    .seh_endproc
    .endm
/* For code in a record with FRAME \reg: that is where the return address is. */
    .macro SEH_RETURN_AT reg, at
    leaq    \at(%rsp), \reg
    .endm

/* The spill stub in records of their own: from SPILLED on, with its whole frame
 * on the stack, found by rsp or \frame; and behind each pop a new one with
 * what is left, for popfq makes the way out none that the system knows. */
    .macro SEH_SPILLED frame
    .set    .Lspilled, 16               /* flags, rax, rcx, ... r15 */
    SEH_LEFT \frame
    .endm
    .macro SEH_RELOADED
    SEH_END
    .set    .Lspilled, .Lspilled-1
    SEH_LEFT
    .endm
    .macro SEH_LEFT frame
.Lleft\@:
    SEH_PROC .Lleft\@
    SEH_ALLOC 8                         /* M */
    .if .Lspilled > 0
    SEH_ALLOC 8                         /* flags */
    .endif
    .set    .Lnth, 1
    .irp reg, rax,rcx,rdx,rbx,rbp,rsi,rdi,r8,r9,r10,r11,r12,r13,r14,r15
    .if .Lspilled > .Lnth
    SEH_PUSH %\reg
    .endif
    .set    .Lnth, .Lnth+1
    .endr
    .ifnb \frame
    SEH_FRAME \frame
    .endif
    SEH_BODY
    .endm

#endif /* __ASSEMBLER__ */

#endif
