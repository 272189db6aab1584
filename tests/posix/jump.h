/* setjmp() and longjmp() out of code that was stopped. */
#ifndef YANK_TESTS_JUMP_H
#define YANK_TESTS_JUMP_H

#include <setjmp.h>

#define test_setjmp(buffer) setjmp(buffer)
#define test_longjmp(buffer, value) longjmp(buffer, value)

#endif
