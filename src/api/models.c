// models.c - the tables of the API's parameters and replies.
// SPDX-License-Identifier: Apache-2.0
#include "api/models.h"

#include "api/model_rows.h"
#include "job/job.h"
#include "job/job_write.h"
#include "trigger/almanac.h"

// --- parameters
// ---------------------------------------------------------------------------------------------------

static const struct model_field job_params[] = {
    {.name = "job_id",
     .type = MODEL_TEXT,
     .offset = offsetof(struct job_params, job_id),
     .required = 1,
     .pattern = JOB_NAME_PATTERN,
     .check = job_name_check,
     .doc = "The job's name.",
     .example = "\"get_random_user\""},
};
MODEL(job_params_model, "JobParams", NULL, job_params, .size = sizeof(struct job_params),
      .is_loose = true)

static const struct model_field run_params[] = {
    {.name = "run_id",
     .type = MODEL_INT,
     .offset = offsetof(struct run_params, run_id),
     .required = 1,
     .min = 1,
     .max = INT64_MAX,
     .doc = "The run's number.",
     .example = "244301815808000"},
};
MODEL(run_params_model, "RunParams", NULL, run_params, .size = sizeof(struct run_params),
      .is_loose = true)

static const struct model_field run_query[] = {
    {.name = "force",
     .type = MODEL_BOOL,
     .offset = offsetof(struct run_query, force),
     .doc = "Run it although a freeze holds it.",
     .example = "false"},
};
MODEL(run_query_model, "RunQuery", NULL, run_query, .size = sizeof(struct run_query),
      .is_loose = true, .extra = MODEL_EXTRA_FORBID)

enum {
    RUNS_OF_ALL = 1,
    RUNS_OF_JOB = 2
};

static const struct model_field runs_query[] = {
    {.name = "limit",
     .type = MODEL_INT,
     .offset = offsetof(struct runs_query, limit),
     .preset_n = 100,
     .min = 1,
     .max = INT64_MAX,
     .doc = "Runs on this page; more than 1000 counts as 1000.",
     .example = "100"},
    {.name = "cursor",
     .type = MODEL_INT,
     .offset = offsetof(struct runs_query, cursor),
     .max = INT64_MAX,
     .doc = "next_cursor of the page before.",
     .example = "244301815808000"},
    {.name = "state",
     .type = MODEL_TEXT,
     .offset = offsetof(struct runs_query, state),
     .max = 200,
     .doc =
         "Only runs in these states, with commas. A page looks through 20,000 runs at most: it may "
         "be short, or empty, and have a next_cursor all the same.",
     .example = "\"failed,timed_out\""},
    {.name = "job_id",
     .type = MODEL_TEXT,
     .in = RUNS_OF_ALL,
     .offset = offsetof(struct runs_query, job_id),
     .pattern = JOB_NAME_PATTERN,
     .check = job_name_check,
     .doc = "Only runs of this job.",
     .example = "\"get_random_user\""},
};
MODEL(runs_query_model, "RunsQuery", NULL, runs_query, .size = sizeof(struct runs_query),
      .use = RUNS_OF_ALL, .is_loose = true)
MODEL(job_runs_query_model, "JobRunsQuery", NULL, runs_query, .size = sizeof(struct runs_query),
      .use = RUNS_OF_JOB, .is_loose = true)

static const struct model_field jobs_query[] = {
    {.name = "limit",
     .type = MODEL_INT,
     .offset = offsetof(struct jobs_query, limit),
     .preset_n = 100,
     .min = 1,
     .max = INT64_MAX,
     .doc =
         "Jobs on this page; more than 1000 counts as 1000. Without any parameter all jobs come.",
     .example = "100"},
    {.name = "cursor",
     .type = MODEL_TEXT,
     .offset = offsetof(struct jobs_query, cursor),
     .max = 200,
     .doc = "next_cursor of the page before.",
     .example = "\"1795694400000000:get_random_user\""},
    {.name = "state",
     .type = MODEL_TEXT,
     .offset = offsetof(struct jobs_query, state),
     .max = 100,
     .doc =
         "Only jobs in these states, with commas: scheduled, paused, manual, ended, quarantined.",
     .example = "\"paused,quarantined\""},
    {.name = "tag",
     .type = MODEL_TEXT,
     .offset = offsetof(struct jobs_query, tag),
     .is_nullable = true,
     .doc = "Only jobs with that tag.",
     .example = "\"etl\""},
    {.name = "kind",
     .type = MODEL_TEXT,
     .offset = offsetof(struct jobs_query, kind),
     .is_nullable = true,
     .doc = "Only jobs of these kinds, with commas.",
     .example = "\"folder\""},
    {.name = "expand",
     .type = MODEL_TEXT,
     .offset = offsetof(struct jobs_query, expand),
     .max = 100,
     .doc =
         "More of each job, with commas: words (the schedule in plain English), last_run (the run "
         "of the latest slot, null when there is none).",
     .example = "\"words,last_run\""},
};
MODEL(jobs_query_model, "JobsQuery", NULL, jobs_query, .size = sizeof(struct jobs_query),
      .is_loose = true)

