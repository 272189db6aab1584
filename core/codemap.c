/* Which code may be stopped: a sorted table of ranges that handlers search
 * without a lock.  A writer publishes a new table and waits until no handler
 * can still read the old one; readers are counted by M, odd while they read.
 * Origin: go@62e53b79 symtab.go:findfunc, in place of Go's own tables. */
#include "core.h"

struct table {
    struct table *next; /* garbage */
    size_t n, bytes;
    struct yank_code *range[]; /* by lo */
};

static _Atomic uint32_t map_lock;
static _Atomic(struct table *) map; /* written under the lock */
static struct table *garbage;       /* under the lock */
static struct yank_code *retired;   /* taken out, not yet given back */
static struct yank_code *own_text;  /* what yank_init registered */
/* Writers that wait for readers; readers wake them. */
static _Atomic uint32_t waiting;
/* Look-ups outside handlers. */
static _Atomic uint32_t outside;

/* --- look-up: AS-safe ----------------------------------------------------*/

static struct yank_code *search(const struct table *t, uintptr_t pc)
{
    size_t lo = 0, hi = t == NULL ? 0 : t->n;

    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;

        if (pc < t->range[mid]->lo)
            hi = mid;
        else if (pc >= t->range[mid]->hi)
            lo = mid + 1;
        else
            return t->range[mid];
    }
    return NULL;
}

static const struct table *current(void)
{
    /* seq_cst: after the reader counted itself, a store-load pair with
     * publish() and readers_gone(). */
    return atomic_load_explicit(&map, memory_order_seq_cst);
}

struct yank_code *yank_code_find(struct yank_m *m, uintptr_t pc)
{
    atomic_fetch_add_explicit(&m->map_reader, 1, memory_order_seq_cst);
    return search(current(), pc);
}

void yank_code_done(struct yank_m *m)
{
    /* Relaxed: own. */
    if ((atomic_load_explicit(&m->map_reader, memory_order_relaxed) & 1) == 0)
        return;
    /* seq_cst: a store-load pair with readers_gone(). */
    atomic_fetch_add_explicit(&m->map_reader, 1, memory_order_seq_cst);
}

void yank_code_tell(struct yank_m *m)
{
    if (atomic_load_explicit(&waiting, memory_order_seq_cst) != 0)
        yank_os_wake(&m->map_reader);
}

void yank_code_left(struct yank_g *g)
{
    if (g->code == NULL)
        return;
    /* Release: pairs with the acquire in yank_code_remove(). */
    atomic_fetch_sub_explicit(&g->code->stopped, 1, memory_order_release);
    g->code = NULL;
}

bool yank_code_is_registered(uintptr_t pc)
{
    bool found;

    atomic_fetch_add_explicit(&outside, 1, memory_order_seq_cst);
    found = search(current(), pc) != NULL;
    yank_count_down(&outside);
    return found;
}

/* --- writers, all under the lock -----------------------------------------*/

void yank_codemap_lock(void)
{
    yank_lock(&map_lock);
}

void yank_codemap_unlock(void)
{
    yank_unlock(&map_lock);
}

static struct table *now(void)
{
    return atomic_load_explicit(&map, memory_order_relaxed);
}

static struct table *new_table(size_t n)
{
    size_t bytes = sizeof(struct table) + n * sizeof(struct yank_code *);
    struct table *t = yank_alloc(bytes);

    if (t != NULL)
        *t = (struct table){ .n = n, .bytes = bytes };
    return t;
}

static void publish(struct table *t)
{
    struct table *old = now();

    atomic_store_explicit(&map, t, memory_order_seq_cst);
    if (old != NULL) {
        old->next = garbage;
        garbage = old;
    }
}

static bool reader_gone(struct yank_m *m, int64_t deadline_ns)
{
    /* seq_cst: pairs with yank_code_find() and yank_code_done(). */
    uint32_t seen = atomic_load_explicit(&m->map_reader,
                                         memory_order_seq_cst);

    while ((seen & 1) != 0 &&
           atomic_load_explicit(&m->map_reader, memory_order_seq_cst) == seen) {
        if (yank_now_ns() >= deadline_ns)
            return false;
        yank_os_wait(&m->map_reader, seen, deadline_ns);
    }
    return true;
}

/* Wait until nobody can read a table that was replaced; then free those. */
static bool readers_gone(int64_t deadline_ns)
{
    bool gone = true;

    atomic_fetch_add_explicit(&waiting, 1, memory_order_seq_cst);
    yank_registry_lock();
    for (struct yank_m *m = yank_registry_first(); m != NULL && gone;
         m = m->next)
        gone = reader_gone(m, deadline_ns);
    yank_registry_unlock();
    atomic_fetch_sub_explicit(&waiting, 1, memory_order_relaxed);
    if (!gone || !yank_wait_zero(&outside, deadline_ns))
        return false;
    while (garbage != NULL) {
        struct table *t = garbage;

        garbage = t->next;
        yank_release(t, t->bytes);
    }
    return true;
}

