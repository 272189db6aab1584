/* Forced in front of every core file of the unit tests' build (-include):
 * each atomic operation becomes a step of the explorer, so that interleavings
 * do not depend on where somebody remembered to write YANK_STEP.
 *
 * Stores that are not seq_cst may also be kept in the party's store buffer
 * for a while (choose.c), as x86 does and C11 allows: dropping a seq_cst that
 * a store-load pair needs then shows.  Read-modify-writes, seq_cst stores and
 * fences empty the buffer.  Reorderings of loads are not modelled. */
#ifndef YANK_FAKE_STEP_ATOMICS_H
#define YANK_FAKE_STEP_ATOMICS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

void fake_load(const volatile void *p, void *out, size_t bytes,
               const char *name);
void fake_store(volatile void *p, const void *value, size_t bytes, int order,
                const char *name);
void fake_rmw(const char *name);

#define FAKE_STR2(x) #x
#define FAKE_STR(x) FAKE_STR2(x)
#define FAKE_AT(op, p) op " " #p " " __FILE__ ":" FAKE_STR(__LINE__)
/* The type without _Atomic and qualifiers: an rvalue has none. */
#define FAKE_VALUE(p) __typeof__((void)0, *(p))

#undef atomic_load_explicit
#define atomic_load_explicit(p, order)                                         \
    __extension__({                                                            \
        FAKE_VALUE(p) fake_out_;                                               \
        fake_load((p), &fake_out_, sizeof fake_out_, FAKE_AT("load", p));      \
        fake_out_;                                                             \
    })
#undef atomic_store_explicit
#define atomic_store_explicit(p, v, order)                                     \
    __extension__({                                                            \
        FAKE_VALUE(p) fake_in_ = (v);                                          \
        fake_store((p), &fake_in_, sizeof fake_in_, (int)(order),              \
                   FAKE_AT("store", p));                                       \
    })

#if defined(__clang__)
#define FAKE_RMW(op) __c11_atomic_##op
#define FAKE_CAS(p, e, v, s, f)                                                \
    __c11_atomic_compare_exchange_strong(p, e, v, s, f)
#define FAKE_EXCHANGE(p, v, o) __c11_atomic_exchange(p, v, o)
#else
#define FAKE_RMW(op) __atomic_##op
#define FAKE_CAS(p, e, v, s, f)                                                \
    __extension__({                                                            \
        FAKE_VALUE(p) fake_want_ = (v);                                        \
        __atomic_compare_exchange(p, e, &fake_want_, 0, s, f);                 \
    })
#define FAKE_EXCHANGE(p, v, o)                                                 \
    __extension__({                                                            \
        FAKE_VALUE(p) fake_new_ = (v);                                         \
        FAKE_VALUE(p) fake_old_;                                               \
        __atomic_exchange(p, &fake_new_, &fake_old_, o);                       \
        fake_old_;                                                             \
    })
#endif

#undef atomic_exchange_explicit
#define atomic_exchange_explicit(p, v, o)                                      \
    (fake_rmw(FAKE_AT("exchange", p)), FAKE_EXCHANGE(p, v, o))
#undef atomic_compare_exchange_strong_explicit
#define atomic_compare_exchange_strong_explicit(p, e, v, s, f)                 \
    (fake_rmw(FAKE_AT("cas", p)), FAKE_CAS(p, e, v, s, f))
#undef atomic_compare_exchange_weak_explicit
#define atomic_compare_exchange_weak_explicit(p, e, v, s, f)                   \
    (fake_rmw(FAKE_AT("cas", p)), FAKE_CAS(p, e, v, s, f))
#undef atomic_fetch_add_explicit
#define atomic_fetch_add_explicit(p, v, o)                                     \
    (fake_rmw(FAKE_AT("add", p)), FAKE_RMW(fetch_add)(p, v, o))
#undef atomic_fetch_sub_explicit
#define atomic_fetch_sub_explicit(p, v, o)                                     \
    (fake_rmw(FAKE_AT("sub", p)), FAKE_RMW(fetch_sub)(p, v, o))
#undef atomic_fetch_or_explicit
#define atomic_fetch_or_explicit(p, v, o)                                      \
    (fake_rmw(FAKE_AT("or", p)), FAKE_RMW(fetch_or)(p, v, o))
#undef atomic_fetch_and_explicit
#define atomic_fetch_and_explicit(p, v, o)                                     \
    (fake_rmw(FAKE_AT("and", p)), FAKE_RMW(fetch_and)(p, v, o))
#undef atomic_thread_fence
#define atomic_thread_fence(o) fake_rmw("fence " __FILE__)

#endif
