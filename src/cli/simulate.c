// simulate.c - `belfry simulate`: the weeks to come, rehearsed with the jobs of a database.
// SPDX-License-Identifier: Apache-2.0
#include "cli/command.h"

#include <string.h>

#include "base/log.h"
#include "cli/listing.h"
#include "cli/settings.h"
#include "sched/learned.h"
#include "sched/rehearsal.h"
#include "store/peek.h"
#include "time/duration.h"
#include "time/iso8601.h"

#define OUTPUT_BYTES_MAX (256 * 1024 * 1024)
#define WEEK_US (7 * DAY_US)
#define MONTHS_US (400 * DAY_US)
#define PLACES_MAX 1000000

struct simulation {
    struct typed typed;
    enum form form;
    struct screen screen;
    struct rehearsal_options options;
    struct settings settings; // those of the server, as the environment has them
    const char *db;
    int64_t percent;
    struct rehearsal *rehearsal;
    struct buf out;
    size_t known, paused;
};

// ---- what was asked for ----

// A time, or with + in front so long after base.
static bool time_read(const struct simulation *s, const char *option, wall base, wall *ret_at,
                      struct err *e)
{
    const char *text = typed_value(&s->typed, option);
    int64_t us;

    if (!text)
        return true;
    if (text[0] != '+')
        return iso8601_moment(str_of(text), s->screen.zone, option, ret_at, e);
    if (!duration_parse(str_of(text + 1), option, &us, e))
        return false;
    ret_at->us = base.us + us;
    return true;
}

static bool options_read(struct simulation *s, struct err *e)
{
    struct rehearsal_options *o = &s->options;
    const char *assume = typed_value(&s->typed, "--assume"), *db = typed_value(&s->typed, "--db");
    char *serve[] = {"serve", NULL};
    const struct settings *settings = &s->settings;
    int64_t places;

    o->zones = s->screen.zones;
    o->from.us = (s->screen.now.us + SECOND_US - 1) / SECOND_US * SECOND_US;
    o->assume_us = 10 * SECOND_US;
    if (!time_read(s, "--from", s->screen.now, &o->from, e))
        return false;
    o->to.us = o->from.us + WEEK_US;
    if (!time_read(s, "--to", o->from, &o->to, e) ||
        (assume && !duration_parse(str_of(assume), "--assume", &o->assume_us, e)) ||
        !typed_number(&s->typed, "--percent", 1, 100, 50, &s->percent, e) ||
        !settings_read(1, serve, &s->settings, e) ||
        !typed_number(&s->typed, "--max-runs", 1, PLACES_MAX, settings->children_max_n, &places,
                      e) ||
        !settings_db_path(db ? db : settings->db, &s->db, e))
        return false;
    o->timezone = *settings->timezone ? str_of(settings->timezone) : zone_name(s->screen.zone);
    o->places = (int)places;
    o->presets = &settings->presets;
    if (o->to.us <= o->from.us)
        return fail(e, ERR_INPUT, "--to", "--to must be later than --from");
    if (o->to.us - o->from.us > MONTHS_US)
        return fail(e, ERR_INPUT, "--to", "more than 400 days cannot be simulated at once");
    return true;
}

static void calendar_add(const struct store_calendar *row, void *ctx)
{
    struct simulation *s = ctx;

    rehearsal_add_calendar(s->rehearsal, row);
}

static void job_add(const struct job_row *row, const int64_t *durations_us, size_t count, void *ctx)
{
    struct simulation *s = ctx;
    struct learned *learned = NULL;

    for (size_t i = 0; i < count; i++)
        learned_add(&learned, durations_us[i]);
    s->known += count > 0;
    s->paused += row->state == JOB_PAUSED;
    rehearsal_add_job(s->rehearsal, row, learned_percent(learned, (int)s->percent, 1));
    free(learned);
}

// ---- what came of it ----

static json_t *moment_json(const struct simulation *s, wall at)
{
    struct buf text;

    if (at.us == 0)
        return json_null();
    buf_init(&text, 64);
    iso8601_write(at, s->screen.zone, &text);
    json_t *json = json_stringn(text.p, text.len);

    buf_done(&text);
    return json;
}

static json_t *seconds_json(int64_t us)
{
    return json_real((double)us / 1e6);
}

static json_t *job_json(const struct simulation *s, const struct rehearsed *job)
{
    json_t *why = json_object();
    json_int_t skipped = 0;

    for (int i = 0; i < RUN_REASON_COUNT; i++) {
        skipped += job->skipped[i];
        if (job->skipped[i] > 0)
            json_object_set_new(why, run_reason_name((enum run_reason)i),
                                json_integer(job->skipped[i]));
    }
    return json_pack("{ss ss so sb sI sI so so sI so so so so si}", "job_id", job->name, "state",
                     job_state_names[job->state], "duration", seconds_json(job->takes_us),
                     "duration_is_known", job->is_known, "runs", (json_int_t)job->runs, "skipped",
                     skipped, "skipped_why", why, "skipped_first", moment_json(s, job->skipped_at),
                     "waited", (json_int_t)job->waited, "wait", seconds_json(job->wait_us),
                     "wait_max", seconds_json(job->wait_max_us), "waited_longest",
                     moment_json(s, job->longest_at), "busy", seconds_json(job->busy_us),
                     "most_at_once", job->most);
}

