// crontab.c - the crontab language: fields, macros, and what the day fields mean together.
// SPDX-License-Identifier: Apache-2.0
#include "trigger/crontab.h"

#include "base/suggest.h"
#include "trigger/cron_field.h"

static const struct cron_language crontab = {
    .limits = {{0, 59, 59, "write 0-59, 10-20/5, */15, H or a list of such"},
               {0, 59, 59, "write 0-59, 10-20/5, */15, H or a list of such"},
               {0, 23, 23, "write 0-23, 8-17, */2, H or a list of such"},
               {1, 31, 28, "write 1-31, */2, L, L-3, LW, 15W, H or a list of such"},
               {1, 12, 12, "write 1-12, jan-dec, */3, H or a list of such"},
               {0, 7, 6,
                "write sun-sat, 0-7 (0 and 7 are Sunday), 5L, fri#L, 5#2, H or a list of such"},
               {1970, 2199, 2199, "write 2026, 2026-2028, */2 or a list of such"}},
    .sunday = 0,
    .has_hash = true,
    .last_min = 1,
};

// Those without a text are schedules of another kind (macro.h).
static const struct {
    const char *name, *expr;
} macros[] = {
    {"@yearly", "0 0 1 1 *"},
    {"@annually", "0 0 1 1 *"},
    {"@semiannually", "0 0 1 1,7 *"},
    {"@quarterly", "0 0 1 1,4,7,10 *"},
    {"@monthly", "0 0 1 * *"},
    {"@weekly", "0 0 * * 0"},
    {"@daily", "0 0 * * *"},
    {"@midnight", "0 0 * * *"},
    {"@weekdays", "0 0 * * 1-5"},
    {"@weekends", "0 0 * * 6,0"},
    {"@hourly", "0 * * * *"},
    {"@minutely", "* * * * *"},
    {"@every_minute", "* * * * *"},
    {"@secondly", "* * * * * *"},
    {"@every_second", "* * * * * *"},
    {"@every", NULL},
    {"@at", NULL},
    {"@reboot", NULL},
    {"@startup", NULL},
    {"@manual", NULL},
    {"@manually", NULL},
};

#define MACRO_COUNT (sizeof macros / sizeof *macros)

static size_t blanks_skip(struct str expr, size_t at)
{
    while (at < expr.len && (expr.p[at] == ' ' || expr.p[at] == '\t'))
        at++;
    return at;
}

size_t crontab_zone(struct str expr, struct str *ret_zone)
{
    static const char *const prefixes[] = {"CRON_TZ=", "TZ="};
    size_t at = blanks_skip(expr, 0);

    *ret_zone = (struct str){NULL, 0};
    for (int i = 0; i < 2; i++) {
        size_t from = at + strlen(prefixes[i]), to = from;

        if (!str_starts(str_cut(expr, at, expr.len), str_of(prefixes[i])))
            continue;
        while (to < expr.len && expr.p[to] != ' ' && expr.p[to] != '\t')
            to++;
        *ret_zone = str_cut(expr, from, to);
        return blanks_skip(expr, to);
    }
    return at;
}

// The text that a macro stands for.
static bool macro_find(struct str expr, size_t at, struct str *ret_expr, struct err *e)
{
    const char *names[MACRO_COUNT], *near;
    struct str name = str_cut(expr, at, expr.len);

    for (size_t i = 0; i < MACRO_COUNT; i++) {
        names[i] = macros[i].name;
        if (macros[i].expr && str_eq_nocase(name, str_of(names[i]))) {
            *ret_expr = str_of(macros[i].expr);
            return true;
        }
    }
    near = suggest_find(name, names, MACRO_COUNT);
    fail_at(e, ERR_INPUT, "expr", (int)at + 1, "\"%.*s\" is not a known macro: write %s",
            (int)(name.len < 60 ? name.len : 60), name.p,
            "@yearly, @monthly, @weekly, @daily, @hourly or @every 5m");
    return near ? fail_hint(e, "did you mean \"%s\"?", near) : false;
}

static void plus_take(struct cron_text *text, enum cron_field field)
{
    bool is_alone = text->fields[field].to - text->fields[field].from == 1;

    if (cron_field_first(text, field) != '+' || is_alone)
        return;
    text->plus |= (uint8_t)(1 << field);
    text->fields[field].from++;
}

static bool fields_find(struct str expr, struct cron_text *ret_text, struct err *e)
{
    struct str zone, trimmed = str_trim(expr);
    size_t at;

    if (trimmed.len > 0)
        expr.len = (size_t)(trimmed.p - expr.p) + trimmed.len;
    at = crontab_zone(expr, &zone);
    if (at < expr.len && expr.p[at] == '@') {
        if (!macro_find(expr, at, &expr, e))
            return false;
        at = 0;
    }
    if (!cron_split(expr, at, 5, ret_text, e))
        return fail_hint(e, "write minute hour day month weekday, as in 30 2 * * mon-fri");
    plus_take(ret_text, CRON_DAY);
    plus_take(ret_text, CRON_WEEKDAY);
    return true;
}

// Does a day field leave the choice of days to the other one?
static bool is_open(const struct cron_text *text, enum cron_field field)
{
    char first = cron_field_first(text, field);

    return first == '*' || first == '?' || (text->plus >> field & 1);
}

bool crontab_parse(struct str expr, struct calendar *ret_calendar, struct err *e)
{
    bool is_hashed;

    return crontab_parse_salted(expr, STR_LIT(""), ret_calendar, &is_hashed, e);
}

bool crontab_parse_salted(struct str expr, struct str salt, struct calendar *ret_calendar,
                          bool *ret_is_hashed, struct err *e)
{
    struct cron_text text;

    if (!fields_find(expr, &text, e))
        return false;
    text.salt = salt;
    if (!cron_compile(&crontab, &text, ret_calendar, ret_is_hashed, e))
        return false;
    ret_calendar->is_either = !is_open(&text, CRON_DAY) && !is_open(&text, CRON_WEEKDAY);
    return true;
}

void crontab_str(struct str expr, struct str salt, struct buf *out)
{
    struct cron_text text;
    struct err e;

    if (!fields_find(expr, &text, &e))
        return;
    text.salt = salt;
    cron_print(&crontab, &text, out);
}
