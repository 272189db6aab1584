/* The kick is a signal, and this is the handler.  It translates; core/
 * decides; everyone else still gets the signal.
 * Not instrumented under TSan: it runs on top of anything.
 * Origin: go@62e53b79 signal_unix.go:preemptM, sighandler, doSigPreempt. */
#define _GNU_SOURCE
#include "../../arch/arch.h"
#include "posix.h"

#include <errno.h>
#include <ucontext.h>
#include <unistd.h>

const bool yank_preempt_m_supported = YANK_ASYNC;

/* Written by init and fini, read by handlers at any time after: a thread may
 * be late in one while fini runs.  Relaxed, all: the system call that
 * installs the handler comes after the stores. */
static _Atomic int kick_signo;
/* Whose signal it was before.  fini leaves them for late handlers, and for one
 * that another library chained to. */
static _Atomic(yank_posix_handler *) previous_info; /* SA_SIGINFO form, or */
static void (*_Atomic previous_plain)(int);         /* the plain one */

static struct sigaction before; /* init */
static bool installed;          /* init */
/* The signal that somebody took over from us and may chain to us; init. */
static int left_at;

int yank_posix_signo(void)
{
    return atomic_load_explicit(&kick_signo, memory_order_relaxed);
}

/* --- sending -------------------------------------------------------------*/

int yank_preempt_m(struct yank_m *m)
{
    return yank_preempt_m_supported ? yank_posix_send(m, yank_posix_signo())
                                    : YANK_ENOSYS;
}

/* A signal that a thread sends to itself is delivered before the call returns,
 * unless it is blocked (POSIX, pthread_kill). */
int yank_os_kick_self(struct yank_m *m)
{
    return yank_preempt_m(m);
}

/* --- the handler ---------------------------------------------------------*/

/* Of the previous action only the function is honoured.  Its mask is part of
 * the full one that is in force; SA_RESETHAND and SA_NODEFER are not imitated.
 * SIG_DFL and SIG_IGN are not forwarded to: a late kick must not end the
 * process. */
static void forward(int signo, siginfo_t *info, void *uc)
{
    yank_posix_handler *full =
        atomic_load_explicit(&previous_info, memory_order_relaxed);
    void (*plain)(int) =
        atomic_load_explicit(&previous_plain, memory_order_relaxed);

    if (full != NULL)
        full(signo, info, uc);
    else if (plain != NULL)
        plain(signo);
}

/* Why this context is not to be edited, whatever the request; YANK_NOT_WANTED,
 * which is 0, where nothing speaks against it. */
static enum yank_outcome refusal(const struct yank_m *m, const ucontext_t *uc)
{
    /* Relaxed: own. */
    const struct yank_g *g =
        atomic_load_explicit(&m->curg, memory_order_relaxed);
    /* The kernel's frame, of which uc is a part; a local's address may lie in
     * a sanitizer's fake stack. */
    uintptr_t frame = (uintptr_t)uc;

    /* A handler of the application's was interrupted, on its way in or in
     * registered code that it calls; SP and PC look right. */
    if (yank_posix_mask_word(&uc->uc_sigmask) != m->base_mask)
        return YANK_REFUSED_MASK;
    /* Below the interrupted SP there is then the frame itself, not free stack:
     * a store there hits the marks by which the kernel knows that the frame
     * has extended vector state, and it restores none (seen in 14 of 60
     * processes, by the alignment of their stacks). */
    if (g != NULL && frame >= g->lo && frame < g->hi)
        return YANK_REFUSED_SIGSTACK;
    return YANK_NOT_WANTED;
}

static void answer(struct yank_m *m, ucontext_t *uc)
{
    struct yank_regs r = { 0 };

    yank_posix_load(uc, &r);
    if (r.refusal == 0)
        r.refusal = refusal(m, uc);
    struct yank_answer a = yank_do_sig_preempt(m, &r);

    if (a.edited)
        yank_posix_store(uc, &r);
    yank_tell(a);
}

