/* A task that ran over its stack hit the guard page: it is ended, and the
 * process goes on.  Only in registered code, outside regions: elsewhere it may
 * hold a lock of libc or of ours for ever, and the fault takes its course.
 * Origin: go signal_unix.go:sigFetchG, stack.go:newstack, where it ends the
 * program. */
#include "scheduler.h"

/* How many schedulers want it.  Under the lock. */
static _Atomic uint32_t lock;
static unsigned users;

/* --- on g0 -------------------------------------------------------------- */

static struct yank_g *leave_overflowed(struct yank_m *m, struct yank_g *g,
                                       void *arg)
{
    static enum yank_task_end how = YANK_END_OVERFLOW;
    struct yank_task *t = yank_task_of(g);
    struct yank_sched *s = t->sched;
    bool late;

    (void)arg;
    yank_free_blocks(g->blocks); /* of frames that nobody comes back to */
    g->blocks = NULL;
    t->overflow_line.n = 0;
    yank_line_text(&t->overflow_line, "yank: ");
    yank_line_task(&t->overflow_line, g);
    yank_line_text(&t->overflow_line, " ran over its stack at pc ");
    yank_line_number(&t->overflow_line, t->overflow_pc, 16);
    yank_line_text(&t->overflow_line, " and was ended");
    yank_lock(&s->lock);
    t->refs++;
    t->overflow_next = s->overflowed;
    s->overflowed = t;
    late = yank_slices_late(s, 0);
    yank_unlock(&s->lock);
    if (late)
        yank_slices_wake(s); /* which says it: the log may want any lock */
    return yank_task_leave_dead(m, g, &how);
}

/* In place of the task, at the top of g0. */
static void overflowed(void)
{
    struct yank_m *m = yank_m_self();

    yank_arch_c_state();
    /* Whatever it saves of this frame is overwritten and never read. */
    yank_arch_mcall(m, yank_m_curg(m), leave_overflowed, NULL);
    yank_panic("yank: an ended task came back");
}

/* --- in the handler ----------------------------------------------------- */

static bool in_guard(const struct yank_g *g, uintptr_t addr, uintptr_t sp)
{
    return yank_os_in_guard(g->lo, addr) &&
           (yank_os_in_guard(g->lo, sp) || (sp >= g->lo && sp < g->hi));
}

static bool is_registered(struct yank_m *m, uintptr_t pc)
{
    bool found = yank_code_find(m, pc) != NULL;

    yank_code_done(m);
    yank_code_tell(m);
    return found;
}

static bool on_fault(struct yank_m *m, uintptr_t addr, struct yank_regs *r)
{
    struct yank_g *g = yank_m_curg(m);

    if (g == NULL || g->host == NULL || g->host->ready != yank_sched_ready ||
        !in_guard(g, addr, r->sp))
        return false;
    /* Relaxed, both: own. */
    if (g->inside ||
        atomic_load_explicit(&g->region_depth, memory_order_relaxed) != 0 ||
        atomic_load_explicit(&g->holding, memory_order_relaxed) != 0 ||
        !is_registered(m, r->pc))
        return false;
    yank_task_of(g)->overflow_pc = r->pc;
    yank_arch_enter(r, overflowed, m->g0_sp);
    return true;
}

/* --- begin and end ------------------------------------------------------ */

int yank_overflow_begin(void)
{
    int rc = YANK_OK;

    yank_lock(&lock);
    if (users == 0)
        rc = yank_os_faults_begin(on_fault);
    users += rc == YANK_OK;
    yank_unlock(&lock);
    return rc;
}

void yank_overflow_end(void)
{
    yank_lock(&lock);
    if (--users == 0)
        yank_os_faults_end();
    yank_unlock(&lock);
}
