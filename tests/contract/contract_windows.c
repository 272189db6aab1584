/* What only the Windows backend promises: whose thread a kick meets, one lock
 * for all who suspend, calls that fail, the end of the process, stacks that
 * the system can grow, and special user APCs, faked where the system has
 * none. */
#include "core/core.h"
#include "os/windows/windows.h"
#include "thread.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(a) YANK_ARRAY_LEN(a)
#define SOON (yank_now_ns() + 20000000000)

static const char *program;

/* --- an M to kick --------------------------------------------------------*/

struct live_m {
    struct yank_m m;
    _Atomic uint32_t state; /* 1: it is an M; 2: it shall end */
    _Atomic uint64_t turns;
    bool leaves; /* without a word */
    bool alertable;
};

static void be_an_m(void *arg)
{
    struct live_m *l = arg;

    yank_os_m_init(&l->m, NULL);
    atomic_store(&l->state, 1);
    yank_os_wake(&l->state);
    while (atomic_load(&l->state) != 2) {
        atomic_fetch_add(&l->turns, 1);
        if (l->alertable)
            SleepEx(1, TRUE);
    }
    if (l->leaves)
        return;
    atomic_store(&l->m.os_id, 0);
    yank_os_m_fini(&l->m);
}

static void start_m(struct live_m *l, struct yank_os_thread *t)
{
    assert_int_equal(yank_os_thread_start(t, be_an_m, l), YANK_OK);
    while (atomic_load(&l->state) == 0)
        yank_os_wait(&l->state, 0, YANK_NO_DEADLINE);
}

static void end_m(struct live_m *l, struct yank_os_thread *t)
{
    atomic_store(&l->state, 2);
    yank_os_thread_join(t);
}

/* It runs: a thread that was left suspended would not. */
static void runs(struct live_m *l)
{
    uint64_t was = atomic_load(&l->turns);

    while (atomic_load(&l->turns) == was)
        test_yield();
}

/* --- calls that count and fail --------------------------------------------*/

static struct yank_windows_api real;
static _Atomic int suspended, fails;
static _Atomic DWORD fails_with;

static bool fails_now(void)
{
    if (atomic_load(&fails) <= 0)
        return false;
    atomic_fetch_sub(&fails, 1);
    SetLastError(atomic_load(&fails_with));
    return true;
}

static DWORD WINAPI counting_suspend(HANDLE thread)
{
    DWORD n = real.suspend(thread);

    if (n != (DWORD)-1)
        atomic_fetch_add(&suspended, 1);
    return n;
}

static DWORD WINAPI failing_suspend(HANDLE thread)
{
    return fails_now() ? (DWORD)-1 : real.suspend(thread);
}

static BOOL WINAPI failing_get(HANDLE thread, CONTEXT *c)
{
    return fails_now() ? FALSE : real.get_context(thread, c);
}

static BOOL WINAPI failing_set(HANDLE thread, const CONTEXT *c)
{
    return fails_now() ? FALSE : real.set_context(thread, c);
}

static DWORD WINAPI failing_resume(HANDLE thread)
{
    return fails_now() ? (DWORD)-1 : real.resume(thread);
}

static void let_fail(int times, DWORD error)
{
    atomic_store(&fails_with, error);
    atomic_store(&fails, times);
}

static int begin(bool kick_by_apc)
{
    struct yank_options o = { .struct_size = sizeof o,
                              .kick_by_apc = kick_by_apc };
    int signo = 0;

    return yank_os_init(&o, &signo);
}

static int setup(void **state)
{
    (void)state;
    yank_windows_api = (struct yank_windows_api){ 0 };
    atomic_store(&suspended, 0);
    atomic_store(&fails, 0);
    if (begin(false) != YANK_OK)
        return 1;
    real = yank_windows_api;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    yank_os_fini();
    yank_windows_api = (struct yank_windows_api){ 0 };
    return 0;
}

/* --- the handle ----------------------------------------------------------*/

