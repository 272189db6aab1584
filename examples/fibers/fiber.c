#include "fiber.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>

#define STACK_BYTES ((size_t)64 * 1024)
#define THE_END (1u << 30) /* added to the count of a worker's wake-ups */

/* Boost.Context's C interface. */
struct transfer {
    void *fctx, *data;
};
struct transfer jump_fcontext(void *to, void *data);
void *make_fcontext(void *sp, size_t size, void (*fn)(struct transfer));

static struct worker {
    struct yank_m m;
    struct yank_p p;
    pthread_t thread;
    void *fctx;                 /* its scheduler, while a fiber runs */
    int wake;                   /* an eventfd */
    struct fiber *head, **tail; /* run queue; under the lock */
} workers[16];
static unsigned n_workers, started;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* Also from the hook: code that may be stopped never holds the lock. */
static void push(struct fiber *f)
{
    struct worker *w = &workers[f->home];

    f->next = NULL;
    pthread_mutex_lock(&lock);
    *w->tail = f;
    w->tail = &f->next;
    pthread_mutex_unlock(&lock);
}

static struct fiber *pop(struct worker *w)
{
    struct fiber *f;

    pthread_mutex_lock(&lock);
    if ((f = w->head) != NULL && (w->head = f->next) == NULL)
        w->tail = &w->head;
    pthread_mutex_unlock(&lock);
    return f;
}

/* --- what Yank calls -------------------------------------------------------*/

static void switch_out(struct fiber *f)
{
    struct worker *w = &workers[f->home];

    w->fctx = jump_fcontext(w->fctx, NULL).fctx;
}

/* On the fiber's own stack, between any two of its instructions. */
static void preempted(void *ctx, struct yank_g *g)
{
    (void)ctx;
    push(yank_g_user(g));
    switch_out(yank_g_user(g));
}

static bool has_waiters(void *ctx, struct yank_m *m)
{
    bool any;

    (void)ctx;
    pthread_mutex_lock(&lock);
    any = ((struct worker *)(void *)m)->head != NULL; /* m comes first there */
    pthread_mutex_unlock(&lock);
    return any;
}

static void abandoned(void *ctx, struct yank_g *g, bool was_runnable)
{
    (void)ctx;
    (void)was_runnable;
    ((struct fiber *)yank_g_user(g))->end = KILLED; /* it lies in its queue */
}

static const struct yank_host host = { .struct_size = sizeof host,
                                       .preempted = preempted,
                                       .preempted_stack_bytes = 4096,
                                       .has_waiters = has_waiters,
                                       .abandoned = abandoned };

/* --- fibers and workers ----------------------------------------------------*/

static void fiber_main(struct transfer t)
{
    struct fiber *f = t.data;

    workers[f->home].fctx = t.fctx;
    if (setjmp(f->base) == 0) {
        yank_poll(&f->g); /* cancelled already? */
        f->fn();
        f->end = RETURNED;
    }
    switch_out(yank_g_user(yank_m_curg(yank_m_self())));
}

void fiber_yield(void)
{
    struct fiber *f = yank_g_user(yank_m_curg(yank_m_self()));

    push(f);
    switch_out(f);
    yank_poll(&f->g); /* cancelled meanwhile? */
}

static void run(struct worker *w, struct fiber *f)
{
    int64_t began = yank_now_ns();
    bool ended = true;

    if (yank_m_set_curg(&w->m, &f->g) == YANK_OK) { /* not killed */
        f->fctx = jump_fcontext(f->fctx, f).fctx;
        f->slices++;
        f->ran_ns += yank_now_ns() - began;
        ended = f->end != LIVES; /* while nobody else can say so */
        yank_m_set_curg(&w->m, NULL);
    }
    if (ended) /* else it has gone to the queue by itself */
        free(f->stack);
}

static void *worker_main(void *arg)
{
    struct worker *w = arg;
    struct yank_m_attr a = { .struct_size = sizeof a, .host = &host };
    struct epoll_event event = { .events = EPOLLIN };
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    struct fiber *f;
    eventfd_t n = 0;

    if (yank_m_attach(&w->m, &a) != YANK_OK ||
        epoll_ctl(epoll, EPOLL_CTL_ADD, w->wake, &event) != 0)
        abort();
    while (n < THE_END) {
        /* Without a P: no kick, and no EINTR. */
        if (epoll_wait(epoll, &event, 1, -1) == 1)
            eventfd_read(w->wake, &n);
        yank_m_acquire_p(&w->m, &w->p);
        while ((f = pop(w)) != NULL)
            run(w, f);
        yank_m_release_p(&w->m);
    }
    yank_m_detach(&w->m);
    return NULL;
}

int fiber_go(struct fiber *f, void (*fn)(void))
{
    struct yank_g_attr a = { .struct_size = sizeof a, .host = &host };
    int rc;

    *f = (struct fiber){ .fn = fn, .home = started++ % n_workers };
    if ((f->stack = aligned_alloc(16, STACK_BYTES)) == NULL)
        return YANK_ENOMEM;
    a.user = f;
    a.stack.lo = (uintptr_t)f->stack;
    a.stack.hi = a.stack.lo + STACK_BYTES;
    if ((rc = yank_g_init(&f->g, &a)) != YANK_OK)
        return rc;
    f->fctx =
        make_fcontext((char *)f->stack + STACK_BYTES, STACK_BYTES, fiber_main);
    push(f);
    return eventfd_write(workers[f->home].wake, 1) == 0 ? YANK_OK : YANK_EOS;
}

/* --- ends from outside -----------------------------------------------------*/

static void unwind(void *arg)
{
    struct fiber *f = arg;

    f->end = CANCELLED;
    longjmp(f->base, 1);
}

int fiber_stop(struct fiber *f, enum fiber_end how, int64_t within_ns)
{
    struct yank_stop stop;
    int rc = yank_suspend_g(&f->g, yank_now_ns() + within_ns, &stop);

    if (rc != YANK_OK)
        return rc;
    if (f->end != LIVES) { /* it came to its end before us */
        yank_resume_g(&stop);
        return YANK_EDEAD;
    }
    return how == KILLED ? yank_abandon_g(&stop)
                         : yank_resume_call(&stop, unwind, f);
}

/* --- start and end ---------------------------------------------------------*/

int fibers_start(unsigned n, int64_t slice_ns)
{
    struct yank_monitor_attr a = { .struct_size = sizeof a,
                                   .slice_ns = slice_ns,
                                   .own_thread = true };
    int rc = yank_monitor_start(&a);

    for (n_workers = n; rc == YANK_OK && n-- > 0;) {
        struct worker *w = &workers[n];

        w->tail = &w->head;
        w->wake = eventfd(0, EFD_CLOEXEC);
        if (pthread_create(&w->thread, NULL, worker_main, w) != 0)
            abort();
    }
    return rc;
}

void fibers_join(void)
{
    for (unsigned i = 0; i < n_workers; i++) {
        eventfd_write(workers[i].wake, THE_END);
        pthread_join(workers[i].thread, NULL);
    }
    yank_monitor_stop();
}
