// tzif.c - reads zone files without trusting them.
// SPDX-License-Identifier: Apache-2.0
#include "time/tzif.h"

#include <stdlib.h>

#include "base/mem.h"
#include "time/civil.h"
#include "time/posix_tz.h"

#define HEADER_BYTES 44
#define TIME_MAX (INT64_C(1) << 60) // beyond the age of the universe
#define TYPES_MAX 256
#define SETTLE_YEARS 12 // a cycle is taken from where the rule has forgotten what came before it

// The six counts of a header, and where the parts of its block begin.
struct block {
    uint32_t isut_count, isstd_count, leap_count, time_count, type_count, char_count;
    size_t time_bytes; // 4 in version 1, else 8
    const unsigned char *times, *indexes, *types, *chars;
    size_t bytes; // of header and block together
};

static bool block_read(struct str bytes, size_t time_bytes, struct block *ret_block);
static bool types_read(const struct block *b, struct tzif *tzif, struct err *e);
static bool transitions_read(const struct block *b, struct tzif *tzif, struct err *e);
static void footer_apply(struct str rest, struct tzif *tzif);
static void transitions_merge(struct tzif *tzif);

static bool bad(struct err *e, const char *what)
{
    return fail(e, ERR_INPUT, NULL, "not a sound zone file: %s", what);
}

bool tzif_parse(struct str bytes, struct tzif *ret_tzif, struct err *e)
{
    struct tzif tzif = {0};
    struct block b;
    struct str rest = {0};

    if (bytes.len > TZIF_BYTES_MAX)
        return bad(e, "too large");
    if (!str_starts(bytes, STR_LIT("TZif")) || !block_read(bytes, 4, &b))
        return bad(e, "no TZif header, or cut short");
    if (bytes.p[4] >= '2') {
        bytes = str_cut(bytes, b.bytes, bytes.len);
        if (!str_starts(bytes, STR_LIT("TZif")) || !block_read(bytes, 8, &b))
            return bad(e, "the 64-bit data is missing or cut short");
        rest = str_cut(bytes, b.bytes, bytes.len);
    }
    if (b.leap_count > 0)
        return fail(e, ERR_INPUT, NULL, "zone files that count leap seconds are not supported");
    if (!types_read(&b, &tzif, e) || !transitions_read(&b, &tzif, e)) {
        tzif_done(&tzif);
        return false;
    }
    footer_apply(rest, &tzif);
    transitions_merge(&tzif);
    *ret_tzif = tzif;
    return true;
}

void tzif_done(struct tzif *tzif)
{
    free(tzif->at);
    free(tzif->type);
    free(tzif->types);
    *tzif = (struct tzif){0};
}

bool tzif_eq(const struct tzif *a, const struct tzif *b)
{
    if (a->count != b->count || a->type_count != b->type_count || a->first_type != b->first_type)
        return false;
    for (size_t i = 0; i < a->type_count; i++)
        if (a->types[i].offset_s != b->types[i].offset_s ||
            a->types[i].is_dst != b->types[i].is_dst ||
            strcmp(a->types[i].abbreviation, b->types[i].abbreviation) != 0)
            return false;
    return a->count == 0 || (memcmp(a->at, b->at, a->count * sizeof *a->at) == 0 &&
                             memcmp(a->type, b->type, a->count * sizeof *a->type) == 0);
}

