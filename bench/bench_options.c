/* The command line of a benchmark. */
#define _GNU_SOURCE /* getopt_long */
#include "bench.h"

#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define SAMPLES_MAX 10000000

static const char more_help[] =
    "  --json         one JSON object on stdout\n"
    "  --help         this text\n"
    "\n"
    "Exit codes:\n"
    "  0  all that this machine can do was measured\n"
    "  1  something that was measured went wrong\n"
    "  2  bad arguments, or it cannot be tried here: no kicks, no memory\n";

int bench_cannot(const char *what, const char *why)
{
    fprintf(stderr, "bench: %s: %s\n", what, why);
    return BENCH_CANNOT;
}

bool bench_failed(const char *what)
{
    fprintf(stderr, "bench: failed: %s\n", what);
    return false;
}

/* The whole of text as a number within [lo, hi]. */
static bool number(const char *text, double lo, double hi, double *out)
{
    char *end;

    *out = strtod(text, &end);
    return end != text && *end == '\0' && isfinite(*out) && *out >= lo &&
           *out <= hi;
}

static int take(struct bench_options *o, int option)
{
    double x;

    switch (option) {
    case 'n':
        if (!number(optarg, 1, SAMPLES_MAX, &x) || x != floor(x))
            return bench_cannot("--samples", "a number from 1 to 10000000");
        o->samples = (int)x;
        return -1;
    case 's':
        if (!number(optarg, 0.001, 3600, &o->seconds))
            return bench_cannot("--seconds", "a number from 0.001 to 3600");
        return -1;
    case 'p': o->plot = optarg; return -1;
    case 'j': o->json = true; return -1;
    case 'h':
        fputs(o->help, stdout);
        fputs(more_help, stdout);
        return BENCH_OK;
    default: /* getopt has said what is wrong */
        return bench_cannot("arguments", "--help lists them");
    }
}

int bench_parse(struct bench_options *o, int argc, char **argv)
{
    static const struct option options[] = {
        { "samples", required_argument, NULL, 'n' },
        { "seconds", required_argument, NULL, 's' },
        { "plot", required_argument, NULL, 'p' },
        { "json", no_argument, NULL, 'j' },
        { "help", no_argument, NULL, 'h' },
        { NULL, 0, NULL, 0 }
    };
    int option, rc = -1;

    o->progress = isatty(STDERR_FILENO) != 0;
    while (rc < 0 &&
           (option = getopt_long(argc, argv, "", options, NULL)) != -1)
        rc = take(o, option);
    if (rc < 0 && optind < argc)
        return bench_cannot(argv[optind], "takes options only");
    return rc;
}

void bench_progress(const struct bench_options *o, const char *what,
                    double done)
{
    if (!o->progress)
        return;
    if (what == NULL)
        fputs("\r\033[K", stderr);
    else
        fprintf(stderr, "\r\033[K%s %3.0f %%", what, 100 * done);
    fflush(stderr);
}
