// pause_models.c - the tables of parameters and replies about pauses and tags.
// SPDX-License-Identifier: Apache-2.0
#include "api/pause_models.h"

#include "api/model_rows.h"
#include "job/job_write.h"
#include "job/tags.h"
#include "sched/asks.h"

static const struct model_field tag_params[] = {
    {.name = "tag",
     .type = MODEL_TEXT,
     .offset = offsetof(struct tag_params, tag),
     .required = 1,
     .pattern = TAG_PATTERN,
     .check = tag_check,
     .doc = "A tag.",
     .example = "\"etl\""},
};
MODEL(tag_params_model, "TagParams", NULL, tag_params, .size = sizeof(struct tag_params),
      .is_loose = true)

static const struct model_field pause_form[] = {
    {.name = "reason",
     .type = MODEL_TEXT,
     .offset = offsetof(struct pause_form, reason),
     .is_nullable = true,
     .max = PAUSE_REASON_MAX,
     .doc = "Why; told in the job and in the history.",
     .example = "\"the database moves\""},
    {.name = "until",
     .type = MODEL_TIME,
     .offset = offsetof(struct pause_form, until),
     .is_nullable = true,
     .doc = "When it ends by itself: a time with offset, or a local one in the zone of the job, "
            "else of the server. When null: when it is resumed.",
     .example = "\"2026-12-01T06:00:00Z\""},
};
MODEL(pause_form_model, "PauseForm", NULL, pause_form, .size = sizeof(struct pause_form),
      .is_loose = true, .extra = MODEL_EXTRA_FORBID)

static const struct model_field resume_form[] = {
    {.name = "catch_up",
     .type = MODEL_ENUM,
     .offset = offsetof(struct resume_form, catch_up),
     .choices = asks_catch_up_names,
     .doc = "Which slots that fell into the pause are run after all: none; one, the last; all, as "
            "many as misfire.max and misfire.window of the job allow. They are a backfill.",
     .example = "\"one\""},
};
MODEL(resume_form_model, "ResumeForm", NULL, resume_form, .size = sizeof(struct resume_form),
      .is_loose = true, .extra = MODEL_EXTRA_FORBID)

static const struct model_field skip_form[] = {
    {.name = "n",
     .type = MODEL_INT,
     .offset = offsetof(struct skip_form, n),
     .preset_n = 1,
     .min = 1,
     .max = ASKS_SKIP_MAX,
     .doc = "How many slots.",
     .example = "1"},
    {.name = "reason",
     .type = MODEL_TEXT,
     .offset = offsetof(struct skip_form, reason),
     .is_nullable = true,
     .max = PAUSE_REASON_MAX,
     .doc = "Why; told in the job and in the history.",
     .example = "\"done by hand\""},
};
MODEL(skip_form_model, "SkipForm", NULL, skip_form, .size = sizeof(struct skip_form),
      .is_loose = true, .extra = MODEL_EXTRA_FORBID)

static const struct model_field tag_pause[] = {
    TEXT("tag", "The tag.", "\"etl\""),
    INT("jobs", "Jobs that have it.", "3"),
    {.name = "paused",
     .type = MODEL_OBJECT,
     .required = 1,
     .is_nullable = true,
     .model = &pause_model,
     .doc = "The pause that is in force; null: none."},
};
MODEL(tag_pause_model, "Tag", "A tag.", tag_pause)

static const struct model_field tag_list[] = {
    INT("total", "Tags in the list.", "1"),
    LIST("tags", &tag_pause_model, "By name: those of jobs, and those that are paused."),
};
MODEL(tag_list_model, "TagList", "All tags.", tag_list)

static const struct model_field scheduler_pause[] = {
    {.name = "paused",
     .type = MODEL_OBJECT,
     .required = 1,
     .is_nullable = true,
     .model = &pause_model,
     .doc = "The pause that is in force; null: none."},
};
MODEL(scheduler_pause_model, "Scheduler", "The scheduler as a whole.", scheduler_pause)