static json_t *peak_json(const struct simulation *s, const struct rehearsal_result *r)
{
    json_t *names = json_array();

    for (size_t i = 0; i < r->peak.name_count; i++)
        json_array_append_new(names, json_string(r->jobs.v[r->peak.names[i]]->name));
    return json_pack("{si so so so}", "runs", r->peak.count, "at", moment_json(s, r->peak.at),
                     "lasts", seconds_json(r->peak.lasts_us), "job_ids", names);
}

// Something happens to it that somebody may want to know.
static bool is_troubled(const struct rehearsed *job)
{
    for (int i = 0; i < RUN_REASON_COUNT; i++)
        if (job->skipped[i] > 0)
            return true;
    return job->waited > 0;
}

static json_t *result_json(const struct simulation *s, const struct rehearsal_result *r)
{
    bool is_all = typed_has(&s->typed, "--all") || s->form == FORM_JSON;
    json_t *jobs = json_array();

    for (size_t i = 0; i < r->jobs.len; i++)
        if (is_all || is_troubled(r->jobs.v[i]))
            json_array_append_new(jobs, job_json(s, r->jobs.v[i]));
    return json_pack("{so so sI sI sI sI so so so}", "from", moment_json(s, s->options.from), "to",
                     moment_json(s, s->options.to), "total_jobs", (json_int_t)r->jobs.len, "runs",
                     (json_int_t)r->runs, "skipped", (json_int_t)r->skipped, "waited",
                     (json_int_t)r->waited, "busy", seconds_json(r->busy_us), "peak",
                     peak_json(s, r), "jobs", jobs);
}

// ---- for a person ----

static void name_write(const json_t *item, const struct screen *screen, struct buf *out,
                       enum tone *ret_tone)
{
    (void)screen, (void)ret_tone;
    buf_add_text(out, item_text(item, "job_id"));
}

static void number_write(const json_t *item, const char *key, struct buf *out)
{
    json_int_t n = json_integer_value(json_object_get(item, key));

    if (n > 0)
        buf_printf(out, "%lld", (long long)n);
}

static void runs_write(const json_t *item, const struct screen *screen, struct buf *out,
                       enum tone *ret_tone)
{
    (void)screen, (void)ret_tone;
    buf_printf(out, "%lld", (long long)json_integer_value(json_object_get(item, "runs")));
}

static void took_write(const json_t *item, const char *key, struct buf *out)
{
    double seconds = json_real_value(json_object_get(item, key));

    if (seconds > 0)
        screen_took((int64_t)(seconds * 1000), out);
}

static void each_write(const json_t *item, const struct screen *screen, struct buf *out,
                       enum tone *ret_tone)
{
    (void)screen;
    if (json_is_false(json_object_get(item, "duration_is_known")))
        *ret_tone = TONE_DIM;
    took_write(item, "duration", out);
}

static void skipped_write(const json_t *item, const struct screen *screen, struct buf *out,
                          enum tone *ret_tone)
{
    (void)screen;
    *ret_tone = TONE_BAD;
    number_write(item, "skipped", out);
}

static void why_write(const json_t *item, const struct screen *screen, struct buf *out,
                      enum tone *ret_tone)
{
    const char *reason;
    json_t *count;
    size_t start = out->len;

    (void)screen, (void)ret_tone;
    json_object_foreach(json_object_get(item, "skipped_why"), reason, count)
    {
        buf_add_text(out, out->len > start ? ", " : "");
        buf_add_text(out, reason);
    }
}

static void first_write(const json_t *item, const struct screen *screen, struct buf *out,
                        enum tone *ret_tone)
{
    wall at;

    (void)ret_tone;
    if (item_moment(item, "skipped_first", &at))
        screen_moment(screen, at, out);
}

static void waited_write(const json_t *item, const struct screen *screen, struct buf *out,
                         enum tone *ret_tone)
{
    (void)screen, (void)ret_tone;
    number_write(item, "waited", out);
}

static void wait_write(const json_t *item, const struct screen *screen, struct buf *out,
                       enum tone *ret_tone)
{
    (void)screen, (void)ret_tone;
    took_write(item, "wait_max", out);
}

static void busy_write(const json_t *item, const struct screen *screen, struct buf *out,
                       enum tone *ret_tone)
{
    (void)screen, (void)ret_tone;
    took_write(item, "busy", out);
}

static void most_write(const json_t *item, const struct screen *screen, struct buf *out,
                       enum tone *ret_tone)
{
    (void)screen, (void)ret_tone;
    number_write(item, "most_at_once", out);
}

