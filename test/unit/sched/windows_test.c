// windows_test.c - calendars and freezes in a scheduler's life: changes, use, restarts, jobs kept
// out.
// SPDX-License-Identifier: Apache-2.0
#include "sched/windows.h"

#include "fixture.h"

#define DAILY_CLOSED "{\"expr\":\"0 2 * * *\",\"exclude\":[\"closed\"]}"
#define DAY (86400 * S)

struct life {
    struct fixture f;
    struct sched *s;
    struct windows *w;
};

struct said {
    int count;
    enum err_code code;
    char field[96], message[480], hint[240];
    int version;
};

static void said_window(const struct err *err, const struct window *window, void *ctx)
{
    struct said *said = ctx;

    said->count++;
    said->code = err ? err->code : ERR_NONE;
    said->version = window ? window->row.version : 0;
    if (err) {
        memcpy(said->field, err->field, sizeof said->field);
        memcpy(said->message, err->message, sizeof said->message);
        memcpy(said->hint, err->hint, sizeof said->hint);
    }
}

static void said_job(const struct err *err, const struct job *job, void *ctx)
{
    struct said *said = ctx;

    said->count++;
    said->code = err ? err->code : ERR_NONE;
    said->version = job ? job->version : 0;
}

static void said_run(const struct err *err, int64_t run_id, void *ctx)
{
    (void)run_id;
    said_window(err, NULL, ctx);
}

static void life_begin(struct life *l)
{
    struct sched_options options = {.loop = l->f.loop,
                                    .store = l->f.store,
                                    .exec = &l->f.exec,
                                    .zones = l->f.zones,
                                    .timezone = STR_LIT("UTC")};
    struct err e;

    l->s = sched_new(&options);
    l->w = sched_windows(l->s);
    assert_true(sched_start(l->s, &e));
    fixture_settle(&l->f);
}

static void life_end(struct life *l)
{
    memory_store_crash(l->f.store);
    sched_free(l->s);
}

// As after kill -9.
static void life_again(struct life *l)
{
    life_end(l);
    l->f.store = memory_store_open(l->f.loop, l->f.data);
    life_begin(l);
}

static int setup(void **state)
{
    static struct life life;

    fixture_open(&life.f);
    life_begin(&life);
    *state = &life;
    return 0;
}

static int teardown(void **state)
{
    struct life *l = *state;

    life_end(l);
    fixture_close(&l->f);
    return 0;
}

static struct said put_as(struct life *l, enum store_calendar_kind kind, const char *name,
                          const char *text, int expect)
{
    json_t *definition = json_loads(text, 0, NULL);
    struct said said = {0};

    assert_non_null(definition);
    windows_put(l->w, kind, str_of(name), definition, expect, clock_wall(&l->f.clock.base),
                said_window, &said);
    json_decref(definition);
    fixture_settle(&l->f);
    assert_int_equal(said.count, 1);
    return said;
}

static struct said put(struct life *l, const char *name, const char *text)
{
    return put_as(l, STORE_CALENDAR, name, text, STORE_ANY);
}

static void freeze(struct life *l, const char *name, const char *text)
{
    struct said said = put_as(l, STORE_FREEZE, name, text, STORE_ANY);

    if (said.code != ERR_NONE)
        fail_msg("%s: %s", text, said.message);
}

static struct said removed(struct life *l, enum store_calendar_kind kind, const char *name)
{
    struct said said = {0};

    windows_delete(l->w, kind, str_of(name), said_window, &said);
    fixture_settle(&l->f);
    assert_int_equal(said.count, 1);
    return said;
}

// A job whose trigger may name calendars, on its way to the store.
static void job_ask(struct life *l, const char *name, const char *spec, struct said *said)
{
    struct trigger_context context = sched_trigger_context(l->s);
    struct job *job = fixture_job(&l->f, name, EVERY_10);
    json_t *json = json_loads(spec, 0, NULL);
    struct err e;

    trigger_free(job->trigger);
    if (!trigger_parse(json, &context, &job->trigger, &e))
        fail_msg("%s: %s", spec, e.message);
    json_decref(json);
    sched_put(l->s, job, STORE_CREATE, said_job, said);
}

