/* Windows: what a host that suspends or ends threads itself shares with Yank.
 * On other systems none of these is there.
 *
 * A kick suspends a thread.  Two threads that suspend each other never go on,
 * and a thread that is suspended while it ends the process leaves one that
 * can be neither used nor removed.  So whoever suspends threads of the process
 * (a collector, a profiler) takes turns with Yank, and Yank is told of the end
 * of the process. */
#ifndef YANK_WINDOWS_H
#define YANK_WINDOWS_H

#include "yank.h"

YANK_BEGIN_DECLS

/* The lock to hold from SuspendThread() until GetThreadContext() has returned,
 * which is the wait for the suspension to have happened; whoever sets the
 * context afterwards holds it until ResumeThread(), or a kick's edit could be
 * undone.  Meanwhile all kicks wait.  Not recursive.  False: the process
 * exits; nothing is locked, and no thread may be suspended any more.
 * From SuspendThread() to ResumeThread() take no lock, no heap, no stdio: the
 * thread may hold any of them; and call nothing of Yank's but the unlock.
 * Context: any thread, attached or not, before init and after fini too; not in
 *          an exception handler or an APC
 * AS-safe: no
 * Blocks : while another suspends, for microseconds
 * Errors : none; the last error is kept
 * Origin : go@957259b7 os_windows.go:suspendLock */
YANK_API bool yank_windows_suspend_lock(void);
/* One store.  Context: who holds it.  AS-safe: as the lock. */
YANK_API void yank_windows_suspend_unlock(void);

/* The process ends: from the return on no kick suspends anything, and the lock
 * above says no.  A repeated call does nothing.  exit() and a return from
 * main() call it, from a handler that yank_init() registers with atexit(); a
 * host that calls ExitProcess() itself, or whose Yank sits in a DLL, where
 * atexit() comes after the threads' end, calls it first.  Without it: call
 * ExitProcess() in a blocking region (yank_blocking_enter()), where a G gets
 * no kick.
 * Context: any thread that does not hold the lock
 * AS-safe: no
 * Blocks : as the lock
 * Errors : none; the last error is kept
 * Origin : go@b89b4623 os_windows.go:exit */
YANK_API void yank_windows_exiting(void);

YANK_END_DECLS

#endif
