/* What the backends of os/posix/ promise beyond os/os.h: signals, masks, signal
 * stacks and guard pages are the process's, and stay as the process has them.
 */
#define _GNU_SOURCE
#include "os/os.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static int signo;
static _Atomic int seen, seen_kicks;

static void count_signal(int n, siginfo_t *info, void *uc)
{
    (void)n;
    (void)uc;
    atomic_fetch_add(&seen, 1);
    if (yank_signal_is_kick(info))
        atomic_fetch_add(&seen_kicks, 1);
}

/* The process has a handler of its own, from before. */
static int setup(void **state)
{
    struct yank_options o = { .struct_size = sizeof o };
    struct sigaction sa = { .sa_sigaction = count_signal,
                            .sa_flags = SA_SIGINFO };

    (void)state;
    sigaction(SIGURG, &sa, NULL);
    signo = 0;
    return yank_os_init(&o, &signo);
}

static int teardown(void **state)
{
    struct sigaction sa = { .sa_handler = SIG_DFL };

    (void)state;
    yank_os_fini();
    sigaction(SIGURG, &sa, NULL);
    return 0;
}

/* --- the signal ----------------------------------------------------------*/

static void contract_signals_that_cannot_be_kicks_are_refused(void **state)
{
    const int bad[] = { -1,     SIGKILL, SIGSTOP, SIGCONT, SIGSEGV, SIGBUS,
                        SIGFPE, SIGILL,  SIGTRAP, SIGSYS,  SIGABRT, 32,
                        33,     34,      NSIG,    10000 };
    struct yank_options o = { .struct_size = sizeof o };

    teardown(state);
    for (size_t i = 0; i < YANK_ARRAY_LEN(bad); i++) {
        int n = bad[i];

        assert_int_equal(yank_os_init(&o, &n), YANK_ESIGNAL);
        assert_int_equal(n, bad[i]);
    }
    assert_int_equal(setup(state), 0);
}

static void contract_any_other_signal_serves(void **state)
{
    const int good[] = { SIGUSR1, SIGUSR2, SIGIO, SIGRTMIN + 2,
                         SIGRTMAX - 3 }; /* QEMU keeps the last ones */
    struct yank_options o = { .struct_size = sizeof o };

    teardown(state);
    for (size_t i = 0; i < YANK_ARRAY_LEN(good); i++) {
        struct yank_m m = { 0 };
        int n = good[i];

        assert_int_equal(yank_os_init(&o, &n), YANK_OK);
        assert_int_equal(yank_os_m_init(&m, NULL), YANK_OK);
        assert_int_equal(yank_os_kick_self(&m), YANK_OK);
        assert_int_equal(atomic_load(&m.preempt_gen), 1);
        atomic_store(&m.os_id, 0);
        yank_os_m_fini(&m);
        yank_os_fini();
    }
    assert_int_equal(setup(state), 0);
}

static bool same_action(const struct sigaction *a, const struct sigaction *b)
{
    return a->sa_sigaction == b->sa_sigaction && a->sa_flags == b->sa_flags &&
           memcmp(&a->sa_mask, &b->sa_mask, 8) == 0;
}

static void contract_fini_restores_the_action_exactly(void **state)
{
    struct sigaction mine = { .sa_sigaction = count_signal,
                              .sa_flags = SA_SIGINFO | SA_NODEFER };
    struct yank_options o = { .struct_size = sizeof o };
    struct sigaction before, during, after;

    teardown(state);
    sigemptyset(&mine.sa_mask);
    sigaddset(&mine.sa_mask, SIGUSR2);
    sigaction(SIGURG, &mine, NULL);
    sigaction(SIGURG, NULL, &before);
    signo = 0;
    assert_int_equal(yank_os_init(&o, &signo), YANK_OK);
    sigaction(SIGURG, NULL, &during);
    assert_false(same_action(&before, &during));
    assert_true((during.sa_flags & SA_ONSTACK) != 0);
    yank_os_fini();
    sigaction(SIGURG, NULL, &after);
    assert_true(same_action(&before, &after));
    assert_int_equal(setup(state), 0);
}

