/* live_riscv64_state: what a stop cannot keep is not stopped.  QEMU 7.2 makes
 * no such frame, so they are made here. */
#define _GNU_SOURCE
#include "arch/riscv64/riscv64.h"
#include "live.h"
#include "os/posix/posix.h"

#include <string.h>
#include <ucontext.h>

/* As Linux lays it out: struct __riscv_ctx_hdr, behind the room that the
 * largest floating-point state has. */
enum { STATE_BYTES = 528, HEADER_BYTES = 8, V_MAGIC = 0x53465457 };

static enum yank_outcome refusal_with(uint32_t magic)
{
    static ucontext_t uc;
    struct yank_regs r = { 0 };
    unsigned char *state = (unsigned char *)&uc.uc_mcontext.__fpregs;

    memset(&uc, 0xff, sizeof uc);
    memcpy(state + STATE_BYTES - HEADER_BYTES, &magic, sizeof magic);
    yank_posix_load(&uc, &r);
    return r.refusal;
}

static void state_that_is_not_kept_is_refused(void **state)
{
    (void)state;
    yank_riscv64_has_records = true;
    assert_int_equal(refusal_with(0), 0);
    assert_int_equal(refusal_with(V_MAGIC), YANK_REFUSED_CPU_STATE);
    assert_int_equal(refusal_with(1), YANK_REFUSED_CPU_STATE);
    /* Where there is none, these bytes are anything. */
    yank_riscv64_has_records = false;
    assert_int_equal(refusal_with(V_MAGIC), 0);
}

static void an_odd_sp_is_refused(void **state)
{
    struct yank_regs r = { .sp = 0x1000 };

    (void)state;
    assert_true(yank_arch_context_ok(&r));
    r.sp += 8;
    assert_false(yank_arch_context_ok(&r));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(state_that_is_not_kept_is_refused),
        cmocka_unit_test(an_odd_sp_is_refused),
    };

    return live_main(tests, YANK_ARRAY_LEN(tests), true);
}
