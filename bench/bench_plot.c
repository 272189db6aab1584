/* A picture by gnuplot, which is given script and data through a pipe. */
#define _GNU_SOURCE /* popen */
#include "bench.h"

#include <stdio.h>

#define POINTS 250 /* of a curve; every sample would make a file of MBs */
#define TAIL 0.999 /* where the curves end */

static void data(FILE *out, struct bench_series *s, size_t panel,
                 const char *which)
{
    bench_stats(s); /* sorts them */
    fprintf(out, "$%s%zu << END\n", which, panel);
    for (int i = 0; i <= POINTS && s->n > 0; i++) {
        double share = TAIL * i / POINTS;

        fprintf(out, "%.4f %.2f\n",
                s->ns[(size_t)((double)(s->n - 1) * share)] / 1000,
                100 * share);
    }
    fprintf(out, "END\n");
}

static double least(struct bench_series *s)
{
    bench_stats(s);
    return s->n > 0 ? s->ns[0] : 1;
}

static void script(FILE *out, const char *file,
                   const struct bench_panel *panels, size_t n)
{
    fprintf(out,
            "set terminal svg size 900,%zu font 'sans,13' background 'white'\n"
            "set output '%s'\n"
            "set multiplot layout %zu,1\n"
            "set grid xtics mxtics ytics lc '#dddddd'\n"
            "set logscale x\n"
            "set xlabel 'microseconds'\n"
            "set ylabel '%% of samples within'\n"
            "set yrange [0:100]\n"
            "set key right bottom\n"
            "set xtics (0.5, 1, 2, 3, 4, 5, 7, 10, 15, 20, 30, 40, 50, 70, 100,"
            " 150, 200, 300, 500, 1000, 2000, 5000)\n",
            n * 300, file, n);
    for (size_t i = 0; i < n; i++)
        fprintf(out,
                "set title '%s'\n"
                "set xrange [%.3f:%.3f]\n"
                "plot $floor%zu with lines lw 2 lc '#888888' title '%s',"
                " $yank%zu with lines lw 2 lc '#0060ad' title '%s'\n",
                panels[i].title, least(panels[i].floor) * 0.8 / 1000,
                bench_stats(panels[i].yank).p90 * 2.5 / 1000, i, "floor", i,
                "Yank");
    fprintf(out, "unset multiplot\n");
}

int bench_plot(const char *file, const struct bench_panel *panels, size_t n)
{
    FILE *out;

    for (const char *c = file; *c != '\0'; c++)
        if (*c == '\'' || *c == '\n')
            return bench_cannot("--plot", "a file name without quotes");
    out = popen("gnuplot", "w");
    if (out == NULL)
        return bench_cannot("--plot", "gnuplot cannot be started");
    for (size_t i = 0; i < n; i++) {
        data(out, panels[i].floor, i, "floor");
        data(out, panels[i].yank, i, "yank");
    }
    script(out, file, panels, n);
    if (pclose(out) != 0)
        return bench_cannot("--plot", "gnuplot failed (Debian: gnuplot-nox)");
    return BENCH_OK;
}
