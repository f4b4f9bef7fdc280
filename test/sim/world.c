// world.c - what happens to a scheduler, by the throw of dice.
//
// Between the scheduler and the store stands a watcher that writes into the log and may kill the
// process at each step of a claim, an end or a change; the planted faults stand there too. A
// process that is killed makes no further start and hears no answer; the turn of the loop in which
// it died is brought to its end, then everything of it is forgotten but what was durable.
// SPDX-License-Identifier: Apache-2.0
#include "world.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/list.h"
#include "base/log.h"
#include "base/mem.h"
#include "exec/pretend.h"
#include "jobs.h"

#define SIM_S 1000000LL
#define CALM_US (45 * SIM_S)
#define FREEZES_MAX 8

struct world {
    struct sim_options options;
    struct rand_seq prng;
    struct sim_clock clock;
    int64_t drift_ppm, drifted_us;
    wall begin;
    const char *zone;
    struct loop *loop;
    struct zones *zones;
    struct memory_data *data;
    struct store *store;
    struct store_ops ops; // the watcher's
    const struct store_ops *real;
    struct list waits;                                               // struct wait
    enum store_last (*on_job)(const struct job_row *row, void *ctx); // of the load under way
    void (*on_run)(const struct run *run, void *ctx);                // likewise
    struct exec *exec;
    struct sched *sched;
    struct sim_result *result;
    bool is_dead;
    bool is_ill;  // the store has refused something since it last answered well, or will
    bool is_slow; // it takes long
    struct sim_event started; // the last start
    enum sim_moment crash_at;
    int crash_after; // so many of these moments pass before
    int64_t asked;   // questions so far
    int freezes;
    int64_t freeze_asked; // the last question about them
    int64_t stepped_back_us;
    int faults_left;            // to be planted
    int64_t limit;              // of attempts at once in all; 0: none, and there is no pool either
    int pool_slots;             // of the pool db
    VEC_OF(struct run) planned; // and not launched: nobody has seen anything of them
    char last_paused[32];
};

#define LOST_ID 1000000 // and on, for the jobs of writes that were lost

// An answer that the watcher waits for.
struct wait {
    struct list link;
    struct world *world;
    int64_t lost_id; // of the job, in a write that the store knows nothing of
    store_done *done;
    void *ctx;
    enum sim_asked {
        ASKED_CLAIM,
        ASKED_START,
        ASKED_FINISH
    } kind;
    int64_t upto; // a launch
    size_t count; // runs
    int64_t ids[];
};

static struct world *the_world; // of the store: its functions know nothing else of it

// What the program asks the kernel for, such as the keys of its maps, on which the order of a walk
// hangs: of a seed too, so that it replays exactly.
static struct rand_seq kernel;

ssize_t getrandom(void *p, size_t n, unsigned flags)
{
    uint8_t *to = p;

    (void)flags;
    for (size_t i = 0; i < n; i++)
        to[i] = (uint8_t)rand_next(&kernel);
    return (ssize_t)n;
}

static uint64_t dice(struct world *w, uint64_t below)
{
    return rand_below(&w->prng, below);
}

static struct sim_event now_event(const struct world *w, enum sim_what what, int64_t number)
{
    return (struct sim_event){.what = what,
                              .mono_us = w->clock.mono_us,
                              .at = clock_wall(&w->clock.base),
                              .number = number};
}

static void note(struct world *w, enum sim_what what, int64_t number)
{
    vec_push(&w->result->log.events, now_event(w, what, number));
}

static void moment(struct world *w, enum sim_moment at)
{
    if (w->is_dead || (w->crash_at != at && w->crash_at != MOMENT_ANY))
        return;
    if (w->crash_after-- > 0)
        return;
    w->is_dead = true;
    w->crash_at = MOMENT_NONE;
    w->result->crashed[at]++;
}

// Whether the fault is to be planted now.
static bool plant(struct world *w, enum sim_fault fault)
{
    if (w->options.fault != fault || w->faults_left == 0 || dice(w, 4))
        return false;
    w->faults_left--;
    return true;
}

// ---- the watcher at the store ----

static void saw_run(const struct run *run, void *ctx)
{
    struct world *w = ctx;

    if (run_is_planned(run))
        vec_push(&w->planned, *run);
    else
        sim_log_run(&w->result->log, now_event(w, SIM_RUN, 0), run);
    if (run->state != RUN_ORPHANED)
        moment(w, run_state_is_final(run->state) ? MOMENT_FINISH_DURABLE : MOMENT_CLAIM_DURABLE);
}

