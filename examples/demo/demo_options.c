/* The command line. */
#define _GNU_SOURCE /* getopt_long */
#include "demo.h"

#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static const char help[] =
    "usage: yank-demo [OPTIONS]\n"
    "\n"
    "Runs Lua interpreters, C loops and compute jobs as tasks that share a\n"
    "few threads.  None of them has a hook or a poll, and some never end:\n"
    "Yank stops each after its time slice, at whatever instruction it is.\n"
    "Jobs are done again and again and compared with the same job run alone.\n"
    "\n"
    "  --tasks N      how many tasks, 1 to 512 (default: one of each kind)\n"
    "  --seconds S    for how long, 0.1 to 3600 (default: 5)\n"
    "  --slice-us U   time slice in microseconds, 100 to 1000000 (10000)\n"
    "  --threads M    threads to share, 1 to 64 (default: 2)\n"
    "  --json         one JSON object on stdout, the rest on stderr\n"
    "  --timeline F   picture of who ran when on which thread, as SVG\n"
    "  --trace F      the same for Perfetto and chrome://tracing, as JSON\n"
    "  --histogram F  picture of the suspend latency, as SVG, by gnuplot\n"
    "  --help         this text\n"
    "\n"
    "Exit codes:\n"
    "  0  every result is right and every task got its turn\n"
    "  1  a result is wrong, or a task starved: it did not run once while\n"
    "     another was preempted 100 times\n"
    "  2  bad arguments, a file that cannot be written, no gnuplot\n"
    "  3  the demo cannot run here: no memory, no threads, no kicks\n";

static int usage(const char *what, const char *value, const char *range)
{
    fprintf(stderr,
            "yank-demo: %s %s: %s\n"
            "Try 'yank-demo --help'.\n",
            what, value, range);
    return DEMO_USAGE;
}

/* The whole of text as a number within [lo, hi], which no NaN is. */
static bool number(const char *text, double lo, double hi, double *out)
{
    char *end;

    *out = strtod(text, &end);
    return end != text && *end == '\0' && *out >= lo && *out <= hi;
}

static bool whole(const char *text, int lo, int hi, int *out)
{
    double x;

    if (!number(text, lo, hi, &x) || x != floor(x))
        return false;
    *out = (int)x;
    return true;
}

static int take(struct demo_options *o, int option)
{
    switch (option) {
    case 't':
        return whole(optarg, 1, 512, &o->tasks)
                   ? -1
                   : usage("--tasks", optarg, "not a number from 1 to 512");
    case 's':
        return number(optarg, 0.1, 3600, &o->seconds)
                   ? -1
                   : usage("--seconds", optarg,
                           "not a number from 0.1 to 3600");
    case 'u':
        return whole(optarg, 100, 1000000, &o->slice_us)
                   ? -1
                   : usage("--slice-us", optarg,
                           "not a number from 100 to 1000000");
    case 'm':
        return whole(optarg, 1, 64, &o->threads)
                   ? -1
                   : usage("--threads", optarg, "not a number from 1 to 64");
    case 'j': o->json = true; return -1;
    case 'T': o->timeline = optarg; return -1;
    case 'P': o->trace = optarg; return -1;
    case 'H': o->histogram = optarg; return -1;
    case 'h': fputs(help, stdout); return DEMO_OK;
    default: /* getopt has said what is wrong */
        fputs("Try 'yank-demo --help'.\n", stderr);
        return DEMO_USAGE;
    }
}

int demo_parse(struct demo_options *o, int argc, char **argv)
{
    static const struct option options[] = {
        { "tasks", required_argument, NULL, 't' },
        { "seconds", required_argument, NULL, 's' },
        { "slice-us", required_argument, NULL, 'u' },
        { "threads", required_argument, NULL, 'm' },
        { "json", no_argument, NULL, 'j' },
        { "timeline", required_argument, NULL, 'T' },
        { "trace", required_argument, NULL, 'P' },
        { "histogram", required_argument, NULL, 'H' },
        { "help", no_argument, NULL, 'h' },
        { NULL, 0, NULL, 0 }
    };
    int option, rc = -1;

    *o = (struct demo_options){ .seconds = 5, .slice_us = 10000, .threads = 2 };
    while (rc < 0 &&
           (option = getopt_long(argc, argv, "", options, NULL)) != -1)
        rc = take(o, option);
    if (rc < 0 && optind < argc)
        return usage("argument", argv[optind], "takes options only");
    return rc;
}
