// misfire.c - the policy of missed runs between JSON and struct job.
// SPDX-License-Identifier: Apache-2.0
#include "job/misfire.h"

#include <string.h>

#include "time/duration.h"

#define LOC "\"body\",\"misfire\""

struct misfire_form {
#define X(member, ctype, ...) ctype member;
#include "job/misfire_form.def"
#undef X
};

enum misfire_field {
#define X(member, ...) MISFIRE_##member,
#include "job/misfire_form.def"
#undef X
};

static const struct model_field fields[] = {
#define X(member, ctype, mtype, ...) \
    {.name = #member, .type = mtype, .offset = offsetof(struct misfire_form, member), __VA_ARGS__},
#include "job/misfire_form.def"
#undef X
};

const struct model misfire_model = {
    .name = "Misfire",
    .doc = "What becomes of missed runs. In a change, what is left out stays and null gives the "
           "preset.",
    .example = "{\"policy\":\"all\",\"max\":50,\"window\":\"6h\",\"spread\":\"10m\"}",
    .fields = fields,
    .count = MODEL_COUNT(fields),
    .size = sizeof(struct misfire_form),
    .extra = MODEL_EXTRA_FORBID,
    .null_counts = true,
};

// --- reading
// ------------------------------------------------------------------------------------------------------

// The same thing said twice, and not the same.
static bool is_said_once(const json_t *value, const char *name, const char *other, bool is_same,
                         struct model_issues *issues)
{
    if (is_same)
        return true;
    return model_complain(issues, "value_error",
                          model_loc(issues->arena, STR_LIT(LOC), str_of(name)),
                          json_object_get(value, name), "",
                          "Value error, %s beside it says otherwise; give one of them", other);
}

static bool agrees(const json_t *value, const struct misfire_form *form, uint64_t given,
                   bool is_grace, bool is_policy, const struct job *job,
                   struct model_issues *issues)
{
    bool ok = true;

    if (is_policy && given >> MISFIRE_policy & 1)
        ok = is_said_once(value, "policy", "coalesce", form->policy == (int)job->spec->coalesce,
                          issues);
    if (is_grace && given >> MISFIRE_grace & 1)
        ok = is_said_once(value, "grace", "misfire_grace",
                          form->grace == job->spec->misfire_grace_us, issues) &&
             ok;
    return ok;
}

bool misfire_read(const json_t *value, const struct job_presets *presets, bool is_grace,
                  bool is_policy, struct job *job, struct model_issues *issues)
{
    struct misfire_form form;
    uint64_t given = UINT64_MAX;

    if (value && !model_decode(&misfire_model, value, STR_LIT(LOC), &form, &given, issues))
        return false;
    if (value && !agrees(value, &form, given, is_grace, is_policy, job, issues))
        return false;
    struct job_spec *spec = job_edit(job);

#define TAKE(member, to)                                                          \
    if (given >> MISFIRE_##member & 1) {                                          \
        bool is_preset = !value || json_is_null(json_object_get(value, #member)); \
                                                                                  \
        spec->to = is_preset ? presets->to : (typeof(spec->to))form.member;       \
        spec->preset &= ~(UINT64_C(1) << POLICY_##to);                            \
        spec->preset |= (uint64_t)is_preset << POLICY_##to;                       \
    }
    if (!is_policy)
        TAKE(policy, coalesce)
    if (!is_grace)
        TAKE(grace, misfire_grace_us)
    TAKE(max, misfire_max)
    TAKE(window, misfire_window_us)
    TAKE(spread, misfire_spread_us)
#undef TAKE
    return true;
}

// What a policy does not look at. A preset of the instance is no word of the job's.
static bool is_idle(const struct job *job, enum job_policy policy, const char *name,
                    const char *why, struct model_issues *issues)
{
    struct str loc = model_loc(issues->arena, STR_LIT(LOC), str_of(name));

    if (job->spec->preset >> policy & 1)
        return true;
    return model_complain(issues, "value_error", loc, NULL, "", "Value error, %s", why);
}

bool misfire_check(const struct job *job, struct model_issues *issues)
{
    bool ok = true;

    if (job->spec->coalesce != COALESCE_ALL && job->spec->misfire_max != 0)
        ok = is_idle(job, POLICY_misfire_max, "max",
                     "max counts with policy all only; leave it out, or null", issues);
    if (job->spec->coalesce != COALESCE_SKIP)
        return ok;
    if (job->spec->misfire_window_us != JOB_WINDOW_DEFAULT)
        ok =
            is_idle(job, POLICY_misfire_window_us, "window",
                    "with policy skip nothing is made up for; leave window out, or null", issues) &&
            ok;
    if (job->spec->misfire_spread_us != 0)
        ok =
            is_idle(job, POLICY_misfire_spread_us, "spread",
                    "with policy skip nothing is made up for; leave spread out, or null", issues) &&
            ok;
    return ok;
}

// --- telling
// ------------------------------------------------------------------------------------------------------

static void length_write(const char *key, int64_t us, int64_t none, struct buf *b,
                         struct json_write *w)
{
    json_write_key(w, key);
    if (us == none) {
        json_write_text(w, "none");
        return;
    }
    buf_clear(b);
    duration_write(us, b);
    json_write_str(w, buf_str(b));
    buf_clear(b);
}

static void null_write(const char *key, struct json_write *w)
{
    json_write_key(w, key);
    json_write_null(w);
}

void misfire_write(const struct job *job, struct buf *scratch, struct json_write *w)
{
    int64_t window_us = job_window_us(job);

    json_write_object(w);
    json_write_key(w, "policy");
    json_write_text(w, job_coalesce_names[job->spec->coalesce]);
    if (job->spec->misfire_grace_us == JOB_GRACE_DEFAULT)
        null_write("grace", w);
    else
        length_write("grace", job->spec->misfire_grace_us, JOB_GRACE_NONE, scratch, w);
    json_write_key(w, "max");
    if (job->spec->coalesce == COALESCE_ALL)
        json_write_int(w, job_misfire_max(job));
    else
        json_write_null(w);
    if (job->spec->coalesce == COALESCE_SKIP)
        null_write("window", w);
    else
        length_write("window", window_us, INT64_MAX, scratch, w);
    if (job->spec->misfire_spread_us == 0)
        null_write("spread", w);
    else
        length_write("spread", job->spec->misfire_spread_us, -1, scratch, w);
    json_write_object_end(w);
}
