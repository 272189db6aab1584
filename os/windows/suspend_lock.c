/* Who may suspend, and until when: a spin lock of the whole process, and the
 * end of it all.
 *
 * Why a lock: two threads that suspend each other both stay suspended.
 * SuspendThread() is only a request, so it is held until GetThreadContext()
 * has returned, which waits until the thread is off its processor.  Who is
 * suspended then does not hold the lock, since it would have to be held by
 * who suspended; so it is always let go of.
 * Origin: go@957259b7 os_windows.go:suspendLock, go@b89b4623 exit. */
#include "../../arch/arch.h"
#include "windows.h"

#include <stdlib.h>

/* Waiting: this often look again at once, then with others in between, then
 * after the system's shortest sleep, or a holder of lower priority would never
 * run. */
#define LOOKS 64
#define YIELDS 64

static _Atomic uint32_t suspend_lock;
/* Written under the lock, once, or when nobody else is left. */
static _Atomic bool exiting;
/* RtlDllShutdownInProgress(); null: the system has it not. */
static BOOLEAN(NTAPI *is_shut_down)(void);

void yank_windows_lock(_Atomic uint32_t *word)
{
    DWORD error = GetLastError();

    /* Acquire: pairs with the release in yank_windows_unlock(). */
    for (unsigned n = 0;
         atomic_exchange_explicit(word, 1, memory_order_acquire) != 0; n++) {
        if (n < LOOKS)
            yank_arch_pause();
        else if (n < LOOKS + YIELDS)
            SwitchToThread();
        else
            Sleep(1);
    }
    SetLastError(error);
}

/* A store and no more: the holder may have a thread suspended that has a lock
 * of the system's (go issue 80982, a release that did more). */
void yank_windows_unlock(_Atomic uint32_t *word)
{
    atomic_store_explicit(word, 0, memory_order_release);
}

bool yank_windows_suspend_lock(void)
{
    yank_windows_lock(&suspend_lock);
    /* Relaxed: written under the lock. */
    if (!atomic_load_explicit(&exiting, memory_order_relaxed))
        return true;
    yank_windows_unlock(&suspend_lock);
    return false;
}

void yank_windows_suspend_unlock(void)
{
    yank_windows_unlock(&suspend_lock);
}

/* Who gets the lock is not suspended, and will not be: ExitProcess() ends the
 * other threads, who could not resume it, and then goes on alone (go issue
 * 35775). */
void yank_windows_exiting(void)
{
    /* The other threads are gone, one of them perhaps with the lock: a direct
     * ExitProcess() calls what atexit() was told in a DLL, and msvcrt.dll's. */
    if (is_shut_down != NULL && is_shut_down()) {
        atomic_store_explicit(&exiting, true, memory_order_relaxed);
        return;
    }
    yank_windows_lock(&suspend_lock);
    atomic_store_explicit(&exiting, true, memory_order_relaxed);
    yank_windows_unlock(&suspend_lock);
}

int yank_windows_guard_exit(void)
{
    static _Atomic bool registered;
    HMODULE ntdll = GetModuleHandleW(L"ntdll.dll");

    if (ntdll != NULL)
        is_shut_down = (BOOLEAN(NTAPI *)(void))(uintptr_t)GetProcAddress(
            ntdll, "RtlDllShutdownInProgress");
    /* Relaxed: only has to be done once. */
    if (atomic_exchange_explicit(&registered, true, memory_order_relaxed) ||
        atexit(yank_windows_exiting) == 0)
        return YANK_OK;
    atomic_store_explicit(&registered, false, memory_order_relaxed);
    return YANK_ENOMEM;
}
