/* A small runtime: fibers switched by Boost.Context, workers with a run queue
 * each, an epoll loop for when there is nothing to run.  What Yank adds are
 * time slices, and an end for fibers that never come back by themselves. */
#include <yank/host.h>

#include <setjmp.h>

enum fiber_end { LIVES, RETURNED, CANCELLED, KILLED };

struct fiber {
    struct yank_g g;
    void *fctx, *stack; /* of Boost; its own */
    struct fiber *next; /* in the run queue of its worker */
    unsigned home;      /* that worker: it never moves */
    void (*fn)(void);
    jmp_buf base;
    enum fiber_end end; /* its own or its worker's, or who holds a stop */
    unsigned slices;
    int64_t ran_ns;
};

/* 0, or an error of Yank's. */
int fibers_start(unsigned workers, int64_t slice_ns);
void fibers_join(void); /* until all fibers have ended */
int fiber_go(struct fiber *f, void (*fn)(void));
void fiber_yield(void);
/* From any thread, whatever the fiber does.  CANCELLED: it goes on as if it
 * had called longjmp() where it stands, and so can clean up.  KILLED: nothing
 * of it runs again.  0, or why not. */
int fiber_stop(struct fiber *f, enum fiber_end how, int64_t within_ns);
