/* Memory at the same addresses in every run and every process: core/ seeds
 * its random pauses with addresses, and a schedule must mean the same
 * everywhere. */
#ifndef YANK_FAKE_ARENA_H
#define YANK_FAKE_ARENA_H

#include <stddef.h>

void *arena_map(size_t bytes); /* for ever */
void arena_reset(void);        /* a new run: nothing is allocated */
/* options.alloc and options.release; what was released is never used again
 * in this run, and poisoned. */
void *arena_alloc(void *ctx, size_t bytes);
void arena_release(void *ctx, void *p, size_t bytes);
size_t arena_in_use(void); /* bytes allocated and not released */
/* Fails if somebody wrote to memory that was released. */
void arena_check(void);

#endif
