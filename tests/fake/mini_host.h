/* The smallest host: Ms with a queue each and one for all; Gs with stacks of
 * their own that run until told to end. */
#ifndef YANK_FAKE_MINI_HOST_H
#define YANK_FAKE_MINI_HOST_H

#include "fake.h"

#define MINI_GS 3
#define MINI_MS 2

struct mini {
    struct yank_g *g[MINI_GS]; /* in the arena: released when it is over */
    struct yank_m m[MINI_MS];
    struct yank_p p[MINI_MS];
    struct yank_g *queue[16]; /* for any M that may */
    unsigned queued;
    _Atomic uint32_t work; /* the queue changed */
    _Atomic uint32_t quit; /* loops end */
    _Atomic uint32_t started[MINI_GS];
    struct yank_m *on[MINI_GS]; /* by g_in and g_out */
    unsigned blocked;           /* by the hooks around blocking regions */
    unsigned alive;
    unsigned runs[MINI_GS]; /* how often it was taken */
    unsigned aside;         /* takes that found a claim */
    unsigned corpses;       /* takes that found it Dead */
    unsigned abandoned, abandoned_queued;
    bool keep; /* do not release a G that ended */
};
extern struct mini mini;

void mini_reset(void);
extern const struct yank_host mini_host;
/* G i, with this entry; Idle. */
void mini_g(int i, void (*entry)(void *), bool migratable);
int mini_index(const struct yank_g *g);
/* Party: M number i, until no G is alive. */
void mini_m(void *i);
/* Ends of entries. */
void mini_exit(void);
void mini_park(void);
void mini_yield(void);
/* The G that runs here. */
struct yank_g *mini_self(void);
/* Entry: registered code until quit, then the end. */
void mini_loop(void *i);
/* Fini and release of G i, which has ended. */
void mini_bury(int i);

#endif
