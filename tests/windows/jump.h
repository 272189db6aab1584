/* setjmp() and longjmp() out of code that was stopped.  With a frame to go to,
 * as setjmp() gives it, longjmp() unwinds all between; at an arbitrary
 * instruction, as in a prologue, that can go wrong.  Without one it only loads
 * the registers. */
#ifndef YANK_TESTS_JUMP_H
#define YANK_TESTS_JUMP_H

#include <setjmp.h>

#define test_setjmp(buffer) _setjmp(buffer, NULL)
#define test_longjmp(buffer, value) longjmp(buffer, value)

#endif
