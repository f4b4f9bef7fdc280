// convert_test.c - the same slots in other languages.
// SPDX-License-Identifier: Apache-2.0
#include "trigger/convert.h"

#include <dirent.h>
#include <stdlib.h>

#include "almanac_fixture.h"
#include "random_expr.h"
#include "time/duration.h"
#include "trigger/kind.h"
#include "trigger_fixture.h"

#define NOW "2026-01-15 10:07:03"
#define RUNS 50

static void test_table(void **state)
{
    static const struct {
        const char *spec, *zone;
        enum dialect to;
        const char *want; // text, or spec of languages without one; beginning with "!" a refusal
    } rows[] = {
        {"30 2 * * mon-fri", "Europe/Berlin", DIALECT_QUARTZ, "0 30 2 ? * MON-FRI"},
        {"{'type':'interval','minutes':15,'start_date':'2026-03-01'}", "Europe/Berlin",
         DIALECT_CRON,
         "{\"type\":\"cron\",\"expr\":\"*/15 * * * "
         "*\",\"start_date\":\"2026-03-01T00:00:00+01:00\",\"timezone\":\"Europe/Berlin\"}"},
        {"{'type':'startup'}", "UTC", DIALECT_CRON, "@reboot"},
        {"{'type':'startup','delay':'5m'}", "UTC", DIALECT_CRON,
         "!cron follows the clock, a trigger of type startup does not"},
        {"{'type':'manual'}", "UTC", DIALECT_CRON, "@manual"},
        {"{'type':'after','delay':'5m'}", "UTC", DIALECT_CRON,
         "!cron follows the clock, a trigger of type after does not"},
        {"{'type':'cron','hour':3,'jitter':30}", "UTC", DIALECT_CRON,
         "{\"type\":\"cron\",\"expr\":\"0 3 * * *\",\"timezone\":\"UTC\",\"jitter\":30}"},
        {"{'type':'cron','hour':3,'end_date':'2026-12-31','max_runs':3,'start_date':'2026-01-01','"
         "dst':'skip'}",
         "Europe/Berlin", DIALECT_QUARTZ,
         "{\"type\":\"quartz\",\"expr\":\"0 0 3 * * "
         "?\",\"start_date\":\"2026-01-01T00:00:00+01:00\",\"end_date\":\"2026-12-31T00:00:00+01:"
         "00\",\"max_runs\":3,\"timezone\":\"Europe/Berlin\",\"dst\":\"skip\"}"},
        {"30 2 * * mon-fri", "UTC", DIALECT_FIELDS,
         "{\"type\":\"cron\",\"day_of_week\":\"mon-fri\",\"hour\":\"2\",\"minute\":\"30\","
         "\"timezone\":\"UTC\"}"},
        {"0 0 L-3 * *", "UTC", DIALECT_FIELDS,
         "!fields have no day before the last one of the month"},
        {"{'type':'cron','minute':'*/5','end_date':'2026-02-01','dst':'utc'}", "Europe/Berlin",
         DIALECT_INTERVAL,
         "{\"type\":\"interval\",\"minutes\":5,\"start_date\":\"2026-01-15T11:10:00+01:00\",\"end_"
         "date\":\"2026-02-01T00:00:00+01:00\",\"timezone\":\"Europe/Berlin\"}"},
        {"0 0 0 1 1 * 2030", "Europe/Berlin", DIALECT_DATE,
         "{\"type\":\"date\",\"run_date\":\"2030-01-01T00:00:00+01:00\",\"timezone\":\"Europe/"
         "Berlin\"}"},
        {"{'type':'cron','hour':3,'start_date':'2026-02-01','max_runs':1}", "UTC", DIALECT_DATE,
         "{\"type\":\"date\",\"run_date\":\"2026-02-01T03:00:00Z\",\"timezone\":\"UTC\"}"},
        {"{'type':'cron','hour':3,'start_date':'2026-02-01','max_runs':3}", "UTC", DIALECT_DATE,
         "{\"type\":\"date\",\"run_dates\":[\"2026-02-01T03:00:00Z\",\"2026-02-02T03:00:00Z\","
         "\"2026-"
         "02-03T03:00:00Z\"],\"timezone\":\"UTC\"}"},
        {"{'type':'date','run_date':'1857-03-29 02:30'}", "Europe/Berlin", DIALECT_RRULE,
         "!rrule begins with a run to come, this schedule has none"},
        {"{'type':'date','run_date':'2020-12-24 18:00'}", "UTC", DIALECT_DATE,
         "{\"type\":\"date\",\"run_date\":\"2020-12-24T18:00:00Z\",\"timezone\":\"UTC\"}"},
        {"30 2 * * *", "UTC", DIALECT_DATE,
         "!date lists 100 moments at most, this schedule has more"},
        {"0 0 0 1 1 * 2020", "UTC", DIALECT_DATE,
         "!date is a moment to come, this schedule has none"},
        {"{'type':'cron','expr':'0 0 0 1 1 * 2030','jitter':30}", "UTC", DIALECT_DATE,
         "!date has no jitter"},
        {"{'type':'cron','hour':3,'max_runs':3,'start_date':'2026-02-01'}", "UTC", DIALECT_ISO8601,
         "R3/2026-02-01T03:00:00Z/P1D"},
        // What is skipped does not count as a run, but would as a repeat.
        {"{'type':'cron','hour':2,'minute':30,'max_runs':99,'dst':'skip','start_date':'2026-02-01'"
         "}",
         "Europe/Berlin", DIALECT_ISO8601,
         "{\"type\":\"iso8601\",\"expr\":\"R/2026-02-01T02:30:00/P1D\",\"start_date\":\"2026-02-"
         "01T00:00:00+01:00\",\"max_runs\":99,\"timezone\":\"Europe/Berlin\",\"dst\":\"skip\"}"},
        {"30 2 * * *", "Europe/Berlin", DIALECT_RRULE,
         "{\"type\":\"rrule\",\"expr\":\"DTSTART;TZID=Europe/"
         "Berlin:20260116T023000\\nRRULE:FREQ=DAILY\",\"timezone\":\"Europe/"
         "Berlin\",\"dst\":\"first\"}"},
        {"{'type':'cron','expr':'30 2 * * *','dst':'utc'}", "Europe/Berlin", DIALECT_RRULE,
         "DTSTART:20260116T023000Z\nRRULE:FREQ=DAILY"},
        {"{'type':'cron','hour':3,'max_runs':7,'start_date':'2026-01-01'}", "UTC", DIALECT_RRULE,
         "DTSTART:20260101T030000Z\nRRULE:FREQ=DAILY;COUNT=7"},
    };
    struct zones *zones = zones_new(ZONE_DIR);

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct trigger *t = trigger_quoted(zones, rows[i].spec, rows[i].zone);
        struct conversion c;
        struct err e;
        char got[1200];

        if (convert(t, rows[i].to, at_of(zones, NOW), &c, &e)) {
            snprintf(got, sizeof got, "%s",
                     dialect_is_text(rows[i].to) && c.is_whole ? buf_text(&c.text)
                                                               : buf_text(&c.spec));
            conversion_done(&c);
        } else {
            snprintf(got, sizeof got, "!%s", e.message);
        }
        if (strcmp(got, rows[i].want) != 0)
            fail_msg("%s as %s:\n  %s\n  %s", rows[i].spec, dialect_names[rows[i].to], got,
                     rows[i].want);
        trigger_free(t);
    }
    zones_free(zones);
}

