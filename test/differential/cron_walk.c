// cron_walk.c - random crontabs against a walk through four years, minute by minute.
//
// usage: cron_walk SEED COUNT
//
// A crontab is made together with tables of what it means: which values each field has, and for
// days the rules in the simplest words there are. The walk then looks at every minute of real time,
// in UTC and once more in a zone with summer time, and trigger_next must name every moment that it
// finds and no other. It shares no step with the program but the calendar's arithmetic and the
// zone's spans.
// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <stdlib.h>

#include <jansson.h>

#include "base/hash.h"
#include "time/civil.h"
#include "time/duration.h"
#include "trigger/cron_field.h"
#include "trigger/names.h"
#include "trigger/trigger.h"

#define JOB "walk"
#define YEAR_FROM 2024
#define YEAR_TO 2028
#define GAP_MAX_S (3 * 3600)

static const char *const zone_names[] = {"America/New_York",    "Europe/Berlin",
                                         "Australia/Lord_Howe", "America/St_Johns",
                                         "Africa/Casablanca",   "America/Santiago"};
static const struct {
    int min, max, hash_max;
} limits[CRON_FIELD_COUNT] = {{0, 59, 59}, {0, 59, 59}, {0, 23, 23},       {1, 31, 28},
                              {1, 12, 12}, {0, 7, 6},   {1970, 2199, 2199}};

// A crontab and what it means.
struct sample {
    struct buf text;
    bool values[CRON_FIELD_COUNT][2200]; // weekdays from 0, Sunday
    bool last[31], last_nearest[31];     // n days before the month's last
    bool nearest[32];
    bool nth[7][7];                 // [1-5, 6 the last][weekday]
    bool is_open[CRON_FIELD_COUNT]; // begins with * or is ?
    bool is_both;                   // has a +
    int day;                        // since 1970, of the answer below
    bool is_match;
};

static uint64_t state;

static int below(int n)
{
    state = hash_mix(state + UINT64_C(0x9e3779b97f4a7c15));
    return (int)(state % (uint64_t)n);
}

static int between(int from, int to)
{
    return from + below(to - from + 1);
}

// ---- making

static void value_write(struct sample *s, enum cron_field field, int value)
{
    const char *name =
        field == CRON_MONTH ? month_names[value - 1] : weekday_names[(value + 6) % 7];

    if ((field != CRON_MONTH && field != CRON_WEEKDAY) || below(2)) {
        buf_printf(&s->text, below(8) ? "%d" : "0%d", value);
        return;
    }
    for (int i = 0; i < 3; i++)
        buf_add_byte(&s->text, below(2) ? name[i] : (char)(name[i] - 32));
}

static void value_mean(struct sample *s, enum cron_field field, int value)
{
    s->values[field][field == CRON_WEEKDAY ? value % 7 : value] = true;
}

static void values_mean(struct sample *s, enum cron_field field, int from, int to, int step)
{
    for (int value = from; value <= to; value++)
        if ((value - from) % step == 0)
            value_mean(s, field, value);
}

static int random_value(enum cron_field field)
{
    return field == CRON_YEAR ? between(YEAR_FROM - 1, YEAR_TO)
                              : between(limits[field].min, limits[field].max);
}

// A value that something may follow: "sun" is then 0, not 7.
static int least_value(enum cron_field field)
{
    return field == CRON_WEEKDAY ? below(7) : random_value(field);
}

static int step_make(struct sample *s, enum cron_field field, int chance)
{
    int step = below(6) ? between(1, 10) : between(1, limits[field].max + 10);

    if (below(chance))
        return 1;
    buf_printf(&s->text, "/%d", step);
    return step;
}

static void star_make(struct sample *s, enum cron_field field)
{
    buf_add_byte(&s->text, '*');
    values_mean(s, field, limits[field].min, limits[field].max, step_make(s, field, 2));
}

