// folder.c - looks into a job folder and says which entry it holds.
// SPDX-License-Identifier: Apache-2.0
#include "job/folder.h"

#include "job/job.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>

static bool folder_refused(const char *path, struct err *e);
static bool entry_stat(const char *folder_path, enum folder_entry entry, struct stat *ret);
static bool is_older(const struct stat *a, const struct stat *b);

const char *folder_entry_file(enum folder_entry entry)
{
    static const char *const files[] = {
        [ENTRY_NONE] = "",          [ENTRY_MODULE] = "main.so", [ENTRY_SOURCE] = "main.c",
        [ENTRY_PYTHON] = "main.py", [ENTRY_PROGRAM] = "main",
    };

    return files[entry];
}

bool folder_find(const char *jobs_dir, struct str folder, enum folder_entry *ret_entry,
                 struct err *e)
{
    struct stat st;

    return folder_find_stat(jobs_dir, folder, ret_entry, &st, e);
}

bool folder_find_stat(const char *jobs_dir, struct str folder, enum folder_entry *ret_entry,
                      struct stat *ret_stat, struct err *e)
{
    char path[PATH_MAX];
    struct stat module;
    bool has_module, has_source;

    // The rule for job names keeps a folder inside jobs_dir: no slash, no leading dot.
    if (!job_name_check(folder, e)) {
        (void)fail(e, ERR_FOLDER, "job_id", "\"%.*s\" cannot be the name of a job folder",
                   STR(folder));
        return fail_hint(e, "use letters, digits and . _ @ : - (a letter or digit first)");
    }
    if (snprintf(path, sizeof path, "%s/%.*s", jobs_dir, STR(folder)) >= (int)sizeof path - 16)
        return fail(e, ERR_FOLDER, NULL, "the path of job folder \"%.*s\" is too long",
                    STR(folder));

    has_module = entry_stat(path, ENTRY_MODULE, &module);
    has_source = entry_stat(path, ENTRY_SOURCE, ret_stat);
    if (has_module && !(has_source && is_older(&module, ret_stat))) {
        *ret_entry = ENTRY_MODULE;
        *ret_stat = module;
    } else if (has_source)
        *ret_entry = ENTRY_SOURCE;
    else if (entry_stat(path, ENTRY_PYTHON, ret_stat))
        *ret_entry = ENTRY_PYTHON;
    else if (entry_stat(path, ENTRY_PROGRAM, ret_stat))
        *ret_entry = ENTRY_PROGRAM;
    else
        return folder_refused(path, e);
    return true;
}

// Why there is no entry: no folder, no folder but something else, or nothing in it.
static bool folder_refused(const char *path, struct err *e)
{
    struct stat st;

    if (stat(path, &st) < 0 && errno != ENOENT)
        return fail_errno(e, ERR_FOLDER, errno, "job folder %s cannot be read", path);
    if (stat(path, &st) < 0)
        (void)fail(e, ERR_FOLDER, NULL, "there is no job folder %s", path);
    else if (!S_ISDIR(st.st_mode))
        (void)fail(e, ERR_FOLDER, NULL, "%s is not a folder", path);
    else
        (void)fail(e, ERR_FOLDER, NULL, "job folder %s holds nothing to run", path);
    return fail_hint(e, "make it a folder with main.so, main.c, main.py or an executable main");
}

static bool entry_stat(const char *folder_path, enum folder_entry entry, struct stat *ret)
{
    char path[PATH_MAX + 16];

    (void)snprintf(path, sizeof path, "%s/%s", folder_path, folder_entry_file(entry));
    return stat(path, ret) == 0 && S_ISREG(ret->st_mode);
}

static bool is_older(const struct stat *a, const struct stat *b)
{
    if (a->st_mtim.tv_sec != b->st_mtim.tv_sec)
        return a->st_mtim.tv_sec < b->st_mtim.tv_sec;
    return a->st_mtim.tv_nsec < b->st_mtim.tv_nsec;
}
