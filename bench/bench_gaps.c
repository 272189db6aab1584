/* What the end of a slice costs the code that runs: loops that look at the
 * cycle counter between short pieces of work see a gap.  Two tasks of one
 * thread share the last reading, so that a gap that one begins the other
 * ends.  The floor is the same loop on a thread of its own, with signals whose
 * handler only counts. */
#define _GNU_SOURCE /* syscall, clock_nanosleep */
#include "../examples/demo/demo.h"
#include "bench_slices.h"

#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define TURNS 4 /* of floor and Yank */
#define GAPS 65536
#define WORK 32 /* steps between two readings, some 100 cycles */

/* One thread writes at a time: what is here belongs to whoever runs. */
static struct {
    volatile uint64_t last[2]; /* the counter, at a task's last reading */
    volatile uint64_t sink;    /* so that the work is done */
    uint64_t gap[GAPS], when[GAPS];
    size_t n;
    uint64_t piece; /* the usual time from reading to reading */
    uint64_t away;  /* so long between two readings: the other one ran */
} seen;
static atomic_bool over;
static atomic_int signals; /* handled, in the floor */
static atomic_long floor_tid;

static uint64_t cycles(void)
{
    return __builtin_ia32_rdtsc();
}

/* --- the loop ------------------------------------------------------------ */

/* Registered, hence all of it here: a piece of work and a reading. */
#define PIECE(x)                                                               \
    do {                                                                       \
        for (int i = 0; i < WORK; i++)                                         \
            x = x * 6364136223846793005u + 1442695040888963407u;               \
        seen.sink = x;                                                         \
    } while (0)
#define GAP(now, since)                                                        \
    do {                                                                       \
        size_t at = seen.n++ % GAPS;                                           \
        seen.gap[at] = (now) - (since);                                        \
        seen.when[at] = (now);                                                 \
    } while (0)

/* Whichever instruction a stop hits, the gap is too long by one piece at most:
 * each task writes its own reading only. */
YANK_TEXT static void task_loop(int me)
{
    uint64_t x = 1, mine = 0;

    do {
        uint64_t now = __builtin_ia32_rdtsc();

        if (now - mine > seen.away)
            GAP(now, seen.last[!me]);
        seen.last[me] = mine = now;
        PIECE(x);
    } while (!atomic_load_explicit(&over, memory_order_relaxed));
}

YANK_TEXT static void floor_loop(void)
{
    uint64_t x = 1, mine = __builtin_ia32_rdtsc();
    int before = 0;

    do {
        int count = atomic_load_explicit(&signals, memory_order_relaxed);
        uint64_t now = __builtin_ia32_rdtsc();

        if (count != before)
            GAP(now, mine);
        before = count;
        mine = now;
        PIECE(x);
    } while (!atomic_load_explicit(&over, memory_order_relaxed));
}

/* --- runs ---------------------------------------------------------------- */

static double ns_per_cycle(void)
{
    static double known;

    if (known == 0) {
        int64_t start = yank_now_ns();
        uint64_t c = cycles();

        bench_spin_until(start + 20000000);
        known = (double)(yank_now_ns() - start) / (double)(cycles() - c);
    }
    return known;
}

static void begin(int64_t slice_ns)
{
    atomic_store(&over, false);
    seen.n = 0;
    seen.last[0] = seen.last[1] = cycles();
    seen.away = (uint64_t)((double)slice_ns / 2 / ns_per_cycle());
}

/* The usual piece, undisturbed, in cycles: the least of many. */
static void find_piece(void)
{
    uint64_t x = 1, least = UINT64_MAX;

    for (int k = 0; k < 2000; k++) {
        uint64_t c = cycles();

        PIECE(x);
        c = cycles() - c;
        if (c < least)
            least = c;
    }
    seen.piece = least;
}

/* The first two gaps are those of the beginning. */
static double keep(struct bench_series *gaps, struct bench_series *lengths)
{
    size_t n = seen.n < GAPS ? seen.n : GAPS;
    double total = 0;

    for (size_t i = 2; i < n; i++) {
        double ns = (double)seen.gap[i] - (double)seen.piece;

        ns = ns > 0 ? ns * ns_per_cycle() : 0;
        bench_add(gaps, ns);
        total += ns;
        if (lengths != NULL && i > 2)
            bench_add(lengths, (double)(seen.when[i] - seen.when[i - 1]) *
                                   ns_per_cycle());
    }
    return total;
}

static void task_a(void *arg)
{
    (void)arg;
    demo_place(1);
    task_loop(0);
}

