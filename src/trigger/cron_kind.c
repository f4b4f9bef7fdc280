// cron_kind.c - schedules by the calendar: crontab text or APScheduler's fields.
//
// Masks are for answers, texts for printing; nothing is ever printed from masks but words.
// SPDX-License-Identifier: Apache-2.0
#include "base/mem.h"
#include "trigger/crontab.h"
#include "trigger/fields.h"
#include "trigger/kind.h"
#include "trigger/spec.h"

#include <stdlib.h>

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
    t->calendar.dst = t->dst;
    if (ok)
        t->texts = mem_copy(texts.p, texts.len);
    buf_done(&texts);
    return ok;
}

// Keeps the text and, when it has H or ~ in it, the salt behind it.
static bool crontab_read(struct str expr, struct str salt, struct trigger *t, struct err *e)
{
    struct buf texts;

    if (!crontab_parse_salted(expr, salt, &t->calendar, &t->is_hashed, e))
        return false;
    t->is_crontab = true;
    t->calendar.dst = t->dst;
    t->texts = spec_one_line(expr);
    if (!t->is_hashed)
        return true;
    buf_init(&texts, SPEC_TEXT_MAX + salt.len + 2);
    buf_add(&texts, (struct str){t->texts, strlen(t->texts) + 1});
    buf_add(&texts, salt);
    buf_add_byte(&texts, '\0');
    free(t->texts);
    t->texts = mem_copy(texts.p, texts.len);
    buf_done(&texts);
    return true;
}

static struct str salt_of(const struct trigger *t)
{
    return t->is_hashed ? str_of(t->texts + strlen(t->texts) + 1) : STR_LIT("");
}

static bool cron_read(const json_t *spec, const struct kind_reader *reader, struct trigger *t,
                      struct err *e)
{
    struct spec_text expr;

    if (!spec_text(spec, "expr", &expr, e))
        return false;
    if (!expr.s.p)
        return fields_read(spec, t, e);
    for (int i = 0; i < FIELD_COUNT && reader->own > 1; i++)
        if (json_object_get(spec, field_names[i]))
            return fail(e, ERR_INPUT, field_names[i], "%s cannot stand beside expr",
                        field_names[i]);
    return crontab_read(expr.s, reader->context->job_id, t, e);
}

static void cron_str(const struct trigger *t, struct buf *out)
{
    const char *text = t->texts;
    const char *separator = "";

    buf_add_text(out, "cron[");
    if (t->is_crontab)
        crontab_str(str_of(t->texts), salt_of(t), out);
    for (int i = 0; i < FIELD_COUNT && !t->is_crontab; i++) {
        if (!(t->given >> i & 1))
            continue;
        buf_printf(out, "%s%s='%s'", separator, field_names[i], text);
        text += strlen(text) + 1;
        separator = ", ";
    }
    buf_add_byte(out, ']');
}

static void cron_write(const struct trigger *t, struct json_write *w)
{
    const char *text = t->texts;

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

static const char *const keys[] = {"expr",        "year", "month",  "day",    "week",
                                   "day_of_week", "hour", "minute", "second", NULL};

const struct kind cron_kind = {
    .id = TRIGGER_CRON,
    .type = "cron",
    .keys = keys,
    .common = COMMON_ALL,
    .grain_us = SECOND_US,
    .read = cron_read,
    .next = kind_calendar_next,
    .next_dst = kind_calendar_next_dst,
    .str = cron_str,
    .write = cron_write,
    .words = kind_calendar_words,
};
