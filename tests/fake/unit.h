/* A CMocka group whose tests run in a child each: a claim that fails leaves
 * core/ in the middle of something, and a hang must not stop the rest.
 * Usage: ./test [name]; YANK_NO_FORK=1 for a debugger. */
#ifndef YANK_UNIT_H
#define YANK_UNIT_H

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "fake.h"

/* YANK_UNIT_SECONDS: the limit of one test. */
#define UNIT_SECONDS 120
void fake_on_alarm(int signo);

static inline void unit_in_child(void (*fn)(void))
{
    int status = 0;

    if (getenv("YANK_NO_FORK") != NULL) {
        fn();
        return;
    }
    fflush(stdout);
    fflush(stderr);
    pid_t pid = fork();
    if (pid == 0) {
        const char *limit = getenv("YANK_UNIT_SECONDS");
        signal(SIGALRM, fake_on_alarm);
        alarm(limit != NULL ? (unsigned)atoi(limit) : UNIT_SECONDS);
        fn();
        fflush(stderr);
        _exit(0);
    }
    waitpid(pid, &status, 0);
    assert_int_equal(status, 0);
}

#define CLAIM(name)                                                            \
    static void name(void);                                                    \
    static void name##_in_child(void **state)                                  \
    {                                                                          \
        (void)state;                                                           \
        unit_in_child(name);                                                   \
    }                                                                          \
    static void name(void)

#define CLAIMED(name)                                                          \
    {                                                                          \
#name, name##_in_child, NULL, NULL, NULL                               \
    }

#define CLAIMS_MAIN(...)                                                       \
    int main(int argc, char **argv)                                            \
    {                                                                          \
        const struct CMUnitTest tests[] = { __VA_ARGS__ };                     \
                                                                               \
        if (argc > 1)                                                          \
            cmocka_set_test_filter(argv[1]);                                   \
        return cmocka_run_group_tests(tests, NULL, NULL);                      \
    }

#endif
