/* A stack overflow anywhere but in registered code, and every other fault, goes
 * where it would have gone without us. */
#define _GNU_SOURCE
#include "sched_fixture.h"
#include "dive.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

/* Not registered. */
static double dive_plainly(double depth)
{
    volatile char frame[512];

    frame[0] = (char)depth;
    return deeper(depth + 1) + frame[0];
}

static void dives_plainly(void *arg)
{
    deeper = dive_plainly;
    *(double *)arg = dive_plainly(1);
}

static void dives_in_a_region(void *arg)
{
    yank_preempt_disable(yank_task_g(yank_task_self()));
    dives(arg);
}

YANK_TEXT static void writes_to_null(void *arg)
{
    volatile int *volatile nothing = NULL;

    (void)arg;
    *nothing = 1;
}

static void raises(void *arg)
{
    (void)arg;
    raise(SIGSEGV);
}

static void other_handler(int signo)
{
    (void)signo;
    _exit(7);
}

#define STILL_THERE (3 << 8)

/* The child's end, as wait() says it. */
static int run_child(void (*fn)(void *), bool handler, bool leave)
{
    int status = 0;
    pid_t child;

    assert_int_equal(yank_fini(), YANK_OK);
    child = fork();
    if (child == 0) {
        struct yank_sched_attr a = { .struct_size = sizeof a,
                                     .threads = 1,
                                     .leave_faults = leave };
        struct yank_sched *s;
        struct yank_task *t;
        double out;

        signal(SIGSEGV, handler ? other_handler : SIG_DFL);
        yank_init(NULL);
        yank_sched_start(&a, &s);
        yank_go(s, fn, &out, NULL, &t);
        yank_join(t, SOON, NULL);
        _exit(3);
    }
    waitpid(child, &status, 0);
    assert_int_equal(yank_init(NULL), YANK_OK);
    return status;
}

static void sched_other_faults_take_their_course(void **state)
{
    static void (*const fault[])(void *) = { writes_to_null, dives_plainly,
                                             dives_in_a_region, raises };

    (void)state;
    for (size_t i = 0; i < COUNT(fault); i++) {
        int status = run_child(fault[i], false, false);

        assert_int_not_equal(status, 0);
        assert_int_not_equal(status, STILL_THERE);
        assert_int_equal(status, run_child(fault[i], false, true));
    }
    /* An application's handler is called. */
    assert_int_equal(run_child(raises, true, false), 7 << 8);
    /* And where faults were to be left alone they are. */
    assert_int_not_equal(run_child(dives, false, true), STILL_THERE);
}

static void sched_stop_gives_the_signals_back(void **state)
{
    struct sigaction now, mine = { .sa_handler = other_handler };
    struct yank_sched *a, *b;

    (void)state;
    sigaction(SIGSEGV, &mine, &now);
    mine = now;
    a = sched_open(1);
    b = sched_open(1);
    sched_close(a);
    sigaction(SIGSEGV, NULL, &now);
    assert_true(now.sa_handler != other_handler); /* b still has it */
    sched_close(b);
    sigaction(SIGSEGV, NULL, &now);
    assert_true(now.sa_handler == other_handler);
    sigaction(SIGSEGV, &mine, NULL);
}

static struct sigaction theirs;
static _Atomic int rounds;

/* Takes the signal over and hands on what is not for it. */
static void chains(int signo, siginfo_t *info, void *uc)
{
    if (atomic_fetch_add(&rounds, 1) > 3)
        _exit(5); /* in circles */
    theirs.sa_sigaction(signo, info, uc);
}

/* A scheduler that stops while somebody chains to it, and one after it. */
static void sched_faults_do_not_run_in_circles(void **state)
{
    struct sigaction mine = { .sa_sigaction = chains,
                              .sa_flags = SA_SIGINFO | SA_ONSTACK };
    int status = 0;
    pid_t child;

    (void)state;
    assert_int_equal(yank_fini(), YANK_OK);
    child = fork();
    if (child == 0) {
        struct yank_task *t;
        struct yank_sched *s;

        signal(SIGSEGV, other_handler);
        yank_init(NULL);
        s = sched_open(1);
        sigaction(SIGSEGV, &mine, &theirs);
        sched_close(s);
        s = sched_open(1);
        yank_go(s, raises, NULL, NULL, &t);
        yank_join(t, SOON, NULL);
        _exit(3);
    }
    waitpid(child, &status, 0);
    assert_int_equal(yank_init(NULL), YANK_OK);
    assert_int_equal(status, 7 << 8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sched_other_faults_take_their_course),
        cmocka_unit_test(sched_stop_gives_the_signals_back),
        cmocka_unit_test(sched_faults_do_not_run_in_circles),
    };
    return SCHED_MAIN(tests);
}
