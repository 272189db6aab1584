/* The last steps on g0 of a thread that goes on as a G. */
#include "../../arch/offsets.h"

/* void yank_windows_arm64_leave_g0(struct yank_m *m, struct yank_g *g,
 *                                  uintptr_t sp, CONTEXT *context,
 *                                  LONG (*fn)(CONTEXT *, BOOLEAN))
 * fn(context, FALSE), which does not return and needs no stack, from sp on g's:
 * for it changes the SP, and the bounds of the stack in the thread's
 * environment block have to change at the same place.  The context stays on
 * g0, where nothing runs meanwhile.
 *
 * Clobbers: all
 * Unwind:   nobody called this */
FUNC SYM(yank_windows_arm64_leave_g0)
    .cfi_startproc
    .cfi_undefined x30
    LANDING_PAD
    OS_STACK_LEAVE x0, YANK_M_OS_G0
    mov     sp, x2
    OS_STACK_ENTER x1, YANK_G_OS_STACK
    mov     x0, x3
    mov     w1, #0
    br      x4
    .cfi_endproc
END SYM(yank_windows_arm64_leave_g0)
