// recur.c - the parts of a rule, each with its limits and its way to be read.
//
// A part is read into its set by a function of its row; what parts may stand together is looked
// at when all of them are there, so that their order does not matter.
// SPDX-License-Identifier: Apache-2.0
#include "trigger/recur.h"

#include "base/suggest.h"
#include "time/civil.h"

#define NUMBER_MAX INT64_C(9999999999)
#define WEEK_MAX 53

const char *const recur_freq_names[RECUR_YEARLY + 1] = {"SECONDLY", "MINUTELY", "HOURLY", "DAILY",
                                                        "WEEKLY",   "MONTHLY",  "YEARLY"};

static const char *const weekday_codes[7] = {"MO", "TU", "WE", "TH", "FR", "SA", "SU"};

struct reader {
    struct scan scan; // of one part: at its value, to its end
    struct recur *rule;
    const struct part *part;
    size_t at[RECUR_PARTS]; // where each part is
    bool is_numbered;       // BYDAY has a number
};

struct part {
    const char *name;
    bool (*read)(struct reader *r);
    int64_t min, max;
    bool is_signed; // -1 is the last
    const char *would_do;
};

static bool freq_read(struct reader *r);
static bool until_read(struct reader *r);
static bool single_read(struct reader *r);
static bool numbers_read(struct reader *r);
static bool weekdays_read(struct reader *r);
static bool week_start_read(struct reader *r);

static const struct part parts[RECUR_PARTS] = {
    [RECUR_FREQ] = {"FREQ", freq_read, 0, 0, false,
                    "write SECONDLY, MINUTELY, HOURLY, DAILY, WEEKLY, MONTHLY or YEARLY"},
    [RECUR_UNTIL] = {"UNTIL", until_read, 0, 0, false, "write 20261231T230000Z"},
    [RECUR_COUNT] = {"COUNT", single_read, 1, NUMBER_MAX, false, "write a number such as 10"},
    [RECUR_INTERVAL] = {"INTERVAL", single_read, 1, NUMBER_MAX, false, "write a number such as 2"},
    [RECUR_BYSECOND] = {"BYSECOND", numbers_read, 0, 60, false, "write 0-60, or a list"},
    [RECUR_BYMINUTE] = {"BYMINUTE", numbers_read, 0, 59, false, "write 0-59, or a list"},
    [RECUR_BYHOUR] = {"BYHOUR", numbers_read, 0, 23, false, "write 0-23, or a list"},
    [RECUR_BYDAY] = {"BYDAY", weekdays_read, 1, WEEK_MAX, true,
                     "write MO, TU, WE, TH, FR, SA, SU, 2FR, -1SU or a list"},
    [RECUR_BYMONTHDAY] = {"BYMONTHDAY", numbers_read, 1, 31, true,
                          "write 1-31, -1 for the last day, or a list"},
    [RECUR_BYYEARDAY] = {"BYYEARDAY", numbers_read, 1, 366, true,
                         "write 1-366, -1 for the last day, or a list"},
    [RECUR_BYWEEKNO] = {"BYWEEKNO", numbers_read, 1, WEEK_MAX, true,
                        "write 1-53, -1 for the last week, or a list"},
    [RECUR_BYMONTH] = {"BYMONTH", numbers_read, 1, 12, false, "write 1-12, or a list"},
    [RECUR_BYSETPOS] = {"BYSETPOS", numbers_read, 1, 366, true,
                        "write 1-366, -1 for the last time, or a list"},
    [RECUR_WKST] = {"WKST", week_start_read, 0, 0, false, "write MO, TU, WE, TH, FR, SA or SU"},
};

static bool part_read(struct reader *r, const struct scan *s);
static bool parts_agree(struct reader *r, const struct scan *s);

bool recur_read(struct scan *s, struct recur *ret_rule)
{
    struct recur rule = {.months = 0x1ffe, .interval = 1};
    struct reader r = {.rule = &rule};

    if (scan_is_done(s))
        return scan_fail(s, s->at, "is empty: write FREQ=DAILY or the like");
    do {
        if (!part_read(&r, s))
            return false;
        s->at = r.scan.end;
    } while (scan_take(s, ';'));
    if (!parts_agree(&r, s))
        return false;
    *ret_rule = rule;
    return true;
}

// ---- one part: NAME=value

