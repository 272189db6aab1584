/* The timeline as SVG: the whole run with a lane for each thread, and below
 * it a few slices' time so large that each can be read. */
#include "demo_picture.h"

#include <math.h>
#include <string.h>

#define LANES_MAX 12 /* drawn */
#define GAP 6
#define ZOOM_SLICES 8
#define PLACES 40 /* to choose from */

/* --- places -------------------------------------------------------------- */

static double x_of(const struct span *s, int64_t ns)
{
    return LEFT +
           PLOT * (double)(ns - s->from_ns) / (double)(s->to_ns - s->from_ns);
}

static void put_lanes(const struct picture *p, int y, int height)
{
    char name[32];

    for (int i = 0; i < p->lanes; i++, y += height + GAP) {
        snprintf(name, sizeof name, "thread %d", i + 1);
        picture_text(p, LEFT - 10, y + height / 2.0 + 4, "text-anchor=\"end\"",
                     name);
        fprintf(p->out,
                "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" "
                "fill=\"" IDLE "\"/>\n",
                LEFT, y, PLOT, height);
    }
}

/* Ticks at 1, 2 or 5 times a power of ten, about a dozen. */
static void put_axis(const struct picture *p, const struct span *s, int y,
                     double unit_ns, const char *unit)
{
    double length = (double)(s->to_ns - s->from_ns) / unit_ns;
    double step = pow(10, floor(log10(length / 6)));
    double first;
    char label[48];

    if (length / step > 25)
        step *= 5;
    else if (length / step > 12)
        step *= 2;
    first = ceil((double)s->from_ns / unit_ns / step) * step;
    for (double t = first; t * unit_ns <= (double)s->to_ns; t += step) {
        double x = x_of(s, (int64_t)(t * unit_ns));

        fprintf(p->out, "<path d=\"M%.1f %dv6\" stroke=\"" PALE "\"/>\n", x, y);
        snprintf(label, sizeof label, "%g %s", t + 0.0, unit);
        picture_text(p, x, y + 20, "text-anchor=\"middle\" fill=\"" PALE "\"",
                     label);
    }
}

/* --- the whole run: one column a pixel ----------------------------------- */

struct columns {
    int task[PLOT]; /* that had most of it without a break */
    int64_t longest[PLOT], busy[PLOT];
};

static void fill_columns(const struct picture *p, int lane, struct columns *c)
{
    double each = (double)(p->all.to_ns - p->all.from_ns) / PLOT;

    memset(c, 0, sizeof *c);
    for (int i = 0; i < p->h->n_slices; i++) {
        const struct demo_slice *s = &p->h->slices[i];

        if (s->lane != lane || s->task < 0)
            continue;
        for (int k = (int)((double)s->from_ns / each);
             k < PLOT && (double)k * each < (double)s->to_ns; k++) {
            double lo = fmax((double)s->from_ns, k * each);
            double hi = fmin((double)s->to_ns, (k + 1) * each);

            c->busy[k] += (int64_t)(hi - lo);
            if ((int64_t)(hi - lo) > c->longest[k]) {
                c->longest[k] = (int64_t)(hi - lo);
                c->task[k] = s->task;
            }
        }
    }
    for (int k = 0; k < PLOT; k++)
        if ((double)c->busy[k] < each / 2)
            c->task[k] = -1;
}

/* All runs of columns of one kind in one path. */
static void put_kind(const struct picture *p, const struct columns *c, int y,
                     int kind)
{
    bool any = false;

    for (int k = 0, n; k < PLOT; k += n) {
        int of = c->task[k] < 0 ? -1 : picture_kind(p, c->task[k]);

        for (n = 1; k + n < PLOT && c->task[k + n] == c->task[k]; n++)
            ;
        if (of != kind)
            continue;
        if (!any) {
            fputs("<path fill=\"", p->out);
            picture_colour(p, kind);
            fputs("\" d=\"", p->out);
        }
        fprintf(p->out, "M%d %dh%dv%dh-%dz", LEFT + k, y, n, p->overview_height,
                n);
        any = true;
    }
    if (any)
        fputs("\"/>\n", p->out);
}

