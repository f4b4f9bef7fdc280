// history_models.c - the tables of what looks back and ahead.
// SPDX-License-Identifier: Apache-2.0
#include "api/history_models.h"

#include "api/model_rows.h"

static const struct model_field why_query[] = {
    {.name = "at",
     .type = MODEL_TEXT,
     .offset = offsetof(struct why_query, at),
     .max = 64,
     .doc = "The moment: RFC 3339, or local in the job's zone; a time of day alone is today's; "
            "\"yesterday 02:00\"; a day. Without seconds its minute is meant. This minute when "
            "not given.",
     .example = "\"2026-11-22T02:00\""},
};
MODEL(why_query_model, "WhyQuery", NULL, why_query, .size = sizeof(struct why_query),
      .is_loose = true)

static const struct model_field related_fields[] = {
    INT("run_id", "The run's number.", "244301815808000"),
    TEXT("state", "Its state.", "\"succeeded\""),
    TEXT("reason", "Why it was skipped or waits; may be empty.", "\"\""),
    TEXT("origin", "Who wanted it.", "\"schedule\""),
    TIME("scheduled_at", "Its slot."),
    TIME("started_at", "When it started."),
    TIME("finished_at", "When it ended."),
};
static const struct model related_model = {.name = "WhyRun",
                                           .doc = "A run that an explanation speaks of.",
                                           .fields = related_fields,
                                           .count = MODEL_COUNT(related_fields)};

static const struct model_field answer_fields[] = {
    TIME("slot", "The slot, or the moment asked for when there is none, in the job's zone."),
    TEXT("outcome",
         "What became of it: a run's state, coalesced, due, future, paused, excluded, moved, none "
         "(there is no such slot) or unknown.",
         "\"skipped\""),
    TEXT("rule", "The rule that decided, a name that never changes.", "\"overlap\""),
    TEXT("sentence", "The same for a person.",
         "\"02:00 was skipped: the run of 01:00 was still running (since 01:00:03) and "
         "max_instances is 1\""),
    {.name = "run",
     .type = MODEL_OBJECT,
     .required = 1,
     .is_nullable = true,
     .model = &related_model,
     .doc = "Its row in the ledger, or the one that stands for it."},
    LIST("related", &related_model, "Runs that were in the way."),
};
static const struct model answer_model = {.name = "WhyAnswer",
                                          .doc = "What became of one slot.",
                                          .fields = answer_fields,
                                          .count = MODEL_COUNT(answer_fields)};

static const struct model_field why_fields[] = {
    TEXT("job_id", "The job's name.", "\"backup\""),
    TEXT("timezone", "The zone in which it is told: the job's.", "\"Europe/Berlin\""),
    TEXT("day", "The day that is spoken of.", "\"Sunday, 2026-11-22, Europe/Berlin\""),
    LIST("answers", &answer_model, "A slot each, the oldest first; at least one."),
    BOOL("more", "Whether there are more slots than are told.", "false"),
    TEXT("text", "All of it as one text.",
         "\"backup, Sunday, 2026-11-22, Europe/Berlin\\n02:00 ran: it started at 02:00 and "
         "succeeded after 4s\\n\""),
};
MODEL(why_model, "Why", "What became of a moment of a job.", why_fields)

// --- timelines
// ---------------------------------------------------------------------------------------------

#define WINDOW(struct_, doc_from, doc_to)                                                    \
    {.name = "from",                                                                         \
     .type = MODEL_TEXT,                                                                     \
     .offset = offsetof(struct struct_, from),                                               \
     .max = 64,                                                                              \
     .doc = doc_from,                                                                        \
     .example = "\"2026-11-22T00:00:00Z\""},                                                 \
    {                                                                                        \
        .name = "to", .type = MODEL_TEXT, .offset = offsetof(struct struct_, to), .max = 64, \
        .doc = doc_to, .example = "\"2026-11-23T00:00:00Z\""                                 \
    }

static const struct model_field timeline_query[] = {
    WINDOW(timeline_query,
           "Begin of the window, RFC 3339, or without offset local (of a job: in its zone, of all: "
           "in UTC). 24 hours ago when not given.",
           "Its end, at most 366 days behind from. 24 hours from now when not given."),
    {.name = "limit",
     .type = MODEL_INT,
     .offset = offsetof(struct timeline_query, limit),
     .preset_n = 500,
     .min = 1,
     .max = INT64_MAX,
     .doc = "So many runs, and so many slots, at most; more than 1000 counts as 1000.",
     .example = "500"},
};
MODEL(timeline_query_model, "TimelineQuery", NULL, timeline_query,
      .size = sizeof(struct timeline_query), .is_loose = true)

static const struct model_field timeline_run_fields[] = {
    INT("run_id", "The run's number.", "244301815808000"),
    TEXT("job_id", "The job's name.", "\"backup\""),
    TEXT("state", "Its state.", "\"succeeded\""),
    TEXT("reason", "Why it was skipped or waits; may be empty.", "\"\""),
    TEXT("origin", "Who wanted it.", "\"schedule\""),
    TIME("scheduled_at", "Its slot."),
    TIME("started_at", "When it started."),
    TIME("finished_at", "When it ended."),
    INT("missed", "Earlier slots that it stands for as well.", "0"),
    TIME("missed_from", "The first of them."),
};
static const struct model timeline_run_model = {.name = "TimelineRun",
                                                .doc = "A run in a window of time.",
                                                .fields = timeline_run_fields,
                                                .count = MODEL_COUNT(timeline_run_fields)};

