/* A 1:1 VM with its own JIT and its own signal layer, as its author would
 * want to write it.  It only has to compile: calls stay as short as here. */
#include <yank/yank.h>

struct vm_thread {
    struct yank_thread yt;
    struct jit_frame *top;
};

/* Lock-free lookup, safe in a handler. */
extern bool vm_stackmap_has(uintptr_t pc);
extern void vm_log(void *, const char *);
extern _Noreturn void vm_fatal(const char *);

int vm_boot(void);
int vm_thread_enter(struct vm_thread *t, struct yank_stack st,
                    struct yank_stack my_sigaltstack);
void vm_call_native(struct vm_thread *t, void (*fn)(void *), void *arg);
const uintptr_t *vm_poll_address(struct vm_thread *t);

static bool pc_is_safe(void *c, uintptr_t pc, uintptr_t sp, uintptr_t fp,
                       uintptr_t *re)
{
    (void)c;
    (void)sp;
    (void)fp;
    (void)re;
    return vm_stackmap_has(pc);
}

static void panic(void *c, const char *msg)
{
    (void)c;
    vm_fatal(msg);
}

int vm_boot(void)
{
    struct yank_options o = {.struct_size = sizeof o,
                             .host_owns_signal = true,
                             .panic = panic,
                             .log = vm_log,
                             .pc_is_safe = pc_is_safe};
    return yank_init(&o);
}

int vm_thread_enter(struct vm_thread *t, struct yank_stack st,
                    struct yank_stack my_sigaltstack)
{
    struct yank_thread_attr a = {
        .struct_size = sizeof a, .stack = st, .sigstack = my_sigaltstack};
    return yank_thread_attach(&t->yt, &a);
}

void vm_call_native(struct vm_thread *t, void (*fn)(void *), void *arg)
{
    yank_blocking_enter(&t->yt.g); /* a collector may run meanwhile */
    fn(arg);
    yank_blocking_leave(&t->yt.g); /* waits for the collector */
}

const uintptr_t *vm_poll_address(struct vm_thread *t)
{
    return yank_g_poll_word(&t->yt.g); /* baked into jitted loops */
}
