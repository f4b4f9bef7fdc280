// vectors_test.c - every vector of the dialects that triggers know, straight through trigger_parse
// and trigger_next.
// SPDX-License-Identifier: Apache-2.0
#include "trigger_fixture.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#define VECTOR_DIR "test/data/vectors"

static const char *text_of(const json_t *vector, const char *key, const char *fallback)
{
    const char *text = json_string_value(json_object_get(vector, key));

    return text ? text : fallback;
}

static bool has_tag(const json_t *vector, const char *tag)
{
    const json_t *tags = json_object_get(vector, "tags");
    bool found = false;

    for (size_t i = 0; i < json_array_size(tags); i++)
        found |= strcmp(json_string_value(json_array_get(tags, i)), tag) == 0;
    return found;
}

static json_t *spec_of(const json_t *vector);

// The triggers inside of "and" and "or" are vectors' schedules again.
static void inner_specs(json_t *list)
{
    for (size_t i = 0; i < json_array_size(list); i++)
        json_array_set_new(list, i, spec_of(json_array_get(list, i)));
}

// The spec that a vector of a known dialect stands for, NULL for the others.
static json_t *spec_of(const json_t *vector)
{
    static const char *const objects[] = {"fields", "interval", "date", "and", "or"};
    const char *dialect = text_of(vector, "dialect", "");
    size_t i = 0;
    json_t *spec;

    if (strcmp(dialect, "cron") == 0 || strcmp(dialect, "quartz") == 0 ||
        strcmp(dialect, "oncalendar") == 0 || strcmp(dialect, "rrule") == 0 ||
        strcmp(dialect, "iso8601") == 0)
        return json_pack("{ss ss}", "type", dialect[0] == 'c' ? "crontab" : dialect, "expr",
                         text_of(vector, "expr", ""));
    while (i < COUNT(objects) && strcmp(dialect, objects[i]) != 0)
        i++;
    if (i == COUNT(objects))
        return NULL;
    spec = json_deep_copy(json_object_get(vector, "fields"));
    json_object_set_new(spec, "type", json_string(i == 0 ? "cron" : dialect));
    inner_specs(json_object_get(spec, "triggers"));
    return spec;
}

static void check_runs(struct zones *zones, const json_t *vector, const struct trigger *t)
{
    const json_t *expect = json_object_get(vector, "expect");
    wall at = at_of(zones, text_of(vector, "after", "2026-01-15T10:20:30+00:00"));
    int64_t n = json_integer_value(json_object_get(vector, "n"));

    for (int64_t i = 0; i < n; i++) {
        const char *want = json_string_value(json_array_get(expect, (size_t)i));

        at = trigger_next(t, at);
        if (at.us != (want ? at_of(zones, want).us : WALL_NEVER.us))
            fail_msg("%s: run %lld", text_of(vector, "id", "?"), (long long)i + 1);
        if (!want)
            break;
    }
}

static void check(struct zones *zones, const json_t *vector, const json_t *spec)
{
    struct trigger_context context = {zones,
                                      str_of(text_of(vector, "tz", "UTC")),
                                      at_of(zones, "2026-01-15 10:20:30"),
                                      {0},
                                      NULL};
    struct trigger *t = NULL;
    struct err e = {0};
    bool accepted = trigger_parse(spec, &context, &t, &e);

    if (!accepted && !json_is_true(json_object_get(vector, "error")) &&
        !json_is_true(json_object_get(vector, "or_error")))
        fail_msg("%s is refused: %s", text_of(vector, "id", "?"), e.message);
    if (accepted && json_is_true(json_object_get(vector, "error")))
        fail_msg("%s is accepted", text_of(vector, "id", "?"));
    if (accepted)
        check_runs(zones, vector, t);
    trigger_free(t);
}

static int check_file(struct zones *zones, const char *name)
{
    char path[300];
    char *line = NULL;
    size_t room = 0;
    int count = 0;

    snprintf(path, sizeof path, "%s/%s", VECTOR_DIR, name);
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    while (getline(&line, &room, f) > 0) {
        json_t *vector = json_loads(line, 0, NULL);
        json_t *spec = has_tag(vector, "tz-2026f") ? NULL : spec_of(vector); // older test zones

        assert_non_null(vector);
        if (spec) {
            check(zones, vector, spec);
            count++;
        }
        json_decref(spec);
        json_decref(vector);
    }
    free(line);
    fclose(f);
    return count;
}

static void test_vectors(void **state)
{
    struct zones *zones = zones_new(ZONE_DIR);
    DIR *dir = opendir(VECTOR_DIR);
    struct dirent *file;
    int count = 0;

    (void)state;
    assert_non_null(dir);
    while ((file = readdir(dir)))
        if (str_ends(str_of(file->d_name), STR_LIT(".jsonl")))
            count += check_file(zones, file->d_name);
    closedir(dir);
    zones_free(zones);
    assert_true(count >= 3181);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {cmocka_unit_test(test_vectors)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
