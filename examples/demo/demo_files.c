/* The files that the options ask for: opened before anything runs, so that
 * nobody waits for a run whose picture cannot be written. */
#include "demo.h"

#include <errno.h>
#include <string.h>
#include <yank/trace.h>

#define EVENTS_PER_THREAD (1 << 17) /* 8 MiB; a longer run keeps its end */

static int cannot_open(const char *path)
{
    fprintf(stderr, "yank-demo: cannot write %s: %s\n", path, strerror(errno));
    return DEMO_USAGE;
}

int demo_files_open(struct demo_files *files, const struct demo_options *o)
{
    *files = (struct demo_files){ 0 };
    if (o->histogram != NULL && !demo_has_gnuplot()) {
        fputs("yank-demo: --histogram needs gnuplot, which is not installed\n",
              stderr);
        return DEMO_USAGE;
    }
    if (o->timeline != NULL &&
        (files->timeline = fopen(o->timeline, "w")) == NULL)
        return cannot_open(o->timeline);
    if (o->trace != NULL && (files->trace = fopen(o->trace, "w")) == NULL)
        return cannot_open(o->trace);
    if (o->histogram != NULL &&
        (files->histogram = fopen(o->histogram, "w")) == NULL)
        return cannot_open(o->histogram);
    return -1;
}

int demo_files_record(const struct demo_options *o)
{
    if (o->timeline == NULL && o->trace == NULL)
        return YANK_OK;
    return yank_trace_start(EVENTS_PER_THREAD);
}

static bool to_file(void *file, const char *bytes, size_t n)
{
    return fwrite(bytes, 1, n, file) == n;
}

bool demo_files_trace(struct demo_files *files, const struct demo_report *r)
{
    struct demo_history h;
    bool ok = true;

    if (files->trace != NULL)
        ok = yank_trace_write(to_file, files->trace) == YANK_OK;
    if (files->timeline != NULL) {
        if (demo_history_read(&h, r->tasks, r->n_tasks))
            demo_timeline(files->timeline, r, &h);
        else
            ok = false;
        demo_history_free(&h);
    }
    return ok;
}

/* True: it is complete on disk. */
static bool close_file(FILE *f, const char *path, bool ok)
{
    if (f == NULL)
        return true;
    ok = !ferror(f) && ok;
    ok = fclose(f) == 0 && ok;
    fprintf(stderr, "yank-demo: %s %s\n", ok ? "wrote" : "could not write",
            path);
    return ok;
}

bool demo_files_finish(struct demo_files *files, const struct demo_report *r)
{
    const struct demo_options *o = r->options;
    bool plotted = files->histogram == NULL || demo_plot(files->histogram, r),
         ok;

    ok = close_file(files->timeline, o->timeline, true);
    ok = close_file(files->histogram, o->histogram, plotted) && ok;
    return close_file(files->trace, o->trace, true) && ok;
}
