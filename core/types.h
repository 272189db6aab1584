/* G, M and P with their fields, for core/, os/, arch/ and sched/.  Everyone
 * else sees bytes of the same size (yank/yank.h).
 *
 * Each field says who writes it and under which guard.  Guards:
 *   SCAN    whoever set YANK_SCAN in g->status
 *   own     the thread that runs the G, or the M's own thread, handler
 *           included
 *   any     every thread, by atomic read-modify-write
 *   init    before the object is published; constant afterwards */
#ifndef YANK_TYPES_H
#define YANK_TYPES_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "platform.h"

/* Origin: go@62e53b79 runtime2.go:_Gidle ...; Blocking is _Gsyscall. */
enum yank_status {
    YANK_IDLE,
    YANK_RUNNABLE,
    YANK_RUNNING,
    YANK_BLOCKING,
    YANK_WAITING,
    YANK_DEAD,
    YANK_COPYSTACK,
    YANK_PREEMPTED,
    YANK_SCAN = 0x1000,  /* ored in: claimed by a suspender */
    YANK_WAITED = 0x2000 /* with SCAN: somebody sleeps until it is dropped */
};
#define YANK_BASE(status) ((status) & ~(uint32_t)(YANK_SCAN | YANK_WAITED))

/* What the poll word holds while a stop or yield is wanted: above every SP. */
#define YANK_POISON ((uintptr_t)-0x522)

struct yank_g;
struct yank_m;
struct yank_p;
struct yank_code;
struct yank_host;
struct yank_trace_ring;

/* Where the interrupted code's vector registers wait (arch/).  A stop hands
 * one from the M to the G; after the reload it goes to the resuming M. */
struct yank_vector_block {
    struct yank_vector_block *next;
    uintptr_t frame_sp; /* SP of the stopped frame; below it the block is dead:
                         * a longjmp took the G away */
    uint64_t spare[6];  /* the area that follows is 64-byte aligned */
    unsigned char area[];
};

/* Call-saved registers of a G that sits inside Yank on its own stack; layout
 * is the arch's.  C callers keep pointers there. */
struct yank_call_saved {
    uintptr_t sp, pc, reg[12];
};

struct yank_stack_bounds {
    uintptr_t lo, hi;
};

/* On Windows, three words of the thread's environment block: StackBase,
 * StackLimit (the lowest byte that can be touched at once), DeallocationStack.
 * Elsewhere unused. */
struct yank_os_stack {
    uintptr_t base, limit, whole;
};

struct yank_g {
    union {
        struct {
            /* --- offsets known to arch/ and to JITs ------------------- */
            /* Lower bound of the usable stack, or YANK_POISON.  Poisoned by
             * any; restored by own only. */
            _Atomic uintptr_t poll_word;
            uintptr_t sp; /* saved context while not on an M; own */
            struct yank_vector_block *blocks; /* innermost first; own */
            /* resume_call: run before going on.  Written by the holder under
             * SCAN, cleared by own. */
            void (*call_fn)(void *);
            void *call_arg;

            /* --- the request: any ------------------------------------- */
            _Atomic uint32_t status; /* enum yank_status, YANK_SCAN */
            _Atomic uint32_t asks;   /* suspenders that want it stopped */
            _Atomic uint32_t yield;  /* back to the queue at a safe-point */
            /* A stop is on its way: from the injection in the handler to
             * async_preempt2.  own */
            _Atomic uint32_t injected;
            /* Bumped by every status change that a visitor may wait for, SCAN
             * release, answer, failed send, withdrawal and detach. */
            _Atomic uint32_t event;
            _Atomic uint32_t sleepers; /* how many sleep on event */
            /* Calls that may still touch the G; fini waits for 0.  The top
             * bit: somebody sleeps on this word. */
            _Atomic uint32_t visitors;
            /* Claimed when it should have run: whoever exchanges it to 0
             * after the claim is gone must ready the G. */
            _Atomic uint32_t aside;
            _Atomic uint32_t async_off; /* per-G switch */

            /* --- own, and its handler --------------------------------- */
            _Atomic uint32_t region_depth;
            _Atomic uint32_t region_pending;
            /* Stops of others that this G holds.  +1 own; -1 any. */
            _Atomic uint32_t holding;

            /* --- own; others read it under SCAN ------------------------ */
            _Atomic(struct yank_m *) m; /* where it runs, else null */
            struct yank_m *pinned;      /* the M that must resume it */
            struct yank_code *code;     /* the range an async stop sits in */
            uintptr_t stop_pc, stop_sp; /* of the last async stop */
            bool async_safe_point; /* stopped at an arbitrary instruction */
            bool inside;           /* parked or blocking inside Yank, with its
                                    * thread: no context to abandon */
            int64_t saved_errno;
            struct yank_call_saved saved;

            /* --- SCAN ------------------------------------------------- */
            /* Odd while a stop is out, and then its number; a resume adds 1
             * and so cannot be done twice. */
            _Atomic uint64_t stop_serial;

            /* --- init ------------------------------------------------- */
            uint64_t id; /* never reused */
            uintptr_t lo, hi, guard; /* stack, and what poll_word restores */
            const struct yank_host *host; /* null: threads mode */
            void (*entry)(void *);
            void *user;
            const char *name;
            bool migratable;
            uint32_t magic;