static void contract_handle_is_private_and_closed(void **state)
{
    struct yank_m m = { 0 };
    DWORD flags;

    (void)state;
    assert_int_equal(yank_os_m_init(&m, NULL), YANK_OK);
    HANDLE h = yank_windows_of(&m)->thread;

    assert_true(h != GetCurrentThread());
    assert_true(GetHandleInformation(h, &flags));
    assert_int_equal(flags & HANDLE_FLAG_INHERIT, 0);
    assert_int_equal(WaitForSingleObject(h, 0), WAIT_FAILED); /* no right */
    atomic_store(&m.os_id, 0);
    yank_os_m_fini(&m);
    assert_false(GetHandleInformation(h, &flags));
}

static void nothing(void *arg)
{
    (void)arg;
}

/* Its number may be another thread's by now, and so may its handle's. */
static void contract_kick_hits_no_heir_of_a_thread(void **state)
{
    struct live_m gone = { .leaves = true }, heir[8];
    struct yank_os_thread t, ts[COUNT(heir)];

    (void)state;
    start_m(&gone, &t);
    end_m(&gone, &t);
    memset(heir, 0, sizeof heir);
    yank_windows_api.suspend = counting_suspend;
    for (int i = 0; i < 2000; i++) {
        assert_int_equal(yank_os_thread_start(&t, nothing, NULL), YANK_OK);
        yank_os_thread_join(&t);
        if (i % 20 == 0)
            assert_int_equal(yank_preempt_m(&gone.m), YANK_EGONE);
    }
    for (size_t i = 0; i < COUNT(heir); i++)
        start_m(&heir[i], &ts[i]);
    for (int i = 0; i < 100; i++)
        assert_int_equal(yank_preempt_m(&gone.m), YANK_EGONE);
    assert_int_equal(atomic_load(&suspended), 0);
    for (size_t i = 0; i < COUNT(heir); i++) {
        assert_int_equal(atomic_load(&heir[i].m.preempt_gen), 0);
        assert_int_equal(yank_preempt_m(&heir[i].m), YANK_OK);
        end_m(&heir[i], &ts[i]);
    }
    assert_int_equal(atomic_load(&suspended), COUNT(heir));
    assert_true(CloseHandle(yank_windows_of(&gone.m)->thread));
}

static void has_no_m(void *found)
{
    *(bool *)found = yank_m_self() != NULL;
}

static void contract_foreign_thread_has_no_m(void **state)
{
    struct yank_m m = { 0 };
    struct yank_os_thread t;
    bool found = true;

    (void)state;
    assert_int_equal(yank_os_m_init(&m, NULL), YANK_OK);
    assert_int_equal(yank_os_thread_start(&t, has_no_m, &found), YANK_OK);
    yank_os_thread_join(&t);
    assert_false(found);
    assert_ptr_equal(yank_m_self(), &m);
    atomic_store(&m.os_id, 0);
    yank_os_m_fini(&m);
}

/* --- one lock for all who suspend ------------------------------------------*/

static void kicks(void *m)
{
    yank_preempt_m(m);
}

static void contract_kick_waits_for_another_suspender(void **state)
{
    struct yank_os_thread t, kicker;
    struct live_m l = { .state = 0 };

    (void)state;
    yank_windows_api.suspend = counting_suspend;
    start_m(&l, &t);
    assert_true(yank_windows_suspend_lock());
    assert_int_equal(yank_os_thread_start(&kicker, kicks, &l.m), YANK_OK);
    while (atomic_load(&yank_windows_of(&l.m)->answering) == 0)
        test_yield();
    test_nap_ns(20000000); /* for what should not happen */
    assert_int_equal(atomic_load(&suspended), 0);
    yank_windows_suspend_unlock();
    yank_os_thread_join(&kicker);
    assert_int_equal(atomic_load(&suspended), 1);
    end_m(&l, &t);
}

static _Atomic int trying, got;

static void locks(void *arg)
{
    (void)arg;
    while (atomic_load(&trying) == 0)
        ;
    atomic_store(&trying, 2);
    atomic_store(&got, yank_windows_suspend_lock() ? 1 : -1);
    yank_windows_suspend_unlock();
}

