/* No assembly: a CPU without an .S yet, YANK_ASYNC=0, wasm.  No kick, no
 * stack switch; polls, regions and the status machine work. */
#include "../arch.h"

const char *const yank_arch_name = "none";
const bool yank_push_call_supported = false;
const bool yank_stack_switch_supported = false;

int yank_arch_init(void)
{
    return YANK_OK;
}

size_t yank_arch_async_preempt_stack(void)
{
    return 0;
}

size_t yank_arch_block_bytes(void)
{
    return sizeof(struct yank_vector_block);
}

void yank_arch_block_init(struct yank_vector_block *block)
{
    block->next = NULL;
    block->frame_sp = 0;
}

bool yank_arch_vectors_kept(void)
{
    return false;
}

bool yank_arch_context_ok(const struct yank_regs *r)
{
    (void)r;
    return false;
}

/* The four below have no caller where the two constants above are false. */

void yank_arch_push_call(struct yank_regs *r, void (*fn)(void),
                         uintptr_t resume_pc, struct yank_m *m)
{
    (void)r;
    (void)fn;
    (void)resume_pc;
    (void)m;
}

void yank_async_preempt(void)
{
}

void yank_arch_execute(struct yank_m *m, struct yank_g *g)
{
    (void)m;
    (void)g;
}

void yank_arch_make_context(struct yank_g *g)
{
    (void)g;
}

bool yank_arch_in_stub(uintptr_t pc)
{
    (void)pc;
    return false;
}

void yank_arch_mcall(struct yank_m *m, struct yank_g *g, yank_mcall_fn fn,
                     void *arg)
{
    (void)fn(m, g, arg); /* g: there is no other stack to go on with */
}

/* C can name the frame and nothing else: a value that a caller keeps in a
 * call-saved register only is not found.  The PC stays 0, unknown:
 * __builtin_return_address is an error in clang for plain wasm. */
void yank_arch_call_saved(struct yank_call_saved *out)
{
    *out = (struct yank_call_saved){ 0 };
    out->sp = (uintptr_t)__builtin_frame_address(0);
}

int yank_blocking_enter(struct yank_g *g)
{
    struct yank_call_saved saved = { 0 };

    saved.sp = (uintptr_t)__builtin_frame_address(0);
    return yank_blocking_enter2(g, &saved);
}

void yank_arch_c_flags(void)
{
}

void yank_arch_pause(void)
{
}

/* Nothing is ever entered so: there are no tasks with stacks of their own. */
void yank_arch_enter(struct yank_regs *r, void (*fn)(void), uintptr_t sp)
{
    (void)r;
    (void)fn;
    (void)sp;
}

void yank_arch_c_state(void)
{
}
