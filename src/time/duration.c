// duration.c - reads and prints lengths of time.
//
// Both notations are a list of numbers with units in falling order; only the tables of units
// differ.
// SPDX-License-Identifier: Apache-2.0
#include "time/duration.h"

struct unit {
    const char *name; // in lower case
    int64_t us;
};

static const struct unit plain_units[] = {
    {"w", 7 * DAY_US}, {"d", DAY_US}, {"h", HOUR_US}, {"m", MINUTE_US},
    {"s", SECOND_US},  {"ms", 1000},  {"us", 1},
};
static const struct unit iso_date_units[] = {{"w", 7 * DAY_US}, {"d", DAY_US}};
static const struct unit iso_time_units[] = {{"h", HOUR_US}, {"m", MINUTE_US}, {"s", SECOND_US}};

#define COUNT(array) (sizeof(array) / sizeof *(array))

// What is being read: the text, how far, and the sum so far.
struct reader {
    struct str text;
    size_t at;
    const char *field;
    int64_t sum_us;
    struct err *e;
};

// A number with up to 18 digits before the point and any behind it.
struct number {
    int64_t whole;
    int64_t millionths; // of the fraction; finer digits are cut
    bool has_fraction;
};

static bool complain(const struct reader *r, const char *what)
{
    struct str t = r->text;

    fail_at(r->e, ERR_INPUT, r->field, (int)r->at + 1, "\"%.*s\" is not a length of time: %s",
            (int)(t.len < 80 ? t.len : 80), t.len ? t.p : "", what);
    return fail_hint(r->e, "write it as 90 (seconds), 5m, 1h30m or PT5M");
}

