// posix_tz.c - reads TZ texts and finds the days on which they change the clocks.
// SPDX-License-Identifier: Apache-2.0
#include "time/posix_tz.h"

#include "time/civil.h"

// Takes 1 to 3 digits off the front.
static bool take_number(struct str *s, int max, int *ret_n)
{
    int n = 0;
    size_t i = 0;

    while (i < s->len && i < 3 && s->p[i] >= '0' && s->p[i] <= '9')
        n = n * 10 + (s->p[i++] - '0');
    if (i == 0 || n > max)
        return false;
    *s = str_cut(*s, i, s->len);
    *ret_n = n;
    return true;
}

static bool take_char(struct str *s, char c)
{
    if (s->len == 0 || s->p[0] != c)
        return false;
    *s = str_cut(*s, 1, s->len);
    return true;
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_quoted(char c)
{
    return is_letter(c) || (c >= '0' && c <= '9') || c == '+' || c == '-';
}

// A name: three letters or more, or <anything of letters, digits and signs>.
static bool take_name(struct str *s, char *ret_name)
{
    bool quoted = take_char(s, '<');
    size_t n = 0;

    while (n < s->len && (quoted ? is_quoted(s->p[n]) : is_letter(s->p[n])))
        n++;
    if (n < 3 || n > POSIX_TZ_NAME_MAX)
        return false;
    memcpy(ret_name, s->p, n);
    ret_name[n] = '\0';
    *s = str_cut(*s, n, s->len);
    return !quoted || take_char(s, '>');
}

// [+-]hh[:mm[:ss]]
static bool take_time(struct str *s, int hour_max, int32_t *ret_s)
{
    int hour, minute = 0, second = 0;
    bool negative = take_char(s, '-');

    if (!negative)
        (void)take_char(s, '+');
    if (!take_number(s, hour_max, &hour))
        return false;
    if (take_char(s, ':')) {
        if (!take_number(s, 59, &minute))
            return false;
        if (take_char(s, ':') && !take_number(s, 59, &second))
            return false;
    }
    int32_t total = hour * 3600 + minute * 60 + second;
    *ret_s = negative ? -total : total;
    return true;
}

static bool take_day(struct str *s, struct posix_rule *ret_rule)
{
    int month, week, day;

    if (take_char(s, 'M')) {
        if (!take_number(s, 12, &month) || month < 1 || !take_char(s, '.') ||
            !take_number(s, 5, &week) || week < 1 || !take_char(s, '.') || !take_number(s, 6, &day))
            return false;
        *ret_rule =
            (struct posix_rule){RULE_MONTH, (int16_t)month, (int16_t)week, (int16_t)day, 7200};
        return true;
    }
    bool julian = take_char(s, 'J');
    if (!take_number(s, 365, &day) || (julian && day < 1))
        return false;
    *ret_rule = (struct posix_rule){julian ? RULE_JULIAN : RULE_DAY, 0, 0, (int16_t)day, 7200};
    return true;
}

static bool take_rule(struct str *s, struct posix_rule *ret_rule)
{
    return take_char(s, ',') && take_day(s, ret_rule) &&
           (!take_char(s, '/') || take_time(s, 167, &ret_rule->time_s));
}

bool posix_tz_parse(struct str text, struct posix_tz *ret_tz)
{
    struct posix_tz tz = {0};

    if (!take_name(&text, tz.std_name) || !take_time(&text, 24, &tz.std_offset_s))
        return false;
    tz.std_offset_s = -tz.std_offset_s; // POSIX counts westward
    if (text.len == 0) {
        *ret_tz = tz;
        return true;
    }
    if (!take_name(&text, tz.dst_name))
        return false;
    if (text.len > 0 && text.p[0] != ',') {
        if (!take_time(&text, 24, &tz.dst_offset_s))
            return false;
        tz.dst_offset_s = -tz.dst_offset_s;
    } else {
        tz.dst_offset_s = tz.std_offset_s + 3600;
    }
    if (!take_rule(&text, &tz.start) || !take_rule(&text, &tz.end) || text.len > 0)
        return false;
    *ret_tz = tz;
    return true;
}

// The day a rule means in a year, in days since 1970.
static int64_t rule_day(const struct posix_rule *rule, int64_t year)
{
    if (rule->kind == RULE_DAY)
        return civil_days(year, 1, 1) + rule->day;
    if (rule->kind == RULE_JULIAN)
        return civil_days(year, 1, 1) + rule->day - 1 + (rule->day >= 60 && civil_is_leap(year));

    int64_t first = civil_days(year, rule->month, 1);
    int weekday = (rule->day + 6) % 7; // Sunday is 0 there, 6 here
    int64_t day = first + (weekday - civil_weekday(first) + 7) % 7 + (rule->week - 1) * 7;

    return day >= first + civil_month_days(year, rule->month) ? day - 7 : day;
}

void posix_tz_year(const struct posix_tz *tz, int64_t year, int64_t *ret_start, int64_t *ret_end)
{
    *ret_start = rule_day(&tz->start, year) * DAY_S + tz->start.time_s - tz->std_offset_s;
    *ret_end = rule_day(&tz->end, year) * DAY_S + tz->end.time_s - tz->dst_offset_s;
}
