/* A CPU that arch/ does not know: kicks are never sent, and nothing here is
 * called but by tests of the backend alone, which edit no context. */
#include "windows.h"

const DWORD yank_windows_context_flags = CONTEXT_CONTROL;

void yank_windows_load(const CONTEXT *c, struct yank_regs *r)
{
    (void)c;
    (void)r;
}

void yank_windows_store(CONTEXT *c, const struct yank_regs *r)
{
    (void)c;
    (void)r;
}
