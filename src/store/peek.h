// peek.h - a look into a database beside whoever holds it: jobs, calendars, how long runs took.
//
// Nothing is changed, no lock is asked for, and nothing is waited for: what is read is what was
// durable at that moment.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "store/store.h"

#define PEEK_DURATIONS_MAX 100

struct peek_fns {
    void (*on_calendar)(const struct store_calendar *row, void *ctx); // before the first job
    // A living job, by id. durations_us: of its last runs that went well, the latest first.
    void (*on_job)(const struct job_row *row, const int64_t *durations_us, size_t count, void *ctx);
};

// path: a file, or the URL of a PostgreSQL database.
// ERR_STORE when there is no such file, it is not belfry's, damaged, or of another schema.
[[nodiscard]] bool peek(const char *path, const struct peek_fns *fns, void *ctx, struct err *e);
