// scratch.h - a directory for one test of the store, and what is in it removed at the end.
#pragma once

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "unit.h"

struct scratch {
    char directory[64];
    char path[96]; // of a database in it, not made yet
};

// In memory where there is such a file system: what a sync costs is not the question here.
static inline void scratch_init(struct scratch *s)
{
    snprintf(s->directory, sizeof s->directory, "%s/belfry-test-XXXXXX",
             access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    assert_non_null(mkdtemp(s->directory));
    snprintf(s->path, sizeof s->path, "%s/b.db", s->directory);
}

static inline void scratch_done(struct scratch *s)
{
    DIR *directory = opendir(s->directory);
    struct dirent *entry;
    char path[400];

    assert_non_null(directory);
    while ((entry = readdir(directory))) {
        snprintf(path, sizeof path, "%s/%s", s->directory, entry->d_name);
        unlink(path);
    }
    closedir(directory);
    assert_int_equal(rmdir(s->directory), 0);
}
