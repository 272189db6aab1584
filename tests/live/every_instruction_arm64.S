/* Each kind of instruction once, results kept in memory and in registers.
 *
 * x18, x27 and x28 are not used: one of them may be YANK_ARM64_SCRATCH. */
#include "every_instruction_arm64.h"
#include "arch/asm.h"

    .arch   armv8.2-a+sve+lse+crc

    .macro OUT reg, n
    str     \reg, [x19, #BODY_OUT+8*(\n)]
    .endm

/* void instruction_body(struct body_state *s)
 * On a page of its own, which becomes one where branches land on pads. */
    YANK_TEXT_SECTION
    .p2align 12
FUNC instruction_body
LABEL instruction_lo
    LANDING_PAD
    stp     x29, x30, [sp, #-112]!
    mov     x29, sp
    stp     x19, x20, [sp, #16]
    stp     x21, x22, [sp, #32]
    stp     x23, x24, [sp, #48]
    stp     x25, x26, [sp, #64]
    mov     x19, x0

    /* What we may keep below SP, until the end of this part. */
    movz    x0, #0x7788
    movk    x0, #0x5566, lsl #16
    movk    x0, #0x3344, lsl #32
    movk    x0, #0x1122, lsl #48
    movn    x1, #0x1234, lsl #16
    stp     x0, x1, [sp, #-16]

    /* Flags from one instruction to the next. */
    adds    x2, x0, x1
    adc     x3, x0, xzr
    sbcs    x4, x1, x0
    ngcs    x5, x2
    cset    w6, hs
    subs    x7, x4, x3, lsl #7
    csel    x8, x2, x3, lt
    csinc   x9, x4, x5, vs
    csinv   x10, x1, x2, mi
    csneg   x11, x3, x4, hi
    ccmp    x8, x9, #5, ne
    ccmn    w10, #17, #10, ge
    mrs     x12, nzcv
    eor     x12, x12, #0xf0000000
    msr     nzcv, x12
    cinc    x13, x11, pl
    ands    x14, x13, #0xff00ff00ff00ff00
    bics    x15, x14, x0
    cset    w16, eq
    negs    w17, w15
    cmn     x1, x1, asr #3
    cset    w20, vc
    tst     x2, #0x4000
    cset    w21, ne
    OUT     x2, 0
    OUT     x4, 1
    OUT     x5, 2
    OUT     x8, 3
    OUT     x12, 4

    /* Logic, bit fields, shifts. */
    orr     x22, x0, x1, ror #13
    orn     x23, x2, x3, lsl #4
    eon     x24, x22, x23
    ubfx    x25, x24, #5, #20
    sbfiz   x26, x24, #3, #17
    bfi     x25, x22, #40, #11
    bfxil   x26, x23, #9, #8
    extr    x2, x22, x23, #23
    lsl     x3, x2, #5
    asr     w4, w2, #7
    lslv    x5, x2, x25
    rorv    x6, x3, x26
    clz     x7, x6
    cls     w8, w6
    rbit    x9, x6
    rev     x10, x9
    rev16   w11, w10
    uxtb    w12, w10
    sxtw    x13, w10
    add     x14, x13, w11, sxth #2
    crc32cx w15, w14, x13
    OUT     x14, 5
    OUT     x15, 6

    /* Multiply, divide. */
    madd    x2, x22, x23, x24
    msub    w3, w22, w23, w24
    umulh   x4, x22, x23
    smulh   x5, x23, x24
    umaddl  x6, w22, w23, x24
    smull   x7, w23, w24
    orr     x8, x7, #1
    udiv    x9, x4, x8
    sdiv    w10, w4, w8

    /* It is still there. */
    ldp     x11, x12, [sp, #-16]
    add     x11, x11, x12
    OUT     x11, 7

    /* Addresses of code. */
    adr     x12, 1f
    adrp    x13, instruction_lo
    ldr     x14, .Lliteral
    ldrsw   x15, .Lliteral
    sub     x12, x12, x13
    b       2f
1:  nop
    b       3f
2:  tbz     xzr, #3, 1b
3:  OUT     x12, 8
    OUT     x14, 9

    /* Loads and stores: writing back, by a register, of each size, ordered. */
    add     x2, x19, #BODY_TEXT
    add     x3, x19, #BODY_COPY
    ldp     x4, x5, [x2], #16
    stp     x4, x5, [x3], #16
    ldr     x6, [x2, #8]!
    str     x6, [x3, #-8]!
    ldpsw   x7, x8, [x2]
    ldrb    w9, [x2, #3]
    ldrsb   x10, [x2, #5]
    ldrh    w11, [x2, #6]
    ldrsh   w12, [x2, #8]
    ldur    x13, [x2, #-3]
    mov     w14, #2
    ldr     x15, [x2, x14, lsl #3]
    ldr     w16, [x2, w14, uxtw #2]
    strb    w9, [x3, #20]
    strh    w11, [x3, #22]!
    stur    w13, [x3, #3]
    str     x15, [x3, x14, lsl #3]
    stnp    x10, x12, [x3, #32]
    ldar    x17, [x2]
    prfm    pldl1keep, [x2, #64]
    add     x2, x19, #BODY_OUT+80
    stlr    x17, [x2]
    dmb     ish
    isb

    /* Exclusive: a stop in between makes it go round once more. */
    add     x2, x19, #BODY_OUT+88
4:  ldaxr   x3, [x2]
    add     x3, x3, #5
    stlxr   w4, x3, [x2]
    cbnz    w4, 4b
5:  ldxp    x4, x5, [x19]
    eor     x6, x4, x5
    stxp    w7, x6, x5, [x19]
    cbnz    w7, 5b
    clrex

    /* Atomic. */
    ldr     w3, [x19, #BODY_ATOMICS]
    cbz     w3, 6f
LABEL instruction_atomics_lo
    mov     x4, #3
    ldaddal x4, x5, [x2]
    swpal   x5, x6, [x2]
    mov     x7, x5
    casal   x7, x4, [x2]
    stset   x4, [x2]
    ldclr   x4, x8, [x2]
    mov     x10, x5
    mov     x11, x6
    caspal  x10, x11, x4, x5, [x19]
LABEL instruction_atomics_hi
6:
    /* Calls and branches. */
    stp     x29, x30, [sp, #-16]!
    bl      7f
    adr     x16, 7f
    blr     x16
    adr     x9, 8f
    br      x9
7:  hint    #34                         /* bti c */
    add     x20, x20, #11
    ret
8:  hint    #36                         /* bti j */
    adr     x17, 9f
    br      x17
9:  hint    #36
    ldp     x29, x30, [sp], #16
    mov     w3, #4
1:  add     x20, x20, x3, lsl #2
    subs    w3, w3, #1
    b.ne    1b
    tbnz    wzr, #0, 2f
    add     x20, x20, #1
2:  OUT     x20, 12
    .if !YANK_THREAD_X18                /* nor has Windows such numbers */
    mov     x8, #172                    /* getpid */
    svc     #0
    .endif
    OUT     x0, 13

    /* Floating point under another rounding mode. */
    mrs     x24, fpcr
    ldr     x3, [x19, #BODY_FPCR]
    msr     fpcr, x3
    msr     fpsr, xzr
    scvtf   d0, x20
    fmov    d1, #3.0
    fdiv    d2, d0, d1
    fsqrt   d3, d2
    fmadd   d4, d2, d3, d0
    fcvt    s5, d4
    frintx  d6, d3
    fcmp    d2, d3
    fcsel   d7, d2, d3, gt
    fccmp   d4, d2, #3, gt
    cset    w4, mi
    fcvtzs  x5, d4
    fcvtnu  w6, s5
    ucvtf   s16, w6
    fmov    x7, d7
    movi    v17.2d, #0                  /* it and v22 are also read */
    fmov    v17.d[1], x7
    ldp     q18, q19, [x19, #BODY_TEXT]
    str     q18, [x19, #BODY_VECTOR]
    mrs     x8, fpsr
    OUT     x4, 14
    OUT     x5, 15
    OUT     x8, 16

    /* NEON. */
    movi    v22.2d, #0
    add     v20.4s, v18.4s, v19.4s
    mul     v21.8h, v18.8h, v19.8h
    fmla    v22.2d, v18.2d, v19.2d
    uaddlv  h23, v20.16b
    tbl     v24.16b, {v18.16b, v19.16b}, v21.16b
    ext     v25.16b, v18.16b, v19.16b, #5
    sqadd   v26.4s, v18.4s, v19.4s
    cmhi    v27.16b, v18.16b, v19.16b
    bsl     v27.16b, v18.16b, v19.16b
    ins     v24.s[2], w5
    umov    w9, v25.h[3]
    dup     v28.2d, x7
    zip1    v29.8h, v18.8h, v25.8h
    shl     v30.4s, v20.4s, #7
    fcvtl   v31.2d, v19.2s
    add     x3, x19, #BODY_VECTOR+16
    st1     {v24.16b, v25.16b, v26.16b, v27.16b}, [x3], #64
    st4     {v28.8h, v29.8h, v30.8h, v31.8h}, [x3]
    ld2     {v0.4s, v1.4s}, [x3], #32
    ld1r    {v2.2s}, [x3]
    stp     q22, q23, [x3, #32]
    msr     fpcr, x24

    ldr     w3, [x19, #BODY_SVE]
    cbz     w3, 9f
    /* SVE: predicates, FFR, a loop by whilelo. */
LABEL instruction_sve_lo
    ptrue   p0.b
    rdvl    x10, #1
    cntd    x11
    add     x2, x19, #BODY_TEXT
    mov     x12, #0
    mov     x13, #200
    mov     z0.b, #0
    whilelo p1.b, x12, x13
1:  ld1b    z1.b, p1/z, [x2, x12]
    add     z0.b, p1/m, z0.b, z1.b
    incb    x12
    whilelo p1.b, x12, x13
    b.first 1b
    setffr
    ldff1b  z2.b, p0/z, [x2, xzr]
    rdffrs  p2.b, p0/z
    cset    w14, eq
    ldnf1b  z3.h, p0/z, [x2]
    rdffr   p3.b
    cmphi   p4.b, p0/z, z2.b, #100
    cntp    x15, p0, p4.b
    index   z4.s, #3, #5
    mad     z4.s, p4/m, z2.s, z0.s
    compact z5.s, p4, z4.s
    lastb   w16, p4, z2.b
    brkb    p5.b, p0/z, p4.b
    sel     z6.b, p5, z2.b, z3.b
    movprfx z7, z6
    fmla    z7.s, p4/m, z4.s, z6.s
    saddv   d16, p4, z2.b
    orrs    p6.b, p0/z, p4.b, p5.b
    cset    w17, lo
    pfirst  p6.b, p0, p6.b
    ptest   p0, p6.b
    cset    w21, mi
    st1b    z0.b, p0, [x19, x12]        /* among the words of out */
    add     x3, x19, #BODY_VECTOR+256
    str     z4, [x3]
    str     z5, [x3, #1, mul vl]
    str     z6, [x3, #2, mul vl]
    str     z7, [x3, #3, mul vl]
    str     p3, [x3, #32, mul vl]
    str     p5, [x3, #33, mul vl]
    st1d    z16.d, p0, [x3, #5, mul vl]
LABEL instruction_sve_hi
    /* All that is left in registers. */
9:  .irp n, 1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17
    OUT     x\n, 32+\n
    .endr
    .irp n, 20,21,22,23,24,25,26
    OUT     x\n, 32+\n
    .endr
    ldp     x19, x20, [sp, #16]
    ldp     x21, x22, [sp, #32]
    ldp     x23, x24, [sp, #48]
    ldp     x25, x26, [sp, #64]
    ldp     x29, x30, [sp], #112
    ret
END instruction_body
LABEL instruction_hi
    .p2align 3
.Lliteral:                              /* never a BRK */
    .quad   0xf123456789abcdef
    .p2align 12
