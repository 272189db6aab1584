/* Blocks from malloc in a list.  None of this is registered code, so no task
 * is ever stopped in here and the list is always whole. */
#include "arena.h"

#include <stdlib.h>

struct block {
    struct block *prev, *next;
};

struct arena {
    struct block all; /* a ring */
    size_t used, limit;
};

struct arena *arena_new(size_t limit)
{
    struct arena *a = malloc(sizeof *a);

    if (a != NULL) {
        *a = (struct arena){ .limit = limit };
        a->all.prev = a->all.next = &a->all;
    }
    return a;
}

static void unlink_block(struct block *b)
{
    b->prev->next = b->next;
    b->next->prev = b->prev;
}

static void link_block(struct arena *a, struct block *b)
{
    b->next = &a->all;
    b->prev = a->all.prev;
    b->prev->next = b->next->prev = b;
}

static void *resize(struct arena *a, struct block *old, size_t size)
{
    struct block *b;

    if (old != NULL)
        unlink_block(old);
    b = realloc(old, sizeof *b + size);
    if (b != NULL)
        link_block(a, b);
    else if (old != NULL)
        link_block(a, old); /* still there, as it was */
    return b != NULL ? b + 1 : NULL;
}

void *arena_lua(void *arena, void *p, size_t old_size, size_t new_size)
{
    struct arena *a = arena;
    struct block *old = p == NULL ? NULL : (struct block *)p - 1;
    void *q;

    if (old == NULL)
        old_size = 0; /* Lua says the kind of object then */
    if (new_size == 0) {
        if (old != NULL)
            unlink_block(old);
        free(old);
        a->used -= old_size;
        return NULL;
    }
    if (new_size > old_size && new_size - old_size > a->limit - a->used)
        return NULL;
    q = resize(a, old, new_size);
    if (q != NULL)
        a->used += new_size - old_size;
    return q;
}

void arena_free(struct arena *a)
{
    while (a->all.next != &a->all) {
        struct block *b = a->all.next;

        unlink_block(b);
        free(b);
    }
    free(a);
}
