/* What systems want differently on arm64, for Windows.  Included by asm.h. */
#ifndef YANK_ABI_WINDOWS_ARM64_H
#define YANK_ABI_WINDOWS_ARM64_H

/* x18 is the thread's: it points to its environment block.  A G that comes to
 * another thread finds that one's. */
#define YANK_THREAD_X18 1

/* Where that has StackBase, StackLimit right behind it, and
 * DeallocationStack. */
#define YANK_TEB_STACK 0x08
#define YANK_TEB_WHOLE 0x1478

#if defined(__ASSEMBLER__)

/* The system takes these three words for the bounds of the thread's stack.
 * LEAVE puts them into the struct yank_os_stack at \at(\reg), ENTER takes them
 * from there; between the two stands the one instruction that changes the SP.
 * Clobbers x11, x12.
 *
 * Between the two the bounds are as wide as they go, so that the SP is within
 * them at every instruction, for the reasons that abi_windows_amd64.h gives;
 * and in the order that it gives. */
    .macro OS_STACK_LEAVE reg, at
    ldp     x11, x12, [x18, #YANK_TEB_STACK]
    stp     x11, x12, [\reg, #\at]
    ldr     x11, [x18, #YANK_TEB_WHOLE]
    str     x11, [\reg, #\at+16]
    str     xzr, [x18, #YANK_TEB_WHOLE]
    mov     x11, #-1
    stp     x11, xzr, [x18, #YANK_TEB_STACK]
    .endm
    .macro OS_STACK_ENTER reg, at
    ldp     x11, x12, [\reg, #\at]
    stp     x11, x12, [x18, #YANK_TEB_STACK]
    ldr     x11, [\reg, #\at+16]
    str     x11, [x18, #YANK_TEB_WHOLE]
    .endm

#endif /* __ASSEMBLER__ */

#endif
