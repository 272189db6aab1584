/* amd64: what the CPU has, and the edit that makes a thread call the stub.
 * The stub itself is stub_amd64.S, the stack switch switch_amd64.S. */
#include "../arch.h"
#include "offsets_amd64.h"

#include <cpuid.h>
#include <string.h>

_Static_assert(YANK_SAVED_REGS >= YANK_KEPT_GPRS, "room for rbx rbp r12 ...");
_Static_assert(YANK_SAVED_BYTES >=
                       YANK_SHADOW + sizeof(struct yank_call_saved) &&
                   YANK_SAVED_BYTES % 16 == 8,
               "room on the stack, and alignment for the call");
_Static_assert((YANK_KEPT_RETURN + 8) % 16 == 0 && YANK_SHADOW % 16 == 0 &&
                   YANK_STACK_TOP % 16 == 0,
               "g0_sp, functions on g0 and the first one of a G are aligned");
_Static_assert(YANK_BLOCK_AREA % 64 == 0, "XSAVE wants 64-byte alignment");

#define FLAG_TRAP (1u << 8)
#define FLAG_DIRECTION (1u << 10)
#define FLAG_NESTED (1u << 14)
#define FLAG_ALIGNMENT (1u << 18)
#define FCW_FNINIT 0x37f
#define AREA_LEGACY 512u /* FXSAVE's area; XSAVE's header follows */
#define AREA_HEADER 64u
#define XCR0_AVX (1u << 2)
#define XCR0_PKRU ((uint64_t)1 << 9)
#define LEAF1_ECX_OSXSAVE (1u << 27)
#define LEAF1_ECX_AVX (1u << 28)
#define LEAFD1_EAX_XSAVEC (1u << 1)

const char *const yank_arch_name = "amd64";
const bool yank_push_call_supported = true;
const bool yank_stack_switch_supported = true;

/* Read by the stub.  Written by yank_arch_init(), before any M exists. */
uint32_t yank_amd64_vector_op = YANK_OP_FXSAVE;
uint32_t yank_amd64_has_avx;
uint64_t yank_amd64_vector_mask;

static size_t area_bytes = AREA_LEGACY;

extern const char yank_amd64_stub_lo[], yank_amd64_stub_hi[];
extern const char yank_amd64_switch_lo[], yank_amd64_switch_hi[];
void yank_amd64_first(void); /* not callable: make_context's first PC */

static uint64_t read_xcr0(void)
{
    uint32_t lo, hi;

    __asm__("xgetbv" : "=a"(lo), "=d"(hi) : "c"(0));
    return (uint64_t)hi << 32 | lo;
}

int yank_arch_init(void)
{
    uint32_t a, b, c, d, standard, compacted = 0;

    /* Without OSXSAVE the system switches x87 and SSE only, so nobody can
     * use more than FXSAVE keeps. */
    if (__get_cpuid(1, &a, &b, &c, &d) == 0 || (c & LEAF1_ECX_OSXSAVE) == 0)
        return YANK_OK;
    uint64_t xcr0 = read_xcr0();
    yank_amd64_has_avx = (c & LEAF1_ECX_AVX) != 0 && (xcr0 & XCR0_AVX) != 0;
    /* PKRU is the thread's and not the code's.  The whole rest, and not
     * XGETBV(1), what is in use now: a component that was clean when the
     * thread stopped must be clean again after the reload. */
    yank_amd64_vector_mask = xcr0 & ~XCR0_PKRU;

    if (__get_cpuid_count(0xd, 0, &a, &standard, &c, &d) == 0)
        return YANK_ENOSYS; /* OSXSAVE without its leaf: no such CPU */
    __get_cpuid_count(0xd, 1, &a, &compacted, &c, &d);
    yank_amd64_vector_op =
        (a & LEAFD1_EAX_XSAVEC) != 0 ? YANK_OP_XSAVEC : YANK_OP_XSAVE;
    /* The larger of both forms: some hypervisors give 0 for the second, and
     * the alignment of components can make either one larger. */
    area_bytes = standard > compacted ? standard : compacted;
    return YANK_OK;
}

