/* Does a thread sleep in the kernel?  The third field of its stat file says
 * so: S or D.  System calls only, no stdio. */
#define _GNU_SOURCE
#include "../os.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define PATH_BYTES 64
#define STAT_BYTES 256 /* the name before the state has 15 bytes at most */

static void stat_path(char path[PATH_BYTES], uintptr_t tid)
{
    static const char before[] = "/proc/self/task/", after[] = "/stat";
    char digits[24];
    size_t i = sizeof digits, n = sizeof digits;

    do
        digits[--i] = (char)('0' + tid % 10);
    while ((tid /= 10) != 0);
    n -= i;
    memcpy(path, before, sizeof before - 1);
    memcpy(path + sizeof before - 1, digits + i, n);
    memcpy(path + sizeof before - 1 + n, after, sizeof after);
}

static int state_of(const char *stat)
{
    /* "tid (name) S ...": the name may hold any character. */
    const char *end = strrchr(stat, ')');

    if (end == NULL || end[1] != ' ')
        return -1;
    return end[2] == 'S' || end[2] == 'D';
}

int yank_os_thread_sleeps(const struct yank_m *m)
{
    /* Relaxed: a number, m stays attached. */
    uintptr_t tid = atomic_load_explicit(&m->os_id, memory_order_relaxed);
    char path[PATH_BYTES], stat[STAT_BYTES];
    int saved_errno = errno, fd, sleeps = -1;
    ssize_t n;

    /* An emulator's thread also sleeps for the emulator's own locks (QEMU, at
     * each new block of code). */
    if (yank_os_kick_scale() > 1)
        return -1;
    stat_path(path, tid);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd >= 0) {
        n = read(fd, stat, sizeof stat - 1);
        close(fd);
        stat[n > 0 ? n : 0] = '\0';
        sleeps = state_of(stat);
    }
    errno = saved_errno;
    return sleeps;
}
