/* The explorer: plain run, all runs with up to `bound` deviations (as many as
 * `runs` allows, sampled evenly beyond that), then random walks.  With
 * YANK_SCHEDULE=name:at.choice,... it replays one run and prints each step. */
#include "arena.h"
#include "fake.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHOICES 60000
#define DEVIATIONS 8
#define RUNS 6000
#define WALKS 1000

struct deviation {
    unsigned at, choice;
};

/* This run: what to do, and what there was to choose from. */
static struct deviation plan[256];
static unsigned planned, taken;
static struct deviation done[256];
static unsigned dones;
static unsigned char options[CHOICES];
static unsigned choices;
static uint64_t walk; /* not 0: random */
static unsigned walk_rarity;
static unsigned long runs;
static uint64_t sampler = 88172645463325252u;

const char *explore_schedule(void);

static uint64_t next_random(uint64_t *s)
{
    *s ^= *s << 13;
    *s ^= *s >> 7;
    *s ^= *s << 17;
    return *s;
}

const char *explore_schedule(void)
{
    static char text[4096];
    size_t used = 0;

    text[0] = '\0';
    for (unsigned i = 0; i < dones && used + 32 < sizeof text; i++)
        used += (size_t)snprintf(text + used, sizeof text - used, "%s%u.%u",
                                 i == 0 ? "" : ",", done[i].at, done[i].choice);
    return text;
}

unsigned long explored_runs(void)
{
    return runs;
}

unsigned fake_choose(unsigned n, const char *what)
{
    unsigned at = choices, c = 0;

    if (n < 2 || script_active() || fake.cur == NULL || fake.quiet != 0)
        return 0;
    if (at < CHOICES)
        options[at] = (unsigned char)n;
    choices++;
    if (walk != 0) {
        if (next_random(&walk) % walk_rarity == 0)
            c = (unsigned)(next_random(&walk) % n);
    } else if (taken < planned && plan[taken].at == at) {
        c = plan[taken++].choice;
        if (c >= n)
            fake_fail(__FILE__, __LINE__, "not a function of the schedule");
    }
    if (c != 0 && dones < YANK_ARRAY_LEN(done))
        done[dones++] = (struct deviation){ at, c };
    if (c != 0 && fake.trace)
        fprintf(stderr, "------ %u.%u %s\n", at, c, what);
    return c;
}

void fake_begin(const struct fake_spec *spec)
{
    static const struct yank_code_desc safe = { FAKE_USER_LO, FAKE_USER_HI,
                                                YANK_CODE_SAFE };
    static const struct yank_code_desc mobile = {
        FAKE_FREE_LO, FAKE_FREE_HI, YANK_CODE_SAFE | YANK_CODE_MIGRATABLE
    };

    fake_reset(spec);
    if (!spec->no_init) {
        struct yank_options o = { .struct_size = sizeof o };
        if (spec->options != NULL)
            o = *spec->options;
        o.alloc = arena_alloc;
        o.release = arena_release;
        must_rc(yank_init_module(&o, YANK_VERSION, NULL, NULL), YANK_OK);
        must_rc(yank_code_add(&safe, &fake.code[0]), YANK_OK);
        must_rc(yank_code_add(&mobile, &fake.code[1]), YANK_OK);
    }
    spec->setup();
}

void fake_end(const struct fake_spec *spec)
{
    if (spec->check != NULL)
        spec->check();
    if (spec->no_init)
        return;
    /* Busy, if a stop were still counted. */
    must_rc(yank_code_remove(fake.code[0], 0), YANK_OK);
    must_rc(yank_code_remove(fake.code[1], 0), YANK_OK);
    must_rc(yank_fini(), YANK_OK);
    must(arena_in_use() == 0);
    arena_check();
}

static void one_run(const struct fake_spec *spec, unsigned deviations)
{
    planned = deviations;
    taken = dones = choices = 0;
    runs++;
    fake_begin(spec);
    fake_run();
    fake_end(spec);
}

/* All runs with exactly `bound` deviations that begin with the plan's first
 * `depth`.  *more: how many runs there are with one deviation more. */
static void descend(const struct fake_spec *spec, unsigned depth,
                    unsigned bound, double *more)
{
    one_run(spec, depth);
    unsigned from = depth == 0 ? 0 : plan[depth - 1].at + 1;
    unsigned to = choices < CHOICES ? choices : CHOICES;
    unsigned char *n = malloc(to + 1);
    memcpy(n, options, to);
    for (unsigned at = from; at < to; at++) {
        for (unsigned c = 1; c < n[at]; c++) {
            plan[depth] = (struct deviation){ at, c };
            if (depth == bound)
                *more += 1;
            else
                descend(spec, depth + 1, bound, more);
        }
    }
    free(n);
}

