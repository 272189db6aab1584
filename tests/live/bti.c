/* live_bti: stops and resumes land only where BTI allows it.  All code of the
 * program is guarded, so it has to be compiled with -mbranch-protection, Yank
 * too; without CMocka, which is not.  arm64. */
#define _GNU_SOURCE
#include <yank/yank.h>

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <unistd.h>

#define HAS_BTI (1ul << 17) /* in AT_HWCAP2 */
#define GUARDED 0x10        /* PROT_BTI */
enum { SKIP = 77, STOPS = 2000 };

extern const char __executable_start[], etext[];

/* Where an indirect jump has just landed, PSTATE says so until the landing pad
 * has been executed. */
void bti_loop(_Atomic int *quit, _Atomic uint64_t *count);
__asm__(".pushsection yank_text, \"ax\", %progbits\n"
        ".p2align 2\n"
        ".globl bti_loop\n"
        ".hidden bti_loop\n"
        ".type bti_loop, %function\n"
        "bti_loop:\n"
        "  hint #34\n" /* bti c */
        "1: adr x9, 2f\n"
        "  br x9\n"
        "2: hint #36\n" /* bti j */
        "  ldr x10, [x1]\n"
        "  add x10, x10, #1\n"
        "  str x10, [x1]\n"
        "  ldr w11, [x0]\n"
        "  cbz w11, 1b\n"
        "  ret\n"
        ".size bti_loop, . - bti_loop\n"
        ".popsection\n");

static struct yank_thread looper;
static _Atomic int attached, quit;
static _Atomic uint64_t count, calls;

static void expect(int ok, const char *what)
{
    if (!ok) {
        fprintf(stderr, "live_bti: %s\n", what);
        exit(1);
    }
}

static void *loop_main(void *arg)
{
    expect(yank_thread_attach(&looper, NULL) == YANK_OK, "attach");
    atomic_store(&attached, 1);
    bti_loop(&quit, &count);
    expect(yank_thread_detach(&looper) == YANK_OK, "detach");
    return arg;
}

static void called(void *arg)
{
    (void)arg;
    atomic_fetch_add(&calls, 1);
}

static void guard(int how)
{
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    uintptr_t lo = (uintptr_t)__executable_start & ~(page - 1);
    uintptr_t hi = ((uintptr_t)etext + page - 1) & ~(page - 1);

    expect(mprotect((void *)lo, hi - lo, PROT_READ | PROT_EXEC | how) == 0,
           "mprotect");
}

int main(void)
{
    struct yank_stop stop;
    uint64_t seen;
    pthread_t t;

#if defined(__ARM_FEATURE_BTI_DEFAULT)
    if ((getauxval(AT_HWCAP2) & HAS_BTI) == 0)
        return SKIP;
#else
    return SKIP;
#endif
    guard(GUARDED);
    expect(yank_init(NULL) == YANK_OK, "init");
    expect(pthread_create(&t, NULL, loop_main, NULL) == 0, "thread");
    while (atomic_load(&attached) == 0)
        sched_yield();
    for (uint64_t i = 0; i < STOPS; i++) {
        expect(yank_suspend_g(&looper.g, YANK_NO_DEADLINE, &stop) == YANK_OK,
               "suspend");
        seen = atomic_load(&count);
        expect(yank_resume_call(&stop, called, NULL) == YANK_OK, "resume");
        while (atomic_load(&calls) == i || atomic_load(&count) == seen)
            sched_yield();
    }
    atomic_store(&quit, 1);
    expect(pthread_join(t, NULL) == 0, "join");
    expect(yank_fini() == YANK_OK, "fini");
    guard(0); /* the C runtime's own exit has no landing pads */
    printf("%d stops in guarded code\n", STOPS);
    return 0;
}
