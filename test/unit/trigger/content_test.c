// content_test.c - lines of iCalendar text: folds, names, parameters, columns.
// SPDX-License-Identifier: Apache-2.0
#include "trigger/content.h"

#include "unit.h"

// The lines of a text, taken apart and put together again: "NAME{PARAM=value}value;...".
static void check_lines(const char *text, const char *want)
{
    struct content c;
    struct content_line line;
    struct err e = {0};
    struct buf out;
    bool is_done = false;

    content_init(&c, str_of(text));
    buf_init(&out, 1000);
    while (!is_done) {
        if (!content_next(&c, "expr", &line, &is_done, &e))
            fail_msg("%s: %s", text, e.message);
        if (is_done)
            break;
        buf_add(&out, line.name);
        for (int i = 0; i < line.param_count; i++)
            buf_printf(&out, "{%.*s=%.*s}", STR(line.params[i].name), STR(line.params[i].value));
        buf_printf(&out, "<%.*s>", (int)(line.end - line.value_at), c.text.p + line.value_at);
    }
    assert_string_equal(buf_text(&out), want);
    buf_done(&out);
    content_done(&c);
}

static void test_lines(void **state)
{
    (void)state;
    check_lines("", "");
    check_lines("\n\r\n  \n", "");
    check_lines("RRULE:FREQ=DAILY", "RRULE<FREQ=DAILY>");
    check_lines("DTSTART:1\nRRULE:2\n", "DTSTART<1>RRULE<2>");
    check_lines("DTSTART:1\r\nRRULE:2\r\n", "DTSTART<1>RRULE<2>");
    check_lines("  a-1:x  \nB:\n", "a-1<x>B<>");
    check_lines("D;TZID=Europe/Berlin;VALUE=DATE:1:2", "D{TZID=Europe/Berlin}{VALUE=DATE}<1:2>");
    check_lines("D;TZID=\"a;b:c\":1", "D{TZID=a;b:c}<1>");
    check_lines("FREQ=DAILY;COUNT=2", "<FREQ=DAILY;COUNT=2>");
    check_lines("RRULE:FREQ=DA\n ILY;CO\r\n\tUNT=2\nB:1", "RRULE<FREQ=DAILY;COUNT=2>B<1>");
    check_lines("RR\r\n ULE:1\r\n", "RRULE<1>");
}

static void test_refused(void **state)
{
    static const struct {
        const char *text;
        int column;
        const char *message;
    } rows[] = {
        {"DTSTART 1", 1, "a line needs a name and a colon, such as RRULE:FREQ=DAILY"},
        {":1", 1, "a line needs a name and a colon, such as RRULE:FREQ=DAILY"},
        {"A:1\n?", 5, "a line needs a name and a colon, such as RRULE:FREQ=DAILY"},
        {"A;TZID=x", 1, "a line needs a name and a colon, such as RRULE:FREQ=DAILY"},
        {"A;:1", 3, "a line needs a parameter such as TZID=Europe/Berlin behind \";\""},
        {"A;B:1", 3, "a line needs a parameter such as TZID=Europe/Berlin behind \";\""},
        {"A;B=\"x:1", 5, "a line has a quote that does not end"},
        {"A;A=1;B=1;C=1;D=1;E=1;F=1;G=1;H=1;I=1:1", 35, "a line has more than 8 parameters"},
        {"A;B\r\n =\"x:1", 8, "a line has a quote that does not end"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct content c;
        struct content_line line;
        struct err e = {0};
        bool is_done = false, ok = true;

        content_init(&c, str_of(rows[i].text));
        while (ok && !is_done)
            ok = content_next(&c, "expr", &line, &is_done, &e);
        content_column(&c, &e);
        if (ok || e.column != rows[i].column || strcmp(e.message, rows[i].message) != 0)
            fail_msg("%s: column %d, %s", rows[i].text, e.column, e.message);
        assert_string_equal(e.field, "expr");
        content_done(&c);
    }
}

// Columns of the unfolded text lead back to the bytes of the text as given.
static void test_columns(void **state)
{
    const char *text = "ab\r\n cd\n\tef\n\n g\nh";
    const char *unfolded = "abcdef\ng\nh";
    struct content c;

    (void)state;
    content_init(&c, str_of(text));
    assert_string_equal(buf_text(&c.text), unfolded);
    for (size_t i = 0; unfolded[i] != '\0'; i++) {
        struct err e = {.column = (int)i + 1};

        content_column(&c, &e);
        assert_int_equal(text[e.column - 1], unfolded[i]);
    }
    struct err none = {0};
    content_column(&c, &none);
    assert_int_equal(none.column, 0);
    content_done(&c);
}

static void test_params(void **state)
{
    struct content c;
    struct content_line line;
    struct err e;
    bool is_done;

    (void)state;
    content_init(&c, STR_LIT("A;tzid=Europe/Berlin;X=1:1"));
    assert_true(content_next(&c, "expr", &line, &is_done, &e));
    assert_true(str_eq(content_param(&line, "TZID")->value, STR_LIT("Europe/Berlin")));
    assert_int_equal(content_param(&line, "X")->at, 21);
    assert_null(content_param(&line, "VALUE"));
    content_done(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_columns),
        cmocka_unit_test(test_params),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