static void range_make(struct sample *s, enum cron_field field)
{
    int a = least_value(field), b = random_value(field), from = a < b ? a : b, to = a < b ? b : a;

    value_write(s, field, from);
    buf_add_byte(&s->text, '-');
    if (field == CRON_WEEKDAY && from == 0 && to == 7)
        buf_add_byte(&s->text, '7'); // "sun" would be the first day once more
    else
        value_write(s, field, to);
    values_mean(s, field, from, to, step_make(s, field, 2));
}

static void open_range_make(struct sample *s, enum cron_field field)
{
    int from = least_value(field), step = between(1, 12);

    value_write(s, field, from);
    buf_printf(&s->text, "/%d", step);
    values_mean(s, field, from, limits[field].max, step);
}

// What cron_field.h says of H and ~.
static void hash_mean(struct sample *s, enum cron_field field, int from, int to, int step)
{
    struct hash_key key = {CRON_HASH_KEY, field};
    int width = step == 1 || step > to - from ? to - from + 1 : step;
    int first = from + (int)(hash_str(&key, STR_LIT(JOB)) % (uint64_t)width);

    values_mean(s, field, first, step == 1 ? first : to, step);
}

static void hash_make(struct sample *s, enum cron_field field)
{
    int from = limits[field].min, to = limits[field].hash_max, kind = below(5);
    int a = between(from, to), b = between(from, to), step = 1;

    if (kind > 1 && a > b) {
        int swap = a;

        a = b;
        b = swap;
    }
    if (kind == 1 || kind == 2)
        from = a;
    if (kind == 2 || kind == 3)
        to = b;
    if (kind == 2 && below(2)) {
        buf_printf(&s->text, "H(%d-%d)", from, to);
    } else if (kind == 0) {
        buf_add_text(&s->text, below(2) ? "H" : "~");
    } else {
        if (kind == 1 || kind == 2)
            buf_printf(&s->text, "%d", from);
        buf_add_byte(&s->text, '~');
        if (kind == 2 || kind == 3)
            buf_printf(&s->text, "%d", to);
    }
    if (below(2)) {
        step = between(2, 20);
        buf_printf(&s->text, "/%d", step);
    }
    hash_mean(s, field, from, to, step);
}

static void day_make(struct sample *s)
{
    int n = between(1, 30), kind = below(5);

    if (kind == 0) {
        buf_add_text(&s->text, below(2) ? "L" : "l");
        s->last[0] = true;
    } else if (kind == 1) {
        buf_printf(&s->text, "L-%d", n);
        s->last[n] = true;
    } else if (kind == 2) {
        buf_add_text(&s->text, below(2) ? "LW" : "lw");
        s->last_nearest[0] = true;
    } else if (kind == 3) {
        buf_printf(&s->text, "L-%dW", n);
        s->last_nearest[n] = true;
    } else {
        buf_printf(&s->text, below(2) ? "%dW" : "%dw", n);
        s->nearest[n] = true;
    }
}

static void weekday_make(struct sample *s)
{
    int weekday = below(8), n = between(1, 6);

    value_write(s, CRON_WEEKDAY, weekday);
    if (n == 6)
        buf_add_text(&s->text, below(2) ? "L" : "#L");
    else
        buf_printf(&s->text, "#%d", n);
    s->nth[n][weekday % 7] = true;
}

static void item_make(struct sample *s, enum cron_field field)
{
    int kind = below(10);

    if (kind == 0 && field != CRON_YEAR)
        hash_make(s, field);
    else if (kind < 3 && field == CRON_DAY)
        day_make(s);
    else if (kind < 3 && field == CRON_WEEKDAY)
        weekday_make(s);
    else if (kind == 4)
        open_range_make(s, field);
    else if (kind < 7)
        range_make(s, field);
    else {
        int value = random_value(field);

        value_write(s, field, value);
        value_mean(s, field, value);
    }
}

