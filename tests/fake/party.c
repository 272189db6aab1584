/* Parties and steps: who runs next. */
#include "arena.h"
#include "fake.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct fake_world fake;
static char *stacks;

/* Time that one turn of a spin loop takes. */
#define PAUSE_NS 1000

void yank_step(const char *name);

static void party_main(void *arg)
{
    struct party *p = arg;

    p->fn(p->arg);
    fake_flush(p);
    fake_block(PARTY_DONE, NULL, INT64_MAX);
    abort(); /* nobody goes on with a party that is done */
}

void fake_reset(const struct fake_spec *spec)
{
    if (stacks == NULL)
        stacks = arena_map(FAKE_PARTIES * FAKE_STACK_BYTES);
    arena_reset();
    bool trace = fake.trace;
    memset(&fake, 0, sizeof fake);
    fiber_make_thread(&fake.main);
    fake.trace = trace;
    fake.spec = spec;
    fake.clock = 1000000000;
    fake.max_steps = 60000;
    fake.processors = spec->processors == 0 ? 1 : spec->processors;
    fake_arch_reset();
}

struct party *fake_party(const char *name, void (*fn)(void *), void *arg)
{
    int id = fake.parties++;
    struct party *p = &fake.party[id];

    must(id < FAKE_PARTIES);
    *p = (struct party){ .name = name, .id = id, .fn = fn, .arg = arg };
    fiber_make(&p->fiber, stacks + (size_t)id * FAKE_STACK_BYTES,
               FAKE_STACK_BYTES, party_main, p);
    p->on = &p->fiber;
    return p;
}

/* --- store buffer --------------------------------------------------------*/

void fake_flush(struct party *p)
{
    for (unsigned i = 0; p != NULL && i < p->buffered; i++)
        memcpy((void *)(uintptr_t)p->buffer[i].at, p->buffer[i].value,
               p->buffer[i].bytes);
    if (p != NULL)
        p->buffered = 0;
}

void fake_load(const volatile void *p, void *out, size_t bytes,
               const char *name);
void fake_store(volatile void *p, const void *value, size_t bytes, int order,
                const char *name);
void fake_rmw(const char *name);

void fake_load(const volatile void *at, void *out, size_t bytes,
               const char *name)
{
    fake_step(name);
    struct party *p = fake.cur;
    memcpy(out, (const void *)(uintptr_t)at, bytes);
    for (unsigned i = 0; p != NULL && i < p->buffered; i++)
        if (p->buffer[i].at == at)
            memcpy(out, p->buffer[i].value, bytes);
}

void fake_store(volatile void *at, const void *value, size_t bytes, int order,
                const char *name)
{
    fake_step(name);
    struct party *p = fake.cur;
    bool weak = p != NULL && order != __ATOMIC_SEQ_CST && bytes <= 8 &&
                (fake.spec->may & FAKE_WEAK) != 0 &&
                p->buffered < YANK_ARRAY_LEN(p->buffer);
    bool keep =
        weak && (p->buffered > 0 || fake_choose(2, "keep the store back"));
    if (script_active() && p != NULL && fake.hold_store != NULL &&
        order != __ATOMIC_SEQ_CST && strstr(name, fake.hold_store) != NULL)
        keep = true;
    if (keep) {
        struct stored *s = &p->buffer[p->buffered++];
        s->at = at;
        s->bytes = bytes;
        memcpy(s->value, value, bytes);
        return;
    }
    fake_flush(p);
    memcpy((void *)(uintptr_t)at, value, bytes);
}

void fake_rmw(const char *name)
{
    fake_step(name);
    fake_flush(fake.cur);
}

/* --- who runs ------------------------------------------------------------*/

static bool can_take_kick(const struct party *p)
{
    return p->kick && !p->in_handler && !p->blocked && p->m != NULL;
}

bool fake_runnable(const struct party *p)
{
    if (p->suspended)
        return false;
    switch (p->state) {
    case PARTY_READY: return true;
    case PARTY_WAIT:
        return p->woken || p->until <= fake.clock || can_take_kick(p);
    case PARTY_USER:
        return can_take_kick(p) || p->until <= fake.clock ||
               atomic_load(p->word) != p->old;
    case PARTY_DONE: break;
    }
    return false;
}

void fake_switch_to(struct party *q)
{
    struct party *p = fake.cur;
    struct fiber *from = p == NULL ? &fake.main : p->on;

    fake.cur = q;
    fiber_switch(from, q == NULL ? &fake.main : q->on);
    /* Whoever came back here set fake.cur to this party. */
    fake_flush(fake.cur);
}

/* A kick that is on its way arrives at the running party, or later: a late
 * one comes at a later step of the explorer's choice, or when p blocks. */
static void take_kick(void)
{
    struct party *p = fake.cur;

    if (!can_take_kick(p) || script_holds_kicks(p))
        return;
    if (p->edited) {
        fake_handler(p); /* it has no choice */
        return;
    }
    if (p->late) {
        if (fake_choose(2, "the late kick comes") == 0)
            return;
    } else if (fake_choose(2, "the kick is late") == 1) {
        p->late = true;
        return;
    }
    fake_handler(p);
}

