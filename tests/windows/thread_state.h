/* What the system keeps for a thread: here the bounds of its stack, which have
 * to be those of the stack that it is on. */
#ifndef YANK_TESTS_THREAD_STATE_H
#define YANK_TESTS_THREAD_STATE_H

#include "core/core.h"

#include <windows.h>

struct thread_state {
    uintptr_t teb, base, whole;
};

/* gcc 12 takes the block, at an offset from gs, for an array of no size. */
#pragma GCC diagnostic ignored "-Warray-bounds"

/* Of the thread environment block; a G may be on another thread each time. */
static inline volatile uintptr_t *teb_at(unsigned at)
{
    return (volatile uintptr_t *)((uintptr_t)NtCurrentTeb() + at);
}

static inline uintptr_t teb_word(unsigned at)
{
    return *teb_at(at);
}

static inline void thread_state_begin(struct thread_state *s, int i)
{
    (void)i;
    *s = (struct thread_state){ (uintptr_t)NtCurrentTeb(), teb_word(0x8),
                                teb_word(0x1478) };
}

/* Back on the thread's own stack. */
static inline bool thread_state_changed(const struct thread_state *before)
{
    uintptr_t limit = teb_word(0x10);

    return (uintptr_t)NtCurrentTeb() != before->teb ||
           teb_word(0x8) != before->base || teb_word(0x1478) != before->whole ||
           limit < before->whole || limit >= (uintptr_t)&limit;
}

/* Does the system believe that the thread is on the stack that ends at hi? */
static inline bool thread_state_on_stack(uintptr_t hi)
{
    uintptr_t base = teb_word(0x8), limit = teb_word(0x10);

    return base == hi && base > (uintptr_t)&base &&
           limit <= (uintptr_t)&limit && teb_word(0x1478) <= limit &&
           teb_word(0x1478) != 0;
}

/* Where the system believes that the stack ends below; and as if it had grown
 * by a page, which has to be there. */
static inline uintptr_t thread_state_limit(void)
{
    return teb_word(0x10);
}

static inline uintptr_t thread_state_grow(void)
{
    *teb_at(0x10) -= 4096;
    return teb_word(0x10);
}

/* No handler of the application's sees a kick. */
static inline void kick_handler_begin(void)
{
}

static inline bool kick_handler_ran_well(void)
{
    return true;
}

#endif
