/* What fidelity_arm64.c and fidelity_arm64.S agree on: every register that user
 * code can hold.  Preprocessor lines only; the .c asserts the offsets. */
#ifndef FIDELITY_ARM64_H
#define FIDELITY_ARM64_H

#define FID_GPR 0        /* x0 ... x30 */
#define FID_SP 248       /* how far it moved: 0 */
#define FID_RED 256      /* the red zone, from SP-16 upwards */
#define FID_NZCV 272
#define FID_FPSR 280
#define FID_FPCR 288
#define FID_VECTORS 320
#define FID_V_BYTES 512
/* With SVE: Z0-Z31, P0-P15, FFR, each as long as it is, with room for the
 * longest. */
#define FID_P (FID_VECTORS + 32 * 256)
#define FID_FFR (FID_P + 16 * 32)
#define FID_BYTES (FID_FFR + 32)

/* x19-x29, d8-d15, FPCR. */
#define FID_KEPT 20

/* fidelity_level: which vector registers there are. */
#define FID_NEON 0
#define FID_SVE 1

/* What fidelity_look may find wrong with the state of a C function's entry:
 * bits of fidelity_bad_entry. */
#define FID_BAD_FPCR 1
#define FID_BAD_STACK 2

/* Toward zero, flush to zero, default NaN, alternative half precision. */
#define FID_FPCR_SPOILT 0x07c00000

#endif
