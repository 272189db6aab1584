/* Yank: stop running code that never asked to be stopped, and let it go on
 * as if nothing had happened.
 *
 * This header: init, threads mode, suspend and resume, regions, polls.
 * host.h is for a runtime with its own scheduler, sched.h is the default
 * scheduler, code.h says which code may be stopped.
 *
 * Return values: 0 (YANK_OK) means that the result is yours; everything else
 * is negative, has a name below and a text from yank_strerror(), and means
 * that nothing was changed.
 * Deadlines: absolute nanoseconds on yank_now_ns(); 0 tries once and never
 * waits; YANK_NO_DEADLINE waits for ever.
 * Structures that begin with struct_size: set it to sizeof and zero the rest.
 *
 * A G, an M or a thread is yours to free once its fini or detach returned 0:
 * no call on it may begin when that can happen.
 *
 * Each prototype says from where it may be called:
 *   Context  which thread, on a G's stack or off it, in a region
 *   AS-safe  may a signal handler call it
 *   Blocks   can it wait
 *   Errors   besides YANK_EINIT, which every call gives before yank_init()
 *   Origin   go@62e53b79 is the commit this library grew from */
#ifndef YANK_YANK_H
#define YANK_YANK_H

#include "config.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

YANK_BEGIN_DECLS

#define YANK_NO_DEADLINE INT64_MAX

enum yank_error {
    YANK_OK = 0,
    YANK_EINVAL = -1,     /* an argument does not hold */
    YANK_ETIMEDOUT = -2,  /* the deadline passed; nothing is held */
    YANK_EDEAD = -3,      /* the G ended */
    YANK_ENOSYS = -4,     /* this build or system cannot do it, see caps */
    YANK_EINIT = -5,      /* not initialised, or initialised twice */
    YANK_EBUSY = -6,      /* still in use */
    YANK_EAGAIN = -7,     /* the system is short of something; try later */
    YANK_EGONE = -8,      /* the thread has exited */
    YANK_EOS = -9,        /* the system refused; see the log */
    YANK_ENOMEM = -10,    /* no memory */
    YANK_EHOLDING = -11,  /* not while holding a stop */
    YANK_ESELF = -12,     /* a G cannot suspend itself */
    YANK_EREGION = -13,   /* not inside a no-preempt or blocking region */
    YANK_ERESUMED = -14,  /* this stop was resumed before, or never held */
    YANK_EATTACHED = -15, /* the thread is attached already */
    YANK_ETHREAD = -16,   /* this thread may not: not attached, or not its G */
    YANK_ESTACK = -17,    /* stack bounds that do not hold */
    YANK_ESIGNAL = -18,   /* a signal that cannot serve as the kick */
    YANK_EOVERLAP = -19,  /* code ranges overlap */
    YANK_EVERSION = -20,  /* header and library do not fit together */
    YANK_ENOTSUP = -21    /* not for a G of this kind */
};

/* What one look at an interrupted thread came to: the answer to a kick.
 * From YANK_REFUSED_OFF on it is a refusal, asked again later. */
enum yank_outcome {
    YANK_NOT_WANTED,          /* nobody asks (any more) */
    YANK_INJECTED,            /* the stop is on its way */
    YANK_DEFERRED,            /* in a no-preempt region: stops at its end */
    YANK_REFUSED_OFF,         /* switched off: run time, per G, environment */
    YANK_REFUSED_INJECTED,    /* an earlier stop is still on its way */
    YANK_REFUSED_NOT_USER,    /* no G, or the scheduler's stack */
    YANK_REFUSED_NO_P,        /* the M has no right to run user code */
    YANK_REFUSED_HOLDING,     /* the G holds somebody else's stop */
    YANK_REFUSED_MASK,        /* the mask is not the thread's own: a handler */
    YANK_REFUSED_CPU_STATE,   /* trap flag or a record nobody can resume */
    YANK_REFUSED_SIGSTACK,    /* the handler runs on the G's own stack */
    YANK_REFUSED_BOUNDS,      /* SP is outside the G's stack */
    YANK_REFUSED_ROOM,        /* too little stack left for the spill */
    YANK_REFUSED_NO_BLOCK,    /* no spare vector block */
    YANK_REFUSED_UNREGISTERED,/* the code map does not know the PC */
    YANK_REFUSED_HOST,        /* pc_is_safe said no */
    YANK_OUTCOMES             /* how many there are */
};

/* Half-open: lo is the lowest byte, hi is one past the highest. */
struct yank_stack {
    uintptr_t lo, hi;
};

/* A task, an OS thread, the right to run user code.  Bytes only: the host
 * places them where it likes, they must not move or be copied while in use. */
