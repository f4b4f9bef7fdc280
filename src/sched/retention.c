// retention.c - removes old rows in the background.
// SPDX-License-Identifier: Apache-2.0
#include "sched/retention.h"

#include <stdlib.h>

#include "base/log.h"
#include "base/mem.h"
#include "sched/learned.h"
#include "time/duration.h"

#define STEP_US 20000             // between two steps
#define FIRST_US (60 * SECOND_US) // after the start
#define ROUND_US HOUR_US          // between two rounds
#define QUIET_US 100000           // no step begins so shortly before a slot
#define PUT_OFF_MAX 50            // then it does all the same
#define MOVED_US SECOND_US        // after a step was refused because jobs move
#define NEW_ROWS 100              // and a tenth of what is kept: the job is looked at soon

// One request; it may outlive the retention.
struct retention_ask {
    struct retention *r; // NULL: nobody wants to know any more
    int64_t job_id;      // 0: of a job that is gone
};

static void events_read(void *ctx);
static void step(void *ctx);

static void step_at(struct retention *r, int64_t us)
{
    loop_timer_set(r->loop, &r->timer, mono_after_us(loop_now(r->loop), us), step, r);
}

void retention_init(struct retention *r, struct loop *loop, struct store *store, struct due *due,
                    struct events *events, const struct retention_options *options)
{
    *r = (struct retention){
        .loop = loop,
        .store = store,
        .due = due,
        .events = events,
        .options = *options,
        .listener = {.on_events = events_read, .ctx = r},
        .seen = events_last(events),
        .gone_id = -1,
    };
    events_listen(events, &r->listener);
    step_at(r, FIRST_US);
}

void retention_done(struct retention *r)
{
    events_unlisten(&r->listener);
    loop_timer_stop(r->loop, &r->timer);
    if (r->asking)
        r->asking->r = NULL;
    vec_done(&r->urgent);
    vec_done(&r->round);
}

int64_t retention_keep(const struct retention *r, int64_t keep)
{
    double total = (double)r->options.keep_total * (1 - r->others);

    if (total > 0 && (double)r->rows > total)
        keep = (int64_t)((double)keep * total / (double)r->rows);
    return keep < 1 ? 1 : keep;
}

// ---- which job is next ----

// New rows are counted; a job that has had many of them is looked at soon.
static void rows_count(struct retention *r, struct entry *entry)
{
    struct learned *l = learned_get(&entry->learned);

    if (++l->new_rows < NEW_ROWS + (uint32_t)job_keep(entry->job) / 10)
        return;
    l->new_rows = 0;
    vec_push(&r->urgent, entry->job->id);
    if (!r->asking)
        step_at(r, STEP_US);
}

static void events_read(void *ctx)
{
    struct retention *r = ctx;
    const struct sched_event *event;
    struct entry *entry;

    while ((event = events_next(r->events, r->seen))) {
        r->seen = event->seq;
        if ((event->type == EVENT_RUN_FINISHED || event->type == EVENT_RUN_SKIPPED) &&
            (entry = due_find_id(r->due, event->job_id)))
            rows_count(r, entry);
    }
}

static bool round_is_over(const struct retention *r)
{
    return r->round.len == 0 && r->gone_id < 0;
}

static void round_begin(struct retention *r)
{
    const struct entry *entry;

    for (size_t at = 0; (entry = radix_next(&r->due->by_id, &at));)
        if (entry->seat.is_ours)
            vec_push(&r->round, entry->job->id);
    r->others = r->round.len > 0 ? 1 - (double)r->round.len / (double)due_count(r->due) : 0;
    r->gone_id = !r->members || r->members->has_duties ? 0 : -1;
    r->round_rows = 0;
}

static void round_end(struct retention *r)
{
    r->rows = r->round_rows;
    step_at(r, ROUND_US);
}

// ---- a step ----

static void answered(const struct store_answer *answer, void *ctx)
{
    struct retention_ask *ask = ctx, mine = *ask;
    struct retention *r = mine.r;

    free(ask);
    if (!r)
        return;
    r->asking = NULL;
    if (answer->err) { // the next round tries again, or whoever has the job then
        if (answer->err->code == ERR_MOVED && mine.job_id != 0)
            vec_push(&r->round, mine.job_id);
        step_at(r, answer->err->code == ERR_MOVED ? MOVED_US : ROUND_US);
        return;
    }
    r->removed += answer->pruned;
    if (r->options.outputs)
        outputs_remove(r->options.outputs, answer->gone, answer->gone_count);
    if (mine.job_id != 0 && answer->pruned == RETENTION_ROWS)
        vec_push(&r->urgent, mine.job_id); // there may be more
    else
        r->round_rows += answer->left;
    if (mine.job_id == 0 && answer->pruned < RETENTION_ROWS)
        r->gone_id = answer->job_id != 0 ? answer->job_id : -1;
    if (round_is_over(r) && r->urgent.len == 0)
        round_end(r);
    else
        step_at(r, STEP_US);
}

static void ask(struct retention *r, int64_t job_id, int64_t keep)
{
    wall now = clock_wall(loop_clock(r->loop));
    const struct store_prune prune = {
        .job_id = job_id,
        .after_id = job_id == 0 ? r->gone_id : 0,
        .keep = retention_keep(r, keep),
        .before = {r->options.keep_age_us > 0 ? now.us - r->options.keep_age_us : INT64_MIN},
        .limit = RETENTION_ROWS,
    };

    r->asking = mem_alloc(sizeof *r->asking);
    *r->asking = (struct retention_ask){r, job_id};
    store_prune_runs(r->store, &prune, answered, r->asking);
}

// Claims come first: a step in their way would make them late.
static bool is_quiet(struct retention *r)
{
    wall now = clock_wall(loop_clock(r->loop));

    if (due_next(r->due).us - now.us > QUIET_US || r->put_off++ >= PUT_OFF_MAX)
        r->put_off = 0;
    return r->put_off == 0;
}

static void step(void *ctx)
{
    struct retention *r = ctx;
    const struct entry *entry;

    if (r->asking)
        return;
    if (!is_quiet(r)) {
        step_at(r, STEP_US);
        return;
    }
    if (r->urgent.len == 0 && round_is_over(r))
        round_begin(r);
    while (r->urgent.len > 0 || r->round.len > 0) {
        int64_t job_id =
            r->urgent.len > 0 ? r->urgent.v[--r->urgent.len] : r->round.v[--r->round.len];

        if ((entry = due_find_id(r->due, job_id)) && entry->seat.is_ours) {
            ask(r, job_id, job_keep(entry->job));
            return;
        }
    }
    if (r->gone_id >= 0)
        ask(r, 0, JOB_KEEP);
    else
        round_end(r);
}
