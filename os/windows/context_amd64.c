/* The registers of an amd64 thread in a CONTEXT.  Vectors stay with the thread,
 * which saves them itself in the stub. */
#include "windows.h"

/* RBP is one of the integers. */
const DWORD yank_windows_context_flags = CONTEXT_CONTROL | CONTEXT_INTEGER;

void yank_windows_load(const CONTEXT *c, struct yank_regs *r)
{
    r->pc = c->Rip;
    r->sp = c->Rsp;
    r->fp = c->Rbp;
    r->lr = 0;
    r->flags = c->EFlags;
}

void yank_windows_store(CONTEXT *c, const struct yank_regs *r)
{
    c->Rip = r->pc;
    c->Rsp = r->sp;
    c->EFlags = (DWORD)r->flags;
}
