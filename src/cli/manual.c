// manual.c - `belfry manual`: the manual page belfry(1), in mdoc, from the tables that the program
// itself goes by.
// SPDX-License-Identifier: Apache-2.0
#include "cli/command.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/version.h"
#include "cli/command_text.h"
#include "cli/help_line.h"

enum {
    LINE_COLUMNS = 76
};

#define DATE "November 26, 2026" // of the page's last change of form

// A word for the formatter: no backslash and no leading point or quote of it means anything.
static void word_write(struct str word, bool is_first, FILE *out)
{
    if (str_eq(word, STR_LIT("--"))) { // else it might be taken for a dash
        fputs("\\-\\-", out);
        return;
    }
    if (is_first && (word.p[0] == '.' || word.p[0] == '\''))
        fputs("\\&", out);
    for (size_t i = 0; i < word.len; i++) {
        if (word.p[i] == '\\')
            fputs("\\e", out);
        else
            fputc(word.p[i], out);
    }
}

static bool ends_sentence(struct str word)
{
    char last = word.len > 0 ? word.p[word.len - 1] : ' ';

    return last == '.' || last == '?' || last == '!';
}

// Text as mdoc wants it: short lines, each sentence on a new one.
static void line_write(struct str text, FILE *out)
{
    struct str word;
    size_t column = 0;

    while (text.len > 0 && str_next(&text, ' ', &word)) {
        if (word.len == 0)
            continue;
        if (column > 0)
            fputc(column + word.len > LINE_COLUMNS ? '\n' : ' ', out);
        column = column + word.len > LINE_COLUMNS ? 0 : column;
        word_write(word, column == 0, out);
        column += word.len + 1;
        if (ends_sentence(word) && text.len > 0) {
            fputc('\n', out);
            column = 0;
        }
    }
    fputc('\n', out);
}

// A word among the arguments of a macro: in quotes when it is more than one.
static void argument_write(struct str text, FILE *out)
{
    bool is_quoted = str_find(text, ' ') >= 0;

    fputs(is_quoted ? " \"" : " ", out);
    for (size_t i = 0; i < text.len; i++) {
        if (text.p[i] == '"')
            fputs("\\(dq", out);
        else if (text.p[i] == '\\')
            fputs("\\e", out);
        else
            fputc(text.p[i], out);
    }
    if (is_quoted)
        fputc('"', out);
}

// ".It Fl n , Fl -count Ar COUNT"
static void item_write(struct str names, FILE *out)
{
    struct str item, name;
    bool is_first = true;

    fputs(".It", out);
    while (names.len > 0 && str_next(&names, ',', &item)) {
        item = str_trim(item);
        if (!str_starts(item, STR_LIT("-")) || !str_next(&item, ' ', &name))
            continue;
        fputs(is_first ? " Fl" : " , Fl", out);
        argument_write(str_cut(name, 1, name.len), out);
        if (item.len > 0) {
            fputs(" Ar", out);
            argument_write(item, out);
        }
        is_first = false;
    }
    fputc('\n', out);
}

// The help's lines: options become a list, everything else paragraphs.
static void options_write(struct str text, FILE *out)
{
    enum help_kind before = HELP_TEXT;
    bool is_list = false, wants_break = true;
    struct help_line l;

    while ((l = help_line_next(&text)).kind != HELP_END) {
        bool is_item = l.kind == HELP_OPTION || (l.kind == HELP_MORE && is_list);

        if (is_list && l.kind == HELP_TEXT)
            fputs(".El\n", out);
        if (l.kind == HELP_TEXT && (wants_break || is_list || before == HELP_BLANK))
            fputs(".Pp\n", out);
        if (l.kind == HELP_OPTION && !is_list)
            fputs(".Bl -tag -width Ds\n", out);
        if (l.kind == HELP_OPTION)
            item_write(l.names, out);
        if (l.kind != HELP_BLANK && l.text.len > 0)
            line_write(l.text, out);
        is_list = is_item || (is_list && l.kind == HELP_BLANK);
        wants_break = false;
        before = l.kind;
    }
    if (is_list)
        fputs(".El\n", out);
}

