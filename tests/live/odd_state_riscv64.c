/* riscv64's part of live_sched_overflow_state: the rounding mode. */
#include "odd_state.h"

#include <yank/code.h>

/* Round toward zero. */
YANK_TEXT void overflow_with_odd_state(void *arg)
{
    (void)arg;
    __asm__ volatile("fsrmi 1\n"
                     "1:\taddi sp, sp, -16\n\t"
                     "sd zero, 0(sp)\n\t"
                     "j 1b"
                     :
                     :
                     : "memory");
}

int odd_state_here(void)
{
    int mode;

    __asm__ volatile("frrm %0" : "=r"(mode));
    return mode;
}
