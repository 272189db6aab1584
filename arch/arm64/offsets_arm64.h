/* Numbers that the .S files share with C; arm64.c static_asserts them.
 * Preprocessor lines only. */
#ifndef YANK_OFFSETS_ARM64_H
#define YANK_OFFSETS_ARM64_H

#include "../offsets.h"

/* The register that registered code never uses (-ffixed-xN) and by which the
 * stub may leave; 0: there is none, and it leaves by way of the kernel. */
#ifndef YANK_ARM64_SCRATCH
#define YANK_ARM64_SCRATCH 0
#endif

/* struct yank_arm64_frame, the spill's frame, upwards from SP: x0 ... x30, PC,
 * PSTATE, M; then the red zone, and then what was SP when the code was
 * interrupted.  push_call writes from x30 on. */
#define YANK_FRAME_LR (30 * 8)
#define YANK_FRAME_PC (YANK_FRAME_LR + 8)
#define YANK_FRAME_PSTATE (YANK_FRAME_PC + 8)
#define YANK_FRAME_M (YANK_FRAME_PSTATE + 8)
#define YANK_FRAME_BYTES (YANK_FRAME_M + 8)
#define YANK_FRAME_PUSHED (YANK_FRAME_BYTES - YANK_FRAME_LR)
/* Below the frame: the frame record of the call that leaves for g0. */
#define YANK_FRAME_BELOW 16

/* struct yank_arm64_vectors in a block. */
#define YANK_VECTORS_FPSR YANK_BLOCK_AREA
#define YANK_VECTORS_VL (YANK_BLOCK_AREA + 8)
#define YANK_VECTORS_REG (YANK_BLOCK_AREA + 16)

/* struct yank_call_saved; reg[] holds x19 ... x29. */
#define YANK_SAVED_BYTES (YANK_SAVED_REG + YANK_SAVED_REGS * 8)

/* Where unwinders find the interrupted PC: x30 is the interrupted code's own,
 * which may hold its return address there.  The first number is the return
 * column and gcc's for this (DWARF_ALT_FRAME_RETURN_COLUMN), the only one that
 * libgcc has room for; gdb reads the second, DWARF's for the PC. */
#define YANK_PC_COLUMN 96
#define YANK_PC_REGISTER 32

#endif
