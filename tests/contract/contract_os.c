/* What os/os.h promises, for whichever backend is linked.  Nothing here knows
 * a system: where a promise depends on an ability, the ability is asked for.
 * core/ is there only to answer kicks. */
#include "os/os.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "thread.h"

#define MS 1000000

static int signo;

static bool has(uint32_t cap)
{
    return (yank_os_caps() & cap) != 0;
}

/* --- what it says of itself ----------------------------------------------*/

static void contract_caps_and_supported_agree(void **state)
{
    (void)state;
    assert_true(strlen(yank_os_name) > 0);
    assert_int_equal(has(YANK_CAP_ASYNC) && YANK_ASYNC,
                     yank_preempt_m_supported);
    assert_true(yank_os_processors() >= 1);
    assert_true(yank_os_kick_scale() >= 1);
    assert_int_equal(yank_os_kick_scale(), yank_os_kick_scale());
}

static void contract_clock_never_goes_back(void **state)
{
    int64_t last = yank_now_ns(), first = last;

    (void)state;
    for (int i = 0; i < 100000 || last == first; i++) {
        int64_t now = yank_now_ns();

        assert_true(now >= last);
        last = now;
    }
}

/* --- waiting -------------------------------------------------------------*/

static void contract_wait_returns_when_the_word_differs(void **state)
{
    _Atomic uint32_t word = 1;

    (void)state;
    yank_os_wait(&word, 0, YANK_NO_DEADLINE);
    yank_os_wait(&word, 2, YANK_NO_DEADLINE);
}

static void contract_wait_returns_at_a_past_deadline(void **state)
{
    const int64_t past[] = { INT64_MIN, -1, 0, 1, yank_now_ns() };
    _Atomic uint32_t word = 0;

    (void)state;
    for (size_t i = 0; i < YANK_ARRAY_LEN(past); i++)
        yank_os_wait(&word, 0, past[i]);
}

static void contract_wait_comes_back_by_its_deadline(void **state)
{
    _Atomic uint32_t word = 0;
    int64_t deadline = yank_now_ns() + 2 * MS;

    (void)state;
    while (yank_now_ns() < deadline)
        yank_os_wait(&word, 0, deadline); /* early without a reason: allowed */
}

static void contract_wake_without_sleepers_is_harmless(void **state)
{
    _Atomic uint32_t *word = yank_os_pages(4096);

    (void)state;
    assert_non_null(word);
    yank_os_wake(word);
    yank_os_pages_free((void *)word, 4096);
    yank_os_wake(word); /* by now the memory is gone */
}

/* Each side sleeps until the other has moved: one lost wake hangs it. */
struct turns {
    _Atomic uint32_t word;
    uint32_t rounds;
};

static void take_turns(struct turns *t, uint32_t mine)
{
    for (uint32_t i = 0; i < t->rounds; i++) {
        uint32_t w;

        while ((w = atomic_load(&t->word)) % 2 != mine)
            yank_os_wait(&t->word, w, YANK_NO_DEADLINE);
        atomic_store(&t->word, w + 1);
        yank_os_wake(&t->word);
    }
}

static void take_odd_turns(void *t)
{
    take_turns(t, 1);
}

static void contract_no_wake_is_lost(void **state)
{
    struct turns t = { 0, 20000 };
    struct yank_os_thread other;

    (void)state;
    if (!has(YANK_CAP_THREADS))
        skip();
    assert_int_equal(yank_os_thread_start(&other, take_odd_turns, &t), YANK_OK);
    take_turns(&t, 0);
    yank_os_thread_join(&other);
    assert_int_equal(atomic_load(&t.word), 2 * t.rounds);
}

static void sleep_until_one(void *word)
{
    while (atomic_load((_Atomic uint32_t *)word) == 0)
        yank_os_wait(word, 0, YANK_NO_DEADLINE);
}

static void contract_one_wake_ends_every_wait(void **state)
{
    _Atomic uint32_t word = 0;
    struct yank_os_thread t[8];

    (void)state;
    if (!has(YANK_CAP_THREADS))
        skip();
    for (size_t i = 0; i < YANK_ARRAY_LEN(t); i++)
        assert_int_equal(
            yank_os_thread_start(&t[i], sleep_until_one, (void *)&word),
            YANK_OK);
    atomic_store(&word, 1);
    yank_os_wake(&word);
    for (size_t i = 0; i < YANK_ARRAY_LEN(t); i++)
        yank_os_thread_join(&t[i]);
}

