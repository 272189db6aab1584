/* Who waits until when: a pairing heap through the tasks themselves, because
 * g0 may not allocate.  The first to wake is the root; of two with one time
 * the one that came first.
 *
 * heap_down is a task's first child, heap_next its next sibling, heap_up the
 * one that points to it: its previous sibling, or the parent of a first
 * child.  Merging pairs keeps removal at O(log n) amortised. */
#include "scheduler.h"

static bool before(const struct yank_task *a, const struct yank_task *b)
{
    return a->wake_ns != b->wake_ns ? a->wake_ns < b->wake_ns
                                    : a->wake_turn < b->wake_turn;
}

/* Two roots, or null, to one. */
static struct yank_task *meld(struct yank_task *a, struct yank_task *b)
{
    if (a == NULL || b == NULL)
        return a == NULL ? b : a;
    if (before(b, a)) {
        struct yank_task *t = a;

        a = b;
        b = t;
    }
    b->heap_up = a;
    b->heap_next = a->heap_down;
    if (b->heap_next != NULL)
        b->heap_next->heap_up = b;
    a->heap_down = b;
    return a;
}

static struct yank_task *cut(struct yank_task *t)
{
    struct yank_task *next = t->heap_next;

    t->heap_up = t->heap_next = NULL;
    return next;
}

/* A list of siblings to one root: pairs from the left, then all from the
 * right. */
static struct yank_task *meld_all(struct yank_task *first)
{
    struct yank_task *pairs = NULL, *root = NULL;

    while (first != NULL) {
        struct yank_task *a = first, *b = cut(a);

        first = b == NULL ? NULL : cut(b);
        a = meld(a, b);
        a->heap_next = pairs;
        pairs = a;
    }
    while (pairs != NULL) {
        struct yank_task *a = pairs;

        pairs = cut(a);
        root = meld(root, a);
    }
    return root;
}

void yank_sleepers_add(struct yank_sched *s, struct yank_task *t)
{
    t->heap_up = t->heap_next = t->heap_down = NULL;
    t->wake_turn = s->next_turn++;
    t->asleep = true;
    s->sleepers = meld(s->sleepers, t);
}

void yank_sleepers_remove(struct yank_sched *s, struct yank_task *t)
{
    struct yank_task *children = t->heap_down, *up = t->heap_up;

    t->asleep = false;
    t->heap_down = NULL;
    if (up == NULL) {
        s->sleepers = meld_all(children);
        return;
    }
    if (t->heap_next != NULL)
        t->heap_next->heap_up = up;
    if (up->heap_down == t)
        up->heap_down = t->heap_next;
    else
        up->heap_next = t->heap_next;
    cut(t);
    s->sleepers = meld(s->sleepers, meld_all(children));
}