static void saw_job(const struct job_row *row, void *ctx)
{
    struct world *w = ctx;

    sim_log_job(&w->result->log, now_event(w, SIM_JOB, 0), row);
    moment(w, MOMENT_PUT_DURABLE);
}

// A planned run is claimed when it is launched, as far as anybody can see.
static void runs_asked(struct world *w, const struct run *runs, size_t count, struct wait *wait)
{
    wait->count = 0;
    for (size_t i = 0; i < count; i++) {
        if (run_is_planned(&runs[i]))
            continue;
        wait->ids[wait->count++] = runs[i].id;
        sim_log_run(&w->result->log, now_event(w, SIM_CLAIM, 0), &runs[i]);
    }
}

static struct wait *wait_new(struct world *w, size_t count, store_done *done, void *ctx)
{
    struct wait *wait = mem_alloc(sizeof *wait + count * sizeof *wait->ids);

    wait->world = w;
    wait->done = done;
    wait->ctx = ctx;
    wait->count = count;
    list_push(&w->waits, &wait->link);
    return wait;
}

static void health(struct world *w, const struct err *err)
{
    bool is_ill = err && err->code == ERR_STORE;

    if (w->is_slow || w->is_ill == is_ill)
        return;
    w->is_ill = is_ill;
    note(w, is_ill ? SIM_ILL : SIM_WELL, 0);
}

static void answered(const struct store_answer *answer, void *ctx)
{
    struct wait *wait = ctx;
    struct world *w = wait->world;
    struct store_answer told = *answer;

    if (wait->lost_id != 0)
        told.job_id = wait->lost_id;
    for (size_t i = 0; i < wait->count; i++) {
        bool is_won = !answer->err && wait->kind != ASKED_FINISH && answer->won[i];

        if (wait->kind == ASKED_FINISH && !answer->err)
            note(w, SIM_SAVED, wait->ids[i]);
        else if (wait->kind == ASKED_CLAIM || (wait->kind == ASKED_START && !answer->err))
            note(w, is_won ? SIM_WON : SIM_NOT_WON, wait->ids[i]);
    }
    if (wait->count > 0 && wait->kind != ASKED_FINISH)
        moment(w, MOMENT_CLAIM_ANSWERED);
    health(w, answer->err);
    if (!w->is_dead)
        wait->done(&told, wait->ctx);
    list_remove(&wait->link);
    free(wait);
}

// An answer to a claim of one row, given before its time.
static void early_answer(void *ctx)
{
    static const bool won[1] = {true};
    const struct store_answer answer = {.won = won, .won_count = 1};

    answered(&answer, ctx);
}

static void nobody(const struct store_answer *answer, void *ctx)
{
    (void)answer;
    (void)ctx;
}

static void watch_claim(struct store *store, const struct run *runs, size_t count, wall watermark,
                        store_done *done, void *ctx)
{
    struct world *w = the_world;

    if (w->is_dead)
        return;
    struct wait *wait = wait_new(w, count, done, ctx);
    bool is_alive = count == 1 && runs[0].state == RUN_RUNNING && runs[0].origin != RUN_MANUAL;

    runs_asked(w, runs, count, wait);
    is_alive = is_alive && wait->count > 0;
    moment(w, MOMENT_CLAIM_ASKED);
    if (count > 0 && plant(w, FAULT_WATERMARK))
        watermark.us += 1200 * SIM_S;
    if (is_alive && plant(w, FAULT_CLAIM_DROPPED)) {
        loop_defer(w->loop, early_answer, wait);
        w->real->claim(store, NULL, 0, watermark, nobody, NULL);
    } else if (is_alive && plant(w, FAULT_TOO_EARLY)) {
        loop_defer(w->loop, early_answer, wait);
        w->real->claim(store, runs, count, watermark, nobody, NULL);
    } else if (is_alive && plant(w, FAULT_SLOT_FORGOTTEN)) {
        struct run none = runs[0];

        none.job_id = INT64_MAX; // has no row, so it is not won, and nobody is told
        w->real->claim(store, &none, 1, watermark, answered, wait);
    } else {
        w->real->claim(store, runs, count, watermark, answered, wait);
    }
}

static bool is_among(const int64_t *ids, size_t count, int64_t id)
{
    for (size_t i = 0; i < count; i++)
        if (ids[i] == id)
            return true;
    return false;
}

