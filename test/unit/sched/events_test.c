// events_test.c - the ring of events: numbers, what is kept, who is told.
// SPDX-License-Identifier: Apache-2.0
#include "sched/events.h"

#include "fixture.h"

static void test_numbers_and_names(void **state)
{
    struct fixture f;
    struct events e;
    const struct sched_event *event;

    (void)state;
    fixture_open(&f);
    events_init(&e, f.loop);
    assert_int_equal(events_last(&e), T0);
    assert_null(events_next(&e, 0));
    assert_true(events_has(&e, T0));
    struct job *job = fixture_job(&f, "a", EVERY_10);

    job->id = 7;
    job->version = 3;
    (void)events_add_job(&e, EVENT_JOB_CREATED, job);
    event = events_next(&e, T0);
    assert_int_equal(event->seq, T0 + 1);
    assert_int_equal(event->at.us, T0);
    assert_int_equal(event->job_id, 7);
    assert_int_equal(event->job_version, 3);
    assert_string_equal(event->job, "a");
    assert_string_equal(event_name(event->type), "job.created");
    assert_string_equal(event_sentence(event->type), "A job is stored and planned.");
    assert_null(events_next(&e, T0 + 1));
    // Numbers of a process before, and such as are still to come.
    assert_false(events_has(&e, T0 - 1));
    assert_false(events_has(&e, T0 + 2));
    assert_int_equal(events_next(&e, 0)->seq, T0 + 1);
    for (int i = 0; i < EVENT_TYPES; i++)
        assert_true(strchr(event_name(i), '.') && event_sentence(i)[0]);
    job_free(job);
    events_done(&e);
    store_close(f.store);
    fixture_close(&f);
}

static void test_what_a_run_says(void **state)
{
    struct fixture f;
    struct events e;
    const struct run run = {.id = 5,
                            .job_id = 7,
                            .scheduled_at = {T0 + S},
                            .state = RUN_SKIPPED,
                            .reason = REASON_OVERLAP,
                            .missed = 4,
                            .message = STR_LIT("why")};
    const struct run_end end = {.run_id = 6,
                                .attempt = 2,
                                .state = RUN_FAILED,
                                .started_at = {T0},
                                .finished_at = {T0 + 3 * S},
                                .exit_code = 9,
                                .message = STR_LIT("exit status 9")};

    (void)state;
    fixture_open(&f);
    events_init(&e, f.loop);
    const struct sched_event *event = events_add_run(&e, EVENT_RUN_SKIPPED, &run, STR_LIT("b"));

    assert_int_equal(event->run_id, 5);
    assert_int_equal(event->scheduled_at.us, T0 + S);
    assert_int_equal(event->state, RUN_SKIPPED);
    assert_int_equal(event->reason, REASON_OVERLAP);
    assert_int_equal(event->missed, 4);
    assert_string_equal(event->job, "b");
    assert_string_equal(event->text, "why");
    event = events_add_end(&e, &end, 7, STR_LIT("b"), (wall){T0 - S});
    assert_int_equal(event->type, EVENT_RUN_FINISHED);
    assert_int_equal(event->run_id, 6);
    assert_int_equal(event->attempt, 2);
    assert_int_equal(event->exit_code, 9);
    assert_int_equal(event->length_us, 3 * S);
    assert_string_equal(event->text, "exit status 9");
    // Nothing of the last round of the ring is left in a new event.
    event = events_add(&e, EVENT_SCHED_STARTED);
    assert_string_equal(event->job, "");
    assert_string_equal(event->text, "");
    assert_null(events_add_run(NULL, EVENT_RUN_SKIPPED, &run, STR_LIT("b")));
    assert_null(events_add_end(NULL, &end, 7, STR_LIT("b"), (wall){0}));
    assert_null(events_add_job(NULL, EVENT_JOB_CREATED, NULL));
    events_done(&e);
    store_close(f.store);
    fixture_close(&f);
}

