#define _GNU_SOURCE /* syscall */
#include "thread.h"

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

_Static_assert(sizeof(pthread_t) <= sizeof(((struct test_thread *)0)->opaque),
               "a thread fits");
_Static_assert(sizeof(pthread_mutex_t) <= sizeof(struct test_mutex),
               "a mutex fits");

int test_thread_start(struct test_thread *t, void *(*fn)(void *), void *arg)
{
    return pthread_create((pthread_t *)(void *)t->opaque, NULL, fn, arg);
}

int test_thread_join(struct test_thread *t, void **result)
{
    return pthread_join(*(pthread_t *)(void *)t->opaque, result);
}

long test_thread_id(void)
{
    return syscall(SYS_gettid);
}

void test_yield(void)
{
    sched_yield();
}

void test_nap_ns(int64_t ns)
{
    const struct timespec nap = { .tv_sec = (time_t)(ns / 1000000000),
                                  .tv_nsec = (long)(ns % 1000000000) };

    nanosleep(&nap, NULL);
}

void *test_aligned(size_t alignment, size_t bytes)
{
    void *p;

    return posix_memalign(&p, alignment, bytes) == 0 ? p : NULL;
}

void test_aligned_free(void *p)
{
    free(p);
}

void test_mutex_init(struct test_mutex *m)
{
    pthread_mutex_init((pthread_mutex_t *)(void *)m->opaque, NULL);
}

void test_mutex_fini(struct test_mutex *m)
{
    pthread_mutex_destroy((pthread_mutex_t *)(void *)m->opaque);
}

void test_mutex_lock(struct test_mutex *m)
{
    pthread_mutex_lock((pthread_mutex_t *)(void *)m->opaque);
}

void test_mutex_unlock(struct test_mutex *m)
{
    pthread_mutex_unlock((pthread_mutex_t *)(void *)m->opaque);
}

int test_pipe_open(int fd[2])
{
    return pipe(fd);
}

void test_pipe_close(int fd[2])
{
    close(fd[0]);
    close(fd[1]);
}

int test_read(int fd, void *to, unsigned bytes)
{
    return (int)read(fd, to, bytes);
}

int test_write(int fd, const void *from, unsigned bytes)
{
    return (int)write(fd, from, bytes);
}

int test_shell(const char *command)
{
    return system(command);
}
