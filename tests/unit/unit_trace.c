/* The trace: what is recorded in which order, and rings whose writers are
 * interrupted, overtaken and read in the middle of a record. */
#include "fake/unit.h"
#include "fake/world.h"
#include "host_world.h"

#include <string.h>
#include <yank/trace.h>

#define EVENTS 512

static struct yank_trace_event seen[EVENTS];
static unsigned n_seen;

static void collect(void *ctx, const struct yank_trace_event *e)
{
    must(ctx == &n_seen && n_seen < EVENTS);
    must(e->kind < YANK_TRACE_KINDS);
    must(n_seen == 0 || seen[n_seen - 1].ns <= e->ns);
    must(memchr(e->name, '\0', sizeof e->name) != NULL);
    seen[n_seen++] = *e;
}

static void read_all(void)
{
    n_seen = 0;
    must_rc(yank_trace_each(collect, &n_seen), YANK_OK);
}

static unsigned count(enum yank_trace_kind kind)
{
    unsigned n = 0;

    for (unsigned i = 0; i < n_seen; i++)
        n += seen[i].kind == kind;
    return n;
}

/* --- records that say whether they are whole ----------------------------- */

#define MARKS 6
#define MARK_ID (1ull << 40) /* no other G's */

static struct yank_g marked[2 * MARKS];
static char mark_name[2 * MARKS][YANK_TRACE_NAME_BYTES];

static void make_marks(void)
{
    for (unsigned i = 0; i < 2 * MARKS; i++) {
        memset(mark_name[i], 'a' + (int)i, YANK_TRACE_NAME_BYTES - 1);
        marked[i] = (struct yank_g){ .id = MARK_ID + i, .name = mark_name[i] };
    }
}

static void mark(struct yank_m *m, unsigned i)
{
    yank_trace(m, &marked[i], YANK_TRACE_UNBLOCK, i);
}

/* Whole, each at most once, and each writer's in its order. */
static void must_be_whole(void)
{
    unsigned last[2] = { 0, 0 };

    for (unsigned i = 0; i < n_seen; i++) {
        const struct yank_trace_event *e = &seen[i];
        unsigned v = (unsigned)e->value, who = v / MARKS;

        if (e->kind != YANK_TRACE_UNBLOCK)
            continue;
        must(v < 2 * MARKS && e->g_id == MARK_ID + v);
        must(strcmp(e->name, mark_name[v]) == 0);
        must(e->m_id == w.t[0].m.id && v % MARKS + 1 > last[who]);
        last[who] = v % MARKS + 1;
    }
}

static size_t ring;

static void writer(void *arg)
{
    (void)arg;
    world_attach(0);
    for (unsigned i = 0; i < MARKS; i++)
        mark(&w.t[0].m, i);
    user_loop(&w.quit);
    world_detach(0);
}

/* As a sender of kicks, whom the M waits for before it detaches. */
static void foreign_writer(void *arg)
{
    (void)arg;
    world_wait(0);
    for (unsigned i = MARKS; i < 2 * MARKS; i++)
        mark(&w.t[0].m, i);
    world_done();
}

static void reader(void *arg)
{
    (void)arg;
    world_wait(0);
    for (int i = 0; i < 3; i++) {
        read_all();
        must_be_whole();
    }
    world_done();
}

static void suspender_of_0(void *arg)
{
    (void)arg;
    world_wait(0);
    must_rc(world_hold(0, YANK_NO_DEADLINE), YANK_OK);
    world_done();
}

static void writers(void)
{
    world_reset();
    make_marks();
    must_rc(yank_trace_start(ring), YANK_OK);
    fake_party("T", writer, NULL);
    fake_party("F", foreign_writer, NULL);
    world_works();
    fake_party("R", reader, NULL);
    world_works();
}

static void writers_and_kicks(void)
{
    writers();
    fake_party("A", suspender_of_0, NULL);
    world_works();
}

