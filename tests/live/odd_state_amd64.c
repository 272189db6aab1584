/* amd64's part of live_sched_overflow_state: x87, direction flag, MXCSR. */
#include "odd_state.h"

#include "arch/asm.h"

#include <stdint.h>

#include <yank/code.h>

enum { ODD_X87 = 1, ODD_CONTROL = 2, ODD_MXCSR = 4, ODD_DIRECTION = 8 };

/* The x87 stack full, round toward zero, everything flushed. */
YANK_TEXT void overflow_with_odd_state(void *arg)
{
    static const uint16_t cw = 0x0f7f;
    static const uint32_t mxcsr = 0xff80;

    (void)arg;
    __asm__ volatile("fldz\n\tfldz\n\tfldz\n\tfldz\n\t"
                     "fldz\n\tfldz\n\tfldz\n\tfldz\n\t"
                     "fldcw %0\n\t"
                     "ldmxcsr %1\n\t"
                     "std\n"
                     "1:\tpushq %%rax\n\t"
                     "jmp 1b"
                     :
                     : "m"(cw), "m"(mxcsr)
                     : "memory");
}

int odd_state_here(void)
{
    uint32_t env[7], mxcsr;
    uint64_t flags;

    __asm__ volatile("fnstenv %0\n\tfldenv %0" : "=m"(env));
    __asm__ volatile("pushfq\n\tpopq %0" : "=r"(flags));
    __asm__ volatile("stmxcsr %0" : "=m"(mxcsr));
    return ((uint16_t)env[2] != 0xffff ? ODD_X87 : 0) | /* all empty */
           ((uint16_t)env[0] != YANK_FCW_DEFAULT ? ODD_CONTROL : 0) |
           ((mxcsr & ~0x3fu) != 0x1f80 ? ODD_MXCSR : 0) |
           ((flags & (1u << 10)) != 0 ? ODD_DIRECTION : 0);
}
