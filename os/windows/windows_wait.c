/* Sleep and wake on a word: WaitOnAddress(), of Windows 8 and later. */
#include "windows.h"

#include <synchapi.h>

#define MS 1000000

/* Rounded up, or the last part of the time would be spent in a loop. */
static DWORD ms_until(int64_t deadline_ns)
{
    int64_t now = yank_now_ns(), ms;

    if (deadline_ns <= now)
        return 0;
    ms = (deadline_ns - now - 1) / MS + 1;
    return ms < INFINITE ? (DWORD)ms : INFINITE - 1;
}

void yank_os_wait(_Atomic uint32_t *word, uint32_t old, int64_t deadline_ns)
{
    DWORD error = GetLastError();
    DWORD ms = deadline_ns == YANK_NO_DEADLINE ? INFINITE
                                               : ms_until(deadline_ns);

    if (ms != 0)
        WaitOnAddress((volatile void *)word, &old, sizeof old, ms);
    SetLastError(error);
}

void yank_os_wake(_Atomic uint32_t *word)
{
    DWORD error = GetLastError();

    WakeByAddressAll((void *)word);
    SetLastError(error);
}
