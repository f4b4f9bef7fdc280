// typed.c - reads options and arguments by the lines of a command's help.
// SPDX-License-Identifier: Apache-2.0
#include "cli/typed.h"

#include <stdio.h>

#include "base/suggest.h"
#include "cli/help_line.h"

static bool option_take(struct typed *t, const struct typed_option *options, size_t count, int argc,
                        char **argv, int *at, struct err *e);

// ---- the table ----

static void names_read(struct str names, struct str help, struct typed_option *options,
                       size_t *count)
{
    struct str item, name, value;

    while (names.len > 0 && str_next(&names, ',', &item)) {
        item = str_trim(item);
        value = item;
        if (!str_starts(item, STR_LIT("-")) || !str_next(&value, ' ', &name))
            continue;
        struct typed_option *before = *count > 0 ? &options[*count - 1] : NULL;
        bool is_long = str_starts(name, STR_LIT("--"));

        if (is_long && before && before->name.len == 2 && before->value.len == 0 &&
            before->help.p == help.p) {
            before->other = before->name; // the short one just read
            before->name = name;
            before->value = str_trim(value);
        } else if (*count < TYPED_OPTIONS_MAX) {
            options[(*count)++] = (struct typed_option){name, {"", 0}, str_trim(value), help};
        }
    }
}

size_t typed_options(struct str text, struct typed_option ret_options[TYPED_OPTIONS_MAX])
{
    struct help_line line;
    size_t count = 0;

    while ((line = help_line_next(&text)).kind != HELP_END)
        if (line.kind == HELP_OPTION)
            names_read(line.names, line.text, ret_options, &count);
    return count;
}

// ---- what was typed ----

bool typed_read(int argc, char **argv, struct typed *ret_typed, struct err *e)
{
    struct typed_option options[TYPED_OPTIONS_MAX];
    const struct command_text *command = command_text_find(argv[0]);
    size_t count = command ? typed_options(str_of(command->options), options) : 0;
    struct typed t = {.command = argv[0], .args = argv + 1};

    for (int i = 1; i < argc; i++) {
        bool is_option = argv[i][0] == '-' && argv[i][1] != '\0';

        if (is_option && strcmp(argv[i], "--") == 0) {
            t.rest = argv + i + 1;
            t.rest_count = argc - i - 1;
            break;
        }
        if (!is_option)
            t.args[t.arg_count++] = argv[i];
        else if (!option_take(&t, options, count, argc, argv, &i, e))
            return false;
    }
    *ret_typed = t;
    return true;
}

static const struct typed_option *option_find(const struct typed_option *options, size_t count,
                                              struct str name)
{
    for (size_t i = 0; i < count; i++)
        if (str_eq(options[i].name, name) || (name.len > 0 && str_eq(options[i].other, name)))
            return &options[i];
    return NULL;
}

static bool option_unknown(const struct typed_option *options, size_t count, struct str name,
                           struct err *e)
{
    const char *names[TYPED_OPTIONS_MAX], *near;
    char texts[TYPED_OPTIONS_MAX][32];

    for (size_t i = 0; i < count; i++) {
        snprintf(texts[i], sizeof texts[i], "%.*s", STR(options[i].name));
        names[i] = texts[i];
    }
    near = name.len > 2 ? suggest_find(name, names, count) : NULL;
    (void)fail(e, ERR_USAGE, NULL, "there is no option %.*s", STR(name));
    return near ? fail_hint(e, "did you mean %s?", near) : false;
}

static bool option_keep(struct typed *t, const struct typed_option *option, const char *value,
                        struct err *e)
{
    if (t->given_count == TYPED_OPTIONS_MAX)
        return fail(e, ERR_USAGE, NULL, "more than %d options", TYPED_OPTIONS_MAX);
    t->given[t->given_count].name = option->name;
    t->given[t->given_count++].value = value;
    return true;
}

// "-n5", "-wf": short options in one word.
static bool cluster_take(struct typed *t, const struct typed_option *options, size_t count,
                         int argc, char **argv, int *at, struct err *e)
{
    const char *word = argv[*at];

    for (size_t i = 1; word[i]; i++) {
        char text[3] = {'-', word[i], '\0'};
        const struct typed_option *option = option_find(options, count, str_of(text));

        if (!option)
            return option_unknown(options, count, str_of(i == 1 ? word : text), e);
        if (option->value.len == 0) {
            if (!option_keep(t, option, "", e))
                return false;
            continue;
        }
        if (word[i + 1])
            return option_keep(t, option, word + i + 1, e);
        if (*at + 1 == argc)
            return fail(e, ERR_USAGE, NULL, "%s needs %.*s", text, STR(option->value));
        return option_keep(t, option, argv[++*at], e);
    }
    return true;
}

static bool option_take(struct typed *t, const struct typed_option *options, size_t count, int argc,
                        char **argv, int *at, struct err *e)
{
    const char *word = argv[*at], *equals = strchr(word, '=');

    if (word[1] != '-')
        return cluster_take(t, options, count, argc, argv, at, e);
    struct str name = equals ? str_cut(str_of(word), 0, (size_t)(equals - word)) : str_of(word);
    const struct typed_option *option = option_find(options, count, name);

    if (!option)
        return option_unknown(options, count, name, e);
    if (option->value.len == 0)
        return equals ? fail(e, ERR_USAGE, NULL, "%.*s takes no value", STR(name))
                      : option_keep(t, option, "", e);
    if (equals)
        return option_keep(t, option, equals + 1, e);
    if (*at + 1 == argc)
        return fail(e, ERR_USAGE, NULL, "%.*s needs %.*s", STR(name), STR(option->value));
    return option_keep(t, option, argv[++*at], e);
}

const char *typed_value(const struct typed *typed, const char *name)
{
    const char *value = NULL;

    for (size_t i = 0; i < typed->given_count; i++)
        if (str_eq(typed->given[i].name, str_of(name)))
            value = typed->given[i].value;
    return value;
}

bool typed_has(const struct typed *typed, const char *name)
{
    return typed_value(typed, name) != NULL;
}

bool typed_number(const struct typed *typed, const char *name, int64_t min, int64_t max,
                  int64_t preset, int64_t *ret_n, struct err *e)
{
    const char *value = typed_value(typed, name);
    int64_t n = preset;

    if (value && (!str_to_int(str_of(value), &n) || n < min || n > max))
        return fail(e, ERR_USAGE, NULL, "%s must be %lld-%lld, not \"%s\"", name, (long long)min,
                    (long long)max, value);
    *ret_n = n;
    return true;
}
