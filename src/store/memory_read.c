// memory_read.c - what memory_data answers: pages, searches, the load at the start.
// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>

#include "base/arena.h"
#include "store/memory_rows.h"
#include "store/past.h"

#define LAST_ENDS 100 // runs that are looked at for STORE_LAST_END

// ---- reading ----

static size_t page_start(struct memory_run *const *runs, size_t len, const struct request *r,
                         const struct memory_data *data)
{
    const struct memory_run *before;

    if (!r->query.before_id)
        return len;
    if (!r->query.job_id)
        return memory_run_place(runs, len, r->query.before_id);
    before = memory_run_find(data, r->query.before_id);
    return before ? memory_slot_place(runs, len, before->r.run.scheduled_at) : 0;
}

// The job whose history is asked for by the name it had; -1: there is none.
static void page_job(const struct memory_data *data, struct request *r)
{
    const struct memory_job *job;

    if (r->query.ended.len == 0)
        return;
    job = map_get(&data->ended, r->query.ended);
    r->query.job_id = job ? job->row.id : -1;
}

static void read_page(const struct memory_data *data, struct request *r)
{
    page_job(data, r);
    struct memory_job *job = r->query.job_id ? memory_job_find(data, r->query.job_id) : NULL;
    struct memory_run *const *runs = r->query.job_id ? (job ? job->runs.v : NULL) : data->runs.v;
    size_t len = r->query.job_id ? (job ? job->runs.len : 0) : data->runs.len;
    size_t at = page_start(runs, len, r, data);

    r->page = arena_array(r->arena, (size_t)r->query.limit, sizeof *r->page);
    while (at > 0 && r->page_count < (size_t)r->query.limit) {
        struct store_run *row = &r->page[r->page_count++];

        row->run = runs[--at]->r.run;
        row->job_name = runs[at]->r.job_name;
    }
}

static bool finds(const struct store_find *find, const struct run *run)
{
    wall asked = run->ask ? run->ask->slot : (wall){0};

    if (find->cause_id)
        return run->id > find->after_id && run->ask && run->ask->cause_id == find->cause_id;
    if (find->is_by_asked_slot)
        return run->id > find->after_id && run->job_id == find->job_id && asked.us != 0 &&
               asked.us >= find->from.us && asked.us <= find->to.us;
    if (find->is_running)
        return run->id > find->after_id &&
               (run->state == RUN_RUNNING || (find->is_queued && run->state == RUN_QUEUED));
    return run->scheduled_at.us >= find->from.us && run->scheduled_at.us <= find->to.us &&
           (find->job_id == 0 || run->job_id == find->job_id) &&
           (find->going_at.us == 0 || run_was_going(run, find->going_at));
}

static int slot_order(const void *a, const void *b)
{
    const struct run *x = &((const struct store_run *)a)->run;
    const struct run *y = &((const struct store_run *)b)->run;

    if (x->scheduled_at.us != y->scheduled_at.us)
        return x->scheduled_at.us < y->scheduled_at.us ? -1 : 1;
    return x->job_id < y->job_id ? -1 : x->job_id > y->job_id;
}

static void find_runs(const struct memory_data *data, struct request *r)
{
    const struct store_find *find = &r->find;
    struct store_run *all = arena_array(r->arena, data->runs.len, sizeof *all);
    size_t count = 0;

    for (size_t i = 0; i < data->runs.len; i++)
        if (finds(find, &data->runs.v[i]->r.run))
            all[count++] = data->runs.v[i]->r;
    bool is_by_id = find->cause_id || find->is_by_asked_slot || find->is_running; // as they lie

    if (!is_by_id && count > 0)
        qsort(all, count, sizeof *all, slot_order);
    for (size_t i = 0; !is_by_id && !find->is_oldest_first && i < count / 2; i++) {
        struct store_run first = all[i];

        all[i] = all[count - 1 - i];
        all[count - 1 - i] = first;
    }
    r->page = all;
    r->page_count = count < (size_t)find->limit ? count : (size_t)find->limit;
}

static void read_pasts(const struct memory_data *data, struct request *r)
{
    for (size_t i = 0; i < r->count; i++) {
        const struct memory_job *job = memory_job_find(data, r->pasts[i].job_id);
        int looked = 0;

        for (size_t n = job ? job->runs.len : 0; n > 0 && looked < STORE_PAST_RUNS; n--) {
            const struct run *run = &job->runs.v[n - 1]->r.run;

            if (!run_state_is_final(run->state))
                continue;
            looked++;
            if (!past_add(&r->pasts[i], run))
                break;
        }
    }
}

