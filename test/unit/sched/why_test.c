// why_test.c - what became of a moment: a table of histories and what is said of them.
// SPDX-License-Identifier: Apache-2.0
#include "sched/why.h"

#include "fixture.h"

#include "sched/policy.h"
#include "time/iso8601.h"

#define HOURLY "{\"type\":\"cron\",\"expr\":\"0 * * * *\",\"timezone\":\"Europe/Berlin\"}"
#define QUARTERS "{\"type\":\"cron\",\"expr\":\"*/15 * * * *\"}"
#define NIGHTLY "{\"type\":\"cron\",\"expr\":\"30 2 * * *\",\"timezone\":\"Europe/Berlin\"}"

// A row of the history. Times are UTC of 2026-11-22, HH:MM:SS; "" is 0.
struct line {
    enum run_state state;
    const char *slot, *queued, *started, *finished;
    enum run_reason reason;
    enum run_origin origin;
    int missed;
    const char *missed_from, *message;
    int attempt;
    const char *stands_for; // the slot that was asked for with it; "!": that of the question
};

struct question {
    const char *name, *spec, *at, *now;
    const char *next; // the slot it waits for; NULL: the first after now
    struct line lines[4];
    const char *expected; // "code outcome: sentence", a line each
    const char *pruned, *fault;
    bool is_paused, is_unwanted, is_waiting, is_down, is_frozen, is_nowhere;
    bool is_unread; // who was going is not known but for the rows
    int max_instances;
    const char *node;
};

