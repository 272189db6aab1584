/* bench/slices: what time slices cost, how long they really are, and how
 * fairly they share a thread. */
#include "../examples/demo/demo.h"
#include "bench_slices.h"

#include <stdio.h>

#define PER_TICK_MOST_NS 1000
#define JAIN_LEAST 0.98

static const char help[] =
    "usage: slices [OPTIONS]\n"
    "\n"
    "Measures the cost of a time slice's end at 10, 1 and 0.1 ms above that\n"
    "of a bare signal at the same rate, the real length of slices, and how\n"
    "fairly 2 to 64 equal tasks share one and two threads (Jain's index).\n"
    "\n"
    "  --samples N    at most so many slices each (default: 20000)\n"
    "  --seconds S    for each line of the tables (default: 1)\n";

static const int64_t slice_ns[SLICES] = { 10000000, 1000000, 100000 };
static const int tasks[COUNTS] = { 2, 4, 8, 16, 32, 64 };

/* --- the report ---------------------------------------------------------- */

static double above_floor(struct slice_cost *c)
{
    return bench_stats(&c->yank).p50 - bench_stats(&c->floor).p50;
}

static void print_table(struct slices *r)
{
    bench_print_heading();
    for (int i = 0; i < SLICES; i++) {
        struct slice_cost *c = &r->cost[i];
        char title[64], note[80];

        snprintf(title, sizeof title, "floor: a signal every %g ms",
                 (double)slice_ns[i] / 1e6);
        bench_print_row(&c->floor, title, "");
        snprintf(title, sizeof title, "end of a slice of %g ms",
                 (double)slice_ns[i] / 1e6);
        snprintf(note, sizeof note, "%+.0f ns (at most +%d)%s, %.3f %% of all",
                 above_floor(c), PER_TICK_MOST_NS,
                 above_floor(c) > PER_TICK_MOST_NS ? " MISSED" : "",
                 c->lost_percent);
        bench_print_row(&c->yank, title, note);
        bench_print_row(&c->length, "  its real length", "");
        bench_print_row(&c->cold, "  64 untouched cache lines", "");
    }
    for (int m = 1; m <= THREADS; m++)
        for (int i = 0; i < COUNTS; i++) {
            double jain = r->jain[m - 1][i];

            printf("%2d tasks on %d thread%s  Jain %.4f%s\n", tasks[i], m,
                   m == 1 ? " " : "s", jain,
                   m == 1 && jain < JAIN_LEAST ? " (at least 0.98) MISSED"
                                               : "");
        }
}

static void json_cost(struct slice_cost *c, int64_t ns)
{
    printf("{\"slice_ms\": %g, \"extra_ns\": %.1f, \"lost_percent\": %.4f, ",
           (double)ns / 1e6, above_floor(c), c->lost_percent);
    bench_json_series(&c->floor, 0);
    printf(", ");
    bench_json_series(&c->yank, 0);
    printf(", ");
    bench_json_series(&c->length, 0);
    printf(", ");
    bench_json_series(&c->cold, 0);
    printf("}");
}

static void print_json(struct slices *r)
{
    printf("{\"bench\": \"slices\", \"slices\": [");
    for (int i = 0; i < SLICES; i++) {
        printf("%s", i > 0 ? ", " : "");
        json_cost(&r->cost[i], slice_ns[i]);
    }
    printf("], \"fairness\": [");
    for (int m = 1; m <= THREADS; m++)
        for (int i = 0; i < COUNTS; i++)
            printf("%s{\"threads\": %d, \"tasks\": %d, \"jain\": %.5f}",
                   m + i > 1 ? ", " : "", m, tasks[i], r->jain[m - 1][i]);
    printf("], \"targets\": {\"extra_ns\": %d, \"jain\": %g}}\n",
           PER_TICK_MOST_NS, JAIN_LEAST);
}

/* --- the run ------------------------------------------------------------- */

static bool measure(struct slices *r, const struct bench_options *o)
{
    double steps = SLICES + THREADS * COUNTS, step = 0;
    int64_t run_ns = (int64_t)(o->seconds * 1e9);

    for (int m = 1; m <= THREADS; m++)
        for (int i = 0; i < COUNTS; i++) {
            bench_progress(o, "slices", step++ / steps);
            if (!slices_jain(m, tasks[i], run_ns, &r->jain[m - 1][i]))
                return false;
        }
    /* From here on all threads that we start begin there; those that are
     * measured go to the other one. */
    demo_place(0);
    for (int i = 0; i < SLICES; i++) {
        bench_progress(o, "slices", step++ / steps);
        if (!slices_cost(&r->cost[i], slice_ns[i], run_ns))
            return false;
    }
    bench_progress(o, NULL, 1);
    return true;
}

static bool make_series(struct slices *r, size_t room)
{
    bool ok = true;

    for (int i = 0; i < SLICES; i++)
        ok = bench_series_init(&r->cost[i].floor, "floor", room, 0) &&
             bench_series_init(&r->cost[i].yank, "end", room, 0) &&
             bench_series_init(&r->cost[i].length, "length", room, 0) &&
             bench_series_init(&r->cost[i].cold, "cold", room, 0) && ok;
    return ok;
}

int main(int argc, char **argv)
{
    struct bench_options o = { .help = help, .samples = 20000, .seconds = 1 };
    static struct slices r;
    struct yank_caps caps;
    int rc = bench_parse(&o, argc, argv);

    if (rc >= 0)
        return rc;
    if (o.plot != NULL)
        return bench_cannot("--plot", "there is no picture of slices");
    if (yank_init(NULL) != YANK_OK || yank_get_caps(&caps) != YANK_OK)
        return bench_cannot("starting Yank", "yank_init() failed");
    if ((caps.active & YANK_CAP_ASYNC) == 0)
        return bench_cannot("no kicks", caps.why);
    if (!make_series(&r, (size_t)o.samples))
        return bench_cannot("start", "no memory");
    if (!measure(&r, &o)) {
        fputs("slices: a task or a thread failed\n", stderr);
        return BENCH_FAILED;
    }
    if (o.json)
        print_json(&r);
    else
        print_table(&r);
    return BENCH_OK;
}
