// freeze.c - reads freezes, and finds the one that holds a job.
// SPDX-License-Identifier: Apache-2.0
#include "job/freeze.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/mem.h"
#include "job/job.h"
#include "trigger/almanac_source.h"
#include "trigger/spec.h"

#define REASON_MAX 200
#define LOOKS_MAX 10000 // stretches that are put together

static bool marks_read(const json_t *definition, struct zones *zones, struct freeze *f,
                       struct err *e);
static bool jobs_read(const json_t *definition, struct freeze *f, struct err *e);

static bool reason_read(const json_t *definition, struct spec_text *ret_reason, struct err *e)
{
    if (!spec_text(definition, "reason", ret_reason, e))
        return false;
    if (ret_reason->s.len == 0)
        return fail(e, ERR_INPUT, "reason", "a freeze needs a reason: whoever is held asks for it");
    if (ret_reason->s.len > REASON_MAX)
        return fail(e, ERR_INPUT, "reason", "a reason has at most %d bytes", REASON_MAX);
    return true;
}

static bool head_read(const json_t *definition, struct str name, struct zones *zones,
                      struct freeze *f, struct err *e)
{
    struct spec_text reason, zone, given, description;
    struct buf message;

    if (!almanac_name_check(name, e) || !spec_text(definition, "name", &given, e) ||
        !reason_read(definition, &reason, e) ||
        !spec_text(definition, "description", &description, e) ||
        !spec_text(definition, "timezone", &zone, e))
        return false;
    if (given.s.p && !str_eq(given.s, name))
        return fail(e, ERR_INPUT, "name", "the freeze is \"%.*s\" by its address, not \"%.*s\"",
                    STR(name), (int)(given.s.len < 60 ? given.s.len : 60), given.s.p);
    f->marks = almanac_new(name, reason.s);
    buf_init(&message, 400);
    buf_printf(&message, "freeze %.*s: %.*s", STR(name), STR(reason.s));
    f->message = str_own(buf_str(&message));
    buf_done(&message);
    return !zone.s.p || zones_get(zones, zone.s, &f->marks->zone, e);
}

bool freeze_read(const json_t *definition, struct str name, struct zones *zones,
                 struct freeze **ret_freeze, struct err *e)
{
    static const char *const keys[] = {"name", "description", "timezone", "reason",   "from",
                                       "to",   "cron",        "rrule",    "duration", "jobs"};
    struct freeze *f;

    if (!json_is_object(definition))
        return fail(e, ERR_INPUT, NULL,
                    "a freeze is a JSON object such as {\"from\": \"2026-12-18\", \"to\": "
                    "\"2027-01-04\", \"reason\": \"...\"}");
    if (!spec_check_keys_of("a freeze", definition, keys, sizeof keys / sizeof *keys, e))
        return false;
    f = mem_alloc(sizeof *f);
    if (head_read(definition, name, zones, f, e) && marks_read(definition, zones, f, e) &&
        jobs_read(definition, f, e) && almanac_settle(f->marks, e)) {
        *ret_freeze = f;
        return true;
    }
    freeze_free(f);
    return false;
}

void freeze_free(struct freeze *f)
{
    if (!f)
        return;
    almanac_drop(f->marks);
    for (size_t i = 0; i < f->jobs.len; i++)
        free(f->jobs.v[i]);
    vec_done(&f->jobs);
    free(f->message);
    free(f);
}

// What says when it begins.
struct begin {
    struct spec_text from, to, cron, rrule, duration;
};

static bool recurring_read(const struct begin *b, struct zones *zones, struct freeze *f,
                           struct err *e)
{
    int64_t length_us = 0;

    if (b->duration.s.p && !almanac_length(b->duration.s, "duration", &length_us, e))
        return false;
    if (b->rrule.s.p)
        return almanac_add_rrule(f->marks, zones, b->rrule.s, length_us, "rrule", f->marks->reason,
                                 e);
    if (length_us == 0)
        return fail(e, ERR_INPUT, "duration",
                    "a freeze by crontab text needs a duration, such as "
                    "8h");
    return almanac_add_cron(f->marks, b->cron.s, length_us, "cron", f->marks->reason, e);
}

static bool stand_alone(const struct begin *b, struct err *e)
{
    const char *first = b->from.s.p ? "from" : b->cron.s.p ? "cron" : "rrule";
    const char *other = b->from.s.p && b->cron.s.p                     ? "cron"
                        : (b->from.s.p || b->cron.s.p) && b->rrule.s.p ? "rrule"
                        : b->from.s.p && b->duration.s.p               ? "duration"
                        : !b->from.s.p && b->to.s.p                    ? "to"
                                                                       : NULL;

    return !other || fail(e, ERR_INPUT, other, "%s cannot stand beside %s", other, first);
}

static bool marks_read(const json_t *definition, struct zones *zones, struct freeze *f,
                       struct err *e)
{
    struct begin b;

