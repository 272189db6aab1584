/* bench/latency: how long stops, resumes and switches take, each against what
 * the bare system needs.  Rounds of all of them follow each other, so that a
 * machine that changes its mind about speed does so for all. */
#define _GNU_SOURCE /* sigaction */
#include "../examples/demo/demo.h"
#include "bench_latency.h"

#include <stdio.h>
#include <string.h>

#define ROUNDS 20
#define BATCHES 10 /* of what takes nanoseconds, a round */

static const char help[] =
    "usage: latency [OPTIONS]\n"
    "\n"
    "Measures suspend, resume, an injected call, a no-preempt region and\n"
    "switches, and in the same run the floor of each: a bare signal, futex\n"
    "wake, or jump_fcontext of Boost.Context.\n"
    "\n"
    "  --samples N    of each figure (default: 10000)\n"
    "  --seconds S    stop after S seconds with fewer (default: 60)\n"
    "  --plot FILE    an SVG of the distributions, by gnuplot\n";

bool bench_floor_handler(void (*handler)(int, siginfo_t *, void *))
{
    struct sigaction a;

    memset(&a, 0, sizeof a);
    a.sa_sigaction = handler;
    a.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART;
    sigfillset(&a.sa_mask);
    return sigaction(FLOOR_SIGNO, &a, NULL) == 0;
}

/* --- figures and targets ------------------------------------------------- */

/* What is promised: a ratio to the floor, ns above it, or ns. */
enum promise { NONE, RATIO, EXTRA, TIME };

static const struct figure {
    const char *name, *title;
    enum latency_figure floor; /* its own where it is one */
    enum promise promise;
    double most;
} figures[FIGURES] = {
    [FLOOR_SIGNAL] = { "signal", "floor: signal to a flag", FLOOR_SIGNAL, NONE,
                       0 },
    [FLOOR_SELF_SIGNAL] = { "self_signal", "floor: signal to itself",
                            FLOOR_SELF_SIGNAL, NONE, 0 },
    [FLOOR_FUTEX_WAKE] = { "futex_wake", "floor: futex wake", FLOOR_FUTEX_WAKE,
                           NONE, 0 },
    [FLOOR_SWITCH] = { "switch", "floor: jump_fcontext", FLOOR_SWITCH, NONE,
                       0 },
    [SUSPEND] = { "suspend", "suspend", FLOOR_SIGNAL, RATIO, 1.25 },
    [RESUME_SPIN] = { "resume_spin", "resume, target still spins",
                      FLOOR_FUTEX_WAKE, TIME, 600 },
    [RESUME_PARK] = { "resume_park", "resume, target sleeps", FLOOR_FUTEX_WAKE,
                      RATIO, 1.15 },
    [INJECT] = { "inject", "kick to itself, injected call", FLOOR_SELF_SIGNAL,
                 EXTRA, 250 },
    [SELF_KICK] = { "self_kick", "the same, by a scheduler", FLOOR_SELF_SIGNAL,
                    NONE, 0 },
    [REGION] = { "region", "no-preempt region", REGION, TIME, 3 },
    [SWITCH] = { "switch", "switch G to G by mcall", FLOOR_SWITCH, RATIO, 1.2 },
    [MCALL] = { "mcall", "mcall to g0 and back", FLOOR_SWITCH, NONE, 0 },
    [YIELD] = { "yield", "yank_yield() of sched/", FLOOR_SWITCH, NONE, 0 },
};

static double p50(struct latency *l, enum latency_figure f)
{
    return bench_stats(&l->series[f]).p50;
}

/* To the floor; 0 where there is none. */
static double ratio(struct latency *l, enum latency_figure f)
{
    double floor = p50(l, figures[f].floor);

    return figures[f].floor == f || floor <= 0 ? 0 : p50(l, f) / floor;
}

/* In the unit of the promise. */
static double reached(struct latency *l, enum latency_figure f)
{
    switch (figures[f].promise) {
    case RATIO: return ratio(l, f);
    case EXTRA: return p50(l, f) - p50(l, figures[f].floor);
    default: return p50(l, f);
    }
}

/* --- the report ---------------------------------------------------------- */

static void print_row(struct latency *l, enum latency_figure f)
{
    static const char *const format[] = { [RATIO] = "%5.2fx (at most %.4gx)%s",
                                          [EXTRA] =
                                              "+%.0f ns (at most +%.4g)%s",
                                          [TIME] = "%.4g ns (at most %.4g)%s" };
    const struct figure *x = &figures[f];
    double r = reached(l, f);
    char note[80] = "";

    if (x->promise != NONE)
        snprintf(note, sizeof note, format[x->promise], r, x->most,
                 r > x->most ? " MISSED" : "");
    else if (x->floor != f)
        snprintf(note, sizeof note, "%5.2fx", ratio(l, f));
    bench_print_row(&l->series[f], x->title, note);
}

static void print_table(struct latency *l)
{
    bench_print_heading();
    for (int f = 0; f < FIGURES; f++)
        print_row(l, (enum latency_figure)f);
    if (l->cross_missing != NULL)
        printf("\nNot measured between processors: %s.\n", l->cross_missing);
}

static void json_number(const char *name, bool has, double x)
{
    if (has)
        printf("\"%s\": %.2f, ", name, x);
    else
        printf("\"%s\": null, ", name);
}

