/* yank-demo, from start to end: the jobs alone, the floor, all tasks
 * together, the end of the endless ones, the suspend latency, the report. */
#include "demo.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yank/trace.h>

#define SAMPLES 2000
#define POKE_EVERY_NS 5000000 /* suspends of tasks at work */
#define POKE_DEADLINE_NS 100000000
#define END_DEADLINE_NS 120000000000 /* safety net: jobs that do not end */

static atomic_bool over; /* time is up: finish the round */

static int cannot(const char *what, const char *why)
{
    fprintf(stderr, "yank-demo: %s: %s\n", what, why);
    return DEMO_CANNOT;
}

/* --- the jobs alone ----------------------------------------------------- */

/* By kind; empty where there is none. */
static char alone[DEMO_KINDS][DEMO_RESULT_BYTES];

static bool run_alone(void)
{
    for (int i = 0; i < DEMO_KINDS; i++) {
        const struct demo_kind *kind = &demo_kinds[i];
        void *state = NULL;

        if (kind->job != NULL && !kind->job(kind, &state, alone[i])) {
            fprintf(stderr, "yank-demo: %s, run alone: %s\n", kind->name,
                    alone[i]);
            return false;
        }
    }
    return true;
}

/* --- the tasks ---------------------------------------------------------- */

/* Neither this nor the job's own frame is registered code: what is stopped is
 * the work that it calls. */
static void task_body(void *arg)
{
    struct demo_task *t = arg;

    if (t->kind->endless != NULL) {
        t->kind->endless(t->kind, &t->state);
        snprintf(t->result, sizeof t->result, "it came back");
        t->wrong = true;
        return;
    }
    do {
        char result[DEMO_RESULT_BYTES];
        bool ok = t->kind->job(t->kind, &t->state, result);

        if (!t->wrong)
            memcpy(t->result, result, sizeof result);
        if (!ok || strcmp(result, t->expected) != 0)
            t->wrong = true;
        t->rounds++;
    } while (!atomic_load(&over));
}

/* All kinds in turn, as far as the CPU can do them. */
static void name_tasks(struct demo_task *tasks, int n)
{
    for (int i = 0, k = 0; i < n; k++) {
        const struct demo_kind *kind = &demo_kinds[k % DEMO_KINDS];

        if (kind->supported != NULL && !kind->supported())
            continue;
        tasks[i].kind = kind;
        tasks[i].expected = kind->job != NULL ? alone[k % DEMO_KINDS] : NULL;
        snprintf(tasks[i].name, sizeof tasks[i].name, "%s#%d", kind->name,
                 i + 1);
        i++;
    }
}

static int start_tasks(struct yank_sched *sched, struct demo_task *tasks, int n)
{
    for (int i = 0; i < n; i++) {
        struct yank_task_attr attr = { .struct_size = sizeof attr,
                                       .stack_bytes = 512 << 10,
                                       .name = tasks[i].name };
        int rc = yank_go(sched, task_body, &tasks[i], &attr, &tasks[i].task);

        if (rc != YANK_OK)
            return cannot("starting a task", yank_strerror(rc));
    }
    return DEMO_OK;
}

/* --- while they run ----------------------------------------------------- */

static void read_stats(struct demo_report *r, struct demo_task *tasks)
{
    for (int i = 0; i < r->n_tasks; i++)
        yank_task_stats(tasks[i].task, &tasks[i].stats);
}

/* Now this task, now that is stopped for a moment: no result may suffer. */
static void poke(struct demo_report *r, struct demo_task *t)
{
    struct yank_stop stop;
    int rc =
        yank_task_suspend(t->task, yank_now_ns() + POKE_DEADLINE_NS, &stop);

    if (rc == YANK_OK) {
        yank_resume_g(&stop);
        r->suspends++;
    } else if (rc == YANK_ETIMEDOUT) {
        r->suspend_timeouts++;
    }
}

static void watch(struct demo_report *r, struct demo_task *tasks)
{
    int64_t start = yank_now_ns(), now = start;
    int64_t end = start + (int64_t)(r->options->seconds * 1e9);
    struct demo_live live;

    demo_live_begin(&live);
    for (unsigned random = 1; now < end; random = random * 747796405u + 1) {
        demo_sleep_ns(end - now < POKE_EVERY_NS ? end - now : POKE_EVERY_NS);
        poke(r, &tasks[(random >> 16) % (unsigned)r->n_tasks]);
        now = yank_now_ns();
        demo_live_draw(&live, r, tasks, (double)(now - start) / 1e9);
    }
    demo_live_end(&live);
    read_stats(r, tasks);
    r->seconds = (double)(yank_now_ns() - start) / 1e9;
}

/* --- the end ------------------------------------------------------------ */

/* Jobs finish their round, endless tasks are abandoned.  False: one of them
 * is still there. */
