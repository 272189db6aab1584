/* A thread that is suspended in live_spin_here(), for check_gdb_backtrace. */
#include <yank/yank.h>

#include <pthread.h>
#include <stdatomic.h>

static struct yank_thread spinner;
static _Atomic int attached, quit;

YANK_TEXT void live_spin_here(void);
void live_suspended(void);
void *live_thread_start(void *arg);

void live_spin_here(void)
{
    while (atomic_load_explicit(&quit, memory_order_relaxed) == 0)
        ;
}

/* The debugger's breakpoint. */
__attribute__((noinline)) void live_suspended(void)
{
    __asm__ volatile("");
}

void *live_thread_start(void *arg)
{
    struct yank_thread_attr attr = { .struct_size = sizeof attr };

    if (yank_thread_attach(&spinner, &attr) != YANK_OK)
        return NULL;
    atomic_store(&attached, 1);
    live_spin_here();
    yank_thread_detach(&spinner);
    return arg;
}

int main(void)
{
    struct yank_caps caps;
    struct yank_stop stop;
    pthread_t t;

    if (yank_init(NULL) != YANK_OK || yank_get_caps(&caps) != YANK_OK)
        return 1;
    if ((caps.active & YANK_CAP_ASYNC) == 0)
        return 77;
    if (pthread_create(&t, NULL, live_thread_start, NULL) != 0)
        return 1;
    while (atomic_load(&attached) == 0)
        ;
    if (yank_suspend_g(&spinner.g, YANK_NO_DEADLINE, &stop) != YANK_OK)
        return 1;
    live_suspended();
    atomic_store(&quit, 1);
    if (yank_resume_g(&stop) != YANK_OK || pthread_join(t, NULL) != 0)
        return 1;
    return yank_fini() != YANK_OK;
}
