/* amd64's part of live_every_instruction.  The thread runs the body under the
 * trap flag; at step k the handler takes the flag off.  A rep-instruction traps
 * once an iteration. */
#define _GNU_SOURCE
#include "every_instruction.h"

#include "fidelity_cpu.h"

#include <stdlib.h>
#include <string.h>
#include <ucontext.h>

#define FLAG_TRAP ((greg_t)0x100)

struct amd64_body {
    uint64_t out[64]; /* registers at the end, and what was computed */
    unsigned char text[256], copy[256];
    _Alignas(64) uint64_t vector[64];
    uint32_t mxcsr_in, mxcsr_out;
    uint64_t level;
};
_Static_assert(offsetof(struct amd64_body, text) == 512, "asm below");
_Static_assert(offsetof(struct amd64_body, copy) == 768, "asm below");
_Static_assert(offsetof(struct amd64_body, vector) == 1024, "asm below");
_Static_assert(offsetof(struct amd64_body, mxcsr_in) == 1536, "asm below");
_Static_assert(offsetof(struct amd64_body, level) == 1544, "asm below");
_Static_assert(sizeof(struct amd64_body) <= sizeof(struct body_state), "room");

/* clang-format off */
/* Each kind of instruction once, results kept in memory and in registers.  No
 * pushfq: under the trap flag it shows the flag. */
