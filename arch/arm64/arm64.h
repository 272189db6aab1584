/* What the spill stub leaves in memory, and what arch/arm64 needs of a system:
 * no instruction of A64 goes on at any PC with all registers as they were, so
 * the system has to. */
#ifndef YANK_ARM64_H
#define YANK_ARM64_H

#include <stdbool.h>
#include <stdint.h>

struct yank_m;
struct yank_g;

/* On the stopped G's stack. */
struct yank_arm64_frame {
    uint64_t x[31], pc, pstate; /* x18 comes back unless YANK_THREAD_X18 */
    struct yank_m *m; /* the one it was stopped on */
};

/* In its vector block. */
struct yank_arm64_vectors {
    uint32_t fpsr, fpcr;
    uint32_t vl; /* bytes of a Z register; 0: no SVE */
    uint32_t unused;
    /* V0-V31; or Z0-Z31, P0-P15, FFR, each vl or vl / 8 bytes long, as Linux
     * has them in a signal frame. */
    unsigned char reg[];
};
#define YANK_ARM64_VL_MAX 256u
#define YANK_ARM64_V_BYTES (32u * 16)
#define YANK_ARM64_SVE_BYTES(vl) (32u * (vl) + 17u * ((vl) / 8))

/* The length in bytes of the Z registers of the thread that called
 * yank_init(); 0: no SVE.  Each thread may have its own, and registers of
 * another length cannot be loaded there: a thread with another length is not
 * stopped.  Written by yank_arch_init(). */
extern uint32_t yank_arm64_vl;
/* That of the calling thread. */
uint32_t yank_arm64_thread_vl(void);

/* Has the system enabled SVE?  At init. */
bool yank_arm64_has_sve_here(void);
/* Does code here have no vector state but what yank_arm64_continue() loads? */
bool yank_arm64_keeps_all_here(void);

/* On g0 of m: the thread goes on as g, with all of these registers and this SP; its
 * signal mask and signal stack stay its own. */
_Noreturn void yank_arm64_continue(struct yank_m *m, struct yank_g *g,
                                   const struct yank_arm64_frame *frame,
                                   uintptr_t sp,
                                   const struct yank_arm64_vectors *vectors);

#endif
