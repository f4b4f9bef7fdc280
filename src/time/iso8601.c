// iso8601.c - reads and prints dates and times.
//
// There are two readers. One takes what people and Python type; the other is for texts that say
// they are ISO 8601, where a forgotten zero is a mistake and 20260131 is a date.
// SPDX-License-Identifier: Apache-2.0
#include "time/iso8601.h"

#include <stdio.h>

// The text, how far it was read, and where complaints go.
struct reader {
    struct str text;
    size_t at;
    bool is_strict;
    bool is_basic; // strict: without "-" and ":"
    const char *field;
    struct err *e;
};

static bool complain(const struct reader *r, const char *what)
{
    struct str t = r->text;

    fail_at(r->e, ERR_INPUT, r->field, (int)r->at + 1, "\"%.*s\" is not a date and time: %s",
            (int)(t.len < 80 ? t.len : 80), t.len ? t.p : "", what);
    return fail_hint(r->e, r->is_strict ? "write it as 2026-11-22T04:49:33+01:00, or without an "
                                          "offset as 2026-11-22T04:49:33 or 20261122T044933"
                                        : "write it as 2026-11-22, 2026-11-22 04:49:33 or "
                                          "2026-11-22T04:49:33+01:00");
}

static char peek(const struct reader *r)
{
    return r->at < r->text.len ? r->text.p[r->at] : '\0';
}

static bool take(struct reader *r, char c)
{
    if (peek(r) != c || r->at >= r->text.len)
        return false;
    r->at++;
    return true;
}

// A number of least to most digits, at most max.
static bool number(struct reader *r, size_t least, size_t most, int max, const char *what,
                   int *ret_n)
{
    size_t start = r->at;
    int n = 0;

    while (r->at - start < most && peek(r) >= '0' && peek(r) <= '9')
        n = n * 10 + (r->text.p[r->at++] - '0');
    if (r->at - start < least || n > max) {
        r->at = start;
        return complain(r, what);
    }
    *ret_n = n;
    return true;
}

static bool fraction_read(struct reader *r, int32_t *ret_us)
{
    int32_t us = 0, scale = 100000;
    size_t start = r->at;

    for (; peek(r) >= '0' && peek(r) <= '9' && r->at - start < 9; r->at++, scale /= 10)
        us += scale * (peek(r) - '0');
    if (r->at == start)
        return complain(r, "digits are missing behind the point");
    *ret_us = us;
    return true;
}

static bool date_read(struct reader *r, struct civil *c)
{
    int year, month, day;

    if (!number(r, 4, 4, 9999, "it begins with a year of four digits", &year))
        return false;
    if (!take(r, '-'))
        return complain(r, "\"-\" is expected here");
    if (!number(r, 1, 2, 12, "the month is 1 to 12", &month))
        return false;
    if (!take(r, '-'))
        return complain(r, "\"-\" is expected here");
    size_t day_at = r->at;
    if (!number(r, 1, 2, 31, "the day is 1 to 31", &day))
        return false;
    c->year = year;
    c->month = (int8_t)month;
    c->day = (int8_t)day;
    if (year > 0 && civil_is_valid(c))
        return true;
    r->at = day_at;
    return complain(r, "there is no such day");
}

static bool time_read(struct reader *r, struct civil *c)
{
    int hour, minute, second = 0;

    if (!number(r, 1, 2, 23, "the hour is 0 to 23", &hour))
        return false;
    if (!take(r, ':'))
        return complain(r, "\":\" is expected here");
    if (!number(r, 1, 2, 59, "the minute is 0 to 59", &minute))
        return false;
    if (take(r, ':')) {
        if (!number(r, 1, 2, 59, "the second is 0 to 59", &second))
            return false;
        if ((take(r, '.') || take(r, ',')) && !fraction_read(r, &c->us))
            return false;
    }
    c->hour = (int8_t)hour;
    c->minute = (int8_t)minute;
    c->second = (int8_t)second;
    return true;
}

static bool offset_read(struct reader *r, struct iso8601 *t)
{
    int hours, minutes = 0, seconds = 0;

    while (take(r, ' '))
        ;
    if (r->at == r->text.len)
        return true;
    t->has_offset = true;
    if (take(r, 'Z') || take(r, 'z'))
        return true;
    bool west = peek(r) == '-';
    if (!take(r, west ? '-' : '+'))
        return complain(r, "an offset such as +01:00, or Z, or nothing is expected here");
    if (!number(r, 2, 2, 23, "the offset's hours are 00 to 23", &hours))
        return false;
    if (r->at < r->text.len) {
        (void)take(r, ':');
        if (!number(r, 2, 2, 59, "the offset's minutes are 00 to 59", &minutes))
            return false;
        if (take(r, ':') && !number(r, 2, 2, 59, "the offset's seconds are 00 to 59", &seconds))
            return false;
    }
    t->offset_s = (hours * 3600 + minutes * 60 + seconds) * (west ? -1 : 1);
    return true;
}

