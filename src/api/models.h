// models.h - parameters and replies of the API that are not a job: each a table of fields.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include "base/str.h"
#include "job/model.h"

struct job_params {
    struct str job_id;
};
struct run_params {
    int64_t run_id;
};
struct run_query {
    bool force;
};
struct ping_params {
    struct str key, what;
};
struct ping_query {
    struct str rid; // may be missing
};
struct run_ask_form {
    const json_t *args;
    int64_t delay;
    struct str scheduled_for;
    int overlap;
    bool force;
};
struct calendar_params {
    struct str name;
};
// What a calendar or a freeze may say; almanac_read and freeze_read read the values.
struct calendar_form {
    struct str name, description, timezone, reason, ics;
    const json_t *dates, *weekdays, *cron, *rrule, *calendars;
};
struct freeze_form {
    struct str name, description, timezone, reason, from, to, cron, rrule, duration;
    const json_t *jobs;
};
struct runs_query {
    int64_t limit, cursor;
    struct str state, job_id;
};
struct jobs_query {
    int64_t limit;
    struct str cursor, state, tag, kind, expand;
};
struct events_query {
    struct str topics, job_id;
    int64_t after;
};
struct check_query {
    struct str host;
};
struct schedule_query { // S2's host_ssl_check
    int64_t time_in_seconds;
    struct str host;
};
struct ready_query {
    struct str verbose; // ?verbose, ?verbose=1; "0" and "false" mean no
};

extern const struct model ping_params_model, ping_what_params_model, ping_query_model;
extern const struct model job_params_model, run_params_model, run_query_model;
extern const struct model run_ask_model, run_cancelled_model;
extern const struct model calendar_params_model, calendar_put_model, freeze_put_model;
extern const struct model jobs_query_model, runs_query_model, job_runs_query_model;
extern const struct model check_query_model, ready_query_model;
extern const struct model schedule_add_model, schedule_change_model, schedule_remove_model;

// A reply of text/plain: the one model without a name.
extern const struct model text_model;

extern const struct model scheduled_model, job_list_model, job_post_item_model, schedules_model;
extern const struct model run_model, run_full_model, run_list_model, run_started_model;
extern const struct model calendar_model, calendar_list_model, freeze_model, freeze_list_model;
extern const struct model events_query_model, event_model;
extern const struct model certificate_model, modules_model, status_model, health_model;
