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

static bool row_read(struct job *job, const struct job_row *row,
                     const struct trigger_context *context, const struct job_known *known,
                     struct err *e);
static void spec_copy(struct job *job, const struct job *from);
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
    struct job *job = mem_alloc(sizeof *job);
    struct err e = {0};

    job->id = row->id;
    job_set_text(&job->name, row->name);
    job->state = (enum job_state)row->state;
    job->preset = UINT64_MAX;
    job_set_presets(job, &job_presets_built_in);
    job->version = row->version;
    job->change_seq = row->change_seq;
    job->effective_from = row->effective_from;
    job->created_at = row->created_at;
    job->updated_at = row->updated_at;
    if (!row_read(job, row, context, known, &e)) {
        trigger_free(job->trigger);
        job->trigger = NULL;
        job_set_text(&job->quarantine,
                     str_of(e.message[0] ? e.message : "the stored job cannot be read"));
    }
    if (!job->args.p)
        job_set_text(&job->args, STR_LIT("[]"));
    return job;
}

// What the job's texts mean, as far as that is known.
static void known_take(struct job *job, const struct job_known *known)
{
    if (known->trigger)
        job->trigger = trigger_share(known->trigger);
    if (!known->spec)
        return;
    spec_copy(job, known->spec);
    job_set_text(&job->target, known->target);
}

static bool row_read(struct job *job, const struct job_row *row,
                     const struct trigger_context *context, const struct job_known *known,
                     struct err *e)
{
    if (row->state < JOB_ENABLED || row->state > JOB_DELETED)
        return fail(e, ERR_STORE, "state", "the stored state %d is not known to this version",
                    row->state);
    if (row->kind < JOB_FOLDER || row->kind > JOB_HEARTBEAT)
        return fail(e, ERR_STORE, "kind", "the stored kind %d is not known to this version",
                    row->kind);
    job->kind = (enum job_kind)row->kind;
    if (!job_name_check(row->name, e))
        return false;
    known_take(job, known);
    if ((!known->spec && !spec_read(job, row->spec, e)) ||
        (!known->trigger && !trigger_read(job, row->trigger, context, e)))
        return false;
    if (job->state == JOB_PAUSED && !job->pause) // from before pauses had words
        job->pause = pause_new(PAUSE_JOB, (struct str){0}, (struct str){0}, STR_LIT("api"),
                               row->updated_at, WALL_NEVER);
    return true;
}

// What the stored spec says itself takes the place of the presets.
static void policies_take(struct job *job, const struct spec *spec, uint64_t given)
{
#define X(member, ctype, ...)                             \
    if (given >> SPEC_##member & 1) {                     \
        job->member = (ctype)spec->member;                \
        job->preset &= ~(UINT64_C(1) << POLICY_##member); \
    }
#include "job/job_policy.def"
#undef X
    if (spec->retries)
        job->preset &= ~(UINT64_C(1) << POLICY_retries);
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

// A list of texts, as a canonical JSON text owned by the job; numbers and the like become texts.
void job_set_args(struct job *job, const json_t *list)
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
    job_set_text(&job->args, str_of(dump));
    free(dump);
    json_decref(texts);
}

void job_set_options(struct job *job, const json_t *options)
{
    char *dump = json_dumps(options, JSON_COMPACT);

    assert(dump);
    job_set_text(&job->options, json_object_size(options) > 0 ? str_of(dump) : (struct str){0});
    free(dump);
}

// Members that this version does not know would be lost, or not be obeyed.
static bool options_take(struct job *job, const json_t *options, struct err *e)
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
        job_set_options(job, options);
    return true;
}

static bool needs_take(struct job *job, const struct spec *spec, struct model_issues *issues,
                       struct err *e)
{
    struct throttle throttle = {0};
    json_t *pools = NULL;

    if (spec->rate.len > 0 && !throttle_parse(spec->rate, "rate", &throttle, e))
        return false;
    if (spec->pools && !(pools = needs_read(spec->pools, STR_LIT("\"pools\""), issues)))
        return fail(e, ERR_STORE, "spec", "the stored spec has pools that cannot be read");
    job->needs = needs_new(pools, &throttle);
    json_decref(pools);
    return true;
}