static void put_overview(const struct picture *p, int y)
{
    static struct columns c;
    static bool mark[PLOT];
    int bottom = y + p->lanes * (p->overview_height + GAP);

    put_lanes(p, y, p->overview_height);
    fputs("<g shape-rendering=\"crispEdges\">\n", p->out);
    for (int lane = 0; lane < p->lanes; lane++) {
        fill_columns(p, lane, &c);
        for (int kind = 0; kind < DEMO_KINDS; kind++)
            put_kind(p, &c, y + lane * (p->overview_height + GAP), kind);
    }
    fputs("</g>\n", p->out);
    memset(mark, 0, sizeof mark);
    for (int i = 0; i < p->h->n_marks; i++) {
        int x = (int)(x_of(&p->all, p->h->marks[i].ns) - LEFT);

        if (p->h->marks[i].lane >= 0 && x >= 0 && x < PLOT)
            mark[x] = true;
    }
    picture_text(p, LEFT - 10, bottom + 7, "text-anchor=\"end\"", "suspends");
    fprintf(p->out, "<path stroke=\"" INK "\" opacity=\".6\" d=\"");
    for (int x = 0; x < PLOT; x++)
        if (mark[x])
            fprintf(p->out, "M%d.5 %dv8", LEFT + x, bottom);
    fputs("\"/>\n", p->out);
    put_axis(p, &p->all, bottom + 12, 1e9, "s");
}

/* --- the detail ---------------------------------------------------------- */

/* The name of the task, or its number, where there is room. */
static void put_label(const struct picture *p, const struct demo_slice *s,
                      double x, double width, int y)
{
    const char *name = p->r->tasks[s->task].name;
    char style[96];

    if ((double)strlen(name) * 6.6 + 10 > width)
        name = strchr(name, '#');
    if (name == NULL || (double)strlen(name) * 7.2 + 4 > width)
        return;
    snprintf(style, sizeof style,
             "text-anchor=\"middle\" font-size=\"11\" fill=\"%s\"",
             picture_ink_on(picture_kind(p, s->task)));
    picture_text(p, x + width / 2, y + p->detail_height / 2.0 + 4, style, name);
}

static void put_slice(const struct picture *p, const struct demo_slice *s,
                      int top)
{
    int64_t from = s->from_ns, to = s->to_ns;
    int y = top + s->lane * (p->detail_height + GAP);
    double x, width;

    if (s->lane >= p->lanes || s->task < 0 || to <= p->zoom.from_ns ||
        from >= p->zoom.to_ns)
        return;
    from = from > p->zoom.from_ns ? from : p->zoom.from_ns;
    to = to < p->zoom.to_ns ? to : p->zoom.to_ns;
    x = x_of(&p->zoom, from);
    width = x_of(&p->zoom, to) - x;
    if (width < 0.2)
        return;
    fprintf(p->out, "<rect x=\"%.1f\" y=\"%d\" width=\"%.1f\" height=\"%d\" ",
            x, y, width, p->detail_height);
    fputs(width > 3 ? "stroke=\"" PAPER "\" fill=\"" : "fill=\"", p->out);
    picture_colour(p, picture_kind(p, s->task));
    fputs("\"/>\n", p->out);
    put_label(p, s, x, width, y);
}

/* Of a task that ran also a line through it. */
static void put_mark(const struct picture *p, const struct demo_mark *m,
                     int top, int bottom)
{
    double x;

    if (m->ns < p->zoom.from_ns || m->ns >= p->zoom.to_ns)
        return;
    x = x_of(&p->zoom, m->ns);
    if (m->lane >= 0 && m->lane < p->lanes) {
        int y = top + m->lane * (p->detail_height + GAP);

        fprintf(p->out,
                "<path d=\"M%.1f %dv%d\" stroke=\"" PAPER
                "\" stroke-width=\"5\"/><path d=\"M%.1f %dv%d\" stroke=\"" INK
                "\" stroke-width=\"2\"/>\n",
                x, y, p->detail_height, x, y - 3, p->detail_height + 6);
    }
    fprintf(p->out,
            "<path d=\"M%.1f %dl4.5 9h-9z\" stroke=\"" INK "\" fill=\"%s\"/>\n",
            x, bottom + 1, m->lane >= 0 ? INK : PAPER);
}

static void put_detail(const struct picture *p, int y)
{
    int bottom = y + p->lanes * (p->detail_height + GAP);

    put_lanes(p, y, p->detail_height);
    for (int i = 0; i < p->h->n_slices; i++)
        put_slice(p, &p->h->slices[i], y);
    for (int i = 0; i < p->h->n_marks; i++)
        put_mark(p, &p->h->marks[i], y, bottom);
    picture_text(p, LEFT - 10, bottom + 9, "text-anchor=\"end\"", "suspends");
    put_axis(p, &p->zoom, bottom + 16, 1e6, "ms");
}

