/* Which M is this thread?  An index of the system's and not _Thread_local,
 * which MinGW's gcc imitates with the heap and a lock.
 * A file of its own, not inlined and with an effect no optimiser knows: a
 * caller could have the thread's block in a register across a stack switch,
 * and would then read another thread's. */
#include "windows.h"

/* Written by init and fini. */
static _Atomic DWORD self_index = TLS_OUT_OF_INDEXES;

__attribute__((noinline)) struct yank_m *yank_m_self(void)
{
    struct yank_m *m = NULL;
    DWORD index, error;

    __asm__ volatile("" ::: "memory");
    /* Relaxed: whoever is an M attached after init. */
    index = atomic_load_explicit(&self_index, memory_order_relaxed);
    if (index != TLS_OUT_OF_INDEXES) {
        error = GetLastError(); /* TlsGetValue() says that all went well */
        m = TlsGetValue(index);
        SetLastError(error);
    }
    return m;
}

__attribute__((noinline)) int yank_windows_set_self(struct yank_m *m)
{
    DWORD index = atomic_load_explicit(&self_index, memory_order_relaxed);

    __asm__ volatile("" ::: "memory");
    return TlsSetValue(index, m) ? YANK_OK : YANK_ENOMEM;
}

int yank_windows_self_begin(void)
{
    DWORD index = TlsAlloc();

    if (index == TLS_OUT_OF_INDEXES)
        return YANK_ENOMEM;
    atomic_store_explicit(&self_index, index, memory_order_relaxed);
    return YANK_OK;
}

void yank_windows_self_end(void)
{
    DWORD index = atomic_exchange_explicit(&self_index, TLS_OUT_OF_INDEXES,
                                           memory_order_relaxed);

    if (index != TLS_OUT_OF_INDEXES)
        TlsFree(index);
}
