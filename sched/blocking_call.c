/* Tasks that sleep in the system: blocking regions, whose right goes to
 * somebody else meanwhile, and calls on a spare thread, whose M does, too.
 * Origin: go proc.go:entersyscallblock, exitsyscall. */
#include "scheduler.h"

/* --- regions: hooks on the task's own stack ------------------------------ */

void yank_sched_blocking(void *ctx, struct yank_m *m, struct yank_g *g)
{
    struct yank_sched *s = ctx;
    struct yank_worker *w = yank_worker_of(s, m), *wake;
    int64_t now = yank_now_ns();
    bool late;

    (void)g;
    yank_lock(&s->lock);
    yank_slice_end(w, now);
    w->blocked = true;
    wake = yank_right_drop(w);
    late = yank_right_lacks_thread(s) &&
           yank_slices_late(s, s->thread_retry_ns);
    yank_unlock(&s->lock);
    yank_worker_wake(wake);
    if (late)
        yank_slices_wake(s);
}

void yank_sched_unblocked(void *ctx, struct yank_m *m, struct yank_g *g)
{
    struct yank_sched *s = ctx;
    struct yank_worker *w = yank_worker_of(s, m);
    int64_t now = yank_now_ns();
    bool goes_on, late;

    yank_lock(&s->lock);
    w->blocked = false;
    goes_on = yank_right_take(w) && !yank_task_of(g)->ending;
    w->told = false;
    yank_slice_begin(w, now); /* with what was left */
    /* Also where it has no right: in a no-preempt region it cannot leave. */
    late = yank_slices_late(s, !goes_on || yank_right_wanted(w) ? w->ask_ns
                                                                : w->limit_ns);
    yank_unlock(&s->lock);
    if (late)
        yank_slices_wake(s);
    if (!goes_on)
        yank_mcall(yank_task_leave_runnable, NULL);
}

/* --- calls -------------------------------------------------------------- */

/* A thread that makes calls for tasks; it is no M. */
struct yank_helper {
    struct yank_helper *next;
    struct yank_sched *sched;
    struct yank_os_thread thread;
};

bool yank_call_lacks_helper(const struct yank_sched *s)
{
    unsigned waiting = 0;

    if (s->n_helpers == YANK_HELPERS)
        return false;
    for (struct yank_task *t = s->calls;
         t != NULL && waiting <= s->helpers_free; t = t->call_next)
        waiting++;
    return waiting > s->helpers_free;
}

void yank_call_begin(struct yank_task *t)
{
    struct yank_sched *s = t->sched;

    t->call = YANK_CALL_UNDER_WAY;
    t->refs++;
    t->call_next = NULL;
    if (s->calls == NULL)
        s->calls = t;
    else
        s->calls_tail->call_next = t;
    s->calls_tail = t;
}

void yank_helpers_wake(struct yank_sched *s)
{
    /* Release: pairs with the acquire in helper_main(). */
    atomic_fetch_add_explicit(&s->helper_event, 1, memory_order_release);
    yank_os_wake(&s->helper_event);
}

/* Lock held. */
static struct yank_task *next_call(struct yank_sched *s)
{
    struct yank_task *t = s->calls;

    if (t != NULL)
        s->calls = t->call_next;
    return t;
}

/* The call has been made, or not: rc.  helpers: who is free again. */
static void end_call(struct yank_sched *s, struct yank_task *t, int rc,
                     unsigned helpers)
{
    struct yank_task *chain = NULL;

    yank_lock(&s->lock);
    s->helpers_free += helpers;
    t->call = YANK_CALL_OVER;
    t->call_rc = rc;
    if (t->live && t->wait == YANK_WAIT_CALL)
        yank_wait_end(t, YANK_OK, &chain);
    yank_task_drop(s, t);
    yank_unlock(&s->lock);
    yank_wake_chain(s, chain);
}

static void make_call(struct yank_sched *s, struct yank_task *t)
{
    t->call_result = t->call_fn(t->call_arg);
    t->call_errno = yank_os_errno();
    end_call(s, t, YANK_OK, 1);
}

static void helper_main(void *arg)
{
    struct yank_helper *h = arg;
    struct yank_sched *s = h->sched;

    for (;;) {
        /* Acquire: pairs with the release in yank_helpers_wake(). */
        uint32_t event =
            atomic_load_explicit(&s->helper_event, memory_order_acquire);
        struct yank_task *t;
        bool stopping;

        yank_lock(&s->lock);
        t = next_call(s);
        stopping = s->stopping;
        s->helpers_free -= t != NULL;
        yank_unlock(&s->lock);
        if (t != NULL)
            make_call(s, t);
        else if (stopping)
            return;
        else
            yank_os_wait(&s->helper_event, event, YANK_NO_DEADLINE);
    }
}

/* No thread can be had.  With others at work the calls wait for those. */
static void fail_calls(struct yank_sched *s)
{
    struct yank_task *t = NULL;

    do {
        yank_lock(&s->lock);
        t = s->helpers == NULL ? next_call(s) : NULL;
        yank_unlock(&s->lock);
        if (t != NULL)
            end_call(s, t, YANK_EAGAIN, 0);
    } while (t != NULL);
}

bool yank_helper_start(struct yank_sched *s)
{
    struct yank_helper *h = yank_alloc(sizeof *h);
    bool started = h != NULL;

    if (started) {
        *h = (struct yank_helper){ .sched = s };
        started = yank_os_thread_start(&h->thread, helper_main, h) == YANK_OK;
    }
    if (!started) {
        if (h != NULL)
            yank_release(h, sizeof *h);
        fail_calls(s);
        return false;
    }
    yank_lock(&s->lock);
    h->next = s->helpers;
    s->helpers = h;
    s->n_helpers++;
    s->helpers_free++;
    yank_unlock(&s->lock);
    return true;
}

void yank_helpers_end(struct yank_sched *s)
{
    yank_helpers_wake(s);
    while (s->helpers != NULL) {
        struct yank_helper *h = s->helpers;

        s->helpers = h->next;
        yank_os_thread_join(&h->thread);
        yank_release(h, sizeof *h);
    }
}

int yank_blocking_call(void *(*fn)(void *), void *arg, void **result)
{
    struct yank_task *self = yank_task_self();
    int rc = yank_task_may_leave(self);

    if (rc != YANK_OK)
        return rc;
    if (fn == NULL)
        return YANK_EINVAL;
    if (self->call != YANK_CALL_NONE)
        return YANK_EBUSY;
    self->call_fn = fn;
    self->call_arg = arg;
    rc = yank_wait_for_call(self);
    self->call = YANK_CALL_NONE;
    if (rc != YANK_OK)
        return rc;
    if (result != NULL)
        *result = self->call_result;
    yank_os_set_errno(self->call_errno);
    return YANK_OK;
}
