// log_models.h - what may be asked of a run's output, and the form of its lines.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "job/model.h"

struct log_query {
    int format; // index of text, ndjson, raw
    int stream; // of both, stdout, stderr
    int64_t tail, offset, attempt;
    bool timestamps, download;
};

extern const struct model log_query_model, log_follow_model, log_line_model, log_event_model;
