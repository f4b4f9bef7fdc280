// args.h - a job's args (a JSON array) as words for argv.
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

struct args {
    char **v;  // v[0] is first, v[count] is NULL
    int count; // first included
};

// Text goes through as it is, any other value as its JSON text; json may be empty (no arguments).
// Everything lies in arena. ERR_INPUT when json is no array.
[[nodiscard]] bool args_read(struct str json, const char *first, struct arena *arena,
                             struct args *ret, struct err *e);