// Those that are launched: they are claimed, and stay planned until the store has answered well.
static void launch_note(struct world *w, int64_t upto, const int64_t *dropped, size_t count,
                        struct wait *wait)
{
    for (size_t i = 0; i < w->planned.len; i++) {
        struct run run = w->planned.v[i];

        if (run.id > upto || is_among(dropped, count, run.id))
            continue;
        run.try_at = (wall){0};
        wait->ids[wait->count++] = run.id;
        sim_log_run(&w->result->log, now_event(w, SIM_CLAIM, 0), &run);
    }
}

static void planned_forget(struct world *w, int64_t upto)
{
    size_t kept = 0;

    for (size_t i = 0; i < w->planned.len; i++)
        if (w->planned.v[i].id > upto)
            w->planned.v[kept++] = w->planned.v[i];
    w->planned.len = kept;
}

static void launch_answered(const struct store_answer *answer, void *ctx)
{
    struct wait *wait = ctx;
    struct world *w = wait->world;

    for (size_t i = 0; i < wait->count; i++)
        note(w, answer->err ? SIM_NOT_WON : SIM_WON, wait->ids[i]);
    if (!answer->err)
        planned_forget(w, wait->upto);
    wait->count = 0;
    moment(w, MOMENT_CLAIM_ANSWERED);
    answered(answer, ctx);
}

static void early_launch(void *ctx)
{
    launch_answered(&(struct store_answer){0}, ctx);
}

static void watch_launch(struct store *store, int64_t upto, const int64_t *dropped, size_t count,
                         store_done *done, void *ctx)
{
    struct world *w = the_world;

    if (w->is_dead)
        return;
    struct wait *wait = wait_new(w, w->planned.len, done, ctx);

    wait->count = 0;
    wait->upto = upto;
    launch_note(w, upto, dropped, count, wait);
    moment(w, MOMENT_CLAIM_ASKED);
    if (wait->count > 0 && plant(w, FAULT_LAUNCH_EARLY)) {
        loop_defer(w->loop, early_launch, wait);
        w->real->launch(store, upto, dropped, count, nobody, NULL);
    } else if (wait->count > 0 && plant(w, FAULT_LAUNCH_LOST)) {
        w->real->claim(store, NULL, 0, (wall){0}, launch_answered, wait);
    } else {
        w->real->launch(store, upto, dropped, count, launch_answered, wait);
    }
}

static void watch_start(struct store *store, const struct run_start *starts, size_t count,
                        store_done *done, void *ctx)
{
    struct world *w = the_world;

    if (w->is_dead)
        return;
    struct wait *wait = wait_new(w, count, done, ctx);

    wait->kind = ASKED_START;
    for (size_t i = 0; i < count; i++) {
        wait->ids[i] = starts[i].run_id;
        note(w, SIM_TRY, starts[i].run_id);
    }
    moment(w, MOMENT_CLAIM_ASKED);
    w->real->start(store, starts, count, answered, wait);
}

static void watch_finish(struct store *store, const struct run_end *ends, size_t count,
                         store_done *done, void *ctx)
{
    struct world *w = the_world;

    if (w->is_dead)
        return;
    struct wait *wait = wait_new(w, count, done, ctx);

    wait->kind = ASKED_FINISH;
    for (size_t i = 0; i < count; i++)
        wait->ids[i] = ends[i].run_id;
    moment(w, MOMENT_FINISH_ASKED);
    if (count > 0 && plant(w, FAULT_END_LOST))
        count--;
    w->real->finish(store, ends, count, answered, wait);
}

static void watch_put_job(struct store *store, const struct job_row *row, int expect,
                          store_done *done, void *ctx)
{
    struct world *w = the_world;

    if (w->is_dead)
        return;
    struct wait *wait = wait_new(w, 0, done, ctx);

    moment(w, MOMENT_PUT_ASKED);
    if (row->id == 0 && expect == STORE_ANY && plant(w, FAULT_WRITE_LOST)) {
        wait->lost_id = LOST_ID + w->asked;                        // no two jobs have the same
        w->real->claim(store, NULL, 0, (wall){0}, answered, wait); // anything that is answered well
        return;
    }
    w->real->put_job(store, row, expect, answered, wait);
}

// ---- what a load can be made to forget ----

static struct str text_spoiled(struct str text, const char *from, const char *to)
{
    char *at = text.p ? strstr(text.p, from) : NULL; // the store's texts end with NUL
    static char spoiled[4096];

    if (!at)
        return text;
    int n = snprintf(spoiled, sizeof spoiled, "%.*s%s%s", (int)(at - text.p), text.p, to,
                     at + strlen(from));

    return (struct str){spoiled, (size_t)n};
}

