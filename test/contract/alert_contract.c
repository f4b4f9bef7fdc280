// alert_contract.c - what every store must do with incidents and deliveries, and with the pasts of
// jobs; included by store_contract.c.
// SPDX-License-Identifier: Apache-2.0

static struct incident incident_of(int64_t id, int64_t job_id, wall closed_at)
{
    return (struct incident){
        .id = id,
        .job_id = job_id,
        .job = STR_LIT("nightly"),
        .target = STR_LIT("example.org:443"),
        .kind = INCIDENT_FAILING,
        .level = 2,
        .opened_at = SLOT(1),
        .changed_at = SLOT(2),
        .closed_at = closed_at,
        .count = 3,
        .run_id = 4,
        .slot = SLOT(5),
        .reminded_at = SLOT(6),
        .acked_at = SLOT(7),
        .acked_until = SLOT(8),
        .note = STR_LIT("on it"),
        .message = STR_LIT("exit status 3"),
    };
}

static struct delivery delivery_of(int64_t id, int64_t incident_id, enum delivery_state state)
{
    return (struct delivery){
        .id = id,
        .incident_id = incident_id,
        .channel = STR_LIT("ops"),
        .notice = 1,
        .state = state,
        .tries = 2,
        .created_at = SLOT(1),
        .try_at = SLOT(2),
        .done_at = SLOT(3),
        .error = STR_LIT("refused"),
        .body = STR_LIT("{}"),
    };
}

static void alert(struct fixture *f, const struct alert_write *write)
{
    struct answer a = {0};

    store_alert(f->store, write, on_answer, &a);
    settle(f);
    assert_int_equal(a.code, ERR_NONE);
}

// "i1 i2 d5(waiting)".
static void on_alerts(const struct err *err, const struct alert_page *page, void *ctx)
{
    char *text = ctx;
    size_t at = 0;

    assert_null(err);
    for (size_t i = 0; i < page->incident_count; i++)
        at += (size_t)snprintf(text + at, 400 - at, "i%" PRId64 " ", page->incidents[i].id);
    for (size_t i = 0; i < page->delivery_count; i++)
        at += (size_t)snprintf(text + at, 400 - at, "d%" PRId64 "(%s) ", page->deliveries[i].id,
                               delivery_state_name(page->deliveries[i].state));
    text[at] = '\0';
}

static const char *alerts_ask(struct fixture *f, const struct alert_query *query)
{
    static char text[400];

    text[0] = '\0';
    store_read_alerts(f->store, query, on_alerts, text);
    settle(f);
    return text;
}

static void on_one(const struct err *err, const struct alert_page *page, void *ctx)
{
    const struct incident *i = page->incidents, expected = incident_of(1, 7, (wall){0});
    const struct delivery *d = page->deliveries, sent = delivery_of(5, 1, DELIVERY_SENT);

    assert_null(err);
    assert_int_equal(page->incident_count, 1);
    assert_int_equal(page->delivery_count, 1);
    assert_true(str_eq(i->job, expected.job) && str_eq(i->target, expected.target) &&
                str_eq(i->note, expected.note) && str_eq(i->message, expected.message));
    assert_true(i->job_id == 7 && i->kind == expected.kind && i->level == 2 && i->count == 3 &&
                i->run_id == 4);
    assert_true(i->opened_at.us == SLOT(1).us && i->changed_at.us == SLOT(2).us &&
                i->closed_at.us == 0 && i->slot.us == SLOT(5).us &&
                i->reminded_at.us == SLOT(6).us && i->acked_at.us == SLOT(7).us &&
                i->acked_until.us == SLOT(8).us);
    assert_true(str_eq(d->channel, sent.channel) && str_eq(d->error, sent.error) &&
                str_eq(d->body, sent.body));
    assert_true(d->incident_id == 1 && d->notice == 1 && d->state == DELIVERY_SENT &&
                d->tries == 2 && d->created_at.us == SLOT(1).us && d->try_at.us == SLOT(2).us &&
                d->done_at.us == SLOT(3).us);
    *(bool *)ctx = true;
}

static void test_alerts_are_kept(void **state)
{
    struct fixture *f = *state;
    struct incident incident = incident_of(1, 7, (wall){0});
    struct delivery delivery = delivery_of(5, 1, DELIVERY_WAITING);
    struct alert_write write = {&incident, 1, &delivery, 1, {0}};
    bool is_read = false;

    incident.message = STR_LIT("first");
    alert(f, &write);
    assert_string_equal(alerts_ask(f, &(struct alert_query){.question = ALERTS_PENDING}),
                        "i1 d5(waiting) ");
    incident.message = STR_LIT("exit status 3"); // the same ids: replaced
    delivery.state = DELIVERY_SENT;
    alert(f, &write);
    reopen(f);
    store_read_alerts(f->store, &(struct alert_query){.question = ALERTS_ONE, .id = 1}, on_one,
                      &is_read);
    settle(f);
    assert_true(is_read);
    assert_string_equal(alerts_ask(f, &(struct alert_query){.question = ALERTS_PENDING}), "i1 ");
    assert_string_equal(alerts_ask(f, &(struct alert_query){.question = ALERTS_ONE, .id = 9}), "");
}

