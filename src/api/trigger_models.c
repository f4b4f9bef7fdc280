// trigger_models.c - the tables of what may be asked of triggers, and of what is told of them.
// SPDX-License-Identifier: Apache-2.0
#include "api/trigger_models.h"

#include "api/model_rows.h"
#include "job/job.h"
#include "job/trigger_schema.h"
#include "trigger/dialect.h"

static const struct model_field next_query[] = {
    {.name = "n",
     .type = MODEL_INT,
     .offset = offsetof(struct next_query, n),
     .preset_n = 10,
     .min = 1,
     .max = 1000,
     .doc = "How many moments.",
     .example = "10"},
};
MODEL(next_query_model, "NextQuery", NULL, next_query, .size = sizeof(struct next_query),
      .is_loose = true)

#define PREVIEW_N 5
#define PREVIEW_N_MAX 1000
#define EXPR_MAX 8192

static const struct model_field preview_query[] = {
    {.name = "expr",
     .type = MODEL_TEXT,
     .offset = offsetof(struct preview_query, expr),
     .required = 1,
     .min = 1,
     .max = EXPR_MAX,
     .doc = "The schedule: crontab text, a text in another dialect, or a trigger as a JSON object.",
     .example = "\"30 2 * * mon-fri\""},
    {.name = "dialect",
     .type = MODEL_ENUM,
     .offset = offsetof(struct preview_query, dialect),
     .preset_n = -1,
     .choices = dialect_names,
     .doc = "The dialect of expr; what it looks like when not given.",
     .example = "\"cron\""},
    {.name = "tz",
     .type = MODEL_TEXT,
     .offset = offsetof(struct preview_query, tz),
     .min = 1,
     .max = 64,
     .doc = "IANA time zone in which local times are read; the server's default when not given.",
     .example = "\"Europe/Berlin\""},
    {.name = "n",
     .type = MODEL_INT,
     .offset = offsetof(struct preview_query, n),
     .preset_n = PREVIEW_N,
     .min = 1,
     .max = PREVIEW_N_MAX,
     .doc = "How many coming runs.",
     .example = "5"},
    {.name = "from",
     .type = MODEL_TIME,
     .offset = offsetof(struct preview_query, from),
     .doc = "Runs after this moment; now when not given.",
     .example = "\"2026-11-22T04:49:33Z\""},
};
MODEL(preview_query_model, "PreviewQuery", NULL, preview_query,
      .size = sizeof(struct preview_query), .is_loose = true)

static const struct model_field preview_body[] = {
    {.name = "trigger",
     .type = MODEL_OBJECT,
     .offset = offsetof(struct preview_body, trigger),
     .required = 1,
     .model = &trigger_spec_model,
     .doc = "The trigger, as in a job.",
     .example = "{\"type\":\"cron\",\"expr\":\"30 2 * * *\",\"timezone\":\"Europe/Berlin\"}"},
    {.name = "n",
     .type = MODEL_INT,
     .offset = offsetof(struct preview_body, n),
     .preset_n = PREVIEW_N,
     .min = 1,
     .max = PREVIEW_N_MAX,
     .doc = "How many coming runs.",
     .example = "5"},
    {.name = "from",
     .type = MODEL_TIME,
     .offset = offsetof(struct preview_body, from),
     .is_nullable = true,
     .doc = "Runs after this moment; now when not given.",
     .example = "\"2026-11-22T04:49:33Z\""},
    {.name = "job_id",
     .type = MODEL_TEXT,
     .offset = offsetof(struct preview_body, job_id),
     .is_nullable = true,
     .pattern = JOB_NAME_PATTERN,
     .check = job_name_check,
     .doc = "Whose trigger it is, or will be: H in it is that job's, its present trigger does not "
            "count among the others, and what it runs decides whether often is too often.",
     .example = "\"get_random_user\""},
};
MODEL(preview_body_model, "PreviewRequest", "A trigger to be looked at.", preview_body,
      .example = "{\"trigger\":{\"type\":\"interval\",\"hours\":6},\"n\":3}",
      .size = sizeof(struct preview_body), .extra = MODEL_EXTRA_FORBID)

