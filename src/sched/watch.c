// watch.c - looks at what happens with what the jobs have taught.
// SPDX-License-Identifier: Apache-2.0
#include "sched/watch.h"

#include <stdlib.h>

#include "base/mem.h"
#include "sched/learned.h"
#include "time/duration.h"

#define LOOK_US (5 * SECOND_US) // between two looks at what is going on
#define TAUGHT_LEAST 5          // runs that must be known before one is called slow
#define PERCENT 95
#define SLOW_TIMES 2
#define GRACE_PARTS 10 // a start is late after this part of its grace

struct going {
    int64_t run_id, job_id;
    wall since;
    bool is_told;
};

// One question to the store; it may outlive the watch.
struct watch_ask {
    struct watch *w; // NULL: nobody wants to know any more
    int64_t job_id;
};

static void events_read(void *ctx);
static void look(void *ctx);
static void ask_next(struct watch *w);

void watch_init(struct watch *w, struct loop *loop, struct store *store, struct due *due,
                struct events *events, int64_t late_after_us)
{
    *w = (struct watch){
        .loop = loop,
        .store = store,
        .due = due,
        .events = events,
        .late_after_us = late_after_us > 0 ? late_after_us : WATCH_LATE_US,
        .listener = {.on_events = events_read, .ctx = w},
        .seen = events_last(events),
    };
    slab_init(&w->runs, sizeof(struct going));
    events_listen(events, &w->listener);
}

static void going_clear(struct watch *w)
{
    struct going *going;

    for (size_t at = 0; (going = radix_next(&w->going, &at));) {
        radix_remove(&w->going, (uint64_t)going->run_id);
        slab_give(&w->runs, going);
    }
}

void watch_done(struct watch *w)
{
    events_unlisten(&w->listener);
    loop_timer_stop(w->loop, &w->timer);
    if (w->asking)
        w->asking->w = NULL;
    going_clear(w);
    radix_done(&w->going);
    slab_done(&w->runs);
    vec_done(&w->asks);
}

static wall now_of(const struct watch *w)
{
    return clock_wall(loop_clock(w->loop));
}

// ---- what is told ----

static void tell(struct watch *w, enum event_type type, const struct job *job,
                 const struct sched_event *about, int64_t length_us, const char *text)
{
    struct sched_event copy = about ? *about : (struct sched_event){0};
    struct sched_event *event = events_add_job(w->events, type, job);

    event->run_id = copy.run_id;
    event->attempt = copy.attempt;
    event->scheduled_at = copy.scheduled_at;
    event->length_us = length_us;
    event_say(event, str_of(text));
}

static void late_look(struct watch *w, const struct entry *entry, const struct sched_event *event)
{
    const struct job *job = entry->job;
    struct buf text;

    if (event->origin > RUN_CATCHUP || event->attempt > 1 || !job->trigger)
        return;
    int64_t late_us = event->at.us - event->scheduled_at.us -
                      trigger_jitter_us(job->trigger, (uint64_t)job->id, event->scheduled_at);

    if (late_us <= w->late_after_us)
        return;
    wall next = trigger_is_relative(job->trigger) ? WALL_NEVER
                                                  : trigger_next(job->trigger, event->scheduled_at);
    int64_t grace_us = job_grace_us(job, event->scheduled_at, next);

    if (grace_us != INT64_MAX && late_us <= grace_us / GRACE_PARTS)
        return;
    buf_init(&text, EVENT_TEXT_MAX);
    buf_add_text(&text, "started ");
    duration_about(late_us, &text);
    buf_add_text(&text, " after its slot");
    tell(w, EVENT_JOB_LATE, job, event, late_us, buf_text(&text));
    buf_done(&text);
}

static wall later(wall a, wall b)
{
    return a.us > b.us ? a : b;
}

// Until when the first slot behind the last success should have succeeded; WALL_NEVER: nobody
// knows.
static wall deadline_of(const struct watch *w, const struct job *job, const struct learned *l)
{
    wall since =
        later(later(l->good_at, job->effective_from), pauses_ended(w->pauses, job, now_of(w)));
    wall slot = trigger_next(job->trigger, since), next;

    if (slot.us == WALL_NEVER.us)
        return WALL_NEVER;
    next = trigger_next(job->trigger, slot);
    int64_t grace_us = job_grace_us(job, slot, next);

    if (grace_us == INT64_MAX)
        grace_us = next.us != WALL_NEVER.us ? next.us - slot.us : HOUR_US;
    return (wall){slot.us + grace_us};
}

static void overdue_look(struct watch *w, struct entry *entry)
{
    const struct job *job = entry->job;
    struct buf text;
    wall now = now_of(w);

    if (!job->trigger || trigger_is_relative(job->trigger) || trigger_is_once(job->trigger) ||
        pauses_holding(w->pauses, job, now))
        return;
    if (!entry->learned || !entry->learned->is_asked) {
        watch_learn(w, entry); // and then again
        return;
    }
    if (entry->learned->is_overdue || now.us <= deadline_of(w, job, entry->learned).us)
        return;
    wall since = entry->learned->good_at.us != 0 ? entry->learned->good_at : job->effective_from;

    entry->learned->is_overdue = true;
    buf_init(&text, EVENT_TEXT_MAX);
    buf_add_text(&text, "no success for ");
    duration_about(now.us - since.us, &text);
    tell(w, EVENT_JOB_OVERDUE, job, NULL, now.us - since.us, buf_text(&text));
    buf_done(&text);
}

