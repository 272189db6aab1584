/* bench/latency: its figures and the three places where they are taken. */
#ifndef BENCH_LATENCY_H
#define BENCH_LATENCY_H

#include "bench.h"

#include <signal.h>
#include <yank/yank.h>

/* A series each; floors first. */
enum latency_figure {
    FLOOR_SIGNAL,
    FLOOR_SELF_SIGNAL,
    FLOOR_FUTEX_WAKE,
    FLOOR_SWITCH,
    SUSPEND,
    RESUME_SPIN,
    RESUME_PARK,
    INJECT, /* inject_extra is what it costs above FLOOR_SELF_SIGNAL */
    SELF_KICK,
    REGION,
    SWITCH,
    MCALL,
    YIELD,
    FIGURES
};
struct latency {
    struct bench_series series[FIGURES];
    const char *cross_missing; /* why nothing was measured between two
                                * processors, or null */
};

/* The floors' signal: handled with the flags, the mask and on the signal
 * stack that a kick has. */
#define FLOOR_SIGNO SIGUSR2
bool bench_floor_handler(void (*handler)(int, siginfo_t *, void *));

/* bench_cross.c: between a requester and a thread on another processor.
 * Each call takes n samples of each of its figures, in turns.  Between start
 * and stop the thread sleeps while nothing is measured. */
bool bench_cross_start(void);
bool bench_cross_stop(void);
bool bench_cross_suspend(struct latency *l, int n);
bool bench_cross_park(struct latency *l, int n);

/* bench_inject.c: the calling thread, which m is, signals itself. */
bool bench_inject(struct yank_m *m, struct latency *l, int n, int signo);
/* From registered code; there and back. */
bool bench_self_signal(struct bench_series *s, int signo);

/* bench_local.c: what one thread does to itself, in two Gs of a small host. */
bool bench_local_start(void);
bool bench_local_stop(void);
bool bench_local(struct latency *l, int n, int batches);

/* bench_yield.c: two tasks of sched/ on one thread. */
bool bench_yield_start(void);
bool bench_yield_stop(void);
bool bench_yield(struct latency *l, int batches);

#endif
