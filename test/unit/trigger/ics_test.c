// ics_test.c - calendar files: the events in them, and what is wrong with a file.
// SPDX-License-Identifier: Apache-2.0
#include "trigger/ics.h"

#include <string.h>

#include "base/buf.h"
#include "trigger_fixture.h"

static struct zones *zones;

static int setup(void **state)
{
    (void)state;
    zones = zones_new(ZONE_DIR);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    zones_free(zones);
    return 0;
}

// "Christmas 1d+0s DTSTART;VALUE=DATE:20261225|RRULE:..." and a line end.
static bool event_print(const struct ics_event *event, void *ctx, struct err *e)
{
    struct buf *out = ctx;

    (void)e;
    buf_printf(out, "%.*s %lldd+%llds ", STR(event->summary), (long long)event->days,
               (long long)(event->us / 1000000));
    for (size_t i = 0; i < event->lines.len; i++)
        buf_add_byte(out, event->lines.p[i] == '\n' ? '|' : event->lines.p[i]);
    buf_add_byte(out, '\n');
    return true;
}

#define FILE(events) "BEGIN:VCALENDAR\r\nVERSION:2.0\r\n" events "END:VCALENDAR\r\n"
#define EVENT(lines) "BEGIN:VEVENT\r\n" lines "END:VEVENT\r\n"

