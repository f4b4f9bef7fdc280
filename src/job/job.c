// job.c - jobs between memory and the store: a struct with a compiled trigger, a row with two JSON
// texts.
// SPDX-License-Identifier: Apache-2.0
//
// What is not understood is never dropped: a row whose texts this program cannot read becomes a job
// with `quarantine` set. That includes members of `spec` it does not know, which a newer belfry may
// have written: reading past them would lose them at the next change of the job.
#include "job/job.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/mem.h"
#include "job/model.h"
#include "job/options.h"
#include "job/tags.h"
#include "time/duration.h"

#define GRACE_MAX_US HOUR_US
#define GRACE_SKIP_US (2 * SECOND_US) // later than this is missed
#define ROW_TEXT_MAX (1024 * 1024)    // bytes of a stored JSON text

const char *const job_kind_names[] = {"folder", "certificate", "command",
                                      "http",   "heartbeat",   NULL};
const char *const job_state_names[] = {"scheduled", "paused", "ended", "deleted", NULL};
// Numbers of the members of spec: bits of what model_decode says was given.
enum spec_field {
#define X(member, ...) SPEC_##member,
#include "job/job_spec.def"
#undef X
};

struct spec {
#define X(member, ctype, ...) ctype member;
#include "job/job_spec.def"
#undef X
};

