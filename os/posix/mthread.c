/* A thread becomes an M and stops being one.  Kicks are blocked from the first
 * step of either to the last, so that the handler sees all of it or nothing.
 * Origin: go@62e53b79 signal_unix.go:minitSignals, unminitSignals. */
#define _GNU_SOURCE
#include "posix.h"

/* A thread of yank_os_thread_start(): the mask of its creator, which becomes
 * its own when it first attaches.  initial-exec: nothing is allocated. */
static _Thread_local struct {
    bool set;
    uint64_t mask;
} born __attribute__((tls_model("initial-exec")));

void yank_posix_born_with(uint64_t mask)
{
    born.set = true;
    born.mask = mask;
}

bool yank_posix_born_mask(uint64_t *mask)
{
    *mask = born.mask;
    return born.set;
}

static sigset_t block_all(void)
{
    sigset_t all, old;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    return old;
}

static sigset_t own_mask(const sigset_t *old, int signo)
{
    sigset_t mask = born.set ? yank_posix_mask_set(born.mask) : *old;

    born.set = false;
    if (signo != 0)
        sigdelset(&mask, signo);
    return mask;
}

int yank_os_m_init(struct yank_m *m, const struct yank_stack *want)
{
    int signo = yank_posix_signo(), rc;
    sigset_t old = block_all(), mask;

    rc = signo != 0 ? yank_posix_sigstack_begin(m, want) : YANK_OK;
    if (rc != YANK_OK) {
        pthread_sigmask(SIG_SETMASK, &old, NULL);
        return rc;
    }
    m->kick_was_blocked = signo != 0 && sigismember(&old, signo) == 1;
    mask = own_mask(&old, signo);
    m->base_mask = yank_posix_mask_word(&mask);
    /* Release: pairs with the acquire in yank_posix_send(). */
    atomic_store_explicit(&m->os_id, yank_posix_thread_id(),
                          memory_order_release);
    yank_posix_set_self(m);
    pthread_sigmask(SIG_SETMASK, &mask, NULL);
    return YANK_OK;
}

void yank_os_m_fini(struct yank_m *m)
{
    int signo = yank_posix_signo();
    sigset_t mask = block_all();

    yank_posix_set_self(NULL);
    if (signo != 0) {
        yank_posix_drain(signo);
        yank_posix_sigstack_end(m);
        /* The mask of now, not of then: the thread may have changed it. */
        if (m->kick_was_blocked)
            sigaddset(&mask, signo);
    }
    pthread_sigmask(SIG_SETMASK, &mask, NULL);
}

void yank_os_fork_child(struct yank_m *m)
{
    /* Relaxed: there is no other thread. */
    atomic_store_explicit(&m->os_id, yank_posix_thread_id(),
                          memory_order_relaxed);
}

int yank_signal_mask_changed(void)
{
    struct yank_m *m = yank_m_self();
    sigset_t mask;

    if (m == NULL)
        return YANK_ETHREAD;
    pthread_sigmask(SIG_SETMASK, NULL, &mask);
    m->base_mask = yank_posix_mask_word(&mask);
    return YANK_OK;
}
