// trigger.c - one struct for every kind of schedule: reads specs.
//
// A kind (kind.h) knows its own members of a spec; the table of kinds and the members that all of
// them share are here. What a trigger answers is in trigger_slots.c, what it says of itself in
// trigger_print.c. A compiled trigger is one allocation of 128 bytes, its texts, and its bounds if
// it has any.
// SPDX-License-Identifier: Apache-2.0
#include "trigger/trigger.h"

#include <assert.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/suggest.h"
#include "time/duration.h"
#include "time/iso8601.h"
#include "trigger/crontab.h"
#include "trigger/exclude_slots.h"
#include "trigger/kind.h"
#include "trigger/macro.h"
#include "trigger/spec.h"

#define JITTER_MAX_S (366 * 86400)
#define MAX_RUNS_MAX 10000                   // they are counted when the trigger is read
#define RUNS_WORK_MAX (2 * EXCLUDE_WORK_MAX) // so long, beside calendars
#define KEYS_MAX 32

static_assert(sizeof(struct trigger) <= 128, "a hundred thousand triggers are kept in memory");

static const struct kind *const kinds[] = {
#define X(name) &name##_kind,
#include "trigger/kind.def"
#undef X
};

const char *const trigger_type_names[] = {
#define X(name) #name,
#include "trigger/kind.def"
#undef X
    "crontab", NULL};

#define KIND_COUNT (sizeof kinds / sizeof *kinds)

static const struct {
    const char *key;
    uint8_t bit;
} common_members[] = {
    {"type", 0},
    {"timezone", COMMON_TIMEZONE},
    {"start_date", COMMON_RANGE},
    {"end_date", COMMON_RANGE},
    {"max_runs", COMMON_MAX_RUNS},
    {"jitter", COMMON_JITTER},
    {"dst", COMMON_DST},
    {"exclude", COMMON_CALENDARS},
    {"include", COMMON_CALENDARS},
    {"on_exclude", COMMON_CALENDARS},
};

#define COMMON_COUNT (sizeof common_members / sizeof *common_members)

// ---- parse

static void type_unknown(struct str type, struct err *e)
{
    struct buf known;

    buf_init(&known, 400);
    for (size_t i = 0; i < KIND_COUNT; i++)
        buf_printf(&known, "%s%s",
                   i == 0                ? ""
                   : i == KIND_COUNT - 1 ? " or "
                                         : ", ",
                   trigger_type_names[i]);
    if (!type.p) {
        fail(e, ERR_INPUT, "type", "a trigger needs a type: %.*s", STR(buf_str(&known)));
    } else {
        const char *near = suggest_find(type, trigger_type_names, KIND_COUNT);

        fail(e, ERR_INPUT, "type", "\"%.*s\" is not a type of trigger: write %.*s",
             (int)(type.len < 60 ? type.len : 60), type.p, STR(buf_str(&known)));
        if (near)
            fail_hint(e, "did you mean \"%s\"?", near);
    }
    buf_done(&known);
}

// The kind that a spec names, NULL with e filled when it names none.
static const struct kind *kind_find(const json_t *spec, struct err *e)
{
    struct spec_text type;
    bool has_expr = json_is_string(json_object_get(spec, "expr"));

    if (!json_is_object(spec)) {
        fail(e, ERR_INPUT, NULL,
             "a trigger is a JSON object such as {\"type\": \"interval\", \"minutes\": 5}");
        return NULL;
    }
    if (!spec_text(spec, "type", &type, e))
        return NULL;
    if (!type.s.p && json_object_get(spec, "expr"))
        type.s = STR_LIT("cron");
    if (type.s.p && str_eq(type.s, STR_LIT("crontab"))) {
        if (!has_expr)
            fail(e, ERR_INPUT, "expr", "a crontab trigger needs its text as \"expr\"");
        return has_expr ? &cron_kind : NULL;
    }
    for (size_t i = 0; i < KIND_COUNT; i++)
        if (type.s.p && str_eq(type.s, str_of(kinds[i]->type)))
            return kinds[i];
    type_unknown(type.s, e);
    return NULL;
}

