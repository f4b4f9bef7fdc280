// request.h - what a store is asked, kept until it is answered; the same for every store.
//
// A request owns a copy of everything it was given, in an arena of its own, and carries its answer.
// It belongs to one thread at a time: the loop's, then the store's, then the loop's again.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/list.h"
#include "store/meter.h"
#include "store/store.h"

enum request_kind {
#define X(name, text) name,
#include "store/request_kind.def"
#undef X
};

struct request {
    struct list link; // in the queue of whoever has it
    struct arena *arena;
    enum request_kind kind;
    wall now;   // when it was made
    mono asked; // likewise
    const struct clock *clock;
    struct store_meter *meter; // counts its answer
    void *ctx;
    store_done *done;           // of writes
    store_runs_done *runs_done; // of reads
    store_certificates_done *certificates_done;
    store_sightings_done *sightings_done;
    store_alerts_done *alerts_done;
    store_pasts_done *pasts_done;
    store_nodes_done *nodes_done;

    int64_t epoch;                  // under which it was asked (nodes.h); 0: we are alone
    int64_t self;                   // the node that asks, likewise
    int64_t seen_seq;               // CLAIM, likewise: the watermark reckons with changes up to it
    struct job_row job;             // PUT_JOB; of SET_STATE the id, the state and moves
    struct store_calendar calendar; // PUT_CALENDAR; of DELETE_CALENDAR kind and name
    int expect_version;             // PUT_JOB, PUT_CALENDAR
    struct run *runs;               // CLAIM
    bool has_asks;                  // CLAIM: some of the runs have an ask
    struct run_start *starts;       // START
    int64_t upto_run_id;            // LAUNCH
    int64_t *dropped;               // LAUNCH
    bool *won;                      // CLAIM, START
    struct run_end *ends;           // FINISH
    struct run_born *born;          // FINISH: of each end; their runs are ours
    size_t births;                  // FINISH: rows that may begin
    size_t count;                   // of runs, starts, ends or what is dropped
    wall watermark;                 // CLAIM
    struct store_run_query query;   // READ_RUNS; of READ_RUN, DELETE_RUN before_id is the run
    struct store_find find;         // FIND_RUNS; of READ_PRUNED the job
    struct str key;                 // READ_KEY, of the job query.job_id
    struct store_seen seen;         // SEE
    struct store_certificate_query wanted; // READ_CERTIFICATES; of READ_SIGHTINGS sha256 and limit
    struct store_prune prune;              // PRUNE
    struct alert_write alert;              // ALERT
    struct alert_query alert_query;        // READ_ALERTS
    struct store_past *pasts;              // READ_PASTS: asked by job_id, filled in; count of them
    struct str node;                       // DRAIN
    bool is_on;                            // likewise

    bool is_refused;
    bool is_withdrawn; // refused after it had written: the transaction was begun anew without it
    struct err err;
    int64_t job_id; // the answer of PUT_JOB and SET_STATE
    int version;    // likewise, and of PUT_CALENDAR
    int64_t change_seq;
    int64_t pruned, left;    // likewise, of PRUNE
    struct store_gone *gone; // likewise, of PRUNE and DELETE_RUN: request_gone
    size_t gone_count;
    int64_t run_id;         // likewise, of a CLAIM whose key is taken
    struct store_run *page; // the answer of reads, in the arena unless the store says otherwise
    size_t page_count;
    struct store_certificate *certificates; // likewise
    struct store_sighting *sightings;
    int64_t total;
    struct alert_page alerts; // of READ_ALERTS, likewise
    struct store_node *nodes; // of READ_NODES, likewise; page_count of them
};

[[nodiscard]] struct request *request_put_job(const struct job_row *row, int expect_version);
[[nodiscard]] struct request *request_set_state(int64_t job_id, enum job_state state, bool moves);
[[nodiscard]] struct request *request_claim(const struct run *runs, size_t count, wall watermark);
[[nodiscard]] struct request *request_launch(int64_t upto_run_id, const int64_t *dropped,
                                             size_t count);
[[nodiscard]] struct request *request_start(const struct run_start *starts, size_t count);
[[nodiscard]] struct request *request_finish(const struct run_end *ends, size_t count);
[[nodiscard]] struct request *request_delete_run(int64_t run_id);
[[nodiscard]] struct request *request_put_calendar(const struct store_calendar *row,
                                                   int expect_version);
[[nodiscard]] struct request *request_delete_calendar(enum store_calendar_kind kind,
                                                      struct str name);
[[nodiscard]] struct request *request_read_runs(const struct store_run_query *query);
[[nodiscard]] struct request *request_read_run(int64_t run_id);
[[nodiscard]] struct request *request_prune(const struct store_prune *prune);
[[nodiscard]] struct request *request_read_pruned(int64_t job_id);
[[nodiscard]] struct request *request_read_key(int64_t job_id, struct str key);
[[nodiscard]] struct request *request_find_runs(const struct store_find *find);
[[nodiscard]] struct request *request_see(const struct store_seen *seen);
[[nodiscard]] struct request *
request_read_certificates(const struct store_certificate_query *query);
[[nodiscard]] struct request *request_read_sightings(struct str sha256, int limit);
[[nodiscard]] struct request *request_alert(const struct alert_write *write);
[[nodiscard]] struct request *request_read_alerts(const struct alert_query *query);
[[nodiscard]] struct request *request_read_pasts(const int64_t *job_ids, size_t count);
[[nodiscard]] struct request *request_drain(struct str node, bool is_on);
[[nodiscard]] struct request *request_read_nodes(void);
void request_free(struct request *r); // accepts NULL

// Rows that carrying it out touches, at least 1: what bounds a transaction.
size_t request_weight(const struct request *r);

// A PRUNE (at most its limit of them) or DELETE_RUN has removed a run.
void request_gone(struct request *r, int64_t run_id, int attempts);

// Refusals, in the same words for every store. Each returns false.
bool request_refuse_exists(struct request *r);
bool request_refuse_conflict(struct request *r, int version_now);
bool request_refuse_missing(struct request *r);
bool request_refuse_run_id(struct request *r, int64_t run_id);
bool request_refuse_key(struct request *r, const struct run *run, int64_t run_id);
bool request_refuse_no_run(struct request *r);
bool request_refuse_alive(struct request *r, enum run_state state);
bool request_refuse_moved(struct request *r); // it was asked under another epoch
bool request_refuse_no_node(struct request *r);

// Whether it counts only under the epoch that is in force (nodes.h).
bool request_is_of_epoch(const struct request *r);

// What a put_job or put_calendar may do, given the version of what has that name now (0: there is
// nothing). False when refused.
bool request_may_put(struct request *r, int version_now);

// A copy of what was asked with a run; NULL when there is nothing.
const struct run_ask *request_copy_ask(struct arena *arena, const struct run_ask *ask);

// Forgets what an attempt to carry it out left behind, before the next attempt.
void request_reset(struct request *r);

// Says when it is asked, and who counts its answer (borrowed; the clock as well).
void request_begin(struct request *r, const struct clock *clock, struct store_meter *meter,
                   void *ctx);

// Calls done with the answer and frees the request.
void request_answer(struct request *r);
