// folder.h - job folders: <jobs.dir>/<name>/ with an entry and perhaps a .schedule file.
//
// The first of main.so, main.c, main.py, main that the folder holds is its entry. This file only
// looks; exec runs it.
#pragma once

#include <stdbool.h>

#include "base/err.h"
#include "base/str.h"

enum folder_entry {
    ENTRY_NONE,
    ENTRY_MODULE,  // main.so
    ENTRY_SOURCE,  // main.c, to be compiled into main.so
    ENTRY_PYTHON,  // main.py
    ENTRY_PROGRAM, // main, executable
};

// Name of the entry's file: "main.so", "main.c", "main.py", "main"; "" for ENTRY_NONE.
const char *folder_entry_file(enum folder_entry entry);

// Looks which entry <jobs_dir>/<folder> holds. ERR_FOLDER when there is no such folder (or when the
// name is no job name, so that it cannot leave jobs_dir) or when it holds no entry. A main.so newer
// than its main.c wins; an older one gives ENTRY_SOURCE.
[[nodiscard]] bool folder_find(const char *jobs_dir, struct str folder,
                               enum folder_entry *ret_entry, struct err *e);

// The same, and how the entry's file was found (as stat gives it), for those who need to know which
// version it is.
struct stat;
[[nodiscard]] bool folder_find_stat(const char *jobs_dir, struct str folder,
                                    enum folder_entry *ret_entry, struct stat *ret_stat,
                                    struct err *e);
