// pg_migrate.c - is this schema ours, and that of today?
// SPDX-License-Identifier: Apache-2.0
//
// Belfry of two versions share a schema while they are replaced one by one: the first of the new
// ones adds what it needs (expand), the nodes are replaced (roll), and a later version takes away
// what nobody uses any more (contract). meta.compatible is the least schema version whose programs
// may go on with it, of all steps the greatest; node.knows is what each node knows. Steps are taken
// with every other writer excluded, and a node joins under the same lock: so nobody is there who
// knows too little, whichever of the two came first.
#include "store/pg_migrate.h"

#include <inttypes.h>
#include <stdio.h>

#include "store/takeover.h"

struct step {
    int version, least;
    const char *sql;
};

static const struct step steps[] = {
#define X(version, least, sql) {version, least, sql},
#include "store/pg_schema.def"
#undef X
};
#define STEP_COUNT (sizeof steps / sizeof *steps)
#define FIRST_OF_NODES 12  // before it a row of the table node says nothing
#define PATIENCE_MS 600000 // of a step, which may copy all of the history
#define PATIENCE "SET LOCAL statement_timeout = '10min';"

int pg_migrate_version(void)
{
    return steps[STEP_COUNT - 1].version;
}

static bool place_check(struct pg *pg, struct err *e)
{
    struct query *q = pg_get(pg, PG_ABOUT);
    struct str encoding, schema;

    if (query_step(q) != QUERY_ROW)
        return pg_fail(pg, e);
    encoding = column_text(q, 0);
    schema = column_text(q, 1);
    if (!str_eq(encoding, STR_LIT("UTF8"))) {
        fail(e, ERR_STORE, NULL, "\"%s\" has the encoding %.*s, not UTF8", pg->name, STR(encoding));
        return fail_hint(e, "make a database for belfry: createdb --encoding UTF8 --template "
                            "template0 NAME");
    }
    if (schema.len == 0) {
        fail(e, ERR_STORE, NULL, "\"%s\" has no schema of the search path", pg->name);
        return fail_hint(e, "make it (CREATE SCHEMA), or change search_path in the URL's options");
    }
    if (pg->is_writer && column_int(q, 2)) {
        fail(e, ERR_STORE, NULL, "\"%s\" is a standby, which can only be read", pg->name);
        return fail_hint(e, "name the primary; target_session_attrs=read-write in the URL finds it "
                            "among several hosts");
    }
    query_reset(q);
    return true;
}

static bool fail_foreign(const struct pg *pg, struct err *e)
{
    fail(e, ERR_STORE, NULL, "\"%s\" has tables of another program where belfry's would be",
         pg->name);
    return fail_hint(e, "give belfry a database, or a schema of its own: "
                        "?options=-csearch_path%%3Dbelfry at the end of the URL");
}

static bool fail_newer(const struct pg *pg, int64_t version, struct err *e)
{
    fail(e, ERR_STORE, NULL,
         "\"%s\" was written by a newer belfry (schema %" PRId64 ", this one knows %d)", pg->name,
         version, pg_migrate_version());
    return fail_hint(e, "start the newer belfry, or restore a backup from before the update");
}

// Whether a newer schema may be used by this program.
static bool is_compatible(struct pg *pg)
{
    int64_t least;

    return takeover_meta_get(&pg->base, "compatible", &least) && least <= pg_migrate_version();
}

bool pg_migrate_admits(struct pg *pg)
{
    int64_t version;

    if (!query_number(db_get(&pg->base, SQL_USER_VERSION), &version))
        return false;
    return version <= pg_migrate_version() || is_compatible(pg) ||
           fail_newer(pg, version, &pg->trouble);
}

