/* What the files of the trace share: rings of slots, and a copy of them. */
#ifndef YANK_TRACE_RING_H
#define YANK_TRACE_RING_H

#include "core.h"

/* The words of a slot. */
enum {
    YANK_TRACE_AT_NS,
    YANK_TRACE_AT_M, /* id << 8 | kind */
    YANK_TRACE_AT_G,
    YANK_TRACE_AT_VALUE,
    YANK_TRACE_AT_NAME,
    YANK_TRACE_WORDS =
        YANK_TRACE_AT_NAME + YANK_TRACE_NAME_BYTES / sizeof(uint64_t)
};

struct yank_trace_slot {
    /* 2n + 1 while the ring's event n is written, 2n + 2 once it is there. */
    _Atomic uint64_t seq;
    /* Written by whoever made seq odd: one at a time. */
    _Atomic uint64_t word[YANK_TRACE_WORDS];
};

struct yank_trace_ring {
    /* --- the registry's lock -------------------------------------------- */
    struct yank_trace_ring *next;
    uint64_t seen; /* head when the last copy began */

    /* --- init ------------------------------------------------------------ */
    uint64_t m_id; /* 0: what happens on no M */
    size_t bytes;
    uint64_t mask;
    char name[YANK_TRACE_NAME_BYTES]; /* of the M, or "" */

    /* How many events there were; any. */
    _Alignas(64) _Atomic uint64_t head;
    _Alignas(64) struct yank_trace_slot slot[];
};

/* The M of one ring, and for the writer of JSON what is open on its track. */
struct yank_trace_lane {
    uint64_t m_id;
    char name[YANK_TRACE_NAME_BYTES];
    unsigned open;
};

/* All that was complete when it was made, in the order of time. */
struct yank_trace_copy {
    struct yank_trace_event *events;
    struct yank_trace_lane *lanes;
    size_t n, n_lanes;
    void *memory; /* the pages that hold both */
    size_t bytes;
};
/* Errors: YANK_EINVAL there are no rings; YANK_ENOMEM */
int yank_trace_copy(struct yank_trace_copy *out);
void yank_trace_copy_free(struct yank_trace_copy *c);

/* Under the registry's lock: the rings there are. */
struct yank_trace_ring *yank_trace_rings(void);

#endif