// ---- the same runs

static struct almanacs calendars;

static int setup(void **state)
{
    (void)state;
    almanacs_init(&calendars);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    almanacs_done(&calendars);
    return 0;
}

static void check_runs(const struct trigger *t, const struct trigger *other, wall at, int runs,
                       const char *expr, const char *text)
{
    for (int i = 0; i < runs; i++) {
        wall a = trigger_next(t, at), b = trigger_next(other, at);

        if (a.us != b.us)
            fail_msg("%s\n  as %s\n  differs behind %lld: %lld, %lld", expr, text,
                     (long long)(at.us / SECOND_US), (long long)(a.us / SECOND_US),
                     (long long)(b.us / SECOND_US));
        if (a.us == WALL_NEVER.us)
            return;
        at = a;
    }
}

// Runs from now on, and those around changes of the clocks.
static void check_same(struct zones *zones, const struct trigger *t, const char *zone, wall now,
                       const char *spec, const char *expr)
{
    struct err e;
    static const char *const froms[] = {"2026-03-28 20:00", "2026-10-24 20:00", "2027-04-03 10:00",
                                        "2028-10-01 10:00"};
    struct trigger *other = trigger_with(zones, &calendars, spec, zone, &e);

    if (!other)
        fail_msg("%s\n  as %s: %s", expr, spec, e.message);
    check_runs(t, other, now, RUNS, expr, spec);
    for (size_t i = 0; i < COUNT(froms); i++)
        if (at_of(zones, froms[i]).us > now.us)
            check_runs(t, other, at_of(zones, froms[i]), RUNS / 5, expr, spec);
    trigger_free(other);
}

static const char *zone_of(const struct trigger *t)
{
    return zone_name(t->zone).p;
}