static void job_put(struct life *l, const char *name, const char *spec)
{
    struct said said = {0};

    job_ask(l, name, spec, &said);
    fixture_settle(&l->f);
    assert_int_equal(said.code, ERR_NONE);
}

static wall next_of(const struct life *l, const char *name)
{
    return sched_next_at(l->s, sched_find(l->s, str_of(name)));
}

// The rows of the ledger, oldest first: "02:00:00 skipped freeze 3 message", a line each.
static void runs_print(const struct err *err, const struct store_run *runs, size_t count, void *ctx)
{
    struct buf *out = ctx;

    assert_null(err);
    for (size_t i = count; i-- > 0;) {
        const struct run *run = &runs[i].run;
        int64_t at = (run->scheduled_at.us - T0) / S;

        buf_printf(out, "%lld+%02lld:%02lld:%02lld %s %s %lld %.*s\n", (long long)(at / 86400),
                   (long long)(at / 3600 % 24), (long long)(at / 60 % 60), (long long)(at % 60),
                   run_state_name(run->state), run_reason_name(run->reason), (long long)run->missed,
                   STR(run->message));
    }
}

static void assert_runs(struct life *l, const char *want)
{
    struct store_run_query query = {.limit = 100};
    struct buf out;

    buf_init(&out, 100000);
    store_read_runs(l->f.store, &query, runs_print, &out);
    fixture_settle(&l->f);
    assert_string_equal(buf_text(&out), want);
    buf_done(&out);
}

// ---- calendars

static void test_put(void **state)
{
    struct life *l = *state;
    struct said said = put(l, "holidays", "{\"dates\":[\"2026-01-02\"]}");

    assert_int_equal(said.code, ERR_NONE);
    assert_int_equal(said.version, 1);
    assert_int_equal(put(l, "holidays", "{\"dates\":[\"2026-01-03\"]}").version, 2);
    said = put_as(l, STORE_CALENDAR, "holidays", "{\"dates\":[\"2026-01-03\"]}", STORE_CREATE);
    assert_int_equal(said.code, ERR_EXISTS);
    said = put_as(l, STORE_CALENDAR, "holidays", "{\"dates\":[\"2026-01-03\"]}", 1);
    assert_int_equal(said.code, ERR_CONFLICT);
    said = put(l, "holidays", "{\"dates\":[\"2026-13-03\"]}");
    assert_int_equal(said.code, ERR_INPUT);
    assert_string_equal(said.field, "dates.0");
    said = put(l, "closed", "{\"calendars\":[\"holidys\"]}");
    assert_string_equal(said.hint, "did you mean \"holidays\"?");
    assert_int_equal(put(l, "closed", "{\"calendars\":[\"holidays\"]}").version, 1);
    said = put(l, "holidays", "{\"calendars\":[\"closed\"]}");
    assert_string_equal(said.message, "the calendar would contain itself, by way of \"closed\"");
    const struct window *window = windows_find(l->w, STORE_CALENDAR, STR_LIT("holidays"));
    assert_true(str_eq(window->row.body, STR_LIT("{\"dates\":[\"2026-01-03\"]}")));
    assert_int_equal(window->row.version, 2);
    assert_null(windows_find(l->w, STORE_FREEZE, STR_LIT("holidays")));
}

static void test_store_fails(void **state)
{
    struct life *l = *state;

    put(l, "holidays", "{\"dates\":[\"2026-01-02\"]}");
    memory_store_fail(l->f.store, 1);
    assert_int_equal(put(l, "holidays", "{\"dates\":[\"2026-01-03\"]}").code, ERR_STORE);
    assert_int_equal(windows_find(l->w, STORE_CALENDAR, STR_LIT("holidays"))->row.version, 1);
    memory_store_fail(l->f.store, 1);
    assert_int_equal(removed(l, STORE_CALENDAR, "holidays").code, ERR_STORE);
    job_put(l, "x", "{\"expr\":\"0 2 * * *\",\"exclude\":[\"holidays\"]}"); // it may be used again
}