static char lower_at(const struct reader *r, size_t at)
{
    char c = at < r->text.len ? r->text.p[at] : '\0';

    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool number_read(struct reader *r, struct number *ret_number)
{
    struct number n = {0};
    size_t start = r->at;
    int64_t scale = 100000;

    for (; is_digit(lower_at(r, r->at)); r->at++)
        if (__builtin_mul_overflow(n.whole, 10, &n.whole) ||
            __builtin_add_overflow(n.whole, lower_at(r, r->at) - '0', &n.whole))
            return complain(r, "the number is too large");
    if (r->at == start)
        return complain(r, "a number is missing here");
    if (lower_at(r, r->at) == '.' || lower_at(r, r->at) == ',') {
        n.has_fraction = true;
        start = ++r->at;
        for (; is_digit(lower_at(r, r->at)); r->at++, scale /= 10)
            n.millionths += scale * (lower_at(r, r->at) - '0');
        if (r->at == start)
            return complain(r, "digits are missing behind the point");
    }
    *ret_number = n;
    return true;
}

static bool sum_add(struct reader *r, const struct number *n, int64_t unit_us)
{
    int64_t us;
    // unit_us * millionths is below 7 days in us times a million: it fits.
    int64_t fraction = n->millionths * unit_us / 1000000;

    if (__builtin_mul_overflow(n->whole, unit_us, &us) ||
        __builtin_add_overflow(us, fraction, &us) ||
        __builtin_add_overflow(r->sum_us, us, &r->sum_us))
        return complain(r, "it is too long");
    return true;
}

// The unit at the reader's place among the ones not yet used; the longest name wins, so that "ms"
// is not "m".
static const struct unit *unit_read(struct reader *r, const struct unit *units, size_t count)
{
    const struct unit *best = NULL;
    size_t best_len = 0;

    for (size_t i = 0; i < count; i++) {
        size_t len = strlen(units[i].name), same = 0;

        while (same < len && lower_at(r, r->at + same) == units[i].name[same])
            same++;
        if (same == len && len > best_len) {
            best = &units[i];
            best_len = len;
        }
    }
    r->at += best_len;
    return best;
}

// Numbers with units until the end of the text, or until stop.
static bool units_read(struct reader *r, const struct unit *units, size_t count, char stop)
{
    const struct unit *end = units + count;

    while (r->at < r->text.len && lower_at(r, r->at) != stop) {
        struct number n;

        if (!number_read(r, &n))
            return false;
        const struct unit *unit = unit_read(r, units, (size_t)(end - units));
        if (!unit)
            return complain(r, "a unit is missing here, or repeated, or out of order");
        if (!sum_add(r, &n, unit->us))
            return false;
        units = unit + 1;
        while (stop == ' ' && lower_at(r, r->at) == ' ')
            r->at++;
        if (n.has_fraction && r->at < r->text.len)
            return complain(r, "only the last number may have a fraction");
    }
    return true;
}

static bool iso_read(struct reader *r)
{
    r->at = 1;
    if (r->text.len == 1)
        return complain(r, "nothing follows P");
    if (!units_read(r, iso_date_units, COUNT(iso_date_units), 't'))
        return false;
    if (r->at == r->text.len)
        return true;
    if (++r->at == r->text.len)
        return complain(r, "nothing follows T");
    if (!units_read(r, iso_time_units, COUNT(iso_time_units), '\0'))
        return false;
    return r->at == r->text.len || complain(r, "a byte of 0 is no part of it");
}

// A bare number of seconds.
static bool seconds_read(struct reader *r, bool *ret_is_bare)
{
    struct number n;

    if (!number_read(r, &n))
        return false;
    *ret_is_bare = r->at == r->text.len;
    return !*ret_is_bare || sum_add(r, &n, SECOND_US);
}

bool duration_parse(struct str text, const char *field, int64_t *ret_us, struct err *e)
{
    struct reader r = {.text = str_trim(text), .field = field, .e = e};
    bool ok, is_bare = false;

    if (lower_at(&r, 0) == 'p') {
        ok = iso_read(&r);
    } else {
        ok = seconds_read(&r, &is_bare);
        if (ok && !is_bare) {
            r.at = 0;
            ok = units_read(&r, plain_units, COUNT(plain_units), ' ');
        }
    }
    if (ok)
        *ret_us = r.sum_us;
    return ok;
}

void duration_write(int64_t us, struct buf *out)
{
    if (us == 0)
        buf_add_text(out, "0s");
    // Weeks are left out: 14d reads better than 2w in a list of days.
    for (size_t i = 1; i < COUNT(plain_units); i++) {
        int64_t n = us / plain_units[i].us;

        us -= n * plain_units[i].us;
        if (n > 0)
            buf_printf(out, "%lld%s", (long long)n, plain_units[i].name);
    }
}

void duration_python(int64_t us, struct buf *out)
{
    int64_t days = us / DAY_US - (us % DAY_US < 0);
    int64_t rest = us - days * DAY_US;
    uint64_t seconds = (uint64_t)(rest / SECOND_US), fraction = (uint64_t)(rest % SECOND_US);

    if (days != 0)
        buf_printf(out, "%lld day%s, ", (long long)days, days == 1 || days == -1 ? "" : "s");
    buf_add_number(out, seconds / 3600, 1);
    buf_add_byte(out, ':');
    buf_add_number(out, seconds / 60 % 60, 2);
    buf_add_byte(out, ':');
    buf_add_number(out, seconds % 60, 2);
    if (fraction != 0) {
        buf_add_byte(out, '.');
        buf_add_number(out, fraction, 6);
    }
}

void duration_about(int64_t us, struct buf *out)
{
    int64_t s = us / SECOND_US;

    if (s < 60)
        buf_printf(out, "%llds", (long long)s);
    else if (s < 3600)
        buf_printf(out, s % 60 ? "%lldm %llds" : "%lldm", (long long)(s / 60), (long long)(s % 60));
    else if (s < 86400)
        buf_printf(out, s / 60 % 60 ? "%lldh %lldm" : "%lldh", (long long)(s / 3600),
                   (long long)(s / 60 % 60));
    else
        buf_printf(out, s / 3600 % 24 ? "%lldd %lldh" : "%lldd", (long long)(s / 86400),
                   (long long)(s / 3600 % 24));
}
