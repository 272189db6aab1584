/* Jobs in C with an answer: the same one however often they were stopped. */
#include "demo.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/* --- a hash in the manner of SHA-256 ------------------------------------ */

static inline uint32_t rotate(uint32_t x, unsigned n)
{
    return x >> n | x << (32 - n);
}

/* One round; the caller turns the names instead of moving the values, which
 * a compiler would make a call of memmove: code that is not registered. */
#define ROUND(a, b, c, d, e, f, g, h, n)                                       \
    do {                                                                       \
        uint32_t s1 = rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25);            \
        uint32_t s0 = rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22);            \
        uint32_t t = h + s1 + ((e & f) ^ (~e & g)) + w + (n)*0x9e3779b9u;      \
                                                                               \
        w = rotate(w, 7) ^ rotate(w, 18) ^ (w >> 3) ^ (n);                     \
        d += t;                                                                \
        h = t + s0 + ((a & b) ^ (a & c) ^ (b & c));                            \
    } while (0)

YANK_TEXT static void hash_block(uint32_t v[8], const uint32_t seed)
{
    uint32_t a = v[0], b = v[1], c = v[2], d = v[3], e = v[4], f = v[5],
             g = v[6], h = v[7], w = seed;

    for (uint32_t n = 0; n < 64; n += 8) {
        ROUND(a, b, c, d, e, f, g, h, n);
        ROUND(h, a, b, c, d, e, f, g, n + 1);
        ROUND(g, h, a, b, c, d, e, f, n + 2);
        ROUND(f, g, h, a, b, c, d, e, n + 3);
        ROUND(e, f, g, h, a, b, c, d, n + 4);
        ROUND(d, e, f, g, h, a, b, c, n + 5);
        ROUND(c, d, e, f, g, h, a, b, n + 6);
        ROUND(b, c, d, e, f, g, h, a, n + 7);
    }
    v[0] += a;
    v[1] += b;
    v[2] += c;
    v[3] += d;
    v[4] += e;
    v[5] += f;
    v[6] += g;
    v[7] += h;
}

YANK_TEXT static void hash_all(uint32_t h[8])
{
    for (uint32_t block = 0; block < 100000; block++)
        hash_block(h, block);
}

bool demo_hash(const struct demo_kind *kind, void **state, char *result)
{
    uint32_t h[8] = { 0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                      0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19 };

    (void)kind;
    (void)state;
    hash_all(h);
    snprintf(result, DEMO_RESULT_BYTES, "%08" PRIx32 "%08" PRIx32 "%08" PRIx32,
             h[0], h[3], h[7]);
    return true;
}

/* --- a sieve ------------------------------------------------------------ */

#define SIEVE 2000000u

YANK_TEXT static uint64_t sieve_all(unsigned char *composite)
{
    uint64_t sum = 0;

    for (size_t i = 2; i < SIEVE; i++) {
        if (composite[i])
            continue;
        sum += i;
        for (size_t k = i * i; k < SIEVE; k += i)
            composite[k] = 1;
    }
    return sum;
}

bool demo_sieve(const struct demo_kind *kind, void **state, char *result)
{
    unsigned char *composite = calloc(SIEVE, 1);
    bool ok = composite != NULL;

    (void)kind;
    (void)state;
    snprintf(result, DEMO_RESULT_BYTES, "sum of primes %" PRIu64,
             ok ? sieve_all(composite) : 0);
    free(composite);
    return ok;
}

/* --- a matrix product --------------------------------------------------- */

#define SIZE 200

struct matrices {
    double a[SIZE][SIZE], b[SIZE][SIZE], c[SIZE][SIZE];
};

YANK_TEXT static double multiply(struct matrices *m)
{
    double trace = 0;

    for (int i = 0; i < SIZE; i++)
        for (int j = 0; j < SIZE; j++) {
            m->a[i][j] = 1.0 / (i + j + 1);
            m->b[i][j] = i == j ? 0.1 : 1.0 / (i * 3 + j + 2);
        }
    for (int round = 0; round < 4; round++)
        for (int i = 0; i < SIZE; i++)
            for (int j = 0; j < SIZE; j++) {
                double sum = 0;

                for (int k = 0; k < SIZE; k++)
                    sum += m->a[i][k] * m->b[k][j];
                m->c[i][j] = sum + round;
            }
    for (int i = 0; i < SIZE; i++)
        trace += m->c[i][i] * (i + 1);
    return trace;
}

bool demo_matrix(const struct demo_kind *kind, void **state, char *result)
{
    struct matrices *m = malloc(sizeof *m);
    bool ok = m != NULL;

    (void)kind;
    (void)state;
    /* %a: every bit counts. */
    snprintf(result, DEMO_RESULT_BYTES, "trace %a", ok ? multiply(m) : 0.0);
    free(m);
    return ok;
}
