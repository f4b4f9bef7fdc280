// request_test.c - requests own what they were given, and refuse in the right words.
// SPDX-License-Identifier: Apache-2.0
#include "store/request.h"

#include <string.h>

#include "unit.h"

static void test_copies(void **state)
{
    char name[] = "nightly", output[] = "out", message[] = "why";
    struct job_row row = {.name = str_of(name), .spec = STR_LIT("{}")};
    struct run run = {.id = 7, .state = RUN_SKIPPED, .message = str_of(message)};
    struct run_end end = {.run_id = 7,
                          .state = RUN_FAILED,
                          .message = str_of(message),
                          .out = {.head = str_of(output), .total = 3}};
    struct request *put = request_put_job(&row, 4);
    struct request *claim = request_claim(&run, 1, (wall){5});
    struct request *finish = request_finish(&end, 1);

    (void)state;
    memset(name, 'x', sizeof name - 1);
    memset(output, 'x', sizeof output - 1);
    memset(message, 'x', sizeof message - 1);
    assert_true(str_eq(put->job.name, STR_LIT("nightly")));
    assert_int_equal(put->expect_version, 4);
    assert_true(str_eq(claim->runs[0].message, STR_LIT("why")));
    assert_int_equal(claim->watermark.us, 5);
    assert_true(str_eq(finish->ends[0].message, STR_LIT("why")));
    assert_true(str_eq(finish->ends[0].out.head, STR_LIT("out")));
    request_free(put);
    request_free(claim);
    request_free(finish);
    request_free(NULL);
}

static void test_copies_calendars(void **state)
{
    char name[] = "holidays", body[] = "{}";
    struct store_calendar row = {.name = str_of(name), .body = str_of(body)};
    struct request *put = request_put_calendar(&row, 3);
    struct request *delete = request_delete_calendar(STORE_FREEZE, str_of(name));

    (void)state;
    memset(name, 'x', sizeof name - 1);
    memset(body, 'x', sizeof body - 1);
    assert_true(str_eq(put->calendar.name, STR_LIT("holidays")));
    assert_true(str_eq(put->calendar.body, STR_LIT("{}")));
    assert_int_equal(put->expect_version, 3);
    assert_true(str_eq(delete->calendar.name, STR_LIT("holidays")));
    assert_int_equal(delete->calendar.kind, STORE_FREEZE);
    request_free(put);
    request_free(delete);
}

static void test_copies_certificates(void **state)
{
    char host[] = "a.example", sha256[] = "00ff", issuer[] = "ca";
    struct store_certificate chain = {.sha256 = str_of(sha256), .der = STR_LIT("d\0r")};
    struct request *see = request_see(&(struct store_seen){
        .place = {.host = str_of(host), .port = 7}, .chain = &chain, .count = 1});
    struct request *list = request_read_certificates(&(struct store_certificate_query){
        .host = str_of(host), .issuer = str_of(issuer), .limit = 9, .is_current = true});
    struct request *places = request_read_sightings(str_of(sha256), 8);

    (void)state;
    memset(host, 'x', sizeof host - 1);
    memset(sha256, 'x', sizeof sha256 - 1);
    memset(issuer, 'x', sizeof issuer - 1);
    assert_true(str_eq(see->seen.place.host, STR_LIT("a.example")));
    assert_true(str_eq(see->seen.chain[0].sha256, STR_LIT("00ff")));
    assert_true(str_eq(see->seen.chain[0].der, STR_LIT("d\0r")));
    assert_true(str_eq(list->wanted.host, STR_LIT("a.example")));
    assert_true(str_eq(list->wanted.issuer, STR_LIT("ca")));
    assert_true(list->wanted.is_current && list->wanted.limit == 9);
    assert_true(str_eq(places->wanted.sha256, STR_LIT("00ff")));
    assert_int_equal(places->wanted.limit, 8);
    request_free(see);
    request_free(list);
    request_free(places);
}

static void test_weight(void **state)
{
    struct run runs[3] = {{.state = RUN_RUNNING}, {.state = RUN_QUEUED}, {.state = RUN_SKIPPED}};
    struct request *claim = request_claim(runs, 3, (wall){0});
    struct request *empty = request_claim(NULL, 0, (wall){0});
    struct request *job = request_set_state(1, JOB_PAUSED, false);

    (void)state;
    assert_int_equal(request_weight(claim), 3);
    assert_int_equal(request_weight(empty), 1);
    assert_int_equal(request_weight(job), 1);
    request_free(claim);
    request_free(empty);
    request_free(job);
}