void memory_data_read(const struct memory_data *data, struct request *r)
{
    struct memory_run *run;

    if (r->kind == REQUEST_READ_NODES) {
        memory_members_list(&data->members, r);
    } else if (r->kind == REQUEST_READ_CERTIFICATES) {
        memory_inventory_read(&data->inventory, r);
    } else if (r->kind == REQUEST_READ_SIGHTINGS) {
        memory_inventory_read_sightings(&data->inventory, r);
    } else if (r->kind == REQUEST_READ_RUNS) {
        read_page(data, r);
    } else if (r->kind == REQUEST_READ_PRUNED) {
        const struct memory_job *job = memory_job_find(data, r->find.job_id);

        r->page = arena_alloc(r->arena, sizeof *r->page);
        r->page->run.scheduled_at = job ? job->pruned : (wall){0};
        r->page_count = 1;
    } else if (r->kind == REQUEST_FIND_RUNS) {
        find_runs(data, r);
    } else if (r->kind == REQUEST_READ_ALERTS) {
        memory_alerts_read(&data->alerts, &r->alert_query, r->arena, &r->alerts);
    } else if (r->kind == REQUEST_READ_PASTS) {
        read_pasts(data, r);
    } else if ((run = r->kind == REQUEST_READ_KEY ? memory_key_find(data, r->query.job_id, r->key)
                                                  : memory_run_find(data, r->query.before_id))) {
        r->page = arena_alloc(r->arena, sizeof *r->page);
        *r->page = run->r;
        r->page_count = 1;
    }
}

const struct run *memory_last_slot(const struct memory_job *job)
{
    for (size_t n = job->runs.len; n-- > 0;) {
        const struct run *run = &job->runs.v[n]->r.run;

        if (run->origin < RUN_MANUAL && !run_is_planned(run))
            return run;
    }
    return NULL;
}

static const struct run *last_end(const struct memory_job *job)
{
    const struct run *last = NULL;

    for (size_t n = job->runs.len; n-- > 0 && job->runs.len - n <= LAST_ENDS;) {
        const struct run *run = &job->runs.v[n]->r.run;

        if (run_state_is_final(run->state) && (!last || run->finished_at.us > last->finished_at.us))
            last = run;
    }
    return last;
}

// Ours comes last, and has no end.
static void uptimes_tell(const struct memory_data *data, int64_t node, struct store_load *load)
{
    struct store_uptime ours = {.to = WALL_NEVER};
    size_t last = data->uptimes.len;

    while (last > 0 && data->uptimes.v[last - 1].node != node)
        last--;
    for (size_t i = 0; load->on_uptime && i < data->uptimes.len; i++)
        if (i + 1 != last)
            load->on_uptime(&data->uptimes.v[i].is, load->ctx);
    if (last > 0)
        ours.from = data->uptimes.v[last - 1].is.from;
    if (load->on_uptime)
        load->on_uptime(&ours, load->ctx);
}

const struct memory_inventory *memory_data_inventory(const struct memory_data *data)
{
    return &data->inventory;
}

static void slots_tell(const struct memory_data *data, wall low, struct store_load *load)
{
    for (size_t i = 0; load->on_slot && i < data->jobs.len; i++) {
        const struct run *run = memory_last_slot(data->jobs.v[i]);

        if (run && run->scheduled_at.us > low.us)
            load->on_slot(data->jobs.v[i]->row.id, run->scheduled_at, load->ctx);
    }
}

// What is kept is ours to be adopted, as if we had lost it.
static void run_load(const struct memory_run *row, int64_t node, struct store_load *load)
{
    struct run run = row->r.run;

    bool is_kept = node && run.state == RUN_RUNNING;

    if (!load->on_run || run_state_is_final(run.state) || (is_kept && row->node != node))
        return;
    if (is_kept)
        run.state = RUN_ORPHANED;
    load->on_run(&run, load->ctx);
}

void memory_data_load(const struct memory_data *data, int64_t node, struct store_load *load)
{
    wall low = node ? data->members.low : data->watermark;

    load->last_run_id = data->runs.len ? data->runs.v[data->runs.len - 1]->r.run.id : 0;
    for (size_t i = 0; load->on_calendar && i < data->calendars.len; i++)
        load->on_calendar(&data->calendars.v[i], load->ctx);
    for (size_t i = 0; i < data->jobs.len; i++) {
        const struct memory_job *job = data->jobs.v[i];

        if (job->row.state >= JOB_ENDED)
            continue;
        enum store_last what = load->on_job(&job->row, load->ctx);
        const struct run *run = what == STORE_LAST_SLOT  ? memory_last_slot(job)
                                : what == STORE_LAST_END ? last_end(job)
                                                         : NULL;

        if (run)
            load->on_last(job->row.id,
                          what == STORE_LAST_SLOT ? run->scheduled_at : run->finished_at,
                          load->ctx);
    }
    slots_tell(data, low, load);
    for (size_t i = 0; load->on_met && i < 2 * data->met.len; i++) {
        const struct run_met *met = &data->met.v[i % data->met.len];

        if ((met->parent.len == 0) == (i < data->met.len))
            load->on_met(met, load->ctx);
    }
    for (size_t i = 0; i < data->runs.len; i++)
        run_load(data->runs.v[i], node, load);
    uptimes_tell(data, node, load);
    load->watermark = low;
}
