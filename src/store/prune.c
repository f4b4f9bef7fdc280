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

bool prune_run(struct sql *sql, int64_t run_id)
{
    for (size_t i = 0; i < sizeof deletions / sizeof *deletions; i++) {
        sqlite3_stmt *statement = sql_get(sql, deletions[i]);

        if (!statement)
            return false;
        sqlite3_bind_int64(statement, 1, run_id);
        if (sql_run(statement) != SQLITE_OK)
            return false;
    }
    return true;
}

// A number that may be missing: then *ret_n stays.
static bool number_or(sqlite3_stmt *statement, int64_t *ret_n)
{
    int code = statement ? sqlite3_step(statement) : SQLITE_ERROR;

    if (code == SQLITE_ROW)
        *ret_n = sqlite3_column_int64(statement, 0);
    if (statement)
        sqlite3_reset(statement);
    return code == SQLITE_ROW || code == SQLITE_DONE;
}

static bool job_choose(struct sql *sql, struct request *r)
{
    sqlite3_stmt *statement;

    r->job_id = r->prune.job_id;
    if (r->job_id != 0)
        return true;
    statement = sql_get(sql, SQL_PRUNE_NEXT);
    sqlite3_bind_int64(statement, 1, r->prune.after_id);
    return number_or(statement, &r->job_id);
}

static bool bound_find(struct sql *sql, const struct request *r, int64_t *ret_bound)
{
    sqlite3_stmt *statement = sql_get(sql, SQL_PRUNE_BOUND);

    *ret_bound = INT64_MIN;
    sqlite3_bind_int64(statement, 1, r->job_id);
    sqlite3_bind_int64(statement, 2, r->prune.keep - 1);
    if (!number_or(statement, ret_bound))
        return false;
    if (*ret_bound < r->prune.before.us)
        *ret_bound = r->prune.before.us;
    return true;
}

// Reads which rows go before the first of them does.
static bool rows_find(struct sql *sql, const struct request *r, int64_t bound,
                      int64_t ids[ROWS_MAX], size_t *ret_count, int64_t *ret_slot)
{
    sqlite3_stmt *statement = sql_get(sql, SQL_PRUNE_FIND);
    size_t count = 0;
    int code = SQLITE_ERROR;

    sqlite3_bind_int64(statement, 1, r->job_id);
    sqlite3_bind_int64(statement, 2, bound);
    sqlite3_bind_int(statement, 3, r->prune.limit);
    while (statement && count < ROWS_MAX && (code = sqlite3_step(statement)) == SQLITE_ROW) {
        ids[count++] = sqlite3_column_int64(statement, 0);
        *ret_slot = sqlite3_column_int64(statement, 1);
    }
    if (statement)
        sqlite3_reset(statement);
    *ret_count = count;
    return code == SQLITE_DONE || code == SQLITE_ROW;
}

static bool pruned_put(struct sql *sql, int64_t job_id, int64_t slot, size_t count)
{
    sqlite3_stmt *statement = sql_get(sql, SQL_PRUNED_PUT);

    if (!statement)
        return false;
    sqlite3_bind_int64(statement, 1, job_id);
    sqlite3_bind_int64(statement, 2, slot);
    sqlite3_bind_int64(statement, 3, (int64_t)count);
    return sql_run(statement) == SQLITE_OK;
}

static bool tombstone_remove(struct sql *sql, int64_t job_id)
{
    sqlite3_stmt *statement = sql_get(sql, SQL_TOMBSTONE_DELETE);

    if (!statement)
        return false;
    sqlite3_bind_int64(statement, 1, job_id);
    if (sql_run(statement) != SQLITE_OK)
        return false;
    if (sqlite3_changes(sql->db) == 0)
        return true;
    statement = sql_get(sql, SQL_PRUNED_DELETE);
    if (!statement)
        return false;
    sqlite3_bind_int64(statement, 1, job_id);
    return sql_run(statement) == SQLITE_OK;
}

bool prune_runs(struct sql *sql, struct request *r)
{
    int64_t ids[ROWS_MAX], bound, slot = 0;
    sqlite3_stmt *statement;
    size_t count;

    if (!job_choose(sql, r))
        return false;
    if (r->job_id == 0)
        return true;
    if (!bound_find(sql, r, &bound) || !rows_find(sql, r, bound, ids, &count, &slot))
        return false;
    for (size_t i = 0; i < count; i++)
        if (!prune_run(sql, ids[i]))
            return false;
    if (count > 0 && !pruned_put(sql, r->job_id, slot, count))
        return false;
    r->pruned = (int64_t)count;
    statement = sql_get(sql, SQL_PRUNE_COUNT);
    sqlite3_bind_int64(statement, 1, r->job_id);
    if (!number_or(statement, &r->left))
        return false;
    return r->left > 0 || tombstone_remove(sql, r->job_id);
}
