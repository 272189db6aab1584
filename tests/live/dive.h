/* Registered code that runs over its stack. */
#ifndef YANK_TESTS_DIVE_H
#define YANK_TESTS_DIVE_H

#include <float.h>
#include <yank/config.h>

typedef double diver(double depth);
static diver *volatile deeper; /* what the compiler cannot see through */

/* What the CPU itself computes: a long double may be a library's, which is not
 * registered. */
typedef __typeof__(
    __builtin_choose_expr(LDBL_MANT_DIG == 64, 0.0L, 0.0)) widest;

/* x87 in use, so that what comes after finds it as C expects. */
YANK_TEXT static double dive(double depth)
{
    volatile char frame[512];
    volatile widest kept = (widest)depth;

    frame[0] = (char)depth;
    return deeper(depth + 1) * (double)kept + frame[0];
}

YANK_TEXT static void dives(void *arg)
{
    deeper = dive;
    *(volatile double *)arg = dive(1);
}

#endif