static void contract_a_host_that_owns_the_signal_keeps_it(void **state)
{
    struct yank_options o = { .struct_size = sizeof o,
                              .host_owns_signal = true };
    struct sigaction before, during;

    teardown(state);
    sigaction(SIGURG, NULL, &before);
    signo = 0;
    assert_int_equal(yank_os_init(&o, &signo), YANK_OK);
    sigaction(SIGURG, NULL, &during);
    assert_true(same_action(&before, &during));
    yank_os_fini();
    assert_int_equal(setup(state), 0);
}

static void contract_a_stray_signal_only_chains(void **state)
{
    int before = atomic_load(&seen), kicks = atomic_load(&seen_kicks);

    (void)state;
    assert_null(yank_m_self());
    for (int i = 0; i < 100; i++)
        pthread_kill(pthread_self(), signo);
    assert_int_equal(atomic_load(&seen), before + 100);
    /* As far as the kernel tells, a thread of this process sent them. */
    assert_int_equal(atomic_load(&seen_kicks), kicks + 100);
    kill(getpid(), signo);
    assert_int_equal(atomic_load(&seen), before + 101);
    assert_int_equal(atomic_load(&seen_kicks), kicks + 100);
}

/* --- masks ---------------------------------------------------------------*/

static sigset_t mask_now(void)
{
    sigset_t mask;

    pthread_sigmask(SIG_SETMASK, NULL, &mask);
    return mask;
}

static void check_mask_round_trip(const sigset_t *mask)
{
    struct yank_m m = { 0 };
    sigset_t set = *mask, found;

    pthread_sigmask(SIG_SETMASK, &set, NULL);
    assert_int_equal(yank_os_m_init(&m, NULL), YANK_OK);
    found = mask_now();
    assert_false(sigismember(&found, signo)); /* or it could not be kicked */
    sigdelset(&set, signo);
    assert_memory_equal(&found, &set, 8);
    assert_memory_equal(&m.base_mask, &set, 8);
    atomic_store(&m.os_id, 0);
    yank_os_m_fini(&m);
    found = mask_now();
    assert_memory_equal(&found, mask, 8);
}

static void contract_the_mask_is_given_back_exactly(void **state)
{
    sigset_t old = mask_now(), mask;

    (void)state;
    sigemptyset(&mask);
    check_mask_round_trip(&mask);
    sigaddset(&mask, SIGUSR1);
    check_mask_round_trip(&mask);
    sigaddset(&mask, signo);
    check_mask_round_trip(&mask);
    sigemptyset(&mask);
    sigaddset(&mask, signo);
    check_mask_round_trip(&mask);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
}

static void contract_a_mask_changed_meanwhile_stays(void **state)
{
    sigset_t old = mask_now(), usr1, found;
    struct yank_m m = { 0 };

    (void)state;
    sigemptyset(&usr1);
    sigaddset(&usr1, SIGUSR1);
    assert_int_equal(yank_signal_mask_changed(), YANK_ETHREAD);
    assert_int_equal(yank_os_m_init(&m, NULL), YANK_OK);
    pthread_sigmask(SIG_BLOCK, &usr1, NULL);
    assert_int_equal(yank_signal_mask_changed(), YANK_OK);
    found = mask_now();
    assert_memory_equal(&m.base_mask, &found, 8);
    atomic_store(&m.os_id, 0);
    yank_os_m_fini(&m);
    found = mask_now();
    assert_true(sigismember(&found, SIGUSR1));
    pthread_sigmask(SIG_SETMASK, &old, NULL);
}

struct born {
    sigset_t first, attached, left;
};

static void look_at_masks(void *arg)
{
    struct born *b = arg;
    struct yank_m m = { 0 };

    b->first = mask_now();
    assert_int_equal(yank_os_m_init(&m, NULL), YANK_OK);
    b->attached = mask_now();
    atomic_store(&m.os_id, 0);
    yank_os_m_fini(&m);
    b->left = mask_now();
}

