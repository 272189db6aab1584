/* What tests need of the system besides Yank: threads that Yank does not know,
 * time to pass, memory at an alignment, something to block in.  One file for
 * each kind of system implements it, with nothing that a C compiler for it may
 * lack.  jump.h is beside it, in the folder of the system. */
#ifndef YANK_TESTS_THREAD_H
#define YANK_TESTS_THREAD_H

#include <stddef.h>
#include <stdint.h>

struct test_thread {
    _Alignas(16) unsigned char opaque[16]; /* the system's */
    void *(*fn)(void *);
    void *arg;
    void *result;
};

/* Runs fn(arg) in a new thread; t stays where it is until the join.  0, or
 * something else where the system has none to give. */
int test_thread_start(struct test_thread *t, void *(*fn)(void *), void *arg);
/* Waits for its end; result may be null.  0 on success. */
int test_thread_join(struct test_thread *t, void **result);
/* Of the calling thread; no other thread that lives has it. */
long test_thread_id(void);

/* Let others run: any thread at once, or whoever there is for a while. */
void test_yield(void);
void test_nap_ns(int64_t ns);

/* Freed by test_aligned_free(), and by nothing else.  Null: there is none. */
void *test_aligned(size_t alignment, size_t bytes);
void test_aligned_free(void *p);

/* A lock that sleeps in the system. */
struct test_mutex {
    _Alignas(16) unsigned char opaque[64];
};
void test_mutex_init(struct test_mutex *m);
void test_mutex_fini(struct test_mutex *m);
void test_mutex_lock(struct test_mutex *m);
void test_mutex_unlock(struct test_mutex *m);

/* Bytes from fd[1] to fd[0]; a read sleeps in the system.  open: 0 on success;
 * the others are read(), write() and close(). */
int test_pipe_open(int fd[2]);
void test_pipe_close(int fd[2]);
int test_read(int fd, void *to, unsigned bytes);
int test_write(int fd, const void *from, unsigned bytes);

/* A POSIX shell's exit code; not 0 where there is no such shell. */
int test_shell(const char *command);

#endif
