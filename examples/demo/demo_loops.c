/* Loops that never end and never ask whether they should. */
#include "demo.h"

static volatile uint64_t sink;
static volatile double float_sink;

/* One jump instruction. */
YANK_TEXT void demo_empty_loop(const struct demo_kind *kind, void **state)
{
    (void)kind;
    (void)state;
    for (;;)
        ;
}

YANK_TEXT void demo_call_free_loop(const struct demo_kind *kind, void **state)
{
    (void)kind;
    (void)state;
    for (uint64_t x = 1;; x = x * 6364136223846793005u + 1442695040888963407u)
        sink = x;
}

YANK_TEXT static uint64_t collatz_step(uint64_t x)
{
    return (x & 1) != 0 ? 3 * x + 1 : x / 2;
}

/* Nothing but calls and returns. */
YANK_TEXT void demo_calls_loop(const struct demo_kind *kind, void **state)
{
    (void)kind;
    (void)state;
    for (uint64_t x = 27;; x = x == 1 ? 27 : collatz_step(x))
        sink = x;
}

YANK_TEXT void demo_float_loop(const struct demo_kind *kind, void **state)
{
    double x = 0.5, y = 0.25;

    (void)kind;
    (void)state;
    for (;;) { /* the Henon map, which stays within bounds */
        double next = 1.0 - 1.4 * x * x + y;

        y = 0.3 * x;
        x = next;
        float_sink = x;
    }
}