// Complains of the first member that the kind does not have.
static bool key_unknown(const json_t *spec, const struct kind *kind, struct err *e)
{
    const char *keys[KEYS_MAX];
    size_t count = 0;

    for (size_t i = 0; i < COMMON_COUNT; i++)
        if ((common_members[i].bit & kind->common) == common_members[i].bit)
            keys[count++] = common_members[i].key;
    for (const char *const *key = kind->keys; *key; key++) {
        assert(count < KEYS_MAX);
        keys[count++] = *key;
    }
    return spec_check_keys(spec, keys, count, e);
}

// Most keys differ in their first byte, so few calls are made.
static bool is_key(const char *a, const char *b)
{
    return *a == *b && strcmp(a, b) == 0;
}

static bool is_own(const struct kind *kind, const char *key)
{
    const char *const *own = kind->keys;

    while (*own && !is_key(*own, key))
        own++;
    return *own != NULL;
}

// Looks at each member once: which of the common ones are there, how many of the kind's own.
static bool keys_check(const json_t *spec, const struct kind *kind, uint8_t *ret_common,
                       int *ret_own, struct err *e)
{
    const char *key;
    json_t *value;

    *ret_common = 0;
    *ret_own = 0;
    json_object_foreach((json_t *)spec, key, value)
    {
        size_t i = 0;

        while (i < COMMON_COUNT && !is_key(common_members[i].key, key))
            i++;
        if (i < COMMON_COUNT && (common_members[i].bit & ~kind->common) == 0)
            *ret_common |= common_members[i].bit;
        else if (is_own(kind, key))
            (*ret_own)++;
        else
            return key_unknown(spec, kind, e);
    }
    return true;
}

// The zone that the kind's text names. What "timezone" says beside it (p NULL: nothing) must not
// contradict it.
static bool text_zone_read(const struct trigger_context *context, struct str name, int column,
                           struct str given, const struct zone **ret_zone, struct err *e)
{
    const struct zone *zone, *other;
    struct err why;

    if (!zones_get(context->zones, name, &zone, &why)) {
        fail_at(e, why.code, "expr", column, "%s", why.message);
        return fail_hint(e, "%s", why.hint);
    }
    if (given.p && !zones_get(context->zones, given, &other, e))
        return false;
    if (given.p && other != zone) {
        fail(e, ERR_INPUT, "timezone", "timezone is %.*s, but the text says %.*s", STR(given),
             STR(name));
        return fail_hint(e, "leave out one of them");
    }
    *ret_zone = zone;
    return true;
}

static bool zone_read(const json_t *spec, const struct trigger_context *context, bool is_given,
                      const struct kind *kind, const struct zone **ret_zone, struct err *e)
{
    int column;
    struct str own = kind->zone ? kind->zone(spec, &column) : (struct str){NULL, 0};
    struct spec_text name = {.s = {NULL, 0}};

    if (is_given && !spec_text(spec, "timezone", &name, e))
        return false;
    if (own.p)
        return text_zone_read(context, own, column, name.s, ret_zone, e);
    if (!name.s.p)
        name.s = context->timezone;
    if (name.s.len == 0 && name.s.p && json_is_string(json_object_get(spec, "timezone")))
        return fail(e, ERR_INPUT, "timezone",
                    "timezone is empty: write a name such as Europe/Berlin");
    if (name.s.len == 0) {
        *ret_zone = zones_utc(context->zones);
        return true;
    }
    return zones_get(context->zones, name.s, ret_zone, e);
}

static struct bounds *bounds_of(struct trigger *t)
{
    if (!t->bounds) {
        t->bounds = mem_alloc(sizeof *t->bounds);
        t->bounds->start = TRIGGER_BEGINNING;
        t->bounds->end = t->bounds->last = WALL_NEVER;
    }
    return t->bounds;
}

static bool jitter_read(const json_t *spec, struct trigger *t, struct err *e)
{
    int64_t us;

    if (!spec_length(spec, "jitter", SECOND_US, JITTER_MAX_S * SECOND_US, &us, e))
        return false;
    if (us % SECOND_US != 0)
        return fail(e, ERR_INPUT, "jitter", "jitter must be whole seconds");
    if (us > 0)
        bounds_of(t)->jitter_s = (uint32_t)(us / SECOND_US);
    return true;
}

