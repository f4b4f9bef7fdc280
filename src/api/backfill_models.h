// backfill_models.h - parameters and replies about backfills.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"
#include "job/model.h"

struct backfill_form {
    struct str from, to;
    bool dry_run, rerun, force;
    int order;
    int64_t parallel;
};
struct backfill_params {
    int64_t backfill_id;
};

extern const struct model backfill_form_model, backfill_params_model;
extern const struct model backfill_model, backfill_status_model, backfill_cancelled_model;
