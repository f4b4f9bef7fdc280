// completion.c - `belfry completion`: what the shells need to know to complete our words.
//
// All three scripts come from command.def by way of the help's lines. Names of jobs are asked of
// the server while the person types; when it does not answer at once there are none.
// SPDX-License-Identifier: Apache-2.0
#include "cli/command.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command_text.h"
#include "cli/typed.h"

#define JOBS "belfry ls -o name -q --timeout 1s 2>/dev/null"

static void bash_write(FILE *out);
static void zsh_write(FILE *out);
static void fish_write(FILE *out);

static const struct {
    const char *shell;
    void (*write)(FILE *out);
} shells[] = {{"bash", bash_write}, {"zsh", zsh_write}, {"fish", fish_write}};

int cmd_completion(int argc, char **argv)
{
    for (size_t i = 0; argc == 2 && i < sizeof shells / sizeof *shells; i++)
        if (strcmp(argv[1], shells[i].shell) == 0) {
            shells[i].write(stdout);
            return 0;
        }
    return command_usage(argv[0], argc == 1 ? "a shell is missing: bash, zsh or fish"
                                            : "a shell is bash, zsh or fish");
}

// Whether the command's arguments are names of jobs.
static bool takes_jobs(const struct command_text *command)
{
    const char *synopsis = command->synopsis;

    return strncmp(synopsis, "JOB", 3) == 0 || strncmp(synopsis, "[JOB]", 5) == 0 ||
           strncmp(synopsis, "RUN|JOB", 7) == 0;
}

static size_t options_of(const struct command_text *command, char **ret_text,
                         struct typed_option ret_options[TYPED_OPTIONS_MAX])
{
    size_t len;
    FILE *out = open_memstream(ret_text, &len);

    command_text_options(command, out);
    fclose(out);
    return typed_options((struct str){*ret_text, len}, ret_options);
}

// In single quotes, as the shell wants one inside of them.
static void quoted_write(struct str text, const char *quote, FILE *out)
{
    fputc('\'', out);
    for (size_t i = 0; i < text.len; i++) {
        if (text.p[i] == '\'')
            fputs(quote, out);
        else
            fputc(text.p[i], out);
    }
    fputc('\'', out);
}

static void names_write(const char *separator, bool (*is_wanted)(const struct command_text *),
                        FILE *out)
{
    const char *before = "";

    for (size_t i = 0; i < command_text_count; i++)
        if (!is_wanted || is_wanted(&command_texts[i])) {
            fprintf(out, "%s%s", before, command_texts[i].name);
            before = separator;
        }
}

// ---- bash ----

static void bash_options(const struct command_text *command, FILE *out)
{
    struct typed_option options[TYPED_OPTIONS_MAX];
    char *text;
    size_t count = options_of(command, &text, options);

    if (count > 0)
        fprintf(out, "    %s) options='", command->name);
    for (size_t i = 0; i < count; i++)
        fprintf(out, "%s%.*s", i > 0 ? " " : "", STR(options[i].name));
    if (count > 0)
        fprintf(out, "' ;;\n");
    free(text);
}

static void bash_write(FILE *out)
{
    fprintf(out,
            "# belfry's words for bash: source <(belfry completion bash)\n"
            "_belfry() {\n"
            "    local word=${COMP_WORDS[COMP_CWORD]} command=${COMP_WORDS[1]} options= words=\n"
            "    if [ \"$COMP_CWORD\" -eq 1 ] || [ \"$command\" = help ]; then\n"
            "        COMPREPLY=($(compgen -W '");
    names_write(" ", NULL, out);
    fprintf(out, "' -- \"$word\"))\n        return\n    fi\n    case $command in\n");
    for (size_t i = 0; i < command_text_count; i++)
        bash_options(&command_texts[i], out);
    fprintf(out, "    esac\n    case $word in\n    -*) words=\"$options --help\" ;;\n"
                 "    *)\n        case $command in\n        ");
    names_write(" | ", takes_jobs, out);
    fprintf(out, ") words=$(" JOBS ") ;;\n        completion) words='bash zsh fish' ;;\n"
                 "        esac ;;\n    esac\n"
                 "    COMPREPLY=($(compgen -W \"$words\" -- \"$word\"))\n"
                 "}\ncomplete -o default -F _belfry belfry\n");
}