/* Between the suspension and the registers. */
static BOOL WINAPI slow_get(HANDLE thread, CONTEXT *c)
{
    atomic_store(&trying, 1);
    while (atomic_load(&trying) != 2)
        test_yield();
    test_nap_ns(20000000);
    return atomic_load(&got) == 0 && real.get_context(thread, c);
}

static void contract_another_suspender_waits_for_a_kick(void **state)
{
    struct yank_os_thread t, other;
    struct live_m l = { .state = 0 };

    (void)state;
    atomic_store(&trying, 0);
    atomic_store(&got, 0);
    start_m(&l, &t);
    assert_int_equal(yank_os_thread_start(&other, locks, NULL), YANK_OK);
    yank_windows_api.get_context = slow_get;
    assert_int_equal(yank_preempt_m(&l.m), YANK_OK); /* it had not got it */
    yank_os_thread_join(&other);
    assert_int_equal(atomic_load(&got), 1);
    end_m(&l, &t);
}

/* --- the last error --------------------------------------------------------*/

#define BOTH ((int64_t)0x12345678 << 32 | 4711)
#define KEPT(call)                                                             \
    do {                                                                       \
        yank_os_set_errno(BOTH);                                               \
        (void)(call, 0);                                                       \
        assert_int_equal(GetLastError(), 0x12345678);                          \
        assert_int_equal(yank_os_errno(), BOTH);                               \
    } while (0)

static void contract_last_error_is_kept(void **state)
{
    struct yank_m m = { 0 };
    _Atomic uint32_t word = 0;
    struct yank_os_thread t;
    struct live_m l = { .state = 0 };

    (void)state;
    start_m(&l, &t);
    KEPT(yank_m_self());
    KEPT(yank_now_ns());
    KEPT(yank_os_wait(&word, 0, yank_now_ns() + 1000000));
    KEPT(yank_os_wake(&word));
    KEPT(yank_preempt_m(&m));
    KEPT(yank_preempt_m(&l.m));
    yank_windows_api.suspend = failing_suspend;
    let_fail(1, ERROR_NOT_ENOUGH_MEMORY);
    KEPT(yank_preempt_m(&l.m));
    KEPT(yank_os_env_has("nothing"));
    KEPT(yank_os_write_line("contract: a line on stderr"));
    KEPT(yank_windows_suspend_lock());
    KEPT(yank_windows_suspend_unlock());
    end_m(&l, &t);
    KEPT(yank_preempt_m(&l.m));
}

/* --- calls that fail -------------------------------------------------------*/

static void contract_failed_suspend_is_told(void **state)
{
    struct yank_os_thread t;
    struct live_m l = { .state = 0 };

    (void)state;
    start_m(&l, &t);
    yank_windows_api.suspend = failing_suspend;
    let_fail(1, ERROR_ACCESS_DENIED);
    assert_int_equal(yank_preempt_m(&l.m), YANK_EGONE);
    let_fail(1, ERROR_NOT_ENOUGH_MEMORY);
    assert_int_equal(yank_preempt_m(&l.m), YANK_EOS);
    assert_int_equal(atomic_load(&l.m.preempt_gen), 0);
    assert_int_equal(yank_preempt_m(&l.m), YANK_OK);
    assert_int_equal(atomic_load(&l.m.preempt_gen), 1);
    end_m(&l, &t);
}

static void contract_failed_read_lets_the_thread_go_on(void **state)
{
    struct yank_os_thread t;
    struct live_m l = { .state = 0 };

    (void)state;
    start_m(&l, &t);
    yank_windows_api.get_context = failing_get;
    let_fail(1, ERROR_NOT_ENOUGH_MEMORY);
    assert_int_equal(yank_preempt_m(&l.m), YANK_EOS);
    assert_int_equal(atomic_load(&l.m.preempt_gen), 0);
    runs(&l);
    assert_int_equal(yank_preempt_m(&l.m), YANK_OK);
    end_m(&l, &t);
}

static _Atomic bool over;
static _Atomic uint64_t looped;

YANK_TEXT static void loops(void)
{
    while (!atomic_load(&over))
        atomic_fetch_add(&looped, 1);
}

