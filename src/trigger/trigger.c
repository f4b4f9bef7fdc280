// trigger.c - one struct for every kind of schedule: reads specs, dispatches questions, writes
// specs.
//
// Cron triggers keep their masks for answers and their texts for printing; nothing is ever
// printed from masks but words. A compiled trigger is one allocation of 128 bytes plus its texts.
// SPDX-License-Identifier: Apache-2.0
#include "trigger/trigger.h"

#include <assert.h>
#include <stdlib.h>

#include "base/json_write.h"
#include "base/mem.h"
#include "base/suggest.h"
#include "time/civil.h"
#include "time/duration.h"
#include "time/iso8601.h"
#include "trigger/calendar.h"
#include "trigger/crontab.h"
#include "trigger/dst.h"
#include "trigger/fields.h"
#include "trigger/interval.h"
#include "trigger/spec.h"
#include "trigger/words.h"

#define BEGINNING ((wall){INT64_MIN})
#define JITTER_MAX_S (366 * 86400)
#define INTERVAL_MAX_US (9000 * 366 * DAY_US)

struct trigger {
    const struct zone *zone; // borrowed from the registry
    wall start;  // cron: BEGINNING when not given; interval: the anchor; date: the one slot
    wall end;    // WALL_NEVER when not given
    char *texts; // owned; cron: the expr, or the given fields, each with its NUL
    uint32_t jitter_s;
    uint8_t kind;
    bool is_crontab;
    uint8_t given; // fields: bit n for enum field n
    union {
        struct calendar calendar;
        int64_t every_us;
    };
};

static_assert(sizeof(struct trigger) <= 128, "a hundred thousand triggers are kept in memory");

static bool cron_read(const json_t *spec, struct trigger *t, struct err *e);
static bool interval_read(const json_t *spec, const struct trigger_context *context,
                          struct trigger *t, struct err *e);
static bool date_read(const json_t *spec, const struct trigger_context *context, struct trigger *t,
                      struct err *e);

// ---- parse

static wall horizon(void)
{
    return (wall){civil_days(CALENDAR_YEAR_MAX + 1, 1, 1) * DAY_US - 1};
}

static bool kind_read(const json_t *spec, uint8_t *ret_kind, struct err *e)
{
    static const char *const names[] = {"cron", "interval", "date", "crontab"};
    struct spec_text type;

    if (!json_is_object(spec))
        return fail(e, ERR_INPUT, NULL,
                    "a trigger is a JSON object such as {\"type\": \"interval\", \"minutes\": 5}");
    if (!spec_text(spec, "type", &type, e))
        return false;
    if (!type.s.p && json_object_get(spec, "expr"))
        type.s = STR_LIT("cron");
    for (uint8_t i = 0; i < 4; i++)
        if (type.s.p && str_eq(type.s, str_of(names[i]))) {
            *ret_kind = i == 3 ? TRIGGER_CRON : i;
            if (i == 3 && !json_is_string(json_object_get(spec, "expr")))
                return fail(e, ERR_INPUT, "expr", "a crontab trigger needs its text as \"expr\"");
            return true;
        }
    if (!type.s.p)
        return fail(e, ERR_INPUT, "type", "a trigger needs a type: cron, interval or date");

    const char *near = suggest_find(type.s, names, 4);
    fail(e, ERR_INPUT, "type", "\"%.*s\" is not a type of trigger: write cron, interval or date",
         (int)(type.s.len < 60 ? type.s.len : 60), type.s.p);
    return near ? fail_hint(e, "did you mean \"%s\"?", near) : false;
}

static bool zone_read(const json_t *spec, const struct trigger_context *context,
                      const struct zone **ret_zone, struct err *e)
{
    struct spec_text name;

    if (!spec_text(spec, "timezone", &name, e))
        return false;
    if (!name.s.p)
        name.s = context->timezone;
    if (name.s.len == 0 && name.s.p && json_is_string(json_object_get(spec, "timezone")))
        return fail(e, ERR_INPUT, "timezone",
                    "timezone is empty: write a name such as Europe/Berlin");
    if (name.s.len == 0) {
        *ret_zone = zones_utc(context->zones);
        return true;
    }
    return zones_get(context->zones, name.s, ret_zone, e);
}

static bool jitter_read(const json_t *spec, struct trigger *t, struct err *e)
{
    int64_t us;

    if (!spec_length(spec, "jitter", SECOND_US, JITTER_MAX_S * SECOND_US, &us, e))
        return false;
    if (us % SECOND_US != 0)
        return fail(e, ERR_INPUT, "jitter", "jitter must be whole seconds");
    t->jitter_s = (uint32_t)(us / SECOND_US);
    return true;
}

