// command.h - the commands of belfry: one table (command.def), one way in.
#pragma once

#include <stddef.h>
#include <stdio.h>

#include "cli/command_usage.h"

// A command gets the words behind its name: argv[0] is the name itself ("serve"). It returns the
// exit status of the process: 0, or what err_exit_status gives for its failure.
typedef int command_fn(int argc, char **argv);

struct command {
    const char *name;
    command_fn *run;
    const char *synopsis; // the arguments: "HOST[:PORT]"
    const char *help;     // one line, without a full stop
    const char *options;  // lines about options and remarks; may be ""
};

extern const struct command commands[];
extern const size_t command_count;

// The command called name, NULL when there is none.
const struct command *command_find(const char *name);

// Finds and runs the command that argv names; argv as main gets it. "--help" and "-h" behind a
// command print its help (not for run-module beyond its first argument: those words belong to the
// job). An unknown command is ERR_USAGE's exit status 2, with the nearest name as a hint.
int command_main(int argc, char **argv);

// Prints the help of one command, or the list of all (command NULL).
void command_help(const struct command *command, FILE *out);

#define X(name, function, synopsis, help, options) command_fn function;
#include "cli/command.def"
#undef X
