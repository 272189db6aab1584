/* What a trap finds on arm64, and how code comes to have one. */
#ifndef YANK_TESTS_TRAP_ARM64_H
#define YANK_TESTS_TRAP_ARM64_H

#include "arch/arm64/arm64.h"
#include "trap.h"

#include <pthread.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

#define TRAP_HWCAP_ATOMICS (1ul << 8)
#define TRAP_HWCAP2_BTI (1ul << 17)
#define TRAP_BODY_PAGE 4096u /* larger ones have strangers on them */
#define TRAP_PROT_BTI 0x10 /* the kernel's; glibc does not name it */

struct trap_context {
    uint64_t x[31], sp, pc, pstate, fp_control, vl;
    unsigned char v[32 * 16], sve[YANK_ARM64_SVE_BYTES(YANK_ARM64_VL_MAX)];
};

/* --- a signal frame, record by record ------------------------------------*/

enum {
    TRAP_FPSIMD = 0x46508001,
    TRAP_SVE = 0x53564501,
    TRAP_EXTRA = 0x45585401
};

struct trap_record {
    uint32_t magic, bytes;
};

/* Without what follows the head of an SVE record everything past V is 0. */
static inline void trap_take_vectors(struct trap_context *c,
                                     const struct trap_record *r)
{
    const unsigned char *bytes = (const void *)r;

    if (r->magic == TRAP_FPSIMD) {
        memcpy(&c->fp_control, bytes + 8, 8);
        memcpy(c->v, bytes + 16, sizeof c->v);
    }
    if (r->magic == TRAP_SVE && r->bytes > 16) {
        c->vl = (uint64_t)bytes[8] | (uint64_t)bytes[9] << 8;
        memcpy(c->sve, bytes + 16, YANK_ARM64_SVE_BYTES(c->vl));
    }
}

/* All registers; vl is 0 where there is no more than V. */
static inline void trap_take(struct trap_context *c, const void *context)
{
    const mcontext_t *m = &((const ucontext_t *)context)->uc_mcontext;
    const unsigned char *at = (const void *)m->__reserved, *extra = NULL;

    memset(c, 0, sizeof *c);
    memcpy(c->x, m->regs, sizeof c->x);
    c->sp = m->sp;
    c->pc = m->pc;
    c->pstate = m->pstate;
    for (;;) {
        const struct trap_record *r = (const void *)at;

        if (r->magic == 0 && extra == NULL)
            break;
        if (r->magic == TRAP_EXTRA)
            memcpy(&extra, at + 8, sizeof extra);
        trap_take_vectors(c, r);
        at += r->bytes;
        if (r->magic == 0) {
            at = extra;
            extra = NULL;
        }
    }
}

/* --- the code -------------------------------------------------------------*/

/* Once, on the thread that is stopped: code from lo to hi may be written to,
 * and kicks stay out, which would find the thread before its trap does.  The
 * page is guarded if the CPU can, so that a stop between a branch and its
 * landing pad must keep both apart. */
static inline bool trap_prepare(uintptr_t lo, uintptr_t hi)
{
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    int prot = PROT_READ | PROT_WRITE | PROT_EXEC;
    sigset_t kicks;

    lo &= ~(page - 1);
    hi = (hi + page - 1) & ~(page - 1);
    if (page == TRAP_BODY_PAGE &&
        (getauxval(AT_HWCAP2) & TRAP_HWCAP2_BTI) != 0)
        prot |= TRAP_PROT_BTI;
    sigemptyset(&kicks);
    sigaddset(&kicks, SIGURG);
    pthread_sigmask(SIG_BLOCK, &kicks, NULL);
    return mprotect((void *)lo, hi - lo, prot) == 0;
}

static inline void trap_code_written(uint32_t *at)
{
    __builtin___clear_cache((char *)at, (char *)(at + 1));
}

static inline bool trap_has_atomics(void)
{
    return (getauxval(AT_HWCAP) & TRAP_HWCAP_ATOMICS) != 0;
}

#endif
