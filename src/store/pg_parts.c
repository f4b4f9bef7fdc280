// pg_parts.c - history on PostgreSQL has a table for each day of slots.
// SPDX-License-Identifier: Apache-2.0
//
// A day goes in two steps. First it is taken out of the history, with a copy of what stays put into
// the rest: nobody sees a moment without it, and the tables are locked for as long as this copy
// takes; which rows stay is looked up before. Then, with nobody in the way, what was asked for with
// its runs is removed, the rows are counted, and the tables are dropped. Who dies in between leaves
// tables that belong to nothing: they are found by their names, and the second step is done.
#include "store/pg_parts.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/vec.h"
#include "time/civil.h"

#define DAY_US (DAY_S * INT64_C(1000000))
#define WHOLE_US (2 * DAY_US) // who keeps less than this has rows removed to the moment
#define TEXT_MAX 8192
#define DUPLICATE_TABLE "42P07"

static const char *const tables[] = {"run_history", "run_output", "attempt"};
#define TABLE_COUNT (sizeof tables / sizeof *tables)

struct days {
    VEC_OF(int64_t) joined; // since 1970, ascending
    VEC_OF(int64_t) loose;  // taken out, and not removed yet
};

// A day in names of tables, and where it begins and ends.
struct span {
    char name[16];
    int64_t from, to;
};

static bool days_read(struct pg *pg, struct days *days);
static bool script_run(struct pg *pg, struct buf *text);

static int64_t day_of(wall at)
{
    return floor_div(at.us, DAY_US);
}

static struct span span_of(int64_t day)
{
    struct civil c = civil_date(day);
    struct span span = {.from = day * DAY_US, .to = (day + 1) * DAY_US};

    snprintf(span.name, sizeof span.name, "%04d%02d%02d", (int)(c.year % 10000), c.month, c.day);
    return span;
}

static void days_done(struct days *days)
{
    vec_done(&days->joined);
    vec_done(&days->loose);
}

wall pg_parts_floor(wall now, wall before)
{
    bool is_whole = before.us != INT64_MIN && now.us - before.us >= WHOLE_US;

    return is_whole ? (wall){day_of(before) * DAY_US} : before;
}

// ---- making ----

// Whoever waits for a lock stands before those who come after, so it does not wait for long.
static void begin_add(struct buf *text)
{
    buf_add_text(text, "BEGIN; SELECT pg_advisory_xact_lock(1650814056, (SELECT "
                       "(oid::bigint % 2147483647)::integer FROM pg_namespace "
                       "WHERE nspname = current_schema())); SET LOCAL lock_timeout = '500ms';");
}

static void table_add(const char *table, const struct span *day, struct buf *text)
{
    buf_printf(text, "CREATE TABLE %s_%s (LIKE %s INCLUDING ALL);", table, day->name, table);
    buf_printf(text,
               "WITH moved AS (DELETE FROM %s_rest WHERE scheduled_at >= %" PRId64
               " AND scheduled_at < %" PRId64
               " RETURNING *) INSERT INTO %s_%s SELECT * FROM moved;",
               table, day->from, day->to, table, day->name);
    buf_printf(text,
               "ALTER TABLE %s ATTACH PARTITION %s_%s FOR VALUES FROM (%" PRId64 ") TO (%" PRId64
               ");",
               table, table, day->name, day->from, day->to);
}

// Another belfry may have made it meanwhile: that is as good.
static bool day_make(struct pg *pg, int64_t day)
{
    struct span span = span_of(day);
    struct buf text;

    buf_init(&text, TEXT_MAX);
    begin_add(&text);
    for (size_t i = 0; i < TABLE_COUNT; i++)
        table_add(tables[i], &span, &text);
    buf_add_text(&text, "COMMIT");
    return script_run(pg, &text) || (pg->conn && strcmp(pg->sqlstate, DUPLICATE_TABLE) == 0);
}

bool pg_parts_make(struct pg *pg, wall from, wall now)
{
    int64_t today = day_of(now), first = day_of(from);
    struct days days = {0};
    bool ok = days_read(pg, &days);

    if (days.joined.len > 0)
        first = days.joined.v[days.joined.len - 1] + 1;
    if (first < today - PG_PARTS_MAX)
        first = today - PG_PARTS_MAX;
    for (int64_t day = first; ok && day <= today + PG_PARTS_AHEAD; day++)
        ok = day_make(pg, day);
    days_done(&days);
    return ok;
}

// ---- going ----

// Of each job the newest that has such an end, unless there is a newer one.
static void newest_add(const char *states, const struct span *day, struct buf *text)
{
    buf_printf(
        text,
        "SELECT p.id, p.scheduled_at FROM (SELECT DISTINCT ON (job_id) id, job_id, "
        "scheduled_at FROM run_history_%s WHERE state %s ORDER BY job_id, scheduled_at DESC) "
        "AS p WHERE NOT EXISTS (SELECT FROM run_history AS h WHERE h.job_id = p.job_id AND "
        "h.scheduled_at > p.scheduled_at AND h.state %s) UNION ",
        day->name, states, states);
}

