/* The Linux signal frame of riscv64: read and edited for the handler, and made
 * anew for a G that goes on, since only rt_sigreturn loads every register.
 *
 * In mcontext_t the general registers are followed by the state of F and D,
 * that by room which the kernel keeps zero, and where that ends there is a
 * record that is named by its magic number, or 0.  Linux 6.5 put the first one
 * there, for V. */
#define _GNU_SOURCE
#include "../../arch/arch.h"
#include "../../arch/riscv64/riscv64.h"
#include "linux.h"

#include <sys/auxv.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

enum { PC, RA, SP, TP = 4, S0 = 8 }; /* in __gregs; x[n] but for the PC */

#define AUX_MINSIGSTKSZ 51 /* not in <sys/auxv.h> of glibc 2.36 */
#define HWCAP_V_BIT (1ul << ('V' - 'A'))

/* Where the kernel's struct __riscv_ctx_hdr is in the floating-point state. */
#define RECORD_AT 520
_Static_assert(sizeof(((mcontext_t *)0)->__fpregs) == RECORD_AT + 8, "record");

/* Linux names the size of signal frames since the same version; QEMU's own
 * frames, as of 7.2, end before the record. */
bool yank_riscv64_has_records;

void yank_riscv64_look_at_frames(void)
{
    yank_riscv64_has_records = getauxval(AUX_MINSIGSTKSZ) != 0 ||
                               (getauxval(AT_HWCAP) & HWCAP_V_BIT) != 0;
}

/* --- the frame that the handler was given --------------------------------*/

/* V, once the thread has used it, or a shadow stack: not kept. */
static bool has_more(const mcontext_t *c)
{
    uint32_t magic;

    memcpy(&magic, (const char *)&c->__fpregs + RECORD_AT, sizeof magic);
    return magic != 0;
}

void yank_posix_load(const void *ucontext, struct yank_regs *r)
{
    const mcontext_t *c = &((const ucontext_t *)ucontext)->uc_mcontext;

    r->pc = c->__gregs[PC];
    r->sp = c->__gregs[SP];
    r->fp = c->__gregs[S0];
    r->lr = c->__gregs[RA];
    r->flags = 0;
    if (yank_riscv64_has_records && has_more(c))
        r->refusal = YANK_REFUSED_CPU_STATE;
}

void yank_posix_store(void *ucontext, const struct yank_regs *r)
{
    mcontext_t *c = &((ucontext_t *)ucontext)->uc_mcontext;

    c->__gregs[PC] = r->pc;
    c->__gregs[SP] = r->sp;
    c->__gregs[RA] = r->lr;
}

/* --- the one made anew ----------------------------------------------------*/

struct frame {
    siginfo_t info;
    ucontext_t uc;
};
_Static_assert(offsetof(struct frame, uc.uc_mcontext) == 128 + 176,
               "the kernel's struct rt_sigframe");

static uint64_t thread_pointer(void)
{
    uint64_t tp;

    __asm__("mv %0, tp" : "=r"(tp));
    return tp;
}

/* No record: the thread's V registers, if it has any, stay as they are. */
static void put_registers(mcontext_t *c, const struct yank_riscv64_frame *from,
                          uintptr_t sp,
                          const struct yank_riscv64_vectors *vectors)
{
    memcpy(c->__gregs, from, sizeof c->__gregs);
    c->__gregs[SP] = sp;
    c->__gregs[TP] = thread_pointer();
    memcpy(&c->__fpregs, vectors, sizeof *vectors);
}

void yank_riscv64_continue(const struct yank_riscv64_frame *from, uintptr_t sp,
                           const struct yank_riscv64_vectors *vectors)
{
    struct frame frame;

    memset(&frame, 0, sizeof frame);
    yank_linux_own_signals(&frame.uc);
    put_registers(&frame.uc.uc_mcontext, from, sp, vectors);
    /* A store-conditional of the stopped code must fail.  Linux ends every
     * reservation on its way out; QEMU 7.2 keeps one that somebody made here
     * meanwhile.  This one fails or goes to the first word of the frame. */
    __asm__ volatile("sc.w zero, zero, (%0)\n\t"
                     "mv sp, %0\n\tli a7, %1\n\tecall"
                     :
                     : "r"(&frame), "i"(SYS_rt_sigreturn)
                     : "memory");
    __builtin_unreachable();
}