static void test_good(void **state)
{
    static const struct {
        const char *text, *events;
    } rows[] = {
        {FILE(""), ""},
        {FILE(EVENT("UID:1\r\nSUMMARY:Christmas\r\nDTSTART;VALUE=DATE:20261225\r\n")),
         "Christmas 1d+0s DTSTART;VALUE=DATE:20261225\n"},
        // Bare line feeds, names in any case, a mark for UTF-8, a second calendar behind the first.
        {"\xef\xbb\xbf"
         "begin:vcalendar\nbegin:vevent\ndtstart:20261225\nend:vevent\n"
         "end:vcalendar\n" FILE(EVENT("DTSTART:20261226\r\n")),
         " 1d+0s dtstart:20261225\n 1d+0s DTSTART:20261226\n"},
        {FILE(EVENT("DTSTART;VALUE=DATE:20261224\r\nDTEND;VALUE=DATE:20261227\r\n")),
         " 3d+0s DTSTART;VALUE=DATE:20261224\n"},
        {FILE(EVENT("DTSTART:20261224T120000Z\r\nDURATION:P1DT2H\r\n")),
         " 1d+7200s DTSTART:20261224T120000Z\n"},
        {FILE(EVENT("DTSTART:20261224\r\nDURATION:+P1W\r\n")), " 7d+0s DTSTART:20261224\n"},
        // From Friday 18:00 to Monday 06:00, by the clocks of the place.
        {FILE(EVENT("DTSTART;TZID=Europe/Berlin:20260327T180000\r\n"
                    "DTEND;TZID=Europe/Berlin:20260330T060000\r\n"
                    "RRULE:FREQ=WEEKLY\r\nEXDATE;TZID=Europe/Berlin:20260403T180000\r\n")),
         " 2d+43200s DTSTART;TZID=Europe/Berlin:20260327T180000|RRULE:FREQ=WEEKLY|EXDATE;TZID="
         "Europe/Berlin:20260403T180000\n"},
        // A flight: told in two zones, so by the clock.
        {FILE(EVENT("DTSTART;TZID=Europe/Berlin:20260110T100000\r\n"
                    "DTEND;TZID=America/New_York:20260110T130000\r\n")),
         " 0d+32400s DTSTART;TZID=Europe/Berlin:20260110T100000\n"},
        // Folded, escaped, with a quoted parameter.
        {FILE(EVENT("SUMMARY;LANGUAGE=\"de\":Tag der\\, na ja\\n\\\\Arb\r\n eit\\;\r\n"
                    "DTSTART:2026\r\n 0501\r\n")),
         "Tag der, na ja \\Arbeit; 1d+0s DTSTART:20260501\n"},
        // What is no event is passed over, and so are alarms inside of events.
        {FILE("BEGIN:VTIMEZONE\r\nTZID:Europe/"
              "Berlin\r\nBEGIN:STANDARD\r\nDTSTART:19701025T030000\r\n"
              "END:STANDARD\r\nEND:VTIMEZONE\r\nBEGIN:VTODO\r\nDUE:20261231\r\nEND:VTODO\r\n" EVENT(
                  "DTSTART:20261225\r\nBEGIN:VALARM\r\nTRIGGER:-PT15M\r\nDURATION:PT5M\r\n"
                  "END:VALARM\r\nTRANSP:TRANSPARENT\r\nX-NOTE:yes\r\n")),
         " 1d+0s DTSTART:20261225\n"},
        // Cancelled: the event, or one recurrence. Moved: one recurrence.
        {FILE(EVENT("DTSTART:20261225\r\nSTATUS:CANCELLED\r\n")), ""},
        {FILE(EVENT("UID:a\r\nRECURRENCE-ID;VALUE=DATE:20260108\r\nDTSTART;VALUE=DATE:20260109\r\n"
                    "SUMMARY:moved\r\n") EVENT("UID:a\r\nDTSTART;VALUE=DATE:20260101\r\n"
                                               "RRULE:FREQ=WEEKLY\r\nSUMMARY:weekly\r\n")
                  EVENT("UID:a\r\nRECURRENCE-ID;VALUE=DATE:20260115\r\n"
                        "DTSTART;VALUE=DATE:20260115\r\nSTATUS:CANCELLED\r\n")
                      EVENT("UID:b\r\nDTSTART;VALUE=DATE:20260101\r\nRRULE:FREQ=YEARLY\r\n")),
         "moved 1d+0s DTSTART;VALUE=DATE:20260109\n"
         "weekly 1d+0s DTSTART;VALUE=DATE:20260101|RRULE:FREQ=WEEKLY|EXDATE;VALUE=DATE:20260115|"
         "EXDATE;VALUE=DATE:20260108\n"
         " 1d+0s DTSTART;VALUE=DATE:20260101|RRULE:FREQ=YEARLY\n"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct buf out;
        struct err e;

        buf_init(&out, 10000);
        if (!ics_read(str_of(rows[i].text), "ics", zones, event_print, &out, &e))
            fail_msg("row %zu: %s", i, e.message);
        assert_string_equal(buf_text(&out), rows[i].events);
        buf_done(&out);
    }
}

static void test_bad(void **state)
{
    static const struct {
        const char *text;
        int line;
        const char *message;
    } rows[] = {
        {"{\"dates\":[]}", 1, "line 1: a line needs a name and a colon"},
        {"X:1\n", 1, "line 1: a calendar file begins with BEGIN:VCALENDAR"},
        {"BEGIN:VEVENT\n", 1, "line 1: a calendar file begins with BEGIN:VCALENDAR"},
        {"BEGIN:VCALENDAR\n\nEND:VEVENT\n", 3, "line 3: this END has no BEGIN"},
        {"BEGIN:VCALENDAR\nBEGIN:VEVENT\n", 3, "line 3: the file ends inside of a component"},
        {"BEGIN:VCALENDAR\nX-LONG:a\n b\n c\nEND:X\n", 5, "line 5: this END has no BEGIN"},
        {FILE(EVENT("")), 4, "line 4: the event that ends here has no DTSTART"},
        {FILE(EVENT("DTSTART:20261225T120000\r\n")), 3, "line 3: the event takes no time"},
        {FILE(EVENT("DTSTART:20261225\r\nDTEND:20261225\r\n")), 3, "DTEND must be later"},
        {FILE(EVENT("DTSTART:20261225\r\nDTEND:20261226T000000\r\n")), 3,
         "both dates or both times"},
        {FILE(EVENT("DTSTART:20261225\r\nDTEND:20261226\r\nDURATION:P1D\r\n")), 3, "not both"},
        {FILE(EVENT("DTSTART:20261225\r\nDURATION:PT5H\r\n")), 3, "takes whole days"},
        {FILE(EVENT("DTSTART:20261225\r\nDURATION:5h\r\n")), 5, "DURATION is written as"},
        {FILE(EVENT("DTSTART:20261225\r\nDURATION:P5X\r\n")), 5, "P5X"},
        {FILE(EVENT("DTSTART:20261325\r\n")), 4, "line 4: DTSTART"},
        {FILE(EVENT("DTSTART:20261225 or so\r\n")), 4, "something stands behind the time"},
        {FILE(EVENT("DTSTART:20261225\r\nDTSTART:20261226\r\n")), 5, "twice"},
        {FILE(EVENT("DTSTART;TZID=W. Europe Standard Time:20261225T120000\r\n")), 4,
         "TZID \"W. Europe Standard Time\" is not a zone of this system"},
        {FILE(EVENT("RECURRENCE-ID;RANGE=THISANDFUTURE:20261225\r\nDTSTART:20261225\r\n")), 4,
         "RANGE=THISANDFUTURE is not supported"},
        {FILE(EVENT("DTSTART;=:20261225\r\n")), 4, "line 4: "},
        {"BEGIN:VCALENDAR\nBEGIN:A\nBEGIN:A\nBEGIN:A\nBEGIN:A\nBEGIN:A\nBEGIN:A\nBEGIN:A\nBEGIN:"
         "A\n",
         9, "too deep"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct buf out;
        struct err e = {0};

        buf_init(&out, 10000);
        assert_false(ics_read(str_of(rows[i].text), "ics", zones, event_print, &out, &e));
        if (e.line != rows[i].line || !strstr(e.message, rows[i].message) ||
            strcmp(e.field, "ics") != 0)
            fail_msg("row %zu: %d %s", i, e.line, e.message);
        buf_done(&out);
    }
}

static bool refuse(const struct ics_event *event, void *ctx, struct err *e)
{
    (void)event, (void)ctx;
    fail(e, ERR_INPUT, "x", "not that");
    return fail_hint(e, "another");
}

static void test_limits(void **state)
{
    struct buf text, out;
    struct err e;

    (void)state;
    buf_init(&text, 2 * ICS_TEXT_MAX);
    buf_init(&out, 1 << 20);
    assert_false(
        ics_read(str_of(FILE(EVENT("DTSTART:20261225\r\n"))), "ics", zones, refuse, NULL, &e));
    assert_string_equal(e.message, "line 3: not that");
    assert_string_equal(e.hint, "another");
    buf_add_text(&text, "BEGIN:VCALENDAR\n");
    for (int i = 0; i < ICS_EVENTS_MAX; i++)
        buf_add_text(&text, "BEGIN:VEVENT\nDTSTART:20261225\nEND:VEVENT\n");
    size_t len = text.len;
    buf_add_text(&text, "END:VCALENDAR\n");
    assert_true(ics_read(buf_str(&text), "ics", zones, event_print, &out, &e));
    text.len = len;
    buf_add_text(&text, "BEGIN:VEVENT\nDTSTART:20261225\nEND:VEVENT\nEND:VCALENDAR\n");
    assert_false(ics_read(buf_str(&text), "ics", zones, event_print, &out, &e));
    assert_int_equal(e.code, ERR_LIMIT);
    while (text.len <= ICS_TEXT_MAX)
        buf_add_text(&text, "X-NOTE:nothing but words, many of them, one after the other\n");
    assert_false(ics_read(buf_str(&text), "ics", zones, event_print, &out, &e));
    assert_int_equal(e.code, ERR_LIMIT);
    // An event that recurs in more words than there is room for.
    buf_clear(&text);
    buf_add_text(&text, "BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART:20261225\n");
    for (int i = 0; i < 1000; i++)
        buf_add_text(&text, "EXDATE:20261225,20261226\n");
    buf_add_text(&text, "END:VEVENT\nEND:VCALENDAR\n");
    assert_false(ics_read(buf_str(&text), "ics", zones, event_print, &out, &e));
    assert_non_null(strstr(e.message, "line 2: the event recurs in too many words"));
    buf_done(&text);
    buf_done(&out);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),
        cmocka_unit_test(test_bad),
        cmocka_unit_test(test_limits),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