// A job is kept out by what it names, directly or not, and planned anew when that changes.
static void test_job(void **state)
{
    struct life *l = *state;

    put(l, "holidays", "{\"dates\":[\"2026-01-01\",\"2026-01-02\"]}");
    put(l, "closed", "{\"calendars\":[\"holidays\"]}");
    job_put(l, "x", DAILY_CLOSED);
    assert_int_equal(next_of(l, "x").us, T0 + 2 * DAY + 7200 * S);
    assert_int_equal(put(l, "holidays", "{\"dates\":[\"2026-01-01..2026-01-03\"]}").code, ERR_NONE);
    assert_int_equal(next_of(l, "x").us, T0 + 3 * DAY + 7200 * S);
    put(l, "closed", "{\"dates\":[\"2026-01-02\"]}");
    assert_int_equal(next_of(l, "x").us, T0 + 7200 * S);
    fixture_pass(&l->f, 3 * DAY);
    for (size_t i = l->f.ended; i < l->f.started; i++)
        fixture_end(&l->f, i, RUN_SUCCEEDED);
    assert_runs(l, "0+02:00:00 succeeded  0 ended by the test\n"
                   "2+02:00:00 skipped overlap 0 \n");
}

// A date that its calendar moves is planned anew as well.
static void test_date(void **state)
{
    struct life *l = *state;

    put(l, "closed", "{\"dates\":[\"2026-01-02\"]}");
    job_put(l, "x",
            "{\"type\":\"date\",\"run_date\":\"2026-01-02T12:00\",\"exclude\":[\"closed\"],"
            "\"on_exclude\":\"next\"}");
    assert_int_equal(next_of(l, "x").us, T0 + 2 * DAY + DAY / 2);
    put(l, "closed", "{\"dates\":[\"2026-01-02..2026-01-05\"]}");
    assert_int_equal(next_of(l, "x").us, T0 + 5 * DAY + DAY / 2);
}

static void test_agree(void **state)
{
    struct life *l = *state;
    struct said said;

    put(l, "closed", "{\"dates\":[\"2026-01-02\"]}");
    job_put(l, "x", DAILY_CLOSED);
    said = put(l, "closed", "{\"dates\":[\"1900-01-01..9000-01-01\"]}");
    assert_int_equal(said.code, ERR_IN_USE);
    assert_non_null(strstr(said.message, "the job \"x\" cannot be used with it: this schedule"));
    said = put(l, "closed", "{\"dates\":[\"2026-01-01..9000-01-01\"]}");
    assert_string_equal(
        said.message, "the job \"x\" cannot be used with it: its schedule would never fire again");
    assert_int_equal(next_of(l, "x").us, T0 + 7200 * S);
    assert_int_equal(put(l, "closed", "{\"dates\":[\"2026-01-01\"]}").code, ERR_NONE);
}

static void test_in_use(void **state)
{
    struct life *l = *state;
    struct said said = removed(l, STORE_CALENDAR, "closed"), asked = {0};

    assert_int_equal(said.code, ERR_NOT_FOUND);
    put(l, "holidays", "{\"dates\":[\"2026-01-02\"]}");
    put(l, "closed", "{\"calendars\":[\"holidays\"]}");
    said = removed(l, STORE_CALENDAR, "holidays");
    assert_int_equal(said.code, ERR_IN_USE);
    assert_non_null(strstr(said.message, "is part of the calendar \"closed\""));
    job_put(l, "x", DAILY_CLOSED);
    said = removed(l, STORE_CALENDAR, "closed");
    assert_int_equal(said.code, ERR_IN_USE);
    assert_string_equal(said.message, "the calendar \"closed\" is used by 1 job: x");
    for (char name[] = "a"; name[0] < 'f'; name[0]++)
        job_put(l, name, DAILY_CLOSED);
    assert_non_null(strstr(removed(l, STORE_CALENDAR, "closed").message, "by 6 jobs: "));
    assert_non_null(strstr(removed(l, STORE_CALENDAR, "closed").message, " and 3 more"));
    for (char name[] = "a"; name[0] < 'f'; name[0]++)
        sched_delete(l->s, str_of(name), said_job, &asked);
    sched_delete(l->s, STR_LIT("x"), said_job, &asked);
    fixture_settle(&l->f);
    assert_int_equal(removed(l, STORE_CALENDAR, "closed").code, ERR_NONE);
    assert_int_equal(removed(l, STORE_CALENDAR, "holidays").code, ERR_NONE);
}

