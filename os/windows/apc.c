/* The kick as a special user APC, which interrupts the target's thread as a
 * signal would: on its own stack, between any two instructions.  Only where
 * the host asks for it, the system has QueueUserAPC2() and a trial of it
 * works: the call is there on systems that lack the flag (dotnet issue 99076).
 * Origin: none in the seed. */
#include "../../arch/arch.h"
#include "windows.h"

#include <string.h>

/* Written by begin and end. */
static _Atomic bool by_apc;

bool yank_windows_by_apc(void)
{
    /* Relaxed: constant between init and fini. */
    return atomic_load_explicit(&by_apc, memory_order_relaxed);
}

/* --- the answer ----------------------------------------------------------*/

static struct yank_answer answer_once(struct yank_m *m, CONTEXT *c)
{
    struct yank_regs r = { .pc = (uintptr_t)answer_once,
                           .sp = (uintptr_t)&r,
                           .refusal = YANK_REFUSED_NOT_USER };
    struct yank_answer a;

    if (c != NULL) {
        yank_windows_load(c, &r);
        r.refusal = yank_windows_refusal(m, c, &r);
    }
    a = yank_do_sig_preempt(m, &r);
    if (a.edited)
        yank_windows_store(c, &r);
    return a;
}

/* An APC may interrupt the answer to another: it only leaves word, and the one
 * below answers again.  Relaxed, all: this thread's. */
void yank_windows_apc_answer(struct yank_m *m, CONTEXT *c)
{
    struct yank_windows_m *w = yank_windows_of(m);
    struct yank_answer a;
    uint32_t n;

    if (atomic_fetch_add_explicit(&w->apcs, 1, memory_order_relaxed) != 0)
        return;
    do {
        n = atomic_load_explicit(&w->apcs, memory_order_relaxed);
        a = answer_once(m, c);
        /* A wake takes a lock of the system's.  Registered code does not have
         * it; any other may, and then whoever waits looks at its deadline. */
        if (a.edited || c == NULL)
            yank_tell(a);
    } while (!atomic_compare_exchange_strong_explicit(
        &w->apcs, &n, 0, memory_order_relaxed, memory_order_relaxed));
}

static VOID CALLBACK on_apc(ULONG_PTR data)
{
    const struct yank_apc_data *d = (const struct yank_apc_data *)data;
    DWORD error = GetLastError();
    struct yank_m *m;

    yank_arch_c_flags();
    m = yank_m_self();
    if (m != NULL) { /* null: it has detached since */
        atomic_store_explicit(&yank_windows_of(m)->queued, 0,
                              memory_order_seq_cst);
        yank_windows_apc_answer(m, d->context);
    }
    SetLastError(error);
}

/* --- the kick ------------------------------------------------------------*/

static int queue(HANDLE thread, PAPCFUNC fn, void *arg)
{
    return yank_windows_api.queue_apc(fn, thread, (ULONG_PTR)arg,
                                      YANK_APC_SPECIAL | YANK_APC_WITH_CONTEXT)
               ? YANK_OK
               : yank_windows_error(GetLastError());
}

int yank_windows_apc_kick(struct yank_m *m)
{
    struct yank_windows_m *w = yank_windows_of(m);
    int rc = YANK_EGONE;

    /* The handle is closed under it; no answer is given under it here. */
    yank_windows_lock(&w->answering);
    /* seq_cst: after the ask; the APC clears it before it reads the asks. */
    if (w->thread != NULL &&
        atomic_exchange_explicit(&w->queued, 1, memory_order_seq_cst) != 0) {
        rc = YANK_OK;
    } else if (w->thread != NULL) {
        rc = queue(w->thread, on_apc, m);
        if (rc != YANK_OK)
            atomic_store_explicit(&w->queued, 0, memory_order_seq_cst);
    }
    yank_windows_unlock(&w->answering);
    return rc;
}

/* --- the trial -----------------------------------------------------------*/

#define TRIAL_MS 1000

struct trial {
    _Atomic uint32_t edited; /* the APC found the thread in its loop */
    _Atomic uint32_t obeyed; /* and it went where it was sent */
    _Atomic uint32_t leave;
};
/* One at a time: init. */
static struct trial *trial;

__attribute__((section(".yapc$a"), used)) static void loop_lo(void)
{
}

/* As a thread: needs no C library. */
__attribute__((section(".yapc$m"), noinline)) static DWORD WINAPI
loop(void *arg)
{
    struct trial *t = arg;

    /* Relaxed, all: the thread's end orders them. */
    while (!atomic_load_explicit(&t->leave, memory_order_relaxed))
        ;
    return 0;
}

__attribute__((section(".yapc$z"), used)) static void loop_hi(void)
{
}

static void sent_here(void)
{
    atomic_store_explicit(&trial->obeyed, 1, memory_order_relaxed);
    ExitThread(0);
}

static VOID CALLBACK on_trial(ULONG_PTR data)
{
    const struct yank_apc_data *d = (const struct yank_apc_data *)data;
    struct trial *t = (struct trial *)d->parameter;
    struct yank_regs r = { 0 };

    yank_windows_load(d->context, &r);
    if (r.pc <= (uintptr_t)loop_lo || r.pc >= (uintptr_t)loop_hi ||
        atomic_exchange_explicit(&t->edited, 1, memory_order_relaxed) != 0)
        return;
    /* What push_call would write; nothing of the system's may be there. */
    for (uintptr_t *p = (uintptr_t *)r.sp; p > (uintptr_t *)r.sp - 4;)
        *--p = 0;
    yank_arch_enter(&r, sent_here, r.sp - 256);
    yank_windows_store(d->context, &r);
}

/* It may meet the thread before its loop: again then. */
static void try_on(HANDLE thread, struct trial *t)
{
    int64_t deadline = yank_now_ns() + (int64_t)TRIAL_MS * 1000000;

    while (!atomic_load_explicit(&t->edited, memory_order_relaxed) &&
           yank_now_ns() < deadline &&
           queue(thread, on_trial, t) == YANK_OK)
        WaitForSingleObject(thread, 1);
    if (!atomic_load_explicit(&t->edited, memory_order_relaxed) ||
        WaitForSingleObject(thread, TRIAL_MS) != WAIT_OBJECT_0)
        atomic_store_explicit(&t->leave, 1, memory_order_relaxed);
    WaitForSingleObject(thread, INFINITE);
}

static bool works(void)
{
    struct trial t = { .leave = 0 };
    HANDLE thread;

    trial = &t;
    thread = CreateThread(NULL, 0, loop, &t, 0, NULL);
    if (thread == NULL)
        return false;
    try_on(thread, &t);
    CloseHandle(thread);
    return atomic_load_explicit(&t.obeyed, memory_order_relaxed) != 0;
}

void yank_windows_apc_begin(void)
{
    struct yank_windows_api *api = &yank_windows_api;
    HMODULE base = GetModuleHandleW(L"kernelbase.dll");

    /* By way of a pointer without a type: ISO C has no cast from one function
     * to another that warnings accept. */
    if (api->queue_apc == NULL && base != NULL) {
        FARPROC found = GetProcAddress(base, "QueueUserAPC2");

        memcpy(&api->queue_apc, &found, sizeof found);
    }
    atomic_store_explicit(&by_apc, api->queue_apc != NULL && works(),
                          memory_order_relaxed);
}

void yank_windows_apc_end(void)
{
    atomic_store_explicit(&by_apc, false, memory_order_relaxed);
}
