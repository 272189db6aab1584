/* Yank beside an application that has signals of its own: each still gets
 * what is its, nothing of Yank's is lost by it, and no handler is stopped.
 * Not for TSan, which holds the application's signals back. */
#define _GNU_SOURCE
#include "live.h"
#include "thread_signals.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* --- the application -----------------------------------------------------*/

static struct {
    _Atomic int seen, kicks, others;
    _Atomic uint32_t answers_before; /* of the M it ran on */
    _Atomic int jumps;               /* how often to jump away */
} app;

static _Thread_local sigjmp_buf app_jump;

static void app_handler(int signo, siginfo_t *info, void *uc)
{
    struct yank_m *m = yank_m_self();

    (void)signo;
    (void)uc;
    errno = 12345; /* a careless one */
    atomic_fetch_add(&app.seen, 1);
    atomic_fetch_add(yank_signal_is_kick(info) ? &app.kicks : &app.others, 1);
    if (m == NULL)
        return;
    atomic_store(&app.answers_before, atomic_load(&m->preempt_gen));
    if (atomic_load(&app.jumps) > 0 && atomic_fetch_sub(&app.jumps, 1) > 0)
        siglongjmp(app_jump, 1);
}

static void app_plain_handler(int signo)
{
    (void)signo;
    atomic_fetch_add(&app.seen, 1);
}

/* The application was here first. */
static void begin(void)
{
    struct sigaction sa = { .sa_sigaction = app_handler,
                            .sa_flags = SA_SIGINFO };

    memset(&app, 0, sizeof app);
    sigaction(SIGURG, &sa, NULL);
    assert_int_equal(live_setup(NULL), YANK_OK);
}

static void end(void)
{
    assert_int_equal(live_teardown(NULL), YANK_OK);
    signal(SIGURG, SIG_DFL);
}

YANK_TEXT static void counting_loop(struct target *x)
{
    while (!atomic_load_explicit(&x->quit, memory_order_relaxed))
        atomic_fetch_add_explicit(&x->count, 1, memory_order_relaxed);
}

static void stop_and_go(struct target *x, int times)
{
    for (int i = 0; i < times; i++) {
        struct yank_stop stop;

        assert_int_equal(yank_suspend_g(&x->t.g, SOON, &stop), YANK_OK);
        assert_int_equal(yank_resume_g(&stop), YANK_OK);
        wait_for_progress(x);
    }
}

/* --- the handler that was there before -----------------------------------*/

static void live_earlier_handler_is_called_first(void **state)
{
    struct yank_thread me;

    (void)state;
    begin();
    assert_int_equal(yank_thread_attach(&me, NULL), YANK_OK);
    for (int i = 1; i <= 100; i++) {
        uint32_t before = atomic_load(&me.m.preempt_gen);

        assert_int_equal(yank_os_kick_self(&me.m), YANK_OK);
        assert_int_equal(atomic_load(&app.seen), i);
        assert_int_equal(atomic_load(&app.answers_before), before);
        assert_int_equal(atomic_load(&me.m.preempt_gen), before + 1);
    }
    assert_int_equal(yank_thread_detach(&me), YANK_OK);
    end();
}

static void live_plain_handler_is_called_too(void **state)
{
    struct target *x;

    (void)state;
    memset(&app, 0, sizeof app);
    signal(SIGURG, app_plain_handler);
    assert_int_equal(live_setup(NULL), YANK_OK);
    x = target_start(counting_loop, NULL);
    stop_and_go(x, 100);
    assert_true(atomic_load(&app.seen) >= 100);
    target_join(x);
    end();
}

YANK_TEXT static void jumped_to_loop(struct target *x)
{
    if (sigsetjmp(app_jump, 1) != 0)
        atomic_fetch_add(&x->count, 1000000);
    counting_loop(x);
}

