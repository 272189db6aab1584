/* Tables for people, JSON for machines. */
#include "bench.h"

#include <stdio.h>

void bench_print_heading(void)
{
    printf("%-34s %8s %8s %8s %8s %9s\n", "ns", "p50", "p90", "p99", "p99.9",
           "max");
}

/* A tenth counts where there are few. */
static void print_ns(int width, double ns)
{
    printf(" %*.*f", width, ns < 100 ? 1 : 0, ns);
}

void bench_print_row(struct bench_series *s, const char *title,
                     const char *note)
{
    struct bench_stats x = bench_stats(s);

    printf("%-34s", title);
    if (s->n == 0) {
        printf(" %s\n", "not measured");
        return;
    }
    print_ns(8, x.p50);
    print_ns(8, x.p90);
    print_ns(8, x.p99);
    print_ns(8, x.p999);
    print_ns(9, x.max);
    printf("  %s\n", note);
}

void bench_json_series(struct bench_series *s, double ratio)
{
    struct bench_stats x = bench_stats(s);

    printf("\"%s\": ", s->name);
    if (s->n == 0) {
        printf("null");
        return;
    }
    printf("{\"p50_ns\": %.1f, \"p90_ns\": %.1f, \"p99_ns\": %.1f, "
           "\"p999_ns\": %.1f, \"max_ns\": %.1f, \"samples\": %zu",
           x.p50, x.p90, x.p99, x.p999, x.max, s->n);
    if (ratio > 0)
        printf(", \"ratio\": %.3f", ratio);
    printf("}");
}

void bench_json_string(const char *text)
{
    putchar('"');
    for (; *text != '\0'; text++) {
        if (*text == '"' || *text == '\\')
            putchar('\\');
        if ((unsigned char)*text >= ' ')
            putchar(*text);
    }
    putchar('"');
}
