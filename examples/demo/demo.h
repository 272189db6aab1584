/* yank-demo: what its files share.  Only Yank's public headers are used. */
#ifndef DEMO_H
#define DEMO_H

#include <yank/code.h>
#include <yank/sched.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* Exit codes. */
enum { DEMO_OK = 0, DEMO_WRONG = 1, DEMO_USAGE = 2, DEMO_CANNOT = 3 };

/* --- demo_options.c ----------------------------------------------------- */

struct demo_options {
    int tasks; /* 0: one of each kind */
    double seconds;
    int slice_us, threads;
    bool json;
    const char *timeline, *trace, *histogram; /* files to write, or null */
};
/* An exit code, or -1: go on. */
int demo_parse(struct demo_options *out, int argc, char **argv);

/* --- kinds of work ------------------------------------------------------ */

#define DEMO_RESULT_BYTES 160

struct demo_kind {
    const char *name;
    /* It ends, and says what came out: false for a failure, told in result. */
    bool (*job)(const struct demo_kind *kind, void **state, char *result);
    /* It never ends.  One of both is null. */
    void (*endless)(const struct demo_kind *kind, void **state);
    const char *script;      /* of Lua: a file or the text itself */
    bool (*supported)(void); /* null: everywhere */
};
#define DEMO_KINDS 16
extern const struct demo_kind demo_kinds[DEMO_KINDS];

/* demo_loops.c: never return; registered code without polls. */
void demo_empty_loop(const struct demo_kind *kind, void **state);
void demo_call_free_loop(const struct demo_kind *kind, void **state);
void demo_calls_loop(const struct demo_kind *kind, void **state);
void demo_float_loop(const struct demo_kind *kind, void **state);
/* demo_avx_*.c */
bool demo_avx_supported(void);
void demo_avx_loop(const struct demo_kind *kind, void **state);

/* demo_compute.c */
bool demo_hash(const struct demo_kind *kind, void **state, char *result);
bool demo_sieve(const struct demo_kind *kind, void **state, char *result);
bool demo_matrix(const struct demo_kind *kind, void **state, char *result);

/* demo_lua.c: load reads the scripts and the text they work on; an
 * interpreter is made by each call and kept in *state while it runs. */
bool demo_lua_load(void);
bool demo_lua_job(const struct demo_kind *kind, void **state, char *result);
void demo_lua_endless(const struct demo_kind *kind, void **state);

/* --- tasks -------------------------------------------------------------- */

struct demo_task {
    const struct demo_kind *kind;
    char name[48];
    const char *expected; /* the result of the same job run alone */
    char result[DEMO_RESULT_BYTES];
    void *state; /* an interpreter; what an abandoned one leaves stays here */
    struct yank_task *task;
    int rounds; /* how often the job was done, each time with one result */
    bool wrong;
    struct yank_task_stats stats; /* at the end of the time */
};

/* --- latency ------------------------------------------------------------ */

struct demo_latency {
    int64_t p50_ns, p99_ns;
    int samples;
    const int64_t *sorted; /* what it was made of */
};
/* Sorts the samples, which stay the caller's. */
struct demo_latency demo_percentiles(int64_t *samples, int n);

struct demo_report;

/* --- demo_posix.c, demo_place.c; demo_windows.c ---------------------------- */

/* The calling thread on the first (0) or second (1) processor, where there are
 * two.  The first call from one thread alone. */
bool demo_place(int which);
void demo_sleep_ns(int64_t ns);
/* Is stderr a terminal that can be drawn over?  And how large it is; false:
 * nobody knows. */
bool demo_has_terminal(void);
bool demo_terminal_size(int *rows, int *columns);
bool demo_has_gnuplot(void);
/* gnuplot with what put writes as its input and out as its output.  True: it
 * went well. */
bool demo_run_gnuplot(FILE *out,
                      void (*put)(FILE *to, const struct demo_report *r),
                      const struct demo_report *r);

/* Both: at most n samples, and for a few seconds at most, since a busy machine
 * may make each of them a matter of milliseconds.  How many there are.
 * demo_floor_*.c: what the system alone needs to interrupt a thread in a
 * call-free loop, with nothing of Yank; and what that is called. */
extern const char *const demo_floor_name;
int demo_floor(int64_t *samples, int n);
/* demo_latency.c: suspend tasks that run, one at a time. */
int demo_measure_suspend(struct yank_sched *sched, int64_t *samples, int n);

/* demo_latency.c: the hard end of a task, whatever it does: it is suspended,
 * abandoned, joined and released.  An error code. */
int demo_end(struct yank_task *task, int64_t deadline_ns);

/* --- demo_report.c ------------------------------------------------------ */

struct demo_report {
    const struct demo_options *options;
    const struct demo_task *tasks;
    int n_tasks;
    double seconds; /* really */
    int threads;
    struct demo_latency suspend, floor;
    struct yank_counters counters;
    int suspends, suspend_timeouts; /* of tasks at work, unmeasured */
};
const char *demo_result_name(const struct demo_task *t);
/* Not once run while another was preempted 100 times. */
bool demo_starved(const struct demo_report *r, const struct demo_task *t);
/* Of all the time that all threads had. */
double demo_share(const struct demo_report *r, const struct demo_task *t);
void demo_print_table(const struct demo_report *r);
void demo_print_json(const struct demo_report *r);

/* --- demo_live.c: a terminal is redrawn while the tasks run --------------- */

struct demo_live {
    bool on;       /* stderr is a terminal */
    int lines;     /* of the last picture, to be drawn over */
    int64_t drawn; /* when */
};
void demo_live_begin(struct demo_live *live);
/* Reads the tasks' statistics for it, a few times a second. */
void demo_live_draw(struct demo_live *live, struct demo_report *r,
                    struct demo_task *tasks, double seconds);
void demo_live_end(struct demo_live *live);

/* --- demo_slices.c: who ran when on which thread, from the trace ---------- */

struct demo_slice {
    int lane, task;        /* task -1: none of ours */
    int64_t from_ns, to_ns; /* since the first event */
};
struct demo_mark { /* a suspend */
    int lane;      /* -1: the task was on no thread */
    int64_t ns, latency_ns;
};
struct demo_history {
    struct demo_slice *slices; /* by the time of their ends */
    struct demo_mark *marks;
    int n_slices, n_marks, lanes;
    int64_t first_ns, end_ns;
    bool failed; /* no memory */
};
/* False: there is no trace, or no memory. */
bool demo_history_read(struct demo_history *h, const struct demo_task *tasks,
                       int n_tasks);
void demo_history_free(struct demo_history *h);

/* --- demo_timeline.c ------------------------------------------------------ */
void demo_timeline(FILE *out, const struct demo_report *r,
                   const struct demo_history *h);

/* --- demo_histogram.c ----------------------------------------------------- */
/* Plain text, log buckets. */
void demo_print_histogram(FILE *out, const struct demo_report *r);
/* An SVG by gnuplot.  False: it failed, and has said why. */
bool demo_plot(FILE *out, const struct demo_report *r);

/* --- demo_files.c: what the options ask for ------------------------------- */

struct demo_files {
    FILE *timeline, *trace, *histogram;
};
/* Before the run.  An exit code, or -1: go on. */
int demo_files_open(struct demo_files *files, const struct demo_options *o);
/* Begin to record if one of them wants it.  An error code of Yank's. */
int demo_files_record(const struct demo_options *o);
/* While the trace is there, and then when Yank has ended.  False: a file
 * could not be written, which was said. */
bool demo_files_trace(struct demo_files *files, const struct demo_report *r);
bool demo_files_finish(struct demo_files *files, const struct demo_report *r);

#endif
