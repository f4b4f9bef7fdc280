// almanacs.c - the registry of calendars.
// SPDX-License-Identifier: Apache-2.0
#include "trigger/almanacs.h"

#include <stdio.h>

#include "base/suggest.h"
#include "time/civil.h"
#include "time/duration.h"

#define LOOKS_MAX 20000 // answers that are put together

void almanacs_init(struct almanacs *all)
{
    map_init(&all->by_name);
}

void almanacs_done(struct almanacs *all)
{
    struct almanac *a;

    for (size_t at = 0; (a = map_next(&all->by_name, &at));)
        almanac_drop(a);
    map_done(&all->by_name);
}

struct almanac *almanacs_find(const struct almanacs *all, struct str name)
{
    return map_get(&all->by_name, name);
}

static void replaced(struct almanac *before)
{
    if (before)
        before->is_replaced = true;
    almanac_drop(before);
}

void almanacs_put(struct almanacs *all, struct almanac *a)
{
    replaced(map_put(&all->by_name, str_of(a->name), a));
}

void almanacs_remove(struct almanacs *all, struct str name)
{
    replaced(map_remove(&all->by_name, name));
}

struct almanac *almanacs_swap(struct almanacs *all, struct str name, struct almanac *a)
{
    return a ? map_put(&all->by_name, str_of(a->name), a) : map_remove(&all->by_name, name);
}

// ---- what leads where

static bool unknown(const struct almanacs *all, struct str name, const char *field, struct err *e)
{
    size_t count = all ? all->by_name.len : 0, n = 0;
    VEC_OF(const char *) names = {0};
    struct almanac *a;

    fail(e, ERR_INPUT, field, "there is no calendar \"%.*s\"", (int)(name.len < 80 ? name.len : 80),
         name.p);
    vec_reserve(&names, count);
    for (size_t at = 0; n < count && (a = map_next(&all->by_name, &at));)
        names.v[n++] = a->name;
    const char *near = count > 0 ? suggest_find(name, names.v, n) : NULL;

    if (near)
        fail_hint(e, "did you mean \"%s\"?", near);
    else
        fail_hint(e, "make it first, or name one that there is");
    vec_done(&names);
    return false;
}

// The calendar of that name, if it may be used; NULL with *e filled otherwise.
static struct almanac *usable(const struct almanacs *all, struct str name, const char *field,
                              struct err *e)
{
    struct almanac *a = all ? almanacs_find(all, name) : NULL;

    if (!a || a->is_leaving) {
        (void)unknown(all, name, field, e);
        return NULL;
    }
    if (!a->fault)
        return a;
    fail(e, ERR_INPUT, field, "the calendar \"%s\" cannot be used: %s", a->name, a->fault);
    return NULL;
}

static bool list_has(const struct almanac_list *list, const struct almanac *a)
{
    for (size_t i = 0; i < list->len; i++)
        if (list->v[i] == a)
            return true;
    return false;
}

bool almanacs_gather(const struct almanacs *all, struct str name, const char *field,
                     struct almanac_list *list, struct err *e)
{
    struct almanac *a = usable(all, name, field, e);
    size_t next = list->len;

    if (!a)
        return false;
    if (list_has(list, a))
        return true;
    vec_push(list, almanac_hold(a));
    for (; next < list->len; next++) {
        const struct almanac *from = list->v[next];

        for (size_t i = 0; i < from->others.len; i++) {
            a = usable(all, str_of(from->others.v[i]), field, e);
            if (!a)
                return false;
            if (list_has(list, a))
                continue;
            if (list->len == ALMANACS_GATHER_MAX)
                return fail(e, ERR_LIMIT, field, "these are more than %d calendars together",
                            ALMANACS_GATHER_MAX);
            vec_push(list, almanac_hold(a));
        }
    }
    return true;
}

void almanac_list_done(struct almanac_list *list)
{
    for (size_t i = 0; i < list->len; i++)
        almanac_drop(list->v[i]);
    vec_done(list);
}

bool almanacs_check(const struct almanacs *all, const struct almanac *a, struct err *e)
{
    for (size_t i = 0; i < a->others.len; i++) {
        struct almanac_list list = {0};
        const char *way = NULL;
        char field[32];
        bool ok;

        snprintf(field, sizeof field, "calendars.%zu", i);
        if (strcmp(a->others.v[i], a->name) == 0)
            return fail(e, ERR_INPUT, field, "a calendar cannot contain itself");
        ok = almanacs_gather(all, str_of(a->others.v[i]), field, &list, e);
        for (size_t n = 0; ok && n < list.len && !way; n++)
            for (size_t k = 0; k < list.v[n]->others.len && !way; k++)
                way = strcmp(list.v[n]->others.v[k], a->name) == 0 ? list.v[n]->name : NULL;
        if (way)
            ok = fail(e, ERR_INPUT, field, "the calendar would contain itself, by way of \"%s\"",
                      way);
        almanac_list_done(&list);
        if (!ok)
            return false;
    }
    return true;
}

const char *almanacs_user(const struct almanacs *all, struct str name)
{
    const struct almanac *a;

    for (size_t at = 0; (a = map_next(&all->by_name, &at));)
        for (size_t i = 0; i < a->others.len; i++)
            if (str_eq(str_of(a->others.v[i]), name))
                return a->name;
    return NULL;
}

// ---- asking all together

const struct almanac *almanac_list_at(const struct almanac_list *list, const struct zone *zone,
                                      wall at, struct almanac_mark *ret_mark)
{
    wall until = WALL_NEVER;

    for (size_t i = 0; i < list->len; i++) {
        almanac_at(list->v[i], zone, at, ret_mark);
        if (ret_mark->is_in)
            return list->v[i];
        if (ret_mark->until.us < until.us)
            until = ret_mark->until;
    }
    *ret_mark = (struct almanac_mark){false, until, NULL};
    return NULL;
}

static bool is_same_why(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

bool almanac_list_next(const struct almanac_list *list, const struct zone *zone, wall from,
                       wall upto, struct almanac_stretch *ret_stretch)
{
    const int64_t end_us = civil_days(CALENDAR_YEAR_MAX + 1, 1, 1) * DAY_US;
    const struct almanac *by = NULL;
    struct almanac_mark mark, next;
    int looks = 0;

    for (; from.us < upto.us && looks < LOOKS_MAX; from = mark.until, looks++)
        if ((by = almanac_list_at(list, zone, from, &mark)))
            break;
    if (!by)
        return false;
    for (next = mark; mark.until.us < end_us && looks < LOOKS_MAX; looks++) {
        if (almanac_list_at(list, zone, mark.until, &next) != by ||
            !is_same_why(next.why, mark.why))
            break;
        mark.until = next.until;
    }
    if (mark.until.us >= end_us)
        mark.until = WALL_NEVER;
    *ret_stretch = (struct almanac_stretch){from, mark.until, by, mark.why};
    return true;
}
