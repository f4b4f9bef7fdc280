// backfill_models.c - the tables of parameters and replies about backfills.
// SPDX-License-Identifier: Apache-2.0
#include "api/backfill_models.h"

#include "api/model_rows.h"
#include "sched/backfill.h"

static const char *const order_names[] = {"oldest", "newest", NULL};

static const struct model_field form[] = {
    {.name = "from",
     .type = MODEL_TEXT,
     .offset = offsetof(struct backfill_form, from),
     .required = 1,
     .max = 64,
     .doc = "The first moment, ISO 8601; without offset in the time zone of the job's trigger.",
     .example = "\"2026-11-01T00:00:00Z\""},
    {.name = "to",
     .type = MODEL_TEXT,
     .offset = offsetof(struct backfill_form, to),
     .is_nullable = true,
     .max = 64,
     .doc = "The last moment; now when null. What is still to come is left to the schedule.",
     .example = "\"2026-11-08T00:00:00Z\""},
    {.name = "dry_run",
     .type = MODEL_BOOL,
     .offset = offsetof(struct backfill_form, dry_run),
     .doc = "Only list the slots that would be run.",
     .example = "true"},
    {.name = "order",
     .type = MODEL_ENUM,
     .offset = offsetof(struct backfill_form, order),
     .choices = order_names,
     .doc = "Which slot is run first.",
     .example = "\"oldest\""},
    {.name = "parallel",
     .type = MODEL_INT,
     .offset = offsetof(struct backfill_form, parallel),
     .preset_n = 1,
     .min = 1,
     .max = BACKFILL_PARALLEL_MAX,
     .doc = "So many runs of it at once. They are not counted in the job's max_instances.",
     .example = "2"},
    {.name = "rerun",
     .type = MODEL_BOOL,
     .offset = offsetof(struct backfill_form, rerun),
     .doc = "Also slots that have been run. Otherwise only those that have not: skipped, missed, "
            "from before the job.",
     .example = "false"},
    {.name = "force",
     .type = MODEL_BOOL,
     .offset = offsetof(struct backfill_form, force),
     .doc = "Although a freeze holds the job.",
     .example = "false"},
};
MODEL(backfill_form_model, "BackfillAsk", "Past slots of a job that are to be run.", form,
      .size = sizeof(struct backfill_form), .is_loose = true, .extra = MODEL_EXTRA_FORBID,
      .example = "{\"from\":\"2026-11-01T00:00:00Z\",\"to\":\"2026-11-01T06:00:00Z\","
                 "\"dry_run\":true}")

static const struct model_field params[] = {
    {.name = "backfill_id",
     .type = MODEL_INT,
     .offset = offsetof(struct backfill_params, backfill_id),
     .required = 1,
     .min = 1,
     .max = INT64_MAX,
     .doc = "The backfill's number: that of its first run.",
     .example = "244301815808000"},
};
MODEL(backfill_params_model, "BackfillParams", NULL, params, .size = sizeof(struct backfill_params),
      .is_loose = true)

#define ID                                                                                \
    {                                                                                     \
        .name = "backfill_id", .type = MODEL_INT, .required = 1, .is_nullable = true,     \
        .doc = "Its number; null: there is nothing to run.", .example = "244301815808000" \
    }

static const struct model_field told[] = {
    ID,
    TEXT("job_id", "The job's name.", "\"get_random_user\""),
    BOOL("dry_run", "Whether nothing has been done.", "false"),
    INT("total", "Slots that are run, or would be.", "7"),
    INT("left_out", "Slots of that time that have been run already.", "1"),
    {.name = "slots",
     .type = MODEL_STRINGS,
     .required = 1,
     .doc = "The slots in the order in which they are run, in the time zone of the trigger.",
     .example = "[\"2026-11-01T02:00:00Z\"]"},
};
MODEL(backfill_model, "Backfill", "What a backfill is made of.", told)

static const struct model_field status[] = {
    ID,
    TEXT("job_id", "The job's name.", "\"get_random_user\""),
    INT("total", "Its runs, as far as they are still in the history.", "7"),
    INT("parallel", "So many at once.", "1"),
    OBJECT("states", NULL, "How many runs are in each state."),
    BOOL("is_done", "Whether all of them have ended.", "false"),
    TIME("first_slot", "The earliest slot that it runs."),
    TIME("last_slot", "The latest."),
    {.name = "failed",
     .type = MODEL_LIST,
     .required = 1,
     .doc = "Numbers of runs that ended badly, at most 100 of them.",
     .example = "[]"},
};
MODEL(backfill_status_model, "BackfillStatus", "How far a backfill is.", status)

static const struct model_field cancelled[] = {
    ID,
    INT("cancelled", "Runs that are being ended, or will not begin.", "5"),
};
MODEL(backfill_cancelled_model, "BackfillCancelled", "A backfill that is being cancelled.",
      cancelled)
