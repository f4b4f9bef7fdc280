// why_ask.c - gathers what is known of a moment of a job.
//
// Four pages are asked for at once: the rows of the moment, the nearest before it, those behind it,
// one of which may stand for it, and runs that were asked for to stand for it; and up to where rows
// were removed. When a row was skipped because of an overlap, those runs that were in progress then
// are asked for as well. Of a job whose single date is over, and which is gone for that, its runs
// tell what there is to know.
// SPDX-License-Identifier: Apache-2.0
#include "sched/why_ask.h"

#include <stdlib.h>

#include "base/arena.h"
#include "base/mem.h"
#include "store/request.h"
#include "time/iso8601.h"

#define ROWS_MAX 500 // of the moment
#define NEAR_MAX 5   // before it
#define BEHIND_MAX 100
#define GOING_MAX 50
#define OVER_MAX 1000 // runs of a job that is over, among which its slot is looked for

struct page {
    struct store_run *rows; // copies in the arena
    size_t count;
};

struct gathering {
    struct arena *arena;
    struct sched *s;
    struct str name;
    struct job *over; // owned; NULL: the job is there, or nobody knows it
    struct why_question question;
    struct page in, before, after, asked, going;
    wall pruned;
    int waits; // for so many pages
    struct err err;
    why_done *done;
    void *ctx;
};

static void answer(struct gathering *g)
{
    const struct job *job = g->over ? g->over : sched_find(g->s, g->name);
    struct why answers[WHY_ANSWERS_MAX];
    const struct waits waits = sched_waits(g->s);
    struct why_facts facts = {0};

    if (g->err.code == ERR_NONE && !job)
        (void)fail(&g->err, ERR_NOT_FOUND, "job_id", "there is no job \"%.*s\"", STR(g->name));
    if (g->err.code != ERR_NONE) {
        g->done(&g->err, NULL, NULL, 0, g->ctx);
    } else {
        sched_why_facts(g->s, job, &facts);
        facts.waits = &waits;
        facts.rows = g->in.rows;
        facts.row_count = g->in.count;
        facts.before = g->before.rows;
        facts.before_count = g->before.count;
        facts.after = g->after.rows;
        facts.after_count = g->after.count;
        facts.asked = g->asked.rows;
        facts.asked_count = g->asked.count;
        facts.going = g->going.rows;
        facts.going_count = g->going.count;
        facts.pruned = g->pruned;
        size_t count = why_answer(&facts, &g->question, g->arena, answers);

        g->done(NULL, &facts, answers, count, g->ctx);
    }
    job_free(g->over);
    arena_free(g->arena);
}

static void page_copy(struct gathering *g, struct page *page, const struct err *err,
                      const struct store_run *runs, size_t count)
{
    if (err)
        g->err = *err;
    page->rows = arena_array(g->arena, count, sizeof *page->rows);
    page->count = count;
    for (size_t i = 0; i < count; i++) {
        page->rows[i] = runs[i];
        page->rows[i].run.message = arena_copy(g->arena, runs[i].run.message);
        page->rows[i].run.ask = request_copy_ask(g->arena, runs[i].run.ask);
    }
}

static void going_read(const struct err *err, const struct store_run *runs, size_t count, void *ctx)
{
    struct gathering *g = ctx;

    page_copy(g, &g->going, err, runs, count);
    answer(g);
}

// All pages are there.
static void pages_look(struct gathering *g)
{
    for (size_t i = 0; i < g->in.count; i++) {
        const struct run *run = &g->in.rows[i].run;
        const struct store_find find = {.job_id = run->job_id,
                                        .from = {INT64_MIN},
                                        .to = run->queued_at,
                                        .going_at = run->queued_at,
                                        .limit = GOING_MAX};

        if (run->state != RUN_SKIPPED || run->reason != REASON_OVERLAP)
            continue;
        store_find_runs(sched_store(g->s), &find, going_read, g);
        return;
    }
    answer(g);
}

static void page_take(struct gathering *g, struct page *page, const struct err *err,
                      const struct store_run *runs, size_t count)
{
    page_copy(g, page, err, runs, count);
    if (--g->waits == 0)
        pages_look(g);
}