static bool name_unknown(const struct scan *s, size_t at, struct str name)
{
    const char *names[RECUR_PARTS];

    if (name.len > 2 && str_eq_nocase(str_cut(name, 0, 2), STR_LIT("X-")))
        return scan_fail(s, at, "has a part \"%.*s\" of somebody's own: leave it out",
                         (int)(name.len < 40 ? name.len : 40), name.p);
    if (str_eq_nocase(name, STR_LIT("RSCALE")) || str_eq_nocase(name, STR_LIT("SKIP")))
        return scan_fail(s, at,
                         "has %.*s: other calendars (RFC 7529) are not supported, leave it out",
                         STR(name));
    for (int i = 0; i < RECUR_PARTS; i++)
        names[i] = parts[i].name;
    const char *near = suggest_find(name, names, RECUR_PARTS);

    if (name.len == 0)
        scan_fail(s, at, "needs parts such as FREQ=DAILY between its semicolons");
    else
        scan_fail(s, at, "has no part \"%.*s\"", (int)(name.len < 40 ? name.len : 40), name.p);
    return near ? fail_hint(s->e, "did you mean %s?", near)
                : fail_hint(s->e, "parts are FREQ, INTERVAL, COUNT, UNTIL, WKST and BY...");
}

// Takes "NAME=", sets up the scan of its value.
static bool part_read(struct reader *r, const struct scan *s)
{
    size_t at = s->at, end = s->at, equals;
    int n = 0;

    while (end < s->end && s->text.p[end] != ';')
        end++;
    for (equals = at; equals < end && s->text.p[equals] != '=';)
        equals++;
    struct str name = str_cut(s->text, at, equals);

    while (n < RECUR_PARTS && !str_eq_nocase(name, str_of(parts[n].name)))
        n++;
    if (n == RECUR_PARTS)
        return name_unknown(s, at, name);
    r->part = &parts[n];
    r->scan = *s;
    r->scan.what = parts[n].name;
    r->scan.from = r->scan.at = equals + (equals < end);
    r->scan.end = end;
    if (recur_has(r->rule, (enum recur_part)n))
        return scan_fail(&r->scan, at, "is given twice");
    if (scan_is_done(&r->scan))
        return scan_fail(&r->scan, r->scan.at, "has no value: %s", parts[n].would_do);
    r->rule->given |= (uint16_t)(1U << n);
    r->at[n] = at;
    if (!parts[n].read(r))
        return false;
    return scan_is_done(&r->scan) || scan_fail_item(&r->scan, r->scan.at, r->part->would_do);
}

static bool freq_read(struct reader *r)
{
    size_t at = r->scan.at;
    struct str name = scan_letters(&r->scan);

    for (int i = 0; i <= RECUR_YEARLY; i++)
        if (str_eq_nocase(name, str_of(recur_freq_names[i]))) {
            r->rule->freq = (enum recur_freq)i;
            return true;
        }
    return scan_fail_item(&r->scan, at, r->part->would_do);
}

static bool until_read(struct reader *r)
{
    return recur_date_read(&r->scan, &r->rule->until);
}

// Decimal digits of a number between the limits of the part, its sign having been taken.
static bool number_read(struct reader *r, bool is_negative, int64_t *ret_n)
{
    const struct part *part = r->part;
    struct scan *s = &r->scan;
    size_t at = s->at;
    int ignored;
    int64_t n;

    if (!scan_digits(s, &ignored))
        return scan_fail_item(s, at, part->would_do);
    if (str_to_int(str_cut(s->text, at, s->at), &n) && n >= part->min && n <= part->max) {
        *ret_n = n;
        return true;
    }
    at -= is_negative;
    int length = (int)(s->at - at < 40 ? s->at - at : 40);
    long long min = part->min, max = part->max;

    if (part->is_signed)
        return scan_fail(s, at, "must be %lld-%lld or -%lld to -%lld, not \"%.*s\"", min, max, min,
                         max, length, s->text.p + at);
    return scan_fail(s, at, "must be %lld-%lld, not \"%.*s\"", min, max, length, s->text.p + at);
}

static bool single_read(struct reader *r)
{
    return number_read(r, false,
                       r->part == &parts[RECUR_COUNT] ? &r->rule->count : &r->rule->interval);
}

static void bit_set(uint64_t *set, int64_t bit)
{
    set[bit / 64] |= UINT64_C(1) << bit % 64;
}

static void position_add(struct recur_positions *p, bool is_back, int64_t n)
{
    if (is_back)
        bit_set(p->back, RECUR_BITS - n);
    else
        bit_set(p->front, n - 1);
}

