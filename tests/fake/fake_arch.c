/* arch/arch.h without a CPU: contexts are fibers, g0 is the party's own
 * stack. */
#include "fake.h"

#include <stdlib.h>
#include <string.h>

const char *const yank_arch_name = "fake";
const bool yank_push_call_supported = true;
const bool yank_stack_switch_supported = true;

#define GS 8

/* Gs with stacks of their own. */
static struct {
    struct yank_g *g;
    struct fiber fiber;
} context[GS];

void fake_forget_held(void);

void fake_arch_reset(void)
{
    for (int i = 0; i < GS; i++)
        context[i].g = NULL;
    fake_forget_held();
}

static struct fiber *fiber_of(const struct yank_g *g)
{
    for (int i = 0; i < GS; i++)
        if (context[i].g == g)
            return &context[i].fiber;
    return NULL;
}

static void g_main(void *arg)
{
    struct yank_g *g = arg;

    yank_g_start(g);
}

void yank_arch_make_context(struct yank_g *g)
{
    for (int i = 0; i < GS; i++) {
        if (context[i].g == NULL || context[i].g == g) {
            context[i].g = g;
            fiber_make(&context[i].fiber, (void *)g->lo, g->hi - g->lo, g_main,
                       g);
            return;
        }
    }
    fake_fail(__FILE__, __LINE__, "too many Gs for the fake");
}

void fake_on_g0(struct yank_m *m, struct yank_g *g, yank_mcall_fn fn, void *arg)
{
    struct party *p = fake.cur;
    struct fiber *mine = p->on;

    must(p->m == m);
    if (yank_is_fiber(g)) /* the party's own stack is the host's now */
        must(m->g0_sp > m->fiber_g0.lo && m->g0_sp <= m->fiber_g0.hi);
    if (mine == &p->fiber || yank_is_fiber(g)) { /* or threads mode */
        must(fn(m, g, arg) == g);
        return;
    }
    p->req_fn = fn;
    p->req_g = g;
    p->req_arg = arg;
    p->on = &p->fiber;
    fiber_switch(mine, &p->fiber);
}

void yank_arch_mcall(struct yank_m *m, struct yank_g *g, yank_mcall_fn fn,
                     void *arg)
{
    fake_on_g0(m, g, fn, arg);
}

void yank_arch_execute(struct yank_m *m, struct yank_g *g)
{
    struct party *p = fake.cur;

    while (g != NULL) {
        struct fiber *f = fiber_of(g);
        must(f != NULL && p->on == &p->fiber);
        p->on = f;
        fiber_switch(&p->fiber, f);
        must(fake.cur == p && p->on == &p->fiber);
        g = p->req_fn(m, p->req_g, p->req_arg);
    }
}

int yank_arch_init(void)
{
    return YANK_OK;
}

size_t yank_arch_async_preempt_stack(void)
{
    return FAKE_STUB_STACK;
}

size_t yank_arch_block_bytes(void)
{
    return sizeof(struct yank_vector_block) + 64;
}

void yank_arch_block_init(struct yank_vector_block *block)
{
    (void)block;
}

bool yank_arch_vectors_kept(void)
{
    return true;
}

bool yank_arch_context_ok(const struct yank_regs *r)
{
    (void)r;
    return fake.cur == NULL || !fake.cur->bad_cpu;
}

void yank_arch_push_call(struct yank_regs *r, void (*fn)(void),
                         uintptr_t resume_pc, struct yank_m *m)
{
    must(fn == yank_async_preempt && resume_pc != 0);
    must(m == fake.cur->m || fake.cur->in_window);
    r->lr = resume_pc;
    r->pc = FAKE_PC_STUB;
}

void yank_async_preempt(void)
{
    fake_fail(__FILE__, __LINE__, "the stub is never called");
}

bool yank_arch_in_stub(uintptr_t pc)
{
    return pc == FAKE_PC_STUB;
}

void yank_arch_call_saved(struct yank_call_saved *out)
{
    memset(out, 0, sizeof *out);
    out->sp = (uintptr_t)&out;
    out->pc = FAKE_PC_YANK;
}

int yank_blocking_enter(struct yank_g *g)
{
    struct yank_call_saved saved;

    yank_arch_call_saved(&saved);
    return yank_blocking_enter2(g, &saved);
}

void yank_arch_pause(void)
{
    fake_pause();
}