static void kept_add(const struct span *day, struct buf *text)
{
    buf_add_text(text, "CREATE UNLOGGED TABLE run_kept AS ");
    newest_add("= 10", day, text);
    newest_add("IN (11, 12, 15)", day, text);
    buf_printf(text,
               "SELECT p.id, p.scheduled_at FROM run_active AS a JOIN run_ask ON run_id = a.id "
               "JOIN run_history_%s AS p ON p.id = cause_id;",
               day->name);
}

// The day is not written meanwhile.
static bool day_take_out(struct pg *pg, int64_t day)
{
    struct span span = span_of(day);
    struct buf text;

    buf_init(&text, TEXT_MAX);
    begin_add(&text);
    for (size_t i = 0; i < TABLE_COUNT; i++)
        buf_printf(&text, "LOCK TABLE %s_%s IN SHARE MODE;", tables[i], span.name);
    kept_add(&span, &text);
    for (size_t i = 0; i < TABLE_COUNT; i++)
        buf_printf(&text, "ALTER TABLE %s DETACH PARTITION %s_%s;", tables[i], tables[i],
                   span.name);
    for (size_t i = 0; i < TABLE_COUNT; i++)
        buf_printf(&text,
                   "INSERT INTO %s SELECT p.* FROM run_kept AS k JOIN %s_%s AS p ON p.%s = k.id;",
                   tables[i], tables[i], span.name, i == 0 ? "id" : "run_id");
    buf_add_text(&text, "DROP TABLE run_kept; COMMIT");
    return script_run(pg, &text);
}

static bool day_remove(struct pg *pg, int64_t day)
{
    struct span span = span_of(day);
    struct buf text;
    char gone[400];

    snprintf(gone, sizeof gone,
             "FROM run_history_%s AS p WHERE NOT EXISTS (SELECT FROM run_history AS h WHERE "
             "h.scheduled_at = p.scheduled_at AND h.job_id = p.job_id AND h.scheduled_at BETWEEN "
             "%" PRId64 " AND %" PRId64 ")",
             span.name, span.from, span.to);
    buf_init(&text, TEXT_MAX);
    begin_add(&text);
    buf_printf(&text,
               "INSERT INTO pruned(job_id, slot, count) SELECT 0, %" PRId64 ", count(*) %s "
               "ON CONFLICT(job_id) DO UPDATE SET slot = greatest(pruned.slot, excluded.slot), "
               "count = pruned.count + excluded.count;",
               span.to - 1, gone);
    buf_printf(&text, "DELETE FROM run_ask WHERE run_id IN (SELECT p.id %s);", gone);
    for (size_t i = 0; i < TABLE_COUNT; i++)
        buf_printf(&text, "DROP TABLE %s_%s;", tables[i], span.name);
    buf_add_text(&text, "COMMIT");
    return script_run(pg, &text);
}

bool pg_parts_drop(struct pg *pg, wall before, int *ret_dropped)
{
    struct days days = {0};
    bool ok = days_read(pg, &days);
    int dropped = 0;

    for (size_t i = 0; ok && i < days.loose.len; i++)
        ok = day_remove(pg, days.loose.v[i]);
    for (size_t i = 0; ok && i < days.joined.len; i++) {
        int64_t day = days.joined.v[i];

        if ((day + 1) * DAY_US > before.us)
            break;
        ok = day_take_out(pg, day) && day_remove(pg, day);
        dropped += ok;
    }
    days_done(&days);
    *ret_dropped = dropped;
    return ok;
}

bool pg_parts_vacuum(struct pg *pg)
{
    return pg_script(pg, "VACUUM (SKIP_LOCKED) run_active");
}

// ---- helpers ----

static bool days_read(struct pg *pg, struct days *days)
{
    struct query *q = pg_get(pg, PG_PARTS);
    enum query_step step;

    while ((step = query_step(q)) == QUERY_ROW) {
        if (column_int(q, 1))
            vec_push(&days->joined, column_int(q, 0));
        else
            vec_push(&days->loose, column_int(q, 0));
    }
    query_reset(q);
    return step == QUERY_DONE;
}

// Ends the text. A transaction that fails is rolled back; the trouble says why it failed.
static bool script_run(struct pg *pg, struct buf *text)
{
    bool ok = pg->conn && pg_script(pg, buf_text(text));
    struct err why = pg->trouble;
    char sqlstate[sizeof pg->sqlstate];

    memcpy(sqlstate, pg->sqlstate, sizeof sqlstate);
    buf_done(text);
    if (ok || !pg->conn)
        return ok;
    (void)pg_script(pg, "ROLLBACK");
    if (pg->conn) {
        pg->trouble = why;
        memcpy(pg->sqlstate, sqlstate, sizeof sqlstate);
    }
    return false;
}
