/* Stacks of tasks: mapped with guard pages, and a few kept for the next task
 * that wants about as much. */
#include "asan.h"
#include "scheduler.h"

static bool from_cache(struct yank_sched *s, size_t bytes,
                       struct yank_stack *out)
{
    bool found = false;

    yank_lock(&s->lock);
    /* The last one put back first: its pages are warm. */
    for (unsigned i = s->n_stacks; i-- > 0 && !found;) {
        size_t has = s->stacks[i].hi - s->stacks[i].lo;

        if (has < bytes || has / 2 > bytes)
            continue;
        *out = s->stacks[i];
        s->stacks[i] = s->stacks[--s->n_stacks];
        found = true;
    }
    yank_unlock(&s->lock);
    return found;
}

int yank_task_stack_get(struct yank_sched *s, size_t bytes,
                        struct yank_stack *out)
{
    if (from_cache(s, bytes, out))
        return YANK_OK;
    return yank_os_stack_alloc(bytes, out);
}

void yank_task_stack_put(struct yank_sched *s, const struct yank_stack *stack)
{
    bool kept = false;

    yank_os_stack_renew(stack);
    /* The frames of a task that did not return are poisoned still. */
    YANK_ASAN_UNPOISON(stack->lo, stack->hi - stack->lo);
    yank_lock(&s->lock);
    if (s->n_stacks < YANK_STACK_CACHE) {
        s->stacks[s->n_stacks++] = *stack;
        kept = true;
    }
    yank_unlock(&s->lock);
    if (!kept)
        yank_os_stack_free(stack);
}

void yank_task_stacks_free(struct yank_sched *s)
{
    while (s->n_stacks > 0)
        yank_os_stack_free(&s->stacks[--s->n_stacks]);
}