#define YANK_G_BYTES 512
#define YANK_M_BYTES 1024
#define YANK_P_BYTES 64

#ifndef YANK_TYPES_H /* the library itself sees the fields, core/types.h */
struct yank_g {
    YANK_ALIGNAS(64) unsigned char opaque[YANK_G_BYTES];
};
struct yank_m {
    YANK_ALIGNAS(64) unsigned char opaque[YANK_M_BYTES];
};
struct yank_p {
    YANK_ALIGNAS(64) unsigned char opaque[YANK_P_BYTES];
};
#endif

/* The handle of a stop.  Valid from the 0 of a suspend until its resume;
 * zeroed on failure and by the resume. */
struct yank_stop {
    struct yank_g *g;
    uintptr_t pc, sp; /* where g will go on; 0 where it runs inside Yank, or
                       * its host switched away from it */
    bool async;       /* at an arbitrary instruction: registers in the spill */
    struct yank_g *holder; /* the G that holds it, or null: a foreign thread */
    uint64_t serial;       /* which stop of g this is; guards against reuse */
};

/* Init and shut down ------------------------------------------------------ */

struct yank_options {
    size_t struct_size;
    int signo;             /* the kick signal; 0: YANK_SIGNAL or SIGURG.  One
                            * that is ignored by default: a kick on its way
                            * may reach the image that exec() starts */
    bool host_owns_signal; /* Yank installs no handler: the host's own calls
                            * yank_handle_signal() */
    bool kick_by_apc;      /* Windows: by special user APCs where the system
                            * has them and they pass a test, see
                            * yank_caps.kick; elsewhere without effect */
    bool read_env;         /* obey YANKDEBUG (asyncpreemptoff=1); never obeyed
                            * in a set-user-id program */
    bool atfork;           /* register the fork trio with pthread_atfork */
    /* Memory for code map and tasks.  Both or neither; null: malloc, free. */
    void *(*alloc)(void *ctx, size_t bytes);
    void (*release)(void *ctx, void *p, size_t bytes);
    /* A broken invariant of Yank's own.  Must not return; null: write a line
     * to stderr and abort.  AS-safe. */
    void (*panic)(void *ctx, const char *message);
    /* One line without newline, from a thread in Yank, never a handler. */
    void (*log)(void *ctx, const char *line);
    /* The last word on an interrupted instruction in code marked
     * YANK_CODE_ASK_HOST: may the thread be stopped here?  It may set
     * *resume_pc to an earlier instruction from which to go on.  Runs in the
     * handler: AS-safe. */
    bool (*pc_is_safe)(void *ctx, uintptr_t pc, uintptr_t sp, uintptr_t fp,
                       uintptr_t *resume_pc);
    void *ctx; /* handed to each of the above */
};

/* Set Yank up for this process; options may be null.  The includer's module
 * is registered as code that may be stopped, as far as YANK_TEXT and
 * yank_make_preemptible() marked it.
 * Context: any thread, once; not in a handler.  Blocks: no.
 * Errors : YANK_EINIT again without fini; YANK_EVERSION; YANK_EINVAL;
 *          YANK_ESIGNAL; YANK_ESTACK the spill needs more stack than the
 *          limit; YANK_ENOMEM; YANK_EOS
 * Origin : go@62e53b79 preempt.go:init (asyncPreemptStack) */
#define yank_init(options)                                                   \
    yank_init_module((options), YANK_VERSION, YANK_TEXT_LO, YANK_TEXT_HI)
YANK_API int yank_init_module(const struct yank_options *options,
                              unsigned header_version, const void *text_lo,
                              const void *text_hi);

/* Undo yank_init: the previous signal handler is back, all memory returned.
 * Context: a thread that is not attached.
 * Errors : YANK_EBUSY threads are attached, a scheduler runs, or code is
 *          registered at run time; nothing is undone then */
YANK_API int yank_fini(void);

/* Never null; an unknown code has a text too.  AS-safe: yes. */
YANK_API const char *yank_strerror(int error);
YANK_API const char *yank_outcome_name(int outcome);

/* Monotonic nanoseconds, the clock of all deadlines.  AS-safe: yes. */
YANK_API int64_t yank_now_ns(void);

