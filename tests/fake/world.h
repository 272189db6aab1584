/* What most unit tests share: threads that attach, run registered code and
 * detach; suspenders that hold and resume. */
#ifndef YANK_FAKE_WORLD_H
#define YANK_FAKE_WORLD_H

#include "fake.h"

#define WORLD_THREADS 4

struct world {
    struct yank_thread t[WORLD_THREADS];
    _Atomic uint32_t ready[WORLD_THREADS]; /* thread i is attached */
    _Atomic uint32_t quit;                 /* user loops end */
    unsigned working;                      /* suspenders that are not through */
    unsigned held, timeouts, dead;         /* how suspends ended */
};
extern struct world w;

/* First thing in setup. */
void world_reset(void);
/* The running party becomes thread i; quietly. */
void world_attach(int i);
void world_detach(int i);
/* Until thread i is attached. */
void world_wait(int i);
struct yank_g *world_g(int i);

/* Bodies of parties.  The argument is the thread's number, as a pointer. */
#define WORLD_ARG(i) ((void *)(uintptr_t)(i))
/* Attach, registered code until quit, detach; all debts must be paid. */
void world_target(void *i);
/* A party that is going to call world_done(). */
void world_works(void);
/* The last one to say so ends the user loops. */
void world_done(void);
/* Suspend thread i until the deadline; hold it for a few steps; resume.  The
 * result of the suspend. */
int world_hold(int i, int64_t deadline);
/* Claims about a G that nobody wants stopped any more. */
void world_no_debts(const struct yank_g *g);
int64_t world_in(int64_t ns); /* a deadline */

#endif