__asm__(
    ".pushsection yank_text, \"ax\", @progbits\n"
    ".globl instruction_body, instruction_lo, instruction_hi\n"
    ".hidden instruction_body, instruction_lo, instruction_hi\n"
    ".type instruction_body, @function\n"
    "instruction_lo:\n"
    "instruction_body:\n"
    "  endbr64\n"
    "  pushq %rbp\n"
    "  movq %rsp, %rbp\n"
    "  pushq %rbx\n"
    "  pushq %r12\n"
    "  pushq %r13\n"
    "  pushq %r14\n"
    "  pushq %r15\n"
    "  movq %rdi, %r12\n"
    /* The red zone, over its whole length, until the end of this part. */
    "  movabsq $0x1122334455667788, %rax\n"
    "  movq %rax, -8(%rsp)\n"
    "  notq %rax\n"
    "  movq %rax, -64(%rsp)\n"
    "  bswapq %rax\n"
    "  movq %rax, -128(%rsp)\n"
    /* Flags from one instruction to the next. */
    "  movabsq $0xfedcba9876543210, %rbx\n"
    "  addq %rax, %rbx\n"
    "  adcq $0x7f, %rbx\n"
    "  sbbq %rdx, %rdx\n"
    "  stc\n"
    "  rclq $3, %rbx\n"
    "  rcrl $5, %eax\n"
    "  cmc\n"
    "  setc %cl\n"
    "  movzbl %cl, %ecx\n"
    "  lahf\n"
    "  movq %rax, 0(%r12)\n"
    "  subq %rbx, %rdx\n"
    "  seto %r8b\n"
    "  sets %r9b\n"
    "  setp %r10b\n"
    "  movzbq %r8b, %r8\n"
    "  movzbq %r9b, %r9\n"
    "  movsbq %r10b, %r10\n"
    "  cmovcq %rbx, %r11\n"
    "  cmovncq %rdx, %r11\n"
    "  incq %r8\n"
    "  decq %r9\n"
    "  negq %r10\n"
    "  andq $0xff0, %r11\n"
    "  orq %r8, %r11\n"
    "  xorq %r9, %r11\n"
    "  shldq $7, %rbx, %rdx\n"
    "  shrdq $9, %rdx, %rbx\n"
    "  sarq $2, %rbx\n"
    "  btsq $17, %rbx\n"
    "  btrq $3, %rbx\n"
    "  bsrq %rbx, %rsi\n"
    "  bsfq %rbx, %r13\n"
    "  movq %rbx, 8(%r12)\n"
    "  movq %rdx, 16(%r12)\n"
    "  movq %r11, 24(%r12)\n"
    /* Multiply, divide. */
    "  movq $1000003, %rax\n"
    "  mulq %rbx\n"
    "  xorl %edx, %edx\n"
    "  movl $97, %r14d\n"
    "  divq %r14\n"
    "  imulq $31, %rax, %rax\n"
    "  cqto\n"
    "  idivq %r14\n"
    "  movq %rdx, 32(%r12)\n"
    "  xchgq %rax, %r15\n"
    /* Locked. */
    "  movq $5, 40(%r12)\n"
    "  lock addq $3, 40(%r12)\n"
    "  movl $8, %eax\n"
    "  lock cmpxchgq %rsi, 40(%r12)\n"
    "  jne 9f\n"
    "  xaddq %rsi, 40(%r12)\n"
    /* The red zone is still there. */
    "  movq -8(%rsp), %rax\n"
    "  addq -64(%rsp), %rax\n"
    "  xorq -128(%rsp), %rax\n"
    "  movq %rax, 48(%r12)\n"
    /* Stack. */
    "  pushq 48(%r12)\n"
    "  pushq $-77\n"
    "  popq %rax\n"
    "  popq 56(%r12)\n"
    "  enter $32, $0\n"
    "  movq %rax, -16(%rbp)\n"
    "  leave\n"
    "  call 7f\n"
    "  leaq 0x7b(%rax,%rax,4), %rax\n"
    "  movq %rax, 64(%r12)\n"
    /* Strings, both ways. */
    "  leaq 512(%r12), %rsi\n"
    "  leaq 768(%r12), %rdi\n"
    "  movl $20, %ecx\n"
    "  rep movsb\n"
    "  lodsq\n"
    "  stosq\n"
    "  std\n"
    "  movsb\n"
    "  movsw\n"
    "  cld\n"
    "  leaq 768(%r12), %rdi\n"
    "  movl $200, %ecx\n"
    "  movb 531(%r12), %al\n"
    "  repne scasb\n"
    "  movq %rcx, 72(%r12)\n"
    "  leaq 512(%r12), %rsi\n"
    "  leaq 768(%r12), %rdi\n"
    "  movl $16, %ecx\n"
    "  repe cmpsb\n"
    "  leaq 512(%r12), %rbx\n"
    "  movl $9, %eax\n"
    "  xlatb\n"
    "  movb %al, 80(%r12)\n"
    /* Loops. */
    "  movl $4, %ecx\n"
    "1: rolq %r15\n"
    "  loop 1b\n"
    "  jrcxz 2f\n"
    "  ud2\n"
    "2: movl $3, %ecx\n"
    "3: addq %rcx, %r15\n"
    "  decl %ecx\n"
    "  jnz 3b\n"
    /* x87, with values left on its stack across other instructions. */
    "  fldpi\n"
    "  fld1\n"
    "  fadd %st(1), %st\n"
    "  fsqrt\n"
    "  fxch\n"
    "  fcomi %st(1), %st\n"
    "  cmova %r14, %r13\n"
    "  fmul %st(1), %st\n"
    "  fstpt 96(%r12)\n"
    "  fistpq 88(%r12)\n"
    /* SSE under another rounding mode. */
    "  ldmxcsr 1536(%r12)\n"
    "  pxor %xmm1, %xmm1\n" /* the scalar ones keep the upper half */
    "  pxor %xmm2, %xmm2\n"
    "  cvtsi2sdq %r15, %xmm1\n"
    "  sqrtsd %xmm1, %xmm2\n"
    "  divsd %xmm1, %xmm2\n"
    "  ucomisd %xmm2, %xmm1\n"
    "  setbe %al\n"
    "  movb %al, 81(%r12)\n"
    "  movdqu 520(%r12), %xmm3\n"
    "  pshufd $0x1b, %xmm3, %xmm3\n"
    "  pmaddwd %xmm3, %xmm3\n"
    "  cvtsd2si %xmm2, %rax\n"
    "  addq %rax, 64(%r12)\n"
    "  stmxcsr 1540(%r12)\n"
    "  movaps %xmm2, 1024(%r12)\n"
    "  movaps %xmm3, 1040(%r12)\n"
    "  cmpq $1, 1544(%r12)\n"
    "  jb 6f\n"
    "  vmovdqu 528(%r12), %ymm8\n"
    "  vaddps %ymm8, %ymm8, %ymm9\n"
    "  vperm2f128 $1, %ymm9, %ymm8, %ymm10\n"
    "  vextractf128 $1, %ymm10, %xmm11\n"
    "  vmovaps %ymm10, 1056(%r12)\n"
    "  vmovaps %xmm11, 1088(%r12)\n"
    "  cmpq $2, 1544(%r12)\n"
    "  jb 5f\n"
    "  vmovdqu64 512(%r12), %zmm20\n"
    "  vpcmpub $1, 576(%r12), %zmm20, %k3\n"
    "  kshiftrq $7, %k3, %k4\n"
    "  vpaddb %zmm20, %zmm20, %zmm31{%k4}{z}\n"
    "  vmovdqa64 %zmm31, 1152(%r12)\n"
    "  kmovq %k3, 1216(%r12)\n"
    "5: vzeroupper\n"
    /* All that is left in registers. */
    "6: movq %rax, 128(%r12)\n"
    "  movq %rbx, 136(%r12)\n"
    "  movq %rcx, 144(%r12)\n"
    "  movq %rdx, 152(%r12)\n"
    "  movq %r8, 176(%r12)\n"
    "  movq %r9, 184(%r12)\n"
    "  movq %r10, 192(%r12)\n"
    "  movq %r11, 200(%r12)\n"
    "  movq %r13, 208(%r12)\n"
    "  movq %r14, 216(%r12)\n"
    "  movq %r15, 224(%r12)\n"
    "  popq %r15\n"
    "  popq %r14\n"
    "  popq %r13\n"
    "  popq %r12\n"
    "  popq %rbx\n"
    "  popq %rbp\n"
    "  ret\n"
    "7: addq $11, %rax\n"
    "  ret\n"
    "9: ud2\n"
    "instruction_hi:\n"
    ".size instruction_body, . - instruction_body\n"
    ".popsection\n");