/* Or the next ask would find it where it stopped. */
static void wait_for_loop(void)
{
    uint64_t was = atomic_load(&looped);

    while (atomic_load(&looped) == was)
        test_yield();
}

static struct yank_thread looper;

static void attaches_and_loops(void *arg)
{
    if (yank_thread_attach(&looper, NULL) != YANK_OK)
        return;
    loops();
    *(int *)arg = yank_thread_detach(&looper);
}

/* The stop that was injected is none: nothing of it may stay behind. */
static void contract_failed_write_is_a_refusal(void **state)
{
    struct yank_os_thread t;
    struct yank_stop stop;
    int rc = 1;

    teardown(state);
    assert_int_equal(yank_init(NULL), YANK_OK);
    real = yank_windows_api;
    atomic_store(&over, false);
    assert_int_equal(yank_os_thread_start(&t, attaches_and_loops, &rc),
                     YANK_OK);
    wait_for_loop();
    yank_windows_api.set_context = failing_set;
    for (int i = 0; i < 20; i++) {
        struct yank_counters before, after;

        yank_get_counters(&before);
        let_fail(3, ERROR_NOACCESS);
        assert_int_equal(yank_suspend_g(&looper.g, SOON, &stop), YANK_OK);
        assert_true(stop.async);
        assert_int_equal(looper.g.code->stopped, 1);
        assert_int_equal(yank_resume_g(&stop), YANK_OK);
        wait_for_loop();
        yank_get_counters(&after);
        assert_int_equal(after.outcome[YANK_REFUSED_CPU_STATE],
                         before.outcome[YANK_REFUSED_CPU_STATE] + 3);
        assert_int_equal(after.outcome[YANK_INJECTED],
                         before.outcome[YANK_INJECTED] + 1);
    }
    atomic_store(&over, true);
    yank_os_thread_join(&t);
    assert_int_equal(rc, YANK_OK);
    assert_int_equal(yank_fini(), YANK_OK);
    setup(state);
}

/* --- the end of the process ------------------------------------------------*/

static DWORD child(const char *what)
{
    STARTUPINFOA si = { .cb = sizeof si };
    PROCESS_INFORMATION pi;
    char line[1024];
    DWORD code = 0;

    snprintf(line, sizeof line, "\"%s\" %s", program, what);
    assert_true(CreateProcessA(program, line, NULL, NULL, FALSE, 0, NULL, NULL,
                               &si, &pi));
    /* A ghost never ends. */
    if (WaitForSingleObject(pi.hProcess, 30000) != WAIT_OBJECT_0)
        TerminateProcess(pi.hProcess, 99);
    WaitForSingleObject(pi.hProcess, INFINITE);
    GetExitCodeProcess(pi.hProcess, &code);
    CloseHandle(pi.hThread);
    CloseHandle(pi.hProcess);
    return code;
}

static struct yank_m main_m;

static void kicks_for_ever(void *m)
{
    for (;;)
        yank_preempt_m(m);
}

/* Leaves with a thread that suspends it all the time. */
static int exits_under_kicks(void)
{
    struct yank_os_thread t[2];

    if (begin(false) != YANK_OK || yank_os_m_init(&main_m, NULL) != YANK_OK)
        return 1;
    for (size_t i = 0; i < COUNT(t); i++)
        yank_os_thread_start(&t[i], kicks_for_ever, &main_m);
    while (atomic_load(&main_m.preempt_gen) < 20)
        ;
    exit(7);
}

static int after_exiting(void)
{
    struct live_m l = { .state = 0 };
    struct yank_os_thread t;

    if (begin(false) != YANK_OK)
        return 1;
    start_m(&l, &t);
    yank_windows_exiting();
    yank_windows_exiting();
    if (yank_windows_suspend_lock() || yank_windows_suspend_lock())
        return 2;
    real = yank_windows_api;
    yank_windows_api.suspend = counting_suspend;
    if (yank_preempt_m(&l.m) != YANK_EOS || atomic_load(&suspended) != 0)
        return 3;
    end_m(&l, &t);
    return 8;
}

