// history_models.h - parameters and replies that look back and ahead: why, timelines, forecasts,
// statistics.
#pragma once

#include <stdint.h>

#include "base/str.h"
#include "job/model.h"

struct why_query {
    struct str at; // may be missing
};

struct timeline_query {
    struct str from, to; // may be missing
    int64_t limit;
};
struct forecast_query {
    struct str from, to; // may be missing
    int64_t buckets, assume;
};
struct stats_query {
    int64_t n;
};

extern const struct model why_query_model, why_model;
extern const struct model timeline_query_model, timeline_model;
extern const struct model forecast_query_model, forecast_model;
extern const struct model stats_query_model, stats_model;
