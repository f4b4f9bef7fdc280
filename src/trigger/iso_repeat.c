// iso_repeat.c - R[n]/start/duration and its sisters -> struct repeat.
//
// The three parts are told apart by their first letter alone: R, P, or a digit.
// SPDX-License-Identifier: Apache-2.0
#include "trigger/iso_repeat.h"

#include "time/duration.h"
#include "time/iso8601.h"
#include "trigger/scan.h"

#define KEY "expr"
#define PARTS 3

// The text, its parts, and where they begin.
struct reader {
    struct str text;
    struct str parts[PARTS];
    struct zones *zones;
    const struct zone *zone;
    struct err *e;
};

static bool complain(const struct reader *r, const char *at, const char *what)
{
    fail_at(r->e, ERR_INPUT, KEY, (int)(at - r->text.p) + 1, "%s", what);
    return fail_hint(r->e, "write it as R12/2026-01-31T09:00:00/P1M, with R alone for no end");
}

// Splits at the slashes; exactly three parts.
static bool parts_split(struct reader *r)
{
    struct str rest = r->text;
    int n = 0;

    if (rest.len == 0)
        return fail(r->e, ERR_INPUT, KEY, "a repeating interval is missing");
    while (n < PARTS && str_next(&rest, '/', &r->parts[n]))
        n++;
    if (n == PARTS && rest.p == NULL)
        return true;
    return complain(r, n == PARTS ? rest.p - 1 : r->text.p + r->text.len,
                    "a repeating interval has three parts with \"/\" between them: "
                    "R[n]/start/duration, R[n]/start/end or R[n]/duration/end");
}

// R or R12; *ret_count is REPEAT_ENDLESS for R.
static bool count_read(const struct reader *r, int64_t *ret_count)
{
    struct str s = r->parts[0];
    int64_t n = REPEAT_ENDLESS;

    if (s.len == 0 || s.p[0] != 'R')
        return complain(r, r->text.p, "a repeating interval begins with R");
    if (s.len > 1 && (s.p[1] == '-' || !str_to_int(str_cut(s, 1, s.len), &n)))
        return complain(
            r, s.p + 1,
            "behind R stands the number of runs, at most 18 digits, or nothing for no end");
    *ret_count = n < REPEAT_ENDLESS ? n : REPEAT_ENDLESS;
    return true;
}

// Errors of a part's own reader count columns from its beginning.
static bool shifted(const struct reader *r, struct str part)
{
    r->e->column += (int)(part.p - r->text.p);
    return false;
}

static bool stamp_read(const struct reader *r, struct str part, struct iso8601 *ret_stamp)
{
    if (part.len == 0 || part.p[0] < '0' || part.p[0] > '9')
        return complain(r, part.p, "a date and time is expected here");
    if (!iso8601_parse_strict(part, KEY, ret_stamp, r->e))
        return shifted(r, part);
    if (ret_stamp->civil.year < 2 || ret_stamp->civil.year > 9998)
        return complain(r, part.p, "dates lie within the years 2 to 9998");
    return true;
}

static bool duration_read(const struct reader *r, struct str part, struct period *ret_every)
{
    if (!period_parse(part, KEY, ret_every, r->e))
        return shifted(r, part);
    return !period_is_zero(ret_every) || complain(r, part.p, "the duration must be longer than 0");
}

static void anchor_set(const struct reader *r, const struct iso8601 *stamp, struct repeat *repeat)
{
    repeat->anchor = stamp->civil;
    repeat->zone = !stamp->has_offset ? r->zone : zones_fixed(r->zones, stamp->offset_s);
}

static bool start_end_read(const struct reader *r, struct repeat *repeat)
{
    struct iso8601 start, end;

    if (!stamp_read(r, r->parts[1], &start) || !stamp_read(r, r->parts[2], &end))
        return false;
    if (start.has_offset && !end.has_offset) {
        end.has_offset = true;
        end.offset_s = start.offset_s;
    }
    anchor_set(r, &start, repeat);
    repeat->every.us = iso8601_at(&end, r->zone).us - iso8601_at(&start, r->zone).us;
    if (repeat->every.us > 0)
        return true;
    return complain(r, r->parts[2].p, "the end must be later than the start");
}

static bool is_duration(struct str part)
{
    return part.len > 0 && part.p[0] == 'P';
}

bool iso_repeat_parse(struct str text, struct zones *zones, const struct zone *zone,
                      struct repeat *ret_repeat, struct err *e)
{
    struct reader r = {.text = str_trim(text), .zones = zones, .zone = zone, .e = e};
    struct repeat repeat = {.month_end = MONTH_END_LAST};
    struct iso8601 stamp;
    int64_t count = 0;

    if (!parts_split(&r) || !count_read(&r, &count))
        return false;

    bool is_backward = is_duration(r.parts[1]);
    if (!is_backward && !is_duration(r.parts[2])) {
        if (!start_end_read(&r, &repeat))
            return false;
    } else {
        if (!duration_read(&r, r.parts[is_backward ? 1 : 2], &repeat.every) ||
            !stamp_read(&r, r.parts[is_backward ? 2 : 1], &stamp))
            return false;
        anchor_set(&r, &stamp, &repeat);
    }
    repeat.first = !is_backward ? 0 : count == REPEAT_ENDLESS ? -REPEAT_ENDLESS : 1 - count;
    repeat.last = is_backward ? 0 : count == REPEAT_ENDLESS ? REPEAT_ENDLESS : count - 1;
    *ret_repeat = repeat;
    return true;
}
