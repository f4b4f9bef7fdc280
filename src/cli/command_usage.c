// command_usage.c - tells that a command was used wrongly, or failed.
// SPDX-License-Identifier: Apache-2.0
#include "cli/command_usage.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/err.h"

int command_usage(const char *name, const char *format, ...)
{
    va_list args;

    fprintf(stderr, "belfry %s: ", name);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fprintf(stderr, "\n`belfry %s --help` tells how it is used.\n", name);
    return err_exit_status(ERR_USAGE);
}

int command_complain(const char *name, const struct err *e)
{
    if (e->code == ERR_USAGE)
        return command_usage(name, "%s%s%s", e->message, e->hint[0] ? "; " : "", e->hint);
    fprintf(stderr, "belfry: %s\n", e->message);
    if (e->hint[0])
        fprintf(stderr, "hint: %s\n", e->hint);
    return err_exit_status(e->code);
}
