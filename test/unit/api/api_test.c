// api_test.c - the whole API in one process: a real scheduler on a store in memory, requests over
// socket pairs.
// SPDX-License-Identifier: Apache-2.0
#include "api/api.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "alert/alerts.h"
#include "base/loop.h"
#include "job/schedule_file.h"
#include "store/memory_store.h"

#include "unit.h"

// An executor that carries out nothing.
static void idle_start(struct exec *exec, const struct exec_request *request, exec_done *done,
                       void *ctx)
{
    (void)exec, (void)request, (void)done, (void)ctx;
}
static void idle_cancel(struct exec *exec, int64_t run_id, int64_t grace_us)
{
    (void)exec, (void)run_id, (void)grace_us;
}
static size_t idle_running(const struct exec *exec)
{
    (void)exec;
    return 0;
}
static void idle_stop(struct exec *exec, int64_t grace_us)
{
    (void)exec, (void)grace_us;
}
static void idle_free(struct exec *exec)
{
    (void)exec;
}
static const struct exec_ops idle_ops = {
    .start = idle_start,
    .cancel = idle_cancel,
    .running = idle_running,
    .stop = idle_stop,
    .free = idle_free,
};
static struct exec idle_exec = {&idle_ops};

static char jobs_dir[] = "/tmp/belfry-api-XXXXXX";
static int setup(void **state);
static struct sim_clock sim;
static struct loop *loop;
static struct store *store;
static struct zones *zones;
static struct sched *sched;
static struct alerts *alerts;
static struct api *api;
static struct http_server *server;
static char reply[1 << 20]; // the last one, head and body
static const char *body;    // inside of it
static int status;

static void turn(void)
{
    int rounds = 0;

    while (loop_turn(loop, 0) > 0)
        assert_true(++rounds < 1000);
}

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

static void stored(const struct store_answer *answer, void *ctx)
{
    assert_null(answer->err);
    *(bool *)ctx = true;
}

// Puts a job into the store behind the scheduler's back.
static void row_store(const struct job_row *from)
{
    struct job_row row = *from;
    bool is_stored = false;

    row.name = STR_LIT("old");
    store_put_job(store, &row, STORE_CREATE, stored, &is_stored);
    turn();
    assert_true(is_stored);
}

static int setup_quarantined(void **state)
{
    static struct job_row row;

    row = (struct job_row){.trigger = STR_LIT("{\"type\":\"moon\"}"),
                           .spec = STR_LIT("{\"target\":\"plain\"}")};

    *state = &row;
    return setup(state);
}

static int setup_quarantined_check(void **state)
{
    static struct job_row row;

    row = (struct job_row){.kind = JOB_CERTIFICATE,
                           .trigger = STR_LIT("{\"type\":\"interval\",\"hours\":1}"),
                           .spec = STR_LIT("{\"target\":\"old\",\"moon\":1}")};

    *state = &row;
    return setup(state);
}

static int setup(void **state)
{
    struct sched_options options;
    struct api_options api_options;
    struct http_server_options http = {0};
    struct err e;

    sim_clock_init(&sim, (wall){1700000000000000}); // 2023-11-14 22:13:20 UTC
    loop = loop_new(&sim.base, &e);
    store = memory_store_new(loop);
    zones = zones_new(NULL);
    options = (struct sched_options){.loop = loop,
                                     .store = store,
                                     .exec = &idle_exec,
                                     .zones = zones,
                                     .timezone = STR_LIT("UTC")};
    if (*state)
        row_store(*state);
    const struct alerts_options alerts_options = {.loop = loop, .store = store, .host = "here"};

    alerts = alerts_new(&alerts_options);
    sched = sched_new(&options);
    alerts_follow(alerts, sched);
    assert_true(sched_start(sched, &e));
    alerts_begin(alerts);
    api_options = (struct api_options){
        .loop = loop,
        .clock = &sim.base,
        .sched = sched,
        .store = store,
        .zones = zones,
        .alerts = alerts,
        .jobs_dir = jobs_dir,
        .runs_dir = jobs_dir,
        .version = "0.0.0",
        .node = {"here", "", "a b"},
        .metrics_jobs_max = 100,
    };
    api = api_new(&api_options);
    server = http_server_new(loop, &http, api_handle, api);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    http_server_free(server);
    api_free(api);
    store_close(store);
    sched_free(sched);
    alerts_free(alerts);
    zones_free(zones);
    loop_free(loop);
    return 0;
}

