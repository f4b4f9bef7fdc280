// next_jobs.c - what runs next, of one job or of all.
// SPDX-License-Identifier: Apache-2.0
#include "cli/next_jobs.h"

#include <string.h>

#include "cli/errand.h"
#include "cli/listing.h"
#include "job/job.h"
#include "trigger/dialect.h"

enum {
    COUNT_MAX = 1000
};

// ---- what is meant ----

static bool is_schedule(const char *text)
{
    struct zones *zones = zones_new(NULL);
    struct trigger_context context = {zones, STR_LIT("UTC"), clock_wall(clock_real()), {0}, NULL};
    struct trigger *trigger = NULL;
    json_t *spec = NULL;
    struct err e;
    bool ok = dialect_spec(str_of(text), dialect_guess(str_of(text)), &spec, &e) &&
              trigger_parse(spec, &context, &trigger, &e);

    trigger_free(trigger);
    json_decref(spec);
    zones_free(zones);
    return ok;
}

bool next_jobs_is_meant(int argc, char **argv)
{
    static const char *const offline[] = {"--batch", "--from", "--dialect", "--calendar",
                                          "--on-exclude"};
    static const char *const valued[] = {"-n", "--tz",      "-s",      "--server",
                                         "-o", "--timeout", "--color", "--fields"};
    const char *word = NULL;
    struct err e;

    for (int i = 1; i < argc; i++) {
        for (size_t k = 0; k < sizeof offline / sizeof *offline; k++)
            if (strcmp(argv[i], offline[k]) == 0)
                return false;
        if (strcmp(argv[i], "--job") == 0 || strncmp(argv[i], "--job=", 6) == 0 ||
            strcmp(argv[i], "-j") == 0)
            return true;
        if (argv[i][0] != '-' && word)
            return false;
        if (argv[i][0] != '-')
            word = argv[i];
        for (size_t k = 0; k < sizeof valued / sizeof *valued; k++)
            if (strcmp(argv[i], valued[k]) == 0) {
                i++;
                break;
            }
    }
    return !word || (job_name_check(str_of(word), &e) && !is_schedule(word));
}

// ---- the columns ----

static void at_write(const json_t *item, const struct screen *screen, struct buf *out,
                     enum tone *ret_tone)
{
    wall at;

    (void)ret_tone;
    if (item_moment(item, "at", &at) || item_moment(item, "next_run_at", &at))
        screen_moment(screen, at, out);
}

static void left_write(const json_t *item, const struct screen *screen, struct buf *out,
                       enum tone *ret_tone)
{
    wall at;

    (void)ret_tone;
    if (!item_moment(item, "at", &at) && !item_moment(item, "next_run_at", &at))
        return;
    if (at.us <= screen->now.us)
        buf_add_text(out, "now");
    else
        screen_distance(screen, at, out);
}

static void job_write(const json_t *item, const struct screen *screen, struct buf *out,
                      enum tone *ret_tone)
{
    (void)screen, (void)ret_tone;
    buf_add_text(out, item_text(item, "job_id"));
}

static void schedule_write(const json_t *item, const struct screen *screen, struct buf *out,
                           enum tone *ret_tone)
{
    const char *words = item_text(item, "words");

    (void)screen, (void)ret_tone;
    buf_add_text(out, words[0] ? words : item_text(item, "run_frequency"));
}

static void local_write(const json_t *item, const struct screen *screen, struct buf *out,
                        enum tone *ret_tone)
{
    (void)screen, (void)ret_tone;
    buf_add_text(out, item_text(item, "local"));
}

static void held_write(const json_t *item, const struct screen *screen, struct buf *out,
                       enum tone *ret_tone)
{
    (void)screen;
    *ret_tone = item_held(item)[0] ? TONE_HELD : TONE_NONE;
    buf_add_text(out, item_held(item));
}

static const struct listing_column job_columns[] = {
    {{.title = "NEXT"}, false, at_write},
    {{.title = "LEFT", .rank = 1}, false, left_write},
    {{.title = "JOB", .may_break = true}, false, job_write},
    {{.title = "SCHEDULE", .rank = 2, .may_break = true}, false, schedule_write},
};

static const struct listing_column slot_columns[] = {
    {{.title = "NEXT"}, false, at_write},
    {{.title = "LEFT", .rank = 1}, false, left_write},
    {{.title = "LOCAL", .rank = 2}, false, local_write},
    {{.title = "HELD", .rank = 3, .may_break = true}, false, held_write},
};

static const struct listing job_listing = {"jobs", "job_id", job_columns,
                                           sizeof job_columns / sizeof *job_columns};
static const struct listing slot_listing = {"next", "at", slot_columns,
                                            sizeof slot_columns / sizeof *slot_columns};

// ---- the command ----

// Leaves the first count jobs that have a next run; the list is in order of it.
static void jobs_cut(json_t *reply, int64_t count)
{
    json_t *jobs = json_object_get(reply, "jobs");

    for (size_t i = 0; i < json_array_size(jobs); i++)
        if ((int64_t)i == count || !item_text(json_array_get(jobs, i), "next_run_at")[0]) {
            while (json_array_size(jobs) > i)
                json_array_remove(jobs, json_array_size(jobs) - 1);
            break;
        }
}

static bool next_ask(struct errand *x, const char *job, int64_t count, struct client_reply *reply)
{
    char number[32];

    snprintf(number, sizeof number, "%lld", (long long)count);
    if (job) {
        bool ok = errand_ask(x, "GET", NULL, reply, "/api/v1/jobs/{}/next?n={}", job, number);

        if (!ok && !typed_has(&x->typed, "--job") && strncmp(x->e.hint, "did", 3) != 0)
            (void)fail_hint(&x->e, "and it is no schedule: `belfry explain %.100s` says why", job);
        return ok;
    }
    if (!errand_ask(x, "GET", NULL, reply, "/api/v1/jobs?limit={}&expand=words", number))
        return false;
    jobs_cut(reply->json, count);
    return true;
}

int next_jobs(int argc, char **argv)
{
    struct client_reply reply = {0};
    struct errand x;
    enum form form;
    int64_t count;
    int status;
    bool ok;

    if (!errand_open(&x, argc, argv, NULL, 1, &status))
        return status;
    const char *job = typed_value(&x.typed, "--job");

    job = job ? job : x.typed.arg_count > 0 ? x.typed.args[0] : NULL;
    ok = form_read(&x.typed, &form, &x.e) &&
         typed_number(&x.typed, "-n", 1, COUNT_MAX, job ? 5 : 10, &count, &x.e) &&
         next_ask(&x, job, count, &reply) &&
         listing_write(job ? &slot_listing : &job_listing, &x.typed, form, &x.screen, reply.json,
                       &x.out, &x.e);
    if (ok && json_array_size(json_object_get(reply.json, job ? "next" : "jobs")) == 0 &&
        form <= FORM_WIDE) {
        buf_clear(&x.out);
        errand_say(&x, "nothing is planned");
    }
    client_reply_done(&reply);
    return errand_close(&x, ok);
}