static const struct model_field check_query[] = {
    {.name = "host",
     .type = MODEL_TEXT,
     .offset = offsetof(struct check_query, host),
     .preset = "www.google.com",
     .min = 1,
     .max = 300,
     .doc = "HOST or HOST:PORT; port 443 when left out.",
     .example = "\"www.example.org\""},
};
MODEL(check_query_model, "CheckQuery", NULL, check_query, .size = sizeof(struct check_query),
      .is_loose = true)

enum {
    SCHEDULE_ADD = 1,
    SCHEDULE_CHANGE = 2,
    SCHEDULE_REMOVE = 4
};

static const struct model_field schedule_query[] = {
    {.name = "time_in_seconds",
     .type = MODEL_INT,
     .offset = offsetof(struct schedule_query, time_in_seconds),
     .in = SCHEDULE_ADD | SCHEDULE_CHANGE,
     .required = SCHEDULE_CHANGE,
     .preset_n = 60,
     .max = INT64_C(3155760000),
     .doc = "Seconds between two checks; 0 counts as 1.",
     .example = "60"},
    {.name = "host",
     .type = MODEL_TEXT,
     .offset = offsetof(struct schedule_query, host),
     .required = SCHEDULE_ADD | SCHEDULE_CHANGE | SCHEDULE_REMOVE,
     .min = 1,
     .max = JOB_NAME_MAX,
     .doc = "HOST or HOST:PORT; it is the job's name as well.",
     .example = "\"www.example.org\""},
};
MODEL(schedule_add_model, "ScheduleAdd", NULL, schedule_query, .use = SCHEDULE_ADD,
      .size = sizeof(struct schedule_query), .is_loose = true)
MODEL(schedule_change_model, "ScheduleChange", NULL, schedule_query, .use = SCHEDULE_CHANGE,
      .size = sizeof(struct schedule_query), .is_loose = true)
MODEL(schedule_remove_model, "ScheduleRemove", NULL, schedule_query, .use = SCHEDULE_REMOVE,
      .size = sizeof(struct schedule_query), .is_loose = true)

static const struct model_field ready_query[] = {
    {.name = "verbose",
     .type = MODEL_TEXT,
     .offset = offsetof(struct ready_query, verbose),
     .preset = "0",
     .doc = "List each check.",
     .example = "\"1\""},
};
MODEL(ready_query_model, "ReadyQuery", NULL, ready_query, .size = sizeof(struct ready_query),
      .is_loose = true)

const struct model text_model = {0};

// --- replies
// ------------------------------------------------------------------------------------------------------

static const struct model_field scheduled[] = {
    BOOL("scheduled", "Whether the job is scheduled now.", "true"),
    TEXT("job_id", "The job's name.", "\"get_random_user\""),
};
MODEL(scheduled_model, "Scheduled", "What became of a job.", scheduled)

static const struct model_field job_list[] = {
    INT("total", "Jobs in the list; of a page: in all that match.", "1"),
    LIST("jobs", &job_item_model, "Ordered by next run; those without one last."),
    {.name = "next_cursor",
     .type = MODEL_TEXT,
     .is_nullable = true,
     .doc = "Of a page: cursor of the next one; null on the last one.",
     .example = "null"},
};
MODEL(job_list_model, "JobList", "All jobs.", job_list)

static const struct model_field job_post_item[] = {
    TEXT("job_id", "The job's name.", "\"www.example.org\""),
    TEXT("run_frequency", "The trigger as APScheduler prints it.", "\"interval[0:01:00]\""),
    TEXT("next_run", "Next run as Python prints a datetime, or \"None\".",
         "\"2026-11-22 04:49:33.303354+00:00\""),
};
MODEL(job_post_item_model, "Schedule", "A job in the certificate monitor's list.", job_post_item)

