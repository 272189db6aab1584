/* os/os.h for parties: time that only the explorer moves, kicks that arrive
 * at steps, waits that end when they are woken. */
#include "fake.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const bool yank_preempt_m_supported = true;
const char *const yank_os_name = "fake";

static struct party *party_of(const struct yank_m *m)
{
    for (int i = 0; i < fake.parties; i++)
        if (fake.party[i].m == m)
            return &fake.party[i];
    return NULL;
}

/* What the explorer makes of a send: 0 it arrives. */
static unsigned fate(int *rc)
{
    unsigned what[4] = { 0 }, n = 1;

    *rc = YANK_OK;
    if ((fake.spec->may & FAKE_FAIL_EAGAIN) != 0)
        what[n++] = FAKE_FAIL_EAGAIN;
    if ((fake.spec->may & FAKE_FAIL_EGONE) != 0)
        what[n++] = FAKE_FAIL_EGONE;
    if ((fake.spec->may & FAKE_DROP) != 0)
        what[n++] = FAKE_DROP;
    unsigned f = what[fake_choose(n, "send fails")];
    if (f == FAKE_FAIL_EAGAIN)
        *rc = YANK_EAGAIN;
    if (f == FAKE_FAIL_EGONE)
        *rc = YANK_EGONE;
    return f;
}

int yank_preempt_m(struct yank_m *m)
{
    struct party *p;
    int rc;

    fake_step("send");
    fake_flush(fake.cur);
    fake.sends++;
    fake.last_send_ns = fake.clock;
    if (fake.no_kicks)
        return YANK_ENOSYS;
    if (fake.send_rc != 0)
        return fake.send_rc;
    p = party_of(m);
    if (p == NULL || atomic_load(&m->os_id) == 0)
        return YANK_EGONE;
    if (fate(&rc) != 0)
        return rc;
    if (fake.drop_one_in != 0 && fake.sends % fake.drop_one_in == 0)
        return YANK_OK;
    must(p != fake.cur); /* contract: any thread other than m's */
    if (fake.spec->suspends)
        return fake_answer_for(p, m);
    p->kick = true;
    return YANK_OK;
}

int yank_os_kick_self(struct yank_m *m)
{
    struct party *p = fake.cur;

    fake_step("kick self");
    must(p != NULL && p->m == m);
    if (fake.send_rc != 0)
        return fake.send_rc;
    if (fake.spec->suspends) {
        struct yank_regs r = { .refusal = YANK_REFUSED_NOT_USER };

        yank_tell(yank_do_sig_preempt(m, &r));
    } else if (p->blocked || p->in_handler)
        p->kick = true;
    else
        fake_handler(p);
    return YANK_OK;
}

const char *yank_os_kick_name(void)
{
    return "fake";
}

uint32_t yank_os_caps(void)
{
    return YANK_CAP_ASYNC | YANK_CAP_THREADS | YANK_CAP_STACK_SWITCH |
           (fake.spec != NULL && fake.spec->suspends ? YANK_CAP_SYNC_KICK : 0);
}

int yank_os_init(const struct yank_options *options, int *signo)
{
    (void)options;
    if (*signo == 0)
        *signo = 23;
    return *signo > 64 || *signo < 0 ? YANK_ESIGNAL : YANK_OK;
}

void yank_os_fini(void)
{
}

void yank_os_fork_child(struct yank_m *m)
{
    atomic_store(&m->os_id, atomic_load(&m->os_id) + 100);
}

int yank_os_m_init(struct yank_m *m, const struct yank_stack *want)
{
    struct party *p = fake.cur;

    must(p != NULL);
    if (want != NULL && want->hi != 0 && want->hi - want->lo < 2048)
        return YANK_EINVAL;
    atomic_store(&m->os_id, (uintptr_t)p->id + 1);
    p->m = m;
    fake_step("m is set up");
    return YANK_OK;
}

void yank_os_m_fini(struct yank_m *m)
{
    struct party *p = fake.cur;

    must(p != NULL && p->m == m);
    fake_step("m is taken down");
    must((atomic_load(&m->kickers) & 0x7fffffff) == 0); /* contract */
    atomic_store(&m->os_id, 0);
    p->m = NULL;
    p->kick = false; /* a foreign thread's handler only chains */
}

struct yank_m *yank_m_self(void)
{
    return fake.cur == NULL ? NULL : fake.cur->m;
}

