/* The monitor: a thread that asks a task to yield once its slice is over and
 * somebody waits, takes rights from threads that sleep, wakes sleepers, ends
 * what is over its limit, and starts threads, which g0 must not do.  It sleeps
 * until the first of all these is due, without an end where nothing is.
 * Sleepers are its alone: Ms that came by could wake two of them in the wrong
 * order.
 * Origin: go proc.go:sysmon, retake. */
#include "scheduler.h"

/* No thread could be had: try again then. */
#define THREAD_RETRY_NS 100000000

void yank_slices_wake(struct yank_sched *s)
{
    /* Release: pairs with the acquire in yank_slices_main(). */
    atomic_fetch_add_explicit(&s->look_event, 1, memory_order_release);
    yank_os_wake(&s->look_event);
}

bool yank_slices_late(struct yank_sched *s, int64_t ns)
{
    if (ns >= s->look_ns)
        return false;
    s->look_ns = INT64_MIN;
    return true;
}

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* --- one look; lock held ------------------------------------------------ */

static void mark(struct yank_worker *w, int64_t now)
{
    w->ask = true;
    w->ask_again = w->asked_ns != 0;
    if (w->asked_ns == 0)
        w->asked_ns = now;
    w->asked_for_ns = now - w->asked_ns;
    /* Relaxed: a hint, read again before the kick. */
    w->ask_tick = atomic_load_explicit(&w->p.ticks, memory_order_relaxed);
    w->ask_ns = now + w->retry_ns;
    w->retry_ns = earlier(2 * w->retry_ns, YANK_RETRY_MAX_NS);
}

/* w sleeps in its task: once for each slice that is worth a line. */
static void found_asleep(struct yank_worker *w)
{
    w->tell = w->pinned.head != NULL && !w->told;
    w->told = w->told || w->tell;
}

/* w sleeps in a blocking region.  When to look again. */
static int64_t look_blocked(struct yank_worker *w, int64_t now)
{
    if (w->pinned.head == NULL || w->told)
        return YANK_NO_DEADLINE;
    if (now < w->ask_ns)
        return w->ask_ns;
    found_asleep(w);
    return YANK_NO_DEADLINE;
}

static int64_t look_running(struct yank_worker *w, int64_t now)
{
    struct yank_task *t = w->current;

    if (w->limit_ns <= now) {
        yank_limit_reached(t, YANK_END_CPU_LIMIT);
        w->limit_ns = YANK_NO_DEADLINE; /* said once */
    }
    if (w->has_right && !t->ending && !yank_right_wanted(w))
        return w->limit_ns;
    if (t->ending && w->asked_ns == 0)
        w->ask_ns = now;
    if (w->ask_ns <= now)
        mark(w, now);
    return earlier(w->ask_ns, w->limit_ns);
}

/* Marks the workers whose slice is over; when to look again. */
static int64_t look(struct yank_sched *s, int64_t now)
{
    int64_t next = s->alarms == NULL ? YANK_NO_DEADLINE : s->alarms->ns;

    for (struct yank_worker *w = s->workers; w != NULL; w = w->next) {
        w->ask = w->tell = false;
        if (w->current == NULL)
            continue;
        next = earlier(next, w->blocked ? look_blocked(w, now)
                                        : look_running(w, now));
    }
    if (s->ending != NULL)
        next = earlier(next, s->ending_retry_ns);
    if (yank_right_lacks_thread(s) || yank_call_lacks_helper(s))
        next = earlier(next, s->thread_retry_ns);
    return next;
}

/* --- what follows from it; no lock -------------------------------------- */

static bool same_slice(const struct yank_worker *w)
{
    /* Relaxed: a task that has just begun should not pay for the last one;
     * where we see it too late it is only early in the queue. */
    return w->ask_tick ==
           atomic_load_explicit(&w->p.ticks, memory_order_relaxed);
}

/* Its thread sleeps in a call that nobody told us of: no kick can help, and
 * others may run meanwhile. */
static void take_right(struct yank_sched *s, struct yank_worker *w, int64_t now)
{
    struct yank_worker *wake = NULL;

    yank_lock(&s->lock);
    if (w->current != NULL && !w->blocked && same_slice(w)) {
        if (w->has_right)
            yank_slice_end(w, now);
        else
            yank_slice_skip(w, now); /* it slept, as far as we can see */
        wake = yank_right_drop(w);
        w->ask_ns = now + YANK_ASLEEP_LOOK_NS;
        found_asleep(w);
    }
    yank_unlock(&s->lock);
    yank_worker_wake(wake);
}

