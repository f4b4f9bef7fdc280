// log.c - a line is built in memory and leaves in one write.
// SPDX-License-Identifier: Apache-2.0
#include "base/log.h"

#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/json_write.h"

#define VALUE_MAX 2048
#define LINE_MAX_BYTES 65536

// Set once before threads start, but for the level.
static struct {
    atomic_int least;
    bool is_json;
    const struct clock *clock;
} state = {.least = LOG_LEVEL_INFO};

static const char *const names[] = {"debug", "info", "warn", "error"};

void log_open(enum log_format format, enum log_level least, const struct clock *clock)
{
    state.is_json =
        format == LOG_FORMAT_JSON || (format == LOG_FORMAT_AUTO && !isatty(STDERR_FILENO));
    state.clock = clock;
    log_set_level(least);
}

void log_set_level(enum log_level least)
{
    atomic_store_explicit(&state.least, (int)least, memory_order_relaxed);
}

bool log_is_on(enum log_level level)
{
    return (int)level >= atomic_load_explicit(&state.least, memory_order_relaxed);
}

struct date {
    int64_t year;
    int month;
    int day;
};

// The Gregorian date of a day counted from 1970-01-01. Years begin in March here, so that the leap
// day is their last; an era is 400 of them. (The layer time knows calendars, but it is above us.)
static struct date date_of(int64_t days)
{
    int64_t shifted = days + 719468; // from 0000-03-01
    int64_t era = (shifted >= 0 ? shifted : shifted - 146096) / 146097;
    int64_t day = shifted - era * 146097;
    int64_t year = (day - day / 1460 + day / 36524 - day / 146096) / 365;
    int day_of_year = (int)(day - (365 * year + year / 4 - year / 100));
    int month = (5 * day_of_year + 2) / 153;

    return (struct date){
        .year = year + era * 400 + (month >= 10),
        .month = month < 10 ? month + 3 : month - 9,
        .day = day_of_year - (153 * month + 2) / 5 + 1,
    };
}

static void time_print(wall t, bool is_json, char *to, size_t size)
{
    int64_t us = t.us % 86400000000, days = t.us / 86400000000;

    if (us < 0) {
        us += 86400000000;
        days--;
    }
    struct date date = date_of(days);
    int n = snprintf(to, size, "%04lld-%02d-%02d%c%02d:%02d:%02d.", (long long)date.year,
                     date.month, date.day, is_json ? 'T' : ' ', (int)(us / 3600000000),
                     (int)(us / 60000000 % 60), (int)(us / 1000000 % 60));
    int fraction = (int)(us % 1000000);

    if (is_json)
        snprintf(to + n, size - (size_t)n, "%06dZ", fraction);
    else
        snprintf(to + n, size - (size_t)n, "%03dZ", fraction / 1000);
}

// At most VALUE_MAX bytes of s, cut between characters.
static struct str value_cut(struct str s)
{
    if (s.len <= VALUE_MAX)
        return s;
    size_t end = VALUE_MAX;
    while (end > VALUE_MAX - 4 && ((unsigned char)s.p[end] & 0xc0) == 0x80)
        end--;
    return str_cut(s, 0, end);
}

static void json_field(struct json_write *w, const struct log_field *field)
{
    json_write_key(w, field->key);
    switch (field->kind) {
    case LOG_KIND_INT:
        json_write_int(w, field->n);
        return;
    case LOG_KIND_BOOL:
        json_write_bool(w, field->n != 0);
        return;
    case LOG_KIND_ERR:
        json_write_text(w, field->e->message);
        json_write_key(w, "code");
        json_write_text(w, err_name(field->e->code));
        if (field->e->hint[0]) {
            json_write_key(w, "hint");
            json_write_text(w, field->e->hint);
        }
        return;
    case LOG_KIND_STR:
    case LOG_KIND_END:
        json_write_str(w, value_cut(field->s));
        return;
    }
}

static void json_line(struct buf *out, const char *time, enum log_level level, const char *message,
                      const struct log_field *fields)
{
    struct json_write w;

    json_write_init(&w, out);
    json_write_object(&w);
    json_write_key(&w, "ts");
    json_write_text(&w, time);
    json_write_key(&w, "level");
    json_write_text(&w, names[level]);
    json_write_key(&w, "msg");
    json_write_str(&w, value_cut(str_of(message)));
    for (; fields->kind != LOG_KIND_END; fields++)
        json_field(&w, fields);
    json_write_object_end(&w);
}

static bool is_bare(struct str s)
{
    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.p[i];

        if (c <= ' ' || c >= 0x7f || c == '"' || c == '=' || c == '\\')
            return false;
    }
    return s.len > 0;
}

// Bare when that is clear, else quoted as JSON: no value can break the line or move the cursor.
static void text_pair(struct buf *out, const char *key, struct str value)
{
    struct json_write w;

    buf_printf(out, " %s=", key);
    value = value_cut(value);
    if (is_bare(value)) {
        buf_add(out, value);
        return;
    }
    json_write_init(&w, out);
    json_write_str(&w, value);
}

static void text_field(struct buf *out, const struct log_field *field)
{
    switch (field->kind) {
    case LOG_KIND_INT:
        buf_printf(out, " %s=%lld", field->key, (long long)field->n);
        return;
    case LOG_KIND_BOOL:
        buf_printf(out, " %s=%s", field->key, field->n ? "true" : "false");
        return;
    case LOG_KIND_ERR:
        text_pair(out, field->key, str_of(field->e->message));
        text_pair(out, "code", str_of(err_name(field->e->code)));
        if (field->e->hint[0])
            text_pair(out, "hint", str_of(field->e->hint));
        return;
    case LOG_KIND_STR:
    case LOG_KIND_END:
        text_pair(out, field->key, field->s);
        return;
    }
}

static void text_line(struct buf *out, const char *time, enum log_level level, const char *message,
                      const struct log_field *fields)
{
    buf_printf(out, "%s %-5s %s", time, names[level], message);
    for (; fields->kind != LOG_KIND_END; fields++)
        text_field(out, fields);
}

void log_write(enum log_level level, const char *message, const struct log_field *fields)
{
    static const struct log_field none = {.kind = LOG_KIND_END};
    struct buf line;
    char time[48];

    if (!log_is_on(level))
        return;
    time_print(clock_wall(state.clock ? state.clock : clock_real()), state.is_json, time,
               sizeof time);
    buf_init(&line, LINE_MAX_BYTES);
    (state.is_json ? json_line : text_line)(&line, time, level, message, fields);
    if (line.is_full) { // then half a line is in it: say at least what happened
        buf_clear(&line);
        (state.is_json ? json_line : text_line)(&line, time, level, message, &none);
    }
    buf_add_byte(&line, '\n');
    (void)file_write(STDERR_FILENO, buf_str(&line));
    buf_done(&line);
}
