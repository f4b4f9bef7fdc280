// convert_cron.c - calendars as crontab text, Quartz's cron text, and APScheduler's fields.
//
// The three differ in how a day rule and a weekday rule go together, and in which days either can
// name. Hours, minutes and seconds are alike; what they begin with says whether elapsed time is
// counted (dst.h), so that is chosen with care where a change of the clocks would show it.
// SPDX-License-Identifier: Apache-2.0
#include "trigger/convert_write.h"

#include "trigger/convert_parts.h"
#include "trigger/fields.h"
#include "trigger/mask.h"
#include "trigger/names.h"

#define TEXT_BYTES_MAX 2048

// How one of the languages writes.
struct language {
    const char *name;
    struct field_style times[TIME_UNITS];
    struct field_style day, month, weekday, week, year;
};

#define NUMBERS(from, to)                                           \
    {                                                               \
        .min = from, .max = to, .range = "-", .has_star_step = true \
    }
#define FITTING(from, to)                                                              \
    {                                                                                  \
        .min = from, .max = to, .range = "-", .has_star_step = true, .steps_fit = true \
    }
#define OPEN(from, to)                                                                  \
    {                                                                                   \
        .min = from, .max = to, .range = "-", .has_star_step = true, .steps_fit = true, \
        .has_open_step = true                                                           \
    }
#define YEARS                               \
    {                                       \
        .range = "-", .has_open_step = true \
    }
#define LISTED(from, to)                     \
    {                                        \
        .min = from, .max = to, .range = "-" \
    }
#define WEEKDAYS                                                 \
    {                                                            \
        .min = 0, .max = 6, .range = "-", .names = weekday_names \
    }

static const struct language crontab = {
    "cron",
    {NUMBERS(0, 59), NUMBERS(0, 59), NUMBERS(0, 23)},
    LISTED(1, 31), // `*` in front would change the day rule
    NUMBERS(1, 12),
    WEEKDAYS,
    {0},
    YEARS,
};
static const struct language quartz = {
    "quartz", {OPEN(0, 59), OPEN(0, 59), OPEN(0, 23)}, OPEN(1, 31), OPEN(1, 12), WEEKDAYS, {0},
    YEARS,
};
static const struct language fields = {
    "fields",       {FITTING(0, 59), FITTING(0, 59), FITTING(0, 23)},
    FITTING(1, 31), FITTING(1, 12),
    WEEKDAYS,       FITTING(1, 53),
    YEARS,
};

// ---- day fields of text

static const char *comma(const struct buf *out, size_t start)
{
    return out->len > start ? "," : "";
}

static void month_days_write(const struct day_rules *d, const struct language *l,
                             enum field_star star, struct buf *out)
{
    size_t start = out->len;

    if (d->days)
        (void)field_text(d->days, &l->day, star, out);
    for (uint32_t left = d->last; left != 0; left &= left - 1)
        buf_printf(out, mask_first(left) ? "%sL-%d" : "%sL", comma(out, start), mask_first(left));
    for (uint32_t left = d->nearest; left != 0; left &= left - 1)
        buf_printf(out, "%s%dW", comma(out, start), mask_first(left));
    for (uint32_t left = d->last_nearest; left != 0; left &= left - 1)
        buf_printf(out, mask_first(left) ? "%sL-%dW" : "%sLW", comma(out, start), mask_first(left));
}

static void weekdays_write(const struct day_rules *d, const struct language *l, struct buf *out)
{
    size_t start = out->len;

    if (d->weekdays)
        (void)field_text(d->weekdays, &l->weekday, STAR_NEVER, out);
    for (uint64_t left = d->weekday_nth; left != 0; left &= left - 1) {
        int bit = mask_first(left);

        if (bit / 7 == CALENDAR_NTH_LAST)
            buf_printf(out, "%s%sL", comma(out, start), weekday_names[bit % 7]);
        else
            buf_printf(out, "%s%s#%d", comma(out, start), weekday_names[bit % 7], bit / 7 + 1);
    }
}

static void month_write(const struct calendar *c, const struct language *l, struct buf *out)
{
    (void)field_text(c->months, &l->month, STAR_FREE, out);
}