static void contract_a_started_thread_is_deaf_until_it_attaches(void **state)
{
    struct yank_os_thread t;
    sigset_t old, usr1, mine;
    struct born b;

    (void)state;
    sigemptyset(&usr1);
    sigaddset(&usr1, SIGUSR1);
    pthread_sigmask(SIG_BLOCK, &usr1, &old);
    mine = mask_now();
    assert_int_equal(yank_os_thread_start(&t, look_at_masks, &b), YANK_OK);
    yank_os_thread_join(&t);
    assert_true(sigismember(&b.first, signo));
    assert_true(sigismember(&b.first, SIGALRM));
    assert_false(sigismember(&b.first, SIGSEGV));
    assert_memory_equal(&b.attached, &mine, 8);
    assert_true(sigismember(&b.left, signo));
    mine = mask_now();
    assert_true(sigismember(&mine, SIGUSR1));
    assert_false(sigismember(&mine, signo));
    pthread_sigmask(SIG_SETMASK, &old, NULL);
}

/* --- what is pending at the end ------------------------------------------*/

static void fini_with_pending(void (*send)(struct yank_m *m))
{
    struct yank_m m = { 0 };
    sigset_t all, old;

    assert_int_equal(yank_os_m_init(&m, NULL), YANK_OK);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    send(&m);
    atomic_store(&m.os_id, 0);
    yank_os_m_fini(&m);
    assert_int_equal(atomic_load(&m.preempt_gen), 0);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
}

static void send_kick(struct yank_m *m)
{
    assert_int_equal(yank_preempt_m(m), YANK_OK);
}

static void send_signal(struct yank_m *m)
{
    (void)m;
    kill(getpid(), signo);
}

static void send_both(struct yank_m *m)
{
    send_signal(m);
    send_kick(m);
}

static void contract_a_kick_does_not_outlive_the_m(void **state)
{
    int before = atomic_load(&seen);

    (void)state;
    fini_with_pending(send_kick);
    assert_int_equal(atomic_load(&seen), before);
}

static void contract_the_applications_signal_does(void **state)
{
    int before = atomic_load(&seen), kicks = atomic_load(&seen_kicks);

    (void)state;
    fini_with_pending(send_signal);
    assert_int_equal(atomic_load(&seen), before + 1);
    fini_with_pending(send_both);
    assert_int_equal(atomic_load(&seen), before + 2);
    assert_int_equal(atomic_load(&seen_kicks), kicks);
}

/* --- signal stacks -------------------------------------------------------*/

static bool same_stack(const stack_t *a, const stack_t *b)
{
    if (((a->ss_flags | b->ss_flags) & SS_DISABLE) != 0)
        return (a->ss_flags & b->ss_flags & SS_DISABLE) != 0;
    return a->ss_sp == b->ss_sp && a->ss_size == b->ss_size;
}

/* Attach with this stack installed and that one asked for. */
static int round_trip(stack_t *installed, const struct yank_stack *want,
                      struct yank_m *m)
{
    stack_t original, during, after;
    int rc;

    *m = (struct yank_m){ 0 };
    sigaltstack(installed, &original);
    rc = yank_os_m_init(m, want);
    sigaltstack(NULL, &during);
    if (rc == YANK_OK) {
        assert_int_equal(yank_os_kick_self(m), YANK_OK);
        assert_int_equal(atomic_load(&m->preempt_gen), 1);
        atomic_store(&m->os_id, 0);
        yank_os_m_fini(m);
    }
    sigaltstack(NULL, &after);
    assert_true(same_stack(&after, installed));
    if (rc == YANK_OK)
        assert_false(during.ss_flags & SS_DISABLE);
    sigaltstack(&original, NULL);
    return rc;
}

