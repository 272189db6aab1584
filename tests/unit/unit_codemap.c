/* The code map: look-up, what may be registered, removal against handlers. */
#include "fake/unit.h"
#include "fake/world.h"

static int add(uintptr_t lo, uintptr_t hi, uint32_t flags,
               struct yank_code **out)
{
    struct yank_code_desc d = { lo, hi, flags };

    return yank_code_add(&d, out);
}

static void bad_ranges(void *arg)
{
    struct yank_code *mark = (struct yank_code *)arg, *c = mark;
    struct yank_code_desc d = { 0x300000, 0x300100, YANK_CODE_SAFE };

    must_rc(yank_code_add(NULL, &c), YANK_EINVAL);
    must_rc(yank_code_add(&d, NULL), YANK_EINVAL);
    must_rc(add(0x300000, 0x300000, YANK_CODE_SAFE, &c), YANK_EINVAL);
    must_rc(add(0x300100, 0x300000, YANK_CODE_SAFE, &c), YANK_EINVAL);
    must_rc(add(0x300000, 0x300100, 0, &c), YANK_EINVAL);
    must_rc(add(0x300000, 0x300100, YANK_CODE_MIGRATABLE, &c), YANK_EINVAL);
    must_rc(add(0x300000, 0x300100, YANK_CODE_SAFE | 8, &c), YANK_EINVAL);
    must_rc(add(0x300000, 0x300100, YANK_CODE_ASK_HOST, &c), YANK_EINVAL);
    must_rc(add(FAKE_USER_LO, FAKE_USER_LO + 1, YANK_CODE_SAFE, &c),
            YANK_EOVERLAP);
    must_rc(add(FAKE_USER_LO - 1, FAKE_USER_LO + 1, YANK_CODE_SAFE, &c),
            YANK_EOVERLAP);
    must_rc(add(FAKE_USER_HI - 1, FAKE_USER_HI + 1, YANK_CODE_SAFE, &c),
            YANK_EOVERLAP);
    must_rc(add(0, UINTPTR_MAX, YANK_CODE_SAFE, &c), YANK_EOVERLAP);
    must(c == mark); /* nothing was written */
    must(!yank_code_is_registered(0x300000));
    must_rc(yank_code_remove(NULL, 0), YANK_EINVAL);
    must_rc(yank_code_add_text(NULL, NULL, &c), YANK_EINVAL);
    must_rc(yank_code_add_text(&d, &d, &c), YANK_EINVAL);
}

CLAIM(unit_bad_ranges_change_nothing)
{
    static int mark;
    fake_alone(bad_ranges, &mark);
}

static void bad_handles(void *arg)
{
    struct yank_code *c = NULL;

    (void)arg;
    must_rc(yank_code_remove((struct yank_code *)&c, 0), YANK_EINVAL);
    must_rc(add(0x300000, 0x300100, YANK_CODE_SAFE, &c), YANK_OK);
    must_rc(yank_code_remove(c, 0), YANK_OK);
    must_rc(yank_code_remove(c, 0), YANK_EINVAL); /* removed before */
}

CLAIM(unit_a_dead_handle_is_refused)
{
    fake_alone(bad_handles, NULL);
}

static void looks_up(void *arg)
{
    struct yank_code *c[32];

    (void)arg;
    for (uintptr_t i = 0; i < 32; i++) { /* not in order */
        uintptr_t k = i * 11 % 32;
        must_rc(add(0x400000 + k * 0x100, 0x400000 + k * 0x100 + 0x80,
                    YANK_CODE_SAFE, &c[k]),
                YANK_OK);
    }
    for (uintptr_t k = 0; k < 32; k++) {
        uintptr_t lo = 0x400000 + k * 0x100;
        must(!yank_code_is_registered(lo - 1));
        must(yank_code_is_registered(lo));
        must(yank_code_is_registered(lo + 0x7f));
        must(!yank_code_is_registered(lo + 0x80));
    }
    /* Side by side is not an overlap. */
    struct yank_code *between;
    must_rc(add(0x400080, 0x400100, YANK_CODE_SAFE, &between), YANK_OK);
    must_rc(yank_code_remove(between, 0), YANK_OK);
    for (int k = 0; k < 32; k++) {
        must_rc(yank_code_remove(c[k], 0), YANK_OK);
        must(!yank_code_is_registered(0x400000 + (uintptr_t)k * 0x100));
    }
}

CLAIM(unit_every_range_is_found_at_its_bounds)
{
    fake_alone(looks_up, NULL);
}

/* --- removal against a handler -------------------------------------------*/

static struct yank_code *jit;
static int removed;

static void runs_jit(void *arg)
{
    (void)arg;
    world_attach(0);
    user_step(0x500000);
    user_step(0x500010);
    user_loop(&w.quit);
    world_no_debts(world_g(0));
    world_detach(0);
}

