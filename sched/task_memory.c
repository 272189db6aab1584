/* Memory of tasks: slabs that are only given back when the scheduler stops,
 * and a list of tasks that nobody touches, oldest first, so that a late
 * requester has most likely left by the time one is used again. */
#include "scheduler.h"

#define ALIGN ((size_t)64)
#define SLAB 16

void *yank_alloc_aligned(size_t bytes, void **memory, size_t *memory_bytes)
{
    *memory_bytes = bytes + ALIGN;
    *memory = yank_alloc(*memory_bytes);
    if (*memory == NULL)
        return NULL;
    return (void *)(((uintptr_t)*memory + ALIGN - 1) & ~(uintptr_t)(ALIGN - 1));
}

/* --- the free list; lock held ------------------------------------------- */

static void put(struct yank_sched *s, struct yank_task *t)
{
    t->next = NULL;
    if (s->free_head == NULL)
        s->free_head = t;
    else
        s->free_tail->next = t;
    s->free_tail = t;
}

static struct yank_task *get(struct yank_sched *s)
{
    struct yank_task *t = s->free_head;

    if (t != NULL)
        s->free_head = t->next;
    return t;
}

void yank_task_drop(struct yank_sched *s, struct yank_task *t)
{
    if (t->refs == 0)
        yank_panic("yank: a task was let go of twice");
    if (--t->refs == 0)
        put(s, t);
}

/* --- slabs -------------------------------------------------------------- */

struct yank_slab {
    struct yank_slab *next;
    void *memory;
    size_t memory_bytes;
    struct yank_task task[SLAB];
};

struct yank_task *yank_task_new(struct yank_sched *s)
{
    struct yank_slab *slab;
    struct yank_task *t;
    void *memory;
    size_t bytes;

    yank_lock(&s->lock);
    t = get(s);
    yank_unlock(&s->lock);
    if (t != NULL)
        return t;
    slab = yank_alloc_aligned(sizeof *slab, &memory, &bytes);
    if (slab == NULL)
        return NULL;
    *slab = (struct yank_slab){ .memory = memory, .memory_bytes = bytes };
    yank_lock(&s->lock);
    slab->next = s->slabs;
    s->slabs = slab;
    for (unsigned i = 0; i < SLAB; i++) {
        slab->task[i].sched = s;
        put(s, &slab->task[i]);
    }
    t = get(s);
    yank_unlock(&s->lock);
    return t;
}

void yank_tasks_free(struct yank_sched *s)
{
    while (s->slabs != NULL) {
        struct yank_slab *slab = s->slabs;

        s->slabs = slab->next;
        for (unsigned i = 0; i < SLAB; i++)
            if (slab->task[i].used)
                yank_g_fini(&slab->task[i].g);
        yank_release(slab->memory, slab->memory_bytes);
    }
}
