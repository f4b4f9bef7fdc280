// command.c - finds the command that the command line names and prints help from the one table.
// SPDX-License-Identifier: Apache-2.0
#include "cli/command.h"

#include "base/err.h"
#include "base/suggest.h"
#include "base/version.h"
#include "cli/command_text.h"
#include "cli/keep.h"

#include <stdbool.h>
#include <string.h>

const struct command commands[] = {
#define X(name, function, synopsis, help, options) {name, function, synopsis, help, options},
#include "cli/command.def"
#undef X
};
const size_t command_count = sizeof commands / sizeof *commands;

static bool is_help(const char *word);
static bool wants_help(const struct command *command, int argc, char **argv);
static void server_move(int argc, char **argv);
static int unknown(const char *name);

const struct command *command_find(const char *name)
{
    for (size_t i = 0; i < command_count; i++)
        if (strcmp(commands[i].name, name) == 0)
            return &commands[i];
    return NULL;
}

int command_main(int argc, char **argv)
{
    const struct command *command;

    if (argc < 2) {
        command_help(NULL, stderr);
        return err_exit_status(ERR_USAGE);
    }
    if (is_help(argv[1])) {
        command_help(NULL, stdout);
        return 0;
    }
    server_move(argc, argv);
    if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0)
        argv[1] = "version";
    if (strcmp(argv[1], "keep") == 0)
        return cmd_keep(argc - 1, argv + 1);
    command = command_find(argv[1]);
    if (!command)
        return unknown(argv[1]);
    if (wants_help(command, argc - 1, argv + 1)) {
        command_help(command, stdout);
        return 0;
    }
    return command->run(argc - 1, argv + 1);
}

void command_help(const struct command *command, FILE *out)
{
    if (command) {
        fprintf(out, "Usage: belfry %s %s\n\n", command->name, command->synopsis);
        fprintf(out, "%c%s.\n", command->help[0] - 'a' + 'A', command->help + 1);
        if (command->options[0] || command->run == cmd_serve)
            fprintf(out, "\n");
        command_text_options(command_text_find(command->name), out);
        return;
    }
    fprintf(out, "Usage: belfry COMMAND [ARGUMENT]...\n\n");
    fprintf(out, "belfry " BELFRY_VERSION " - schedules jobs and watches certificates.\n\n");
    for (size_t i = 0; i < command_count; i++)
        fprintf(out, "  %-11s %s\n", commands[i].name, commands[i].help);
    fprintf(out, "\n`belfry COMMAND --help` tells more about a command.\n");
}

int cmd_help(int argc, char **argv)
{
    const struct command *command = NULL;

    if (argc > 1) {
        command = command_find(argv[1]);
        if (!command)
            return unknown(argv[1]);
    }
    command_help(command, stdout);
    return 0;
}

static bool is_help(const char *word)
{
    return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0;
}

static bool wants_help(const struct command *command, int argc, char **argv)
{
    if (command->run == cmd_run_module && argc > 2)
        argc = 2;
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
        if (is_help(argv[i]))
            return true;
    return false;
}

// "belfry -s URL ls" is "belfry ls -s URL".
static void server_move(int argc, char **argv)
{
    bool is_server = strcmp(argv[1], "-s") == 0 || strcmp(argv[1], "--server") == 0;
    char *option = argv[1], *server = argc > 3 ? argv[2] : NULL;

    if (!is_server || !server)
        return;
    argv[1] = argv[3];
    argv[2] = option;
    argv[3] = server;
}

static int unknown(const char *name)
{
    const char *names[sizeof commands / sizeof *commands];
    const char *near;

    for (size_t i = 0; i < command_count; i++)
        names[i] = commands[i].name;
    near = suggest_find(str_of(name), names, command_count);
    fprintf(stderr, "belfry: there is no command \"%s\"", name);
    if (near)
        fprintf(stderr, "; did you mean \"%s\"?", near);
    fprintf(stderr, "\n`belfry --help` lists the commands.\n");
    return err_exit_status(ERR_USAGE);
}
