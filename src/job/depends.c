// depends.c - which jobs another one follows: read, kept, told.
// SPDX-License-Identifier: Apache-2.0
#include "job/depends.h"

#include <string.h>

#include "base/mem.h"
#include "job/job_name.h"

const char *const depends_on_names[] = {"success", "failure", "always", NULL};

struct form {
    struct str job;
    int on;
};

static const struct model_field fields[] = {
    {.name = "job",
     .type = MODEL_TEXT,
     .offset = offsetof(struct form, job),
     .required = 1,
     .pattern = JOB_NAME_PATTERN,
     .check = job_name_check,
     .doc = "The job whose runs are followed.",
     .example = "\"extract\""},
    {.name = "on",
     .type = MODEL_ENUM,
     .offset = offsetof(struct form, on),
     .choices = depends_on_names,
     .doc = "Which ends count. success: it succeeded; failure: it failed, timed out, was cancelled "
            "or lost; always: either. A skipped run is no end.",
     .example = "\"success\""},
};

const struct model depends_model = {
    .name = "DependsOn",
    .doc = "A job that is followed. A text is its name, with on success.",
    .fields = fields,
    .count = MODEL_COUNT(fields),
    .size = sizeof(struct form),
    .extra = MODEL_EXTRA_FORBID,
};

// ---- reading ----

static bool parent_read(const json_t *value, struct str loc, struct model_issues *issues,
                        struct depends_parent *ret)
{
    json_t *object =
        json_is_string(value) ? json_pack("{s:O}", "job", value) : json_incref((json_t *)value);
    struct form form;
    bool ok = model_decode(&depends_model, object, loc, &form, NULL, issues);

    if (ok)
        *ret =
            (struct depends_parent){arena_copy(issues->arena, form.job), (enum depends_on)form.on};
    json_decref(object);
    return ok;
}

// A block with copies of the names.
static struct depends *depends_make(const struct depends_parent *parents, size_t count)
{
    size_t bytes = sizeof(struct depends) + count * sizeof *parents;
    struct depends *d;
    char *at;

    for (size_t i = 0; i < count; i++)
        bytes += parents[i].job.len;
    d = mem_alloc(bytes);
    d->count = count;
    at = (char *)(d->v + count);
    for (size_t i = 0; i < count; i++) {
        d->v[i] = (struct depends_parent){{at, parents[i].job.len}, parents[i].on};
        at = mempcpy(at, parents[i].job.p, parents[i].job.len);
    }
    return d;
}

static bool list_read(const json_t *list, struct str loc, struct model_issues *issues,
                      struct depends **ret)
{
    struct depends_parent parents[DEPENDS_MAX];
    const size_t before = issues->len;
    size_t count = json_array_size(list);

    if (count > DEPENDS_MAX)
        return model_complain(issues, "too_long", loc, list, "",
                              "List should have at most %d items after validation, not %zu",
                              DEPENDS_MAX, count);
    for (size_t i = 0; i < count; i++) {
        const json_t *item = json_array_get(list, i);
        struct str at = arena_printf(issues->arena, "%.*s,%zu", STR(loc), i);

        if (!parent_read(item, at, issues, &parents[i]))
            continue;
        for (size_t k = 0; k < i && issues->len == before; k++)
            if (str_eq(parents[k].job, parents[i].job))
                (void)model_complain(issues, "value_error", at, item, "",
                                     "Value error, the job is named twice");
    }
    if (issues->len > before)
        return false;
    *ret = count > 0 ? depends_make(parents, count) : NULL;
    return true;
}

bool depends_read(const json_t *value, struct str loc, struct model_issues *issues,
                  struct depends **ret)
{
    struct depends_parent parent;

    if (!value || json_is_null(value)) {
        *ret = NULL;
        return true;
    }
    if (json_is_array(value))
        return list_read(value, loc, issues, ret);
    if (!json_is_string(value) && !json_is_object(value))
        return model_complain(issues, "value_error", loc, value, "",
                              "Value error, depends_on is a list of jobs, or one of them");
    if (!parent_read(value, loc, issues, &parent))
        return false;
    *ret = depends_make(&parent, 1);
    return true;
}

// ---- the rest ----

struct depends *depends_copy(const struct depends *d)
{
    struct depends *copy;

    if (!d)
        return NULL;
    copy = depends_make(d->v, d->count);
    copy->met = d->met;
    copy->born_id = d->born_id;
    return copy;
}

void depends_keep(const struct depends *before, struct depends *d)
{
    if (!d)
        return;
    d->met = 0;
    d->born_id = before ? before->born_id : 0;
    for (size_t i = 0; before && i < before->count; i++) {
        size_t at = depends_find(d, before->v[i].job);

        if (at < d->count && d->v[at].on == before->v[i].on && before->met >> i & 1)
            d->met |= 1u << at;
    }
}

size_t depends_find(const struct depends *d, struct str job)
{
    size_t i = 0;

    while (d && i < d->count && !str_eq(d->v[i].job, job))
        i++;
    return i;
}

bool depends_wants(enum depends_on on, enum run_state state)
{
    if (!run_state_is_final(state) || state == RUN_SKIPPED)
        return false;
    return on == DEPENDS_ALWAYS || (on == DEPENDS_SUCCESS) == (state == RUN_SUCCEEDED);
}

json_t *depends_encode(const struct depends *d)
{
    json_t *list = d ? json_array() : NULL, *item;

    for (size_t i = 0; d && i < d->count; i++) {
        item = json_object();
        (void)json_object_set_new(item, "job", json_stringn(d->v[i].job.p, d->v[i].job.len));
        (void)json_object_set_new(item, "on", json_string(depends_on_names[d->v[i].on]));
        (void)json_array_append_new(list, item);
    }
    return list;
}

void depends_words(const struct depends *d, struct buf *out)
{
    static const char *const ended[] = {"has succeeded", "has ended badly", "has ended"};

    for (size_t i = 0; i < d->count; i++)
        buf_printf(out, "%s%.*s %s",
                   i == 0             ? "after "
                   : i + 1 < d->count ? ", "
                                      : " and ",
                   STR(d->v[i].job), ended[d->v[i].on]);
}
