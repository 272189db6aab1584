/* Targets that are hard to suspend: asked for by many at a time, inside the
 * heap's lock, asleep in the system, each with nothing told to Yank. */
#include "live.h"

#include <stdio.h>
#include <string.h>
#include <windows.h>

YANK_TEXT static uint64_t some_rounds(uint64_t x)
{
    for (int i = 0; i < 20000; i++)
        __asm__ volatile("" : "+r"(x));
    return x;
}

YANK_TEXT static void counting_loop(struct target *x)
{
    while (!atomic_load_explicit(&x->quit, memory_order_relaxed))
        atomic_fetch_add_explicit(&x->count, 1, memory_order_relaxed);
}

/* --- many requesters ------------------------------------------------------ */

#define REQUESTERS 32

struct requester {
    struct test_thread thread;
    struct target *x;
    int failed;
};

static void *stop_and_go(void *arg)
{
    struct requester *r = arg;

    for (int i = 0; i < 25; i++) {
        struct yank_stop stop;
        uint64_t seen;

        if (yank_suspend_g(&r->x->t.g, SOON, &stop) != YANK_OK) {
            r->failed++;
            continue;
        }
        seen = atomic_load(&r->x->count);
        test_yield();
        r->failed += atomic_load(&r->x->count) != seen;
        r->failed += yank_resume_g(&stop) != YANK_OK;
    }
    return NULL;
}

static void live_32_requesters_share_two_targets(void **state)
{
    struct target *x[2] = { target_start(counting_loop, NULL),
                            target_start(counting_loop, NULL) };
    struct requester r[REQUESTERS];

    (void)state;
    for (int i = 0; i < REQUESTERS; i++) {
        r[i] = (struct requester){ .x = x[i % 2] };
        assert_int_equal(test_thread_start(&r[i].thread, stop_and_go, &r[i]),
                         0);
    }
    for (int i = 0; i < REQUESTERS; i++) {
        test_thread_join(&r[i].thread, NULL);
        assert_int_equal(r[i].failed, 0);
    }
    for (int i = 0; i < 2; i++) {
        wait_for_progress(x[i]);
        target_join(x[i]);
    }
}

/* Each is asked for by the other all the time. */
static _Atomic int in_pair;

static void stops_its_partner(struct target *x)
{
    struct target *other = x->user;

    atomic_fetch_add(&in_pair, 1);
    wait_for(&in_pair, 2);
    for (int i = 0; i < 200; i++) {
        struct yank_stop stop;
        int rc = yank_suspend_g(&other->t.g, SOON, &stop);

        assert_int_equal(rc, YANK_OK);
        assert_int_equal(yank_resume_g(&stop), YANK_OK);
        some_rounds(0);
    }
    atomic_fetch_sub(&in_pair, 1);
    while (atomic_load(&in_pair) > 0)
        some_rounds(0);
}

static void begins_late(struct target *x)
{
    while (atomic_load(&x->running) != 2)
        test_yield();
    stops_its_partner(x);
}

static void live_two_threads_stop_each_other(void **state)
{
    struct target *a = target_start(begins_late, NULL);
    struct target *b = target_start(begins_late, a);

    (void)state;
    a->user = b;
    atomic_store(&a->running, 2);
    atomic_store(&b->running, 2);
    target_join(a);
    target_join(b);
}

/* --- a lock that everybody needs ------------------------------------------ */

static void holds_the_heap(struct target *x)
{
    HANDLE heap = GetProcessHeap();

    while (!atomic_load(&x->quit)) {
        assert_true(HeapLock(heap));
        some_rounds(0);
        assert_true(HeapUnlock(heap));
        atomic_fetch_add(&x->count, 1);
    }
}

/* Suspended inside it and stopped inside it: nothing that Yank does in between
 * may want the heap. */
static void live_a_target_inside_the_heaps_lock(void **state)
{
    struct target *x = target_start(holds_the_heap, NULL);
    uint64_t before = answers(YANK_INJECTED);

    (void)state;
    for (int i = 0; i < 500; i++) {
        struct yank_stop stop;

        assert_int_equal(yank_suspend_g(&x->t.g, SOON, &stop), YANK_OK);
        assert_int_equal(yank_resume_g(&stop), YANK_OK);
        /* Else the next one claims it as it is. */
        while (yank_read_status(&x->t.g) != YANK_RUNNING)
            test_yield();
    }
    assert_true(answers(YANK_INJECTED) - before >= 250);
    target_join(x);
}

/* --- in the system -------------------------------------------------------- */

struct system_user {
    HANDLE event;
    char path[MAX_PATH + 16];
    _Atomic int wrong;
};

static void sleeps(struct system_user *u)
{
    (void)u;
    Sleep(1);
}

