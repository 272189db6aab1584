/* What the two ABIs of amd64 want differently, for System V: all but the
 * argument registers comes to nothing.  What each macro is for:
 * abi_windows_amd64.h.  Included by asm.h. */
#ifndef YANK_ABI_SYSV_AMD64_H
#define YANK_ABI_SYSV_AMD64_H

#define ARG0 %rdi
#define ARG1 %rsi
#define ARG2 %rdx
#define ARG3 %rcx
#define YANK_SHADOW 0     /* bytes above its arguments that a callee may use */
#define YANK_KEPT_XMM 0   /* bytes of vectors that C callees keep */
#define YANK_KEPT_GPRS 6  /* rbx rbp r12 r13 r14 r15 */
#define YANK_STACK_TOP 0  /* bytes above the first frame of a G */
#define YANK_FCW_DEFAULT 0x37f /* as fninit leaves it */

#if defined(__ASSEMBLER__)

    .macro SHADOW_BEGIN
    .endm
    .macro SHADOW_END
    .endm
    .macro SHADOW_SKIP reg
    movq    %rsp, \reg
    .endm
    .macro KEEP_MORE
    .endm
    .macro KEEP_VECTORS
    .endm
    .macro UNKEEP_VECTORS
    .endm
    .macro UNKEEP_MORE
    .endm
    .macro STORE_MORE_CALL_SAVED to, at
    .endm
    .macro C_CONTROL_WORD
    .endm
    .macro C_CONTROL_WORD_DATA
    .endm
    .macro RET_OVER_RED_ZONE
    ret     $YANK_RED_ZONE
    .endm

    .macro OS_STACK_LEAVE reg, at
    .endm
    .macro OS_STACK_ENTER reg, at
    .endm

    .macro SEH_PROC name
    .endm
    .macro SEH_ALLOC bytes
    .endm
    .macro SEH_PUSH reg
    .endm
    .macro SEH_FRAME reg
    .endm
    .macro SEH_VECTORS
    .endm
    .macro SEH_BODY
    .endm
    .macro SEH_END
    .endm
    .macro SEH_SPILLED frame
    .endm
    .macro SEH_RELOADED
    .endm
    .macro SEH_RETURN_AT reg, at
    .endm

#endif /* __ASSEMBLER__ */

#endif