/* clang-format on */

static volatile int at_step; /* stop before this one; -1: only look */
static volatile int step;
static volatile bool stopped;
static uintptr_t *path; /* PCs, by step; null: not wanted */

/* int3 switches stepping on; the first PC outside after the body, off. */
static void on_trap(int signo, siginfo_t *info, void *ucontext)
{
    greg_t *reg = ((ucontext_t *)ucontext)->uc_mcontext.gregs;
    uintptr_t pc = (uintptr_t)reg[REG_RIP];
    bool inside =
        pc >= (uintptr_t)instruction_lo && pc < (uintptr_t)instruction_hi;

    (void)signo;
    (void)info;
    if (!inside) {
        reg[REG_EFL] =
            step == 0 ? reg[REG_EFL] | FLAG_TRAP : reg[REG_EFL] & ~FLAG_TRAP;
        return;
    }
    if (path != NULL && step < MAX_STEPS)
        path[step] = pc;
    if (step == at_step) {
        reg[REG_EFL] &= ~FLAG_TRAP;
        stopped = true;
        stop_here(ucontext);
    }
    step++;
}

void body_begin(void)
{
    struct sigaction sa = { .sa_sigaction = on_trap,
                            .sa_flags = SA_SIGINFO | SA_ONSTACK };

    sigfillset(&sa.sa_mask);
    if (sigaction(SIGTRAP, &sa, NULL) != 0)
        abort();
}

void body_fill(struct body_state *s)
{
    struct amd64_body *b = (void *)s;

    memset(s, 0, sizeof *s);
    for (size_t i = 0; i < sizeof b->text; i++)
        b->text[i] = (unsigned char)(i * 37 + 11);
    b->mxcsr_in = 0x5f80; /* up */
    b->level = fidelity_level;
}

bool body_run(struct body_state *s, int k)
{
    step = 0;
    stopped = false;
    at_step = k;
    __asm__ volatile("int3");
    instruction_body(s);
    return stopped;
}

int body_steps(struct body_state *s, uintptr_t pc[MAX_STEPS])
{
    path = pc;
    body_run(s, -1);
    path = NULL;
    return step;
}

/* No instruction is longer than 15 bytes.  The last is the ud2 that nobody
 * reaches. */
bool body_is_covered(const uintptr_t *pc, int n)
{
    static unsigned char seen[4096];
    size_t bytes = (size_t)(instruction_hi - instruction_lo), last = 0;

    if (bytes >= sizeof seen)
        return false;
    for (int i = 0; i < n; i++)
        seen[pc[i] - (uintptr_t)instruction_lo] = 1;
    for (size_t at = 1; at < bytes; at++) {
        if (at - last > 15)
            return false;
        if (seen[at])
            last = at;
    }
    return seen[0] == 1 && bytes - last <= 15;
}

const char *body_fault(void)
{
    return NULL;
}
