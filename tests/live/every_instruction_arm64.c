/* arm64's part of live_every_instruction.  User code has no trap flag: the
 * instruction of step k becomes a BRK.  It stays one until the stopped thread
 * has gone on and trapped on it again, where the context must be what it was
 * at first: all of PSTATE, too, of which the instructions themselves read but
 * the flags. */
#define _GNU_SOURCE
#include "every_instruction.h"

#include "arch/arm64/offsets_arm64.h"
#include "every_instruction_arm64.h"
#include "fidelity_arm64.h"
#include "fidelity_cpu.h"
#include "trap_arm64.h"

#include <stdlib.h>
#include <string.h>

#define BRK 0xd43e0000u /* of 0xf000: Windows' breakpoint */

struct arm64_body {
    uint64_t out[64];
    unsigned char text[256], copy[256];
    uint64_t fpcr;
    uint32_t atomics, unused, sve;
    _Alignas(256) unsigned char vector[2816];
};
#define SAME(number, field)                                                    \
    _Static_assert((number) == offsetof(struct arm64_body, field), #field)
SAME(BODY_OUT, out);
SAME(BODY_TEXT, text);
SAME(BODY_COPY, copy);
SAME(BODY_FPCR, fpcr);
SAME(BODY_ATOMICS, atomics);
SAME(BODY_SVE, sve);
SAME(BODY_VECTOR, vector);
_Static_assert(sizeof(struct arm64_body) <= sizeof(struct body_state), "room");

static const char *difference(const struct trap_context *a,
                              const struct trap_context *b)
{
    return memcmp(a->x, b->x, sizeof a->x) != 0     ? "general registers"
           : a->sp != b->sp                         ? "SP"
           : a->pstate != b->pstate                 ? "PSTATE"
           : a->fp_control != b->fp_control         ? "FPSR, FPCR"
           : memcmp(a->v, b->v, sizeof a->v) != 0   ? "V registers"
           : a->vl != 0 && a->vl != b->vl           ? "vector length"
           : memcmp(a, b, sizeof *a) != 0 && a->vl != 0 ? "SVE registers"
                                                        : NULL;
}

/* --- the trap -------------------------------------------------------------*/

extern const char instruction_atomics_lo[], instruction_atomics_hi[];
extern const char instruction_sve_lo[], instruction_sve_hi[];

static uint32_t *const first = (void *)(uintptr_t)instruction_lo;
static uint32_t *trapped; /* the instruction that is a BRK now, or null */
static uint32_t original;
static struct trap_context before;
static bool stopped;
static const char *fault;

static void write_instruction(uint32_t *at, uint32_t word)
{
    *(volatile uint32_t *)at = word;
    trap_code_written(at);
}

/* Where it came by, while every instruction is a BRK. */
static uintptr_t *path;
static uint32_t *originals;
static int steps;

static void note_step(uint32_t *at)
{
    path[steps++] = (uintptr_t)at;
    write_instruction(at, originals[at - first]);
}

/* Twice for each: before the stop, and when the thread has gone on. */
static void on_trap(void *context)
{
    static struct trap_context now;

    trap_take(&now, context);
    if (trapped == NULL) {
        note_step((void *)(uintptr_t)now.pc);
        return;
    }
    if (now.pc != (uintptr_t)trapped)
        abort(); /* some other BRK */
    if (!stopped) {
        stopped = true;
        before = now;
        stop_here(context);
        return;
    }
    if (YANK_ARM64_SCRATCH) { /* that one, and PSTATE but for the flags */
        before.x[YANK_ARM64_SCRATCH] = now.x[YANK_ARM64_SCRATCH];
        before.pstate = (before.pstate & 0xf0000000) |
                        (now.pstate & ~(uint64_t)0xf0000000);
    }
    fault = difference(&before, &now);
    write_instruction(trapped, original);
    trapped = NULL;
}

void body_begin(void)
{
    if (!trap_prepare((uintptr_t)instruction_lo, (uintptr_t)instruction_hi) ||
        !trap_begin(on_trap, 0))
        abort();
}

void body_fill(struct body_state *s)
{
    struct arm64_body *b = (void *)s;

    memset(s, 0, sizeof *s);
    for (size_t i = 0; i < sizeof b->text; i++)
        b->text[i] = (unsigned char)(i * 37 + 11);
    b->fpcr = 0x00400000; /* up */
    b->atomics = trap_has_atomics();
    b->sve = fidelity_level == FID_SVE;
}

static ptrdiff_t words(const char *lo, const char *hi)
{
    return (hi - lo) / (ptrdiff_t)sizeof *first;
}

int body_steps(struct body_state *s, uintptr_t pc[MAX_STEPS])
{
    ptrdiff_t n = words(instruction_lo, instruction_hi);
    uint32_t saved[MAX_STEPS];

    if (n > MAX_STEPS)
        abort();
    memcpy(saved, first, (size_t)n * sizeof *saved);
    path = pc;
    originals = saved;
    trapped = NULL;
    steps = 0;
    for (ptrdiff_t i = 0; i < n; i++)
        write_instruction(first + i, BRK);
    instruction_body(s);
    for (ptrdiff_t i = 0; i < n; i++)
        write_instruction(first + i, saved[i]);
    return steps;
}

/* All but what this CPU does not have. */
bool body_is_covered(const uintptr_t *pc, int n)
{
    ptrdiff_t want = words(instruction_lo, instruction_hi);

    (void)pc;
    if (!trap_has_atomics())
        want -= words(instruction_atomics_lo, instruction_atomics_hi);
    if (fidelity_level != FID_SVE)
        want -= words(instruction_sve_lo, instruction_sve_hi);
    return n == want;
}

bool body_run(struct body_state *s, int k)
{
    stopped = false;
    fault = NULL;
    trapped = (void *)path[k];
    original = *trapped;
    write_instruction(trapped, BRK);
    instruction_body(s);
    return stopped && trapped == NULL;
}

const char *body_fault(void)
{
    return fault;
}
