// period.c - reads calendar lengths of time, and says them.
// SPDX-License-Identifier: Apache-2.0
#include "time/period.h"

#include "time/duration.h"

#define YEARS_MAX 9000

// What one unit adds, and where it may stand.
struct unit {
    char letter;
    bool is_time; // behind T
    int64_t months, days, us;
    int limit; // in the alternative format
};

static const struct unit units[] = {
    {'Y', false, 12, 0, 0, 9999},     {'M', false, 1, 0, 0, 12},
    {'W', false, 0, 7, 0, 0},         {'D', false, 0, 1, 0, 30},
    {'H', true, 0, 0, HOUR_US, 24},   {'M', true, 0, 0, MINUTE_US, 60},
    {'S', true, 0, 0, SECOND_US, 60},
};

#define UNIT_COUNT (sizeof units / sizeof *units)

struct reader {
    struct str text;
    size_t at;
    const char *field;
    struct period sum;
    struct err *e;
};

// digits and a fraction in units of 10^-12
struct number {
    int64_t whole;
    int64_t fraction;
    bool has_fraction;
};

#define FRACTION_ONE INT64_C(1000000000000)

static bool complain(const struct reader *r, const char *what)
{
    struct str t = r->text;

    fail_at(r->e, ERR_INPUT, r->field, (int)r->at + 1, "\"%.*s\" is not a duration: %s",
            (int)(t.len < 80 ? t.len : 80), t.len ? t.p : "", what);
    return fail_hint(r->e, "write it as P1M, P1DT12H, PT15M or P2W");
}

static char peek(const struct reader *r)
{
    return r->at < r->text.len ? r->text.p[r->at] : '\0';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool number_read(struct reader *r, struct number *ret_number)
{
    struct number n = {0};
    size_t start = r->at;
    int64_t scale = FRACTION_ONE / 10;

    for (; is_digit(peek(r)); r->at++)
        if (__builtin_mul_overflow(n.whole, 10, &n.whole) ||
            __builtin_add_overflow(n.whole, peek(r) - '0', &n.whole))
            return complain(r, "the number is too large");
    if (r->at == start)
        return complain(r, "a number is missing here");
    if (peek(r) == '.' || peek(r) == ',') {
        n.has_fraction = true;
        start = ++r->at;
        for (; is_digit(peek(r)); r->at++, scale /= 10)
            n.fraction += scale * (peek(r) - '0');
        if (r->at == start)
            return complain(r, "digits are missing behind the point");
    }
    *ret_number = n;
    return true;
}

static bool part_add(int64_t *sum, int64_t n, int64_t unit, int64_t max)
{
    int64_t product;

    return !__builtin_mul_overflow(n, unit, &product) &&
           !__builtin_add_overflow(*sum, product, sum) && *sum <= max;
}

static bool sum_add(struct reader *r, const struct number *n, const struct unit *unit)
{
    struct period *p = &r->sum;
    // Of a week or a day: whole days, and the rest in microseconds.
    __int128 parts = (__int128)n->fraction * (unit->days ? unit->days * DAY_US : unit->us);
    int64_t us = (int64_t)(parts / FRACTION_ONE);
    int64_t days = unit->days ? us / DAY_US : 0;

    if (!part_add(&p->months, n->whole, unit->months, YEARS_MAX * 12) ||
        !part_add(&p->days, n->whole, unit->days, YEARS_MAX * 366) ||
        !part_add(&p->days, days, 1, YEARS_MAX * 366) ||
        !part_add(&p->us, n->whole, unit->us, YEARS_MAX * 366 * DAY_US) ||
        !part_add(&p->us, us - days * DAY_US, 1, YEARS_MAX * 366 * DAY_US))
        return complain(r, "it is longer than 9000 years");
    return true;
}

// The unit of a letter from `from` on; NULL when there is none on this side of the T.
static const struct unit *unit_find(size_t from, bool is_time, char letter)
{
    for (size_t i = from; i < UNIT_COUNT; i++)
        if (units[i].is_time == is_time && units[i].letter == letter)
            return &units[i];
    return NULL;
}

static bool units_read(struct reader *r)
{
    bool is_time = false;
    size_t next = 0;

    do {
        struct number n;

        if (!is_time && peek(r) == 'T') {
            is_time = true;
            r->at++;
        }
        if (!number_read(r, &n))
            return false;
        const struct unit *unit = unit_find(next, is_time, peek(r));
        if (!unit)
            return complain(r, "a unit is missing here, or repeated, or out of order");
        if (n.has_fraction && unit->months)
            return complain(r, "a fraction of a month or a year has no fixed length");
        if (!sum_add(r, &n, unit))
            return false;
        r->at++;
        next = (size_t)(unit - units) + 1;
        if (n.has_fraction && r->at < r->text.len)
            return complain(r, "only the last number may have a fraction");
    } while (r->at < r->text.len);
    return true;
}

// Digits of the alternative format for one unit.
static bool digits_read(struct reader *r, size_t width, const struct unit *unit)
{
    struct number n = {0};
    size_t start = r->at;

    while (r->at - start < width && is_digit(peek(r)))
        n.whole = n.whole * 10 + (r->text.p[r->at++] - '0');
    if (r->at - start < width || n.whole > unit->limit) {
        r->at = start;
        return complain(r, "a part of the alternative format is missing or too large");
    }
    return sum_add(r, &n, unit);
}

// P0001-02-03T04:05:06 or P00010203T040506, the part behind the P.
static bool alternative_read(struct reader *r, bool is_basic)
{
    static const int order[] = {0, 1, 3, 4, 5, 6}; // of units: there are no weeks
    static const char separators[] = {0, '-', '-', 'T', ':', ':'};

    for (int i = 0; i < 6; i++) {
        bool is_due = i == 3 || (i > 0 && !is_basic);

        if (i == 3 && r->at == r->text.len)
            return true;
        if (is_due && peek(r) != separators[i])
            return complain(r, "the alternative format is PYYYY-MM-DDThh:mm:ss");
        r->at += is_due;
        if (!digits_read(r, i ? 2 : 4, &units[order[i]]))
            return false;
    }
    return r->at == r->text.len || complain(r, "it should end here");
}

bool period_parse(struct str text, const char *field, struct period *ret_period, struct err *e)
{
    struct reader r = {.text = text, .field = field, .e = e};
    size_t digits = 0;
    bool ok;

    if (peek(&r) != 'P')
        return complain(&r, "it begins with P");
    r.at = 1;
    while (1 + digits < text.len && is_digit(text.p[1 + digits]))
        digits++;
    char behind = 1 + digits < text.len ? text.p[1 + digits] : '\0';
    if (digits == 4 && behind == '-')
        ok = alternative_read(&r, false);
    else if (digits == 8 && (behind == 'T' || behind == '\0'))
        ok = alternative_read(&r, true);
    else
        ok = units_read(&r);
    if (ok)
        *ret_period = r.sum;
    return ok;
}

bool period_is_zero(const struct period *p)
{
    return p->months == 0 && p->days == 0 && p->us == 0;
}
