// job_spec.c - what jobs say beside their names and moments, counted by those who share it.
// SPDX-License-Identifier: Apache-2.0
#include "job/job_spec.h"

#include <assert.h>
#include <stdlib.h>

#include "base/mem.h"

const char *const job_coalesce_names[] = {"last", "all", "skip", "first", NULL};
const char *const job_overlap_names[] = {"skip", "allow", "queue", "cancel", "kill", NULL};
const char *const job_on_lost_names[] = {"fail", "rerun", NULL};

const char *const job_policy_names[] = {
#define X(member, ctype, preset, name, words) [POLICY_##member] = name,
#include "job/job_policy.def"
#undef X
    [POLICY_retries] = "retries",
    NULL,
};

const struct job_presets job_presets_built_in = {
#define X(member, ctype, preset, ...) .member = preset,
#include "job/job_policy.def"
#undef X
};

// Most jobs have no arguments: they need no memory for that.
static const char args_none[] = "[]";

struct job_spec *job_spec_new(void)
{
    struct job_spec *spec = mem_alloc(sizeof *spec);

    spec->owners = 1;
    spec->args = str_of(args_none);
    spec->preset = UINT64_MAX;
    job_spec_set_presets(spec, &job_presets_built_in);
    return spec;
}

// The count is the one thing of a shared spec that changes.
const struct job_spec *job_spec_share(const struct job_spec *spec)
{
    ((struct job_spec *)spec)->owners++;
    return spec;
}

static void text_free(struct str s)
{
    if (s.p != args_none)
        free((void *)s.p);
}

void job_spec_drop(const struct job_spec *shared)
{
    struct job_spec *spec = (struct job_spec *)shared;

    if (!spec || --spec->owners > 0)
        return;
    retries_free(spec->retries);
    needs_free(spec->needs);
    text_free(spec->args);
    text_free(spec->options);
    text_free(spec->description);
    text_free(spec->tags);
    text_free(spec->nodes);
    text_free(spec->notify);
    text_free(spec->quarantine);
    free(spec);
}

static void text_copy(struct str *field)
{
    struct str s = *field;

    *field = (struct str){0};
    if (s.p)
        job_spec_set_text(field, s);
}

struct job_spec *job_spec_copy(const struct job_spec *spec)
{
    struct job_spec *copy = mem_alloc(sizeof *copy);

    *copy = *spec;
    copy->owners = 1;
    text_copy(&copy->args);
    text_copy(&copy->options);
    text_copy(&copy->description);
    text_copy(&copy->tags);
    text_copy(&copy->nodes);
    text_copy(&copy->notify);
    text_copy(&copy->quarantine);
    copy->retries = retries_copy(spec->retries);
    copy->needs = needs_copy(spec->needs);
    return copy;
}

void job_spec_set_presets(struct job_spec *spec, const struct job_presets *presets)
{
#define X(member, ...)                       \
    if (spec->preset >> POLICY_##member & 1) \
        spec->member = presets->member;
#include "job/job_policy.def"
#undef X
    if (spec->preset >> POLICY_retries & 1) {
        retries_free(spec->retries);
        spec->retries = retries_copy(presets->retries);
    }
}

void job_spec_set_text(struct str *field, struct str s)
{
    const char *copy = str_eq(s, str_of(args_none)) ? args_none : str_own(s);

    text_free(*field);
    *field = (struct str){copy, s.len};
}

// As a canonical JSON text; numbers and the like become texts.
void job_spec_set_args(struct job_spec *spec, const json_t *list)
{
    json_t *texts = json_array(), *item;
    size_t index;
    char *dump;

    json_array_foreach((json_t *)list, index, item)
    {
        if (json_is_string(item)) {
            (void)json_array_append(texts, item);
        } else {
            char *text = json_dumps(item, JSON_COMPACT | JSON_ENCODE_ANY);

            (void)json_array_append_new(texts, json_string(text));
            free(text);
        }
    }
    dump = json_dumps(texts, JSON_COMPACT);
    assert(dump);
    job_spec_set_text(&spec->args, str_of(dump));
    free(dump);
    json_decref(texts);
}

void job_spec_set_options(struct job_spec *spec, const json_t *options)
{
    char *dump = json_dumps(options, JSON_COMPACT);

    assert(dump);
    job_spec_set_text(&spec->options,
                      json_object_size(options) > 0 ? str_of(dump) : (struct str){0});
    free(dump);
}

void job_spec_set_notify(struct job_spec *spec, const json_t *list)
{
    char *dump = list ? json_dumps(list, JSON_COMPACT) : NULL;

    text_free(spec->notify); // that of a copy may be the static one
    spec->notify = str_of(dump);
}