            /* --- own: a fiber host's G --------------------------------- */
            bool stop_here; /* the stub is to come by the hook preempted */
            bool in_hook;   /* in preempted: on its way out, not stopped */
            bool went;      /* the hook did switch away */

            /* What the system believes to be the thread's stack while g runs,
             * where that has to change with the stack; own. */
            struct yank_os_stack os_stack;
        };
        _Alignas(64) unsigned char opaque[512];
    };
};

struct yank_p {
    union {
        struct {
            _Atomic(struct yank_m *) m; /* whose it is; own */
            /* Whatever runs here shall yield.  Set by any, cleared by own at
             * each switch. */
            _Atomic uint32_t yield;
            /* Switches so far; the monitor sees by it whether a slice is
             * still the same.  own */
            _Atomic uint32_t ticks;
        };
        _Alignas(64) unsigned char opaque[64];
    };
};


struct yank_m {
    union {
        struct {
            /* --- offsets known to arch/ -------------------------------- */
            uintptr_t g0_sp; /* where functions on g0 start; own */
            /* own; others deref it only while they count in kickers */
            _Atomic(struct yank_g *) curg;
            struct yank_vector_block *spare; /* for the next stop; own */
            struct yank_vector_block *cache; /* come back from Gs; own */

            /* --- the kick: any ---------------------------------------- */
            /* The sender's ticket while a kick is on its way, else 0. */
            _Atomic uint32_t signal_pending;
            /* Answers given so far.  Added to by own, one at a time; where
             * others answer for it, the backend must serialise them. */
            _Atomic uint32_t preempt_gen;
            /* Requesters between reading g->m, or before reading curg and p,
             * and their send; who takes one of these away waits for 0.  The
             * top bit: somebody sleeps on this word. */
            _Atomic uint32_t kickers;
            _Atomic uint32_t tickets; /* makes tickets */
            /* The thread, for the OS; 0 once it detaches.  own */
            _Atomic uintptr_t os_id;

            /* --- the last answer: own, published by preempt_gen --------- */
            _Atomic uint32_t outcome; /* enum yank_outcome */
            _Atomic uintptr_t answer_pc, answer_sp;

            /* --- own ---------------------------------------------------- */
            _Atomic(struct yank_p *) p; /* as curg */
            /* Where a fiber's stub calls async_preempt2, for the thread's
             * stack is the host's then; none before the first fiber. */
            struct yank_stack_bounds fiber_g0;
            /* Odd while the handler reads the code map; codemap.c waits on
             * it. */
            _Atomic uint32_t map_reader;
            _Atomic uint64_t count[24]; /* answers by outcome */

            /* --- init --------------------------------------------------- */
            uint64_t id; /* never reused */
            struct yank_os_stack os_g0; /* that of g0, as g->os_stack; own */
            uintptr_t os_private[4]; /* the backend's, from m_init to m_fini */
            struct yank_stack_bounds g0, sigstack;
            bool own_g0, own_sigstack; /* we allocated it */
            struct yank_thread *thread; /* threads mode, else null */
            const struct yank_host *host; /* attr; may be null */
            const char *name;
            uint64_t base_mask; /* the thread's own signal mask; own */
            bool kick_was_blocked; /* before attach; detach restores it */
            uintptr_t old_sigstack[3]; /* what detach gives back */
            uint32_t magic;

            /* What happened on this M, or null: trace.c.  Written under the
             * registry's lock. */
            _Atomic(struct yank_trace_ring *) trace;
            _Atomic uint32_t trace_writers; /* who may be in it; any */

            /* --- the registry's lock ------------------------------------- */
            struct yank_m *prev, *next;
            bool forgotten;       /* it detaches: nothing for the monitor */
            int64_t slice_ns;     /* since when the monitor sees slice_tick;
                                   * 0: it sees nothing run */
            uint32_t slice_tick;  /* p->ticks then */
            /* The monitor asks the host about it: detach waits for 0.  +1
             * under the lock, -1 by the monitor. */
            _Atomic uint32_t watched;

            /* --- the monitor's, while watched or under that lock ---------- */
            struct yank_m *due_next;
            int64_t asked_ns;  /* when it last asked; 0: not this slice */
        };
        _Alignas(64) unsigned char opaque[1024];
    };
};

#include <yank/yank.h>

_Static_assert(sizeof(struct yank_g) == YANK_G_BYTES, "public size of G");
_Static_assert(sizeof(struct yank_m) == YANK_M_BYTES, "public size of M");
_Static_assert(sizeof(struct yank_p) == YANK_P_BYTES, "public size of P");
_Static_assert(offsetof(struct yank_g, poll_word) == YANK_G_POLL_WORD_OFFSET,
               "documented offset of the poll word");
_Static_assert(YANK_OUTCOMES <= 24, "m->count has a place for each outcome");

/* What push_call and the safe-point decision need of an interrupted thread.
 * The backend fills it from its native context and writes pc, sp, lr and
 * flags back. */
struct yank_regs {
    uintptr_t pc, sp, fp, lr;
    uint64_t flags;
    /* Why the backend itself would not touch this context (a foreign mask,
     * the handler on the G's stack), or 0. */
    enum yank_outcome refusal;
};

#endif
