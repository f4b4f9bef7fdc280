// command_text.h - what command.def says in words, for all who print it.
//
// A file of its own, because commands print it too, and command.c needs the commands.
#pragma once

#include <stddef.h>
#include <stdio.h>

struct command_text {
    const char *name;
    const char *synopsis; // the arguments: "HOST[:PORT]"
    const char *help;     // one line, without a full stop
    const char *options;  // lines about options and remarks; may be ""
};

extern const struct command_text command_texts[];
extern const size_t command_text_count;

// The row called name, NULL when there is none.
const struct command_text *command_text_find(const char *name);

// The options and remarks, also of serve, whose options are a table of their own.
void command_text_options(const struct command_text *command, FILE *out);