static int insert(struct yank_code *c)
{
    const struct table *old = now();
    size_t n = old == NULL ? 0 : old->n, at = 0;
    struct table *t;

    while (at < n && old->range[at]->hi <= c->lo)
        at++;
    if (at < n && old->range[at]->lo < c->hi)
        return YANK_EOVERLAP;
    if ((t = new_table(n + 1)) == NULL)
        return YANK_ENOMEM;
    for (size_t i = 0; i < n; i++)
        t->range[i + (i >= at)] = old->range[i];
    t->range[at] = c;
    publish(t);
    readers_gone(0); /* collect what can be collected now */
    return YANK_OK;
}

static bool is_in_map(const struct yank_code *c)
{
    const struct table *t = now();

    for (size_t i = 0; t != NULL && i < t->n; i++)
        if (t->range[i] == c)
            return true;
    return false;
}

static struct yank_code **find_retired(const struct yank_code *c)
{
    struct yank_code **at = &retired;

    while (*at != NULL && *at != c)
        at = &(*at)->next;
    return *at == NULL ? NULL : at;
}

static int take_out(struct yank_code *c)
{
    const struct table *old = now();
    struct table *t = new_table(old->n - 1);
    size_t k = 0;

    if (t == NULL)
        return YANK_ENOMEM;
    for (size_t i = 0; i < old->n; i++)
        if (old->range[i] != c)
            t->range[k++] = old->range[i];
    publish(t);
    c->next = retired;
    retired = c;
    return YANK_OK;
}

static int finish_removal(struct yank_code *c, int64_t deadline_ns)
{
    int rc = YANK_OK;

    if (!readers_gone(deadline_ns))
        return YANK_ETIMEDOUT;
    /* A handler that still saw it may have stopped a G there.
     * Acquire: pairs with yank_code_left(). */
    if (atomic_load_explicit(&c->stopped, memory_order_acquire) != 0) {
        if ((rc = insert(c)) != YANK_OK)
            return rc; /* still retired: to be removed again */
        rc = YANK_EBUSY;
    }
    *find_retired(c) = c->next;
    return rc;
}

static int remove_locked(struct yank_code *c, int64_t deadline_ns)
{
    int rc = YANK_OK;

    if (is_in_map(c)) {
        if (atomic_load_explicit(&c->stopped, memory_order_acquire) != 0)
            return YANK_EBUSY;
        rc = take_out(c);
    } else if (find_retired(c) == NULL) {
        return YANK_EINVAL; /* compared, never read */
    }
    return rc != YANK_OK ? rc : finish_removal(c, deadline_ns);
}

/* --- the public calls ----------------------------------------------------*/

static int add(const struct yank_code_desc *d, struct yank_code **out)
{
    struct yank_code *c = yank_alloc(sizeof *c);
    int rc;

    if (c == NULL)
        return YANK_ENOMEM;
    *c = (struct yank_code){ .lo = d->lo, .hi = d->hi, .flags = d->flags };
    yank_codemap_lock();
    rc = insert(c);
    yank_codemap_unlock();
    if (rc != YANK_OK)
        yank_release(c, sizeof *c);
    else
        *out = c;
    return rc;
}

int yank_code_add(const struct yank_code_desc *d, struct yank_code **out)
{
    const uint32_t safe = YANK_CODE_SAFE | YANK_CODE_ASK_HOST;

    if (!yank_is_ready())
        return YANK_EINIT;
    if (d == NULL || out == NULL || d->lo >= d->hi || (d->flags & safe) == 0 ||
        (d->flags & ~(safe | YANK_CODE_MIGRATABLE)) != 0)
        return YANK_EINVAL;
    if ((d->flags & YANK_CODE_ASK_HOST) != 0 &&
        yank_rt.opt.pc_is_safe == NULL)
        return YANK_EINVAL;
    return add(d, out);
}

int yank_code_add_text(const void *lo, const void *hi, struct yank_code **out)
{
    struct yank_code_desc d = { (uintptr_t)lo, (uintptr_t)hi,
                                YANK_CODE_SAFE };

    return yank_code_add(&d, out);
}

int yank_code_remove(struct yank_code *c, int64_t deadline_ns)
{
    int rc;

    if (!yank_is_ready())
        return YANK_EINIT;
    if (c == NULL || c == own_text)
        return YANK_EINVAL;
    yank_codemap_lock();
    rc = remove_locked(c, deadline_ns);
    yank_codemap_unlock();
    if (rc == YANK_OK)
        yank_release(c, sizeof *c);
    return rc;
}

int yank_codemap_init(const void *lo, const void *hi)
{
    struct yank_code_desc d = { (uintptr_t)lo, (uintptr_t)hi,
                                YANK_CODE_SAFE };

    return d.lo == d.hi ? YANK_OK : add(&d, &own_text);
}

bool yank_codemap_in_use(void)
{
    yank_codemap_lock();
    size_t n = now() == NULL ? 0 : now()->n;
    bool used = n > (own_text != NULL) || retired != NULL;
    yank_codemap_unlock();
    return used;
}

void yank_codemap_fini(void)
{
    publish(NULL);
    readers_gone(YANK_NO_DEADLINE);
    if (own_text != NULL)
        yank_release(own_text, sizeof *own_text);
    own_text = NULL;
}