static void times_write(const struct time_fields *t, bool has_seconds, struct buf *out)
{
    for (int unit = has_seconds ? TIME_SECOND : TIME_MINUTE; unit < TIME_UNITS; unit++) {
        time_field_write(t, (enum time_unit)unit, out);
        buf_add_byte(out, ' ');
    }
}

static void years_write(const struct calendar *c, const struct language *l, struct buf *out)
{
    if (calendar_has_all_years(c))
        return;
    buf_add_byte(out, ' ');
    field_years(c, &l->year, out);
}

static bool no_weeks(const struct pattern *p, const struct language *l, struct err *e)
{
    return p->calendar.weeks == CALENDAR_WEEKS ||
           fail(e, ERR_INPUT, "week", "%s has no ISO weeks", l->name);
}

static void expr_set(json_t *spec, struct buf *text)
{
    (void)json_object_set_new(spec, "expr", json_string(buf_text(text)));
}

// ---- crontab

static void cron_days_write(const struct day_rules *d, const struct calendar *c, struct buf *out)
{
    if (d->has_day)
        month_days_write(d, &crontab, STAR_NEVER, out);
    else
        buf_add_byte(out, '*');
    buf_add_byte(out, ' ');
    month_write(c, &crontab, out);
    buf_add_byte(out, ' ');
    if (d->has_day && d->has_weekday && !d->is_either)
        buf_add_byte(out, '+');
    if (d->has_weekday)
        weekdays_write(d, &crontab, out);
    else
        buf_add_byte(out, '*');
}

bool convert_cron(struct pattern *p, json_t *spec, json_t *common, struct err *e)
{
    const struct calendar *c = &p->calendar;
    struct time_fields times;
    struct buf out;
    struct day_rules d;

    if (!pattern_to_calendar(p, crontab.name, e) || !no_weeks(p, &crontab, e))
        return false;
    day_rules_of(c, &d);
    if (!day_rules_number_weekdays(&d, crontab.name, e) ||
        !time_fields_of(p, crontab.name, crontab.times, &times, e))
        return false;
    buf_init(&out, TEXT_BYTES_MAX);
    times_write(&times,
                c->seconds != 1 || !calendar_has_all_years(c) ||
                    times.stars[TIME_SECOND] == STAR_MUST,
                &out);
    cron_days_write(&d, c, &out);
    years_write(c, &crontab, &out);
    convert_clock(p, common);
    expr_set(spec, &out);
    buf_done(&out);
    return true;
}

// ---- quartz

static bool quartz_check(const struct day_rules *d, struct err *e)
{
    uint64_t last = d->weekday_nth >> CALENDAR_NTH_LAST * 7;
    int numbered = mask_count(d->weekday_nth);

    if (d->has_day && d->has_weekday)
        return fail(e, ERR_INPUT, "day", "quartz takes days of the month or weekdays, never both");
    if (d->has_weekday && last && (numbered > 1 || d->weekdays))
        return fail(e, ERR_INPUT, "day_of_week",
                    "quartz has no other weekday beside the last one of the month");
    if (d->has_weekday && numbered > 1)
        return fail(e, ERR_INPUT, "day_of_week",
                    "quartz has one numbered weekday, such as FRI#2, and no second one");
    return true;
}

static void quartz_days_write(const struct day_rules *d, const struct calendar *c, struct buf *out)
{
    if (d->has_day)
        month_days_write(d, &quartz, STAR_FREE, out);
    else
        buf_add_byte(out, d->has_weekday ? '?' : '*');
    buf_add_byte(out, ' ');
    month_write(c, &quartz, out);
    buf_add_byte(out, ' ');
    if (d->has_weekday)
        weekdays_write(d, &quartz, out);
    else
        buf_add_byte(out, '?');
}