static enum store_last job_spoiled(const struct job_row *row, void *ctx)
{
    enum sim_fault fault = the_world->options.fault;
    struct job_row copy = *row;

    if (fault == FAULT_PAUSE_IGNORED && row->state == JOB_PAUSED)
        copy.spec = text_spoiled(row->spec, "\"pause\":{\"since\":", "\"pause\":{\"since\":9");
    if (fault == FAULT_OVERLAP)
        copy.spec = text_spoiled(row->spec, "\"max_instances\":1", "\"max_instances\":9");
    if (fault == FAULT_PRIORITY)
        copy.spec = text_spoiled(row->spec, "\"priority\":2", "\"priority\":-2");
    if (fault == FAULT_COALESCE)
        copy.spec = text_spoiled(row->spec, "\"coalesce\":\"last\"", "\"coalesce\":\"all\"");
    return the_world->on_job(&copy, ctx);
}

static void run_spoiled(const struct run *run, void *ctx)
{
    struct world *w = the_world;
    bool is_waiting = run->state == RUN_QUEUED && run->reason == REASON_LIMIT;

    if (!is_waiting || !plant(w, FAULT_WAIT_FORGOTTEN))
        w->on_run(run, ctx);
}

static bool watch_load(struct store *store, struct store_load *load, struct err *e)
{
    struct world *w = the_world;

    w->on_job = load->on_job;
    load->on_job = job_spoiled;
    w->on_run = load->on_run;
    load->on_run = run_spoiled;
    return w->real->load(store, load, e);
}

static void store_spy(struct world *w)
{
    w->real = w->store->ops;
    w->ops = *w->real;
    w->ops.claim = watch_claim;
    w->ops.start = watch_start;
    w->ops.launch = watch_launch;
    w->ops.finish = watch_finish;
    w->ops.put_job = watch_put_job;
    w->ops.load = watch_load;
    w->store->ops = &w->ops;
}

// ---- runs ----

static void began(const struct exec_request *request, struct pretence *ret, void *ctx)
{
    struct world *w = ctx;
    struct sim_event event = now_event(w, SIM_START, request->run_id);
    int64_t most_us = (w->options.is_long ? 3000 : 200) * SIM_S;

    *ret = (struct pretence){INT64_MAX / 4, RUN_SUCCEEDED, 0};
    if (w->is_dead)
        return;
    event.attempt = request->attempt + plant(w, FAULT_ATTEMPT);
    event.slot = request->scheduled_at;
    vec_push(&w->result->log.events, event);
    w->started = event;
    w->result->starts++;
    ret->takes_us = (int64_t)dice(w, (uint64_t)(dice(w, 4) ? 3 * SIM_S : most_us));
    ret->state = dice(w, 10) ? RUN_SUCCEEDED : RUN_FAILED;
    ret->exit_code = ret->state == RUN_FAILED;
    if (plant(w, FAULT_TWICE))
        vec_push(&w->result->log.events, event);
    moment(w, MOMENT_STARTED);
}

static void ended(const struct run_end *end, void *ctx)
{
    struct world *w = ctx;
    struct sim_event event = now_event(w, SIM_END, end->run_id);

    if (w->is_dead)
        return;
    event.attempt = end->attempt;
    event.state = (int)end->state;
    vec_push(&w->result->log.events, event);
    moment(w, MOMENT_ENDED);
}

// ---- people ----

static void question(struct world *w, const char *word)
{
    sim_log_word(&w->result->log, now_event(w, SIM_ASK, ++w->asked), word);
}

static void reply(struct world *w, const struct err *err, int64_t number)
{
    moment(w, MOMENT_PUT_ANSWERED);
    if (!w->is_dead)
        note(w, err ? SIM_REFUSED : SIM_OK, number);
}

static void put_said(const struct err *err, const struct job *job, void *ctx)
{
    (void)job;
    reply(the_world, err, (int64_t)(intptr_t)ctx);
}

static void run_said(const struct err *err, int64_t run_id, void *ctx)
{
    struct world *w = the_world;

    reply(w, err, (int64_t)(intptr_t)ctx);
    if (!err && !w->is_dead)
        note(w, SIM_OK, -run_id);
}

static void window_said(const struct err *err, const struct window *window, void *ctx)
{
    struct world *w = the_world;

    // A freeze that somebody has changed or lifted meanwhile is not told.
    if (!err && window && window->row.kind == STORE_FREEZE &&
        w->freeze_asked == (int64_t)(intptr_t)ctx) {
        char *body = str_own(window->row.body);

        sim_log_word(&w->result->log, now_event(w, SIM_FREEZE, 0), body);
        free(body);
    }
    reply(w, err, (int64_t)(intptr_t)ctx);
}

