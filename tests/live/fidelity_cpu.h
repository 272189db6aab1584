/* What each CPU gives to the register tests: fidelity_<cpu>.S and
 * fidelity_<cpu>.c.  The tests themselves know no register. */
#ifndef FIDELITY_CPU_H
#define FIDELITY_CPU_H

#include "core/core.h"

/* Every register that user code can hold, on the CPU that has the most: arm64
 * with vectors of 256 bytes. */
struct fidelity_state {
    _Alignas(64) unsigned char byte[9216];
};

/* Words of call-saved registers, and one more: the M that a switch hands on. */
enum { FIDELITY_KEPT_MAX = 32 };

/* --- fidelity_<cpu>.S ----------------------------------------------------*/

/* Load everything from in, hold it over a long sled of nops, and take it into
 * out, which came in as zeros.  Clean: with vectors in their initial state. */
typedef void round_fn(const struct fidelity_state *in,
                      struct fidelity_state *out);
round_fn fidelity_dirty, fidelity_clean;
/* The range of both and of fidelity_scramble(); and the sled of the first. */
extern const char fidelity_text_lo[], fidelity_text_hi[];
extern const char fidelity_sled_lo[], fidelity_sled_hi[];

/* For yank_resume_call(): calls fidelity_nested() and leaves nothing in any
 * register that it may change. */
void fidelity_scramble(void *arg);

/* f(a, b, c, d) with fidelity_kept_values in what C callees keep; out: the
 * same registers afterwards, and the M. */
void fidelity_kept(void (*f)(void), const void *a, const void *b, const void *c,
                   const void *d, uint64_t out[FIDELITY_KEPT_MAX]);
extern const uint64_t fidelity_kept_values[];
extern const char fidelity_kept_return[];

/* An mcall function that returns next and keeps no register. */
struct yank_g *fidelity_bad_callee(struct yank_m *m, struct yank_g *g,
                                   void *next);
/* The entry of a G whose user is the G itself; goes on in fidelity_entry(). */
void fidelity_first(void *user);
/* As if the thread were injected just before the return. */
void fidelity_fake_stop(struct yank_m *m);

/* __wrap_yank_async_preempt2 looks at the state in which C is entered, calls
 * fidelity_on_g0(), then Yank's own, and scrambles all before and after. */

/* --- the test -------------------------------------------------------------*/

void fidelity_on_g0(struct yank_m *m);
void fidelity_nested(void);
void fidelity_entry(void);

/* --- fidelity_<cpu>.c ----------------------------------------------------*/

extern const size_t fidelity_bytes; /* of the state that are in use */
extern const size_t fidelity_frame_below; /* a stop's frame less its g->sp */
extern const size_t fidelity_kept_words;
extern const size_t fidelity_saved_words; /* of these in yank_call_saved */

/* What was wrong with the state at the entry of a C function; 0: nothing. */
extern uint32_t fidelity_bad_entry;
/* Which vector registers there are; the CPU's numbers. */
extern uint32_t fidelity_level;

/* How the stub saves vectors; "best": as Yank chose.  After yank_init() and
 * before any thread is attached.  False: not on this CPU. */
bool fidelity_choose(const char *mode);
/* s is random: make of it what registers can hold.  Two patterns, i. */
void fidelity_pattern(struct fidelity_state *s, int i);
/* What an undisturbed round took is what it was given. */
void fidelity_assert_same(const struct fidelity_state *want,
                          const struct fidelity_state *from, bool clean);
/* What lies there in the state. */
const char *fidelity_part(size_t at);
/* Did the stub fill this block as the mode says? */
bool fidelity_block_fits(const struct yank_vector_block *b);
/* In a handler of the application's: are the flags as C expects them? */
bool fidelity_flags_are_c(void);

#endif