static const struct model_field schedules[] = {
    LIST("jobs", &job_post_item_model, "All jobs, ordered by next run."),
};
MODEL(schedules_model, "Schedules", "All jobs, as the certificate monitor lists them.", schedules)

static const struct model_field certificate[] = {
    TEXT("end_date", "When the certificate expires, UTC, without offset.",
         "\"2027-01-25T04:44:31\""),
    INT("time_to_expiry", "Whole days until then, rounded down.", "63"),
    TEXT("subject", "Its subject as python-cryptography prints it.", "\"<Name(CN=localhost)>\""),
    INT("serial", "Its serial number, up to 160 bits.",
        "570435772442202785564600563792081404855388718456"),
};
MODEL(certificate_model, "Certificate", "The certificate monitor's view of a certificate.",
      certificate)

static const struct model_field module_fields[] = {
    TEXT("name", "The folder's name.", "\"get_random_user\""),
    {.name = "entry",
     .type = MODEL_TEXT,
     .required = 1,
     .is_nullable = true,
     .doc = "What is run: main.so, main.c, main.py or main.",
     .example = "\"main.py\""},
    {.name = "type",
     .type = MODEL_TEXT,
     .required = 1,
     .is_nullable = true,
     .doc = "Type of the .schedule file's schedule.",
     .example = "\"cron\""},
    {.name = "run_frequency",
     .type = MODEL_TEXT,
     .required = 1,
     .is_nullable = true,
     .doc = "The .schedule file's trigger as APScheduler prints it.",
     .example = "\"interval[0:00:15]\""},
    {.name = "error",
     .type = MODEL_TEXT,
     .required = 1,
     .is_nullable = true,
     .doc = "Why it cannot be scheduled as it is."},
    {.name = "warnings",
     .type = MODEL_STRINGS,
     .required = 1,
     .doc = "What is odd in the .schedule file."},
    INT("job_count", "Jobs that run this folder.", "1"),
    {.name = "jobs",
     .type = MODEL_STRINGS,
     .required = 1,
     .doc = "Their names, the oldest first, 100 at most."},
};
static const struct model module_model = {.name = "Module",
                                          .doc = "A job folder.",
                                          .fields = module_fields,
                                          .count = MODEL_COUNT(module_fields)};
static const struct model_field modules[] = {
    INT("total", "Folders in the list.", "1"),
    LIST("modules", &module_model, "Folders of the jobs directory, by name."),
};
MODEL(modules_model, "Modules", "What the jobs directory holds.", modules)

static const struct model_field status_fields[] = {
    TEXT("version", "Of belfry.", "\"0.1.0\""),
    TEXT("node", "Which node answers.", "\"belfry-1\""),
    INT("nodes", "Nodes that share the database.", "1"),
    TIME("time", "The server's clock."),
    INT("jobs", "Jobs known.", "3"),
    INT("paused", "Of them, paused.", "0"),
    LIST("pauses", &pause_model, "What is paused beside single jobs: tags, everything."),
    INT("quarantined", "Of them, stored but not usable.", "0"),
    INT("running", "Runs in progress, on all nodes.", "0"),
    OBJECT("runs", NULL,
           "Counts of this node since its start: claimed, finished, skipped, missed, removed (old "
           "rows), "
           "late_max_ms."),
    OBJECT("output", NULL,
           "Files that hold output of runs, and the disk they use: files, bytes. Looked through "
           "soon after the start and once a day."),
    OBJECT("store", NULL, "Counts since the start: writes, transactions, waiting, and failure."),
    {.name = "failure",
     .type = MODEL_TEXT,
     .required = 1,
     .is_nullable = true,
     .doc = "Why nothing can be started now."},
    OBJECT("defaults", NULL, "Policies of jobs that say nothing of them, as a job tells of them."),
};
MODEL(status_model, "Status", "The service at a glance.", status_fields)

static const struct model_field health_fields[] = {
    TEXT("status", "ok, or failing.", "\"ok\""),
    {.name = "checks",
     .type = MODEL_OBJECT,
     .doc = "Each check by name: ok, or what is wrong. Only with verbose, or when "
            "failing."},
};
MODEL(health_model, "Health", "Whether the service works.", health_fields)

// --- calendars and freezes
// ----------------------------------------------------------------------------------------------

static const struct model_field calendar_params[] = {
    {.name = "name",
     .type = MODEL_TEXT,
     .offset = offsetof(struct calendar_params, name),
     .required = 1,
     .pattern = ALMANAC_NAME_PATTERN,
     .check = almanac_name_check,
     .doc = "Its name.",
     .example = "\"holidays\""},
};
MODEL(calendar_params_model, "CalendarParams", NULL, calendar_params,
      .size = sizeof(struct calendar_params), .is_loose = true)

