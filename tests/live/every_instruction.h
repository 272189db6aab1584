/* What every_instruction.c asks of a CPU, every_instruction_<cpu>.c: a body
 * with every kind of instruction, and a trap before any one of them.  Steps and
 * not addresses: a CPU may have instructions that trap more than once. */
#ifndef EVERY_INSTRUCTION_H
#define EVERY_INSTRUCTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { MAX_STEPS = 4096 };

/* What the body computes, and all that is left in registers at its end. */
struct body_state {
    _Alignas(64) unsigned char byte[4096];
};

/* --- every_instruction_<cpu>.c --------------------------------------------*/

void instruction_body(struct body_state *s);
extern const char instruction_lo[], instruction_hi[];

void body_begin(void); /* once, on the thread that is stopped */
void body_fill(struct body_state *s);
/* The PCs of all steps, in the order in which the body comes by; how many. */
int body_steps(struct body_state *s, uintptr_t pc[MAX_STEPS]);
/* Is every instruction among these n, but those that this CPU lacks? */
bool body_is_covered(const uintptr_t *pc, int n);
/* One run, in which the handler of a trap before step k calls stop_here().
 * Nothing else may be called between the body's return and its own.  False:
 * that is not where it trapped. */
bool body_run(struct body_state *s, int k);
/* After body_run(): what the handler found different, or null. */
const char *body_fault(void);

/* --- every_instruction.c --------------------------------------------------*/

/* In the handler: answer as Yank's own would, with a suspender already
 * waiting, so that the context is left injected. */
void stop_here(void *context);

#endif
