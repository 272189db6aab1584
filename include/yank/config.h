/* Build knobs and what the compiler and the object format call things.
 * A knob is always defined, 0 or 1 or a number; CMake sets it, and a vendor
 * who compiles the sources by hand may pass -D.  Nothing else in the public
 * headers looks at the system, the CPU or the compiler. */
#ifndef YANK_CONFIG_H
#define YANK_CONFIG_H

#define YANK_VERSION_MAJOR 0
#define YANK_VERSION_MINOR 1
#define YANK_VERSION_PATCH 0
/* One number to compare: 0.1.0 is 100. */
#define YANK_VERSION                                                         \
    (YANK_VERSION_MAJOR * 10000 + YANK_VERSION_MINOR * 100 +                 \
     YANK_VERSION_PATCH)

/* 0: no kick is ever sent and no .S is needed; polls, regions and the status
 * machine stay. */
#ifndef YANK_ASYNC
#define YANK_ASYNC 1
#endif

/* The kick signal where the options do not name one; 0 means the backend's
 * choice, SIGURG on POSIX systems. */
#ifndef YANK_SIGNAL
#define YANK_SIGNAL 0
#endif

/* arm64: a register that no registered code ever uses (-ffixed-xN), by which a
 * stopped G goes on without a call to the kernel; 0: there is none. */
#ifndef YANK_ARM64_SCRATCH
#define YANK_ARM64_SCRATCH 0
#endif

#include <stddef.h>

#ifdef __cplusplus
#define YANK_ALIGNAS(n) alignas(n)
#define YANK_BEGIN_DECLS extern "C" {
#define YANK_END_DECLS }
#else
#define YANK_ALIGNAS(n) _Alignas(n)
#define YANK_BEGIN_DECLS
#define YANK_END_DECLS
#endif

/* Everything not marked YANK_API is hidden (-fvisibility=hidden). */
#if defined(__GNUC__)
#define YANK_API __attribute__((visibility("default")))
#else
#define YANK_API
#endif

/* YANK_TEXT on a function definition puts it into the section whose code may
 * be stopped at any instruction.  YANK_TEXT_LO and YANK_TEXT_HI bound what the
 * including module (program or shared object) has in it; both are null where
 * it has nothing. */
#if defined(_WIN32)
/* Linkers order the parts of a section by what follows the dollar. */
#define YANK_TEXT __attribute__((section(".yank$m"), noinline))
__attribute__((section(".yank$a"), unused)) static void yank_text_lo_(void)
{
}
__attribute__((section(".yank$z"), unused)) static void yank_text_hi_(void)
{
}
#define YANK_TEXT_LO ((const void *)(size_t)yank_text_lo_)
#define YANK_TEXT_HI ((const void *)(size_t)yank_text_hi_)
#elif defined(__ELF__)
#define YANK_TEXT __attribute__((section("yank_text"), noinline))
extern char __start_yank_text[] __attribute__((weak, visibility("hidden")));
extern char __stop_yank_text[] __attribute__((weak, visibility("hidden")));
#define YANK_TEXT_LO ((const void *)__start_yank_text)
#define YANK_TEXT_HI ((const void *)__stop_yank_text)
#else
#define YANK_TEXT
#define YANK_TEXT_LO ((const void *)0)
#define YANK_TEXT_HI ((const void *)0)
#endif

#endif
