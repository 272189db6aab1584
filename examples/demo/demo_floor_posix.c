/* The floor of the suspend latency: what the system alone needs.  A thread in
 * a call-free loop, a signal of its own sent with tgkill, a handler that
 * stores a number, and the sender who polls for it. */
#define _GNU_SOURCE /* syscall */
#include "demo.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define FLOOR_SIGNAL SIGUSR2
#define SECONDS 3

const char *const demo_floor_name = "bare tgkill, handler, flag";

static atomic_int asked, answered;
static atomic_long thread_id;
static volatile uint64_t spin_sink;
static atomic_bool over;

static void on_floor_signal(int signo)
{
    (void)signo;
    atomic_store(&answered, atomic_load(&asked));
}

static void *spin(void *arg)
{
    (void)arg;
    demo_place(1);
    atomic_store(&thread_id, syscall(SYS_gettid));
    for (uint64_t x = 1; !atomic_load_explicit(&over, memory_order_relaxed);
         x = x * 6364136223846793005u + 1)
        spin_sink = x;
    return NULL;
}

static bool sample(int64_t *ns, int i)
{
    int64_t start = yank_now_ns();

    atomic_store(&asked, i);
    if (syscall(SYS_tgkill, getpid(), atomic_load(&thread_id), FLOOR_SIGNAL) !=
        0)
        return false;
    /* After a while by sched_yield: on a busy machine the thread may have to
     * run where we do. */
    for (int polls = 0; atomic_load(&answered) != i; polls++)
        if (polls > 20000)
            sched_yield();
    *ns = yank_now_ns() - start;
    return true;
}

static int sample_often(int64_t *samples, int n)
{
    /* Long enough for the thread to be back in its loop. */
    enum { GAP_NS = 50000 };
    int64_t end = yank_now_ns() + SECONDS * 1000000000LL;
    int got = 0;

    while (atomic_load(&thread_id) == 0)
        demo_sleep_ns(GAP_NS);
    while (got < n && yank_now_ns() < end) {
        demo_sleep_ns(GAP_NS);
        if (!sample(&samples[got], got + 1))
            break;
        got++;
    }
    return got;
}

int demo_floor(int64_t *samples, int n)
{
    struct sigaction action, old;
    pthread_t thread;
    int got = 0;

    memset(&action, 0, sizeof action);
    action.sa_handler = on_floor_signal;
    action.sa_flags = SA_RESTART;
    sigfillset(&action.sa_mask);
    if (sigaction(FLOOR_SIGNAL, &action, &old) != 0)
        return 0;
    if (pthread_create(&thread, NULL, spin, NULL) == 0) {
        got = sample_often(samples, n);
        atomic_store(&over, true);
        pthread_join(thread, NULL);
    }
    sigaction(FLOOR_SIGNAL, &old, NULL);
    return got;
}