static void *number_of(const struct world *w)
{
    return (void *)(intptr_t)w->asked;
}

static void retries(struct world *w, struct job *job)
{
    static const char *const backoffs[] = {"fixed", "linear", "exponential"};
    struct arena *arena = arena_new(1024);
    struct model_issues issues;
    json_t *spec = json_pack("{si ss si si s{sb}}", "max", 1 + (int)dice(w, 4), "backoff",
                             backoffs[dice(w, 3)], "delay", (int)dice(w, 40), "jitter",
                             (int)dice(w, 10), "on", "lost", (int)dice(w, 2));

    model_issues_init(&issues, arena);
    if (!retries_read(spec, STR_LIT("retries"), &issues, &job_edit(job)->retries))
        abort();
    json_decref(spec);
    arena_free(arena);
}

// What the job needs beside its own room, in a world that has little of it.
static void needs(struct world *w, struct job *job)
{
    const struct throttle none = {0};
    json_t *pools = json_pack("{si}", "db", 1 + (int)dice(w, (uint64_t)w->pool_slots));

    job_edit(job)->priority = (int)dice(w, 5) - 2;
    if (dice(w, 3) == 0)
        job_edit(job)->needs = needs_new(pools, &none);
    json_decref(pools);
}

// is_chained: its slots follow its own ends, which are told most simply when each run ends once.
static void policies(struct world *w, struct job *job, bool is_chained)
{
    job_edit(job)->preset = 0;
    job_edit(job)->max_instances = 1 + (int)dice(w, 2);
    job_edit(job)->coalesce = dice(w, 2) ? COALESCE_LAST : (enum job_coalesce)dice(w, 4);
    job_edit(job)->misfire_grace_us =
        dice(w, 2) ? JOB_GRACE_DEFAULT : (int64_t)dice(w, 600) * SIM_S;
    job_edit(job)->misfire_window_us =
        dice(w, 3) ? JOB_WINDOW_DEFAULT : (int64_t)(1 + dice(w, 900)) * SIM_S;
    job_edit(job)->misfire_max =
        job->spec->coalesce == COALESCE_ALL && dice(w, 2) ? 1 + (int)dice(w, 20) : 0;
    job_edit(job)->misfire_spread_us = dice(w, 6) ? 0 : (int64_t)dice(w, 120) * SIM_S;
    if (w->limit > 0)
        needs(w, job);
    if (is_chained)
        return;
    job_edit(job)->overlap = dice(w, 2) ? OVERLAP_SKIP : (enum job_overlap)dice(w, 5);
    job_edit(job)->queue_max = 1 + (int)dice(w, 3);
    job_edit(job)->on_lost = dice(w, 3) ? ON_LOST_FAIL : ON_LOST_RERUN;
    job_edit(job)->timeout_total_us = dice(w, 8) ? 0 : (int64_t)(60 + dice(w, 300)) * SIM_S;
    if (dice(w, 3) == 0)
        retries(w, job);
}

// Of job i by name; the tag in its arguments says which question made it what it is.
static void put(struct world *w, size_t i, size_t as)
{
    struct trigger_context context = sched_trigger_context(w->sched);
    char *text = sim_job_trigger(w->options.is_long, i, w->begin, w->zone);
    json_t *spec = json_loads(text, 0, NULL);
    char name[32], word[64], args[32];
    struct err e;

    snprintf(name, sizeof name,
             i < sim_clock_job_count(w->options.is_long) ? "job-%zu" : "event-%zu", as);
    struct job *job = job_new(str_of(name));

    snprintf(word, sizeof word, "put %s", name);
    question(w, word);
    snprintf(args, sizeof args, "[\"%lld\"]", (long long)w->asked);
    job_set_target(job, STR_LIT("folder"));
    job_spec_set_text(&job_edit(job)->args, str_of(args));
    policies(w, job, i >= sim_clock_job_count(w->options.is_long));
    context.job_id = job->name;
    if (!spec || !trigger_parse(spec, &context, &job->trigger, &e)) {
        fprintf(stderr, "%s: %s\n", text, e.message);
        abort();
    }
    sched_put(w->sched, job, STORE_ANY, put_said, number_of(w));
    json_decref(spec);
    free(text);
}

