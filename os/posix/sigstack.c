/* The signal stack of a thread: the host's, the thread's own where it is large
 * enough, or one of ours with guard pages, which detach takes back.
 * A handler on the G's stack refuses every stop, so each M needs one. */
#define _GNU_SOURCE
#include "posix.h"

#define OUR_NEED (8 * 1024) /* handler and core/, under a sanitizer too */
#define OUR_SIZE (64 * 1024)

static size_t need(void)
{
    return yank_posix_min_sigstack() + OUR_NEED;
}

static bool is_set(const stack_t *s)
{
    return (s->ss_flags & SS_DISABLE) == 0 && s->ss_sp != NULL;
}

static bool is(const stack_t *s, const struct yank_stack_bounds *b)
{
    return is_set(s) && (uintptr_t)s->ss_sp == b->lo &&
           s->ss_size == b->hi - b->lo;
}

static int choose(struct yank_m *m, const struct yank_stack *want,
                  const stack_t *old)
{
    struct yank_stack ours;
    int rc;

    if (want != NULL) {
        if (want->lo == 0 || want->lo >= want->hi ||
            want->hi - want->lo < need())
            return YANK_EINVAL;
        m->sigstack = (struct yank_stack_bounds){ want->lo, want->hi };
        return YANK_OK;
    }
    if (is_set(old) && old->ss_size >= need()) {
        uintptr_t lo = (uintptr_t)old->ss_sp;

        m->sigstack = (struct yank_stack_bounds){ lo, lo + old->ss_size };
        return YANK_OK;
    }
    rc = yank_os_stack_alloc(need() > OUR_SIZE ? need() : OUR_SIZE, &ours);
    if (rc != YANK_OK)
        return rc;
    m->own_sigstack = true;
    m->sigstack = (struct yank_stack_bounds){ ours.lo, ours.hi };
    return YANK_OK;
}

static void free_ours(struct yank_m *m)
{
    struct yank_stack ours = { m->sigstack.lo, m->sigstack.hi };

    if (m->own_sigstack)
        yank_os_stack_free(&ours);
    m->own_sigstack = false;
    m->sigstack = (struct yank_stack_bounds){ 0, 0 };
}

static bool install(const struct yank_m *m)
{
    stack_t ours = { .ss_sp = (void *)m->sigstack.lo,
                     .ss_size = m->sigstack.hi - m->sigstack.lo };

    return sigaltstack(&ours, NULL) == 0;
}

int yank_posix_sigstack_begin(struct yank_m *m, const struct yank_stack *want)
{
    stack_t old;
    int rc;

    if (sigaltstack(NULL, &old) != 0)
        return YANK_EOS;
    m->old_sigstack[0] = (uintptr_t)old.ss_sp;
    m->old_sigstack[1] = old.ss_size;
    m->old_sigstack[2] = (unsigned)old.ss_flags;
    if ((rc = choose(m, want, &old)) != YANK_OK)
        return rc;
    if (is(&old, &m->sigstack) || install(m))
        return YANK_OK;
    free_ours(m);
    return YANK_EOS;
}

void yank_posix_sigstack_end(struct yank_m *m)
{
    stack_t now, old = { .ss_sp = (void *)m->old_sigstack[0],
                         .ss_size = m->old_sigstack[1],
                         .ss_flags = (int)(unsigned)m->old_sigstack[2] };

    /* If the thread has installed another since, that one stays. */
    if (sigaltstack(NULL, &now) == 0 && is(&now, &m->sigstack) &&
        !is(&old, &m->sigstack))
        sigaltstack(&old, NULL);
    free_ours(m);
}
