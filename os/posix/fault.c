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
static bool installed[N_SIGNOS];
/* Somebody took the signal over and may call us: to install us once more would
 * make a ring. */
static bool in_chain[N_SIGNOS];

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
    if (r.refusal != 0 || !fn(m, (uintptr_t)info->si_addr, &r))
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

static bool is_ours(const struct sigaction *a)
{
    return (a->sa_flags & SA_SIGINFO) != 0 && a->sa_sigaction == on_fault;
}

static bool is_nobodys(const struct sigaction *a)
{
    return (a->sa_flags & SA_SIGINFO) == 0 &&
           (a->sa_handler == SIG_DFL || a->sa_handler == SIG_IGN);
}

void yank_os_faults_end(void)
{
    struct sigaction now;

    for (size_t i = 0; i < N_SIGNOS; i++) {
        if (!installed[i] || sigaction(signos[i], NULL, &now) != 0)
            continue;
        installed[i] = false;
        in_chain[i] = !is_ours(&now);
        if (!in_chain[i])
            sigaction(signos[i], &before[i], NULL);
    }
    atomic_store_explicit(&decide, NULL, memory_order_relaxed);
}

static int install(size_t i)
{
    struct sigaction now, ours = { .sa_sigaction = on_fault,
                                   .sa_flags = SA_SIGINFO | SA_ONSTACK };

    sigfillset(&ours.sa_mask);
    if (sigaction(signos[i], NULL, &now) != 0)
        return YANK_EOS;
    installed[i] = true;
    if (is_ours(&now) || (in_chain[i] && !is_nobodys(&now)))
        return YANK_OK;
    before[i] = now; /* it may be needed before the call returns */
    return sigaction(signos[i], &ours, NULL) == 0 ? YANK_OK : YANK_EOS;
}

int yank_os_faults_begin(yank_os_fault_fn *fn)
{
    int rc = YANK_OK;

    atomic_store_explicit(&decide, fn, memory_order_relaxed);
    for (size_t i = 0; i < N_SIGNOS && rc == YANK_OK; i++)
        rc = install(i);
    if (rc != YANK_OK)
        yank_os_faults_end();
    return rc;
}
