/* A lock for short sections of Yank's own: the map, the registry, the pool.
 * Three states, after U. Drepper, "Futexes Are Tricky": 0 free, 1 held, 2 held
 * and somebody may sleep.  Code in Yank is never stopped asynchronously, so a
 * holder always gets on; no handler takes one. */
#include "core.h"

void yank_lock(_Atomic uint32_t *lock)
{
    uint32_t seen = 0;

    /* Acquire: pairs with the release in yank_unlock(). */
    if (atomic_compare_exchange_strong_explicit(lock, &seen, 1,
                                                memory_order_acquire,
                                                memory_order_relaxed))
        return;
    while (atomic_exchange_explicit(lock, 2, memory_order_acquire) != 0)
        yank_os_wait(lock, 2, YANK_NO_DEADLINE);
}

void yank_unlock(_Atomic uint32_t *lock)
{
    /* Release: pairs with the acquires above. */
    if (atomic_exchange_explicit(lock, 0, memory_order_release) == 2)
        yank_os_wake(lock);
}