static void pause_or_resume(struct world *w, bool is_pause)
{
    char word[64];

    if (is_pause)
        snprintf(w->last_paused, sizeof w->last_paused, "job-%d",
                 (int)dice(w, sim_clock_job_count(w->options.is_long)));
    snprintf(word, sizeof word, "%s %s", is_pause ? "pause" : "resume", w->last_paused);
    question(w, word);
    sched_pause(w->sched, str_of(w->last_paused), is_pause, put_said, number_of(w));
}

static void remove_job(struct world *w)
{
    char word[64];

    snprintf(word, sizeof word, "delete job-%d",
             (int)dice(w, sim_clock_job_count(w->options.is_long)));
    question(w, word);
    sched_delete(w->sched, str_of(word + strlen("delete ")), put_said, number_of(w));
}

static void run_by_hand(struct world *w)
{
    size_t clocks = sim_clock_job_count(w->options.is_long);
    size_t i = dice(w, sim_job_count(w->options.is_long));
    struct hand_ask ask = {RUN_MANUAL, {.overlap = -1}, true};
    char word[64];

    snprintf(word, sizeof word, i < clocks ? "run job-%zu" : "run event-%zu", i);
    question(w, word);
    ask.ask.is_forced = dice(w, 2);
    sched_run_now(w->sched, str_of(word + strlen("run ")), &ask, run_said, number_of(w));
}

static void window_put(struct world *w, enum store_calendar_kind kind, const char *name,
                       const char *body)
{
    json_t *definition = json_loads(body, 0, NULL);

    assert(definition);
    question(w, name);
    w->freeze_asked = w->asked;
    windows_put(sched_windows(w->sched), kind, str_of(name), definition, STORE_ANY,
                clock_wall(&w->clock.base), window_said, number_of(w));
    json_decref(definition);
}

static void freeze(struct world *w)
{
    static const char *const forms[] = {
        "{\"cron\":\"%d * * * *\",\"duration\":\"8m\",\"reason\":\"hourly\",\"jobs\":[\"job-*\"]}",
        "{\"cron\":\"%d 2 * * "
        "*\",\"duration\":\"2h\",\"reason\":\"nightly\",\"jobs\":[\"job-%d\"]}",
    };
    char body[256];

    snprintf(body, sizeof body, forms[dice(w, 2)], (int)dice(w, 60), (int)dice(w, 10));
    sim_log_word(&w->result->log, now_event(w, SIM_THAW, 0), body);
    window_put(w, STORE_FREEZE, "now-and-then", body);
}

static void thaw(struct world *w)
{
    question(w, "thaw");
    w->freeze_asked = w->asked;
    sim_log_word(&w->result->log, now_event(w, SIM_THAW, 0), "");
    windows_delete(sched_windows(w->sched), STORE_FREEZE, STR_LIT("now-and-then"), window_said,
                   number_of(w));
}

// ---- one life of the scheduler ----

static void jobs_note(struct world *w)
{
    enum sim_fault fault = w->options.fault;

    if (fault == FAULT_PAUSE_IGNORED || fault == FAULT_OVERLAP || fault == FAULT_COALESCE ||
        fault == FAULT_PRIORITY) {
        note(w, SIM_LOADED, -1); // by its deeds it shall be known
        return;
    }
    struct sched_item *items = sched_list(w->sched);
    struct arena *arena = arena_new(4096);

    for (size_t i = 0; i < sched_count(w->sched); i++) {
        struct job_row row;

        job_to_row(items[i].job, arena, &row);
        sim_log_job(&w->result->log, now_event(w, SIM_LISTED, 0), &row);
    }
    note(w, SIM_LOADED, (int64_t)sched_count(w->sched));
    arena_free(arena);
    free(items);
}

// Whether few slots of a moment are worth planning in it: not where another fault is sought.
static bool may_plan(const struct world *w)
{
    return w->options.fault == FAULT_NONE || w->options.fault >= FAULT_LAUNCH_EARLY;
}

static void life_begin(struct world *w)
{
    struct sched_options options = {.zones = w->zones, .timezone = STR_LIT("UTC")};
    const struct pretend_ops acting = {.on_start = began, .on_end = ended};
    struct err e;

    w->is_dead = false;
    w->is_ill = w->is_slow = false;
    note(w, SIM_BEGIN, 0);
    w->loop = loop_new(&w->clock.base, &e);
    assert(w->loop);
    w->store = memory_store_open(w->loop, w->data);
    store_spy(w);
    memory_store_delay(w->store, (int64_t)dice(w, 3000), (int64_t)dice(w, 3000));
    w->exec = pretend_new(w->loop, &acting, w);
    options.loop = w->loop;
    options.store = w->store;
    options.exec = w->exec;
    options.claim_max = !w->options.is_long && dice(w, 2) ? 1 + (size_t)dice(w, 4) : 0;
    options.max_running = w->limit + (w->options.fault == FAULT_LIMIT ? 3 : 0);
    options.plan_least = may_plan(w) && dice(w, 4) ? 1 : 0;
    w->sched = sched_new(&options);
    if (!sched_start(w->sched, &e))
        abort();
    jobs_note(w);
}

