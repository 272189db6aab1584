#include "thread.h"

#include <fcntl.h>
#include <io.h>
#include <malloc.h>
#include <process.h>
#include <windows.h>

_Static_assert(sizeof(CRITICAL_SECTION) <= sizeof(struct test_mutex),
               "a mutex fits");

static unsigned __stdcall thread_main(void *arg)
{
    struct test_thread *t = arg;

    t->result = t->fn(t->arg);
    return 0;
}

/* Not CreateThread(): the C library has state of its own for each thread. */
int test_thread_start(struct test_thread *t, void *(*fn)(void *), void *arg)
{
    uintptr_t handle;

    t->fn = fn;
    t->arg = arg;
    handle = _beginthreadex(NULL, 0, thread_main, t, 0, NULL);
    *(uintptr_t *)(void *)t->opaque = handle;
    return handle == 0 ? -1 : 0;
}

int test_thread_join(struct test_thread *t, void **result)
{
    HANDLE handle = *(HANDLE *)(void *)t->opaque;

    if (WaitForSingleObject(handle, INFINITE) != WAIT_OBJECT_0)
        return -1;
    CloseHandle(handle);
    if (result != NULL)
        *result = t->result;
    return 0;
}

long test_thread_id(void)
{
    return (long)GetCurrentThreadId();
}

void test_yield(void)
{
    SwitchToThread();
}

/* Sleep() knows milliseconds, and 0 is a yield. */
void test_nap_ns(int64_t ns)
{
    Sleep((DWORD)((ns + 999999) / 1000000));
}

void *test_aligned(size_t alignment, size_t bytes)
{
    return _aligned_malloc(bytes, alignment);
}

void test_aligned_free(void *p)
{
    _aligned_free(p);
}

void test_mutex_init(struct test_mutex *m)
{
    InitializeCriticalSection((CRITICAL_SECTION *)(void *)m->opaque);
}

void test_mutex_fini(struct test_mutex *m)
{
    DeleteCriticalSection((CRITICAL_SECTION *)(void *)m->opaque);
}

void test_mutex_lock(struct test_mutex *m)
{
    EnterCriticalSection((CRITICAL_SECTION *)(void *)m->opaque);
}

void test_mutex_unlock(struct test_mutex *m)
{
    LeaveCriticalSection((CRITICAL_SECTION *)(void *)m->opaque);
}

int test_pipe_open(int fd[2])
{
    return _pipe(fd, 4096, _O_BINARY);
}

void test_pipe_close(int fd[2])
{
    _close(fd[0]);
    _close(fd[1]);
}

int test_read(int fd, void *to, unsigned bytes)
{
    return _read(fd, to, bytes);
}

int test_write(int fd, const void *from, unsigned bytes)
{
    return _write(fd, from, bytes);
}

int test_shell(const char *command)
{
    (void)command;
    return -1;
}
