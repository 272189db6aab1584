/* What sched_overflow_state.c asks of a CPU: odd_state_<cpu>.c. */
#ifndef ODD_STATE_H
#define ODD_STATE_H

/* Set what C does not expect, all of it, then go down the stack to the guard
 * page.  Registered code. */
void overflow_with_odd_state(void *arg);
/* 0, or which part of the CPU is not as C expects it; asked in the middle of a
 * C function. */
int odd_state_here(void);

#endif
