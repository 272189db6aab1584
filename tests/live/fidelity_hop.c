/* live_fidelity_hop_<mode>: nothing is lost where a stopped G goes on upon
 * another thread than the one it was stopped on.
 *
 * More migratable Gs than Ms, a queue between them; each yield request sends
 * a G to the back of the queue, so it changes thread all the time.  Now and
 * then one is made to call fidelity_scramble(), in which it hops too.
 *
 * argv: as fidelity.c; argv[2] or YANK_STOPS counts changes of thread, tenfold.
 * Linked with fidelity_<cpu>.S and --wrap=yank_async_preempt2. */
#define _GNU_SOURCE
#include "fidelity.h"

#include <yank/host.h>

enum { MS = 2, GS = 5, STACK_BYTES = 64 * 1024 };

static struct runner {
    struct yank_m m;
    struct yank_p p;
    struct thread_state state;
    struct test_thread thread;
} runner[MS];

static struct task {
    struct yank_g g;
    struct yank_m *last_m;
    _Alignas(4096) unsigned char stack[STACK_BYTES];
} task[GS];

static _Atomic unsigned long rounds, hops, nested, bad_thread;
static _Atomic uint32_t done, alive, attached, queue_lock;
static struct yank_g *queue[GS]; /* under the lock */
static size_t queued;

/* --- the host's scheduler ------------------------------------------------*/

static void push(void *ctx, struct yank_g *g)
{
    (void)ctx;
    yank_lock(&queue_lock);
    queue[queued++] = g;
    yank_unlock(&queue_lock);
}

static struct yank_g *pop(void)
{
    struct yank_g *g = NULL;

    yank_lock(&queue_lock);
    if (queued > 0) {
        g = queue[0];
        memmove(&queue[0], &queue[1], --queued * sizeof queue[0]);
    }
    yank_unlock(&queue_lock);
    return g;
}

static struct yank_g *next_for(struct yank_m *m)
{
    while (atomic_load(&alive) != 0) {
        struct yank_g *g = pop();

        if (g == NULL) {
            test_yield();
        } else if (yank_m_take(m, g) == YANK_OK) {
            struct task *t = (struct task *)(void *)g;

            if (t->last_m != m)
                atomic_fetch_add(&hops, 1);
            t->last_m = m;
            return g;
        } /* else claimed: ready() brings it back */
    }
    return NULL;
}

/* Every third time by way of yank_execute()'s return. */
static struct yank_g *schedule(void *ctx, struct yank_m *m)
{
    static _Atomic unsigned turn;

    (void)ctx;
    return atomic_fetch_add(&turn, 1) % 3 == 0 ? NULL : next_for(m);
}

static void abandoned(void *ctx, struct yank_g *g, bool was_runnable)
{
    (void)ctx;
    (void)g;
    (void)was_runnable;
}

static const struct yank_host host = { .struct_size = sizeof host,
                                       .ready = push,
                                       .schedule = schedule,
                                       .abandoned = abandoned };

static struct yank_g *end(struct yank_m *m, struct yank_g *g, void *arg)
{
    (void)arg;
    yank_g_leave(m, g, YANK_LEAVE_DEAD);
    atomic_fetch_sub(&alive, 1);
    return schedule(NULL, m);
}

/* --- what runs -----------------------------------------------------------*/

void fidelity_on_g0(struct yank_m *m)
{
    struct runner *r = YANK_CONTAINER(m, struct runner, m);

    atomic_fetch_add(&bad_thread, thread_state_changed(&r->state));
}

void fidelity_nested(void)
{
    go_nested_rounds();
    atomic_fetch_add(&nested, 1);
}

void fidelity_entry(void)
{
    abort();
}

static void entry(void *user)
{
    struct task *t = user;

    while (atomic_load(&done) == 0) {
        go_rounds();
        atomic_fetch_add(&bad_thread, !thread_state_on_stack(t->g.hi));
        atomic_fetch_add(&rounds, 1);
    }
    yank_mcall(end, NULL);
    abort();
}

static void compare_kept(const uint64_t *kept)
{
    if (memcmp(kept, fidelity_kept_values, fidelity_kept_words * 8) != 0 &&
        atomic_fetch_add(&bad_rounds, 1) < 10)
        printf("yank_arch_execute() lost a call-saved register\n");
}