/* The kick is gone with the handler; the request is not. */
static void live_handler_that_jumps_away_loses_no_request(void **state)
{
    struct target *x;

    (void)state;
    begin();
    x = target_start(jumped_to_loop, NULL);
    wait_for_progress(x);
    for (int i = 0; i < 20; i++) {
        atomic_store(&app.jumps, 3);
        stop_and_go(x, 1);
        assert_true(atomic_load(&app.jumps) <= 0);
    }
    target_join(x);
    end();
}

/* --- signals from elsewhere ----------------------------------------------*/

static void signal_from_outside(void)
{
    pid_t child = fork();
    int status;

    if (child == 0)
        _exit(kill(getppid(), SIGURG) == 0 ? 0 : 1);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

static void live_signal_from_outside_reaches_the_application(void **state)
{
    struct target *x;

    (void)state;
    begin();
    x = target_start(counting_loop, NULL);
    for (int off = 0; off < 2; off++) {
        assert_int_equal(yank_set_async(!off), YANK_OK);
        for (int i = 0; i < 20; i++) {
            int others = atomic_load(&app.others);

            signal_from_outside();
            while (atomic_load(&app.others) == others)
                test_yield();
            wait_for_progress(x);
        }
    }
    assert_int_equal(atomic_load(&app.kicks), 0);
    assert_int_equal(answers(YANK_INJECTED), 0);
    assert_int_equal(yank_set_async(true), YANK_OK);
    stop_and_go(x, 10);
    assert_true(atomic_load(&app.kicks) >= 10);
    target_join(x);
    end();
}

static void live_is_kick_knows_kicks_only(void **state)
{
    siginfo_t info;

    (void)state;
    begin();
    memset(&info, 0, sizeof info);
    info.si_signo = yank_rt.signo;
    info.si_code = SI_TKILL;
    info.si_pid = getpid();
    assert_true(yank_signal_is_kick(&info));
    info.si_pid = getppid();
    assert_false(yank_signal_is_kick(&info));
    info.si_pid = getpid();
    info.si_code = SI_USER;
    assert_false(yank_signal_is_kick(&info));
    info.si_code = SI_TKILL;
    info.si_signo = SIGALRM;
    assert_false(yank_signal_is_kick(&info));
    assert_false(yank_signal_is_kick(NULL));
    end();
    info.si_signo = SIGURG;
    assert_false(yank_signal_is_kick(&info));
    memset(&info, 0, sizeof info);
    assert_false(yank_signal_is_kick(&info));
}

static void *be_signalled(void *arg)
{
    struct yank_thread *t = arg;

    if (t != NULL) {
        assert_int_equal(yank_thread_attach(t, NULL), YANK_OK);
        assert_int_equal(yank_thread_detach(t), YANK_OK);
    }
    for (int i = 0; i < 100; i++)
        pthread_kill(pthread_self(), SIGURG);
    assert_null(yank_m_self());
    return NULL;
}

static void live_signals_on_threads_that_are_no_m_are_harmless(void **state)
{
    static struct yank_thread t;
    struct yank_counters before, after;
    pthread_t thread;

    (void)state;
    begin();
    assert_int_equal(yank_get_counters(&before), YANK_OK);
    for (int detached = 0; detached < 2; detached++) {
        pthread_create(&thread, NULL, be_signalled, detached ? &t : NULL);
        pthread_join(thread, NULL);
    }
    assert_int_equal(atomic_load(&app.seen), 200);
    assert_int_equal(yank_get_counters(&after), YANK_OK);
    assert_memory_equal(&before, &after, sizeof before);
    end();
}

/* --- handlers on the G's stack -------------------------------------------*/

static _Atomic(struct target *) interrupted;
static _Atomic int alarm_inside;

/* Registered code on top of a foreign handler: a naive safe-point. */
YANK_TEXT static void until_refused(struct target *x)
{
    uint64_t seen = atomic_load(&x->t.m.count[YANK_REFUSED_MASK]);

    while (atomic_load(&x->t.m.count[YANK_REFUSED_MASK]) == seen)
        ;
}

static void on_alarm(int signo)
{
    (void)signo;
    atomic_store(&alarm_inside, 1);
    until_refused(atomic_load(&interrupted));
    atomic_store(&alarm_inside, 0);
}

static void live_foreign_handler_is_never_stopped(void **state)
{
    struct sigaction sa = { .sa_handler = on_alarm }, old;
    struct target *x;

    (void)state;
    begin();
    sigaction(SIGALRM, &sa, &old); /* no SA_ONSTACK */
    x = target_start(counting_loop, NULL);
    atomic_store(&interrupted, x);
    for (int round = 0; round < 200; round++) {
        struct yank_stop stop;

        /* It runs, and nobody asks: a handler may also come on top of a
         * thread that is stopped already, and that is right. */
        wait_for_progress(x);
        thread_signals_send(&x->thread, SIGALRM);
        wait_for(&alarm_inside, 1);
        assert_int_equal(yank_suspend_g(&x->t.g, SOON, &stop), YANK_OK);
        assert_int_equal(atomic_load(&alarm_inside), 0);
        assert_int_equal(yank_resume_g(&stop), YANK_OK);
    }
    assert_true(answers(YANK_REFUSED_MASK) >= 200);
    target_join(x);
    sigaction(SIGALRM, &old, NULL);
    end();
}

/* Its thread takes the kicks off the signal stack. */
static void no_signal_stack_loop(struct target *x)
{
    stack_t none = { .ss_flags = SS_DISABLE }, ours;

    sigaltstack(&none, &ours);
    counting_loop(x);
    sigaltstack(&ours, NULL);
}

static void live_handler_on_the_gs_stack_refuses(void **state)
{
    struct target *x;
    struct yank_stop stop;

    (void)state;
    begin();
    x = target_start(no_signal_stack_loop, NULL);
    wait_for_progress(x);
    while (answers(YANK_REFUSED_SIGSTACK) < 10)
        assert_int_equal(
            yank_suspend_g(&x->t.g, yank_now_ns() + SECOND / 100, &stop),
            YANK_ETIMEDOUT);
    wait_for_progress(x);
    target_join(x);
    end();
}

/* --- errno ---------------------------------------------------------------*/

YANK_TEXT static void errno_loop(struct target *x)
{
    errno = 4711;
    while (!atomic_load_explicit(&x->quit, memory_order_relaxed)) {
        if (errno != 4711)
            *(_Atomic int *)x->user = errno;
        atomic_fetch_add_explicit(&x->count, 1, memory_order_relaxed);
    }
}

static void live_errno_survives_kicks_and_stops(void **state)
{
    _Atomic int wrong = 0;
    struct target *x;

    (void)state;
    begin();
    x = target_start(errno_loop, (void *)&wrong);
    stop_and_go(x, 2000);
    target_join(x);
    assert_int_equal(atomic_load(&wrong), 0);
    end();
}

/* --- who owns the action -------------------------------------------------*/

static _Atomic int host_took, host_left, host_asked;

/* The host's own code, whose every instruction it is asked about. */
extern char __start_host_text[], __stop_host_text[];

__attribute__((section("host_text"), noinline)) static void
host_loop(struct target *x)
{
    while (!atomic_load_explicit(&x->quit, memory_order_relaxed))
        atomic_fetch_add_explicit(&x->count, 1, memory_order_relaxed);
}

static bool host_says_safe(void *ctx, uintptr_t pc, uintptr_t sp, uintptr_t fp,
                           uintptr_t *resume_pc)
{
    (void)ctx;
    (void)pc;
    (void)sp;
    (void)fp;
    (void)resume_pc;
    atomic_fetch_add(&host_asked, 1);
    errno = 12345; /* a careless one */
    return true;
}

static void host_handler(int signo, siginfo_t *info, void *uc)
{
    errno = 4711;
    if (yank_handle_signal(SIGUSR2, info, uc)) /* not the kick */
        abort();
    atomic_fetch_add(
        yank_handle_signal(signo, info, uc) ? &host_took : &host_left, 1);
    if (errno != 4711)
        abort();
}

static void live_host_that_owns_the_signal_hands_it_on(void **state)
{
    struct yank_options o = { .struct_size = sizeof o,
                              .host_owns_signal = true,
                              .pc_is_safe = host_says_safe };
    struct yank_code_desc desc = { (uintptr_t)__start_host_text,
                                   (uintptr_t)__stop_host_text,
                                   YANK_CODE_ASK_HOST };
    struct yank_code *code;
    struct sigaction sa = { .sa_sigaction = host_handler,
                            .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART },
                     now;
    struct target *x;

    (void)state;
    sigfillset(&sa.sa_mask);
    sigaction(SIGURG, &sa, NULL);
    assert_int_equal(yank_init(&o), YANK_OK);
    assert_int_equal(yank_code_add(&desc, &code), YANK_OK);
    x = target_start(host_loop, NULL);
    stop_and_go(x, 200);
    assert_true(atomic_load(&host_took) >= 200);
    assert_true(atomic_load(&host_asked) >= 200);
    assert_int_equal(atomic_load(&host_left), 0);
    pthread_kill(pthread_self(), SIGURG); /* no M */
    assert_int_equal(atomic_load(&host_left), 1);
    target_join(x);
    assert_int_equal(yank_code_remove(code, SOON), YANK_OK);
    assert_int_equal(yank_fini(), YANK_OK);
    sigaction(SIGURG, NULL, &now);
    assert_true(now.sa_sigaction == host_handler);
    signal(SIGURG, SIG_DFL);
}

static _Atomic int logged;

static void count_lines(void *ctx, const char *line)
{
    (void)ctx;
    (void)line;
    atomic_fetch_add(&logged, 1);
}

/* Somebody put his handler over ours, and may chain to it. */
static void live_fini_leaves_a_later_handler_alone(void **state)
{
    struct yank_options o = { .struct_size = sizeof o, .log = count_lines };
    struct sigaction later = { .sa_sigaction = app_handler,
                               .sa_flags = SA_SIGINFO },
                     ours, now;

    (void)state;
    assert_int_equal(yank_init(&o), YANK_OK);
    sigaction(SIGURG, &later, &ours);
    assert_int_equal(yank_fini(), YANK_OK);
    sigaction(SIGURG, NULL, &now);
    assert_true(now.sa_sigaction == app_handler);
    assert_int_equal(atomic_load(&logged), 1);
    /* Chaining to who may chain to us would never end. */
    assert_int_equal(yank_init(&o), YANK_ESIGNAL);
    sigaction(SIGURG, &ours, NULL); /* he has gone: what he found is back */
    assert_int_equal(yank_init(&o), YANK_OK);
    assert_int_equal(yank_fini(), YANK_OK);
    sigaction(SIGURG, NULL, &now);
    assert_true(now.sa_handler == SIG_DFL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(live_earlier_handler_is_called_first),
        cmocka_unit_test(live_plain_handler_is_called_too),
        cmocka_unit_test(live_handler_that_jumps_away_loses_no_request),
        cmocka_unit_test(live_signal_from_outside_reaches_the_application),
        cmocka_unit_test(live_is_kick_knows_kicks_only),
        cmocka_unit_test(live_signals_on_threads_that_are_no_m_are_harmless),
        cmocka_unit_test(live_foreign_handler_is_never_stopped),
        cmocka_unit_test(live_handler_on_the_gs_stack_refuses),
        cmocka_unit_test(live_errno_survives_kicks_and_stops),
        cmocka_unit_test(live_host_that_owns_the_signal_hands_it_on),
        cmocka_unit_test(live_fini_leaves_a_later_handler_alone),
    };

    return live_lacks(true) ? 77 : cmocka_run_group_tests(tests, NULL, NULL);
}
