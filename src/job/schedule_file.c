// schedule_file.c - .schedule files and S1's args become the JSON spec that trigger_parse takes.
// SPDX-License-Identifier: Apache-2.0
#include "job/schedule_file.h"

#include "base/file.h"
#include "base/suggest.h"
#include "time/civil.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

const char *const schedule_type_names[] = {"cron", "interval", "date", NULL};

static const struct model_field fields[] = {
#define X(member, ctype, mtype, ...) \
    {.name = #member, .type = mtype, .offset = offsetof(struct schedule_args, member), __VA_ARGS__},
#include "job/schedule_args.def"
#undef X
};

const struct model schedule_cron_model = {
    .name = "CronArgs",
    .doc = "Calendar fields in APScheduler's syntax; all given fields must match.",
    .fields = fields,
    .count = MODEL_COUNT(fields),
    .use = SCHEDULE_CRON_BIT,
    .size = sizeof(struct schedule_args),
    .extra = MODEL_EXTRA_WARN,
};

const struct model schedule_interval_model = {
    .name = "IntervalArgs",
    .doc = "Every so often, in elapsed time: the sum of the units.",
    .fields = fields,
    .count = MODEL_COUNT(fields),
    .use = SCHEDULE_INTERVAL_BIT,
    .size = sizeof(struct schedule_args),
    .extra = MODEL_EXTRA_WARN,
};

const struct model schedule_date_model = {
    .name = "DateArgs",
    .doc = "Once. A moment in the past is due at once.",
    .fields = fields,
    .count = MODEL_COUNT(fields),
    .use = SCHEDULE_DATE_BIT,
    .size = sizeof(struct schedule_args),
    .extra = MODEL_EXTRA_WARN,
};

struct reader {
    struct schedule_file *file;
    struct model_issues *issues;
    enum schedule_type asked; // by the request
    enum schedule_type told;  // by the file
    bool has_line;            // a line that is neither blank nor a comment was seen
    json_t *values;
    struct err *e;
};

static bool line_read(struct reader *r, struct str line, int number);
static bool type_read(struct reader *r, struct str line, int number);
static bool pair_read(struct reader *r, struct str line, int number, int shift);
static bool file_finish(struct reader *r, wall now);
static bool fail_line(struct err *e, int line, int column, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

// --- args to spec -------------------------------------------------------------------------------

const struct model *schedule_model(enum schedule_type type)
{
    return type == SCHEDULE_INTERVAL ? &schedule_interval_model
           : type == SCHEDULE_DATE   ? &schedule_date_model
                                     : &schedule_cron_model;
}

static bool has_unit(const json_t *args)
{
    static const char *const units[] = {"weeks", "days", "hours", "minutes", "seconds"};

    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        const json_t *value = json_object_get(args, units[i]);

        if (value && !json_is_null(value))
            return true;
    }
    return false;
}

// 2027-04-20T18:45:48.000001Z; the moment that "now" means.
static struct str now_text(struct arena *arena, wall now)
{
    struct civil c = civil_at(floor_div(now.us, 1000000));

    return arena_printf(arena, "%04d-%02d-%02dT%02d:%02d:%02d.%06dZ", c.year, c.month, c.day,
                        c.hour, c.minute, c.second,
                        (int)(now.us - floor_div(now.us, 1000000) * 1000000));
}

json_t *schedule_from_args(enum schedule_type type, const json_t *args, struct str loc, wall now,
                           struct model_issues *issues, const json_t **ret_args)
{
    const struct model *model = schedule_model(type);
    struct schedule_args form;
    json_t *spec, *out;

    if (!model_decode(model, args, loc, &form, NULL, issues))
        return NULL;
    if (type == SCHEDULE_INTERVAL && !has_unit(args))
        form.seconds = 10;
    else if (type == SCHEDULE_INTERVAL && !form.weeks && !form.days && !form.hours &&
             !form.minutes && !form.seconds)
        form.seconds = 1;
    if (type == SCHEDULE_DATE && !form.run_date.p)
        form.run_date = now_text(issues->arena, now);
    if (ret_args)
        *ret_args = form.args;
    spec = model_encode(model, &form, UINT64_MAX);
    (void)json_object_del(spec, "args");
    out = json_pack("{s:s}", "type", schedule_type_names[type]);
    (void)json_object_update(out, spec);
    json_decref(spec);
    return out;
}

// --- the file -----------------------------------------------------------------------------------

bool schedule_file_parse(struct str text, enum schedule_type type, wall now,
                         struct model_issues *issues, struct schedule_file *ret_file, struct err *e)
{
    struct reader r = {ret_file, issues, type, SCHEDULE_UNKNOWN, false, NULL, e};
    struct str line;
    bool ok = true;

    *ret_file = (struct schedule_file){.type = type};
    if (text.len > SCHEDULE_FILE_MAX)
        return fail(e, ERR_LIMIT, ".schedule", "the file is larger than %d bytes",
                    SCHEDULE_FILE_MAX);
    if (str_starts(text, STR_LIT("\xef\xbb\xbf")))
        text = str_cut(text, 3, text.len);
    r.values = json_object();
    for (int number = 1; ok && str_next(&text, '\n', &line); number++)
        ok = line_read(&r, line, number);
    ok = ok && file_finish(&r, now);
    json_decref(r.values);
    return ok;
}

void schedule_file_done(struct schedule_file *file)
{
    json_decref(file->spec);
    file->spec = NULL;
}

void schedule_file_locate(const struct schedule_file *file, struct err *e)
{
    for (size_t i = 0; i < file->pair_count && e->line == 0; i++) {
        const struct schedule_pair *pair = &file->pairs[file->pair_count - 1 - i];

        if (str_eq(pair->key, str_of(e->field))) {
            e->line = pair->line;
            e->column = pair->column + (e->column > 0 ? e->column - 1 : 0);
        }
    }
}

static bool path_make(char *path, size_t size, const char *dir, struct str folder, const char *end)
{
    int n = snprintf(path, size, "%s/%.*s%s", dir, STR(folder), end);

    return n > 0 && (size_t)n < size;
}

bool schedule_file_read(const char *jobs_dir, struct str folder, struct buf *ret_text,
                        struct err *e)
{
    char path[4352];
    struct stat st;

    if (!path_make(path, sizeof path, jobs_dir, folder, "/.schedule"))
        return fail(e, ERR_SCHEDULE_FILE, "job_id", "the name of the folder is too long");
    if (stat(path, &st) == 0 && S_ISREG(st.st_mode))
        return file_read_all(AT_FDCWD, path, ret_text, e);
    (void)path_make(path, sizeof path, jobs_dir, folder, "");
    if (stat(path, &st) != 0 || !S_ISDIR(st.st_mode))
        return fail(e, ERR_FOLDER, "job_id", "there is no job folder %.*s", STR(folder));
    return fail(e, ERR_SCHEDULE_FILE, "job_id", "job folder %.*s has no .schedule file",
                STR(folder));
}

static bool fail_line(struct err *e, int line, int column, const char *format, ...)
{
    char text[400];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    (void)fail_at(e, ERR_SCHEDULE, ".schedule", column, "line %d: %s", line, text);
    e->line = line;
    return false;
}

static bool line_read(struct reader *r, struct str line, int number)
{
    struct str text = str_trim(line);

    if (line.len > 0 && memchr(line.p, 0, line.len))
        return fail_line(r->e, number, 1, "has a zero byte");
    if (!str_is_utf8(line))
        return fail_line(r->e, number, 1, "is not UTF-8");
    if (text.len == 0 || text.p[0] == '#')
        return true;
    if (str_find(text, '=') >= 0) {
        if (!r->has_line)
            model_warn(r->issues,
                       "line %d of .schedule is used; the first line should name the type: "
                       "cron, interval or date",
                       number);
        r->has_line = true;
        return pair_read(r, text, number, (int)(text.p - line.p) + 1);
    }
    if (r->has_line)
        return fail_line(r->e, number, (int)(text.p - line.p) + 1,
                         "\"%.*s\" has no \"=\"; a line is key=value, or a comment behind #",
                         STR(model_short(text)));
    r->has_line = true;
    return type_read(r, text, number);
}

static bool type_read(struct reader *r, struct str line, int number)
{
    const char *near;
    struct str shown = model_short(line);

    for (int i = 0; schedule_type_names[i]; i++)
        if (str_eq_nocase(line, str_of(schedule_type_names[i])))
            r->told = i;
    if (r->told != SCHEDULE_UNKNOWN)
        return true;
    near = suggest_find(line, schedule_type_names, 3);
    if (number > 1) // S1 read line 1 as whatever; here it stopped
        return fail_line(r->e, number, 1, "\"%.*s\" is not a type: cron, interval or date%s%s",
                         STR(shown), near ? "; did you mean " : "", near ? near : "");
    model_warn(r->issues, "line 1 of .schedule was ignored: \"%.*s\" is not cron, interval or date",
               STR(shown));
    return true;
}

static bool pair_read(struct reader *r, struct str line, int number, int shift)
{
    struct schedule_file *file = r->file;
    size_t at = (size_t)str_find(line, '=');
    struct str key = str_trim(str_cut(line, 0, at));
    struct str rest = str_cut(line, at + 1, line.len), value = str_trim(rest);
    int column = shift + (int)at + 1;
    ptrdiff_t second = str_find(rest, '=');

    if (key.len == 0)
        return fail_line(r->e, number, shift, "there is no key before the \"=\"");
    if (second >= 0)
        return fail_line(r->e, number, column + (int)second, "has a second \"=\"");
    if (value.len == 0)
        return fail_line(r->e, number, column, "\"%.*s\" has no value", STR(model_short(key)));
    column = shift + (int)(value.p - line.p);
    if (file->pair_count >= SCHEDULE_PAIRS_MAX)
        return fail_line(r->e, number, shift, "there are more than %d pairs", SCHEDULE_PAIRS_MAX);
    file->pairs[file->pair_count++] = (struct schedule_pair){key, value, number, column};
    if (key.len > 200)
        return fail_line(r->e, number, shift, "the key is longer than 200 bytes");
    if (json_object_getn(r->values, key.p, key.len))
        model_warn(r->issues, "line %d of .schedule: \"%.*s\" is given again; the last one counts",
                   number, STR(model_short(key)));
    (void)json_object_setn_new(r->values, key.p, key.len, json_stringn(value.p, value.len));
    return true;
}

// The first complaint about a value becomes an error that names its line.
static bool value_fail(struct reader *r, const struct model_issues *found)
{
    const struct model_issue *issue = &found->v[0];
    struct str name = issue->loc.len > 2 ? str_cut(issue->loc, 1, issue->loc.len - 1) : issue->loc;
    const struct schedule_pair *pair = NULL;

    for (size_t i = 0; i < r->file->pair_count; i++)
        if (str_eq(r->file->pairs[i].key, name))
            pair = &r->file->pairs[i];
    return fail_line(r->e, pair ? pair->line : 0, pair ? pair->column : 0, "%.*s: %.*s",
                     STR(model_short(name)), STR(issue->msg));
}

static bool file_finish(struct reader *r, wall now)
{
    struct model_issues *found = arena_alloc(r->issues->arena, sizeof *found);
    struct schedule_file *file = r->file;

    if (r->asked != SCHEDULE_UNKNOWN && r->told != SCHEDULE_UNKNOWN && r->asked != r->told)
        model_warn(r->issues, ".schedule says %s, the request says %s: the request counts",
                   schedule_type_names[r->told], schedule_type_names[r->asked]);
    file->type = r->asked != SCHEDULE_UNKNOWN  ? r->asked
                 : r->told != SCHEDULE_UNKNOWN ? r->told
                                               : SCHEDULE_CRON;
    if (json_object_del(r->values, "args") == 0)
        model_warn(r->issues, ".schedule: \"args\" is ignored; arguments are given in the request");
    model_issues_init(found, r->issues->arena);
    file->spec = schedule_from_args(file->type, r->values, (struct str){0}, now, found, NULL);
    if (!file->spec)
        return value_fail(r, found);
    for (size_t i = 0; i < found->warning_count; i++)
        model_warn(r->issues, ".schedule: %.*s", STR(found->warnings[i]));
    return true;
}
