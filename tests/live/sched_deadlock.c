/* A mutex of the system's in tasks that share a thread: they deadlock, and that
 * is reported. */
#define _GNU_SOURCE
#include "sched_fixture.h"

#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

struct locked {
    pthread_mutex_t mutex;
    _Atomic int held; /* somebody is inside */
};

static struct yank_task *go_named(struct yank_sched *s, void (*fn)(void *),
                                  void *arg, const char *name)
{
    struct yank_task_attr a = { .struct_size = sizeof a, .name = name };
    struct yank_task *t = NULL;

    assert_int_equal(yank_go(s, fn, arg, &a, &t), YANK_OK);
    return t;
}

YANK_TEXT static void hold_for_good(struct locked *l)
{
    atomic_store(&l->held, 1);
    for (;;)
        __asm__ volatile("");
}

static void holds(void *arg)
{
    struct locked *l = arg;

    pthread_mutex_lock(&l->mutex);
    hold_for_good(l);
}

static void wants(void *arg)
{
    struct locked *l = arg;

    while (atomic_load(&l->held) == 0)
        yank_yield();
    pthread_mutex_lock(&l->mutex);
}

static int told; /* the child's end of a pipe */

static void tell(void *ctx, const char *line)
{
    (void)ctx;
    if (strstr(line, "sleeps in") != NULL)
        (void)!write(told, line, strlen(line));
}

/* Never comes back: the parent ends it. */
static void deadlock(int to_parent)
{
    struct yank_options o = { .struct_size = sizeof o, .log = tell };
    static struct locked l = { .mutex = PTHREAD_MUTEX_INITIALIZER };
    struct yank_sched *s;

    told = to_parent;
    if (yank_init(&o) != YANK_OK)
        _exit(2);
    s = sched_open(1);
    go_named(s, holds, &l, "holder");
    go_named(s, wants, &l, "wanter");
    for (;;)
        pause();
}

static void sched_mutex_deadlock_on_one_thread_is_reported(void **state)
{
    char line[300];
    int fd[2], status;
    ssize_t n;
    pid_t child;

    (void)state;
    assert_int_equal(yank_fini(), YANK_OK);
    assert_int_equal(pipe(fd), 0);
    child = fork();
    if (child == 0)
        deadlock(fd[1]);
    close(fd[1]);
    n = read(fd[0], line, sizeof line - 1); /* the report, not a time */
    kill(child, SIGKILL);
    waitpid(child, &status, 0);
    close(fd[0]);
    assert_int_equal(yank_init(NULL), YANK_OK);
    assert_true(n > 0);
    line[n] = '\0';
    assert_non_null(strstr(line, "'holder'"));
    assert_non_null(strstr(line, "'wanter'"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sched_mutex_deadlock_on_one_thread_is_reported),
    };
    return SCHED_MAIN(tests);
}
