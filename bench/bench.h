/* What the benchmarks share: options, series of samples, their print-out.
 * Figures are times in nanoseconds; what is measured and what it is compared
 * with are sampled in turns in one run, so that both see one machine. */
#ifndef BENCH_H
#define BENCH_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Exit codes. */
enum { BENCH_OK = 0, BENCH_FAILED = 1, BENCH_CANNOT = 2 };

/* --- bench_options.c ---------------------------------------------------- */

struct bench_options {
    const char *help; /* what --help says; the benchmark's */
    int samples;      /* of each figure; its default is the benchmark's */
    double seconds;   /* as its help says; the same */
    bool json;
    const char *plot; /* a file for a picture, or null */
    bool progress;    /* stderr is a terminal */
};
/* An exit code, or -1: go on. */
int bench_parse(struct bench_options *o, int argc, char **argv);
int bench_cannot(const char *what, const char *why);
/* False, and says what went wrong. */
bool bench_failed(const char *what);
/* One line that replaces the last; nothing where nobody looks.  Null: an
 * empty one. */
void bench_progress(const struct bench_options *o, const char *what,
                    double done);

/* --- bench_series.c ----------------------------------------------------- */

struct bench_series {
    const char *name; /* as in the JSON object */
    double *ns;
    size_t n, room;
    bool sorted;
    double clock_ns; /* taken off each sample as it comes */
};
struct bench_stats {
    double p50, p90, p99, p999, max;
};
bool bench_series_init(struct bench_series *s, const char *name, size_t room,
                       double clock_ns);
void bench_series_free(struct bench_series *s);
/* One more, if there is room. */
void bench_add(struct bench_series *s, double ns);
struct bench_stats bench_stats(struct bench_series *s); /* zeros of none */
/* What two looks at the clock, one after the other, are apart. */
double bench_clock_ns(void);
/* Until then, without sleeping: the processor stays as awake as it is. */
void bench_spin_until(int64_t ns);
/* Evenly in [lo, hi): samples must not beat in time with anything. */
int64_t bench_random(int64_t lo, int64_t hi);

/* --- bench_print.c ------------------------------------------------------ */

void bench_print_heading(void);
/* note: what the last columns say. */
void bench_print_row(struct bench_series *s, const char *title,
                     const char *note);
/* "name": { "p50_ns": ..., ... }; ratio 0: none. */
void bench_json_series(struct bench_series *s, double ratio);
void bench_json_string(const char *text);

/* --- bench_plot.c -------------------------------------------------------- */

struct bench_panel {
    const char *title;
    struct bench_series *floor, *yank;
};
/* How much of the samples took how long, one picture a panel, by gnuplot. */
int bench_plot(const char *file, const struct bench_panel *panels, size_t n);

#endif
