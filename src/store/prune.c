// prune.c - removes old rows of the ledger, some hundred at a time.
//
// The bound is found by counting down the index of the job from its newest row, so it costs as much
// as is kept, not as much as there is; then the oldest rows below it go. Rows that must stay (the
// newest of its outcome) lie below the bound as well and are met each time, but there are two at
// most, and those that alive runs need.
// SPDX-License-Identifier: Apache-2.0
#include "store/prune.h"

#define PRUNE_MAX 1000 // rows in one request (store.h)

// What belongs to a run, beside its row.
static const enum sql_name deletions[] = {SQL_RUN_DELETE, SQL_OUTPUT_DELETE, SQL_ASK_DELETE,
                                          SQL_ATTEMPT_DELETE};

bool prune_run(struct db *db, int64_t run_id, int64_t slot)
{
    for (size_t i = 0; i < sizeof deletions / sizeof *deletions; i++) {
        struct query *statement = db_get(db, deletions[i]);

        query_int(statement, 1, run_id);
        query_int(statement, 2, slot);
        if (!query_send(statement))
            return false;
    }
    return true;
}

static bool job_choose(struct db *db, struct request *r)
{
    struct query *statement;

    r->job_id = r->prune.job_id;
    if (r->job_id != 0)
        return true;
    statement = db_get(db, SQL_PRUNE_NEXT);
    query_int(statement, 1, r->prune.after_id);
    return query_number_if(statement, &r->job_id);
}

static bool bound_find(struct db *db, const struct request *r, int64_t *ret_bound)
{
    struct query *statement = db_get(db, SQL_PRUNE_BOUND);

    *ret_bound = INT64_MIN;
    query_int(statement, 1, r->job_id);
    query_int(statement, 2, r->prune.keep - 1);
    if (!query_number_if(statement, ret_bound))
        return false;
    if (*ret_bound < r->prune.before.us)
        *ret_bound = r->prune.before.us;
    return true;
}

// Reads which rows go, into r->gone and slots, before the first of them does.
static bool rows_find(struct db *db, struct request *r, int64_t bound, int64_t *slots)
{
    struct query *statement = db_get(db, SQL_PRUNE_FIND);
    enum query_step step;

    query_int(statement, 1, r->job_id);
    query_int(statement, 2, bound);
    query_int(statement, 3, r->prune.limit);
    while ((step = query_step(statement)) == QUERY_ROW) {
        slots[r->gone_count] = column_int(statement, 1);
        request_gone(r, column_int(statement, 0), (int)column_int(statement, 2));
    }
    query_reset(statement);
    return step == QUERY_DONE;
}

static bool pruned_put(struct db *db, int64_t job_id, int64_t slot, size_t count)
{
    struct query *statement = db_get(db, SQL_PRUNED_PUT);

    query_int(statement, 1, job_id);
    query_int(statement, 2, slot);
    query_int(statement, 3, (int64_t)count);
    return query_run(statement);
}

static bool tombstone_remove(struct db *db, int64_t job_id)
{
    struct query *statement = db_get(db, SQL_TOMBSTONE_DELETE);

    query_int(statement, 1, job_id);
    if (!query_run(statement))
        return false;
    if (db_changes(db) == 0)
        return true;
    statement = db_get(db, SQL_PRUNED_DELETE);
    query_int(statement, 1, job_id);
    return query_run(statement);
}

bool prune_runs(struct db *db, struct request *r)
{
    int64_t bound, slots[PRUNE_MAX];
    struct query *statement;

    if (!job_choose(db, r))
        return false;
    if (r->job_id == 0)
        return true;
    if (!bound_find(db, r, &bound) || !rows_find(db, r, bound, slots))
        return false;
    for (size_t i = 0; i < r->gone_count; i++)
        if (!prune_run(db, r->gone[i].run_id, slots[i]))
            return false;
    if (r->gone_count > 0 && !pruned_put(db, r->job_id, slots[r->gone_count - 1], r->gone_count))
        return false;
    r->pruned = (int64_t)r->gone_count;
    statement = db_get(db, SQL_PRUNE_COUNT);
    query_int(statement, 1, r->job_id);
    if (!query_number_if(statement, &r->left))
        return false;
    return r->left > 0 || tombstone_remove(db, r->job_id);
}

static bool one_remove(struct db *db, struct request *r)
{
    struct query *statement = db_get(db, SQL_RUN_ATTEMPT);
    int64_t attempt = 0, slot = 0;

    query_int(statement, 1, r->query.before_id);
    if (!query_number(statement, &attempt))
        return false;
    statement = db_get(db, SQL_SLOT_OF_RUN);
    query_int(statement, 1, r->query.before_id);
    if (!query_number(statement, &slot))
        return false;
    request_gone(r, r->query.before_id, (int)attempt);
    return prune_run(db, r->query.before_id, slot);
}

bool prune_one(struct db *db, struct request *r)
{
    struct query *statement = db_get(db, SQL_RUN_STATE);
    int64_t state = -1;

    query_int(statement, 1, r->query.before_id);
    if (!query_number_if(statement, &state))
        return false;
    if (state < 0)
        (void)request_refuse_no_run(r);
    else if (!run_state_is_final((enum run_state)state))
        (void)request_refuse_alive(r, (enum run_state)state);
    return r->is_refused || one_remove(db, r);
}
