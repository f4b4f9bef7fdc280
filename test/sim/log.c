// log.c - keeps what happened.
// SPDX-License-Identifier: Apache-2.0
#include "log.h"

#include <stdlib.h>

const char *const sim_words[] = {
    "belfry begins", "knows the job", "has loaded",  "ends",    "clock set",   "store is ill",
    "store is well", "asked",         "answered",    "refused", "freeze",      "thaw",
    "job durable",   "claims",        "asks to try", "won",     "did not win", "row durable",
    "room",          "end saved",     "START",       "END",
};

void sim_log_done(struct sim_log *log)
{
    for (size_t i = 0; i < log->jobs.len; i++) {
        free((char *)log->jobs.v[i].name.p);
        free((char *)log->jobs.v[i].trigger.p);
        free((char *)log->jobs.v[i].tz.p);
        free((char *)log->jobs.v[i].spec.p);
    }
    for (size_t i = 0; i < log->words.len; i++)
        free(log->words.v[i]);
    vec_done(&log->events);
    vec_done(&log->jobs);
    vec_done(&log->runs);
    vec_done(&log->words);
}

void sim_log_job(struct sim_log *log, struct sim_event event, const struct job_row *row)
{
    struct job_row copy = *row;

    copy.name.p = str_own(row->name);
    copy.trigger.p = str_own(row->trigger);
    copy.tz.p = str_own(row->tz);
    copy.spec.p = str_own(row->spec);
    event.more = log->jobs.len;
    event.number = row->id;
    vec_push(&log->jobs, copy);
    vec_push(&log->events, event);
}

void sim_log_run(struct sim_log *log, struct sim_event event, const struct run *run)
{
    struct run copy = *run;

    copy.message = (struct str){0};
    event.more = log->runs.len;
    event.number = run->id;
    event.state = (int)run->state;
    event.attempt = run->attempt;
    event.slot = run->scheduled_at;
    vec_push(&log->runs, copy);
    vec_push(&log->events, event);
}

void sim_log_word(struct sim_log *log, struct sim_event event, const char *word)
{
    event.more = log->words.len;
    vec_push(&log->words, str_own(str_of(word)));
    vec_push(&log->events, event);
}