// ---- zsh ----

static void zsh_options(const struct command_text *command, FILE *out)
{
    struct typed_option options[TYPED_OPTIONS_MAX];
    char *text, described[256];
    size_t count = options_of(command, &text, options);

    fprintf(out, "    %s) options=(\n", command->name);
    for (size_t i = 0; i < count; i++) {
        int len = snprintf(described, sizeof described, "%.*s:%.*s", STR(options[i].name),
                           STR(options[i].help));

        fprintf(out, "        ");
        quoted_write((struct str){described, (size_t)len}, "'\\''", out);
        fprintf(out, "\n");
    }
    fprintf(out, "    ) ;;\n");
    free(text);
}

static void zsh_write(FILE *out)
{
    fprintf(out, "#compdef belfry\n"
                 "# belfry's words for zsh: source <(belfry completion zsh), or _belfry in $fpath\n"
                 "_belfry() {\n    local -a commands options jobs\n    commands=(\n");
    for (size_t i = 0; i < command_text_count; i++) {
        char described[256];
        int len = snprintf(described, sizeof described, "%s:%s", command_texts[i].name,
                           command_texts[i].help);

        fprintf(out, "        ");
        quoted_write((struct str){described, (size_t)len}, "'\\''", out);
        fprintf(out, "\n");
    }
    fprintf(out, "    )\n    if (( CURRENT == 2 )) || [[ $words[2] == help ]]; then\n"
                 "        _describe command commands\n        return\n    fi\n"
                 "    case $words[2] in\n");
    for (size_t i = 0; i < command_text_count; i++)
        zsh_options(&command_texts[i], out);
    fprintf(out, "    esac\n    if [[ $words[CURRENT] == -* ]]; then\n"
                 "        _describe -o option options\n        return\n    fi\n"
                 "    case $words[2] in\n    ");
    names_write("|", takes_jobs, out);
    fprintf(out, ")\n        jobs=(${(f)\"$(" JOBS ")\"})\n        jobs=(${jobs//:/\\\\:})\n"
                 "        _describe job jobs ;;\n"
                 "    completion) compadd bash zsh fish ;;\n    *) _files ;;\n    esac\n}\n"
                 "if [[ $funcstack[1] == _belfry ]]; then\n    _belfry \"$@\"\nelse\n"
                 "    compdef _belfry belfry\nfi\n");
}

// ---- fish ----

static void fish_option(const struct command_text *command, const struct typed_option *option,
                        FILE *out)
{
    bool is_long = str_starts(option->name, STR_LIT("--"));

    fprintf(out, "complete -c belfry -n '__fish_seen_subcommand_from %s'", command->name);
    if (option->other.len > 0)
        fprintf(out, " -s %.*s", STR(str_cut(option->other, 1, option->other.len)));
    fprintf(out, is_long ? " -l %.*s" : " -s %.*s",
            STR(str_cut(option->name, is_long ? 2 : 1, option->name.len)));
    fprintf(out, option->value.len > 0 ? " -r -d " : " -d ");
    quoted_write(option->help, "\\'", out);
    fprintf(out, "\n");
}

static void fish_write(FILE *out)
{
    fprintf(out, "# belfry's words for fish: belfry completion fish | source\n");
    for (size_t i = 0; i < command_text_count; i++) {
        struct typed_option options[TYPED_OPTIONS_MAX];
        char *text;
        size_t count = options_of(&command_texts[i], &text, options);

        fprintf(out, "complete -c belfry -f -n __fish_use_subcommand -a %s -d ",
                command_texts[i].name);
        quoted_write(str_of(command_texts[i].help), "\\'", out);
        fprintf(out, "\n");
        for (size_t k = 0; k < count; k++)
            fish_option(&command_texts[i], &options[k], out);
        free(text);
    }
    fprintf(out, "complete -c belfry -f -n '__fish_seen_subcommand_from ");
    names_write(" ", takes_jobs, out);
    fprintf(out, "' -a '(" JOBS ")'\n"
                 "complete -c belfry -f -n '__fish_seen_subcommand_from completion' -a 'bash zsh "
                 "fish'\n");
}
