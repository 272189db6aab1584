/* Which M is this thread?  A file of its own: a caller in the same one could
 * have the address of the thread-local kept in a register across a stack
 * switch, and would then read another thread's. */
#define _GNU_SOURCE
#include "posix.h"

#include <yank/host.h>

/* initial-exec: the handler reads it, and the other models may allocate on
 * the first access.  Atomic because the reader can be a handler on top of the
 * writer. */
static _Thread_local _Atomic(struct yank_m *) self
    __attribute__((tls_model("initial-exec")));

/* Link-time optimisation sees through files; the empty asm has an effect that
 * no optimiser knows, so two calls are never folded into one. */
__attribute__((noinline)) struct yank_m *yank_m_self(void)
{
    __asm__ volatile("" ::: "memory");
    /* Relaxed: this thread's. */
    return atomic_load_explicit(&self, memory_order_relaxed);
}

__attribute__((noinline)) void yank_posix_set_self(struct yank_m *m)
{
    __asm__ volatile("" ::: "memory");
    /* Release: a handler on this thread that sees m sees it set up.  A
     * compiler fence would do, but says less. */
    atomic_store_explicit(&self, m, memory_order_release);
}
