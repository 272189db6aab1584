/* arm64's part of live_sched_overflow_state: FPCR. */
#include "odd_state.h"

#include <stdint.h>

#include <yank/code.h>

/* Round toward zero, everything flushed, default NaNs. */
YANK_TEXT void overflow_with_odd_state(void *arg)
{
    (void)arg;
    __asm__ volatile("msr fpcr, %0\n"
                     "1:\tstr xzr, [sp, #-16]!\n\t"
                     "b 1b"
                     :
                     : "r"((uint64_t)0x03c00000)
                     : "memory");
}

int odd_state_here(void)
{
    uint64_t fpcr;

    __asm__ volatile("mrs %0, fpcr" : "=r"(fpcr));
    return fpcr != 0;
}