static int cannot_resume(void)
{
    struct live_m l = { .state = 0 };
    struct yank_os_thread t;

    setup(NULL);
    start_m(&l, &t);
    yank_windows_api.resume = failing_resume;
    let_fail(1, ERROR_ACCESS_DENIED);
    yank_preempt_m(&l.m);
    return 9;
}

static void contract_exit_leaves_no_ghost(void **state)
{
    (void)state;
    for (int i = 0; i < 20; i++)
        assert_int_equal(child("exits_under_kicks"), 7);
}

static void contract_nothing_is_suspended_once_it_exits(void **state)
{
    (void)state;
    assert_int_equal(child("after_exiting"), 8);
}

#define FAIL_FAST ((DWORD)0xc0000602)

static void contract_thread_that_stays_suspended_is_fatal(void **state)
{
    (void)state;
    assert_int_equal(child("cannot_resume"), FAIL_FAST);
}

/* --- stacks ----------------------------------------------------------------*/

static MEMORY_BASIC_INFORMATION page_at(uintptr_t addr)
{
    MEMORY_BASIC_INFORMATION info;

    assert_true(VirtualQuery((void *)addr, &info, sizeof info) != 0);
    return info;
}

static bool is_guard(uintptr_t addr)
{
    MEMORY_BASIC_INFORMATION info = page_at(addr);

    return info.State == MEM_COMMIT &&
           info.Protect == (PAGE_READWRITE | PAGE_GUARD);
}

static void contract_stack_is_one_that_windows_can_grow(void **state)
{
    size_t reserve = yank_os_stack_reserve_bytes;
    struct yank_stack s;

    (void)state;
    assert_true(reserve >= 16384);
    assert_int_equal(yank_os_stack_alloc(100000, &s), YANK_OK);
    for (int i = 0; i < 2; i++) {
        struct yank_os_stack words = yank_os_stack_of(s.lo, s.hi);
        DWORD old;

        assert_int_equal(words.base, s.hi);
        assert_int_equal(words.limit, s.lo + reserve);
        assert_int_equal(words.whole, s.lo);
        assert_true(is_guard(words.limit - 1));
        assert_int_equal(page_at(words.limit).Protect, PAGE_READWRITE);
        assert_int_equal(page_at(s.hi - 1).Protect, PAGE_READWRITE);
        for (uintptr_t p = s.lo; p < words.limit - 4096; p += 4096)
            assert_int_equal(page_at(p).State, MEM_RESERVE);
        assert_int_equal(page_at(s.lo - 1).State, MEM_RESERVE);
        assert_int_equal(page_at(s.hi).State, MEM_RESERVE);
        assert_true(yank_os_in_guard(s.lo, words.limit - 1));
        assert_true(yank_os_in_guard(s.lo, s.lo - 1));
        assert_false(yank_os_in_guard(s.lo, words.limit));
        /* As an overflow leaves it; then as new. */
        assert_non_null(VirtualAlloc((void *)(s.lo + 4096), reserve - 4096,
                                     MEM_COMMIT, PAGE_READWRITE));
        assert_true(VirtualProtect((void *)(s.lo + 4096), reserve - 4096,
                                   PAGE_READWRITE, &old));
        yank_os_stack_renew(&s);
    }
    yank_os_stack_free(&s);
}

/* --- special user APCs, faked ---------------------------------------------*/

static _Atomic int queued;

/* As the system would do it, but for whose thread fn runs on. */
static BOOL queue_with(PAPCFUNC fn, HANDLE thread, ULONG_PTR arg, bool lies)
{
    struct yank_apc_data d = { .parameter = arg };
    CONTEXT c;
    bool ok;

    atomic_fetch_add(&queued, 1);
    if (real.suspend(thread) == (DWORD)-1)
        return FALSE;
    c.ContextFlags = yank_windows_context_flags;
    ok = real.get_context(thread, &c);
    d.context = &c;
    if (ok && lies) {
        CONTEXT other = c;
        struct yank_regs r = { 0 };

        yank_windows_load(&other, &r);
        r.pc = (uintptr_t)queue_with;
        yank_windows_store(&other, &r);
        d.context = &other;
        fn((ULONG_PTR)&d);
        yank_windows_load(&other, &r);
        if (r.pc != (uintptr_t)queue_with) /* and obeys all the same */
            ok = real.set_context(thread, &other);
    } else if (ok) {
        fn((ULONG_PTR)&d);
        ok = real.set_context(thread, &c);
    }
    real.resume(thread);
    return ok;
}

