/* For arch/none, which injects nothing: all zero is a context that
 * yank_arch_context_ok() need not be asked about. */
#define _GNU_SOURCE
#include "../posix/posix.h"

void yank_posix_load(const void *ucontext, struct yank_regs *r)
{
    (void)ucontext;
    *r = (struct yank_regs){ 0 };
}

void yank_posix_store(void *ucontext, const struct yank_regs *r)
{
    (void)ucontext;
    (void)r;
}
