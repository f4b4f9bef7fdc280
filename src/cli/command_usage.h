// command_usage.h - what a command says when it was used wrongly.
//
// A file of its own, because the commands need it and command.c needs the commands.
#pragma once

// "belfry NAME: message" and how to get help, on stderr. Returns the exit status 2.
int command_usage(const char *name, const char *format, ...) __attribute__((format(printf, 2, 3)));
