/* The code that is stopped: instructions, the handler above them, and the
 * spill stub below it. */
#include "fake.h"

static struct {
    const struct yank_g *g;
    int n;
} held[16];

void fake_held(const struct yank_g *g, int delta)
{
    int free_slot = -1;

    for (int i = 0; i < 16; i++) {
        if (held[i].g == g) {
            held[i].n += delta;
            must(held[i].n == 0 || held[i].n == 1); /* one holder at a time */
            if (held[i].n == 0)
                held[i].g = NULL;
            return;
        }
        if (held[i].g == NULL)
            free_slot = i;
    }
    must(delta == 1 && free_slot >= 0);
    held[free_slot].g = g;
    held[free_slot].n = 1;
}

static void must_not_be_held(void)
{
    const struct yank_g *g;

    if (fake.cur->m == NULL)
        return;
    g = atomic_load(&fake.cur->m->curg);
    for (int i = 0; g != NULL && i < 16; i++)
        if (held[i].g == g)
            fake_fail(__FILE__, __LINE__, "a G runs while it is held");
}

void fake_forget_held(void);
void fake_forget_held(void)
{
    for (int i = 0; i < 16; i++)
        held[i].g = NULL;
}

/* --- the stub ------------------------------------------------------------*/

static struct yank_g *to_async_preempt2(struct yank_m *m, struct yank_g *g,
                                        void *arg)
{
    (void)g;
    (void)arg;
    fake.cur->in_stub = false;
    return yank_async_preempt2(m);
}

/* The M's spare block goes to the G, and from it to the M that resumes. */
static void spill(struct yank_m *m, struct yank_g *g, uintptr_t frame_sp)
{
    struct yank_vector_block *b = m->spare;

    must(b != NULL);
    b->frame_sp = frame_sp;
    b->next = g->blocks;
    g->blocks = b;
    m->spare = NULL;
}

static void reload(struct yank_m *m, struct yank_g *g, uintptr_t frame_sp)
{
    struct yank_vector_block *b = g->blocks;

    must(b != NULL && b->frame_sp == frame_sp); /* the one we filled */
    g->blocks = b->next;
    b->next = m->cache;
    m->cache = b;
}

/* As arch/'s: spill, g0, and on the same stack again: reload, go on. */
static void stub(void)
{
    struct yank_m *m = fake.cur->m;
    struct yank_g *g = atomic_load(&m->curg);
    char here;
    uintptr_t frame_sp = (uintptr_t)&here;

    fake.cur->in_stub = true;
    fake_step("stub: first instruction");
    spill(m, g, frame_sp);
    fake_on_g0(m, g, to_async_preempt2, NULL);
    fake.cur->in_stub = true;
    fake_step("stub: back from g0");
    must(atomic_load(&fake.cur->m->curg) == g);
    while (g->call_fn != NULL) {
        fake.cur->in_stub = false;
        yank_run_call(g);
        fake.cur->in_stub = true;
    }
    fake_step("stub: last instruction");
    reload(fake.cur->m, g, frame_sp);
    fake.cur->in_stub = false;
    fake.cur->stops++;
}

/* --- the handler ---------------------------------------------------------*/

void fake_handler(struct party *p)
{
    uintptr_t pc = p->pc;
    struct yank_regs r = { .refusal = p->refusal };
    char here;

    must(p == fake.cur && p->m != NULL && !p->in_handler);
    p->kick = p->late = false;
    if (p->in_kernel && !p->blocked)
        fake_fail(__FILE__, __LINE__, "a kick cuts a system call short");
    fake_flush(p);
    r.pc = p->in_stub ? FAKE_PC_STUB : pc != 0 ? pc : FAKE_PC_YANK;
    r.sp = p->sp != 0 ? p->sp : (uintptr_t)&here;
    r.fp = r.sp;
    p->in_handler = true;
    fake_step("handler: first instruction");
    bool edited = yank_do_sig_preempt(p->m, &r);
    fake.answers++;
    fake_step("handler: last instruction");
    p->in_handler = false;
    must(edited == (r.pc == FAKE_PC_STUB && r.lr != 0));
    if (!edited)
        return;
    must(pc != 0 && !p->in_stub); /* never inside Yank */
    p->pc = 0;
    bool steal =
        p->steal_stub || ((fake.spec->may & FAKE_STEAL) != 0 &&
                          fake_choose(2, "a longjmp takes the G off the stub"));
    if (!steal)
        stub();
    p->steal_stub = false;
    fake.cur->pc = pc; /* it may be another M's by now */
}

/* --- user code -----------------------------------------------------------*/

void user_step(uintptr_t pc)
{
    fake.cur->pc = pc;
    fake_step("user");
    must_not_be_held();
    fake.cur->pc = 0;
}

void user_loop_at(uintptr_t pc, _Atomic uint32_t *until)
{
    while (atomic_load(until) == 0) {
        fake.cur->pc = pc;
        fake.cur->where = "user loop";
        fake_block(PARTY_USER, until, INT64_MAX);
        must_not_be_held();
        fake.cur->pc = 0;
        if (atomic_load(until) == 0)
            user_step(pc);
    }
}

void user_loop(_Atomic uint32_t *until)
{
    user_loop_at(FAKE_USER_LO, until);
}

void user_system_call(_Atomic uint32_t *until)
{
    struct party *p = fake.cur;

    fake_step("system call begins");
    p->in_kernel = true;
    fake_step("in the kernel");
    while (atomic_load(until) == 0) {
        p->where = "in the kernel";
        fake_block(PARTY_USER, until, INT64_MAX);
    }
    p->in_kernel = false;
}
