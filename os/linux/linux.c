/* Linux, but for signals: threads by number, processors, environment, and
 * whether this is Linux at all. */
#define _GNU_SOURCE
#include "../posix/posix.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

const char *const yank_os_name = "linux";

/* Not gettid(): glibc has it since 2.30, musl since 1.2. */
uintptr_t yank_posix_thread_id(void)
{
    return (uintptr_t)syscall(SYS_gettid);
}

const char *yank_posix_env(const char *name)
{
    return secure_getenv(name);
}

unsigned yank_os_processors(void)
{
    /* The kernel refuses a set smaller than its own; 65,536 processors are
     * more than it can be built for. */
    unsigned long set[65536 / (8 * sizeof(unsigned long))];
    long bytes = syscall(SYS_sched_getaffinity, 0, sizeof set, set);
    unsigned n = 0;

    for (long i = 0; i * (long)sizeof set[0] < bytes; i++)
        n += (unsigned)__builtin_popcountl(set[i]);
    return n != 0 ? n : 1;
}

/* /proc/self/exe and the same link of this thread's own folder are one thing.
 * User-mode emulators answer the first themselves, with the name of the
 * program they run, and let the second through to the kernel, which says what
 * really runs: qemu-user 7.2 and Valgrind 3.19.  Neither the auxiliary
 * vector nor uname tells them from an old kernel.
 * Without /proc the answer is 1: deadlines are then too short, and some kicks
 * are sent twice, which is harmless. */
static bool emulated(void)
{
    char name[64], program[512], runs[512];
    ssize_t a, b;

    snprintf(name, sizeof name, "/proc/self/task/%ld/exe",
             (long)syscall(SYS_gettid));
    a = readlink("/proc/self/exe", program, sizeof program);
    b = readlink(name, runs, sizeof runs);
    return a > 0 && b > 0 && (a != b || memcmp(program, runs, (size_t)a) != 0);
}

unsigned yank_os_kick_scale(void)
{
    /* 0: not looked yet.  Relaxed: whoever looks finds the same. */
    static _Atomic unsigned scale;
    unsigned s = atomic_load_explicit(&scale, memory_order_relaxed);

    if (s == 0) {
        s = emulated() ? 20 : 1;
        atomic_store_explicit(&scale, s, memory_order_relaxed);
    }
    return s;
}
