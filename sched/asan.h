/* AddressSanitizer knows nothing of stacks that end without a return: what
 * its shadow says about them is wiped when they are given back. */
#ifndef YANK_ASAN_H
#define YANK_ASAN_H

#if defined(__SANITIZE_ADDRESS__)
#define YANK_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define YANK_ASAN 1
#endif
#endif
#ifndef YANK_ASAN
#define YANK_ASAN 0
#endif

#if YANK_ASAN
#include <sanitizer/asan_interface.h>
#define YANK_ASAN_UNPOISON(lo, bytes)                                          \
    __asan_unpoison_memory_region((const void *)(lo), (bytes))
#else
#define YANK_ASAN_UNPOISON(lo, bytes) ((void)0)
#endif

#endif
