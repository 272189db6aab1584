/* Fibers that look at nothing share their workers, and are ended from
 * outside; see fiber.h. */
#include "fiber.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>

#define FIBERS 7
#define RUN_MS 300
#define SOON_NS 2000000000

static struct fiber fibers[FIBERS];

/* No call, no poll, no end. */
YANK_TEXT static void spin(void)
{
    for (volatile uint64_t i = 0;; i++)
        ;
}

static void polite(void)
{
    for (int i = 0; i < 10; i++)
        fiber_yield();
}

/* 0: each had its share, and its end. */
static int report(void)
{
    static const char *const name[] = { "lives", "returned", "cancelled",
                                        "killed" };
    unsigned n[4] = { 0 };
    int64_t ran = 1;

    for (int i = 0; i < FIBERS; i++)
        ran += fibers[i].ran_ns;
    puts("fiber  worker  slices  share  end");
    for (struct fiber *f = fibers; f < fibers + FIBERS; f++) {
        printf("%5td  %6u  %6u  %3d %%  %s\n", f - fibers, f->home, f->slices,
               (int)(f->ran_ns * 100 / ran), name[f->end]);
        n[f->slices > 1 ? f->end : LIVES]++; /* it starved otherwise */
        yank_g_fini(&f->g);
    }
    printf("%d endless fibers and a polite one shared two workers: %u "
           "returned,\n%u were cancelled and unwound, %u were killed.\n",
           FIBERS - 1, n[RETURNED], n[CANCELLED], n[KILLED]);
    return n[RETURNED] != 1 || n[CANCELLED] != 3 || n[KILLED] != 3;
}

static int run(void)
{
    int rc = fibers_start(2, 1000000);

    for (int i = 0; rc == YANK_OK && i < FIBERS; i++)
        rc = fiber_go(&fibers[i], i == 0 ? polite : spin);
    poll(NULL, 0, RUN_MS);
    for (int i = 1; rc == YANK_OK && i < FIBERS; i++)
        rc = fiber_stop(&fibers[i], i % 2 ? CANCELLED : KILLED, SOON_NS);
    if (rc != YANK_OK) {
        fprintf(stderr, "fibers: %s\n", yank_strerror(rc));
        return 1; /* some may be endless */
    }
    fibers_join();
    rc = report();
    return yank_fini() == YANK_OK ? rc : 1;
}

int main(int argc, char **argv)
{
    struct yank_caps caps;

    if (argc > 1) {
        puts("usage: fibers\n\nEndless fibers on two workers for 0.3 s, "
             "ended from outside.\nExit: 0 each had its share and its end, "
             "1 not, 2 usage, 77 no kicks here.");
        return strcmp(argv[1], "--help") == 0 ? 0 : 2;
    }
    if (yank_init(NULL) != YANK_OK || yank_get_caps(&caps) != YANK_OK)
        return 1;
    if ((caps.active & YANK_CAP_ASYNC) != 0)
        return run();
    printf("fibers: %s\n", caps.why);
    return 77;
}
