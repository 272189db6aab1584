/* live_fidelity_<mode>: a stop at any instruction loses no register, flag or
 * byte of the red zone, and C code of Yank starts in the state C expects.
 *
 * A thread repeats fidelity_dirty() and fidelity_clean() (fidelity_amd64.S),
 * which hold known values everywhere and report what they find afterwards;
 * another one stops it again and again.  While it is stopped, and in the
 * function that every third resume makes it call, everything it had is
 * overwritten.
 *
 * argv[1]: xsavec, xsave, fxsave: how the stub saves vectors; else the CPU's
 * best way.  argv[2] or YANK_STOPS: how many stops.
 * Linked with --wrap=yank_async_preempt2. */
#define _GNU_SOURCE
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
#define DEFAULT_STOPS 20000
#define SECOND ((int64_t)1000000000)

struct fidelity_state {
    uint64_t gpr[15], flags, red[16];
    uint32_t mxcsr;
    uint16_t cw, sw, tag, unused[3];
    _Alignas(16) unsigned char x87[8][16];
    uint64_t k[8];
    _Alignas(64) unsigned char zmm[32][64];
};
#define SAME(number, field)                                                  \
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
void fidelity_handler(int signo, siginfo_t *info, void *ucontext);
/* f(a, b, c, d) with FID_KEPT values in what C callees keep; out: the same
 * registers afterwards. */
void fidelity_kept(void (*f)(void), const void *a, const void *b,
                   const void *c, const void *d, uint64_t out[FID_KEPT]);
struct yank_g *fidelity_bad_callee(struct yank_m *m, struct yank_g *g,
                                   void *next);
void fidelity_first(void *user);
void fidelity_entry(void);
extern const uint64_t fidelity_kept_values[FID_KEPT];
extern const char fidelity_sled_lo[], fidelity_sled_hi[];
extern uint32_t yank_amd64_vector_op;

uint32_t fidelity_level, fidelity_bad_entry;
void (*fidelity_real_handler)(int, siginfo_t *, void *);

static const char *mode = "best";
static long stops = DEFAULT_STOPS;

static struct yank_thread victim;
static struct fidelity_state in[2], want[3];
static _Atomic uint32_t ready, done;
static _Atomic unsigned long rounds, nested, bad_rounds, bad_g0;
/* The frame of the stop that was resumed with a call; by the holder. */
static _Atomic uintptr_t outer_frame;

/* --- the stopped thread ------------------------------------------------------*/

static const char *part(size_t at)
{
    return at < FID_FLAGS ? "general registers"
           : at < FID_RED ? "flags"
           : at < FID_MXCSR ? "red zone"
           : at < FID_CW ? "MXCSR"
           : at < FID_K ? "x87"
           : at < FID_ZMM ? "mask registers"
                          : "vector registers";
}

static void compare(const char *who, const struct fidelity_state *out,
                    const struct fidelity_state *expected)
{
    const unsigned char *a = (const void *)out, *b = (const void *)expected;

    if (memcmp(a, b, sizeof *out) == 0)
        return;
    if (atomic_fetch_add(&bad_rounds, 1) >= 10)
        return;
    for (size_t i = 0; i < sizeof *out; i++)
        if (a[i] != b[i]) {
            printf("%s: %s differ at byte %zu: %02x, not %02x\n", who,
                   part(i), i, a[i], b[i]);
            return;
        }
}

/* In the function that a resume made the thread call. */
void fidelity_nested(void)
{
    struct fidelity_state out;

    fidelity_dirty(&in[1], &out);
    compare("called", &out, &want[2]);
    atomic_fetch_add(&nested, 1);
}

static void *victim_main(void *arg)
{
    struct yank_thread_attr attr = { .struct_size = sizeof attr };
    struct fidelity_state out;

    (void)arg;
    if (yank_thread_attach(&victim, &attr) != YANK_OK)
        abort();
    atomic_store(&ready, 1);
    while (atomic_load(&done) == 0) {
        fidelity_dirty(&in[0], &out);
        compare("dirty", &out, &want[0]);
        fidelity_clean(&in[1], &out);
        compare("clean", &out, &want[1]);
        atomic_fetch_add(&rounds, 1);
    }
    if (yank_thread_detach(&victim) != YANK_OK)
        abort();
    return NULL;
}