static void some_whole(void)
{
    read_all();
    must_be_whole();
}

static void all_whole(void)
{
    some_whole();
    must(count(YANK_TRACE_UNBLOCK) == 2 * MARKS);
}

CLAIM(unit_no_reader_sees_half_an_event)
{
    static const struct fake_spec spec = { .name = "small",
                                           .setup = writers,
                                           .check = some_whole,
                                           .may = FAKE_WEAK,
                                           .bound = 2,
                                           .runs = 20000,
                                           .walks = 20000 };
    ring = 2;
    explore_both(&spec);
}

CLAIM(unit_a_handler_may_record_in_the_middle_of_a_record)
{
    static const struct fake_spec spec = { .name = "handler",
                                           .setup = writers_and_kicks,
                                           .check = all_whole,
                                           .may = FAKE_STRAY,
                                           .bound = 2,
                                           .runs = 10000,
                                           .walks = 5000 };
    ring = 256;
    explore(&spec);
}

/* Interrupted between its number and its slot, and overtaken by as many as
 * the ring has slots: the late one is lost, nothing is torn. */
CLAIM(unit_who_is_overtaken_by_a_whole_ring_is_lost)
{
    static const struct fake_spec spec = { .name = "late", .setup = writers };
    struct party *t = &fake.party[0], *f = &fake.party[1];

    ring = 2;
    script_begin(&spec);
    script_until(t, "trace: numbered"); /* its ON */
    script_until(t, "trace: slot taken");
    script_until(t, "trace: numbered"); /* mark 0 */
    script_through(f);
    script_until(t, "trace: numbered"); /* mark 1 */
    read_all();
    must(n_seen == 1 && seen[0].value == 2 * MARKS - 1);
    script_finish();
}

/* --- rings ---------------------------------------------------------------*/

static void full(void *arg)
{
    (void)arg;
    make_marks();
    world_attach(0);
    must_rc(yank_trace_start(3), YANK_OK); /* 4 */
    for (unsigned i = 0; i < MARKS; i++)
        mark(&w.t[0].m, i);
    read_all();
    must(n_seen == 4 && seen[0].value == 2 && seen[3].value == 5);
    must_rc(yank_trace_stop(), YANK_OK);
    mark(&w.t[0].m, 0);
    read_all();
    must(n_seen == 4 && seen[3].value == 5);
    world_detach(0);
    read_all();
    must(n_seen == 4); /* off: its end is not recorded */
    must_rc(yank_trace_start(2), YANK_OK);
    read_all();
    must(n_seen == 0);
}

CLAIM(unit_a_full_ring_forgets_its_oldest)
{
    world_reset();
    fake_alone(full, NULL);
}

static void off(void *arg)
{
    (void)arg;
    make_marks();
    world_attach(0);
    mark(&w.t[0].m, 0);
    must(atomic_load(&w.t[0].m.trace) == NULL);
    must_rc(yank_trace_each(collect, &n_seen), YANK_EINVAL);
    must_rc(yank_trace_start(8), YANK_OK);
    mark(&w.t[0].m, 1);
    must_rc(yank_trace_stop(), YANK_OK);
    mark(&w.t[0].m, 2);
    must_rc(yank_blocking_enter(world_g(0)), YANK_OK);
    must_rc(yank_blocking_leave(world_g(0)), YANK_OK);
    world_detach(0);
    read_all();
    must(n_seen == 1 && seen[0].value == 1);
}

CLAIM(unit_nothing_is_recorded_while_it_is_off)
{
    world_reset();
    fake_alone(off, NULL);
}

