/* What every_instruction_arm64.c and .S agree on: struct arm64_body.
 * Preprocessor lines only; the .c asserts the offsets. */
#ifndef EVERY_INSTRUCTION_ARM64_H
#define EVERY_INSTRUCTION_ARM64_H

#define BODY_OUT 0       /* 64 words */
#define BODY_TEXT 512    /* 256 bytes */
#define BODY_COPY 768    /* 256 bytes */
#define BODY_FPCR 1024
#define BODY_ATOMICS 1032 /* bool: LSE */
#define BODY_SVE 1040    /* bool */
#define BODY_VECTOR 1280 /* 2816 bytes */

#endif
