/* The floor of the suspend latency: what the system alone needs.  A thread in
 * a call-free loop, suspended, its registers read, and resumed. */
#include "demo.h"

#include <process.h>
#include <stdatomic.h>
#include <windows.h>

#define SECONDS 3

const char *const demo_floor_name = "bare SuspendThread, GetThreadContext";

static atomic_bool begun, over;
static volatile uint64_t spin_sink;

static unsigned __stdcall spin(void *arg)
{
    (void)arg;
    demo_place(1);
    atomic_store(&begun, true);
    for (uint64_t x = 1; !atomic_load_explicit(&over, memory_order_relaxed);
         x = x * 6364136223846793005u + 1)
        spin_sink = x;
    return 0;
}

/* The registers are there only once the thread has stopped. */
static bool sample(int64_t *ns, HANDLE thread)
{
    CONTEXT context = { .ContextFlags = CONTEXT_CONTROL };
    int64_t start = yank_now_ns();
    bool ok;

    if (SuspendThread(thread) == (DWORD)-1)
        return false;
    ok = GetThreadContext(thread, &context) != 0;
    *ns = yank_now_ns() - start;
    return ResumeThread(thread) != (DWORD)-1 && ok;
}

int demo_floor(int64_t *samples, int n)
{
    int64_t end = yank_now_ns() + SECONDS * 1000000000LL;
    uintptr_t handle = _beginthreadex(NULL, 0, spin, NULL, 0, NULL);
    HANDLE thread = (HANDLE)handle;
    int got = 0;

    if (handle == 0)
        return 0;
    while (!atomic_load(&begun))
        SwitchToThread();
    while (got < n && yank_now_ns() < end && sample(&samples[got], thread)) {
        got++;
        demo_sleep_ns(50000);
    }
    atomic_store(&over, true);
    WaitForSingleObject(thread, INFINITE);
    CloseHandle(thread);
    return got;
}