// What people say about a job: description, tags, where it runs, what is not wanted for now.
static bool words_take(struct job *job, const struct spec *spec, struct model_issues *issues,
                       struct err *e)
{
    if (spec->description.len > 0)
        job_set_text(&job->description, spec->description);
    if (spec->tags && !tags_read(spec->tags, issues, &job->tags))
        return fail(e, ERR_STORE, "spec", "the stored spec has tags that cannot be read");
    if (spec->nodes && !nodes_read(spec->nodes, issues, &job->nodes))
        return fail(e, ERR_STORE, "spec", "the stored spec has nodes that cannot be read");
    if (spec->depends_on &&
        !depends_read(spec->depends_on, STR_LIT("\"depends_on\""), issues, &job->depends))
        return fail(e, ERR_STORE, "spec", "the stored spec has a depends_on that cannot be read");
    return (!spec->pause ||
            pause_decode(spec->pause, PAUSE_JOB, (struct str){0}, &job->pause, e)) &&
           (!spec->skip || pause_decode(spec->skip, PAUSE_SLOTS, (struct str){0}, &job->skip, e));
}

void job_set_notify(struct job *job, const json_t *list)
{
    char *dump = list ? json_dumps(list, JSON_COMPACT) : NULL;

    free((void *)job->notify.p);
    job->notify = str_of(dump);
}

