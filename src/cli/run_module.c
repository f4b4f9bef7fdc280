// run_module.c - belfry run-module: one run of a C job by hand, or a module host.
// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/command.h"
#include "exec/compile.h"
#include "exec/module_file.h"
#include "exec/module_host.h"
#include "job/folder.h"

static int err_print(const struct err *e)
{
    (void)fprintf(stderr, "belfry run-module: %s\n", e->message);
    if (*e->hint)
        (void)fprintf(stderr, "    %s\n", e->hint);
    return err_exit_status(e->code);
}

// The module of a job folder, made if need be. folder is absolute.
static bool folder_module(char folder[PATH_MAX], char path[PATH_MAX], struct err *e)
{
    enum folder_entry entry;
    char *slash = strrchr(folder, '/');
    const char *cc = getenv("CC");
    bool is_found;

    *slash = '\0';
    is_found = folder_find(*folder ? folder : "/", str_of(slash + 1), &entry, e);
    *slash = '/';
    if (!is_found)
        return false;
    if (entry != ENTRY_MODULE && entry != ENTRY_SOURCE)
        return fail(e, ERR_FOLDER, NULL, "%s is no C job: it holds %s", folder,
                    folder_entry_file(entry));
    if (entry == ENTRY_SOURCE && !compile_now(cc && *cc ? cc : "cc", folder, e))
        return false;
    if (snprintf(path, PATH_MAX, "%s/main.so", folder) >= PATH_MAX)
        return fail(e, ERR_FOLDER, NULL, "the path %s is too long", folder);
    return true;
}

// What the job is called: its folder's name.
static const char *job_name(const char *path, char *ret_copy)
{
    char *slash;

    (void)snprintf(ret_copy, PATH_MAX, "%s", path);
    slash = strrchr(ret_copy, '/');
    *slash = '\0';
    slash = strrchr(ret_copy, '/');
    return slash ? slash + 1 : "";
}

int cmd_run_module(int argc, char **argv)
{
    char full[PATH_MAX], path[PATH_MAX], name[PATH_MAX];
    const char *known = getenv("BELFRY_JOB_ID");
    struct stat st;
    struct err e;

    if (argc == 2 && strcmp(argv[1], "--host") == 0)
        return module_host_main();
    if (argc < 2)
        return command_usage(argv[0], "which module? Give a job folder or a main.so");
    if (!realpath(argv[1], full) || stat(full, &st) < 0) {
        (void)fail_errno(&e, ERR_NOT_FOUND, errno, "%s", argv[1]);
        return err_print(&e);
    }
    if (!S_ISDIR(st.st_mode))
        memcpy(path, full, sizeof path);
    else if (!folder_module(full, path, &e))
        return err_print(&e);
    argv[1] = (char *)(uintptr_t)(known ? known : job_name(path, name));
    return module_run_once(path, argc - 1, argv + 1);
}