static void command_write(const struct command_text *command, FILE *out)
{
    char *text;
    size_t len;
    FILE *options = open_memstream(&text, &len);

    command_text_options(command, options);
    fclose(options);
    fprintf(out, ".Ss %s", command->name);
    fprintf(out, "\n.Nm belfry %s", command->name);
    if (command->synopsis[0])
        argument_write(str_of(command->synopsis), out);
    fprintf(out, "\n.Pp\n%c%s.\n", command->help[0] - 'a' + 'A', command->help + 1);
    options_write((struct str){text, len}, out);
    free(text);
}

static void statuses_write(FILE *out)
{
    static const struct {
        int status;
        const char *text;
    } rows[] = {
        {0, "Done."},
        {1, "Failed; the message says why."},
        {2, "The command line was not understood."},
        {3, "What was asked for does not exist."},
        {4, "Not allowed."},
        {5, "In conflict with what is there: it exists already, is in use, or has changed."},
        {6, "The server does not answer."},
        {7, "A schedule, a file or another value is not acceptable."},
        {8, "It took too long."},
        {9, "A certificate is bad, or the run that was waited for did not end well."},
    };

    fputs(".Sh EXIT STATUS\n.Bl -tag -width Ds\n", out);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        fprintf(out, ".It %d\n", rows[i].status);
        line_write(str_of(rows[i].text), out);
    }
    fputs(".El\n.Pp\n.Nm belfry run\n.Fl -passthrough\nends with the exit status of the job.\n",
          out);
}

static void environment_write(FILE *out)
{
    static const char *const rows[][2] = {
        {"BELFRY_SERVER",
         "The server that commands ask: http://HOST:PORT, https://HOST or unix:PATH."},
        {"BELFRY_OUTPUT", "What -o says when it is not given."},
        {"BELFRY_TZ", "The zone in which times are shown."},
        {"NO_COLOR", "No colours, when it is not empty."},
        {"CLICOLOR_FORCE", "Colours also for a pipe, when it is neither empty nor 0."},
        {"TZ", "The system's zone."},
    };

    fputs(".Sh ENVIRONMENT\n.Bl -tag -width Ds\n", out);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        fprintf(out, ".It Ev %s\n", rows[i][0]);
        line_write(str_of(rows[i][1]), out);
    }
    fputs(".El\n.Pp\nThe settings of\n.Nm belfry serve\nhave variables of their own, told with "
          "them.\n",
          out);
}

int cmd_manual(int argc, char **argv)
{
    FILE *out = stdout;

    if (argc > 1)
        return command_usage(argv[0], "\"%s\" is too much", argv[1]);
    fprintf(out,
            ".\\\" The manual page of belfry " BELFRY_VERSION ", made by `belfry manual`.\n"
            ".Dd " DATE "\n.Dt BELFRY 1\n.Os\n.Sh NAME\n.Nm belfry\n"
            ".Nd schedules jobs and watches certificates\n"
            ".Sh SYNOPSIS\n.Nm\n.Ar command\n.Op Ar argument ...\n"
            ".Sh DESCRIPTION\n.Nm\nruns jobs when their time comes and records what became of "
            "every planned time.\n.Nm belfry serve\nis the server; most other commands ask one "
            "over its HTTP API.\nOptions may stand anywhere before\n.Ql -- .\n"
            ".Pp\nResults go to standard output, everything else to standard error.\n"
            "What is printed for a person fits the terminal;\n"
            "what goes into a pipe is never cut "
            "or\ncoloured, and has times in RFC 3339.\n.Sh COMMANDS\n");
    for (size_t i = 0; i < command_text_count; i++)
        command_write(&command_texts[i], out);
    environment_write(out);
    statuses_write(out);
    return 0;
}
