/* What the trace says, as slices of time on lanes. */
#include "demo.h"

#include <stdlib.h>
#include <string.h>
#include <yank/trace.h>

#define LANES 256
#define CACHE 1024

struct reader {
    struct demo_history *h;
    const struct demo_task *tasks;
    int n_tasks, room_slices, room_marks;
    struct {
        uint64_t m_id;
        int task;        /* that runs, -1: none */
        int64_t from_ns; /* -1: none */
    } lane[LANES];
    struct {
        uint64_t g_id;
        int task;
    } cache[CACHE]; /* by the G's number */
};

/* The trace knows names; ours are short enough to be whole, and unique. */
static int task_of(struct reader *r, const struct yank_trace_event *e)
{
    size_t at = e->g_id % CACHE;

    if (r->cache[at].g_id == e->g_id)
        return r->cache[at].task;
    for (int i = 0; i < r->n_tasks; i++)
        if (strcmp(r->tasks[i].name, e->name) == 0) {
            r->cache[at].g_id = e->g_id;
            r->cache[at].task = i;
            return i;
        }
    return -1;
}

static int lane_of(struct reader *r, uint64_t m_id)
{
    int i = 0;

    while (i < r->h->lanes && r->lane[i].m_id != m_id)
        i++;
    if (i < r->h->lanes || i == LANES)
        return i < LANES ? i : -1;
    r->lane[i].m_id = m_id;
    r->lane[i].from_ns = -1;
    r->h->lanes++;
    return i;
}

/* Room for one more; twice as many each time. */
static void *grow(struct reader *r, void *array, int n, int *room, size_t each)
{
    void *more;

    if (n < *room)
        return array;
    *room = *room == 0 ? 1024 : 2 * *room;
    more = realloc(array, (size_t)*room * each);
    if (more == NULL)
        r->h->failed = true;
    return more != NULL ? more : array;
}

static void end_slice(struct reader *r, int lane, int64_t ns)
{
    struct demo_history *h = r->h;

    if (r->lane[lane].from_ns < 0)
        return;
    h->slices =
        grow(r, h->slices, h->n_slices, &r->room_slices, sizeof *h->slices);
    if (h->failed)
        return;
    h->slices[h->n_slices++] =
        (struct demo_slice){ .lane = lane,
                             .task = r->lane[lane].task,
                             .from_ns = r->lane[lane].from_ns,
                             .to_ns = ns };
    r->lane[lane].from_ns = -1;
}

static void add_mark(struct reader *r, const struct yank_trace_event *e,
                     int lane, int64_t ns)
{
    struct demo_history *h = r->h;

    h->marks = grow(r, h->marks, h->n_marks, &r->room_marks, sizeof *h->marks);
    if (!h->failed)
        h->marks[h->n_marks++] = (struct demo_mark){
            .lane = lane, .ns = ns, .latency_ns = (int64_t)e->value
        };
}

static void take(void *reader, const struct yank_trace_event *e)
{
    struct reader *r = reader;
    int lane = e->m_id != 0 ? lane_of(r, e->m_id) : -1;
    int64_t ns;

    if (r->h->first_ns == 0)
        r->h->first_ns = e->ns;
    ns = e->ns - r->h->first_ns;
    r->h->end_ns = ns;
    if (r->h->failed)
        return;
    if (e->kind == YANK_TRACE_STOP)
        add_mark(r, e, lane, ns);
    if (lane < 0)
        return;
    if (e->kind == YANK_TRACE_ON || e->kind == YANK_TRACE_OFF)
        end_slice(r, lane, ns);
    if (e->kind == YANK_TRACE_ON) {
        r->lane[lane].task = task_of(r, e);
        r->lane[lane].from_ns = ns;
    }
}

bool demo_history_read(struct demo_history *h, const struct demo_task *tasks,
                       int n_tasks)
{
    struct reader *r = calloc(1, sizeof *r);
    bool ok = r != NULL;

    *h = (struct demo_history){ 0 };
    if (ok) {
        r->h = h;
        r->tasks = tasks;
        r->n_tasks = n_tasks;
        ok = yank_trace_each(take, r) == YANK_OK;
        for (int i = 0; i < h->lanes; i++)
            end_slice(r, i, h->end_ns);
    }
    free(r);
    return ok && !h->failed;
}

void demo_history_free(struct demo_history *h)
{
    free(h->slices);
    free(h->marks);
}
