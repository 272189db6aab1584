/* Each kind of instruction of RV64GC once, results kept in memory and in
 * registers.  Its short forms too: gas takes them where they fit. */
#include "every_instruction_riscv64.h"
#include "arch/asm.h"

    .macro OUT reg, n
    sd      \reg, BODY_OUT+8*(\n)(s1)
    .endm

/* void instruction_body(struct body_state *s) */
    .section yank_text, "ax", %progbits
FUNC instruction_body
LABEL instruction_lo
    addi    sp, sp, -224
    sd      ra, 120(sp)
    sd      s0, 112(sp)
    addi    s0, sp, 224
    sd      s1, 104(sp)
    sd      s2, 96(sp)
    sd      s3, 88(sp)
    sd      s4, 80(sp)
    sd      s5, 72(sp)
    sd      s6, 64(sp)
    sd      s7, 56(sp)
    sd      s8, 48(sp)
    sd      s9, 40(sp)
    sd      s10, 32(sp)
    sd      s11, 24(sp)
    sd      gp, 16(sp)
    fsd     fs0, 128(sp)
    fsd     fs1, 136(sp)
    fsd     fs2, 144(sp)
    fsd     fs3, 152(sp)
    fsd     fs4, 160(sp)
    fsd     fs5, 168(sp)
    fsd     fs6, 176(sp)
    fsd     fs7, 184(sp)
    fsd     fs8, 192(sp)
    fsd     fs9, 200(sp)
    fsd     fs10, 208(sp)
    fsd     fs11, 216(sp)
    frcsr   t0
    sd      t0, 8(sp)
    mv      s1, a0

    /* Integers. */
    lui     t0, 0x12345
    addi    t0, t0, 0x678
    li      t1, 0x1122334455667788
    add     t2, t0, t1
    sub     s2, t1, t0
    xor     s3, t2, s2
    or      s4, s3, t0
    and     s5, s4, t1
    sll     s6, t1, t0
    srl     s7, t1, t0
    sra     s8, s3, t0
    slt     s9, s3, s4
    sltu    s10, s3, s4
    xori    s11, s2, -273
    ori     a0, s3, 0x55
    andi    a1, s4, -16
    slti    a2, s5, -3
    sltiu   a3, s6, 99
    slli    a4, s7, 13
    srli    a5, s8, 5
    srai    a6, s8, 41
    addw    a7, t2, s2
    subw    t3, s3, s4
    sllw    t4, s4, t0
    srlw    t5, s5, t0
    sraw    t6, s6, t0
    addiw   gp, s7, -77
    slliw   ra, s8, 3
    srliw   t0, s11, 7
    sraiw   t1, s11, 9
    neg     t2, a0
    not     a0, a1
    sext.w  a1, a4
    snez    a2, a1
    OUT     gp, 0
    OUT     ra, 1
    OUT     t0, 2
    OUT     t6, 3

    /* The short forms that nothing above is. */
    c.li    a3, -9
    c.lui   a4, 5
    c.addi  a3, 3
    c.addiw a4, -1
    c.slli  a3, 33
    c.srli  a4, 2
    c.srai  a5, 7
    c.andi  a5, 27
    c.sub   a3, a4
    c.xor   a4, a5
    c.or    a5, a3
    c.and   a3, a4
    c.subw  a4, a5
    c.addw  a5, a3
    c.add   a3, t3
    c.mv    t4, a3
    c.nop
    c.addi16sp sp, -64
    c.addi4spn a2, sp, 16
    c.sdsp  a3, 16(sp)
    c.swsp  a4, 24(sp)
    c.fsdsp ft0, 32(sp)
    c.ld    a0, 0(a2)
    c.lw    a1, 8(a2)
    c.sd    a0, 24(a2)
    c.sw    a1, 8(a2)
    c.ldsp  t5, 40(sp)
    c.lwsp  t6, 24(sp)
    c.fldsp ft1, 32(sp)
    c.addi16sp sp, 64
    OUT     t5, 4
    OUT     t6, 5

    /* Multiply, divide. */
    mul     t0, a3, s3
    mulh    t1, a3, s3
    mulhu   t2, a3, s3
    mulhsu  t3, a3, s3
    mulw    t4, a4, s4
    ori     s2, s5, 1
    div     a0, t1, s2
    divu    a1, t2, s2
    rem     a2, t3, s2
    remu    a3, t0, s2
    divw    a4, t4, s2
    divuw   a5, t1, s2
    remw    a6, t2, s2
    remuw   a7, t3, s2
    OUT     t0, 6
    OUT     t4, 7
    OUT     a7, 8

    /* Loads and stores. */
    addi    s2, s1, BODY_TEXT
    addi    s3, s1, BODY_COPY
    lb      t0, 1(s2)
    lbu     t1, 2(s2)
    lh      t2, 4(s2)
    lhu     t3, 6(s2)
    lw      t4, 8(s2)
    lwu     t5, 12(s2)
    ld      t6, -16(s2)
    sb      t0, 1(s3)
    sh      t2, 4(s3)
    sw      t4, 8(s3)
    sd      t5, 16(s3)
    ld      a0, 24(s2)
    sd      a0, 24(s3)
    fence
    fence.i

    /* Atomic; a stop in between makes it go round once more. */
    addi    s4, s1, BODY_OUT+80
    sd      t5, 0(s4)
