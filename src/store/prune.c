// prune.c - removes old rows of the ledger, some hundred at a time.
//
// The bound is found by counting down the index of the job from its newest row, so it costs as much
// as is kept, not as much as there is; then the oldest rows below it go. Rows that must stay (the
// newest of its outcome) lie below the bound as well and are met each time, but there are two at
// most, and those that alive runs need.
// SPDX-License-Identifier: Apache-2.0
#include "store/prune.h"

#define ROWS_MAX 1000

// What belongs to a run, beside its row.
static const enum sql_name deletions[] = {SQL_RUN_DELETE, SQL_OUTPUT_DELETE, SQL_ASK_DELETE,
                                          SQL_ATTEMPT_DELETE};

bool prune_run(struct db *db, int64_t run_id)
{
    for (size_t i = 0; i < sizeof deletions / sizeof *deletions; i++) {
        struct query *statement = db_get(db, deletions[i]);

        query_int(statement, 1, run_id);
        if (!query_run(statement))
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

// Reads which rows go before the first of them does.
static bool rows_find(struct db *db, const struct request *r, int64_t bound, int64_t ids[ROWS_MAX],
                      size_t *ret_count, int64_t *ret_slot)
{
    struct query *statement = db_get(db, SQL_PRUNE_FIND);
    size_t count = 0;
    int code = QUERY_FAILED;

    query_int(statement, 1, r->job_id);
    query_int(statement, 2, bound);
    query_int(statement, 3, r->prune.limit);
    while (count < ROWS_MAX && (code = query_step(statement)) == QUERY_ROW) {
        ids[count++] = column_int(statement, 0);
        *ret_slot = column_int(statement, 1);
    }
    query_reset(statement);
    *ret_count = count;
    return code == QUERY_DONE || code == QUERY_ROW;
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
    int64_t ids[ROWS_MAX], bound, slot = 0;
    struct query *statement;
    size_t count;

    if (!job_choose(db, r))
        return false;
    if (r->job_id == 0)
        return true;
    if (!bound_find(db, r, &bound) || !rows_find(db, r, bound, ids, &count, &slot))
        return false;
    for (size_t i = 0; i < count; i++)
        if (!prune_run(db, ids[i]))
            return false;
    if (count > 0 && !pruned_put(db, r->job_id, slot, count))
        return false;
    r->pruned = (int64_t)count;
    statement = db_get(db, SQL_PRUNE_COUNT);
    query_int(statement, 1, r->job_id);
    if (!query_number_if(statement, &r->left))
        return false;
    return r->left > 0 || tombstone_remove(db, r->job_id);
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
    return r->is_refused || prune_run(db, r->query.before_id);
}
