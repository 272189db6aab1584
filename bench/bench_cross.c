/* A thread that is stopped, woken and signalled from another processor.  Floor
 * and Yank use the same thread in the same loop, one sample after the other. */
#define _GNU_SOURCE /* syscall */
/* First: the fields of a G, for sleepers. */
#include "core/types.h"

#include "../examples/demo/demo.h"
#include "bench_latency.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { PRIVATE = 128, WAKE = 1 | PRIVATE, WAIT_BITSET = 9 | PRIVATE };
enum command { SLEEP, SPIN, QUIT };

#define DEADLINE_NS 30000000000 /* safety net: a busy machine is slow */

static struct {
    /* What the thread is to do; a futex. */
    _Alignas(64) _Atomic uint32_t command;
    _Alignas(64) _Atomic uint64_t beats; /* rounds of the loop */
    _Alignas(64) _Atomic uint32_t woken; /* times out of the futex */
    _Alignas(64) _Atomic int asked;
    _Alignas(64) _Atomic int answered;
    _Alignas(64) struct yank_thread t;
    _Atomic long tid;
    _Atomic int attached; /* 1, or an error code */
    pthread_t thread;
    int state_file;
} target;

/* --- the thread ---------------------------------------------------------- */

static void on_floor(int signo, siginfo_t *info, void *uc)
{
    (void)signo;
    (void)info;
    (void)uc;
    atomic_store(&target.answered, atomic_load(&target.asked));
}

/* No call, no poll. */
YANK_TEXT static void spin(void)
{
    uint64_t n = atomic_load_explicit(&target.beats, memory_order_relaxed);

    while (atomic_load_explicit(&target.command, memory_order_relaxed) == SPIN)
        atomic_store_explicit(&target.beats, ++n, memory_order_relaxed);
}

static void *target_main(void *arg)
{
    uint32_t command;
    int rc;

    (void)arg;
    demo_place(1);
    atomic_store(&target.tid, syscall(SYS_gettid));
    rc = yank_thread_attach(&target.t, NULL);
    atomic_store(&target.attached, rc == YANK_OK ? 1 : rc);
    if (rc != YANK_OK)
        return NULL;
    while ((command = atomic_load(&target.command)) != QUIT) {
        if (command == SPIN) {
            spin();
        } else {
            syscall(SYS_futex, &target.command, WAIT_BITSET, SLEEP, NULL, NULL,
                    ~0u);
            atomic_fetch_add(&target.woken, 1);
        }
    }
    yank_thread_detach(&target.t);
    return NULL;
}

/* --- what it is told ----------------------------------------------------- */

/* Asleep, as the kernel sees it. */
static bool sleeps(void)
{
    char text[256];
    ssize_t n = pread(target.state_file, text, sizeof text - 1, 0);
    const char *at;

    text[n > 0 ? n : 0] = '\0';
    for (at = text; *at != '\0' && *at != ')'; at++) {
    }
    return at[0] == ')' && at[1] == ' ' && at[2] == 'S';
}

/* Until it sleeps, and then a little: the processor is idle by then. */
static bool wait_asleep(void)
{
    int64_t end = yank_now_ns() + DEADLINE_NS;

    while (!sleeps())
        if (yank_now_ns() > end)
            return bench_failed("the thread does not fall asleep");
    bench_spin_until(yank_now_ns() + bench_random(20000, 50000));
    return true;
}

static bool wait_beat(void)
{
    uint64_t seen = atomic_load(&target.beats);
    int64_t end = yank_now_ns() + DEADLINE_NS;

    while (atomic_load(&target.beats) == seen)
        if (yank_now_ns() > end)
            return bench_failed("the thread does not run");
    return true;
}

static void command(enum command c)
{
    atomic_store(&target.command, c);
    syscall(SYS_futex, &target.command, WAKE, 1, NULL, NULL, 0);
}

static bool to_sleep(void)
{
    command(SLEEP);
    return wait_asleep();
}

