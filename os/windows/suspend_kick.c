/* The kick: the target's thread is suspended, its registers are read and
 * perhaps edited, and it runs again; the answer is given here, for it.
 *
 * Between SuspendThread() and ResumeThread() the target may be anywhere, with
 * any lock: no heap, no stdio, no lock of the system's or ours, and no wake,
 * which takes one.
 * Order of locks: the M's, then the one of suspend_lock.c.  A thread that is
 * suspended here may hold the M lock of yet another and have that thread
 * suspended in turn: whoever suspended it waits for nothing, so it runs again,
 * and then so does the other.
 * Origin: go@957259b7 os_windows.go:preemptM. */
#include "../../arch/arch.h"
#include "windows.h"

const bool yank_preempt_m_supported = YANK_ASYNC;

struct yank_windows_api yank_windows_api;

/* push_call writes at most this far below the interrupted SP. */
#define PUSH_BYTES 64

#define FAILED_CALL ((DWORD)-1)
#define IN_THE_SYSTEM (YANK_CONTEXT_IN_EXCEPTION | YANK_CONTEXT_IN_SERVICE)

int yank_windows_error(DWORD error)
{
    switch (error) {
    case ERROR_ACCESS_DENIED:  /* SuspendThread: it has ended */
    case ERROR_GEN_FAILURE:    /* QueueUserAPC2: it is on its way to */
    case ERROR_INVALID_HANDLE: /* it was never there */
        return YANK_EGONE;
    default: return YANK_EOS;
    }
}

/* --- may this context be edited? -----------------------------------------*/

/* In the middle of a system call or of a fault, what the system shows may be
 * a state to which it does not come back (go issue 79249).  Where it does not
 * report this (Wine 8; Windows where this is unknown) the PC decides, which is
 * then in no registered code. */
static bool in_the_system(const CONTEXT *c)
{
    return (c->ContextFlags & YANK_CONTEXT_SAYS) != 0 &&
           (c->ContextFlags & IN_THE_SYSTEM) != 0;
}

/* Would push_call write where the thread's stack is not there yet?  Only the
 * thread itself can make it grow: a write of ours would take its guard page
 * away.  A function with a small frame may have moved the SP below the limit and
 * touched nothing there so far. */
static bool not_there(const NT_TIB *tib, uintptr_t sp)
{
    const uintptr_t whole = *(const uintptr_t *)(const void *)(
        (const char *)tib + YANK_TEB_DEALLOCATION_STACK);

    return sp >= whole && sp < (uintptr_t)tib->StackLimit + PUSH_BYTES;
}

enum yank_outcome yank_windows_refusal(struct yank_m *m, const CONTEXT *c,
                                       const struct yank_regs *r)
{
    struct yank_windows_m *w = yank_windows_of(m);

    /* Also: our handler may be reading the code map, of which m has only one
     * reader's mark.  Relaxed: own, or its thread is suspended. */
    if (in_the_system(c) ||
        atomic_load_explicit(&w->in_fault, memory_order_relaxed) != 0)
        return YANK_REFUSED_CPU_STATE;
    return not_there(w->tib, r->sp) ? YANK_REFUSED_ROOM : YANK_NOT_WANTED;
}

/* --- suspend and resume --------------------------------------------------*/

/* It was suspended by us, so this fails only if it was ended meanwhile. */
static void go_on(HANDLE thread)
{
    DWORD code;

    if (yank_windows_api.resume(thread) == FAILED_CALL &&
        GetExitCodeThread(thread, &code) && code == STILL_ACTIVE) {
        yank_os_write_line("yank: a suspended thread cannot be resumed");
        yank_os_abort();
    }
}

/* YANK_OK: it is suspended, and *c has its registers. */
static int stop(HANDLE thread, CONTEXT *c)
{
    int rc = YANK_OK;

    if (!yank_windows_suspend_lock())
        return YANK_EOS; /* the process exits */
    if (yank_windows_api.suspend(thread) == FAILED_CALL) {
        rc = yank_windows_error(GetLastError());
    } else {
        c->ContextFlags = yank_windows_context_flags | YANK_CONTEXT_ASK;
        if (!yank_windows_api.get_context(thread, c)) {
            rc = yank_windows_error(GetLastError());
            go_on(thread);
        }
    }
    yank_windows_suspend_unlock();
    return rc;
}

/* --- the kick ------------------------------------------------------------*/

/* With m suspended. */
static struct yank_answer answer(struct yank_m *m, HANDLE thread, CONTEXT *c)
{
    struct yank_regs r = { 0 };
    struct yank_answer a;

    yank_windows_load(c, &r);
    r.refusal = yank_windows_refusal(m, c, &r);
    a = yank_do_sig_preempt(m, &r);
    if (a.edited) {
        yank_windows_store(c, &r);
        /* Some versions refuse their own answer (dotnet issue 40651). */
        c->ContextFlags &= ~(YANK_CONTEXT_ASK | YANK_CONTEXT_SAYS |
                              IN_THE_SYSTEM);
        if (!yank_windows_api.set_context(thread, c))
            yank_answer_undo(&a);
    }
    return a;
}

static int kick(struct yank_m *m, struct yank_windows_m *w)
{
    struct yank_answer a;
    CONTEXT c;
    int rc;

    if (w->thread == NULL)
        return YANK_EGONE;
    if ((rc = stop(w->thread, &c)) != YANK_OK)
        return rc;
    a = answer(m, w->thread, &c);
    go_on(w->thread);
    yank_tell(a);
    return YANK_OK;
}

int yank_windows_kick(struct yank_m *m)
{
    struct yank_windows_m *w = yank_windows_of(m);
    int rc;

    yank_windows_lock(&w->answering);
    rc = kick(m, w);
    yank_windows_unlock(&w->answering);
    return rc;
}

int yank_preempt_m(struct yank_m *m)
{
    DWORD error = GetLastError();
    int rc = YANK_EGONE;

    if (!yank_preempt_m_supported)
        return YANK_ENOSYS;
    /* seq_cst: a store-load pair with detach, which clears it and then looks
     * at kickers; and pairs with the release in yank_os_m_init(). */
    if (atomic_load_explicit(&m->os_id, memory_order_seq_cst) != 0)
        rc = yank_windows_by_apc() ? yank_windows_apc_kick(m)
                                   : yank_windows_kick(m);
    SetLastError(error);
    return rc;
}

/* A thread cannot suspend itself and then answer: it answers, and it is in no
 * registered code. */
static void answer_self(struct yank_m *m)
{
    struct yank_regs r = { .pc = (uintptr_t)answer_self,
                           .sp = (uintptr_t)&r,
                           .refusal = YANK_REFUSED_NOT_USER };
    struct yank_windows_m *w = yank_windows_of(m);
    struct yank_answer a;

    yank_windows_lock(&w->answering);
    a = yank_do_sig_preempt(m, &r);
    yank_windows_unlock(&w->answering);
    yank_tell(a);
}

int yank_os_kick_self(struct yank_m *m)
{
    DWORD error = GetLastError();

    if (!yank_preempt_m_supported)
        return YANK_ENOSYS;
    /* Relaxed: own. */
    if (atomic_load_explicit(&m->os_id, memory_order_relaxed) == 0)
        return YANK_EGONE;
    if (yank_windows_by_apc())
        yank_windows_apc_answer(m, NULL);
    else
        answer_self(m);
    SetLastError(error);
    return YANK_OK;
}
