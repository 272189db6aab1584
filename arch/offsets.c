/* The proof of offsets.h. */
#include "offsets.h"

#include "../core/types.h"

#define SAME(number, type, field)                                              \
    _Static_assert((number) == offsetof(type, field), #number)
SAME(YANK_G_SP, struct yank_g, sp);
SAME(YANK_G_BLOCKS, struct yank_g, blocks);
SAME(YANK_G_CALL_FN, struct yank_g, call_fn);
SAME(YANK_G_M, struct yank_g, m);
SAME(YANK_G_ENTRY, struct yank_g, entry);
SAME(YANK_G_USER, struct yank_g, user);
SAME(YANK_G_OS_STACK, struct yank_g, os_stack);
SAME(YANK_M_G0_SP, struct yank_m, g0_sp);
SAME(YANK_M_CURG, struct yank_m, curg);
SAME(YANK_M_SPARE, struct yank_m, spare);
SAME(YANK_M_CACHE, struct yank_m, cache);
SAME(YANK_M_OS_G0, struct yank_m, os_g0);
SAME(YANK_BLOCK_NEXT, struct yank_vector_block, next);
SAME(YANK_BLOCK_FRAME_SP, struct yank_vector_block, frame_sp);
SAME(YANK_BLOCK_SPARE, struct yank_vector_block, spare);
SAME(YANK_BLOCK_AREA, struct yank_vector_block, area);
SAME(YANK_SAVED_SP, struct yank_call_saved, sp);
SAME(YANK_SAVED_PC, struct yank_call_saved, pc);
SAME(YANK_SAVED_REG, struct yank_call_saved, reg);
_Static_assert(sizeof(struct yank_call_saved) ==
                   YANK_SAVED_REG + YANK_SAVED_REGS * 8,
               "YANK_SAVED_REGS");
