/* Recording: a ring of slots for each M, and one for what happens on none.
 *
 * Writers of a ring are the M's own thread, the handler that interrupts it in
 * the middle of a record, and senders of kicks; none waits for another.  An
 * event takes the next number, and with it a slot, by one addition; it makes
 * the slot's sequence odd, writes, and makes it even.  One that finds its slot
 * in the hands of a writer a whole ring behind it, or ahead, is lost.
 *
 * Rings are in a list under the registry's lock until the next start, or
 * discard, takes them away: it makes the M's pointer null and waits until no
 * writer is counted that may have read it. */
#include "trace_ring.h"

_Alignas(64) _Atomic uint32_t yank_trace_on;

static struct {
    _Atomic(struct yank_trace_ring *) ring;
    _Atomic uint32_t writers;
} no_m;

static struct yank_trace_ring *rings; /* the registry's lock, both */
static uint64_t slots;                /* of each */

_Static_assert((int)YANK_TRACE_OFF_WAITS == (int)YANK_LEAVE_WAITING &&
                   (int)YANK_TRACE_OFF_YIELDS == (int)YANK_LEAVE_RUNNABLE &&
                   (int)YANK_TRACE_OFF_ENDS == (int)YANK_LEAVE_DEAD,
               "yank_g_leave() records the one as the other");

/* --- writing; AS-safe ----------------------------------------------------*/

/* Without the last byte, which stays 0. */
static void cut_name(char out[YANK_TRACE_NAME_BYTES], const char *name)
{
    size_t i = 0;

    for (; name != NULL && name[i] != '\0' && i < YANK_TRACE_NAME_BYTES - 1;
         i++)
        out[i] = name[i];
    for (; i < YANK_TRACE_NAME_BYTES; i++)
        out[i] = '\0';
}

/* n's slot is free: its last event is complete, and older. */
static bool take_slot(struct yank_trace_slot *slot, uint64_t n)
{
    /* Relaxed: the exchange below decides. */
    uint64_t seq = atomic_load_explicit(&slot->seq, memory_order_relaxed);

    /* Acquire: pairs with the release at the end of the last event, whose
     * words are not to come after ours. */
    return (seq & 1) == 0 && seq <= 2 * n &&
           atomic_compare_exchange_strong_explicit(&slot->seq, &seq, 2 * n + 1,
                                                   memory_order_acquire,
                                                   memory_order_relaxed);
}

static void put(struct yank_trace_ring *r,
                const uint64_t word[YANK_TRACE_WORDS])
{
    /* Relaxed: it only has to be ours alone. */
    uint64_t n = atomic_fetch_add_explicit(&r->head, 1, memory_order_relaxed);
    struct yank_trace_slot *slot = &r->slot[n & r->mask];

    YANK_STEP("trace: numbered");
    if (!take_slot(slot, n))
        return;
    YANK_STEP("trace: slot taken");
    /* Release, each: who reads one of them with acquire sees an odd sequence,
     * or a later one, when it looks again; read_slot(). */
    for (int i = 0; i < YANK_TRACE_WORDS; i++)
        atomic_store_explicit(&slot->word[i], word[i], memory_order_release);
    YANK_STEP("trace: written");
    /* Release: pairs with the acquire in read_slot() and in take_slot(). */
    atomic_store_explicit(&slot->seq, 2 * n + 2, memory_order_release);
}

/* As yank_count_down(), which ThreadSanitizer instruments. */
static void count_down(_Atomic uint32_t *writers)
{
    /* Release: pairs with the acquire in yank_wait_zero(). */
    if (atomic_fetch_sub_explicit(writers, 1, memory_order_release) ==
        (YANK_SLEEPER | 1))
        yank_os_wake(writers);
}

/* yank_now_ns(), but later than that of every event that happened before: a
 * clock may stand still for longer than a switch takes (Windows: 100 ns). */
int64_t yank_trace_clock(void)
{
    static _Atomic int64_t latest;
    /* Relaxed, all: one number; what orders two events orders its changes. */
    int64_t seen = atomic_load_explicit(&latest, memory_order_relaxed);
    int64_t now = yank_now_ns(), ns;

    do
        ns = now > seen ? now : seen + 1;
    while (!atomic_compare_exchange_weak_explicit(&latest, &seen, ns,
                                                  memory_order_relaxed,
                                                  memory_order_relaxed));
    return ns;
}

