/* What the tasks do, in the order in which --tasks takes them. */
#include "demo.h"

const struct demo_kind demo_kinds[DEMO_KINDS] = {
    { .name = "lua-while-true",
      .endless = demo_lua_endless,
      .script = "while true do end" },
    { .name = "lua-queens", .job = demo_lua_job, .script = "queens.lua" },
    { .name = "c-empty-loop", .endless = demo_empty_loop },
    { .name = "c-hash", .job = demo_hash },
    { .name = "lua-alloc-loop",
      .endless = demo_lua_endless,
      .script = "alloc_loop.lua" },
    { .name = "lua-nbody", .job = demo_lua_job, .script = "nbody.lua" },
    { .name = "c-call-free-loop", .endless = demo_call_free_loop },
    { .name = "c-sieve", .job = demo_sieve },
    { .name = "c-avx-loop",
      .endless = demo_avx_loop,
      .supported = demo_avx_supported },
    { .name = "lua-strings", .job = demo_lua_job, .script = "strings.lua" },
    { .name = "c-float-loop", .endless = demo_float_loop },
    { .name = "lua-words", .job = demo_lua_job, .script = "words.lua" },
    { .name = "c-calls-loop", .endless = demo_calls_loop },
    { .name = "c-matrix", .job = demo_matrix },
    { .name = "lua-json", .job = demo_lua_job, .script = "json.lua" },
    /* Two of them, so that their shares can be compared. */
    { .name = "lua-while-true",
      .endless = demo_lua_endless,
      .script = "while true do end" },
};