static void test_may_put(void **state)
{
    static const struct {
        int expect, now;
        enum err_code code;
    } rows[] = {
        {STORE_CREATE, 0, ERR_NONE},
        {STORE_CREATE, 1, ERR_EXISTS},
        {STORE_ANY, 0, ERR_NONE},
        {STORE_ANY, 9, ERR_NONE},
        {3, 0, ERR_NOT_FOUND},
        {3, 2, ERR_CONFLICT},
        {3, 3, ERR_NONE},
        {3, 4, ERR_CONFLICT},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct job_row row = {.name = STR_LIT("nightly")};
        struct request *r = request_put_job(&row, rows[i].expect);

        assert_int_equal(request_may_put(r, rows[i].now), rows[i].code == ERR_NONE);
        assert_int_equal(r->err.code, rows[i].code);
        assert_int_equal(r->is_refused, rows[i].code != ERR_NONE);
        if (r->is_refused)
            assert_non_null(strstr(r->err.message, "\"nightly\""));
        request_reset(r);
        assert_int_equal(r->err.code, ERR_NONE);
        request_free(r);
    }
}

static void test_refusals(void **state)
{
    struct job_row row = {.name = STR_LIT("nightly")};
    struct request *r = request_put_job(&row, 2),
                   *number = request_set_state(41, JOB_PAUSED, false);

    (void)state;
    assert_false(request_refuse_exists(r));
    assert_int_equal(r->err.code, ERR_EXISTS);
    assert_false(request_refuse_conflict(r, 3));
    assert_non_null(strstr(r->err.message, "version 3 now, not 2"));
    assert_false(request_refuse_run_id(r, 12345));
    assert_non_null(strstr(r->err.message, "12345"));
    assert_false(request_refuse_missing(number));
    assert_non_null(strstr(number->err.message, "41"));
    request_free(r);
    request_free(number);
}

// What was asked with a run is copied, and a key that is taken tells who has it.
static void test_asks(void **state)
{
    char key[] = "k1";
    struct run_ask ask = {.args = STR_LIT("[]"), .key = str_of(key), .digest = 9};
    struct run run = {.id = 1, .state = RUN_QUEUED, .ask = &ask};
    struct run_start start = {1, 2, {3}, false};
    struct request *claim = request_claim(&run, 1, (wall){0}), *starts = request_start(&start, 1);
    struct request *removal = request_delete_run(44), *holder = request_read_key(4, STR_LIT("k"));

    (void)state;
    key[1] = '2';
    assert_true(claim->has_asks);
    assert_true(str_eq(claim->runs[0].ask->key, STR_LIT("k1")));
    assert_null(request_copy_ask(claim->arena, NULL));
    assert_int_equal(starts->starts[0].attempt, 2);
    assert_int_equal(holder->query.job_id, 4);
    assert_true(str_eq(holder->key, STR_LIT("k")));
    request_free(holder);
    assert_int_equal(request_weight(starts), 1);
    assert_false(request_refuse_key(claim, &claim->runs[0], 77));
    assert_int_equal(claim->err.code, ERR_EXISTS);
    assert_int_equal(claim->run_id, 77);
    request_reset(claim);
    assert_int_equal(claim->run_id, 0);
    assert_false(request_refuse_no_run(removal));
    assert_non_null(strstr(removal->err.message, "44"));
    assert_false(request_refuse_alive(removal, RUN_WAITING));
    assert_non_null(strstr(removal->err.message, "is waiting"));
    request_free(claim);
    request_free(starts);
    request_free(removal);
}

static void test_copies_alerts(void **state)
{
    char text[] = "backup";
    struct incident incident = {.id = 1, .job = {text, 6}, .message = {text, 6}};
    struct delivery delivery = {.id = 2, .channel = {text, 6}, .body = {text, 6}};
    const struct alert_write write = {&incident, 1, &delivery, 1, {5}};
    const struct alert_query query = {.question = ALERTS_ONE, .id = 9};
    const int64_t ids[] = {3, 4};
    struct request *r = request_alert(&write);

    (void)state;
    memset(text, 'x', sizeof text);
    assert_true(str_eq(r->alert.incidents[0].job, STR_LIT("backup")));
    assert_true(str_eq(r->alert.incidents[0].message, STR_LIT("backup")));
    assert_true(str_eq(r->alert.deliveries[0].channel, STR_LIT("backup")));
    assert_true(str_eq(r->alert.deliveries[0].body, STR_LIT("backup")));
    assert_int_equal(r->alert.forget.us, 5);
    assert_int_equal(request_weight(r), 2);
    request_free(r);
    r = request_read_alerts(&query);
    assert_int_equal(r->alert_query.id, 9);
    request_free(r);
    r = request_read_pasts(ids, 2);
    assert_int_equal(r->pasts[1].job_id, 4);
    request_free(r);
}

struct seen {
    int calls;
    enum err_code code;
    size_t count;
};

static void on_done(const struct store_answer *a, void *ctx)
{
    struct seen *seen = ctx;

    seen->calls++;
    seen->code = a->err ? a->err->code : ERR_NONE;
    seen->count = a->won_count;
}

static void on_runs(const struct err *err, const struct store_run *runs, size_t count, void *ctx)
{
    struct seen *seen = ctx;

    seen->calls++;
    seen->code = err ? err->code : ERR_NONE;
    seen->count = count;
    assert_int_equal(runs != NULL, count > 0);
}

