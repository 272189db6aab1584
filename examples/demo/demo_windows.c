/* What other systems have by other names. */
#include "demo.h"

#include <windows.h>

bool demo_place(int which)
{
    static DWORD_PTR allowed; /* before the first of us was placed */
    DWORD_PTR of_system;

    if (allowed == 0 &&
        !GetProcessAffinityMask(GetCurrentProcess(), &allowed, &of_system))
        return false;
    for (DWORD_PTR bit = 1; bit != 0; bit <<= 1)
        if ((allowed & bit) != 0 && which-- == 0)
            return SetThreadAffinityMask(GetCurrentThread(), bit) != 0;
    return false;
}

/* Sleep() knows milliseconds; the first of them are more than is meant. */
void demo_sleep_ns(int64_t ns)
{
    Sleep((DWORD)((ns + 999999) / 1000000));
}

bool demo_has_terminal(void)
{
    HANDLE console = GetStdHandle(STD_ERROR_HANDLE);
    DWORD mode;

    return GetConsoleMode(console, &mode) &&
           SetConsoleMode(console, mode | ENABLE_VIRTUAL_TERMINAL_PROCESSING);
}

bool demo_terminal_size(int *rows, int *columns)
{
    CONSOLE_SCREEN_BUFFER_INFO info;

    if (!GetConsoleScreenBufferInfo(GetStdHandle(STD_ERROR_HANDLE), &info))
        return false;
    *rows = info.srWindow.Bottom - info.srWindow.Top + 1;
    *columns = info.srWindow.Right - info.srWindow.Left + 1;
    return true;
}

/* Its picture would have to go by way of a file name. */
bool demo_has_gnuplot(void)
{
    return false;
}

bool demo_run_gnuplot(FILE *out,
                      void (*put)(FILE *to, const struct demo_report *r),
                      const struct demo_report *r)
{
    (void)out;
    (void)put;
    (void)r;
    return false;
}
