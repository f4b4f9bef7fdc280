// pg_migrate.c - is this schema ours, and that of today?
// SPDX-License-Identifier: Apache-2.0
#include "store/pg_migrate.h"

#include <inttypes.h>
#include <stdio.h>

struct step {
    int version;
    const char *sql;
};

static const struct step steps[] = {
#define X(version, sql) {version, sql},
#include "store/pg_schema.def"
#undef X
};
#define STEP_COUNT (sizeof steps / sizeof *steps)

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

bool pg_migrate_check(struct pg *pg, int64_t *ret_version, struct err *e)
{
    int64_t has_meta, others, is_ours, version = 0;

    if (!place_check(pg, e))
        return false;
    if (!query_number(pg_get(pg, PG_MARK), &has_meta) ||
        !query_number(pg_get(pg, PG_OTHERS), &others))
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
    if (version <= pg_migrate_version())
        return true;
    fail(e, ERR_STORE, NULL,
         "\"%s\" was written by a newer belfry (schema %" PRId64 ", this one knows %d)", pg->name,
         version, pg_migrate_version());
    return fail_hint(e, "start the newer belfry, or restore a backup from before the update");
}

static bool step_do(struct pg *pg, const struct step *step)
{
    char text[16384];
    int length = snprintf(text, sizeof text,
                          "BEGIN; %s UPDATE meta SET value = '%d' WHERE key = 'schema'; "
                          "COMMIT",
                          step->sql, step->version);

    if (length < (int)sizeof text && pg_script(pg, text))
        return true;
    if (pg->conn)
        (void)pg_script(pg, "ROLLBACK");
    return false;
}

bool pg_migrate(struct pg *pg, int64_t version, struct err *e)
{
    for (size_t i = 0; i < STEP_COUNT; i++) {
        struct err trouble;

        if (steps[i].version <= version)
            continue;
        if (step_do(pg, &steps[i]))
            continue;
        trouble = pg->trouble;
        *e = trouble;
        return false;
    }
    return true;
}