static bool spec_read(struct job *job, struct str text, struct err *e)
{
    struct arena *arena;
    struct model_issues *issues;
    struct spec spec;
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
          retries_read(spec.retries, STR_LIT("\"retries\""), issues, &job->retries));
    if (ok) {
        job_set_text(&job->target, spec.target);
        if (spec.args)
            job_set_args(job, spec.args);
        job_set_notify(job, spec.notify);
        policies_take(job, &spec, given);
        ok = options_take(job, spec.options, e) && words_take(job, &spec, issues, e) &&
             needs_take(job, &spec, issues, e);
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

// What the job does not say itself is not stored: the preset may be another one next time.
static void presets_drop(const struct job *job, json_t *spec)
{
#define X(member, ...)                      \
    if (job->preset >> POLICY_##member & 1) \
        (void)json_object_del(spec, #member);
#include "job/job_policy.def"
#undef X
    if (job->preset >> POLICY_retries & 1)
        (void)json_object_del(spec, "retries");
}

static struct str spec_text(const struct job *job, struct arena *arena)
{
    json_error_t error;
    struct str retries = job->retries ? job->retries->text : STR_LIT("0");
    json_t *args = json_loadb(job->args.p, job->args.len, 0, &error), *value;
    json_t *kept = json_loadb(retries.p, retries.len, JSON_DECODE_ANY, &error);
    json_t *options =
        job->options.len > 0 ? json_loadb(job->options.p, job->options.len, 0, &error) : NULL;
    json_t *tags = tags_encode(job->tags), *nodes = tags_encode(job->nodes);
    json_t *pause = pause_encode(job->pause);
    json_t *asked = pause_encode(job->skip), *depends = depends_encode(job->depends);
    json_t *notify = job->notify.p ? json_loadb(job->notify.p, job->notify.len, 0, &error) : NULL;
    json_t *pools = needs_pools(job->needs);
    struct buf rate;

    buf_init(&rate, 100);
    if (job->needs && job->needs->throttle.count > 0)
        throttle_write(&job->needs->throttle, &rate);
    struct spec spec = {
        .target = job->target,
        .args = args,
        .options = options,
        .description = job->description.len > 0 ? job->description : (struct str){0},
        .tags = tags,
        .nodes = nodes,
        .pause = pause,
        .skip = asked,
        .depends_on = depends,
        .notify = notify,
        .retries = kept,
        .pools = pools,
        .rate = rate.len > 0 ? buf_str(&rate) : (struct str){0},
#define X(member, ...) .member = job->member,
#include "job/job_policy.def"
#undef X
    };
    struct str text;
    char *dump;

    assert(args);
    value = model_encode(&spec_model, &spec);
    presets_drop(job, value);
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

struct job *job_new(struct str name)
{
    struct job *job = mem_alloc(sizeof *job);

    job_set_text(&job->name, name);
    job_set_text(&job->args, STR_LIT("[]"));
    job->preset = UINT64_MAX;
    job_set_presets(job, &job_presets_built_in);
    return job;
}

static void text_copy(struct str *field, struct str s)
{
    *field = (struct str){0};
    if (s.p)
        job_set_text(field, s);
}

// Everything that the spec says.
static void spec_copy(struct job *job, const struct job *from)
{
    text_copy(&job->target, from->target);
    text_copy(&job->args, from->args);
    text_copy(&job->options, from->options);
    text_copy(&job->description, from->description);
    text_copy(&job->tags, from->tags);
    text_copy(&job->nodes, from->nodes);
    text_copy(&job->notify, from->notify);
    job->pause = pause_copy(from->pause);
    job->skip = pause_copy(from->skip);
    job->depends = depends_copy(from->depends);
    job->retries = retries_copy(from->retries);
    job->needs = needs_copy(from->needs);
    job->preset = from->preset;
#define X(member, ...) job->member = from->member;
#include "job/job_policy.def"
#undef X
}

struct job *job_copy(const struct job *job, const struct trigger_context *context)
{
    struct job *copy = mem_alloc(sizeof *copy);
    struct buf text;
    struct err e = {0};

    *copy = *job;
    copy->trigger = NULL;
    spec_copy(copy, job);
    text_copy(&copy->name, job->name);
    text_copy(&copy->quarantine, job->quarantine);
    if (!job->trigger || !context)
        return copy;
    buf_init(&text, ROW_TEXT_MAX);
    trigger_write(job->trigger, &text);
    if (!trigger_read(copy, buf_str(&text), context, &e))
        job_set_text(&copy->quarantine, str_of(e.message)); // its zone file has gone
    buf_done(&text);
    return copy;
}

// Most jobs have no arguments: they need no memory for that.
static const char args_none[] = "[]";

static void text_free(struct str s)
{
    if (s.p != args_none)
        free((void *)s.p);
}

void job_set_text(struct str *field, struct str s)
{
    const char *copy = str_eq(s, str_of(args_none)) ? args_none : str_own(s);

    text_free(*field);
    *field = (struct str){copy, s.len};
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
    retries_free(job->retries);
    needs_free(job->needs);
    text_free(job->name);
    text_free(job->target);
    text_free(job->args);
    text_free(job->options);
    text_free(job->description);
    text_free(job->tags);
    text_free(job->nodes);
    text_free(job->notify);
    text_free(job->quarantine);
    pause_free(job->pause);
    pause_free(job->skip);
    free(job->depends);
    free(job);
}

void job_set_presets(struct job *job, const struct job_presets *presets)
{
#define X(member, ...)                      \
    if (job->preset >> POLICY_##member & 1) \
        job->member = presets->member;
#include "job/job_policy.def"
#undef X
    if (job->preset >> POLICY_retries & 1) {
        retries_free(job->retries);
        job->retries = retries_copy(presets->retries);
    }
}

const char *job_idle_words(const struct job *job, wall next_at)
{
    if (job->quarantine.len > 0 || !job->trigger)
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
    return job->overlap == OVERLAP_ALLOW && job->max_instances == 1 ? INT32_MAX
                                                                    : job->max_instances;
}

wall job_deadline(const struct job *job, wall from)
{
    return job->timeout_total_us > 0 ? (wall){from.us + job->timeout_total_us} : WALL_NEVER;
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
    int64_t most = job->coalesce == COALESCE_SKIP ? GRACE_SKIP_US : GRACE_MAX_US;

    if (job->misfire_grace_us == JOB_GRACE_NONE)
        return INT64_MAX;
    if (job->misfire_grace_us != JOB_GRACE_DEFAULT)
        return job->misfire_grace_us;
    if (job->coalesce == COALESCE_ALL || job->coalesce == COALESCE_FIRST)
        return INT64_MAX;
    if (is_single(job))
        return job->coalesce == COALESCE_SKIP ? most : INT64_MAX;
    return next.us != WALL_NEVER.us && next.us - slot.us < most ? next.us - slot.us : most;
}

int64_t job_window_us(const struct job *job)
{
    if (job->misfire_window_us == JOB_WINDOW_NONE || is_single(job))
        return INT64_MAX;
    if (job->misfire_window_us != JOB_WINDOW_DEFAULT)
        return job->misfire_window_us;
    return job->coalesce == COALESCE_ALL || job->coalesce == COALESCE_FIRST ? DAY_US : INT64_MAX;
}
