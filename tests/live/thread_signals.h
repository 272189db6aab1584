/* What belongs to a thread in the kernel and not to the code it runs: its
 * signal mask and its signal stack.  No stop may change them. */
#ifndef YANK_TESTS_THREAD_SIGNALS_H
#define YANK_TESTS_THREAD_SIGNALS_H

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>

#include "thread.h"

struct thread_signals {
    sigset_t mask;
    stack_t stack;
};

static inline void thread_signals_look(struct thread_signals *now)
{
    memset(now, 0, sizeof *now);
    pthread_sigmask(SIG_BLOCK, NULL, &now->mask);
    sigaltstack(NULL, &now->stack);
}

static inline bool thread_signals_changed(const struct thread_signals *before)
{
    struct thread_signals now;

    thread_signals_look(&now);
    return memcmp(&now.mask, &before->mask, sizeof now.mask) != 0 ||
           now.stack.ss_sp != before->stack.ss_sp ||
           now.stack.ss_size != before->stack.ss_size ||
           now.stack.ss_flags != before->stack.ss_flags;
}

static inline void thread_signals_block(int signo)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, signo);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
}

static inline void thread_signals_send(const struct test_thread *t, int signo)
{
    pthread_kill(*(const pthread_t *)(const void *)t->opaque, signo);
}

#endif
