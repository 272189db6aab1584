/* Unmodified Lua 5.4 from the system's static library, whose code the build
 * marked as preemptible: no hook, no poll, no count.
 *
 * Lua is never stopped inside malloc: that is libc's code, which is not
 * registered.  An abandoned interpreter is not closed, since it may be in the
 * middle of anything. */
#include "demo.h"

#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The scripts' folder, and a text for them to work on: from CMake. */
#define TEXT_BYTES (256 * 1024)

static char text[TEXT_BYTES];
static size_t text_length;

struct script {
    const char *name; /* as in demo_kinds */
    char *source;     /* null: name is the source */
    size_t length;
};
static struct script scripts[DEMO_KINDS];
static int n_scripts;

/* --- files -------------------------------------------------------------- */

static char *read_file(const char *path, size_t *length)
{
    FILE *f = fopen(path, "rb");
    char *bytes = malloc(TEXT_BYTES);

    if (f == NULL || bytes == NULL) {
        if (f != NULL)
            fclose(f);
        free(bytes);
        return NULL;
    }
    *length = fread(bytes, 1, TEXT_BYTES, f);
    fclose(f);
    return bytes;
}

static void add_text(const char *bytes, size_t n)
{
    if (n > TEXT_BYTES - text_length)
        n = TEXT_BYTES - text_length;
    memcpy(text + text_length, bytes, n);
    text_length += n;
}

static bool load_script(const char *name)
{
    struct script *s = &scripts[n_scripts];
    char path[1024];

    for (int i = 0; i < n_scripts; i++)
        if (strcmp(scripts[i].name, name) == 0)
            return true;
    s->name = name;
    if (strstr(name, ".lua") != NULL) {
        snprintf(path, sizeof path, "%s/%s", DEMO_SCRIPTS, name);
        s->source = read_file(path, &s->length);
        if (s->source == NULL) {
            fprintf(stderr, "yank-demo: cannot read %s\n", path);
            return false;
        }
        add_text(s->source, s->length);
    }
    n_scripts++;
    return true;
}

bool demo_lua_load(void)
{
    size_t n;
    char *license = read_file(DEMO_TEXT, &n);

    if (license != NULL)
        add_text(license, n);
    free(license);
    for (int i = 0; i < DEMO_KINDS; i++)
        if (demo_kinds[i].script != NULL && !load_script(demo_kinds[i].script))
            return false;
    return true;
}

/* --- an interpreter ----------------------------------------------------- */

static const struct script *find(const char *name)
{
    const struct script *s = scripts;

    while (strcmp(s->name, name) != 0)
        s++;
    return s;
}

/* The script's value or error is on the stack; true: a value. */
static bool run(lua_State *lua, const char *name)
{
    const struct script *s = find(name);
    const char *source = s->source != NULL ? s->source : s->name;
    size_t length = s->source != NULL ? s->length : strlen(s->name);

    luaL_openlibs(lua);
    lua_pushlstring(lua, text, text_length);
    lua_setglobal(lua, "TEXT");
    return luaL_loadbuffer(lua, source, length, name) == LUA_OK &&
           lua_pcall(lua, 0, 1, 0) == LUA_OK;
}

bool demo_lua_job(const struct demo_kind *kind, void **state, char *result)
{
    lua_State *lua = luaL_newstate();
    const char *value;
    bool ok;

    *state = lua;
    if (lua == NULL) {
        snprintf(result, DEMO_RESULT_BYTES, "no memory for an interpreter");
        return false;
    }
    ok = run(lua, kind->script);
    value = lua_tostring(lua, -1);
    snprintf(result, DEMO_RESULT_BYTES, "%s", value != NULL ? value : "none");
    lua_close(lua);
    *state = NULL;
    return ok;
}

void demo_lua_endless(const struct demo_kind *kind, void **state)
{
    char result[DEMO_RESULT_BYTES];

    /* Coming back is an error in itself, which the caller reports. */
    demo_lua_job(kind, state, result);
}
