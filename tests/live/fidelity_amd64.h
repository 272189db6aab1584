/* What fidelity_amd64.c and fidelity_amd64.S agree on: every register that user
 * code can hold.  Preprocessor lines only; the .c asserts the offsets. */
#ifndef FIDELITY_AMD64_H
#define FIDELITY_AMD64_H

#include "arch/amd64/offsets_amd64.h"

#define FID_GPR 0        /* rax rcx rdx rbx rbp rsi rdi r8 ... r15 */
#define FID_FLAGS 120
#define FID_RED 128      /* from SP-128 upwards, where there is a red zone */
#define FID_MXCSR 256
#define FID_CW 260
#define FID_SW 262
#define FID_TAG 264
#define FID_X87 272      /* 8 of 16 bytes */
#define FID_K 400
#define FID_ZMM 512
#define FID_BYTES 2560

/* What C callees keep, in words: rbx rbp r12 r13 r14 r15, and rdi rsi; MXCSR
 * and x87 control word in one; and xmm6 to xmm15. */
#define FID_KEPT_CONTROL (YANK_KEPT_GPRS * 8)
#define FID_KEPT_XMM (FID_KEPT_CONTROL + 8)
#define FID_KEPT (FID_KEPT_XMM / 8 + YANK_KEPT_XMM / 8)

/* struct kept_call */
#define FID_CALL_FN 0
#define FID_CALL_ARG 8
#define FID_CALL_OUT 40

/* fidelity_level: which vector registers there are. */
#define FID_SSE 0
#define FID_AVX 1
#define FID_AVX512 2

/* What fidelity_look may find wrong with the state of a C function's entry:
 * bits of fidelity_bad_entry. */
#define FID_BAD_FLAGS 1
#define FID_BAD_MXCSR 2
#define FID_BAD_CW 4
#define FID_BAD_TAG 8
#define FID_BAD_UPPER 16
#define FID_BAD_STACK 32

/* DF, NT, AC: clear for C. */
#define FID_FLAGS_NOT_C 0x44400

#endif
