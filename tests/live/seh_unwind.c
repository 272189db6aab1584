/* live_seh_unwind: Windows' own unwinder comes from g0 of a stopped thread, and
 * from what a resume made it call, to the interrupted instruction, with every
 * general register found; from g0 to who called yank_arch_mcall(); and a walk
 * of a G's stack ends.  Exceptions, longjmp() and crash reporters go that way.
 * Single-stepped, so that it holds at each instruction of stub and switch.
 *
 * Linked with fidelity_<cpu> and --wrap=yank_async_preempt2. */
#define _GNU_SOURCE
#include "fidelity.h"

#include <windows.h>

enum { STOPS = 300, STEPS_MAX = 64, FLAG_TRAP = 0x100 };

static _Atomic int bad;

/* --- the walk ------------------------------------------------------------*/

/* To the caller; false: nobody called this. */
static bool step(CONTEXT *c)
{
    DWORD64 base, frame;
    void *data;
    RUNTIME_FUNCTION *f = RtlLookupFunctionEntry(c->Rip, &base, NULL);

    if (f == NULL) { /* a leaf */
        c->Rip = *(DWORD64 *)c->Rsp;
        c->Rsp += sizeof(DWORD64);
    } else {
        RtlVirtualUnwind(UNW_FLAG_NHANDLER, base, c->Rip, f, c, &data, &frame,
                         NULL);
    }
    return c->Rip != 0;
}

static bool is_in(uintptr_t pc, const char *lo, const char *hi)
{
    return pc >= (uintptr_t)lo && pc < (uintptr_t)hi;
}

static bool walk_to(CONTEXT *c, const char *lo, const char *hi)
{
    for (int i = 0; i < STEPS_MAX; i++) {
        if (is_in(c->Rip, lo, hi))
            return true;
        if (!step(c))
            return false;
    }
    return false;
}

static void fail_at(const char *what, const CONTEXT *c)
{
    if (atomic_fetch_add(&bad, 1) < 10)
        printf("%s: pc %llx, sp %llx\n", what, c->Rip, c->Rsp);
}

/* --- from a stopped thread -----------------------------------------------*/

static struct yank_thread victim;
static _Atomic int ready, done, walks, calls;

/* rax rcx rdx rbx rbp rsi rdi r8 ... as in struct amd64_state. */
static bool has_pattern(const CONTEXT *c)
{
    const DWORD64 found[15] = { c->Rax, c->Rcx, c->Rdx, c->Rbx, c->Rbp,
                                c->Rsi, c->Rdi, c->R8,  c->R9,  c->R10,
                                c->R11, c->R12, c->R13, c->R14, c->R15 };

    return memcmp(found, &in[0], sizeof found) == 0;
}

static void check_stop(const struct yank_g *g)
{
    CONTEXT c;

    RtlCaptureContext(&c);
    if (!walk_to(&c, fidelity_text_lo, fidelity_text_hi))
        fail_at("the walk goes elsewhere", &c);
    else if (c.Rip != g->stop_pc || c.Rsp != g->stop_sp)
        fail_at("not where it was stopped", &c);
    else if (is_in(c.Rip, fidelity_sled_lo, fidelity_sled_hi) &&
             !has_pattern(&c))
        fail_at("registers lost", &c);
}

void fidelity_on_g0(struct yank_m *m)
{
    if (yank_m_self() != m)
        return; /* of the test below */
    check_stop(yank_m_curg(m));
    atomic_fetch_add(&walks, 1);
}

static void called(void *arg)
{
    check_stop(arg);
    atomic_fetch_add(&calls, 1);
}

void fidelity_nested(void)
{
}

static void *victim_main(void *arg)
{
    struct yank_thread_attr attr = { .struct_size = sizeof attr };

    (void)arg;
    if (yank_thread_attach(&victim, &attr) != YANK_OK)
        abort();
    atomic_store(&ready, 1);
    while (atomic_load(&done) == 0)
        go_round("dirty", fidelity_dirty, 0, 0);
    if (yank_thread_detach(&victim) != YANK_OK)
        abort();
    return NULL;
}

static void a_stop_is_unwound(void **state)
{
    struct yank_code *code;
    struct yank_stop stop;
    struct test_thread t;

    (void)state;
    learn();
    code = fidelity_register(YANK_CODE_SAFE);
    assert_int_equal(test_thread_start(&t, victim_main, NULL), 0);
    while (atomic_load(&ready) == 0)
        test_yield();
    for (int i = 0; i < STOPS; i++) {
        assert_int_equal(yank_suspend_g(&victim.g, SOON, &stop), YANK_OK);
        assert_int_equal(i % 2 == 0 || !stop.async
                             ? yank_resume_g(&stop)
                             : yank_resume_call(&stop, called, &victim.g),
                         YANK_OK);
        while (yank_read_status(&victim.g) != YANK_RUNNING)
            test_yield();
    }
    atomic_store(&done, 1);
    assert_int_equal(test_thread_join(&t, NULL), 0);
    assert_int_equal(yank_code_remove(code, SOON), YANK_OK);
    assert_int_equal(atomic_load(&bad), 0);
    assert_int_equal(atomic_load(&bad_rounds), 0);
    assert_true(atomic_load(&walks) >= STOPS / 2);
    assert_true(atomic_load(&calls) >= STOPS / 4);
}

