// why_ask_test.c - a scheduler that is asked about what it did.
// SPDX-License-Identifier: Apache-2.0
#include "sched/why_ask.h"

#include "fixture.h"

struct heard {
    int calls;
    enum err_code code;
    char text[2000];
};

static void on_answers(const struct err *err, const struct why_facts *facts,
                       const struct why *answers, size_t count, void *ctx)
{
    struct heard *h = ctx;
    size_t len = 0;

    h->calls++;
    h->code = err ? err->code : ERR_NONE;
    assert_true(err || facts->job);
    for (size_t i = 0; i < count; i++)
        len += (size_t)snprintf(h->text + len, sizeof h->text - len, "%s: %.*s\n",
                                why_code(answers[i].rule), STR(answers[i].sentence));
}

static const char *ask(struct fixture *f, struct sched *s, const char *at)
{
    static struct heard h;
    struct why_question q;
    struct err e;

    h = (struct heard){0};
    assert_true(
        why_question_read(str_of(at), zones_utc(f->zones), clock_wall(&f->clock.base), &q, &e));
    why_ask(s, STR_LIT("a"), &q, on_answers, &h);
    assert_int_equal(h.calls, 0);
    fixture_settle(f);
    assert_int_equal(h.calls, 1);
    return h.code == ERR_NOT_FOUND ? "not found" : h.text;
}

static struct sched *sched_begin(struct fixture *f)
{
    const struct sched_options options = {.loop = f->loop,
                                          .store = f->store,
                                          .exec = &f->exec,
                                          .zones = f->zones,
                                          .timezone = STR_LIT("UTC")};
    struct sched *s = sched_new(&options);
    struct err e;

    assert_ptr_equal(sched_store(s), f->store);
    assert_true(sched_start(s, &e));
    return s;
}

static void test_a_history(void **state)
{
    struct fixture f;

    (void)state;
    fixture_open(&f);
    struct sched *s = sched_begin(&f);

    assert_string_equal(ask(&f, s, "00:00:10"), "not found");
    sched_put(s, fixture_job(&f, "a", EVERY_10), STORE_CREATE, NULL, NULL);
    fixture_settle(&f);
    assert_string_equal(ask(&f, s, "00:00:10"),
                        "future: 00:00:10 is still to come: it is due in 10s\n");
    fixture_pass(&f, 20 * S); // slot 20 finds the run of slot 10
    assert_string_equal(ask(&f, s, "00:00:20"),
                        "overlap: 00:00:20 was skipped: the run of 00:00:10 was still running "
                        "(since 00:00:10) and max_instances is 1 and overlap is skip\n");
    fixture_end(&f, 0, RUN_SUCCEEDED);
    assert_string_equal(ask(&f, s, "00:00:10"), "ran: 00:00:10 ran: it started at 00:00:10 and "
                                                "succeeded after 10s: ended by the test\n");
    assert_string_equal(ask(&f, s, "00:00:15"),
                        "no_slot: the schedule has no slot at 00:00:15; nearest: 00:00:10 and "
                        "00:00:20\n");
    // A restart: what was missed is one run, for the last of it.
    sched_free(s);
    memory_store_crash(f.store);
    sim_clock_advance(&f.clock, 60 * S);
    f.store = memory_store_open(f.loop, f.data);
    s = sched_begin(&f);
    fixture_settle(&f);
    assert_string_equal(ask(&f, s, "00:00:40"),
                        "coalesced: 00:00:40 was folded into the run of 00:01:20 because belfry "
                        "was not running from about 00:00:20 to 00:01:20\n");
    struct why_facts facts;

    sched_why_facts(s, sched_find(s, STR_LIT("a")), &facts);
    assert_int_equal(facts.next_at.us, T0 + 90 * S);
    assert_int_equal(facts.now.us, T0 + 80 * S);
    // A sign of life is written each minute, though nothing happens.
    sched_delete(s, STR_LIT("a"), NULL, NULL);
    fixture_pass(&f, 200 * S);
    assert_string_equal(ask(&f, s, "00:00:40"), "not found");
    sched_free(s);
    memory_store_crash(f.store);
    f.store = memory_store_open(f.loop, f.data);
    s = sched_begin(&f);
    sched_put(s, fixture_job(&f, "a", EVERY_10), STORE_CREATE, NULL, NULL);
    fixture_settle(&f);
    sched_why_facts(s, sched_find(s, STR_LIT("a")), &facts);
    struct uptime_gap gap;

    assert_true(uptimes_gap(facts.uptimes, (wall){T0 + 100 * S}, WALL_NEVER, &gap));
    assert_true(gap.to.us - gap.from.us <= 60 * S);
    sched_free(s);
    store_close(f.store);
    fixture_close(&f);
}

// A single date takes its job with it; what became of it can be asked all the same.
static void test_a_date_that_is_over(void **state)
{
    struct fixture f;

    (void)state;
    fixture_open(&f);
    struct sched *s = sched_begin(&f);

    sched_put(s, fixture_job(&f, "a", ONCE_AT_30), STORE_CREATE, NULL, NULL);
    fixture_pass(&f, 30 * S);
    fixture_end(&f, 0, RUN_SUCCEEDED);
    fixture_pass(&f, S);
    assert_null(sched_find(s, STR_LIT("a")));
    assert_string_equal(ask(&f, s, "00:00:30"), "ran: 00:00:30 ran: it started at 00:00:30 and "
                                                "succeeded after less than a second: ended by the "
                                                "test\n");
    assert_string_equal(ask(&f, s, "00:00:20"),
                        "no_slot: the schedule has no slot at 00:00:20; nearest: 00:00:30\n");
    sched_put(s, fixture_job(&f, "a", EVERY_10), STORE_CREATE, NULL, NULL);
    fixture_settle(&f);
    assert_string_equal(ask(&f, s, "00:00:41"),
                        "future: 00:00:41 is still to come: it is due in 10s\n");
    memory_store_crash(f.store);
    sched_free(s);
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_history),
        cmocka_unit_test(test_a_date_that_is_over),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
