// presets.c - the instance's own presets, by way of a job that says them.
// SPDX-License-Identifier: Apache-2.0
//
// A text NAME=VALUE is read as the body {NAME: VALUE} of a change is, on a job that has the presets
// so far. So a default is checked by the rules of requests, and what is not one cannot be given.
#include "job/presets.h"

#include "base/arena.h"
#include "base/suggest.h"
#include "job/job_read.h"
#include "job/job_write.h"

// Other names of some of them.
static const char *const aliases[] = {"misfire", "misfire.policy", "misfire.grace"};
#define ALIASES (sizeof aliases / sizeof *aliases)

static bool name_check(struct str name, struct err *e)
{
    const char *names[POLICY_COUNT + ALIASES], *near;

    for (size_t i = 0; i < POLICY_COUNT + ALIASES; i++) {
        names[i] = i < POLICY_COUNT ? job_policy_names[i] : aliases[i - POLICY_COUNT];
        if (str_eq(name, str_of(names[i])))
            return true;
    }
    near = suggest_find(name, names, POLICY_COUNT + ALIASES);

    (void)fail(e, ERR_USAGE, "default", "default: \"%.*s\" is no policy of jobs that has a default",
               STR(name));
    return fail_hint(e, "%s%s%s", near ? "did you mean " : "", near ? near : "", near ? "?" : "");
}

// {"a": value}, {"a": {"b": value}} for "a.b".
static json_t *body_of(struct str name, struct str value)
{
    json_t *body = json_object(), *inner = body;
    json_t *given = json_loadb(value.p, value.len, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, NULL);
    struct str part;

    if (!given)
        given = json_stringn(value.p, value.len);
    (void)str_next(&name, '.', &part);
    if (name.len > 0) {
        inner = json_object();
        (void)json_object_setn_new(body, part.p, part.len, inner);
        part = name;
    }
    (void)json_object_setn_new(inner, part.p, part.len, given);
    return body;
}

static bool body_take(const json_t *body, struct job *job, struct err *e)
{
    struct arena *arena = arena_new(4096);
    struct model_issues *issues = arena_alloc(arena, sizeof *issues);
    struct job_reading reading = {.issues = issues, .body = body};
    struct job_form form;
    struct buf words;
    uint64_t given;

    model_issues_init(issues, arena);
    bool ok = model_decode(&job_patch_model, body, STR_LIT("\"default\""), &form, &given, issues) &&
              job_read_policies(&form, given, &reading, job);

    if (!ok) {
        buf_init(&words, 400);
        model_issues_words(issues, &words);
        (void)fail(e, ERR_USAGE, "default", "default: %s", buf_text(&words));
        buf_done(&words);
    }
    arena_free(arena);
    return ok;
}

static void presets_take(struct job_presets *presets, const struct job *job)
{
#define X(member, ...) presets->member = job->spec->member;
#include "job/job_policy.def"
#undef X
    retries_free(presets->retries);
    presets->retries = retries_copy(job->spec->retries);
}

bool presets_set(struct job_presets *presets, struct str text, struct err *e)
{
    struct str value = text, name;

    if (str_find(text, '=') < 1) {
        (void)fail(e, ERR_USAGE, "default", "default: \"%.*s\" is not NAME=VALUE", STR(text));
        return fail_hint(e, "write something like overlap=queue or timeout=10m");
    }
    (void)str_next(&value, '=', &name);
    if (!name_check(name, e))
        return false;
    struct job *job = job_new(STR_LIT("default"));
    json_t *body = body_of(name, value);

    job_set_presets(job, presets);
    bool ok = body_take(body, job, e);

    if (ok)
        presets_take(presets, job);
    json_decref(body);
    job_free(job);
    return ok;
}

void presets_done(struct job_presets *presets)
{
    retries_free(presets->retries);
    *presets = job_presets_built_in;
}

void presets_write(const struct job_presets *presets, struct buf *scratch, struct json_write *w)
{
    struct job *job = job_new(STR_LIT("default"));

    job_set_presets(job, presets);
    buf_clear(scratch);
    json_write_object(w);
    job_write_policies(job, scratch, w);
    json_write_object_end(w);
    job_free(job);
}
