/* A failed claim: say what, where each party stands, and the schedule that
 * leads there; then end the process (tests run in a child, unit.h). */
#include "fake.h"

#include <stdio.h>
#include <unistd.h>

const char *explore_schedule(void);
void fake_on_alarm(int signo);

/* A loop without a step: only a clock ends it. */
void fake_on_alarm(int signo)
{
    (void)signo;
    fake_fail(__FILE__, __LINE__, "the test takes too long");
}

void fake_dump(void)
{
    static const char *const state[] = { "ready", "waits", "user", "done" };

    for (int i = 0; i < fake.parties; i++) {
        const struct party *p = &fake.party[i];
        fprintf(stderr, "  %s%-4s %-5s at %s%s%s%s\n",
                p == fake.cur ? "*" : " ", p->name, state[p->state],
                p->where != NULL ? p->where : "start",
                p->kick ? ", kick on its way" : "",
                p->in_handler ? ", in the handler" : "",
                p->in_stub ? ", in the stub" : "");
    }
}

void fake_fail(const char *file, int line, const char *text)
{
    fprintf(stderr, "%s:%d: failed: %s\n", file, line, text);
    fprintf(stderr, "  step %u, fake time %lld ns\n", fake.steps,
            (long long)fake.clock);
    fake_dump();
    if (fake.spec != NULL)
        fprintf(stderr, "  replay: YANK_SCHEDULE='%s:%s'\n", fake.spec->name,
                explore_schedule());
    fflush(stderr);
    fflush(stdout);
    _exit(1);
}

void fake_must_rc(const char *file, int line, const char *text, long got,
                  long want)
{
    char say[256];

    if (got == want)
        return;
    snprintf(say, sizeof say, "%s is %ld, not %ld", text, got, want);
    fake_fail(file, line, say);
}