static void leaves(void *arg)
{
    uint64_t id;

    (void)arg;
    must_rc(yank_trace_start(16), YANK_OK);
    world_attach(0);
    id = w.t[0].m.id;
    must_rc(yank_blocking_enter(world_g(0)), YANK_OK);
    must_rc(yank_blocking_leave(world_g(0)), YANK_OK);
    world_detach(0);
    memset(&w.t[0], 0x5a, sizeof w.t[0]);
    world_attach(1); /* another M, another ring */
    world_detach(1);
    read_all();
    must(n_seen == 6 && seen[0].m_id == id && seen[3].m_id == id);
    must(seen[0].kind == YANK_TRACE_ON && seen[1].kind == YANK_TRACE_BLOCK);
    must(seen[2].kind == YANK_TRACE_UNBLOCK);
    must(seen[3].kind == YANK_TRACE_OFF);
    must(seen[3].value == YANK_TRACE_OFF_ENDS);
    must(seen[4].m_id != id && seen[4].m_id != 0);
}

CLAIM(unit_what_an_m_did_stays_when_it_has_left)
{
    world_reset();
    fake_alone(leaves, NULL);
}

/* --- the end of a ring that somebody writes into --------------------------*/

static void late_writer(void *arg)
{
    (void)arg;
    world_attach(0);
    mark(&w.t[0].m, 0);
    mark(&w.t[0].m, 1);
    world_detach(0);
}

static void discarder(void *arg)
{
    (void)arg;
    world_wait(0);
    must_rc(yank_trace_stop(), YANK_OK);
    must_rc(yank_trace_discard(), YANK_OK);
    must_rc(yank_trace_each(collect, &n_seen), YANK_EINVAL);
    must_rc(yank_trace_start(4), YANK_OK);
    read_all();
    must_be_whole();
}

static void end_of_rings(void)
{
    world_reset();
    make_marks();
    must_rc(yank_trace_start(2), YANK_OK);
    fake_party("T", late_writer, NULL);
    fake_party("D", discarder, NULL);
}

CLAIM(unit_a_ring_is_not_freed_under_a_writer)
{
    static const struct fake_spec spec = { .name = "freed",
                                           .setup = end_of_rings,
                                           .check = some_whole,
                                           .may = FAKE_WEAK,
                                           .bound = 3,
                                           .runs = 20000,
                                           .walks = 5000 };
    struct party *t = &fake.party[0], *d = &fake.party[1];

    script_begin(&spec);
    script_until(t, "m is set up");
    atomic_store(&w.ready[0], 1);
    script_until(t, "trace: ring found");
    script_through(d);
    must(d->state == PARTY_WAIT); /* not past the discard */
    must(atomic_load(&w.t[0].m.trace) == NULL);
    script_through(t);
    script_finish();
    explore_both(&spec);
}

static void forks(void *arg)
{
    (void)arg;
    make_marks();
    must_rc(yank_trace_start(8), YANK_OK);
    world_attach(0);
    /* A sender that is nowhere in the child was writing. */
    atomic_fetch_add(&w.t[0].m.trace_writers, 1);
    yank_fork_prepare();
    yank_fork_child();
    must_rc(yank_trace_each(collect, &n_seen), YANK_EINVAL);
    must_rc(yank_trace_stop(), YANK_EINVAL);
    mark(&w.t[0].m, 0);
    must_rc(yank_trace_start(8), YANK_OK);
    mark(&w.t[0].m, 1);
    read_all();
    must(n_seen == 1 && seen[0].value == 1);
    world_detach(0);
}

CLAIM(unit_a_child_of_fork_has_recorded_nothing)
{
    world_reset();
    fake_alone(forks, NULL);
}

/* --- what is recorded ------------------------------------------------------*/

/* On each M by turns on and off; no G on two; a stop is off its M, ends once,
 * and is not begun while it is held. */