/* One random run with up to `bound` deviations, each anywhere after the one
 * before. */
static void sample(const struct fake_spec *spec, unsigned bound)
{
    unsigned from = 0, depth = 0;

    one_run(spec, 0);
    while (depth < bound && from < choices && choices <= CHOICES) {
        unsigned at =
            from + (unsigned)(next_random(&sampler) % (choices - from));
        unsigned c = 1 + (unsigned)(next_random(&sampler) % (options[at] - 1u));
        plan[depth++] = (struct deviation){ at, c };
        one_run(spec, depth);
        from = at + 1;
    }
}

static void search(const struct fake_spec *spec)
{
    double limit = spec->runs == 0 ? RUNS : spec->runs, size = 0, next = 0;
    bool all = true;

    descend(spec, 0, 0, &size);
    for (unsigned b = 1; b <= spec->bound && b <= DEVIATIONS; b++) {
        unsigned long before = runs;
        all = all && size <= limit;
        next = 0;
        if (all)
            descend(spec, 0, b, &next);
        else
            while ((double)(runs - before) < limit)
                sample(spec, b);
        if (getenv("YANK_VERBOSE") != NULL)
            fprintf(stderr, "  %s: %u deviation(s): %lu runs%s\n", spec->name,
                    b, runs - before, all ? ", all" : "");
        size = next;
    }
}

static void random_walks(const struct fake_spec *spec)
{
    const char *seed_text = getenv("YANK_SEED");
    uint64_t seed = seed_text != NULL ? strtoull(seed_text, NULL, 0) : 1;
    unsigned n = spec->walks == 0 ? WALKS : spec->walks;

    for (unsigned i = 0; i < n; i++) {
        uint64_t mix = (seed + i + 1) * 0x9e3779b97f4a7c15u;
        walk_rarity = 2u << (i % 6);
        walk = mix | 1;
        one_run(spec, 0);
    }
    walk = 0;
    if (getenv("YANK_VERBOSE") != NULL)
        fprintf(stderr, "  %s: %u walks from seed %llu\n", spec->name, n,
                (unsigned long long)seed);
}

/* True: there was a schedule, for this spec or for another. */
static bool replay(const struct fake_spec *spec)
{
    const char *s = getenv("YANK_SCHEDULE");
    size_t len = strlen(spec->name);
    char *end;

    if (s == NULL)
        return false;
    if (strncmp(s, spec->name, len) != 0 || s[len] != ':')
        return true;
    unsigned n = 0;
    for (s += len + 1; *s != '\0' && n < YANK_ARRAY_LEN(plan); n++) {
        plan[n].at = (unsigned)strtoul(s, &end, 10);
        if (*end != '.')
            break;
        plan[n].choice = (unsigned)strtoul(end + 1, &end, 10);
        s = *end == ',' ? end + 1 : end;
    }
    fake.trace = true;
    one_run(spec, n);
    fake.trace = false;
    fprintf(stderr, "replay of %s passes\n", spec->name);
    return true;
}

void explore(const struct fake_spec *spec)
{
    runs = 0;
    if (replay(spec))
        return;
    search(spec);
    random_walks(spec);
}

void explore_both(const struct fake_spec *spec)
{
    struct fake_spec suspends = *spec;
    char name[64];

    explore(spec);
    snprintf(name, sizeof name, "%s-suspends", spec->name);
    suspends.name = name;
    suspends.suspends = true;
    explore(&suspends);
}

void fake_once(const char *name, void (*setup)(void), void (*check)(void))
{
    struct fake_spec spec = { .name = name, .setup = setup, .check = check };

    run_once(&spec);
}

void run_once(const struct fake_spec *spec)
{
    fake.trace = getenv("YANK_TRACE") != NULL;
    one_run(spec, 0);
}

static void (*alone_fn)(void *);
static void *alone_arg;

static void alone_setup(void)
{
    fake_party("A", alone_fn, alone_arg);
}

void fake_alone(void (*fn)(void *), void *arg)
{
    alone_fn = fn;
    alone_arg = arg;
    fake_once("alone", alone_setup, NULL);
}
