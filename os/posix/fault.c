/* SIGSEGV and SIGBUS on attached threads, for guard pages.  What is not ours
 * goes to whoever had the signal before, or ends the process as it would have
 * ended without us. */
#define _GNU_SOURCE
#include "../../arch/arch.h"
#include "posix.h"

#include <errno.h>

static const int signos[] = { SIGSEGV, SIGBUS };
#define N_SIGNOS YANK_ARRAY_LEN(signos)

/* Written by begin and end, read by handlers.  Relaxed: the system call that
 * installs the handler comes after the stores. */
static _Atomic(yank_os_fault_fn *) decide;
static struct sigaction before[N_SIGNOS];

/* The default action happens once the handler has returned: the instruction
 * is run again, or, where the signal was sent, the one raised here comes. */
static void fall_to_default(int signo, const siginfo_t *info)
{
    struct sigaction dfl = { .sa_handler = SIG_DFL };

    sigemptyset(&dfl.sa_mask);
    sigaction(signo, &dfl, NULL);
    if (info->si_code <= 0)
        raise(signo);
}

static void forward(int signo, siginfo_t *info, void *uc)
{
    const struct sigaction *old = &before[signo == SIGBUS];

    if ((old->sa_flags & SA_SIGINFO) != 0)
        old->sa_sigaction(signo, info, uc);
    else if (old->sa_handler == SIG_DFL ||
             (old->sa_handler == SIG_IGN && info->si_code > 0))
        fall_to_default(signo, info); /* a fault cannot be ignored */
    else if (old->sa_handler != SIG_IGN)
        old->sa_handler(signo);
}

/* True: the context was edited. */
static bool handled(const siginfo_t *info, void *uc)
{
    yank_os_fault_fn *fn = atomic_load_explicit(&decide, memory_order_relaxed);
    struct yank_m *m = yank_m_self();
    struct yank_regs r = { 0 };

    if (fn == NULL || m == NULL || info->si_code <= 0)
        return false;
    yank_posix_load(uc, &r);
    if (!fn(m, (uintptr_t)info->si_addr, &r))
        return false;
    yank_posix_store(uc, &r);
    return true;
}

static void on_fault(int signo, siginfo_t *info, void *uc)
{
    int saved_errno = errno;

    yank_arch_c_flags();
    if (!handled(info, uc))
        forward(signo, info, uc);
    errno = saved_errno;
}

int yank_os_faults_begin(yank_os_fault_fn *fn)
{
    struct sigaction ours = { .sa_sigaction = on_fault,
                              .sa_flags = SA_SIGINFO | SA_ONSTACK };

    sigfillset(&ours.sa_mask);
    atomic_store_explicit(&decide, fn, memory_order_relaxed);
    for (size_t i = 0; i < N_SIGNOS; i++) {
        /* Read first: it may be needed before the call returns. */
        if (sigaction(signos[i], NULL, &before[i]) == 0 &&
            sigaction(signos[i], &ours, NULL) == 0)
            continue;
        while (i-- > 0)
            sigaction(signos[i], &before[i], NULL);
        return YANK_EOS;
    }
    return YANK_OK;
}

void yank_os_faults_end(void)
{
    struct sigaction now;

    /* Who has taken the signal since keeps it, and may still call us. */
    for (size_t i = 0; i < N_SIGNOS; i++)
        if (sigaction(signos[i], NULL, &now) == 0 &&
            (now.sa_flags & SA_SIGINFO) != 0 && now.sa_sigaction == on_fault)
            sigaction(signos[i], &before[i], NULL);
    atomic_store_explicit(&decide, NULL, memory_order_relaxed);
}
