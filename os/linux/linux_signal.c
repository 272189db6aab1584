/* Signals as the Linux kernel has them. */
#define _GNU_SOURCE
#include "linux.h"

#include <errno.h>
#include <sys/auxv.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define KERNEL_SIGSET_BYTES 8
#define AUX_MINSIGSTKSZ 51 /* AT_MINSIGSTKSZ; musl 1.2.3 does not name it */
/* Where it is not said, by old kernels and QEMU 7.2: amd64 with AMX needs 11
 * KiB, arm64 with SVE of 2048 bits 14. */
#define MINSIGSTACK_UNKNOWN (16u * 1024)

/* --- sending -------------------------------------------------------------*/

int yank_posix_send(const struct yank_m *m, int signo)
{
    int saved_errno = errno, rc = YANK_OK;
    /* Pairs with the release in yank_os_m_init(); seq_cst: a store-load pair
     * with detach, which clears it and then looks at kickers. */
    uintptr_t tid = atomic_load_explicit(&m->os_id, memory_order_seq_cst);

    if (tid == 0)
        return YANK_EGONE;
    /* getpid() each time: in a child of fork the parent's threads are gone,
     * and their numbers may be those of strangers. */
    if (syscall(SYS_tgkill, getpid(), (long)tid, signo) != 0) {
        switch (errno) {
        case EAGAIN: rc = YANK_EAGAIN; break; /* RLIMIT_SIGPENDING reached */
        case ESRCH: rc = YANK_EGONE; break;   /* thread exited before us */
        default: rc = YANK_EOS; break;        /* a seccomp filter's choice */
        }
    }
    errno = saved_errno;
    return rc;
}

const int yank_posix_kick_code = SI_TKILL;

/* Numbers below SIGSEGV are right here: since 2.6.34 the kernel delivers what
 * an instruction raised before any other pending signal, so a fault's handler
 * never finds ours as the place of the fault.  Systems that go by number alone
 * must refuse them. */
bool yank_posix_signo_ok(int signo)
{
    /* Thread cancellation, set*id and timers, of glibc and musl. */
    return signo < 32 || signo > 34;
}

/* --- the handler ---------------------------------------------------------*/

/* The kernel's record.  Only its first word is ours to know: the handler, on
 * every CPU but MIPS.  What follows (flags, restorer, mask) differs, and is
 * passed back as libc wrote it. */
struct kernel_action {
    yank_posix_handler *handler;
    unsigned char rest[64 - sizeof(yank_posix_handler *)];
};

static bool kernel_action(int signo, const struct kernel_action *in,
                          struct kernel_action *out)
{
    return syscall(SYS_rt_sigaction, signo, in, out, KERNEL_SIGSET_BYTES) == 0;
}

/* Through libc first, for its restorer, so that no assembly is needed; then
 * the handler once more past it.  TSan's sigaction() installs a wrapper that
 * holds signals back until a system call and then shows a copy of the context:
 * edits to that are lost (LLVM 14, gcc 12). */
int yank_posix_install(int signo, yank_posix_handler *handler)
{
    struct sigaction sa = { .sa_sigaction = handler,
                            .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART };
    struct kernel_action record;

    sigfillset(&sa.sa_mask);
    if (sigaction(signo, &sa, NULL) != 0 ||
        !kernel_action(signo, NULL, &record))
        return YANK_EOS;
    record.handler = handler;
    return kernel_action(signo, &record, NULL) ? YANK_OK : YANK_EOS;
}

bool yank_posix_is_installed(int signo, yank_posix_handler *handler)
{
    struct kernel_action record;

    return kernel_action(signo, NULL, &record) && record.handler == handler;
}

/* --- the set-up of a thread ----------------------------------------------*/

/* Raw: glibc's sigtimedwait() calls SI_TKILL SI_USER, and is a cancellation
 * point. */
void yank_posix_drain(int signo)
{
    struct timespec at_once = { 0, 0 };
    sigset_t set;
    siginfo_t info;

    sigemptyset(&set);
    sigaddset(&set, signo);
    while (syscall(SYS_rt_sigtimedwait, &set, &info, &at_once,
                   KERNEL_SIGSET_BYTES) == signo) {
        if (yank_signal_is_kick(&info))
            continue;
        /* The thread's own signals come before the process's: this is one of
         * those, or the kernel was too short of memory to say.  Back to the
         * process, with all that it carries. */
        syscall(SYS_rt_sigqueueinfo, getpid(), signo, &info);
        break;
    }
}

size_t yank_posix_min_sigstack(void)
{
    size_t kernel = getauxval(AUX_MINSIGSTKSZ); /* since 5.14 on amd64 */

    return kernel != 0 ? kernel : MINSIGSTACK_UNKNOWN;
}

/* --- a frame made by us ----------------------------------------------------*/

void yank_linux_own_signals(ucontext_t *uc)
{
    sigaltstack(NULL, &uc->uc_stack);
    pthread_sigmask(SIG_BLOCK, NULL, &uc->uc_sigmask);
}
