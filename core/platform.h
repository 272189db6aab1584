/* The one place of core/ that asks which compiler or build this is. */
#ifndef YANK_PLATFORM_H
#define YANK_PLATFORM_H

#include <yank/config.h>

/* A point between two steps of a protocol.  Nothing in a product; the unit
 * tests' build switches to another party here (tests/fake/). */
#ifndef YANK_STEPS
#define YANK_STEPS 0
#endif
#if YANK_STEPS
void yank_step(const char *name);
#define YANK_STEP(name) yank_step(name)
#else
#define YANK_STEP(name) ((void)0)
#endif

#if defined(__clang__)
#define YANK_NO_TSAN __attribute__((disable_sanitizer_instrumentation))
#elif defined(__GNUC__)
#define YANK_NO_TSAN __attribute__((no_sanitize("thread")))
#else
#define YANK_NO_TSAN
#endif

#define YANK_ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))
#define YANK_CONTAINER(p, type, member)                                      \
    ((type *)(void *)((char *)(p)-offsetof(type, member)))

#endif
