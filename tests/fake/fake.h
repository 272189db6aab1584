/* A deterministic world for core/: parties (threads) are coroutines on one OS
 * thread, the OS and the CPU are fakes, and every run is a function of the
 * choices made at its steps.  A step is an atomic operation of core/, a
 * YANK_STEP, a call into the fake OS or an instruction of user code.
 *
 * Choice 0 is always the plain course of events: the running party goes on,
 * a kick arrives at once, nothing fails.  Any other choice is a deviation.  A
 * schedule is the list of deviations, "at.choice,at.choice"; the explorer
 * (explore.c) tries all of them up to a bound, or random ones. */
#ifndef YANK_FAKE_H
#define YANK_FAKE_H

#include "../../core/core.h"
#include "fiber.h"

#define FAKE_PARTIES 6

/* PCs that the fake CPU reports. */
#define FAKE_USER_LO ((uintptr_t)0x100000) /* registered, safe */
#define FAKE_USER_HI ((uintptr_t)0x140000)
#define FAKE_FREE_LO ((uintptr_t)0x180000) /* ... and migratable */
#define FAKE_FREE_HI ((uintptr_t)0x200000)
#define FAKE_PC_YANK ((uintptr_t)0x900000) /* inside the library */
#define FAKE_PC_STUB ((uintptr_t)0xa00000) /* inside the spill stub */
#define FAKE_PC_LIBC ((uintptr_t)0xb00000) /* not registered */
#define FAKE_STUB_STACK 256 /* what yank_arch_async_preempt_stack() says */
#define FAKE_STACK_BYTES (128 * 1024)

enum party_state { PARTY_READY, PARTY_WAIT, PARTY_USER, PARTY_DONE };

struct stored { /* one store that has not reached memory */
    volatile void *at;
    unsigned char value[8];
    size_t bytes;
};

struct party {
    const char *name;
    int id;
    void (*fn)(void *arg);
    void *arg;
    struct fiber fiber; /* its own stack; g0 in host mode */
    struct fiber *on;   /* where it is now: its own or a G's */
    struct yank_m *m;   /* yank_m_self() */
    enum party_state state;
    _Atomic uint32_t *word; /* WAIT, USER: what it waits for */
    uint32_t old, wait_old; /* USER: goes on when *word is not old */
    int64_t until;
    bool woken;
    bool spinning; /* left in yank_arch_pause(): others go first */
    /* kicks */
    bool kick;       /* one is on its way; the kernel merges them */
    bool late;       /* it waits for the explorer, or for p to block */
    bool in_handler; /* full mask */
    bool in_stub;
    bool blocked;              /* the kick signal is blocked */
    uintptr_t pc;              /* not 0: in user code */
    uintptr_t sp;              /* what the kick reports; 0: the real one */
    enum yank_outcome refusal; /* what the backend finds wrong */
    bool bad_cpu;              /* yank_arch_context_ok() says no */
    bool suspended;            /* a kicker holds it still */
    _Atomic uint32_t answering; /* 1: such a kicker is there; others wait */
    bool in_window;            /* it has somebody suspended */
    bool edited;               /* the next thing it does is the stub */
    bool steal_stub;           /* the next injected call is lost to a longjmp */
    bool in_kernel; /* a kick that lands now cuts a system call short */
    uint32_t stops; /* stubs gone through */
    /* g0 */
    yank_mcall_fn req_fn; /* null: async_preempt2 */
    struct yank_g *req_g;
    void *req_arg;
    /* report */
    const char *where;
    struct stored buffer[8];
    unsigned buffered;
};

/* What an exploration may do besides switching and delaying kicks. */
enum {
    FAKE_FAIL_EAGAIN = 1 << 0, /* yank_preempt_m fails: queue full */
    FAKE_FAIL_EGONE = 1 << 1,  /* ... thread gone */
    FAKE_DROP = 1 << 2,        /* it says OK and nothing comes */
    FAKE_STRAY = 1 << 3,       /* a kick from outside, at any step */
    FAKE_SPURIOUS = 1 << 4,    /* a wait ends for no reason */
    FAKE_TIMEOUT = 1 << 5,     /* a deadline passes while others run */
    FAKE_WEAK = 1 << 6,        /* stores stay in the buffer for a while */
    FAKE_STEAL = 1 << 7,       /* a longjmp takes the G off the stub */
    FAKE_UNDO = 1 << 8         /* an edit does not go into the thread */
};

struct fake_spec {
    const char *name;
    void (*setup)(void);     /* after yank_init: objects zeroed, parties made */
    void (*check)(void);     /* when all parties are done */
    void (*invariant)(void); /* at every step, or null */
    unsigned may;            /* FAKE_* */
    unsigned bound;          /* deviations, exhaustively */
    unsigned runs;       /* at most, per number of deviations; 0: a default */
    unsigned walks;      /* random ones after that; 0: a default */
    unsigned processors; /* 0: one */
    bool suspends; /* a kick is answered by its sender, while the target is held
                    * still (YANK_CAP_SYNC_KICK), as on Windows */
    bool no_init;        /* setup calls yank_init itself */
    const struct yank_options *options;
};

