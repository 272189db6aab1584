/* The system that cannot interrupt a thread: for bring-up, for Plan 9 and for
 * every system without a folder of its own.  Callers test
 * yank_preempt_m_supported and fall back on polls.
 *
 * What a port would do for the kick: Plan 9 has notes, and postnote() names a
 * thread by its process, but a note may be lost while another is handled and
 * its Ureg can be edited only there (the seed left it out too: os_plan9.go);
 * systems with signals take os/posix/; others need suspend, get, set and
 * resume, as os/windows/.
 *
 * Nothing but the C library is used, so this builds anywhere.  Threads that
 * the host starts can be attached; Yank starts none. */
#include "../os.h"

#include <yank/host.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

const bool yank_preempt_m_supported = false;
const char *const yank_os_name = "none";

const char *yank_os_kick_name(void)
{
    return "none";
}

uint32_t yank_os_caps(void)
{
    return 0;
}

/* --- the kick that is none -----------------------------------------------*/

int yank_preempt_m(struct yank_m *m)
{
    (void)m;
    return YANK_ENOSYS;
}

int yank_os_kick_self(struct yank_m *m)
{
    (void)m;
    return YANK_ENOSYS;
}

int yank_os_init(const struct yank_options *options, int *signo)
{
    (void)options;
    *signo = 0;
    return YANK_OK;
}

void yank_os_fini(void)
{
}

bool yank_handle_signal(int signo, void *siginfo, void *ucontext)
{
    (void)signo;
    (void)siginfo;
    (void)ucontext;
    return false;
}

bool yank_signal_is_kick(const void *siginfo)
{
    (void)siginfo;
    return false;
}

int yank_signal_mask_changed(void)
{
    return yank_m_self() != NULL ? YANK_OK : YANK_ETHREAD;
}

/* --- threads that the host made ------------------------------------------*/

static _Thread_local struct yank_m *none_self;

/* Needs no file of its own as the others do: without a stack switch a caller
 * stays on its thread. */
struct yank_m *yank_m_self(void)
{
    return none_self;
}

int yank_os_m_init(struct yank_m *m, const struct yank_stack *want)
{
    (void)want; /* no handler, no stack for it */
    /* Relaxed: nobody sends to it. */
    atomic_store_explicit(&m->os_id, (uintptr_t)m, memory_order_relaxed);
    none_self = m;
    return YANK_OK;
}

void yank_os_m_fini(struct yank_m *m)
{
    (void)m;
    none_self = NULL;
}

void yank_os_fork_child(struct yank_m *m)
{
    atomic_store_explicit(&m->os_id, (uintptr_t)m, memory_order_relaxed);
}

/* C cannot say.  Below: no bound that a poll could run into.  Above: only what
 * the frames around this one certainly occupy, so a scan sees nothing of the
 * attach's callers unless the host gives the bounds, and nothing unmapped. */
int yank_os_thread_stack(struct yank_stack *out)
{
    char here;

    out->lo = 4096;
    out->hi = ((uintptr_t)&here & ~(uintptr_t)15) + 1024;
    return YANK_OK;
}

int yank_os_thread_start(struct yank_os_thread *t, void (*fn)(void *),
                         void *arg)
{
    (void)t;
    (void)fn;
    (void)arg;
    return YANK_ENOSYS;
}

void yank_os_thread_join(struct yank_os_thread *t)
{
    (void)t;
}

int yank_os_atfork(void (*prepare)(void), void (*parent)(void),
                   void (*child)(void))
{
    (void)prepare;
    (void)parent;
    (void)child;
    return YANK_ENOSYS; /* the trio is public: the host can call it */
}

/* --- time and waiting ----------------------------------------------------*/

/* The calendar's clock is all that C has; it is kept from going back.  A jump
 * forward ends deadlines early. */
int64_t yank_now_ns(void)
{
    static _Atomic int64_t latest;
    struct timespec ts;
    /* Relaxed, all: one number, compared with itself. */
    int64_t seen = atomic_load_explicit(&latest, memory_order_relaxed), now;

    timespec_get(&ts, TIME_UTC);
    now = (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
    while (now > seen)
        if (atomic_compare_exchange_weak_explicit(&latest, &seen, now,
                                                  memory_order_relaxed,
                                                  memory_order_relaxed))
            return now;
    return seen;
}

/* Returning early is allowed, so this looks at the word for a while and lets
 * the caller look at its own condition.  Not <threads.h> and thrd_yield():
 * several systems that have to build this lack it. */
void yank_os_wait(_Atomic uint32_t *word, uint32_t old, int64_t deadline_ns)
{
    /* Acquire: pairs with the release of who changes the word and wakes. */
    for (int i = 0; i < 1000; i++)
        if (atomic_load_explicit(word, memory_order_acquire) != old ||
            yank_now_ns() >= deadline_ns)
            return;
}

void yank_os_wake(_Atomic uint32_t *word)
{
    (void)word; /* nobody sleeps */
}

/* --- memory --------------------------------------------------------------*/

/* Only a real system can give pages without a lock of the C library; nobody is
 * interrupted here, so nobody holds one. */
void *yank_os_pages(size_t bytes)
{
    return bytes == 0 ? NULL : calloc(1, bytes);
}

void yank_os_pages_free(void *p, size_t bytes)
{
    (void)bytes;
    free(p);
}

const size_t yank_os_stack_reserve_bytes = 0;

int yank_os_stack_alloc(size_t bytes, struct yank_stack *out)
{
    size_t whole = (bytes + 4095) & ~(size_t)4095;
    char *p;

    if (bytes == 0)
        return YANK_EINVAL;
    p = whole < bytes ? NULL : malloc(whole);
    if (p == NULL)
        return YANK_ENOMEM;
    /* malloc aligns for every type, which is 16 bytes where stacks need it. */
    out->lo = (uintptr_t)p;
    out->hi = out->lo + whole;
    return YANK_OK;
}

void yank_os_stack_free(const struct yank_stack *stack)
{
    free((void *)stack->lo);
}

/* Without guards: an overflow is not caught. */
bool yank_os_in_guard(uintptr_t lo, uintptr_t addr)
{
    (void)lo;
    (void)addr;
    return false;
}

void yank_os_stack_renew(const struct yank_stack *stack)
{
    (void)stack;
}

/* --- the rest ------------------------------------------------------------*/

int64_t yank_os_errno(void)
{
    return errno;
}

void yank_os_set_errno(int64_t value)
{
    errno = (int)value;
}

unsigned yank_os_processors(void)
{
    return 1;
}

unsigned yank_os_kick_scale(void)
{
    return 1;
}

/* Plain C cannot tell a set-user-id program, and there the variable must not
 * count. */
bool yank_os_env_has(const char *item)
{
    (void)item;
    return false;
}

void yank_os_write_line(const char *line)
{
    fprintf(stderr, "%s\n", line);
}

_Noreturn void yank_os_abort(void)
{
    abort();
}

int yank_os_thread_sleeps(const struct yank_m *m)
{
    (void)m;
    return -1;
}

int yank_os_faults_begin(yank_os_fault_fn *fn)
{
    (void)fn;
    return YANK_OK;
}

void yank_os_faults_end(void)
{
}