// While one write is under way another comes: neither is used what goes, nor goes what is used.
static void test_meanwhile(void **state)
{
    struct life *l = *state;
    struct said gone = {0}, asked = {0}, changed = {0};
    struct trigger_context context = sched_trigger_context(l->s);
    json_t *spec = json_loads(DAILY_CLOSED, 0, NULL);
    json_t *later = json_loads("{\"dates\":[\"2026-01-01..2026-01-04\"]}", 0, NULL);
    struct trigger *t;
    struct err e;

    put(l, "closed", "{\"dates\":[\"2026-01-02\"]}");
    job_ask(l, "x", DAILY_CLOSED, &asked);
    windows_delete(l->w, STORE_CALENDAR, STR_LIT("closed"), said_window, &gone);
    assert_int_equal(gone.code, ERR_IN_USE);
    assert_non_null(strstr(gone.message, "by what is being written just now"));
    windows_put(l->w, STORE_CALENDAR, STR_LIT("closed"), later, STORE_ANY, (wall){T0}, said_window,
                &changed);
    fixture_settle(&l->f);
    assert_int_equal(asked.code + changed.code, ERR_NONE);
    assert_int_equal(next_of(l, "x").us, T0 + 4 * DAY + 7200 * S); // read before, used after
    sched_delete(l->s, STR_LIT("x"), said_job, &asked);
    fixture_settle(&l->f);
    gone = (struct said){0};
    windows_delete(l->w, STORE_CALENDAR, STR_LIT("closed"), said_window, &gone);
    assert_int_equal(gone.count, 0);
    assert_false(trigger_parse(spec, &context, &t, &e)); // it is on its way out
    assert_string_equal(e.message, "there is no calendar \"closed\"");
    fixture_settle(&l->f);
    assert_int_equal(gone.code, ERR_NONE);
    json_decref(spec);
    json_decref(later);
}

static void test_restart(void **state)
{
    struct life *l = *state;

    put(l, "holidays", "{\"dates\":[\"2026-01-01\"]}");
    put(l, "closed", "{\"calendars\":[\"holidays\"]}");
    put(l, "closed", "{\"calendars\":[\"holidays\"],\"reason\":\"no\"}");
    freeze(l, "audit", "{\"from\":\"2026-01-02\",\"reason\":\"audit\"}");
    job_put(l, "x", DAILY_CLOSED);
    life_again(l);
    assert_int_equal(l->w->list.len, 3);
    assert_int_equal(windows_find(l->w, STORE_CALENDAR, STR_LIT("closed"))->row.version, 2);
    assert_int_equal(next_of(l, "x").us, T0 + DAY + 7200 * S);
    fixture_pass(&l->f, 2 * DAY);
    assert_runs(l, "1+02:00:00 skipped freeze 0 freeze audit: audit\n");
}

static void put_raw(struct life *l, enum store_calendar_kind kind, const char *name,
                    const char *body)
{
    struct store_calendar row = {.kind = kind, .name = str_of(name), .body = str_of(body)};

    store_put_calendar(l->f.store, &row, STORE_ANY, NULL, NULL);
    fixture_settle(&l->f);
}

