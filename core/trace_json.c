/* What was recorded as trace event JSON, for Perfetto and chrome://tracing: a
 * track for each M with a slice while a G runs, kicks and answers as points
 * on it, and a track for each G that is held by a suspender.
 * Format: "Trace Event Format", Google 2016. */
#include "trace_ring.h"

struct out {
    bool (*write)(void *ctx, const char *bytes, size_t n);
    void *ctx;
    bool ok, first;
    int64_t zero_ns; /* of the first event */
    size_t n;
    char bytes[512];
};

/* --- text, without stdio -------------------------------------------------*/

static void flush(struct out *o)
{
    if (o->ok && o->n != 0)
        o->ok = o->write(o->ctx, o->bytes, o->n);
    o->n = 0;
}

static void put_char(struct out *o, char c)
{
    if (o->n == sizeof o->bytes)
        flush(o);
    o->bytes[o->n++] = c;
}

static void put_text(struct out *o, const char *s)
{
    while (*s != '\0')
        put_char(o, *s++);
}

/* At least so many digits. */
static void put_number(struct out *o, uint64_t v, unsigned width)
{
    char digits[20];
    unsigned n = 0;

    do
        digits[n++] = (char)('0' + v % 10);
    while ((v /= 10) != 0 || n < width);
    while (n > 0)
        put_char(o, digits[--n]);
}

/* How many bytes the UTF-8 character at s has, before its end; 0: it is none.
 * A name may have been cut in the middle of one. */
static size_t utf8(const unsigned char *s)
{
    unsigned char lo = 0x80, hi = 0xbf;
    size_t n = s[0] < 0xc2 ? 0 : s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;

    if (s[0] < 0x80)
        return 1;
    if (n == 0 || s[0] > 0xf4)
        return 0;
    /* Neither longer than needed, nor a surrogate, nor past U+10FFFF. */
    if (s[0] == 0xe0)
        lo = 0xa0;
    else if (s[0] == 0xed)
        hi = 0x9f;
    else if (s[0] == 0xf0)
        lo = 0x90;
    else if (s[0] == 0xf4)
        hi = 0x8f;
    for (size_t i = 1; i < n; i++, lo = 0x80, hi = 0xbf)
        if (s[i] < lo || s[i] > hi)
            return 0;
    return n;
}

/* What stands between quotes for s. */
static void put_escaped(struct out *o, const char *s)
{
    const unsigned char *p = (const unsigned char *)s;

    while (*p != '\0') {
        size_t n = utf8(p);

        if (n == 0 || *p < 0x20 || *p == 0x7f) {
            put_text(o, n == 0 ? "\\ufffd" : "\\u00");
            if (n != 0) {
                put_char(o, "0123456789abcdef"[*p >> 4]);
                put_char(o, "0123456789abcdef"[*p & 15]);
            }
            p++;
            continue;
        }
        if (*p == '"' || *p == '\\')
            put_char(o, '\\');
        for (; n > 0; n--)
            put_char(o, (char)*p++);
    }
}

/* --- one entry -----------------------------------------------------------*/

/* { "ph": PH, ... up to where a name's text begins. */
static void begin(struct out *o, const char *ph, uint64_t m_id, int64_t ns)
{
    uint64_t at = (uint64_t)(ns - o->zero_ns);

    put_text(o, o->first ? "\n" : ",\n");
    o->first = false;
    put_text(o, "{\"pid\":1,\"tid\":");
    put_number(o, m_id, 1);
    put_text(o, ",\"ts\":"); /* microseconds */
    put_number(o, at / 1000, 1);
    put_char(o, '.');
    put_number(o, at % 1000, 3);
    put_text(o, ",\"ph\":\"");
    put_text(o, ph);
    put_char(o, '"');
}

static void name(struct out *o, const char *before, const char *text)
{
    put_text(o, ",\"name\":\"");
    put_text(o, before);
    put_escaped(o, text);
    put_char(o, '"');
}

/* A G's name, or its number. */
static void name_of(struct out *o, const char *before,
                    const struct yank_trace_event *e)
{
    put_text(o, ",\"name\":\"");
    put_text(o, before);
    put_escaped(o, e->name);
    if (e->name[0] == '\0') {
        put_char(o, 'g');
        put_number(o, e->g_id, 1);
    }
    put_char(o, '"');
}

static void args(struct out *o, const struct yank_trace_event *e,
                 const char *value)
{
    put_text(o, ",\"args\":{\"g\":");
    put_number(o, e->g_id, 1);
    if (value != NULL) {
        put_text(o, ",\"");
        put_text(o, value);
        put_text(o, "\":");
        put_number(o, e->value, 1);
    }
    put_text(o, "}}");
}

