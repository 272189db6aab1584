/* bench/slices: its figures and where they are taken. */
#ifndef BENCH_SLICES_H
#define BENCH_SLICES_H

#include "bench.h"

enum { SLICES = 3, COUNTS = 6, THREADS = 2 };

struct slice_cost {
    /* What the loop misses around a signal whose handler does nothing, and
     * around the end of a slice; and from one end to the next. */
    struct bench_series floor, yank, length;
    struct bench_series cold; /* 64 lines nobody touched for a slice */
    double lost_percent; /* of the time, by ends of slices */
};
struct slices {
    struct slice_cost cost[SLICES];
    double jain[THREADS][COUNTS];
};

/* bench_gaps.c: two tasks on one thread, and the floor, in turns. */
bool slices_cost(struct slice_cost *c, int64_t slice_ns, int64_t run_ns);
/* bench_fair.c */
bool slices_jain(int threads, int tasks, int64_t run_ns, double *jain);

#endif
