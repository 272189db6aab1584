/* What came out: a table for people, one JSON object for programs. */
#include "demo.h"

#include <inttypes.h>
#include <stdio.h>

#define MANY_PREEMPTIONS 100

const char *demo_result_name(const struct demo_task *t)
{
    if (t->wrong)
        return "wrong";
    return t->kind->endless != NULL ? "endless" : "ok";
}

bool demo_starved(const struct demo_report *r, const struct demo_task *t)
{
    if (t->stats.runs != 0)
        return false;
    for (int i = 0; i < r->n_tasks; i++)
        if (r->tasks[i].stats.preemptions >= MANY_PREEMPTIONS)
            return true;
    return false;
}

double demo_share(const struct demo_report *r, const struct demo_task *t)
{
    return (double)t->stats.cpu_ns / (r->seconds * 1e9 * r->threads);
}

static void print_tasks(FILE *out, const struct demo_report *r)
{
    fprintf(out, "%-22s %6s %12s %13s %7s  %s\n", "task", "share",
            "preemptions", "longest wait", "rounds", "result");
    for (int i = 0; i < r->n_tasks; i++) {
        const struct demo_task *t = &r->tasks[i];

        fprintf(out, "%-22s %5.1f%% %12" PRIu64 " %10.1f ms ", t->name,
                100 * demo_share(r, t), t->stats.preemptions,
                (double)t->stats.longest_wait_ns / 1e6);
        if (t->kind->endless != NULL)
            fprintf(out, "%7s  ", "-");
        else
            fprintf(out, "%7d  ", t->rounds);
        fprintf(out, "%s%s\n", demo_result_name(t),
                demo_starved(r, t) ? ", starved" : "");
        if (t->wrong)
            fprintf(out, "    is:     %s\n    should: %s\n", t->result,
                    t->expected != NULL ? t->expected : "never end");
    }
}

static void print_latency(FILE *out, const struct demo_report *r)
{
    fprintf(out,
            "\nsuspend of a running task:  p50 %6.1f us   p99 %6.1f us   "
            "(%d times)\n"
            "floor, the system alone:    p50 %6.1f us   p99 %6.1f us   "
            "(%d times)\n",
            (double)r->suspend.p50_ns / 1e3, (double)r->suspend.p99_ns / 1e3,
            r->suspend.samples, (double)r->floor.p50_ns / 1e3,
            (double)r->floor.p99_ns / 1e3, r->floor.samples);
    demo_print_histogram(out, r);
    fprintf(out, "suspended and resumed while at work: %d times", r->suspends);
    if (r->suspend_timeouts > 0)
        fprintf(out, ", and %d times given up after 100 ms",
                r->suspend_timeouts);
    fputc('\n', out);
}

static void print_counters(FILE *out, const struct demo_report *r)
{
    const struct yank_counters *c = &r->counters;

    fprintf(out,
            "\nkicks: %" PRIu64 " sent, %" PRIu64 " failed, %" PRIu64
            " sent again; answers:\n",
            c->kicks_sent, c->kicks_failed, c->kicks_resent);
    for (int i = 0; i < YANK_OUTCOMES; i++)
        if (c->outcome[i] != 0)
            fprintf(out, "  %-24s %10" PRIu64 "\n", yank_outcome_name(i),
                    c->outcome[i]);
}

void demo_print_table(const struct demo_report *r)
{
    FILE *out = r->options->json ? stderr : stdout;

    fprintf(out,
            "%d tasks on %d threads for %.1f s, slices of %d us; no task "
            "has a hook or a poll.\n\n",
            r->n_tasks, r->threads, r->seconds, r->options->slice_us);
    print_tasks(out, r);
    print_latency(out, r);
    print_counters(out, r);
}

void demo_print_json(const struct demo_report *r)
{
    const char *comma = "";

    /* Names are our own and need no quoting. */
    printf("{\"threads\": %d, \"seconds\": %.3f, \"slice_us\": %d,\n"
           " \"tasks\": [",
           r->threads, r->seconds, r->options->slice_us);
    for (int i = 0; i < r->n_tasks; i++, comma = ",") {
        const struct demo_task *t = &r->tasks[i];

        printf("%s\n  {\"name\": \"%s\", \"result\": \"%s\", "
               "\"preemptions\": %" PRIu64 ", \"cpu_share\": %.6f, "
               "\"longest_wait_ns\": %" PRId64 "}",
               comma, t->name, demo_result_name(t), t->stats.preemptions,
               demo_share(r, t), t->stats.longest_wait_ns);
    }
    printf("],\n \"suspend\": {\"p50_ns\": %" PRId64 ", \"p99_ns\": %" PRId64
           ", \"floor_p50_ns\": %" PRId64 "},\n \"refusals\": {",
           r->suspend.p50_ns, r->suspend.p99_ns, r->floor.p50_ns);
    comma = "";
    for (int i = YANK_REFUSED_OFF; i < YANK_OUTCOMES; i++, comma = ", ")
        printf("%s\"%s\": %" PRIu64, comma, yank_outcome_name(i),
               r->counters.outcome[i]);
    printf("}}\n");
}
