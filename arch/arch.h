/* The CPU contract.  One folder of arch/ implements it; arch/none is for CPUs
 * without an .S yet, for YANK_ASYNC=0 and for wasm. */
#ifndef YANK_ARCH_H
#define YANK_ARCH_H

#include "../core/types.h"

#include <yank/host.h>

extern const char *const yank_arch_name;
extern const bool yank_push_call_supported; /* false: never kicked */
extern const bool yank_stack_switch_supported; /* false: no Gs with stacks */

/* Look at the CPU once: vector state and its size.  Errors: YANK_ENOSYS */
int yank_arch_init(void);

/* Bytes that push_call and the stub need below an interrupted SP, red zone
 * included; and the limit, which init compares (STYLE: 512). */
size_t yank_arch_async_preempt_stack(void);
/* Bytes of struct yank_vector_block with its area; and make one usable. */
size_t yank_arch_block_bytes(void);
void yank_arch_block_init(struct yank_vector_block *block);
/* Is all vector state that code here can hold kept? */
bool yank_arch_vectors_kept(void);

/* Can a thread in this state be injected and resumed?  No trap flag, no
 * record that the stub does not keep.  AS-safe: yes. */
bool yank_arch_context_ok(const struct yank_regs *r);

/* Edit r so that the thread seems to have called fn at resume_pc, with m
 * where the stub finds it and nothing below the SP harmed that the ABI gives
 * to the interrupted code.  AS-safe: yes.
 * Origin : go@62e53b79 signal_amd64.go:pushCall */
void yank_arch_push_call(struct yank_regs *r, void (*fn)(void),
                         uintptr_t resume_pc, struct yank_m *m);

/* The spill stub: entered by push_call only.  It saves every register that
 * user code can hold, moves to m's g0, runs yank_async_preempt2(m) there, and
 * goes on as the G that it returns.
 * Origin : go@62e53b79 preempt_amd64.s:asyncPreempt */
void yank_async_preempt(void);
/* Is pc inside the stub or the switch?  AS-safe: yes. */
bool yank_arch_in_stub(uintptr_t pc);

/* Save the caller's context in g, run fn(m, g, arg) on m's g0, then go on as
 * the G that it returned; null: return from yank_arch_execute() on g0.
 * arch/none runs fn where it is, and fn must return g. */
void yank_arch_mcall(struct yank_m *m, struct yank_g *g, yank_mcall_fn fn,
                     void *arg);
/* From g0: go on as g; returns when an mcall function or async_preempt2
 * returned null. */
void yank_arch_execute(struct yank_m *m, struct yank_g *g);
/* A context at the top of g's stack that calls this function of core/, with
 * the floating-point control that the ABI gives a C function. */
_Noreturn void yank_g_start(struct yank_g *g);
void yank_arch_make_context(struct yank_g *g);

/* The registers that C callees keep, and the caller's SP and PC. */
void yank_arch_call_saved(struct yank_call_saved *out);
/* yank_blocking_enter() itself is the arch's: it stores the call-saved
 * registers where they are still the caller's, and calls this function of
 * core/, which keeps them if the call is right. */
int yank_blocking_enter2(struct yank_g *g,
                         const struct yank_call_saved *saved);

/* First of all in a handler: a system may enter it with flags of the
 * interrupted code that C does not expect (Linux 6.18 on amd64: AC, under
 * which an unaligned vector store is a SIGBUS).  sigreturn brings back what the
 * code had.  AS-safe: yes. */
void yank_arch_c_flags(void);

/* Edit r so that the thread enters fn, which never returns, as a C function
 * whose stack begins at sp.  AS-safe: yes. */
void yank_arch_enter(struct yank_regs *r, void (*fn)(void), uintptr_t sp);
/* In fn, first of all: floating point as C expects it. */
void yank_arch_c_state(void);

/* In a loop that waits for another processor. */
void yank_arch_pause(void);

#endif