static void contract_signal_stacks_are_reused_or_given_back(void **state)
{
    size_t large = 256 * 1024;
    char *memory = malloc(2 * large);
    stack_t none = { .ss_flags = SS_DISABLE };
    stack_t good = { .ss_sp = memory, .ss_size = large };
    stack_t tiny = { .ss_sp = memory, .ss_size = 8192 };
    struct yank_stack want = { (uintptr_t)memory + large,
                               (uintptr_t)memory + 2 * large };
    struct yank_stack little = { want.lo, want.lo + 4096 };
    struct yank_stack backwards = { want.hi, want.lo };
    struct yank_m m;

    (void)state;
    assert_int_equal(round_trip(&none, NULL, &m), YANK_OK);
    assert_int_equal(round_trip(&good, NULL, &m), YANK_OK);
    assert_int_equal(m.old_sigstack[0], (uintptr_t)memory);
    assert_int_equal(round_trip(&tiny, NULL, &m), YANK_OK);
    assert_int_equal(round_trip(&none, &want, &m), YANK_OK);
    assert_int_equal(round_trip(&good, &want, &m), YANK_OK);
    assert_int_equal(round_trip(&good, &little, &m), YANK_EINVAL);
    assert_int_equal(round_trip(&none, &backwards, &m), YANK_EINVAL);
    assert_null(yank_m_self());
    free(memory);
}

static void contract_a_large_signal_stack_is_used_as_it_is(void **state)
{
    size_t large = 256 * 1024;
    stack_t good = { .ss_sp = malloc(large), .ss_size = large }, old, now;
    struct yank_m m = { 0 };

    (void)state;
    sigaltstack(&good, &old);
    assert_int_equal(yank_os_m_init(&m, NULL), YANK_OK);
    assert_false(m.own_sigstack);
    assert_int_equal(m.sigstack.lo, (uintptr_t)good.ss_sp);
    sigaltstack(NULL, &now);
    assert_ptr_equal(now.ss_sp, good.ss_sp);
    atomic_store(&m.os_id, 0);
    yank_os_m_fini(&m);
    sigaltstack(&old, NULL);
    free(good.ss_sp);
}

static void contract_a_small_signal_stack_is_not_used(void **state)
{
    static char memory[8192];
    stack_t small = { .ss_sp = memory, .ss_size = sizeof memory }, old;
    struct yank_m m = { 0 };

    (void)state;
    sigaltstack(&small, &old);
    assert_int_equal(yank_os_m_init(&m, NULL), YANK_OK);
    assert_true(m.own_sigstack);
    assert_true(m.sigstack.hi - m.sigstack.lo > sizeof memory);
    atomic_store(&m.os_id, 0);
    yank_os_m_fini(&m);
    sigaltstack(&old, NULL);
}

static void contract_a_signal_stack_changed_meanwhile_stays(void **state)
{
    size_t large = 256 * 1024;
    stack_t later = { .ss_sp = malloc(large), .ss_size = large }, old, now;
    stack_t none = { .ss_flags = SS_DISABLE };
    struct yank_m m = { 0 };

    (void)state;
    sigaltstack(&none, &old);
    assert_int_equal(yank_os_m_init(&m, NULL), YANK_OK);
    assert_true(m.own_sigstack);
    sigaltstack(&later, NULL);
    atomic_store(&m.os_id, 0);
    yank_os_m_fini(&m);
    sigaltstack(NULL, &now);
    assert_ptr_equal(now.ss_sp, later.ss_sp);
    sigaltstack(&old, NULL);
    free(later.ss_sp);
}

/* --- stacks --------------------------------------------------------------*/

