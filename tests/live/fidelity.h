/* The loops of fidelity_amd64.S from C: what goes in, what must come out, and
 * how a test is set up.  Included by one .c of each test. */
#ifndef FIDELITY_H
#define FIDELITY_H

#include "core/core.h"

#include "arch/amd64/offsets_amd64.h"
#include "fidelity_amd64.h"

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define SKIP 77
#define SECOND ((int64_t)1000000000)
#define SOON (yank_now_ns() + 30 * SECOND)

struct fidelity_state {
    uint64_t gpr[15], flags, red[16];
    uint32_t mxcsr;
    uint16_t cw, sw, tag, unused[3];
    _Alignas(16) unsigned char x87[8][16];
    uint64_t k[8];
    _Alignas(64) unsigned char zmm[32][64];
};
#define SAME(number, field)                                                    \
    _Static_assert((number) == offsetof(struct fidelity_state, field), #field)
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
_Static_assert(FID_BYTES == sizeof(struct fidelity_state), "state");

typedef void round_fn(const struct fidelity_state *in,
                      struct fidelity_state *out);
round_fn fidelity_dirty, fidelity_clean;
void fidelity_scramble(void *arg);
void fidelity_nested(void);
void fidelity_on_g0(struct yank_m *m);
/* f(a, b, c, d) with FID_KEPT values in what C callees keep; out: the same
 * registers afterwards, and rdi. */
void fidelity_kept(void (*f)(void), const void *a, const void *b, const void *c,
                   const void *d, uint64_t out[FID_KEPT + 1]);
extern const uint64_t fidelity_kept_values[FID_KEPT];
extern const char fidelity_sled_lo[], fidelity_sled_hi[];
extern uint32_t yank_amd64_vector_op;

/* What fidelity_amd64.S calls and reads. */
uint32_t fidelity_level, fidelity_bad_entry;
extern const char fidelity_text_lo[], fidelity_text_hi[];

static struct fidelity_state in[2], want[3];
static _Atomic unsigned long bad_rounds;
static const char *mode = "best";

/* --- compare -------------------------------------------------------------*/

static inline const char *part(size_t at)
{
    return at < FID_FLAGS   ? "general registers"
           : at < FID_RED   ? "flags"
           : at < FID_MXCSR ? "red zone"
           : at < FID_CW    ? "MXCSR"
           : at < FID_K     ? "x87"
           : at < FID_ZMM   ? "mask registers"
                            : "vector registers";
}

static inline void compare(const char *who, const struct fidelity_state *out,
                           const struct fidelity_state *expected)
{
    const unsigned char *a = (const void *)out, *b = (const void *)expected;

    if (memcmp(a, b, sizeof *out) == 0)
        return;
    if (atomic_fetch_add(&bad_rounds, 1) >= 10)
        return;
    for (size_t i = 0; i < sizeof *out; i++)
        if (a[i] != b[i]) {
            printf("%s: %s differ at byte %zu: %02x, not %02x\n", who, part(i),
                   i, a[i], b[i]);
            return;
        }
}

/* --- patterns ------------------------------------------------------------*/

static inline void make_patterns(void)
{
    uint64_t x = 0x9e3779b97f4a7c15u;

    for (int i = 0; i < 2; i++) {
        uint64_t *p = (void *)&in[i];

        for (size_t k = 0; k < sizeof in[i] / 8; k++) {
            x = x * 6364136223846793005u + 1442695040888963407u;
            p[k] = x ^ x >> 29;
        }
        /* Low bits clear: these two are the mask if it is not loaded. */
        in[i].gpr[0] &= ~(uint64_t)0xff;
        in[i].gpr[2] &= ~(uint64_t)0xff;
        for (int k = 0; k < 8; k++) {
            long double v = 1.0L / (3 + k + 8 * i);

            memset(in[i].x87[k], 0, 16);
            memcpy(in[i].x87[k], &v, 10);
        }
        /* CF AF SF DF, NT, AC, ID; then PF ZF OF. */
        in[i].flags = i == 0 ? 0x264693 : 0x000a46;
        in[i].mxcsr = i == 0 ? 0xffa5 : 0x3f9a; /* toward 0, flush; down */
        in[i].cw = i == 0 ? 0x0e7f : 0x067f;
    }
}

/* Undisturbed, and not just equal to itself: what went in comes out. */
static inline void learn(void)
{
    fidelity_dirty(&in[0], &want[0]);
    fidelity_clean(&in[1], &want[1]);
    fidelity_dirty(&in[1], &want[2]);
    for (int i = 0; i < 3; i++) {
        const struct fidelity_state *from = &in[i != 0];

        assert_memory_equal(want[i].gpr, from->gpr, sizeof from->gpr);
        assert_memory_equal(want[i].red, from->red, sizeof from->red);
        assert_int_equal(want[i].mxcsr, from->mxcsr);
        assert_int_equal((want[i].flags ^ from->flags) & 0x244cd5, 0);
        if (i == 1)
            continue;
        assert_int_equal(want[i].cw, from->cw);
        assert_memory_equal(want[i].zmm[15], from->zmm[15],
                            16u << fidelity_level);
        for (int k = 0; k < 8; k++)
            assert_memory_equal(want[i].x87[k], from->x87[7 - k], 10);
    }
}

/* --- set-up --------------------------------------------------------------*/

/* Before any thread is attached.  False: not on this CPU. */
static inline bool choose_mode(void)
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

static inline struct yank_code *fidelity_register(uint32_t flags)
{
    struct yank_code_desc d = { (uintptr_t)fidelity_text_lo,
                                (uintptr_t)fidelity_text_hi, flags };
    struct yank_code *code = NULL;

    assert_int_equal(yank_code_add(&d, &code), YANK_OK);
    return code;
}

/* How many stops, and when to be content with a twentieth of them: where the
 * machine is busy and nobody gave a number. */
static long stops = 20000;
static int64_t busy_at_ns = YANK_NO_DEADLINE;

static inline void count_stops(int argc, char **argv)
{
    const char *n = argc > 2 ? argv[2] : getenv("YANK_STOPS");

    if (n != NULL)
        stops = strtol(n, NULL, 10);
    else
        busy_at_ns = yank_now_ns() + 60 * SECOND;
}

static inline bool enough(long so_far, long of)
{
    return so_far >= of || (so_far >= of / 20 && yank_now_ns() > busy_at_ns);
}

/* The application's handler, to which each kick is forwarded: how often it
 * ran, and how often under the interrupted code's alignment check. */
static _Atomic int handler_runs, handler_aligned;

static inline void on_kick(int signo)
{
    (void)signo;
    atomic_fetch_add(&handler_runs, 1);
    if (__builtin_ia32_readeflags_u64() & (1u << 18)) /* AC */
        atomic_fetch_add(&handler_aligned, 1);
}

/* 0, or what to exit with. */
static inline int fidelity_setup(int argc, char **argv)
{
    struct yank_caps caps;

    signal(SIGURG, on_kick);
    if (argc > 1)
        mode = argv[1];
    if (yank_init(NULL) != YANK_OK || yank_get_caps(&caps) != YANK_OK)
        return 1;
    if ((caps.active & YANK_CAP_ASYNC) == 0 || !choose_mode())
        return SKIP;
    count_stops(argc, argv);
    make_patterns();
    return 0;
}

#endif
