// tagged.c - a number for each tag that jobs have.
// SPDX-License-Identifier: Apache-2.0
#include "sched/tagged.h"

#include <stdlib.h>

#include "base/mem.h"

void tagged_init(struct tagged *t)
{
    map_init(&t->by_tag);
}

static void tag_free(struct tagged_tag *tag)
{
    free((char *)tag->tag.p);
    free(tag);
}

void tagged_done(struct tagged *t)
{
    struct tagged_tag *tag;

    for (size_t at = 0; (tag = map_next(&t->by_tag, &at));)
        tag_free(tag);
    map_done(&t->by_tag);
}

static struct tagged_tag *tag_new(struct tagged *t, struct str word)
{
    struct tagged_tag *tag = mem_alloc(sizeof *tag);

    tag->tag = (struct str){str_own(word), word.len};
    (void)map_put(&t->by_tag, tag->tag, tag);
    return tag;
}

void tagged_add(struct tagged *t, struct str tags)
{
    struct str word;

    while (tags.len > 0 && str_next(&tags, ' ', &word)) {
        struct tagged_tag *tag = map_get(&t->by_tag, word);

        if (!tag)
            tag = tag_new(t, word);
        tag->jobs++;
    }
}

void tagged_remove(struct tagged *t, struct str tags)
{
    struct str word;

    while (tags.len > 0 && str_next(&tags, ' ', &word)) {
        struct tagged_tag *tag = map_get(&t->by_tag, word);

        if (--tag->jobs > 0)
            continue;
        (void)map_remove(&t->by_tag, word);
        tag_free(tag);
    }
}

size_t tagged_count(const struct tagged *t, struct str tag)
{
    const struct tagged_tag *found = map_get(&t->by_tag, tag);

    return found ? found->jobs : 0;
}

const struct tagged_tag *tagged_next(const struct tagged *t, size_t *at)
{
    return map_next(&t->by_tag, at);
}