bool iso8601_parse(struct str text, const char *field, struct iso8601 *ret_time, struct err *e)
{
    struct reader r = {.text = str_trim(text), .field = field, .e = e};
    struct iso8601 t = {0};

    if (!date_read(&r, &t.civil))
        return false;
    if (r.at < r.text.len) {
        if (!take(&r, 'T') && !take(&r, 't') && !take(&r, ' '))
            return complain(&r, "\"T\" or a blank is expected between date and time");
        if (!time_read(&r, &t.civil) || !offset_read(&r, &t))
            return false;
        if (r.at < r.text.len)
            return complain(&r, "it should end here");
    }
    *ret_time = t;
    return true;
}

// ---- the strict form

// The three forms of a date behind its year.

static bool month_form(struct reader *r, struct civil *c)
{
    int month, day;

    if (!number(r, 2, 2, 12, "the month is 01 to 12", &month))
        return false;
    if (!r->is_basic && !take(r, '-'))
        return complain(r, "\"-\" and the day are expected here");
    size_t day_at = r->at;
    if (!number(r, 2, 2, 31, "the day is 01 to 31", &day))
        return false;
    c->month = (int8_t)month;
    c->day = (int8_t)day;
    if (civil_is_valid(c))
        return true;
    r->at = day_at;
    return complain(r, "there is no such day");
}

static bool week_form(struct reader *r, struct civil *c)
{
    size_t week_at = r->at;
    int week, weekday;

    if (!number(r, 2, 2, 53, "the week is 01 to 53", &week))
        return false;
    if (!r->is_basic && !take(r, '-'))
        return complain(r, "\"-\" and the weekday are expected here");
    if (!number(r, 1, 1, 7, "the weekday is 1 (Monday) to 7", &weekday))
        return false;
    // Week 1 is the one with 4 January.
    int64_t fourth = civil_days(c->year, 1, 4), year;
    int64_t monday = fourth - civil_weekday(fourth) + (week - 1) * 7;
    if (week == 0 || weekday == 0 || civil_week(monday, &year) != week || year != c->year) {
        r->at = week_at;
        return complain(r, "there is no such day of a week");
    }
    *c = civil_date(monday + weekday - 1);
    return true;
}

static bool ordinal_form(struct reader *r, struct civil *c)
{
    size_t day_at = r->at;
    int day;

    if (!number(r, 3, 3, 366, "the day of the year is 001 to 366", &day))
        return false;
    if (day == 0 || (day == 366 && !civil_is_leap(c->year))) {
        r->at = day_at;
        return complain(r, "there is no such day of the year");
    }
    *c = civil_date(civil_days(c->year, 1, day));
    return true;
}

static bool date_read_strict(struct reader *r, struct civil *c)
{
    size_t digits = 0;
    int year;

    if (!number(r, 4, 4, 9999, "it begins with a year of four digits", &year))
        return false;
    if (year == 0) {
        r->at = 0;
        return complain(r, "there is no year 0");
    }
    c->year = year;
    r->is_basic = !take(r, '-');
    if (take(r, 'W'))
        return week_form(r, c);
    while (r->at + digits < r->text.len && r->text.p[r->at + digits] >= '0' &&
           r->text.p[r->at + digits] <= '9')
        digits++;
    return digits == 3 ? ordinal_form(r, c) : month_form(r, c);
}

// Adds the fraction of a unit of so many seconds to the time of day.
static bool unit_fraction(struct reader *r, int32_t unit_s, struct civil *c)
{
    int64_t billionths = 0, scale = 100000000, us;
    size_t start = r->at;

    for (; peek(r) >= '0' && peek(r) <= '9'; r->at++, scale /= 10)
        billionths += scale * (peek(r) - '0');
    if (r->at == start)
        return complain(r, "digits are missing behind the point");
    us = billionths * unit_s / 1000;
    c->minute += (int8_t)(us / 60000000);
    c->second += (int8_t)(us / 1000000 % 60);
    c->us = (int32_t)(us % 1000000);
    return true;
}

static bool time_read_strict(struct reader *r, struct civil *c)
{
    static const char *const whats[] = {"the hour is 00 to 23", "the minute is 00 to 59",
                                        "the second is 00 to 59"};
    int parts[3] = {0}, n = 0;

    do {
        if (!number(r, 2, 2, n ? 59 : 23, whats[n], &parts[n]))
            return false;
        n++;
    } while (n < 3 && (r->is_basic ? peek(r) >= '0' && peek(r) <= '9' : take(r, ':')));
    c->hour = (int8_t)parts[0];
    c->minute = (int8_t)parts[1];
    c->second = (int8_t)parts[2];
    if (!take(r, '.') && !take(r, ','))
        return true;
    return unit_fraction(r, n == 1 ? 3600 : n == 2 ? 60 : 1, c);
}