static bool range_read(const json_t *spec, struct trigger *t, struct err *e)
{
    return spec_moment(spec, "start_date", t->zone, &t->start, e) &&
           spec_moment(spec, "end_date", t->zone, &t->end, e) && jitter_read(spec, t, e);
}

static bool spec_read(const json_t *spec, const struct trigger_context *context, struct trigger *t,
                      struct err *e)
{
    if (!kind_read(spec, &t->kind, e) || !zone_read(spec, context, &t->zone, e))
        return false;
    switch ((enum trigger_kind)t->kind) {
    case TRIGGER_CRON:
        return cron_read(spec, t, e);
    case TRIGGER_INTERVAL:
        return interval_read(spec, context, t, e);
    case TRIGGER_DATE:
        return date_read(spec, context, t, e);
    }
    return false;
}

static bool never_fires(struct err *e, const struct trigger *t)
{
    if (t->end.us < t->start.us)
        return fail(e, ERR_SCHEDULE, "end_date",
                    "this schedule never fires: end_date lies before start_date");
    fail(e, ERR_SCHEDULE, t->is_crontab ? "expr" : NULL, "this schedule never fires");
    if (t->kind == TRIGGER_CRON && t->end.us == WALL_NEVER.us && t->start.us == BEGINNING.us)
        return fail_hint(e, "no day of the years 1970 to 2199 matches all of its fields");
    return fail_hint(e, "nothing matches between its start and its end (at most the end of 2199)");
}

bool trigger_parse(const json_t *spec, const struct trigger_context *context,
                   struct trigger **ret_trigger, struct err *e)
{
    struct trigger *t = mem_alloc(sizeof *t);

    t->start = BEGINNING;
    t->end = WALL_NEVER;
    if (!spec_read(spec, context, t, e) ||
        (trigger_next(t, BEGINNING).us == WALL_NEVER.us && !never_fires(e, t))) {
        trigger_free(t);
        return false;
    }
    *ret_trigger = t;
    return true;
}

void trigger_free(struct trigger *t)
{
    if (!t)
        return;
    free(t->texts);
    free(t);
}

// ---- cron

static bool expr_read(const struct spec_text *expr, struct trigger *t, struct err *e)
{
    struct buf text;
    bool blank = false;

    if (!crontab_parse(expr->s, &t->calendar, e))
        return false;
    // Keep it as it was written, but for runs of blanks.
    struct str s = str_trim(expr->s);
    buf_init(&text, SPEC_TEXT_MAX);
    for (size_t i = 0; i < s.len; i++) {
        bool is_blank = s.p[i] == ' ' || s.p[i] == '\t';

        if (!is_blank || !blank)
            buf_add_byte(&text, is_blank ? ' ' : s.p[i]);
        blank = is_blank;
    }
    t->texts = str_own(buf_str(&text));
    t->is_crontab = true;
    buf_done(&text);
    return true;
}

static bool fields_read(const json_t *spec, struct trigger *t, struct err *e)
{
    struct spec_text values[FIELD_COUNT];
    struct str given[FIELD_COUNT];
    struct buf texts;

    for (int i = 0; i < FIELD_COUNT; i++) {
        if (!spec_text(spec, field_names[i], &values[i], e))
            return false;
        given[i] = values[i].s;
        t->given |= given[i].p ? (uint8_t)(1 << i) : 0;
    }
    if (!t->given) {
        fail(e, ERR_INPUT, NULL, "a cron trigger needs at least one field, or expr");
        return fail_hint(e, "fields are year month day week day_of_week hour minute second");
    }
    // No normal form is longer than what was given.
    buf_init(&texts, FIELD_COUNT * (size_t)(SPEC_TEXT_MAX + 1));
    bool ok = fields_parse(given, &t->calendar, &texts, e);
    if (ok)
        t->texts = mem_copy(texts.p, texts.len);
    buf_done(&texts);
    return ok;
}

static bool cron_read(const json_t *spec, struct trigger *t, struct err *e)
{
    static const char *const expr_keys[] = {"type",     "expr",     "start_date",
                                            "end_date", "timezone", "jitter"};
    static const char *const field_keys[] = {
        "type",  "expr", "start_date", "end_date",    "timezone", "jitter", "year",
        "month", "day",  "week",       "day_of_week", "hour",     "minute", "second"};
    struct spec_text expr;

    if (!spec_text(spec, "expr", &expr, e))
        return false;
    if (!(expr.s.p ? spec_check_keys(spec, expr_keys, sizeof expr_keys / sizeof *expr_keys, e)
                   : spec_check_keys(spec, field_keys, sizeof field_keys / sizeof *field_keys, e)))
        return false;
    if (!(expr.s.p ? expr_read(&expr, t, e) : fields_read(spec, t, e)))
        return false;
    return range_read(spec, t, e);
}