static bool max_runs_read(const json_t *spec, struct trigger *t, struct err *e)
{
    const json_t *value = json_object_get(spec, "max_runs");
    json_int_t n = json_integer_value(value);

    if (!value || json_is_null(value))
        return true;
    if (!json_is_integer(value) || n < 1 || n > MAX_RUNS_MAX)
        return fail(e, ERR_INPUT, "max_runs", "max_runs must be a whole number from 1 to %d",
                    MAX_RUNS_MAX);
    bounds_of(t)->max_runs = (int32_t)n;
    return true;
}

static bool dst_read(const json_t *spec, const struct trigger_context *context, struct trigger *t,
                     struct err *e)
{
    struct spec_text name;

    if (!spec_text(spec, "dst", &name, e))
        return false;
    if (!name.s.p)
        return true;
    while (t->dst < DST_COUNT && !str_eq(name.s, str_of(dst_names[t->dst])))
        t->dst++;
    if (t->dst == DST_COUNT)
        return fail(e, ERR_INPUT, "dst",
                    "dst must be default, skip, first, shift, both or utc, not \"%.*s\"",
                    (int)(name.s.len < 60 ? name.s.len : 60), name.s.p);
    if (t->dst == DST_UTC)
        bounds_of(t)->rule_zone = zones_utc(context->zones);
    return true;
}

static bool calendars_read(const json_t *spec, const struct trigger_context *context,
                           struct trigger *t, struct err *e)
{
    struct exclude *exclude;

    if (!exclude_read(spec, context->calendars, &exclude, e))
        return false;
    if (exclude)
        bounds_of(t)->exclude = exclude;
    return true;
}

// given: COMMON_ bits of the members that are there.
static bool common_read(const json_t *spec, const struct trigger_context *context, uint8_t given,
                        struct trigger *t, struct err *e)
{
    wall start = TRIGGER_BEGINNING, end = WALL_NEVER;

    if (!zone_read(spec, context, given & COMMON_TIMEZONE, t->kind, &t->zone, e) ||
        ((given & COMMON_RANGE) && (!spec_moment(spec, "start_date", t->zone, &start, e) ||
                                    !spec_moment(spec, "end_date", t->zone, &end, e))) ||
        ((given & COMMON_JITTER) && !jitter_read(spec, t, e)) ||
        ((given & COMMON_MAX_RUNS) && !max_runs_read(spec, t, e)) ||
        ((given & COMMON_DST) && !dst_read(spec, context, t, e)) ||
        ((given & COMMON_CALENDARS) && !calendars_read(spec, context, t, e)))
        return false;
    // What counts its slots must know where to begin, also when it is read again.
    if (t->bounds && t->bounds->max_runs && start.us == TRIGGER_BEGINNING.us)
        start = context->now;
    if (start.us != TRIGGER_BEGINNING.us && !t->kind->is_anchored)
        bounds_of(t)->start = start;
    if (end.us != WALL_NEVER.us)
        bounds_of(t)->end = bounds_of(t)->last = end;
    return true;
}

static wall start_of(const struct trigger *t)
{
    return t->kind->is_anchored ? t->start : t->bounds ? t->bounds->start : TRIGGER_BEGINNING;
}

// Finds the last slot of those that max_runs allows.
static bool runs_limit(struct trigger *t, struct err *e)
{
    int work = RUNS_WORK_MAX;
    wall last;

    if (!t->bounds || !t->bounds->max_runs)
        return true;
    kind_count(t, TRIGGER_BEGINNING, WALL_NEVER, t->bounds->max_runs, &work, &last);
    if (work == 0) {
        (void)fail(e, ERR_SCHEDULE, "max_runs",
                   "it takes too long to count so many runs beside these calendars");
        return fail_hint(e, "give end_date in place of max_runs");
    }
    if (last.us < t->bounds->last.us)
        t->bounds->last = last;
    return true;
}

static bool excludes_all(struct err *e, const struct trigger *t,
                         const struct trigger_excluded *first)
{
    struct buf at;

    fail(e, ERR_SCHEDULE, t->bounds->exclude->out.names.len > 0 ? "exclude" : "include",
         "this schedule never fires: its calendars exclude all of its times");
    buf_init(&at, 64);
    iso8601_named(first->slot, t->zone, &at);
    fail_hint(e, "such as %s, because of %s", buf_text(&at), first->calendar);
    buf_done(&at);
    return false;
}