static int folders_make(void **state)
{
    (void)state;
    assert_non_null(mkdtemp(jobs_dir));
    folder_make("a");
    file_write("a/main.py", "def call(): pass\n");
    file_write("a/.schedule", "cron\nsecond=*/10\n");
    folder_make("plain");
    file_write("plain/main.py", "def call(): pass\n");
    folder_make("bad");
    file_write("bad/main.py", "def call(): pass\n");
    file_write("bad/.schedule", "cron\nsecond=*/10\nminute 5\n");
    folder_make("odd");
    file_write("odd/main.py", "def call(): pass\n");
    file_write("odd/.schedule", "cron\nsecnod=*/10\n");
    folder_make("none");
    return 0;
}

static int folders_remove(void **state)
{
    static const char *const names[] = {
        "a/main.py",   "a/.schedule",   "a",   "plain/main.py", "plain",
        "bad/main.py", "bad/.schedule", "bad", "odd/main.py",   "odd/.schedule",
        "odd",         "none",          ""};
    char path[256];

    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        snprintf(path, sizeof path, "%s/%s", jobs_dir, names[i]);
        (void)remove(path);
    }
    return 0;
}

// "METHOD /path", headers ("name: value\r\n" each, or ""), body; fills status, reply and body.
static void ask_with(const char *line, const char *headers, const char *text)
{
    struct buf out;
    size_t len = 0;
    ssize_t n;
    int fds[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
    http_server_adopt(server, fds[0]);
    buf_init(&out, 1 << 20);
    buf_printf(&out, "%s HTTP/1.1\r\nHost: localhost:8000\r\n%s", line, headers);
    if (text[0])
        buf_printf(&out, "Content-Length: %zu\r\n", strlen(text));
    buf_printf(&out, "\r\n%s", text);
    assert_int_equal(send(fds[1], out.p, out.len, 0), out.len);
    buf_done(&out);
    turn();
    while ((n = recv(fds[1], reply + len, sizeof reply - 1 - len, 0)) > 0) {
        len += (size_t)n;
        turn();
    }
    reply[len] = 0;
    close(fds[1]);
    turn();
    assert_true(len > 12);
    status = (int)strtol(reply + 9, NULL, 10);
    body = strstr(reply, "\r\n\r\n");
    assert_non_null(body);
    body += 4;
}

static void ask(const char *line, const char *text)
{
    ask_with(line, text[0] ? "Content-Type: application/json\r\n" : "", text);
}

static void expect(const char *line, const char *text, int want_status, const char *want_body)
{
    ask(line, text);
    if (status != want_status || strcmp(body, want_body) != 0)
        fail_msg("%s %s\n gave %d %s\n want %d %s", line, text, status, body, want_status,
                 want_body);
}

static void expect_part(const char *line, const char *text, int want_status, const char *part)
{
    ask(line, text);
    if (status != want_status || !strstr(reply, part))
        fail_msg("%s %s\n gave %d %s\n want %d with %s", line, text, status, reply, want_status,
                 part);
}

static void test_s1(void **state)
{
    (void)state;
    expect("GET /api/v1/jobs", "", 200, "{\"total\":0,\"jobs\":[]}");
    expect("POST /api/v1/jobs", "{\"job_id\":\"a\",\"from_file\":true,\"type\":\"cron\"}", 200,
           "{\"scheduled\":true,\"job_id\":\"a\"}");
    expect("POST /api/v1/jobs", "{\"job_id\":\"a\"}", 409, "{\"detail\":\"Job already exists\"}");
    expect("POST /api/v1/jobs", "{\"job_id\":\"nosuch\"}", 404,
           "{\"detail\":\"Job folder not found.\"}");
    expect("POST /api/v1/jobs", "{\"job_id\":\"plain\"}", 404,
           "{\"detail\":\"Schedule file not found\"}");
    expect_part("GET /api/v1/jobs", "", 200,
                "{\"total\":1,\"jobs\":[{\"job_id\":\"a\",\"run_frequency\":\"cron[year='*', "
                "month='*', day='*', week='*', "
                "day_of_week='*', hour='*', minute='*', second='*/10']\",\"next_run\":\"2023-11-14 "
                "22:13:30+00:00\",");
    expect("GET /schedule/show_schedules/", "", 200,
           "{\"jobs\":[{\"job_id\":\"a\",\"run_frequency\":\"cron[year='*', month='*', day='*', "
           "week='*', day_of_week='*', "
           "hour='*', minute='*', second='*/10']\",\"next_run\":\"2023-11-14 22:13:30+00:00\"}]}");
    expect("DELETE /api/v1/jobs/a", "", 200, "{\"scheduled\":false,\"job_id\":\"a\"}");
    expect("DELETE /api/v1/jobs/a", "", 400, "{\"detail\":\"Job deleted failed\"}");
    expect("POST /api/v1/jobs",
           "{\"job_id\":\"plain\",\"from_file\":false,\"type\":\"interval\",\"args\":{\"seconds\":"
           "\"15\"}}",
           200, "{\"scheduled\":true,\"job_id\":\"plain\"}");
    expect_part(
        "GET /api/v1/jobs", "", 200,
        "\"run_frequency\":\"interval[0:00:15]\",\"next_run\":\"2023-11-14 22:13:35+00:00\"");
    expect("POST /api/v1/jobs", "", 422,
           "{\"detail\":[{\"type\":\"missing\",\"loc\":[\"body\"],\"msg\":\"Field "
           "required\",\"input\":null}]}");
    expect("POST /api/v1/jobs", "{}", 422,
           "{\"detail\":[{\"type\":\"missing\",\"loc\":[\"body\",\"job_id\"],\"msg\":\"Field "
           "required\",\"input\":{}}]}");
}

static void test_s1_refusals_tell_why(void **state)
{
    (void)state;
    expect_part(
        "POST /api/v1/jobs", "{\"job_id\":\"bad\"}", 400,
        "{\"detail\":\"An error occurred\",\"type\":\"/problems/schedule-invalid\",\"title\":\"Bad "
        "Request\",\"status\":400,\"code\":\"schedule_invalid\",\"hint\":\"line 3: \\\"minute "
        "5\\\" has no \\\"=\\\"");
    expect_part("POST /api/v1/jobs", "{\"job_id\":\"bad\"}", 400,
                "\"line\":3,\"column\":1,\"request_id\":\"");
    expect_part("POST /api/v1/jobs",
                "{\"job_id\":\"plain\",\"from_file\":false,\"args\":{\"hour\":\"25\"}}", 400,
                "{\"detail\":\"An error occurred\",");
    expect_part("POST /api/v1/jobs",
                "{\"job_id\":\"plain\",\"from_file\":false,\"args\":{\"year\":\"2000\"}}", 400,
                "{\"detail\":\"An error occurred\",");
    expect_part("POST /api/v1/jobs", "{\"job_id\":\"none\",\"from_file\":false}", 400,
                "{\"detail\":\"An error occurred\",");
    expect_part("POST /api/v1/jobs", "{\"job_id\":\"../a\"}", 422, "\"string_pattern_mismatch\"");
    expect_part("DELETE /api/v1/jobs/..%2fa", "", 422, "\"loc\":[\"path\",\"job_id\"]");
    expect_part("DELETE /api/v1/jobs/%ff", "", 422, "\"string_unicode\"");
    expect_part("POST /api/v1/jobs", "{\"job_id\":\"odd\"}", 200,
                "belfry-warning: .schedule: unknown member \"secnod\" was ignored; did you mean "
                "\"second\"?");
    expect_part("POST /api/v1/jobs", "{\"job_id\":\"plain\",\"from_file\":false,\"tpye\":\"date\"}",
                200, "did you mean \"type\"?");
    ask_with("POST /api/v1/jobs", "Content-Type: text/plain\r\n", "{\"job_id\":\"a\"}");
    assert_int_equal(status, 422);
    assert_non_null(strstr(body, "model_attributes_type"));
    ask_with("POST /api/v1/jobs", "Accept: application/problem+json\r\n",
             "{\"job_id\":\"nosuch\"}");
    assert_int_equal(status, 404);
    assert_non_null(strstr(reply, "content-type: application/problem+json"));
    assert_non_null(strstr(
        body, "{\"detail\":\"Job folder not found.\",\"type\":\"/problems/job-folder-missing\""));
}

static void test_put_and_patch(void **state)
{
    static const char every[] =
        "{\"trigger\":{\"type\":\"interval\",\"seconds\":15},\"folder\":\"plain\"}";

    (void)state;
    expect_part("PUT /api/v1/jobs/x", every, 201, "etag: \"r1\"");
    assert_non_null(strstr(body, "\"words\":\""));
    expect_part("PUT /api/v1/jobs/x", every, 200, "etag: \"r2\"");
    ask_with("PUT /api/v1/jobs/x", "If-Match: \"r1\"\r\n", every);
    assert_int_equal(status, 412);
    assert_non_null(strstr(body, "\\\"r2\\\" now"));
    ask_with("PUT /api/v1/jobs/x", "If-Match: \"r2\"\r\n", every);
    assert_int_equal(status, 200);
    ask_with("PUT /api/v1/jobs/x", "If-None-Match: *\r\n", every);
    assert_int_equal(status, 412);
    ask_with("PUT /api/v1/jobs/y", "If-Match: *\r\n", every);
    assert_int_equal(status, 412);
    expect_part("GET /api/v1/jobs/x", "", 200, "etag: \"r3\"");
    ask_with("GET /api/v1/jobs/x", "If-None-Match: \"r3\"\r\n", "");
    assert_int_equal(status, 304);
    expect_part("PATCH /api/v1/jobs/x", "{\"timeout\":\"90s\"}", 200, "\"timeout\":\"1m30s\"");
    expect_part("PATCH /api/v1/jobs/x", "{\"timeout\":null,\"max_instances\":3}", 200,
                "\"max_instances\":3,\"timeout\":null");
    expect_part("PATCH /api/v1/jobs/x", "{\"type\":\"interval\",\"args\":{\"seconds\":20}}", 200,
                "interval[0:00:20]");
    expect_part("PATCH /api/v1/jobs/x", "{\"secnods\":20}", 422, "extra_forbidden");
    expect_part("PATCH /api/v1/jobs/x", "{\"args\":{\"seconds\":-1}}", 422, "greater_than_equal");
    expect_part("PATCH /api/v1/jobs/x", "{\"type\":\"cron\",\"args\":{\"hour\":\"25\"}}", 422,
                "\"loc\":[\"body\",\"args\",\"hour\"]");
    expect_part("PATCH /api/v1/jobs/nosuch", "{}", 404, "\"code\":\"job_not_found\"");
    expect_part("PUT /api/v1/jobs/plain", "{\"trigger\":{\"type\":\"cron\",\"huor\":4}}", 422,
                "\"loc\":[\"body\",\"trigger\",\"huor\"]");
    expect_part("PUT /api/v1/jobs/z",
                "{\"trigger\":{\"expr\":\"* * * * *\"},\"certificate\":\"a b\"}", 422,
                "\"loc\":[\"body\",\"certificate\"]");
    expect_part("PUT /api/v1/jobs/x",
                "{\"trigger\":{\"type\":\"cron\",\"year\":2000},\"folder\":\"plain\"}", 400,
                "schedule_invalid");
    expect_part("POST /api/v1/jobs/x/pause", "", 200, "\"next_run\":\"None\"");
    expect_part("GET /api/v1/jobs/x", "", 200, "\"state\":\"paused\"");
    expect_part("POST /api/v1/jobs/x/resume", "", 200, "\"state\":\"scheduled\"");
    expect_part("POST /api/v1/jobs/nosuch/pause", "", 404, "job_not_found");
    expect_part("GET /api/v1/jobs/x/next?n=2", "", 200,
                "\"timezone\":\"UTC\",\"next\":[{\"at\":\"2023-11-14T22:13:40Z\",\"local\":\"2023-"
                "11-14 22:13:40+00:00\",\"unix\":1700000020},");
    expect_part("GET /api/v1/jobs/x/next?n=0", "", 422, "greater_than_equal");
}

static void test_runs(void **state)
{
    (void)state;
    expect_part("PUT /api/v1/jobs/x",
                "{\"trigger\":{\"type\":\"interval\",\"hours\":1},\"folder\":\"plain\"}", 201,
                "r1");
    expect_part("POST /api/v1/jobs/x/runs", "", 201, "location: /api/v1/runs/");
    char line[64];
    int64_t id = strtoll(strstr(body, "\"run_id\":") + 9, NULL, 10);

    snprintf(line, sizeof line, "GET /api/v1/runs/%lld", (long long)id);
    expect_part(line, "", 200, "\"stdout\":{\"head\":\"\",\"tail\":\"\",\"total\":0}");
    assert_non_null(strstr(body, "\"origin\":\"manual\""));
    expect_part("GET /api/v1/runs", "", 200, "\"next_cursor\":null");
    expect_part("GET /api/v1/jobs/x/runs?limit=1", "", 200, "\"next_cursor\":1");
    expect_part("GET /api/v1/runs/99", "", 404, "run_not_found");
    expect_part("GET /api/v1/runs/x", "", 422, "int_parsing");
    expect_part("GET /api/v1/runs?limit=0", "", 422, "greater_than_equal");
    expect_part("GET /api/v1/jobs/nosuch/runs", "", 404, "job_not_found");
    expect_part("POST /api/v1/jobs/x/runs", "", 409, "concurrency_limit");
}

static void test_calendars(void **state)
{
    (void)state;
    expect("GET /api/v1/calendars", "", 200, "{\"total\":0,\"calendars\":[]}");
    expect_part("PUT /api/v1/calendars/days",
                "{\"reason\":\"closed\",\"dates\":[\"2023-11-16\",{\"date\":\"12-25\",\"reason\":"
                "\"Christmas\"}]}",
                201, "etag: \"r1\"");
    assert_non_null(strstr(body,
                           "{\"name\":\"days\",\"description\":null,\"reason\":\"closed\","
                           "\"definition\":{\"reason\":\"closed\",\"dates\":[\"2023-11-16\","));
    assert_non_null(strstr(body,
                           "\"fault\":null,\"used_by\":[],\"coming\":[{\"from\":"
                           "\"2023-11-16T00:00:00Z\",\"to\":\"2023-11-17T00:00:00Z\","
                           "\"calendar\":\"days\",\"reason\":\"closed\"},{\"from\":\"2023-12-25T"));
    expect_part("PUT /api/v1/calendars/all", "{\"calendars\":[\"days\"]}", 201, "\"version\":1");
    expect_part(
        "PUT /api/v1/jobs/x",
        "{\"trigger\":{\"expr\":\"0 12 * * *\",\"exclude\":[\"all\"],\"on_exclude\":\"next\"},"
        "\"folder\":\"plain\"}",
        201, "at 12:00 every day, UTC, not in all, else on the next day that is free");
    expect_part("GET /api/v1/jobs/x/next?n=2", "", 200,
                "\"excluded\":[{\"at\":\"2023-11-16T12:00:00Z\",\"calendar\":\"days\",\"reason\":"
                "\"closed\",\"moved_to\":\"2023-11-17T12:00:00Z\"}]");
    expect_part("GET /api/v1/calendars/days", "", 200, "\"used_by\":[\"x\"]");
    ask_with("GET /api/v1/calendars/days", "If-None-Match: \"r1\"\r\n", "");
    assert_int_equal(status, 304);
    expect_part("DELETE /api/v1/calendars/days", "", 409, "is part of the calendar \\\"all\\\"");
    expect_part("DELETE /api/v1/calendars/all", "", 409, "is used by 1 job: x");
    expect_part("PUT /api/v1/calendars/days", "{\"dates\":[\"1990-01-01..2199-12-31\"]}", 409,
                "\"code\":\"in_use\"");
    ask_with("PUT /api/v1/calendars/days", "If-Match: \"r2\"\r\n", "{\"dates\":[\"12-25\"]}");
    assert_int_equal(status, 412);
    assert_non_null(strstr(body, "the calendar is not in the revision"));
    ask_with("PUT /api/v1/calendars/days", "If-None-Match: *\r\n", "{\"dates\":[\"12-25\"]}");
    assert_int_equal(status, 412);
    ask_with("PUT /api/v1/calendars/new", "If-Match: *\r\n", "{\"dates\":[\"12-25\"]}");
    assert_int_equal(status, 412);
    expect_part("PUT /api/v1/calendars/days", "{\"dates\":[\"2023-11-17\"]}", 200, "etag: \"r2\"");
    expect_part("GET /api/v1/jobs/x/next?n=3", "", 200, "\"moved_to\":\"2023-11-18T12:00:00Z\"");
    expect_part("DELETE /api/v1/jobs/x", "", 200, "false");
    ask_with("DELETE /api/v1/calendars/all", "If-Match: \"r7\"\r\n", "");
    assert_int_equal(status, 412);
    expect("DELETE /api/v1/calendars/all", "", 204, "");
    expect_part("DELETE /api/v1/calendars/all", "", 404, "there is no calendar \\\"all\\\"");
    expect_part("GET /api/v1/calendars/all", "", 404, "GET /api/v1/calendars lists");
    expect_part("GET /api/v1/calendars", "", 200,
                "{\"total\":1,\"calendars\":[{\"name\":\"days\",");
}

static void test_calendars_refused(void **state)
{
    static const struct {
        const char *body, *part;
    } rows[] = {
        {"{}", "this calendar marks nothing"},
        {"{\"dates\":[\"12-25\",\"12-45\"]}", "\"loc\":[\"body\",\"dates\",1]"},
        {"{\"dates\":[\"12-25\",\"12-45\"]}", "\"input\":\"12-45\""},
        {"{\"dates\":[\"2026-12-25..2026-12-x\"]}", "\"column\":21"},
        {"{\"dates\":\"12-25\"}", "\"list_type\""},
        {"{\"date\":[\"12-25\"]}", "\"extra_forbidden\""},
        {"{\"calendars\":[\"dais\"]}", "\"loc\":[\"body\",\"calendars\",0]"},
        {"{\"ics\":\"BEGIN:VCALENDAR\"}", "line 1: the file ends inside"},
        {"{\"weekdays\":[\"someday\"]}", "\"loc\":[\"body\",\"weekdays\",0]"},
        {"{\"name\":\"other\",\"dates\":[\"12-25\"]}", "\"loc\":[\"body\",\"name\"]"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        expect_part("PUT /api/v1/calendars/days", rows[i].body, 422, rows[i].part);
    expect_part("PUT /api/v1/calendars/a%20b", "{\"dates\":[\"12-25\"]}", 422,
                "\"loc\":[\"path\",\"name\"]");
    expect_part(
        "PUT /api/v1/jobs/x",
        "{\"trigger\":{\"expr\":\"0 12 * * *\",\"exclude\":[\"days\"]},\"folder\":\"plain\"}", 422,
        "\"loc\":[\"body\",\"trigger\",\"exclude\"]");
}

static void test_freezes(void **state)
{
    (void)state;
    expect_part("PUT /api/v1/jobs/x",
                "{\"trigger\":{\"type\":\"interval\",\"hours\":1},\"folder\":\"plain\"}", 201,
                "r1");
    expect_part("PUT /api/v1/freezes/audit", "{\"from\":\"2023-11-01\",\"to\":\"2023-11-20\"}", 422,
                "\"loc\":[\"body\",\"reason\"]");
    expect_part("PUT /api/v1/freezes/audit",
                "{\"from\":\"2023-11-01\",\"to\":\"2023-10-20\",\"reason\":\"no changes\"}", 422,
                "\"loc\":[\"body\",\"to\"]");
    expect_part("PUT /api/v1/freezes/audit",
                "{\"from\":\"2023-11-01\",\"to\":\"2023-11-20\",\"reason\":\"no changes\"}", 201,
                "\"coming\":[{\"from\":\"2023-11-14T22:13:20Z\",\"to\":\"2023-11-21T00:00:00Z\","
                "\"calendar\":\"audit\",\"reason\":\"no changes\"}]}");
    assert_null(strstr(body, "used_by"));
    expect_part("GET /api/v1/jobs/x/next", "", 200, "\"freeze\":\"freeze audit: no changes\"");
    expect_part("POST /api/v1/jobs/x/runs", "", 409, "{\"detail\":\"freeze audit: no changes\"");
    assert_non_null(
        strstr(body, "\"code\":\"frozen\",\"hint\":\"wait until 2023-11-21 00:00:00 UTC"));
    expect_part("POST /api/v1/jobs/x/runs?force=no", "", 409, "frozen");
    expect_part("POST /api/v1/jobs/x/runs?forced=1", "", 422, "extra_forbidden");
    expect_part("POST /api/v1/jobs/x/runs", "{\"force\":true}", 201, "run_id");
    expect_part("GET /api/v1/freezes", "", 200,
                "{\"total\":1,\"freezes\":[{\"name\":\"audit\",\"description\":null,\"reason\":"
                "\"no changes\",\"version\":1,");
    expect_part("GET /api/v1/freezes/audit", "", 200, "etag: \"r1\"");
    expect("DELETE /api/v1/freezes/audit", "", 204, "");
    expect_part("GET /api/v1/freezes/audit", "", 404, "there is no freeze");
}

static void test_s2(void **state)
{
    (void)state;
    expect("POST /schedule/host_ssl_check/?time_in_seconds=60&host=localhost", "", 200,
           "{\"scheduled\":true,\"job_id\":\"localhost\"}");
    expect_part("POST /schedule/host_ssl_check/?host=localhost", "", 409,
                "{\"detail\":\"Job already exists\",\"type\":");
    expect("POST /schedule/host_ssl_check/?time_in_seconds=0&host=h%3A8443", "", 200,
           "{\"scheduled\":true,\"job_id\":\"h:8443\"}");
    expect_part("GET /schedule/show_schedules/", "", 200,
                "{\"job_id\":\"h:8443\",\"run_frequency\":\"interval[0:00:01]\"");
    expect_part("POST /schedule/host_ssl_check/?time_in_seconds=-5&host=x", "", 422,
                "\"loc\":[\"query\",\"time_in_seconds\"]");
    expect_part("POST /schedule/host_ssl_check/?time_in_seconds=abc&host=x", "", 422,
                "int_parsing");
    expect_part("POST /schedule/host_ssl_check/?time_in_seconds=99999999999999&host=x", "", 422,
                "less_than_equal");
    expect_part("POST /schedule/host_ssl_check/?host=", "", 422, "string_too_short");
    expect_part("POST /schedule/host_ssl_check/", "", 422,
                "\"type\":\"missing\",\"loc\":[\"query\",\"host\"]");
    expect_part("POST /schedule/host_ssl_check/?host=a%20b", "", 422, "value_error");
    expect("POST /schedule/host_ssl_check/", "{\"host\":\"fromjson\",\"time_in_seconds\":\"5\"}",
           200, "{\"scheduled\":true,\"job_id\":\"fromjson\"}");
    expect_part("POST /schedule/host_ssl_check/", "{\"host\":5}", 422,
                "\"loc\":[\"body\",\"host\"]");
    expect("PATCH /schedule/host_ssl_check/?time_in_seconds=30&host=localhost", "", 200,
           "{\"scheduled\":true,\"job_id\":\"localhost\"}");
    expect_part("GET /api/v1/jobs/localhost", "", 200, "interval[0:00:30]");
    expect_part("PATCH /schedule/host_ssl_check/?host=localhost", "", 422, "missing");
    expect_part("PATCH /schedule/host_ssl_check/?time_in_seconds=30&host=nosuch", "", 404,
                "job_not_found");
    expect("DELETE /schedule/host_ssl_check/?host=localhost", "", 200,
           "{\"scheduled\":false,\"job_id\":\"localhost\"}");
    expect_part("DELETE /schedule/host_ssl_check/?host=localhost", "", 404, "job_not_found");
    expect_part("POST /x509/check_host_certificate/?host=", "", 422, "string_too_short");
    expect_part("POST /x509/check_host_certificate/?host=http://x", "", 422, "value_error");
    expect_part("POST /x509/check_host_certificate/?host=localhost", "", 503, "checks_unavailable");
}

static void test_routing(void **state)
{
    (void)state;
    expect("GET /nosuch", "", 404, "{\"detail\":\"Not Found\"}");
    expect("PUT /api/v1/jobs", "{}", 405, "{\"detail\":\"Method Not Allowed\"}");
    expect_part("PUT /api/v1/jobs", "{}", 405, "allow: GET, HEAD, POST\r\n");
    expect_part("GET /api/v1/jobs/", "", 307, "location: http://localhost:8000/api/v1/jobs\r\n");
    expect_part("GET /schedule/show_schedules?a=b", "", 307,
                "location: http://localhost:8000/schedule/show_schedules/?a=b\r\n");
    expect("HEAD /api/v1/jobs", "", 200, "");
    expect_part("GET /", "", 307, "location: /docs\r\n");
    expect_part("GET /redoc", "", 307, "location: /docs\r\n");
    expect_part("GET /docs", "", 200, "content-security-policy: ");
    expect_part("POST /docs", "", 405, "allow: GET, HEAD\r\n");
    expect_part("GET /problems/job-exists", "", 200, "<h1>job_exists</h1>");
    expect("GET /problems/nosuch", "", 404, "{\"detail\":\"Not Found\"}");
    ask_with("GET /docs", "Accept-Encoding: gzip\r\n", "");
    assert_non_null(strstr(reply, "content-encoding: gzip"));
}

static void test_system(void **state)
{
    (void)state;
    expect("GET /livez", "", 200, "{\"status\":\"ok\"}");
    expect("GET /readyz", "", 200, "{\"status\":\"ok\"}");
    expect("GET /readyz?verbose", "", 200,
           "{\"status\":\"ok\",\"checks\":{\"store\":\"ok\",\"scheduler\":\"ok\",\"stopping\":"
           "\"ok\"}}");
    expect_part("GET /api/v1/status", "", 200,
                "{\"version\":\"0.0.0\",\"node\":\"here\",\"nodes\":1,\"time\":\"2023-11-14T22:13:"
                "20Z\",\"jobs\":0,");
    expect_part("GET /openapi.json", "", 200, "{\"openapi\":\"3.1.0\"");
    memory_store_fail(store, 1);
    expect_part("POST /schedule/host_ssl_check/?host=h", "", 503, "store_failed");
    api_drain(api);
    expect_part("GET /readyz", "", 503, "\"stopping\":\"the service is stopping\"");
    expect_part("GET /healthz", "", 503, "failing");
}

static void test_modules(void **state)
{
    (void)state;
    expect_part("POST /api/v1/jobs", "{\"job_id\":\"a\"}", 200, "true");
    expect_part("GET /api/v1/modules", "", 200,
                "{\"name\":\"a\",\"entry\":\"main.py\",\"type\":\"cron\",\"run_frequency\":\"cron["
                "year='*', month='*', day='*', "
                "week='*', day_of_week='*', hour='*', minute='*', "
                "second='*/10']\",\"error\":null,\"warnings\":[],\"job_count\":1,"
                "\"jobs\":[\"a\"]}");
    assert_non_null(strstr(body, "{\"total\":5,"));
    assert_non_null(strstr(body, "{\"name\":\"plain\",\"entry\":\"main.py\",\"type\":null,\"run_"
                                 "frequency\":null,\"error\":null,"
                                 "\"warnings\":[],\"job_count\":0,\"jobs\":[]}"));
    assert_non_null(strstr(body, "\"error\":\".schedule: line 3: "));
    assert_non_null(strstr(body, "\"warnings\":[\".schedule: unknown member"));
    assert_non_null(strstr(body, "{\"name\":\"none\",\"entry\":null,"));
    for (int i = 0; i < 3; i++) {
        char text[120];

        snprintf(text, sizeof text,
                 "{\"job_id\":\"%s\",\"folder\":\"plain\",\"trigger\":{\"type\":\"interval\","
                 "\"hours\":1}}",
                 (const char *const[]){"z", "x", "y"}[i]);
        expect_part("POST /api/v1/jobs", text, 200, "true");
    }
    expect_part("GET /api/v1/modules", "", 200,
                "\"job_count\":3,\"jobs\":[\"z\",\"x\",\"y\"]"); // as they were made
    assert_non_null(strstr(body, "\"jobs\":[\"a\"]"));
    assert_non_null(strstr(body, "\"jobs\":[]"));
}

static void test_quarantine(void **state)
{
    (void)state;
    expect_part("GET /api/v1/jobs", "", 200,
                "{\"job_id\":\"old\",\"run_frequency\":\"\",\"next_run\":\"None\",");
    assert_non_null(strstr(body, "\"state\":\"quarantined\""));
    assert_non_null(strstr(body, "\"quarantine\":\"the stored "));
    expect_part("GET /api/v1/jobs/old", "", 200, "\"trigger\":null");
    expect_part("POST /api/v1/jobs/old/pause", "", 400, "in quarantine");
    expect_part("POST /api/v1/jobs/old/runs", "", 404, "no usable job");
    expect_part("GET /api/v1/jobs/old/next", "", 404, "job_not_found");
    expect_part("GET /api/v1/status", "", 200, "\"quarantined\":1");
    expect_part("POST /api/v1/jobs", "{\"job_id\":\"old\",\"folder\":\"a\"}", 409,
                "Job already exists");
    expect_part("PUT /api/v1/jobs/old",
                "{\"trigger\":{\"type\":\"interval\",\"hours\":1},\"folder\":\"plain\"}", 200,
                "\"state\":\"scheduled\"");
}

static void test_mended_by_patch_or_deleted(void **state)
{
    (void)state;
    expect_part("PATCH /api/v1/jobs/old",
                "{\"trigger\":{\"type\":\"interval\",\"hours\":1},\"folder\":\"plain\"}", 200,
                "\"state\":\"scheduled\"");
    expect("DELETE /api/v1/jobs/old", "", 200, "{\"scheduled\":false,\"job_id\":\"old\"}");
}

// A spec that is not understood must not be replaced by what little was.
static void test_what_is_not_understood_stays(void **state)
{
    (void)state;
    expect_part("PATCH /api/v1/jobs/old", "{\"trigger\":{\"type\":\"interval\",\"hours\":2}}", 400,
                "in quarantine");
    expect_part("PATCH /schedule/host_ssl_check/?time_in_seconds=5&host=old", "", 404,
                "Job not found");
    expect_part("GET /api/v1/jobs/old", "", 200, "\"state\":\"quarantined\"");
}

static void test_changes_at_the_same_time_both_count(void **state)
{
    int fds[2][2];
    static const char *const texts[] = {"{\"timeout\":\"5s\"}", "{\"max_instances\":2}"};

    (void)state;
    expect_part("PUT /api/v1/jobs/x",
                "{\"trigger\":{\"type\":\"interval\",\"hours\":1},\"folder\":\"plain\"}", 201,
                "r1");
    for (int i = 0; i < 2; i++) {
        char text[512];
        int n = snprintf(
            text, sizeof text,
            "PATCH /api/v1/jobs/x HTTP/1.1\r\nHost: localhost\r\nContent-Length: %zu\r\n\r\n%s",
            strlen(texts[i]), texts[i]);

        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds[i]), 0);
        http_server_adopt(server, fds[i][0]);
        assert_int_equal(send(fds[i][1], text, (size_t)n, 0), n);
    }
    turn();
    expect_part("GET /api/v1/jobs/x", "", 200, "\"max_instances\":2,\"timeout\":\"5s\",");
    close(fds[0][1]);
    close(fds[1][1]);
    turn();
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_quarantine, setup_quarantined, teardown),
        cmocka_unit_test_setup_teardown(test_mended_by_patch_or_deleted, setup_quarantined,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_what_is_not_understood_stays, setup_quarantined_check,
                                        teardown),
        TEST(test_s1),
        TEST(test_s1_refusals_tell_why),
        TEST(test_put_and_patch),
        TEST(test_runs),
        TEST(test_calendars),
        TEST(test_calendars_refused),
        TEST(test_freezes),
        TEST(test_s2),
        TEST(test_routing),
        TEST(test_system),
        TEST(test_modules),
        TEST(test_changes_at_the_same_time_both_count),
    };

    return cmocka_run_group_tests(tests, folders_make, folders_remove);
}
