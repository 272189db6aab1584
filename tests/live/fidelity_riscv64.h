/* What fidelity_riscv64.c and fidelity_riscv64.S agree on: every register that
 * user code can hold.  Preprocessor lines only; the .c asserts the offsets. */
#ifndef FIDELITY_RISCV64_H
#define FIDELITY_RISCV64_H

#define FID_GPR 0 /* x0 ... x31; of sp how far it moved: 0; tp is left alone   \
                   */
#define FID_SP 16
#define FID_F 256 /* f0 ... f31 */
#define FID_FCSR 512
#define FID_BYTES 576

/* s0-s11, fs0-fs11, frm. */
#define FID_KEPT 25

/* What fidelity_look may find wrong with the state of a C function's entry:
 * bits of fidelity_bad_entry. */
#define FID_BAD_FRM 1
#define FID_BAD_STACK 2

#define FID_FRM_SPOILT 2 /* down */

#endif
