/* What a person sees while the tasks run: a picture in the terminal, drawn
 * over itself.  Not a byte of it where stderr is something else. */
#include "demo.h"

#include <inttypes.h>
#include <string.h>

#define EVERY_NS 100000000
#define BAR 20

struct screen {
    char text[65536]; /* written at once: no half picture */
    size_t n;
    int rows, columns, lines;
};

/* One line, cut to what the terminal shows. */
static void put_line(struct screen *s, const char *line)
{
    size_t n = strlen(line), room = (size_t)s->columns;

    if (n > room)
        n = room;
    if (s->n + n + 8 > sizeof s->text)
        return;
    memcpy(s->text + s->n, line, n);
    s->n += n;
    memcpy(s->text + s->n, "\033[K\n", 4); /* what was longer before */
    s->n += 4;
    s->lines++;
}

static void measure(struct screen *s)
{
    if (!demo_terminal_size(&s->rows, &s->columns)) {
        s->rows = 24;
        s->columns = 80;
    }
    /* The cursor waits below the last line; in the last column some
     * terminals wrap. */
    s->rows--;
    s->columns--;
}

/* --- lines -------------------------------------------------------------- */

static void put_head(struct screen *s, const struct demo_report *r,
                     double seconds)
{
    uint64_t preemptions = 0;
    char line[128];

    for (int i = 0; i < r->n_tasks; i++)
        preemptions += r->tasks[i].stats.preemptions;
    snprintf(line, sizeof line,
             "%.1f of %.1f s, %" PRIu64 " preemptions, %d suspends", seconds,
             r->options->seconds, preemptions, r->suspends);
    put_line(s, line);
}

static void put_thread(struct screen *s, const struct demo_report *r,
                       int thread)
{
    const char *who = "-";
    char line[128];

    for (int i = 0; i < r->n_tasks; i++)
        if (r->tasks[i].stats.state == YANK_TASK_RUNS &&
            r->tasks[i].stats.thread == (unsigned)thread)
            who = r->tasks[i].name;
    snprintf(line, sizeof line, "thread %-3d %s", thread, who);
    put_line(s, line);
}

static void put_task(struct screen *s, const struct demo_report *r,
                     const struct demo_task *t, double seconds)
{
    /* A full bar is a fair share and a half. */
    double share = (double)t->stats.cpu_ns / (seconds * 1e9 * r->threads);
    double part = share * r->n_tasks / 1.5;
    int full = part > 1 ? BAR : part < 0 ? 0 : (int)(part * BAR + 0.5);
    char line[160], bar[BAR + 1];

    memset(bar, '.', BAR);
    memset(bar, '#', (size_t)full);
    bar[BAR] = '\0';
    snprintf(line, sizeof line, "%-22s %5.1f%% %s %-8s %8" PRIu64, t->name,
             100 * share, bar, yank_task_state_name(t->stats.state),
             t->stats.preemptions);
    put_line(s, line);
}

/* As many of n as fit, and how many more there are. */
static int that_fit(const struct screen *s, int n, int reserved)
{
    int room = s->rows - s->lines - reserved;

    if (n <= room)
        return n;
    return room > 1 ? room - 1 : 0;
}

static void put_more(struct screen *s, int n, const char *what)
{
    char line[64];

    if (n <= 0 || s->lines >= s->rows)
        return;
    snprintf(line, sizeof line, "... %d more %s", n, what);
    put_line(s, line);
}

static void put_all(struct screen *s, const struct demo_report *r,
                    double seconds)
{
    int n;

    put_head(s, r, seconds);
    /* A third of the rows is left to the tasks. */
    n = that_fit(s, r->threads, s->rows / 3);
    for (int i = 1; i <= n; i++)
        put_thread(s, r, i);
    put_more(s, r->threads - n, "threads");
    if (s->lines + 2 < s->rows)
        put_line(s, "task                    share (fair: two thirds) state   "
                    " preemptions");
    n = that_fit(s, r->n_tasks, 0);
    for (int i = 0; i < n; i++)
        put_task(s, r, &r->tasks[i], seconds);
    put_more(s, r->n_tasks - n, "tasks");
}

/* --- the picture -------------------------------------------------------- */

void demo_live_begin(struct demo_live *live)
{
    *live = (struct demo_live){ .on = demo_has_terminal() };
}

/* The cursor is below the last line of the picture: to its first. */
static void go_up(const struct demo_live *live)
{
    if (live->lines > 0)
        fprintf(stderr, "\033[%dA", live->lines);
    fputc('\r', stderr);
}

void demo_live_draw(struct demo_live *live, struct demo_report *r,
                    struct demo_task *tasks, double seconds)
{
    static struct screen s;
    int64_t now = yank_now_ns();

    if (!live->on || now - live->drawn < EVERY_NS)
        return;
    live->drawn = now;
    for (int i = 0; i < r->n_tasks; i++)
        yank_task_stats(tasks[i].task, &tasks[i].stats);
    s.n = 0;
    s.lines = 0;
    measure(&s);
    put_all(&s, r, seconds);
    go_up(live);
    fwrite(s.text, 1, s.n, stderr);
    fputs("\033[J", stderr); /* lines of a picture that had more */
    fflush(stderr);
    live->lines = s.lines;
}

void demo_live_end(struct demo_live *live)
{
    if (!live->on)
        return;
    go_up(live);
    fputs("\033[J", stderr);
}