/* --- on its g0, before Yank's own code ---------------------------------------*/

static bool header_fits(const struct yank_vector_block *b)
{
    const uint64_t *header = (const void *)(b->area + 512);

    switch (yank_amd64_vector_op) {
    case YANK_OP_XSAVEC: return header[1] >> 63 == 1;
    case YANK_OP_XSAVE:  return header[1] == 0 && header[0] != 0;
    default:             return header[1] == 0 && header[0] == 0;
    }
}

/* A handful of blocks goes round: none is lost. */
static bool is_known(const struct yank_vector_block *b)
{
    static const struct yank_vector_block *known[8];

    for (size_t i = 0; i < YANK_ARRAY_LEN(known); i++) {
        if (known[i] == NULL)
            known[i] = b;
        if (known[i] == b)
            return true;
    }
    return false;
}

static int blocks_fault(const struct yank_m *m)
{
    const struct yank_g *g = yank_m_curg(m);
    const struct yank_vector_block *b = g->blocks, *c = m->cache;
    uintptr_t outer = atomic_load(&outer_frame);
    bool in_call = g->stop_sp < outer;

    if (m->spare != NULL)
        return 1;
    if (b->frame_sp != g->sp + 8)
        return 2;
    if (!header_fits(b))
        return 3;
    if (!is_known(b))
        return 4;
    if (!in_call && b->next != NULL)
        return 5;
    if (in_call && (b->next == NULL || b->next->frame_sp != outer ||
                    b->next->next != NULL))
        return 6;
    for (int i = 0; c != NULL; c = c->next)
        if (c == b || c == b->next || ++i > 8)
            return 7;
    return 0;
}

void fidelity_on_g0(struct yank_m *m)
{
    int fault = blocks_fault(m);

    if (fault != 0 && atomic_fetch_add(&bad_g0, 1) < 10)
        printf("on g0: fault %d of the vector blocks\n", fault);
}

/* --- the suspender ------------------------------------------------------------*/

static void make_patterns(void)
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
static void learn(void)
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

static unsigned long stop_once(long i)
{
    struct yank_stop stop;
    const struct yank_vector_block *b;

    assert_int_equal(
        yank_suspend_g(&victim.g, yank_now_ns() + 10 * SECOND, &stop), 0);
    assert_non_null(stop.g);
    bool async = stop.async;
    b = victim.g.blocks;
    /* A call only where the loops' SP is lowest, so that all that lies deeper
     * is the call. */
    if (i % 3 == 2 && async && b->next == NULL &&
        stop.pc >= (uintptr_t)fidelity_sled_lo &&
        stop.pc < (uintptr_t)fidelity_sled_hi) {
        atomic_store(&outer_frame, b->frame_sp);
        assert_int_equal(yank_resume_call(&stop, fidelity_scramble, NULL), 0);
    } else {
        assert_int_equal(yank_resume_g(&stop), 0);
    }
    /* Not yet running it would be claimed as it is, and never come on. */
    while (yank_read_status(&victim.g) != YANK_RUNNING)
        yank_arch_pause();
    return async;
}

static void nothing_is_lost(void **state)
{
    pthread_t t;
    unsigned long async = 0;

    (void)state;
    make_patterns();
    learn();
    assert_int_equal(pthread_create(&t, NULL, victim_main, NULL), 0);
    while (atomic_load(&ready) == 0)
        yank_arch_pause();
    for (long i = 0; i < stops; i++)
        async += stop_once(i);
    atomic_store(&done, 1);
    assert_int_equal(pthread_join(t, NULL), 0);
    printf("%s: %ld stops, %lu asynchronous, %lu calls, %lu rounds, level "
           "%u\n", mode, stops, async, atomic_load(&nested),
           atomic_load(&rounds), fidelity_level);
    assert_int_equal(atomic_load(&bad_rounds), 0);
    assert_int_equal(atomic_load(&bad_g0), 0);
    assert_int_equal(fidelity_bad_entry, 0);
    /* It did test something. */
    assert_true(async >= (unsigned long)stops / 2);
    assert_true(atomic_load(&nested) >= (unsigned long)stops / 50);
}

