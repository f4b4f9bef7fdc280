// throttle.c - rates of starts as people write them.
// SPDX-License-Identifier: Apache-2.0
#include "job/throttle.h"

#include <inttypes.h>

#include "time/duration.h"

#define PERIOD_MAX_US (366 * DAY_US)

static const struct {
    const char *name;
    int64_t us;
} units[] = {{"s", SECOND_US}, {"m", MINUTE_US}, {"h", HOUR_US}, {"d", DAY_US}};

static bool refuse(struct str text, const char *field, struct err *e)
{
    (void)fail(e, ERR_INPUT, field, "\"%.*s\" is no rate", (int)(text.len < 60 ? text.len : 60),
               text.p ? text.p : "");
    return fail_hint(e, "write COUNT/PERIOD such as 10/m, 100/h or 3/30s, and perhaps burst N "
                        "behind it");
}

static bool period_parse(struct str text, int64_t *ret_us)
{
    struct err why;

    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        if (str_eq(text, str_of(units[i].name))) {
            *ret_us = units[i].us;
            return true;
        }
    return duration_parse(text, "rate", ret_us, &why) && *ret_us > 0 && *ret_us <= PERIOD_MAX_US;
}

static bool count_parse(struct str text, int64_t *ret_count)
{
    return str_to_int(text, ret_count) && *ret_count >= 1 && *ret_count <= THROTTLE_COUNT_MAX;
}

// What stands before "burst N", and N; N is 1 when there is no such word.
static bool burst_split(struct str text, struct str *ret_rate, int64_t *ret_burst)
{
    const struct str word = STR_LIT("burst ");
    ptrdiff_t blank = str_find(text, ' ');
    struct str tail;

    *ret_rate = text;
    *ret_burst = 1;
    if (blank < 0)
        return true;
    tail = str_trim(str_cut(text, (size_t)blank, text.len));
    if (!str_starts(tail, word))
        return true; // a duration may have blanks
    *ret_rate = str_cut(text, 0, (size_t)blank);
    return count_parse(str_trim(str_cut(tail, word.len, tail.len)), ret_burst);
}

bool throttle_parse(struct str text, const char *field, struct throttle *ret, struct err *e)
{
    struct throttle t;
    struct str rest, count;

    if (!burst_split(str_trim(text), &rest, &t.burst) || !str_next(&rest, '/', &count) || !rest.p ||
        !count_parse(str_trim(count), &t.count) || !period_parse(str_trim(rest), &t.per_us) ||
        t.per_us < t.count)
        return refuse(text, field, e);
    *ret = t;
    return true;
}

void throttle_write(const struct throttle *t, struct buf *out)
{
    size_t i = 0;

    buf_printf(out, "%" PRId64 "/", t->count);
    while (i < sizeof units / sizeof *units && units[i].us != t->per_us)
        i++;
    if (i < sizeof units / sizeof *units)
        buf_add_text(out, units[i].name);
    else
        duration_write(t->per_us, out);
    if (t->burst > 1)
        buf_printf(out, " burst %" PRId64, t->burst);
}
