/* What the spill stub leaves in memory, and what arch/riscv64 needs of a
 * system: no instruction of RV64 goes on at any PC with all registers as they
 * were, so the system has to. */
#ifndef YANK_RISCV64_H
#define YANK_RISCV64_H

#include <stdbool.h>
#include <stdint.h>

/* On the stopped G's stack. */
struct yank_riscv64_frame {
    uint64_t pc;
    /* x1 ... x31.  Not stored: sp, which is this frame's end, and tp, which is
     * the thread's. */
    uint64_t x1_x31[31];
    struct yank_m *m; /* the one it was stopped on */
    uint64_t unused;  /* SP is a multiple of 16 */
};

/* In its vector block: F and D, as Linux has them in a signal frame. */
struct yank_riscv64_vectors {
    uint64_t f[32];
    uint32_t fcsr, unused;
};

/* Has this system's signal frame a record past F and D, if only one that says
 * that there is none?  Looked at once, at init. */
extern bool yank_riscv64_has_records;
void yank_riscv64_look_at_frames(void);

/* On g0: the thread goes on with all of these registers and this SP; its
 * signal mask, signal stack and tp stay its own. */
_Noreturn void
yank_riscv64_continue(const struct yank_riscv64_frame *frame, uintptr_t sp,
                      const struct yank_riscv64_vectors *vectors);

#endif
