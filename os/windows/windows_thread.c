/* Threads for the scheduler's Ms and the monitor, and what there is to know of
 * threads. */
#include "windows.h"

#include <errno.h>
#include <process.h>

struct started {
    HANDLE thread;
    void (*fn)(void *);
    void *arg;
};
_Static_assert(sizeof(struct started) <= sizeof(struct yank_os_thread),
               "the opaque bytes hold it");

static unsigned __stdcall thread_main(void *arg)
{
    struct started *s = arg;

    s->fn(s->arg);
    return 0;
}

int yank_os_thread_start(struct yank_os_thread *t, void (*fn)(void *),
                         void *arg)
{
    struct started *s = (struct started *)(void *)t;
    int64_t saved = yank_os_errno();
    int rc = YANK_OK;

    *s = (struct started){ .fn = fn, .arg = arg };
    s->thread = (HANDLE)_beginthreadex(NULL, 0, thread_main, s, 0, NULL);
    if (s->thread == NULL)
        switch (errno) {
        case EAGAIN: /* threads, resources, memory: by version */
        case EACCES:
        case ENOMEM: rc = YANK_EAGAIN; break;
        default: rc = YANK_EOS; break;
        }
    yank_os_set_errno(saved);
    return rc;
}

void yank_os_thread_join(struct yank_os_thread *t)
{
    struct started *s = (struct started *)(void *)t;

    WaitForSingleObject(s->thread, INFINITE);
    CloseHandle(s->thread);
}

/* From hi down to the SP all of it is there; below, the system adds pages as
 * the thread touches them, one after the other. */
int yank_os_thread_stack(struct yank_stack *out)
{
    ULONG_PTR lo, hi;

    GetCurrentThreadStackLimits(&lo, &hi);
    *out = (struct yank_stack){ lo, hi };
    return YANK_OK;
}

/* NtQueryInformationThread() does not say it, and the list of all the
 * system's threads, which does, takes milliseconds. */
int yank_os_thread_sleeps(const struct yank_m *m)
{
    (void)m;
    return -1;
}