static void json_targets(struct latency *l)
{
    const char *between = "";

    printf("\"targets\": [");
    for (int i = 0; i < FIGURES; i++) {
        enum latency_figure f = (enum latency_figure)i;

        if (figures[f].promise == NONE || l->series[f].n == 0)
            continue;
        printf("%s{\"name\": \"%s\", \"most\": %g, \"reached\": %.3f, "
               "\"unit\": \"%s\", \"ok\": %s}",
               between, figures[f].name, figures[f].most, reached(l, f),
               figures[f].promise == RATIO ? "x" : "ns",
               reached(l, f) <= figures[f].most ? "true" : "false");
        between = ", ";
    }
    printf("], ");
}

static void json_floors(struct latency *l)
{
    printf("{\"bench\": \"latency\", \"floor\": {");
    for (int f = FLOOR_SIGNAL; f <= FLOOR_SWITCH; f++) {
        char name[32];

        snprintf(name, sizeof name, "%s_ns", figures[f].name);
        json_number(name, l->series[f].n > 0, p50(l, (enum latency_figure)f));
    }
    for (int f = FLOOR_SIGNAL; f <= FLOOR_SWITCH; f++) {
        bench_json_series(&l->series[f], 0);
        printf("%s", f < FLOOR_SWITCH ? ", " : "}, ");
    }
}

static void print_json(struct latency *l)
{
    json_floors(l);
    printf("\"yank\": {");
    json_number("inject_extra_ns", l->series[INJECT].n > 0,
                reached(l, INJECT));
    json_number("region_ns", l->series[REGION].n > 0, p50(l, REGION));
    for (int f = SUSPEND; f < FIGURES; f++) {
        bench_json_series(&l->series[f], ratio(l, (enum latency_figure)f));
        printf("%s", f < FIGURES - 1 ? ", " : "}, ");
    }
    json_targets(l);
    printf("\"not_measured\": [");
    if (l->cross_missing != NULL)
        bench_json_string(l->cross_missing);
    printf("]}\n");
}

static int plot(struct latency *l, const char *file)
{
    struct bench_series *s = l->series;
    const struct bench_panel panels[] = {
        { "suspend of a call-free loop on another processor", &s[FLOOR_SIGNAL],
          &s[SUSPEND] },
        { "resume of a thread that sleeps", &s[FLOOR_FUTEX_WAKE],
          &s[RESUME_PARK] },
        { "kick to itself, injected call", &s[FLOOR_SELF_SIGNAL], &s[INJECT] }
    };

    if (l->cross_missing != NULL)
        return bench_cannot("--plot", l->cross_missing);
    return bench_plot(file, panels, sizeof panels / sizeof *panels);
}

/* --- the run ------------------------------------------------------------- */

static bool round_of(struct latency *l, int n)
{
    int batches = n < BATCHES ? n : BATCHES;

    if (l->cross_missing == NULL &&
        (!bench_cross_suspend(l, n) || !bench_cross_park(l, n)))
        return false;
    return bench_local(l, n, batches) && bench_yield(l, batches);
}

/* Once for nothing: the first of everything is slow. */
static bool measure(struct latency *l, const struct bench_options *o)
{
    int each = o->samples / ROUNDS, rounds = ROUNDS;
    int64_t end = yank_now_ns() + (int64_t)(o->seconds * 1e9);

    if (each == 0) {
        each = 1;
        rounds = o->samples;
    }
    if (!round_of(l, each < 100 ? each : 100))
        return false;
    for (int f = 0; f < FIGURES; f++)
        l->series[f].n = 0;
    for (int i = 0; i < rounds && (i == 0 || yank_now_ns() < end); i++) {
        bench_progress(o, "latency", (double)i / rounds);
        if (!round_of(l, each))
            return false;
    }
    bench_progress(o, NULL, 1);
    return true;
}

static bool start(struct latency *l)
{
    if (!bench_yield_start() || !bench_local_start())
        return false;
    if (!demo_place(0) || l->cross_missing != NULL)
        return demo_place(0);
    return bench_cross_start();
}

static bool stop(struct latency *l)
{
    bool ok = l->cross_missing != NULL || bench_cross_stop();

    ok = bench_local_stop() && ok;
    return bench_yield_stop() && ok;
}

static bool make_series(struct latency *l, const struct bench_options *o)
{
    double clock_ns = bench_clock_ns();
    bool ok = true;

    for (int f = 0; f < FIGURES; f++) {
        bool batch = f == FLOOR_SWITCH || f >= REGION;
        int room = o->samples > 100 ? o->samples : 100;

        ok = bench_series_init(&l->series[f], figures[f].name, (size_t)room,
                               batch ? 0 : clock_ns) &&
             ok;
    }
    return ok;
}

static int can_kick(void)
{
    struct yank_caps caps;

    if (yank_init(NULL) != YANK_OK || yank_get_caps(&caps) != YANK_OK)
        return bench_cannot("starting Yank", "yank_init() failed");
    if ((caps.active & YANK_CAP_ASYNC) == 0)
        return bench_cannot("no kicks", caps.why);
    return -1;
}

int main(int argc, char **argv)
{
    struct bench_options o = { .help = help, .samples = 10000, .seconds = 60 };
    static struct latency l;
    int rc = bench_parse(&o, argc, argv);

    if (rc < 0)
        rc = can_kick();
    if (rc >= 0)
        return rc;
    if (!demo_place(1))
        l.cross_missing = "there is one processor";
    if (!demo_place(0) || !make_series(&l, &o))
        return bench_cannot("start", "no memory, or no processor");
    if (!start(&l))
        return bench_cannot("start", "no threads, or no memory");
    if (!measure(&l, &o) || !stop(&l))
        return BENCH_FAILED;
    if (o.json)
        print_json(&l);
    else
        print_table(&l);
    return o.plot == NULL ? BENCH_OK : plot(&l, o.plot);
}
