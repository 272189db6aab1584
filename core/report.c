/* What Yank says: texts for codes, counters, the last words before an abort. */
#include "core.h"

static const char *const error_text[] = {
    [-YANK_OK] = "ok",
    [-YANK_EINVAL] = "an argument does not hold",
    [-YANK_ETIMEDOUT] = "the deadline passed",
    [-YANK_EDEAD] = "the task has ended",
    [-YANK_ENOSYS] = "this build or system cannot do it",
    [-YANK_EINIT] = "not initialised, or initialised twice",
    [-YANK_EBUSY] = "still in use",
    [-YANK_EAGAIN] = "the system is short of something, try later",
    [-YANK_EGONE] = "the thread has exited",
    [-YANK_EOS] = "the system refused",
    [-YANK_ENOMEM] = "no memory",
    [-YANK_EHOLDING] = "not while holding a stop",
    [-YANK_ESELF] = "a task cannot suspend itself",
    [-YANK_EREGION] = "not inside, or not outside, such a region",
    [-YANK_ERESUMED] = "this stop was resumed before",
    [-YANK_EATTACHED] = "the thread is attached already",
    [-YANK_ETHREAD] = "not from this thread",
    [-YANK_ESTACK] = "the stack bounds do not hold",
    [-YANK_ESIGNAL] = "this signal cannot serve as the kick",
    [-YANK_EOVERLAP] = "code ranges overlap",
    [-YANK_EVERSION] = "header and library do not fit together",
    [-YANK_ENOTSUP] = "not for a task of this kind",
};

static const char *const outcome_name[] = {
    [YANK_NOT_WANTED] = "not wanted",
    [YANK_INJECTED] = "injected",
    [YANK_DEFERRED] = "deferred to the end of a region",
    [YANK_REFUSED_OFF] = "switched off",
    [YANK_REFUSED_INJECTED] = "a stop is on its way",
    [YANK_REFUSED_NOT_USER] = "not on a user stack",
    [YANK_REFUSED_NO_P] = "no right to run user code",
    [YANK_REFUSED_HOLDING] = "holds a stop",
    [YANK_REFUSED_MASK] = "in a signal handler",
    [YANK_REFUSED_CPU_STATE] = "cpu state cannot be resumed",
    [YANK_REFUSED_SIGSTACK] = "handler on the task's stack",
    [YANK_REFUSED_BOUNDS] = "sp out of bounds",
    [YANK_REFUSED_ROOM] = "too little stack",
    [YANK_REFUSED_NO_BLOCK] = "no vector block",
    [YANK_REFUSED_UNREGISTERED] = "unregistered code",
    [YANK_REFUSED_HOST] = "the host said no",
};
_Static_assert(YANK_ARRAY_LEN(outcome_name) == YANK_OUTCOMES,
               "a name for each outcome");

const char *yank_strerror(int error)
{
    if (error > 0 || (size_t)-(int64_t)error >= YANK_ARRAY_LEN(error_text))
        return "unknown error";
    return error_text[-error];
}

const char *yank_outcome_name(int outcome)
{
    if (outcome < 0 || outcome >= YANK_OUTCOMES)
        return "unknown outcome";
    return outcome_name[outcome];
}

_Noreturn void yank_panic(const char *message)
{
    if (yank_rt.opt.panic != NULL)
        yank_rt.opt.panic(yank_rt.opt.ctx, message);
    yank_os_write_line(message);
    yank_os_abort();
}

void yank_log(const char *line)
{
    if (yank_rt.opt.log != NULL)
        yank_rt.opt.log(yank_rt.opt.ctx, line);
}

/* --- lines, without stdio: a stopped thread may hold its locks -----------*/

void yank_line_text(struct yank_line *l, const char *s)
{
    while (*s != '\0' && l->n < sizeof l->text - 1)
        l->text[l->n++] = *s++;
    l->text[l->n] = '\0';
}

void yank_line_number(struct yank_line *l, uint64_t v, unsigned base)
{
    char digits[24];
    size_t i = sizeof digits;

    digits[--i] = '\0';
    do
        digits[--i] = "0123456789abcdef"[v % base];
    while ((v /= base) != 0);
    yank_line_text(l, base == 16 ? "0x" : "");
    yank_line_text(l, &digits[i]);
}

void yank_line_task(struct yank_line *l, const struct yank_g *g)
{
    yank_line_text(l, "task ");
    yank_line_number(l, g->id, 10);
    if (g->name != NULL) {
        yank_line_text(l, " '");
        yank_line_text(l, g->name);
        yank_line_text(l, "'");
    }
}

void yank_report_stuck(struct yank_g *g, const struct yank_asker *a)
{
    struct yank_line l = { .n = 0 };

    /* While it is claimed it cannot end, and its name is there. */
    if (yank_rt.opt.log == NULL || !yank_claim(g, YANK_RUNNING))
        return;
    yank_line_text(&l, "yank: ");
    yank_line_task(&l, g);
    yank_drop_claim(g);
    yank_line_text(&l, " cannot be stopped at pc ");
    yank_line_number(&l, a->pc, 16);
    yank_line_text(&l, ": ");
    yank_line_text(&l, yank_outcome_name((int)a->outcome));
    yank_log(l.text);
}

/* --- counters: each M counts its own answers; those that left are folded ---*/

static _Atomic uint64_t folded[YANK_OUTCOMES];

void yank_count(struct yank_m *m, enum yank_outcome o)
{
    /* Relaxed: written by the own thread only, a statistic. */
    uint64_t n = atomic_load_explicit(&m->count[o], memory_order_relaxed);

    atomic_store_explicit(&m->count[o], n + 1, memory_order_relaxed);
}

void yank_fold_counters(struct yank_m *m)
{
    for (int o = 0; o < YANK_OUTCOMES; o++)
        atomic_fetch_add_explicit(
            &folded[o],
            atomic_load_explicit(&m->count[o], memory_order_relaxed),
            memory_order_relaxed);
}

void yank_reset_counters(void)
{
    for (int o = 0; o < YANK_OUTCOMES; o++)
        atomic_store_explicit(&folded[o], 0, memory_order_relaxed);
}

static void add_counts(struct yank_m *m, void *arg)
{
    struct yank_counters *out = arg;

    for (int o = 0; o < YANK_OUTCOMES; o++)
        out->outcome[o] +=
            atomic_load_explicit(&m->count[o], memory_order_relaxed);
}

int yank_get_counters(struct yank_counters *out)
{
    if (!yank_is_ready())
        return YANK_EINIT;
    if (out == NULL)
        return YANK_EINVAL;
    *out = (struct yank_counters){ 0 };
    yank_registry_each(add_counts, out);
    /* Relaxed, all: statistics. */
    for (int o = 0; o < YANK_OUTCOMES; o++)
        out->outcome[o] +=
            atomic_load_explicit(&folded[o], memory_order_relaxed);
    out->kicks_sent = atomic_load_explicit(&yank_rt.kicks_sent,
                                           memory_order_relaxed);
    out->kicks_failed = atomic_load_explicit(&yank_rt.kicks_failed,
                                             memory_order_relaxed);
    out->kicks_resent = atomic_load_explicit(&yank_rt.kicks_resent,
                                             memory_order_relaxed);
    return YANK_OK;
}