static void meta(struct out *o, uint64_t m_id, const char *what,
                 const char *before, const char *text)
{
    begin(o, "M", m_id, o->zero_ns);
    name(o, "", what);
    put_text(o, ",\"args\":{\"name\":\"");
    put_text(o, before);
    if (m_id != 0)
        put_number(o, m_id, 1);
    put_text(o, m_id != 0 && text[0] != '\0' ? " " : "");
    put_escaped(o, text);
    put_text(o, "\"}}");
}

/* --- tracks --------------------------------------------------------------*/

/* Slices on a track nest: close down to so many that are open. */
static void close_to(struct out *o, struct yank_trace_lane *lane,
                     const struct yank_trace_event *e, unsigned open)
{
    static const char *const why[] = { "waits", "yields", "ends", "stopped" };
    bool off = e->kind == YANK_TRACE_OFF && e->value < YANK_TRACE_OFFS;

    for (; lane->open > open; lane->open--) {
        begin(o, "E", lane->m_id, e->ns);
        put_text(o, ",\"args\":{\"off\":\"");
        put_text(o, off ? why[e->value] : "");
        put_text(o, "\"}}");
    }
}

static void open_one(struct out *o, struct yank_trace_lane *lane,
                     const struct yank_trace_event *e)
{
    begin(o, "B", lane->m_id, e->ns);
    if (e->kind == YANK_TRACE_ON)
        name_of(o, "", e);
    else
        name(o, "", "blocking region");
    args(o, e, NULL);
    lane->open++;
}

static void point(struct out *o, const struct yank_trace_event *e)
{
    begin(o, "i", e->m_id, e->ns);
    put_text(o, ",\"s\":\"t\"");
    if (e->kind == YANK_TRACE_KICK)
        name(o, "", "kick");
    else
        name(o, "answer: ", yank_outcome_name((int)e->value));
    args(o, e, NULL);
}

/* Of a track that the viewer makes for each G. */
static void held(struct out *o, const struct yank_trace_event *e)
{
    bool stop = e->kind == YANK_TRACE_STOP;

    begin(o, stop ? "b" : "e", e->m_id, e->ns);
    put_text(o, ",\"cat\":\"stop\",\"id\":");
    put_number(o, e->g_id, 1);
    name_of(o, "holds ", e);
    args(o, e, stop ? "latency_ns" : NULL);
}

static void event(struct out *o, struct yank_trace_lane *lane,
                  const struct yank_trace_event *e)
{
    switch (e->kind) {
    case YANK_TRACE_ON:
        close_to(o, lane, e, 0); /* its end was lost */
        open_one(o, lane, e);
        break;
    case YANK_TRACE_OFF: close_to(o, lane, e, 0); break;
    case YANK_TRACE_BLOCK:
        close_to(o, lane, e, 1);
        open_one(o, lane, e);
        break;
    case YANK_TRACE_UNBLOCK: close_to(o, lane, e, 1); break;
    case YANK_TRACE_KICK:
    case YANK_TRACE_ANSWER: point(o, e); break;
    case YANK_TRACE_STOP:
    case YANK_TRACE_RESUME: held(o, e); break;
    case YANK_TRACE_KINDS: break;
    }
}

static struct yank_trace_lane *
lane_of(struct yank_trace_copy *c, struct yank_trace_lane *last, uint64_t m_id)
{
    struct yank_trace_lane *lane = last;

    for (size_t i = 0; lane->m_id != m_id && i < c->n_lanes; i++)
        lane = &c->lanes[i];
    return lane;
}

static void write_all(struct out *o, struct yank_trace_copy *c)
{
    struct yank_trace_lane *lane = c->lanes;

    put_text(o, "{\"displayTimeUnit\":\"ns\",\"traceEvents\":[");
    meta(o, 0, "process_name", "yank", "");
    for (size_t i = 0; i < c->n_lanes; i++)
        meta(o, c->lanes[i].m_id, "thread_name",
             c->lanes[i].m_id == 0 ? "suspenders" : "M ", c->lanes[i].name);
    for (size_t i = 0; i < c->n && o->ok; i++) {
        lane = lane_of(c, lane, c->events[i].m_id);
        event(o, lane, &c->events[i]);
    }
    put_text(o, "\n]}\n");
    flush(o);
}

int yank_trace_write(bool (*write)(void *, const char *, size_t), void *ctx)
{
    struct out o = { .write = write, .ctx = ctx, .ok = true, .first = true };
    struct yank_trace_copy c;
    int rc;

    if (write == NULL)
        return yank_is_ready() ? YANK_EINVAL : YANK_EINIT;
    if ((rc = yank_trace_copy(&c)) != YANK_OK)
        return rc;
    o.zero_ns = c.n != 0 ? c.events[0].ns : 0;
    write_all(&o, &c);
    yank_trace_copy_free(&c);
    return o.ok ? YANK_OK : YANK_EOS;
}