static bool faults(uintptr_t address)
{
    int status = 0;
    pid_t child = fork();

    if (child == 0) {
        struct rlimit no_core = { 0, 0 };

        setrlimit(RLIMIT_CORE, &no_core);
        signal(SIGSEGV, SIG_DFL); /* CMocka's would go on with the tests */
        signal(SIGBUS, SIG_DFL);
        *(volatile char *)address = 1;
        _exit(0);
    }
    assert_true(child > 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    return !WIFEXITED(status) || WEXITSTATUS(status) != 0;
}

static void contract_stacks_lie_between_guards(void **state)
{
    struct yank_stack s;

    (void)state;
    assert_int_equal(yank_os_stack_alloc(20000, &s), YANK_OK);
    assert_false(faults(s.lo));
    assert_false(faults(s.hi - 1));
    assert_true(faults(s.lo - 1));
    assert_true(faults(s.lo - 4096));
    assert_true(faults(s.hi));
    yank_os_stack_free(&s);
}

static uintptr_t deepest;

static void go_down(size_t bytes)
{
    volatile char room[4096];

    room[0] = 0;
    deepest = (uintptr_t)room;
    if (bytes > sizeof room)
        go_down(bytes - sizeof room);
    room[0] = 1; /* not a tail call */
}

/* Its stack grows: what it may become counts, not what is mapped. */
static void contract_the_first_threads_bounds_hold_when_it_grows(void **state)
{
    struct yank_stack before, after;

    (void)state;
    assert_int_equal(yank_os_thread_stack(&before), YANK_OK);
    go_down(2 * 1024 * 1024);
    assert_int_equal(yank_os_thread_stack(&after), YANK_OK);
    assert_true(before.lo < deepest);
    assert_true(after.lo <= before.lo || after.lo < deepest);
    assert_int_equal(after.hi, before.hi);
}

/* --- the environment, and fork -------------------------------------------*/

static void contract_the_environment_is_a_list_of_items(void **state)
{
    (void)state;
    unsetenv("YANKDEBUG");
    assert_false(yank_os_env_has("asyncpreemptoff=1"));
    setenv("YANKDEBUG", "a=1,asyncpreemptoff=1,b", 1);
    assert_true(yank_os_env_has("asyncpreemptoff=1"));
    assert_true(yank_os_env_has("a=1"));
    assert_true(yank_os_env_has("b"));
    assert_false(yank_os_env_has("a"));
    assert_false(yank_os_env_has("asyncpreemptoff=10"));
    setenv("YANKDEBUG", "asyncpreemptoff=10,", 1);
    assert_false(yank_os_env_has("asyncpreemptoff=1"));
    unsetenv("YANKDEBUG");
}

static void contract_the_forked_thread_can_be_kicked_again(void **state)
{
    struct yank_m m = { 0 };
    int status = -1;
    pid_t child;

    (void)state;
    assert_int_equal(yank_os_m_init(&m, NULL), YANK_OK);
    child = fork();
    if (child == 0) {
        bool ok = yank_os_kick_self(&m) == YANK_EGONE; /* still the parent's */

        yank_os_fork_child(&m);
        ok = ok && yank_os_kick_self(&m) == YANK_OK &&
             atomic_load(&m.preempt_gen) == 1;
        _exit(ok ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_int_equal(atomic_load(&m.preempt_gen), 0);
    atomic_store(&m.os_id, 0);
    yank_os_m_fini(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(contract_signals_that_cannot_be_kicks_are_refused),
        cmocka_unit_test(contract_any_other_signal_serves),
        cmocka_unit_test(contract_fini_restores_the_action_exactly),
        cmocka_unit_test(contract_a_host_that_owns_the_signal_keeps_it),
        cmocka_unit_test(contract_a_stray_signal_only_chains),
        cmocka_unit_test(contract_the_mask_is_given_back_exactly),
        cmocka_unit_test(contract_a_mask_changed_meanwhile_stays),
        cmocka_unit_test(contract_a_started_thread_is_deaf_until_it_attaches),
        cmocka_unit_test(contract_a_kick_does_not_outlive_the_m),
        cmocka_unit_test(contract_the_applications_signal_does),
        cmocka_unit_test(contract_signal_stacks_are_reused_or_given_back),
        cmocka_unit_test(contract_a_large_signal_stack_is_used_as_it_is),
        cmocka_unit_test(contract_a_small_signal_stack_is_not_used),
        cmocka_unit_test(contract_a_signal_stack_changed_meanwhile_stays),
        cmocka_unit_test(contract_stacks_lie_between_guards),
        cmocka_unit_test(contract_the_first_threads_bounds_hold_when_it_grows),
        cmocka_unit_test(contract_the_environment_is_a_list_of_items),
        cmocka_unit_test(contract_the_forked_thread_can_be_kicked_again),
    };

    if (!yank_preempt_m_supported)
        return 77;
    return cmocka_run_group_tests(tests, setup, teardown);
}
