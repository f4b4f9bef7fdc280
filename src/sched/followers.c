// followers.c - which jobs follow a job.
// SPDX-License-Identifier: Apache-2.0
#include "sched/followers.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/vec.h"
#include "sched/due.h"

struct followed {
    char *name;
    VEC_OF(struct entry *) entries;
};

void followers_init(struct followers *f)
{
    map_init(&f->by_name);
}

static void followed_free(struct followed *followed)
{
    vec_done(&followed->entries);
    free(followed->name);
    free(followed);
}

void followers_done(struct followers *f)
{
    struct followed *followed;

    for (size_t at = 0; (followed = map_next(&f->by_name, &at));)
        followed_free(followed);
    map_done(&f->by_name);
}

void followers_join(struct followers *f, struct entry *entry)
{
    const struct depends *depends = entry->job->depends;

    for (size_t i = 0; depends && i < depends->count; i++) {
        struct followed *followed = map_get(&f->by_name, depends->v[i].job);

        if (!followed) {
            followed = mem_alloc(sizeof *followed);
            followed->name = str_own(depends->v[i].job);
            (void)map_put(&f->by_name, str_of(followed->name), followed);
        }
        vec_push(&followed->entries, entry);
    }
}

static void entry_take(struct followed *followed, const struct entry *entry)
{
    size_t len = 0;

    for (size_t i = 0; i < followed->entries.len; i++)
        if (followed->entries.v[i] != entry)
            followed->entries.v[len++] = followed->entries.v[i];
    followed->entries.len = len;
}

void followers_leave(struct followers *f, struct entry *entry)
{
    const struct depends *depends = entry->job->depends;

    for (size_t i = 0; depends && i < depends->count; i++) {
        struct followed *followed = map_get(&f->by_name, depends->v[i].job);

        if (!followed)
            continue;
        entry_take(followed, entry);
        if (followed->entries.len > 0)
            continue;
        (void)map_remove(&f->by_name, depends->v[i].job);
        followed_free(followed);
    }
}

struct entry *const *followers_of(const struct followers *f, struct str name, size_t *ret_count)
{
    const struct followed *followed = f->by_name.len > 0 ? map_get(&f->by_name, name) : NULL;

    *ret_count = followed ? followed->entries.len : 0;
    return followed ? followed->entries.v : NULL;
}
