/* Sleep and wake on a word.
 * No spurious-wake loop here: callers look at their word again anyway. */
#define _GNU_SOURCE
#include "../os.h"

#include <errno.h>
#include <limits.h>
#include <sys/syscall.h>
#include <unistd.h>

/* <linux/futex.h>, which musl does not bring. */
enum { PRIVATE = 128, WAKE = 1 | PRIVATE, WAIT_BITSET = 9 | PRIVATE };
#define ANY_BIT 0xffffffffu

void yank_os_wait(_Atomic uint32_t *word, uint32_t old, int64_t deadline_ns)
{
    /* As SYS_futex reads it, whatever time_t libc has. */
    struct {
        long s, ns;
    } at = { (long)(deadline_ns / 1000000000),
             (long)(deadline_ns % 1000000000) };
    int saved_errno = errno;

    if (deadline_ns <= 0)
        return; /* the clock began at 0 */
    /* WAIT_BITSET and not WAIT: its time is absolute, so a signal in between
     * does not make it longer.  CLOCK_MONOTONIC unless asked otherwise. */
    syscall(SYS_futex, word, WAIT_BITSET, old,
            deadline_ns == YANK_NO_DEADLINE ? NULL : &at, NULL, ANY_BIT);
    errno = saved_errno;
}

void yank_os_wake(_Atomic uint32_t *word)
{
    int saved_errno = errno;

    /* The kernel only takes the address as a key; EFAULT where it has none. */
    syscall(SYS_futex, word, WAKE, INT_MAX, NULL, NULL, 0);
    errno = saved_errno;
}