static void waits_on_an_event(struct system_user *u)
{
    SetEvent(u->event);
    if (WaitForSingleObject(u->event, INFINITE) != WAIT_OBJECT_0)
        atomic_fetch_add(&u->wrong, 1);
}

static void reads_a_file(struct system_user *u)
{
    HANDLE f = CreateFileA(u->path, GENERIC_READ, FILE_SHARE_READ, NULL,
                           OPEN_EXISTING, 0, NULL);
    unsigned char bytes[4096];
    DWORD n = 0, sum = 0;

    if (!ReadFile(f, bytes, sizeof bytes, &n, NULL) || n != sizeof bytes)
        atomic_fetch_add(&u->wrong, 1);
    for (DWORD i = 0; i < n; i++)
        sum += bytes[i];
    CloseHandle(f);
    if (sum != 16 * (255 * 256 / 2))
        atomic_fetch_add(&u->wrong, 1);
}

static void write_the_file(struct system_user *u)
{
    char folder[MAX_PATH];
    unsigned char bytes[4096];
    DWORD n = 0;
    HANDLE f;

    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (unsigned char)i;
    assert_true(GetTempPathA(sizeof folder, folder) > 0);
    assert_true(GetTempFileNameA(folder, "ynk", 0, u->path) != 0);
    f = CreateFileA(u->path, GENERIC_WRITE, 0, NULL, CREATE_ALWAYS, 0, NULL);
    assert_true(f != INVALID_HANDLE_VALUE);
    assert_true(WriteFile(f, bytes, sizeof bytes, &n, NULL));
    CloseHandle(f);
}

static void (*const calls[])(struct system_user *) = { sleeps, waits_on_an_event,
                                                       reads_a_file };

/* A call, then some registered code, where it can be stopped. */
static void calls_the_system(struct target *x)
{
    for (unsigned i = 0; !atomic_load(&x->quit); i++) {
        calls[i % YANK_ARRAY_LEN(calls)](x->user);
        some_rounds(0);
        atomic_fetch_add(&x->count, 1);
    }
}

/* The same, told to Yank: stopped at once, and never suspended. */
static void calls_in_regions(struct target *x)
{
    for (unsigned i = 0; !atomic_load(&x->quit); i++) {
        assert_int_equal(yank_blocking_enter(&x->t.g), YANK_OK);
        calls[i % YANK_ARRAY_LEN(calls)](x->user);
        assert_int_equal(yank_blocking_leave(&x->t.g), YANK_OK);
        some_rounds(0);
        atomic_fetch_add(&x->count, 1);
    }
}

static void stop_in_the_system(void (*loop)(struct target *))
{
    struct system_user u = { .event = CreateEventA(NULL, FALSE, FALSE, NULL) };
    struct target *x;

    write_the_file(&u);
    x = target_start(loop, &u);
    for (int i = 0; i < 300; i++) {
        struct yank_stop stop;

        assert_int_equal(yank_suspend_g(&x->t.g, SOON, &stop), YANK_OK);
        assert_int_equal(yank_resume_g(&stop), YANK_OK);
        if (i % 50 == 0)
            wait_for_progress(x);
    }
    target_join(x);
    assert_int_equal(atomic_load(&u.wrong), 0);
    DeleteFileA(u.path);
    CloseHandle(u.event);
}

static void live_calls_into_the_system_go_on(void **state)
{
    (void)state;
    stop_in_the_system(calls_the_system);
}

static void live_blocking_calls_are_stopped_at_once(void **state)
{
    (void)state;
    stop_in_the_system(calls_in_regions);
}

/* Nobody wakes it before the request is over. */
static void waits_for_the_end(struct target *x)
{
    struct system_user *u = x->user;

    atomic_store(&x->running, 2);
    assert_int_equal(WaitForSingleObject(u->event, INFINITE), WAIT_OBJECT_0);
}

static void live_a_sleeper_times_out(void **state)
{
    struct system_user u = { .event = CreateEventA(NULL, FALSE, FALSE, NULL) };
    struct target *x = target_start(waits_for_the_end, &u);
    struct yank_stop stop;

    (void)state;
    wait_for(&x->running, 2);
    assert_int_equal(yank_suspend_g(&x->t.g, yank_now_ns() + SECOND / 10,
                                    &stop),
                     YANK_ETIMEDOUT);
    assert_null(stop.g);
    SetEvent(u.event);
    target_join(x);
    CloseHandle(u.event);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(live_32_requesters_share_two_targets),
        cmocka_unit_test(live_two_threads_stop_each_other),
        cmocka_unit_test(live_a_target_inside_the_heaps_lock),
        cmocka_unit_test(live_calls_into_the_system_go_on),
        cmocka_unit_test(live_blocking_calls_are_stopped_at_once),
        cmocka_unit_test(live_a_sleeper_times_out),
    };

    return live_main(tests, YANK_ARRAY_LEN(tests), true);
}
