/* What POSIX gives in one call. */
#define _GNU_SOURCE
#include "posix.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

int64_t yank_now_ns(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

const char *yank_os_kick_name(void)
{
    return "signal";
}

uint32_t yank_os_caps(void)
{
    return YANK_CAP_ASYNC | YANK_CAP_STACK_SWITCH | YANK_CAP_THREADS;
}

/* Not folded into callers by link-time optimisation, for whom its address is
 * a constant: a G may go on upon another thread. */
__attribute__((noinline)) int64_t yank_os_errno(void)
{
    __asm__ volatile("" ::: "memory");
    return errno;
}

__attribute__((noinline)) void yank_os_set_errno(int64_t value)
{
    __asm__ volatile("" ::: "memory");
    errno = (int)value;
}

bool yank_os_env_has(const char *item)
{
    const char *list = yank_posix_env("YANKDEBUG");
    size_t wanted = strlen(item);

    while (list != NULL && *list != '\0') {
        size_t n = strcspn(list, ",");

        if (n == wanted && memcmp(list, item, n) == 0)
            return true;
        list += n + (list[n] == ',');
    }
    return false;
}

void yank_os_write_line(const char *line)
{
    /* One call, so that lines of several threads do not mix. */
    struct iovec parts[] = { { (void *)(uintptr_t)line, strlen(line) },
                             { (void *)(uintptr_t) "\n", 1 } };
    int saved_errno = errno;

    while (writev(STDERR_FILENO, parts, 2) < 0 && errno == EINTR)
        ;
    errno = saved_errno;
}

_Noreturn void yank_os_abort(void)
{
    abort();
}