static void must_make_sense(bool threads)
{
    uint64_t on[8] = { 0 }, held[64] = { 0 };
    uint64_t first = n_seen != 0 ? seen[0].g_id : 0;

    /* Ids go on from one run to the next. */
    for (unsigned i = 0; i < n_seen; i++) {
        if (seen[i].m_id != 0 && seen[i].m_id < first)
            first = seen[i].m_id;
        if (seen[i].g_id != 0 && seen[i].g_id < first)
            first = seen[i].g_id;
    }
    for (unsigned i = 0; i < n_seen; i++) {
        struct yank_trace_event *e = &seen[i];

        e->m_id -= e->m_id == 0 ? 0 : first - 1;
        e->g_id -= e->g_id == 0 ? 0 : first - 1;
        must(e->m_id < 8 && e->g_id < 64);
        switch (e->kind) {
        case YANK_TRACE_ON:
            must(on[e->m_id] == 0 && e->m_id != 0 && e->g_id != 0);
            for (int m = 0; m < 8; m++)
                must(on[m] != e->g_id);
            must(!held[e->g_id]);
            on[e->m_id] = e->g_id;
            break;
        case YANK_TRACE_OFF:
            must(on[e->m_id] == e->g_id && e->value < YANK_TRACE_OFFS);
            on[e->m_id] = 0;
            break;
        case YANK_TRACE_STOP:
            must(!held[e->g_id] && e->value > 0);
            must(!threads || e->m_id != 0);
            for (int m = 0; m < 8; m++)
                must(on[m] != e->g_id);
            held[e->g_id] = 1;
            break;
        case YANK_TRACE_RESUME:
            must(held[e->g_id]);
            held[e->g_id] = 0;
            break;
        case YANK_TRACE_KICK: must(e->m_id != 0 && e->g_id != 0); break;
        case YANK_TRACE_ANSWER: must(e->value < YANK_OUTCOMES); break;
        default: break;
        }
    }
    for (int i = 0; i < 64; i++)
        must(!held[i] && (i > 7 || on[i] == 0));
}

static void traced_pair(void)
{
    world_reset();
    must_rc(yank_trace_start(128), YANK_OK);
    fake_party("T", world_target, WORLD_ARG(0));
    for (int i = 0; i < 2; i++) {
        fake_party("A", suspender_of_0, NULL);
        world_works();
    }
}

static void pair_makes_sense(void)
{
    struct yank_counters c;

    must_rc(yank_get_counters(&c), YANK_OK);
    read_all();
    must_make_sense(true);
    must(count(YANK_TRACE_STOP) == 2 && count(YANK_TRACE_RESUME) == 2);
    must(count(YANK_TRACE_KICK) == c.kicks_sent + c.kicks_resent);
    must(count(YANK_TRACE_ANSWER) == fake.answers);
}

CLAIM(unit_the_stops_of_a_thread_are_recorded_in_order)
{
    static const struct fake_spec spec = { .name = "threads",
                                           .setup = traced_pair,
                                           .check = pair_makes_sense,
                                           .may = FAKE_STRAY,
                                           .bound = 2,
                                           .runs = 5000,
                                           .walks = 5000 };
    struct fake_spec suspends = spec;

    explore(&spec);
    suspends.name = "threads-suspends";
    suspends.suspends = true;
    suspends.may = 0;
    explore(&suspends);
}

static void thrower(void *arg)
{
    (void)arg;
    world_wait(0);
    must_rc(yank_trace_stop(), YANK_OK);
    must_rc(yank_trace_discard(), YANK_OK);
    world_done();
}

static void thrown_away(void)
{
    world_reset();
    must_rc(yank_trace_start(16), YANK_OK);
    fake_party("T", world_target, WORLD_ARG(0));
    fake_party("A", suspender_of_0, NULL);
    fake_party("D", thrower, NULL);
    world_works();
    world_works();
}

/* Who takes the rings away waits for the writers, and is not woken by one that
 * has somebody suspended. */
CLAIM(unit_a_trace_may_be_discarded_under_kicks)
{
    static const struct fake_spec spec = { .name = "thrown",
                                           .setup = thrown_away,
                                           .bound = 3,
                                           .runs = 20000,
                                           .walks = 10000 };
    explore_both(&spec);
}

