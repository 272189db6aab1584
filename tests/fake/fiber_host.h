/* The smallest host with fibers of its own: one queue, Ms that pop from it and
 * switch by themselves.  A fiber is pushed when it is off its M. */
#ifndef YANK_FAKE_FIBER_HOST_H
#define YANK_FAKE_FIBER_HOST_H

#include "fake.h"

#define FH_FIBERS 3
#define FH_MS 2

struct fiber_host {
    struct yank_g *g[FH_FIBERS]; /* in the arena: released when it ended */
    struct fiber fiber[FH_FIBERS];
    bool ended[FH_FIBERS], gone[FH_FIBERS]; /* gone: not pushed again */
    unsigned runs[FH_FIBERS];
    struct yank_m *m[FH_MS]; /* in the arena too, while attached */
    struct yank_p *p[FH_MS]; /* ..., while held */
    int queue[FH_FIBERS];
    unsigned queued, alive;
    _Atomic uint32_t work; /* the queue changed */
    _Atomic uint32_t quit; /* loops end */
    _Atomic uint32_t started[FH_FIBERS];
    _Atomic uint32_t attached[FH_MS];
    unsigned keeps_m; /* those who call yank_preempt_one() */
    bool stays;       /* the hook does not switch */
    bool waited_for;
    unsigned hooks, abandoned, asked;
    void (*in_hook)(struct yank_g *g);
};
extern struct fiber_host fh;
extern const struct yank_host fh_host;

void fh_reset(void);
/* Fiber i with this entry, in the queue. */
void fh_fiber(int i, void (*entry)(void *), bool migratable);
int fh_index(const struct yank_g *g);
/* Party: M number i, until no fiber is alive. */
void fh_m(void *i);
/* On a fiber: off the M, and back from the queue. */
void fh_yield(void);
/* Entry: registered code until quit. */
void fh_loop(void *i);
/* Fini and release. */
void fh_bury(int i);

#endif
