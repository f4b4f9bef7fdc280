// job_shelf.c - jobs that are alike are read once.
// SPDX-License-Identifier: Apache-2.0
#include "job/job_shelf.h"

#include <stdlib.h>

#include "base/map.h"
#include "base/mem.h"

#define KINDS_MAX 4096 // of texts; what comes after them is read each time

// What a text means: one of the two.
struct meaning {
    struct str text;         // owned
    struct job *model;       // owned; has the spec, but for the target
    struct trigger *trigger; // shared
};

// Texts of one sort, and the last that was found: the next row has often the same.
struct shelf {
    struct map map;
    const struct meaning *last;
};

struct job_shelf {
    const struct trigger_context *context;
    const struct job_presets *presets;
    struct shelf specs, triggers;
};

struct job_shelf *job_shelf_new(const struct trigger_context *context,
                                const struct job_presets *presets)
{
    struct job_shelf *shelf = mem_alloc(sizeof *shelf);

    shelf->context = context;
    shelf->presets = presets;
    map_init(&shelf->specs.map);
    map_init(&shelf->triggers.map);
    return shelf;
}

static void meanings_free(struct map *map)
{
    struct meaning *meaning;

    for (size_t at = 0; (meaning = map_next(map, &at));) {
        job_free(meaning->model);
        trigger_free(meaning->trigger);
        free((void *)meaning->text.p);
        free(meaning);
    }
    map_done(map);
}

void job_shelf_free(struct job_shelf *shelf)
{
    if (!shelf)
        return;
    meanings_free(&shelf->specs.map);
    meanings_free(&shelf->triggers.map);
    free(shelf);
}

static const struct meaning *shelf_find(struct shelf *shelf, struct str text)
{
    if (!shelf->last || !str_eq(shelf->last->text, text))
        shelf->last = map_get(&shelf->map, text);
    return shelf->last;
}

static void keep(struct shelf *shelf, struct str text, struct job *model, struct trigger *trigger)
{
    struct meaning *meaning = mem_alloc(sizeof *meaning);

    *meaning = (struct meaning){{str_own(text), text.len}, model, trigger};
    map_put(&shelf->map, meaning->text, meaning);
}

// Parts {"target":"noop","args":[]} into noop and "args":[]}; false when the target does not stand
// first, or not as it is.
static bool spec_part(struct str spec, struct str *ret_target, struct str *ret_rest)
{
    const struct str head = STR_LIT("{\"target\":\"");
    size_t at = head.len;

    if (!str_starts(spec, head))
        return false;
    while (at < spec.len && spec.p[at] >= ' ' && spec.p[at] < 127 && spec.p[at] != '"' &&
           spec.p[at] != '\\')
        at++;
    if (at + 1 >= spec.len || spec.p[at] != '"')
        return false;
    *ret_target = str_cut(spec, head.len, at);
    *ret_rest = str_cut(spec, at + 1, spec.len);
    return true;
}

struct job *job_shelf_read(struct job_shelf *shelf, const struct job_row *row)
{
    struct str target = {0}, rest = {0};
    const struct meaning *trigger = shelf_find(&shelf->triggers, row->trigger), *spec = NULL;
    struct job_known known = {.trigger = trigger ? trigger->trigger : NULL};
    bool is_parted = spec_part(row->spec, &target, &rest);

    if (is_parted && (spec = shelf_find(&shelf->specs, rest))) {
        known.model = spec->model;
        known.target = target;
    }
    struct job *job = job_from_row_known(row, shelf->context, &known);

    if (!spec || job->spec != spec->model->spec)
        job_set_presets(job, shelf->presets);
    if (job->spec->quarantine.len > 0)
        return job;
    if (!trigger && shelf->triggers.map.len < KINDS_MAX)
        keep(&shelf->triggers, row->trigger, NULL, trigger_share(job->trigger));
    // The pause of a job may come from elsewhere than its spec.
    if (is_parted && !spec && shelf->specs.map.len < KINDS_MAX && job->state == JOB_ENABLED)
        keep(&shelf->specs, rest, job_copy(job, NULL), NULL);
    return job;
}