/* --- memory --------------------------------------------------------------*/

static void contract_pages_are_zeroed(void **state)
{
    const size_t bytes = 3 * 65536 + 1;

    (void)state;
    for (int round = 0; round < 20; round++) {
        unsigned char *p = yank_os_pages(bytes);

        assert_non_null(p);
        for (size_t i = 0; i < bytes; i++)
            assert_int_equal(p[i], 0);
        memset(p, 0xa5, bytes);
        yank_os_pages_free(p, bytes);
    }
}

static void contract_too_much_memory_is_refused(void **state)
{
    struct yank_stack s = { 1, 2 };

    (void)state;
    assert_int_equal(yank_os_stack_alloc(SIZE_MAX, &s), YANK_ENOMEM);
    assert_int_equal(yank_os_stack_alloc(0, &s), YANK_EINVAL);
    assert_int_equal(s.lo, 1);
    assert_int_equal(s.hi, 2);
    yank_os_pages_free(NULL, 4096);
}

static void contract_stacks_hold_what_was_asked_for(void **state)
{
    const size_t asked[] = { 1, 4096, 8192, 65537, 1 << 20 };
    size_t reserve = yank_os_stack_reserve_bytes;

    (void)state;
    for (size_t i = 0; i < YANK_ARRAY_LEN(asked); i++) {
        struct yank_stack s;

        assert_int_equal(yank_os_stack_alloc(asked[i], &s), YANK_OK);
        assert_true(s.hi - s.lo >= reserve + asked[i]);
        assert_int_equal(s.lo % 16, 0);
        assert_int_equal(s.hi % 16, 0);
        memset((void *)(s.lo + reserve), 0xa5, s.hi - s.lo - reserve);
        yank_os_stack_free(&s);
    }
}

static void check_thread_stack(void *arg)
{
    struct yank_stack s;
    volatile char here = 0;

    (void)arg;
    assert_int_equal(yank_os_thread_stack(&s), YANK_OK);
    assert_true(s.lo < (uintptr_t)&here && (uintptr_t)&here < s.hi);
    assert_int_equal(s.lo % 16, 0);
    assert_int_equal(s.hi % 16, 0);
    here = *(volatile char *)(s.hi - 1); /* all of it is there to be scanned */
}

static void contract_thread_stack_holds_this_frame(void **state)
{
    struct yank_os_thread t;

    (void)state;
    check_thread_stack(NULL);
    if (!has(YANK_CAP_THREADS))
        return;
    assert_int_equal(yank_os_thread_start(&t, check_thread_stack, NULL),
                     YANK_OK);
    yank_os_thread_join(&t);
}

/* --- threads and Ms ------------------------------------------------------*/

static void add_one(void *count)
{
    atomic_fetch_add((_Atomic int *)count, 1);
}

static void contract_join_comes_after_the_function(void **state)
{
    _Atomic int count = 0;
    struct yank_os_thread t[4];

    (void)state;
    if (!has(YANK_CAP_THREADS))
        skip();
    for (int round = 1; round <= 100; round++) {
        for (size_t i = 0; i < YANK_ARRAY_LEN(t); i++)
            assert_int_equal(
                yank_os_thread_start(&t[i], add_one, (void *)&count), YANK_OK);
        for (size_t i = 0; i < YANK_ARRAY_LEN(t); i++)
            yank_os_thread_join(&t[i]);
        assert_int_equal(atomic_load(&count), 4 * round);
    }
}

static void contract_self_is_known_from_init_to_fini(void **state)
{
    struct yank_m m;

    (void)state;
    assert_null(yank_m_self());
    for (int round = 0; round < 100; round++) {
        m = (struct yank_m){ 0 };
        assert_int_equal(yank_os_m_init(&m, NULL), YANK_OK);
        assert_ptr_equal(yank_m_self(), &m);
        assert_true(atomic_load(&m.os_id) != 0);
        atomic_store(&m.os_id, 0);
        yank_os_m_fini(&m);
        assert_null(yank_m_self());
    }
}

struct live_m {
    struct yank_m m;
    _Atomic uint32_t state; /* 1: it is an M; 2: it shall end */
};