static wall cron_next(const struct trigger *t, wall after)
{
    if (after.us < t->start.us)
        after.us = t->start.us - 1;

    int64_t at = dst_next(&t->calendar, t->zone, floor_div(after.us, SECOND_US));
    return at == DST_NEVER || at * SECOND_US > t->end.us ? WALL_NEVER : (wall){at * SECOND_US};
}

// The greatest slot: trigger_next rises with its argument, so that the last place from which it
// still answers at or before `at` can be bracketed by doubling and then halved. Every answer is a
// slot and moves the lower end up to itself.
static wall cron_prev(const struct trigger *t, wall at)
{
    int64_t back = HOUR_US, low, high = at.us;
    wall slot;

    if (at.us < 0)
        at.us = high = at.us < -DAY_US ? -DAY_US : at.us;
    if (at.us > horizon().us + DAY_US)
        at.us = high = horizon().us + DAY_US;
    do {
        low = at.us - back;
        slot = cron_next(t, (wall){low});
        back *= 4;
    } while (slot.us > at.us && low > -2 * DAY_US);
    if (slot.us > at.us)
        return WALL_NEVER;
    low = slot.us;
    while (high - low > SECOND_US) {
        int64_t middle = low + (high - low) / 2;

        slot = cron_next(t, (wall){middle});
        if (slot.us <= at.us)
            low = slot.us;
        else
            high = middle;
    }
    slot = cron_next(t, (wall){low});
    return slot.us <= at.us ? slot : (wall){low};
}

static int64_t cron_count(const struct trigger *t, wall after, wall upto, int64_t max,
                          wall *ret_last)
{
    int64_t count = 0;
    wall last = WALL_NEVER;

    while (count < max) {
        wall slot = cron_next(t, after);

        if (slot.us > upto.us || slot.us == WALL_NEVER.us)
            break;
        after = last = slot;
        count++;
    }
    *ret_last = last;
    return count;
}

// ---- interval and date

static bool interval_read(const json_t *spec, const struct trigger_context *context,
                          struct trigger *t, struct err *e)
{
    static const char *const keys[] = {"type",  "start_date", "end_date", "timezone", "jitter",
                                       "weeks", "days",       "hours",    "minutes",  "seconds"};
    static const int64_t units[] = {7 * DAY_US, DAY_US, HOUR_US, MINUTE_US, SECOND_US};

    if (!spec_check_keys(spec, keys, sizeof keys / sizeof *keys, e))
        return false;
    for (int i = 0; i < 5; i++) {
        int64_t us;

        if (!spec_length(spec, keys[5 + i], units[i], INTERVAL_MAX_US, &us, e))
            return false;
        t->every_us += us; // five times the maximum still fits
    }
    if (t->every_us == 0) {
        fail(e, ERR_INPUT, NULL, "an interval must be longer than 0");
        return fail_hint(e, "give weeks, days, hours, minutes or seconds");
    }
    if (t->every_us > INTERVAL_MAX_US)
        return fail(e, ERR_INPUT, NULL, "an interval must be shorter than 9000 years");
    t->start = (wall){context->now.us + t->every_us};
    return range_read(spec, t, e);
}

static struct interval interval_of(const struct trigger *t)
{
    wall limit = horizon();

    return (struct interval){t->every_us, t->start, t->end.us < limit.us ? t->end : limit};
}

static bool date_read(const json_t *spec, const struct trigger_context *context, struct trigger *t,
                      struct err *e)
{
    static const char *const keys[] = {"type", "run_date", "timezone"};
    const char *text = json_string_value(json_object_get(spec, "run_date"));
    struct iso8601 date;

    t->start = WALL_NEVER;
    if (!spec_check_keys(spec, keys, sizeof keys / sizeof *keys, e) ||
        !spec_moment(spec, "run_date", t->zone, &t->start, e))
        return false;
    if (!text)
        return fail(e, ERR_INPUT, "run_date",
                    "a date trigger needs run_date, such as 2026-11-22 04:49:33");
    // A date that brings its own offset is shown there, unless a zone is named.
    if (!json_is_string(json_object_get(spec, "timezone")) &&
        iso8601_parse(str_of(text), "run_date", &date, e) && date.has_offset)
        t->zone =
            date.offset_s ? zones_fixed(context->zones, date.offset_s) : zones_utc(context->zones);
    return true;
}