static const struct question questions[] = {
    {"a run",
     HOURLY,
     "02:00",
     "12:00:00",
     NULL,
     {{RUN_SUCCEEDED, "01:00:00", "01:00:00", "01:00:00", "01:00:04", .attempt = 1}},
     .expected = "ran succeeded: 02:00 ran: it started at 02:00 and succeeded after 4s\n"},
    {"a failed run, in its third attempt",
     HOURLY,
     "02:00",
     "12:00:00",
     NULL,
     {{RUN_FAILED, "01:00:00", "01:00:00", "01:10:00", "01:10:02", .message = "exit status 3",
       .attempt = 3}},
     .expected = "ran failed: 02:00 ran: it started at 02:10 and failed after 2s in attempt 3: "
                 "exit status 3\n"},
    {"a run that was late because belfry was down",
     HOURLY,
     "02:00",
     "12:00:00",
     NULL,
     {{RUN_TIMED_OUT, "01:00:00", "03:00:01", "03:00:01", "03:10:01", .origin = RUN_CATCHUP,
       .attempt = 1}},
     .expected =
         "ran timed_out: 02:00 ran: it started at 04:00:01 (2h late because belfry was not running "
         "from about 01:30 to 04:00) and ran out of its time limit after 10m\n",
     .is_down = true},
    {"it is running",
     HOURLY,
     "02:00",
     "01:30:00",
     NULL,
     {{RUN_RUNNING, "01:00:00", "01:00:00", "01:00:00", "", .attempt = 1}},
     .expected = "running running: 02:00 is running: it started at 02:00, 30m ago\n"},
    {"it could not start",
     HOURLY,
     "02:00",
     "01:30:00",
     NULL,
     {{RUN_FAILED, "01:00:00", "01:00:00", "", "01:00:00", .message = "no such folder"}},
     .expected = "not_started failed: 02:00 could not start: no such folder\n"},
    {"it was lost",
     HOURLY,
     "02:00",
     "12:00:00",
     NULL,
     {{RUN_LOST, "01:00:00", "01:00:00", "01:00:01", "03:00:00", .attempt = 1}},
     .expected = "lost lost: 02:00 was lost: it started at 02:00:01 (1s late), then belfry itself "
                 "ended; how "
                 "the "
                 "run ended is not known\n"},
    {"it waits",
     HOURLY,
     "02:00",
     "01:30:00",
     NULL,
     {{RUN_QUEUED, "01:00:00", "01:00:00", "", "", REASON_LIMIT, .attempt = 0}},
     .expected = "queued queued: 02:00 waits since 02:00: the limit of runs at once, or of runs "
                 "that wait for "
                 "a place, was reached\n"},
    {"overlap",
     HOURLY,
     "02:00",
     "12:00:00",
     NULL,
     {{RUN_SUCCEEDED, "00:00:00", "00:00:00", "00:00:03", "01:30:00", .attempt = 1},
      {RUN_SKIPPED, "01:00:00", "01:00:00", "", "01:00:00", REASON_OVERLAP, .attempt = 0}},
     .expected = "overlap skipped: 02:00 was skipped: the run of 01:00 was still running (since "
                 "01:00:03) and "
                 "max_instances is 1 and overlap is skip [other 100]\n"},
    {"overlap of a run by hand that is still going",
     HOURLY,
     "02:00",
     "01:30:00",
     NULL,
     {{RUN_RUNNING, "00:33:12", "00:33:12", "00:33:12", "", .origin = RUN_MANUAL, .attempt = 1},
      {RUN_SKIPPED, "01:00:00", "01:00:00", "", "01:00:00", REASON_OVERLAP, .attempt = 0}},
     .expected = "overlap skipped: 02:00 was skipped: the run of 01:33:12 (manual) was still "
                 "running (since "
                 "01:33:12) and max_instances is 1 and overlap is skip [other 100]\n"},
    {"overlap of two",
     HOURLY,
     "02:00",
     "12:00:00",
     NULL,
     {{RUN_SUCCEEDED, "00:00:00", "00:00:00", "00:00:03", "01:30:00", .attempt = 1},
      {RUN_SUCCEEDED, "00:30:00", "00:30:00", "00:30:00", "01:30:00", .attempt = 1},
      {RUN_SKIPPED, "01:00:00", "01:00:00", "", "01:00:00", REASON_OVERLAP, .attempt = 0}},
     .expected = "overlap skipped: 02:00 was skipped: 2 runs were, the first the run of 01:00, "
                 "still running "
                 "(since 01:00:03) and max_instances is 2 and overlap is skip [other 100]\n",
     .max_instances = 2},
    {"overlap of a run that was in another attempt later",
     HOURLY,
     "02:00",
     "12:00:00",
     NULL,
     {{RUN_FAILED, "00:00:00", "00:00:03", "01:10:00", "01:30:00", .attempt = 2},
      {RUN_SKIPPED, "01:00:00", "01:00:00", "", "01:00:00", REASON_OVERLAP, .attempt = 0}},
     .expected = "overlap skipped: 02:00 was skipped: the run of 01:00 was still running (since "
                 "01:00:03) and max_instances is 1 and overlap is skip [other 100]\n"},
    {"overlap of one of the slots that are asked about",
     QUARTERS,
     "01:00",
     "01:02:00",
     NULL,
     {{RUN_SUCCEEDED, "01:00:00", "01:00:00", "01:00:00", "01:01:00", .attempt = 1},
      {RUN_SKIPPED, "01:00:30", "01:00:30", "", "01:00:30", REASON_OVERLAP, .attempt = 0}},
     .expected = "ran succeeded: 01:00 ran: it started at 01:00 and succeeded after 1m\n"
                 "overlap skipped: 01:00:30 was skipped: the run of 01:00 was still running (since "
                 "01:00) and max_instances is 1 and overlap is skip [other 100]\n",
     .is_unread = true},
    {"overlap of nobody knows whom",
     HOURLY,
     "02:00",
     "12:00:00",
     NULL,
     {{RUN_SKIPPED, "01:00:00", "01:00:00", "", "01:00:00", REASON_OVERLAP, .attempt = 0}},
     .expected = "overlap skipped: 02:00 was skipped: a run was still in progress and "
                 "max_instances is 1 and overlap is skip\n"},
    {"it waits for another",
     HOURLY,
     "02:00",
     "01:30:00",
     NULL,
     {{RUN_QUEUED, "01:00:00", "01:00:00", "", "", REASON_OVERLAP, .attempt = 0}},
     .expected = "queued queued: 02:00 waits since 02:00 for another run of the job to end: "
                 "max_instances is 1 and overlap is skip\n"},
    {"too many wait",
     HOURLY,
     "02:00",
     "12:00:00",
     NULL,
     {{RUN_SKIPPED, "01:00:00", "01:00:00", "", "01:00:00", REASON_QUEUE_FULL, .attempt = 0}},
     .expected = "queue_full skipped: 02:00 was skipped: the job was still running and as many "
                 "runs as may were waiting: overlap is skip and queue_max 1\n"},
    {"a newer one took its place",
     HOURLY,
     "02:00",
     "12:00:00",
     NULL,
     {{RUN_SKIPPED, "01:00:00", "01:00:00", "", "01:00:00", REASON_REPLACED, .attempt = 0}},
     .expected = "replaced skipped: 02:00 made room for a newer run: overlap is skip\n"},
    {"misfire",
     HOURLY,
     "02:00",
     "12:00:00",
     NULL,
     {{RUN_SKIPPED, "01:00:00", "03:00:01", "", "03:00:01", REASON_MISFIRE, .attempt = 0}},
     .expected = "misfire skipped: 02:00 was skipped: it was noticed 2h late because belfry was "
                 "not running "
                 "from about 01:30 to 04:00, and its grace is 1h\n",
     .is_down = true},
    {"misfire for another reason than its grace",
     HOURLY,
     "02:00",
     "12:00:00",
     NULL,
     {{RUN_SKIPPED, "01:00:00", "03:00:01", "", "03:00:01", REASON_MISFIRE, .attempt = 0,
       .message = POLICY_MESSAGE_WINDOW}},
     .expected = "misfire skipped: 02:00 was skipped: it was noticed 2h late because belfry was "
                 "not running from about 01:30 to 04:00, and misfire.window lets nothing so old be "
                 "made up for\n",
     .is_down = true},
    {"skipped, and asked for again",
     HOURLY,
     "02:00",
     "12:00:00",
     NULL,
     {{RUN_SKIPPED, "01:00:00", "01:00:00", "", "01:00:00", REASON_PAUSED, .attempt = 0,
       .message = "paused"},
      {RUN_FAILED, "03:00:00", "03:00:00", "03:00:00", "03:00:02", .origin = RUN_BACKFILL,
       .attempt = 1, .message = "exit status 3", .stands_for = "01:00:00"},
      {RUN_QUEUED, "04:00:00", "04:00:00", "", "", .origin = RUN_RETRY, .stands_for = "01:00:00"}},
     .expected = "paused skipped: 02:00 was skipped: paused; asked for again at 05:00 (retry), "
                 "which is queued [other 102]\n"},
    {"before the job, and asked for",
     HOURLY,
     "2026-11-20T02:00",
     "12:00:00",
     NULL,
     {{RUN_SUCCEEDED, "03:00:00", "03:00:00", "03:00:00", "03:00:02", .origin = RUN_BACKFILL,
       .attempt = 1, .stands_for = "!"}},
     .expected = "before_job none: 02:00 lies before the job: it was created at 2026-11-21 12:00; "
                 "asked for again at 2026-11-22 04:00 (backfill), which succeeded after 2s "
                 "[other 100]\n"},
    {"folded",
     HOURLY,
     "02:00",
     "12:00:00",
     NULL,
     {{RUN_SUCCEEDED, "03:00:00", "03:00:01", "03:00:01", "03:00:02", .origin = RUN_CATCHUP,
       .missed = 2, .missed_from = "01:00:00", .attempt = 1}},
     .expected = "coalesced coalesced: 02:00 was folded into the run of 04:00 because belfry was "
                 "not running "
                 "from about 01:30 to 04:00\n",
     .is_down = true},
    {"a freeze of many",
     HOURLY,
     "03:00",
     "12:00:00",
     NULL,
     {{RUN_SKIPPED, "03:00:00", "03:00:00", "", "03:00:00", REASON_FREEZE, .missed = 2,
       .missed_from = "01:00:00", .message = "freeze audit: no changes"}},
     .expected =
         "freeze skipped: 03:00 (one of 3 up to 04:00) was skipped: freeze audit: no changes\n"},
    {"a pause of many",
     HOURLY,
     "03:00",
     "12:00:00",
     NULL,
     {{RUN_SKIPPED, "03:00:00", "03:00:00", "", "03:00:00", REASON_PAUSED, .missed = 2,
       .missed_from = "01:00:00", .message = "paused: audit"}},
     .expected = "paused skipped: 03:00 (one of 3 up to 04:00) was skipped: paused: audit\n"},
    {"asked",
     HOURLY,
     "02:00",
     "12:00:00",
     NULL,
     {{RUN_SKIPPED, "01:00:00", "01:00:00", "", "01:00:00", REASON_ASKED,
       .message = "asked not to run"}},
     .expected = "asked skipped: 02:00 was skipped: asked not to run\n"},
    {"another reason",
     HOURLY,
     "02:00",
     "12:00:00",
     NULL,
     {{RUN_SKIPPED, "01:00:00", "01:00:00", "", "01:00:00", REASON_LIMIT, .message = "pool a"}},
     .expected = "skipped skipped: 02:00 was skipped: the limit of runs at once, or of runs that "
                 "wait for a "
                 "place, was reached: pool a\n"},
    {"several in one minute",
     HOURLY,
     "02:00",
     "12:00:00",
     NULL,
     {{RUN_SUCCEEDED, "01:00:00", "01:00:00", "01:00:00", "01:00:04", .attempt = 1},
      {RUN_SUCCEEDED, "01:00:30", "01:00:30", "01:00:30", "01:00:34", .origin = RUN_MANUAL,
       .attempt = 1}},
     .expected = "ran succeeded: 02:00 ran: it started at 02:00 and succeeded after 4s\n"
                 "ran succeeded: 02:00:30 ran: it started at 02:00:30 and succeeded after 4s\n"},
    {"to come",
     HOURLY,
     "14:00",
     "10:00:00",
     NULL,
     {{0}},
     .expected = "future future: 14:00 is still to come: it is due in 3h\n"},
    {"it is being claimed",
     HOURLY,
     "02:00",
     "01:00:02",
     "02:00:00",
     {{0}},
     .expected = "due due: 02:00 has been due for 2s: it is being claimed\n"},
    {"the store fails",
     HOURLY,
     "02:00",
     "01:30:00",
     "01:00:00",
     {{0}},
     .expected = "due due: 02:00 has been due for 30m: the disk is full\n",
     .fault = "the disk is full"},
    {"it waits for its own run",
     HOURLY,
     "02:00",
     "01:30:00",
     "01:00:00",
     {{0}},
     .expected = "due due: 02:00 has been due for 30m: its own earlier run is still going\n",
     .is_waiting = true},
    {"a freeze to come",
     HOURLY,
     "14:00",
     "10:00:00",
     NULL,
     {{0}},
     .expected = "freeze future: 14:00 does not run: freeze year-end: audit\n",
     .is_frozen = true},
    {"it will, on another node",
     HOURLY,
     "14:00",
     "10:00:00",
     NULL,
     {{0}},
     .expected = "future future: 14:00 is still to come: it is due in 3h, on the node b\n",
     .node = "b"},
    {"it is running on another node",
     HOURLY,
     "02:00",
     "01:30:00",
     NULL,
     {{RUN_RUNNING, "01:00:00", "01:00:00", "01:00:00", "", .attempt = 1}},
     .expected = "running running: 02:00 is running, on the node b: it started at 02:00, 30m ago\n",
     .node = "b"},
    {"no node for it",
     HOURLY,
     "14:00",
     "10:00:00",
     NULL,
     {{0}},
     .expected = "no_node future: 14:00 does not run: no node is there on which the job may run\n",
     .is_nowhere = true},
    {"there was no node for it",
     HOURLY,
     "02:00",
     "01:30:00",
     NULL,
     {{RUN_SKIPPED, "01:00:00", "01:00:00", "", "01:00:00", REASON_NO_NODE,
       .message = "no node is there on which the job may run"}},
     .expected = "no_node skipped: 02:00 was skipped: no node is there on which the job may run\n"},
    {"paused",
     HOURLY,
     "14:00",
     "10:00:00",
     NULL,
     {{0}},
     .expected = "paused paused: 14:00 does not run: the job is paused since 00:30: audit\n",
     .is_paused = true},
    {"asked not to run",
     HOURLY,
     "14:00",
     "10:00:00",
     NULL,
     {{0}},
     .expected = "asked future: 14:00 does not run: asked not to run: moved\n",
     .is_unwanted = true},
    {"no slot",
     QUARTERS,
     "02:10",
     "12:00:00",
     NULL,
     {{0}},
     .expected = "no_slot none: the schedule has no slot at 02:10; nearest: 02:00 and 02:15\n"},
    {"before the job",
     HOURLY,
     "2026-11-20 14:00",
     "12:00:00",
     NULL,
     {{0}},
     .expected =
         "before_job none: 14:00 lies before the job: it was created at 2026-11-21 12:00\n"},
    {"an earlier definition",
     HOURLY,
     "00:00",
     "12:00:00",
     NULL,
     {{RUN_SUCCEEDED, "01:00:00", "01:00:00", "01:00:00", "01:00:04", .attempt = 1}},
     .expected =
         "earlier_definition unknown: 00:00 lies before the present definition, which counts from "
         "00:30; nearest run: 02:00\n"},
    {"pruned",
     HOURLY,
     "02:00",
     "12:00:00",
     NULL,
     {{0}},
     .expected = "pruned unknown: 02:00 is no longer known: of this job, rows up to 03:00 have "
                 "been removed by "
                 "retention\n",
     .pruned = "02:00:00"},
    {"nobody knows",
     HOURLY,
     "02:00",
     "12:00:00",
     NULL,
     {{0}},
     .expected = "unknown unknown: 02:00 has no row, and nothing that is known explains it\n"},
    {"a local time that does not exist",
     NIGHTLY,
     "2027-03-28 02:30",
     "12:00:00",
     NULL,
     {{0}},
     .expected = "dst_gap none: 02:30 does not exist on that day: the clocks go forward: "
                 "2027-03-28 02:30 does "
                 "not exist: runs at 03:00 CEST\n"
                 "future future: 03:00 is still to come: it is due in 125d 13h\n"},
    {"a local time that comes twice",
     NIGHTLY,
     "2027-10-31 02:30",
     "12:00:00",
     NULL,
     {{0}},
     .expected = "future future: 02:30 CEST is still to come: it is due in 342d 12h\n"},
    {"only when asked",
     "{\"type\":\"manual\"}",
     "02:00",
     "12:00:00",
     NULL,
     {{RUN_SUCCEEDED, "01:00:00", "01:00:00", "01:00:00", "01:00:04", .origin = RUN_MANUAL,
       .attempt = 1}},
     .expected =
         "manual none: 02:00 is no slot: the job runs only when asked to; nearest run: 01:00\n"},
    {"after the end",
     "{\"type\":\"after\",\"delay\":\"5m\"}",
     "02:00",
     "12:00:00",
     "12:03:00",
     {{0}},
     .expected =
         "event none: there was no slot at 02:00: the job runs 5 minutes after the end of the run "
         "before; "
         "nearest run: 12:03\n"},
};

