/* What the system keeps for a thread, and not for the code that it runs: here
 * the signal mask and the signal stack.  No stop and no change of thread may
 * change them.  And the application's own handler, to which each kick is
 * forwarded: how often it ran, and how often with flags of the interrupted code
 * that C does not expect. */
#ifndef YANK_TESTS_THREAD_STATE_H
#define YANK_TESTS_THREAD_STATE_H

#include "live/fidelity_cpu.h"
#include "live/thread_signals.h"

struct thread_state {
    struct thread_signals signals;
};

/* A thread of its own kind, by i. */
static inline void thread_state_begin(struct thread_state *s, int i)
{
    if (i >= 0)
        thread_signals_block(i == 0 ? SIGUSR1 : SIGUSR2);
    thread_signals_look(&s->signals);
}

static inline bool thread_state_changed(const struct thread_state *before)
{
    return thread_signals_changed(&before->signals);
}

/* Does the system believe that the thread is on the stack that ends at hi? */
static inline bool thread_state_on_stack(uintptr_t hi)
{
    (void)hi;
    return true;
}

/* As if the stack had grown; where the system believes that it ends below. */
static inline uintptr_t thread_state_grow(void)
{
    return 0;
}

static inline uintptr_t thread_state_limit(void)
{
    return 0;
}

static _Atomic int handler_runs, handler_bad_flags;

static inline void on_kick(int signo)
{
    (void)signo;
    atomic_fetch_add(&handler_runs, 1);
    if (!fidelity_flags_are_c())
        atomic_fetch_add(&handler_bad_flags, 1);
}

/* Before Yank takes the signal over. */
static inline void kick_handler_begin(void)
{
    signal(SIGURG, on_kick);
}

static inline bool kick_handler_ran_well(void)
{
    return atomic_load(&handler_runs) >= 1 &&
           atomic_load(&handler_bad_flags) == 0;
}

#endif
