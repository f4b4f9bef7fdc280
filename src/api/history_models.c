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