static void number_add(struct reader *r, bool is_back, int64_t n)
{
    struct recur *rule = r->rule;

    switch (r->part - parts) {
    case RECUR_BYSECOND:
        rule->times.seconds |= UINT64_C(1) << (n == 60 ? 59 : n);
        break;
    case RECUR_BYMINUTE:
        rule->times.minutes |= UINT64_C(1) << n;
        break;
    case RECUR_BYHOUR:
        rule->times.hours |= 1U << n;
        break;
    case RECUR_BYMONTHDAY:
        position_add(&rule->month_days, is_back, n);
        break;
    case RECUR_BYYEARDAY:
        position_add(&rule->year_days, is_back, n);
        break;
    case RECUR_BYSETPOS:
        position_add(&rule->places, is_back, n);
        break;
    case RECUR_BYWEEKNO:
        *(is_back ? &rule->weeks_back : &rule->weeks) |= UINT64_C(1) << n;
        break;
    case RECUR_BYMONTH:
        rule->months |= (uint16_t)(1U << n);
        break;
    default:
        break;
    }
}

// Takes "-" or "+", where the part takes signs. Is it "-"?
static bool sign_read(struct reader *r)
{
    bool is_back = r->part->is_signed && scan_take(&r->scan, '-');

    if (r->part->is_signed && !is_back)
        (void)scan_take(&r->scan, '+');
    return is_back;
}

static bool numbers_read(struct reader *r)
{
    if (r->part == &parts[RECUR_BYMONTH])
        r->rule->months = 0;
    do {
        bool is_back = sign_read(r);
        int64_t n;

        if (!number_read(r, is_back, &n))
            return false;
        number_add(r, is_back, n);
    } while (scan_take(&r->scan, ','));
    return true;
}

static bool weekday_read(struct reader *r, size_t item, int *ret_weekday)
{
    struct str name = scan_letters(&r->scan);

    for (int i = 0; i < 7; i++)
        if (str_eq_nocase(name, str_of(weekday_codes[i]))) {
            *ret_weekday = i;
            return true;
        }
    return scan_fail_item(&r->scan, item, r->part->would_do);
}

static bool weekdays_read(struct reader *r)
{
    struct scan *s = &r->scan;

    do {
        size_t item = s->at;
        bool is_back = sign_read(r), is_numbered = s->at > item;
        int64_t n = 0;
        int weekday;

        is_numbered |= scan_peek(s) >= '0' && scan_peek(s) <= '9';
        if ((is_numbered && !number_read(r, is_back, &n)) || !weekday_read(r, item, &weekday))
            return false;
        if (is_numbered)
            bit_set(is_back ? r->rule->nth_back : r->rule->nth, (n - 1) * 7 + weekday);
        else
            r->rule->weekdays |= (uint8_t)(1U << weekday);
        if (is_numbered && !r->is_numbered)
            r->at[RECUR_BYDAY] = item;
        r->is_numbered |= is_numbered;
    } while (scan_take(s, ','));
    return true;
}

static bool week_start_read(struct reader *r)
{
    int weekday;

    if (!weekday_read(r, r->scan.at, &weekday))
        return false;
    r->rule->week_start = (uint8_t)weekday;
    return true;
}

// ---- what may stand together

static bool refuse(const struct reader *r, const struct scan *s, enum recur_part part,
                   const char *why)
{
    struct scan at = *s;

    at.what = parts[part].name;
    return scan_fail(&at, r->at[part], "%s", why);
}

static bool parts_agree(struct reader *r, const struct scan *s)
{
    static const uint16_t by = (uint16_t)((1U << RECUR_BYSETPOS) - (1U << RECUR_BYSECOND));
    const struct recur *rule = r->rule;
    enum recur_freq freq = rule->freq;

    if (!recur_has(rule, RECUR_FREQ)) {
        scan_fail(s, s->at, "has no FREQ");
        return fail_hint(s->e, "%s", parts[RECUR_FREQ].would_do);
    }
    if (recur_has(rule, RECUR_COUNT) && recur_has(rule, RECUR_UNTIL))
        return refuse(r, s, RECUR_UNTIL, "cannot stand beside COUNT: write one of them");
    if (recur_has(rule, RECUR_BYWEEKNO) && freq != RECUR_YEARLY)
        return refuse(r, s, RECUR_BYWEEKNO, "needs FREQ=YEARLY");
    if (recur_has(rule, RECUR_BYYEARDAY) && freq >= RECUR_DAILY && freq < RECUR_YEARLY)
        return refuse(r, s, RECUR_BYYEARDAY, "needs FREQ=YEARLY, or HOURLY and below");
    if (recur_has(rule, RECUR_BYMONTHDAY) && freq == RECUR_WEEKLY)
        return refuse(r, s, RECUR_BYMONTHDAY,
                      "cannot stand beside FREQ=WEEKLY: write FREQ=DAILY or MONTHLY");
    if (r->is_numbered && freq < RECUR_MONTHLY)
        return refuse(r, s, RECUR_BYDAY, "takes numbers with FREQ=MONTHLY and YEARLY only");
    if (r->is_numbered && recur_has(rule, RECUR_BYWEEKNO))
        return refuse(r, s, RECUR_BYDAY, "takes no numbers beside BYWEEKNO");
    if (recur_has(rule, RECUR_BYSETPOS) && !(rule->given & by))
        return refuse(r, s, RECUR_BYSETPOS,
                      "picks from what other BY parts give: write one of them as well");
    return true;
}

