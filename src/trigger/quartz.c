// quartz.c - the cron language of Quartz: its limits, and its rules for the day fields.
// SPDX-License-Identifier: Apache-2.0
#include "trigger/quartz.h"

#include "trigger/cron_field.h"

static const struct cron_language quartz = {
    .limits = {{0, 59, 59, "write 0-59, 10-20/5, 0/15 or a list of such"},
               {0, 59, 59, "write 0-59, 10-20/5, 0/15 or a list of such"},
               {0, 23, 23, "write 0-23, 8-17, 22-2, 0/2 or a list of such"},
               {1, 31, 31, "write 1-31, 1/2, L, L-3, LW, 15W, ? or a list of such"},
               {1, 12, 12, "write 1-12, JAN-DEC, 1/3 or a list of such"},
               {1, 7, 7, "write SUN-SAT, 1-7 (1 is Sunday), 6L, 6#3, ? or a list of such"},
               {1970, 2199, 2199, "write 2026, 2026-2028, 2026/2 or a list of such"}},
    .sunday = 1,
    .wraps = true,
    .steps_fit = true,
    .question_rule = true,
    .weekday_l = true,
    .last_min = 0,
};

static struct str field_of(const struct cron_text *text, enum cron_field field)
{
    return str_cut(text->text, text->fields[field].from, text->fields[field].to);
}

// Exactly one of day and weekday leaves the choice to the other.
static bool question_check(const struct cron_text *text, struct err *e)
{
    bool day = str_eq(field_of(text, CRON_DAY), STR_LIT("?"));
    bool weekday = str_eq(field_of(text, CRON_WEEKDAY), STR_LIT("?"));

    if (day != weekday)
        return true;
    fail_at(e, ERR_INPUT, "expr", (int)text->fields[CRON_WEEKDAY].from + 1,
            day ? "day and weekday cannot both be ?" : "one of day and weekday must be ?");
    return fail_hint(e, "write 0 0 12 1 * ? for a day of the month, 0 0 12 ? * MON for a weekday");
}

// What Quartz has only once in a weekday field: L with nothing beside it, and one #.
static bool weekday_check(const struct cron_text *text, struct err *e)
{
    size_t from = text->fields[CRON_WEEKDAY].from, to = text->fields[CRON_WEEKDAY].to;
    ptrdiff_t comma = str_find(field_of(text, CRON_WEEKDAY), ',');
    int signs = 0;

    for (size_t at = from; at < to && comma >= 0; at++) {
        signs += text->text.p[at] == '#';
        if ((text->text.p[at] | 32) == 'l')
            return fail_at(e, ERR_INPUT, "expr", (int)at + 1,
                           "weekday cannot have anything beside L");
        if (signs > 1)
            return fail_at(e, ERR_INPUT, "expr", (int)at + 1, "weekday cannot have a second \"#\"");
    }
    return true;
}

static bool fields_find(struct str expr, struct cron_text *ret_text, struct err *e)
{
    struct str trimmed = str_trim(expr);

    if (trimmed.len > 0)
        expr.len = (size_t)(trimmed.p - expr.p) + trimmed.len;
    if (!cron_split(expr, 0, 6, ret_text, e))
        return fail_hint(e, "write second minute hour day month weekday, as in 0 0 12 ? * MON-FRI");
    return true;
}

bool quartz_parse(struct str expr, struct calendar *ret_calendar, struct err *e)
{
    struct cron_text text;
    bool is_hashed;

    return fields_find(expr, &text, e) && question_check(&text, e) && weekday_check(&text, e) &&
           cron_compile(&quartz, &text, ret_calendar, &is_hashed, e);
}

void quartz_str(struct str expr, struct buf *out)
{
    struct cron_text text;
    struct err e;

    if (fields_find(expr, &text, &e))
        cron_print(&quartz, &text, out);
}
