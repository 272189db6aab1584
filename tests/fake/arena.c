#define _GNU_SOURCE
#include "arena.h"
#include "fake.h"

#include <string.h>
#include <sys/mman.h>

#define ARENA_AT 0x200000000000
#define ARENA_BYTES (64 * 1024)

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ARENA_ASAN 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__)
#define ARENA_ASAN 1
#endif
#ifdef ARENA_ASAN
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(p, n) ((void)(p), (void)(n))
#define ASAN_UNPOISON_MEMORY_REGION(p, n) ((void)(p), (void)(n))
#endif

static char *arena;
static size_t used, live;
static struct {
    unsigned char *p;
    size_t bytes;
} released[256];
static unsigned releases;

void *arena_map(size_t bytes)
{
    static char *next = (char *)ARENA_AT;
    void *p = mmap(next, bytes, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    must(p != MAP_FAILED);
    next += (bytes + 0xfffff) & ~(size_t)0xfffff;
    return p;
}

void arena_reset(void)
{
    if (arena == NULL)
        arena = arena_map(ARENA_BYTES);
    ASAN_UNPOISON_MEMORY_REGION(arena, used);
    used = live = 0;
    releases = 0;
}

void *arena_alloc(void *ctx, size_t bytes)
{
    (void)ctx;
    used = (used + 63) & ~(size_t)63; /* a G wants 64 */
    void *p = arena + used;

    if (bytes > ARENA_BYTES || used + bytes + 15 > ARENA_BYTES)
        return NULL;
    memset(p, 0xa5, bytes);
    used += (bytes + 15) & ~(size_t)15;
    live += bytes;
    return p;
}

void arena_release(void *ctx, void *p, size_t bytes)
{
    (void)ctx;
    fake_flush(fake.cur); /* its own stores come before its own free */
    must((char *)p >= arena && (char *)p < arena + used && live >= bytes);
    memset(p, 0xdd, bytes);
    if (releases < YANK_ARRAY_LEN(released)) {
        released[releases].p = p;
        released[releases++].bytes = bytes;
    }
    ASAN_POISON_MEMORY_REGION(p, bytes);
    live -= bytes;
}

size_t arena_in_use(void)
{
    return live;
}

void arena_check(void)
{
    for (unsigned i = 0; i < releases; i++) {
        ASAN_UNPOISON_MEMORY_REGION(released[i].p, released[i].bytes);
        for (size_t k = 0; k < released[i].bytes; k++)
            if (released[i].p[k] != 0xdd)
                fake_fail(__FILE__, __LINE__, "a write after the release");
    }
}
