/* Untrusted Lua scripts share a few threads; each has so much memory, CPU and
 * wall time.  Whoever is too slow is first asked: a Lua hook raises an error
 * in it, which also a loop without calls gets, because Yank makes it set that
 * hook on itself.  Whoever does not go then (it sits in a C function, or in a
 * coroutine, which has hooks of its own) is abandoned. */
#include "arena.h"

#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yank/sched.h>

#define MS 1000000ll
#define MEMORY ((size_t)8 << 20)

struct script {
    const char *name, *source; /* source null: name is a file */
    struct arena *memory;
    lua_State *lua;
    int rc; /* of Lua */
    struct yank_task *task;
};

static const struct script shipped[] = {
    { .name = "sum", .source = "local s = 0 for i = 1, 1e6 do s = s + i end" },
    { .name = "error", .source = "error('on purpose')" },
    { .name = "memory", .source = "local t = {} while true do t[#t + 1] = "
                                  "('x'):rep(1000) .. #t end" },
    { .name = "loop", .source = "while true do end" },
    { .name = "pcall", .source = "while true do pcall(function() "
                                 "while true do end end) end" },
    { .name = "coroutine",
      .source = "coroutine.wrap(function() while true do end end)()" },
    { .name = "pattern",
      .source = "return ('a'):rep(40):find(('a?'):rep(40) .. 'b')" },
};
#define SHIPPED (sizeof shipped / sizeof shipped[0])

/* --- a script as a task ------------------------------------------------- */

static void body(void *arg)
{
    struct script *s = arg;

    s->rc = s->source != NULL
                ? luaL_loadbuffer(s->lua, s->source, strlen(s->source), s->name)
                : luaL_loadfile(s->lua, s->name);
    if (s->rc == LUA_OK)
        s->rc = lua_pcall(s->lua, 0, 0, 0);
}

/* It stays set, so that no pcall can hide the error. */
static void stop_hook(lua_State *lua, lua_Debug *where)
{
    (void)where;
    luaL_error(lua, "out of time");
}

/* On the task's own stack, where it was stopped; made for signal handlers. */
static void arm(void *arg)
{
    lua_sethook(((struct script *)arg)->lua, stop_hook, LUA_MASKCOUNT, 1);
}

static int start(struct script *s, struct yank_sched *sched, int64_t cpu_ns)
{
    struct yank_task_attr attr = { .struct_size = sizeof attr,
                                   .name = s->name,
                                   .cpu_limit_ns = cpu_ns };

    s->memory = arena_new(MEMORY);
    s->lua = s->memory != NULL ? lua_newstate(arena_lua, s->memory) : NULL;
    if (s->lua == NULL)
        return YANK_ENOMEM;
    luaL_openlibs(s->lua);
    return yank_go(sched, body, s, &attr, &s->task);
}

/* --- its end ------------------------------------------------------------ */

/* The soft way, then the hard one. */
static void end_script(struct script *s, int64_t wall_ns)
{
    struct yank_stop stop;

    if (yank_join(s->task, yank_now_ns() + wall_ns, NULL) == YANK_OK)
        return;
    if (yank_task_suspend(s->task, yank_now_ns() + 50 * MS, &stop) == YANK_OK)
        yank_resume_call(&stop, arm, s);
    if (yank_join(s->task, yank_now_ns() + 50 * MS, NULL) == YANK_OK)
        return;
    if (yank_task_suspend(s->task, YANK_NO_DEADLINE, &stop) == YANK_OK)
        yank_abandon_g(&stop);
    yank_join(s->task, YANK_NO_DEADLINE, NULL);
}

static void tell(struct script *s)
{
    struct yank_task_stats stats;
    enum yank_task_end end;

    yank_join(s->task, YANK_NO_DEADLINE, &end);
    yank_task_stats(s->task, &stats);
    printf("%-12s %-20s %8.1f ms %6llu preemptions  %s\n", s->name,
           yank_task_end_name(end), (double)stats.cpu_ns / MS,
           (unsigned long long)stats.preemptions,
           end != YANK_END_RETURNED ? "" : s->rc == LUA_OK ? "ok"
                                     : lua_tostring(s->lua, -1));
    if (end == YANK_END_RETURNED)
        lua_close(s->lua); /* never where it was cut off */
    arena_free(s->memory);
    yank_task_release(s->task);
}

static int run_all(struct script *scripts, size_t n, int64_t cpu_ns,
                   int64_t wall_ns)
{
    struct yank_sched *sched;
    int rc = yank_init(NULL);

    if (rc == YANK_OK)
        rc = yank_sched_start(NULL, &sched);
    for (size_t i = 0; i < n && rc == YANK_OK; i++)
        rc = start(&scripts[i], sched, cpu_ns);
    if (rc != YANK_OK) { /* e.g. this build has no stack switch */
        fprintf(stderr, "yank-lua-limits: %s\n", yank_strerror(rc));
        return 1;
    }
    for (size_t i = 0; i < n; i++) {
        end_script(&scripts[i], wall_ns);
        tell(&scripts[i]);
    }
    rc = yank_sched_stop(sched);
    return rc == YANK_OK ? yank_fini() != YANK_OK : 1;
}

/* --- the command -------------------------------------------------------- */

static const char usage[] =
    "usage: yank-lua-limits [--cpu-ms N] [--wall-ms N] [FILE.lua...]\n\n"
    "Run Lua scripts together, each with limits; without FILE some that come\n"
    "with this program, most of which do not end.\n"
    "Exit: 0 all were run and ended, 1 they could not be, 2 wrong arguments\n";

static int64_t milliseconds(const char *text)
{
    char *end;
    long n = strtol(text, &end, 10);

    if (n > 0 && n <= 3600000 && *end == '\0')
        return n * MS;
    fputs(usage, stderr);
    exit(2);
}

int main(int argc, char **argv)
{
    int64_t cpu_ns = 300 * MS, wall_ns = 500 * MS;
    struct script *scripts;
    int i = 1;
    size_t n;

    for (; i < argc && argv[i][0] == '-'; i++) {
        if (strcmp(argv[i], "--help") == 0)
            return fputs(usage, stdout) < 0;
        if (i + 1 < argc && strcmp(argv[i], "--cpu-ms") == 0)
            cpu_ns = milliseconds(argv[++i]);
        else if (i + 1 < argc && strcmp(argv[i], "--wall-ms") == 0)
            wall_ns = milliseconds(argv[++i]);
        else
            return fputs(usage, stderr), 2;
    }
    n = i < argc ? (size_t)(argc - i) : SHIPPED;
    scripts = calloc(n, sizeof *scripts);
    if (scripts == NULL)
        return 1;
    for (size_t k = 0; k < n; k++)
        scripts[k] = i < argc ? (struct script){ .name = argv[i + (int)k] }
                              : shipped[k];
    return run_all(scripts, n, cpu_ns, wall_ns);
}
