/* Samples and what they come to. */
#include "bench.h"

#include <yank/yank.h>

#include <stdlib.h>

bool bench_series_init(struct bench_series *s, const char *name, size_t room,
                       double clock_ns)
{
    *s = (struct bench_series){ .name = name,
                                .ns = malloc(room * sizeof *s->ns),
                                .room = room,
                                .clock_ns = clock_ns };
    /* Touched now: a page fault would be a sample. */
    for (size_t i = 0; s->ns != NULL && i < room; i++)
        s->ns[i] = -1;
    return s->ns != NULL;
}

void bench_series_free(struct bench_series *s)
{
    free(s->ns);
    *s = (struct bench_series){ 0 };
}

void bench_add(struct bench_series *s, double ns)
{
    if (s->n == s->room)
        return;
    ns -= s->clock_ns;
    s->ns[s->n++] = ns > 0 ? ns : 0;
    s->sorted = false;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static double at(const struct bench_series *s, double share)
{
    return s->ns[(size_t)((double)(s->n - 1) * share)];
}

struct bench_stats bench_stats(struct bench_series *s)
{
    if (s->n == 0)
        return (struct bench_stats){ 0 };
    if (!s->sorted)
        qsort(s->ns, s->n, sizeof *s->ns, compare);
    s->sorted = true;
    return (struct bench_stats){ .p50 = at(s, 0.5),
                                 .p90 = at(s, 0.9),
                                 .p99 = at(s, 0.99),
                                 .p999 = at(s, 0.999),
                                 .max = s->ns[s->n - 1] };
}

double bench_clock_ns(void)
{
    struct bench_series s;
    double p50;

    if (!bench_series_init(&s, "clock", 10001, 0))
        return 0;
    while (s.n < s.room) {
        int64_t start = yank_now_ns();

        bench_add(&s, (double)(yank_now_ns() - start));
    }
    p50 = bench_stats(&s).p50;
    bench_series_free(&s);
    return p50;
}

void bench_spin_until(int64_t ns)
{
    while (yank_now_ns() < ns) {
    }
}

int64_t bench_random(int64_t lo, int64_t hi)
{
    static uint64_t x = 88172645463325252u; /* xorshift64; one thread's */

    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    return lo + (int64_t)(x % (uint64_t)(hi - lo));
}