static void remover(void *arg)
{
    (void)arg;
    world_wait(0);
    do
        /* No deadline: only a wake ends the wait. */
        removed = yank_code_remove(jit, YANK_NO_DEADLINE);
    while (removed == YANK_EBUSY && (fake_pause(), true));
    must_rc(removed, YANK_OK); /* arena: a read after the release shows */
    world_done();
}

static void suspender(void *arg)
{
    (void)arg;
    world_wait(0);
    must_rc(world_hold(0, YANK_NO_DEADLINE), YANK_OK);
    world_done();
}

static void jit_setup(void)
{
    world_reset();
    removed = 1;
    must_rc(add(0x500000, 0x500100, YANK_CODE_SAFE, &jit), YANK_OK);
    fake_party("T", runs_jit, NULL);
    fake_party("A", suspender, NULL);
    fake_party("R", remover, NULL);
    world_works();
    world_works();
}

CLAIM(unit_removal_waits_for_handlers_and_refuses_under_a_stop)
{
    static const struct fake_spec spec = { .name = "jit",
                                           .setup = jit_setup,
                                           .bound = 4,
                                           .runs = 60000,
                                           .walks = 20000 };
    explore_both(&spec);
}

/* A fault handler looks a PC up, and its thread is suspended in there. */
static void reads_the_map(void *arg)
{
    struct yank_regs r = { .pc = FAKE_USER_LO,
                           .refusal = YANK_REFUSED_CPU_STATE };
    struct yank_m *m = &w.t[0].m;

    (void)arg;
    world_attach(0);
    atomic_store(&world_g(0)->asks, 1);
    must(yank_code_find(m, FAKE_USER_LO) != NULL);
    must(!yank_do_sig_preempt(m, &r).edited);
    must((atomic_load(&m->map_reader) & 1) == 1); /* it reads on */
    yank_code_done(m);
    atomic_store(&world_g(0)->asks, 0);
    world_detach(0);
}

CLAIM(unit_an_answer_does_not_end_a_look_that_it_interrupts)
{
    world_reset();
    fake_alone(reads_the_map, NULL);
}

CLAIM(unit_a_range_with_a_stopped_g_is_busy)
{
    static const struct fake_spec spec = { .name = "busy", .setup = jit_setup };
    struct party *t = &fake.party[0], *a = &fake.party[1];

    script_begin(&spec);
    script_until(t, "user");
    script_through(a);
    script_deliver(t);
    must(atomic_load(&world_g(0)->status) == YANK_PREEMPTED);
    fake.cur = NULL;
    must_rc(yank_code_remove(jit, 0), YANK_EBUSY);
    must(yank_code_is_registered(0x500000));
    script_finish();
}

CLAIM(unit_removal_ends_at_its_deadline_and_can_be_finished)
{
    static const struct fake_spec spec = { .name = "late", .setup = jit_setup };
    struct party *t = &fake.party[0], *a = &fake.party[1];

    script_begin(&spec);
    script_until(t, "user");
    script_through(a);
    script_deliver_until(t, "load &map");
    must_rc(yank_code_remove(jit, 0), YANK_ETIMEDOUT);
    must(!yank_code_is_registered(0x500000));
    script_finish(); /* R removes it */
    must(removed == YANK_OK);
}

static int dummy[16];

static void own_text_setup(void)
{
    must_rc(yank_init_module(NULL, YANK_VERSION, dummy, dummy + 16), YANK_OK);
    must(yank_code_is_registered((uintptr_t)dummy));
    must(!yank_code_is_registered((uintptr_t)(dummy + 16)));
    struct yank_code *c;
    must_rc(yank_code_add_text(dummy, dummy + 16, &c), YANK_EOVERLAP);
    must_rc(yank_fini(), YANK_OK);
}

CLAIM(unit_init_registers_the_text_of_its_module)
{
    static const struct fake_spec spec = { .name = "text",
                                           .setup = own_text_setup,
                                           .no_init = true };
    run_once(&spec);
}

CLAIMS_MAIN(CLAIMED(unit_bad_ranges_change_nothing),
            CLAIMED(unit_a_dead_handle_is_refused),
            CLAIMED(unit_every_range_is_found_at_its_bounds),
            CLAIMED(unit_removal_waits_for_handlers_and_refuses_under_a_stop),
            CLAIMED(unit_an_answer_does_not_end_a_look_that_it_interrupts),
            CLAIMED(unit_a_range_with_a_stopped_g_is_busy),
            CLAIMED(unit_removal_ends_at_its_deadline_and_can_be_finished),
            CLAIMED(unit_init_registers_the_text_of_its_module))
