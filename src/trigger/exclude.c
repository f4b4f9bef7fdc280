// exclude.c - reads and prints the calendars of a trigger, and asks them all at once.
// SPDX-License-Identifier: Apache-2.0
#include "trigger/exclude.h"

#include <stdlib.h>

#include "base/mem.h"
#include "trigger/spec.h"

const char *const exclude_policy_names[EXCLUDE_POLICIES + 1] = {"skip", "next", "previous", "end",
                                                                NULL};

// ---- reading

static bool name_add(const json_t *value, const char *key, const struct almanacs *calendars,
                     struct exclude_side *side, struct err *e)
{
    struct str name = {json_string_value(value), json_string_length(value)};

    if (!json_is_string(value))
        return fail(e, ERR_INPUT, key, "%s must be a list of names of calendars", key);
    for (size_t i = 0; i < side->names.len; i++)
        if (str_eq(str_of(side->names.v[i]), name))
            return fail(e, ERR_INPUT, key, "%s names \"%s\" twice", key, side->names.v[i]);
    if (!almanacs_gather(calendars, name, key, &side->list, e))
        return false;
    vec_push(&side->names, str_own(name));
    return true;
}

static bool side_read(const json_t *spec, const char *key, const struct almanacs *calendars,
                      struct exclude_side *side, struct err *e)
{
    const json_t *value = json_object_get(spec, key);

    if (!value || json_is_null(value))
        return true;
    if (!json_is_array(value))
        return name_add(value, key, calendars, side, e);
    if (json_array_size(value) > EXCLUDE_NAMES_MAX)
        return fail(e, ERR_LIMIT, key, "%s names at most %d calendars", key, EXCLUDE_NAMES_MAX);
    for (size_t i = 0; i < json_array_size(value); i++)
        if (!name_add(json_array_get(value, i), key, calendars, side, e))
            return false;
    return true;
}

static bool policy_read(const json_t *spec, struct exclude *x, struct err *e)
{
    struct spec_text name;
    int policy = EXCLUDE_SKIP;

    if (!spec_text(spec, "on_exclude", &name, e))
        return false;
    if (!name.s.p)
        return true;
    while (policy < EXCLUDE_POLICIES && !str_eq(name.s, str_of(exclude_policy_names[policy])))
        policy++;
    if (policy == EXCLUDE_POLICIES)
        return fail(e, ERR_INPUT, "on_exclude",
                    "on_exclude must be skip, next, previous or end, not \"%.*s\"",
                    (int)(name.s.len < 60 ? name.s.len : 60), name.s.p);
    if (x->out.names.len + x->only.names.len == 0)
        return fail(e, ERR_INPUT, "on_exclude",
                    "on_exclude says what becomes of excluded slots, and needs a calendar in "
                    "exclude or include");
    x->policy = (enum exclude_policy)policy;
    return true;
}

static int side_work(const struct exclude_side *side)
{
    int work = 0;

    for (size_t i = 0; i < side->list.len; i++)
        work += almanac_work(side->list.v[i]);
    return work;
}

bool exclude_read(const json_t *spec, const struct almanacs *calendars,
                  struct exclude **ret_exclude, struct err *e)
{
    struct exclude *x = mem_alloc(sizeof *x);
    bool ok = side_read(spec, "exclude", calendars, &x->out, e) &&
              side_read(spec, "include", calendars, &x->only, e) && policy_read(spec, x, e);

    if (ok && x->out.names.len + x->only.names.len > 0) {
        x->work = 1 + side_work(&x->out) + side_work(&x->only);
        *ret_exclude = x;
        return true;
    }
    exclude_free(x);
    if (ok)
        *ret_exclude = NULL;
    return ok;
}

static void side_done(struct exclude_side *side)
{
    almanac_list_done(&side->list);
    for (size_t i = 0; i < side->names.len; i++)
        free(side->names.v[i]);
    vec_done(&side->names);
}

void exclude_free(struct exclude *x)
{
    if (!x)
        return;
    side_done(&x->out);
    side_done(&x->only);
    free(x);
}

// ---- printing

static void side_write(const struct exclude_side *side, const char *key, struct json_write *w)
{
    if (side->names.len == 0)
        return;
    json_write_key(w, key);
    json_write_array(w);
    for (size_t i = 0; i < side->names.len; i++)
        json_write_text(w, side->names.v[i]);
    json_write_array_end(w);
}

void exclude_write(const struct exclude *x, struct json_write *w)
{
    side_write(&x->out, "exclude", w);
    side_write(&x->only, "include", w);
    if (x->policy == EXCLUDE_SKIP)
        return;
    json_write_key(w, "on_exclude");
    json_write_text(w, exclude_policy_names[x->policy]);
}

static void side_words(const struct exclude_side *side, const char *before, const char *between,
                       struct buf *out)
{
    for (size_t i = 0; i < side->names.len; i++)
        buf_printf(out, "%s%s",
                   i == 0                    ? before
                   : i + 1 < side->names.len ? ", "
                                             : between,
                   side->names.v[i]);
}

void exclude_words(const struct exclude *x, struct buf *out)
{
    static const char *const policies[EXCLUDE_POLICIES] = {
        "", ", else on the next day that is free", ", else on the day before that is free",
        ", else as soon as it is free"};

    side_words(&x->only, ", only in ", " or ", out);
    side_words(&x->out, x->only.names.len > 0 ? " and not in " : ", not in ", " or ", out);
    buf_add_text(out, policies[x->policy]);
}

// ---- asking

static bool side_is_stale(const struct exclude_side *side)
{
    for (size_t i = 0; i < side->list.len; i++)
        if (side->list.v[i]->is_replaced)
            return true;
    return false;
}

bool exclude_is_stale(const struct exclude *x)
{
    return side_is_stale(&x->out) || side_is_stale(&x->only);
}

static bool side_uses(const struct exclude_side *side, struct str name)
{
    for (size_t i = 0; i < side->list.len; i++)
        if (str_eq(str_of(side->list.v[i]->name), name))
            return true;
    return false;
}

bool exclude_uses(const struct exclude *x, struct str name)
{
    return side_uses(&x->out, name) || side_uses(&x->only, name);
}

void exclude_at(const struct exclude *x, const struct zone *zone, wall at,
                struct exclude_mark *ret_mark)
{
    struct almanac_mark out, only;
    const struct almanac *by = almanac_list_at(&x->out.list, zone, at, &out);

    if (by) {
        *ret_mark = (struct exclude_mark){true, out.until, by, out.why};
    } else if (x->only.list.len == 0) {
        *ret_mark = (struct exclude_mark){false, out.until, NULL, NULL};
    } else if (almanac_list_at(&x->only.list, zone, at, &only)) {
        *ret_mark = (struct exclude_mark){
            false, out.until.us < only.until.us ? out.until : only.until, NULL, NULL};
    } else {
        *ret_mark = (struct exclude_mark){true, only.until, x->only.list.v[0], NULL};
    }
}
