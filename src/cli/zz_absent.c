// zz_absent.c - answers for commands whose file is not built; the last member of the archive.
// SPDX-License-Identifier: Apache-2.0
#include "cli/command.h"

#define ABSENT(function)                                                 \
    __attribute__((weak)) int function(int argc, char **argv)            \
    {                                                                    \
        (void)argc;                                                      \
        return command_usage(argv[0], "this build has no such command"); \
    }
ABSENT(cmd_serve)