static const struct model_field timeline_slot_fields[] = {
    TEXT("job_id", "The job's name.", "\"backup\""),
    TIME("at", "When it is due."),
    {.name = "usual_ms",
     .type = MODEL_INT,
     .required = 1,
     .is_nullable = true,
     .doc = "The median of its last successful runs, as far as it is known.",
     .example = "4200"},
};
static const struct model timeline_slot_model = {.name = "TimelineSlot",
                                                 .doc = "A slot that is still to come.",
                                                 .fields = timeline_slot_fields,
                                                 .count = MODEL_COUNT(timeline_slot_fields)};

static const struct model_field timeline_fields[] = {
    TIME("from", "Begin of the window."),
    TIME("to", "Its end."),
    LIST("runs", &timeline_run_model,
         "Those whose slot lies in the window, the oldest first, after those that were in progress "
         "when it begins."),
    BOOL("more_runs", "Whether there are more than are told.", "false"),
    LIST("slots", &timeline_slot_model, "What is to come, the next one first."),
    BOOL("more_slots", "Whether there are more than are told.", "false"),
};
MODEL(timeline_model, "Timeline", "What ran and what will run in a window of time.",
      timeline_fields)

// --- forecasts
// ---------------------------------------------------------------------------------------------

static const struct model_field forecast_query[] = {
    WINDOW(forecast_query, "Begin, RFC 3339 or UTC without offset. Now when not given.",
           "End, at most 31 days behind from. 24 hours behind from when not given."),
    {.name = "buckets",
     .type = MODEL_INT,
     .offset = offsetof(struct forecast_query, buckets),
     .preset_n = 48,
     .min = 1,
     .max = 1000,
     .doc = "Into how many equal parts the time is divided.",
     .example = "48"},
    {.name = "assume",
     .type = MODEL_DURATION,
     .offset = offsetof(struct forecast_query, assume),
     .preset_n = 10000000,
     .max = INT64_C(86400000000),
     .doc = "How long a run is expected to take when its job has not taught it (default 10s).",
     .example = "\"10s\""},
};
MODEL(forecast_query_model, "ForecastQuery", NULL, forecast_query,
      .size = sizeof(struct forecast_query), .is_loose = true)

static const struct model_field bucket_fields[] = {
    TIME("from", "Begin of the part."),
    INT("fires", "Runs that are due in it.", "12"),
    INT("peak", "The most runs at one moment.", "3"),
    {.name = "busy",
     .type = MODEL_NUMBER,
     .required = 1,
     .doc = "Runs in progress on average.",
     .example = "0.8"},
};
static const struct model bucket_model = {.name = "ForecastBucket",
                                          .doc = "A part of the time ahead.",
                                          .fields = bucket_fields,
                                          .count = MODEL_COUNT(bucket_fields)};

static const struct model_field forecast_fields[] = {
    TIME("from", "Begin."),
    TIME("to", "End."),
    INT("bucket_ms", "How long each part is.", "1800000"),
    INT("fires", "Runs that are due in all of them.", "288"),
    INT("frozen", "Slots that a freeze takes away.", "0"),
    INT("assumed", "Runs whose length was assumed, since their job has not taught it (yet).", "0"),
    {.name = "peak",
     .type = MODEL_OBJECT,
     .required = 1,
     .is_nullable = true,
     .model = &bucket_model,
     .doc = "The part with the highest peak, the first of several; null: nothing is due."},
    LIST("buckets", &bucket_model, "All parts in order."),
    BOOL("cut",
         "Whether there are more slots than can be looked at (50,000): then the figures are "
         "too low.",
         "false"),
};
MODEL(forecast_model, "Forecast", "The load to come.", forecast_fields)

// --- statistics
// ---------------------------------------------------------------------------------------------

static const struct model_field stats_query[] = {
    {.name = "n",
     .type = MODEL_INT,
     .offset = offsetof(struct stats_query, n),
     .preset_n = 100,
     .min = 1,
     .max = 1000,
     .doc = "The last so many rows count.",
     .example = "100"},
};
MODEL(stats_query_model, "StatsQuery", NULL, stats_query, .size = sizeof(struct stats_query),
      .is_loose = true)

#define SPREAD(key, words)                                                     \
    {                                                                          \
        .name = key, .type = MODEL_OBJECT, .required = 1, .is_nullable = true, \
        .model = &spread_model, .doc = words                                   \
    }

static const struct model_field spread_fields[] = {
    INT("p50", "Half of them did not exceed it.", "4200"),
    INT("p95", "95 % did not.", "6100"),
    INT("max", "None did.", "9000"),
};
static const struct model spread_model = {.name = "Spread",
                                          .doc = "How a time in milliseconds is spread.",
                                          .fields = spread_fields,
                                          .count = MODEL_COUNT(spread_fields)};

static const struct model_field stats_fields[] = {
    TEXT("job_id", "The job's name.", "\"backup\""),
    INT("rows", "Rows that were looked at.", "100"),
    TIME("since", "The slot of the oldest of them."),
    OBJECT("states", NULL, "How many there are of each state."),
    {.name = "success_rate",
     .type = MODEL_NUMBER,
     .required = 1,
     .is_nullable = true,
     .doc = "Succeeded runs among those that ended; skipped and cancelled ones do not count. null: "
            "there is none.",
     .example = "0.98"},
    INT("failed_in_a_row", "Runs since the last success that ended badly.", "0"),
    TIME("last_success_at", "When the last one that succeeded ended."),
    TIME("last_failure_at", "When the last one that did not ended."),
    SPREAD("duration_ms", "How long successful runs took; null: there is none."),
    SPREAD("lag_ms", "How long after its slot a run of the schedule started; null: there is none."),
};
MODEL(stats_model, "Stats", "How a job has been doing.", stats_fields)