static void test_long_sentences_are_cut_between_characters(void **state)
{
    static const size_t lengths[] = {0, 1, EVENT_TEXT_MAX, EVENT_TEXT_MAX + 1, 500};
    struct sched_event event = {0};
    char text[600];

    (void)state;
    memset(text, 'x', sizeof text);
    for (size_t i = 0; i < COUNT(lengths); i++) {
        event_say(&event, (struct str){text, lengths[i]});
        assert_int_equal(strlen(event.text),
                         lengths[i] < EVENT_TEXT_MAX ? lengths[i] : EVENT_TEXT_MAX);
    }
    memcpy(text + EVENT_TEXT_MAX - 1, "\u00e9", 2);
    event_say(&event, (struct str){text, 300});
    assert_int_equal(strlen(event.text), EVENT_TEXT_MAX - 1);
    assert_true(str_is_utf8(str_of(event.text)));
}

static void test_the_oldest_give_way(void **state)
{
    struct fixture f;
    struct events e;

    (void)state;
    fixture_open(&f);
    events_init(&e, f.loop);
    for (int i = 0; i < EVENTS_KEPT + 5; i++)
        events_add(&e, EVENT_SCHED_CLOCK)->missed = i;
    assert_int_equal(events_last(&e), T0 + EVENTS_KEPT + 5);
    assert_false(events_has(&e, T0 + 4));
    assert_true(events_has(&e, T0 + 5));
    assert_int_equal(events_next(&e, 0)->missed, 5);
    assert_int_equal(events_next(&e, T0 + 6)->missed, 6);
    events_done(&e);
    store_close(f.store);
    fixture_close(&f);
}

struct reader {
    struct events *events;
    struct events_listener listener, *other;
    int64_t seen;
    int calls, read;
};

static void reader_on(void *ctx)
{
    struct reader *r = ctx;
    const struct sched_event *event;

    r->calls++;
    while ((event = events_next(r->events, r->seen))) {
        r->seen = event->seq;
        r->read++;
    }
    if (r->other)
        events_unlisten(r->other);
}

static void test_listeners_are_told_once_a_turn(void **state)
{
    struct fixture f;
    struct events e;
    struct reader a, b;

    (void)state;
    fixture_open(&f);
    events_init(&e, f.loop);
    a = (struct reader){.events = &e, .listener = {.on_events = reader_on, .ctx = &a}, .seen = T0};
    b = (struct reader){.events = &e, .listener = {.on_events = reader_on, .ctx = &b}, .seen = T0};
    events_listen(&e, &a.listener);
    events_listen(&e, &b.listener);
    for (int i = 0; i < 3; i++)
        (void)events_add(&e, EVENT_SCHED_CLOCK);
    assert_int_equal(a.calls, 0);
    fixture_settle(&f);
    assert_int_equal(a.calls, 1);
    assert_int_equal(a.read, 3);
    assert_int_equal(b.read, 3);
    // One takes the other out while they are being told, then itself.
    a.other = &b.listener;
    (void)events_add(&e, EVENT_SCHED_CLOCK);
    fixture_settle(&f);
    assert_int_equal(a.calls, 2);
    assert_int_equal(b.calls, 1);
    a.other = &a.listener;
    (void)events_add(&e, EVENT_SCHED_CLOCK);
    fixture_settle(&f);
    (void)events_add(&e, EVENT_SCHED_CLOCK);
    fixture_settle(&f);
    assert_int_equal(a.calls, 3);
    events_unlisten(&a.listener);
    events_done(&e);
    store_close(f.store);
    fixture_close(&f);
}

// Appends the names of the events since *seen, the job's and the state in short.
static void story_add(struct sched *s, int64_t *seen, struct buf *story)
{
    const struct sched_event *event;

    while ((event = events_next(sched_events(s), *seen))) {
        *seen = event->seq;
        buf_printf(story, "%s%s %s\n", event_name(event->type), event->job[0] ? " of" : "",
                   event->job);
    }
}

