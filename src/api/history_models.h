// history_models.h - parameters and replies that look back and ahead: why, timelines, forecasts,
// statistics.
#pragma once

#include <stdint.h>

#include "base/str.h"
#include "job/model.h"

struct why_query {
    struct str at; // may be missing
};

extern const struct model why_query_model, why_model;
