// pg_trouble.c - what PostgreSQL and libpq complain of, in an operator's words.
// SPDX-License-Identifier: Apache-2.0
#include "store/pg_trouble.h"

#include <stdio.h>
#include <string.h>

#include "base/str.h"

// By the code of an error, or the two characters of its class: what has happened, and what to do.
static const struct {
    const char *code, *what, *hint;
} words[] = {
    {"55P03", "another session keeps a table of it locked",
     "end that session (pg_stat_activity and pg_locks tell which); belfry tries again by itself"},
    {"57014", "it did not answer in time",
     "look at its load and at what holds locks; belfry tries again by itself"},
    {"57P", "it is being stopped", "start PostgreSQL; belfry connects again by itself"},
    {"25006", "it can only be read: is it a standby?",
     "name the primary; target_session_attrs=read-write in the URL finds it among several hosts"},
    {"42501", "belfry's role may not do what is needed",
     "let the role own the schema, or the database: see docs/postgresql.md"},
    {"53100", "its disk is full", "free some space; belfry tries again by itself"},
    {"53300", "it has no connection left for us",
     "raise max_connections, or give the role connections of its own; belfry needs five"},
    {"28", "it does not let us in", "look at the role, its password and pg_hba.conf"},
    {"3D000", "there is no such database", "make it: createdb --owner ROLE NAME"},
    {"26000", "statements that belfry has prepared are gone",
     "a pooler hands each transaction another session: let belfry have its own, pool_mode = "
     "session"},
    {"42P05", "statements that somebody else has prepared are in the way",
     "a pooler hands each transaction another session: let belfry have its own, pool_mode = "
     "session"},
    {"08", "the connection broke",
     "look at PostgreSQL and the way to it; belfry connects again "
     "by itself"},
};

// The first line, without what libpq puts before it.
static struct str first_line(const char *why)
{
    struct str rest = str_of(why), line = {0};

    (void)str_next(&rest, '\n', &line);
    return line;
}

bool pg_trouble_connection(const char *name, const char *why, struct err *e)
{
    struct str line = first_line(why && *why ? why : "the connection is gone");

    fail(e, ERR_STORE, NULL, "\"%s\" cannot be reached: %.*s", name, STR(line));
    return fail_hint(e, "look at PostgreSQL, the way to it and what the URL says; a belfry that "
                        "runs connects again by itself");
}

void pg_trouble_result(const char *name, const PGresult *result, char ret_sqlstate[6],
                       struct err *e)
{
    const char *code = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    const char *text = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);

    snprintf(ret_sqlstate, 6, "%s", code ? code : "");
    if (!code) {
        (void)pg_trouble_connection(name, PQresultErrorMessage(result), e);
        return;
    }
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (strncmp(code, words[i].code, strlen(words[i].code)) != 0)
            continue;
        (void)fail(e, ERR_STORE, NULL, "\"%s\": %s (%s)", name, words[i].what, text ? text : code);
        (void)fail_hint(e, "%s", words[i].hint);
        return;
    }
    (void)fail(e, ERR_STORE, NULL, "\"%s\" cannot be used: %s (%s)", name,
               text ? text : "an error without words", code);
    (void)fail_hint(e, "if nobody has changed its tables by hand, this is a fault of belfry's");
}