static void test_alerts_by_page(void **state)
{
    struct fixture *f = *state;
    const struct incident incidents[] = {
        incident_of(1, 7, (wall){0}),
        incident_of(2, 8, SLOT(20)),
        incident_of(3, 7, SLOT(30)),
        incident_of(4, 7, (wall){0}),
    };
    const struct delivery deliveries[] = {delivery_of(6, 3, DELIVERY_GIVEN_UP),
                                          delivery_of(5, 2, DELIVERY_WAITING)};
    static const struct {
        struct alert_query query;
        const char *expected;
    } rows[] = {
        {{.question = ALERTS_PAGE, .limit = 10}, "i4 i3 i2 i1 "},
        {{.question = ALERTS_PAGE, .limit = 2}, "i4 i3 "},
        {{.question = ALERTS_PAGE, .limit = 2, .id = 3}, "i2 i1 "},
        {{.question = ALERTS_PAGE, .limit = 10, .job_id = 7}, "i4 i3 i1 "},
        {{.question = ALERTS_PAGE, .limit = 10, .is_open_only = true}, "i4 i1 "},
        {{.question = ALERTS_PAGE, .limit = 10, .is_closed_only = true}, "i3 i2 "},
        {{.question = ALERTS_PENDING}, "i1 i4 d5(waiting) "},
        {{.question = ALERTS_ONE, .id = 3}, "i3 d6(given_up) "},
    };
    struct alert_write write = {incidents, COUNT(incidents), deliveries, COUNT(deliveries), {0}};

    alert(f, &write);
    for (size_t i = 0; i < COUNT(rows); i++)
        assert_string_equal(alerts_ask(f, &rows[i].query), rows[i].expected);
    write = (struct alert_write){.forget = SLOT(30)};
    alert(f, &write);
    assert_string_equal(alerts_ask(f, &rows[0].query), "i4 i3 i1 ");
    assert_string_equal(alerts_ask(f, &rows[6].query), "i1 i4 ");
    assert_string_equal(alerts_ask(f, &rows[7].query), "i3 d6(given_up) ");
    write.forget = SLOT(31);
    alert(f, &write);
    assert_string_equal(alerts_ask(f, &rows[0].query), "i4 i1 ");
}

static void on_pasts(const struct err *err, const struct store_past *pasts, size_t count, void *ctx)
{
    assert_null(err);
    for (size_t i = 0; i < count; i++)
        ((struct store_past *)ctx)[i] = pasts[i];
}

// A run of a slot that has ended so.
static void run_past(struct fixture *f, int64_t job_id, int slot, enum run_state state)
{
    const struct run run = {.id = slot,
                            .job_id = job_id,
                            .scheduled_at = SLOT(slot),
                            .state = state == RUN_SKIPPED ? RUN_SKIPPED : RUN_RUNNING,
                            .attempt = state != RUN_SKIPPED,
                            .started_at = SLOT(slot)};
    const struct run_end end = {.run_id = slot,
                                .attempt = 1,
                                .state = state,
                                .started_at = SLOT(slot),
                                .finished_at = SLOT(slot + 1),
                                .exit_code = slot};
    struct answer claimed = {0}, ended = {0};

    store_claim(f->store, &run, 1, (wall){0}, on_answer, &claimed);
    settle(f);
    assert_true(claimed.won[0]);
    if (state == RUN_SKIPPED || state == RUN_RUNNING)
        return;
    store_finish(f->store, &end, 1, on_answer, &ended);
    settle(f);
}

static void test_pasts(void **state)
{
    struct fixture *f = *state;
    int64_t ids[] = {create(f, "a"), create(f, "b"), create(f, "c"), 999};
    struct store_past pasts[4] = {0};

    run_past(f, ids[0], 10, RUN_FAILED);
    run_past(f, ids[0], 20, RUN_SUCCEEDED);
    run_past(f, ids[0], 30, RUN_FAILED);
    run_past(f, ids[0], 40, RUN_TIMED_OUT);
    run_past(f, ids[0], 50, RUN_SKIPPED);
    run_past(f, ids[0], 60, RUN_CANCELLED);
    run_past(f, ids[0], 70, RUN_RUNNING);
    run_past(f, ids[1], 80, RUN_SUCCEEDED);
    store_read_pasts(f->store, ids, 4, on_pasts, pasts);
    settle(f);
    assert_int_equal(pasts[0].job_id, ids[0]);
    assert_int_equal(pasts[0].run_id, 40);
    assert_int_equal(pasts[0].slot.us, SLOT(40).us);
    assert_int_equal(pasts[0].started_at.us, SLOT(40).us);
    assert_int_equal(pasts[0].ended_at.us, SLOT(41).us);
    assert_int_equal(pasts[0].state, RUN_TIMED_OUT);
    assert_int_equal(pasts[0].exit_code, 40);
    assert_int_equal(pasts[0].failures, 2);
    assert_int_equal(pasts[0].succeeded_at.us, SLOT(21).us);
    assert_int_equal(pasts[1].failures, 0);
    assert_int_equal(pasts[1].succeeded_at.us, SLOT(81).us);
    assert_int_equal(pasts[2].run_id, 0);
    assert_int_equal(pasts[3].run_id, 0);
    assert_int_equal(pasts[3].job_id, 999);
}

// Those without one, side by side or alone, in whatever order, hide none of the others.
static void test_pasts_here_and_there(void **state)
{
    struct fixture *f = *state;
    struct store_past pasts[12] = {0};
    int64_t ids[12];

    for (int i = 0; i < 12; i++)
        ids[(i + 7) % 12] = create(f, (char[]){(char)('a' + i), '\0'});
    for (int i = 0; i < 12; i += i % 4 == 0 ? 1 : 3)
        run_past(f, ids[i], 10 * (i + 1), RUN_SUCCEEDED);
    store_read_pasts(f->store, ids, 12, on_pasts, pasts);
    settle(f);
    for (int i = 0; i < 12; i++)
        assert_int_equal(pasts[i].run_id != 0, i % 4 < 2);
}
