/* amd64's part of live_every_instruction.  The thread runs the body under the
 * trap flag; at step k the handler takes the flag off.  A rep-instruction traps
 * once an iteration. */
#define _GNU_SOURCE
#include "every_instruction.h"

#include "fidelity_cpu.h"
#include "trap.h"

#include <stdlib.h>
#include <string.h>

#define FLAG_TRAP ((uint64_t)0x100)

struct amd64_body {
    uint64_t out[64]; /* registers at the end, and what was computed */
    unsigned char text[256], copy[256];
    _Alignas(64) uint64_t vector[64];
    uint32_t mxcsr_in, mxcsr_out;
    uint64_t level;
};
_Static_assert(offsetof(struct amd64_body, text) == 512, "the .S");
_Static_assert(offsetof(struct amd64_body, copy) == 768, "the .S");
_Static_assert(offsetof(struct amd64_body, vector) == 1024, "the .S");
_Static_assert(offsetof(struct amd64_body, mxcsr_in) == 1536, "the .S");
_Static_assert(offsetof(struct amd64_body, level) == 1544, "the .S");
_Static_assert(sizeof(struct amd64_body) <= sizeof(struct body_state), "room");

/* every_instruction_amd64.S */
__attribute__((sysv_abi)) void body_of_amd64(struct body_state *s);

void instruction_body(struct body_state *s)
{
    body_of_amd64(s);
}

static volatile int at_step; /* stop before this one; -1: only look */
static volatile int step;
static volatile bool stopped;
static uintptr_t *path; /* PCs, by step; null: not wanted */

/* int3 switches stepping on; the first PC outside after the body, off. */
static void on_trap(void *context)
{
    struct yank_regs r = { 0 };
    bool inside;

    trap_load(context, &r);
    inside =
        r.pc >= (uintptr_t)instruction_lo && r.pc < (uintptr_t)instruction_hi;
    if (inside && path != NULL && step < MAX_STEPS)
        path[step] = r.pc;
    r.flags &= ~FLAG_TRAP;
    if (inside ? step != at_step : step == 0)
        r.flags |= FLAG_TRAP;
    trap_store(context, &r);
    if (inside && step++ == at_step) {
        stopped = true;
        stop_here(context);
    }
}

void body_begin(void)
{
    if (!trap_begin(on_trap, 1))
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
