/* What a .S file needs of the object format and of the CPU's branch targets.
 * The one place of arch/ with conditionals.  A new format adds its block of
 * symbol macros here and changes no .S: Mach-O needs SYM(x) _##x,
 * .private_extern and no .type or .size.
 *
 * Multi-statement macros are .macro: Apple's arm64 assembler reads ';' as the
 * start of a comment, so "#define A b ; c" would silently lose c. */
#ifndef YANK_ASM_H
#define YANK_ASM_H

/* Bytes below the SP that belong to the interrupted code; by ABI. */
#if defined(__ELF__) && defined(__x86_64__)
#define YANK_RED_ZONE 128
#elif defined(__ELF__) && defined(__aarch64__)
#define YANK_RED_ZONE 16 /* AAPCS64 has none; Go keeps a frame pointer there */
#elif defined(__ELF__) && defined(__riscv)
#define YANK_RED_ZONE 0
#elif defined(_WIN32) && defined(__x86_64__)
#define YANK_RED_ZONE 0
#elif defined(_WIN32) && defined(__aarch64__)
#define YANK_RED_ZONE 16 /* for tools that patch code; no compiler's */
#else
#error "arch/asm.h: say what the red zone is here"
#endif

#if defined(__ELF__)

/* C's name of a symbol. */
#define SYM(name) name

#if defined(__ASSEMBLER__)

/* No executable stack.  On amd64 no GNU property note at all: <cet.h> or
 * -fcf-protection would write one that claims shadow-stack compatibility, which
 * an injected call cannot have.  On arm64 one that claims BTI and no more, or a
 * program with Yank in it would lose BTI. */
    .section .note.GNU-stack, "", %progbits
#if defined(__aarch64__)
    .section .note.gnu.property, "a", %note
    .p2align 3
    .long   4, 16, 5                    /* name, descriptor, type: property */
    .asciz  "GNU"
    .long   0xc0000000, 4, 1, 0         /* FEATURE_1_AND: BTI */
#endif
    .text

/* A function that only the library sees. */
    .macro FUNC name
    .p2align 4
    .globl  \name
    .hidden \name
    .type   \name, %function
\name:
    .endm

/* A function of the public headers. */
    .macro FUNC_PUBLIC name
    .p2align 4
    .globl  \name
    .type   \name, %function
\name:
    .endm

    .macro END name
    .size   \name, . - \name
    .endm

/* A place that C compares addresses with. */
    .macro LABEL name
    .globl  \name
    .hidden \name
\name:
    .endm

/* A symbol of the library's C files, which is never reached by way of the
 * PLT: its resolver needs more stack than there is at an interrupted PC. */
    .macro EXTERN name
    .hidden \name
    .endm

/* Where YANK_TEXT puts code; constants; CODE goes back. */
    .macro YANK_TEXT_SECTION
    .section yank_text, "ax", %progbits
    .endm

    .macro RODATA
    .section .rodata
    .endm

    .macro CODE
    .text
    .endm

#endif /* __ASSEMBLER__ */

#elif defined(_WIN32) /* COFF */

#define SYM(name) name

#if defined(__ASSEMBLER__)

    .text

/* An object file hides nothing from others: what a DLL exports is listed. */
    .macro FUNC name
    .p2align 4
    .globl  \name
    .def    \name
    .scl    2
    .type   32
    .endef
\name:
    .endm

    .macro FUNC_PUBLIC name
    FUNC    \name
    .endm

    .macro END name
    .endm

    .macro LABEL name
    .globl  \name
\name:
    .endm

    .macro EXTERN name
    .endm

    .macro YANK_TEXT_SECTION
    .section .yank$m, "xr"
    .endm

    .macro RODATA
    .section .rdata, "dr"
    .endm

    .macro CODE
    .text
    .endm

#endif /* __ASSEMBLER__ */

#else
#error "arch/asm.h: add the symbol macros of this object format"
#endif

#if defined(__x86_64__) && defined(_WIN32)
#include "amd64/abi_windows_amd64.h"
#elif defined(__x86_64__)
#include "amd64/abi_sysv_amd64.h"
#elif defined(__aarch64__) && defined(_WIN32)
#include "arm64/abi_windows_arm64.h"
#elif defined(__aarch64__)
#include "arm64/abi_aapcs_arm64.h"
#endif

#if defined(__ASSEMBLER__)

/* Where an indirect branch may land, for IBT and BTI.  By hand, see above.
 * And how arm64 names an address: the same in ELF and COFF. */
#if defined(__x86_64__)
    .macro LANDING_PAD
    endbr64
    .endm
#elif defined(__aarch64__)
    .macro LANDING_PAD
    hint    #34
    .endm

/* The address of a symbol of the library, and the 32 bits there, in x\n. */
    .macro ADDRESS n, name
    adrp    x\n, \name
    add     x\n, x\n, #:lo12:\name
    .endm

    .macro LOAD_U32 n, name
    adrp    x\n, \name
    ldr     w\n, [x\n, #:lo12:\name]
    .endm
#elif defined(__riscv)
    .macro LANDING_PAD
    .endm
#endif

#endif /* __ASSEMBLER__ */

#endif
