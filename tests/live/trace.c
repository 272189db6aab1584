/* The trace of real threads: two Ms that share tasks which never yield, with
 * suspends, and threads that come and go while others read. */
#define _GNU_SOURCE
#include "sched_fixture.h"

#include <stdio.h>
#include <string.h>
#include <yank/trace.h>

#define TASKS 5
#define IDS 64

/* --- what an ordered reader must see ------------------------------------- */

struct check {
    uint64_t on[IDS]; /* by M: the G that runs */
    bool held[IDS];   /* by G */
    int64_t last_ns;
    unsigned kinds[YANK_TRACE_KINDS];
    unsigned wrong, unnamed;
};

static void check_event(void *ctx, const struct yank_trace_event *e)
{
    struct check *c = ctx;
    bool on_two = false;

    if (e->m_id >= IDS || e->g_id >= IDS || e->kind >= YANK_TRACE_KINDS ||
        e->ns < c->last_ns) {
        c->wrong++;
        return;
    }
    c->last_ns = e->ns;
    c->kinds[e->kind]++;
    c->unnamed += e->g_id != 0 && e->name[0] == '\0';
    for (unsigned m = 0; m < IDS; m++)
        on_two |= c->on[m] == e->g_id;
    switch (e->kind) {
    case YANK_TRACE_ON:
        c->wrong += c->on[e->m_id] != 0 || on_two || c->held[e->g_id];
        c->on[e->m_id] = e->g_id;
        break;
    case YANK_TRACE_OFF:
        c->wrong += c->on[e->m_id] != e->g_id;
        c->on[e->m_id] = 0;
        break;
    case YANK_TRACE_STOP:
        c->wrong += on_two || c->held[e->g_id] || (int64_t)e->value < 0;
        c->held[e->g_id] = true;
        break;
    case YANK_TRACE_RESUME:
        c->wrong += !c->held[e->g_id];
        c->held[e->g_id] = false;
        break;
    default: break;
    }
}

static struct check check(void)
{
    static struct check c;

    memset(&c, 0, sizeof c);
    assert_int_equal(yank_trace_each(check_event, &c), YANK_OK);
    for (unsigned i = 0; i < IDS; i++)
        c.wrong += c.held[i];
    return c;
}

/* --- tasks -------------------------------------------------------------- */

static const char *const names[TASKS] = { "first", "quo\"te", "back\\slash",
                                          "\x01\x02 control",
                                          "twenty-two bytes, and \xc3\xbc" };

static void start(struct yank_sched *s, struct yank_task **t)
{
    for (int i = 0; i < TASKS; i++) {
        struct yank_task_attr a = { .struct_size = sizeof a, .name = names[i] };

        assert_int_equal(yank_go(s, endless, NULL, &a, &t[i]), YANK_OK);
    }
}

static uint64_t preemptions(struct yank_task **t)
{
    uint64_t n = 0;

    for (int i = 0; i < TASKS; i++)
        n += stats_of(t[i]).preemptions;
    return n;
}

static void suspend_each(struct yank_task **t, int rounds)
{
    for (int i = 0; i < rounds * TASKS; i++) {
        struct yank_stop stop;

        assert_int_equal(yank_task_suspend(t[i % TASKS], SOON, &stop), YANK_OK);
        assert_int_equal(yank_resume_g(&stop), YANK_OK);
    }
}

static bool to_file(void *file, const char *bytes, size_t n)
{
    return fwrite(bytes, 1, n, file) == n;
}

/* As another program reads it: slices open and close by turns on each track,
 * and every name is there as it should be. */
static const char python[] =
    "python3 -c '\n"
    "import json, sys\n"
    "events = json.load(open(sys.argv[1], encoding=\"utf-8\"))"
    "[\"traceEvents\"]\n"
    "is_open, names, kinds = {}, set(), {}\n"
    "for e in events:\n"
    "    ph = e[\"ph\"]\n"
    "    kinds[ph] = kinds.get(ph, 0) + 1\n"
    "    assert e[\"pid\"] == 1 and e[\"ts\"] >= 0, e\n"
    "    if ph == \"B\":\n"
    "        assert not is_open.get(e[\"tid\"]), e\n"
    "        is_open[e[\"tid\"]] = True\n"
    "        names.add(e[\"name\"])\n"
    "    elif ph == \"E\":\n"
    "        assert is_open[e[\"tid\"]], e\n"
    "        is_open[e[\"tid\"]] = False\n"
    "assert names == {\"first\", \"quo\\\"te\", \"back\\\\slash\", "
    "\"\\1\\2 control\", \"twenty-two bytes, and \\ufffd\"}, names\n"
    "assert kinds[\"b\"] == kinds[\"e\"] and kinds[\"b\"] >= 50, kinds\n"
    "assert kinds[\"i\"] > 0 and kinds[\"M\"] == 4, kinds\n"
    "' ";

