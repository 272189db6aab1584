/* Threads for the scheduler's Ms and the monitor. */
#define _GNU_SOURCE
#include "posix.h"

#include <errno.h>
#include <pthread.h>

struct started {
    pthread_t thread;
    void (*fn)(void *);
    void *arg;
    uint64_t mask; /* the creator's */
};
_Static_assert(sizeof(struct started) <= sizeof(struct yank_os_thread),
               "the opaque bytes hold it");

static void *thread_main(void *arg)
{
    struct started *s = arg;

    yank_posix_born_with(s->mask);
    s->fn(s->arg);
    return NULL;
}

/* The child starts with every signal blocked except those that an instruction
 * raises, so no kick and no handler of the application's meets a thread that is
 * half set up.  yank_os_m_init() then gives it the mask its creator has, less
 * the kick; a thread that never attaches takes no signals at all. */
int yank_os_thread_start(struct yank_os_thread *t, void (*fn)(void *),
                         void *arg)
{
    static const int raised[] = { SIGSEGV, SIGBUS,  SIGFPE,
                                  SIGILL,  SIGTRAP, SIGSYS };
    struct started *s = (struct started *)(void *)t;
    sigset_t blocked, old;
    int error;

    sigfillset(&blocked);
    for (size_t i = 0; i < YANK_ARRAY_LEN(raised); i++)
        sigdelset(&blocked, raised[i]);
    pthread_sigmask(SIG_SETMASK, &blocked, &old);
    *s = (struct started){ .fn = fn, .arg = arg };
    /* What a thread that takes no signals starts inherits from its creator. */
    if (!yank_posix_born_mask(&s->mask))
        s->mask = yank_posix_mask_word(&old);
    error = pthread_create(&s->thread, NULL, thread_main, s);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    switch (error) {
    case 0: return YANK_OK;
    case EAGAIN: return YANK_EAGAIN; /* memory, or a limit on threads */
    default: return YANK_EOS;
    }
}

void yank_os_thread_join(struct yank_os_thread *t)
{
    pthread_join(((struct started *)(void *)t)->thread, NULL);
}

int yank_os_atfork(void (*prepare)(void), void (*parent)(void),
                   void (*child)(void))
{
    return pthread_atfork(prepare, parent, child) == 0 ? YANK_OK : YANK_ENOMEM;
}
