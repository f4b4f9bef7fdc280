// job_read_test.c - requests carried out on jobs: S1's form, the rich form, changes.
// SPDX-License-Identifier: Apache-2.0
#include "job/job_read.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "job/job_write.h"

#include "unit.h"

static struct zones *zones;
static char jobs_dir[] = "/tmp/belfry-job-read-XXXXXX";

static void file_write(const char *name, const char *text)
{
    char path[256];
    FILE *file;

    snprintf(path, sizeof path, "%s/%s", jobs_dir, name);
    file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static void folder_make(const char *name)
{
    char path[256];

    snprintf(path, sizeof path, "%s/%s", jobs_dir, name);
    assert_int_equal(mkdir(path, 0700), 0);
}

static int setup(void **state)
{
    (void)state;
    zones = zones_new(NULL);
    assert_non_null(mkdtemp(jobs_dir));
    folder_make("a");
    file_write("a/main.py", "def call(): pass\n");
    file_write("a/.schedule", "interval\nminutes=5\n");
    folder_make("b");
    file_write("b/main.py", "def call(): pass\n");
    folder_make("empty");
    folder_make("bad");
    file_write("bad/main.py", "def call(): pass\n");
    file_write("bad/.schedule", "cron\nhour=99\n");
    return 0;
}

static int teardown(void **state)
{
    static const char *const names[] = {
        "a/main.py",   "a/.schedule",   "a",   "b/main.py", "b", "empty",
        "bad/main.py", "bad/.schedule", "bad", ""};
    char path[256];

    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        snprintf(path, sizeof path, "%s/%s", jobs_dir, names[i]);
        (void)remove(path);
    }
    zones_free(zones);
    return 0;
}

static struct trigger_context context_make(void)
{
    return (struct trigger_context){zones, STR_LIT("UTC"), (wall){1700000000000000}, {0}, NULL};
}

// What became of a request: what show says of the job, or the error's message, or the first
// complaint.
static void step(const struct model *model, const char *body, struct job *job,
                 void (*show)(const struct job *job, struct buf *out), struct buf *out)
{
    struct arena *arena = arena_new(8192);
    struct model_issues *issues = arena_alloc(arena, sizeof *issues);
    struct job_reading reading = {
        .context = context_make(), .jobs_dir = jobs_dir, .issues = issues};
    struct job_form form;
    struct err e = {0};
    uint64_t given;
    json_t *value;

    model_issues_init(issues, arena);
    reading.body = value = model_load(str_of(body), "body", issues);
    assert_non_null(value);
    if (!model_decode(model, value, STR_LIT("\"body\""), &form, &given, issues)) {
        model_issues_words(issues, out);
    } else if (job_read(&form, given, &reading, job, &e)) {
        show(job, out);
    } else if (issues->len > 0) {
        model_issues_words(issues, out);
    } else {
        buf_printf(out, "%s: %s", err_name(e.code), e.message);
        if (e.line)
            buf_printf(out, " (%d:%d)", e.line, e.column);
    }
    json_decref(value);
    arena_free(arena);
}

// The same of a job of its own: the new one of the request's name, or one with this schedule.
static void outcome(const struct model *model, const char *body, const char *present,
                    void (*show)(const struct job *job, struct buf *out), struct buf *out)
{
    struct trigger_context context = context_make();
    json_t *spec = json_loads(present ? present : body, 0, NULL);
    const char *name = json_string_value(json_object_get(spec, "job_id"));
    struct job *job = job_new(str_of(name && !present ? name : "a"));
    struct err e = {0};

    if (present) {
        assert_true(trigger_parse(spec, &context, &job->trigger, &e));
        job_set_target(job, STR_LIT("a"));
    }
    step(model, body, job, show, out);
    json_decref(spec);
    job_free(job);
}

static void show_job(const struct job *job, struct buf *out)
{
    trigger_str(job->trigger, out);
    buf_printf(out, " %s %.*s %.*s", job_kind_names[job->kind], STR(job->target),
               STR(job->spec->args));
}

static void show_trigger(const struct job *job, struct buf *out)
{
    trigger_write(job->trigger, out);
}

struct row {
    const char *body, *present, *want; // want: beginning of the outcome
};

static void rows_check(const struct model *model, const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct buf out;

        buf_init(&out, 4096);
        outcome(model, rows[i].body, rows[i].present, show_job, &out);
        if (strncmp(buf_text(&out), rows[i].want, strlen(rows[i].want)) != 0)
            fail_msg("%s\n  gave %s\n  want %s", rows[i].body, buf_text(&out), rows[i].want);
        buf_done(&out);
    }
}

#define CRON "cron[year='*', month='*', day='*', week='*', day_of_week='*', "

