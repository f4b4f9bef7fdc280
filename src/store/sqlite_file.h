// sqlite_file.h - opens a file as the one writer: looks whether it is sound, and brings it up to
// date.
#pragma once

#include "base/err.h"
#include "store/sql.h"

// Opens the database as the one writer: made, checked and migrated. A database that is there but
// empty although its log holds data is refused. path as from lock_resolve, locked. NULL with *e.
[[nodiscard]] struct sql *sqlite_file_open(const char *path, struct err *e);
