/* What happens when: the ends of waits and the deadlines of tasks, in one
 * pairing heap through the tasks themselves, because g0 may not allocate.  The
 * first to come is the root; of two with one time the one that was set first.
 *
 * down is an alarm's first child, next its next sibling, up the one that
 * points to it: its previous sibling, or the parent of a first child.  Merging
 * pairs keeps removal at O(log n) amortised. */
#include "scheduler.h"

static bool before(const struct yank_alarm *a, const struct yank_alarm *b)
{
    return a->ns != b->ns ? a->ns < b->ns : a->turn < b->turn;
}

/* Two roots, or null, to one. */
static struct yank_alarm *meld(struct yank_alarm *a, struct yank_alarm *b)
{
    if (a == NULL || b == NULL)
        return a == NULL ? b : a;
    if (before(b, a)) {
        struct yank_alarm *t = a;

        a = b;
        b = t;
    }
    b->up = a;
    b->next = a->down;
    if (b->next != NULL)
        b->next->up = b;
    a->down = b;
    return a;
}

static struct yank_alarm *cut(struct yank_alarm *a)
{
    struct yank_alarm *next = a->next;

    a->up = a->next = NULL;
    return next;
}

/* A list of siblings to one root: pairs from the left, then all from the
 * right. */
static struct yank_alarm *meld_all(struct yank_alarm *first)
{
    struct yank_alarm *pairs = NULL, *root = NULL;

    while (first != NULL) {
        struct yank_alarm *a = first, *b = cut(a);

        first = b == NULL ? NULL : cut(b);
        a = meld(a, b);
        a->next = pairs;
        pairs = a;
    }
    while (pairs != NULL) {
        struct yank_alarm *a = pairs;

        pairs = cut(a);
        root = meld(root, a);
    }
    return root;
}

void yank_alarm_set(struct yank_alarm *a, struct yank_task *t, int64_t ns)
{
    struct yank_sched *s = t->sched;

    *a = (struct yank_alarm){
        .task = t, .ns = ns, .turn = s->next_turn++, .set = true
    };
    s->alarms = meld(s->alarms, a);
}

void yank_alarm_clear(struct yank_alarm *a)
{
    struct yank_alarm *children = a->down, *up = a->up;
    struct yank_sched *s;

    if (!a->set)
        return;
    s = a->task->sched;
    a->set = false;
    a->down = NULL;
    if (up == NULL) {
        s->alarms = meld_all(children);
        return;
    }
    if (a->next != NULL)
        a->next->up = up;
    if (up->down == a)
        up->down = a->next;
    else
        up->next = a->next;
    cut(a);
    s->alarms = meld(s->alarms, meld_all(children));
}