bool iso8601_parse_strict(struct str text, const char *field, struct iso8601 *ret_time,
                          struct err *e)
{
    struct reader r = {.text = text, .is_strict = true, .field = field, .e = e};
    struct iso8601 t = {0};

    if (!date_read_strict(&r, &t.civil))
        return false;
    if (r.at < r.text.len) {
        if (!take(&r, 'T'))
            return complain(&r, "\"T\" is expected between date and time");
        if (!time_read_strict(&r, &t.civil))
            return false;
        if (peek(&r) == ' ' || peek(&r) == 'z')
            return complain(&r, "an offset such as +01:00, or Z, or nothing is expected here");
        if (!offset_read(&r, &t))
            return false;
        if (r.at < r.text.len)
            return complain(&r, "it should end here");
    }
    *ret_time = t;
    return true;
}

// ---- moments and printing

wall iso8601_at(const struct iso8601 *t, const struct zone *zone)
{
    struct zone_local local;
    int64_t utc_s = civil_seconds(&t->civil) - t->offset_s;

    if (t->has_offset)
        return (wall){utc_s * 1000000 + t->civil.us};
    zone_from_local(zone, utc_s, &local);
    return (wall){local.first * 1000000 + (local.kind == LOCAL_GAP ? 0 : t->civil.us)};
}

bool iso8601_moment(struct str text, const struct zone *zone, const char *field, wall *ret_at,
                    struct err *e)
{
    struct iso8601 t;

    if (!iso8601_parse(text, field, &t, e))
        return false;
    *ret_at = iso8601_at(&t, zone);
    return true;
}

// Civil time of a moment in a zone; false outside of years 1 to 9999.
static bool local_civil(wall at, const struct zone *zone, struct civil *ret_civil,
                        struct zone_span *ret_span)
{
    int64_t utc_s = floor_div(at.us, 1000000);

    *ret_span = (struct zone_span){0};
    if (zone)
        zone_span_at(zone, utc_s, ret_span);
    *ret_civil = civil_at(utc_s + ret_span->offset_s);
    ret_civil->us = (int32_t)((at.us % 1000000 + 1000000) % 1000000);
    return ret_civil->year >= 1 && ret_civil->year <= 9999;
}

static void write_time(const struct civil *c, char separator, struct buf *out)
{
    buf_add_number(out, (uint64_t)c->year, 4);
    buf_add_byte(out, '-');
    buf_add_number(out, (uint64_t)c->month, 2);
    buf_add_byte(out, '-');
    buf_add_number(out, (uint64_t)c->day, 2);
    buf_add_byte(out, separator);
    buf_add_number(out, (uint64_t)c->hour, 2);
    buf_add_byte(out, ':');
    buf_add_number(out, (uint64_t)c->minute, 2);
    buf_add_byte(out, ':');
    buf_add_number(out, (uint64_t)c->second, 2);
    if (c->us != 0) {
        buf_add_byte(out, '.');
        buf_add_number(out, (uint64_t)c->us, 6);
    }
}

// ±HH:MM, with :SS for the odd seconds of local mean time, as Python does.
static void write_offset(int32_t offset_s, struct buf *out)
{
    uint32_t size = (uint32_t)(offset_s < 0 ? -offset_s : offset_s);

    buf_add_byte(out, offset_s < 0 ? '-' : '+');
    buf_add_number(out, size / 3600, 2);
    buf_add_byte(out, ':');
    buf_add_number(out, size / 60 % 60, 2);
    if (size % 60 != 0) {
        buf_add_byte(out, ':');
        buf_add_number(out, size % 60, 2);
    }
}

void iso8601_write(wall at, const struct zone *zone, struct buf *out)
{
    struct zone_span span;
    struct civil c;

    if (!local_civil(at, zone, &c, &span)) {
        buf_add_text(out, "-");
        return;
    }
    write_time(&c, 'T', out);
    if (!zone || str_eq(zone_name(zone), STR_LIT("UTC")))
        buf_add_text(out, "Z");
    else
        write_offset(span.offset_s, out);
}

void iso8601_python(wall at, const struct zone *zone, struct buf *out)
{
    struct zone_span span;
    struct civil c;

    if (!local_civil(at, zone, &c, &span)) {
        buf_add_text(out, "-");
        return;
    }
    write_time(&c, ' ', out);
    write_offset(span.offset_s, out);
}

void iso8601_named(wall at, const struct zone *zone, struct buf *out)
{
    struct zone_span span;
    struct civil c;

    if (!local_civil(at, zone, &c, &span)) {
        buf_add_text(out, "-");
        return;
    }
    c.us = 0;
    write_time(&c, ' ', out);
    buf_printf(out, " %s", span.abbreviation);
}

void iso8601_clock(const struct civil *c, struct buf *out)
{
    buf_printf(out, "%02d:%02d", c->hour, c->minute);
    if (c->second != 0 || c->us != 0)
        buf_printf(out, ":%02d", c->second);
    if (c->us != 0)
        buf_printf(out, ".%06d", c->us);
}
