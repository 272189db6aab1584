/* Which code may be stopped.  What is not registered never is: libc, the
 * host's own runtime and Yank itself need no marks.
 *
 * Three ways to register: YANK_TEXT on a function definition;
 * yank_make_preemptible() in CMake for a whole target or static archive;
 * yank_code_add() for code made at run time.  The first two are found by
 * yank_init() in the module that calls it. */
#ifndef YANK_CODE_H
#define YANK_CODE_H

#include "yank.h"

YANK_BEGIN_DECLS

enum yank_code_flag {
    YANK_CODE_SAFE = 1u << 0,       /* any instruction is a safe-point */
    YANK_CODE_ASK_HOST = 1u << 1,   /* ... where options.pc_is_safe agrees */
    YANK_CODE_MIGRATABLE = 1u << 2  /* a G stopped here may go on elsewhere */
};

/* [lo, hi) and what holds for it: SAFE or ASK_HOST, and MIGRATABLE if so. */
struct yank_code_desc {
    uintptr_t lo, hi;
    uint32_t flags;
};

struct yank_code; /* the handle: Yank's, valid until removed */

/* Context: any thread; other threads may run and be kicked meanwhile.
 * AS-safe: no.  Blocks: on the map's lock.
 * Errors : YANK_EINVAL empty range, unknown or missing flags, ASK_HOST
 *          without pc_is_safe; YANK_EOVERLAP; YANK_ENOMEM */
YANK_API int yank_code_add(const struct yank_code_desc *desc,
                           struct yank_code **out);

/* Take it out; when this returns 0 no handler can still be looking at it and
 * the memory may be reused.
 * Blocks : until the deadline, for a handler that looks
 * Errors : YANK_EINVAL not a live handle; YANK_EBUSY a stopped G sits there;
 *          YANK_ETIMEDOUT nothing stops there any more, but call again before
 *          reusing the memory */
YANK_API int yank_code_remove(struct yank_code *code, int64_t deadline_ns);

/* Register the calling module's own marked code, for a shared object that is
 * not the one that called yank_init().  YANK_EINVAL: it has none. */
#define yank_code_add_module(out)                                            \
    yank_code_add_text(YANK_TEXT_LO, YANK_TEXT_HI, (out))
YANK_API int yank_code_add_text(const void *lo, const void *hi,
                                struct yank_code **out);

/* Is pc in code that may be stopped?  AS-safe: yes. */
YANK_API bool yank_code_is_registered(uintptr_t pc);

YANK_END_DECLS

#endif
