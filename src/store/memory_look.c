// memory_look.c - what a node reads of the others.
// SPDX-License-Identifier: Apache-2.0
#include "store/memory_look.h"

#include <stdlib.h>

#include "base/arena.h"
#include "store/memory_rows.h"

static void jobs_look(const struct memory_data *data, int64_t after_seq, struct memory_look *look);
static void calendars_look(const struct memory_data *data, struct memory_look *look);
static void epoch_look(const struct memory_data *data, int64_t self, struct memory_look *look);

void memory_look(const struct memory_data *data, int64_t self, const struct memory_known *before,
                 struct memory_look *ret)
{
    struct memory_look look = {.arena = arena_new(4096)};

    look.known = (struct memory_known){data->members.epoch, data->change_seq,
                                       data->members.calendar_changes};
    if (look.known.change_seq > before->change_seq)
        jobs_look(data, before->change_seq, &look);
    if (look.known.calendar_changes > before->calendar_changes)
        calendars_look(data, &look);
    if (look.known.epoch > before->epoch)
        epoch_look(data, self, &look);
    look.has_news = look.known.change_seq > before->change_seq ||
                    look.known.calendar_changes > before->calendar_changes ||
                    look.known.epoch > before->epoch;
    *ret = look;
}

void memory_look_done(struct memory_look *look)
{
    arena_free(look->arena);
    *look = (struct memory_look){0};
}

// ---- what has changed ----

static int change_order(const void *a, const void *b)
{
    int64_t x = ((const struct job_row *)a)->change_seq;
    int64_t y = ((const struct job_row *)b)->change_seq;

    return x < y ? -1 : x > y;
}

static void jobs_look(const struct memory_data *data, int64_t after_seq, struct memory_look *look)
{
    struct job_row *rows = arena_array(look->arena, data->jobs.len, sizeof *rows);
    size_t count = 0;

    for (size_t i = 0; i < data->jobs.len; i++) {
        struct job_row row = data->jobs.v[i]->row;

        if (row.change_seq <= after_seq)
            continue;
        row.name = arena_copy(look->arena, row.name);
        row.trigger = arena_copy(look->arena, row.trigger);
        row.tz = arena_copy(look->arena, row.tz);
        row.spec = arena_copy(look->arena, row.spec);
        rows[count++] = row;
    }
    qsort(rows, count, sizeof *rows, change_order);
    look->news.jobs = rows;
    look->news.job_count = count;
}

static void calendars_look(const struct memory_data *data, struct memory_look *look)
{
    struct store_calendar *rows = arena_array(look->arena, data->calendars.len, sizeof *rows);

    for (size_t i = 0; i < data->calendars.len; i++) {
        rows[i] = data->calendars.v[i];
        rows[i].name = arena_copy(look->arena, rows[i].name);
        rows[i].body = arena_copy(look->arena, rows[i].body);
    }
    look->news.has_calendars = true;
    look->news.calendars = rows;
    look->news.calendar_count = data->calendars.len;
}

// ---- what an epoch begins with ----

static void runs_look(const struct memory_data *data, struct memory_look *look)
{
    struct run *runs = arena_array(look->arena, data->runs.len, sizeof *runs);
    size_t count = 0;

    for (size_t i = 0; i < data->runs.len; i++) {
        struct run run = data->runs.v[i]->r.run;

        if (run_state_is_final(run.state) || run.state == RUN_RUNNING)
            continue;
        run.message = arena_copy(look->arena, run.message);
        run.ask = request_copy_ask(look->arena, run.ask);
        runs[count++] = run;
    }
    look->news.runs = runs;
    look->news.run_count = count;
}

static void mets_look(const struct memory_data *data, struct memory_look *look)
{
    struct run_met *met = arena_array(look->arena, data->met.len, sizeof *met);
    size_t count = 0;

    for (size_t i = 0; i < 2 * data->met.len; i++) {
        const struct run_met *from = &data->met.v[i % data->met.len];

        if ((from->parent.len == 0) != (i < data->met.len))
            continue;
        met[count] = *from;
        met[count++].parent = arena_copy(look->arena, from->parent);
    }
    look->news.met = met;
    look->news.met_count = count;
}

static void slots_look(const struct memory_data *data, struct memory_look *look)
{
    struct store_slot *slots = arena_array(look->arena, data->jobs.len, sizeof *slots);
    size_t count = 0;

    for (size_t i = 0; i < data->jobs.len; i++) {
        const struct run *run = memory_last_slot(data->jobs.v[i]);

        if (run && run->scheduled_at.us > data->members.low.us)
            slots[count++] = (struct store_slot){data->jobs.v[i]->row.id, run->scheduled_at};
    }
    look->news.slots = slots;
    look->news.slot_count = count;
}

static void epoch_look(const struct memory_data *data, int64_t self, struct memory_look *look)
{
    struct store_members *members = arena_alloc(look->arena, sizeof *members);

    memory_members_read(&data->members, self, look->arena, members);
    look->news.members = members;
    runs_look(data, look);
    mets_look(data, look);
    slots_look(data, look);
}