static void put_fine(const struct err *err, const struct job *job, void *ctx)
{
    (void)job;
    (void)ctx;
    assert_null(err);
}

static void test_the_story_of_a_job(void **state)
{
    struct fixture f;
    struct buf story;
    struct err e;

    (void)state;
    fixture_open(&f);
    buf_init(&story, 10000);
    const struct sched_options options = {.loop = f.loop,
                                          .store = f.store,
                                          .exec = &f.exec,
                                          .zones = f.zones,
                                          .timezone = STR_LIT("UTC")};
    struct sched *s = sched_new(&options);
    int64_t seen = events_last(sched_events(s));

    assert_true(sched_start(s, &e));
    sched_put(s, fixture_job(&f, "a", EVERY_10), STORE_CREATE, put_fine, NULL);
    // An event comes when the store has answered, not before.
    assert_int_equal(events_last(sched_events(s)), seen + 1);
    fixture_pass(&f, 10 * S);
    fixture_pass(&f, 10 * S); // the run is still going: skipped
    fixture_end(&f, 0, RUN_SUCCEEDED);
    sched_put(s, fixture_job(&f, "a", EVERY_10), STORE_ANY, put_fine, NULL);
    fixture_settle(&f);
    sched_pause(s, STR_LIT("a"), true, put_fine, NULL);
    fixture_settle(&f);
    sched_pause(s, STR_LIT("a"), false, put_fine, NULL);
    fixture_settle(&f);
    sched_delete(s, STR_LIT("a"), put_fine, NULL);
    sched_put(s, fixture_job(&f, "b", "{\"type\":\"date\",\"run_date\":\"2026-01-01T00:00:30Z\"}"),
              STORE_CREATE, put_fine, NULL);
    fixture_pass(&f, 10 * S);
    fixture_end(&f, 1, RUN_FAILED);
    sim_clock_step(&f.clock, 3600 * S);
    fixture_settle(&f);
    story_add(s, &seen, &story);
    assert_string_equal(buf_text(&story), "scheduler.started \n"
                                          "job.created of a\n"
                                          "run.started of a\n"
                                          "run.skipped of a\n"
                                          "run.finished of a\n"
                                          "job.updated of a\n"
                                          "job.paused of a\n"
                                          "job.resumed of a\n"
                                          "job.deleted of a\n"
                                          "job.created of b\n"
                                          "run.started of b\n"
                                          "run.finished of b\n"
                                          "job.ended of b\n"
                                          "scheduler.clock \n");
    sched_free(s);
    store_close(f.store);
    buf_done(&story);
    fixture_close(&f);
}

static void test_the_store_fails_and_recovers(void **state)
{
    struct fixture f;
    struct buf story;
    struct err e;

    (void)state;
    fixture_open(&f);
    buf_init(&story, 10000);
    const struct sched_options options = {.loop = f.loop,
                                          .store = f.store,
                                          .exec = &f.exec,
                                          .zones = f.zones,
                                          .timezone = STR_LIT("UTC")};
    struct sched *s = sched_new(&options);

    assert_true(sched_start(s, &e));
    sched_put(s, fixture_job(&f, "a", EVERY_10), STORE_CREATE, put_fine, NULL);
    fixture_settle(&f);
    int64_t seen = events_last(sched_events(s));

    memory_store_fail(f.store, 1);
    fixture_pass(&f, 12 * S);
    story_add(s, &seen, &story);
    assert_string_equal(buf_text(&story), "scheduler.failing \n"
                                          "scheduler.healthy \n"
                                          "run.started of a\n");
    sched_free(s);
    store_close(f.store);
    buf_done(&story);
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numbers_and_names),
        cmocka_unit_test(test_what_a_run_says),
        cmocka_unit_test(test_long_sentences_are_cut_between_characters),
        cmocka_unit_test(test_the_oldest_give_way),
        cmocka_unit_test(test_listeners_are_told_once_a_turn),
        cmocka_unit_test(test_the_story_of_a_job),
        cmocka_unit_test(test_the_store_fails_and_recovers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
