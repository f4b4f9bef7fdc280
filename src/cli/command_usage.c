// command_usage.c - tells that a command was used wrongly.
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
