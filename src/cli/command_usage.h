// command_usage.h - what a command says when it was used wrongly, or failed.
//
// A file of its own, because the commands need it and command.c needs the commands.
#pragma once

#include "base/err.h"

// "belfry NAME: message" and how to get help, on stderr. Returns the exit status 2.
int command_usage(const char *name, const char *format, ...) __attribute__((format(printf, 2, 3)));

// "belfry: message" and a line with the hint, on stderr; for ERR_USAGE as command_usage. Returns
// the exit status.
int command_complain(const char *name, const struct err *e);