static void must_parse(void)
{
    static const char path[] = "yank-trace.json";
    char command[sizeof python + 64];
    FILE *f = fopen(path, "wb");

    assert_non_null(f);
    assert_int_equal(yank_trace_write(to_file, f), YANK_OK);
    assert_int_equal(fclose(f), 0);
    if (test_shell("command -v python3 >/dev/null") == 0) {
        snprintf(command, sizeof command, "%s%s", python, path);
        assert_int_equal(test_shell(command), 0);
    }
    remove(path);
}

static void trace_of_two_ms_and_tasks_that_never_yield(void **state)
{
    struct yank_sched *s = sched_open(2);
    struct yank_task *t[TASKS];
    struct check c;

    (void)state;
    assert_int_equal(yank_trace_start(1 << 16), YANK_OK);
    start(s, t);
    suspend_each(t, 10);
    until(preemptions(t) >= 200);
    for (int i = 0; i < TASKS; i++)
        abandon(t[i]);
    assert_int_equal(yank_trace_stop(), YANK_OK);
    c = check();
    assert_int_equal(c.wrong, 0);
    assert_int_equal(c.unnamed, 0);
    assert_true(c.kinds[YANK_TRACE_ON] >= 200);
    assert_true(c.kinds[YANK_TRACE_OFF] == c.kinds[YANK_TRACE_ON]);
    assert_true(c.kinds[YANK_TRACE_KICK] >= 200);
    assert_true(c.kinds[YANK_TRACE_ANSWER] >= 200);
    assert_int_equal(c.kinds[YANK_TRACE_STOP], 11 * TASKS);
    assert_int_equal(c.kinds[YANK_TRACE_RESUME], 11 * TASKS);
    must_parse();
    sched_close(s);
    c = check(); /* the Ms are gone, what they did is not */
    assert_true(c.kinds[YANK_TRACE_ON] >= 200);
    assert_int_equal(yank_trace_discard(), YANK_OK);
}

static void trace_that_is_off_has_no_events(void **state)
{
    struct yank_sched *s = sched_open(2);
    struct yank_task *t[TASKS];
    struct check c;

    (void)state;
    assert_int_equal(yank_trace_start(1 << 10), YANK_OK);
    assert_int_equal(yank_trace_stop(), YANK_OK);
    start(s, t);
    suspend_each(t, 10);
    for (int i = 0; i < TASKS; i++)
        abandon(t[i]);
    c = check();
    for (int i = 0; i < YANK_TRACE_KINDS; i++)
        assert_int_equal(c.kinds[i], 0);
    assert_int_equal(yank_trace_discard(), YANK_OK);
    sched_close(s);
}

/* --- rings that come and go under their writers --------------------------*/

static void count_event(void *ctx, const struct yank_trace_event *e)
{
    unsigned *wrong = ctx;

    *wrong += e->kind >= YANK_TRACE_KINDS || e->ns <= 0;
}

static void trace_is_read_ended_and_begun_under_its_writers(void **state)
{
    struct yank_sched *s = sched_open(2);
    struct yank_task *t[TASKS];
    unsigned wrong = 0;

    (void)state;
    start(s, t);
    for (int i = 0; i < 300; i++) {
        /* A few slots: all of them in use at any time. */
        assert_int_equal(yank_trace_start(i % 2 == 0 ? 4 : 256), YANK_OK);
        suspend_each(t, 1);
        assert_int_equal(yank_trace_each(count_event, &wrong), YANK_OK);
        assert_int_equal(yank_trace_stop(), YANK_OK);
        if (i % 3 == 0)
            assert_int_equal(yank_trace_discard(), YANK_OK);
    }
    assert_int_equal(wrong, 0);
    for (int i = 0; i < TASKS; i++)
        abandon(t[i]);
    sched_close(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(trace_of_two_ms_and_tasks_that_never_yield),
        cmocka_unit_test(trace_that_is_off_has_no_events),
        cmocka_unit_test(trace_is_read_ended_and_begun_under_its_writers),
    };

    return SCHED_MAIN(tests);
}