static BOOL WINAPI queue_works(PAPCFUNC fn, HANDLE thread, ULONG_PTR arg,
                               DWORD flags)
{
    if (flags != (YANK_APC_SPECIAL | YANK_APC_WITH_CONTEXT)) {
        SetLastError(ERROR_INVALID_PARAMETER);
        return FALSE;
    }
    return queue_with(fn, thread, arg, false);
}

static BOOL WINAPI queue_lies(PAPCFUNC fn, HANDLE thread, ULONG_PTR arg,
                              DWORD flags)
{
    (void)flags;
    return queue_with(fn, thread, arg, true);
}

static BOOL WINAPI queue_fails(PAPCFUNC fn, HANDLE thread, ULONG_PTR arg,
                               DWORD flags)
{
    (void)fn;
    (void)thread;
    (void)arg;
    (void)flags;
    atomic_fetch_add(&queued, 1);
    SetLastError(atomic_load(&fails_with));
    return FALSE;
}

/* Says yes and does nothing. */
static BOOL WINAPI queue_forgets(PAPCFUNC fn, HANDLE thread, ULONG_PTR arg,
                                 DWORD flags)
{
    (void)fn;
    (void)thread;
    (void)arg;
    (void)flags;
    atomic_fetch_add(&queued, 1);
    return TRUE;
}

/* Runs fn on the thread itself, once that waits so that it can be alerted. */
struct plain_apc {
    PAPCFUNC fn;
    ULONG_PTR arg;
};

static VOID CALLBACK on_plain_apc(ULONG_PTR data)
{
    struct plain_apc p = *(struct plain_apc *)data;
    struct yank_apc_data d = { .parameter = p.arg };
    CONTEXT c;

    free((void *)data);
    RtlCaptureContext(&c);
    d.context = &c;
    p.fn((ULONG_PTR)&d);
}

static BOOL WINAPI queue_plain(PAPCFUNC fn, HANDLE thread, ULONG_PTR arg,
                               DWORD flags)
{
    struct plain_apc *p = malloc(sizeof *p);

    (void)flags;
    *p = (struct plain_apc){ fn, arg };
    return QueueUserAPC(on_plain_apc, thread, (ULONG_PTR)p) != 0;
}

static void restart(yank_queue_apc_fn *queue_apc)
{
    yank_os_fini();
    atomic_store(&queued, 0);
    yank_windows_api.queue_apc = queue_apc;
    assert_int_equal(begin(true), YANK_OK);
}

static void contract_apcs_are_tried_before_they_are_trusted(void **state)
{
    static yank_queue_apc_fn *const bad[] = { queue_fails, queue_lies,
                                              queue_forgets };

    (void)state;
    let_fail(0, ERROR_INVALID_PARAMETER);
    for (size_t i = 0; i < COUNT(bad); i++) {
        struct yank_os_thread t;
        struct live_m l = { .state = 0 };

        restart(bad[i]);
        assert_true(atomic_load(&queued) > 0);
        assert_string_equal(yank_os_kick_name(), "suspend");
        assert_true((yank_os_caps() & YANK_CAP_SYNC_KICK) != 0);
        start_m(&l, &t); /* and kicks work as ever */
        assert_int_equal(yank_preempt_m(&l.m), YANK_OK);
        assert_int_equal(atomic_load(&l.m.preempt_gen), 1);
        end_m(&l, &t);
    }
    restart(queue_works);
    assert_string_equal(yank_os_kick_name(), "apc");
    assert_int_equal(yank_os_caps() & YANK_CAP_SYNC_KICK, 0);
    yank_os_fini(); /* and only for as long */
    assert_string_equal(yank_os_kick_name(), "suspend");
    assert_int_equal(begin(false), YANK_OK); /* and if it is asked for */
    assert_string_equal(yank_os_kick_name(), "suspend");
}