static void test_answer(void **state)
{
    struct store_run_query query = {.limit = 10};
    struct run run = {.id = 1, .state = RUN_RUNNING};
    struct seen seen = {0};
    struct request *claim = request_claim(&run, 1, (wall){0});
    struct request *refused = request_claim(&run, 1, (wall){0});
    struct request *page = request_read_runs(&query), *one = request_read_run(3);

    (void)state;
    claim->done = refused->done = on_done;
    page->runs_done = one->runs_done = on_runs;
    claim->ctx = refused->ctx = page->ctx = one->ctx = &seen;
    request_answer(claim);
    assert_int_equal(seen.count, 1);
    (void)request_refuse_run_id(refused, 1);
    request_answer(refused);
    assert_int_equal(seen.code, ERR_CONFLICT);
    assert_int_equal(seen.count, 0);
    request_answer(page);
    assert_int_equal(seen.code, ERR_NONE);
    assert_int_equal(one->query.before_id, 3);
    const struct store_find find = {.job_id = 7, .limit = 1000};
    struct request *finding = request_find_runs(&find);

    assert_int_equal(finding->kind, REQUEST_FIND_RUNS);
    assert_int_equal(finding->find.job_id, 7);
    request_free(finding);
    const struct store_prune prune = {.job_id = 7, .keep = 3, .limit = 500};
    struct request *pruning = request_prune(&prune), *upto = request_read_pruned(7);

    assert_int_equal(request_weight(pruning), 500);
    assert_int_equal(pruning->prune.keep, 3);
    request_gone(pruning, 11, 2);
    request_gone(pruning, 12, 0);
    assert_int_equal(pruning->gone_count, 2);
    assert_int_equal(pruning->gone[0].run_id, 11);
    assert_int_equal(pruning->gone[0].attempts, 2);
    request_reset(pruning); // its transaction did not go through
    assert_int_equal(pruning->gone_count, 0);
    assert_int_equal(upto->find.job_id, 7);
    request_free(pruning);
    request_free(upto);
    request_answer(one);
    assert_int_equal(seen.calls, 4);
}

static void test_launch_is_copied(void **state)
{
    int64_t dropped[2] = {7, 9};
    struct request *r = request_launch(12, dropped, 2), *none = request_launch(3, NULL, 0);

    (void)state;
    dropped[0] = 0;
    assert_int_equal(r->kind, REQUEST_LAUNCH);
    assert_int_equal(r->upto_run_id, 12);
    assert_int_equal(r->dropped[0], 7);
    assert_int_equal(r->dropped[1], 9);
    assert_int_equal(request_weight(r), 2);
    assert_int_equal(none->count, 0);
    request_free(r);
    request_free(none);
}

static void on_nodes(const struct err *err, const struct store_node *nodes, size_t count, void *ctx)
{
    assert_null(err);
    *(size_t *)ctx = count + (size_t)nodes->slot;
}

static void test_nodes(void **state)
{
    static const struct {
        enum request_kind kind;
        bool is_of_epoch;
    } rows[] = {
        {REQUEST_CLAIM, true},  {REQUEST_START, true},   {REQUEST_LAUNCH, true},
        {REQUEST_PRUNE, true},  {REQUEST_FINISH, false}, {REQUEST_PUT_JOB, false},
        {REQUEST_DRAIN, false}, {REQUEST_ALERT, false},  {REQUEST_DELETE_RUN, false},
    };
    char name[] = "berta";
    struct request *drain = request_drain(str_of(name), true), *list = request_read_nodes();
    struct store_node node = {.slot = 40};
    size_t told = 0;

    (void)state;
    name[0] = 'x';
    assert_int_equal(drain->kind, REQUEST_DRAIN);
    assert_true(drain->is_on);
    assert_false(request_refuse_no_node(drain));
    assert_int_equal(drain->err.code, ERR_NOT_FOUND);
    assert_string_equal(drain->err.message, "there is no node \"berta\"");
    request_reset(drain);
    assert_false(request_refuse_moved(drain));
    assert_int_equal(drain->err.code, ERR_MOVED);
    assert_true(drain->is_refused);
    for (size_t i = 0; i < COUNT(rows); i++) {
        drain->kind = rows[i].kind;
        assert_int_equal(request_is_of_epoch(drain), rows[i].is_of_epoch);
    }
    request_free(drain);
    list->nodes_done = on_nodes;
    list->ctx = &told;
    list->nodes = &node;
    list->page_count = 1;
    request_answer(list);
    assert_int_equal(told, 41);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_launch_is_copied),
        cmocka_unit_test(test_copies),
        cmocka_unit_test(test_copies_calendars),
        cmocka_unit_test(test_copies_certificates),
        cmocka_unit_test(test_copies_alerts),
        cmocka_unit_test(test_weight),
        cmocka_unit_test(test_may_put),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_asks),
        cmocka_unit_test(test_answer),
        cmocka_unit_test(test_nodes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
