/* The monitor: a thread that asks a task to yield once its slice is over and
 * somebody waits, and that wakes sleepers.  It sleeps until the first of both
 * is due, without an end where nothing is.  Sleepers are its alone: Ms that
 * came by could wake two of them in the wrong order.
 * Origin: go proc.go:sysmon, retake. */
#include "scheduler.h"

void yank_monitor_wake(struct yank_sched *s)
{
    /* Release: pairs with the acquire in yank_monitor_main(). */
    atomic_fetch_add_explicit(&s->look_event, 1, memory_order_release);
    yank_os_wake(&s->look_event);
}

bool yank_monitor_late(struct yank_sched *s, int64_t ns)
{
    if (ns >= s->look_ns)
        return false;
    s->look_ns = INT64_MIN;
    return true;
}

/* Lock held.  Marks the workers whose slice is over; when to look again. */
static int64_t look(struct yank_sched *s, int64_t now)
{
    int64_t next =
        s->sleepers == NULL ? YANK_NO_DEADLINE : s->sleepers->wake_ns;

    for (unsigned i = 0; i < s->n_workers; i++) {
        struct yank_worker *w = &s->workers[i];

        w->ask = false;
        if (w->current == NULL ||
            (s->queue.head == NULL && w->pinned.head == NULL))
            continue;
        if (w->ask_ns <= now) {
            w->ask = true;
            if (w->asked_ns == 0)
                w->asked_ns = now;
            /* Relaxed: a hint, read again before the kick. */
            w->ask_tick =
                atomic_load_explicit(&w->p.ticks, memory_order_relaxed);
            w->ask_ns = now + w->retry_ns;
            w->retry_ns *= 2;
            if (w->retry_ns > YANK_RETRY_MAX_NS)
                w->retry_ns = YANK_RETRY_MAX_NS;
        }
        if (w->ask_ns < next)
            next = w->ask_ns;
    }
    return next;
}

/* Without the lock: a kick may stop the M for a moment, wherever it is. */
static void ask_all(struct yank_sched *s)
{
    for (unsigned i = 0; i < s->n_workers; i++) {
        struct yank_worker *w = &s->workers[i];

        /* Relaxed: a task that has just begun should not pay for the last
         * one; where we see it too late it is only early in the queue. */
        if (w->ask && w->ask_tick == atomic_load_explicit(&w->p.ticks,
                                                          memory_order_relaxed))
            yank_preempt_one(&w->m);
    }
}

void yank_monitor_main(void *sched)
{
    struct yank_sched *s = sched;

    for (;;) {
        /* Acquire: what made somebody wake us is seen below. */
        uint32_t event =
            atomic_load_explicit(&s->look_event, memory_order_acquire);
        struct yank_task *chain;
        int64_t now = yank_now_ns(), next;
        bool stopping;

        yank_lock(&s->lock);
        chain = yank_wait_expire(s, now);
        next = look(s, now);
        /* With a chain in hand we come back at once. */
        s->look_ns = chain != NULL ? INT64_MIN : next;
        stopping = s->stopping;
        yank_unlock(&s->lock);
        if (stopping)
            return;
        ask_all(s);
        if (chain != NULL)
            yank_wake_chain(s, chain);
        else
            yank_os_wait(&s->look_event, event, next);
    }
}