static wall moment(const char *day, const char *clock, const struct zone *zone)
{
    char text[40];
    struct err e;
    wall at;

    if (!clock || !clock[0])
        return (wall){0};
    snprintf(text, sizeof text, "%sT%sZ", day ? day : "2026-11-22", clock);
    assert_true(iso8601_moment(str_of(text), zone, "", &at, &e));
    return at;
}

static struct store_run row_of(const struct line *line, size_t i, const struct zone *zone)
{
    return (struct store_run){.run = {
                                  .id = 100 + (int64_t)i,
                                  .state = line->state,
                                  .reason = line->reason,
                                  .origin = line->origin,
                                  .scheduled_at = moment(NULL, line->slot, zone),
                                  .queued_at = moment(NULL, line->queued, zone),
                                  .started_at = moment(NULL, line->started, zone),
                                  .finished_at = moment(NULL, line->finished, zone),
                                  .missed = line->missed,
                                  .missed_from = moment(NULL, line->missed_from, zone),
                                  .message = str_of(line->message),
                                  .attempt = line->attempt,
                              }};
}

static struct freezes freezes_of(struct fixture *f, bool is_frozen)
{
    struct freezes all = {.zone = zones_utc(f->zones)};
    json_t *definition =
        json_pack("{s:s,s:s,s:s}", "from", "2026-11-22", "to", "2026-11-23", "reason", "audit");
    struct freeze *freeze;
    struct err e;

