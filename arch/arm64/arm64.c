/* arm64: what the CPU has, the edit that makes a thread call the stub, and the
 * way out of it.  The stub is stub_arm64.S, the stack switch switch_arm64.S. */
#include "arm64.h"
#include "../arch.h"
#include "offsets_arm64.h"

#define SAME(number, type, field)                                              \
    _Static_assert((number) == offsetof(type, field), #number)
SAME(YANK_FRAME_LR, struct yank_arm64_frame, x[30]);
SAME(YANK_FRAME_PC, struct yank_arm64_frame, pc);
SAME(YANK_FRAME_PSTATE, struct yank_arm64_frame, pstate);
SAME(YANK_FRAME_M, struct yank_arm64_frame, m);
SAME(YANK_VECTORS_FPSR - YANK_BLOCK_AREA, struct yank_arm64_vectors, fpsr);
SAME(YANK_VECTORS_VL - YANK_BLOCK_AREA, struct yank_arm64_vectors, vl);
SAME(YANK_VECTORS_REG - YANK_BLOCK_AREA, struct yank_arm64_vectors, reg);
_Static_assert(YANK_FRAME_BYTES == sizeof(struct yank_arm64_frame), "frame");
_Static_assert(YANK_FRAME_BYTES % 16 == 0 && YANK_RED_ZONE % 16 == 0 &&
                   YANK_SAVED_BYTES % 16 == 0,
               "SP is a multiple of 16 at each access through it");
_Static_assert(!(YANK_THREAD_X18 && YANK_ARM64_SCRATCH == 18), "given up");
_Static_assert(YANK_SAVED_REGS >= 11, "room for x19-x29");

#define PSTATE_AARCH32 ((uint64_t)1 << 4)
#define PSTATE_BTYPE ((uint64_t)3 << 10)
#define PSTATE_IL ((uint64_t)1 << 20)
#define PSTATE_STEP ((uint64_t)1 << 21)
#define PSTATE_DIT ((uint64_t)1 << 24)
#define PSTATE_TCO ((uint64_t)1 << 25)

const char *const yank_arch_name = "arm64";
const bool yank_push_call_supported = true;
const bool yank_stack_switch_supported = true;

/* Read by the stub.  Written by yank_arch_init(), before any M exists. */
uint32_t yank_arm64_has_sve;
uint32_t yank_arm64_vl;

extern const char yank_arm64_stub_lo[], yank_arm64_stub_hi[];
extern const char yank_arm64_switch_lo[], yank_arm64_switch_hi[];
void yank_arm64_first(void); /* not callable: make_context's first PC */
_Noreturn void yank_arm64_leave_stub(struct yank_m *m, struct yank_g *g,
                                     const struct yank_arm64_frame *frame);

int yank_arch_init(void)
{
    yank_arm64_has_sve = yank_arm64_has_sve_here();
    yank_arm64_vl = yank_arm64_has_sve ? yank_arm64_thread_vl() : 0;
    return YANK_OK;
}

size_t yank_arch_async_preempt_stack(void)
{
    return YANK_RED_ZONE + YANK_FRAME_BYTES + YANK_FRAME_BELOW;
}

size_t yank_arch_block_bytes(void)
{
    size_t bytes =
        sizeof(struct yank_vector_block) + sizeof(struct yank_arm64_vectors);

    bytes += yank_arm64_vl != 0 ? YANK_ARM64_SVE_BYTES(yank_arm64_vl)
                                : YANK_ARM64_V_BYTES;
    return (bytes + 63) & ~(size_t)63;
}

void yank_arch_block_init(struct yank_vector_block *block)
{
    block->next = NULL;
    block->frame_sp = 0;
}

/* SME's registers, which no stub keeps, the accessor of the system refuses. */
bool yank_arch_vectors_kept(void)
{
    return yank_arm64_keeps_all_here();
}

bool yank_arch_context_ok(const struct yank_regs *r)
{
    uint64_t not_ok = PSTATE_AARCH32 | PSTATE_IL | PSTATE_STEP;

    if (YANK_ARM64_SCRATCH) /* of PSTATE it brings back NZCV alone */
        not_ok |= PSTATE_DIT | PSTATE_TCO;
    return (r->flags & not_ok) == 0 && r->sp % 16 == 0;
}

void yank_arch_push_call(struct yank_regs *r, void (*fn)(void),
                         uintptr_t resume_pc, struct yank_m *m)
{
    struct yank_arm64_frame *frame =
        (void *)(r->sp - YANK_RED_ZONE - sizeof(struct yank_arm64_frame));

    /* BTYPE belongs to the instruction that it was set for: it may go on only
     * there, and the stub is not what that branch meant. */
    frame->pstate = resume_pc == r->pc ? r->flags : r->flags & ~PSTATE_BTYPE;
    frame->x[30] = r->lr;
    frame->m = m;
    r->flags &= ~PSTATE_BTYPE;
    r->lr = resume_pc;
    r->sp = (uintptr_t)&frame->x[30];
    r->pc = (uintptr_t)fn;
}

/* The end of the stub, on g0: the block goes from the G to this M. */
void yank_arm64_leave_stub(struct yank_m *m, struct yank_g *g,
                           const struct yank_arm64_frame *frame)
{
    struct yank_vector_block *b = g->blocks;
    const struct yank_arm64_vectors *v = (const void *)b->area;

    g->blocks = b->next;
    b->next = m->cache;
    m->cache = b;
    yank_arm64_continue(m, g, frame, (uintptr_t)(frame + 1) + YANK_RED_ZONE,
                        v);
}

bool yank_arch_in_stub(uintptr_t pc)
{
    return (pc >= (uintptr_t)yank_arm64_stub_lo &&
            pc < (uintptr_t)yank_arm64_stub_hi) ||
           (pc >= (uintptr_t)yank_arm64_switch_lo &&
            pc < (uintptr_t)yank_arm64_switch_hi);
}

void yank_arch_make_context(struct yank_g *g)
{
    uintptr_t *top = (uintptr_t *)(g->hi & ~(uintptr_t)15);

    /* The frame record that yank_arm64_goto pops, leaving SP = top. */
    top[-1] = (uintptr_t)yank_arm64_first;
    top[-2] = 0;
    g->sp = (uintptr_t)&top[-2];
}

void yank_arch_c_flags(void)
{
}

void yank_arch_enter(struct yank_regs *r, void (*fn)(void), uintptr_t sp)
{
    r->pc = (uintptr_t)fn;
    r->sp = sp & ~(uintptr_t)15;
    r->lr = 0;
    r->flags &= ~(PSTATE_BTYPE | PSTATE_STEP);
}

void yank_arch_c_state(void)
{
    __asm__ volatile("msr fpcr, xzr");
}

void yank_arch_pause(void)
{
    __asm__ volatile("yield" ::: "memory");
}
