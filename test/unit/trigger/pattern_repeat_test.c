// pattern_repeat_test.c - which repeats and calendar intervals are patterns.
// SPDX-License-Identifier: Apache-2.0
#include "trigger/pattern_own.h"

#include "time/civil.h"
#include "time/iso8601.h"
#include "trigger/kind.h"
#include "trigger_fixture.h"

#define NOW "2026-01-15 10:07:03"

// "steps 1 months 0 days 2026-01-31 09:00 from ... until ... UTC"
static void pattern_say(const struct pattern *p, struct buf *out)
{
    static const char *const forms[] = {"calendar", "elapsed", "steps", "moment"};
    struct civil c = civil_at(p->anchor_s);

    buf_printf(out, "%s ", forms[p->form]);
    if (p->form == PATTERN_STEPS) {
        buf_printf(out, "%d months %d days %04d-%02d-%02dT%02d:%02d", p->months, p->days, c.year,
                   c.month, c.day, c.hour, c.minute);
        buf_add_text(out, p->cuts_months ? " cut" : "");
    } else {
        buf_printf(out, "%lld s ", (long long)(p->every_us / 1000000));
        iso8601_write(p->anchor, NULL, out);
    }
    if (p->start.us != TRIGGER_BEGINNING.us) {
        buf_add_text(out, " from ");
        iso8601_write(p->start, NULL, out);
    }
    if (p->end.us != WALL_NEVER.us) {
        buf_add_text(out, " until ");
        iso8601_write(p->end, NULL, out);
    }
    buf_printf(out, " %.*s %s", STR(zone_name(p->zone)), dst_names[p->calendar.dst]);
}

static void test_forms(void **state)
{
    static const struct {
        const char *spec, *want;
    } rows[] = {
        {"'iso8601','expr':'R/2026-01-01T09:00:00/P1M'",
         "steps 1 months 0 days 2026-01-01T09:00 cut Europe/Berlin default"},
        {"'iso8601','expr':'R/2027-01-01T09:00:00+05:30/P1Y','dst':'skip'",
         "steps 12 months 0 days 2027-01-01T09:00 cut from 2027-01-01T03:30:00Z +05:30 skip"},
        {"'iso8601','expr':'R3/2026-01-01T09:00:00/P2W','dst':'utc'",
         "steps 0 months 14 days 2026-01-01T09:00 cut until 2026-01-29T09:00:00Z UTC default"},
        // Counted back from an end: from its first slot, or one before now.
        {"'iso8601','expr':'R3/P1M/2026-03-28T09:00:00'",
         "steps 1 months 0 days 2026-01-28T09:00 cut from 2026-01-28T08:00:00Z until "
         "2026-03-28T08:00:00Z Europe/Berlin default"},
        {"'iso8601','expr':'R2/P1M/2026-03-31T09:00:00'",
         "steps 1 months 0 days 2026-01-31T09:00 cut from 2026-02-28T08:00:00Z until "
         "2026-03-31T07:00:00Z Europe/Berlin default"},
        {"'iso8601','expr':'R/P1W/2026-12-28T09:00:00'",
         "steps 0 months 7 days 2026-01-19T09:00 cut until 2026-12-28T08:00:00Z Europe/Berlin "
         "default"},
        {"'iso8601','expr':'R/P1M/2025-12-28T09:00:00'",
         "!cron begins with a run to come, this schedule has none"},
        // Elapsed time, counted from the first slot within the bounds.
        {"'iso8601','expr':'R/2026-01-01T09:00:00/PT90M'",
         "elapsed 5400 s 2026-01-01T08:00:00Z Europe/Berlin default"},
        {"'iso8601','expr':'R/2026-01-01T09:00:00/PT24H','start_date':'2026-02-01'",
         "elapsed 86400 s 2026-02-01T08:00:00Z Europe/Berlin default"},
        {"'iso8601','expr':'R/PT1H/2026-12-28T09:00:00'",
         "elapsed 3600 s 2026-01-15T11:00:00Z until 2026-12-28T08:00:00Z Europe/Berlin default"},
        {"'iso8601','expr':'R1/2026-02-01T09:00:00/P1D'",
         "moment 0 s 2026-02-01T08:00:00Z until 2026-02-01T08:00:00Z Europe/Berlin default"},
        {"'iso8601','expr':'R/2026-01-01/P1M1D'", "!cron cannot count months and days together"},
        {"'iso8601','expr':'R/2026-01-01/P1MT1H'", "!cron cannot count months and hours together"},
        {"'iso8601','expr':'R/2026-01-01/P1DT1H'", "!cron cannot count days and hours together"},
        {"'iso8601','expr':'R/2026-01-01T00:00:00.5/P1D'",
         "!cron has no fractions of a second here"},
        // Starts behind the anchor.
        {"'iso8601','expr':'R/2025-12-31T09:00:00/P1M','start_date':'2026-02-01'",
         "steps 1 months 0 days 2026-01-31T09:00 cut from 2026-02-28T08:00:00Z Europe/Berlin "
         "default"},
        {"'iso8601','expr':'R/2025-10-19T02:30:00/P1W','start_date':'2025-10-26T02:00:00+01:00',"
         "'max_runs':300,'dst':'both'",
         "steps 0 months 7 days 2025-10-26T02:30 cut from 2025-10-26T01:30:00Z Europe/Berlin "
         "both"},
        {"'calendarinterval','days':10,'time':'09:00','start_date':'2026-02-01T10:00'",
         "steps 0 months 10 days 2026-02-11T09:00 from 2026-02-11T08:00:00Z Europe/Berlin default"},
        {"'calendarinterval','months':1,'month_end':'last','start_date':'2025-12-31'",
         "steps 1 months 0 days 2025-12-31T00:00 cut Europe/Berlin default"},
    };
    struct zones *zones = zones_new(ZONE_DIR);

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct trigger *t;
        char spec[300];
        struct pattern p;
        struct buf out;
        struct err e;

        snprintf(spec, sizeof spec, "{'type':%s}", rows[i].spec);
        t = trigger_quoted(zones, spec, "Europe/Berlin");
        buf_init(&out, 300);
        if (pattern_make(t, at_of(zones, NOW), "cron", &p, &e)) {
            pattern_say(&p, &out);
            assert_true(pattern_of_repeat(&p, "cron", &e)); // and once more
        } else {
            buf_printf(&out, "!%s", e.message);
        }
        if (strcmp(buf_text(&out), rows[i].want) != 0)
            fail_msg("%s\n  %s\n  %s", rows[i].spec, buf_text(&out), rows[i].want);
        buf_done(&out);
        trigger_free(t);
    }
    zones_free(zones);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {cmocka_unit_test(test_forms)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