static void task_b(void *arg)
{
    (void)arg;
    task_loop(1);
}

static void sleep_ns(int64_t ns)
{
    const struct timespec t = { .tv_sec = ns / 1000000000,
                                .tv_nsec = ns % 1000000000 };

    nanosleep(&t, NULL);
}

static bool end(struct yank_task *t)
{
    return yank_join(t, YANK_NO_DEADLINE, NULL) == YANK_OK &&
           yank_task_release(t) == YANK_OK;
}

static bool run_tasks(int64_t slice_ns, int64_t run_ns)
{
    struct yank_sched_attr attr = { .struct_size = sizeof attr,
                                    .threads = 1,
                                    .slice_ns = slice_ns };
    struct yank_sched *sched;
    struct yank_task *a, *b;

    begin(slice_ns);
    if (yank_sched_start(&attr, &sched) != YANK_OK)
        return false;
    if (yank_go(sched, task_a, NULL, NULL, &a) != YANK_OK ||
        yank_go(sched, task_b, NULL, NULL, &b) != YANK_OK)
        return false;
    sleep_ns(run_ns);
    atomic_store(&over, true);
    return end(a) && end(b) && yank_sched_stop(sched) == YANK_OK;
}

/* --- the floor ----------------------------------------------------------- */

/* What memory has cooled down to since the last tick: lines that nobody
 * touches but the handler, in a run of its own. */
#define LINES 64
static struct {
    bool on;
    _Alignas(64) volatile char line[LINES][64];
    uint64_t cycles[GAPS];
    size_t n;
} cold;

static void touch_lines(void)
{
    uint64_t c = cycles();

    for (int i = 0; i < LINES; i++)
        seen.sink += (uint64_t)cold.line[i][0];
    cold.cycles[cold.n++ % GAPS] = cycles() - c;
}

static void on_tick(int signo, siginfo_t *info, void *uc)
{
    (void)signo;
    (void)info;
    (void)uc;
    if (cold.on)
        touch_lines();
    /* Relaxed: the loop below us on this thread reads it. */
    atomic_fetch_add_explicit(&signals, 1, memory_order_relaxed);
}

static void *floor_main(void *arg)
{
    (void)arg;
    demo_place(1);
    atomic_store(&signals, 0);
    atomic_store(&floor_tid, syscall(SYS_gettid));
    floor_loop();
    return NULL;
}

static void send_ticks(int64_t slice_ns, int64_t run_ns)
{
    int64_t next = yank_now_ns(), end_ns = next + run_ns;

    while ((next += slice_ns) < end_ns) {
        const struct timespec t = { .tv_sec = next / 1000000000,
                                    .tv_nsec = next % 1000000000 };

        clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL);
        syscall(SYS_tgkill, getpid(), atomic_load(&floor_tid), SIGUSR2);
    }
}

static bool run_floor(int64_t slice_ns, int64_t run_ns)
{
    struct sigaction action;
    pthread_t thread;

    memset(&action, 0, sizeof action);
    action.sa_sigaction = on_tick;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART;
    sigfillset(&action.sa_mask);
    begin(slice_ns);
    atomic_store(&floor_tid, 0);
    if (sigaction(SIGUSR2, &action, NULL) != 0 ||
        pthread_create(&thread, NULL, floor_main, NULL) != 0)
        return false;
    while (atomic_load(&floor_tid) == 0)
        sleep_ns(10000);
    send_ticks(slice_ns, run_ns);
    atomic_store(&over, true);
    return pthread_join(thread, NULL) == 0;
}

static bool run_cold(struct bench_series *s, int64_t slice_ns, int64_t run_ns)
{
    bool ok;

    cold.n = 0;
    cold.on = true;
    ok = run_floor(slice_ns, run_ns);
    cold.on = false;
    for (size_t i = 1; i < cold.n && i < GAPS; i++)
        bench_add(s, (double)cold.cycles[i] * ns_per_cycle());
    return ok;
}

bool slices_cost(struct slice_cost *c, int64_t slice_ns, int64_t run_ns)
{
    double lost = 0;

    find_piece();
    for (int i = 0; i < TURNS; i++) {
        if (!run_floor(slice_ns, run_ns / TURNS))
            return false;
        keep(&c->floor, NULL);
        if (!run_tasks(slice_ns, run_ns / TURNS))
            return false;
        lost += keep(&c->yank, &c->length);
    }
    c->lost_percent = 100 * lost / (double)run_ns;
    return run_cold(&c->cold, slice_ns, run_ns / TURNS);
}
