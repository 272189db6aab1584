/* The interrupted registers in a Linux signal frame, amd64.  The vector state
 * stays where the kernel saved it: sigreturn brings it back before the stub
 * runs. */
#define _GNU_SOURCE
#include "../posix/posix.h"

#include <ucontext.h>

void yank_posix_load(const void *ucontext, struct yank_regs *r)
{
    const greg_t *reg = ((const ucontext_t *)ucontext)->uc_mcontext.gregs;

    r->pc = (uintptr_t)reg[REG_RIP];
    r->sp = (uintptr_t)reg[REG_RSP];
    r->fp = (uintptr_t)reg[REG_RBP];
    r->lr = 0;
    r->flags = (uint64_t)reg[REG_EFL];
}

void yank_posix_store(void *ucontext, const struct yank_regs *r)
{
    greg_t *reg = ((ucontext_t *)ucontext)->uc_mcontext.gregs;

    reg[REG_RIP] = (greg_t)r->pc;
    reg[REG_RSP] = (greg_t)r->sp;
    reg[REG_EFL] = (greg_t)r->flags;
}