// Converts to every language; returns how many have it.
static int check_all(struct zones *zones, const struct trigger *t, const char *zone, wall now,
                     const char *expr)
{
    int count = 0;

    for (enum dialect to = 0; to < DIALECT_COUNT; to++) {
        struct conversion c;
        struct err e = {0};

        if (!convert(t, to, now, &c, &e)) {
            assert_true(str_starts(str_of(e.message), str_of(dialect_names[to])));
            assert_int_equal(e.code, ERR_INPUT);
            continue;
        }
        count++;
        assert_false(c.spec.is_full || c.text.is_full);
        check_same(zones, t, zone, now, buf_text(&c.spec), expr);
        if (c.is_whole) {
            json_t *spec;
            char *text;

            assert_true(dialect_spec(buf_str(&c.text), to, &spec, &e));
            text = json_dumps(spec, JSON_COMPACT);
            check_same(zones, t, c.names_zone ? "Pacific/Apia" : zone_of(t), now, text, expr);
            free(text);
            json_decref(spec);
        }
        conversion_done(&c);
    }
    return count;
}

static const char *const zone_choice[] = {"UTC",          "Europe/Berlin",    "Australia/Lord_Howe",
                                          "Asia/Kolkata", "America/New_York", "Pacific/Apia"};

static void test_random_crontab(void **state)
{
    struct zones *zones = zones_new(ZONE_DIR);
    struct rand_seq r;
    int converted = 0;

    (void)state;
    rand_seq_init(&r, 11);
    for (int i = 0; i < 700; i++) {
        const char *zone = zone_choice[rand_below(&r, COUNT(zone_choice))];
        char expr[256];
        struct trigger *t;
        struct err e;

        expr_random(&r, expr, sizeof expr);
        if (rand_below(&r, 2))
            memcpy(strrchr(expr, ' '), " *", 3);
        t = trigger_of(zones, expr, zone, &e);
        if (!t)
            continue;
        converted += check_all(zones, t, zone, at_of(zones, NOW), expr);
        trigger_free(t);
    }
    zones_free(zones);
    assert_true(converted > 2500);
}

static const char *pick(struct rand_seq *r, const char *const *texts)
{
    int count = 0;

    while (texts[count])
        count++;
    return texts[rand_below(r, (uint64_t)count)];
}

static void add_bounds(struct rand_seq *r, char *spec, size_t size)
{
    static const char *const starts[] = {"2025-12-31", "2026-02-01 09:00", "2026-03-31 02:30",
                                         NULL};
    static const char *const ends[] = {"2026-05-01", "2027-01-31 09:00", "2031-01-01", NULL};
    static const char *const dsts[] = {"skip", "first", "shift", "both", "utc", NULL};

    spec[strlen(spec) - 1] = '\0';
    size_t len = strlen(spec);
    if (!strstr(spec, "start_date") && rand_below(r, 3) == 0)
        len += (size_t)snprintf(spec + len, size - len, ",'start_date':'%s'", pick(r, starts));
    if (rand_below(r, 3) == 0)
        len += (size_t)snprintf(spec + len, size - len, ",'end_date':'%s'", pick(r, ends));
    if (rand_below(r, 4) == 0)
        len +=
            (size_t)snprintf(spec + len, size - len, ",'max_runs':%d", 1 + (int)rand_below(r, 20));
    if (rand_below(r, 2) == 0)
        len += (size_t)snprintf(spec + len, size - len, ",'dst':'%s'", pick(r, dsts));
    snprintf(spec + len, size - len, "}");
}

static void steps_random(struct rand_seq *r, char *spec, size_t size)
{
    static const char *const days[] = {
        "2026-01-31T09:00:00", "2025-10-26T02:30:00", "2024-02-29T02:15:30",
        "2026-08-29T23:59:59", "1996-12-30T00:00:00", "2026-03-05T02:30:00",
        "1890-05-31T12:00:00", "2026-03-29T02:30:00", NULL};
    static const char *const offsets[] = {"", "", "", "Z", "+05:30", "-03:00", NULL};
    static const char *const lengths[] = {"P1D",  "P2D",  "P1W",  "P2W",   "P1M",   "P2M",
                                          "P5M",  "P1Y",  "P4Y",  "PT1H",  "PT90M", "PT24H",
                                          "PT7M", "PT5M", "PT1S", "P1M1D", "P18M",  NULL};
    static const char *const members[] = {"'days':1",  "'weeks':1", "'months':1", "'months':6",
                                          "'years':1", "'days':10", "'months':7", NULL};
    static const char *const counts[] = {"", "", "1", "2", "12", "400", NULL};
    const char *day = pick(r, days);

    if (rand_below(r, 3) == 0)
        snprintf(spec, size, "{'type':'calendarinterval',%s,'start_date':'%s'%s%s}",
                 pick(r, members), day, rand_below(r, 2) ? ",'time':'03:00'" : "",
                 rand_below(r, 2) ? ",'month_end':'last'" : "");
    else if (rand_below(r, 3) == 0)
        snprintf(spec, size, "{'type':'iso8601','expr':'R%s/%s/%s%s'}", pick(r, counts),
                 pick(r, lengths), day, pick(r, offsets));
    else
        snprintf(spec, size, "{'type':'iso8601','expr':'R%s/%s%s/%s'}", pick(r, counts), day,
                 pick(r, offsets), pick(r, lengths));
}