struct fake_world {
    struct party party[FAKE_PARTIES];
    int parties;
    struct party *cur; /* null: the test itself */
    struct fiber main;
    const struct fake_spec *spec;
    int64_t clock;
    unsigned steps, max_steps;
    bool trace;
    unsigned quiet; /* not 0: no choices, e.g. while parties attach */
    struct yank_code *code[2];
    /* the fake OS */
    bool threads;           /* yank_os_thread_start() works */
    bool no_kicks;          /* every send fails with ENOSYS */
    int send_rc;            /* not 0: what every send answers */
    const char *hold_store; /* scripts: these stores stay in the buffer */
    unsigned drop_one_in;   /* not 0: every n-th kick is lost */
    unsigned processors;
    unsigned sends, answers, wakes, waits;
    int64_t last_send_ns;
    char last_log[256];
};
extern struct fake_world fake;

/* --- party.c -------------------------------------------------------------*/
void fake_reset(const struct fake_spec *spec);
struct party *fake_party(const char *name, void (*fn)(void *), void *arg);
/* Run parties until all are done (or, in a script, the goal is reached). */
void fake_run(void);
void fake_step(const char *name);
/* Leave the running party until it can go on. */
void fake_block(enum party_state how, _Atomic uint32_t *word, int64_t until);
/* Until *word is not old any more. */
void fake_block_changed(_Atomic uint32_t *word, uint32_t old);
void fake_pause(void); /* the running party spins: let others run */
bool fake_runnable(const struct party *p);
void fake_flush(struct party *p);
void fake_switch_to(struct party *q);

/* --- explore.c: choices --------------------------------------------------*/
/* One of n; what: for the trace. */
unsigned fake_choose(unsigned n, const char *what);
/* Around each run: a fresh world with Yank up in it; and all given back. */
void fake_begin(const struct fake_spec *spec);
void fake_end(const struct fake_spec *spec);
void explore(const struct fake_spec *spec);
/* The same twice: kicks as signals, and with the target suspended. */
void explore_both(const struct fake_spec *spec);
unsigned long explored_runs(void); /* by the last explore() */
/* One run, no deviation: for tests of plain results.  YANK_TRACE: print its
 * steps. */
void run_once(const struct fake_spec *spec);
void fake_once(const char *name, void (*setup)(void), void (*check)(void));
/* fn(arg) as the only party, Yank initialised. */
void fake_alone(void (*fn)(void *), void *arg);

/* --- script.c ------------------------------------------------------------*/
/* A scripted run: setup, then these by hand, in any order. */
void script_begin(const struct fake_spec *spec);
/* Run only p, until a step whose name contains text (the step itself has not
 * happened yet); it is a failure if p ends or blocks first. */
void script_until(struct party *p, const char *text);
/* The same, with p's kick if one is on its way; false: p ended or blocked
 * first. */
bool script_reaches(struct party *p, const char *text);
/* Run only p until it blocks or ends. */
void script_through(struct party *p);
/* p must have ended once this is over: all may run. */
void script_finish(void);
/* p's kick arrives now, and p runs until it parks, or has nothing to do. */
void script_deliver(struct party *p);
/* The same until a step whose name contains text. */
void script_deliver_until(struct party *p, const char *text);
/* p's deadline passes. */
void script_timeout(struct party *p);
bool script_active(void);
/* Called at each step: is the goal reached? */
bool script_stops_here(struct party *p, const char *step);
bool script_holds_kicks(const struct party *p);

/* --- user.c: the code that is stopped ------------------------------------*/
/* One instruction at pc; the kick may arrive at it. */
void user_step(uintptr_t pc);
/* Registered code, endless until *until is not 0. */
void user_loop(_Atomic uint32_t *until);
/* The same at this pc. */
void user_loop_at(uintptr_t pc, _Atomic uint32_t *until);
/* A call into the kernel that a kick would cut short. */
void user_system_call(_Atomic uint32_t *until);
void fake_handler(struct party *p);
/* On another party: suspend p, answer its kick for it, let it go on. */
int fake_answer_for(struct party *p, struct yank_m *m);
/* Who holds g: checked at each user_step of it. */
void fake_held(const struct yank_g *g, int delta);

/* --- fake_arch.c ---------------------------------------------------------*/
void fake_arch_reset(void);
/* fn on g0, then on as the G it names. */
void fake_on_g0(struct yank_m *m, struct yank_g *g, yank_mcall_fn fn,
                void *arg);

/* --- check.c -------------------------------------------------------------*/
void fake_fail(const char *file, int line, const char *text)
    __attribute__((noreturn));
void fake_dump(void);
#define must(cond) ((cond) ? (void)0 : fake_fail(__FILE__, __LINE__, #cond))
#define must_rc(expr, want)                                                    \
    fake_must_rc(__FILE__, __LINE__, #expr, (expr), (want))
void fake_must_rc(const char *file, int line, const char *text, long got,
                  long want);

#endif