/* What this build has and what is active now. */
enum yank_cap {
    YANK_CAP_ASYNC = 1u << 0,        /* kicks: code without polls is stopped */
    YANK_CAP_STACK_SWITCH = 1u << 1, /* Gs with stacks of their own: sched.h */
    YANK_CAP_THREADS = 1u << 2,      /* more than one thread */
    YANK_CAP_VECTORS = 1u << 3,      /* the whole vector state is kept */
    YANK_CAP_SYNC_KICK = 1u << 4     /* the target is stopped during a kick */
};
struct yank_caps {
    uint32_t built;  /* YANK_CAP_* this build can have */
    uint32_t active; /* YANK_CAP_* that hold now */
    const char *os, *arch;
    const char *why; /* why async is not active; "" where it is */
    size_t async_preempt_stack; /* bytes a stop needs below the SP */
    size_t vector_bytes;        /* one vector block */
    int signo;                  /* the kick signal, 0: none */
    const char *kick;           /* how a thread is interrupted: "signal",
                                 * "suspend", "apc"; "none" */
    unsigned kick_scale;        /* kick deadlines are stretched by this:
                                 * 1, more under an emulator */
};
/* Context: any thread.  Errors: YANK_EINVAL null. */
YANK_API int yank_get_caps(struct yank_caps *out);

/* How often each answer was given, since init, by all Ms. */
struct yank_counters {
    uint64_t outcome[YANK_OUTCOMES];
    uint64_t kicks_sent, kicks_failed, kicks_resent;
};
/* Context: any thread.  Blocks: on the registry's lock, for microseconds. */
YANK_API int yank_get_counters(struct yank_counters *out);

/* Switch kicks off and on for the whole process.  Off, polls still work and
 * a signal sent from outside has no effect.
 * Context: any thread.  AS-safe: yes.
 * Origin : go@40b74558 debug.asyncpreemptoff */
YANK_API int yank_set_async(bool on);
/* The same for one G.  AS-safe: yes. */
YANK_API int yank_g_set_async(struct yank_g *g, bool on);

/* Threads mode: an OS thread as an M with one G bound to it ---------------- */

struct yank_thread {
    struct yank_m m;
    struct yank_g g;
    struct yank_p p;
};

struct yank_thread_attr {
    size_t struct_size;
    struct yank_stack stack;    /* of this thread; zero: ask the system */
    struct yank_stack sigstack; /* the host's own sigaltstack; zero: the
                                 * thread's, or one that Yank installs */
    const char *name;           /* for reports; kept by pointer */
};

/* Make the calling thread an M.  t must stay until detach returned 0.
 * The kick signal is unblocked; the mask as it is then is the thread's own:
 * kicks are refused while another one is in force, since then a handler runs.
 * Context: the thread itself, not in a handler.
 * Errors : YANK_EATTACHED; YANK_ESTACK bounds that do not hold this frame;
 *          YANK_EINVAL; YANK_ENOMEM; YANK_EOS */
YANK_API int yank_thread_attach(struct yank_thread *t,
                                const struct yank_thread_attr *attr);

/* Returns when no requester and no handler can still touch t.
 * Context: the attached thread, on its own stack, outside any region.
 * Blocks : until whoever holds a stop of this thread has resumed it
 * Errors : YANK_ETHREAD not attached as t; YANK_EREGION; YANK_EHOLDING */
YANK_API int yank_thread_detach(struct yank_thread *t);

/* The calling thread's, or null.  AS-safe: yes. */
YANK_API struct yank_thread *yank_thread_self(void);

/* Call after changing the thread's signal mask for good.
 * Context: an attached thread.  AS-safe: yes.
 * Errors : YANK_ETHREAD */
YANK_API int yank_signal_mask_changed(void);

/* Stop and resume ---------------------------------------------------------- */

/* Stop g: when this returns 0, g does not run and its registers and stack
 * hold still until the stop is resumed.  A caller that runs on a G can itself
 * be stopped while it waits and returns only when it runs again; between the
 * return and the resume it is in a no-preempt region.
 * Context: any thread, attached or not; outside regions; not holding a stop.
 * Blocks : until the deadline
 * Errors : YANK_EDEAD; YANK_ETIMEDOUT; YANK_EINVAL; YANK_ESELF;
 *          YANK_EHOLDING; YANK_EREGION;
 *          YANK_ENOSYS it would have to wait for its own thread
 * Origin : go@62e53b79 preempt.go:suspendG */
YANK_API int yank_suspend_g(struct yank_g *g, int64_t deadline_ns,
                            struct yank_stop *stop);

/* Stop all of n: all are asked before any is waited for.  All or nothing,
 * except that the stop of a G that is dead is zeroed and the rest are held.
 * Context, errors: as yank_suspend_g; YANK_EINVAL also for a G named twice */
YANK_API int yank_suspend_many(struct yank_g *const *gs, size_t n,
                               int64_t deadline_ns, struct yank_stop *stops);