/* --- from each instruction of stub and switch ----------------------------*/

extern const char yank_amd64_stub_lo[], yank_amd64_stub_hi[];
extern const char yank_amd64_switch_lo[], yank_amd64_switch_hi[];

static struct yank_m own_m;
static struct yank_g own_g;
extern const char yank_amd64_to_g0[], yank_amd64_first[];
extern const char yank_arch_call_saved_lo[] __asm__("yank_arch_call_saved");
static int in_stub, in_switch, ends;
static bool stepping;

/* Who called the outermost of our functions, as a walk has to find it; of that
 * function's first instruction. */
enum { STUB, MCALL, EXECUTE, OURS };
static CONTEXT caller[OURS];

static bool is_ours(uintptr_t pc)
{
    return is_in(pc, yank_amd64_stub_lo, yank_amd64_stub_hi) ||
           is_in(pc, yank_amd64_switch_lo, yank_amd64_switch_hi);
}

static void note_caller(const CONTEXT *now)
{
    const DWORD64 *sp = (const DWORD64 *)now->Rsp;
    int who = now->Rip == (uintptr_t)yank_async_preempt  ? STUB
              : now->Rip == (uintptr_t)yank_arch_mcall   ? MCALL
              : now->Rip == (uintptr_t)yank_arch_execute ? EXECUTE
                                                         : OURS;

    if (who == OURS)
        return;
    caller[who] = *now;
    caller[who].Rip = sp[who == STUB]; /* M is below it */
    caller[who].Rsp += (who == STUB ? 2 : 1) * sizeof *sp;
}

static bool keeps_volatile(const CONTEXT *c, const CONTEXT *of)
{
    return c->Rax == of->Rax && c->Rcx == of->Rcx && c->Rdx == of->Rdx &&
           memcmp(&c->R8, &of->R8, 4 * sizeof c->R8) == 0;
}

static bool keeps_call_saved(const CONTEXT *c, const CONTEXT *of)
{
    return c->Rip == of->Rip && c->Rsp == of->Rsp && c->Rbx == of->Rbx &&
           c->Rsi == of->Rsi && c->Rdi == of->Rdi &&
           memcmp(&c->R12, &of->R12, 4 * sizeof c->R12) == 0;
}

static bool keeps_vectors(const CONTEXT *c, const CONTEXT *of)
{
    return memcmp(&c->Xmm6, &of->Xmm6, 10 * sizeof c->Xmm6) == 0;
}

/* c was found behind the frame of the code at pc. */
static bool is_right(const CONTEXT *c, uintptr_t pc)
{
    if (is_in(pc, yank_amd64_stub_lo, yank_amd64_stub_hi))
        return keeps_call_saved(c, &caller[STUB]) &&
               keeps_volatile(c, &caller[STUB]) &&
               c->Rbp == caller[STUB].Rbp;
    if (is_in(pc, (const char *)(uintptr_t)yank_arch_mcall,
              (const char *)(uintptr_t)yank_arch_execute))
        return keeps_call_saved(c, &caller[MCALL]) &&
               keeps_vectors(c, &caller[MCALL]) &&
               c->Rbp == caller[MCALL].Rbp;
    return keeps_call_saved(c, &caller[EXECUTE]) &&
           keeps_vectors(c, &caller[EXECUTE]) &&
           /* On the way from yank_arch_execute() to the G it is lost. */
           (c->Rbp == caller[EXECUTE].Rbp ||
            is_in(pc, yank_amd64_to_g0,
                  (const char *)(uintptr_t)yank_arch_mcall));
}

/* Of the stack, as the system has them at this moment. */
static bool is_in_bounds(uintptr_t sp)
{
    return teb_word(0x1478) <= teb_word(0x10) && teb_word(0x10) <= sp &&
           sp <= teb_word(0x8);
}

static void look(const CONTEXT *now)
{
    CONTEXT c = *now;
    uintptr_t pc = 0;

    if (!is_ours(now->Rip))
        return;
    note_caller(now);
    in_stub += is_in(now->Rip, yank_amd64_stub_lo, yank_amd64_stub_hi);
    in_switch += is_in(now->Rip, yank_amd64_switch_lo, yank_amd64_switch_hi);
    if (!is_in_bounds(now->Rsp))
        fail_at("out of the system's bounds", now);
    while (is_ours(c.Rip)) {
        pc = c.Rip;
        if (!step(&c))
            break;
    }
    if (c.Rip == 0 ? !is_in(pc, yank_amd64_first, yank_arch_call_saved_lo)
                   : !is_right(&c, pc)) {
        fail_at("stepped at", now);
        fail_at("led to", &c);
    }
}

