/* Interleavings written out by hand. */
#include "fake.h"

#include <string.h>

static bool active;
static struct party *until_party;
static const char *until_text;
static bool one_kick; /* script_deliver: this kick may arrive */

bool script_active(void)
{
    return active;
}

bool script_stops_here(struct party *p, const char *step)
{
    return p == until_party && until_text != NULL &&
           strstr(step, until_text) != NULL;
}

bool script_holds_kicks(const struct party *p)
{
    return active && !(one_kick && p == until_party);
}

void script_begin(const struct fake_spec *spec)
{
    fake_begin(spec);
    active = true;
}

static void run(struct party *p, const char *text)
{
    until_party = p;
    until_text = text;
    fake_switch_to(p);
    until_party = NULL;
    until_text = NULL;
}

bool script_reaches(struct party *p, const char *text)
{
    must(p->state != PARTY_DONE);
    one_kick = p->kick;
    run(p, text);
    one_kick = false;
    return strstr(p->where, text) != NULL && p->state == PARTY_READY;
}

void script_until(struct party *p, const char *text)
{
    must(p->state != PARTY_DONE);
    run(p, text);
    if (strstr(p->where, text) == NULL || p->state != PARTY_READY)
        fake_fail(__FILE__, __LINE__, text);
}

void script_through(struct party *p)
{
    must(p->state != PARTY_DONE);
    do
        run(p, NULL);
    while (p->state != PARTY_DONE && fake_runnable(p) && !p->kick);
}

void script_deliver_until(struct party *p, const char *text)
{
    must(p->kick);
    one_kick = true;
    script_until(p, text);
    one_kick = false;
}

void script_deliver(struct party *p)
{
    must(p->kick);
    one_kick = true;
    do
        run(p, NULL);
    while (p->state != PARTY_DONE && fake_runnable(p));
    one_kick = false;
}

void script_timeout(struct party *p)
{
    must(p->state == PARTY_WAIT && p->until != INT64_MAX);
    if (fake.clock < p->until)
        fake.clock = p->until;
}

void script_finish(void)
{
    active = false;
    fake_run();
    fake_end(fake.spec);
}
