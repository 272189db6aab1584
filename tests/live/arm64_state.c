/* State of arm64 that is no register.  What a stop cannot keep it does not try
 * to: code in streaming mode, with ZA in use, or with another vector length
 * than the process's is left running, and stopped once it is out of that.  And
 * no stop makes a store-exclusive succeed that should not. */
#define _GNU_SOURCE
#include "live.h"

#include <stdio.h>
#include <sys/auxv.h>
#include <sys/prctl.h>

#define HAS_SVE (1ul << 22)
#define HAS_SME (1ul << 23) /* in AT_HWCAP2 */
enum { SET_VL = 50, GET_VL = 51, SME_SET_VL = 63, VL_BYTES = 0xffff };

struct odd_state {
    void (*begin)(void);
    void (*end)(void);
    _Atomic int over; /* it shall end */
};

YANK_TEXT static void spin_until(_Atomic int *flag, _Atomic uint64_t *count)
{
    while (atomic_load_explicit(flag, memory_order_relaxed) == 0)
        atomic_fetch_add_explicit(count, 1, memory_order_relaxed);
}

static void odd_then_plain(struct target *x)
{
    struct odd_state *odd = x->user;

    odd->begin();
    spin_until(&odd->over, &x->count);
    odd->end();
    spin_until(&x->quit, &x->count);
}

static struct yank_stop stop;

static void *suspender_main(void *arg)
{
    struct target *x = arg;

    assert_int_equal(yank_suspend_g(&x->t.g, SOON, &stop), YANK_OK);
    return NULL;
}

static void stopped_only_when_over(struct odd_state *odd)
{
    struct target *x = target_start(odd_then_plain, odd);
    uint64_t refused = answers(YANK_REFUSED_CPU_STATE);
    struct test_thread suspender;

    wait_for_progress(x);
    assert_int_equal(test_thread_start(&suspender, suspender_main, x), 0);
    while (answers(YANK_REFUSED_CPU_STATE) < refused + 3)
        test_yield();
    wait_for_progress(x);
    atomic_store(&odd->over, 1);
    assert_int_equal(test_thread_join(&suspender, NULL), 0);
    assert_true(stop.async);
    assert_int_equal(yank_resume_g(&stop), YANK_OK);
    target_join(x);
}

/* --- SME; by number, for assemblers that do not know it -------------------*/

static void streaming_begin(void)
{
    __asm__ volatile(".inst 0xd503437f" ::: "memory"); /* smstart sm */
}
static void streaming_end(void)
{
    __asm__ volatile(".inst 0xd503427f" ::: "memory"); /* smstop sm */
}
/* 16 KiB: its record has no room among the first of the frame. */
static void za_begin(void)
{
    assert_true(prctl(SME_SET_VL, 128) > 0);
    __asm__ volatile(".inst 0xd503457f" ::: "memory"); /* smstart za */
}
static void za_end(void)
{
    __asm__ volatile(".inst 0xd503447f" ::: "memory"); /* smstop za */
}

static void live_streaming_mode_is_not_stopped(void **state)
{
    struct odd_state odd = { streaming_begin, streaming_end, 0 };

    (void)state;
    if ((getauxval(AT_HWCAP2) & HAS_SME) == 0)
        skip();
    stopped_only_when_over(&odd);
}

static void live_za_in_use_is_not_stopped(void **state)
{
    struct odd_state odd = { za_begin, za_end, 0 };

    (void)state;
    if ((getauxval(AT_HWCAP2) & HAS_SME) == 0)
        skip();
    stopped_only_when_over(&odd);
}

/* --- the vector length of a thread ----------------------------------------*/

static int own_vl;

static void other_length_begin(void)
{
    own_vl = prctl(GET_VL) & VL_BYTES;
    assert_true(prctl(SET_VL, own_vl == 16 ? 32 : 16) > 0);
}
static void other_length_end(void)
{
    assert_true(prctl(SET_VL, own_vl) > 0);
}

static void live_another_vector_length_is_not_stopped(void **state)
{
    struct odd_state odd = { other_length_begin, other_length_end, 0 };

    (void)state;
    if ((getauxval(AT_HWCAP) & HAS_SVE) == 0)
        skip();
    stopped_only_when_over(&odd);
}

/* --- the exclusive monitor -------------------------------------------------*/

/* As a lock that is free is taken, but for the long way from the load to the
 * store; on return x0 is 0 if the store was done. */
int store_exclusive_late(uint32_t *lock, _Atomic int *loaded,
                         const _Atomic int *go);
__asm__(".pushsection yank_text, \"ax\", %progbits\n"
        ".p2align 2\n"
        ".globl store_exclusive_late\n"
        ".hidden store_exclusive_late\n"
        ".type store_exclusive_late, %function\n"
        "store_exclusive_late:\n"
        "  hint #34\n" /* bti c */
        "  mov w4, #1\n"
        "  ldaxr w3, [x0]\n"
        "  str w4, [x1]\n"
        "1: ldr w5, [x2]\n"
        "  cbz w5, 1b\n"
        "  stlxr w6, w4, [x0]\n"
        "  mov w0, w6\n"
        "  ret\n"
        ".size store_exclusive_late, . - store_exclusive_late\n"
        ".popsection\n");

static uint32_t lock_word;
static _Atomic int loaded, go;
static int store_failed;

static void late_loop(struct target *x)
{
    (void)x;
    store_failed = store_exclusive_late(&lock_word, &loaded, &go);
}

/* What a try-lock does that finds the lock taken. */
static void only_load_exclusive(void *arg)
{
    uint32_t seen;

    (void)arg;
    __asm__ volatile("ldaxr %w0, %1" : "=r"(seen) : "Q"(lock_word));
}

static void live_no_exclusive_store_succeeds_after_a_stop(void **state)
{
    struct target *x = target_start(late_loop, NULL);

    (void)state;
    wait_for(&loaded, 1);
    assert_int_equal(yank_suspend_g(&x->t.g, SOON, &stop), YANK_OK);
    assert_int_equal(yank_resume_call(&stop, only_load_exclusive, NULL), 0);
    atomic_store(&go, 1);
    target_join(x);
    assert_int_not_equal(store_failed, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(live_streaming_mode_is_not_stopped),
        cmocka_unit_test(live_za_in_use_is_not_stopped),
        cmocka_unit_test(live_another_vector_length_is_not_stopped),
        cmocka_unit_test(live_no_exclusive_store_succeeds_after_a_stop),
    };
    return live_main(tests, YANK_ARRAY_LEN(tests), true);
}
