/* Pages and stacks from mmap(): no lock of libc is taken, which g0 needs. */
#define _GNU_SOURCE
#include "posix.h"

#include <sys/mman.h>
#include <unistd.h>

static size_t page_bytes(void)
{
    return (size_t)sysconf(_SC_PAGESIZE);
}

/* 0: too much. */
static size_t whole_pages(size_t bytes)
{
    size_t page = page_bytes();

    return bytes > SIZE_MAX - 4 * page ? 0 : (bytes + page - 1) & ~(page - 1);
}

static void *map(size_t bytes, int protection)
{
    void *p = mmap(NULL, bytes, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    return p == MAP_FAILED ? NULL : p;
}

void *yank_os_pages(size_t bytes)
{
    size_t whole = whole_pages(bytes);

    return whole == 0 ? NULL : map(whole, PROT_READ | PROT_WRITE);
}

void yank_os_pages_free(void *p, size_t bytes)
{
    if (p != NULL)
        munmap(p, whole_pages(bytes));
}

/* More than a page: a function with a large frame may step over one. */
#define GUARD_BYTES ((size_t)64 * 1024)

/* The kernel's frames go to the signal stack. */
const size_t yank_os_stack_reserve_bytes = 0;

static size_t guard_below(void)
{
    return whole_pages(GUARD_BYTES);
}

int yank_os_stack_alloc(size_t bytes, struct yank_stack *out)
{
    size_t whole = whole_pages(bytes), below = guard_below();
    size_t all = below + whole + page_bytes();
    char *p;

    if (whole == 0)
        return bytes == 0 ? YANK_EINVAL : YANK_ENOMEM;
    /* All of it without access first: what is not given it is the guard, also
     * above, where the next stack would begin. */
    p = all < whole ? NULL : map(all, PROT_NONE);
    if (p == NULL)
        return YANK_ENOMEM;
    if (mprotect(p + below, whole, PROT_READ | PROT_WRITE) != 0) {
        munmap(p, all);
        return YANK_ENOMEM;
    }
    out->lo = (uintptr_t)(p + below);
    out->hi = out->lo + whole;
    return YANK_OK;
}

void yank_os_stack_free(const struct yank_stack *stack)
{
    size_t below = guard_below();

    munmap((void *)(stack->lo - below),
           below + stack->hi - stack->lo + page_bytes());
}

bool yank_os_in_guard(uintptr_t lo, uintptr_t addr)
{
    return addr >= lo - GUARD_BYTES && addr < lo;
}

void yank_os_stack_renew(const struct yank_stack *stack)
{
    (void)stack;
}