void yank_trace_record(struct yank_m *m, uint64_t m_id, const struct yank_g *g,
                       enum yank_trace_kind kind, uint64_t value, int64_t ns)
{
    _Atomic uint32_t *writers = m != NULL ? &m->trace_writers : &no_m.writers;
    struct yank_trace_ring *r;
    char name[YANK_TRACE_NAME_BYTES];
    uint64_t word[YANK_TRACE_WORDS] = {
        [YANK_TRACE_AT_NS] = (uint64_t)(ns != 0 ? ns : yank_trace_clock()),
        [YANK_TRACE_AT_M] = m_id << 8 | (uint64_t)kind,
        [YANK_TRACE_AT_G] = g != NULL ? g->id : 0,
        [YANK_TRACE_AT_VALUE] = value
    };

    /* Who sends a kick does not hold g: it may be ending, and its name gone.
     * The reader knows it from another event. */
    cut_name(name, g == NULL || kind == YANK_TRACE_KICK ? NULL : g->name);
    for (size_t i = 0; i < sizeof name; i++)
        word[YANK_TRACE_AT_NAME + i / 8] |= (uint64_t)(unsigned char)name[i]
                                            << i % 8 * 8;
    /* seq_cst, both: a store-load pair with take_away(). */
    atomic_fetch_add_explicit(writers, 1, memory_order_seq_cst);
    r = atomic_load_explicit(m != NULL ? &m->trace : &no_m.ring,
                             memory_order_seq_cst);
    YANK_STEP("trace: ring found");
    if (r != NULL)
        put(r, word);
    count_down(writers);
}

/* A stop belongs to no M: it goes into the ring of none. */
void yank_trace_claim(const struct yank_g *g, const struct yank_asker *a)
{
    uint64_t m_id = a != NULL ? a->on_m_id : 0;
    int64_t now = yank_trace_clock();
    /* Relaxed: the claim freezes it where it is looked at. */
    const struct yank_m *m = atomic_load_explicit(&g->m, memory_order_relaxed);

    /* Elsewhere it is a hint: of an M that is about to take g in vain. */
    if ((g->inside || g->host == NULL) && m != NULL)
        m_id = m->id;
    yank_trace_record(NULL, m_id, g,
                      a != NULL ? YANK_TRACE_STOP : YANK_TRACE_RESUME,
                      a != NULL ? (uint64_t)(now - a->began_ns) : 0, now);
}

/* --- rings; under the registry's lock ------------------------------------*/

struct yank_trace_ring *yank_trace_rings(void)
{
    return rings;
}

static struct yank_trace_ring *new_ring(const struct yank_m *m, uint64_t n)
{
    size_t bytes = sizeof(struct yank_trace_ring) +
                   (size_t)n * sizeof(struct yank_trace_slot);
    struct yank_trace_ring *r = yank_os_pages(bytes);

    if (r == NULL)
        return NULL;
    r->bytes = bytes;
    r->mask = n - 1;
    if (m != NULL) {
        r->m_id = m->id;
        cut_name(r->name, m->name);
    }
    return r;
}

static void free_list(struct yank_trace_ring *list)
{
    while (list != NULL) {
        struct yank_trace_ring *r = list;

        list = r->next;
        yank_os_pages_free(r, r->bytes);
    }
}

/* Afterwards nobody writes into the ring that was there. */
static void take_away(_Atomic(struct yank_trace_ring *) *ring,
                      _Atomic uint32_t *writers)
{
    /* seq_cst: pairs with yank_trace_record(), which counts itself and then
     * reads; either it reads null or we see it counted. */
    atomic_store_explicit(ring, NULL, memory_order_seq_cst);
    YANK_STEP("trace: ring taken away");
    yank_wait_zero(writers, YANK_NO_DEADLINE);
}

