// almanac_source.c - adds dates, weekdays and crontab text to an almanac.
// SPDX-License-Identifier: Apache-2.0
#include "trigger/almanac_source.h"

#include <stdio.h>

#include "time/duration.h"
#include "trigger/crontab.h"
#include "trigger/dates.h"

#define ALL_60 ((UINT64_C(1) << 60) - 1)

static const char *why_copy(struct almanac *a, const char *why)
{
    return why ? arena_copy(a->arena, str_of(why)).p : NULL;
}

bool almanac_add_dates(struct almanac *a, struct str text, const char *field, const char *why,
                       struct err *e)
{
    return dates_add(text, field, why_copy(a, why), &a->local, &a->fixed, e);
}

bool almanac_add_between(struct almanac *a, struct str from, struct str to, const char *why,
                         struct err *e)
{
    return dates_between(from, to, why_copy(a, why), &a->local, &a->fixed, e);
}

void almanac_add_weekdays(struct almanac *a, uint8_t weekdays, const char *why)
{
    struct almanac_mask mask = {.why = why_copy(a, why)};

    calendar_init(&mask.calendar);
    mask.calendar.weekdays = weekdays;
    vec_push(&a->masks, mask);
}

static bool is_too_many(size_t count, const char *field, struct err *e)
{
    if (count < ALMANAC_SOURCES_MAX)
        return false;
    return !fail(e, ERR_LIMIT, field, "a calendar has at most %d texts of this kind",
                 ALMANAC_SOURCES_MAX);
}

static bool cron_read(struct str text, const char *field, struct calendar *ret_calendar,
                      struct err *e)
{
    bool is_hashed;
    struct str zone;

    if (!crontab_parse_salted(text, STR_LIT(""), ret_calendar, &is_hashed, e)) {
        snprintf(e->field, sizeof e->field, "%s", field);
        return false;
    }
    if (is_hashed)
        return fail(e, ERR_INPUT, field,
                    "H and ~ stand for a job's own times, a calendar has none");
    crontab_zone(text, &zone);
    if (!zone.p)
        return true;
    fail(e, ERR_INPUT, field, "crontab text cannot name a zone here");
    return fail_hint(e, "put it into the calendar's timezone");
}

bool almanac_add_cron(struct almanac *a, struct str text, int64_t length_us, const char *field,
                      const char *why, struct err *e)
{
    struct almanac_starts starts = {.length_us = length_us};

    if (is_too_many(length_us > 0 ? a->starts.len : a->masks.len, field, e) ||
        !cron_read(text, field, &starts.calendar, e))
        return false;
    starts.why = why_copy(a, why);
    if (length_us > 0) {
        vec_push(&a->starts, starts);
        return true;
    }
    if (starts.calendar.seconds != 1) {
        fail(e, ERR_INPUT, field, "crontab text marks whole minutes here, and can name no seconds");
        return fail_hint(e, "leave the field of seconds out, or give a duration");
    }
    starts.calendar.seconds = ALL_60;
    vec_push(&a->masks, ((struct almanac_mask){starts.calendar, starts.why}));
    return true;
}

bool almanac_length(struct str text, const char *field, int64_t *ret_us, struct err *e)
{
    int64_t us;

    if (!duration_parse(text, field, &us, e))
        return false;
    if (us < SECOND_US || us > ALMANAC_LENGTH_MAX_US || us % SECOND_US != 0)
        return fail(e, ERR_INPUT, field, "a duration is whole seconds here, 1s to 366d");
    *ret_us = us;
    return true;
}

bool almanac_settle(struct almanac *a, struct err *e)
{
    spans_settle(&a->local);
    spans_settle(&a->fixed);
    if (a->local.len + a->fixed.len > ALMANAC_SPANS_MAX)
        return fail(e, ERR_LIMIT, NULL, "a calendar marks at most %d stretches, this one %zu",
                    ALMANAC_SPANS_MAX, a->local.len + a->fixed.len);
    return true;
}