static void be_an_m(void *arg)
{
    struct live_m *l = arg;

    assert_null(yank_m_self());
    assert_int_equal(yank_os_m_init(&l->m, NULL), YANK_OK);
    assert_ptr_equal(yank_m_self(), &l->m);
    atomic_store(&l->state, 1);
    yank_os_wake(&l->state);
    while (atomic_load(&l->state) != 2)
        ; /* awake: a kick must not need a system call */
    atomic_store(&l->m.os_id, 0);
    yank_os_m_fini(&l->m);
}

static void start_m(struct live_m *l, struct yank_os_thread *t)
{
    *l = (struct live_m){ .state = 0 };
    assert_int_equal(yank_os_thread_start(t, be_an_m, l), YANK_OK);
    while (atomic_load(&l->state) == 0)
        yank_os_wait(&l->state, 0, YANK_NO_DEADLINE);
}

static void end_m(struct live_m *l, struct yank_os_thread *t)
{
    atomic_store(&l->state, 2);
    yank_os_thread_join(t);
}

/* --- kicks ---------------------------------------------------------------*/

static void contract_without_async_a_kick_says_so(void **state)
{
    struct yank_m m = { 0 };

    (void)state;
    if (yank_preempt_m_supported)
        skip();
    assert_int_equal(yank_preempt_m(&m), YANK_ENOSYS);
    assert_int_equal(yank_os_kick_self(&m), YANK_ENOSYS);
}

static void contract_one_kick_is_one_answer(void **state)
{
    struct yank_os_thread t;
    struct live_m l;

    (void)state;
    if (!yank_preempt_m_supported)
        skip();
    start_m(&l, &t);
    for (uint32_t i = 0; i < 2000; i++) {
        assert_int_equal(atomic_load(&l.m.preempt_gen), i);
        assert_int_equal(yank_preempt_m(&l.m), YANK_OK);
        while (atomic_load(&l.m.preempt_gen) == i)
            ;
    }
    end_m(&l, &t);
    assert_int_equal(atomic_load(&l.m.preempt_gen), 2000);
}

static void contract_n_kicks_are_one_to_n_answers(void **state)
{
    (void)state;
    if (!yank_preempt_m_supported)
        skip();
    for (uint32_t n = 1; n < 300; n++) {
        struct yank_os_thread t;
        struct live_m l;

        start_m(&l, &t);
        for (uint32_t i = 0; i < n; i++)
            assert_int_equal(yank_preempt_m(&l.m), YANK_OK);
        while (atomic_load(&l.m.preempt_gen) == 0)
            ;
        end_m(&l, &t);
        assert_in_range(atomic_load(&l.m.preempt_gen), 1, n);
    }
}

/* The last kicks meet the thread anywhere on its way out. */
static void contract_kicks_may_meet_the_end_of_a_thread(void **state)
{
    (void)state;
    if (!yank_preempt_m_supported)
        skip();
    for (int round = 0; round < 300; round++) {
        struct yank_os_thread t;
        struct live_m l;
        int rc = YANK_OK;

        start_m(&l, &t);
        atomic_store(&l.state, 2);
        for (int i = 0; i < 20 && rc == YANK_OK; i++)
            rc = yank_preempt_m(&l.m);
        assert_true(rc == YANK_OK || rc == YANK_EGONE);
        yank_os_thread_join(&t);
        assert_int_equal(yank_preempt_m(&l.m), YANK_EGONE);
    }
}

static void leave_its_id(void *arg)
{
    struct yank_m *m = arg;

    assert_int_equal(yank_os_m_init(m, NULL), YANK_OK);
    uintptr_t id = atomic_load(&m->os_id);

    atomic_store(&m->os_id, 0);
    yank_os_m_fini(m);
    atomic_store(&m->os_id, id);
}

static void contract_a_kick_for_a_gone_thread_says_so(void **state)
{
    struct yank_m m = { 0 };
    struct yank_os_thread t;
    int rc;

    (void)state;
    if (!yank_preempt_m_supported)
        skip();
    assert_int_equal(yank_preempt_m(&m), YANK_EGONE);
    assert_int_equal(yank_os_thread_start(&t, leave_its_id, &m), YANK_OK);
    yank_os_thread_join(&t);
    yank_os_set_errno(4711);
    /* A joined thread may have a last way to go in the kernel. */
    while ((rc = yank_preempt_m(&m)) == YANK_OK)
        test_yield();
    assert_int_equal(rc, YANK_EGONE);
    assert_int_equal(yank_os_errno(), 4711);
    assert_int_equal(atomic_load(&m.preempt_gen), 0);
}

