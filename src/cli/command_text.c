// command_text.c - the words of command.def.
// SPDX-License-Identifier: Apache-2.0
#include "cli/command_text.h"

#include <string.h>

#include "cli/settings.h"

const struct command_text command_texts[] = {
#define X(name, function, synopsis, help, options) {name, synopsis, help, options},
#include "cli/command.def"
#undef X
};
const size_t command_text_count = sizeof command_texts / sizeof *command_texts;

const struct command_text *command_text_find(const char *name)
{
    for (size_t i = 0; i < command_text_count; i++)
        if (strcmp(command_texts[i].name, name) == 0)
            return &command_texts[i];
    return NULL;
}

void command_text_options(const struct command_text *command, FILE *out)
{
    if (strcmp(command->name, "serve") == 0) {
        settings_help(out);
        if (command->options[0])
            fprintf(out, "\n");
    }
    fputs(command->options, out);
}
