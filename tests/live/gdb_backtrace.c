/* A thread that is suspended in live_spin_here(), for check_gdb_backtrace. */
#define _GNU_SOURCE
#include <yank/yank.h>

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

static struct yank_thread spinner;
static _Atomic int attached, quit;
static _Atomic long spinner_tid;

YANK_TEXT void live_spin_here(void);
void live_suspended(void);
void *live_thread_start(void *arg);

__attribute__((noinline)) void live_spin_here(void)
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
    atomic_store(&spinner_tid, syscall(SYS_gettid));
    atomic_store(&attached, 1);
    live_spin_here();
    yank_thread_detach(&spinner);
    return arg;
}

/* Suspended it is some way from asleep; and QEMU lets the threads run on of
 * which a debugger thinks that they are stopped. */
static int spinner_sleeps(void)
{
    char path[64], state = 0;
    FILE *f;

    snprintf(path, sizeof path, "/proc/self/task/%ld/stat",
             atomic_load(&spinner_tid));
    f = fopen(path, "r");
    if (f == NULL || fscanf(f, "%*d (%*[^)]) %c", &state) != 1)
        state = 0;
    if (f != NULL)
        fclose(f);
    return state == 'S';
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
    while (!spinner_sleeps())
        sched_yield();
    live_suspended();
    atomic_store(&quit, 1);
    if (yank_resume_g(&stop) != YANK_OK || pthread_join(t, NULL) != 0)
        return 1;
    return yank_fini() != YANK_OK;
}
