// start.c - the load: what the store has kept becomes what is in memory.
// SPDX-License-Identifier: Apache-2.0
#include "sched/start.h"

#include "base/log.h"
#include "job/job_shelf.h"
#include "sched/chain.h"
#include "sched/placement.h"
#include "sched/plan.h"
#include "sched/sched_state.h"

struct loading {
    struct sched *s;
    struct job_shelf *shelf;
    size_t quarantined;
    bool is_seated;                // all jobs are there, and so is whose they are
    const struct store_load *load; // what asks
};

static void calendar_loaded(const struct store_calendar *row, void *ctx)
{
    struct loading *loading = ctx;

    if (row->kind == STORE_PAUSE)
        pauses_load(&loading->s->pauses, row);
    else if (row->kind == STORE_POOL)
        pools_load(&loading->s->pools, row);
    else if (row->kind == STORE_RATES)
        rates_load(&loading->s->dispatch.rates, row);
    else if (row->kind < STORE_CHANNEL)
        windows_load(&loading->s->windows, row);
    else if (loading->s->options.on_row)
        loading->s->options.on_row(row, loading->s->options.row_ctx);
}

// The members are told first, and only while the store tells: they are copied at the first chance.
static void members_look(const struct loading *loading)
{
    struct members *m = &loading->s->members;

    if (loading->load->members && !members_are_several(m))
        members_take(m, loading->load->members);
}

static void seat_taken(struct entry *entry, const struct seat *seat, void *ctx)
{
    (void)ctx;
    entry->seat = *seat;
}

// After the last job.
static void jobs_seat(struct loading *loading)
{
    struct sched *s = loading->s;

    due_fill_end(&s->due);
    if (loading->is_seated || !members_are_several(&s->members))
        return;
    loading->is_seated = true;
    placement_make(&s->members.of, &s->due, seat_taken, NULL);
}

static void uptime_loaded(const struct store_uptime *period, void *ctx)
{
    struct loading *loading = ctx;

    members_look(loading);
    uptimes_add(&loading->s->uptimes, period);
}

// Whether it was changed so late that not all nodes had seen that: the watermark says nothing of
// its slots.
static bool is_unseen(const struct sched *s, const struct job *job)
{
    return members_are_several(&s->members) && job->change_seq > s->members.of.low_seen;
}

static enum store_last job_loaded(const struct job_row *row, void *ctx)
{
    struct loading *loading = ctx;
    struct job *job = job_shelf_read(loading->shelf, row);

    members_look(loading);
    if (job->spec->quarantine.len > 0) {
        log_error("a stored job cannot be used and is kept aside", log_str("job_id", job->name),
                  log_str("why", job->spec->quarantine));
        loading->quarantined++;
    }
    const struct entry *entry = due_add(&loading->s->due, job);

    heartbeats_learn(&loading->s->heartbeats, job);

    if (entry->is_relative)
        return STORE_LAST_END;
    return (job->trigger && trigger_is_once(job->trigger)) || is_unseen(loading->s, job)
               ? STORE_LAST_SLOT
               : STORE_LAST_NONE;
}

static void last_loaded(int64_t job_id, wall at, void *ctx)
{
    struct loading *loading = ctx;
    struct entry *entry = due_find_id(&loading->s->due, job_id);

    if (entry && entry->is_relative)
        entry->event = at;
    else if (entry)
        entry->claimed = at;
}

static void slot_loaded(int64_t job_id, wall slot, void *ctx)
{
    struct loading *loading = ctx;
    struct entry *entry = due_find_id(&loading->s->due, job_id);

    if (entry && !entry->is_relative)
        entry->claimed = slot;
}

static void met_loaded(const struct run_met *met, void *ctx)
{
    chain_load(&((struct loading *)ctx)->s->due, met);
}

static void run_loaded(const struct run *run, void *ctx)
{
    struct loading *loading = ctx;
    struct sched *s = loading->s;
    struct run_ids *ids = &s->dispatch.core.ids;
    const struct entry *entry;

    jobs_seat(loading);                         // a run whose job is gone is whoever's finds it
    if (ids->last < loading->load->last_run_id) // an end that is decided now may begin others
        ids->last = loading->load->last_run_id;
    entry = due_find_id(&s->due, run->job_id);
    if (entry && !entry->seat.is_ours)
        return;
    if (run->state != RUN_ORPHANED || !heartbeats_adopt(&s->heartbeats, run))
        dispatch_load(&s->dispatch, run);
}

// Where each job stands. What is not ours is not planned, but its slot is shown.
static void jobs_plan(const struct loading *loading, wall from, wall now)
{
    struct sched *s = loading->s;
    struct entry *entry;

    for (size_t at = 0; (entry = radix_next(&s->due.by_id, &at));)
        if (!entry->seat.is_ours)
            plan_from(&s->due, entry, now);
        else if (is_unseen(s, entry->job))
            plan_start(&s->due, entry, entry->job->effective_from, now);
        else
            plan_start(&s->due, entry, from, now);
}

bool start_load(struct sched *s, struct store_load *ret_load, size_t *ret_quarantined,
                struct err *e)
{
    struct trigger_context context = sched_trigger_context(s);
    struct loading loading = {
        .s = s, .shelf = job_shelf_new(&context, sched_presets(s)), .load = ret_load};

    *ret_load = (struct store_load){.on_calendar = calendar_loaded,
                                    .on_job = job_loaded,
                                    .on_last = last_loaded,
                                    .on_slot = slot_loaded,
                                    .on_uptime = uptime_loaded,
                                    .on_met = met_loaded,
                                    .on_run = run_loaded,
                                    .ctx = &loading};
    due_fill_begin(&s->due);
    bool ok = store_load(s->options.store, ret_load, e);

    due_fill_end(&s->due);
    job_shelf_free(loading.shelf);
    if (!ok)
        return false;
    jobs_seat(&loading);
    wall now = sched_now(s);
    wall low = members_are_several(&s->members) ? s->members.of.low : ret_load->watermark;
    wall from = low.us < now.us ? low : now;

    if (s->dispatch.core.ids.last < ret_load->last_run_id)
        s->dispatch.core.ids.last = ret_load->last_run_id;
    s->due.marked = from;
    pauses_forget(&s->pauses, low);
    jobs_plan(&loading, from, now);
    *ret_quarantined = loading.quarantined;
    return true;
}
