/* The Linux signal frame of arm64: read and edited for the handler, and made
 * anew for a G that goes on, since only rt_sigreturn loads every register.
 *
 * After the general registers the frame has records, each with a head that
 * names it, up to one of zeros; what has no room among the first 4096 bytes
 * follows an extra record.  The numbers are the kernel's, <asm/sigcontext.h>,
 * which musl does not bring. */
#define _GNU_SOURCE
#include "../../arch/arch.h"
#include "../../arch/arm64/arm64.h"
#include "linux.h"

#include <sys/auxv.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

struct record {
    uint32_t magic, bytes;
};

enum {
    FPSIMD = 0x46508001,
    ESR = 0x45535201,
    POE = 0x504f4530,
    SVE = 0x53564501,
    EXTRA = 0x45585401,
    ZA = 0x54366345,
    ZT = 0x5a544e01,
    TPIDR2 = 0x54504902,
    FPMR = 0x46504d52
};

struct fpsimd_record {
    struct record head;
    uint32_t fpsr, fpcr;
    _Alignas(16) unsigned char v[YANK_ARM64_V_BYTES];
};

struct sve_record {
    struct record head;
    uint16_t vl, flags, unused[2];
    unsigned char reg[];
};
#define SVE_STREAMING 1u

struct extra_record {
    struct record head;
    uint64_t data;
    uint32_t bytes, unused[3];
};

/* Of FPMR and of POE. */
struct word_record {
    struct record head;
    uint64_t value;
};

#define HWCAP_SVE_BIT (1ul << 22)
#define HWCAP2_FPMR_BIT (1ul << 48)
#define HWCAP2_POE_BIT (1ul << 63)

/* --- the frame that the handler was given --------------------------------*/

/* Can a thread with this record be stopped, and go on without it? */
static bool record_ok(const struct record *r)
{
    const struct sve_record *sve = (const void *)r;
    const struct word_record *fpmr = (const void *)r;

    switch ((int)r->magic) {
    case FPSIMD:
    case ESR:              /* of a fault, to be read only */
    case EXTRA:            /* its records are looked at where they are */
    case TPIDR2:           /* the thread's own, as TPIDR is */
    case POE: return true; /* the thread's memory rights, likewise */
    case SVE:
        return (sve->flags & SVE_STREAMING) == 0 &&
               (sve->vl == 0 || sve->vl == yank_arm64_vl);
    case FPMR: return fpmr->value == 0;
    /* A head alone: the CPU has it, and it is off. */
    case ZA: return r->bytes <= sizeof(struct sve_record);
    default: return false; /* ZT comes with ZA only; GCS, a shadow stack */
    }
}

static bool records_ok(const unsigned char *at)
{
    const struct extra_record *extra = NULL;

    for (;;) {
        const struct record *r = (const void *)at;

        if (r->magic == 0 && extra == NULL)
            return true;
        if (r->magic == 0) {
            at = (const void *)(uintptr_t)extra->data;
            extra = NULL;
            continue;
        }
        if (r->bytes < sizeof *r || !record_ok(r))
            return false;
        if (r->magic == EXTRA)
            extra = (const void *)r;
        at += r->bytes;
    }
}

void yank_posix_load(const void *ucontext, struct yank_regs *r)
{
    const mcontext_t *c = &((const ucontext_t *)ucontext)->uc_mcontext;

    r->pc = c->pc;
    r->sp = c->sp;
    r->fp = c->regs[29];
    r->lr = c->regs[30];
    r->flags = c->pstate;
    if (!records_ok((const unsigned char *)c->__reserved))
        r->refusal = YANK_REFUSED_CPU_STATE;
}

void yank_posix_store(void *ucontext, const struct yank_regs *r)
{
    mcontext_t *c = &((ucontext_t *)ucontext)->uc_mcontext;

    c->pc = r->pc;
    c->sp = r->sp;
    c->regs[30] = r->lr;
    c->pstate = r->flags;
}

/* --- the one made anew ----------------------------------------------------*/

bool yank_arm64_has_sve_here(void)
{
    return (getauxval(AT_HWCAP) & HWCAP_SVE_BIT) != 0;
}

bool yank_arm64_keeps_all_here(void)
{
    return true;
}

#define ALIGNED(bytes) (((bytes) + 15) & ~(size_t)15)
#define SVE_RECORD_BYTES(vl)                                                   \
    ALIGNED(sizeof(struct sve_record) + YANK_ARM64_SVE_BYTES(vl))
#define END_BYTES ALIGNED(sizeof(struct record))

