/* A CPU without AVX. */
#include "demo.h"

bool demo_avx_supported(void)
{
    return false;
}

void demo_avx_loop(const struct demo_kind *kind, void **state)
{
    (void)kind;
    (void)state;
}
