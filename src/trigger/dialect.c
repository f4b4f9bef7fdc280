// dialect.c - names of languages, and a guess at the one of a text.
//
// A guess looks at marks that no crontab has: the brace of JSON, R.../ of ISO 8601, names of
// iCalendar lines, the colons and dots of calendar events.
// SPDX-License-Identifier: Apache-2.0
#include "trigger/dialect.h"

#include <stdlib.h>
#include <string.h>

#include "base/suggest.h"
#include "trigger/names.h"

const char *const dialect_names[DIALECT_COUNT + 1] = {
    "cron", "quartz", "fields", "oncalendar", "rrule", "iso8601", "interval", "date", NULL};

const char *dialect_type(enum dialect dialect)
{
    return dialect_names[dialect == DIALECT_FIELDS ? DIALECT_CRON : dialect];
}

bool dialect_is_text(enum dialect dialect)
{
    return dialect == DIALECT_CRON || dialect == DIALECT_QUARTZ || dialect == DIALECT_ONCALENDAR ||
           dialect == DIALECT_RRULE || dialect == DIALECT_ISO8601;
}

bool dialect_find(struct str name, enum dialect *ret_dialect, struct err *e)
{
    const char *near;

    for (int i = 0; i < DIALECT_COUNT; i++)
        if (str_eq(name, str_of(dialect_names[i]))) {
            *ret_dialect = (enum dialect)i;
            return true;
        }
    near = suggest_find(name, dialect_names, DIALECT_COUNT);
    fail(e, ERR_INPUT, "dialect",
         "\"%.*s\" is not a dialect: write cron, quartz, fields, oncalendar, rrule, iso8601, "
         "interval or date",
         (int)(name.len < 60 ? name.len : 60), name.p);
    return near ? fail_hint(e, "did you mean \"%s\"?", near) : false;
}

// ---- guess

static bool starts_nocase(struct str s, const char *prefix)
{
    size_t len = strlen(prefix);

    return s.len >= len && str_eq_nocase(str_cut(s, 0, len), str_of(prefix));
}

static bool has_text(struct str s, const char *part)
{
    return s.len > 0 && memmem(s.p, s.len, part, strlen(part)) != NULL;
}

// Does a line of a recurrence set begin here?
static bool is_line(struct str s)
{
    static const char *const names[] = {"DTSTART", "RRULE:", "RRULE;", "RDATE", "EXDATE", "EXRULE"};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (starts_nocase(s, names[i]))
            return true;
    return false;
}

static bool is_rrule(struct str s)
{
    return is_line(s) || starts_nocase(s, "FREQ=") || has_text(s, ";FREQ=");
}

// R/, R12/
static bool is_iso8601(struct str s)
{
    size_t at = 1;

    while (at < s.len && s.p[at] >= '0' && s.p[at] <= '9')
        at++;
    return s.len > at && s.p[0] == 'R' && s.p[at] == '/';
}

// 2026-12-01T06:00, a moment; with a blank in place of the T it is a calendar event as well.
static bool is_date(struct str s)
{
    return s.len >= 13 && s.p[4] == '-' && s.p[7] == '-' && (s.p[10] | 32) == 't' &&
           str_find(str_of("0123456789"), s.p[11]) >= 0;
}

// "daily", "semi-annually", "Mon,Tue"
static bool is_word(struct str s)
{
    size_t at = 0;

    while (at < s.len &&
           (((s.p[at] | 32) >= 'a' && (s.p[at] | 32) <= 'z') || s.p[at] == '-' || s.p[at] == ','))
        at++;
    return s.len > 2 && at == s.len;
}

// Marks of a calendar event: a colon, two dots, or a date of which a part is `*`; or a word alone.
static bool is_oncalendar(struct str s)
{
    if (s.len == 0 || s.p[0] == '@' || starts_nocase(s, "CRON_TZ=") || starts_nocase(s, "TZ="))
        return false;
    return has_text(s, ":") || has_text(s, "..") || has_text(s, "*-") || has_text(s, "-*") ||
           is_word(s);
}

enum dialect dialect_guess(struct str text)
{
    struct str s = str_trim(text);

    if (s.len > 0 && s.p[0] == '{')
        return DIALECT_SPEC;
    if (is_rrule(s))
        return DIALECT_RRULE;
    if (is_iso8601(s))
        return DIALECT_ISO8601;
    if (is_date(s))
        return DIALECT_DATE;
    return is_oncalendar(s) ? DIALECT_ONCALENDAR : DIALECT_CRON;
}

// ---- spec

static bool object_read(struct str text, enum dialect dialect, json_t **ret_spec, struct err *e)
{
    json_error_t fault;
    json_t *spec = json_loadb(text.p, text.len, JSON_REJECT_DUPLICATES, &fault);

    if (!spec)
        return fail_at(e, ERR_JSON, "expr", fault.column, "the schedule is not valid JSON: %s",
                       fault.text);
    if (dialect != DIALECT_SPEC && json_is_object(spec) && !json_object_get(spec, "type"))
        (void)json_object_set_new(spec, "type", json_string(dialect_type(dialect)));
    *ret_spec = spec;
    return true;
}

// Lines of a recurrence rule as a command line has them: with "\\n" or a blank between them. Of
// equal length, so that columns stay.
static void lines_break(char *text, size_t len)
{
    for (size_t i = 0; i + 1 < len; i++) {
        struct str rest = {text + i + 1, len - i - 1};

        if (text[i] == '\\' && text[i + 1] == 'n')
            memcpy(text + i, "\r\n", 2);
        else if (text[i] == ' ' && is_line(rest))
            text[i] = '\n';
    }
}

static json_t *text_value(struct str text, enum dialect dialect)
{
    char *copy = str_own(text);
    json_t *value;

    if (dialect == DIALECT_RRULE)
        lines_break(copy, text.len);
    value = json_stringn(copy, text.len);
    free(copy);
    return value;
}

bool dialect_spec(struct str text, enum dialect dialect, json_t **ret_spec, struct err *e)
{
    struct str trimmed = str_trim(text);
    bool is_object = trimmed.len > 0 && trimmed.p[0] == '{';
    json_t *value;

    if (is_object || dialect == DIALECT_SPEC || dialect == DIALECT_FIELDS ||
        dialect == DIALECT_INTERVAL)
        return object_read(text, dialect, ret_spec, e);
    value = text_value(text, dialect);
    if (!value)
        return fail(e, ERR_INPUT, "expr", "the schedule is not UTF-8 text");
    *ret_spec = json_pack("{ss so}", "type", dialect_type(dialect),
                          dialect == DIALECT_DATE ? "run_date" : "expr", value);
    return true;
}
