// almanac_read.c - reads the JSON definition of a calendar, member by member.
// SPDX-License-Identifier: Apache-2.0
#include "trigger/almanac_read.h"

#include <stdio.h>

#include "trigger/almanac_source.h"
#include "trigger/names.h"
#include "trigger/spec.h"

#define REASON_MAX 200
#define NAME_FIELD_MAX 96

struct reading {
    struct almanac *a;
    struct zones *zones;
    struct err *e;
};

// One of a list: its text, and what may stand beside it when it is an object.
struct item {
    char field[NAME_FIELD_MAX]; // "cron.3"
    struct spec_text text;
    int64_t length_us; // 0: not given
    const char *why;   // its own reason, or the calendar's
};

static bool lists_read(struct reading *r, const json_t *definition);
static bool file_read(struct reading *r, const json_t *definition);
static bool something_check(const struct reading *r);

static bool name_read(const json_t *definition, struct str name, struct err *e)
{
    struct spec_text given;

    if (!almanac_name_check(name, e) || !spec_text(definition, "name", &given, e))
        return false;
    if (given.s.p && !str_eq(given.s, name))
        return fail(e, ERR_INPUT, "name", "the calendar is \"%.*s\" by its address, not \"%.*s\"",
                    STR(name), (int)(given.s.len < 60 ? given.s.len : 60), given.s.p);
    return true;
}

static bool reason_read(const json_t *object, const char *field, struct spec_text *ret_reason,
                        struct err *e)
{
    if (!spec_text(object, "reason", ret_reason, e)) {
        snprintf(e->field, sizeof e->field, "%s", field);
        return false;
    }
    if (ret_reason->s.len > REASON_MAX)
        return fail(e, ERR_INPUT, field, "a reason has at most %d bytes", REASON_MAX);
    return true;
}

static bool head_read(struct reading *r, const json_t *definition, struct str name)
{
    struct spec_text reason, zone, description;

    if (!name_read(definition, name, r->e) || !reason_read(definition, "reason", &reason, r->e) ||
        !spec_text(definition, "description", &description, r->e) ||
        !spec_text(definition, "timezone", &zone, r->e))
        return false;
    r->a = almanac_new(name, reason.s);
    return !zone.s.p || zones_get(r->zones, zone.s, &r->a->zone, r->e);
}

bool almanac_read(const json_t *definition, struct str name, struct zones *zones,
                  struct almanac **ret_almanac, struct err *e)
{
    static const char *const keys[] = {"name",  "description", "timezone", "reason",
                                       "dates", "weekdays",    "cron",     "rrule",
                                       "ics",   "calendars"};
    struct reading r = {.zones = zones, .e = e};

    if (!json_is_object(definition))
        return fail(e, ERR_INPUT, NULL,
                    "a calendar is a JSON object such as {\"dates\": [\"12-25\"]}");
    if (spec_check_keys_of("a calendar", definition, keys, sizeof keys / sizeof *keys, e) &&
        head_read(&r, definition, name) && lists_read(&r, definition) &&
        file_read(&r, definition) && something_check(&r) && almanac_settle(r.a, e)) {
        *ret_almanac = r.a;
        return true;
    }
    almanac_drop(r.a);
    return false;
}

// ---- lists

// The list of that name, at most max long. *ret_list is NULL when it is not given.
static bool list_get(const json_t *definition, const char *key, size_t max, const json_t **ret_list,
                     struct err *e)
{
    const json_t *list = json_object_get(definition, key);

    *ret_list = json_is_null(list) ? NULL : list;
    if (!*ret_list)
        return true;
    if (!json_is_array(list))
        return fail(e, ERR_INPUT, key, "%s must be a list", key);
    if (json_array_size(list) > max)
        return fail(e, ERR_LIMIT, key, "%s has at most %zu items", key, max);
    return true;
}

static bool object_read(const struct reading *r, const json_t *object, const char *text_key,
                        bool has_duration, struct item *item)
{
    const char *const keys[] = {text_key, "reason", "duration"};
    struct spec_text duration, reason;

    if (!spec_check_keys_of("an item of this list", object, keys, has_duration ? 3 : 2, r->e) ||
        !spec_text(object, text_key, &item->text, r->e) ||
        !spec_text(object, "duration", &duration, r->e)) {
        snprintf(r->e->field, sizeof r->e->field, "%s", item->field);
        return false;
    }
    if (!item->text.s.p)
        return fail(r->e, ERR_INPUT, item->field, "an item of this list needs \"%s\"", text_key);
    if (!reason_read(object, item->field, &reason, r->e))
        return false;
    if (reason.s.len > 0)
        item->why = arena_copy(r->a->arena, reason.s).p;
    return !duration.s.p || almanac_length(duration.s, item->field, &item->length_us, r->e);
}

