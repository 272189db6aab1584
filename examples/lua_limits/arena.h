/* All memory of one interpreter: counted, limited, and freed in one go, also
 * where the interpreter was abandoned in the middle of something. */
#ifndef ARENA_H
#define ARENA_H

#include <stddef.h>

struct arena;
struct arena *arena_new(size_t limit);
/* A lua_Alloc; arena is the ud. */
void *arena_lua(void *arena, void *p, size_t old_size, size_t new_size);
void arena_free(struct arena *arena);

#endif
