// memory_rows.h - how memory_data keeps its rows: for it and for what reads them, nobody else.
#pragma once

#include "base/map.h"
#include "base/vec.h"
#include "store/memory_alerts.h"
#include "store/memory_calendars.h"
#include "store/memory_data.h"
#include "store/memory_inventory.h"
#include "store/memory_members.h"

struct memory_run {
    struct store_run r;              // texts and streams owned; job_name borrowed from the job
    struct arena *asked;             // holds r.run.ask, when there is one
    VEC_OF(struct run_end) attempts; // those before the last one; texts and streams owned
    int64_t node;                    // that claimed or started it last; 0: whoever is alone
    bool is_trimmed;
};

struct memory_uptime {
    struct store_uptime is;
    int64_t node;
};

struct memory_job {
    struct job_row row;               // texts owned
    VEC_OF(struct memory_run *) runs; // by slot
    wall pruned;                      // rows of slots up to here have been removed
};

struct memory_data {
    VEC_OF(struct memory_job *) jobs; // job n is jobs.v[n - 1]
    VEC_OF(struct memory_run *) runs; // by id
    struct memory_calendars calendars;
    struct memory_inventory inventory;
    struct map living;                    // name to job that is neither ended nor deleted
    struct map ended;                     // name to ended job
    VEC_OF(struct memory_uptime) uptimes; // the oldest first
    struct memory_alerts alerts;
    VEC_OF(struct run_met) met; // parents owned
    int64_t change_seq;
    wall watermark;
    size_t planned; // runs that are planned and not launched; a launch takes their moment away
    int64_t first_planned; // none of them has a smaller id
    struct memory_watch watch;
    struct memory_members members;
    size_t open; // stores
};

// The run of the latest slot; one by hand stands for none, and what is planned may go again.
const struct run *memory_last_slot(const struct memory_job *job);

// What a node had in progress is orphaned: how many runs.
int64_t memory_runs_orphan(struct memory_data *data, int64_t node);

// What is planned, by whomever, goes as if it had never been claimed.
void memory_runs_unplan(struct memory_data *data);

// NULL when there is none.
struct memory_job *memory_job_find(const struct memory_data *data, int64_t id);
struct memory_run *memory_run_find(const struct memory_data *data, int64_t id);
struct memory_run *memory_key_find(const struct memory_data *data, int64_t job_id, struct str key);

// Where a run of that id, or a slot, is among those or would be.
size_t memory_run_place(struct memory_run *const *runs, size_t len, int64_t id);
size_t memory_slot_place(struct memory_run *const *runs, size_t len, wall slot);