static bool never_fires(struct err *e, const json_t *spec, const struct trigger *t)
{
    const struct bounds *b = t->bounds;
    bool is_expr = json_is_string(json_object_get(spec, "expr"));
    bool is_calendar = t->kind->next == kind_calendar_next || t->kind->id == TRIGGER_ONCALENDAR;
    struct trigger_excluded first;

    if (b && b->end.us < start_of(t).us)
        return fail(e, ERR_SCHEDULE, "end_date",
                    "this schedule never fires: end_date lies before start_date");
    if (trigger_excluded(t, TRIGGER_BEGINNING, WALL_NEVER, 1, &first) == 1)
        return excludes_all(e, t, &first);
    fail(e, ERR_SCHEDULE, is_expr ? "expr" : NULL, "this schedule never fires");
    if (is_calendar && (!b || (b->start.us == TRIGGER_BEGINNING.us && b->end.us == WALL_NEVER.us)))
        return fail_hint(e, "no day of the years 1970 to 2199 matches all of its fields");
    return fail_hint(e, "nothing matches between its start and its end (at most the end of 2199)");
}

static bool spec_read(const json_t *spec, struct kind_reader *reader, struct trigger *t,
                      struct err *e)
{
    uint8_t common;

    if (!keys_check(spec, t->kind, &common, &reader->own, e) ||
        !common_read(spec, reader->context, common, t, e) || !t->kind->read(spec, reader, t, e))
        return false;
    if (t->kind->is_relative)
        return true;
    if (!runs_limit(t, e))
        return false;
    // What never fires may still stand beside something that does; the outermost spec may not.
    return reader->depth > 0 || trigger_next(t, TRIGGER_BEGINNING).us != WALL_NEVER.us ||
           trigger_next(t, reader->context->now).us != WALL_NEVER.us || never_fires(e, spec, t);
}

static bool compile(const json_t *spec, struct kind_reader *reader, struct trigger **ret_trigger,
                    struct err *e)
{
    const struct kind *kind = kind_find(spec, e);

    if (!kind)
        return false;
    struct trigger *t = mem_alloc(sizeof *t);

    t->kind = kind;
    if (!spec_read(spec, reader, t, e)) {
        trigger_free(t);
        return false;
    }
    *ret_trigger = t;
    return true;
}

static bool spec_parse(const json_t *spec, struct kind_reader *reader, struct trigger **ret_trigger,
                       struct err *e)
{
    json_t *expanded;
    bool ok;

    if (!macro_expand(spec, reader->context->zones, &expanded, e))
        return false;
    ok = compile(expanded ? expanded : spec, reader, ret_trigger, e);
    if (!ok && expanded)
        macro_blame(spec, e);
    json_decref(expanded);
    return ok;
}

bool trigger_spec_has_zone(const json_t *spec)
{
    const char *expr = json_string_value(json_object_get(spec, "expr"));
    const struct kind *kind;
    struct str zone = {NULL, 0};
    struct err e;
    int column;

    kind = kind_find(spec, &e);
    if (kind == &cron_kind && expr)
        (void)crontab_zone(str_of(expr), &zone);
    else if (kind && kind->zone)
        zone = kind->zone(spec, &column);
    return zone.p;
}

static bool inside_parse(const json_t *spec, const struct trigger_context *context,
                         const struct kind_reader *outer, struct trigger **ret_trigger,
                         struct err *e)
{
    struct kind_reader reader = {
        .context = context, .depth = outer->depth + 1, .work = outer->work, .parse = inside_parse};

    return spec_parse(spec, &reader, ret_trigger, e);
}

bool trigger_parse(const json_t *spec, const struct trigger_context *context,
                   struct trigger **ret_trigger, struct err *e)
{
    int64_t work = KIND_WORK_MAX;
    struct kind_reader reader = {.context = context, .work = &work, .parse = inside_parse};

    return spec_parse(spec, &reader, ret_trigger, e);
}