/* int3 switches stepping on and off. */
static LONG CALLBACK on_trap(EXCEPTION_POINTERS *e)
{
    static bool looking;
    DWORD code = e->ExceptionRecord->ExceptionCode;
    CONTEXT *c = e->ContextRecord;

    if (looking) { /* left to the system it could end the thread alone */
        fail_at("the walk itself faults", c);
        fflush(stdout);
        TerminateProcess(GetCurrentProcess(), 1);
    }
    if (code != EXCEPTION_BREAKPOINT && code != EXCEPTION_SINGLE_STEP)
        return EXCEPTION_CONTINUE_SEARCH;
    if (code == EXCEPTION_BREAKPOINT) {
        stepping = !stepping;
        c->Rip++;
    } else {
        looking = true;
        look(c);
        looking = false;
    }
    c->EFlags &= ~(DWORD)FLAG_TRAP;
    if (stepping)
        c->EFlags |= FLAG_TRAP;
    return EXCEPTION_CONTINUE_EXECUTION;
}

/* The first function of a G that is C. */
static void walk_to_the_end(void)
{
    CONTEXT c;

    RtlCaptureContext(&c);
    for (int i = 0; i < STEPS_MAX; i++)
        if (!step(&c)) {
            ends += c.Rsp <= own_g.hi;
            return;
        }
    fail_at("the walk of a G has no end", &c);
}

/* Goes on in walk_to_mcall(), but that the vectors are lost. */
struct yank_g *lose_vectors(struct yank_m *m, struct yank_g *g, void *arg);
struct yank_g *walk_to_mcall(struct yank_m *m, struct yank_g *g, void *arg);

/* clang-format off */
__asm__(".text\n"
        ".globl lose_vectors\n"
        ".seh_proc lose_vectors\n"
        "lose_vectors:\n\t"
        "subq $40, %rsp\n\t"
        ".seh_stackalloc 40\n\t"
        ".seh_endprologue\n\t"
        ".irp n, 6,7,8,9,10,11,12,13,14,15\n\t"
        "pxor %xmm\\n, %xmm\\n\n\t"
        ".endr\n\t"
        "call walk_to_mcall\n\t"
        "addq $40, %rsp\n\t"
        "ret\n\t"
        ".seh_endproc\n");
/* clang-format on */

/* On g0: rbx ... of who called yank_arch_mcall() are fidelity_kept_values. */
struct yank_g *walk_to_mcall(struct yank_m *m, struct yank_g *g, void *arg)
{
    const uint64_t *kept = fidelity_kept_values;
    CONTEXT c;

    (void)m;
    (void)g;
    RtlCaptureContext(&c);
    for (int i = 0; i < STEPS_MAX && c.Rip != (uintptr_t)fidelity_kept_return;
         i++)
        if (!step(&c))
            break;
    if (c.Rip != (uintptr_t)fidelity_kept_return || c.Rbx != kept[0] ||
        c.Rbp != kept[1] || memcmp(&c.R12, &kept[2], 4 * sizeof c.R12) != 0 ||
        c.Rdi != kept[6] || c.Rsi != kept[7] ||
        memcmp(&c.Xmm6, &kept[9], 10 * sizeof c.Xmm6) != 0)
        fail_at("from g0 the walk goes elsewhere", &c);
    return arg;
}

static void mcall_walks(struct yank_g *next, uint64_t *kept)
{
    fidelity_kept((void (*)(void))yank_arch_mcall, &own_m, &own_g,
                  (const void *)(uintptr_t)lose_vectors, next, kept);
}

/* On own_g's stack, from fidelity_first(). */
void fidelity_entry(void)
{
    uint64_t kept[FIDELITY_KEPT_MAX];

    walk_to_the_end();
    mcall_walks(&own_g, kept);
    yank_refill_block(&own_m);
    fidelity_fake_stop(&own_m);
    mcall_walks(NULL, kept);
    abort();
}

static void every_instruction_is_unwound(void **state)
{
    static _Alignas(16) unsigned char stack[256 * 1024];
    uint64_t kept[FIDELITY_KEPT_MAX];
    void *handler = AddVectoredExceptionHandler(1, on_trap);

    (void)state;
    memset(stack, 0x5a, sizeof stack);
    own_g.lo = (uintptr_t)stack;
    own_g.hi = own_g.lo + sizeof stack;
    own_g.os_stack = yank_os_stack_of(own_g.lo, own_g.hi);
    own_g.entry = fidelity_first;
    own_g.user = &own_g;
    atomic_init(&own_m.curg, &own_g);
    atomic_init(&own_g.m, &own_m);
    yank_arch_make_context(&own_g);
    __asm__ volatile("int3");
    fidelity_kept((void (*)(void))yank_arch_execute, &own_m, &own_g, NULL, NULL,
                  kept);
    __asm__ volatile("int3");
    assert_int_not_equal(RemoveVectoredExceptionHandler(handler), 0);
    printf("%d steps in the stub, %d in the switch\n", in_stub, in_switch);
    assert_int_equal(atomic_load(&bad), 0);
    assert_int_equal(ends, 1);
    assert_true(in_stub > 60 && in_switch > 200);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_stop_is_unwound),
        cmocka_unit_test(every_instruction_is_unwound),
    };
    int rc = fidelity_setup(argc, argv);

    if (rc != 0)
        return rc;
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    return yank_fini() != YANK_OK || failed != 0;
}
