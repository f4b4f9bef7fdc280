// lookup.h - what a job folder holds, looked up while the claim of its run is still being written.
//
// Finding the entry of a folder costs two or three system calls. For a thousand runs that are due
// at the same moment that was half of the time between the commit of their claim and the last
// start. The scheduler says which folders it is about to need when it asks the store for the claim;
// the store's thread then writes, and this one looks.
//
// What was found so is used within LOOKUP_US and never later: who edits a job sees the next run use
// it.
#pragma once

#include <stdbool.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/map.h"
#include "base/str.h"
#include "job/folder.h"

#define LOOKUP_US 100000

struct lookups {
    const char *jobs_dir; // borrowed
    struct map found;     // struct lookup by folder name
};

void lookups_init(struct lookups *l, const char *jobs_dir);
void lookups_done(struct lookups *l);

// Looks now, for a lookup_take that follows soon. What cannot be found is not remembered.
void lookup_expect(struct lookups *l, struct str folder, mono now);

// As folder_find_stat, from what lookup_expect has found if that is fresh enough.
[[nodiscard]] bool lookup_take(struct lookups *l, struct str folder, mono now,
                               enum folder_entry *ret_entry, struct stat *ret_stat, struct err *e);
