// job_read.c - carries a request out on a job: target, schedule, arguments, policies.
// SPDX-License-Identifier: Apache-2.0
#include "job/job_read.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/rand.h"
#include "job/folder.h"
#include "job/merge.h"
#include "job/notify.h"
#include "job/misfire.h"
#include "job/tags.h"
#include "job/trigger_schema.h"
#include "time/duration.h"
#include "trigger/fields.h"

static const struct model_field form_fields[] = {
#define X(member, ctype, mtype, ...) \
    {.name = #member, .type = mtype, .offset = offsetof(struct job_form, member), __VA_ARGS__},
#include "job/job_form.def"
#undef X
};

const struct model job_post_model = {
    .name = "JobCreate",
    .doc = "The classic form {job_id, from_file, type, args}, in which unknown members are ignored "
           "with a "
           "warning, or the rich "
           "form {job_id, trigger, ...}, in which they are refused.",
    .example = "{\"job_id\":\"hello_c\",\"from_file\":true}",
    .fields = form_fields,
    .count = MODEL_COUNT(form_fields),
    .use = FORM_POST,
    .size = sizeof(struct job_form),
    .extra = MODEL_EXTRA_WARN,
    .strict_with = "trigger",
};

const struct model job_put_model = {
    .name = "JobPut",
    .doc = "A whole job: what is left out gets its preset.",
    .example = "{\"folder\":\"hello_c\",\"args\":[],\"trigger\":{\"type\":\"cron\","
               "\"expr\":\"30 2 * * mon-fri\",\"timezone\":\"Europe/Berlin\"}}",
    .fields = form_fields,
    .count = MODEL_COUNT(form_fields),
    .use = FORM_PUT,
    .size = sizeof(struct job_form),
    .extra = MODEL_EXTRA_FORBID,
};

const struct model job_patch_model = {
    .name = "JobPatch",
    .doc = "Changes (RFC 7396): what is left out stays, also inside of objects, null gives the "
           "preset. from_file, type or an args "
           "object replace the whole schedule, as a POST would make it; a trigger without type is "
           "merged into the present one (expr into one that has such a text, or is cron; others "
           "it replaces); an interval of another length starts anew unless start_date is given.",
    .example = "{\"trigger\":{\"type\":\"interval\",\"minutes\":10}}",
    .fields = form_fields,
    .count = MODEL_COUNT(form_fields),
    .use = FORM_PATCH,
    .size = sizeof(struct job_form),
    .extra = MODEL_EXTRA_FORBID,
    .null_counts = true,
};

struct reading {
    const struct job_form *form;
    uint64_t given;
    const struct job_reading *in;
    struct job *job;
    struct err *e;
    bool is_change; // of a job that is there: what is left out stays
};

static bool target_set(struct reading *r);
static bool options_set(struct reading *r);
static bool schedule_set(struct reading *r);
static bool schedule_from_trigger(struct reading *r);
static bool schedule_from_form(struct reading *r);
static bool schedule_manual(struct reading *r);
static bool schedule_from_file(struct reading *r);
static bool words_set(struct reading *r);
static bool policies_set(struct reading *r);

static bool is_given(const struct reading *r, enum job_form_field field)
{
    return r->given >> field & 1;
}

bool job_read(const struct job_form *form, uint64_t given, const struct job_reading *in,
              struct job *job, struct err *e)
{
    struct reading r = {form, given, in, job, e, job->trigger != NULL};
    const uint64_t one = 1;

    // null has no meaning of its own here, unlike for policies, whose preset it gives
    if (!form->args)
        r.given &= ~(one << FORM_args);
    if (form->type == SCHEDULE_UNKNOWN)
        r.given &= ~(one << FORM_type);
    if (!form->folder.p)
        r.given &= ~(one << FORM_folder);
    if (!form->certificate)
        r.given &= ~(one << FORM_certificate);
    if (!form->heartbeat)
        r.given &= ~(one << FORM_heartbeat);
    if (!form->command)
        r.given &= ~(one << FORM_command);
    if (!form->http)
        r.given &= ~(one << FORM_http);
    e->code = ERR_NONE;
    if (!target_set(&r) || !options_set(&r) || !schedule_set(&r))
        return false;
    if (is_given(&r, FORM_args) && json_is_array(form->args))
        job_spec_set_args(job_edit(job), form->args);
    return words_set(&r) && policies_set(&r) && misfire_check(job, in->issues);
}

// --- what to run
// --------------------------------------------------------------------------------------------------

static bool has_folder(const char *jobs_dir, struct str name)
{
    char path[4352];
    struct stat st;
    int n = snprintf(path, sizeof path, "%s/%.*s", jobs_dir, STR(name));

    return n > 0 && (size_t)n < sizeof path && stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

// A text as it is, an object as its JSON; whoever carries it out knows what may be in it.
static bool certificate_set(struct reading *r)
{
    const json_t *given = r->form->certificate;
    struct model_issues *issues = r->in->issues;
    char *text;

    if (!json_is_string(given) && !json_is_object(given))
        return model_complain(issues, "value_error", STR_LIT("\"body\",\"certificate\""), given, "",
                              "Value error, a certificate is HOST[:PORT] or an object");
    r->job->kind = JOB_CERTIFICATE;
    if (json_is_string(given)) {
        job_set_target(r->job, (struct str){json_string_value(given), json_string_length(given)});
        return true;
    }
    text = json_dumps(given, JSON_COMPACT);
    job_set_target(r->job, str_of(text));
    free(text);
    return true;
}

static bool heartbeat_complain(const struct reading *r, const char *what)
{
    return model_complain(r->in->issues, "value_error", STR_LIT("\"body\",\"heartbeat\""),
                          r->form->heartbeat, "", "Value error, %s", what);
}

// How late a ping may come. It is the grace of the job.
static bool ping_grace_set(struct reading *r, const json_t *grace)
{
    struct str text = {json_string_value(grace), json_string_length(grace)};
    struct err why;
    int64_t us = 0;

    if (!grace || json_is_null(grace))
        return true;
    if (json_is_integer(grace) && json_integer_value(grace) < INT32_MAX)
        us = json_integer_value(grace) * SECOND_US;
    else if (!json_is_string(grace) || !duration_parse(text, "heartbeat", &us, &why))
        return heartbeat_complain(r, "the grace of pings is a duration such as \"5m\", or seconds");
    if (us < SECOND_US)
        return heartbeat_complain(r, "the grace of pings is a second at least");
    struct job_spec *spec = job_edit(r->job);

    spec->misfire_grace_us = us;
    spec->preset &= ~(UINT64_C(1) << POLICY_misfire_grace_us);
    return true;
}

// A key nobody can guess: whoever has it may ping.
static void ping_key_make(struct job *job)
{
    uint8_t bytes[JOB_PING_KEY_SIZE / 2];
    char key[JOB_PING_KEY_SIZE + 1];

    rand_bytes(bytes, sizeof bytes);
    for (size_t i = 0; i < sizeof bytes; i++)
        snprintf(key + 2 * i, 3, "%02x", bytes[i]);
    job_set_target(job, (struct str){key, JOB_PING_KEY_SIZE});
}

static bool ping_key_set(struct reading *r, const json_t *given)
{
    struct str key = {json_string_value(given), json_string_length(given)};

    for (size_t i = 0; i < key.len; i++)
        if (!strchr("0123456789abcdef", key.p[i]))
            key.len = 0;
    if (key.len != JOB_PING_KEY_SIZE)
        return heartbeat_complain(r, "a key is 32 hexadecimal digits that belfry has made");
    job_set_target(r->job, key);
    return true;
}

static bool heartbeat_set(struct reading *r)
{
    const json_t *given = r->form->heartbeat;
    const json_t *key = json_object_get(given, "key");

    if (r->job->kind != JOB_HEARTBEAT || r->job->target.len != JOB_PING_KEY_SIZE)
        ping_key_make(r->job);
    r->job->kind = JOB_HEARTBEAT;
    if (key && !ping_key_set(r, key))
        return false;
    return ping_grace_set(r, json_is_object(given) ? json_object_get(given, "grace") : given);
}

static bool folder_set(struct reading *r)
{
    struct str name =
        r->job->target.len > 0 && r->job->kind == JOB_FOLDER ? r->job->target : r->job->name;
    enum folder_entry entry;
    struct err why = {0};

    if (is_given(r, FORM_folder))
        name = r->form->folder;
    if (!folder_find(r->in->jobs_dir, name, &entry, &why)) {
        if (!has_folder(r->in->jobs_dir, name))
            return fail(r->e, ERR_FOLDER, is_given(r, FORM_folder) ? "folder" : "job_id",
                        "there is no job folder \"%.*s\" in the jobs directory", STR(name));
        (void)fail(r->e, ERR_SCHEDULE, "folder", "%s", why.message);
        return fail_hint(r->e, "%s", why.hint);
    }
    r->job->kind = JOB_FOLDER;
    if (!str_eq(r->job->target, name))
        job_set_target(r->job, name);
    return true;
}

// Complains when a request names more than one thing to carry out.
static bool target_is_one(struct reading *r)
{
    static const struct {
        enum job_form_field field;
        const char *loc;
    } kinds[] = {{FORM_command, "\"body\",\"command\""},
                 {FORM_http, "\"body\",\"http\""},
                 {FORM_certificate, "\"body\",\"certificate\""},
                 {FORM_heartbeat, "\"body\",\"heartbeat\""},
                 {FORM_folder, "\"body\",\"folder\""}};
    const char *first = NULL;

    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (!is_given(r, kinds[i].field))
            continue;
        if (first)
            return model_complain(r->in->issues, "value_error", str_of(first), NULL, "",
                                  "Value error, a job has one of folder, certificate, command and "
                                  "http, not several");
        first = kinds[i].loc;
    }
    return true;
}

static bool target_set(struct reading *r)
{
    if (!target_is_one(r))
        return false;
    if (is_given(r, FORM_certificate))
        return certificate_set(r);
    if (is_given(r, FORM_heartbeat))
        return heartbeat_set(r);
    if (is_given(r, FORM_command)) {
        r->job->kind = JOB_COMMAND;
        job_set_target(r->job, options_command_words(r->form->command, r->in->issues->arena));
        return true;
    }
    if (is_given(r, FORM_http)) {
        const json_t *url = json_object_get(r->form->http, "url");

        if (url || r->job->kind != JOB_HTTP)
            job_set_target(r->job, (struct str){json_string_value(url), json_string_length(url)});
        r->job->kind = JOB_HTTP;
        return true;
    }
    if (r->job->kind != JOB_FOLDER && !is_given(r, FORM_folder))
        return true;
    return folder_set(r);
}

// Members of the request that are options laid over those the job has, also inside of limits, env
// and http; null takes one away, and so does another kind of job with what made it the kind it was.
static json_t *options_meant(struct reading *r)
{
    const struct job *job = r->job;
    json_t *meant = job->spec->options.len > 0
                        ? json_loadb(job->spec->options.p, job->spec->options.len, 0, NULL)
                        : NULL;

    if (!meant)
        meant = json_object();
    for (size_t i = 0; i < job_options_model.count; i++) {
        const char *name = job_options_model.fields[i].name;
        json_t *value = json_object_get(r->in->body, name);

        if (json_is_null(value))
            (void)json_object_del(meant, name);
        else if (value && r->is_change)
            (void)json_object_set_new(meant, name, merge_over(json_object_get(meant, name), value));
        else if (value)
            (void)json_object_set(meant, name, value);
    }
    if (job->kind != JOB_COMMAND) {
        (void)json_object_del(meant, "command");
        (void)json_object_del(meant, "shell");
    }
    if (job->kind != JOB_HTTP)
        (void)json_object_del(meant, "http");
    return meant;
}

static bool options_set(struct reading *r)
{
    json_t *meant = options_meant(r);
    struct job_options options;
    bool ok = json_object_size(meant) == 0 ||
              options_read(meant, r->job->kind, r->in->issues, &options, NULL);

    if (ok)
        job_spec_set_options(job_edit(r->job), meant);
    json_decref(meant);
    return ok;
}

// --- when to run it
// -----------------------------------------------------------------------------------------------

static bool schedule_set(struct reading *r)
{
    const json_t *args =
        is_given(r, FORM_args) && json_is_object(r->form->args) ? r->form->args : NULL;
    bool has_form = is_given(r, FORM_from_file) || is_given(r, FORM_type) || args;
    bool is_new = !r->job->trigger;
    bool is_both = is_new ? is_given(r, FORM_type) || args : has_form; // clients fill in from_file

    if (is_given(r, FORM_trigger) && is_both)
        return model_complain(
            r->in->issues, "value_error", STR_LIT("\"body\",\"trigger\""), NULL, "",
            "Value error, give either trigger or from_file, type and args, not both");
    if (is_given(r, FORM_trigger))
        return schedule_from_trigger(r);
    if (!has_form && !is_new)
        return true;
    if (!has_form && is_given(r, FORM_depends_on) && r->form->depends_on)
        return schedule_manual(r);
    if (is_new && !is_given(r, FORM_from_file) && !is_given(r, FORM_type) && !args &&
        (r->job->kind == JOB_COMMAND || r->job->kind == JOB_HTTP))
        return model_complain(r->in->issues, "missing", STR_LIT("\"body\",\"trigger\""), NULL, "",
                              "Field required");
    if (args && !is_new && !is_given(r, FORM_from_file) && !is_given(r, FORM_type) &&
        json_object_size(args) == 1 && json_is_array(json_object_get(args, "args"))) { // only the
                                                                                       // job's own
                                                                                       // arguments
        job_spec_set_args(job_edit(r->job), json_object_get(args, "args"));
        return true;
    }
    // S1's preset is from_file=true; in a change, args speak for themselves.
    if (is_given(r, FORM_from_file) ? !r->form->from_file : args && !is_new)
        return schedule_from_form(r);
    return schedule_from_file(r);
}

static bool spec_compile(const struct reading *r, const json_t *spec, struct trigger **ret_trigger,
                         struct err *e)
{
    struct trigger_context context = r->in->context;

    context.job_id = r->job->name;
    return trigger_parse(spec, &context, ret_trigger, e);
}

static void trigger_replace(struct reading *r, struct trigger *trigger)
{
    trigger_free(r->job->trigger);
    r->job->trigger = trigger;
}

// A schedule that has no slot from now on; a date is due however long ago it was, and what follows
// events has its slots from them.
static bool future_check(struct reading *r, const struct trigger *trigger)
{
    if (trigger_is_once(trigger) || trigger_is_relative(trigger) ||
        trigger_next(trigger, r->in->context.now).us != WALL_NEVER.us)
        return true;
    (void)fail(r->e, ERR_SCHEDULE, "trigger", "the schedule never fires again");
    return fail_hint(r->e, "its last moment lies in the past; look at year, end_date and max_runs");
}

// Whether a change gives an interval another length without saying where it starts. It then starts
// anew: the old start may be a day away, and would keep a shorter interval waiting for it.
static bool is_new_length(const struct trigger *present, const json_t *change)
{
    static const char *const units[] = {"weeks", "days", "hours", "minutes", "seconds"};

    if (trigger_kind(present) != TRIGGER_INTERVAL || json_object_get(change, "start_date"))
        return false;
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        if (json_object_get(change, units[i]))
            return true;
    return false;
}

// The spec of the present trigger; end it with json_decref.
static json_t *spec_of(const struct trigger *present)
{
    struct buf text;
    json_error_t error;
    json_t *spec;

    buf_init(&text, 1 << 20);
    trigger_write(present, &text);
    spec = json_loadb(text.p, text.len, 0, &error);
    buf_done(&text);
    return spec;
}

// Whether a change is one of the schedule in spec: it names no type, and a text only where there is
// one, or cron's fields, which it then replaces.
static bool is_change_of(const json_t *spec, const json_t *change)
{
    const char *type = json_string_value(json_object_get(spec, "type"));

    return !json_object_get(change, "type") &&
           (!json_object_get(change, "expr") || json_object_get(spec, "expr") ||
            strcmp(type, "cron") == 0);
}

// Takes out what the members of change stand in the place of.
static void spec_make_room(json_t *spec, const struct trigger *present, const json_t *change)
{
    for (int i = 0; i < FIELD_COUNT && json_is_string(json_object_get(change, "expr")); i++)
        (void)json_object_del(spec, field_names[i]);
    if (json_object_get(change, "run_dates"))
        (void)json_object_del(spec, "run_date");
    if (json_object_get(change, "run_date"))
        (void)json_object_del(spec, "run_dates");
    if (is_new_length(present, change))
        (void)json_object_del(spec, "start_date");
}

// spec, that of the present trigger, with the members of change laid over it; null takes a member
// away.
static void spec_merge(json_t *spec, const struct trigger *present, const json_t *change)
{
    json_t *value;
    const char *key;

    spec_make_room(spec, present, change);
    json_object_foreach((json_t *)change, key, value)
    {
        if (json_is_null(value))
            (void)json_object_del(spec, key);
        else
            (void)json_object_set(spec, key, value);
    }
    // A new text may bring its zone, and is then not to be held against the one before.
    if (json_object_get(change, "expr") && !json_object_get(change, "timezone") &&
        trigger_spec_has_zone(spec))
        (void)json_object_del(spec, "timezone");
}

// What a form's trigger means for the job: a change of the present schedule, or one of its own. End
// it with json_decref.
static json_t *spec_meant(const struct job *job, const json_t *given)
{
    json_t *spec = job->trigger ? spec_of(job->trigger) : NULL;

    if (spec && is_change_of(spec, given)) {
        spec_merge(spec, job->trigger, given);
        return spec;
    }
    json_decref(spec);
    return json_incref((json_t *)given);
}

static bool schedule_from_trigger(struct reading *r)
{
    const json_t *given = r->form->trigger;
    struct model_issues *issues = r->in->issues;
    struct trigger *trigger = NULL;
    const json_t *input;
    struct err why = {0};
    struct str loc;
    json_t *spec = spec_meant(r->job, given);
    bool ok;

    ok = spec_compile(r, spec, &trigger, &why) && future_check(r, trigger);
    if (ok) {
        trigger_replace(r, trigger);
    } else if (trigger || why.code == ERR_SCHEDULE) { // understood, but it never fires
        trigger_free(trigger);
        if (why.code == ERR_SCHEDULE)
            *r->e = why;
    } else {
        loc = model_loc(issues->arena, STR_LIT("\"body\""), STR_LIT("trigger"));
        input = spec;
        if (why.field[0] && strcmp(why.field, "trigger") != 0)
            loc = model_loc_path(issues->arena, loc, str_of(why.field), &input);
        (void)model_complain_err(issues, loc, input, &why);
    }
    json_decref(spec);
    return ok;
}

static bool spec_use(struct reading *r, const json_t *spec)
{
    struct trigger *trigger;

    if (!spec_compile(r, spec, &trigger, r->e))
        return false;
    if (!future_check(r, trigger)) {
        trigger_free(trigger);
        return false;
    }
    trigger_replace(r, trigger);
    return true;
}

// What follows other jobs needs no schedule.
static bool schedule_manual(struct reading *r)
{
    json_t *spec = json_pack("{s:s}", "type", "manual");
    bool ok = spec_use(r, spec);

    json_decref(spec);
    return ok;
}

static enum schedule_type type_of(const struct reading *r)
{
    if (is_given(r, FORM_type))
        return (enum schedule_type)r->form->type;
    if (!r->job->trigger)
        return SCHEDULE_CRON;
    return trigger_kind(r->job->trigger) == TRIGGER_DATE       ? SCHEDULE_DATE
           : trigger_kind(r->job->trigger) == TRIGGER_INTERVAL ? SCHEDULE_INTERVAL
                                                               : SCHEDULE_CRON;
}

static bool schedule_from_form(struct reading *r)
{
    const json_t *values =
        is_given(r, FORM_args) && json_is_object(r->form->args) ? r->form->args : NULL;
    const json_t *args = NULL;
    json_t *spec = schedule_from_args(type_of(r), values, STR_LIT("\"body\",\"args\""),
                                      r->in->context.now, r->in->issues, &args);
    bool ok = spec && spec_use(r, spec);

    if (ok && args)
        job_spec_set_args(job_edit(r->job), args);
    json_decref(spec);
    return ok;
}

static bool schedule_from_file(struct reading *r)
{
    const json_t *values =
        is_given(r, FORM_args) && json_is_object(r->form->args) ? r->form->args : NULL;
    struct schedule_file file = {0};
    struct str folder = r->job->kind == JOB_FOLDER ? r->job->target : r->job->name;
    struct buf text;
    bool ok;

    buf_init(&text, SCHEDULE_FILE_MAX);
    ok = schedule_file_read(r->in->jobs_dir, folder, &text, r->e);
    if (!ok && r->e->code != ERR_FOLDER && r->e->code != ERR_SCHEDULE_FILE)
        r->e->code = ERR_SCHEDULE; // too large, not readable
    ok = ok && schedule_file_parse(buf_str(&text),
                                   is_given(r, FORM_type) ? (enum schedule_type)r->form->type
                                                          : SCHEDULE_UNKNOWN,
                                   r->in->context.now, r->in->issues, &file, r->e);
    if (ok) {
        ok = spec_use(r, file.spec);
        if (!ok)
            schedule_file_locate(&file, r->e);
    }
    if (ok && values && json_is_array(json_object_get(values, "args")))
        job_spec_set_args(job_edit(r->job), json_object_get(values, "args"));
    if (ok && json_object_size(values) > (json_object_get(values, "args") ? 1 : 0))
        model_warn(r->in->issues,
                   "the schedule is that of .schedule: args counts with from_file=false");
    schedule_file_done(&file);
    buf_done(&text);
    return ok;
}

// --- how
// ----------------------------------------------------------------------------------------------------------

static bool depends_set(struct reading *r)
{
    struct depends *depends = NULL;

    if (!depends_read(r->form->depends_on, STR_LIT("\"body\",\"depends_on\""), r->in->issues,
                      &depends))
        return false;
    depends_keep(r->job->depends, depends);
    free(r->job->depends);
    r->job->depends = depends;
    return true;
}

typedef bool list_read(const json_t *list, struct model_issues *issues, struct str *ret_words);

// Tags, or nodes.
static bool list_set(struct reading *r, const json_t *list, list_read *read, struct str *field)
{
    struct str words = {0};

    if (list && !read(list, r->in->issues, &words))
        return false;
    free((void *)field->p);
    *field = words;
    return true;
}

static bool words_set(struct reading *r)
{
    struct job_spec *spec = job_edit(r->job);

    if (is_given(r, FORM_description))
        job_spec_set_text(&spec->description, r->form->description);
    if (is_given(r, FORM_depends_on) && !depends_set(r))
        return false;
    if (is_given(r, FORM_tags) && !list_set(r, r->form->tags, tags_read, &spec->tags))
        return false;
    return !is_given(r, FORM_nodes) || list_set(r, r->form->nodes, nodes_read, &spec->nodes);
}

static bool is_null(const struct reading *r, const char *name)
{
    return r->in->body && json_is_null(json_object_get(r->in->body, name));
}

static const struct job_presets *presets_of(const struct reading *r)
{
    return r->in->presets ? r->in->presets : &job_presets_built_in;
}

static bool misfire_set(struct reading *r)
{
    return misfire_read(r->form->misfire, presets_of(r), is_given(r, FORM_misfire_grace),
                        is_given(r, FORM_coalesce), r->job, r->in->issues);
}

// A policy that the job says itself from now on, or (null) does not any more.
#define TAKE(member, to)                                                           \
    if (is_given(r, FORM_##member)) {                                              \
        bool is_preset = is_null(r, #member);                                      \
                                                                                   \
        spec->to = is_preset ? presets_of(r)->to : (typeof(spec->to))form->member; \
        spec->preset &= ~(UINT64_C(1) << POLICY_##to);                             \
        spec->preset |= (uint64_t)is_preset << POLICY_##to;                        \
    }

static bool notify_set(struct reading *r)
{
    const json_t *list = is_null(r, "notify") ? NULL : r->form->notify, *value = list;
    struct str loc = model_loc(r->in->issues->arena, STR_LIT("\"body\""), STR_LIT("notify"));
    struct notify notify;
    struct err why = {0};

    if (list && !notify_read(list, &notify, &why)) {
        if (why.field[0])
            loc = model_loc_path(r->in->issues->arena, loc, str_of(why.field), &value);
        return model_complain_err(r->in->issues, loc, value, &why);
    }
    job_spec_set_notify(job_edit(r->job), list);
    return true;
}

// A change is laid over the retries that are in force. End it with json_decref.
static json_t *retries_meant(const struct reading *r)
{
    const struct retries *present = r->is_change ? r->job->spec->retries : NULL;
    const json_t *given = r->form->retries;
    const char *backoff = json_string_value(json_object_get(given, "backoff"));
    json_t *base, *meant;

    if (!present || !given)
        return json_incref((json_t *)given);
    base = json_loadb(present->text.p, present->text.len, 0, NULL);
    if (backoff && strcmp(backoff, "list") != 0)
        (void)json_object_del(base, "delays");
    meant = merge_over(base, given);
    json_decref(base);
    return meant;
}

static bool retries_set(struct reading *r)
{
    struct job_spec *spec = job_edit(r->job);
    struct retries *retries = NULL;
    json_t *meant = retries_meant(r);
    bool ok =
        !meant || retries_read(meant, STR_LIT("\"body\",\"retries\""), r->in->issues, &retries);

    json_decref(meant);
    if (!ok)
        return false;
    retries_free(spec->retries);
    spec->preset &= ~(UINT64_C(1) << POLICY_retries);
    if (is_null(r, "retries")) {
        retries = retries_copy(presets_of(r)->retries);
        spec->preset |= UINT64_C(1) << POLICY_retries;
    }
    spec->retries = retries;
    return true;
}

// What a form does not say of pools and rate stays.
static bool needs_set(struct reading *r)
{
    struct job_spec *spec = job_edit(r->job);
    struct throttle throttle = {0};
    struct model_issues *issues = r->in->issues;
    json_t *pools = NULL;
    struct err why = {0};

    if (!is_given(r, FORM_rate) && spec->needs)
        throttle = spec->needs->throttle;
    if (r->form->rate.len > 0 && !throttle_parse(r->form->rate, "rate", &throttle, &why))
        return model_complain_err(issues, STR_LIT("\"body\",\"rate\""), NULL, &why);
    if (!is_given(r, FORM_pools))
        pools = needs_pools(spec->needs);
    else if (r->form->pools && !json_is_null(r->form->pools) &&
             !(pools = needs_read(r->form->pools, STR_LIT("\"body\",\"pools\""), issues)))
        return false;
    needs_free(spec->needs);
    spec->needs = needs_new(pools, &throttle);
    json_decref(pools);
    return true;
}

static bool policies_set(struct reading *r)
{
    const struct job_form *form = r->form;
    struct job_spec *spec = job_edit(r->job);

    TAKE(misfire_grace, misfire_grace_us)
    TAKE(coalesce, coalesce)
    TAKE(max_instances, max_instances)
    TAKE(pause_after_failures, pause_after_failures)
    TAKE(timeout, timeout_us)
    TAKE(keep, keep)
    TAKE(overlap, overlap)
    TAKE(queue_max, queue_max)
    TAKE(priority, priority)
    TAKE(timeout_total, timeout_total_us)
    TAKE(kill_grace, kill_grace_us)
    TAKE(on_lost, on_lost)
    if (is_given(r, FORM_retries) && !retries_set(r))
        return false;
    if ((is_given(r, FORM_pools) || is_given(r, FORM_rate)) && !needs_set(r))
        return false;
    if (is_given(r, FORM_misfire) && !misfire_set(r))
        return false;
    if (is_given(r, FORM_notify) && !notify_set(r))
        return false;
    if (is_given(r, FORM_paused))
        job_set_paused(r->job, form->paused, r->in->context.now);
    return true;
}

bool job_read_policies(const struct job_form *form, uint64_t given, const struct job_reading *in,
                       struct job *job)
{
    struct reading r = {form, given, in, job, NULL, false};

    return policies_set(&r);
}