int64_t yank_now_ns(void)
{
    return fake.clock++;
}

void yank_os_wait(_Atomic uint32_t *word, uint32_t old, int64_t deadline_ns)
{
    must(fake.cur == NULL || !fake.cur->in_window); /* what it held, waits */
    fake_step("wait");
    if (fake.cur == NULL)
        return;
    fake_flush(fake.cur);
    if (atomic_load(word) != old || fake.clock >= deadline_ns)
        return;
    fake.waits++;
    if ((fake.spec->may & FAKE_SPURIOUS) != 0 &&
        fake_choose(2, "spurious wake-up"))
        return;
    fake.cur->where = "asleep";
    fake_block(PARTY_WAIT, word, deadline_ns);
}

void yank_os_wake(_Atomic uint32_t *word)
{
    must(fake.cur == NULL || !fake.cur->in_window);
    fake_step("wake");
    fake_flush(fake.cur);
    fake.wakes++;
    for (int i = 0; i < fake.parties; i++)
        if (fake.party[i].state == PARTY_WAIT && fake.party[i].word == word)
            fake.party[i].woken = true;
}

static int64_t fake_errno[FAKE_PARTIES + 1];

int64_t yank_os_errno(void)
{
    return fake_errno[fake.cur == NULL ? FAKE_PARTIES : fake.cur->id];
}

void yank_os_set_errno(int64_t value)
{
    fake_errno[fake.cur == NULL ? FAKE_PARTIES : fake.cur->id] = value;
}

void *yank_os_pages(size_t bytes)
{
    void *p = aligned_alloc(4096, (bytes + 4095) & ~(size_t)4095);

    if (p != NULL)
        memset(p, 0, bytes);
    return p;
}

void yank_os_pages_free(void *p, size_t bytes)
{
    (void)bytes;
    free(p);
}

const size_t yank_os_stack_reserve_bytes = 0;

int yank_os_stack_alloc(size_t bytes, struct yank_stack *out)
{
    out->lo = (uintptr_t)yank_os_pages(bytes);
    out->hi = out->lo + bytes;
    return out->lo == 0 ? YANK_ENOMEM : YANK_OK;
}

void yank_os_stack_free(const struct yank_stack *stack)
{
    free((void *)stack->lo);
}

int yank_os_thread_stack(struct yank_stack *out)
{
    const struct fiber *f = fake.cur == NULL ? &fake.main : fake.cur->on;

    out->lo = (uintptr_t)f->stack;
    out->hi = out->lo + f->bytes;
    return YANK_OK;
}

unsigned yank_os_processors(void)
{
    return fake.processors;
}

unsigned yank_os_kick_scale(void)
{
    return 1;
}

bool yank_os_env_has(const char *item)
{
    const char *s = getenv("YANKDEBUG");

    return s != NULL && strstr(s, item) != NULL;
}

/* One thread at a time, which is all that core/ starts. */
static struct {
    void (*fn)(void *);
    void *arg;
    _Atomic uint32_t ended;
} thread;

static void thread_main(void *arg)
{
    (void)arg;
    thread.fn(thread.arg);
    atomic_store(&thread.ended, 1);
}

int yank_os_thread_start(struct yank_os_thread *t, void (*fn)(void *),
                         void *arg)
{
    (void)t;
    if (!fake.threads)
        return YANK_EAGAIN;
    thread.fn = fn;
    thread.arg = arg;
    atomic_store(&thread.ended, 0);
    fake_flush(fake.cur); /* the new thread sees all that was before it */
    fake_party("T", thread_main, NULL);
    return YANK_OK;
}

void yank_os_thread_join(struct yank_os_thread *t)
{
    (void)t;
    fake_block_changed(&thread.ended, 0);
}

int yank_os_atfork(void (*prepare)(void), void (*parent)(void),
                   void (*child)(void))
{
    (void)prepare;
    (void)parent;
    (void)child;
    return YANK_OK;
}

void yank_os_write_line(const char *line)
{
    snprintf(fake.last_log, sizeof fake.last_log, "%s", line);
}

_Noreturn void yank_os_abort(void)
{
    char say[300];

    snprintf(say, sizeof say, "Yank aborts: %s", fake.last_log);
    fake_fail(__FILE__, __LINE__, say);
}

int yank_signal_mask_changed(void)
{
    return yank_m_self() == NULL ? YANK_ETHREAD : YANK_OK;
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