// ---- questions

enum trigger_kind trigger_kind(const struct trigger *t)
{
    return (enum trigger_kind)t->kind;
}

const struct zone *trigger_zone(const struct trigger *t)
{
    return t->zone;
}

bool trigger_is_once(const struct trigger *t)
{
    return t->kind == TRIGGER_DATE;
}

static bool date_is_sound(const struct trigger *t)
{
    return t->start.us <= horizon().us;
}

wall trigger_next(const struct trigger *t, wall after)
{
    struct interval interval;

    switch ((enum trigger_kind)t->kind) {
    case TRIGGER_CRON:
        return cron_next(t, after);
    case TRIGGER_INTERVAL:
        interval = interval_of(t);
        return interval_next(&interval, after);
    case TRIGGER_DATE:
        return after.us < t->start.us && date_is_sound(t) ? t->start : WALL_NEVER;
    }
    return WALL_NEVER;
}

wall trigger_prev(const struct trigger *t, wall at)
{
    struct interval interval;

    switch ((enum trigger_kind)t->kind) {
    case TRIGGER_CRON:
        return cron_prev(t, at);
    case TRIGGER_INTERVAL:
        interval = interval_of(t);
        return interval_prev(&interval, at);
    case TRIGGER_DATE:
        return at.us >= t->start.us ? t->start : WALL_NEVER;
    }
    return WALL_NEVER;
}

int64_t trigger_count(const struct trigger *t, wall after, wall upto, int64_t max, wall *ret_last)
{
    struct interval interval;
    wall last = WALL_NEVER;
    int64_t count = 0;

    switch ((enum trigger_kind)t->kind) {
    case TRIGGER_CRON:
        count = cron_count(t, after, upto, max, &last);
        break;
    case TRIGGER_INTERVAL:
        interval = interval_of(t);
        count = interval_count(&interval, after, upto, max, &last);
        break;
    case TRIGGER_DATE:
        count = max > 0 && after.us < t->start.us && t->start.us <= upto.us;
        if (count)
            last = t->start;
        break;
    }
    if (ret_last)
        *ret_last = last;
    return count;
}

int64_t trigger_jitter_us(const struct trigger *t, uint64_t salt, wall slot)
{
    // Two rounds of multiply and fold mix every bit of salt and slot into the top bits.
    unsigned __int128 x = (unsigned __int128)(salt ^ UINT64_C(0x9e3779b97f4a7c15)) *
                          ((uint64_t)slot.us ^ UINT64_C(0xd1b54a32d192ed03));
    uint64_t folded = (uint64_t)x ^ (uint64_t)(x >> 64);

    x = (unsigned __int128)(folded ^ UINT64_C(0x94d049bb133111eb)) * UINT64_C(0xbf58476d1ce4e5b9);
    folded = (uint64_t)x ^ (uint64_t)(x >> 64);
    return (int64_t)((unsigned __int128)folded * ((uint64_t)t->jitter_s * SECOND_US + 1) >> 64);
}

bool trigger_next_dst(const struct trigger *t, wall after, wall until, struct trigger_dst *ret_dst)
{
    struct dst_touch touch;
    int64_t from = floor_div(after.us, SECOND_US);

    if (t->kind != TRIGGER_CRON)
        return false;
    while (dst_next_touch(&t->calendar, t->zone, from, floor_div(until.us, SECOND_US), &touch)) {
        wall runs_at = touch.runs_at == DST_NEVER ? WALL_NEVER : (wall){touch.runs_at * SECOND_US};
        wall change = {touch.change_at * SECOND_US};

        from = touch.change_at;
        if (change.us < t->start.us || change.us > t->end.us)
            continue;
        *ret_dst = (struct trigger_dst){touch.kind, change, touch.local_s, runs_at};
        return true;
    }
    return false;
}

// ---- print

