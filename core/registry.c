/* All attached Ms, for the counters, the code map's removal and fork. */
#include "core.h"

static _Atomic uint32_t registry_lock;
static struct yank_m *registry_head; /* under the lock */

void yank_registry_lock(void)
{
    yank_lock(&registry_lock);
}

void yank_registry_unlock(void)
{
    yank_unlock(&registry_lock);
}

void yank_registry_add(struct yank_m *m)
{
    yank_registry_lock();
    m->prev = NULL;
    m->next = registry_head;
    if (m->next != NULL)
        m->next->prev = m;
    registry_head = m;
    yank_trace_m_begin(m);
    yank_registry_unlock();
}

void yank_registry_remove(struct yank_m *m)
{
    yank_registry_lock();
    if (m->prev != NULL)
        m->prev->next = m->next;
    else
        registry_head = m->next;
    if (m->next != NULL)
        m->next->prev = m->prev;
    yank_registry_unlock();
}

void yank_registry_each(void (*fn)(struct yank_m *m, void *arg), void *arg)
{
    yank_registry_lock();
    for (struct yank_m *m = registry_head; m != NULL; m = m->next)
        fn(m, arg);
    yank_registry_unlock();
}

struct yank_m *yank_registry_first(void)
{
    return registry_head;
}

bool yank_registry_empty(void)
{
    yank_registry_lock();
    bool empty = registry_head == NULL;
    yank_registry_unlock();
    return empty;
}

void yank_registry_keep_only(struct yank_m *m)
{
    registry_head = m;
    if (m != NULL)
        m->prev = m->next = NULL;
}
