/* Set-up of the process, and how a thread becomes an M and stops being one.
 * Origin: go@62e53b79 os_windows.go:minit, unminit. */
#include "windows.h"

/* --- the process ---------------------------------------------------------*/

/* Not a constant: the address of an imported function is none. */
static void fill_api(struct yank_windows_api *api)
{
    if (api->suspend == NULL)
        api->suspend = SuspendThread;
    if (api->resume == NULL)
        api->resume = ResumeThread;
    if (api->get_context == NULL)
        api->get_context = GetThreadContext;
    if (api->set_context == NULL)
        api->set_context = SetThreadContext;
}

int yank_os_init(const struct yank_options *options, int *signo)
{
    int rc;

    *signo = 0;
    fill_api(&yank_windows_api);
    if ((rc = yank_windows_self_begin()) != YANK_OK)
        return rc;
    if (!YANK_ASYNC)
        return YANK_OK;
    if ((rc = yank_windows_guard_exit()) != YANK_OK) {
        yank_windows_self_end();
        return rc;
    }
    if (options->kick_by_apc)
        yank_windows_apc_begin();
    return YANK_OK;
}

void yank_os_fini(void)
{
    yank_windows_apc_end();
    yank_windows_self_end();
}

/* --- a thread ------------------------------------------------------------*/

#define KICK_RIGHTS                                                            \
    (THREAD_SUSPEND_RESUME | THREAD_GET_CONTEXT | THREAD_SET_CONTEXT |         \
     THREAD_QUERY_INFORMATION)

/* A loop whose SP is just above what is there of its stack is refused as long as
 * it stays there (not_there() in suspend_kick.c), so the next pages are made
 * before; deeper calls may meet the limit again.  Downwards and page by page,
 * as the system makes stacks grow. */
#define STEP 4096
#define TOUCHED ((uintptr_t)64 * 1024)

static void grow_stack(void)
{
    volatile char here = 0;
    struct yank_stack s;
    uintptr_t at = (uintptr_t)&here & ~(uintptr_t)(STEP - 1), lo = at - TOUCHED;

    if (yank_os_thread_stack(&s) != YANK_OK || at < s.lo || at >= s.hi)
        return; /* a stack that the system does not know */
    if (lo < s.lo + yank_os_stack_reserve_bytes || lo > at)
        lo = s.lo + yank_os_stack_reserve_bytes;
    while ((at -= STEP) > lo)
        *(volatile char *)at = *(volatile char *)at;
}

int yank_os_m_init(struct yank_m *m, const struct yank_stack *want)
{
    struct yank_windows_m *w = yank_windows_of(m);
    HANDLE process = GetCurrentProcess(), thread;
    int rc;

    (void)want; /* there are no signal stacks */
    /* The C library and the system make a thread's share of errno and of the
     * index at the first use, from the heap: let that be now. */
    yank_os_set_errno(yank_os_errno());
    grow_stack();
    if (!DuplicateHandle(process, GetCurrentThread(), process, &thread,
                         KICK_RIGHTS, FALSE, 0))
        return YANK_EOS;
    if ((rc = yank_windows_set_self(NULL)) != YANK_OK) {
        CloseHandle(thread);
        return rc;
    }
    *w = (struct yank_windows_m){ .thread = thread,
                                  .tib = (const NT_TIB *)NtCurrentTeb() };
    /* Release: pairs with the load in yank_preempt_m(). */
    atomic_store_explicit(&m->os_id, GetCurrentThreadId(),
                          memory_order_release);
    return yank_windows_set_self(m);
}

void yank_os_m_fini(struct yank_m *m)
{
    struct yank_windows_m *w = yank_windows_of(m);

    yank_windows_set_self(NULL);
    yank_windows_lock(&w->answering);
    CloseHandle(w->thread);
    w->thread = NULL;
    yank_windows_unlock(&w->answering);
}

/* There is no fork. */
void yank_os_fork_child(struct yank_m *m)
{
    (void)m;
}

int yank_os_atfork(void (*prepare)(void), void (*parent)(void),
                   void (*child)(void))
{
    (void)prepare;
    (void)parent;
    (void)child;
    return YANK_ENOSYS;
}

/* --- there are no signals ------------------------------------------------*/

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
