/* The monitor ends time slices: an M whose G has run for a slice, while its
 * host says that somebody waits, is asked to yield, and again until it does.
 * It sees by the ticks of the P whether it is still the same slice.
 *
 * It looks when the next slice may be over.  While nothing runs it sleeps
 * without an end; an M that binds a G then finds the word ASLEEP, and that load
 * is all that binding costs while it is awake.
 *
 * Guards: an M is found under the registry's lock and stays attached while it
 * is watched; its G and P are read while the monitor counts in kickers.  The
 * host is asked under neither: it may hold its own locks where it takes a fiber
 * off, which waits for kickers.
 * Origin: go proc.go:sysmon, retake. */
#include "core.h"

#define RETRY_NS 1000000 /* a kick may fall where nothing stops */

enum { NONE, CHANGING, ON };
enum { AWAKE, ASLEEP, ENDS };

static struct {
    /* Whoever takes it from NONE or ON to CHANGING has the rest. */
    _Atomic uint32_t state;
    /* AWAKE to ASLEEP and back by the thread, back also by any; ENDS by
     * stop. */
    _Atomic uint32_t word;
    int64_t slice_ns;
    bool own_thread;
    struct yank_os_thread thread;
} monitor;

/* --- one look ------------------------------------------------------------*/

struct pass {
    int64_t now, next;
    struct yank_m *due; /* Ms whose slice is over; watched */
};

/* Registry's lock held, counted in m->kickers.  False: nothing runs there. */
static bool ticks_of(struct yank_m *m, uint32_t *ticks)
{
    /* seq_cst, both: after the count, as in yank_preempt_one(), and after
     * ASLEEP; pair with yank_unbind(), yank_m_release_p(), yank_bind(). */
    struct yank_p *p = atomic_load_explicit(&m->p, memory_order_seq_cst);

    if (atomic_load_explicit(&m->curg, memory_order_seq_cst) == NULL ||
        p == NULL)
        return false;
    /* Relaxed: one that changes just now is seen the next time. */
    *ticks = atomic_load_explicit(&p->ticks, memory_order_relaxed);
    return true;
}

/* Where one slice ended because we asked, the next began then; otherwise we
 * give it all its time from now on. */
static void begin_slice(struct yank_m *m, int64_t now, uint32_t ticks)
{
    bool follows =
        m->slice_ns != 0 && m->asked_ns != 0 && ticks == m->slice_tick + 1;

    m->slice_ns = follows ? m->asked_ns : now;
    m->slice_tick = ticks;
    m->asked_ns = 0;
}

static void look_at(struct yank_m *m, void *arg)
{
    struct pass *pass = arg;
    uint32_t ticks = 0;
    bool runs;

    if (m->host == NULL || m->host->has_waiters == NULL || m->forgotten)
        return;
    atomic_fetch_add_explicit(&m->kickers, 1, memory_order_seq_cst);
    runs = ticks_of(m, &ticks);
    yank_count_down(&m->kickers);
    if (!runs) {
        m->slice_ns = 0;
        return;
    }
    if (m->slice_ns == 0 || m->slice_tick != ticks)
        begin_slice(m, pass->now, ticks);
    if (pass->now - m->slice_ns >= monitor.slice_ns) {
        /* Relaxed: who waits for 0 has had the registry's lock since. */
        atomic_fetch_add_explicit(&m->watched, 1, memory_order_relaxed);
        m->due_next = pass->due;
        pass->due = m;
    } else if (m->slice_ns + monitor.slice_ns < pass->next) {
        pass->next = m->slice_ns + monitor.slice_ns;
    }
}

static int64_t retry_ns(void)
{
    return monitor.slice_ns < RETRY_NS ? monitor.slice_ns : RETRY_NS;
}

/* No lock held: the host takes its own. */
static void end_slices(struct pass *pass)
{
    struct yank_m *m, *rest;

    for (m = pass->due; m != NULL; m = rest) {
        bool waited_for = m->host->has_waiters(m->host->ctx, m);
        int64_t again =
            pass->now + (waited_for ? retry_ns() : monitor.slice_ns);

        if (waited_for) {
            m->asked_ns = pass->now;
            yank_preempt_one(m);
        }
        if (again < pass->next)
            pass->next = again;
        rest = m->due_next;
        yank_count_down(&m->watched); /* m may be gone */
    }
}

static int64_t look_once(int64_t now)
{
    struct pass pass = { .now = now, .next = YANK_NO_DEADLINE };

    yank_registry_each(look_at, &pass);
    end_slices(&pass);
    return pass.next;
}