static bool end_tasks(struct demo_task *tasks, int n)
{
    int64_t deadline = yank_now_ns() + END_DEADLINE_NS;
    bool ended = true;

    atomic_store(&over, true);
    for (int i = 0; i < n; i++)
        if (tasks[i].kind->job != NULL &&
            yank_join(tasks[i].task, deadline, NULL) != YANK_OK) {
            snprintf(tasks[i].result, sizeof tasks[i].result,
                     "did not finish its round");
            tasks[i].wrong = true;
        }
    for (int i = 0; i < n; i++) {
        /* One that has ended by itself is only released. */
        int rc = demo_end(tasks[i].task, yank_now_ns() + END_DEADLINE_NS);

        if (rc != YANK_OK) {
            fprintf(stderr, "yank-demo: %s cannot be ended: %s\n",
                    tasks[i].name, yank_strerror(rc));
            ended = false;
        }
    }
    return ended;
}

/* --- all of it ---------------------------------------------------------- */

static int start_yank(const struct demo_options *o, struct yank_sched **sched)
{
    struct yank_options yo = { .struct_size = sizeof yo };
    struct yank_sched_attr sa = { .struct_size = sizeof sa,
                                  .threads = (unsigned)o->threads,
                                  .slice_ns = (int64_t)o->slice_us * 1000 };
    struct yank_caps caps;
    int rc = yank_init(&yo);

    if (rc != YANK_OK)
        return cannot("yank_init", yank_strerror(rc));
    yank_get_caps(&caps);
    if ((caps.active & YANK_CAP_ASYNC) == 0)
        return cannot("no kicks, endless tasks would never stop", caps.why);
    rc = yank_sched_start(&sa, sched);
    if (rc != YANK_OK)
        return cannot("yank_sched_start", yank_strerror(rc));
    return DEMO_OK;
}

/* Each measured with nothing else to do for the machine. */
static void measure(struct demo_report *r, struct yank_sched *sched)
{
    static int64_t of_yank[SAMPLES], of_floor[SAMPLES];

    demo_place(0);
    r->suspend = demo_percentiles(
        of_yank, demo_measure_suspend(sched, of_yank, SAMPLES));
    r->floor = demo_percentiles(of_floor, demo_floor(of_floor, SAMPLES));
}

static int verdict(const struct demo_report *r)
{
    for (int i = 0; i < r->n_tasks; i++)
        if (r->tasks[i].wrong || demo_starved(r, &r->tasks[i]))
            return DEMO_WRONG;
    return DEMO_OK;
}

static int start(struct demo_report *r, struct demo_task *tasks,
                 struct yank_sched **sched)
{
    int rc = start_yank(r->options, sched), recorded;

    if (rc != DEMO_OK)
        return rc;
    recorded = demo_files_record(r->options);
    if (recorded != YANK_OK)
        return cannot("the trace", yank_strerror(recorded));
    return start_tasks(*sched, tasks, r->n_tasks);
}

static int run(struct demo_report *r, struct demo_task *tasks,
               struct demo_files *files)
{
    struct yank_sched *sched;
    bool written;
    int rc = start(r, tasks, &sched);

    if (rc != DEMO_OK)
        return rc;
    watch(r, tasks);
    yank_trace_stop(); /* where there is none it says so, and does nothing */
    if (!end_tasks(tasks, r->n_tasks))
        return DEMO_WRONG;
    yank_get_counters(&r->counters); /* of the tasks at work */
    measure(r, sched);
    written = demo_files_trace(files, r);
    rc = yank_sched_stop(sched);
    if (rc == YANK_OK)
        rc = yank_fini();
    if (rc != YANK_OK)
        return cannot("the end", yank_strerror(rc));
    demo_print_table(r);
    if (r->options->json)
        demo_print_json(r);
    if (!demo_files_finish(files, r) || !written)
        return DEMO_CANNOT;
    return verdict(r);
}

int main(int argc, char **argv)
{
    struct demo_options o;
    int rc = demo_parse(&o, argc, argv);
    struct demo_report r = { .options = &o, .threads = o.threads };
    struct demo_files files;
    /* Static: what abandoned interpreters leave hangs on it till the end. */
    static struct demo_task *tasks;

    if (rc < 0)
        rc = demo_files_open(&files, &o);
    if (rc >= 0)
        return rc;
    r.n_tasks = o.tasks != 0 ? o.tasks : DEMO_KINDS;
    tasks = calloc((size_t)r.n_tasks, sizeof *tasks);
    r.tasks = tasks;
    if (tasks == NULL)
        return cannot("the tasks", "no memory");
    if (!demo_lua_load() || !run_alone())
        return DEMO_CANNOT;
    name_tasks(tasks, r.n_tasks);
    return run(&r, tasks, &files);
}