static void traced_queue(void)
{
    loops(2, 2);
    for (int i = 0; i < 2; i++)
        mini.g[i]->name = i == 0 ? "first" : "second";
    must_rc(yank_trace_start(128), YANK_OK);
    works("A", suspender, 0);
    works("B", suspender, 1);
}

static void queue_makes_sense(void)
{
    read_all();
    must(count(YANK_TRACE_STOP) == 2 && count(YANK_TRACE_RESUME) == 2);
    for (unsigned i = 0; i < n_seen; i++)
        if (seen[i].g_id != 0)
            must(strcmp(seen[i].name,
                        seen[i].g_id == mini.g[0]->id ? "first" : "second") ==
                 0);
    must_make_sense(false);
    bury_all();
}

CLAIM(unit_the_tasks_of_two_ms_are_recorded_in_order)
{
    static const struct fake_spec spec = { .name = "tasks",
                                           .setup = traced_queue,
                                           .check = queue_makes_sense,
                                           .bound = 2,
                                           .runs = 10000,
                                           .walks = 5000 };
    explore_both(&spec);
}

/* --- JSON ------------------------------------------------------------------*/

static char json[8192];
static size_t json_bytes;
static unsigned writes, no_more;

static bool write_json(void *ctx, const char *bytes, size_t n)
{
    must(ctx == json && n > 0 && json_bytes + n < sizeof json);
    memcpy(json + json_bytes, bytes, n);
    json_bytes += n;
    json[json_bytes] = '\0';
    return ++writes != no_more;
}

static void must_hold(const char *text)
{
    if (strstr(json, text) == NULL)
        fprintf(stderr, "%s\n", json);
    must(strstr(json, text) != NULL);
}

static void named(const char *name, uint64_t id)
{
    struct yank_g g = { .id = id, .name = name };

    yank_trace(&w.t[0].m, &g, YANK_TRACE_ON, 0);
    yank_trace(&w.t[0].m, &g, YANK_TRACE_OFF, YANK_TRACE_OFF_YIELDS);
}

static void names(void *arg)
{
    static const char two[] = "12345678901234567890123";

    (void)arg;
    world_attach(0);
    must_rc(yank_trace_start(64), YANK_OK);
    named("a\"b\\c", 100);
    named("\x01\t\x7f", 101);
    named("gr\xc3\xbc\xc3\x9f", 102);
    named("1234567890123456789012\xc3\xbc", 103); /* cut in the middle */
    named("\xff\xc0\xaf\xed\xa0\x80", 104);       /* no UTF-8 */
    named("1234567890123456789012345", 105);
    named(NULL, 106);
    must_rc(yank_trace_write(write_json, json), YANK_OK);
    must_hold("\"a\\\"b\\\\c\"");
    must_hold("\"\\u0001\\u0009\\u007f\"");
    must_hold("\"gr\xc3\xbc\xc3\x9f\"");
    must_hold("\"1234567890123456789012\\ufffd\"");
    must_hold("\"\\ufffd\\ufffd\\ufffd\\ufffd\\ufffd\\ufffd\"");
    must_hold("\"g106\"");
    must_hold(two);
    must(strstr(json, "1234567890123456789012345") == NULL);
    must(writes > 1);
    json_bytes = writes = 0;
    no_more = 1;
    must_rc(yank_trace_write(write_json, json), YANK_EOS);
    must(writes == 1); /* it was not called again */
    world_detach(0);
}

CLAIM(unit_names_of_any_bytes_give_json)
{
    world_reset();
    fake_alone(names, NULL);
}