static void *runner_main(void *arg)
{
    struct runner *r = arg;
    struct yank_m_attr attr = { .struct_size = sizeof attr };

    thread_state_begin(&r->state, (int)(r - runner));
    if (yank_m_attach(&r->m, &attr) != YANK_OK ||
        yank_m_acquire_p(&r->m, &r->p) != YANK_OK)
        abort();
    thread_state_begin(&r->state, -1); /* with what attaching changed */
    atomic_fetch_add(&attached, 1);
    for (struct yank_g *g; (g = next_for(&r->m)) != NULL;) {
        uint64_t kept[FIDELITY_KEPT_MAX];

        /* So that no register holds the M by chance. */
        fidelity_kept((void (*)(void))yank_arch_execute, &r->m, g, NULL, NULL,
                      kept);
        compare_kept(kept);
        atomic_fetch_add(&bad_thread, thread_state_changed(&r->state));
    }
    atomic_fetch_sub(&attached, 1);
    /* yank_preempt_one() needs the M: not before the asker has gone. */
    while (atomic_load(&done) == 0)
        test_yield();
    if (yank_m_release_p(&r->m) != YANK_OK || yank_m_detach(&r->m) != YANK_OK)
        abort();
    return NULL;
}

/* --- the test ------------------------------------------------------------*/

static void pause_ns(int64_t ns)
{
    int64_t until = yank_now_ns() + ns;

    while (yank_now_ns() < until)
        yank_arch_pause();
}

static void make_call(struct yank_g *g)
{
    struct yank_stop stop;

    assert_int_equal(yank_suspend_g(g, SOON, &stop), YANK_OK);
    if (stop.async && g->call_fn == NULL && g->blocks->next == NULL)
        assert_int_equal(yank_resume_call(&stop, fidelity_scramble, NULL), 0);
    else
        assert_int_equal(yank_resume_g(&stop), 0);
}

static void start(void)
{
    for (int i = 0; i < GS; i++) {
        struct yank_g_attr a = { .struct_size = sizeof a,
                                 .host = &host,
                                 .entry = entry,
                                 .user = &task[i],
                                 .migratable = true };

        a.stack.lo = (uintptr_t)task[i].stack;
        a.stack.hi = a.stack.lo + STACK_BYTES;
        assert_int_equal(yank_g_init(&task[i].g, &a), YANK_OK);
        atomic_fetch_add(&alive, 1);
        assert_int_equal(yank_ready(&task[i].g), YANK_OK);
    }
    for (int i = 0; i < MS; i++)
        assert_int_equal(
            test_thread_start(&runner[i].thread, runner_main, &runner[i]),
            0);
    while (atomic_load(&attached) != MS)
        test_yield();
}

static void nothing_is_lost_on_the_way(void **state)
{
    struct yank_code *code;
    unsigned long asked;

    (void)state;
    learn();
    code = fidelity_register(YANK_CODE_SAFE | YANK_CODE_MIGRATABLE);
    start();
    for (asked = 0; !enough((long)atomic_load(&hops), stops / 10); asked++) {
        yank_preempt_one(&runner[asked % MS].m);
        if (asked % 8 == 7)
            make_call(&task[(asked / 8) % GS].g);
        pause_ns(10000);
    }
    atomic_store(&done, 1);
    for (int i = 0; i < MS; i++)
        assert_int_equal(test_thread_join(&runner[i].thread, NULL), 0);
    for (int i = 0; i < GS; i++)
        assert_int_equal(yank_g_fini(&task[i].g), YANK_OK);
    assert_int_equal(yank_code_remove(code, SOON), YANK_OK);
    printf("%s: %lu requests, %lu hops, %lu calls, %lu rounds, level %u\n",
           mode, asked, atomic_load(&hops), atomic_load(&nested),
           atomic_load(&rounds), fidelity_level);
    assert_int_equal(atomic_load(&bad_rounds), 0);
    assert_int_equal(atomic_load(&bad_thread), 0);
    assert_int_equal(fidelity_bad_entry, 0);
    assert_true(atomic_load(&nested) >= atomic_load(&hops) / 10);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_lost_on_the_way),
    };
    int rc = fidelity_setup(argc, argv);

    if (rc != 0)
        return rc;
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    return yank_fini() != YANK_OK || failed != 0;
}