    if (is_frozen) {
        assert_true(freeze_read(definition, STR_LIT("year-end"), f->zones, &freeze, &e));
        freezes_put(&all, freeze);
    }
    json_decref(definition);
    return all;
}

static void uptimes_fill(struct uptimes *all, bool is_down, const struct zone *zone)
{
    const struct store_uptime before = {{0}, moment(NULL, "00:30:00", zone), false};
    const struct store_uptime after = {moment(NULL, is_down ? "03:00:00" : "00:30:00", zone),
                                       WALL_NEVER, false};

    uptimes_add(all, &before);
    uptimes_add(all, &after);
}

static void ask(struct fixture *f, const struct question *c)
{
    const struct zone *utc = zones_utc(f->zones);
    struct arena *arena = arena_new(10000);
    struct job *job = fixture_job(f, "a", c->spec);
    struct freezes freezes = freezes_of(f, c->is_frozen);
    struct store_run rows[4], in[4], before[4], after[4], asked[4];
    struct run_ask asks[4] = {0};
    struct uptimes uptimes = {0};
    struct why answers[WHY_ANSWERS_MAX];
    struct why_question q;
    struct buf out;
    struct err e;

    job->created_at = moment("2026-11-21", "11:00:00", utc);
    job->effective_from = moment("2026-11-21", "23:30:00", utc);
    if (c->is_paused)
        job->pause = pause_new(PAUSE_JOB, (struct str){0}, STR_LIT("audit"), STR_LIT("api"),
                               moment("2026-11-21", "23:30:00", utc), WALL_NEVER);
    if (c->is_unwanted)
        job->skip =
            pause_new(PAUSE_SLOTS, (struct str){0}, STR_LIT("moved"), STR_LIT("api"),
                      moment("2026-11-22", "12:00:00", utc), moment("2026-11-22", "13:30:00", utc));
    job_edit(job)->max_instances = c->max_instances ? c->max_instances : 1;
    uptimes_fill(&uptimes, c->is_down, utc);
    struct why_facts facts = {.job = job,
                              .zone = trigger_zone(job->trigger),
                              .now = moment(NULL, c->now, utc),
                              .fault = c->fault,
                              .is_waiting = c->is_waiting,
                              .holds = {.freezes = &freezes, .is_nowhere = c->is_nowhere},
                              .node = str_of(c->node),
                              .uptimes = &uptimes,
                              .pruned = moment(NULL, c->pruned, utc),
                              .rows = in,
                              .before = before,
                              .after = after,
                              .asked = asked,
                              .going = rows};

    facts.next_at = c->next ? moment(NULL, c->next, utc) : trigger_next(job->trigger, facts.now);
    assert_true(why_question_read(str_of(c->at), facts.zone, facts.now, &q, &e));
    for (size_t i = 0; i < COUNT(rows) && c->lines[i].slot; i++) {
        rows[i] = row_of(&c->lines[i], i, utc);
        facts.going_count += !c->is_unread;
        if (c->lines[i].stands_for) {
            asks[i].slot = c->lines[i].stands_for[0] == '!'
                               ? q.spans[0].from
                               : moment(NULL, c->lines[i].stands_for, utc);
            rows[i].run.ask = &asks[i];
            asked[facts.asked_count++] = rows[i];
        }
        wall slot = rows[i].run.scheduled_at;

        if (slot.us < q.spans[0].from.us)
            before[facts.before_count++] = rows[i];
        else if (slot.us > q.spans[q.span_count - 1].to.us)
            after[facts.after_count++] = rows[i];
        else
            in[facts.row_count++] = rows[i];
    }
    buf_init(&out, 10000);
    size_t count = why_answer(&facts, &q, arena, answers);

    for (size_t i = 0; i < count; i++) {
        buf_printf(&out, "%s %s: %.*s", why_code(answers[i].rule), why_outcome(&answers[i]),
                   STR(answers[i].sentence));
        if (answers[i].other)
            buf_printf(&out, " [other %d]", (int)answers[i].other->run.id);
        buf_add_byte(&out, '\n');
    }
    if (strcmp(buf_text(&out), c->expected) != 0)
        fail_msg("%s:\n%sexpected:\n%s", c->name, buf_text(&out), c->expected);
    buf_done(&out);
    uptimes_done(&uptimes);
    freezes_done(&freezes);
    job_free(job);
    arena_free(arena);
}

static void test_questions(void **state)
{
    struct fixture f;

    (void)state;
    fixture_open(&f);
    sim_clock_step(&f.clock, moment(NULL, "12:00:00", zones_utc(f.zones)).us - T0);
    for (size_t i = 0; i < COUNT(questions); i++)
        ask(&f, &questions[i]);
    store_close(f.store);
    fixture_close(&f);
}

static void test_day(void **state)
{
    struct arena *arena = arena_new(1000);
    struct zones *zones = zones_new(NULL);
    const struct why q = {.slot = {1795347296000000}};
    const struct why_facts facts = {.zone = zones_utc(zones)};

    (void)state;
    assert_string_equal(why_day(&facts, &q, arena).p, "Sunday, 2026-11-22, UTC");
    zones_free(zones);
    arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_questions),
        cmocka_unit_test(test_day),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
