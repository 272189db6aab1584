/* The suspend latency beside its floor: as text, and as a picture that
 * gnuplot draws. */
#include "demo.h"

#include <math.h>

/* How many of the samples are within [lo, hi). */
static int within(const struct demo_latency *l, double lo_ns, double hi_ns)
{
    int n = 0;

    for (int i = 0; i < l->samples; i++)
        n += (double)l->sorted[i] >= lo_ns && (double)l->sorted[i] < hi_ns;
    return n;
}

static double percent(const struct demo_latency *l, double lo, double hi)
{
    return l->samples == 0 ? 0 : 100.0 * within(l, lo, hi) / l->samples;
}

/* --- text ---------------------------------------------------------------- */

#define BAR 24
#define BUCKETS 24 /* of twice the last, from FIRST_NS */
#define FIRST_NS 500.0
#define SHOWN 0.05 /* percent */

static void put_bar(FILE *out, double part)
{
    int n = part < SHOWN ? 0 : (int)(part * BAR / 100 + 0.999);

    for (int i = 0; i < BAR; i++)
        fputc(i < n ? '#' : ' ', out);
}

/* A bucket's bounds: its own, but the first begins with 0. */
static double bound(int bucket)
{
    return bucket == 0 ? 0 : FIRST_NS * pow(2, bucket - 1);
}

static bool is_empty(const struct demo_report *r, int b)
{
    return within(&r->floor, bound(b), bound(b + 1)) == 0 &&
           within(&r->suspend, bound(b), bound(b + 1)) == 0;
}

void demo_print_histogram(FILE *out, const struct demo_report *r)
{
    int first = 0, last = BUCKETS - 1;

    if (r->floor.samples == 0 || r->suspend.samples == 0)
        return;
    while (first < last && is_empty(r, first))
        first++;
    while (last > first && is_empty(r, last))
        last--;
    fprintf(out, "\n%12s  %-*s  %s\n", "below", BAR + 7, "floor",
            "suspend of a running task");
    for (int b = first; b <= last; b++) {
        double floor_part = percent(&r->floor, bound(b), bound(b + 1));
        double part = percent(&r->suspend, bound(b), bound(b + 1));

        fprintf(out, "%9.1f us  ", bound(b + 1) / 1e3);
        put_bar(out, floor_part);
        fprintf(out, " %5.1f%%  ", floor_part);
        put_bar(out, part);
        fprintf(out, " %5.1f%%\n", part);
    }
    fputc('\n', out);
}

/* --- gnuplot ------------------------------------------------------------- */

#define DECADE 16 /* steps in a power of ten */

static void put_data(FILE *to, const char *name, const struct demo_latency *l,
                     double from_ns, double to_ns)
{
    double step = pow(10, 1.0 / DECADE);

    fprintf(to, "$%s << EOD\n", name);
    for (double ns = from_ns; ns < to_ns; ns *= step)
        fprintf(to, "%g %g\n", ns / 1e3, percent(l, ns, ns * step));
    fputs("EOD\n", to);
}

/* A dashed line at the median, with its value. */
static void put_median(FILE *to, int tag, const struct demo_latency *l,
                       double height, const char *colour)
{
    double us = (double)l->p50_ns / 1e3;

    fprintf(to,
            "set arrow %d from %g, graph 0 to %g, graph %g nohead dt 2 lw 1.5 "
            "lc rgb '%s'\n"
            "set label %d 'half below %.1f us' at %g, graph %g offset 0.6, 0 "
            "tc rgb '%s'\n",
            tag, us, us, height, colour, tag, us, us, height - 0.02, colour);
}

static void put_script(FILE *to, const struct demo_report *r)
{
    double lo = fmin((double)r->floor.sorted[0], (double)r->suspend.sorted[0]);
    double hi = 4 * fmax((double)r->floor.p99_ns, (double)r->suspend.p99_ns);
    double from = pow(10, floor(log10(lo) * DECADE - 1) / DECADE);

    fputs("set terminal svg size 900,420 font 'Helvetica,14' background rgb "
          "'#fcfcfa'\n"
          "set title 'How long a suspend takes, above what the system alone "
          "needs' font ',18'\n"
          "set logscale x\n"
          "set xlabel 'microseconds; a tail beyond the floor: in malloc, which "
          "is "
          "not stopped, and asked again' textcolor rgb '#22262b'\n"
          "set ylabel 'percent of the samples'\n"
          "set border 3 lc rgb '#646b73'\n"
          "set tics nomirror textcolor rgb '#22262b'\n"
          "set grid y lc rgb '#e0e1df' lt 1\n"
          "set key top right\n"
          "set style fill solid 0.55 noborder\n"
          "set yrange [0:*]\n",
          to);
    fprintf(to, "set xrange [%g:%g]\n", from / 1e3, hi / 1e3);
    put_data(to, "floor", &r->floor, from, hi);
    put_data(to, "yank", &r->suspend, from, hi);
    put_median(to, 1, &r->floor, 0.98, "#a34400");
    put_median(to, 2, &r->suspend, 0.9, "#00568f");
    fprintf(to,
            "plot $floor with fillsteps lc rgb '#e08a2e' title 'floor: %s "
            "(%d times)', \\\n"
            "     $yank with fillsteps lc rgb '#1f78b4' title 'suspend of a "
            "running task (%d times)'\n",
            demo_floor_name, r->floor.samples, r->suspend.samples);
}

bool demo_plot(FILE *out, const struct demo_report *r)
{
    if (r->floor.samples == 0 || r->suspend.samples == 0) {
        fputs("yank-demo: nothing was measured, nothing to plot\n", stderr);
        return false;
    }
    return demo_run_gnuplot(out, put_script, r);
}
