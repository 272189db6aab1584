/* Reading what was recorded, also while it goes on: a copy of all rings is
 * made, put in the order of time, and handed out. */
#include "trace_ring.h"

/* --- the copy; under the registry's lock ---------------------------------*/

/* False: event n is not complete, or a later one is in its place by now. */
static bool read_slot(struct yank_trace_slot *slot, uint64_t n,
                      struct yank_trace_event *e)
{
    uint64_t word[YANK_TRACE_WORDS];

    /* Acquire, and each word too: pairs with put() in trace.c.  The words are
     * at least as new as the sequence; if one of them is newer, then so is
     * the sequence when it is read again. */
    if (atomic_load_explicit(&slot->seq, memory_order_acquire) != 2 * n + 2)
        return false;
    for (int i = 0; i < YANK_TRACE_WORDS; i++)
        word[i] = atomic_load_explicit(&slot->word[i], memory_order_acquire);
    /* Relaxed: after the acquires above. */
    if (atomic_load_explicit(&slot->seq, memory_order_relaxed) != 2 * n + 2)
        return false;
    *e = (struct yank_trace_event){
        .ns = (int64_t)word[YANK_TRACE_AT_NS],
        .m_id = word[YANK_TRACE_AT_M] >> 8,
        .g_id = word[YANK_TRACE_AT_G],
        .value = word[YANK_TRACE_AT_VALUE],
        .kind = (enum yank_trace_kind)(word[YANK_TRACE_AT_M] & 0xff),
    };
    for (size_t i = 0; i < sizeof e->name; i++)
        e->name[i] = (char)(word[YANK_TRACE_AT_NAME + i / 8] >> i % 8 * 8);
    return true;
}

/* How many of the events that were seen can be there. */
static uint64_t held(const struct yank_trace_ring *r)
{
    return r->seen <= r->mask ? r->seen : r->mask + 1;
}

static void copy_ring(struct yank_trace_ring *r, struct yank_trace_copy *out)
{
    for (uint64_t n = r->seen - held(r); n < r->seen; n++)
        if (read_slot(&r->slot[n & r->mask], n, &out->events[out->n]))
            out->n++;
}

/* The events twice, since sorting needs a second place. */
static int make_room(struct yank_trace_copy *out, size_t *most)
{
    size_t events = 0, lanes = 0;

    for (struct yank_trace_ring *r = yank_trace_rings(); r; r = r->next) {
        /* Relaxed: the slots say what is there. */
        r->seen = atomic_load_explicit(&r->head, memory_order_relaxed);
        events += (size_t)held(r);
        lanes++;
    }
    *most = events;
    if (lanes == 0)
        return YANK_EINVAL;
    out->bytes = 2 * events * sizeof *out->events + lanes * sizeof *out->lanes;
    out->memory = yank_os_pages(out->bytes);
    if (out->memory == NULL)
        return YANK_ENOMEM;
    out->events = out->memory;
    out->lanes = (struct yank_trace_lane *)(out->events + 2 * events);
    return YANK_OK;
}

static int copy(struct yank_trace_copy *out, size_t *most)
{
    int rc = make_room(out, most);

    if (rc != YANK_OK)
        return rc;
    for (struct yank_trace_ring *r = yank_trace_rings(); r; r = r->next) {
        struct yank_trace_lane *lane = &out->lanes[out->n_lanes++];

        lane->m_id = r->m_id;
        for (size_t i = 0; i < sizeof r->name; i++)
            lane->name[i] = r->name[i];
        copy_ring(r, out);
    }
    return YANK_OK;
}

/* --- the order -----------------------------------------------------------*/

static void merge(const struct yank_trace_event *from, size_t lo, size_t mid,
                  size_t hi, struct yank_trace_event *to)
{
    size_t a = lo, b = mid;

    for (size_t i = lo; i < hi; i++)
        to[i] = a < mid && (b == hi || from[a].ns <= from[b].ns) ? from[a++]
                                                                 : from[b++];
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Stable: at one time, an M's events stay as they happened.  Not qsort(),
 * which may take memory from the heap and is not.  The sorted half. */
static struct yank_trace_event *sort(struct yank_trace_event *e,
                                     struct yank_trace_event *other, size_t n)
{
    for (size_t width = 1; width < n; width *= 2) {
        struct yank_trace_event *swap = e;

        for (size_t lo = 0; lo < n; lo += 2 * width)
            merge(e, lo, least(lo + width, n), least(lo + 2 * width, n), other);
        e = other;
        other = swap;
    }
    return e;
}

/* --- names that a kick's sender could not read ---------------------------*/

struct named {
    uint64_t g_id;
    const struct yank_trace_event *e;
};

/* The place of g, or the free one where it belongs. */
static struct named *place(struct named *table, size_t mask, uint64_t g_id)
{
    size_t i = (size_t)(g_id * 0x9e3779b97f4a7c15u >> 20) & mask;

    while (table[i].e != NULL && table[i].g_id != g_id)
        i = (i + 1) & mask;
    return &table[i];
}

/* table: room for 4 entries for each of n events. */
static void name_kicks(struct yank_trace_event *e, size_t n, void *table)
{
    struct named *t = table;
    size_t size = 1;

    while (size < 2 * n)
        size *= 2;
    for (size_t i = 0; i < size; i++)
        t[i].e = NULL;
    for (size_t i = 0; i < n; i++)
        if (e[i].kind != YANK_TRACE_KICK && e[i].g_id != 0)
            *place(t, size - 1, e[i].g_id) = (struct named){ e[i].g_id, &e[i] };
    for (size_t i = 0; i < n; i++) {
        const struct named *who = place(t, size - 1, e[i].g_id);

        if (e[i].kind == YANK_TRACE_KICK && who->e != NULL)
            for (size_t k = 0; k < sizeof e->name; k++)
                e[i].name[k] = who->e->name[k];
    }
}
_Static_assert(sizeof(struct yank_trace_event) >= 4 * sizeof(struct named),
               "the table fits where the events were sorted");

/* --- the calls -----------------------------------------------------------*/

int yank_trace_copy(struct yank_trace_copy *out)
{
    struct yank_trace_event *sorted, *other;
    size_t most;
    int rc;

    *out = (struct yank_trace_copy){ 0 };
    if (!yank_is_ready())
        return YANK_EINIT;
    yank_registry_lock();
    rc = copy(out, &most);
    yank_registry_unlock();
    if (rc != YANK_OK)
        return rc;
    other = out->events + most;
    sorted = sort(out->events, other, out->n);
    if (out->n != 0) /* else that place has no room at all */
        name_kicks(sorted, out->n, sorted == other ? out->events : other);
    out->events = sorted;
    return YANK_OK;
}

void yank_trace_copy_free(struct yank_trace_copy *c)
{
    yank_os_pages_free(c->memory, c->bytes);
}

int yank_trace_each(void (*fn)(void *, const struct yank_trace_event *),
                    void *ctx)
{
    struct yank_trace_copy c;
    int rc;

    if (fn == NULL)
        return yank_is_ready() ? YANK_EINVAL : YANK_EINIT;
    if ((rc = yank_trace_copy(&c)) != YANK_OK)
        return rc;
    for (size_t i = 0; i < c.n; i++)
        fn(ctx, &c.events[i]);
    yank_trace_copy_free(&c);
    return YANK_OK;
}
