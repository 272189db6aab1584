/* Each kind of instruction once, results kept in memory and in registers.  No
 * pushfq: under the trap flag it shows the flag. */
#include "arch/asm.h"

    .macro TO_RED_ZONE at
    .if YANK_RED_ZONE == 128
    movq    %rax, -\at(%rsp)
    .endif
    .endm

/* System V's void body_of_amd64(struct body_state *s), whatever the ABI. */
    YANK_TEXT_SECTION
LABEL instruction_lo
FUNC body_of_amd64
    LANDING_PAD
    pushq   %rbp
    movq    %rsp, %rbp
    pushq   %rbx
    pushq   %r12
    pushq   %r13
    pushq   %r14
    pushq   %r15
    movq    %rdi, %r12
    /* The red zone, over its whole length, until the end of this part. */
    movabsq $0x1122334455667788, %rax
    TO_RED_ZONE 8
    notq    %rax
    TO_RED_ZONE 64
    bswapq  %rax
    TO_RED_ZONE 128
    /* Flags from one instruction to the next. */
    movabsq $0xfedcba9876543210, %rbx
    addq    %rax, %rbx
    adcq    $0x7f, %rbx
    sbbq    %rdx, %rdx
    stc
    rclq    $3, %rbx
    rcrl    $5, %eax
    cmc
    setc    %cl
    movzbl  %cl, %ecx
    lahf
    movq    %rax, 0(%r12)
    subq    %rbx, %rdx
    seto    %r8b
    sets    %r9b
    setp    %r10b
    movzbq  %r8b, %r8
    movzbq  %r9b, %r9
    movsbq  %r10b, %r10
    cmovcq  %rbx, %r11
    cmovncq %rdx, %r11
    incq    %r8
    decq    %r9
    negq    %r10
    andq    $0xff0, %r11
    orq     %r8, %r11
    xorq    %r9, %r11
    shldq   $7, %rbx, %rdx
    shrdq   $9, %rdx, %rbx
    sarq    $2, %rbx
    btsq    $17, %rbx
    btrq    $3, %rbx
    bsrq    %rbx, %rsi
    bsfq    %rbx, %r13
    movq    %rbx, 8(%r12)
    movq    %rdx, 16(%r12)
    movq    %r11, 24(%r12)
    /* Multiply, divide. */
    movq    $1000003, %rax
    mulq    %rbx
    xorl    %edx, %edx
    movl    $97, %r14d
    divq    %r14
    imulq   $31, %rax, %rax
    cqto
    idivq   %r14
    movq    %rdx, 32(%r12)
    xchgq   %rax, %r15
    /* Locked. */
    movq    $5, 40(%r12)
    lock    addq $3, 40(%r12)
    movl    $8, %eax
    lock    cmpxchgq %rsi, 40(%r12)
    jne     9f
    xaddq   %rsi, 40(%r12)
    /* The red zone is still there. */
    .if YANK_RED_ZONE == 128
    movq    -8(%rsp), %rax
    addq    -64(%rsp), %rax
    xorq    -128(%rsp), %rax
    .endif
    movq    %rax, 48(%r12)
    /* Stack. */
    pushq   48(%r12)
    pushq   $-77
    popq    %rax
    popq    56(%r12)
    enter   $32, $0
    movq    %rax, -16(%rbp)
    leave
    call    7f
    leaq    0x7b(%rax,%rax,4), %rax
    movq    %rax, 64(%r12)
    /* Strings, both ways. */
    leaq    512(%r12), %rsi
    leaq    768(%r12), %rdi
    movl    $20, %ecx
    rep     movsb
    lodsq
    stosq
    std
    movsb
    movsw
    cld
    leaq    768(%r12), %rdi
    movl    $200, %ecx
    movb    531(%r12), %al
    repne   scasb
    movq    %rcx, 72(%r12)
    leaq    512(%r12), %rsi
    leaq    768(%r12), %rdi
    movl    $16, %ecx
    repe    cmpsb
    leaq    512(%r12), %rbx
    movl    $9, %eax
    xlatb
    movb    %al, 80(%r12)
    /* Loops. */
    movl    $4, %ecx
1:  rolq    %r15
    loop    1b
    jrcxz   2f
    ud2
2:  movl    $3, %ecx
3:  addq    %rcx, %r15
    decl    %ecx
    jnz     3b
    /* x87, with values left on its stack across other instructions. */
    fldpi
    fld1
    fadd    %st(1), %st
    fsqrt
    fxch
    fcomi   %st(1), %st
    cmova   %r14, %r13
    fmul    %st(1), %st
    fstpt   96(%r12)
    fistpq  88(%r12)
    /* SSE under another rounding mode. */
    ldmxcsr 1536(%r12)
    pxor    %xmm1, %xmm1                /* scalars keep the upper half */
    pxor    %xmm2, %xmm2
    cvtsi2sdq %r15, %xmm1
    sqrtsd  %xmm1, %xmm2
    divsd   %xmm1, %xmm2
    ucomisd %xmm2, %xmm1
    setbe   %al
    movb    %al, 81(%r12)
    movdqu  520(%r12), %xmm3
    pshufd  $0x1b, %xmm3, %xmm3
    pmaddwd %xmm3, %xmm3
    cvtsd2si %xmm2, %rax
    addq    %rax, 64(%r12)
    stmxcsr 1540(%r12)
    movaps  %xmm2, 1024(%r12)
    movaps  %xmm3, 1040(%r12)
    cmpq    $1, 1544(%r12)
    jb      6f
    vmovdqu 528(%r12), %ymm8
    vaddps  %ymm8, %ymm8, %ymm9
    vperm2f128 $1, %ymm9, %ymm8, %ymm10
    vextractf128 $1, %ymm10, %xmm11
    vmovaps %ymm10, 1056(%r12)
    vmovaps %xmm11, 1088(%r12)
    cmpq    $2, 1544(%r12)
    jb      5f
    vmovdqu64 512(%r12), %zmm20
    vpcmpub $1, 576(%r12), %zmm20, %k3
    kshiftrq $7, %k3, %k4
    vpaddb  %zmm20, %zmm20, %zmm31{%k4}{z}
    vmovdqa64 %zmm31, 1152(%r12)
    kmovq   %k3, 1216(%r12)
5:  vzeroupper
    /* All that is left in registers. */
6:  movq    %rax, 128(%r12)
    movq    %rbx, 136(%r12)
    movq    %rcx, 144(%r12)
    movq    %rdx, 152(%r12)
    movq    %r8, 176(%r12)
    movq    %r9, 184(%r12)
    movq    %r10, 192(%r12)
    movq    %r11, 200(%r12)
    movq    %r13, 208(%r12)
    movq    %r14, 216(%r12)
    movq    %r15, 224(%r12)
    popq    %r15
    popq    %r14
    popq    %r13
    popq    %r12
    popq    %rbx
    popq    %rbp
    ret
7:  addq    $11, %rax
    ret
9:  ud2
END body_of_amd64
LABEL instruction_hi

    CODE