static void field_make(struct sample *s, enum cron_field field, int star_chance)
{
    bool is_day = field == CRON_DAY || field == CRON_WEEKDAY;
    int items = below(3) ? 1 : between(2, 3);

    if (is_day && below(6) == 0) {
        buf_add_byte(&s->text, '+');
        s->is_both = true;
    }
    s->is_open[field] = below(star_chance) != 0;
    if (s->is_open[field] && is_day && below(4) == 0) {
        buf_add_byte(&s->text, '?');
        values_mean(s, field, limits[field].min, limits[field].max, 1);
    } else if (s->is_open[field]) {
        star_make(s, field);
        items--;
    } else {
        item_make(s, field);
        items--;
    }
    for (; items > 0 && s->text.p[s->text.len - 1] != '?'; items--) {
        buf_add_byte(&s->text, ',');
        item_make(s, field);
    }
    buf_add_byte(&s->text, ' ');
}

static void sample_make(struct sample *s)
{
    bool has_seconds = below(4) == 0, has_year = has_seconds && below(3) == 0;

    if (has_seconds)
        field_make(s, CRON_SECOND, 1);
    else
        s->values[CRON_SECOND][0] = true;
    field_make(s, CRON_MINUTE, below(4) ? 1 : 4);
    field_make(s, CRON_HOUR, 2);
    field_make(s, CRON_DAY, 2);
    field_make(s, CRON_MONTH, 3);
    field_make(s, CRON_WEEKDAY, 2);
    if (has_year)
        field_make(s, CRON_YEAR, 3);
    else
        values_mean(s, CRON_YEAR, 1970, 2199, 1);
}

// ---- meaning

static int nearest_working_day(int day, int64_t first, int length)
{
    int weekday = civil_weekday(first + day - 1);

    if (weekday == 5)
        return day == 1 ? 3 : day - 1;
    if (weekday == 6)
        return day == length ? day - 2 : day + 1;
    return day;
}

static bool day_matches(const struct sample *s, int64_t days)
{
    struct civil d = civil_date(days);
    int64_t first = days - d.day + 1;
    int length = civil_month_days(d.year, d.month), sunday_0 = (civil_weekday(days) + 1) % 7;
    bool day = s->values[CRON_DAY][d.day], weekday = s->values[CRON_WEEKDAY][sunday_0];

    if (!s->values[CRON_MONTH][d.month] || !s->values[CRON_YEAR][d.year])
        return false;
    for (int n = 0; n < 31; n++) {
        day |= s->last[n] && d.day == length - n;
        day |= s->last_nearest[n] && length - n >= 1 &&
               d.day == nearest_working_day(length - n, first, length);
        day |=
            n > 0 && s->nearest[n] && n <= length && d.day == nearest_working_day(n, first, length);
    }
    weekday |= s->nth[(d.day + 6) / 7][sunday_0] || (s->nth[6][sunday_0] && d.day + 7 > length);
    return s->is_both || s->is_open[CRON_DAY] || s->is_open[CRON_WEEKDAY] ? day && weekday
                                                                          : day || weekday;
}

// Whether a local minute belongs to the schedule, with one second or more of it.
static bool minute_matches(struct sample *s, int64_t local)
{
    int64_t days = floor_div(local, DAY_S);

    if (days != s->day) {
        s->day = (int)days;
        s->is_match = day_matches(s, days);
    }
    return s->is_match && s->values[CRON_HOUR][(local - days * DAY_S) / 3600] &&
           s->values[CRON_MINUTE][(local - days * DAY_S) / 60 % 60];
}

// ---- walking

struct walk {
    struct sample *sample;
    const struct trigger *trigger;
    struct zone_span span;
    int64_t expected; // the slot that the trigger names next
    bool is_elapsed;
    bool is_wrong;
};

static void slot_found(struct walk *w, int64_t at)
{
    w->is_wrong |= w->expected != at;
    w->expected = trigger_next(w->trigger, (wall){at * SECOND_US}).us / SECOND_US;
}

static void seconds_walk(struct walk *w, int64_t minute)
{
    for (int second = 0; second < 60 && !w->is_wrong; second++)
        if (w->sample->values[CRON_SECOND][second])
            slot_found(w, minute + second);
}