/* Let it go on.
 * Context: any thread.  AS-safe: no.  Blocks: no.
 * Errors : YANK_ERESUMED; YANK_EINVAL
 * Origin : go@62e53b79 preempt.go:resumeG */
YANK_API int yank_resume_g(struct yank_stop *stop);

/* Let it go on as if it had called fn(arg) where it stands.  fn runs on the
 * G's own stack, in no handler, below what was stopped, where nobody checks
 * that there is room for it; it may longjmp where the host's code allows that
 * at the instruction that was stopped.
 * Context: as yank_resume_g.
 * Errors : as yank_resume_g; YANK_EBUSY an earlier call has not begun yet */
YANK_API int yank_resume_call(struct yank_stop *stop, void (*fn)(void *arg),
                              void *arg);

/* It never goes on: the G is Dead, nothing unwinds, its stack goes back to
 * its owner.
 * Context: as yank_resume_g.
 * Errors : as yank_resume_g; YANK_ENOTSUP a G in threads mode, whose stack
 *          is the thread's; YANK_EBUSY its context is not parked: it is in a
 *          blocking region or suspends another, or its host's hook preempted
 *          did not switch */
YANK_API int yank_abandon_g(struct yank_stop *stop);

/* May the stack of this stopped G be copied or shrunk?  Not at an
 * asynchronous stop, where nobody knows what is a pointer, and not in a
 * blocking region, where the callee may hold pointers into it.
 * Origin : go@62e53b79 stack.go:isShrinkStackSafe */
YANK_API bool yank_is_shrink_stack_safe(const struct yank_stop *stop);

/* Polls -------------------------------------------------------------------- */

/* Where compiled code finds the word to compare SP with: when SP is below it,
 * call yank_poll().  It is the lower bound of the usable stack, and above
 * every address while a stop or a yield is wanted.  At this offset in struct
 * yank_g. */
#define YANK_G_POLL_WORD_OFFSET 0
YANK_API const uintptr_t *yank_g_poll_word(const struct yank_g *g);

/* A synchronous safe-point: stop here if asked.
 * Context: on g's own stack.  Blocks: while stopped.  Two loads otherwise.
 * Origin : go@62e53b79 stack.go:newstack */
YANK_API void yank_poll(struct yank_g *g);

/* Regions ------------------------------------------------------------------ */

/* Between the two g is not stopped; a stop asked meanwhile happens in the
 * outermost enable.  They nest.  Nothing may park, yield or block inside.
 * Context: on g's own stack.  AS-safe: disable yes, enable no.
 * Errors : enable, YANK_EREGION: no region to end */
YANK_API void yank_preempt_disable(struct yank_g *g);
YANK_API int yank_preempt_enable(struct yank_g *g);
/* fn(arg) inside such a region of the calling G, for code whose locks are
 * the thread's.  Outside a G it is a plain call. */
YANK_API void *yank_call_no_preempt(void *(*fn)(void *arg), void *arg);

/* Around a call that may block in the system: g counts as stopped already,
 * no kick is sent and no system call is cut short.  Leave waits while
 * somebody holds g.
 * Context: on g's own stack, outside regions.
 * Errors : YANK_ETHREAD; YANK_EREGION; YANK_EHOLDING;
 *          YANK_EINVAL leave without enter
 * Origin : go proc.go:entersyscall, exitsyscall */
YANK_API int yank_blocking_enter(struct yank_g *g);
YANK_API int yank_blocking_leave(struct yank_g *g);

/* Signals and fork --------------------------------------------------------- */

/* For a host that owns the signal: call it from the handler, which must have
 * SA_SIGINFO | SA_ONSTACK and a full mask.  True: it was for Yank; the signal
 * may stand for one of the application's too.
 * AS-safe: yes; keeps errno.  Origin: go@62e53b79 signal_unix.go:sighandler */
YANK_API bool yank_handle_signal(int signo, void *siginfo, void *ucontext);

/* Did this process send it as a kick?  For a handler that wants only the
 * others.  siginfo is what the kernel gave the handler: glibc's sigwaitinfo()
 * hides how a signal was sent, and a signalfd's record has another layout.
 * AS-safe: yes.
 * Origin : go@62e53b79 signal_test.go:waitSigAll */
YANK_API bool yank_signal_is_kick(const void *siginfo);

/* Around fork() in a host that does not set options.atfork.  In the child
 * the calling thread stays attached and every other G is Dead.
 * Context: the forking thread.  Blocks: prepare, for microseconds. */
YANK_API void yank_fork_prepare(void);
YANK_API void yank_fork_parent(void);
YANK_API void yank_fork_child(void);

YANK_END_DECLS

#endif