// What this program cannot read is kept aside, and a job that uses it does not run without it.
static void test_unusable(void **state)
{
    struct life *l = *state;

    put(l, "closed", "{\"dates\":[\"2026-01-01\"]}");
    job_put(l, "x", DAILY_CLOSED);
    put_raw(l, STORE_CALENDAR, "closed", "{\"moons\":[\"full\"]}");
    put_raw(l, STORE_CALENDAR, "broken", "{");
    put_raw(l, STORE_FREEZE, "audit", "{\"from\":\"full moon\",\"reason\":\"x\"}");
    put_raw(l, (enum store_calendar_kind)7, "other", "{}");
    life_again(l);
    assert_string_equal(windows_find(l->w, STORE_CALENDAR, STR_LIT("closed"))->fault,
                        "a calendar has no \"moons\"");
    assert_non_null(windows_find(l->w, STORE_CALENDAR, STR_LIT("broken"))->fault);
    assert_non_null(windows_find(l->w, STORE_FREEZE, STR_LIT("audit"))->fault);
    assert_non_null(windows_find(l->w, (enum store_calendar_kind)7, STR_LIT("other"))->fault);
    const struct job *job = sched_find(l->s, STR_LIT("x"));
    assert_true(str_eq(job->spec->quarantine,
                       STR_LIT("the stored trigger cannot be read: the calendar \"closed\" cannot "
                               "be used: a calendar has no \"moons\"")));
    fixture_pass(&l->f, 3 * DAY);
    assert_int_equal(l->f.started, 0);
    assert_int_equal(put(l, "closed", "{\"dates\":[\"2026-01-01\"]}").code, ERR_NONE);
    assert_null(windows_find(l->w, STORE_CALENDAR, STR_LIT("closed"))->fault);
}

static void test_reload(void **state)
{
    struct life *l = *state;

    put(l, "holidays", "{\"dates\":[\"2026-01-01\"],\"timezone\":\"Europe/Berlin\"}");
    put(l, "closed", "{\"calendars\":[\"holidays\"]}");
    freeze(l, "audit", "{\"from\":\"2026-01-02\",\"reason\":\"audit\"}");
    job_put(l, "x", DAILY_CLOSED);
    const struct job *job = sched_find(l->s, STR_LIT("x"));

    windows_reload(l->w);
    assert_true(trigger_is_stale(job->trigger));
    assert_int_equal(l->w->list.len, 3);
    assert_int_equal(l->w->freezes.len, 1);
}

// Without a scheduler around them.
static const char *no_user(struct str calendar, size_t *at, void *ctx)
{
    (void)calendar, (void)at, (void)ctx;
    return NULL;
}

static bool no_objection(struct str calendar, struct err *e, void *ctx)
{
    (void)calendar, (void)e, (void)ctx;
    return true;
}

static void changed(void *ctx)
{
    ++*(int *)ctx;
}

static void no_trouble(const struct err *err, void *ctx)
{
    (void)err, (void)ctx;
}

static void test_alone(void **state)
{
    struct life *l = *state;
    int changes = 0;
    const struct windows_jobs jobs = {no_user, no_objection, changed,
                                      changed, no_trouble,   &changes};
    const struct store_calendar row = {
        .name = STR_LIT("weekend"), .body = STR_LIT("{\"weekdays\":[\"sat\"]}"), .version = 4};
    json_t *definition = json_loads("{\"weekdays\":[\"sun\"]}", 0, NULL);
    struct windows w;

    windows_init(&w, l->f.store, l->f.zones, STR_LIT("Europe/Berlin"), &jobs);
    assert_true(str_eq(zone_name(w.freezes.zone), STR_LIT("Europe/Berlin")));
    windows_load(&w, &row);
    assert_int_equal(changes, 0);
    assert_int_equal(windows_find(&w, STORE_CALENDAR, STR_LIT("weekend"))->row.version, 4);
    windows_put(&w, STORE_CALENDAR, STR_LIT("weekend"), definition, STORE_ANY, (wall){T0}, NULL,
                NULL);
    fixture_settle(&l->f);
    assert_int_equal(changes, 1);
    assert_int_equal(windows_find(&w, STORE_CALENDAR, STR_LIT("weekend"))->row.version, 1);
    json_decref(definition);
    windows_done(&w);
}