static void waits_forget(struct world *w)
{
    while (!list_is_empty(&w->waits)) {
        struct wait *wait = list_item(w->waits.next, struct wait, link);

        list_remove(&wait->link);
        free(wait);
    }
}

static void life_end(struct world *w, bool is_in_order)
{
    w->is_dead = true;
    note(w, SIM_DEATH, is_in_order);
    vec_clear(&w->planned);
    memory_store_crash(w->store);
    waits_forget(w);
    sched_free(w->sched);
    exec_free(w->exec);
    loop_free(w->loop);
}

static void clock_note(struct world *w)
{
    note(w, SIM_CLOCK, w->drift_ppm);
}

// Time passes; the calendar a little too fast or too slow.
static void advance(struct world *w, int64_t us)
{
    sim_clock_advance(&w->clock, us);
    w->drifted_us += us * w->drift_ppm;
    sim_clock_step(&w->clock, w->drifted_us / 1000000);
    w->drifted_us %= 1000000;
}

static void reborn(struct world *w)
{
    life_end(w, false);
    advance(w, (int64_t)dice(w, (uint64_t)(dice(w, 2) ? 2 * SIM_S : w->options.round_max_us)));
    life_begin(w);
    if (w->started.number && plant(w, FAULT_LOST_RERUN)) {
        struct sim_event again = now_event(w, SIM_START, w->started.number);

        again.attempt = w->started.attempt + 1;
        again.slot = w->started.slot;
        vec_push(&w->result->log.events, again);
    }
}

static void settle(struct world *w)
{
    while (!w->is_dead && loop_turn(w->loop, 0) > 0) {
    }
}

static void run_for(struct world *w, int64_t us)
{
    int64_t end = w->clock.mono_us + us;

    while (w->clock.mono_us < end) {
        settle(w);
        if (w->is_dead) {
            reborn(w);
            continue;
        }
        int64_t next = loop_next_us(w->loop), left = end - w->clock.mono_us;

        advance(w, next < left ? (next > 0 ? next : 1) : left);
    }
    settle(w);
    if (w->is_dead)
        reborn(w);
}

// ---- what goes wrong ----

static void step(struct world *w, int64_t us)
{
    sim_clock_step(&w->clock, us);
    if (us < 0)
        w->stepped_back_us -= us;
    clock_note(w);
}

static void ill(struct world *w)
{
    w->is_ill = true;
    note(w, SIM_ILL, 0);
}

static void slow(struct world *w)
{
    ill(w);
    w->is_slow = true;
    memory_store_delay(w->store, (int64_t)dice(w, 2 * SIM_S), (int64_t)dice(w, 2 * SIM_S));
    run_for(w, 20 * SIM_S);
    memory_store_delay(w->store, 1000, 1000);
    w->is_slow = false; // well with the next answer
}

static void drift(struct world *w)
{
    w->drift_ppm = (int64_t)dice(w, 400) - 200;
    clock_note(w);
}

static void order(struct world *w, int of)
{
    size_t clocks = sim_clock_job_count(w->options.is_long);
    size_t i = dice(w, clocks);

    switch (of) {
    case 0:
        put(w, dice(w, 2) ? i : dice(w, clocks), i);
        break;
    case 1:
        pause_or_resume(w, true);
        break;
    case 2:
        pause_or_resume(w, false);
        break;
    case 3:
        remove_job(w);
        break;
    case 4:
        if (w->freezes++ < FREEZES_MAX)
            freeze(w);
        break;
    case 5:
        thaw(w);
        break;
    default:
        run_by_hand(w);
        break;
    }
}

static void mishap(struct world *w)
{
    switch (dice(w, 12)) {
    case 0:
    case 1:
        reborn(w);
        break;
    case 2:
    case 3:
    case 4:
        w->crash_at = 1 + (enum sim_moment)dice(w, MOMENT_COUNT - 1);
        w->crash_after = (int)dice(w, w->crash_at < MOMENT_PUT_ASKED ? 20 : 2);
        break;
    case 5:
        ill(w);
        memory_store_fail(w->store, 1 + (int)dice(w, 4));
        break;
    case 6:
        slow(w);
        break;
    case 7:
        step(w, (int64_t)dice(w, 7200 * SIM_S));
        break;
    case 8:
        step(w, -(int64_t)dice(w, 600 * SIM_S));
        break;
    case 9:
        drift(w);
        break;
    default:
        break;
    }
}

