// backfill.c - past slots of a job, run because somebody asked for it.
// SPDX-License-Identifier: Apache-2.0
#include "sched/backfill.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/mem.h"
#include "sched/ledger.h"
#include "sched/sched_state.h"

#define PAGE 1000
#define TRIES_MAX 100 // moments that are taken

// One question on its way: the slots, then what is known of them, then the rows.
struct filling {
    struct sched *s;
    struct arena *arena; // owns it
    int64_t job_id;
    struct backfill_ask ask;
    wall *slots;
    bool *ran; // slots[i] has been run
    size_t count;
    struct store_find find;
    int64_t rows_read;
    struct run *rows;
    size_t row_count; // those that are still to be claimed
    struct run *won;  // those that are claimed
    size_t won_count;
    int tries;
    struct backfill_told told;
    backfill_done *done;
    void *ctx;
};

static void page_ask(struct filling *f);
static void rows_claim(struct filling *f);

static void filling_end(struct filling *f, const struct err *err)
{
    f->done(err, err ? NULL : &f->told, f->ctx);
    arena_free(f->arena);
}

static struct entry *entry_of(const struct filling *f)
{
    return due_find_id(&f->s->due, f->job_id);
}

// ---- the slots ----

// A slot from the entry's next one on is the schedule's own, unless it is held: then it will only
// be told.
static bool is_past(const struct sched *s, const struct entry *entry, wall slot)
{
    const struct holds holds = sched_holds(s, entry->job);
    struct hold hold;

    if (slot.us < entry->slot.us)
        return true;
    hold_at(&holds, entry->job, slot, slot, &hold);
    return hold.reason != REASON_NONE;
}

static bool slots_find(struct filling *f, const struct entry *entry, struct err *e)
{
    const struct trigger *trigger = entry->job->trigger;
    wall now = sched_now(f->s), to = f->ask.to.us < now.us ? f->ask.to : now;
    wall slot = trigger_next(trigger, (wall){f->ask.from.us - 1});

    f->slots = arena_array(f->arena, BACKFILL_SLOTS_MAX, sizeof *f->slots);
    for (; slot.us <= to.us && is_past(f->s, entry, slot); slot = trigger_next(trigger, slot)) {
        if (f->count == BACKFILL_SLOTS_MAX) {
            (void)fail(e, ERR_INPUT, "from", "there are more than %d slots from there on",
                       BACKFILL_SLOTS_MAX);
            return fail_hint(e, "ask for a shorter stretch, then for the next");
        }
        f->slots[f->count++] = slot;
    }
    return true;
}

static bool is_fillable(const struct entry *entry, struct str name, struct err *e)
{
    if (!entry || entry->job->spec->quarantine.len > 0)
        return fail(e, ERR_NOT_FOUND, "job_id", "there is no usable job \"%.*s\"", STR(name));
    if (entry->job->kind == JOB_HEARTBEAT)
        return fail(e, ERR_INPUT, "job_id", "the job runs elsewhere: belfry waits for its pings");
    if (!trigger_is_relative(entry->job->trigger))
        return true;
    (void)fail(e, ERR_INPUT, "job_id", "the job's schedule follows events: it has no past slots");
    return fail_hint(e, "run it now instead");
}

// ---- what has been run ----

static void slot_ran(struct filling *f, wall slot)
{
    size_t low = 0, high = f->count;

    while (low < high) {
        size_t middle = (low + high) / 2;

        if (f->slots[middle].us < slot.us)
            low = middle + 1;
        else
            high = middle;
    }
    if (low < f->count && f->slots[low].us == slot.us)
        f->ran[low] = true;
}

static void row_look(struct filling *f, const struct run *run)
{
    if (run->state == RUN_SKIPPED)
        return;
    if (f->find.is_by_asked_slot)
        slot_ran(f, run->ask->slot);
    else if (run->origin < RUN_MANUAL)
        slot_ran(f, run->scheduled_at);
}

static void slots_choose(struct filling *f);

