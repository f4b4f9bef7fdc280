// log_models.c - the fields of questions about a run's output.
// SPDX-License-Identifier: Apache-2.0
#include "api/log_models.h"

#include "api/model_rows.h"
#include "job/run_log.h"

static const char *const format_names[] = {"text", "ndjson", "raw", NULL};
static const char *const stream_names[] = {"both", "stdout", "stderr", NULL};

enum {
    LOG_ALL = 1,
    LOG_FOLLOW = 2
};

static const struct model_field log_query[] = {
    {.name = "format",
     .type = MODEL_ENUM,
     .offset = offsetof(struct log_query, format),
     .in = LOG_ALL,
     .choices = format_names,
     .doc = "text: lines; ndjson: a JSON object a line, with time and stream; raw: the bytes.",
     .example = "\"text\""},
    {.name = "stream",
     .type = MODEL_ENUM,
     .offset = offsetof(struct log_query, stream),
     .choices = stream_names,
     .doc = "Which of the two.",
     .example = "\"stderr\""},
    {.name = "tail",
     .type = MODEL_INT,
     .offset = offsetof(struct log_query, tail),
     .preset_n = -1,
     .min = -1,
     .max = RUN_LOG_TAIL_MAX,
     .doc = "Only so many of the last lines; -1: all.",
     .example = "100"},
    {.name = "offset",
     .type = MODEL_INT,
     .offset = offsetof(struct log_query, offset),
     .max = INT64_MAX,
     .doc = "Only what comes behind this place, as a line's offset tells it.",
     .example = "4096"},
    {.name = "attempt",
     .type = MODEL_INT,
     .offset = offsetof(struct log_query, attempt),
     .max = 1000000,
     .doc = "Which attempt of the run; 0: the last one.",
     .example = "1"},
    {.name = "timestamps",
     .type = MODEL_BOOL,
     .offset = offsetof(struct log_query, timestamps),
     .in = LOG_ALL,
     .doc = "In text: the time before each line.",
     .example = "true"},
    {.name = "download",
     .type = MODEL_BOOL,
     .offset = offsetof(struct log_query, download),
     .in = LOG_ALL,
     .doc = "As a file to be saved.",
     .example = "true"},
};
MODEL(log_query_model, "LogQuery", NULL, log_query, .size = sizeof(struct log_query),
      .use = LOG_ALL, .is_loose = true)
MODEL(log_follow_model, "LogFollowQuery", NULL, log_query, .size = sizeof(struct log_query),
      .use = LOG_FOLLOW, .is_loose = true)

static const struct model_field log_line[] = {
    {.name = "at",
     .type = MODEL_TIME,
     .doc = "When it came.",
     .example = "\"2026-11-26T02:30:00.123456Z\""},
    {.name = "stream", .type = MODEL_TEXT, .doc = "stdout or stderr.", .example = "\"stdout\""},
    {.name = "text",
     .type = MODEL_TEXT,
     .doc = "The line, without its end.",
     .example = "\"hello\""},
    {.name = "partial",
     .type = MODEL_BOOL,
     .doc = "true: no newline followed; the next of its stream goes on with it.",
     .example = "true"},
    {.name = "missing",
     .type = MODEL_INT,
     .preset_n = 0,
     .doc = "Instead of all that: so many bytes of the log are left out here.",
     .example = "0"},
    {.name = "offset",
     .type = MODEL_INT,
     .required = 1,
     .doc = "The place behind it, for asking on.",
     .example = "4096"},
};
MODEL(log_line_model, "LogLine", "A line of a run's output.", log_line)
MODEL(log_event_model, "LogEvent",
      "Events: line, with id, and data as LogLine; end, whose data is {\"state\"} of the run.",
      log_line)