static const struct listing_column columns[] = {
    {{.title = "JOB", .may_break = true}, false, name_write},
    {{.title = "RUNS", .is_right = true}, false, runs_write},
    {{.title = "EACH", .rank = 4, .is_right = true}, false, each_write},
    {{.title = "SKIPPED", .is_right = true}, false, skipped_write},
    {{.title = "WHY", .rank = 1}, false, why_write},
    {{.title = "FIRST", .rank = 3}, false, first_write},
    {{.title = "WAITED", .rank = 1, .is_right = true}, false, waited_write},
    {{.title = "LONGEST", .rank = 2, .is_right = true}, false, wait_write},
    {{.title = "BUSY", .is_right = true}, true, busy_write},
    {{.title = "AT ONCE", .is_right = true}, true, most_write},
};
static const struct listing listing = {"jobs", "job_id", columns, sizeof columns / sizeof *columns};

static void moment_write(const struct simulation *s, wall at, struct buf *out)
{
    iso8601_named(at, s->screen.zone, out);
}

static void peak_write(const struct simulation *s, const struct rehearsal_result *r,
                       struct buf *out)
{
    if (r->peak.count == 0)
        return;
    buf_printf(out, "peak: %d run%s at once, ", r->peak.count, r->peak.count == 1 ? "" : "s");
    moment_write(s, r->peak.at, out);
    buf_add_text(out, ", for ");
    screen_took(r->peak.lasts_us / 1000, out);
    buf_add_text(out, ": ");
    for (size_t i = 0; i < r->peak.name_count; i++)
        buf_printf(out, "%s%s", i > 0 ? ", " : "", r->jobs.v[r->peak.names[i]]->name);
    buf_add_text(out, (size_t)r->peak.count > r->peak.name_count ? " and more\n" : "\n");
}

// What stands above the table.
static void head_write(const struct simulation *s, const struct rehearsal_result *r,
                       struct buf *out)
{
    moment_write(s, s->options.from, out);
    buf_add_text(out, " to ");
    moment_write(s, s->options.to, out);
    buf_printf(out, ": %zu job%s", r->jobs.len, r->jobs.len == 1 ? "" : "s");
    if (s->paused > 0)
        buf_printf(out, " (%zu paused)", s->paused);
    buf_printf(out, ", %lld runs, %lld skipped, %lld waited\n", (long long)r->runs,
               (long long)r->skipped, (long long)r->waited);
    if (s->known < r->jobs.len) {
        buf_printf(out, "%zu of them %s assumed to take ", r->jobs.len - s->known,
                   r->jobs.len - s->known == 1 ? "is" : "are");
        duration_write(s->options.assume_us, out);
        buf_add_text(out, ": none of their runs has succeeded yet\n");
    }
    peak_write(s, r, out);
}

static bool result_write(struct simulation *s, const struct rehearsal_result *r, struct err *e)
{
    json_t *json = result_json(s, r);
    bool ok = true;

    if (s->form <= FORM_WIDE)
        head_write(s, r, &s->out);
    if (s->form > FORM_WIDE || json_array_size(json_object_get(json, "jobs")) > 0) {
        if (s->form <= FORM_WIDE)
            buf_add_byte(&s->out, '\n');
        ok = listing_write(&listing, &s->typed, s->form, &s->screen, json, &s->out, e);
    } else if (s->form <= FORM_WIDE && r->jobs.len > 0) {
        buf_add_text(&s->out, "nothing overlaps, nothing waits, nothing is skipped\n");
    }
    json_decref(json);
    return ok;
}

static bool simulate(struct simulation *s, struct err *e)
{
    const struct peek_fns fns = {calendar_add, job_add};

    if (!options_read(s, e))
        return false;
    s->rehearsal = rehearsal_new(&s->options);
    log_set_level(LOG_LEVEL_ERROR);
    return peek(s->db, &fns, s, e) && rehearsal_run(s->rehearsal, e) &&
           result_write(s, rehearsal_told(s->rehearsal), e);
}

int cmd_simulate(int argc, char **argv)
{
    struct simulation s = {0};
    struct err e;
    bool ok = typed_read(argc, argv, &s.typed, &e) && form_read(&s.typed, &s.form, &e);

    if (ok && s.typed.arg_count > 0)
        ok = fail(&e, ERR_USAGE, NULL, "\"%s\" is not understood", s.typed.args[0]);
    if (!ok || !screen_open(&s.typed, &s.screen, &e))
        return command_usage(argv[0], "%s", e.message);
    buf_init(&s.out, OUTPUT_BYTES_MAX);
    ok = simulate(&s, &e);
    if (!ok)
        fprintf(stderr, "belfry: %s\n%s%s%s", e.message, e.hint[0] ? "hint: " : "", e.hint,
                e.hint[0] ? "\n" : "");
    ok = screen_print(&s.out) && ok;
    rehearsal_free(s.rehearsal);
    buf_done(&s.out);
    settings_done(&s.settings);
    screen_done(&s.screen);
    return ok ? 0 : err_exit_status(e.code);
}