static void page_read(const struct err *err, const struct store_run *runs, size_t count, void *ctx)
{
    struct filling *f = ctx;
    struct err e;

    if (err) {
        filling_end(f, err);
        return;
    }
    for (size_t i = 0; i < count; i++)
        row_look(f, &runs[i].run);
    f->rows_read += (int64_t)count;
    if (f->rows_read > BACKFILL_ROWS_MAX) {
        (void)fail(&e, ERR_INPUT, "from", "the job has more than %d runs from there on",
                   BACKFILL_ROWS_MAX);
        (void)fail_hint(&e, "ask for a shorter stretch");
        filling_end(f, &e);
    } else if (count == PAGE && f->find.is_by_asked_slot) {
        f->find.after_id = runs[count - 1].run.id;
        page_ask(f);
    } else if (count == PAGE) {
        f->find.from.us = runs[count - 1].run.scheduled_at.us + 1;
        page_ask(f);
    } else if (!f->find.is_by_asked_slot) { // then those that were asked for
        f->find.is_by_asked_slot = true;
        f->find.from = f->slots[0];
        page_ask(f);
    } else {
        slots_choose(f);
    }
}

static void page_ask(struct filling *f)
{
    store_find_runs(f->s->options.store, &f->find, page_read, f);
}

static void ran_find(struct filling *f)
{
    f->ran = arena_array(f->arena, f->count, sizeof *f->ran);
    f->find = (struct store_find){.job_id = f->job_id,
                                  .from = f->slots[0],
                                  .to = f->slots[f->count - 1],
                                  .is_oldest_first = true,
                                  .limit = PAGE};
    page_ask(f);
}

// ---- the rows ----

static void slots_turn(wall *slots, size_t count)
{
    for (size_t i = 0; i < count / 2; i++) {
        wall first = slots[i];

        slots[i] = slots[count - 1 - i];
        slots[count - 1 - i] = first;
    }
}

static bool may_begin(const struct filling *f, const struct entry *entry, struct err *e)
{
    const struct core *c = &f->s->dispatch.core;
    struct freeze_mark mark;
    wall now = core_now(c);

    if (c->is_stopping)
        return fail(e, ERR_BUSY, NULL, "belfry is stopping");
    if (groups_count(&c->groups, f->job_id) + f->told.count > BACKFILL_SLOTS_MAX) {
        (void)fail(e, ERR_BUSY, NULL, "more than %d runs of the job would wait to be made up for",
                   BACKFILL_SLOTS_MAX);
        return fail_hint(e, "wait for some of them to end, or cancel them");
    }
    freezes_at(c->freezes, entry->job->name, now, now, &mark);
    if (!mark.by || f->ask.is_forced)
        return true;
    (void)fail(e, ERR_FROZEN, NULL, "%s", mark.by->message);
    return fail_hint(e, "wait for its end, or ask with force=true");
}

// The next moment that is no slot of the schedule.
static wall moment_behind(const struct trigger *trigger, wall at)
{
    do
        at.us++;
    while (trigger_next(trigger, (wall){at.us - 1}).us == at.us);
    return at;
}

static void rows_make(struct filling *f, const struct entry *entry)
{
    struct core *c = &f->s->dispatch.core;
    wall at = core_now(c);

    f->row_count = f->told.count;
    f->rows = arena_array(f->arena, f->row_count, sizeof *f->rows);
    f->won = arena_array(f->arena, f->row_count, sizeof *f->won);
    for (size_t i = 0; i < f->row_count; i++) {
        struct run_ask *ask = arena_alloc(f->arena, sizeof *ask);
        struct run *run = &f->rows[i];

        ledger_run(&c->ids, entry->job, core_now(c), run);
        at = moment_behind(entry->job->trigger, at);
        *ask = (struct run_ask){.slot = f->told.slots[i],
                                .cause_id = f->rows[0].id,
                                .parallel = f->ask.parallel,
                                .overlap = -1,
                                .is_forced = f->ask.is_forced};
        run->scheduled_at = at;
        run->origin = RUN_BACKFILL;
        run->state = RUN_QUEUED;
        run->reason = REASON_BACKFILL;
        run->attempt = 0;
        run->started_at = (wall){0};
        run->ask = ask;
    }
    f->told.id = f->rows[0].id;
}

