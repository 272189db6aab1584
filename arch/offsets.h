/* Where the .S files find the fields of core/types.h, on 64-bit CPUs; offsets.c
 * static_asserts each.  Preprocessor lines only. */
#ifndef YANK_OFFSETS_H
#define YANK_OFFSETS_H

#include "asm.h"

/* struct yank_g */
#define YANK_G_SP 8
#define YANK_G_BLOCKS 16
#define YANK_G_CALL_FN 24
#define YANK_G_M 88
#define YANK_G_ENTRY 304
#define YANK_G_USER 312
#define YANK_G_OS_STACK 344

/* struct yank_m */
#define YANK_M_G0_SP 0
#define YANK_M_CURG 8
#define YANK_M_SPARE 16
#define YANK_M_CACHE 24
#define YANK_M_OS_G0 312

/* struct yank_vector_block */
#define YANK_BLOCK_NEXT 0
#define YANK_BLOCK_FRAME_SP 8
#define YANK_BLOCK_SPARE 16
#define YANK_BLOCK_AREA 64

/* struct yank_call_saved; what reg[] holds is each CPU's own. */
#define YANK_SAVED_SP 0
#define YANK_SAVED_PC 8
#define YANK_SAVED_REG 16
#define YANK_SAVED_REGS 12

#endif