// Schedules with bounds: steps of several kinds, crontabs of one or few times, recurrences.
static void bounded_random(struct rand_seq *r, char *spec, size_t size)
{
    static const char *const crontabs[] = {"30 2 * * *",      "*/5 * * * *", "0 9 31 * *",
                                           "15 2 * * 0",      "0 0 L * *",   "30 1,2,3 * * *",
                                           "0 9 1 */3 *",     "0 */6 * * *", "0 0 0 29 2 * 2028",
                                           "7 * * * mon-fri", NULL};
    static const char *const lengths[] = {"'minutes':5",  "'hours':1", "'days':1",
                                          "'minutes':90", "'weeks':1", "'seconds':30.5",
                                          "'hours':36",   NULL};
    static const char *const rules[] = {"FREQ=DAILY",
                                        "FREQ=DAILY;INTERVAL=3;COUNT=40",
                                        "FREQ=MONTHLY;BYMONTHDAY=-1",
                                        "FREQ=YEARLY;COUNT=5",
                                        "FREQ=WEEKLY;BYDAY=SU;UNTIL=20270101T000000Z",
                                        "FREQ=HOURLY;INTERVAL=6",
                                        "FREQ=MINUTELY;COUNT=3",
                                        NULL};
    static const char *const begins[] = {"2026-01-31T09:00:00", "1999-03-28T02:30:00",
                                         "2026-10-25T02:30:00", NULL};
    static const char *const stamps[] = {":20260131T090000Z", ";TZID=Europe/Berlin:20251026T023000",
                                         ":20260329T020000Z", NULL};
    uint64_t kind = rand_below(r, 6);

    if (kind == 0)
        snprintf(spec, size, "{'type':'cron','expr':'%s'}", pick(r, crontabs));
    else if (kind == 1)
        snprintf(spec, size, "{'type':'interval',%s,'start_date':'%s'}", pick(r, lengths),
                 pick(r, begins));
    else if (kind == 2)
        snprintf(spec, size, "{'type':'rrule','expr':'DTSTART%s\\nRRULE:%s'}", pick(r, stamps),
                 pick(r, rules));
    else
        steps_random(r, spec, size);
    add_bounds(r, spec, size);
}

static void test_random_bounds(void **state)
{
    struct zones *zones = zones_new(ZONE_DIR);
    struct rand_seq r;
    int converted = 0;

    (void)state;
    rand_seq_init(&r, 5);
    for (int i = 0; i < 500; i++) {
        const char *zone = zone_choice[rand_below(&r, COUNT(zone_choice))];
        char spec[400];
        struct trigger *t;
        struct err e;

        bounded_random(&r, spec, sizeof spec);
        for (char *p = spec; *p; p++)
            *p = *p == '\'' ? '"' : *p;
        t = trigger_of(zones, spec, zone, &e);
        if (!t)
            continue;
        converted += check_all(zones, t, zone, at_of(zones, NOW), spec);
        trigger_free(t);
    }
    zones_free(zones);
    assert_true(converted > 1500);
}

// What has been tried for another form leaves no trace where there is none.
static void test_same(void **state)
{
    static const char spec[] = "{\"type\":\"rrule\",\"expr\":\"DTSTART:20260205T090000\\n"
                               "RRULE:FREQ=DAILY\",\"timezone\":\"Europe/Berlin\",\"dst\":\"utc\","
                               "\"exclude\":[\"fridays\"],\"on_exclude\":\"skip\"}";
    struct zones *zones = zones_new(ZONE_DIR);
    struct conversion c;
    struct buf written;
    struct trigger *t;
    struct err e;

    (void)state;
    almanacs_put(&calendars, almanac_good(zones, "fridays", "{\"weekdays\":[\"fri\"]}"));
    t = trigger_with(zones, &calendars, spec, "UTC", &e);
    assert_non_null(t);
    assert_true(convert(t, DIALECT_RRULE, at_of(zones, NOW), &c, &e));
    buf_init(&written, 4000);
    trigger_write(t, &written);
    json_t *got = json_loads(buf_text(&c.spec), 0, NULL);
    json_t *want = json_loads(buf_text(&written), 0, NULL);
    assert_true(json_equal(got, want));
    buf_done(&written);
    json_decref(got);
    json_decref(want);
    conversion_done(&c);
    trigger_free(t);
    zones_free(zones);
}