static void test_post(void **state)
{
    static const struct row rows[] = {
        {"{\"job_id\":\"a\"}", NULL, "interval[0:05:00] folder a []"},
        {"{\"job_id\":\"a\",\"from_file\":true,\"type\":\"cron\",\"args\":null}", NULL,
         CRON "hour='*', minute='*', second='5'] folder a []"},
        {"{\"job_id\":\"a\",\"from_file\":false}", NULL,
         CRON "hour='*', minute='*', second='5'] folder a []"},
        {"{\"job_id\":\"a\",\"from_file\":false,\"type\":\"interval\",\"args\":{\"seconds\":\"15\"}"
         "}",
         NULL, "interval[0:00:15] folder a []"},
        {"{\"job_id\":\"a\",\"from_file\":false,\"type\":\"interval\"}", NULL, "interval[0:00:10]"},
        {"{\"job_id\":\"a\",\"from_file\":true,\"trigger\":{\"expr\":\"1 2 * * *\"}}", NULL,
         "cron[month='*', day='*', day_of_week='*', hour='2', minute='1'] folder a []"},
        {"{\"job_id\":\"a\",\"type\":\"cron\",\"trigger\":{\"type\":\"interval\",\"hours\":1}}",
         NULL, "trigger: Value error, give either trigger or from_file"},
        {"{\"job_id\":\"a\",\"args\":{\"hour\":4},\"trigger\":{\"type\":\"interval\",\"hours\":1}}",
         NULL, "trigger: Value error, give either trigger or from_file"},
        {"{\"job_id\":\"a\",\"from_file\":false,\"type\":\"interval\",\"args\":{\"hours\":1}}",
         NULL, "interval[1:00:00]"},
        {"{\"job_id\":\"a\",\"from_file\":false,\"type\":\"date\",\"args\":{\"run_date\":\"2024-04-"
         "20T18:45:48Z\","
         "\"args\":[\"haha\"]}}",
         NULL, "date[2024-04-20 18:45:48 UTC] folder a [\"haha\"]"},
        {"{\"job_id\":\"a\",\"from_file\":false,\"type\":\"date\"}", NULL,
         "date[2023-11-14 22:13:20 UTC]"},
        {"{\"job_id\":\"x\",\"folder\":\"b\",\"from_file\":false,\"type\":\"cron\",\"args\":{"
         "\"second\":\"*/10\","
         "\"args\":[\"k\",7]}}",
         NULL, CRON "hour='*', minute='*', second='*/10'] folder b [\"k\",\"7\"]"},
        {"{\"job_id\":\"a\",\"from_file\":\"off\",\"type\":\"cron\",\"args\":{\"hour\":4}}", NULL,
         CRON "hour='4', minute='*', second='5']"},
        {"{\"job_id\":\"x\",\"trigger\":{\"type\":\"cron\",\"hour\":\"4\"},\"certificate\":{"
         "\"hosts\":[\"a\", \"b\"]}}",
         NULL, "cron[hour='4'] certificate {\"hosts\":[\"a\",\"b\"]} []"},
        {"{\"job_id\":\"x\",\"trigger\":{\"type\":\"cron\",\"hour\":\"4\"},\"certificate\":"
         "\"example.org:8443\"}",
         NULL, "cron[hour='4'] certificate example.org:8443 []"},
        {"{\"job_id\":\"nosuch\"}", NULL, "job_folder_missing: "},
        {"{\"job_id\":\"b\"}", NULL, "schedule_file_missing: "},
        {"{\"job_id\":\"empty\"}", NULL, "schedule_invalid: "},
        {"{\"job_id\":\"bad\",\"from_file\":true}", NULL, "validation: "},
        {"{\"job_id\":\"../a\"}", NULL, "job_id: String should match pattern"},
        {"{\"from_file\":1}", NULL, "job_id: Field required"},
        {"{\"job_id\":\"a\",\"type\":\"moon\"}", NULL,
         "type: Input should be 'cron', 'interval' or 'date'"},
        {"{\"job_id\":\"a\",\"from_file\":false,\"type\":\"interval\",\"args\":{\"seconds\":\"x\"}"
         "}",
         NULL, "seconds: Input should be a valid integer"},
        {"{\"job_id\":\"a\",\"from_file\":false,\"args\":{\"year\":\"2020\"}}", NULL,
         "schedule_invalid: "},
        {"{\"job_id\":\"a\",\"from_file\":false,\"args\":{\"month\":\"2\",\"day\":\"30\"}}", NULL,
         "schedule_invalid: "},
        {"{\"job_id\":\"a\",\"from_file\":false,\"args\":{\"hour\":\"25\"}}", NULL, "validation: "},
        {"{\"job_id\":\"a\",\"nodes\":[\"gpu\",\"b c\"]}", NULL,
         "1: Value error, the name or the tag of a node is made of"},
        {"{\"job_id\":\"a\",\"certificate\":7}", NULL,
         "certificate: Value error, a certificate is"},
        {"{\"job_id\":\"a\",\"certificate\":\"h\",\"folder\":\"a\"}", NULL,
         "certificate: Value error, a job has one of"},
    };

    (void)state;
    rows_check(&job_post_model, rows, sizeof rows / sizeof *rows);
}