static uint32_t be32(const unsigned char *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static int64_t be64(const unsigned char *p)
{
    return (int64_t)((uint64_t)be32(p) << 32 | be32(p + 4));
}

static bool block_read(struct str bytes, size_t time_bytes, struct block *ret_block)
{
    const unsigned char *p = (const unsigned char *)bytes.p;

    if (bytes.len < HEADER_BYTES)
        return false;
    struct block b = {
        .isut_count = be32(p + 20),
        .isstd_count = be32(p + 24),
        .leap_count = be32(p + 28),
        .time_count = be32(p + 32),
        .type_count = be32(p + 36),
        .char_count = be32(p + 40),
        .time_bytes = time_bytes,
    };
    // Each count is at most 2^32 and each factor at most 12: the sum fits 64 bits.
    uint64_t need = HEADER_BYTES + (uint64_t)b.time_count * (time_bytes + 1) +
                    (uint64_t)b.type_count * 6 + b.char_count +
                    (uint64_t)b.leap_count * (time_bytes + 4) + b.isstd_count + b.isut_count;
    if (need > bytes.len)
        return false;
    b.times = p + HEADER_BYTES;
    b.indexes = b.times + (size_t)b.time_count * time_bytes;
    b.types = b.indexes + b.time_count;
    b.chars = b.types + (size_t)b.type_count * 6;
    b.bytes = (size_t)need;
    *ret_block = b;
    return true;
}

static bool types_read(const struct block *b, struct tzif *tzif, struct err *e)
{
    if (b->type_count == 0 || b->type_count > TYPES_MAX)
        return bad(e, "no local time types, or too many");
    tzif->types = mem_array(b->type_count + 2, sizeof *tzif->types); // room for the footer's two
    tzif->type_count = b->type_count;
    for (uint32_t i = 0; i < b->type_count; i++) {
        const unsigned char *p = b->types + (size_t)i * 6;
        struct tzif_type *type = &tzif->types[i];
        size_t n = 0;

        type->offset_s = (int32_t)be32(p);
        type->is_dst = p[4] != 0;
        if (type->offset_s > TZIF_OFFSET_MAX_S || type->offset_s < -TZIF_OFFSET_MAX_S)
            return bad(e, "an offset from UTC of more than 26 hours");
        while ((size_t)p[5] + n < b->char_count && b->chars[p[5] + n] != '\0' &&
               n < sizeof type->abbreviation - 1)
            n++;
        if ((size_t)p[5] + n >= b->char_count || b->chars[p[5] + n] != '\0')
            return bad(e, "an abbreviation that does not end");
        memcpy(type->abbreviation, b->chars + p[5], n);
        if (!str_is_utf8(str_of(type->abbreviation)))
            return bad(e, "an abbreviation that is not text");
    }
    return true;
}

static bool transitions_read(const struct block *b, struct tzif *tzif, struct err *e)
{
    size_t n = b->time_count;

    tzif->at = mem_array(n, sizeof *tzif->at);
    tzif->type = mem_array(n, sizeof *tzif->type);
    tzif->count = n;
    for (size_t i = 0; i < n; i++) {
        const unsigned char *p = b->times + i * b->time_bytes;

        tzif->at[i] = b->time_bytes == 8 ? be64(p) : (int32_t)be32(p);
        tzif->type[i] = b->indexes[i];
        if (b->indexes[i] >= b->type_count)
            return bad(e, "a transition to a type that is not there");
        if (tzif->at[i] > TIME_MAX || tzif->at[i] < -TIME_MAX ||
            (i > 0 && tzif->at[i] <= tzif->at[i - 1]))
            return bad(e, "transitions that are out of order");
    }
    return true;
}

// The index of a type like this one, added when there is none (types_read left room for two).
static uint16_t type_intern(struct tzif *tzif, const char *name, int32_t offset_s, bool is_dst)
{
    for (size_t i = 0; i < tzif->type_count; i++)
        if (tzif->types[i].offset_s == offset_s && tzif->types[i].is_dst == is_dst &&
            strcmp(tzif->types[i].abbreviation, name) == 0)
            return (uint16_t)i;

    struct tzif_type *type = &tzif->types[tzif->type_count];

    *type = (struct tzif_type){.offset_s = offset_s, .is_dst = is_dst};
    memcpy(type->abbreviation, name, strlen(name));
    return (uint16_t)tzif->type_count++;
}

// Adds a transition of the footer behind the read ones (the first `read`). The second of two at
// the same moment counts: in "EST5EDT,0/0,J365/25" summer ends when it starts again.
static void transition_add(struct tzif *tzif, size_t read, int64_t at, uint16_t type)
{
    if (tzif->count > 0 && at <= tzif->at[tzif->count - 1]) {
        if (tzif->count > read && at == tzif->at[tzif->count - 1])
            tzif->type[tzif->count - 1] = type;
        return;
    }
    tzif->at[tzif->count] = at;
    tzif->type[tzif->count++] = type;
}

// Writes the footer's rule out, year by year, from the last transition on.
static void years_add(struct tzif *tzif, const struct posix_tz *tz)
{
    uint16_t std = type_intern(tzif, tz->std_name, tz->std_offset_s, false);
    uint16_t dst = type_intern(tzif, tz->dst_name, tz->dst_offset_s, true);
    int64_t year = tzif->count > 0 ? civil_at(tzif->at[tzif->count - 1]).year : 1900;
    int64_t end_year = year + 400 + SETTLE_YEARS;
    size_t read = tzif->count;
    size_t room = read + 2 * (size_t)(end_year - year + 1);

    tzif->at = mem_resize(tzif->at, room * sizeof *tzif->at);
    tzif->type = mem_resize(tzif->type, room * sizeof *tzif->type);
    for (; year <= end_year; year++) {
        int64_t start, end;

        posix_tz_year(tz, year, &start, &end);
        if (start < end) {
            transition_add(tzif, read, start, dst);
            transition_add(tzif, read, end, std);
        } else {
            transition_add(tzif, read, end, std);
            transition_add(tzif, read, start, dst);
        }
    }
    tzif->count--; // the next year could have overruled the last one
    tzif->is_cyclic = true;
}

// The footer is a TZ text between two newlines. One that cannot be used leaves the last
// transition in force, as RFC 9636 allows; so does one behind a last transition in the far
// future, where no year can be counted.
static void footer_apply(struct str rest, struct tzif *tzif)
{
    struct posix_tz tz;
    ptrdiff_t end;

    if (rest.len < 2 || rest.p[0] != '\n')
        return;
    rest = str_cut(rest, 1, rest.len);
    end = str_find(rest, '\n');
    if (end <= 0 || !posix_tz_parse(str_cut(rest, 0, (size_t)end), &tz))
        return;
    if (tzif->count > 0 && tzif->at[tzif->count - 1] > civil_days(3000, 1, 1) * DAY_S)
        return;
    if (tz.dst_name[0] != '\0')
        years_add(tzif, &tz);
    else if (tzif->count == 0)
        tzif->first_type = type_intern(tzif, tz.std_name, tz.std_offset_s, false);
}

// Drops transitions that change nothing. A rule that never changes anything leaves no cycle.
static void transitions_merge(struct tzif *tzif)
{
    size_t kept = 0;
    int64_t settled_s = (SETTLE_YEARS - 2) * INT64_C(366) * DAY_S;
    int64_t cycle_end = tzif->is_cyclic ? tzif->at[tzif->count - 1] - settled_s : 0;
    uint16_t current = tzif->first_type;

    for (size_t i = 0; i < tzif->count; i++) {
        if (tzif->type[i] == current)
            continue;
        current = tzif->type[i];
        tzif->at[kept] = tzif->at[i];
        tzif->type[kept++] = current;
    }
    tzif->count = kept;
    tzif->is_cyclic = tzif->is_cyclic && kept > 0 && tzif->at[kept - 1] >= cycle_end;
}