    if (!spec_text(definition, "from", &b.from, e) || !spec_text(definition, "to", &b.to, e) ||
        !spec_text(definition, "cron", &b.cron, e) ||
        !spec_text(definition, "rrule", &b.rrule, e) ||
        !spec_text(definition, "duration", &b.duration, e))
        return false;
    if (!b.from.s.p && !b.cron.s.p && !b.rrule.s.p) {
        fail(e, ERR_INPUT, "from", "a freeze needs a beginning");
        return fail_hint(e, "give from and to, or cron and duration, or rrule");
    }
    if (!stand_alone(&b, e))
        return false;
    if (!b.from.s.p)
        return recurring_read(&b, zones, f, e);
    return almanac_add_between(f->marks, b.from.s, b.to.s, f->marks->reason, e);
}

static bool pattern_add(const json_t *value, size_t index, struct freeze *f, struct err *e)
{
    struct str pattern = {json_string_value(value), json_string_length(value)};
    char field[32];

    snprintf(field, sizeof field, "jobs.%zu", index);
    if (!json_is_string(value) || pattern.len == 0 || pattern.len > JOB_NAME_MAX)
        return fail(e, ERR_INPUT, field,
                    "a pattern is text of 1 to %d characters, such as backup-*", JOB_NAME_MAX);
    vec_push(&f->jobs, str_own(pattern));
    return true;
}

static bool jobs_read(const json_t *definition, struct freeze *f, struct err *e)
{
    const json_t *list = json_object_get(definition, "jobs");

    if (!list || json_is_null(list))
        return true;
    if (!json_is_array(list) || json_array_size(list) == 0)
        return fail(e, ERR_INPUT, "jobs",
                    "jobs must be a list of names or patterns; leave it out "
                    "to hold all jobs");
    if (json_array_size(list) > FREEZE_JOBS_MAX)
        return fail(e, ERR_LIMIT, "jobs", "jobs has at most %d items", FREEZE_JOBS_MAX);
    for (size_t i = 0; i < json_array_size(list); i++)
        if (!pattern_add(json_array_get(list, i), i, f, e))
            return false;
    return true;
}

// ---- asking

struct str freeze_name(const struct freeze *f)
{
    return str_of(f->marks->name);
}

bool freeze_holds(const struct freeze *f, struct str job_name)
{
    for (size_t i = 0; i < f->jobs.len; i++)
        if (str_glob(str_of(f->jobs.v[i]), job_name))
            return true;
    return f->jobs.len == 0;
}

void freezes_done(struct freezes *all)
{
    for (size_t i = 0; i < all->len; i++)
        freeze_free(all->v[i]);
    vec_done(all);
}

static size_t place_of(const struct freezes *all, struct str name)
{
    size_t i = 0;

    while (i < all->len && !str_eq(freeze_name(all->v[i]), name))
        i++;
    return i;
}

struct freeze *freezes_find(const struct freezes *all, struct str name)
{
    size_t i = place_of(all, name);

    return i < all->len ? all->v[i] : NULL;
}

void freezes_put(struct freezes *all, struct freeze *f)
{
    size_t i = place_of(all, freeze_name(f));

    if (i == all->len) {
        vec_push(all, f);
        return;
    }
    freeze_free(all->v[i]);
    all->v[i] = f;
}

void freezes_remove(struct freezes *all, struct str name)
{
    size_t i = place_of(all, name);

    if (i == all->len)
        return;
    freeze_free(all->v[i]);
    all->v[i] = all->v[--all->len];
}

// The first freeze that holds the job at a moment, as far as one look tells.
static void look(const struct freezes *all, struct str job_name, wall at,
                 struct freeze_mark *ret_mark)
{
    struct almanac_mark m;

    *ret_mark = (struct freeze_mark){NULL, WALL_NEVER};
    for (size_t i = 0; i < all->len; i++) {
        if (!freeze_holds(all->v[i], job_name))
            continue;
        almanac_at(all->v[i]->marks, all->zone, at, &m);
        if (m.is_in) {
            *ret_mark = (struct freeze_mark){all->v[i], m.until};
            return;
        }
        if (m.until.us < ret_mark->until.us)
            ret_mark->until = m.until;
    }
}

void freezes_at(const struct freezes *all, struct str job_name, wall at, wall upto,
                struct freeze_mark *ret_mark)
{
    struct freeze_mark more;

    *ret_mark = (struct freeze_mark){NULL, WALL_NEVER};
    if (!all || all->len == 0)
        return;
    look(all, job_name, at, ret_mark);
    for (int i = 0; i < LOOKS_MAX && ret_mark->until.us <= upto.us; i++) {
        look(all, job_name, ret_mark->until, &more);
        if (more.by != ret_mark->by)
            break;
        ret_mark->until = more.until;
    }
}
