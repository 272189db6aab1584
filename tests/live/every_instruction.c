/* live_every_instruction: a stop is exact at each single instruction.
 *
 * A thread runs instruction_body() under the trap flag, one run for each step
 * k: at step k the SIGTRAP handler takes the flag off and lets Yank answer as
 * its own handler would, with a suspender already waiting.  The thread is
 * injected exactly there, stopped, has all its registers overwritten
 * (fidelity_amd64.S), goes on, and must come to the result of the undisturbed
 * run.  Steps and not addresses: a rep-instruction traps once an iteration.
 *
 * Linux, amd64.  Linked with fidelity_amd64.S and
 * --wrap=yank_async_preempt2. */
#define _GNU_SOURCE
#include "fidelity_amd64.h"
#include "live.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <ucontext.h>

#define MAX_STEPS 4096
#define FLAG_TRAP ((greg_t)0x100)

/* Named by fidelity_amd64.S; the parts used here are fidelity_scramble and
 * the wrapper on g0. */
uint32_t fidelity_level, fidelity_bad_entry;
void fidelity_nested(void);
void fidelity_entry(void);
void fidelity_on_g0(struct yank_m *m);
void fidelity_scramble(void *arg);

void fidelity_nested(void)
{
}
void fidelity_entry(void)
{
}
void fidelity_on_g0(struct yank_m *m)
{
    (void)m;
}

struct body_state {
    uint64_t out[64]; /* registers at the end, and what was computed */
    unsigned char text[256], copy[256];
    _Alignas(64) uint64_t vector[64];
    uint32_t mxcsr_in, mxcsr_out;
    uint64_t level;
};
_Static_assert(offsetof(struct body_state, text) == 512, "asm below");
_Static_assert(offsetof(struct body_state, copy) == 768, "asm below");
_Static_assert(offsetof(struct body_state, vector) == 1024, "asm below");
_Static_assert(offsetof(struct body_state, mxcsr_in) == 1536, "asm below");
_Static_assert(offsetof(struct body_state, level) == 1544, "asm below");

void instruction_body(struct body_state *s);
extern const char instruction_lo[], instruction_hi[];

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

/* --- the stepped thread and its handler ----------------------------------*/

static struct body_state reference, state_now;
static _Atomic int stop_wanted;
static volatile int at_step; /* inject before this one; -1: only look */
static volatile int step, injected_at, stack_fault;
static volatile uintptr_t path[MAX_STEPS]; /* PCs, by step */

/* Below an interrupted SP a plain stop uses async_preempt_stack() bytes, to
 * the last one, and no more. */
enum { CANARY = 128, CANARY_BYTE = 0xa5 };
static volatile unsigned char *canary; /* lo; the need ends at its hi */

static void plant_canary(uintptr_t sp)
{
    canary = (unsigned char *)(sp - yank_arch_async_preempt_stack() - CANARY);
    for (int i = 0; i < CANARY + 8; i++)
        canary[i] = CANARY_BYTE;
}

/* 0 all is as it should; else what is not. */
static inline int canary_fault(void)
{
    int last_word = 0;

    for (int i = 0; i < CANARY; i++)
        if (canary[i] != CANARY_BYTE)
            return 1;
    for (int i = CANARY; i < CANARY + 8; i++)
        last_word += canary[i] == CANARY_BYTE;
    return last_word == 8 ? 2 : 0;
}

static void answer_here(greg_t *reg)
{
    struct yank_m *m = yank_m_self();
    struct yank_regs r = { .pc = (uintptr_t)reg[REG_RIP],
                           .sp = (uintptr_t)reg[REG_RSP],
                           .fp = (uintptr_t)reg[REG_RBP],
                           .flags = (uint64_t)(reg[REG_EFL] & ~FLAG_TRAP) };

    while (atomic_load(&yank_m_curg(m)->asks) == 0)
        yank_arch_pause();
    plant_canary(r.sp);
    if (!yank_do_sig_preempt(m, &r))
        return; /* the count of stops tells */
    injected_at = step;
    reg[REG_RIP] = (greg_t)r.pc;
    reg[REG_RSP] = (greg_t)r.sp;
}

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
    if (step < MAX_STEPS)
        path[step] = pc;
    if (step == at_step) {
        reg[REG_EFL] &= ~FLAG_TRAP;
        answer_here(reg);
    }
    step++;
}