static void slow_look(struct watch *w, struct entry *entry, struct going *going)
{
    int64_t took_us = now_of(w).us - going->since.us;
    int64_t usual_us = learned_percent(entry->learned, PERCENT, TAUGHT_LEAST);
    const struct sched_event about = {.run_id = going->run_id};
    struct buf text;

    if (usual_us < 0 || took_us <= SLOW_TIMES * usual_us)
        return;
    going->is_told = true;
    buf_init(&text, EVENT_TEXT_MAX);
    buf_add_text(&text, "runs for ");
    duration_about(took_us, &text);
    buf_printf(&text, "; %d %% of its runs take no longer than ", PERCENT);
    duration_about(usual_us, &text);
    tell(w, EVENT_JOB_SLOW, entry->job, &about, took_us, buf_text(&text));
    buf_done(&text);
}

// ---- what happens ----

static void going_add(struct watch *w, const struct sched_event *event)
{
    struct going *going = slab_take(&w->runs), *before;

    *going = (struct going){event->run_id, event->job_id, event->at, false};
    before = radix_put(&w->going, (uint64_t)event->run_id, going); // its attempt before
    slab_give(&w->runs, before);
    if (!loop_timer_is_armed(&w->timer))
        loop_timer_set(w->loop, &w->timer, mono_after_us(loop_now(w->loop), LOOK_US), look, w);
}

static void run_finished(struct watch *w, struct entry *entry, const struct sched_event *event)
{
    if (event->state != RUN_SUCCEEDED) {
        overdue_look(w, entry);
        return;
    }
    learned_add(&entry->learned, event->length_us);
    entry->learned->good_at = event->at;
    entry->learned->is_overdue = false;
}

static bool is_meant(enum run_reason reason)
{
    return reason == REASON_FREEZE || reason == REASON_PAUSED || reason == REASON_ASKED ||
           reason == REASON_COALESCED;
}

// Telling something may overwrite the event: it is not looked at behind that.
static void event_take(struct watch *w, const struct sched_event *event)
{
    struct entry *entry = due_find_id(w->due, event->job_id);

    if (event->type == EVENT_RUN_FINISHED)
        slab_give(&w->runs, radix_remove(&w->going, (uint64_t)event->run_id));
    else if (event->type == EVENT_RUN_STARTED)
        going_add(w, event);
    if (!entry)
        return;
    if (event->type == EVENT_RUN_STARTED)
        late_look(w, entry, event);
    else if (event->type == EVENT_RUN_FINISHED)
        run_finished(w, entry, event);
    else if (event->type == EVENT_RUN_SKIPPED && !is_meant(event->reason))
        overdue_look(w, entry);
}

static void events_read(void *ctx)
{
    struct watch *w = ctx;
    const struct sched_event *event;

    if (!events_has(w->events, w->seen))
        going_clear(w); // some ends may have been missed
    while ((event = events_next(w->events, w->seen))) {
        w->seen = event->seq;
        event_take(w, event);
    }
}

// What has been going on for long enough to be worth a look.
static void look(void *ctx)
{
    struct watch *w = ctx;
    wall now = now_of(w);
    struct going *going;

    for (size_t at = 0; (going = radix_next(&w->going, &at));) {
        struct entry *entry = due_find_id(w->due, going->job_id);

        if (!entry || going->is_told || now.us - going->since.us < WATCH_SLOW_LEAST_US)
            continue;
        if (!entry->learned || !entry->learned->is_asked) {
            watch_learn(w, entry);
            continue;
        }
        slow_look(w, entry, going);
        overdue_look(w, entry);
    }
    if (w->going.len > 0)
        loop_timer_set(w->loop, &w->timer, mono_after_us(loop_now(w->loop), LOOK_US), look, w);
}

// ---- what the runs of before taught ----

static void learned_load(struct learned **l, const struct store_run *runs, size_t count)
{
    struct learned *fresh = NULL;

    for (size_t i = count; i-- > 0;) { // the oldest first
        const struct run *run = &runs[i].run;

        if (run->state != RUN_SUCCEEDED)
            continue;
        learned_add(&fresh, run->finished_at.us - run->started_at.us);
        fresh->good_at = run->finished_at;
    }
    if (fresh) {
        fresh->is_overdue = *l && (*l)->is_overdue;
        free(*l);
        *l = fresh;
    }
    learned_get(l)->is_asked = true;
    (*l)->is_waiting = false;
}

static void asked(const struct err *err, const struct store_run *runs, size_t count, void *ctx)
{
    struct watch_ask *ask = ctx;
    struct watch *w = ask->w;
    struct entry *entry = w ? due_find_id(w->due, ask->job_id) : NULL;

    free(ask);
    if (!w)
        return;
    w->asking = NULL;
    if (entry && !err)
        learned_load(&entry->learned, runs, count);
    else if (entry)
        learned_get(&entry->learned)->is_waiting = false;
    ask_next(w);
    if (entry && !err)
        overdue_look(w, entry);
}

static void ask_next(struct watch *w)
{
    if (w->asking || w->asks.len == 0)
        return;
    const struct store_find find = {.job_id = w->asks.v[--w->asks.len],
                                    .from = {INT64_MIN},
                                    .to = WALL_NEVER,
                                    .limit = LEARNED_MAX};

    w->asking = mem_alloc(sizeof *w->asking);
    *w->asking = (struct watch_ask){w, find.job_id};
    store_find_runs(w->store, &find, asked, w->asking);
}

void watch_learn(struct watch *w, struct entry *entry)
{
    if (entry->learned && (entry->learned->is_asked || entry->learned->is_waiting))
        return;
    learned_get(&entry->learned)->is_waiting = true;
    vec_push(&w->asks, entry->job->id);
    ask_next(w);
}
