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

static void enter_stub(struct party *p)
{
    uintptr_t pc = p->pc;

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

static struct yank_regs regs_of(const struct party *p, uintptr_t sp)
{
    struct yank_regs r = { .refusal = p->refusal };

    r.pc = p->pc != 0 ? p->pc : FAKE_PC_YANK;
    if (p->in_stub || p->edited)
        r.pc = FAKE_PC_STUB;
    r.sp = r.fp = p->sp != 0 ? p->sp : sp;
    return r;
}

/* What the thread goes on with is in r. */
static struct yank_answer answer(struct yank_m *m, struct yank_regs *r)
{
    struct yank_regs old = *r;
    struct yank_answer a = yank_do_sig_preempt(m, r);

    if (a.edited && (fake.spec->may & FAKE_UNDO) != 0 &&
        fake_choose(2, "the edit does not go into the thread")) {
        fake_step("answer: not written");
        yank_answer_undo(&a);
        *r = old;
    }
    return a;
}

void fake_handler(struct party *p)
{
    struct yank_regs r;
    char here;

    if (p->edited) {
        p->edited = p->kick = false;
        enter_stub(p);
        return;
    }
    must(p == fake.cur && p->m != NULL && !p->in_handler);
    p->kick = p->late = false;
    if (p->in_kernel && !p->blocked)
        fake_fail(__FILE__, __LINE__, "a kick cuts a system call short");
    fake_flush(p);
    r = regs_of(p, (uintptr_t)&here);
    p->in_handler = true;
    fake_step("handler: first instruction");
    struct yank_answer a = answer(p->m, &r);
    bool edited = a.edited;

    yank_tell(a);
    fake.answers++;
    fake_step("handler: last instruction");
    p->in_handler = false;
    must(edited == (r.pc == FAKE_PC_STUB && r.lr != 0));
    if (edited)
        enter_stub(p);
}

int fake_answer_for(struct party *p, struct yank_m *m)
{
    struct party *me = fake.cur;
    struct yank_regs r;

    must(p != me && !me->in_window);
    fake_block_changed(&p->answering, 1); /* one at a time */
    p->answering = 1;
    if (p->m == m) {
        p->suspended = me->in_window = true;
        fake_flush(p);
        r = regs_of(p, (uintptr_t)p->on->stack + p->on->bytes / 2);
        fake_step("suspended: its registers are read");
        struct yank_answer a = answer(m, &r);
        fake_step("suspended: answered");
        must(!a.edited || (p->pc != 0 && !p->in_stub && !p->edited));
        if (a.edited)
            p->edited = p->kick = true;
        p->suspended = me->in_window = false;
        fake.answers++;
        p->answering = 0;
        fake_step("suspended: no more");
        yank_tell(a);
        return YANK_OK;
    }
    p->answering = 0;
    return YANK_EGONE;
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
