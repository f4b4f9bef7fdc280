// convert_oncalendar.c - calendars as systemd's calendar events.
//
// Weekdays and dates must both match there, and days are numbers from either end of the month: the
// second Friday is a Friday among the days 8 to 14.
// SPDX-License-Identifier: Apache-2.0
#include "trigger/convert_parts.h"
#include "trigger/convert_write.h"
#include "trigger/mask.h"

#define NAME "oncalendar"
#define TEXT_BYTES_MAX 2048
#define BACK_MAX 28 // days counted from the month's end

#define PART(from, to)                                                            \
    {                                                                             \
        .min = from, .max = to, .range = "..", .digits = 2, .has_open_step = true \
    }

static const char *const names[] = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
static const struct field_style times[TIME_UNITS] = {PART(0, 59), PART(0, 59), PART(0, 23)};
static const struct field_style day = PART(1, 31), month = PART(1, 12);
static const struct field_style back = {.min = 1, .max = BACK_MAX, .range = "..", .digits = 2};
static const struct field_style year = {.range = "..", .has_open_step = true};
static const struct field_style weekday = {.min = 0, .max = 6, .range = "..", .names = names};

// Numbered weekdays as weekdays of some days of the month. False when different weekdays have
// different numbers.
static bool numbers_resolve(struct day_rules *d)
{
    uint8_t weekdays = 0;

    d->days = d->last = 0;
    for (int group = 0; group <= CALENDAR_NTH_LAST; group++) {
        uint8_t bits = d->weekday_nth >> group * 7 & CALENDAR_WEEKDAYS;

        if (bits == 0)
            continue;
        if (weekdays && bits != weekdays)
            return false;
        weekdays = bits;
        if (group == CALENDAR_NTH_LAST)
            d->last = 0x7f;
        else
            d->days |= (uint32_t)(mask_range(group * 7 + 1, group * 7 + 7) & CALENDAR_DAYS);
    }
    d->weekdays = weekdays;
    d->has_day = true;
    return !(d->days && d->last);
}

static bool days_fit(struct day_rules *d, struct err *e)
{
    if (d->has_day && d->has_weekday && d->is_either)
        return fail(e, ERR_INPUT, "day",
                    NAME " needs both to match, this schedule a day of the month or a weekday");
    if (d->nearest | d->last_nearest)
        return fail(e, ERR_INPUT, "day", NAME " has no working day nearest to a day");
    if (d->has_weekday && d->weekday_nth && (d->weekdays || d->has_day || !numbers_resolve(d)))
        return fail(e, ERR_INPUT, "day_of_week",
                    NAME " has weekdays of some days of the month, not these together");
    if (d->has_day && d->days && d->last)
        return fail(e, ERR_INPUT, "day",
                    NAME " counts days from one end of the month, not from both");
    if (d->has_day && d->last >> BACK_MAX)
        return fail(e, ERR_INPUT, "day", NAME " counts at most %d days from the month's end",
                    BACK_MAX);
    return true;
}

static void date_write(const struct calendar *c, const struct day_rules *d, struct buf *out)
{
    field_years(c, &year, out);
    buf_add_byte(out, '-');
    (void)field_text(c->months, &month, STAR_FREE, out);
    if (d->has_day && d->last) {
        buf_add_byte(out, '~');
        (void)field_text((uint64_t)d->last << 1, &back, STAR_NEVER, out);
        return;
    }
    buf_add_byte(out, '-');
    (void)field_text(d->has_day ? d->days : CALENDAR_DAYS, &day, STAR_FREE, out);
}

bool convert_oncalendar(struct pattern *p, json_t *spec, json_t *common, struct err *e)
{
    const struct calendar *c = &p->calendar;
    struct time_fields fields;
    struct day_rules d;
    struct buf out;

    if (!pattern_to_calendar(p, NAME, e))
        return false;
    if (c->weeks != CALENDAR_WEEKS)
        return fail(e, ERR_INPUT, "week", NAME " has no ISO weeks");
    day_rules_of(c, &d);
    if (!day_rules_number_weekdays(&d, NAME, e) || !days_fit(&d, e) ||
        !time_fields_of(p, NAME, times, &fields, e))
        return false;
    buf_init(&out, TEXT_BYTES_MAX);
    if (d.has_weekday) {
        (void)field_text(d.weekdays, &weekday, STAR_NEVER, &out);
        buf_add_byte(&out, ' ');
    }
    date_write(c, &d, &out);
    for (int unit = TIME_HOUR; unit >= TIME_SECOND; unit--) {
        buf_add_byte(&out, unit == TIME_HOUR ? ' ' : ':');
        time_field_write(&fields, (enum time_unit)unit, &out);
    }
    convert_clock(p, common);
    (void)json_object_set_new(spec, "expr", json_string(buf_text(&out)));
    buf_done(&out);
    return true;
}
