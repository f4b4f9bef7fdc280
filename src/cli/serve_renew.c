// serve_renew.c - the same process begins anew.
//
// A process of which nothing is left but its number has no state that could be wrong: what a node
// believed before its lease ended, it cannot believe afterwards. All descriptors close by
// themselves.
// SPDX-License-Identifier: Apache-2.0
#include "cli/serve_renew.h"

#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"

static void limit_lower(uint64_t files_max)
{
    struct rlimit files;

    if (files_max == 0 || getrlimit(RLIMIT_NOFILE, &files) != 0)
        return;
    files.rlim_cur = files_max;
    (void)setrlimit(RLIMIT_NOFILE, &files);
}

void serve_renew(const char *self, int argc, char **argv, const char *listen, uint64_t files_max)
{
    char **args = mem_array((size_t)argc + 5, sizeof *args);
    size_t count = 0;

    args[count++] = (char *)(uintptr_t) "belfry";
    args[count++] = (char *)(uintptr_t) "serve";
    for (int i = 1; i < argc; i++)
        args[count++] = argv[i];
    if (listen) {
        args[count++] = (char *)(uintptr_t) "--listen";
        args[count++] = (char *)(uintptr_t)listen;
    }
    (void)alarm(0);
    limit_lower(files_max);
    while (waitpid(-1, NULL, WNOHANG) > 0) // keepers that have left
        ;
    (void)execv(self, args);
    free(args);
}
