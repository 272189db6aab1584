/* Vector blocks: where the vector registers of stopped Gs wait.  An M has one
 * spare for the next stop, refilled on g0; more than a few that came back go
 * to a pool.  The memory comes from pages and not from the heap, whose lock
 * the code that was just stopped may hold. */
#include "core.h"

#define SLAB_BLOCKS 16
#define CACHE_MAX 4

struct slab {
    struct slab *next;
    size_t bytes;
};

static _Atomic uint32_t pool_lock;
static struct yank_vector_block *pool; /* both under the lock */
static struct slab *slabs;

static size_t block_bytes(void)
{
    return (yank_arch_block_bytes() + 63) & ~(size_t)63;
}

static void grow_pool(void)
{
    size_t bytes = 64 + SLAB_BLOCKS * block_bytes();
    struct slab *s = yank_os_pages(bytes);

    if (s == NULL)
        return;
    s->bytes = bytes;
    s->next = slabs;
    slabs = s;
    for (int i = 0; i < SLAB_BLOCKS; i++) {
        struct yank_vector_block *b =
            (void *)((char *)s + 64 + (size_t)i * block_bytes());

        yank_arch_block_init(b);
        b->next = pool;
        pool = b;
    }
}

static struct yank_vector_block *from_pool(void)
{
    yank_lock(&pool_lock);
    if (pool == NULL)
        grow_pool();
    struct yank_vector_block *b = pool;
    if (b != NULL) {
        pool = b->next;
        b->next = NULL; /* alone: yank_free_blocks() walks to the end */
    }
    yank_unlock(&pool_lock);
    return b;
}

void yank_free_blocks(struct yank_vector_block *list)
{
    struct yank_vector_block *last = list;

    if (list == NULL)
        return;
    while (last->next != NULL)
        last = last->next;
    yank_lock(&pool_lock);
    last->next = pool;
    pool = list;
    yank_unlock(&pool_lock);
}

static void trim_cache(struct yank_m *m)
{
    struct yank_vector_block *b = m->cache;

    for (int i = 1; b != NULL && i < CACHE_MAX; i++)
        b = b->next;
    if (b == NULL || b->next == NULL)
        return;
    yank_free_blocks(b->next);
    b->next = NULL;
}

void yank_refill_block(struct yank_m *m)
{
    if (!yank_push_call_supported)
        return;
    trim_cache(m);
    if (m->spare != NULL)
        return;
    if (m->cache != NULL) {
        m->spare = m->cache;
        m->cache = m->spare->next;
        m->spare->next = NULL;
    } else {
        m->spare = from_pool();
    }
}

void yank_drop_dead_blocks(struct yank_m *m, struct yank_g *g)
{
    struct yank_vector_block *top = g->blocks, *b;

    /* The stack grows down: a frame that still exists lies above ours. */
    while (top != NULL && (b = top->next) != NULL &&
           b->frame_sp <= top->frame_sp) {
        top->next = b->next;
        b->next = m->cache;
        m->cache = b;
    }
}

void yank_drop_blocks_below(struct yank_m *m, struct yank_g *g, uintptr_t sp)
{
    struct yank_vector_block *b;

    while ((b = g->blocks) != NULL && b->frame_sp < sp) {
        g->blocks = b->next;
        b->next = m->cache;
        m->cache = b;
    }
}

void yank_blocks_fini(void)
{
    while (slabs != NULL) {
        struct slab *s = slabs;

        slabs = s->next;
        yank_os_pages_free(s, s->bytes);
    }
    pool = NULL;
}

void yank_blocks_lock(void)
{
    yank_lock(&pool_lock);
}

void yank_blocks_unlock(void)
{
    yank_unlock(&pool_lock);
}