bool bench_cross_start(void)
{
    char name[64];

    if (pthread_create(&target.thread, NULL, target_main, NULL) != 0)
        return false;
    while (atomic_load(&target.attached) == 0) {
    }
    snprintf(name, sizeof name, "/proc/self/task/%ld/stat",
             atomic_load(&target.tid));
    target.state_file = open(name, O_RDONLY | O_CLOEXEC);
    return atomic_load(&target.attached) == 1 && target.state_file >= 0;
}

bool bench_cross_stop(void)
{
    command(QUIT);
    pthread_join(target.thread, NULL);
    close(target.state_file);
    return true;
}

/* --- samples ------------------------------------------------------------- */

static bool floor_signal(struct bench_series *s)
{
    long tid = atomic_load(&target.tid);
    int ask = atomic_load(&target.asked) + 1;
    int64_t start = yank_now_ns();

    atomic_store(&target.asked, ask);
    if (syscall(SYS_tgkill, getpid(), tid, FLOOR_SIGNO) != 0)
        return bench_failed("tgkill");
    while (atomic_load(&target.answered) != ask) {
    }
    bench_add(s, (double)(yank_now_ns() - start));
    return true;
}

/* While it is stopped it looks for a while whether it may go on, and sleeps
 * then.  Asked just before the resume; relaxed: a guess. */
static bool has_gone_to_sleep(void)
{
    return atomic_load_explicit(&target.t.g.sleepers, memory_order_relaxed) !=
           0;
}

static bool resume(struct yank_stop *stop, struct bench_series *s)
{
    uint64_t seen = atomic_load(&target.beats);
    int64_t start = yank_now_ns();

    if (yank_resume_g(stop) != YANK_OK)
        return bench_failed("yank_resume_g");
    while (atomic_load_explicit(&target.beats, memory_order_relaxed) == seen) {
    }
    if (s != NULL)
        bench_add(s, (double)(yank_now_ns() - start));
    return true;
}

static bool suspend(struct yank_stop *stop, struct bench_series *s)
{
    int64_t start = yank_now_ns();

    if (yank_suspend_g(&target.t.g, start + DEADLINE_NS, stop) != YANK_OK)
        return bench_failed("yank_suspend_g");
    if (s != NULL)
        bench_add(s, (double)(yank_now_ns() - start));
    return true;
}

/* Back in its loop for long enough to have forgotten the last sample. */
static bool settle(void)
{
    if (!wait_beat())
        return false;
    bench_spin_until(yank_now_ns() + bench_random(10000, 30000));
    return true;
}

bool bench_cross_suspend(struct latency *l, int n)
{
    struct yank_stop stop;

    if (!bench_floor_handler(on_floor))
        return false;
    command(SPIN);
    for (int i = 0; i < n; i++) {
        if (!settle() || !floor_signal(&l->series[FLOOR_SIGNAL]) || !settle() ||
            !suspend(&stop, &l->series[SUSPEND]))
            return false;
        bench_spin_until(yank_now_ns() + bench_random(500, 2000));
        if (!resume(&stop,
                    has_gone_to_sleep() ? NULL : &l->series[RESUME_SPIN]))
            return false;
    }
    return to_sleep();
}

static bool floor_futex_wake(struct bench_series *s)
{
    uint32_t before = atomic_load(&target.woken);
    int64_t start;

    if (!wait_asleep())
        return false;
    start = yank_now_ns();
    command(SPIN);
    while (atomic_load_explicit(&target.woken, memory_order_relaxed) ==
           before) {
    }
    bench_add(s, (double)(yank_now_ns() - start));
    return true;
}

bool bench_cross_park(struct latency *l, int n)
{
    struct yank_stop stop;

    for (int i = 0; i < n; i++) {
        if (!to_sleep() || !floor_futex_wake(&l->series[FLOOR_FUTEX_WAKE]) ||
            !wait_beat() || !suspend(&stop, NULL) || !wait_asleep() ||
            !resume(&stop, &l->series[RESUME_PARK]))
            return false;
    }
    return to_sleep();
}