bool pg_migrate_check(struct pg *pg, int64_t *ret_version, struct err *e)
{
    int64_t has_meta, others, is_ours, version = 0;

    if (!place_check(pg, e))
        return false;
    // In this order: tables that another belfry makes meanwhile have their mark.
    if (!query_number(pg_get(pg, PG_OTHERS), &others) ||
        !query_number(pg_get(pg, PG_MARK), &has_meta))
        return pg_fail(pg, e);
    if (!has_meta && others)
        return fail_foreign(pg, e);
    if (!has_meta) {
        *ret_version = 0;
        return true;
    }
    // Somebody's meta may have other columns: then the question itself fails.
    if (!query_number(pg_get(pg, PG_IS_OURS), &is_ours))
        return pg->conn && pg->sqlstate[0] == '4' ? fail_foreign(pg, e) : pg_fail(pg, e);
    if (!is_ours)
        return fail_foreign(pg, e);
    if (!query_number(db_get(&pg->base, SQL_USER_VERSION), &version))
        return pg_fail(pg, e);
    *ret_version = version;
    return version <= pg_migrate_version() || is_compatible(pg) || fail_newer(pg, version, e);
}

// Nobody may be there who does not know what the step has made of the tables.
static bool step_check(struct pg *pg, int64_t from)
{
    struct query *q = pg_get(pg, PG_NODES_BEHIND);
    enum query_step step;

    if (from < FIRST_OF_NODES)
        return true;
    query_int(q, 1, from);
    step = query_step(q);
    if (step == QUERY_ROW) {
        fail(&pg->trouble, ERR_BUSY, NULL,
             "\"%s\" is in use by an older belfry (node %.*s, version %.*s), which does not know "
             "the tables of this one",
             pg->name, STR(column_text(q, 0)), STR(column_text(q, 1)));
        (void)fail_hint(&pg->trouble, "upgrade its nodes, one after the other, to a version that "
                                      "does, or stop them; one that was killed counts as there "
                                      "until its lease ends");
    }
    query_reset(q);
    return step == QUERY_DONE;
}

static bool step_do(struct pg *pg, const struct step *step, int64_t from)
{
    char text[16384];
    struct err why;
    int length;
    bool ok;

    length =
        snprintf(text, sizeof text,
                 "BEGIN; " PATIENCE "%s INSERT INTO meta VALUES('compatible', '%d') "
                 "ON CONFLICT(key) DO UPDATE SET value = greatest(meta.value::bigint, %d)::text;"
                 "UPDATE meta SET value = '%d' WHERE key = 'schema';",
                 step->sql, step->least, step->least, step->version);
    ok = length < (int)sizeof text && pg_script(pg, text);

    if (ok && step_check(pg, from) && db_do(&pg->base, SQL_COMMIT))
        return true;
    why = pg->trouble; // the rollback must not hide it
    if (pg->conn)
        (void)pg_script(pg, "ROLLBACK");
    pg->trouble = why;
    return false;
}

// Waits until another who takes steps has done so.
static bool others_exclude(struct pg *pg)
{
    return pg_script(pg, "BEGIN; " PATIENCE "SET LOCAL lock_timeout = '10min'") &&
           query_run(pg_get(pg, PG_EPOCH_EXCLUDE)) && db_do(&pg->base, SQL_COMMIT);
}

static bool steps_take(struct pg *pg, struct err *e)
{
    int64_t from;
    bool ok = true;

    // Another may have been here meanwhile.
    if (!pg_migrate_check(pg, &from, e))
        return false;
    for (size_t i = 0; i < STEP_COUNT && ok; i++)
        ok = steps[i].version <= from || step_do(pg, &steps[i], from);
    return ok || pg_fail(pg, e);
}

bool pg_migrate(struct pg *pg, int64_t version, struct err *e)
{
    int64_t patience_ms = pg->patience_ms;
    bool ok;

    if (version >= pg_migrate_version())
        return true;
    pg->patience_ms = PATIENCE_MS;
    ok = others_exclude(pg) ? steps_take(pg, e) : pg_fail(pg, e);
    if (pg->conn)
        (void)query_run(pg_get(pg, PG_EPOCH_ADMIT));
    pg->patience_ms = patience_ms;
    return ok;
}
