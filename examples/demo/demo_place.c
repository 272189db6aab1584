/* Which processor a thread runs on.  Latencies are measured between two: on
 * one, they would be those of the system's scheduler. */
#define _GNU_SOURCE /* sched_setaffinity */
#include "demo.h"

#include <sched.h>

bool demo_place(int which)
{
    static cpu_set_t allowed; /* before the first of us was placed */
    cpu_set_t one;

    if (CPU_COUNT(&allowed) == 0 &&
        sched_getaffinity(0, sizeof allowed, &allowed) != 0)
        return false;
    for (size_t cpu = 0; cpu < CPU_SETSIZE; cpu++) {
        if (!CPU_ISSET(cpu, &allowed) || which-- > 0)
            continue;
        CPU_ZERO(&one);
        CPU_SET(cpu, &one);
        return sched_setaffinity(0, sizeof one, &one) == 0;
    }
    return false;
}
