/* The loops of fidelity_<cpu>.S from C: what goes in, what must come out, and
 * how a test is set up.  Included by one .c of each test. */
#ifndef FIDELITY_H
#define FIDELITY_H

#include "fidelity_cpu.h"
#include "thread.h"
#include "thread_state.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define SKIP 77
#define SECOND ((int64_t)1000000000)
#define SOON (yank_now_ns() + 30 * SECOND)

static struct fidelity_state in[2], want[3];
static _Atomic unsigned long bad_rounds;
static const char *mode = "best";

/* --- compare -------------------------------------------------------------*/

static inline void compare(const char *who, const struct fidelity_state *out,
                           const struct fidelity_state *expected)
{
    if (memcmp(out, expected, fidelity_bytes) == 0)
        return;
    if (atomic_fetch_add(&bad_rounds, 1) >= 10)
        return;
    for (size_t i = 0; i < fidelity_bytes; i++)
        if (out->byte[i] != expected->byte[i]) {
            printf("%s: %s differ at byte %zu: %02x, not %02x\n", who,
                   fidelity_part(i), i, out->byte[i], expected->byte[i]);
            return;
        }
}

static inline void go_round(const char *who, round_fn *fn, int pattern,
                            int expected)
{
    struct fidelity_state out;

    memset(&out, 0, fidelity_bytes);
    fn(&in[pattern], &out);
    compare(who, &out, &want[expected]);
}

/* What the loops do, and what a resumed thread is made to call. */
static inline void go_rounds(void)
{
    go_round("dirty", fidelity_dirty, 0, 0);
    go_round("clean", fidelity_clean, 1, 1);
}

static inline void go_nested_rounds(void)
{
    /* Long enough to be stopped more than once. */
    for (int i = 0; i < 8; i++)
        go_round("called", fidelity_dirty, 1, 2);
}

/* --- patterns ------------------------------------------------------------*/

static inline void make_patterns(void)
{
    uint64_t x = 0x9e3779b97f4a7c15u;

    for (int i = 0; i < 2; i++) {
        for (size_t k = 0; k < sizeof in[i]; k += sizeof x) {
            uint64_t word;

            x = x * 6364136223846793005u + 1442695040888963407u;
            word = x ^ x >> 29;
            memcpy(&in[i].byte[k], &word, sizeof word);
        }
        fidelity_pattern(&in[i], i);
    }
}

/* Undisturbed, and not just equal to itself: what went in comes out. */
static inline void learn(void)
{
    fidelity_dirty(&in[0], &want[0]);
    fidelity_clean(&in[1], &want[1]);
    fidelity_dirty(&in[1], &want[2]);
    for (int i = 0; i < 3; i++)
        fidelity_assert_same(&want[i], &in[i != 0], i == 1);
}

/* --- set-up --------------------------------------------------------------*/

static inline struct yank_code *fidelity_register(uint32_t flags)
{
    struct yank_code_desc d = { (uintptr_t)fidelity_text_lo,
                                (uintptr_t)fidelity_text_hi, flags };
    struct yank_code *code = NULL;

    assert_int_equal(yank_code_add(&d, &code), YANK_OK);
    return code;
}

/* How many stops, and when to be content with a twentieth of them: where the
 * machine is busy and nobody gave a number.  An emulator has more CPUs to show
 * it on. */
static long stops = 20000;
static int64_t busy_at_ns = YANK_NO_DEADLINE;

static inline void count_stops(int argc, char **argv)
{
    const char *n = argc > 2 ? argv[2] : getenv("YANK_STOPS");

    if (yank_os_kick_scale() > 1)
        stops /= 5;
    if (n != NULL)
        stops = strtol(n, NULL, 10);
    else
        busy_at_ns = yank_now_ns() + 60 * SECOND;
}

static inline bool enough(long so_far, long of)
{
    return so_far >= of || (so_far >= of / 20 && yank_now_ns() > busy_at_ns);
}

/* 0, or what to exit with. */
static inline int fidelity_setup(int argc, char **argv)
{
    struct yank_caps caps;

    kick_handler_begin();
    if (argc > 1)
        mode = argv[1];
    if (yank_init(NULL) != YANK_OK || yank_get_caps(&caps) != YANK_OK)
        return 1;
    if ((caps.active & YANK_CAP_ASYNC) == 0 || !fidelity_choose(mode))
        return SKIP;
    count_stops(argc, argv);
    make_patterns();
    return 0;
}

#endif