static void rows_begin(struct filling *f)
{
    for (size_t i = 0; i < f->won_count; i++)
        claim_begin(&f->s->dispatch.claims, &f->won[i], NULL);
    filling_end(f, NULL);
}

static int row_order(const void *a, const void *b)
{
    const struct run *x = a, *y = b;

    return x->id < y->id ? -1 : x->id > y->id;
}

static void rows_claimed(const struct store_answer *answer, void *ctx)
{
    struct filling *f = ctx;
    const struct entry *entry = entry_of(f);
    wall at = f->rows[f->row_count - 1].scheduled_at;
    size_t left = 0;
    struct err e;

    if (answer->err) {
        if (answer->err->code == ERR_STORE)
            core_failing(&f->s->dispatch.core, answer->err);
        filling_end(f, answer->err);
        return;
    }
    for (size_t i = 0; i < f->row_count; i++) {
        struct run run = f->rows[i];

        if (answer->won[i]) {
            f->won[f->won_count++] = run;
        } else if (entry) { // its moment was taken
            run.scheduled_at = at = moment_behind(entry->job->trigger, at);
            f->rows[left++] = run;
        }
    }
    f->row_count = left;
    if (f->won_count == 0 && !entry) {
        (void)fail(&e, ERR_NOT_FOUND, "job_id", "the job was deleted before the runs could start");
        filling_end(f, &e);
    } else if (left > 0 && f->tries++ < TRIES_MAX) {
        rows_claim(f);
    } else {
        qsort(f->won, f->won_count, sizeof *f->won, row_order);
        rows_begin(f);
    }
}

static void rows_claim(struct filling *f)
{
    // The watermark stays where it is: these rows are no slots of the trigger.
    store_claim(f->s->options.store, f->rows, f->row_count, (wall){0}, rows_claimed, f);
}

// It is known what has been run.
static void slots_choose(struct filling *f)
{
    const struct entry *entry = entry_of(f);
    size_t len = 0, most = f->ask.newest_max;
    struct err e;

    for (size_t i = 0; i < f->count; i++) {
        bool has_run = f->ran && f->ran[i];

        f->told.ran += has_run;
        if (!has_run)
            f->slots[len++] = f->slots[i];
    }
    f->told.slots = most > 0 && len > most ? f->slots + len - most : f->slots;
    f->told.count = most > 0 && len > most ? most : len;
    if (f->ask.is_newest_first)
        slots_turn((wall *)(uintptr_t)f->told.slots, f->told.count);
    if (!entry) {
        (void)fail(&e, ERR_NOT_FOUND, "job_id", "the job was deleted meanwhile");
        filling_end(f, &e);
    } else if (f->ask.is_dry || f->told.count == 0) {
        filling_end(f, NULL);
    } else if (!may_begin(f, entry, &e)) {
        filling_end(f, &e);
    } else {
        rows_make(f, entry);
        rows_claim(f);
    }
}

void backfill(struct sched *s, struct str job_name, const struct backfill_ask *ask,
              backfill_done *done, void *ctx)
{
    struct entry *entry = due_find(&s->due, job_name);
    struct err e;

    if (!is_fillable(entry, job_name, &e) || !members_check(&s->members, entry, &e)) {
        done(&e, NULL, ctx);
        return;
    }
    struct arena *arena = arena_new(4096);
    struct filling *f = arena_alloc(arena, sizeof *f);

    *f = (struct filling){
        .s = s, .arena = arena, .job_id = entry->job->id, .ask = *ask, .done = done, .ctx = ctx};
    if (!slots_find(f, entry, &e))
        filling_end(f, &e);
    else if (ask->is_rerun || f->count == 0)
        slots_choose(f);
    else
        ran_find(f);
}

size_t backfill_cancel(struct sched *s, int64_t id)
{
    struct group *group = groups_find(&s->dispatch.core.groups, id);
    struct entry *entry = group ? due_find_id(&s->due, group->job_id) : NULL;

    return group ? dispatch_cancel_group(&s->dispatch, entry, group) : 0;
}
