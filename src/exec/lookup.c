// lookup.c - folders looked at ahead of need.
// SPDX-License-Identifier: Apache-2.0
#include "exec/lookup.h"

#include <stdlib.h>

#include "base/mem.h"

#define LOOKUPS_MAX 8192 // more than one claim holds

struct lookup {
    char *folder;
    mono at;
    enum folder_entry entry;
    struct stat stat;
};

void lookups_init(struct lookups *l, const char *jobs_dir)
{
    l->jobs_dir = jobs_dir;
    map_init(&l->found);
}

static void lookup_free(struct lookup *found)
{
    free(found->folder);
    free(found);
}

// Those nobody came for: their claim failed, or another run of the folder took what was found.
static void lookups_forget(struct lookups *l, mono before)
{
    struct lookup *found;

    for (size_t at = 0; (found = map_next(&l->found, &at));) {
        if (found->at.us >= before.us)
            continue;
        map_remove(&l->found, str_of(found->folder));
        lookup_free(found);
    }
}

void lookups_done(struct lookups *l)
{
    lookups_forget(l, (mono){INT64_MAX});
    map_done(&l->found);
}

void lookup_expect(struct lookups *l, struct str folder, mono now)
{
    struct lookup *found = map_get(&l->found, folder);
    struct lookup fresh = {.at = now};
    struct err e;

    if ((found && now.us - found->at.us <= LOOKUP_US) ||
        !folder_find_stat(l->jobs_dir, folder, &fresh.entry, &fresh.stat, &e))
        return;
    if (!found && l->found.len >= LOOKUPS_MAX) {
        lookups_forget(l, (mono){now.us - LOOKUP_US});
        if (l->found.len >= LOOKUPS_MAX)
            return;
    }
    if (!found) {
        found = mem_alloc(sizeof *found);
        fresh.folder = str_own(folder);
        map_put(&l->found, (struct str){fresh.folder, folder.len}, found);
    } else {
        fresh.folder = found->folder;
    }
    *found = fresh;
}

bool lookup_take(struct lookups *l, struct str folder, mono now, enum folder_entry *ret_entry,
                 struct stat *ret_stat, struct err *e)
{
    struct lookup *found = map_get(&l->found, folder);

    if (!found || now.us - found->at.us > LOOKUP_US)
        return folder_find_stat(l->jobs_dir, folder, ret_entry, ret_stat, e);
    *ret_entry = found->entry;
    *ret_stat = found->stat;
    return true;
}
