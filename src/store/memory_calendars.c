// memory_calendars.c - a sorted array.
// SPDX-License-Identifier: Apache-2.0
#include "store/memory_calendars.h"

#include <stdlib.h>
#include <string.h>

static void calendar_free(struct store_calendar *row)
{
    free((char *)row->name.p);
    free((char *)row->body.p);
}

void memory_calendars_done(struct memory_calendars *calendars)
{
    for (size_t i = 0; i < calendars->len; i++)
        calendar_free(&calendars->v[i]);
    vec_done(calendars);
}

static int order(const struct store_calendar *a, const struct store_calendar *b)
{
    return a->kind != b->kind ? (int)a->kind - (int)b->kind : str_cmp(a->name, b->name);
}

// Where a calendar of the request's kind and name is, or would be.
static size_t place_find(const struct memory_calendars *calendars, const struct request *r,
                         bool *ret_is_there)
{
    const struct store_calendar *rows = calendars->v;
    size_t i = 0;

    while (i < calendars->len && order(&rows[i], &r->calendar) < 0)
        i++;
    *ret_is_there = i < calendars->len && order(&rows[i], &r->calendar) == 0;
    return i;
}

void memory_calendars_put(struct memory_calendars *calendars, struct request *r)
{
    bool is_there;
    size_t at = place_find(calendars, r, &is_there);
    struct store_calendar row = r->calendar, *place;

    if (!request_may_put(r, is_there ? calendars->v[at].version : 0))
        return;
    row.version = 1;
    row.name.p = str_own(row.name);
    row.body.p = str_own(row.body);
    if (is_there) {
        row.version += calendars->v[at].version;
        row.created_at = calendars->v[at].created_at;
        calendar_free(&calendars->v[at]);
    } else {
        vec_reserve(calendars, calendars->len + 1);
        place = calendars->v + at;
        memmove(place + 1, place, (calendars->len++ - at) * sizeof *place);
    }
    calendars->v[at] = row;
    r->version = row.version;
}

void memory_calendars_delete(struct memory_calendars *calendars, struct request *r)
{
    bool is_there;
    size_t at = place_find(calendars, r, &is_there);
    struct store_calendar *place = calendars->v + at;

    if (!is_there) {
        (void)request_refuse_missing(r);
        return;
    }
    calendar_free(place);
    memmove(place, place + 1, (--calendars->len - at) * sizeof *place);
}
