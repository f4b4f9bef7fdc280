// trigger_models.h - parameters and replies that are about triggers: a job's coming runs, and
// schedules before they are used.
#pragma once

#include <stdint.h>

#include <jansson.h>

#include "base/str.h"
#include "job/model.h"

struct next_query {
    int64_t n;
};
struct preview_query {
    struct str expr, tz, from; // tz and from may be missing
    int dialect;               // enum dialect; -1: guessed
    int64_t n;
};
struct preview_body {
    const json_t *trigger;
    struct str from, job_id;
    int64_t n;
};

extern const struct model next_query_model, next_model;
extern const struct model preview_query_model, preview_body_model, preview_model;