// ---- a seed ----

static void stopped(void *ctx)
{
    *(bool *)ctx = true;
}

static void world_open(struct world *w, const struct sim_options *options)
{
    const struct memory_watch watch = {.on_run = saw_run, .on_job = saw_job, .ctx = w};

    w->options = *options;
    w->faults_left = 40;
    rand_seq_init(&w->prng, options->seed);
    rand_seq_init(&kernel, ~options->seed);
    const struct sim_night *night = &sim_nights[dice(w, sim_night_count)];

    w->zone = night->zone;
    w->begin = (wall){(night->at_s - (int64_t)dice(w, 3600)) * SIM_S};
    sim_clock_init(&w->clock, w->begin);
    w->zones = zones_new(NULL);
    w->data = memory_data_new();
    memory_data_watch(w->data, &watch);
    list_init(&w->waits);
    clock_note(w);
    snprintf(w->last_paused, sizeof w->last_paused, "job-0");
    if (options->is_long || options->seed % 3)
        return;
    w->limit = 2 + (int64_t)dice(w, 5);
    w->pool_slots = 1 + (int)dice(w, 2);
}

static void pool_said(const struct err *err, const struct pool *pool, void *ctx)
{
    (void)pool;
    reply(the_world, err, (int64_t)(intptr_t)ctx);
}

static void pool_make(struct world *w)
{
    int slots = w->pool_slots + (w->options.fault == FAULT_POOL ? 2 : 0);
    json_t *definition = json_pack("{si}", "slots", slots);
    struct sim_event event = now_event(w, SIM_ROOM, w->limit);

    event.attempt = w->pool_slots;
    vec_push(&w->result->log.events, event);
    question(w, "pool");
    pools_put(sched_pools(w->sched), STR_LIT("db"), definition, STORE_ANY,
              clock_wall(&w->clock.base), pool_said, number_of(w));
    json_decref(definition);
}

static void populate(struct world *w)
{
    if (w->limit > 0)
        pool_make(w);
    window_put(w, STORE_CALENDAR, "rests", sim_calendar);
    run_for(w, SIM_S);
    for (size_t i = 0; i < sim_job_count(w->options.is_long); i++)
        put(w, i, i);
    run_for(w, SIM_S);
}

// Everything heals; then the scheduler is asked to stop, and ends when nothing runs any more.
static void heal_and_stop(struct world *w)
{
    bool is_stopped = false;

    w->crash_at = MOMENT_NONE;
    memory_store_fail(w->store, 0);
    memory_store_delay(w->store, 1000, 1000);
    run_for(w, CALM_US);
    jobs_note(w);
    ill(w); // it claims no more
    w->is_slow = true;
    sched_stop(w->sched, 3600 * SIM_S, stopped, &is_stopped);
    for (int i = 0; i < 3700 && !is_stopped; i++)
        run_for(w, 1 * SIM_S);
    life_end(w, is_stopped);
}

// Until a moment just before the minute: runs of it are planned already.
static void run_to_the_brink(struct world *w)
{
    int64_t left = 60 * SIM_S - clock_wall(&w->clock.base).us % (60 * SIM_S);

    if (left > SIM_S)
        run_for(w, left - (int64_t)dice(w, 25000));
}

void world_run(const struct sim_options *options, struct sim_result *ret_result)
{
    struct world *w = mem_alloc(sizeof *w);

    *ret_result = (struct sim_result){0};
    w->result = ret_result;
    the_world = w;
    world_open(w, options);
    life_begin(w);
    populate(w);
    for (int i = 0; i < options->rounds; i++) {
        run_for(w, (int64_t)dice(w, (uint64_t)options->round_max_us - 60 * SIM_S));
        if (may_plan(w) && dice(w, 2))
            run_to_the_brink(w);
        for (int orders = (int)dice(w, 4); orders > 0; orders--)
            order(w, (int)dice(w, 9));
        mishap(w);
    }
    heal_and_stop(w);
    ret_result->simulated_us = w->clock.mono_us;
    vec_done(&w->planned);
    memory_data_free(w->data);
    zones_free(w->zones);
    free(w);
}