static unsigned timed_waiters(struct party **out)
{
    unsigned n = 0;

    for (int i = 0; i < fake.parties; i++) {
        struct party *p = &fake.party[i];
        if (p->state == PARTY_WAIT && !fake_runnable(p) && !p->suspended &&
            p->until != INT64_MAX)
            out[n++] = p;
    }
    return n;
}

static void pass_time_to(int64_t t)
{
    if (t > fake.clock)
        fake.clock = t;
}

/* At a step that is not the end of p's turn: another may run first, a
 * deadline may pass, a stray kick may come. */
static void deviate(struct party *p)
{
    struct party *who[2 * FAKE_PARTIES];
    unsigned n = 1, timed_from;

    for (int i = 0; i < fake.parties; i++)
        if (&fake.party[i] != p && fake_runnable(&fake.party[i]))
            who[n++] = &fake.party[i];
    timed_from = n;
    if ((fake.spec->may & FAKE_TIMEOUT) != 0)
        n += timed_waiters(who + n);
    unsigned stray = n;
    if ((fake.spec->may & FAKE_STRAY) != 0 && p->m != NULL && !p->in_handler &&
        !p->blocked && !p->kick)
        n++;
    if (n == 1)
        return;
    unsigned c = fake_choose(n, "step");
    if (c == 0)
        return;
    if (c == stray) {
        p->kick = true;
        fake_handler(p);
        return;
    }
    if (c >= timed_from)
        pass_time_to(who[c]->until);
    fake_switch_to(who[c]);
    take_kick();
}

void fake_step(const char *name)
{
    struct party *p = fake.cur;

    if (p == NULL)
        return;
    p->where = name;
    if (++fake.steps > fake.max_steps)
        fake_fail(__FILE__, __LINE__, "too many steps: livelock");
    if (fake.spec->invariant != NULL)
        fake.spec->invariant();
    if (script_active()) {
        if (script_stops_here(p, name))
            fake_switch_to(NULL);
        take_kick();
    } else {
        take_kick();
        deviate(p);
    }
    if (fake.trace)
        fprintf(stderr, "%5u %-3s %s\n", fake.steps, p->name, name);
}

void yank_step(const char *name)
{
    fake_step(name);
}

static bool all_done(void)
{
    for (int i = 0; i < fake.parties; i++)
        if (fake.party[i].state != PARTY_DONE)
            return false;
    return true;
}

/* No party can go on: fake time passes to the next deadline. */
static bool next_deadline(void)
{
    int64_t t = INT64_MAX;

    for (int i = 0; i < fake.parties; i++) {
        const struct party *p = &fake.party[i];
        if ((p->state == PARTY_WAIT || p->state == PARTY_USER) && p->until < t)
            t = p->until;
    }
    if (t == INT64_MAX)
        return false;
    pass_time_to(t);
    return true;
}

/* The running party cannot or need not go on: choose who does. */
static void leave(struct party *p)
{
    struct party *who[FAKE_PARTIES];
    unsigned n = 0;
    int start = p == NULL ? 0 : p->id + 1;

    for (;;) {
        for (int turn = 0; turn < 2; turn++) { /* spinners come last */
            for (int i = 0; i < fake.parties; i++) {
                struct party *q = &fake.party[(start + i) % fake.parties];
                if (q->spinning == (turn == 1) && fake_runnable(q))
                    who[n++] = q;
            }
        }
        if (n > 0 || !next_deadline())
            break;
    }
    if (n == 0) {
        if (!all_done() && !script_active())
            fake_fail(__FILE__, __LINE__, "deadlock: nobody can go on");
        fake_switch_to(NULL);
        return;
    }
    struct party *q = who[fake_choose(n, "next")];
    if (q != p)
        fake_switch_to(q);
}

void fake_block(enum party_state how, _Atomic uint32_t *word, int64_t until)
{
    struct party *p = fake.cur;

    fake_flush(p);
    p->word = word;
    p->old = p->wait_old;
    p->until = until;
    p->woken = false;
    p->state = how;
    if (script_active())
        fake_switch_to(NULL);
    else
        leave(p);
    p->state = PARTY_READY;
    p->late = false;
    take_kick();
}

void fake_block_changed(_Atomic uint32_t *word, uint32_t old)
{
    /* block() sets old; nobody runs between here and there. */
    while (atomic_load(word) == old) {
        struct party *p = fake.cur;
        p->where = "idle";
        p->wait_old = old;
        fake_block(PARTY_USER, word, INT64_MAX);
        p->wait_old = 0;
    }
}

void fake_pause(void)
{
    struct party *p = fake.cur;

    if (p == NULL)
        return;
    if (++fake.steps > fake.max_steps)
        fake_fail(__FILE__, __LINE__, "too many steps: livelock");
    p->where = "pause";
    fake_flush(p);
    fake.clock += PAUSE_NS;
    p->spinning = true;
    if (!script_active())
        leave(p);
    else if (script_stops_here(p, "pause"))
        fake_switch_to(NULL);
    p->spinning = false;
    take_kick();
}

void fake_run(void)
{
    leave(NULL);
}