// ---- freezes

static void test_freeze(void **state)
{
    struct life *l = *state;

    freeze(l, "audit",
           "{\"from\":\"2026-01-01T00:00:25Z\",\"to\":\"2026-01-01T00:01:05Z\","
           "\"reason\":\"no changes\",\"jobs\":[\"x*\"]}");
    job_put(l, "x1", EVERY_10);
    for (int i = 0; i < 8; i++) {
        fixture_pass(&l->f, 10 * S);
        if (l->f.started > l->f.ended)
            fixture_end(&l->f, l->f.ended, RUN_SUCCEEDED);
    }
    assert_runs(l, "0+00:00:10 succeeded  0 ended by the test\n"
                   "0+00:00:20 succeeded  0 ended by the test\n"
                   "0+00:00:30 skipped freeze 0 freeze audit: no changes\n"
                   "0+00:01:00 skipped freeze 2 freeze audit: no changes\n"
                   "0+00:01:10 succeeded  0 ended by the test\n"
                   "0+00:01:20 succeeded  0 ended by the test\n");
}

// Lifted in the middle: what it has put off is looked at, and the job goes on.
static void test_lifted(void **state)
{
    struct life *l = *state;

    job_put(l, "x", EVERY_10);
    freeze(l, "audit", "{\"from\":\"2026-01-01\",\"reason\":\"no changes\"}");
    fixture_pass(&l->f, 45 * S);
    assert_int_equal(l->f.started, 0);
    assert_int_equal(removed(l, STORE_FREEZE, "audit").code, ERR_NONE);
    assert_int_equal(l->f.started, 1);
    fixture_end(&l->f, 0, RUN_SUCCEEDED);
    fixture_pass(&l->f, 5 * S);
    assert_runs(l, "0+00:00:10 skipped freeze 0 freeze audit: no changes\n"
                   "0+00:00:40 succeeded  2 ended by the test\n"
                   "0+00:00:50 running  0 \n");
}

// A long freeze of a frequent job, with a crash in it: a row an hour, and every slot is counted.
static void test_hours(void **state)
{
    struct life *l = *state;

    job_put(l, "x", EVERY_10);
    freeze(l, "audit",
           "{\"from\":\"2026-01-01T00:00\",\"to\":\"2026-01-01T03:00\",\"reason\":"
           "\"r\"}");
    fixture_pass(&l->f, 5400 * S);
    life_again(l);
    fixture_pass(&l->f, 5400 * S);
    assert_runs(l, "0+00:00:10 skipped freeze 0 freeze audit: r\n"
                   "0+01:00:10 skipped freeze 359 freeze audit: r\n"
                   "0+01:30:00 skipped freeze 178 freeze audit: r\n"
                   "0+02:30:00 skipped freeze 359 freeze audit: r\n"
                   "0+02:59:50 skipped freeze 178 freeze audit: r\n"
                   "0+03:00:00 running  0 \n");
}

// One that follows itself is skipped once, and goes on when the freeze is over.
static void test_following(void **state)
{
    struct life *l = *state;

    job_put(l, "x", "{\"type\":\"after\",\"delay\":\"10s\"}");
    freeze(l, "audit",
           "{\"from\":\"2026-01-01T00:00:15\",\"to\":\"2026-01-01T05:00\",\"reason\":"
           "\"r\"}");
    fixture_pass(&l->f, 12 * S);
    fixture_end(&l->f, 0, RUN_SUCCEEDED);
    fixture_pass(&l->f, 18020 * S);
    assert_runs(l, "0+00:00:10 succeeded  0 ended by the test\n"
                   "0+00:00:22 skipped freeze 0 freeze audit: r\n"
                   "0+00:00:32 skipped freeze 0 freeze audit: r\n"
                   "0+05:00:10 running  0 \n");
}