static void test_put(void **state)
{
    static const struct row rows[] = {
        {"{\"trigger\":{\"expr\":\"30 2 * * mon-fri\"}}", NULL,
         "cron[month='*', day='*', day_of_week='mon-fri', hour='2', minute='30'] folder a []"},
        {"{\"trigger\":{\"type\":\"interval\",\"hours\":2},\"args\":[\"p\"],\"folder\":\"b\"}",
         NULL, "interval[2:00:00] folder b [\"p\"]"},
        {"{\"depends_on\":\"b\"}", NULL, "manual[] folder a []"},
        {"{\"depends_on\":[{\"job\":\"b\",\"on\":\"never\"}]}", NULL, "on: Input should be"},
        {"{\"depends_on\":[\"b\"],\"trigger\":{\"type\":\"interval\",\"hours\":2}}", NULL,
         "interval[2:00:00] folder a []"},
        {"{\"trigger\":[]}", NULL, "trigger: Input should be a valid dictionary"},
        {"{\"trigger\":{\"type\":\"cron\",\"hour\":\"99\"}}", NULL, "hour: Value error, "},
        {"{\"trigger\":{\"type\":\"cron\",\"huor\":\"9\"}}", NULL, "huor: Value error, "},
        {"{\"trigger\":{\"type\":\"interval\",\"hours\":2},\"tiemout\":1}", NULL,
         "tiemout: Extra inputs"},
        {"{\"trigger\":{\"type\":\"interval\",\"hours\":2},\"max_instances\":0}", NULL,
         "max_instances: "},
        {"{\"trigger\":{\"type\":\"interval\",\"hours\":2},\"timeout\":\"soon\"}", NULL,
         "timeout: Input should be a valid timedelta"},
        {"{\"trigger\":{\"type\":\"cron\",\"year\":\"2000\"}}", NULL, "schedule_invalid: "},
    };

    (void)state;
    rows_check(&job_put_model, rows, sizeof rows / sizeof *rows);
}

static void test_patch(void **state)
{
    static const char every[] = "{\"type\":\"interval\",\"seconds\":15}";
    static const char cron[] = "{\"type\":\"cron\",\"hour\":\"4\",\"minute\":\"30\"}";
    static const struct row rows[] = {
        {"{}", every, "interval[0:00:15] folder a []"},
        {"{\"args\":{\"seconds\":20}}", every, "interval[0:00:20] folder a []"},
        {"{\"type\":\"cron\",\"args\":{\"hour\":\"5\"}}", every,
         CRON "hour='5', minute='*', second='5']"},
        {"{\"from_file\":true}", every, "interval[0:05:00]"},
        {"{\"args\":[\"x\"]}", every, "interval[0:00:15] folder a [\"x\"]"},
        {"{\"args\":{\"args\":[\"x\"]}}", every, "interval[0:00:15] folder a [\"x\"]"},
        {"{\"trigger\":{\"minute\":\"45\"}}", cron, "cron[hour='4', minute='45']"},
        {"{\"trigger\":{\"minute\":null}}", cron, "cron[hour='4']"},
        {"{\"trigger\":{\"type\":\"interval\",\"hours\":1}}", cron, "interval[1:00:00]"},
        {"{\"folder\":\"b\"}", every, "interval[0:00:15] folder b []"},
        {"{\"folder\":\"nosuch\"}", every, "job_folder_missing"},
        {"{\"certificate\":\"h:1\"}", every, "interval[0:00:15] certificate h:1 []"},
        {"{\"trigger\":{\"hour\":5},\"type\":\"cron\"}", cron, "trigger: Value error, give either"},
        {"{\"job_id\":\"other\"}", every, "job_id: Extra inputs"},
    };

    (void)state;
    rows_check(&job_patch_model, rows, sizeof rows / sizeof *rows);
}

