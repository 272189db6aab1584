/* amd64's part of the register tests; see fidelity_cpu.h.  Modes: xsavec,
 * xsave, fxsave. */
#include "fidelity_cpu.h"

#include "fidelity_amd64.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

struct amd64_state {
    uint64_t gpr[15], flags, red[16];
    uint32_t mxcsr;
    uint16_t cw, sw, tag, unused[3];
    _Alignas(16) unsigned char x87[8][16];
    uint64_t k[8];
    _Alignas(64) unsigned char zmm[32][64];
};
#define SAME(number, field)                                                    \
    _Static_assert((number) == offsetof(struct amd64_state, field), #field)
SAME(FID_GPR, gpr);
SAME(FID_FLAGS, flags);
SAME(FID_RED, red);
SAME(FID_MXCSR, mxcsr);
SAME(FID_CW, cw);
SAME(FID_SW, sw);
SAME(FID_TAG, tag);
SAME(FID_X87, x87);
SAME(FID_K, k);
SAME(FID_ZMM, zmm);
_Static_assert(FID_BYTES == sizeof(struct amd64_state), "state");
_Static_assert(FID_BYTES <= sizeof(struct fidelity_state), "state");
_Static_assert(FID_KEPT < FIDELITY_KEPT_MAX, "room for the M");

/* Its arguments in memory: the fifth and sixth are elsewhere in each ABI. */
struct kept_call {
    void (*fn)(void);
    const void *arg[4];
    uint64_t *out;
};
_Static_assert(FID_CALL_FN == offsetof(struct kept_call, fn), "fn");
_Static_assert(FID_CALL_ARG == offsetof(struct kept_call, arg), "arg");
_Static_assert(FID_CALL_OUT == offsetof(struct kept_call, out), "out");
void fidelity_kept_call(const struct kept_call *call);

#define FLAG_ALIGNMENT (1u << 18)

extern uint32_t yank_amd64_vector_op;

const size_t fidelity_bytes = FID_BYTES;
const size_t fidelity_frame_below = YANK_FRAME_BELOW;
const size_t fidelity_kept_words = FID_KEPT;
const size_t fidelity_saved_words = YANK_KEPT_GPRS;
uint32_t fidelity_level, fidelity_bad_entry;

void fidelity_kept(void (*f)(void), const void *a, const void *b, const void *c,
                   const void *d, uint64_t out[FIDELITY_KEPT_MAX])
{
    const struct kept_call call = { f, { a, b, c, d }, out };

    fidelity_kept_call(&call);
}

bool fidelity_choose(const char *mode)
{
    uint32_t best = yank_amd64_vector_op, op = best;

    if (strcmp(mode, "xsavec") == 0)
        op = YANK_OP_XSAVEC;
    else if (strcmp(mode, "xsave") == 0)
        op = YANK_OP_XSAVE;
    else if (strcmp(mode, "fxsave") == 0)
        op = YANK_OP_FXSAVE;
    yank_amd64_vector_op = op;
    __builtin_cpu_init();
    fidelity_level = op == YANK_OP_FXSAVE                 ? FID_SSE
                     : __builtin_cpu_supports("avx512bw") ? FID_AVX512
                     : __builtin_cpu_supports("avx")      ? FID_AVX
                                                          : FID_SSE;
    return op >= best;
}

void fidelity_pattern(struct fidelity_state *s, int i)
{
    struct amd64_state *a = (void *)s;

    /* Low bits clear: these two are the mask if it is not loaded. */
    a->gpr[0] &= ~(uint64_t)0xff;
    a->gpr[2] &= ~(uint64_t)0xff;
    for (int k = 0; k < 8; k++) {
        long double v = 1.0L / (3 + k + 8 * i);

        memset(a->x87[k], 0, 16);
        memcpy(a->x87[k], &v, 10);
    }
    /* CF AF SF DF, NT, AC, ID; then PF ZF OF. */
    a->flags = i == 0 ? 0x264693 : 0x000a46;
    a->mxcsr = i == 0 ? 0xffa5 : 0x3f9a; /* toward 0, flush; down */
    a->cw = i == 0 ? 0x0e7f : 0x067f;
}

void fidelity_assert_same(const struct fidelity_state *want,
                          const struct fidelity_state *from, bool clean)
{
    const struct amd64_state *w = (const void *)want, *f = (const void *)from;

    assert_memory_equal(w->gpr, f->gpr, sizeof f->gpr);
    if (YANK_RED_ZONE != 0)
        assert_memory_equal(w->red, f->red, sizeof f->red);
    assert_int_equal(w->mxcsr, f->mxcsr);
    assert_int_equal((w->flags ^ f->flags) & 0x244cd5, 0);
    if (clean)
        return;
    assert_int_equal(w->cw, f->cw);
    assert_memory_equal(w->zmm[15], f->zmm[15], 16u << fidelity_level);
    for (int k = 0; k < 8; k++)
        assert_memory_equal(w->x87[k], f->x87[7 - k], 10);
}

const char *fidelity_part(size_t at)
{
    return at < FID_FLAGS   ? "general registers"
           : at < FID_RED   ? "flags"
           : at < FID_MXCSR ? "red zone"
           : at < FID_CW    ? "MXCSR"
           : at < FID_K     ? "x87"
           : at < FID_ZMM   ? "mask registers"
                            : "vector registers";
}

bool fidelity_block_fits(const struct yank_vector_block *b)
{
    const uint64_t *header = (const void *)(b->area + 512);

    switch (yank_amd64_vector_op) {
    case YANK_OP_XSAVEC: return header[1] >> 63 == 1;
    case YANK_OP_XSAVE: return header[1] == 0 && header[0] != 0;
    default: return header[1] == 0 && header[0] == 0;
    }
}

bool fidelity_flags_are_c(void)
{
    return (__builtin_ia32_readeflags_u64() & FLAG_ALIGNMENT) == 0;
}
