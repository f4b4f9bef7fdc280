// convert_fixture.h - tables of what the writers of other languages make of a trigger.
#pragma once

#include <stdlib.h>

#include "trigger/convert_parts.h"
#include "trigger/convert_write.h"
#include "trigger/kind.h"
#include "trigger_fixture.h"

#define NOW "2026-01-15 10:07:03"

struct written {
    const char *spec, *zone;
    convert_fn *writer;
    // The expr, or the members of a language without one; then what stays beside it: " dst=first",
    // " start", " end", " runs". "!" and the reason: it cannot.
    const char *want;
};

static inline void written_add(struct buf *out, json_t *spec, const json_t *common,
                               const struct pattern *p)
{
    const char *expr = json_string_value(json_object_get(spec, "expr"));
    const char *dst = json_string_value(json_object_get(common, "dst"));
    char *text = expr ? NULL : json_dumps(spec, JSON_COMPACT);

    buf_add_text(out, expr ? expr : text);
    free(text);
    if (dst)
        buf_printf(out, " dst=%s", dst);
    if (p->start.us != TRIGGER_BEGINNING.us)
        buf_add_text(out, " start");
    if (p->end.us != WALL_NEVER.us)
        buf_add_text(out, " end");
    if (p->max_runs)
        buf_add_text(out, " runs");
}

static inline void written_check(const struct written *rows, size_t count)
{
    struct zones *zones = zones_new(ZONE_DIR);

    for (size_t i = 0; i < count; i++) {
        struct trigger *t = trigger_quoted(zones, rows[i].spec, rows[i].zone);
        json_t *spec = json_object(), *common = json_object();
        struct buf out;
        struct pattern p;
        struct err e;

        buf_init(&out, 4000);
        if (pattern_make(t, at_of(zones, NOW), "cron", &p, &e) &&
            rows[i].writer(&p, spec, common, &e))
            written_add(&out, spec, common, &p);
        else
            buf_printf(&out, "!%s", e.message);
        if (strcmp(buf_text(&out), rows[i].want) != 0)
            fail_msg("%s in %s\n  %s\n  %s", rows[i].spec, rows[i].zone, buf_text(&out),
                     rows[i].want);
        buf_done(&out);
        json_decref(common);
        json_decref(spec);
        trigger_free(t);
    }
    zones_free(zones);
}
