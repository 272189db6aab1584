/* A load from memory that is not there, of which the test knows where it is:
 * windows_fault_<cpu>.c. */
#ifndef YANK_TESTS_WINDOWS_FAULT_H
#define YANK_TESTS_WINDOWS_FAULT_H

#include <stdint.h>
#include <windows.h>

/* In registered code. */
uint64_t fault_load(const void *hole);
/* Is this the context of that load, about to load?  Then let it have loaded
 * value. */
BOOL fault_finish(CONTEXT *c, uint64_t value);

#endif