static void on_signal(int signo, siginfo_t *info, void *uc)
{
    int saved_errno = errno; /* the interrupted code may be reading it */
    struct yank_m *m;

    yank_arch_c_flags(); /* for the application's handler too */
    /* First: it may longjmp, and nothing of ours is begun yet.  Always: the
     * kernel merges equal pending signals, so this one may also be one that
     * the application sent. */
    forward(signo, info, uc);
    m = yank_m_self();
    if (m != NULL) /* null: a thread that never attached, or has detached */
        answer(m, uc);
    errno = saved_errno;
}

bool yank_handle_signal(int signo, void *siginfo, void *ucontext)
{
    int saved_errno = errno;
    struct yank_m *m = yank_m_self();

    yank_arch_c_flags();
    (void)siginfo; /* merged signals: who sent this one says nothing */
    if (signo == 0 || signo != yank_posix_signo() || m == NULL ||
        ucontext == NULL)
        return false;
    answer(m, ucontext);
    errno = saved_errno;
    return true;
}

bool yank_signal_is_kick(const void *siginfo)
{
    const siginfo_t *info = siginfo;

    return info != NULL && info->si_signo != 0 &&
           info->si_signo == yank_posix_signo() &&
           info->si_code == yank_posix_kick_code && info->si_pid == getpid();
}

/* --- init and fini -------------------------------------------------------*/

static bool signo_ok(int signo)
{
    switch (signo) {
    case SIGKILL: /* cannot be caught */
    case SIGSTOP:
    case SIGCONT: /* sending it wakes a stopped process */
    case SIGSEGV: /* raised by an instruction, which would be run again */
    case SIGBUS:
    case SIGFPE:
    case SIGILL:
    case SIGTRAP:
    case SIGSYS:
    case SIGABRT: /* abort() must not return */ return false;
    default: return signo > 0 && signo < NSIG && yank_posix_signo_ok(signo);
    }
}

static void remember(const struct sigaction *old)
{
    bool full = (old->sa_flags & SA_SIGINFO) != 0;
    bool none =
        !full && (old->sa_handler == SIG_DFL || old->sa_handler == SIG_IGN);

    before = *old;
    atomic_store_explicit(&previous_info, full ? old->sa_sigaction : NULL,
                          memory_order_relaxed);
    atomic_store_explicit(&previous_plain,
                          full || none ? NULL : old->sa_handler,
                          memory_order_relaxed);
}

static int install(int signo)
{
    struct sigaction old;

    if (yank_posix_is_installed(signo, on_signal)) {
        installed = true; /* it was given back to us: before still holds */
        left_at = 0;
        return YANK_OK;
    }
    /* Whoever took the signal over may chain to us.  Chaining to him in turn
     * would never end. */
    if (signo == left_at)
        return YANK_ESIGNAL;
    /* Read first: the handler may run before the call that installs it
     * returns, and must know by then whom to forward to. */
    if (sigaction(signo, NULL, &old) != 0)
        return YANK_EOS;
    remember(&old);
    installed = yank_posix_install(signo, on_signal) == YANK_OK;
    return installed ? YANK_OK : YANK_EOS;
}

int yank_os_init(const struct yank_options *options, int *signo)
{
    int n = *signo != 0 ? *signo : SIGURG, rc = YANK_OK;

    if (!YANK_ASYNC)
        return YANK_OK; /* no kick is ever sent: the signal is not ours */
    if (!signo_ok(n))
        return YANK_ESIGNAL;
    atomic_store_explicit(&kick_signo, n, memory_order_relaxed);
    if (!options->host_owns_signal)
        rc = install(n);
    if (rc != YANK_OK)
        atomic_store_explicit(&kick_signo, 0, memory_order_relaxed);
    else
        *signo = n;
    return rc;
}

void yank_os_fini(void)
{
    int signo = yank_posix_signo();

    if (installed && yank_posix_is_installed(signo, on_signal)) {
        sigaction(signo, &before, NULL);
    } else if (installed) {
        left_at = signo;
        yank_log("yank: the kick signal has another handler by now; it stays");
    }
    installed = false;
    atomic_store_explicit(&kick_signo, 0, memory_order_relaxed);
}