#define FORM(struct_, member, kind, words, ...)                                    \
    {                                                                              \
        .name = #member, .type = kind, .offset = offsetof(struct struct_, member), \
        .is_nullable = true, .doc = words, __VA_ARGS__                             \
    }

static const struct model_field calendar_form[] = {
    FORM(calendar_form, name, MODEL_TEXT, "Its name, as in the path.", .max = 64),
    FORM(calendar_form, description, MODEL_TEXT, "For people.", .max = 1000),
    FORM(calendar_form, timezone, MODEL_TEXT,
         "IANA time zone of its days and local times; that of the trigger when not given.",
         .max = 64, .example = "\"Europe/Berlin\""),
    FORM(calendar_form, reason, MODEL_TEXT, "For what has no reason of its own.", .max = 200,
         .example = "\"public holiday\""),
    FORM(calendar_form, dates, MODEL_LIST,
         "Days and stretches: \"2026-12-25\", \"12-25\" (every year), \"2026-12-24..2027-01-01\" "
         "(the last day too), \"2026-12-24 12:00..2026-12-27 06:00\"; or objects {date, reason}.",
         .max = 2000, .example = "[\"12-25\",{\"date\":\"2026-05-01\",\"reason\":\"Labour Day\"}]"),
    FORM(calendar_form, weekdays, MODEL_STRINGS, "mon to sun.", .max = 7,
         .example = "[\"sat\",\"sun\"]"),
    FORM(calendar_form, cron, MODEL_LIST,
         "Crontab texts: the minutes that match are marked; or objects {expr, duration, reason}: "
         "so long from each match.",
         .max = 64, .example = "[\"* 12 * * mon-fri\"]"),
    FORM(calendar_form, rrule, MODEL_LIST,
         "RFC 5545: lines with DTSTART and RRULE; whole days when DTSTART is a date, else objects "
         "{expr, duration, reason}.",
         .max = 200, .example = "[\"DTSTART:20260115\\nRRULE:FREQ=MONTHLY;BYDAY=3TH\"]"),
    FORM(calendar_form, ics, MODEL_TEXT, "The text of a calendar file (.ics)."),
    FORM(calendar_form, calendars, MODEL_STRINGS, "Other calendars, whose marks count as well.",
         .max = 32, .example = "[\"weekend\"]"),
};
const struct model calendar_put_model = {
    .name = "CalendarPut",
    .doc = "What a calendar marks: all that is listed together.",
    .example = "{\"reason\":\"public holiday\",\"dates\":[\"01-01\",\"12-25\",\"12-26\"]}",
    .fields = calendar_form,
    .count = MODEL_COUNT(calendar_form),
    .size = sizeof(struct calendar_form),
    .extra = MODEL_EXTRA_FORBID,
};

static const struct model_field freeze_form[] = {
    FORM(freeze_form, name, MODEL_TEXT, "Its name, as in the path.", .max = 64),
    FORM(freeze_form, description, MODEL_TEXT, "For people.", .max = 1000),
    FORM(freeze_form, timezone, MODEL_TEXT,
         "IANA time zone of its days and local times; the server's default when not given.",
         .max = 64, .example = "\"Europe/Berlin\""),
    {.name = "reason",
     .type = MODEL_TEXT,
     .offset = offsetof(struct freeze_form, reason),
     .required = 1,
     .min = 1,
     .max = 200,
     .doc = "What whoever is held is told.",
     .example = "\"no changes before the audit\""},
    FORM(freeze_form, from, MODEL_TEXT,
         "When it begins: a day, a local time, a time with offset, or a day of every year.",
         .max = 64, .example = "\"2026-12-18\""),
    FORM(freeze_form, to, MODEL_TEXT,
         "When it ends: the last day, or the time from which jobs run again, written like from. "
         "Without it the freeze holds until it is deleted.",
         .max = 64, .example = "\"2027-01-04\""),
    FORM(freeze_form, cron, MODEL_TEXT, "Crontab text of its beginnings, instead of from.",
         .max = 1000, .example = "\"0 22 * * fri\""),
    FORM(freeze_form, rrule, MODEL_TEXT,
         "RFC 5545 lines with DTSTART and RRULE of its beginnings, instead of from.", .max = 1000),
    FORM(freeze_form, duration, MODEL_TEXT_OR_INT, "How long it takes, with cron or rrule.",
         .max = 64, .example = "\"8h\""),
    FORM(freeze_form, jobs, MODEL_STRINGS,
         "Names of the jobs that it holds, * and ? standing for anything; all jobs when left out.",
         .max = 100, .example = "[\"deploy-*\"]"),
};
const struct model freeze_put_model = {
    .name = "FreezePut",
    .doc = "When jobs are not run, which, and why.",
    .example = "{\"from\":\"2026-12-18\",\"to\":\"2027-01-04\",\"reason\":\"no changes before the "
               "audit\"}",
    .fields = freeze_form,
    .count = MODEL_COUNT(freeze_form),
    .size = sizeof(struct freeze_form),
    .extra = MODEL_EXTRA_FORBID,
};

