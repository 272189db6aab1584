/* A loop that keeps its state in 256-bit registers, by itself checked: a
 * register that came back wrong would end it, and it must not end. */
#include "demo.h"

typedef uint64_t lanes __attribute__((vector_size(32)));

bool demo_avx_supported(void)
{
    return __builtin_cpu_supports("avx2") != 0;
}

__attribute__((target("avx2"))) YANK_TEXT void
demo_avx_loop(const struct demo_kind *kind, void **state)
{
    lanes a = { 1, 2, 3, 4 }, b = { 5, 6, 7, 8 }, c = { 9, 10, 11, 12 };
    const lanes step = { 3, 5, 7, 9 };
    lanes sum = a + b + c;

    (void)kind;
    (void)state;
    do {
        a += step;
        b ^= a;
        c -= step;
        sum = a + c;
        __asm__ volatile("" : "+x"(a), "+x"(b), "+x"(c), "+x"(sum));
    } while (sum[0] == 10 && sum[1] == 12 && sum[2] == 14 && sum[3] == 16);
}