static void test_random_calendars(void **state)
{
    static const char *const members[] = {
        "'exclude':['days']",
        "'include':['office']",
        "'exclude':['days'],'on_exclude':'next'",
        "'include':['office'],'on_exclude':'end'",
        "'exclude':['days'],'on_exclude':'previous'",
        "'include':['office'],'exclude':['days'],'on_exclude':'skip'",
        NULL};
    struct zones *zones = zones_new(ZONE_DIR);
    struct rand_seq r;
    int converted = 0;

    (void)state;
    almanacs_put(&calendars, almanac_good(zones, "days",
                                          "{\"dates\":[\"2026-01-15..2026-02-02\",\"2026-03-29\","
                                          "\"2026-10-25\",\"12-24..12-26\"]}"));
    almanacs_put(&calendars, almanac_good(zones, "office",
                                          "{\"cron\":[{\"expr\":\"0 0 * * mon-thu\","
                                          "\"duration\":\"12h\"}]}"));
    rand_seq_init(&r, 3);
    for (int i = 0; i < 300; i++) {
        const char *zone = zone_choice[rand_below(&r, COUNT(zone_choice))];
        char spec[600];
        struct trigger *t;
        struct err e;

        bounded_random(&r, spec, sizeof spec);
        spec[strlen(spec) - 1] = '\0';
        snprintf(spec + strlen(spec), sizeof spec - strlen(spec), ",%s}", pick(&r, members));
        for (char *p = spec; *p; p++)
            *p = *p == '\'' ? '"' : *p;
        t = trigger_with(zones, &calendars, spec, zone, &e);
        if (!t)
            continue;
        converted += check_all(zones, t, zone, at_of(zones, NOW), spec);
        trigger_free(t);
    }
    zones_free(zones);
    assert_true(converted > 500);
}

// ---- vectors

static const char *text_of(const json_t *vector, const char *key)
{
    const char *text = json_string_value(json_object_get(vector, key));

    return text ? text : "";
}

// The spec of a vector; one that this build does not know is refused when it is read.
static char *spec_of(const json_t *vector)
{
    const char *dialect = text_of(vector, "dialect");
    json_t *spec = json_object_get(vector, "fields");
    char *text;

    spec = json_is_object(spec) ? json_deep_copy(spec)
                                : json_pack("{ss}", "expr", text_of(vector, "expr"));
    json_object_set_new(spec, "type",
                        json_string(strcmp(dialect, "fields") == 0 ? "cron" : dialect));
    text = json_dumps(spec, JSON_COMPACT);
    json_decref(spec);
    return text;
}

static int check_file(struct zones *zones, const char *name)
{
    char path[300];
    char *line = NULL;
    size_t room = 0;
    int count = 0;
    FILE *f;

    snprintf(path, sizeof path, "test/data/vectors/%s", name);
    f = fopen(path, "r");
    assert_non_null(f);
    while (getline(&line, &room, f) > 0) {
        json_t *vector = json_loads(line, 0, NULL);
        char *spec = spec_of(vector);
        struct err e;
        struct trigger *t = trigger_of(zones, spec, text_of(vector, "tz"), &e);

        if (t) // from a moment that was chosen because something happens there
            count += check_all(zones, t, text_of(vector, "tz"),
                               at_of(zones, text_of(vector, "after")), spec);
        trigger_free(t);
        free(spec);
        json_decref(vector);
    }
    free(line);
    fclose(f);
    return count;
}

static void test_vectors(void **state)
{
    struct zones *zones = zones_new(ZONE_DIR);
    DIR *dir = opendir("test/data/vectors");
    struct dirent *file;
    int count = 0;

    (void)state;
    assert_non_null(dir);
    while ((file = readdir(dir)))
        if (str_ends(str_of(file->d_name), STR_LIT(".jsonl")))
            count += check_file(zones, file->d_name);
    closedir(dir);
    zones_free(zones);
    assert_true(count >= 3000);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table),
        cmocka_unit_test(test_random_crontab),
        cmocka_unit_test(test_random_bounds),
        cmocka_unit_test(test_same),
        cmocka_unit_test(test_random_calendars),
        cmocka_unit_test(test_vectors),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
