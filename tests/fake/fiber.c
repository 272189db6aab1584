/* ucontext fibers with the annotations that AddressSanitizer wants. */
#define _GNU_SOURCE
#include "fiber.h"

#include <pthread.h>
#include <stdint.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define FAKE_ASAN 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__)
#define FAKE_ASAN 1
#endif

#ifdef FAKE_ASAN
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
static void before(struct fiber *from, struct fiber *to)
{
    __sanitizer_start_switch_fiber(&from->asan, to->stack, to->bytes);
}
static void after(struct fiber *self)
{
    __sanitizer_finish_switch_fiber(self->asan, NULL, NULL);
}
static void clean(struct fiber *f)
{
    /* The last user of the stack may have been left in mid-call. */
    ASAN_UNPOISON_MEMORY_REGION(f->stack, f->bytes);
}
#else
static void before(struct fiber *from, struct fiber *to)
{
    (void)from;
    (void)to;
}
static void after(struct fiber *self)
{
    (void)self;
}
static void clean(struct fiber *f)
{
    (void)f;
}
#endif

static void trampoline(unsigned hi, unsigned lo)
{
    struct fiber *f = (void *)(uintptr_t)((uint64_t)hi << 32 | lo);

    after(f);
    f->fn(f->arg);
}

void fiber_make(struct fiber *f, void *stack, size_t bytes,
                void (*fn)(void *arg), void *arg)
{
    uint64_t self = (uintptr_t)f;

    *f = (struct fiber){ .stack = stack, .bytes = bytes, .fn = fn, .arg = arg };
    clean(f);
    getcontext(&f->ctx);
    f->ctx.uc_stack.ss_sp = stack;
    f->ctx.uc_stack.ss_size = bytes;
    f->ctx.uc_link = NULL;
    makecontext(&f->ctx, (void (*)(void))trampoline, 2, (unsigned)(self >> 32),
                (unsigned)self);
}

void fiber_make_thread(struct fiber *f)
{
    static void *stack;
    static size_t bytes;
    pthread_attr_t attr;

    if (stack == NULL) { /* reads a file: once */
        pthread_getattr_np(pthread_self(), &attr);
        pthread_attr_getstack(&attr, &stack, &bytes);
        pthread_attr_destroy(&attr);
    }
    *f = (struct fiber){ .stack = stack, .bytes = bytes };
}

void fiber_switch(struct fiber *from, struct fiber *to)
{
    before(from, to);
    swapcontext(&from->ctx, &to->ctx);
    after(from);
}