bool convert_quartz(struct pattern *p, json_t *spec, json_t *common, struct err *e)
{
    const struct calendar *c = &p->calendar;
    struct time_fields times;
    struct buf out;
    struct day_rules d;

    if (!pattern_to_calendar(p, quartz.name, e) || !no_weeks(p, &quartz, e))
        return false;
    day_rules_of(c, &d);
    if (!day_rules_number_weekdays(&d, quartz.name, e) || !quartz_check(&d, e) ||
        !time_fields_of(p, quartz.name, quartz.times, &times, e))
        return false;
    buf_init(&out, TEXT_BYTES_MAX);
    times_write(&times, true, &out);
    quartz_days_write(&d, c, &out);
    years_write(c, &quartz, &out);
    for (size_t i = 0; i < out.len; i++) // MON-FRI, as everybody writes it there
        if (out.p[i] >= 'a' && out.p[i] <= 'z')
            out.p[i] = (char)(out.p[i] - 'a' + 'A');
    convert_clock(p, common);
    expr_set(spec, &out);
    buf_done(&out);
    return true;
}

// ---- fields

static bool fields_check(struct day_rules *d, struct err *e)
{
    if (d->has_day && d->has_weekday && d->is_either)
        return fail(e, ERR_INPUT, "day",
                    "fields need all to match, this schedule a day of the month or a weekday");
    if (d->nearest | d->last_nearest)
        return fail(e, ERR_INPUT, "day", "fields have no working day nearest to a day");
    if (d->last & ~1U)
        return fail(e, ERR_INPUT, "day", "fields have no day before the last one of the month");
    if (d->has_weekday && d->weekday_nth) {
        if (d->weekdays || d->has_day)
            return fail(e, ERR_INPUT, "day_of_week",
                        "fields have numbered weekdays among the days of the month alone");
        d->day_nth = d->weekday_nth;
        d->has_weekday = false;
        d->has_day = true;
        d->days = 0;
    }
    return true;
}

static void fields_day_write(const struct day_rules *d, struct buf *out)
{
    static const char *const nths[] = {"1st", "2nd", "3rd", "4th", "5th", "last"};
    size_t start = out->len;

    if (d->days)
        (void)field_text(d->days, &fields.day, STAR_FREE, out);
    if (d->last)
        buf_printf(out, "%slast", comma(out, start));
    for (uint64_t left = d->day_nth; left != 0; left &= left - 1)
        buf_printf(out, "%s%s %s", comma(out, start), nths[mask_first(left) / 7],
                   weekday_names[mask_first(left) % 7]);
}

static void field_set(json_t *spec, enum field field, struct buf *text)
{
    (void)json_object_set_new(spec, field_names[field], json_string(buf_text(text)));
    buf_clear(text);
}

static void fields_days_set(const struct day_rules *d, const struct calendar *c, json_t *spec,
                            struct buf *out)
{
    if (d->has_day) {
        fields_day_write(d, out);
        field_set(spec, FIELD_DAY, out);
    }
    if (c->weeks != CALENDAR_WEEKS) {
        (void)field_text(c->weeks, &fields.week, STAR_FREE, out);
        field_set(spec, FIELD_WEEK, out);
    }
    if (d->has_weekday) {
        weekdays_write(d, &fields, out);
        field_set(spec, FIELD_DAY_OF_WEEK, out);
    }
}

// Hour and minute are always given, so what is not given before them matches everything.
bool convert_fields(struct pattern *p, json_t *spec, json_t *common, struct err *e)
{
    static const enum field units[] = {FIELD_SECOND, FIELD_MINUTE, FIELD_HOUR};
    const struct calendar *c = &p->calendar;
    struct time_fields times;
    struct buf out;
    struct day_rules d;

    if (!pattern_to_calendar(p, fields.name, e))
        return false;
    day_rules_of(c, &d);
    if (!fields_check(&d, e) || !time_fields_of(p, fields.name, fields.times, &times, e))
        return false;
    buf_init(&out, TEXT_BYTES_MAX);
    if (!calendar_has_all_years(c)) {
        field_years(c, &fields.year, &out);
        field_set(spec, FIELD_YEAR, &out);
    }
    if (c->months != CALENDAR_MONTHS) {
        month_write(c, &fields, &out);
        field_set(spec, FIELD_MONTH, &out);
    }
    fields_days_set(&d, c, spec, &out);
    for (int unit = TIME_HOUR; unit >= (c->seconds == 1 ? TIME_MINUTE : TIME_SECOND); unit--) {
        time_field_write(&times, (enum time_unit)unit, &out);
        field_set(spec, units[unit], &out);
    }
    convert_clock(p, common);
    buf_done(&out);
    return true;
}
