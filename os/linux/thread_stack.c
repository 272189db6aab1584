/* Bounds of the calling thread's stack. */
#define _GNU_SOURCE
#include "../posix/posix.h"

#include <fcntl.h>
#include <pthread.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The kernel keeps this much free between a growing stack and the mapping
 * below: stack_guard_gap, 256 pages. */
#define GROWTH_GAP ((uintptr_t)1 << 20)

static int reported_stack(struct yank_stack *out)
{
    pthread_attr_t attr;
    size_t bytes;
    void *lo;
    int error;

    if (pthread_getattr_np(pthread_self(), &attr) != 0)
        return YANK_EOS;
    error = pthread_attr_getstack(&attr, &lo, &bytes);
    pthread_attr_destroy(&attr);
    if (error != 0)
        return YANK_EOS;
    /* Whole 16 bytes: musl's begins wherever the thread-locals end. */
    out->lo = ((uintptr_t)lo + 15) & ~(uintptr_t)15;
    out->hi = ((uintptr_t)lo + bytes) & ~(uintptr_t)15;
    return YANK_OK;
}

/* One line at a time of /proc/self/maps: "lo-hi rest". */
struct maps {
    int fd;
    size_t at, end;
    char text[1024];
};

static int next_char(struct maps *f)
{
    if (f->at == f->end) {
        ssize_t n = read(f->fd, f->text, sizeof f->text);

        if (n <= 0)
            return -1;
        f->at = 0;
        f->end = (size_t)n;
    }
    return (unsigned char)f->text[f->at++];
}

static int hex_until(struct maps *f, int end, uintptr_t *out)
{
    int c;

    *out = 0;
    while ((c = next_char(f)) >= 0 && c != end)
        *out = *out << 4 | (uintptr_t)(c <= '9' ? c - '0' : c - 'a' + 10);
    return c;
}

/* The mapping that holds the address, and where the one below it ends. */
static bool find_mapping(uintptr_t address, struct yank_stack *out,
                         uintptr_t *below)
{
    struct maps f = { .fd = open("/proc/self/maps", O_RDONLY | O_CLOEXEC) };
    bool found = false;

    if (f.fd < 0)
        return false;
    out->hi = 0;
    while (!found) {
        int c;

        *below = out->hi;
        if (hex_until(&f, '-', &out->lo) < 0 ||
            hex_until(&f, ' ', &out->hi) < 0)
            break;
        found = address >= out->lo && address < out->hi;
        while ((c = next_char(&f)) >= 0 && c != '\n')
            ;
    }
    close(f.fd);
    return found;
}

/* The first thread's stack grows: down to the limit, or to what lies below.
 * glibc says that much, musl only what is mapped already. */
static int growing_stack(struct yank_stack *out)
{
    struct rlimit limit;
    uintptr_t below, lo;

    if (!find_mapping(out->hi - 1, out, &below) ||
        getrlimit(RLIMIT_STACK, &limit) != 0)
        return YANK_EOS;
    lo = limit.rlim_cur < out->hi ? out->hi - (uintptr_t)limit.rlim_cur : 0;
    if (lo < below + GROWTH_GAP)
        lo = below + GROWTH_GAP;
    if (lo < out->lo)
        out->lo = lo;
    return YANK_OK;
}

int yank_os_thread_stack(struct yank_stack *out)
{
    struct yank_stack s;
    int rc = reported_stack(&s);

    if (rc == YANK_OK && syscall(SYS_gettid) == getpid())
        rc = growing_stack(&s);
    if (rc == YANK_OK)
        *out = s;
    return rc;
}
