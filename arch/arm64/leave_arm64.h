/* The end of the stub where registered code never uses the register
 * YANK_ARM64_SCRATCH: the whole way out in user mode.  Included by
 * stub_arm64.S, in the middle of its routine: x19 = M, x20 = G, SP = frame. */

    .macro LOAD_PAIR a, b, at
    ldp     \a, \b, [x10, #\at]
    .endm

    .macro LOAD_SVE reg, base, at
    ldr     \reg, [\base, #\at, mul vl]
    .endm

    .macro RELOAD a, b, at
    .if YANK_THREAD_X18 && \at == 18 * 8
    ldr     \b, [sp, #\at+8]
    .else
    ldp     \a, \b, [sp, #\at]
    .cfi_restore \a
    .endif
    .cfi_restore \b
    .endm

    .macro REGISTER do, n
    \do     x\n
    .endm

    .macro LOAD_PC to
    ldr     \to, [sp, #YANK_FRAME_PC]
    .cfi_register YANK_PC_COLUMN, \to
    .cfi_register YANK_PC_REGISTER, \to
    .endm

    /* Not br: under BTI that may land only on a landing pad. */
    .macro GO_ON by
    ret     \by
    .endm

    ldr     x21, [x20, #YANK_G_BLOCKS]
    ldp     w0, w1, [x21, #YANK_VECTORS_FPSR]
    msr     fpsr, x0
    msr     fpcr, x1
    add     x10, x21, #YANK_VECTORS_REG
    LOAD_U32 9, SYM(yank_arm64_has_sve)
    cbnz    w9, 4f
    EACH_V_PAIR LOAD_PAIR
    b       5f
4:  addvl   x11, x10, #16
    addvl   x11, x11, #16
    LOAD_SVE p0, x11, 16
    wrffr   p0.b
    EACH_SVE LOAD_SVE

    /* The block goes from the G to this M. */
5:  ldr     x0, [x21, #YANK_BLOCK_NEXT]
    str     x0, [x20, #YANK_G_BLOCKS]
    ldr     x0, [x19, #YANK_M_CACHE]
    str     x0, [x21, #YANK_BLOCK_NEXT]
    str     x21, [x19, #YANK_M_CACHE]

    /* A store-exclusive of the stopped code must fail: whoever ran meanwhile
     * may have left a load-exclusive of the same word behind.  An exception
     * return does this by itself. */
    clrex
    ldr     x0, [sp, #YANK_FRAME_PSTATE]
    msr     nzcv, x0
    EACH_X_PAIR RELOAD
    ldr     x30, [sp, #YANK_FRAME_LR]
    .cfi_restore x30
    REGISTER LOAD_PC, YANK_ARM64_SCRATCH
    /* No flags are set, and the red zone is given back. */
    add     sp, sp, #YANK_FRAME_BYTES + YANK_RED_ZONE
    .cfi_def_cfa_offset 0
    REGISTER GO_ON, YANK_ARM64_SCRATCH
    .cfi_endproc