static void nothing(void *arg)
{
    struct yank_thread_attr a = { .struct_size = sizeof a,
                                  .name = "a \"worker\"" };

    (void)arg;
    must_rc(yank_thread_attach(&w.t[0], &a), YANK_OK);
    must_rc(yank_trace_start(64), YANK_OK);
    must_rc(yank_trace_write(write_json, json), YANK_OK);
    must_hold(" a \\\"worker\\\"\"}}");
    must_hold("\"suspenders\"");
    must(strstr(json, "\"ph\":\"B\"") == NULL);
    world_detach(0);
}

CLAIM(unit_a_trace_of_nothing_names_its_tracks)
{
    world_reset();
    fake_alone(nothing, NULL);
}

/* --- bad input ------------------------------------------------------------*/

static void before_init(void)
{
    must_rc(yank_trace_start(1), YANK_EINIT);
    must_rc(yank_trace_stop(), YANK_EINIT);
    must_rc(yank_trace_each(collect, &n_seen), YANK_EINIT);
    must_rc(yank_trace_each(NULL, NULL), YANK_EINIT);
    must_rc(yank_trace_write(NULL, NULL), YANK_EINIT);
    must_rc(yank_trace_discard(), YANK_EINIT);
}

CLAIM(unit_the_trace_needs_init)
{
    static const struct fake_spec spec = { .name = "init",
                                           .setup = before_init,
                                           .no_init = true };
    run_once(&spec);
}

static void misuse(void *arg)
{
    (void)arg;
    must_rc(yank_trace_start(0), YANK_EINVAL);
    must_rc(yank_trace_start((size_t)YANK_TRACE_EVENTS_MAX + 1), YANK_EINVAL);
    must_rc(yank_trace_start(SIZE_MAX), YANK_EINVAL);
    must_rc(yank_trace_stop(), YANK_EINVAL);
    must_rc(yank_trace_each(collect, &n_seen), YANK_EINVAL);
    must_rc(yank_trace_write(write_json, json), YANK_EINVAL);
    must_rc(yank_trace_discard(), YANK_OK); /* nothing to do */
    must_rc(yank_trace_start(1), YANK_OK);
    must_rc(yank_trace_start(1), YANK_EBUSY);
    must_rc(yank_trace_discard(), YANK_EBUSY);
    must_rc(yank_trace_each(NULL, NULL), YANK_EINVAL);
    must_rc(yank_trace_write(NULL, NULL), YANK_EINVAL);
    must_rc(yank_trace_stop(), YANK_OK);
    must_rc(yank_trace_stop(), YANK_EINVAL);
    read_all();
    must(n_seen == 0);
    must_rc(yank_trace_discard(), YANK_OK);
    must_rc(yank_trace_each(collect, &n_seen), YANK_EINVAL);
    must_rc(yank_trace_start(4), YANK_OK); /* fini takes it with it */
}

CLAIM(unit_misuse_of_the_trace_has_a_name)
{
    fake_alone(misuse, NULL);
}

CLAIMS_MAIN(CLAIMED(unit_no_reader_sees_half_an_event),
            CLAIMED(unit_a_handler_may_record_in_the_middle_of_a_record),
            CLAIMED(unit_who_is_overtaken_by_a_whole_ring_is_lost),
            CLAIMED(unit_a_full_ring_forgets_its_oldest),
            CLAIMED(unit_nothing_is_recorded_while_it_is_off),
            CLAIMED(unit_what_an_m_did_stays_when_it_has_left),
            CLAIMED(unit_a_ring_is_not_freed_under_a_writer),
            CLAIMED(unit_a_child_of_fork_has_recorded_nothing),
            CLAIMED(unit_a_trace_may_be_discarded_under_kicks),
            CLAIMED(unit_the_stops_of_a_thread_are_recorded_in_order),
            CLAIMED(unit_the_tasks_of_two_ms_are_recorded_in_order),
            CLAIMED(unit_names_of_any_bytes_give_json),
            CLAIMED(unit_a_trace_of_nothing_names_its_tracks),
            CLAIMED(unit_the_trace_needs_init),
            CLAIMED(unit_misuse_of_the_trace_has_a_name))