enum {
    VIEW_CALENDAR = 1,
    VIEW_FREEZE = 2,
    VIEW_CALENDAR_ITEM = 4,
    VIEW_FREEZE_ITEM = 8,
    VIEW_WHOLE = VIEW_CALENDAR | VIEW_FREEZE,
    VIEW_EVERY = 15,
};

static const struct model_field stretch_fields[] = {
    TIME("from", "When it begins, or now when it has begun."),
    TIME("to", "When it is over; null: never."),
    TEXT("calendar", "Whose mark it is: this calendar, or one that it names.", "\"holidays\""),
    {.name = "reason",
     .type = MODEL_TEXT,
     .required = 1,
     .is_nullable = true,
     .doc = "Why.",
     .example = "\"Christmas\""},
};
static const struct model stretch_model = {.name = "Stretch",
                                           .doc = "A stretch of time.",
                                           .fields = stretch_fields,
                                           .count = MODEL_COUNT(stretch_fields)};

#define VIEW(key, kind, uses, words, ...)                                                  \
    {                                                                                      \
        .name = key, .type = kind, .in = uses, .required = uses, .doc = words, __VA_ARGS__ \
    }

static const struct model_field window_fields[] = {
    VIEW("name", MODEL_TEXT, VIEW_EVERY, "Its name.", .example = "\"holidays\""),
    VIEW("description", MODEL_TEXT, VIEW_EVERY, "For people.", .is_nullable = true),
    VIEW("reason", MODEL_TEXT, VIEW_EVERY, "Why.", .is_nullable = true),
    VIEW("definition", MODEL_OBJECT, VIEW_CALENDAR, "What was PUT.", .model = &calendar_put_model),
    VIEW("definition", MODEL_OBJECT, VIEW_FREEZE, "What was PUT.", .model = &freeze_put_model),
    VIEW("version", MODEL_INT, VIEW_EVERY,
         "1 when created, one more for each change; the ETag is \"r<version>\".", .example = "1"),
    VIEW("created_at", MODEL_TIME, VIEW_EVERY, "When it was created."),
    VIEW("updated_at", MODEL_TIME, VIEW_EVERY, "When it was last changed."),
    VIEW("fault", MODEL_TEXT, VIEW_EVERY,
         "Why this version of belfry cannot use what is stored; null: it can.",
         .is_nullable = true),
    VIEW("used_by", MODEL_STRINGS, VIEW_CALENDAR, "Jobs whose triggers use it.",
         .example = "[\"backup\"]"),
    VIEW("coming", MODEL_LIST, VIEW_WHOLE, "What it marks next, in the coming two years.",
         .model = &stretch_model),
};
#define WINDOW_MODEL(constant, label, words, bit)                       \
    const struct model constant = {.name = label,                       \
                                   .doc = words,                        \
                                   .fields = window_fields,             \
                                   .count = MODEL_COUNT(window_fields), \
                                   .use = bit};
WINDOW_MODEL(calendar_model, "Calendar", "A calendar in full.", VIEW_CALENDAR)
WINDOW_MODEL(freeze_model, "Freeze", "A freeze in full.", VIEW_FREEZE)
static WINDOW_MODEL(calendar_item_model, "CalendarItem", "A calendar in a list.",
                    VIEW_CALENDAR_ITEM) static WINDOW_MODEL(freeze_item_model, "FreezeItem",
                                                            "A freeze in a list.", VIEW_FREEZE_ITEM)

    static const struct model_field calendar_list[] = {
        INT("total", "Calendars in the list.", "1"),
        LIST("calendars", &calendar_item_model, "All calendars, by name."),
};
MODEL(calendar_list_model, "CalendarList", "All calendars.", calendar_list)

