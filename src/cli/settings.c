// settings.c - reads flags and environment by the table.
// SPDX-License-Identifier: Apache-2.0
#include "cli/settings.h"

#include "base/str.h"
#include "base/suggest.h"
#include "exec/exec.h"
#include "job/presets.h"
#include "store/pg_uri.h"
#include "time/duration.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CENTURY_US INT64_C(3155760000000000) // longer waits would not fit into a clock

struct row {
    const char *flag;
    const char *env;
    const char *other_env;
    const char *fallback;
    enum setting_type type;
    const char *help;
    size_t text_at;
    size_t number_at;
};

static const struct row rows[] = {
#define X(member, flag, env, other_env, fallback, type, help) \
    {flag,                                                    \
     env,                                                     \
     other_env,                                               \
     fallback,                                                \
     type,                                                    \
     help,                                                    \
     offsetof(struct settings, member),                       \
     offsetof(struct settings, member##_n)},
#include "cli/settings.def"
#undef X
};

#define ROW_COUNT (sizeof rows / sizeof *rows)

// A flag gives one, the environment a list.
static bool defaults_set(const struct row *row, const char *origin, const char *value,
                         struct settings *s, struct err *e)
{
    struct str rest = str_of(value), word;

    if (strcmp(origin, row->env) != 0)
        return presets_set(&s->presets, rest, e);
    while (rest.len > 0 && str_next(&rest, ' ', &word))
        if (word.len > 0 && !presets_set(&s->presets, word, e))
            return false;
    return true;
}

static bool value_set(const struct row *row, const char *origin, const char *value,
                      struct settings *s, struct err *e)
{
    int64_t n = 0;

    if (row->type == SETTING_DURATION &&
        (!duration_parse(str_of(value), row->flag, &n, e) || n > CENTURY_US)) {
        (void)fail(e, ERR_USAGE, row->flag, "%s: \"%s\" is not a duration of at most a century",
                   origin, value);
        return fail_hint(e, "write something like 10s, 1m30s or 0");
    }
    if (row->type == SETTING_COUNT &&
        (!str_to_int(str_of(value), &n) || n < 1 || n > EXEC_CHILDREN_MAX))
        return fail(e, ERR_USAGE, row->flag, "%s: \"%s\" is not a number from 1 to %d", origin,
                    value, EXEC_CHILDREN_MAX);
    if (row->type == SETTING_NUMBER && (!str_to_int(str_of(value), &n) || n < 0))
        return fail(e, ERR_USAGE, row->flag, "%s: \"%s\" is not a number, 0 or more", origin,
                    value);
    if (row->type == SETTING_DEFAULT && value != row->fallback &&
        !defaults_set(row, origin, value, s, e))
        return false;
    memcpy((char *)s + row->text_at, &value, sizeof value);
    memcpy((char *)s + row->number_at, &n, sizeof n);
    return true;
}

static bool environment_read(const struct row *row, struct settings *s, struct err *e)
{
    const char *value = getenv(row->env);

    if (value)
        return value_set(row, row->env, value, s, e);
    value = row->other_env ? getenv(row->other_env) : NULL;
    if (value)
        return value_set(row, row->other_env, value, s, e);
    return value_set(row, row->flag, row->fallback, s, e);
}

// The row of a flag "--name" or "--name=value".
static const struct row *row_find(struct str flag)
{
    ptrdiff_t equals = str_find(flag, '=');
    struct str name = equals < 0 ? flag : str_cut(flag, 0, (size_t)equals);

    if (!str_starts(name, STR_LIT("--")))
        return NULL;
    name = str_cut(name, 2, name.len);
    if (str_eq(name, STR_LIT("store")))
        name = STR_LIT("db");
    for (size_t i = 0; i < ROW_COUNT; i++)
        if (str_eq(name, str_of(rows[i].flag)))
            return &rows[i];
    return NULL;
}

static bool flag_unknown(const char *word, struct err *e)
{
    const char *names[ROW_COUNT];

    for (size_t i = 0; i < ROW_COUNT; i++)
        names[i] = rows[i].flag;
    (void)fail(e, ERR_USAGE, NULL, "\"%s\" is not understood", word);
    if (!str_starts(str_of(word), STR_LIT("--")))
        return false;
    struct str name = str_of(word + 2);
    ptrdiff_t equals = str_find(name, '=');
    const char *near =
        suggest_find(equals < 0 ? name : str_cut(name, 0, (size_t)equals), names, ROW_COUNT);

    return near ? fail_hint(e, "did you mean --%s?", near) : false;
}

// BELFRY_SECTION__KEY is ours: a key that no row has is a slip of the pen.
static bool environment_check(struct err *e)
{
    const char *names[ROW_COUNT], *near;

    for (size_t i = 0; i < ROW_COUNT; i++)
        names[i] = rows[i].env;
    for (char **v = environ; *v; v++) {
        struct str all = str_of(*v);
        struct str name = str_cut(all, 0, (size_t)str_find(all, '='));
        bool is_known = !str_starts(name, STR_LIT("BELFRY_")) || !strstr(*v, "__") ||
                        strstr(*v, "__") >= *v + name.len;

        for (size_t i = 0; i < ROW_COUNT; i++)
            is_known = is_known || str_eq(name, str_of(names[i]));
        if (is_known)
            continue;
        (void)fail(e, ERR_USAGE, NULL, "$%.*s is not a setting", STR(name));
        near = suggest_find(name, names, ROW_COUNT);
        return near ? fail_hint(e, "did you mean $%s?", near) : false;
    }
    return true;
}

static bool flags_read(int argc, char **argv, struct settings *s, struct err *e)
{
    for (int i = 1; i < argc; i++) {
        const struct row *row = row_find(str_of(argv[i]));
        const char *equals = strchr(argv[i], '=');

        if (!row)
            return flag_unknown(argv[i], e);
        if (!equals && i + 1 == argc)
            return fail(e, ERR_USAGE, row->flag, "--%s needs a value", row->flag);
        const char *value = equals ? equals + 1 : argv[i + 1];

        if (!value_set(row, argv[i], value, s, e))
            return false;
        if (!equals)
            i++;
    }
    return true;
}

bool settings_read(int argc, char **argv, struct settings *ret_settings, struct err *e)
{
    struct settings s = {.presets = job_presets_built_in};
    bool ok = environment_check(e);

    for (size_t i = 0; ok && i < ROW_COUNT; i++)
        ok = environment_read(&rows[i], &s, e);
    ok = ok && flags_read(argc, argv, &s, e);
    if (ok)
        *ret_settings = s;
    else
        settings_done(&s);
    return ok;
}

void settings_done(struct settings *s)
{
    presets_done(&s->presets);
}

void settings_help(FILE *out)
{
    for (size_t i = 0; i < ROW_COUNT; i++) {
        const struct row *row = &rows[i];
        const char *other = row->other_env ? row->other_env : "";

        fprintf(out, "  --%-14s %s", row->flag, row->help);
        if (row->fallback[0])
            fprintf(out, " (default %s)", row->fallback);
        fprintf(out, "\n%19s$%s%s%s\n", "", row->env, other[0] ? " or $" : "", other);
    }
}

bool settings_db_path(const char *text, const char **ret_path, struct err *e)
{
    struct str s = str_of(text);

    if (str_starts(s, STR_LIT("sqlite:///"))) {
        *ret_path = text + strlen("sqlite:///");
        return **ret_path ? true : fail(e, ERR_USAGE, "db", "\"%s\" names no file", text);
    }
    if (strstr(text, "://") && !pg_uri_is(text)) {
        (void)fail(e, ERR_USAGE, "db", "\"%.*s\" is not a store this version knows",
                   STR(str_cut(s, 0, (size_t)str_find(s, ':') + 3)));
        return fail_hint(e, "give a path, sqlite:///PATH, or postgresql://USER@HOST/DATABASE");
    }
    *ret_path = text;
    return *text ? true : fail(e, ERR_USAGE, "db", "the database has no name");
}