void yank_monitor_forget(struct yank_m *m)
{
    yank_registry_lock();
    m->forgotten = true;
    yank_registry_unlock();
    yank_wait_zero(&m->watched, YANK_NO_DEADLINE);
}

/* --- its own thread ------------------------------------------------------*/

static bool change(uint32_t from, uint32_t to)
{
    /* seq_cst: a store-load pair with yank_monitor_notice(). */
    return atomic_compare_exchange_strong_explicit(
        &monitor.word, &from, to, memory_order_seq_cst, memory_order_seq_cst);
}

void yank_monitor_notice(void)
{
    /* seq_cst: after curg was stored.  Either we see ASLEEP, or the look that
     * follows ASLEEP sees curg. */
    if (atomic_load_explicit(&monitor.word, memory_order_seq_cst) == ASLEEP &&
        change(ASLEEP, AWAKE))
        yank_os_wake(&monitor.word);
}

static void monitor_main(void *arg)
{
    uint32_t word = AWAKE;

    (void)arg;
    do {
        int64_t next = look_once(yank_now_ns());

        if (next != YANK_NO_DEADLINE) {
            change(ASLEEP, AWAKE);
            yank_os_wait(&monitor.word, AWAKE, next);
        } else if (!change(AWAKE, ASLEEP)) {
            YANK_STEP("monitor: nothing runs");
            yank_os_wait(&monitor.word, ASLEEP, YANK_NO_DEADLINE);
        }
        /* Acquire: pairs with yank_monitor_stop(). */
        word = atomic_load_explicit(&monitor.word, memory_order_acquire);
    } while (word != ENDS);
}

/* --- start, stop, tick ---------------------------------------------------*/

static bool take_state(uint32_t from)
{
    /* Acquire: pairs with the release in set_state(). */
    return atomic_compare_exchange_strong_explicit(
        &monitor.state, &from, CHANGING, memory_order_acquire,
        memory_order_relaxed);
}

static void set_state(uint32_t state)
{
    atomic_store_explicit(&monitor.state, state, memory_order_release);
}

bool yank_monitor_is_on(void)
{
    /* Acquire: pairs with set_state(). */
    return atomic_load_explicit(&monitor.state, memory_order_acquire) != NONE;
}

int yank_monitor_start(const struct yank_monitor_attr *attr)
{
    int rc = YANK_OK;

    if (!yank_is_ready())
        return YANK_EINIT;
    if (attr == NULL || attr->struct_size != sizeof *attr ||
        attr->slice_ns < YANK_MONITOR_SLICE_MIN_NS)
        return YANK_EINVAL;
    if (!take_state(NONE))
        return YANK_EBUSY;
    monitor.slice_ns = attr->slice_ns;
    monitor.own_thread = attr->own_thread;
    /* Relaxed: the thread does not exist yet. */
    atomic_store_explicit(&monitor.word, AWAKE, memory_order_relaxed);
    if (attr->own_thread)
        rc = yank_os_thread_start(&monitor.thread, monitor_main, NULL);
    set_state(rc == YANK_OK ? ON : NONE);
    return rc;
}

int yank_monitor_stop(void)
{
    if (!yank_is_ready())
        return YANK_EINIT;
    if (!take_state(ON))
        return yank_monitor_is_on() ? YANK_EBUSY : YANK_EINVAL;
    if (monitor.own_thread) {
        /* Release: pairs with the acquire in monitor_main(). */
        atomic_exchange_explicit(&monitor.word, ENDS, memory_order_release);
        yank_os_wake(&monitor.word);
        yank_os_thread_join(&monitor.thread);
    }
    set_state(NONE);
    return YANK_OK;
}

int64_t yank_monitor_tick(int64_t now_ns)
{
    int64_t next = YANK_EINVAL;

    if (!yank_is_ready())
        return YANK_EINIT;
    /* Taken: one look at a time, and none while it stops. */
    if (!take_state(ON))
        return yank_monitor_is_on() ? YANK_EBUSY : YANK_EINVAL;
    if (!monitor.own_thread)
        next = look_once(now_ns);
    set_state(ON);
    return next;
}

void yank_monitor_fork_child(void)
{
    /* Its thread is not in the child, and nobody else is in start or stop. A
     * host that ticks goes on.  Relaxed: there is one thread. */
    if (atomic_load_explicit(&monitor.state, memory_order_relaxed) == ON &&
        !monitor.own_thread)
        return;
    atomic_store_explicit(&monitor.word, AWAKE, memory_order_relaxed);
    atomic_store_explicit(&monitor.state, NONE, memory_order_relaxed);
}
