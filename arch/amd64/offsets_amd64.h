/* Numbers that the .S files share with C.  Preprocessor lines only. */
#ifndef YANK_OFFSETS_AMD64_H
#define YANK_OFFSETS_AMD64_H

#include "../offsets.h"

/* The CPU's layout of an XSAVE area. */
#define YANK_BLOCK_XSTATE_BV (YANK_BLOCK_AREA + 512)
#define YANK_XSTATE_X87 1

/* struct yank_call_saved; reg[] holds rbx rbp r12 r13 r14 r15, and rdi rsi
 * where callees keep them. */
#define YANK_SAVED_BYTES (120 + YANK_SHADOW) /* on the stack, which it aligns */

/* What the switch keeps on the stack: vectors, MXCSR and x87 control word, and
 * the general registers above. */
#define YANK_KEPT_CONTROL YANK_KEPT_XMM
#define YANK_KEPT_BYTES (YANK_KEPT_CONTROL + 8) /* below the pushes */
#define YANK_KEPT_RETURN (YANK_KEPT_BYTES + YANK_KEPT_GPRS * 8)

/* The spill's frame, upwards from SP: r15 ... rax, flags, M, resume PC, red
 * zone, and then what was SP when the code was interrupted. */
#define YANK_FRAME_GPRS (15 * 8)
#define YANK_FRAME_FLAGS YANK_FRAME_GPRS
#define YANK_FRAME_M (YANK_FRAME_GPRS + 8)
#define YANK_FRAME_BYTES (YANK_FRAME_M + 2 * 8)
/* Below the frame: the call that leaves for g0, and nothing else. */
#define YANK_FRAME_BELOW 8

/* How the vector registers are saved (yank_amd64_vector_op). */
#define YANK_OP_XSAVEC 0
#define YANK_OP_XSAVE 1
#define YANK_OP_FXSAVE 2

/* What the ABI promises a C function: all exceptions masked, round to
 * nearest (YANK_FCW_DEFAULT: asm.h); flags with DF, AC and NT clear (bit 1 is
 * always set). */
#define YANK_MXCSR_DEFAULT 0x1f80
#define YANK_FLAGS_DEFAULT 0x2
#define YANK_FLAGS_NOT_C 0x44400 /* DF, NT, AC */

#endif