static void in_read(const struct err *err, const struct store_run *runs, size_t count, void *ctx)
{
    struct gathering *g = ctx;

    page_take(g, &g->in, err, runs, count);
}

static void before_read(const struct err *err, const struct store_run *runs, size_t count,
                        void *ctx)
{
    struct gathering *g = ctx;

    page_take(g, &g->before, err, runs, count);
}

static void after_read(const struct err *err, const struct store_run *runs, size_t count, void *ctx)
{
    struct gathering *g = ctx;

    page_take(g, &g->after, err, runs, count);
}

static void asked_read(const struct err *err, const struct store_run *runs, size_t count, void *ctx)
{
    struct gathering *g = ctx;

    page_take(g, &g->asked, err, runs, count);
}

static void pruned_read(const struct err *err, const struct store_run *runs, size_t count,
                        void *ctx)
{
    struct gathering *g = ctx;
    struct page none;

    if (count > 0)
        g->pruned = runs[0].run.scheduled_at;
    page_take(g, &none, err, NULL, 0);
}

static void pages_ask(struct gathering *g, int64_t job_id)
{
    const struct why_question *question = &g->question;
    struct store *store = sched_store(g->s);
    wall from = question->spans[0].from, to = question->spans[question->span_count - 1].to;
    const struct store_find in = {
        .job_id = job_id, .from = from, .to = to, .is_oldest_first = true, .limit = ROWS_MAX};
    const struct store_find before = {
        .job_id = job_id, .from = {INT64_MIN}, .to = {from.us - 1}, .limit = NEAR_MAX};
    const struct store_find after = {.job_id = job_id,
                                     .from = {to.us + 1},
                                     .to = WALL_NEVER,
                                     .is_oldest_first = true,
                                     .limit = BEHIND_MAX};
    const struct store_find asked = {
        .job_id = job_id, .from = from, .to = to, .is_by_asked_slot = true, .limit = ROWS_MAX};

    g->waits = 5;
    store_read_pruned(store, job_id, pruned_read, g);
    store_find_runs(store, &in, in_read, g);
    store_find_runs(store, &before, before_read, g);
    store_find_runs(store, &after, after_read, g);
    store_find_runs(store, &asked, asked_read, g);
}

// A job as it was: once, at the slot of the run.
static struct job *job_over(const struct gathering *g, const struct run *run)
{
    struct trigger_context context = sched_trigger_context(g->s);
    struct job *job = job_new(g->name);
    struct buf at;
    struct err e;
    json_t *spec;

    buf_init(&at, 64);
    iso8601_write(run->scheduled_at, NULL, &at);
    spec = json_pack("{s:s, s:s}", "type", "date", "run_date", buf_text(&at));
    if (!trigger_parse(spec, &context, &job->trigger, &e)) {
        job_free(job);
        job = NULL;
    } else {
        job->id = run->job_id;
        job->state = JOB_ENDED;
        job->created_at = job->effective_from = (wall){INT64_MIN};
    }
    json_decref(spec);
    buf_done(&at);
    return job;
}

static void over_read(const struct err *err, const struct store_run *runs, size_t count, void *ctx)
{
    struct gathering *g = ctx;

    if (err)
        g->err = *err;
    for (size_t i = 0; i < count && !g->over; i++)
        if (runs[i].run.origin == RUN_SCHEDULED || runs[i].run.origin == RUN_CATCHUP)
            g->over = job_over(g, &runs[i].run);
    if (g->over)
        pages_ask(g, g->over->id);
    else
        answer(g);
}

void why_ask(struct sched *s, struct str job_name, const struct why_question *question,
             why_done *done, void *ctx)
{
    struct arena *arena = arena_new(1 << 16);
    struct gathering *g = arena_alloc(arena, sizeof *g);
    const struct job *job = sched_find(s, job_name);

    *g = (struct gathering){.arena = arena,
                            .s = s,
                            .name = arena_copy(arena, job_name),
                            .question = *question,
                            .done = done,
                            .ctx = ctx};
    if (job) {
        pages_ask(g, job->id);
        return;
    }
    const struct store_run_query over = {.ended = g->name, .limit = OVER_MAX};

    store_read_runs(sched_store(s), &over, over_read, g);
}