/* It is awake.  True: it has a right, again if nobody else wants it. */
static bool may_run_on(struct yank_sched *s, struct yank_worker *w,
                       int64_t now)
{
    bool regained;

    yank_lock(&s->lock);
    regained = !w->has_right && w->current != NULL && !w->blocked &&
               !w->current->ending && same_slice(w) &&
               s->queue.head == NULL && s->hungry == NULL &&
               yank_right_take(w);
    if (regained) {
        w->current->credit_ns = s->slice_ns;
        yank_slice_begin(w, now);
    }
    yank_unlock(&s->lock);
    return regained;
}

/* w's slice is over.  Where the system cannot say whether its thread sleeps,
 * one that is silent for long counts as asleep, and may yet be awake, or wake
 * up in a loop: nobody but us would ever stop it. */
static void ask(struct yank_sched *s, struct yank_worker *w, int64_t now)
{
    /* At first the kick costs less than the question. */
    int sleeps = w->ask_again ? yank_os_thread_sleeps(&w->m) : 0;
    bool silent =
        sleeps < 0 && w->asked_for_ns > s->slice_ns + YANK_PATIENCE_NS;

    if (sleeps > 0 || silent)
        take_right(s, w, now);
    else if (may_run_on(s, w, now))
        return;
    /* Without the lock: a kick may stop the M for a moment, wherever it is. */
    if (sleeps <= 0)
        yank_preempt_one(&w->m);
}

static void ask_all(struct yank_sched *s, struct yank_worker *all, int64_t now)
{
    for (struct yank_worker *w = all; w != NULL; w = w->next)
        if (w->ask && same_slice(w))
            ask(s, w, now);
}

static void start_threads(struct yank_sched *s, bool worker, bool helper,
                          int64_t now)
{
    bool ok = true;

    if (worker)
        ok = yank_worker_start(s, NULL) == YANK_OK;
    if (helper)
        ok = yank_helper_start(s) && ok;
    if (!worker && !helper)
        return;
    if (!ok && !s->told_no_thread)
        yank_log("yank: no thread can be had, tasks wait until one is free");
    s->told_no_thread = !ok;
    yank_lock(&s->lock);
    s->thread_retry_ns = ok ? 0 : now + THREAD_RETRY_NS;
    yank_unlock(&s->lock);
}

/* --- all of it ---------------------------------------------------------- */

struct findings {
    struct yank_task *chain; /* to be woken */
    struct yank_worker *workers;
    int64_t next;
    bool stopping, lacks_thread, lacks_helper, ends, overflowed;
};

static void find(struct yank_sched *s, int64_t now, struct findings *f)
{
    f->chain = yank_wait_expire(s, now);
    f->next = look(s, now);
    f->workers = s->workers;
    f->stopping = s->stopping;
    f->lacks_thread =
        yank_right_lacks_thread(s) && now >= s->thread_retry_ns;
    f->lacks_helper =
        yank_call_lacks_helper(s) && now >= s->thread_retry_ns;
    f->ends = s->ending != NULL && now >= s->ending_retry_ns;
    f->overflowed = s->overflowed != NULL;
    /* With something to do we come back at once. */
    if (f->chain != NULL || f->lacks_thread || f->lacks_helper || f->ends ||
        f->overflowed)
        f->next = INT64_MIN;
    s->look_ns = f->next;
}

static void act(struct yank_sched *s, int64_t now, const struct findings *f)
{
    ask_all(s, f->workers, now);
    yank_report_asleep(s, f->workers);
    if (f->ends)
        yank_limits_enforce(s, now);
    if (f->overflowed)
        yank_report_overflows(s);
    start_threads(s, f->lacks_thread, f->lacks_helper, now);
    yank_wake_chain(s, f->chain);
}

void yank_slices_main(void *sched)
{
    struct yank_sched *s = sched;

    for (;;) {
        /* Acquire: what made somebody wake us is seen below. */
        uint32_t event =
            atomic_load_explicit(&s->look_event, memory_order_acquire);
        int64_t now = yank_now_ns();
        struct findings f;

        yank_lock(&s->lock);
        find(s, now, &f);
        yank_unlock(&s->lock);
        if (f.stopping) {
            yank_report_overflows(s); /* what is not said yet */
            return;
        }
        act(s, now, &f);
        if (f.next != INT64_MIN)
            yank_os_wait(&s->look_event, event, f.next);
    }
}
