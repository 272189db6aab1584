/* riscv64, RV64GC: the edit that makes a thread call the stub, and the way out
 * of it.  The stub is stub_riscv64.S, the stack switch switch_riscv64.S. */
#include "riscv64.h"
#include "../arch.h"
#include "offsets_riscv64.h"

#define SAME(number, type, field)                                              \
    _Static_assert((number) == offsetof(type, field), #number)
SAME(YANK_FRAME_PC, struct yank_riscv64_frame, pc);
SAME(YANK_FRAME_PC + 8, struct yank_riscv64_frame, x1_x31);
SAME(YANK_FRAME_M, struct yank_riscv64_frame, m);
SAME(YANK_VECTORS_F - YANK_BLOCK_AREA, struct yank_riscv64_vectors, f);
SAME(YANK_VECTORS_FCSR - YANK_BLOCK_AREA, struct yank_riscv64_vectors, fcsr);
_Static_assert(YANK_FRAME_BYTES == sizeof(struct yank_riscv64_frame), "frame");
_Static_assert(YANK_FRAME_BYTES % 16 == 0 && YANK_RED_ZONE % 16 == 0 &&
                   YANK_SAVED_BYTES % 16 == 0,
               "SP is a multiple of 16");
_Static_assert(YANK_SAVED_REGS >= 12, "room for s0-s11");

const char *const yank_arch_name = "riscv64";
const bool yank_push_call_supported = true;
const bool yank_stack_switch_supported = true;

extern const char yank_riscv64_stub_lo[], yank_riscv64_stub_hi[];
extern const char yank_riscv64_switch_lo[], yank_riscv64_switch_hi[];
void yank_riscv64_first(void); /* not callable: make_context's first PC */
_Noreturn void yank_riscv64_leave_stub(struct yank_m *m, struct yank_g *g,
                                       const struct yank_riscv64_frame *frame);

int yank_arch_init(void)
{
    yank_riscv64_look_at_frames();
    return YANK_OK;
}

size_t yank_arch_async_preempt_stack(void)
{
    return YANK_RED_ZONE + YANK_FRAME_BYTES + YANK_FRAME_BELOW;
}

size_t yank_arch_block_bytes(void)
{
    size_t bytes =
        sizeof(struct yank_vector_block) + sizeof(struct yank_riscv64_vectors);

    return (bytes + 63) & ~(size_t)63;
}

void yank_arch_block_init(struct yank_vector_block *block)
{
    block->next = NULL;
    block->frame_sp = 0;
}

/* What no stub keeps, the V extension's registers, the accessor of the system
 * refuses. */
bool yank_arch_vectors_kept(void)
{
    return true;
}

bool yank_arch_context_ok(const struct yank_regs *r)
{
    return r->sp % 16 == 0;
}

void yank_arch_push_call(struct yank_regs *r, void (*fn)(void),
                         uintptr_t resume_pc, struct yank_m *m)
{
    struct yank_riscv64_frame *frame =
        (void *)(r->sp - YANK_RED_ZONE - sizeof *frame);

    frame->pc = resume_pc;
    frame->m = m;
    r->sp = (uintptr_t)frame;
    r->pc = (uintptr_t)fn;
}

/* The end of the stub, on g0: the block goes from the G to this M. */
void yank_riscv64_leave_stub(struct yank_m *m, struct yank_g *g,
                             const struct yank_riscv64_frame *frame)
{
    struct yank_vector_block *b = g->blocks;
    const struct yank_riscv64_vectors *v = (const void *)b->area;

    g->blocks = b->next;
    b->next = m->cache;
    m->cache = b;
    yank_riscv64_continue(frame, (uintptr_t)(frame + 1) + YANK_RED_ZONE, v);
}

bool yank_arch_in_stub(uintptr_t pc)
{
    return (pc >= (uintptr_t)yank_riscv64_stub_lo &&
            pc < (uintptr_t)yank_riscv64_stub_hi) ||
           (pc >= (uintptr_t)yank_riscv64_switch_lo &&
            pc < (uintptr_t)yank_riscv64_switch_hi);
}

void yank_arch_make_context(struct yank_g *g)
{
    uintptr_t *top = (uintptr_t *)(g->hi & ~(uintptr_t)15);

    /* The frame record that yank_riscv64_goto pops, leaving SP = top. */
    top[-1] = (uintptr_t)yank_riscv64_first;
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
}

void yank_arch_c_state(void)
{
    __asm__ volatile("fsrm zero");
}

/* By its number: a fence to those that do not know it, and no assembler has to
 * know Zihintpause. */
void yank_arch_pause(void)
{
    __asm__ volatile(".4byte 0x0100000f" ::: "memory"); /* pause */
}
