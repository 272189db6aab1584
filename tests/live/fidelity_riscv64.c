/* riscv64's part of the register tests; see fidelity_cpu.h.  Mode: best.
 *
 * gp is a register like any other here, so that nothing may be linked by way
 * of it: -Wl,--no-relax. */
#include "fidelity_cpu.h"

#include "arch/riscv64/offsets_riscv64.h"
#include "arch/riscv64/riscv64.h"
#include "fidelity_riscv64.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

struct riscv64_state {
    uint64_t x[32], f[32], fcsr, unused[7];
};
#define SAME(number, field)                                                    \
    _Static_assert((number) == offsetof(struct riscv64_state, field), #field)
SAME(FID_GPR, x);
SAME(FID_SP, x[2]);
SAME(FID_F, f);
SAME(FID_FCSR, fcsr);
_Static_assert(FID_BYTES == sizeof(struct riscv64_state), "state");
_Static_assert(FID_BYTES <= sizeof(struct fidelity_state), "state");
_Static_assert(FID_KEPT < FIDELITY_KEPT_MAX, "room for the M");

const size_t fidelity_bytes = FID_BYTES;
const size_t fidelity_frame_below = YANK_FRAME_BELOW;
const size_t fidelity_kept_words = FID_KEPT;
const size_t fidelity_saved_words = 12; /* s0-s11 */
uint32_t fidelity_level, fidelity_bad_entry;

bool fidelity_choose(const char *mode)
{
    return strcmp(mode, "best") == 0;
}

void fidelity_pattern(struct fidelity_state *s, int i)
{
    struct riscv64_state *a = (void *)s;

    a->x[0] = a->x[2] = a->x[4] = 0;
    a->fcsr = i == 0 ? 0x35 : 0x6a; /* toward zero, up; every other flag */
    memset(a->unused, 0, sizeof a->unused);
}

void fidelity_assert_same(const struct fidelity_state *want,
                          const struct fidelity_state *from, bool clean)
{
    const struct riscv64_state *w = (const void *)want, *f = (const void *)from;

    assert_memory_equal(w->x, f->x, sizeof w->x);
    assert_int_equal(w->fcsr, f->fcsr);
    if (!clean)
        assert_memory_equal(w->f, f->f, sizeof w->f);
}

const char *fidelity_part(size_t at)
{
    return at < FID_F      ? "general registers"
           : at < FID_FCSR ? "floating-point registers"
                           : "fcsr";
}

/* There is one way to fill it. */
bool fidelity_block_fits(const struct yank_vector_block *b)
{
    (void)b;
    return true;
}

bool fidelity_flags_are_c(void)
{
    return true; /* there are none */
}
