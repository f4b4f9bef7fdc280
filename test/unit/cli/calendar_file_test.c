// calendar_file_test.c - calendars from files: what they are called, and what is wrong with them.
// SPDX-License-Identifier: Apache-2.0
#include "cli/calendar_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "unit.h"

struct fixture {
    char dir[64];
    struct zones *zones;
    struct almanacs all;
};

static struct fixture f;

static int setup(void **state)
{
    (void)state;
    snprintf(f.dir, sizeof f.dir, "/tmp/belfry-calendar-XXXXXX");
    assert_non_null(mkdtemp(f.dir));
    f.zones = zones_new("test/data/zoneinfo");
    almanacs_init(&f.all);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    rmdir(f.dir);
    almanacs_done(&f.all);
    zones_free(f.zones);
    return 0;
}

// Reads a file of that name and text; the calendar's name, or NULL with *e filled.
static const char *read_as(const char *file, const char *text, struct err *e)
{
    char path[200];
    const char *name = NULL;

    snprintf(path, sizeof path, "%s/%s", f.dir, file);
    memset(e, 0, sizeof *e);
    assert_true(file_write_atomic(AT_FDCWD, path, str_of(text), 0600, e));
    bool ok = calendar_file_read(path, f.zones, &f.all, &name, e);

    unlink(path);
    return ok ? name : NULL;
}

static void test_names(void **state)
{
    static const struct {
        const char *file, *text, *name;
    } rows[] = {
        {"holidays.json", "{\"dates\":[\"12-25\"]}", "holidays"},
        {"week.end", "{\"weekdays\":[\"sat\"]}", "week"},
        {"plain", "{\"name\":\"plain\",\"calendars\":[\"holidays\",\"week\"]}", "plain"},
        {"outing.2026.ics",
         "\xef\xbb\xbf"
         "begin:VCALENDAR\nBEGIN:VEVENT\nDTSTART:20261211\nEND:VEVENT\nEND:VCALENDAR\n",
         "outing.2026"},
    };
    struct err e;

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        const char *name = read_as(rows[i].file, rows[i].text, &e);

        if (!name)
            fail_msg("%s: %s", rows[i].file, e.message);
        assert_string_equal(name, rows[i].name);
        assert_non_null(almanacs_find(&f.all, str_of(name)));
    }
}

static void test_bad(void **state)
{
    static const struct {
        const char *file, *text;
        enum err_code code;
        const char *message;
    } rows[] = {
        {"a.json", "{\"dates\":[\n", ERR_JSON,
         "/a.json: line 2: this is neither JSON nor a calendar"},
        {"a.json", "", ERR_JSON, "neither JSON"},
        {"a.json", "\xff", ERR_INPUT, "/a.json: the file is not UTF-8 text"},
        {"a.json", "{\"dates\":[\"12-45\"]}", ERR_INPUT, "/a.json: dates.0: a date names day 45"},
        {"a.json", "{\"calendars\":[\"nothing\"]}", ERR_INPUT, "there is no calendar \"nothing\""},
        {"a.ics", "BEGIN:VCALENDAR\n", ERR_INPUT, "/a.ics: ics: line 2: the file ends"},
        {"a b.json", "{\"dates\":[\"12-25\"]}", ERR_INPUT, "a name is made of letters"},
    };
    const char *name;
    struct err e;

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        assert_null(read_as(rows[i].file, rows[i].text, &e));
        if (e.code != rows[i].code || !strstr(e.message, rows[i].message))
            fail_msg("%s: %s", rows[i].file, e.message);
    }
    assert_false(calendar_file_read("/tmp/no/such/file.json", f.zones, &f.all, &name, &e));
    assert_int_equal(e.code, ERR_NOT_FOUND);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_names, setup, teardown),
        cmocka_unit_test_setup_teardown(test_bad, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
