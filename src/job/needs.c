// needs.c - which pools a job needs, read and kept.
// SPDX-License-Identifier: Apache-2.0
#include "job/needs.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#define NAME_MAX_BYTES 64

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool pool_name_check(struct str name, struct err *e)
{
    if (name.len == 0 || name.len > NAME_MAX_BYTES)
        return fail(e, ERR_INPUT, "name", "the name of a pool has 1 to %d characters",
                    NAME_MAX_BYTES);
    for (size_t i = 0; i < name.len; i++)
        if (!is_letter(name.p[i]) && (i == 0 || !memchr("._:-", name.p[i], 4)))
            return fail_at(e, ERR_INPUT, "name", (int)i + 1,
                           "the name of a pool is made of letters, digits and . _ : - and begins "
                           "with a letter or digit");
    return true;
}

// ---- reading ----

static bool need_read(struct str name, const json_t *slots, struct str loc,
                      struct model_issues *issues, json_t *into)
{
    json_int_t count = json_integer_value(slots);
    struct err e;

    if (!pool_name_check(name, &e))
        return model_complain_err(issues, loc, slots, &e);
    if (!json_is_integer(slots) || count < 1 || count > POOL_SLOTS_MAX)
        return model_complain(issues, "value_error", loc, slots, "",
                              "Value error, a run takes 1 to %d places of a pool", POOL_SLOTS_MAX);
    (void)json_object_setn_new(into, name.p, name.len, json_integer(count));
    return true;
}

static bool list_read(const json_t *list, struct str loc, struct model_issues *issues, json_t *into)
{
    json_t *one = json_integer(1), *item;
    bool ok = true;
    size_t i;

    json_array_foreach((json_t *)list, i, item)
    {
        struct str name = {json_string_value(item), json_string_length(item)};

        if (!json_is_string(item))
            name = (struct str){0};
        ok = ok && need_read(name, one, arena_printf(issues->arena, "%.*s,%zu", STR(loc), i),
                             issues, into);
    }
    json_decref(one);
    return ok;
}

static bool object_read(const json_t *object, struct str loc, struct model_issues *issues,
                        json_t *into)
{
    const json_t *value;
    const char *key;

    json_object_foreach((json_t *)object, key, value)
    {
        if (!need_read(str_of(key), value, model_loc(issues->arena, loc, str_of(key)), issues,
                       into))
            return false;
    }
    return true;
}

static bool value_read(const json_t *value, struct str loc, struct model_issues *issues,
                       json_t *into)
{
    json_t *list;
    bool ok;

    if (json_is_array(value))
        return list_read(value, loc, issues, into);
    if (json_is_object(value))
        return object_read(value, loc, issues, into);
    if (!json_is_string(value))
        return model_complain(issues, "value_error", loc, value, "",
                              "Value error, pools are the name of one, a list of names, or an "
                              "object of names and places such as {\"db\": 2}");
    list = json_array();
    (void)json_array_append(list, (json_t *)value);
    ok = list_read(list, loc, issues, into);
    json_decref(list);
    return ok;
}

static json_t *in_order(const json_t *object)
{
    char *text = json_dumps(object, JSON_COMPACT | JSON_SORT_KEYS);
    json_t *sorted = json_loads(text, 0, NULL);

    free(text);
    return sorted;
}

json_t *needs_read(const json_t *value, struct str loc, struct model_issues *issues)
{
    json_t *object = json_object(), *sorted = NULL;
    bool ok = value_read(value, loc, issues, object);

    if (ok && json_object_size(object) > NEEDS_MAX)
        ok = model_complain(issues, "too_long", loc, value, "",
                            "Value error, a job has at most %d pools, not %zu", NEEDS_MAX,
                            json_object_size(object));
    if (ok)
        sorted = in_order(object);
    json_decref(object);
    return sorted;
}

// ---- keeping ----

struct needs *needs_new(const json_t *pools, const struct throttle *throttle)
{
    size_t count = json_object_size(pools);
    struct needs *n;
    const json_t *value;
    const char *key;
    char *text;

    if (count == 0 && throttle->count == 0)
        return NULL;
    n = mem_alloc(sizeof *n + count * sizeof *n->pools);
    n->throttle = *throttle;
    json_object_foreach((json_t *)pools, key, value) n->pools[n->count++] =
        (struct need){{str_own(str_of(key)), strlen(key)}, (int32_t)json_integer_value(value)};
    text = count > 0 ? json_dumps(pools, JSON_COMPACT) : NULL;
    n->text = (struct str){str_own(str_of(text ? text : "{}")), text ? strlen(text) : 2};
    free(text);
    return n;
}

json_t *needs_pools(const struct needs *n)
{
    return n && n->count > 0 ? json_loadb(n->text.p, n->text.len, 0, NULL) : NULL;
}

struct needs *needs_copy(const struct needs *n)
{
    json_t *pools = needs_pools(n);
    struct needs *copy = n ? needs_new(pools, &n->throttle) : NULL;

    json_decref(pools);
    return copy;
}

void needs_free(struct needs *n)
{
    if (!n)
        return;
    for (size_t i = 0; i < n->count; i++)
        free((char *)n->pools[i].pool.p);
    free((char *)n->text.p);
    free(n);
}

bool needs_name(const struct needs *n, struct str pool)
{
    for (size_t i = 0; n && i < n->count; i++)
        if (str_eq(n->pools[i].pool, pool))
            return true;
    return false;
}