// What becomes of the trigger of a job, from kind to kind; the canonical spec is looked at, since
// zone, bounds and the like are to stay.
static void test_patch_of_each_kind(void **state)
{
    static const struct {
        const char *present, *change, *want;
    } rows[] = {
#define CRON_BERLIN \
    "{\"type\":\"cron\",\"expr\":\"0 4 * * *\",\"timezone\":\"Europe/Berlin\",\"jitter\":5}"
#define FIELDS_BERLIN \
    "{\"type\":\"cron\",\"hour\":4,\"day\":\"last\",\"timezone\":\"Europe/Berlin\"}"
        {CRON_BERLIN, "{\"expr\":\"30 5 * * mon\"}",
         "{\"type\":\"cron\",\"expr\":\"30 5 * * "
         "mon\",\"timezone\":\"Europe/Berlin\",\"jitter\":5}"},
        {CRON_BERLIN, "{\"expr\":\"CRON_TZ=Asia/Tokyo 30 5 * * mon\"}",
         "{\"type\":\"cron\",\"expr\":\"CRON_TZ=Asia/Tokyo 30 5 * * "
         "mon\",\"timezone\":\"Asia/Tokyo\",\"jitter\":5}"},
        {CRON_BERLIN, "{\"dst\":\"skip\",\"jitter\":null}",
         "{\"type\":\"cron\",\"expr\":\"0 4 * * "
         "*\",\"timezone\":\"Europe/Berlin\",\"dst\":\"skip\"}"},
        {CRON_BERLIN, "{\"max_runs\":3}",
         "{\"type\":\"cron\",\"expr\":\"0 4 * * "
         "*\",\"start_date\":\"2023-11-14T23:13:20+01:00\",\"max_runs\":3,\"timezone\":\"Europe/"
         "Berlin\",\"jitter\":5}"},
        {CRON_BERLIN, "{\"hour\":5}", "hour cannot stand beside expr"},
        {CRON_BERLIN, "{\"hour\":5,\"expr\":null}",
         "{\"type\":\"cron\",\"hour\":\"5\",\"timezone\":\"Europe/Berlin\",\"jitter\":5}"},
        {CRON_BERLIN, "{\"expr\":\"@every 90s\"}",
         "{\"type\":\"interval\",\"minutes\":1,\"seconds\":30,\"start_date\":\"2023-11-14T23:14:50+"
         "01:"
         "00\",\"timezone\":\"Europe/Berlin\",\"jitter\":5}"},
        {CRON_BERLIN, "{\"expr\":\"@reboot\"}",
         "{\"type\":\"startup\",\"timezone\":\"Europe/Berlin\",\"jitter\":5}"},
        {CRON_BERLIN, "{\"type\":\"cron\",\"expr\":\"0 5 * * *\"}",
         "{\"type\":\"cron\",\"expr\":\"0 5 * * *\",\"timezone\":\"UTC\"}"},
        {FIELDS_BERLIN, "{\"expr\":\"30 5 * * mon\"}",
         "{\"type\":\"cron\",\"expr\":\"30 5 * * mon\",\"timezone\":\"Europe/Berlin\"}"},
        {FIELDS_BERLIN, "{\"end_date\":\"2030-01-01\"}",
         "{\"type\":\"cron\",\"day\":\"last\",\"hour\":\"4\",\"end_date\":\"2030-01-01T00:00:00+01:"
         "00\","
         "\"timezone\":\"Europe/Berlin\"}"},
        {"{\"type\":\"quartz\",\"expr\":\"0 0 12 ? * 2\",\"timezone\":\"Europe/Berlin\"}",
         "{\"expr\":\"0 0 13 ? * 2\"}",
         "{\"type\":\"quartz\",\"expr\":\"0 0 13 ? * 2\",\"timezone\":\"Europe/Berlin\"}"},
        {"{\"type\":\"quartz\",\"expr\":\"0 0 12 ? * 2\"}", "{\"timezone\":\"Asia/Tokyo\"}",
         "{\"type\":\"quartz\",\"expr\":\"0 0 12 ? * 2\",\"timezone\":\"Asia/Tokyo\"}"},
        {"{\"type\":\"oncalendar\",\"expr\":\"Mon 12:00\",\"timezone\":\"Europe/Berlin\"}",
         "{\"expr\":\"Mon 13:00:00.5\"}",
         "{\"type\":\"oncalendar\",\"expr\":\"Mon 13:00:00.5\",\"timezone\":\"Europe/Berlin\"}"},
        {"{\"type\":\"oncalendar\",\"expr\":\"Mon 12:00\",\"timezone\":\"Europe/Berlin\"}",
         "{\"expr\":\"Mon 13:00 Asia/Tokyo\"}",
         "{\"type\":\"oncalendar\",\"expr\":\"Mon 13:00 Asia/Tokyo\",\"timezone\":\"Asia/Tokyo\"}"},
        {"{\"type\":\"oncalendar\",\"expr\":\"Mon 12:00 Asia/Tokyo\"}",
         "{\"timezone\":\"Europe/Berlin\"}",
         "timezone is Europe/Berlin, but the text says Asia/Tokyo"},
        {"{\"type\":\"rrule\",\"expr\":\"DTSTART;TZID=Europe/"
         "Berlin:20260101T090000\\nRRULE:FREQ=DAILY\",\"jitter\":5}",
         "{\"expr\":\"DTSTART;TZID=Asia/Tokyo:20260101T100000\\nRRULE:FREQ=WEEKLY\"}",
         "{\"type\":\"rrule\",\"expr\":\"DTSTART;TZID=Asia/"
         "Tokyo:20260101T100000\\nRRULE:FREQ=WEEKLY\",\"timezone\":\"Asia/Tokyo\",\"jitter\":5}"},
        {"{\"type\":\"rrule\",\"expr\":\"DTSTART:20260101T090000\\nRRULE:FREQ=DAILY\"}",
         "{\"max_runs\":7}", "\"max_runs\":7,\"timezone\":\"UTC\"}"},
        {"{\"type\":\"iso8601\",\"expr\":\"R/2026-01-31T09:00:00/P1M\",\"timezone\":\"Europe/"
         "Berlin\"}",
         "{\"expr\":\"R5/2026-01-31T10:00:00/P1M\"}",
         "{\"type\":\"iso8601\",\"expr\":\"R5/2026-01-31T10:00:00/P1M\",\"timezone\":\"Europe/"
         "Berlin\"}"},
        {"{\"type\":\"calendarinterval\",\"months\":1,\"time\":\"09:00:00\",\"start_date\":\"2026-"
         "01-31\"}",
         "{\"months\":2,\"time\":\"10:00\"}",
         "{\"type\":\"calendarinterval\",\"months\":2,\"time\":\"10:00:00\",\"start_date\":\"2026-"
         "01-31T00:"
         "00:00Z\",\"timezone\":\"UTC\"}"},
        {"{\"type\":\"or\",\"triggers\":[{\"expr\":\"0 4 * * *\"},{\"expr\":\"0 5 * * "
         "*\"}],\"jitter\":5}",
         "{\"triggers\":[{\"expr\":\"0 6 * * *\"}]}",
         "{\"type\":\"or\",\"triggers\":[{\"type\":\"cron\",\"expr\":\"0 6 * * "
         "*\",\"timezone\":\"UTC\"}],\"timezone\":\"UTC\",\"jitter\":5}"},
        {"{\"type\":\"or\",\"triggers\":[{\"expr\":\"0 4 * * *\"}]}", "{\"expr\":\"0 5 * * *\"}",
         "{\"type\":\"cron\",\"expr\":\"0 5 * * *\",\"timezone\":\"UTC\"}"},
        {"{\"type\":\"date\",\"run_date\":\"2030-01-01\"}",
         "{\"run_dates\":[\"2030-01-01\",\"2030-01-02\"]}",
         "{\"type\":\"date\",\"run_dates\":[\"2030-01-01T00:00:00Z\",\"2030-01-02T00:00:00Z\"],"
         "\"timezone\":"
         "\"UTC\"}"},
        {"{\"type\":\"date\",\"run_dates\":[\"2030-01-01\",\"2030-01-02\"]}",
         "{\"run_date\":\"2030-02-01\"}",
         "{\"type\":\"date\",\"run_date\":\"2030-02-01T00:00:00Z\",\"timezone\":\"UTC\"}"},
        {"{\"type\":\"interval\",\"hours\":6,\"start_date\":\"2023-01-01T00:00:00Z\"}",
         "{\"end_date\":\"2030-01-01\"}",
         "{\"type\":\"interval\",\"hours\":6,\"start_date\":\"2023-01-01T00:00:00Z\",\"end_date\":"
         "\"2030-01-"
         "01T00:00:00Z\",\"timezone\":\"UTC\"}"},
        {"{\"type\":\"interval\",\"hours\":6,\"start_date\":\"2023-01-01T00:00:00Z\",\"max_runs\":"
         "9999}",
         "{\"hours\":1}",
         "{\"type\":\"interval\",\"hours\":1,\"start_date\":\"2023-11-14T23:13:20Z\",\"max_runs\":"
         "9999,"
         "\"timezone\":\"UTC\"}"},
        {"{\"type\":\"interval\",\"hours\":6}", "{\"expr\":\"0 5 * * *\"}",
         "{\"type\":\"cron\",\"expr\":\"0 5 * * *\",\"timezone\":\"UTC\"}"},
        {"{\"type\":\"date\",\"run_date\":\"2030-01-01 12:00\",\"timezone\":\"Europe/Berlin\"}",
         "{\"run_date\":\"2030-07-01 12:00\"}",
         "{\"type\":\"date\",\"run_date\":\"2030-07-01T12:00:00+02:00\",\"timezone\":\"Europe/"
         "Berlin\"}"},
        {"{\"type\":\"after\",\"delay\":\"5m\",\"jitter\":9}", "{\"delay\":90}",
         "{\"type\":\"after\",\"delay\":\"1m30s\",\"timezone\":\"UTC\",\"jitter\":9}"},
        {"{\"type\":\"after\",\"delay\":\"5m\"}", "{\"delay\":null}",
         "a trigger of type after needs a delay"},
        {"{\"type\":\"after\",\"delay\":\"5m\"}", "{\"hours\":1}",
         "a trigger of this type has no \"hours\""},
        {"{\"type\":\"startup\",\"delay\":\"5m\"}", "{\"delay\":null}",
         "{\"type\":\"startup\",\"timezone\":\"UTC\"}"},
        {"{\"type\":\"manual\"}", "{\"timezone\":\"Asia/Tokyo\"}",
         "{\"type\":\"manual\",\"timezone\":\"Asia/Tokyo\"}"},
        {"{\"type\":\"manual\"}", "{\"type\":\"after\",\"delay\":\"1m\"}",
         "{\"type\":\"after\",\"delay\":\"1m\",\"timezone\":\"UTC\"}"},
        {"{\"type\":\"manual\"}", "{\"expr\":\"@daily\"}",
         "{\"type\":\"cron\",\"expr\":\"@daily\",\"timezone\":\"UTC\"}"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        char body[600];
        struct buf out;

        snprintf(body, sizeof body, "{\"trigger\":%s}", rows[i].change);
        buf_init(&out, 4096);
        outcome(&job_patch_model, body, rows[i].present, show_trigger, &out);
        if (!strstr(buf_text(&out), rows[i].want))
            fail_msg("%s\n  by %s\n  gave %s\n  want %s", rows[i].present, body, buf_text(&out),
                     rows[i].want);
        buf_done(&out);
    }
}

static void show_options(const struct job *job, struct buf *out)
{
    const struct retries *r = job->spec->retries;

    buf_printf(out, "%.*s %.*s %.*s", STR(job->target), STR(job->spec->options),
               STR(r ? r->text : (struct str){0}));
}

// A change reaches inside of what the job says: what it leaves out stays.
static void test_patch_within(void **state)
{
    static const char command[] =
        "{\"command\":\"x\",\"trigger\":{\"expr\":\"1 2 * * *\"},\"env\":{\"A\":\"1\",\"B\":\"2\"},"
        "\"limits\":{\"memory\":\"64M\",\"open_files\":20},\"retries\":{\"max\":3,\"backoff\":"
        "\"list\",\"delays\":[\"7s\"],\"on\":{\"exit_codes\":\"3\"}}}";
    static const char http[] = "{\"http\":{\"url\":\"http://h/"
                               "\",\"headers\":{\"a\":\"1\"}},\"trigger\":{\"expr\":\"1 2 * * "
                               "*\"}}";
    static const struct {
        const char *put, *body, *want;
    } rows[] = {
        {command, "{\"limits\":{\"memory\":null}}",
         "x {\"command\":\"x\",\"env\":{\"A\":\"1\",\"B\":\"2\"},\"limits\":{\"open_files\":20}}"},
        {command, "{\"env\":{\"B\":null,\"C\":\"3\"}}",
         "x {\"command\":\"x\",\"env\":{\"A\":\"1\",\"C\":\"3\"},\"limits\""},
        {command, "{\"env\":null,\"limits\":null}", "x {\"command\":\"x\"} {\"max\":3"},
        {command, "{\"limits\":{\"memory\":\"much\"}}", "memory: Value error"},
        {command, "{\"retries\":{\"max\":9}}",
         "{\"max\":9,\"backoff\":\"list\",\"delay\":\"10s\",\"delays\":[\"7s\"]"},
        {command, "{\"retries\":{\"max\":9}}", "\"on\":{\"exit_codes\":\"3\""},
        {command, "{\"retries\":{\"backoff\":\"fixed\",\"on\":{\"timeout\":false}}}",
         "{\"max\":3,\"backoff\":\"fixed\",\"delay\":\"10s\",\"factor\""},
        {command, "{\"retries\":{\"on\":{\"timeout\":false}}}",
         "\"on\":{\"exit_codes\":\"3\",\"http_status\":\"100-999\",\"timeout\":false"},
        {command, "{\"retries\":2}", "{\"max\":2,\"backoff\":\"exponential\""},
        {http, "{\"http\":{\"method\":\"POST\"}}",
         "http://h/ "
         "{\"http\":{\"url\":\"http://h/\",\"headers\":{\"a\":\"1\"},\"method\":\"POST\"}}"},
        {http, "{\"http\":{\"url\":\"http://i/\",\"headers\":{\"a\":null,\"b\":\"2\"}}}",
         "http://i/ {\"http\":{\"url\":\"http://i/\",\"headers\":{\"b\":\"2\"}}}"},
        {http, "{\"http\":{\"url\":null}}", "url: Field required"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct job *job = job_new(STR_LIT("a"));
        struct buf out;

        buf_init(&out, 4096);
        step(&job_put_model, rows[i].put, job, show_options, &out);
        buf_clear(&out);
        step(&job_patch_model, rows[i].body, job, show_options, &out);
        if (!strstr(buf_text(&out), rows[i].want))
            fail_msg("%s\n  gave %s\n  want %s", rows[i].body, buf_text(&out), rows[i].want);
        buf_done(&out);
        job_free(job);
    }
}

// The fast text of a list's item is what the members one by one would be, for every kind: none has
// a frequency that needs escaping.
static void test_items_are_written_alike(void **state)
{
    static const char *const specs[] = {
        "{\"type\":\"cron\",\"day\":\"2nd fri,last\",\"hour\":\"4\"}",
        "{\"type\":\"interval\",\"days\":9}",
        "{\"type\":\"date\",\"run_date\":\"2027-01-01\",\"timezone\":\"Europe/Berlin\"}",
        "{\"expr\":\"30 2 * * mon-fri\",\"timezone\":\"+00:00\"}",
        "{\"type\":\"after\",\"delay\":\"5m\"}",
        "{\"type\":\"startup\"}",
        "{\"type\":\"manual\"}",
        "{\"type\":\"rrule\",\"expr\":\"DTSTART;TZID=\\\"Europe/"
        "Berlin\\\";X-A=\\\"a\\\\b\\\":20260101T090000"
        "\\nRRULE:FREQ=DAILY\"}",
        "{\"type\":\"quartz\",\"expr\":\"0 0 12 ? * MON-FRI\"}",
        "{\"type\":\"oncalendar\",\"expr\":\"Mon..Fri 09:00:00.5 Europe/Berlin\"}",
        "{\"type\":\"iso8601\",\"expr\":\"R/2027-01-31T09:00:00/P1M\"}",
        "{\"type\":\"calendarinterval\",\"months\":1,\"time\":\"09:00\"}",
        "{\"type\":\"or\",\"triggers\":[{\"expr\":\"0 4 * * "
        "*\"},{\"type\":\"interval\",\"hours\":7}]}",
    };
    static const wall times[] = {{1800000000000000}, {1800000000123456}, {INT64_MAX}};

    (void)state;
    for (size_t i = 0; i < 3 * COUNT(specs); i++) {
        struct trigger_context context = {
            zones, STR_LIT("UTC"), (wall){1700000000000000}, {0}, NULL};
        struct job *job = job_new(STR_LIT("a.b:c"));
        struct job_now now = {times[i / COUNT(specs)], (int)i, NULL, NULL};
        json_error_t error;
        json_t *spec = json_loads(specs[i % COUNT(specs)], 0, &error);
        struct json_write w;
        struct buf slow, fast, scratch;
        struct err e;

        assert_true(trigger_parse(spec, &context, &job->trigger, &e));
        job_set_target(job, STR_LIT("say \"hi\"\n"));
        buf_init(&slow, 1 << 16);
        buf_init(&fast, 1 << 16);
        buf_init(&scratch, 1 << 16);
        json_write_init(&w, &slow);
        json_write_object(&w);
        job_write(job, &now, false, &scratch, &w);
        json_write_object_end(&w);
        json_write_init(&w, &fast);
        job_write_item(job, &now, &scratch, &w);
        assert_string_equal(buf_text(&fast), buf_text(&slow));
        buf_done(&slow);
        buf_done(&fast);
        buf_done(&scratch);
        json_decref(spec);
        job_free(job);
    }
}

// What a job without a next time is: over, waiting for an event, or never to be waited for.
static void test_states(void **state)
{
    static const struct {
        const char *spec, *without;
    } rows[] = {
        {"{\"expr\":\"0 4 * * *\"}", "ended"},
        {"{\"type\":\"date\",\"run_date\":\"2027-01-01\"}", "ended"},
        {"{\"type\":\"after\",\"delay\":\"5m\"}", "scheduled"},
        {"{\"type\":\"startup\"}", "scheduled"},
        {"{\"type\":\"manual\"}", "manual"},
    };

    (void)state;
    for (size_t i = 0; i < 2 * COUNT(rows); i++) {
        struct trigger_context context = {
            zones, STR_LIT("UTC"), (wall){1700000000000000}, {0}, NULL};
        struct job *job = job_new(STR_LIT("a"));
        struct pause *pause = pause_new(PAUSE_JOB, (struct str){0}, (struct str){0}, STR_LIT("api"),
                                        (wall){0}, WALL_NEVER);
        struct job_now now = {WALL_NEVER, 0, i % 2 ? pause : NULL, NULL};
        json_t *spec = json_loads(rows[i / 2].spec, 0, NULL);
        struct buf out, scratch;
        struct json_write w;
        char want[60];
        struct err e;

        assert_true(trigger_parse(spec, &context, &job->trigger, &e));
        buf_init(&out, 1 << 16);
        buf_init(&scratch, 1 << 16);
        json_write_init(&w, &out);
        job_write_item(job, &now, &scratch, &w);
        assert_string_equal(job_state_text(job, &now), i % 2 ? "paused" : rows[i / 2].without);
        snprintf(want, sizeof want, "\"next_run_at\":null,\"state\":\"%s\"",
                 i % 2 ? "paused" : rows[i / 2].without);
        if (!strstr(buf_text(&out), want))
            fail_msg("%s: %s", rows[i / 2].spec, buf_text(&out));
        buf_done(&out);
        buf_done(&scratch);
        json_decref(spec);
        job_free(job);
        pause_free(pause);
    }
}

static void test_written_in_full_reads_back(void **state)
{
    struct job *job = job_new(STR_LIT("a"));
    struct trigger_context context = {
        zones, STR_LIT("Europe/Berlin"), (wall){1700000000000000}, {0}, NULL};
    struct pause pause = {.reason = "audit", .by = "api", .until = WALL_NEVER};
    struct job_now now = {(wall){1700000100000000}, 1, NULL, NULL};
    json_error_t error;
    json_t *spec = json_loads("{\"type\":\"interval\",\"seconds\":15}", 0, &error), *value;
    struct json_write w;
    struct buf out, scratch;
    struct err e;

    (void)state;
    buf_init(&out, 1 << 16);
    buf_init(&scratch, 1 << 16);
    assert_true(trigger_parse(spec, &context, &job->trigger, &e));
    job_set_target(job, STR_LIT("a"));
    json_write_init(&w, &out);
    json_write_object(&w);
    job_write(job, &now, false, &scratch, &w);
    json_write_object_end(&w);
    assert_string_equal(
        buf_text(&out),
        "{\"job_id\":\"a\",\"run_frequency\":\"interval[0:00:15]\",\"next_run\":\"2023-11-14 "
        "23:15:00+01:00\",\"next_run_at\":\"2023-11-14T23:15:00+01:00\",\"state\":\"scheduled\","
        "\"kind\":\"folder\",\"target\":\"a\",\"running\":1,\"tags\":[]}");
    buf_clear(&out);
    json_write_init(&w, &out);
    json_write_object(&w);
    now.next_at = WALL_NEVER;
    now.paused = &pause;
    job_spec_set_text(&job_edit(job)->description, STR_LIT("what for"));
    job_spec_set_text(&job_edit(job)->tags, STR_LIT("etl nightly"));
    job_spec_set_text(&job_edit(job)->nodes, STR_LIT("gpu"));
    job_edit(job)->timeout_us = 90000000;
    job_write(job, &now, true, &scratch, &w);
    json_write_object_end(&w);
    value = json_loadb(out.p, out.len, 0, &error);
    assert_non_null(value);
    assert_string_equal(json_string_value(json_object_get(value, "next_run")), "None");
    assert_string_equal(json_string_value(json_object_get(value, "state")), "paused");
    assert_string_equal(json_string_value(json_object_get(value, "timeout")), "1m30s");
    assert_int_equal(json_array_size(json_object_get(value, "nodes")), 1);
    for (size_t i = 0; i < job_model.count; i++) // the table and the writer say the same
        if (job_model.fields[i].required)
            assert_non_null(json_object_get(value, job_model.fields[i].name));
    json_decref(value);
    buf_clear(&out);
    json_write_init(&w, &out);
    json_write_object(&w);
    job_write_post(job, &now, &scratch, &w);
    json_write_object_end(&w);
    assert_string_equal(
        buf_text(&out),
        "{\"job_id\":\"a\",\"run_frequency\":\"interval[0:00:15]\",\"next_run\":\"None\"}");
    json_decref(spec);
    buf_done(&out);
    buf_done(&scratch);
    job_free(job);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_post),         cmocka_unit_test(test_put),
        cmocka_unit_test(test_patch),        cmocka_unit_test(test_patch_of_each_kind),
        cmocka_unit_test(test_patch_within), cmocka_unit_test(test_items_are_written_alike),
        cmocka_unit_test(test_states),       cmocka_unit_test(test_written_in_full_reads_back),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
