/* live_unwind: from g0 of a stopped thread, and from what a resume made it
 * call, an unwinder comes through the stub to the interrupted function, there
 * to the very instruction that is next, and on to the start of the thread.
 * What crash reporters and profilers do.
 * Linked with --wrap=yank_async_preempt2. */
#define _GNU_SOURCE
#include "live.h"

#include <stdio.h>
#include <unwind.h>

enum { FRAMES_MAX = 64, STOPS = 300 };

struct walk {
    struct {
        uintptr_t ip, function;
        bool is_next; /* ip is the next instruction: a signal frame below */
    } frame[FRAMES_MAX];
    int frames;
};

struct yank_g *__wrap_yank_async_preempt2(struct yank_m *m);
struct yank_g *__real_yank_async_preempt2(struct yank_m *m);

static _Atomic int walks, calls, bad;

static _Unwind_Reason_Code step(struct _Unwind_Context *at, void *arg)
{
    struct walk *w = arg;
    int is_next = 0;

    if (w->frames == FRAMES_MAX)
        return _URC_END_OF_STACK;
    w->frame[w->frames].ip = _Unwind_GetIPInfo(at, &is_next);
    w->frame[w->frames].function = _Unwind_GetRegionStart(at);
    w->frame[w->frames].is_next = is_next != 0;
    w->frames++;
    return _URC_NO_REASON;
}

/* The frame of function at or above the one that is given; -1: none. */
static int find(const struct walk *w, int from, const void *function)
{
    for (int i = from; i >= 0 && i < w->frames; i++)
        if (w->frame[i].function == (uintptr_t)function)
            return i;
    return -1;
}

YANK_TEXT static void spin_here(struct target *x)
{
    while (atomic_load_explicit(&x->quit, memory_order_relaxed) == 0)
        atomic_fetch_add_explicit(&x->count, 1, memory_order_relaxed);
}

static void check(const struct yank_g *g, uintptr_t first)
{
    struct walk w = { .frames = 0 };
    int stub, loop;

    _Unwind_Backtrace(step, &w);
    stub = find(&w, 0, (const void *)(uintptr_t)yank_async_preempt);
    loop = stub + 1;
    if (w.frames < 4 || w.frames == FRAMES_MAX || stub < 1 ||
        find(&w, 0, (const void *)first) < 0 ||
        w.frame[loop].function != (uintptr_t)spin_here ||
        w.frame[loop].ip != g->stop_pc || !w.frame[loop].is_next ||
        find(&w, loop, (const void *)(uintptr_t)target_main) < 0) {
        if (atomic_fetch_add(&bad, 1) != 0)
            return;
        printf("stub in frame %d, stopped at %lx; the frames:\n", stub,
               (unsigned long)g->stop_pc);
        for (int i = 0; i < w.frames; i++)
            printf("  %d: %lx in %lx\n", i, (unsigned long)w.frame[i].ip,
                   (unsigned long)w.frame[i].function);
    }
}

struct yank_g *__wrap_yank_async_preempt2(struct yank_m *m)
{
    check(yank_m_curg(m), (uintptr_t)__wrap_yank_async_preempt2);
    atomic_fetch_add(&walks, 1);
    return __real_yank_async_preempt2(m);
}

static void called(void *arg)
{
    check(arg, (uintptr_t)called);
    atomic_fetch_add(&calls, 1);
}

static void a_stopped_thread_unwinds_to_its_start(void **state)
{
    struct target *x = target_start(spin_here, NULL);
    struct yank_stop stop;

    (void)state;
    for (int i = 0; i < STOPS; i++) {
        int rc;

        assert_int_equal(yank_suspend_g(&x->t.g, SOON, &stop), YANK_OK);
        rc = i % 2 == 0 || !stop.async
                 ? yank_resume_g(&stop)
                 : yank_resume_call(&stop, called, &x->t.g);
        assert_int_equal(rc, YANK_OK);
        wait_for_progress(x);
    }
    target_join(x);
    assert_int_equal(atomic_load(&bad), 0);
    assert_true(atomic_load(&walks) >= STOPS / 2);
    assert_true(atomic_load(&calls) >= STOPS / 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_stopped_thread_unwinds_to_its_start),
    };
    return live_main(tests, YANK_ARRAY_LEN(tests), true);
}
