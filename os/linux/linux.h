/* What the files of os/linux/ share. */
#ifndef YANK_LINUX_H
#define YANK_LINUX_H

#include "../posix/posix.h"

#include <ucontext.h>

/* The calling thread's signal mask and signal stack, into a frame for its
 * rt_sigreturn, which would install others.  Asked of the kernel: the thread
 * may have changed both since it attached. */
void yank_linux_own_signals(ucontext_t *uc);

#endif
