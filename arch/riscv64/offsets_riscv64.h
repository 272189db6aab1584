/* Numbers that the .S files share with C; riscv64.c static_asserts them.
 * Preprocessor lines only. */
#ifndef YANK_OFFSETS_RISCV64_H
#define YANK_OFFSETS_RISCV64_H

#include "../offsets.h"

/* struct yank_riscv64_frame, the spill's frame, upwards from SP: the PC and x1
 * ... x31 as Linux has them in a signal frame, M; then what was SP when the
 * code was interrupted.  push_call writes the PC and M. */
#define YANK_FRAME_PC 0
#define YANK_FRAME_M (32 * 8)
#define YANK_FRAME_BYTES (YANK_FRAME_M + 16)
/* Below the frame: the frame record of the call that leaves for g0. */
#define YANK_FRAME_BELOW 16

/* struct yank_riscv64_vectors in a block. */
#define YANK_VECTORS_F YANK_BLOCK_AREA
#define YANK_VECTORS_FCSR (YANK_BLOCK_AREA + 32 * 8)

/* struct yank_call_saved; reg[] holds s0 ... s11. */
#define YANK_SAVED_BYTES (YANK_SAVED_REG + YANK_SAVED_REGS * 8)

/* Where the interrupted PC is kept for unwinders: ra is the interrupted code's
 * own, which it may hold its return address in.  The number is the psABI's for
 * this, the alternate frame return column, which libgcc has a place for. */
#define YANK_PC_COLUMN 64

#endif
