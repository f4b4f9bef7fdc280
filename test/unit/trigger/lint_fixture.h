// lint_fixture.h - one check of lint_check.h on one trigger.
#pragma once

#include "trigger/lint_check.h"
#include "trigger_fixture.h"

struct linted {
    lint_check_fn *check;
    const char *spec, *zone;
    const char *codes; // of what it finds, with blanks between
};

static inline void linted_check(const struct linted *rows, size_t count)
{
    struct zones *zones = zones_new(ZONE_DIR);
    const struct lint_options o = {.now = at_of(zones, "2026-01-15 10:07:03")};

    for (size_t i = 0; i < count; i++) {
        struct trigger *t = trigger_quoted(zones, rows[i].spec, rows[i].zone);
        struct lint_finding v[LINT_MAX];
        struct lint l = {.t = t, .o = &o, .next = trigger_next(t, o.now), .v = v};
        struct buf out;
        struct err e;

        l.has_pattern = pattern_make(t, o.now, "", &l.pattern, &e);
        buf_init(&out, 1000);
        rows[i].check(&l);
        for (size_t k = 0; k < l.count; k++)
            buf_printf(&out, k ? " %s" : "%s", lint_name(v[k].code));
        if (strcmp(buf_text(&out), rows[i].codes) != 0)
            fail_msg("%s: %s, not %s", rows[i].spec, buf_text(&out), rows[i].codes);
        buf_done(&out);
        trigger_free(t);
    }
    zones_free(zones);
}
