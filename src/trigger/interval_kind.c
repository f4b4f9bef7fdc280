// interval_kind.c - schedules at equal distances in elapsed time.
// SPDX-License-Identifier: Apache-2.0
#include "time/duration.h"
#include "time/iso8601.h"
#include "trigger/interval.h"
#include "trigger/kind.h"
#include "trigger/spec.h"
#include "trigger/words.h"

#define INTERVAL_MAX_US (9000 * 366 * DAY_US)

static bool interval_read(const json_t *spec, const struct kind_reader *reader, struct trigger *t,
                          struct err *e)
{
    static const struct {
        const char *key;
        int64_t us;
    } units[] = {{"weeks", 7 * DAY_US},
                 {"days", DAY_US},
                 {"hours", HOUR_US},
                 {"minutes", MINUTE_US},
                 {"seconds", SECOND_US}};

    for (int i = 0; i < 5; i++) {
        int64_t us;

        if (!spec_length(spec, units[i].key, units[i].us, INTERVAL_MAX_US, &us, e))
            return false;
        t->every_us += us; // five times the maximum still fits
    }
    if (t->every_us == 0) {
        fail(e, ERR_INPUT, NULL, "an interval must be longer than 0");
        return fail_hint(e, "give weeks, days, hours, minutes or seconds");
    }
    if (t->every_us > INTERVAL_MAX_US)
        return fail(e, ERR_INPUT, NULL, "an interval must be shorter than 9000 years");
    t->start = (wall){reader->context->now.us + t->every_us};
    return spec_moment(spec, "start_date", t->zone, &t->start, e);
}

static struct interval interval_of(const struct trigger *t)
{
    return (struct interval){t->every_us, t->start, kind_horizon()};
}

static wall slot_next(const struct trigger *t, wall after)
{
    struct interval interval = interval_of(t);

    return interval_next(&interval, after);
}

static wall slot_prev(const struct trigger *t, wall at)
{
    struct interval interval = interval_of(t);

    return interval_prev(&interval, at);
}

static int64_t slots_count(const struct trigger *t, wall after, wall upto, int64_t max,
                           wall *ret_last)
{
    struct interval interval = interval_of(t);

    return interval_count(&interval, after, upto, max, ret_last);
}

static void print(const struct trigger *t, struct buf *out)
{
    buf_add_text(out, "interval[");
    duration_python(t->every_us, out);
    buf_add_byte(out, ']');
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

    for (int i = 0; i < 3; i++) {
        int64_t n = rest / units[i].us;

        rest -= n * units[i].us;
        if (n == 0)
            continue;
        json_write_key(w, units[i].key);
        json_write_int(w, n);
    }
    if (rest != 0) {
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
    kind_write_moment(w, "start_date", t->start, t->zone);
}

// Where it is counted from matters to a person when it is long.
static void words(const struct trigger *t, struct buf *out)
{
    words_interval(t->every_us, out);
    if (t->every_us <= HOUR_US)
        return;
    buf_add_text(out, " from ");
    iso8601_named(t->start, t->zone, out);
}

static const char *const keys[] = {"weeks", "days", "hours", "minutes", "seconds", NULL};

const struct kind interval_kind = {
    .id = TRIGGER_INTERVAL,
    .type = "interval",
    .keys = keys,
    .common = COMMON_ALL & ~COMMON_DST,
    .is_anchored = true,
    .grain_us = 1,
    .read = interval_read,
    .next = slot_next,
    .prev = slot_prev,
    .count = slots_count,
    .str = print,
    .write = interval_write,
    .words = words,
};