static const struct model_field spec_fields[] = {
#define X(member, ctype, mtype, ...) \
    {.name = #member, .type = mtype, .offset = offsetof(struct spec, member), __VA_ARGS__},
#include "job/job_spec.def"
#undef X
};

static const struct model spec_model = {
    .name = "spec",
    .fields = spec_fields,
    .count = MODEL_COUNT(spec_fields),
    .size = sizeof(struct spec),
    .extra = MODEL_EXTRA_FORBID,
};

static bool row_check(const struct job_row *row, struct err *e);
static bool row_read(struct job *job, const struct job_row *row,
                     const struct trigger_context *context, const struct job_known *known,
                     struct err *e);
static struct job *job_make(struct str name, struct str target);
static void own_copy(struct job *job, const struct job *from);
static bool spec_read(struct job *job, struct str text, struct err *e);
static bool trigger_read(struct job *job, struct str text, const struct trigger_context *context,
                         struct err *e);
static struct str spec_text(const struct job *job, struct arena *arena);

// --- row to job
// ---------------------------------------------------------------------------------------------------

struct job *job_from_row(const struct job_row *row, const struct trigger_context *context)
{
    return job_from_row_known(row, context, &(struct job_known){0});
}

struct job *job_from_row_known(const struct job_row *row, const struct trigger_context *context,
                               const struct job_known *known)
{
    struct err e = {0};
    bool ok = row_check(row, &e);
    const struct job *model = ok ? known->model : NULL;
    struct job *job = job_make(row->name, model ? known->target : (struct str){0});

    job->id = row->id;
    job->spec = model ? job_spec_share(model->spec) : job_spec_new();
    job->state = (enum job_state)row->state;
    job->version = row->version;
    job->change_seq = row->change_seq;
    job->effective_from = row->effective_from;
    job->created_at = row->created_at;
    job->updated_at = row->updated_at;
    if (!ok || !row_read(job, row, context, known, &e)) {
        trigger_free(job->trigger);
        job->trigger = NULL;
        job_spec_set_text(&job_edit(job)->quarantine,
                          str_of(e.message[0] ? e.message : "the stored job cannot be read"));
    }
    return job;
}

// Whether the columns are what this version knows.
static bool row_check(const struct job_row *row, struct err *e)
{
    if (row->state < JOB_ENABLED || row->state > JOB_DELETED)
        return fail(e, ERR_STORE, "state", "the stored state %d is not known to this version",
                    row->state);
    if (row->kind < JOB_FOLDER || row->kind > JOB_HEARTBEAT)
        return fail(e, ERR_STORE, "kind", "the stored kind %d is not known to this version",
                    row->kind);
    return job_name_check(row->name, e);
}

static bool row_read(struct job *job, const struct job_row *row,
                     const struct trigger_context *context, const struct job_known *known,
                     struct err *e)
{
    job->kind = (enum job_kind)row->kind;
    if (known->model)
        own_copy(job, known->model);
    else if (!spec_read(job, row->spec, e))
        return false;
    if (known->trigger)
        job->trigger = trigger_share(known->trigger);
    else if (!trigger_read(job, row->trigger, context, e))
        return false;
    if (job->state == JOB_PAUSED && !job->pause) // from before pauses had words
        job->pause = pause_new(PAUSE_JOB, (struct str){0}, (struct str){0}, STR_LIT("api"),
                               row->updated_at, WALL_NEVER);
    return true;
}

// What the stored spec says itself takes the place of the presets.
static void policies_take(struct job_spec *own, const struct spec *spec, uint64_t given)
{
#define X(member, ctype, ...)                             \
    if (given >> SPEC_##member & 1) {                     \
        own->member = (ctype)spec->member;                \
        own->preset &= ~(UINT64_C(1) << POLICY_##member); \
    }
#include "job/job_policy.def"
#undef X
    if (spec->retries)
        own->preset &= ~(UINT64_C(1) << POLICY_retries);
}

static json_t *text_load(struct str text, const char *what, struct err *e)
{
    json_error_t error;
    json_t *value = NULL;

    if (text.len > ROW_TEXT_MAX)
        (void)fail(e, ERR_STORE, what, "the stored %s is larger than %d bytes", what, ROW_TEXT_MAX);
    else if (!(value = json_loadb(text.p ? text.p : "", text.len, JSON_REJECT_DUPLICATES, &error)))
        (void)fail(e, ERR_STORE, what, "the stored %s is not JSON: %s", what, error.text);
    return value;
}

// Members that this version does not know would be lost, or not be obeyed.
static bool options_take(struct job_spec *own, const json_t *options, struct err *e)
{
    const json_t *value;
    const char *name;
    bool is_known;

    json_object_foreach((json_t *)options, name, value)
    {
        is_known = false;
        for (size_t i = 0; i < job_options_model.count && !is_known; i++)
            is_known = strcmp(job_options_model.fields[i].name, name) == 0;
        if (!is_known)
            return fail(e, ERR_STORE, "spec", "the stored option %s is not known to this version",
                        name);
    }
    if (options)
        job_spec_set_options(own, options);
    return true;
}

static bool needs_take(struct job_spec *own, const struct spec *spec, struct model_issues *issues,
                       struct err *e)
{
    struct throttle throttle = {0};
    json_t *pools = NULL;

    if (spec->rate.len > 0 && !throttle_parse(spec->rate, "rate", &throttle, e))
        return false;
    if (spec->pools && !(pools = needs_read(spec->pools, STR_LIT("\"pools\""), issues)))
        return fail(e, ERR_STORE, "spec", "the stored spec has pools that cannot be read");
    own->needs = needs_new(pools, &throttle);
    json_decref(pools);
    return true;
}

// What people say about a job: description, tags, where it runs, what is not wanted for now.
static bool words_take(struct job *job, const struct spec *spec, struct model_issues *issues,
                       struct err *e)
{
    struct job_spec *own = job_edit(job);

    if (spec->description.len > 0)
        job_spec_set_text(&own->description, spec->description);
    if (spec->tags && !tags_read(spec->tags, issues, &own->tags))
        return fail(e, ERR_STORE, "spec", "the stored spec has tags that cannot be read");
    if (spec->nodes && !nodes_read(spec->nodes, issues, &own->nodes))
        return fail(e, ERR_STORE, "spec", "the stored spec has nodes that cannot be read");
    if (spec->depends_on &&
        !depends_read(spec->depends_on, STR_LIT("\"depends_on\""), issues, &job->depends))
        return fail(e, ERR_STORE, "spec", "the stored spec has a depends_on that cannot be read");
    return (!spec->pause ||
            pause_decode(spec->pause, PAUSE_JOB, (struct str){0}, &job->pause, e)) &&
           (!spec->skip || pause_decode(spec->skip, PAUSE_SLOTS, (struct str){0}, &job->skip, e));
}

static bool spec_read(struct job *job, struct str text, struct err *e)
{
    struct arena *arena;
    struct model_issues *issues;
    struct spec spec;
    struct job_spec *own = job_edit(job);
    struct buf words;
    uint64_t given;
    json_t *value = text_load(text, "spec", e);
    bool ok;

    if (!value)
        return false;
    arena = arena_new(sizeof *issues + 1024);
    issues = arena_alloc(arena, sizeof *issues);
    model_issues_init(issues, arena);
    ok = model_decode(&spec_model, value, (struct str){0}, &spec, &given, issues) &&
         (!spec.retries ||
          retries_read(spec.retries, STR_LIT("\"retries\""), issues, &own->retries));
    if (ok) {
        job_set_target(job, spec.target);
        if (spec.args)
            job_spec_set_args(own, spec.args);
        job_spec_set_notify(own, spec.notify);
        policies_take(own, &spec, given);
        ok = options_take(own, spec.options, e) && words_take(job, &spec, issues, e) &&
             needs_take(own, &spec, issues, e);
    } else {
        buf_init(&words, 400);
        model_issues_words(issues, &words);
        (void)fail(e, ERR_STORE, "spec", "the stored spec cannot be read: %s", buf_text(&words));
        buf_done(&words);
    }
    json_decref(value);
    arena_free(arena);
    return ok;
}

static bool trigger_read(struct job *job, struct str text, const struct trigger_context *context,
                         struct err *e)
{
    json_t *value = text_load(text, "trigger", e);
    struct trigger_context own = *context;
    struct err why = {0};
    bool ok;

    if (!value)
        return false;
    own.job_id = job->name;
    ok = trigger_parse(value, &own, &job->trigger, &why);
    if (!ok)
        (void)fail(e, ERR_STORE, "trigger", "the stored trigger cannot be read: %s", why.message);
    json_decref(value);
    return ok;
}

// --- job to row
// ---------------------------------------------------------------------------------------------------

void job_to_row(const struct job *job, struct arena *arena, struct job_row *ret_row)
{
    struct buf trigger;

    assert(job->trigger); // a quarantined job keeps the row it has
    buf_init(&trigger, ROW_TEXT_MAX);
    trigger_write(job->trigger, &trigger);
    assert(!trigger.is_full);
    *ret_row = (struct job_row){
        .id = job->id,
        .name = arena_copy(arena, job->name),
        .kind = job->kind,
        .trigger = arena_copy(arena, buf_str(&trigger)),
        .tz = arena_copy(arena, zone_name(trigger_zone(job->trigger))),
        .spec = spec_text(job, arena),
        .state = job->state,
        .version = job->version,
        .change_seq = job->change_seq,
        .effective_from = job->effective_from,
        .created_at = job->created_at,
        .updated_at = job->updated_at,
    };
    buf_done(&trigger);
}

// The members that are stored. What the job does not say itself is not: the preset may be another
// one next time.
static uint64_t stored_fields(const struct job_spec *own)
{
    const uint64_t one = 1;
    uint64_t fields = UINT64_MAX;

#define X(member, ...)                      \
    if (own->preset >> POLICY_##member & 1) \
        fields &= ~(one << SPEC_##member);
#include "job/job_policy.def"
#undef X
    if (own->preset >> POLICY_retries & 1)
        fields &= ~(one << SPEC_retries);
    return fields;
}

static struct str spec_text(const struct job *job, struct arena *arena)
{
    const struct job_spec *own = job->spec;
    json_error_t error;
    struct str retries = own->retries ? own->retries->text : STR_LIT("0");
    json_t *args = json_loadb(own->args.p, own->args.len, 0, &error), *value;
    json_t *kept = json_loadb(retries.p, retries.len, JSON_DECODE_ANY, &error);
    json_t *options =
        own->options.len > 0 ? json_loadb(own->options.p, own->options.len, 0, &error) : NULL;
    json_t *tags = tags_encode(own->tags), *nodes = tags_encode(own->nodes);
    json_t *pause = pause_encode(job->pause);
    json_t *asked = pause_encode(job->skip), *depends = depends_encode(job->depends);
    json_t *notify = own->notify.p ? json_loadb(own->notify.p, own->notify.len, 0, &error) : NULL;
    json_t *pools = needs_pools(own->needs);
    struct buf rate;

    buf_init(&rate, 100);
    if (own->needs && own->needs->throttle.count > 0)
        throttle_write(&own->needs->throttle, &rate);
    struct spec spec = {
        .target = job->target,
        .args = args,
        .options = options,
        .description = own->description.len > 0 ? own->description : (struct str){0},
        .tags = tags,
        .nodes = nodes,
        .pause = pause,
        .skip = asked,
        .depends_on = depends,
        .notify = notify,
        .retries = kept,
        .pools = pools,
        .rate = rate.len > 0 ? buf_str(&rate) : (struct str){0},
#define X(member, ...) .member = own->member,
#include "job/job_policy.def"
#undef X
    };
    struct str text;
    char *dump;

    assert(args);
    value = model_encode(&spec_model, &spec, stored_fields(own));
    dump = json_dumps(value, JSON_COMPACT | JSON_REAL_PRECISION(6));
    assert(dump);
    text = arena_copy(arena, str_of(dump));
    free(dump);
    json_decref(value);
    json_decref(args);
    json_decref(options);
    json_decref(tags);
    json_decref(nodes);
    json_decref(pause);
    json_decref(asked);
    json_decref(depends);
    json_decref(notify);
    json_decref(kept);
    json_decref(pools);
    buf_done(&rate);
    return text;
}

// --- the rest of its life
// -----------------------------------------------------------------------------------------

// A job whose texts lie behind it, the target behind the name.
static struct job *job_make(struct str name, struct str target)
{
    struct job *job = mem_alloc(sizeof *job + name.len + 1 + target.len + 1);
    char *texts = (char *)(job + 1);

    memcpy(texts, name.p ? name.p : "", name.len);
    memcpy(texts + name.len + 1, target.p ? target.p : "", target.len);
    job->name = (struct str){texts, name.len};
    job->target = (struct str){texts + name.len + 1, target.len};
    return job;
}

struct job *job_new(struct str name)
{
    struct job *job = job_make(name, (struct str){0});

    job->spec = job_spec_new();
    return job;
}

struct job_spec *job_edit(struct job *job)
{
    if (job->spec->owners > 1) {
        const struct job_spec *shared = job->spec;

        job->spec = job_spec_copy(shared);
        job_spec_drop(shared);
    }
    return (struct job_spec *)job->spec;
}

void job_set_presets(struct job *job, const struct job_presets *presets)
{
    job_spec_set_presets(job_edit(job), presets);
}

static void target_free(const struct job *job)
{
    if (job->target.p != job->name.p + job->name.len + 1)
        free((void *)job->target.p);
}

void job_set_target(struct job *job, struct str target)
{
    const char *copy = str_own(target);

    target_free(job);
    job->target = (struct str){copy, target.len};
}

// What is not shared by jobs with the same spec, although it lies in its text.
static void own_copy(struct job *job, const struct job *from)
{
    job->pause = pause_copy(from->pause);
    job->skip = pause_copy(from->skip);
    job->depends = depends_copy(from->depends);
}

struct job *job_copy(const struct job *job, const struct trigger_context *context)
{
    struct job *copy = job_make(job->name, job->target);
    struct str name = copy->name, target = copy->target;
    struct buf text;
    struct err e = {0};

    *copy = *job;
    copy->name = name;
    copy->target = target;
    copy->spec = job_spec_share(job->spec);
    copy->trigger = NULL;
    own_copy(copy, job);
    if (!job->trigger || !context)
        return copy;
    buf_init(&text, ROW_TEXT_MAX);
    trigger_write(job->trigger, &text);
    if (!trigger_read(copy, buf_str(&text), context, &e))
        job_spec_set_text(&job_edit(copy)->quarantine, str_of(e.message)); // its zone file has gone
    buf_done(&text);
    return copy;
}

bool job_has_same_schedule(const struct job *a, const struct job *b)
{
    struct buf x, y;
    bool is_same = false;

    if (!a->trigger || !b->trigger || a->trigger == b->trigger)
        return a->trigger && b->trigger;
    buf_init(&x, ROW_TEXT_MAX);
    buf_init(&y, ROW_TEXT_MAX);
    trigger_write(a->trigger, &x);
    trigger_write(b->trigger, &y);
    is_same = str_eq(buf_str(&x), buf_str(&y));
    buf_done(&x);
    buf_done(&y);
    return is_same;
}

bool job_follows_itself(const struct job *a, const struct job *b)
{
    return a->trigger && trigger_kind(a->trigger) == TRIGGER_AFTER &&
           trigger_kind(b->trigger) == TRIGGER_AFTER;
}

void job_set_paused(struct job *job, bool is_paused, wall now)
{
    job->state = is_paused ? JOB_PAUSED : JOB_ENABLED;
    if (!is_paused || pause_holds(job->pause, now))
        return;
    pause_free(job->pause);
    job->pause = NULL;
}

void job_free(struct job *job)
{
    if (!job)
        return;
    trigger_free(job->trigger);
    job_spec_drop(job->spec);
    target_free(job);
    pause_free(job->pause);
    pause_free(job->skip);
    free(job->depends);
    free(job);
}

const char *job_idle_words(const struct job *job, wall next_at)
{
    if (job->spec->quarantine.len > 0 || !job->trigger)
        return "cannot be used";
    if (job->state == JOB_PAUSED)
        return "is paused";
    if (trigger_is_relative(job->trigger))
        return trigger_kind(job->trigger) == TRIGGER_MANUAL && !job->depends
                   ? "runs only when asked to"
                   : NULL;
    return next_at.us == WALL_NEVER.us ? "has no further run" : NULL;
}

int32_t job_instances(const struct job *job)
{
    return job->spec->overlap == OVERLAP_ALLOW && job->spec->max_instances == 1
               ? INT32_MAX
               : job->spec->max_instances;
}

wall job_deadline(const struct job *job, wall from)
{
    return job->spec->timeout_total_us > 0 ? (wall){from.us + job->spec->timeout_total_us}
                                           : WALL_NEVER;
}

// A moment that comes once: a date, or what follows an event.
static bool is_single(const struct job *job)
{
    return !job->trigger || trigger_is_once(job->trigger) || trigger_is_relative(job->trigger);
}

int64_t job_ping_grace_us(const struct job *job, wall slot)
{
    wall next = trigger_is_relative(job->trigger) ? WALL_NEVER : trigger_next(job->trigger, slot);
    int64_t grace_us = job_grace_us(job, slot, next);

    return grace_us == INT64_MAX ? HOUR_US : grace_us;
}

int64_t job_grace_us(const struct job *job, wall slot, wall next)
{
    int64_t most = job->spec->coalesce == COALESCE_SKIP ? GRACE_SKIP_US : GRACE_MAX_US;

    if (job->spec->misfire_grace_us == JOB_GRACE_NONE)
        return INT64_MAX;
    if (job->spec->misfire_grace_us != JOB_GRACE_DEFAULT)
        return job->spec->misfire_grace_us;
    if (job->spec->coalesce == COALESCE_ALL || job->spec->coalesce == COALESCE_FIRST)
        return INT64_MAX;
    if (is_single(job))
        return job->spec->coalesce == COALESCE_SKIP ? most : INT64_MAX;
    return next.us != WALL_NEVER.us && next.us - slot.us < most ? next.us - slot.us : most;
}

int64_t job_window_us(const struct job *job)
{
    if (job->spec->misfire_window_us == JOB_WINDOW_NONE || is_single(job))
        return INT64_MAX;
    if (job->spec->misfire_window_us != JOB_WINDOW_DEFAULT)
        return job->spec->misfire_window_us;
    return job->spec->coalesce == COALESCE_ALL || job->spec->coalesce == COALESCE_FIRST ? DAY_US
                                                                                        : INT64_MAX;
}