static void fill(struct body_state *s)
{
    memset(s, 0, sizeof *s);
    for (size_t i = 0; i < sizeof s->text; i++)
        s->text[i] = (unsigned char)(i * 37 + 11);
    s->mxcsr_in = 0x5f80; /* up */
    s->level = fidelity_level;
}

/* One run, stopped before step k; how many steps were seen. */
static int stepped_run(int k)
{
    fill(&state_now);
    step = 0;
    injected_at = -1;
    at_step = k;
    __asm__ volatile("int3");
    instruction_body(&state_now);
    stack_fault = k < 0 ? 0 : canary_fault(); /* before any other call */
    return step;
}

/* --- the suspender -------------------------------------------------------*/

static struct yank_thread *stepped;
static _Atomic int stops, quit;

static void *suspender_main(void *arg)
{
    struct yank_stop stop;

    (void)arg;
    while (atomic_load(&quit) == 0) {
        if (atomic_exchange(&stop_wanted, 0) == 0) {
            sched_yield();
            continue;
        }
        if (yank_suspend_g(&stepped->g, SOON, &stop) != YANK_OK)
            abort();
        int n = atomic_load(&stops);
        int rc = n % 2 == 0 ? yank_resume_g(&stop)
                            : yank_resume_call(&stop, fidelity_scramble, NULL);
        if (rc != YANK_OK)
            abort();
        atomic_store(&stops, n + 1);
    }
    return NULL;
}

/* --- main ----------------------------------------------------------------*/

/* The steps cover the body without a hole: no instruction is longer than 15
 * bytes.  The last is the ud2 that nobody reaches. */
static void assert_every_instruction_was_hit(int steps)
{
    static unsigned char seen[4096];
    size_t bytes = (size_t)(instruction_hi - instruction_lo), last = 0;

    assert_true(bytes < sizeof seen);
    for (int i = 0; i < steps; i++)
        seen[path[i] - (uintptr_t)instruction_lo] = 1;
    assert_int_equal(seen[0], 1);
    for (size_t at = 1; at < bytes; at++)
        if (seen[at]) {
            assert_true(at - last <= 15);
            last = at;
        }
    assert_true(bytes - last <= 15);
}

static void every_instruction_is_a_safe_point(void **state)
{
    static struct yank_thread self;
    struct yank_thread_attr attr = { .struct_size = sizeof attr };
    struct sigaction sa = { .sa_sigaction = on_trap,
                            .sa_flags = SA_SIGINFO | SA_ONSTACK };
    pthread_t helper;

    (void)state;
    sigfillset(&sa.sa_mask);
    assert_int_equal(sigaction(SIGTRAP, &sa, NULL), 0);
    fill(&state_now);
    instruction_body(&state_now);
    reference = state_now;

    stepped = &self;
    assert_int_equal(yank_thread_attach(&self, &attr), YANK_OK);
    assert_int_equal(pthread_create(&helper, NULL, suspender_main, NULL), 0);
    int steps = stepped_run(-1);
    assert_memory_equal(&state_now, &reference, sizeof reference);
    assert_true(steps > 100 && steps < MAX_STEPS);
    assert_every_instruction_was_hit(steps);

    for (int k = 0; k < steps; k++) {
        atomic_store(&stop_wanted, 1);
        stepped_run(k);
        while (atomic_load(&stops) != k + 1)
            sched_yield();
        if (memcmp(&state_now, &reference, sizeof reference) != 0)
            printf("differs after a stop at +0x%lx\n",
                   (unsigned long)(path[k] - (uintptr_t)instruction_lo));
        assert_int_equal(injected_at, k);
        if (k % 2 == 0) /* the others made a call from there */
            assert_int_equal(stack_fault, 0);
        assert_memory_equal(&state_now, &reference, sizeof reference);
    }
    atomic_store(&quit, 1);
    assert_int_equal(pthread_join(helper, NULL), 0);
    assert_int_equal(yank_thread_detach(&self), YANK_OK);
    assert_int_equal(fidelity_bad_entry, 0);
    printf("%d steps, %d bytes, each stopped\n", steps,
           (int)(instruction_hi - instruction_lo));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_instruction_is_a_safe_point),
    };

    __builtin_cpu_init();
    fidelity_level = __builtin_cpu_supports("avx512bw") ? FID_AVX512
                     : __builtin_cpu_supports("avx")    ? FID_AVX
                                                        : FID_SSE;
    return live_main(tests, YANK_ARRAY_LEN(tests), true);
}