/* From the part of the overview to the whole of the detail. */
static void put_lens(const struct picture *p, int top, int bottom, int y)
{
    double a = x_of(&p->all, p->zoom.from_ns);
    double b = x_of(&p->all, p->zoom.to_ns);

    fprintf(p->out,
            "<path d=\"M%.1f %dV%dL%d %dH%dL%.1f %dV%dz\" fill=\"" INK
            "\" fill-opacity=\".07\"/>\n",
            a, bottom, bottom, LEFT, y, LEFT + PLOT, b, bottom, bottom);
    fprintf(p->out,
            "<rect x=\"%.1f\" y=\"%d\" width=\"%.1f\" height=\"%d\" "
            "fill=\"none\" stroke=\"" INK "\" stroke-width=\"2\"/>\n",
            a - 1, top, b - a + 2, bottom - top);
}

/* --- the window that is drawn large -------------------------------------- */

/* Slices that are there in full, and long enough to be read; one more for
 * suspends of tasks that ran. */
static int worth(const struct demo_history *h, const struct span *s)
{
    int64_t least = (s->to_ns - s->from_ns) / (3 * ZOOM_SLICES);
    bool marks = false;
    int n = 0;

    for (int i = 0; i < h->n_slices; i++)
        n += h->slices[i].lane < LANES_MAX &&
             h->slices[i].from_ns >= s->from_ns &&
             h->slices[i].to_ns <= s->to_ns &&
             h->slices[i].to_ns - h->slices[i].from_ns >= least;
    for (int i = 0; i < h->n_marks && !marks; i++)
        marks = h->marks[i].lane >= 0 && h->marks[i].ns >= s->from_ns &&
                h->marks[i].ns < s->to_ns;
    return n + marks;
}

/* On a busy machine the system may give a thread no time for longer than all
 * of it: a place where something is to be seen, not at either end. */
static struct span choose_zoom(const struct demo_report *r,
                               const struct demo_history *h)
{
    int64_t length = ZOOM_SLICES * (int64_t)r->options->slice_us * 1000;
    int64_t whole = h->end_ns > 0 ? h->end_ns : 1;
    struct span best = { 0, length < whole ? length : whole };
    int most = -1;

    for (int i = 0; i < PLACES && length < whole; i++) {
        int64_t from = (whole - length) * (i + PLACES / 2) / (2 * PLACES);
        struct span s = { from, from + length };
        int n = worth(h, &s);

        if (n > most) {
            most = n;
            best = s;
        }
    }
    return best;
}

void demo_timeline(FILE *out, const struct demo_report *r,
                   const struct demo_history *h)
{
    int lanes = h->lanes < LANES_MAX ? h->lanes : LANES_MAX;
    struct picture p = { .out = out,
                         .r = r,
                         .h = h,
                         .lanes = lanes,
                         .overview_height = lanes > 4 ? 20 : 34,
                         .detail_height = lanes > 4 ? 24 : 46,
                         .all = { 0, h->end_ns > 0 ? h->end_ns : 1 },
                         .zoom = choose_zoom(r, h) };
    int top = 88, middle = top + lanes * (p.overview_height + GAP);
    int detail = middle + 76;
    int legend = detail + lanes * (p.detail_height + GAP) + 80;
    int height = legend + 6 * 21 + 50;

    /* No script, no style sheet, no font but the viewer's own. */
    fprintf(out,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d "
            "%d\" width=\"%d\" height=\"%d\" font-family=\"Helvetica, "
            "Arial, sans-serif\" font-size=\"13\" fill=\"" INK "\">\n"
            "<title>Who ran when on which thread</title>\n"
            "<rect width=\"%d\" height=\"%d\" rx=\"8\" fill=\"" PAPER "\"/>\n",
            WIDTH, height, WIDTH, height, WIDTH, height);
    picture_title(&p);
    put_lens(&p, top - 3, middle - GAP + 3, detail - 4);
    put_overview(&p, top);
    put_lens(&p, top - 3, middle - GAP + 3, middle - GAP + 3);
    put_detail(&p, detail);
    picture_legend(&p, legend);
    fputs("</svg>\n", out);
}
