// job_form_test.c - jobs from flags and key=value.
// SPDX-License-Identifier: Apache-2.0
#include "cli/job_form.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "unit.h"

static const wall NOW = {1795694400000000}; // 2026-11-26T12:00:00Z

// Words apart at '|', so that they may have blanks.
static bool read_line(const char *line, struct typed *t, char *copy, char **argv)
{
    struct err e;
    char *save = NULL;
    int argc = 0;

    snprintf(copy, 256, "%s", line);
    for (char *w = strtok_r(copy, "|", &save); w; w = strtok_r(NULL, "|", &save))
        argv[argc++] = w;
    argv[argc] = NULL;
    return typed_read(argc, argv, t, &e);
}

static bool form_make(const struct typed *t, json_t *body, struct err *e)
{
    json_t *trigger = NULL;

    if (!job_form_trigger(t, NOW, &trigger, e))
        return false;
    if (trigger)
        json_object_set_new(body, "trigger", trigger);
    return job_form_action(t, !typed_has(t, "--folder"), body, e) &&
           job_form_members(t, 1, body, e);
}

static void test_rows(void **state)
{
    static const struct {
        const char *line, *body;
    } rows[] = {
        {"add|x|--cron|30 2 * * *", "{\"trigger\":{\"expr\":\"30 2 * * *\",\"type\":\"cron\"}}"},
        {"add|x|--every|1m30s|--tz|Asia/Tokyo",
         "{\"trigger\":{\"seconds\":90,\"timezone\":\"Asia/Tokyo\",\"type\":\"interval\"}}"},
        {"add|x|--every|0.5s", "{\"trigger\":{\"seconds\":0.5,\"type\":\"interval\"}}"},
        {"add|x|--daily|02:05", "{\"trigger\":{\"expr\":\"5 2 * * *\",\"type\":\"cron\"}}"},
        {"add|x|--at|2026-12-24T18:00",
         "{\"trigger\":{\"run_date\":\"2026-12-24T18:00\",\"type\":\"date\"}}"},
        {"add|x|--at|+10m",
         "{\"trigger\":{\"run_date\":\"2026-11-26T12:10:00Z\",\"type\":\"date\"}}"},
        {"add|x|--after|5m", "{\"trigger\":{\"delay\":\"5m\",\"type\":\"after\"}}"},
        {"add|x|--startup", "{\"trigger\":{\"type\":\"startup\"}}"},
        {"add|x|--manual", "{\"trigger\":{\"type\":\"manual\"}}"},
        {"add|x|--folder|f|--|a|-b", "{\"args\":[\"a\",\"-b\"],\"folder\":\"f\"}"},
        {"add|x|--|echo|hi", "{\"command\":[\"echo\",\"hi\"]}"},
        {"add|x|--", "! there is no command behind --"},
        {"add|x|--cert|example.org:443", "{\"certificate\":\"example.org:443\"}"},
        {"set|x|timeout=10m|max_instances=2|paused=true|timeout_total=null",
         "{\"max_instances\":2,\"paused\":true,\"timeout\":\"10m\",\"timeout_total\":null}"},
        {"set|x|trigger.timezone=UTC|trigger.hour=3",
         "{\"trigger\":{\"hour\":3,\"timezone\":\"UTC\"}}"},
        {"set|x|tags=[\"a\",\"b\"]|note=a=b|empty=",
         "{\"empty\":\"\",\"note\":\"a=b\",\"tags\":[\"a\",\"b\"]}"},
        {"add|x|--cron|1 * * * *|--daily|02:00", "! --cron and --daily are two schedules"},
        {"add|x|--folder|f|--cert|h", "! --folder and --cert are two things"},
        {"add|x|--tz|UTC", "! --tz belongs to a schedule"},
        {"add|x|--daily|24:00", "! --daily wants a time of day"},
        {"add|x|--every|soon", "! "},
        {"set|x|timeout", "! \"timeout\" is not key=value"},
        {"set|x|=3", "! \"=3\" is not key=value"},
    };
    char copy[256], *argv[32];

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        json_t *body = json_object();
        struct typed t;
        struct err e = {0};

        assert_true(read_line(rows[i].line, &t, copy, argv));
        if (form_make(&t, body, &e)) {
            char *text = json_dumps(body, JSON_COMPACT | JSON_SORT_KEYS);

            assert_string_equal(text, rows[i].body);
            free(text);
        } else {
            assert_int_equal(rows[i].body[0], '!');
            assert_non_null(strstr(e.message, rows[i].body + 2));
        }
        json_decref(body);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {cmocka_unit_test(test_rows)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