static const struct model_field next_item[] = {
    TIME("at", "When."),
    TEXT("local", "The same as Python prints it, in the trigger's time zone.",
         "\"2026-11-22 04:49:33+00:00\""),
    {.name = "unix",
     .type = MODEL_NUMBER,
     .required = 1,
     .doc = "The same in seconds since 1970 UTC.",
     .example = "1795322973"},
    {.name = "freeze",
     .type = MODEL_TEXT,
     .doc = "The freeze that is to skip it, and why; absent: none.",
     .example = "\"freeze year-end: no changes before the audit\""},
    {.name = "paused",
     .type = MODEL_TEXT,
     .doc = "The pause that is to skip it, and why; absent: none.",
     .example = "\"the tag etl is paused: the database moves\""},
    {.name = "asked",
     .type = MODEL_TEXT,
     .doc = "That it was asked not to run, and why; absent: it was not.",
     .example = "\"asked not to run: done by hand\""},
};
static MODEL(next_item_model, "NextItem", "A coming run.", next_item)

    static const struct model_field excluded_item[] = {
        TIME("at", "When it would be."),
        TEXT("calendar", "The calendar that excludes it.", "\"holidays\""),
        {.name = "reason",
         .type = MODEL_TEXT,
         .required = 1,
         .is_nullable = true,
         .doc = "What the calendar says.",
         .example = "\"Christmas\""},
        TIME("moved_to", "When it runs instead; null: not at all."),
};
static MODEL(excluded_item_model, "ExcludedItem", "A run that calendars take away.", excluded_item)

    static const struct model_field dst_item[] = {
        TEXT("kind", "gap: clocks skip the time; fold: they show it twice.", "\"gap\""),
        TEXT("local", "The local time concerned, without offset.", "\"2027-03-28T02:30:00\""),
        TIME("change_at", "When the clocks change."),
        TIME("runs_at", "When it runs instead; null: not at all."),
        BOOL("runs_twice", "Whether it runs both times that clocks show it.", "false"),
        TEXT("words", "The same for a person.",
             "\"2027-03-28 02:30 does not exist: runs at 03:00 CEST\""),
};
static MODEL(dst_item_model, "DstItem", "A change of the clocks that touches a trigger.", dst_item)

    static const struct model_field next_fields[] = {
        TEXT("job_id", "The job's name.", "\"get_random_user\""),
        TEXT("words", "The trigger in plain English.", "\"every 15 seconds\""),
        TEXT("timezone", "The trigger's time zone.", "\"UTC\""),
        LIST("next", &next_item_model, "Coming runs, were nothing to hold them."),
        LIST("excluded", &excluded_item_model,
             "What the calendars of the trigger take away up to the last of them, at most 100."),
        LIST("dst", &dst_item_model,
             "Changes of the clocks in the coming two years that touch it."),
};
MODEL(next_model, "Next", "When a job runs next.", next_fields)

static const struct model_field rate_fields[] = {
    TEXT("words", "How often it runs, for a person.", "\"288 times a day\""),
    {.name = "per_day",
     .type = MODEL_NUMBER,
     .required = 1,
     .doc = "Runs a day on average, while it lasts.",
     .example = "288.0"},
    {.name = "total",
     .type = MODEL_INT,
     .required = 1,
     .is_nullable = true,
     .doc = "Runs to come, when their end is near enough to be counted.",
     .example = "12"},
};
static MODEL(rate_model, "Rate", "How often a trigger runs.", rate_fields)

    static const struct model_field warning_fields[] = {
        TEXT("code", "A name that never changes.", "\"uneven-step\""),
        TEXT("severity", "error, warning or note.", "\"warning\""),
        TEXT("message", "One sentence for a person.",
             "\"minute \\\"*/35\\\" begins anew each hour: runs are 35 minutes apart, then 25\""),
        {.name = "hint",
         .type = MODEL_TEXT,
         .required = 1,
         .is_nullable = true,
         .doc = "What would do instead.",
         .example = "\"@every 35m keeps the distance\""},
        {.name = "field",
         .type = MODEL_TEXT,
         .required = 1,
         .is_nullable = true,
         .doc = "The member of the trigger that it is about.",
         .example = "\"expr\""},
        {.name = "column",
         .type = MODEL_INT,
         .required = 1,
         .is_nullable = true,
         .doc = "Where in that member's text, from 1.",
         .example = "1"},
};
static MODEL(warning_model, "TriggerWarning", "What may be wrong with a trigger.", warning_fields)

    static const struct model_field preview_fields[] = {
        {.name = "dialect",
         .type = MODEL_TEXT,
         .required = 1,
         .is_nullable = true,
         .doc = "The dialect in which expr was read; null for a trigger's JSON object.",
         .example = "\"cron\""},
        TEXT("type", "The trigger's type.", "\"cron\""),
        OBJECT("trigger", &trigger_spec_model, "The trigger in canonical form."),
        TEXT("words", "The trigger in plain English.", "\"at 02:30 on weekdays, Europe/Berlin\""),
        {.name = "rate",
         .type = MODEL_OBJECT,
         .required = 1,
         .is_nullable = true,
         .model = &rate_model,
         .doc = "How often it runs; null when that hangs on events."},
        TEXT("timezone", "The trigger's time zone.", "\"Europe/Berlin\""),
        LIST("next", &next_item_model, "Coming runs."),
        LIST("excluded", &excluded_item_model,
             "What the calendars of the trigger take away up to the last of them, at most 100."),
        LIST("dst", &dst_item_model,
             "Changes of the clocks in the coming two years that touch it."),
        LIST("warnings", &warning_model, "What may be wrong with it."),
        OBJECT("conversions", NULL,
               "By dialect: {expr, trigger}, where expr is null when the dialect has no text for "
               "all of "
               "it; or {cannot}, the reason."),
};
MODEL(preview_model, "Preview", "All that is known of a trigger.", preview_fields)