size_t yank_arch_async_preempt_stack(void)
{
    return YANK_RED_ZONE + YANK_FRAME_BYTES + YANK_FRAME_BELOW;
}

size_t yank_arch_block_bytes(void)
{
    size_t bytes = sizeof(struct yank_vector_block) + area_bytes;

    return (bytes + 63) & ~(size_t)63;
}

void yank_arch_block_init(struct yank_vector_block *block)
{
    block->next = NULL;
    block->frame_sp = 0;
    /* XRSTOR faults on a header with unknown bits, and the saves write only
     * the first two words of it. */
    if (area_bytes > AREA_LEGACY)
        memset(block->area + AREA_LEGACY, 0, AREA_HEADER);
}

/* FXSAVE is used only where the system offers no more. */
bool yank_arch_vectors_kept(void)
{
    return true;
}

bool yank_arch_context_ok(const struct yank_regs *r)
{
    /* With the trap flag somebody steps this thread: the step belongs to the
     * instruction and not to the stub.  An SP that is not a multiple of 8
     * is no compiler's, and faults in the stub under alignment check. */
    return (r->flags & FLAG_TRAP) == 0 && r->sp % 8 == 0;
}

void yank_arch_push_call(struct yank_regs *r, void (*fn)(void),
                         uintptr_t resume_pc, struct yank_m *m)
{
    uintptr_t *top = (uintptr_t *)(r->sp - YANK_RED_ZONE);

    /* Go pushes at SP-8; C code may keep data there. */
    top[-1] = resume_pc;
    top[-2] = (uintptr_t)m;
    r->sp = (uintptr_t)&top[-2];
    r->pc = (uintptr_t)fn;
}

bool yank_arch_in_stub(uintptr_t pc)
{
    return (pc >= (uintptr_t)yank_amd64_stub_lo &&
            pc < (uintptr_t)yank_amd64_stub_hi) ||
           (pc >= (uintptr_t)yank_amd64_switch_lo &&
            pc < (uintptr_t)yank_amd64_switch_hi);
}

void yank_arch_make_context(struct yank_g *g)
{
    uintptr_t hi = (g->hi & ~(uintptr_t)15) - YANK_STACK_TOP;
    uintptr_t *top = (uintptr_t *)hi;

    /* Nobody called the first function; unwinders may look. */
    if (YANK_STACK_TOP != 0)
        top[0] = 0;
    /* What yank_amd64_goto returns to, leaving SP = top. */
    top[-1] = (uintptr_t)yank_amd64_first;
    g->sp = (uintptr_t)&top[-1];
}

/* Of the others that differ sigreturn would not bring NT and ID back. */
void yank_arch_c_flags(void)
{
    unsigned long long flags = __builtin_ia32_readeflags_u64();

    if (flags & FLAG_ALIGNMENT)
        __builtin_ia32_writeeflags_u64(flags & ~FLAG_ALIGNMENT);
}

void yank_arch_enter(struct yank_regs *r, void (*fn)(void), uintptr_t sp)
{
    const uint64_t not_for_c =
        FLAG_TRAP | FLAG_DIRECTION | FLAG_NESTED | FLAG_ALIGNMENT;

    r->pc = (uintptr_t)fn;
    /* As after a call. */
    r->sp = (sp & ~(uintptr_t)15) - YANK_SHADOW - sizeof(uintptr_t);
    r->flags &= ~not_for_c;
}

void yank_arch_c_state(void)
{
    const uint32_t mxcsr = YANK_MXCSR_DEFAULT;
    const uint16_t fcw = YANK_FCW_DEFAULT;

    __asm__ volatile("fninit\n\tldmxcsr %0" : : "m"(mxcsr));
    if (YANK_FCW_DEFAULT != FCW_FNINIT)
        __asm__ volatile("fldcw %0" : : "m"(fcw));
    if (yank_amd64_has_avx)
        __asm__ volatile("vzeroupper");
}

void yank_arch_pause(void)
{
    __builtin_ia32_pause();
}