static void contract_one_apc_is_one_answer(void **state)
{
    struct yank_os_thread t;
    struct live_m l = { .alertable = true };

    (void)state;
    restart(queue_works);
    yank_windows_api.queue_apc = queue_plain;
    yank_windows_api.suspend = counting_suspend;
    start_m(&l, &t);
    for (uint32_t i = 0; i < 200; i++) {
        assert_int_equal(yank_preempt_m(&l.m), YANK_OK);
        while (atomic_load(&l.m.preempt_gen) == i)
            test_yield();
    }
    assert_int_equal(atomic_load(&l.m.preempt_gen), 200);
    assert_int_equal(atomic_load(&suspended), 0);
    end_m(&l, &t);
    assert_int_equal(yank_preempt_m(&l.m), YANK_EGONE);
}

static void contract_apc_that_interrupts_an_answer_leaves_word(void **state)
{
    struct yank_m m = { 0 };
    struct yank_windows_m *w = yank_windows_of(&m);

    (void)state;
    restart(queue_works);
    assert_int_equal(yank_os_m_init(&m, NULL), YANK_OK);
    atomic_store(&w->apcs, 1); /* as in the middle of one */
    yank_windows_apc_answer(&m, NULL);
    assert_int_equal(atomic_load(&m.preempt_gen), 0);
    assert_int_equal(atomic_load(&w->apcs), 2);
    atomic_store(&w->apcs, 0);
    assert_int_equal(yank_os_kick_self(&m), YANK_OK);
    assert_int_equal(atomic_load(&m.preempt_gen), 1);
    assert_int_equal(atomic_load(&w->apcs), 0);
    atomic_store(&m.os_id, 0);
    yank_os_m_fini(&m);
}

static void contract_failed_apc_is_told(void **state)
{
    struct yank_os_thread t;
    struct live_m l = { .state = 0 };

    (void)state;
    restart(queue_works);
    yank_windows_api.queue_apc = queue_fails;
    start_m(&l, &t);
    let_fail(0, ERROR_GEN_FAILURE);
    assert_int_equal(yank_preempt_m(&l.m), YANK_EGONE);
    let_fail(0, ERROR_INVALID_PARAMETER);
    assert_int_equal(yank_preempt_m(&l.m), YANK_EOS);
    assert_int_equal(atomic_load(&l.m.preempt_gen), 0);
    end_m(&l, &t);
}

/* --- main ------------------------------------------------------------------*/

static const struct {
    const char *name;
    int (*run)(void);
} children[] = {
    { "exits_under_kicks", exits_under_kicks },
    { "after_exiting", after_exiting },
    { "cannot_resume", cannot_resume },
};

#define CLAIM(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(int argc, char **argv)
{
    static char path[MAX_PATH];
    const struct CMUnitTest tests[] = {
        CLAIM(contract_handle_is_private_and_closed),
        CLAIM(contract_kick_hits_no_heir_of_a_thread),
        CLAIM(contract_foreign_thread_has_no_m),
        CLAIM(contract_kick_waits_for_another_suspender),
        CLAIM(contract_another_suspender_waits_for_a_kick),
        CLAIM(contract_last_error_is_kept),
        CLAIM(contract_failed_suspend_is_told),
        CLAIM(contract_failed_read_lets_the_thread_go_on),
        CLAIM(contract_failed_write_is_a_refusal),
        CLAIM(contract_exit_leaves_no_ghost),
        CLAIM(contract_nothing_is_suspended_once_it_exits),
        CLAIM(contract_thread_that_stays_suspended_is_fatal),
        CLAIM(contract_stack_is_one_that_windows_can_grow),
        CLAIM(contract_apcs_are_tried_before_they_are_trusted),
        CLAIM(contract_one_apc_is_one_answer),
        CLAIM(contract_apc_that_interrupts_an_answer_leaves_word),
        CLAIM(contract_failed_apc_is_told),
    };

    GetModuleFileNameA(NULL, path, sizeof path);
    program = path;
    for (size_t i = 0; argc > 1 && i < COUNT(children); i++)
        if (strcmp(argv[1], children[i].name) == 0)
            return children[i].run();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