static void test_by_hand(void **state)
{
    struct life *l = *state;
    struct said said = {0};

    job_put(l, "x", "{\"expr\":\"0 2 * * *\"}");
    freeze(l, "audit", "{\"from\":\"2026-01-01\",\"to\":\"2026-01-03\",\"reason\":\"no changes\"}");
    sched_run_now(l->s, STR_LIT("x"), fixture_by_hand(false), said_run, &said);
    assert_int_equal(said.code, ERR_FROZEN);
    assert_string_equal(said.message, "freeze audit: no changes");
    assert_string_equal(said.hint, "wait until 2026-01-04 00:00:00 UTC, or run it with force=true "
                                   "if it must be now");
    sched_run_now(l->s, STR_LIT("x"), fixture_by_hand(true), said_run, &said);
    fixture_settle(&l->f);
    assert_int_equal(said.code, ERR_NONE);
    assert_int_equal(l->f.started, 1);
    fixture_end(&l->f, 0, RUN_SUCCEEDED);
    freeze(l, "audit", "{\"from\":\"2026-01-01\",\"reason\":\"no changes\"}");
    sched_run_now(l->s, STR_LIT("x"), fixture_by_hand(false), said_run, &said);
    assert_string_equal(said.hint, "run it with force=true if it must be now");
}

#define LIFE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

// What another node has left: what was written later than ours is in force, what is not there is
// gone; whoever uses it is looked after.
static void test_sync(void **state)
{
    struct life *l = *state;
    struct store_calendar rows[] = {
        {.kind = STORE_CALENDAR,
         .name = STR_LIT("closed"),
         .body = STR_LIT("{\"dates\":[\"2026-01-02\"]}"),
         .version = 2,
         .updated_at = {T0 + S}},
        {.kind = STORE_FREEZE,
         .name = STR_LIT("audit"),
         .body = STR_LIT("{\"from\":\"2026-01-01T00:00:25Z\",\"to\":\"2026-01-01T00:01:05Z\"}"),
         .version = 1},
        {.kind = STORE_PAUSE, .name = STR_LIT("closed"), .body = STR_LIT("{}")},
    };

    assert_int_equal(put(l, "closed", "{\"dates\":[\"2026-01-01\"]}").code, ERR_NONE);
    job_put(l, "daily", DAILY_CLOSED);
    assert_int_equal(sched_next_at(l->s, sched_find(l->s, STR_LIT("daily"))).us,
                     T0 + DAY + 2 * 3600 * S);
    windows_sync(l->w, rows, 3);
    assert_int_equal(sched_next_at(l->s, sched_find(l->s, STR_LIT("daily"))).us, T0 + 2 * 3600 * S);
    assert_non_null(windows_find(l->w, STORE_FREEZE, STR_LIT("audit")));
    assert_null(windows_find(l->w, STORE_PAUSE, STR_LIT("closed")));
    windows_sync(l->w, rows, 1);
    assert_null(windows_find(l->w, STORE_FREEZE, STR_LIT("audit")));
    rows[0].body = STR_LIT("{\"dates\":[\"2026-01-01\"]}");
    rows[0].updated_at.us--; // of before
    windows_sync(l->w, rows, 1);
    assert_int_equal(sched_next_at(l->s, sched_find(l->s, STR_LIT("daily"))).us, T0 + 2 * 3600 * S);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        LIFE(test_sync),      LIFE(test_alone),   LIFE(test_put),      LIFE(test_store_fails),
        LIFE(test_job),       LIFE(test_date),    LIFE(test_agree),    LIFE(test_in_use),
        LIFE(test_meanwhile), LIFE(test_restart), LIFE(test_unusable), LIFE(test_reload),
        LIFE(test_freeze),    LIFE(test_lifted),  LIFE(test_hours),    LIFE(test_following),
        LIFE(test_by_hand),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