/* QEMU 7.2 wants the whole of it mapped, whatever is used. */
struct frame {
    siginfo_t info;
    ucontext_t uc;
    /* The longest records, past uc's own 4096 bytes. */
    unsigned char more[SVE_RECORD_BYTES(YANK_ARM64_VL_MAX)];
};
_Static_assert(sizeof(siginfo_t) == 128, "the kernel's struct rt_sigframe");

static void *put(unsigned char **at, int magic, size_t bytes)
{
    struct record *r = (void *)*at;

    r->magic = (uint32_t)magic;
    r->bytes = (uint32_t)bytes;
    *at += bytes;
    return r;
}

static void put_end(unsigned char **at)
{
    put(at, 0, 0);
    *at += END_BYTES;
}

/* The kernel copies V over the low parts of Z: here they are the same. */
static void put_fpsimd(unsigned char **at, const struct yank_arm64_vectors *v)
{
    struct fpsimd_record *r = put(at, FPSIMD, sizeof *r);
    size_t step = v->vl != 0 ? v->vl : 16;

    r->fpsr = v->fpsr;
    r->fpcr = v->fpcr;
    for (size_t i = 0; i < 32; i++)
        memcpy(r->v + 16 * i, v->reg + step * i, 16);
}

static void put_word(unsigned char **at, int magic, uint64_t value)
{
    struct word_record *r = put(at, magic, sizeof *r);

    r->value = value;
}

/* What the thread has, by the number of the register: no assembler that this
 * is built with knows its name. */
static uint64_t memory_rights(void)
{
    uint64_t por_el0;

    __asm__ volatile("mrs %0, S3_3_C10_C2_4" : "=r"(por_el0));
    return por_el0;
}

/* Without its record the kernel would load a value of some earlier time.
 * FPMR was 0 at the stop. */
static void put_words(unsigned char **at)
{
    unsigned long has = getauxval(AT_HWCAP2);

    if (has & HWCAP2_FPMR_BIT)
        put_word(at, FPMR, 0);
    if (has & HWCAP2_POE_BIT)
        put_word(at, POE, memory_rights());
}

static void put_sve(unsigned char **at, const struct yank_arm64_vectors *v)
{
    struct sve_record *r = put(at, SVE, SVE_RECORD_BYTES(v->vl));

    r->vl = (uint16_t)v->vl;
    r->flags = 0;
    memcpy(r->reg, v->reg, YANK_ARM64_SVE_BYTES(v->vl));
}

/* The kernel wants what is extra right behind the end of the others. */
static void put_extra(unsigned char **at, size_t bytes)
{
    struct extra_record *r = put(at, EXTRA, sizeof *r);

    put_end(at);
    r->data = (uintptr_t)*at;
    r->bytes = (uint32_t)bytes;
}

static void put_records(mcontext_t *c, const struct yank_arm64_vectors *v)
{
    unsigned char *at = (unsigned char *)c->__reserved;
    unsigned char *end = at + sizeof c->__reserved;

    put_fpsimd(&at, v);
    put_words(&at);
    if (v->vl != 0) {
        size_t bytes = SVE_RECORD_BYTES(v->vl) + END_BYTES;

        if (bytes > (size_t)(end - at))
            put_extra(&at, bytes);
        put_sve(&at, v);
    }
    put_end(&at);
}

static void put_general(mcontext_t *c, const struct yank_arm64_frame *from,
                        uintptr_t sp)
{
    c->fault_address = 0;
    memcpy(c->regs, from->x, sizeof from->x);
    c->sp = sp;
    c->pc = from->pc;
    c->pstate = from->pstate;
}

void yank_arm64_continue(struct yank_m *m, struct yank_g *g,
                         const struct yank_arm64_frame *from, uintptr_t sp,
                         const struct yank_arm64_vectors *vectors)
{
    struct frame frame;

    (void)m;
    (void)g;
    if (vectors->vl != 0 && vectors->vl != yank_arm64_thread_vl()) {
        yank_os_write_line("yank: a G that may migrate came to a thread with "
                           "SVE registers of another length");
        yank_os_abort();
    }
    frame.uc.uc_flags = 0;
    frame.uc.uc_link = NULL;
    yank_linux_own_signals(&frame.uc);
    put_general(&frame.uc.uc_mcontext, from, sp);
    put_records(&frame.uc.uc_mcontext, vectors);
    __asm__ volatile("mov sp, %0\n\tmov x8, %1\n\tsvc #0"
                     :
                     : "r"(&frame), "i"(SYS_rt_sigreturn)
                     : "memory");
    __builtin_unreachable();
}
