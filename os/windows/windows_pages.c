/* Pages and stacks from VirtualAlloc(): no lock of the C library is taken,
 * which g0 needs.
 *
 * A stack, from below:
 *   [no access]
 *   lo  [reserve, not there][guard page]   yank_os_stack_reserve_bytes
 *       [usable]
 *   hi  [no access]
 * While a G runs on it the thread's environment block says {hi, lo + reserve,
 * lo}, as of any stack of the system's that has grown so far.  So the system
 * takes the guard page for one of its own: the access makes the stack grow
 * into the reserve, and what is too far down raises a stack overflow with room
 * left for the frames of the exception. */
#include "windows.h"

#define PAGE_BYTES ((size_t)4096) /* amd64 and arm64 */

const size_t yank_os_stack_reserve_bytes = 4 * PAGE_BYTES;

/* 0: too much. */
static size_t whole_pages(size_t bytes)
{
    return bytes > SIZE_MAX - 8 * PAGE_BYTES
               ? 0
               : (bytes + PAGE_BYTES - 1) & ~(PAGE_BYTES - 1);
}

void *yank_os_pages(size_t bytes)
{
    return bytes == 0 ? NULL
                      : VirtualAlloc(NULL, bytes, MEM_RESERVE | MEM_COMMIT,
                                     PAGE_READWRITE);
}

void yank_os_pages_free(void *p, size_t bytes)
{
    (void)bytes;
    if (p != NULL)
        VirtualFree(p, 0, MEM_RELEASE);
}

static bool commit(uintptr_t lo, uintptr_t hi, DWORD protection)
{
    return VirtualAlloc((void *)lo, hi - lo, MEM_COMMIT, protection) != NULL;
}

/* Where the guard page begins. */
static uintptr_t guard_lo(uintptr_t lo)
{
    return lo + yank_os_stack_reserve_bytes - PAGE_BYTES;
}

static bool commit_guard(uintptr_t lo)
{
    return commit(guard_lo(lo), guard_lo(lo) + PAGE_BYTES,
                  PAGE_READWRITE | PAGE_GUARD);
}

int yank_os_stack_alloc(size_t bytes, struct yank_stack *out)
{
    size_t whole = whole_pages(bytes), reserve = yank_os_stack_reserve_bytes;
    size_t all = PAGE_BYTES + reserve + whole + PAGE_BYTES;
    char *p;

    if (whole == 0)
        return bytes == 0 ? YANK_EINVAL : YANK_ENOMEM;
    /* Not PAGE_NOACCESS: when Wine 8 makes a stack grow, the new page has the
     * protection that the reserve was made with. */
    p = VirtualAlloc(NULL, all, MEM_RESERVE, PAGE_READWRITE);
    if (p == NULL)
        return YANK_ENOMEM;
    uintptr_t lo = (uintptr_t)p + PAGE_BYTES, hi = lo + reserve + whole;

    if (!commit(lo + reserve, hi, PAGE_READWRITE) || !commit_guard(lo)) {
        VirtualFree(p, 0, MEM_RELEASE);
        return YANK_ENOMEM;
    }
    *out = (struct yank_stack){ lo, hi };
    return YANK_OK;
}

void yank_os_stack_free(const struct yank_stack *stack)
{
    VirtualFree((void *)(stack->lo - PAGE_BYTES), 0, MEM_RELEASE);
}

bool yank_os_in_guard(uintptr_t lo, uintptr_t addr)
{
    return addr >= lo - PAGE_BYTES && addr < lo + yank_os_stack_reserve_bytes;
}

/* Most stacks come back whole, and one question says so. */
void yank_os_stack_renew(const struct yank_stack *stack)
{
    uintptr_t lo = stack->lo;
    MEMORY_BASIC_INFORMATION info;

    if (VirtualQuery((void *)guard_lo(lo), &info, sizeof info) != 0 &&
        info.State == MEM_COMMIT && (info.Protect & PAGE_GUARD) != 0)
        return;
    VirtualFree((void *)lo, guard_lo(lo) - lo, MEM_DECOMMIT);
    /* It is committed already, so this cannot lack memory. */
    commit_guard(lo);
}
