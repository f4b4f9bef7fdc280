// pg_trouble.h - what PostgreSQL and libpq complain of, in an operator's words.
//
// name is the database as pg_uri_name has it. No complaint tells a password: libpq's never do.
#pragma once

#include <stdbool.h>

#include <libpq-fe.h>

#include "base/err.h"

// No connection, or one that is lost: why is libpq's text. Returns false.
bool pg_trouble_connection(const char *name, const char *why, struct err *e);

// A statement that failed; ret_sqlstate is its code, empty when there is none.
void pg_trouble_result(const char *name, const PGresult *result, char ret_sqlstate[6],
                       struct err *e);

#define PG_UNIQUE_VIOLATION "23505"