1:  lr.d.aq a1, (s4)
    addi    a1, a1, 5
    sc.d.rl a2, a1, (s4)
    bnez    a2, 1b
2:  lr.w    a3, (s4)
    xor     a3, a3, t4
    sc.w    a4, a3, (s4)
    bnez    a4, 2b
    amoadd.d a5, a1, (s4)
    amoswap.d.aqrl a6, t6, (s4)
    amoxor.w a7, a5, (s4)
    amoor.d s5, a6, (s4)
    amoand.d s6, a5, (s4)
    amomax.d s7, a1, (s4)
    amominu.w s8, a5, (s4)
    OUT     a6, 11

    /* Addresses of code, calls, branches. */
    auipc   s9, 0
    lla     s10, 3f
    sub     s9, s10, s9
    jal     t0, 3f
    jalr    ra, s10, 0
    jal     ra, 3f
    j       4f
3:  addi    s11, s11, 11
    beqz    gp, 4f                      /* never */
    bltu    zero, gp, 5f                /* always */
5:  lla     t1, 6f
    jr      t1
6:  addi    a6, a6, 1
    bnez    t0, 7f
    ret
7:  mv      t2, t0
    li      t0, 0
    jr      t2
4:  li      a3, 4
1:  slli    s11, s11, 2
    add     s11, s11, a3
    addi    a3, a3, -1
    bgtz    a3, 1b
    blt     a3, zero, 1b                /* never */
    bge     zero, s10, 1b
    bgeu    s10, a3, 2f
2:  OUT     s9, 12
    OUT     s11, 13
    li      a7, 172                     /* getpid */
    ecall
    OUT     a0, 14

    /* Floating point under another rounding mode. */
    li      t0, 3
    fsrm    t0
    fsflagsi 0
    fcvt.d.l fa0, s11
    li      t1, 3
    fcvt.d.w fa1, t1
    fdiv.d  fa2, fa0, fa1
    fsqrt.d fa3, fa2
    fmadd.d fa4, fa2, fa3, fa0
    fnmsub.d fa5, fa2, fa3, fa0
    fmsub.d ft0, fa1, fa2, fa3
    fadd.d  ft1, ft0, fa1
    fsub.d  ft2, ft0, fa3, rtz
    fmul.d  ft3, ft2, fa3
    fcvt.s.d ft4, fa4
    fadd.s  ft5, ft4, ft4
    fdiv.s  ft6, ft4, ft5
    fcvt.d.s ft7, ft6
    fsgnjn.d fs0, ft7, fa3
    fsgnjx.d fs1, fa3, fs0
    fabs.d  fs2, fs1
    fmin.d  fs3, fs1, fa2
    fmax.d  fs4, fs1, fa2
    feq.d   t2, fs3, fs4
    flt.d   t3, fs3, fs4
    fle.s   t4, ft4, ft5
    fclass.d t5, fs0
    fcvt.l.d t6, fa3
    fcvt.wu.d a0, fa1
    fcvt.w.s a1, ft6, rup
    fcvt.s.lu fs5, a1
    fmv.x.d a2, fa4
    fmv.d.x fs6, a2
    fmv.x.w a3, ft5
    fmv.w.x fs7, a3
    fld     fs8, 16(s2)
    flw     fs9, 4(s2)
    fsd     fs8, 32(s3)
    fsw     fs9, 40(s3)
    fld     fs10, 24(s2)
    fmv.d   fs11, fs8
    fcvt.d.wu fa6, a0
    fmv.s   fa7, ft6
    fsgnj.d ft8, fs10, fs8
    fnmadd.s ft9, ft4, ft5, ft6
    fmin.s  ft10, ft4, ft6
    fsub.s  ft11, ft5, ft9
    frflags a4
    frrm    a5
    csrrwi  a6, fflags, 0x11
    csrrc   a7, fflags, t1
    OUT     t6, 15
    OUT     a4, 16
    OUT     a6, 17
    OUT     a7, 18

    /* All that is left in registers. */
    .irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24
    fsd     f\n, BODY_F+8*\n(s1)
    .endr
    .irp n, 25,26,27,28,29,30,31
    fsd     f\n, BODY_F+8*\n(s1)
    .endr
    .irp n, 3,5,6,7,10,11,12,13,14,15,16,17,20,21,22,23,24,27,28,29,30,31
    OUT     x\n, 32+\n
    .endr
    ld      t0, 8(sp)
    fscsr   t0
    fld     fs0, 128(sp)
    fld     fs1, 136(sp)
    fld     fs2, 144(sp)
    fld     fs3, 152(sp)
    fld     fs4, 160(sp)
    fld     fs5, 168(sp)
    fld     fs6, 176(sp)
    fld     fs7, 184(sp)
    fld     fs8, 192(sp)
    fld     fs9, 200(sp)
    fld     fs10, 208(sp)
    fld     fs11, 216(sp)
    ld      gp, 16(sp)
    ld      s11, 24(sp)
    ld      s10, 32(sp)
    ld      s9, 40(sp)
    ld      s8, 48(sp)
    ld      s7, 56(sp)
    ld      s6, 64(sp)
    ld      s5, 72(sp)
    ld      s4, 80(sp)
    ld      s3, 88(sp)
    ld      s2, 96(sp)
    ld      s1, 104(sp)
    ld      s0, 112(sp)
    ld      ra, 120(sp)
    addi    sp, sp, 224
    ret
END instruction_body
LABEL instruction_hi
