/* A handler for the traps of one's own thread, and the context that it finds
 * and may edit. */
#ifndef YANK_TESTS_TRAP_H
#define YANK_TESTS_TRAP_H

#include "os/posix/posix.h"

/* Does the handler leave alone what lies below the SP? */
enum { TRAP_OFF_STACK = true };

static void (*trap_fn)(void *context);

static inline void trap_handler(int signo, siginfo_t *info, void *ucontext)
{
    (void)signo;
    (void)info;
    trap_fn(ucontext);
}

/* fn runs at each trap.  bytes: how far behind an instruction that traps by
 * itself the CPU leaves the PC, and fn finds it. */
static inline bool trap_begin(void (*fn)(void *context), unsigned bytes)
{
    struct sigaction sa = { .sa_sigaction = trap_handler,
                            .sa_flags = SA_SIGINFO | SA_ONSTACK };

    (void)bytes;
    trap_fn = fn;
    sigfillset(&sa.sa_mask);
    return sigaction(SIGTRAP, &sa, NULL) == 0;
}

static inline void trap_load(void *context, struct yank_regs *r)
{
    yank_posix_load(context, r);
}

static inline void trap_store(void *context, const struct yank_regs *r)
{
    yank_posix_store(context, r);
}

#endif