// An item is a text, or an object with the text as text_key, a reason and, perhaps, a duration.
static bool item_read(const struct reading *r, const json_t *value, const char *list, size_t index,
                      const char *text_key, struct item *ret_item)
{
    bool has_duration = strcmp(text_key, "expr") == 0;

    *ret_item = (struct item){.why = r->a->reason};
    snprintf(ret_item->field, sizeof ret_item->field, "%s.%zu", list, index);
    if (json_is_object(value))
        return object_read(r, value, text_key, has_duration, ret_item);
    if (!json_is_string(value))
        return fail(r->e, ERR_INPUT, ret_item->field,
                    "an item of this list is text, or an object with \"%s\"", text_key);
    if (json_string_length(value) > SPEC_TEXT_MAX)
        return fail(r->e, ERR_INPUT, ret_item->field, "an item has at most %d bytes",
                    SPEC_TEXT_MAX);
    ret_item->text.s = (struct str){json_string_value(value), json_string_length(value)};
    return true;
}

static bool dates_read(struct reading *r, const json_t *list)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        struct item item;

        if (!item_read(r, json_array_get(list, i), "dates", i, "date", &item) ||
            !almanac_add_dates(r->a, item.text.s, item.field, item.why, r->e))
            return false;
    }
    return true;
}

static bool weekdays_read(struct reading *r, const json_t *list)
{
    uint8_t weekdays = 0;

    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *text = json_string_value(json_array_get(list, i));
        int weekday = text ? name_weekday(str_of(text)) : -1;
        char field[NAME_FIELD_MAX];

        snprintf(field, sizeof field, "weekdays.%zu", i);
        if (weekday < 0)
            return fail(r->e, ERR_INPUT, field, "a weekday is mon, tue, wed, thu, fri, sat or sun");
        weekdays |= (uint8_t)(1U << weekday);
    }
    if (weekdays)
        almanac_add_weekdays(r->a, weekdays, r->a->reason);
    return true;
}

static bool cron_read(struct reading *r, const json_t *list)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        struct item item;

        if (!item_read(r, json_array_get(list, i), "cron", i, "expr", &item) ||
            !almanac_add_cron(r->a, item.text.s, item.length_us, item.field, item.why, r->e))
            return false;
    }
    return true;
}

static bool rrules_read(struct reading *r, const json_t *list)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        struct item item;

        if (!item_read(r, json_array_get(list, i), "rrule", i, "expr", &item) ||
            !almanac_add_rrule(r->a, r->zones, item.text.s, item.length_us, item.field, item.why,
                               r->e))
            return false;
    }
    return true;
}

static bool others_read(struct reading *r, const json_t *list)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *text = json_string_value(json_array_get(list, i));
        char field[NAME_FIELD_MAX];

        snprintf(field, sizeof field, "calendars.%zu", i);
        if (!text)
            return fail(r->e, ERR_INPUT, field, "a name of a calendar must be text");
        if (!almanac_name_check(str_of(text), r->e)) {
            snprintf(r->e->field, sizeof r->e->field, "%s", field);
            return false;
        }
        vec_push(&r->a->others, arena_copy(r->a->arena, str_of(text)).p);
    }
    return true;
}

static bool lists_read(struct reading *r, const json_t *definition)
{
    static const struct {
        const char *key;
        size_t max;
        bool (*read)(struct reading *r, const json_t *list);
    } lists[] = {{"dates", ALMANAC_DATES_MAX, dates_read},
                 {"weekdays", 7, weekdays_read},
                 {"cron", ALMANAC_SOURCES_MAX, cron_read},
                 {"rrule", ALMANAC_RRULES_MAX, rrules_read},
                 {"calendars", ALMANAC_OTHERS_MAX, others_read}};

    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        const json_t *list;

        if (!list_get(definition, lists[i].key, lists[i].max, &list, r->e) ||
            (list && !lists[i].read(r, list)))
            return false;
    }
    return true;
}

static bool file_read(struct reading *r, const json_t *definition)
{
    const json_t *text = json_object_get(definition, "ics");

    if (!text || json_is_null(text))
        return true;
    if (!json_is_string(text))
        return fail(r->e, ERR_INPUT, "ics", "ics must be the text of a calendar file");
    return almanac_add_ics(r->a, r->zones,
                           (struct str){json_string_value(text), json_string_length(text)}, "ics",
                           r->e);
}

static bool something_check(const struct reading *r)
{
    if (!almanac_is_empty(r->a) || r->a->others.len > 0)
        return true;
    fail(r->e, ERR_INPUT, NULL, "this calendar marks nothing");
    return fail_hint(r->e, "give it dates, weekdays, cron, rrule, ics or calendars");
}
