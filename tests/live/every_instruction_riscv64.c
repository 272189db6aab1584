/* riscv64's part of live_every_instruction.  User code has no trap flag: the
 * instruction of step k becomes a c.ebreak, in its first two bytes, which every
 * instruction has.  It stays one until the stopped thread has gone on and
 * trapped on it again, where the context must be what it was at first. */
#define _GNU_SOURCE
#include "every_instruction.h"

#include "arch/riscv64/riscv64.h"
#include "every_instruction_riscv64.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

#define C_EBREAK 0x9002u

struct riscv64_body {
    uint64_t out[64];
    unsigned char text[256], copy[256];
    uint64_t f[32];
};
#define SAME(number, field)                                                    \
    _Static_assert((number) == offsetof(struct riscv64_body, field), #field)
SAME(BODY_OUT, out);
SAME(BODY_TEXT, text);
SAME(BODY_COPY, copy);
SAME(BODY_F, f);
_Static_assert(sizeof(struct riscv64_body) <= sizeof(struct body_state),
               "room");

/* --- instructions ---------------------------------------------------------*/

static uint16_t *const lo = (void *)(uintptr_t)instruction_lo;
static uint16_t *const hi = (void *)(uintptr_t)instruction_hi;

/* In halves, which is what they are aligned to. */
static int length(uint16_t first_half)
{
    return (first_half & 3) == 3 ? 2 : 1;
}

static void write_half(uint16_t *at, uint16_t half)
{
    *(volatile uint16_t *)at = half;
    __builtin___clear_cache((char *)at, (char *)(at + 1));
}

/* --- a signal frame -------------------------------------------------------*/

struct context {
    uint64_t pc_and_x[32];
    struct yank_riscv64_vectors fp;
};

static void take_context(struct context *c, const ucontext_t *uc)
{
    memcpy(c->pc_and_x, uc->uc_mcontext.__gregs, sizeof c->pc_and_x);
    memcpy(&c->fp, &uc->uc_mcontext.__fpregs, sizeof c->fp);
}

static const char *difference(const struct context *a, const struct context *b)
{
    return memcmp(a->pc_and_x, b->pc_and_x, sizeof a->pc_and_x) != 0
               ? "general registers"
           : memcmp(a->fp.f, b->fp.f, sizeof a->fp.f) != 0
               ? "floating-point registers"
           : a->fp.fcsr != b->fp.fcsr ? "fcsr"
                                      : NULL;
}

/* --- the trap -------------------------------------------------------------*/

static uint16_t *trapped; /* the instruction that is a c.ebreak now, or null */
static uint16_t original;
static struct context before;
static bool stopped;
static const char *fault;

/* Where it came by, while every instruction is a c.ebreak. */
static uintptr_t *path;
static uint16_t *originals;
static int steps;

static void note_step(uint16_t *at)
{
    path[steps++] = (uintptr_t)at;
    write_half(at, originals[at - lo]);
}

/* Twice for each: before the stop, and when the thread has gone on. */
static void on_trap(int signo, siginfo_t *info, void *ucontext)
{
    struct context now;

    (void)signo;
    (void)info;
    take_context(&now, ucontext);
    if (trapped == NULL) {
        note_step((void *)(uintptr_t)now.pc_and_x[0]);
        return;
    }
    if (now.pc_and_x[0] != (uintptr_t)trapped)
        abort(); /* some other ebreak */
    if (!stopped) {
        stopped = true;
        before = now;
        stop_here(ucontext);
        return;
    }
    fault = difference(&before, &now);
    write_half(trapped, original);
    trapped = NULL;
}

/* Kicks stay out: they would find the thread before its trap does. */
void body_begin(void)
{
    struct sigaction sa = { .sa_sigaction = on_trap,
                            .sa_flags = SA_SIGINFO | SA_ONSTACK };
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    uintptr_t first = (uintptr_t)lo & ~(page - 1);
    uintptr_t end = ((uintptr_t)hi + page - 1) & ~(page - 1);
    sigset_t kicks;

    if (mprotect((void *)first, end - first,
                 PROT_READ | PROT_WRITE | PROT_EXEC) != 0)
        abort();
    sigemptyset(&kicks);
    sigaddset(&kicks, SIGURG);
    pthread_sigmask(SIG_BLOCK, &kicks, NULL);
    sigfillset(&sa.sa_mask);
    if (sigaction(SIGTRAP, &sa, NULL) != 0)
        abort();
}

/* --- the body -------------------------------------------------------------*/

void body_fill(struct body_state *s)
{
    struct riscv64_body *b = (void *)s;

    memset(s, 0, sizeof *s);
    for (size_t i = 0; i < sizeof b->text; i++)
        b->text[i] = (unsigned char)(i * 37 + 11);
}

int body_steps(struct body_state *s, uintptr_t pc[MAX_STEPS])
{
    uint16_t saved[MAX_STEPS];

    if (hi - lo > MAX_STEPS)
        abort();
    memcpy(saved, lo, (size_t)(hi - lo) * sizeof *saved);
    path = pc;
    originals = saved;
    trapped = NULL;
    steps = 0;
    for (ptrdiff_t i = 0; i < hi - lo; i += length(saved[i]))
        write_half(lo + i, C_EBREAK);
    instruction_body(s);
    for (ptrdiff_t i = 0; i < hi - lo; i += length(saved[i]))
        write_half(lo + i, saved[i]);
    return steps;
}

bool body_is_covered(const uintptr_t *pc, int n)
{
    int all = 0;

    (void)pc;
    for (uint16_t *at = lo; at < hi; at += length(*at))
        all++;
    return n == all;
}

bool body_run(struct body_state *s, int k)
{
    stopped = false;
    fault = NULL;
    trapped = (void *)path[k];
    original = *trapped;
    write_half(trapped, C_EBREAK);
    instruction_body(s);
    return stopped && trapped == NULL;
}

const char *body_fault(void)
{
    return fault;
}
