// pg_uri.h - what a text that names a PostgreSQL database says.
#pragma once

#include <stdbool.h>

// "postgresql://user@host/database" of whatever libpq understands, for people: no password, no
// options. On the heap.
[[nodiscard]] char *pg_uri_name(const char *uri);

// Whether a text names a PostgreSQL database: postgresql://, postgres://, or either with a driver's
// name as SQLAlchemy has it, postgresql+psycopg2://.
bool pg_uri_is(const char *text);

// The same as libpq takes it, without a driver's name. On the heap.
[[nodiscard]] char *pg_uri_plain(const char *uri);

// Overwrites the password in it, in place, where it was typed as part of an URL: the command line
// of a process is for all to see.
void pg_uri_hide(char *uri);