// The first minute of a new span: it stands for all local times of a gap of at most three hours.
static bool gap_matches(struct walk *w)
{
    int64_t from = w->span.from + w->span.before_s, to = w->span.from + w->span.offset_s;
    bool is_match = false;

    for (int64_t local = from; local < to && to - from <= GAP_MAX_S; local += 60)
        is_match |= minute_matches(w->sample, local);
    return is_match;
}

static void minute_walk(struct walk *w, int64_t minute)
{
    int64_t local = minute + w->span.offset_s;
    bool is_fold = local < w->span.from + w->span.before_s; // for the second time
    bool is_gap = minute == w->span.from && !w->is_elapsed && gap_matches(w);
    bool is_match = minute_matches(w->sample, local) && (w->is_elapsed || !is_fold);

    if (is_gap && !(is_match && w->sample->values[CRON_SECOND][0]))
        slot_found(w, minute);
    if (is_match)
        seconds_walk(w, minute);
}

// The end of a minute's local day, or of its span.
static int64_t day_end(const struct walk *w, int64_t minute)
{
    int64_t local = minute + w->span.offset_s;
    int64_t end = (floor_div(local, DAY_S) + 1) * DAY_S - w->span.offset_s;

    return end < w->span.to ? end : w->span.to;
}

static bool walk(struct sample *s, const struct trigger *t)
{
    int64_t from = civil_days(YEAR_FROM, 1, 1) * DAY_S, to = civil_days(YEAR_TO, 1, 1) * DAY_S;
    struct walk w = {.sample = s, .trigger = t};

    w.is_elapsed = s->is_open[CRON_SECOND] || s->is_open[CRON_MINUTE] || s->is_open[CRON_HOUR];
    w.expected = trigger_next(t, (wall){(from - 1) * SECOND_US}).us / SECOND_US;
    s->day = -1;
    zone_span_at(trigger_zone(t), from, &w.span);
    for (int64_t minute = from; minute < to && !w.is_wrong; minute += 60) {
        if (minute >= w.span.to)
            zone_span_at(trigger_zone(t), minute, &w.span);
        minute_walk(&w, minute);
        if (!s->is_match)
            minute = day_end(&w, minute) - 60;
    }
    return !w.is_wrong && w.expected >= to;
}

// True when the trigger does what the sample means, or when it is refused because it never fires.
static bool sample_check(struct sample *s, struct zones *zones, const char *zone)
{
    struct trigger_context context = {
        .zones = zones, .timezone = str_of(zone), .job_id = STR_LIT(JOB)};
    json_t *spec = json_pack("{ss}", "expr", buf_text(&s->text));
    struct trigger *t = NULL;
    struct err e = {0};
    bool ok = trigger_parse(spec, &context, &t, &e) ? walk(s, t) : e.code == ERR_SCHEDULE;

    if (!ok)
        printf("FAIL %s in %s%s%s\n", buf_text(&s->text), zone, t ? "" : ": ", t ? "" : e.message);
    trigger_free(t);
    json_decref(spec);
    return ok;
}

int main(int argc, char **argv)
{
    struct zones *zones = zones_new(NULL);
    int64_t seed = 1, count = 2000, passed = 0;

    if (argc != 3 || !str_to_int(str_of(argv[1]), &seed) || !str_to_int(str_of(argv[2]), &count))
        return 2;
    state = (uint64_t)seed;
    for (int64_t i = 0; i < count; i++) {
        struct sample *s = calloc(1, sizeof *s);

        buf_init(&s->text, 1000);
        sample_make(s);
        passed += sample_check(s, zones, "UTC") &&
                  sample_check(s, zones,
                               zone_names[(size_t)i % (sizeof zone_names / sizeof *zone_names)]);
        buf_done(&s->text);
        free(s);
    }
    zones_free(zones);
    printf("%lld passed, %lld failed\n", (long long)passed, (long long)(count - passed));
    return passed == count && count > 0 ? 0 : 1;
}
