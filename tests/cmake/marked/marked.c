/* What yank_make_preemptible() marked is found by yank_init(), all of it, and
 * still works. */
#include "plain.h"

#include <yank/code.h>

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void marked_functions_are_registered(void **state)
{
    (void)state;
    assert_int_equal(yank_init(NULL), YANK_OK);
    assert_true(yank_code_is_registered((uintptr_t)&plain_often));
    assert_true(yank_code_is_registered((uintptr_t)&plain_seldom));
    assert_false(yank_code_is_registered((uintptr_t)&yank_init_module));
    assert_int_equal(yank_fini(), YANK_OK);
}

static void marked_functions_compute_the_same(void **state)
{
    (void)state;
    assert_int_equal(plain_often(40), 42);
    assert_int_equal(plain_seldom(14), 42);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(marked_functions_are_registered),
        cmocka_unit_test(marked_functions_compute_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
