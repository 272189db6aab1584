/* arm64's part of the register tests; see fidelity_cpu.h.  Modes: sve, neon. */
#include "fidelity_cpu.h"

#include "arch/arm64/arm64.h"
#include "arch/arm64/offsets_arm64.h"
#include "fidelity_arm64.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

struct arm64_state {
    uint64_t x[31], sp, red[2], nzcv, fpsr, fpcr, unused[3];
    unsigned char vectors[32 * 256], p[16 * 32], ffr[32];
};
#define SAME(number, field)                                                    \
    _Static_assert((number) == offsetof(struct arm64_state, field), #field)
SAME(FID_GPR, x);
SAME(FID_SP, sp);
SAME(FID_RED, red);
SAME(FID_NZCV, nzcv);
SAME(FID_FPSR, fpsr);
SAME(FID_FPCR, fpcr);
SAME(FID_VECTORS, vectors);
SAME(FID_P, p);
SAME(FID_FFR, ffr);
_Static_assert(FID_BYTES == sizeof(struct arm64_state), "state");
_Static_assert(FID_BYTES <= sizeof(struct fidelity_state), "state");
_Static_assert(FID_KEPT < FIDELITY_KEPT_MAX, "room for the M");

extern uint32_t yank_arm64_has_sve;

const size_t fidelity_bytes = FID_BYTES;
const size_t fidelity_frame_below = YANK_FRAME_BELOW;
const size_t fidelity_kept_words = FID_KEPT;
const size_t fidelity_saved_words = 11; /* x19-x29 */
uint32_t fidelity_level, fidelity_bad_entry;

bool fidelity_choose(const char *mode)
{
    if (strcmp(mode, "neon") == 0)
        yank_arm64_has_sve = 0; /* the loops hold no more than V then */
    fidelity_level = yank_arm64_has_sve != 0 ? FID_SVE : FID_NEON;
    return strcmp(mode, "sve") != 0 || fidelity_level == FID_SVE;
}

/* Bytes of Z; by assembly, since no C here is compiled for SVE; volatile, or it
 * is moved to where no SVE is. */
static unsigned vector_bytes(void)
{
    uint64_t vl;

    __asm__ volatile(".arch_extension sve\n\trdvl %0, #1" : "=r"(vl));
    return (unsigned)vl;
}

void fidelity_pattern(struct fidelity_state *s, int i)
{
    struct arm64_state *a = (void *)s;
    unsigned vl = fidelity_level == FID_SVE ? vector_bytes() : 0;

    a->x[YANK_ARM64_SCRATCH] *= YANK_ARM64_SCRATCH == 0;
    a->x[18] *= !YANK_THREAD_X18;
    a->sp = 0;
    a->nzcv = i == 0 ? 0xa0000000 : 0x50000000; /* N C; Z V */
    a->fpsr = i == 0 ? 0x08000015 : 0x0000008a;
    /* Toward zero, flush, default NaN; up, the other half precision. */
    a->fpcr = i == 0 ? 0x03c00000 : 0x04400000;
    /* A prefix of ones: FFR can hold nothing else. */
    memset(a->ffr, 0, sizeof a->ffr);
    memset(a->ffr, 0xff, vl / 16);
    a->ffr[vl / 16] = (unsigned char)(i == 0 ? 0x07 : 0x3f);
    if (vl == 0)
        a->ffr[0] = 0;
}

void fidelity_assert_same(const struct fidelity_state *want,
                          const struct fidelity_state *from, bool clean)
{
    const struct arm64_state *w = (const void *)want, *f = (const void *)from;
    size_t vl = fidelity_level == FID_SVE ? vector_bytes() : 16;

    assert_memory_equal(want, from, FID_VECTORS - sizeof f->unused);
    if (clean)
        return;
    assert_memory_equal(w->vectors, f->vectors, 32 * vl);
    if (fidelity_level != FID_SVE)
        return;
    assert_memory_equal(w->p, f->p, 16 * vl / 8);
    assert_memory_equal(w->ffr, f->ffr, vl / 8);
}

const char *fidelity_part(size_t at)
{
    return at < FID_SP        ? "general registers"
           : at < FID_RED     ? "SP"
           : at < FID_NZCV    ? "red zone"
           : at < FID_FPSR    ? "flags"
           : at < FID_FPCR    ? "FPSR"
           : at < FID_VECTORS ? "FPCR"
           : at < FID_P       ? "vector registers"
           : at < FID_FFR     ? "predicates"
                              : "FFR";
}

bool fidelity_block_fits(const struct yank_vector_block *b)
{
    const struct yank_arm64_vectors *v = (const void *)b->area;

    return v->vl == (fidelity_level == FID_SVE ? vector_bytes() : 0);
}

bool fidelity_flags_are_c(void)
{
    return true; /* none of them is C's business */
}