// ---- what is left open

void recur_fill(struct recur *rule, int64_t start_s)
{
    struct civil start = civil_at(start_s);
    bool has_day =
        rule->given & (1U << RECUR_BYDAY | 1U << RECUR_BYMONTHDAY | 1U << RECUR_BYYEARDAY);
    bool is_week = rule->freq == RECUR_WEEKLY || recur_has(rule, RECUR_BYWEEKNO);

    if (!has_day && is_week) {
        rule->weekdays = (uint8_t)(1U << civil_weekday(floor_div(start_s, DAY_S)));
        rule->given |= 1U << RECUR_BYDAY;
    } else if (!has_day && rule->freq >= RECUR_MONTHLY) {
        position_add(&rule->month_days, false, start.day);
        rule->given |= 1U << RECUR_BYMONTHDAY;
        if (rule->freq == RECUR_YEARLY && !recur_has(rule, RECUR_BYMONTH)) {
            rule->months = (uint16_t)(1U << start.month);
            rule->given |= 1U << RECUR_BYMONTH;
        }
    }
    if (!recur_has(rule, RECUR_BYHOUR))
        rule->times.hours = rule->freq > RECUR_HOURLY ? 1U << start.hour : TIMES_ALL_24;
    if (!recur_has(rule, RECUR_BYMINUTE))
        rule->times.minutes =
            rule->freq > RECUR_MINUTELY ? UINT64_C(1) << start.minute : TIMES_ALL_60;
    if (!recur_has(rule, RECUR_BYSECOND))
        rule->times.seconds =
            rule->freq > RECUR_SECONDLY ? UINT64_C(1) << start.second : TIMES_ALL_60;
}

// ---- dates

// Exactly `digits` digits as a number; negative when there are others.
static int digits_take(struct scan *s, int digits)
{
    int n = 0;

    for (int i = 0; i < digits; i++, s->at++) {
        char c = scan_peek(s);

        if (c < '0' || c > '9')
            return -1;
        n = n * 10 + (c - '0');
    }
    return n;
}

bool recur_date_read(struct scan *s, struct recur_date *ret_date)
{
    size_t at = s->at;
    struct civil c = {0};
    struct recur_date date = {0};
    int year = digits_take(s, 4), month = digits_take(s, 2), day = digits_take(s, 2);
    int hour = 0, minute = 0, second = 0;
    bool ok = year > 0 && month > 0 && day > 0;

    date.is_date = !scan_take(s, 'T') && !scan_take(s, 't');
    if (!date.is_date) {
        hour = digits_take(s, 2);
        minute = digits_take(s, 2);
        second = digits_take(s, 2);
        date.is_utc = scan_take(s, 'Z') || scan_take(s, 'z');
    }
    if (!ok || hour < 0 || minute < 0 || second < 0)
        return scan_fail_item(s, at, "write 20260131T090000, 20260131T090000Z or 20260131");
    c = (struct civil){.year = year,
                       .month = (int8_t)month,
                       .day = (int8_t)day,
                       .hour = (int8_t)hour,
                       .minute = (int8_t)minute,
                       .second = (int8_t)(second == 60 ? 59 : second)};
    if (!civil_is_valid(&c))
        return scan_fail(s, at, "has no such moment: \"%.*s\"", (int)(s->at - at), s->text.p + at);
    date.local_s = civil_seconds(&c);
    *ret_date = date;
    return true;
}

// ---- positions

// The least set bit at or after one, -1 when there is none.
static int64_t bit_next(const uint64_t *set, int64_t from)
{
    if (from >= RECUR_BITS)
        return -1;
    uint64_t left = set[from / 64] >> from % 64;

    if (left != 0)
        return from + __builtin_ctzll(left);
    for (int64_t word = from / 64 + 1; word < RECUR_WORDS; word++)
        if (set[word] != 0)
            return word * 64 + __builtin_ctzll(set[word]);
    return -1;
}

int64_t recur_position(const struct recur_positions *p, int64_t from, int64_t total)
{
    int64_t offset = RECUR_BITS - total;
    int64_t front = bit_next(p->front, from);
    int64_t back = bit_next(p->back, offset + from > 0 ? offset + from : 0);

    if (front >= total)
        front = -1;
    if (back >= 0)
        back -= offset;
    return front < 0 ? back : back < 0 || front < back ? front : back;
}