static void forget(void)
{
    for (struct yank_m *m = yank_registry_first(); m != NULL; m = m->next)
        take_away(&m->trace, &m->trace_writers);
    take_away(&no_m.ring, &no_m.writers);
    free_list(rings);
    rings = NULL;
}

void yank_trace_m_begin(struct yank_m *m)
{
    struct yank_trace_ring *r;

    /* Relaxed: the registry's lock guards the switch. */
    if (!atomic_load_explicit(&yank_trace_on, memory_order_relaxed) ||
        (r = new_ring(m, slots)) == NULL)
        return; /* no memory: what this M does is not recorded */
    r->next = rings;
    rings = r;
    /* Release: pairs with the load in yank_trace_record(). */
    atomic_store_explicit(&m->trace, r, memory_order_release);
}

/* --- the switch ----------------------------------------------------------*/

static bool is_on(void)
{
    /* Relaxed: written under the registry's lock, which we hold. */
    return atomic_load_explicit(&yank_trace_on, memory_order_relaxed) != 0;
}

/* One for each M and one for none; null: no memory. */
static struct yank_trace_ring *new_rings(uint64_t n)
{
    struct yank_trace_ring *list = new_ring(NULL, n);
    struct yank_m *m = yank_registry_first();

    for (; list != NULL && m != NULL; m = m->next) {
        struct yank_trace_ring *r = new_ring(m, n);

        if (r == NULL) {
            free_list(list);
            return NULL;
        }
        r->next = list;
        list = r;
    }
    return list;
}

static void hand_out(struct yank_trace_ring *list)
{
    struct yank_trace_ring *r = list;

    rings = list;
    for (; r->m_id != 0; r = r->next) {
        struct yank_m *m = yank_registry_first();

        while (m->id != r->m_id)
            m = m->next;
        /* Release: pairs with the load in yank_trace_record(), here and
         * below. */
        atomic_store_explicit(&m->trace, r, memory_order_release);
    }
    atomic_store_explicit(&no_m.ring, r, memory_order_release);
}

static int start(uint64_t n)
{
    struct yank_trace_ring *list;

    if (is_on())
        return YANK_EBUSY;
    if ((list = new_rings(n)) == NULL)
        return YANK_ENOMEM;
    forget();
    slots = n;
    hand_out(list);
    /* Relaxed, here and in stop: a switch; who sees it reads the pointer. */
    atomic_store_explicit(&yank_trace_on, 1, memory_order_relaxed);
    return YANK_OK;
}

int yank_trace_start(size_t events)
{
    uint64_t n = 1;
    int rc;

    if (!yank_is_ready())
        return YANK_EINIT;
    if (events == 0 || events > YANK_TRACE_EVENTS_MAX)
        return YANK_EINVAL;
    while (n < events)
        n *= 2;
    yank_registry_lock();
    rc = start(n);
    yank_registry_unlock();
    return rc;
}

int yank_trace_stop(void)
{
    int rc = YANK_EINVAL;

    if (!yank_is_ready())
        return YANK_EINIT;
    yank_registry_lock();
    if (is_on()) {
        atomic_store_explicit(&yank_trace_on, 0, memory_order_relaxed);
        rc = YANK_OK;
    }
    yank_registry_unlock();
    return rc;
}

int yank_trace_discard(void)
{
    int rc = YANK_EBUSY;

    if (!yank_is_ready())
        return YANK_EINIT;
    yank_registry_lock();
    if (!is_on()) {
        forget();
        rc = YANK_OK;
    }
    yank_registry_unlock();
    return rc;
}

void yank_trace_fini(void)
{
    yank_registry_lock();
    atomic_store_explicit(&yank_trace_on, 0, memory_order_relaxed);
    forget();
    yank_registry_unlock();
}

void yank_trace_fork_child(void)
{
    struct yank_m *m = yank_registry_first();

    /* Nothing is ordered here: there is one thread, and none that it left in
     * the middle of a record comes back. */
    atomic_store_explicit(&yank_trace_on, 0, memory_order_relaxed);
    atomic_store_explicit(&no_m.writers, 0, memory_order_relaxed);
    for (; m != NULL; m = m->next)
        atomic_store_explicit(&m->trace_writers, 0, memory_order_relaxed);
    forget();
}
