/* The process ends while its threads are stopped and kicked without a pause:
 * from the first thread, from a task, from a thread Yank does not know, from
 * one that is stopped itself.  Each time in a process of its own, which must be
 * gone with its exit code.
 *
 * usage: live_windows_exit ROUNDS      one process a round
 *        live_windows_exit WHO STOPS   what such a process does
 * Origin: golang/go#35775, where a suspended thread kept the process */
#include "sched_fixture.h"

#include <stdio.h>
#include <string.h>
#include <windows.h>

#include <yank/windows.h>

#define EXIT_CODE 42
#define LOOPS 2
#define REQUESTERS 2

static long rounds;
static uint64_t wanted; /* stops, before somebody ends it all */
static struct target *loops[LOOPS];

/* --- the process that ends ----------------------------------------------- */

static void await_load(void)
{
    while (answers(YANK_INJECTED) < wanted)
        test_nap_ns(100000);
}

static void end_by_exit(void)
{
    await_load();
    exit(EXIT_CODE);
}

static void *foreign_main(void *arg)
{
    (void)arg;
    end_by_exit();
    return NULL;
}

static void task_main(void *arg)
{
    (void)arg;
    end_by_exit();
}

YANK_TEXT static uint64_t some_rounds(uint64_t x)
{
    for (int i = 0; i < 100000; i++)
        x = x * 6364136223846793005u + 1442695040888963407u;
    return x;
}

/* This one is stopped as well, up to its last instruction. */
static void attached_loop(struct target *x)
{
    while (answers(YANK_INJECTED) < wanted)
        x->user = (void *)(uintptr_t)some_rounds((uintptr_t)x->user);
    exit(EXIT_CODE);
}

/* What a host does that knows of exit() nothing: ExitProcess() runs none of
 * its functions, so it says so first. */
static void direct_loop(struct target *x)
{
    while (answers(YANK_INJECTED) < wanted)
        x->user = (void *)(uintptr_t)some_rounds((uintptr_t)x->user);
    yank_windows_exiting();
    ExitProcess(EXIT_CODE);
}

/* Or it ends where a G gets no kick. */
static void blocking_loop(struct target *x)
{
    while (answers(YANK_INJECTED) < wanted)
        x->user = (void *)(uintptr_t)some_rounds((uintptr_t)x->user);
    yank_blocking_enter(&x->t.g);
    ExitProcess(EXIT_CODE);
}

YANK_TEXT static void empty_loop(struct target *x)
{
    (void)x;
    for (;;)
        __asm__ volatile("");
}

static void *stop_them(void *arg)
{
    struct target *x = arg;
    struct yank_stop stop;

    for (;;)
        if (yank_suspend_g(&x->t.g, SOON, &stop) == YANK_OK)
            yank_resume_g(&stop);
    return NULL;
}

static const char *const who[] = { "main",   "task",    "foreign", "attached",
                                   "direct", "blocking" };

static struct target *start_who(const char *name)
{
    static struct test_thread foreign;

    if (strcmp(name, "task") == 0)
        go(sched_open(2), task_main, NULL);
    else if (strcmp(name, "foreign") == 0)
        test_thread_start(&foreign, foreign_main, NULL);
    else if (strcmp(name, "attached") == 0)
        return target_start(attached_loop, NULL);
    else if (strcmp(name, "direct") == 0)
        return target_start(direct_loop, NULL);
    else if (strcmp(name, "blocking") == 0)
        return target_start(blocking_loop, NULL);
    return NULL;
}

static int child(const char *name, const char *stops)
{
    static struct test_thread requester[REQUESTERS];
    struct yank_options o = { .struct_size = sizeof o };
    struct target *last;

    wanted = strtoul(stops, NULL, 10);
    if (yank_init(&o) != YANK_OK)
        return 1;
    for (int i = 0; i < LOOPS; i++)
        loops[i] = target_start(empty_loop, NULL);
    last = start_who(name);
    for (int i = 0; i < REQUESTERS; i++)
        test_thread_start(&requester[i], stop_them,
                          i == 0 && last != NULL ? last : loops[i]);
    if (strcmp(name, "main") == 0)
        end_by_exit();
    for (;;)
        test_nap_ns(SECOND);
}

/* --- the one that starts it ----------------------------------------------- */

/* Wine 8 loses about one new process in 30,000 before its first instruction,
 * "sendmsg: Bad file descriptor", and answers with this error.  Nothing of
 * Yank's is in it yet, so another one is begun, and the log says so. */
static BOOL begin(const char *program, char *command,
                  PROCESS_INFORMATION *process)
{
    STARTUPINFOA startup = { .cb = sizeof startup };
    DWORD error = ERROR_INTERNAL_ERROR;

    for (int tries = 0; error == ERROR_INTERNAL_ERROR && tries < 3; tries++) {
        if (CreateProcessA(program, command, NULL, NULL, FALSE, 0, NULL, NULL,
                           &startup, process))
            return TRUE;
        error = GetLastError();
        printf("no process for %s: error %lu\n", command, error);
    }
    return FALSE;
}

static void run_child(const char *name, long stops)
{
    PROCESS_INFORMATION process;
    char program[MAX_PATH], command[MAX_PATH + 64];
    DWORD code = 0;

    assert_true(GetModuleFileNameA(NULL, program, sizeof program) > 0);
    snprintf(command, sizeof command, "\"%s\" %s %ld", program, name, stops);
    assert_true(begin(program, command, &process));
    CloseHandle(process.hThread);
    /* A ghost never ends: the time limit of this test is the answer. */
    assert_int_equal(WaitForSingleObject(process.hProcess, INFINITE),
                     WAIT_OBJECT_0);
    assert_true(GetExitCodeProcess(process.hProcess, &code));
    CloseHandle(process.hProcess);
    if (code != EXIT_CODE)
        printf("%s after %ld stops: exit code %lu\n", name, stops, code);
    assert_int_equal(code, EXIT_CODE);
}

static void live_a_process_under_kicks_ends(void **state)
{
    (void)state;
    for (long i = 0; i < rounds; i++)
        run_child(who[i % (long)COUNT(who)], 1 + i % 17);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(
        live_a_process_under_kicks_ends) };

    if (argc == 3)
        return child(argv[1], argv[2]);
    if (argc != 2 || (rounds = atol(argv[1])) <= 0) {
        printf("usage: %s ROUNDS\n", argv[0]);
        return 2;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
