/* What happened when on which M: kicks, stops, and which G ran.  Each M has a
 * ring of its own that nobody locks; while nothing is recorded an event costs
 * one load.  The format that yank_trace_write() makes is the trace event JSON
 * that Perfetto and chrome://tracing open.
 *
 * Lines of contract as in yank.h. */
#ifndef YANK_TRACE_H
#define YANK_TRACE_H

#include "yank.h"

YANK_BEGIN_DECLS

enum yank_trace_kind {
    YANK_TRACE_ON,      /* g goes on m */
    YANK_TRACE_OFF,     /* g is off m; value: enum yank_trace_off */
    YANK_TRACE_KICK,    /* a kick for g was sent to m */
    YANK_TRACE_ANSWER,  /* m answered; value: enum yank_outcome */
    YANK_TRACE_STOP,    /* a suspender owns g; value: ns since it asked */
    YANK_TRACE_RESUME,  /* the stop of g was resumed */
    YANK_TRACE_BLOCK,   /* g enters a blocking region on m */
    YANK_TRACE_UNBLOCK, /* g leaves it */
    YANK_TRACE_KINDS
};

enum yank_trace_off {
    YANK_TRACE_OFF_WAITS,   /* until somebody readies it */
    YANK_TRACE_OFF_YIELDS,  /* back to the queue */
    YANK_TRACE_OFF_ENDS,    /* for good */
    YANK_TRACE_OFF_STOPPED, /* parked for a suspender */
    YANK_TRACE_OFFS
};

#define YANK_TRACE_NAME_BYTES 24

struct yank_trace_event {
    int64_t ns;    /* yank_now_ns() */
    uint64_t m_id; /* 0: no M; the stop of a G that was on none */
    uint64_t g_id; /* 0: nobody was on m */
    uint64_t value;
    enum yank_trace_kind kind;
    char name[YANK_TRACE_NAME_BYTES]; /* of g, cut; "" where it has none,
                                       * or a kick is all there is of it */
};

/* The child of a fork has recorded nothing, and does not record. */

/* Begin to record, in a ring of that many events for each M, attached now or
 * later, and one for what happens on no M; rounded up to a power of two.  A
 * full ring forgets its oldest.
 * Context: any thread.
 * Errors : YANK_EINVAL no events, or more than YANK_TRACE_EVENTS_MAX;
 *          YANK_EBUSY it records already; YANK_ENOMEM */
#define YANK_TRACE_EVENTS_MAX (1u << 24)
YANK_API int yank_trace_start(size_t events_per_m);

/* End the recording; what was recorded stays until yank_trace_discard() or
 * the next start.  Errors: YANK_EINVAL it does not record */
YANK_API int yank_trace_stop(void);

/* fn for each event that is there, in the order of time; also while it
 * records, with what was complete when the call began.
 * Context: any thread, one at a time; not in a handler.
 * Errors : YANK_EINVAL nothing was ever recorded; YANK_ENOMEM */
YANK_API int yank_trace_each(void (*fn)(void *ctx,
                                        const struct yank_trace_event *e),
                             void *ctx);

/* The same as trace event JSON, in pieces.  write returns false where it can
 * take no more, which ends the call.
 * Errors : as yank_trace_each; YANK_EOS write said no */
YANK_API int yank_trace_write(bool (*write)(void *ctx, const char *bytes,
                                            size_t n),
                              void *ctx);

/* Free what was recorded.  Errors: YANK_EBUSY it records */
YANK_API int yank_trace_discard(void);

YANK_END_DECLS

#endif
