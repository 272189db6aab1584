/* Words and colours of the timeline. */
#include "demo_picture.h"

#include <inttypes.h>
#include <string.h>

/* --- colours -------------------------------------------------------------
 * Two hues, blue for Lua and orange for C, that also the colour-blind tell
 * apart (M. Okabe and K. Ito); strong where a task never ends, soft where it
 * has an answer; within these four, shades. */

enum { LUA_ENDLESS, LUA_JOB, C_ENDLESS, C_JOB, FAMILIES };

static const struct {
    const char *name;
    int red, green, blue;
} family[FAMILIES] = {
    { "Lua that never ends", 0x00, 0x5a, 0x9c },
    { "Lua with an answer", 0x6d, 0xb4, 0xe8 },
    { "C that never ends", 0xc6, 0x51, 0x00 },
    { "C with an answer", 0xf2, 0xb1, 0x4e },
};

static int family_of(const struct demo_kind *k)
{
    return (k->script != NULL ? 0 : 2) + (k->job != NULL ? 1 : 0);
}

/* The first of this name: twins are drawn alike. */
static int first_of(int kind)
{
    int i = 0;

    while (strcmp(demo_kinds[i].name, demo_kinds[kind].name) != 0)
        i++;
    return i;
}

int picture_kind(const struct picture *p, int task)
{
    return first_of((int)(p->r->tasks[task].kind - demo_kinds));
}

/* The n-th of its family: n/9 of the way to white. */
static void shades(int kind, int rgb[3])
{
    int f = family_of(&demo_kinds[kind]), n = 0;
    const int base[3] = { family[f].red, family[f].green, family[f].blue };

    for (int i = 0; i < kind; i++)
        n += family_of(&demo_kinds[i]) == f && first_of(i) == i;
    for (int i = 0; i < 3; i++)
        rgb[i] = base[i] + (255 - base[i]) * n / 9;
}

void picture_colour(const struct picture *p, int kind)
{
    int rgb[3];

    shades(kind, rgb);
    fprintf(p->out, "#%02x%02x%02x", (unsigned)rgb[0], (unsigned)rgb[1],
            (unsigned)rgb[2]);
}

const char *picture_ink_on(int kind)
{
    int rgb[3];

    shades(kind, rgb);
    return 30 * rgb[0] + 59 * rgb[1] + 11 * rgb[2] > 12500 ? INK : "#ffffff";
}

/* --- words -------------------------------------------------------------- */

void picture_text(const struct picture *p, double x, double y,
                  const char *style, const char *text)
{
    fprintf(p->out, "<text x=\"%.1f\" y=\"%.1f\" %s>%s</text>\n", x, y, style,
            text);
}

/* Tasks of one kind, and the share of them all. */
static int of_kind(const struct picture *p, int kind, double *share)
{
    int n = 0;

    *share = 0;
    for (int i = 0; i < p->r->n_tasks; i++)
        if (picture_kind(p, i) == kind) {
            n++;
            *share += 100 * demo_share(p->r, &p->r->tasks[i]);
        }
    return n;
}

static int put_family(const struct picture *p, int f, double x, int y)
{
    char line[96];
    double share;

    picture_text(p, x, y, "font-weight=\"600\"", family[f].name);
    for (int kind = 0; kind < DEMO_KINDS; kind++) {
        int n = of_kind(p, kind, &share);

        if (family_of(&demo_kinds[kind]) != f || n == 0)
            continue;
        y += 21;
        fprintf(p->out,
                "<rect x=\"%.1f\" y=\"%d\" width=\"22\" height=\"13\" "
                "fill=\"",
                x, y - 11);
        picture_colour(p, kind);
        fputs("\"/>\n", p->out);
        snprintf(line, sizeof line, n > 1 ? "%s, %d times" : "%s",
                 demo_kinds[kind].name, n);
        picture_text(p, x + 30, y, "", line);
        snprintf(line, sizeof line, "%.1f %%", share);
        picture_text(p, x + 240, y, "text-anchor=\"end\" fill=\"" PALE "\"",
                     line);
    }
    return y;
}

void picture_title(const struct picture *p)
{
    const struct demo_report *r = p->r;
    uint64_t preemptions = 0;
    char line[256];

    for (int i = 0; i < r->n_tasks; i++)
        preemptions += r->tasks[i].stats.preemptions;
    snprintf(line, sizeof line, "%d %s %d %s", r->n_tasks,
             r->n_tasks == 1 ? "task that never gives way has"
                             : "tasks that never give way share",
             r->threads, r->threads == 1 ? "thread" : "threads");
    picture_text(p, LEFT, 38, "font-size=\"22\" font-weight=\"600\"", line);
    snprintf(line, sizeof line,
             "Lua and C without a hook, a poll or a check: Yank stops each "
             "after its %g ms, at whatever instruction it is. %" PRIu64
             " preemptions in %.1f s.",
             r->options->slice_us / 1e3, preemptions, r->seconds);
    picture_text(p, LEFT, 62, "fill=\"" PALE "\"", line);
}

void picture_legend(const struct picture *p, int y)
{
    int bottom = y;
    char line[256];

    for (int f = 0; f < FAMILIES; f++) {
        int end = put_family(p, f, LEFT + f * (PLOT + 36) / 4.0, y);

        bottom = end > bottom ? end : bottom;
    }
    bottom += 32;
    snprintf(line, sizeof line,
             "Percent: share of the time of all threads; a fair one is "
             "%.1f %% a task. \xe2\x96\xb2 and a line: suspend of a "
             "task that ran; \xe2\x96\xb3 of one that was in the queue.%s",
             100.0 / p->r->n_tasks,
             p->lanes < p->h->lanes ? " More threads are not drawn." : "");
    picture_text(p, LEFT, bottom, "fill=\"" PALE "\"", line);
}