/* --- the switch, without threads ----------------------------------------------*/

static struct yank_m own_m;
static struct yank_g own_g;
static uint64_t kept[5][FID_KEPT];
static int switched;

static void mcall_keeps(struct yank_g *next, uint64_t out[FID_KEPT])
{
    fidelity_kept((void (*)(void))yank_arch_mcall, &own_m, &own_g,
                  (const void *)(uintptr_t)fidelity_bad_callee, next, out);
}

/* On own_g's stack, from fidelity_first. */
void fidelity_entry(void)
{
    switched = 1;
    mcall_keeps(&own_g, kept[0]); /* to g0 and straight back */
    switched = 2;
    mcall_keeps(NULL, kept[1]); /* main goes on, and comes back */
    switched = 3;
    mcall_keeps(NULL, kept[2]);
    abort();
}

static void execute_keeps(uint64_t out[FID_KEPT])
{
    fidelity_kept((void (*)(void))yank_arch_execute, &own_m, &own_g, NULL,
                  NULL, out);
}

static void a_switch_keeps_what_c_callees_keep(void **state)
{
    static _Alignas(16) unsigned char stack[64 * 1024];
    struct yank_call_saved saved = { 0 };

    (void)state;
    own_g.lo = (uintptr_t)stack;
    own_g.hi = own_g.lo + sizeof stack;
    own_g.entry = fidelity_first;
    own_g.user = &own_g;
    atomic_init(&own_m.curg, &own_g);
    fidelity_bad_entry = 0;
    yank_arch_make_context(&own_g);
    execute_keeps(kept[3]);
    assert_int_equal(switched, 2);
    execute_keeps(kept[4]);
    assert_int_equal(switched, 3);
    for (int i = 0; i < 5; i++)
        if (i != 2)
            assert_memory_equal(kept[i], fidelity_kept_values,
                                sizeof kept[i]);
    assert_int_equal(fidelity_bad_entry, 0);

    fidelity_kept((void (*)(void))yank_arch_call_saved, &saved, NULL, NULL,
                  NULL, kept[0]);
    assert_memory_equal(saved.reg, fidelity_kept_values, 6 * 8);
    own_g.saved = (struct yank_call_saved){ 0 };
    /* Refused, for this thread has no G; what it stored is the same. */
    fidelity_kept((void (*)(void))yank_blocking_enter, &own_g, NULL, NULL,
                  NULL, kept[0]);
    assert_memory_equal(&own_g.saved, &saved, sizeof saved);
    assert_int_equal(yank_blocking_enter(NULL), YANK_ETHREAD);
}

/* --- main -----------------------------------------------------------------------*/

/* Linux enters a handler with the interrupted code's AC flag, and there the
 * first unaligned access of compiled C is a SIGBUS: a step in between. */
static bool guard_handler(int signo)
{
    struct sigaction sa;

    if (sigaction(signo, NULL, &sa) != 0)
        return false;
    fidelity_real_handler = sa.sa_sigaction;
    sa.sa_sigaction = fidelity_handler;
    return sigaction(signo, &sa, NULL) == 0;
}

/* Before any thread is attached.  False: not on this CPU. */
static bool choose_mode(void)
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
    fidelity_level = op == YANK_OP_FXSAVE ? FID_SSE
                     : __builtin_cpu_supports("avx512bw") ? FID_AVX512
                     : __builtin_cpu_supports("avx") ? FID_AVX
                                                     : FID_SSE;
    return op >= best;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_switch_keeps_what_c_callees_keep),
        cmocka_unit_test(nothing_is_lost),
    };
    const char *n = argc > 2 ? argv[2] : getenv("YANK_STOPS");
    struct yank_caps caps;

    if (argc > 1)
        mode = argv[1];
    if (n != NULL)
        stops = strtol(n, NULL, 10);
    if (yank_init(NULL) != YANK_OK || yank_get_caps(&caps) != YANK_OK)
        return 1;
    if ((caps.active & YANK_CAP_ASYNC) == 0 || !choose_mode())
        return SKIP;
    if (!guard_handler(caps.signo))
        return 1;
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    return yank_fini() != YANK_OK || failed != 0;
}
