/* Coroutines: a stack, a place to go on from.  One OS thread runs them all. */
#ifndef YANK_FAKE_FIBER_H
#define YANK_FAKE_FIBER_H

#include <stdbool.h>
#include <stddef.h>
#include <ucontext.h>

struct fiber {
    ucontext_t ctx;
    void *stack; /* null: the OS thread's own */
    size_t bytes;
    void (*fn)(void *arg); /* must never return */
    void *arg;
    void *asan; /* what AddressSanitizer keeps for a stack that is left */
};

/* A fresh fiber that will run fn(arg) on the given stack. */
void fiber_make(struct fiber *f, void *stack, size_t bytes,
                void (*fn)(void *arg), void *arg);
/* The OS thread's own stack as a fiber. */
void fiber_make_thread(struct fiber *f);
/* Leave from, go on with to; returns when somebody goes on with from. */
void fiber_switch(struct fiber *from, struct fiber *to);

#endif