void trigger_str(const struct trigger *t, struct buf *out)
{
    const char *text = t->texts;
    const char *separator = "";

    switch ((enum trigger_kind)t->kind) {
    case TRIGGER_CRON:
        buf_add_text(out, "cron[");
        if (t->is_crontab)
            crontab_str(str_of(t->texts), out);
        for (int i = 0; i < FIELD_COUNT && !t->is_crontab; i++) {
            if (!(t->given >> i & 1))
                continue;
            buf_add_text(out, separator);
            buf_add_text(out, field_names[i]);
            buf_add_text(out, "='");
            buf_add_text(out, text);
            buf_add_byte(out, '\'');
            text += strlen(text) + 1;
            separator = ", ";
        }
        break;
    case TRIGGER_INTERVAL:
        buf_add_text(out, "interval[");
        duration_python(t->every_us, out);
        break;
    case TRIGGER_DATE:
        buf_add_text(out, "date[");
        iso8601_named(t->start, t->zone, out);
        break;
    }
    buf_add_byte(out, ']');
}

static void moment_write(struct json_write *w, const char *key, wall at, const struct zone *zone)
{
    struct buf text;

    buf_init(&text, 64);
    iso8601_write(at, zone, &text);
    json_write_key(w, key);
    json_write_str(w, buf_str(&text));
    buf_done(&text);
}

static void cron_write(const struct trigger *t, struct json_write *w)
{
    const char *text = t->texts;

    json_write_text(w, "cron");
    if (t->is_crontab) {
        json_write_key(w, "expr");
        json_write_text(w, t->texts);
        return;
    }
    for (int i = 0; i < FIELD_COUNT; i++) {
        if (!(t->given >> i & 1))
            continue;
        json_write_key(w, field_names[i]);
        json_write_text(w, text);
        text += strlen(text) + 1;
    }
}

// Days, hours, minutes and seconds of the length, without those that are 0.
static void interval_write(const struct trigger *t, struct json_write *w)
{
    static const struct {
        const char *key;
        int64_t us;
    } units[] = {{"days", DAY_US}, {"hours", HOUR_US}, {"minutes", MINUTE_US}};
    int64_t rest = t->every_us;
    struct buf seconds;

    json_write_text(w, "interval");
    for (int i = 0; i < 3; i++) {
        int64_t n = rest / units[i].us;

        rest -= n * units[i].us;
        if (n == 0)
            continue;
        json_write_key(w, units[i].key);
        json_write_int(w, n);
    }
    if (rest == 0)
        return;
    buf_init(&seconds, 32);
    buf_printf(&seconds, "%lld", (long long)(rest / SECOND_US));
    if (rest % SECOND_US != 0) {
        buf_printf(&seconds, ".%06lld", (long long)(rest % SECOND_US));
        while (seconds.p[seconds.len - 1] == '0')
            seconds.len--;
    }
    json_write_key(w, "seconds");
    json_write_raw(w, buf_str(&seconds));
    buf_done(&seconds);
}

void trigger_write(const struct trigger *t, struct buf *out)
{
    struct json_write w;

    json_write_init(&w, out);
    json_write_object(&w);
    json_write_key(&w, "type");
    switch ((enum trigger_kind)t->kind) {
    case TRIGGER_CRON:
        cron_write(t, &w);
        break;
    case TRIGGER_INTERVAL:
        interval_write(t, &w);
        break;
    case TRIGGER_DATE:
        json_write_text(&w, "date");
        moment_write(&w, "run_date", t->start, t->zone);
        break;
    }
    if (t->kind != TRIGGER_DATE && t->start.us != BEGINNING.us)
        moment_write(&w, "start_date", t->start, t->zone);
    if (t->end.us != WALL_NEVER.us)
        moment_write(&w, "end_date", t->end, t->zone);
    json_write_key(&w, "timezone");
    json_write_str(&w, zone_name(t->zone));
    if (t->jitter_s) {
        json_write_key(&w, "jitter");
        json_write_int(&w, t->jitter_s);
    }
    json_write_object_end(&w);
}

void trigger_words(const struct trigger *t, struct buf *out)
{
    switch ((enum trigger_kind)t->kind) {
    case TRIGGER_CRON:
        words_calendar(&t->calendar, out);
        buf_printf(out, ", %.*s", STR(zone_name(t->zone)));
        break;
    case TRIGGER_INTERVAL:
        words_interval(t->every_us, out);
        break;
    case TRIGGER_DATE:
        buf_add_text(out, "once at ");
        iso8601_named(t->start, t->zone, out);
        break;
    }
    if (t->kind == TRIGGER_CRON && t->start.us != BEGINNING.us) {
        buf_add_text(out, ", from ");
        iso8601_named(t->start, t->zone, out);
    }
    if (t->end.us != WALL_NEVER.us) {
        buf_add_text(out, ", until ");
        iso8601_named(t->end, t->zone, out);
    }
}

void trigger_time_str(const struct trigger *t, wall at, struct buf *out)
{
    iso8601_python(at, t->zone, out);
}