static void contract_kick_self_is_answered_on_return(void **state)
{
    struct yank_m m = { 0 };

    (void)state;
    if (!yank_preempt_m_supported || has(YANK_CAP_SYNC_KICK))
        skip();
    assert_int_equal(yank_os_m_init(&m, NULL), YANK_OK);
    for (uint32_t i = 1; i <= 1000; i++) {
        assert_int_equal(yank_os_kick_self(&m), YANK_OK);
        assert_int_equal(atomic_load(&m.preempt_gen), i);
    }
    atomic_store(&m.os_id, 0);
    yank_os_m_fini(&m);
}

/* --- errno ---------------------------------------------------------------*/

#define KEPT(call)                                                             \
    do {                                                                       \
        yank_os_set_errno(4711);                                               \
        (void)(call, 0);                                                       \
        assert_int_equal(yank_os_errno(), 4711);                               \
    } while (0)

static void contract_errno_is_kept(void **state)
{
    _Atomic uint32_t word = 0, *gone = yank_os_pages(4096);
    struct yank_m m = { 0 };

    (void)state;
    yank_os_pages_free((void *)gone, 4096);
    KEPT(yank_now_ns());
    KEPT(yank_os_wait(&word, 0, 0));
    KEPT(yank_os_wait(&word, 1, YANK_NO_DEADLINE));
    KEPT(yank_os_wait(&word, 0, yank_now_ns() + MS));
    KEPT(yank_os_wake(&word));
    KEPT(yank_os_wake(gone));
    KEPT(yank_preempt_m(&m));
    KEPT(yank_m_self());
    KEPT(yank_os_write_line("contract: a line on stderr"));
    KEPT(yank_signal_mask_changed());
    KEPT(yank_signal_is_kick(NULL));
    KEPT(yank_handle_signal(signo, NULL, NULL));
    assert_int_equal(yank_os_m_init(&m, NULL), YANK_OK);
    KEPT(yank_os_kick_self(&m)); /* and so does the answer to it */
    KEPT(yank_signal_mask_changed());
    atomic_store(&m.os_id, 0);
    yank_os_m_fini(&m);
}

/* --- init and fini -------------------------------------------------------*/

static int setup(void **state)
{
    struct yank_options o = { .struct_size = sizeof o };

    (void)state;
    signo = 0;
    return yank_os_init(&o, &signo);
}

static int teardown(void **state)
{
    (void)state;
    yank_os_fini();
    return 0;
}

static void contract_init_and_fini_can_be_repeated(void **state)
{
    int first = signo;

    for (int round = 0; round < 10; round++) {
        teardown(state);
        assert_int_equal(setup(state), YANK_OK);
        assert_int_equal(signo, first);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(contract_caps_and_supported_agree),
        cmocka_unit_test(contract_clock_never_goes_back),
        cmocka_unit_test(contract_wait_returns_when_the_word_differs),
        cmocka_unit_test(contract_wait_returns_at_a_past_deadline),
        cmocka_unit_test(contract_wait_comes_back_by_its_deadline),
        cmocka_unit_test(contract_wake_without_sleepers_is_harmless),
        cmocka_unit_test(contract_no_wake_is_lost),
        cmocka_unit_test(contract_one_wake_ends_every_wait),
        cmocka_unit_test(contract_pages_are_zeroed),
        cmocka_unit_test(contract_too_much_memory_is_refused),
        cmocka_unit_test(contract_stacks_hold_what_was_asked_for),
        cmocka_unit_test(contract_thread_stack_holds_this_frame),
        cmocka_unit_test(contract_join_comes_after_the_function),
        cmocka_unit_test(contract_self_is_known_from_init_to_fini),
        cmocka_unit_test(contract_without_async_a_kick_says_so),
        cmocka_unit_test(contract_one_kick_is_one_answer),
        cmocka_unit_test(contract_n_kicks_are_one_to_n_answers),
        cmocka_unit_test(contract_kicks_may_meet_the_end_of_a_thread),
        cmocka_unit_test(contract_a_kick_for_a_gone_thread_says_so),
        cmocka_unit_test(contract_kick_self_is_answered_on_return),
        cmocka_unit_test(contract_errno_is_kept),
        cmocka_unit_test(contract_init_and_fini_can_be_repeated),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