static const struct model_field freeze_list[] = {
    INT("total", "Freezes in the list.", "1"),
    LIST("freezes", &freeze_item_model, "All freezes, by name."),
};
MODEL(freeze_list_model, "FreezeList", "All freezes.", freeze_list)

static const struct model_field events_query[] = {
    {.name = "topics",
     .type = MODEL_TEXT,
     .offset = offsetof(struct events_query, topics),
     .max = 100,
     .doc = "What to tell of, with commas: jobs, runs, scheduler (default: all).",
     .example = "\"jobs,runs\""},
    {.name = "job_id",
     .type = MODEL_TEXT,
     .offset = offsetof(struct events_query, job_id),
     .pattern = JOB_NAME_PATTERN,
     .check = job_name_check,
     .doc = "Only what concerns this job.",
     .example = "\"get_random_user\""},
    {.name = "after",
     .type = MODEL_INT,
     .offset = offsetof(struct events_query, after),
     .max = INT64_MAX,
     .doc = "Begin behind this event, as with Last-Event-ID; when left out, with what comes.",
     .example = "1795694400000001"},
};
MODEL(events_query_model, "EventsQuery", NULL, events_query, .size = sizeof(struct events_query),
      .is_loose = true)

static const struct model_field event_fields[] = {
    INT("seq", "The event's number, as its id; it rises, across restarts too.", "1795694400000001"),
    TEXT("type", "What happened, as the event's name.", "\"run.finished\""),
    TIME("at", "When."),
    {.name = "job_id", .type = MODEL_TEXT, .doc = "The job.", .example = "\"get_random_user\""},
    {.name = "version", .type = MODEL_INT, .doc = "Its version.", .example = "1"},
    {.name = "run_id", .type = MODEL_INT, .doc = "The run.", .example = "244301815808000"},
    {.name = "attempt", .type = MODEL_INT, .doc = "Its attempt.", .example = "1"},
    {.name = "scheduled_at",
     .type = MODEL_TIME,
     .doc = "Its slot.",
     .example = "\"2026-11-22T04:49:33Z\""},
    {.name = "state", .type = MODEL_TEXT, .doc = "Its state.", .example = "\"succeeded\""},
    {.name = "reason", .type = MODEL_TEXT, .doc = "Why it is so.", .example = "\"overlap\""},
    {.name = "exit_code", .type = MODEL_INT, .doc = "Of its process.", .example = "0"},
    {.name = "missed", .type = MODEL_INT, .doc = "run.missed: slots.", .example = "3"},
    {.name = "duration_ms",
     .type = MODEL_INT,
     .doc = "How long the run took; how late it is; by how much the clock was set.",
     .example = "120"},
    {.name = "message", .type = MODEL_TEXT, .doc = "A sentence.", .example = "\"exit status 3\""},
};
MODEL(event_model, "Event",
      "The data of a server-sent event; what it does not speak of is left out.", event_fields)

// --- pings
// --------------------------------------------------------------------------------------------------------------

enum {
    PING_PLAIN = 1,
    PING_WHAT = 2
};

static const struct model_field ping_params[] = {
    {.name = "key",
     .type = MODEL_TEXT,
     .offset = offsetof(struct ping_params, key),
     .required = PING_PLAIN | PING_WHAT,
     .doc = "The job's key; its reply shows it.",
     .example = "\"3f2a8c1e9b7d4f60a1b2c3d4e5f60718\""},
    {.name = "what",
     .type = MODEL_TEXT,
     .offset = offsetof(struct ping_params, what),
     .in = PING_WHAT,
     .required = PING_WHAT,
     .doc = "start, fail, log, or an exit code (0-255).",
     .example = "\"start\""},
};
MODEL(ping_params_model, "PingParams", NULL, ping_params, .use = PING_PLAIN,
      .size = sizeof(struct ping_params), .is_loose = true)
MODEL(ping_what_params_model, "PingWhatParams", NULL, ping_params, .use = PING_WHAT,
      .size = sizeof(struct ping_params), .is_loose = true)

static const struct model_field ping_query[] = {
    {.name = "rid",
     .type = MODEL_TEXT,
     .offset = offsetof(struct ping_query, rid),
     .max = 64,
     .doc = "The run's id where it runs: which start an end belongs to.",
     .example = "\"0b6a1c52-9d4e-4a7b-8a51-6f1f8f1f3c11\""},
};
MODEL(ping_query_model, "PingQuery", NULL, ping_query, .size = sizeof(struct ping_query),
      .is_loose = true)
