/* What systems want differently on arm64, for those that follow the AAPCS to the
 * letter: nothing.  What each macro is for: abi_windows_arm64.h.  Included by
 * asm.h. */
#ifndef YANK_ABI_AAPCS_ARM64_H
#define YANK_ABI_AAPCS_ARM64_H

#define YANK_THREAD_X18 0

#if defined(__ASSEMBLER__)

    .macro OS_STACK_LEAVE reg, at
    .endm
    .macro OS_STACK_ENTER reg, at
    .endm

#endif /* __ASSEMBLER__ */

#endif
