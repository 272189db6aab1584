/* What every_instruction_riscv64.c and .S agree on: struct riscv64_body.
 * Preprocessor lines only; the .c asserts the offsets. */
#ifndef EVERY_INSTRUCTION_RISCV64_H
#define EVERY_INSTRUCTION_RISCV64_H

#define BODY_OUT 0    /* 64 words */
#define BODY_TEXT 512 /* 256 bytes */
#define BODY_COPY 768 /* 256 bytes */
#define BODY_F 1024   /* 32 words: f0 ... f31 */

#endif
