/* What Windows gives in one call: clock, errno, environment, processors, and
 * the last words. */
#include "windows.h"

#include <errno.h>
#include <string.h>

const char *const yank_os_name = "windows";

const char *yank_os_kick_name(void)
{
    return yank_windows_by_apc() ? "apc" : "suspend";
}

uint32_t yank_os_caps(void)
{
    return YANK_CAP_ASYNC | YANK_CAP_STACK_SWITCH | YANK_CAP_THREADS |
           (yank_windows_by_apc() ? 0 : YANK_CAP_SYNC_KICK);
}

/* Ticks per second are constant from boot on; neither call can fail since
 * Windows XP.  Apart, since ticks * 10^9 overflows within the hour. */
int64_t yank_now_ns(void)
{
    LARGE_INTEGER per_s, now;

    QueryPerformanceFrequency(&per_s);
    QueryPerformanceCounter(&now);
    return now.QuadPart / per_s.QuadPart * 1000000000 +
           now.QuadPart % per_s.QuadPart * 1000000000 / per_s.QuadPart;
}

/* Both: code that was stopped may be about to ask for either.
 * Not folded into callers, as in os/posix/posix.c. */
__attribute__((noinline)) int64_t yank_os_errno(void)
{
    uint64_t last = GetLastError(); /* first: the C library may set it */
    uint32_t c;

    __asm__ volatile("" ::: "memory");
    c = (uint32_t)errno;
    SetLastError((DWORD)last);
    return (int64_t)(last << 32 | c);
}

__attribute__((noinline)) void yank_os_set_errno(int64_t value)
{
    __asm__ volatile("" ::: "memory");
    errno = (int)(uint32_t)value;
    SetLastError((DWORD)((uint64_t)value >> 32));
}

/* --- environment and processors ------------------------------------------*/

static bool list_has(const char *list, const char *item)
{
    size_t wanted = strlen(item);

    while (*list != '\0') {
        size_t n = strcspn(list, ",");

        if (n == wanted && memcmp(list, item, n) == 0)
            return true;
        list += n + (list[n] == ',');
    }
    return false;
}

/* There are no set-user-id programs.  A list that does not fit is none. */
bool yank_os_env_has(const char *item)
{
    DWORD error = GetLastError(), n;
    WCHAR wide[512];
    char list[YANK_ARRAY_LEN(wide)];

    /* W, here and elsewhere: what Wine 8 for arm64 does for A loses x18, where
     * all code finds the thread's own. */
    n = GetEnvironmentVariableW(L"YANKDEBUG", wide, YANK_ARRAY_LEN(wide));
    SetLastError(error);
    if (n == 0 || n >= YANK_ARRAY_LEN(wide))
        return false;
    for (DWORD i = 0; i <= n; i++)
        list[i] = (char)(wide[i] < 128 ? wide[i] : '?');
    return list_has(list, item);
}

unsigned yank_os_processors(void)
{
    DWORD_PTR may = 0, all = 0;
    unsigned n = 0;

    /* Both masks speak of one group of 64, and are 0 where the process has
     * threads in several; one that was not restricted has them all. */
    if (GetProcessAffinityMask(GetCurrentProcess(), &may, &all) && may != all)
        n = (unsigned)__builtin_popcountll(may);
    if (n == 0)
        n = GetActiveProcessorCount(ALL_PROCESSOR_GROUPS);
    return n != 0 ? n : 1;
}

/* Wine suspends by way of its server process, which every thread's start, end
 * and wait also goes to. */
#define WINE_SCALE 20

unsigned yank_os_kick_scale(void)
{
    /* 0: not looked yet.  Relaxed: whoever looks finds the same. */
    static _Atomic unsigned scale;
    unsigned s = atomic_load_explicit(&scale, memory_order_relaxed);

    if (s == 0) {
        HMODULE ntdll = GetModuleHandleW(L"ntdll.dll");

        s = ntdll != NULL && GetProcAddress(ntdll, "wine_get_version") != NULL
                ? WINE_SCALE
                : 1;
        atomic_store_explicit(&scale, s, memory_order_relaxed);
    }
    return s;
}

/* --- the last words ------------------------------------------------------*/

void yank_os_write_line(const char *line)
{
    DWORD error = GetLastError(), written;
    HANDLE out = GetStdHandle(STD_ERROR_HANDLE);
    size_t n = strlen(line);
    char text[512];

    /* One call, so that lines of several threads do not mix. */
    if (n > sizeof text - 1)
        n = sizeof text - 1;
    memcpy(text, line, n);
    text[n++] = '\n';
    WriteFile(out, text, (DWORD)n, &written, NULL);
    SetLastError(error);
}

/* Not abort(), which takes locks and runs exit code: a thread may be suspended
 * that holds the locks. */
_Noreturn void yank_os_abort(void)
{
    RaiseFailFastException(NULL, NULL, 0);
    for (;;) /* it does not return */
        TerminateProcess(GetCurrentProcess(), 3);
}
