// alerts.c - from the events of the scheduler to incidents, and what is told of them.
// SPDX-License-Identifier: Apache-2.0
#include "alert/alerts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alert/incidents.h"
#include "base/log.h"
#include "base/mem.h"
#include "sched/past_reader.h"

#define FORGET_US (INT64_C(90) * 86400 * 1000000) // after its end an incident is kept so long
#define FORGET_LOOK_US (INT64_C(6) * 3600 * 1000000)
#define TARGET_MAX 300
#define ASKS_MAX 3
#define DEFAULT_NAME STR_LIT("default")

struct alerts {
    struct alerts_options options;
    struct channels channels;
    char *default_text; // the rules of the instance; NULL: none
    int default_version;
    struct notify rules; // the same, read
    struct journal journal;
    struct outbox outbox;
    struct incidents incidents;
    struct sched *sched;
    struct events_listener listener;
    struct past_reader reader;
    struct loop_timer forget_timer;
    int64_t seen;        // the last event that was read
    int64_t saves_asked; // of the journal, when what the store has kept was asked for
    int asks;            // in a row, because something was written meanwhile
    bool is_loaded;      // what the store has kept is here
    bool has_begun, is_asking, will_ask, will_read;
};

static void look(void *ctx);
static void forget(void *ctx);
static void past_known(void *ctx);
static void pending_ask(struct alerts *a);

// ---- construction ----

static bool rules_of(int64_t job_id, struct notify *ret, void *ctx)
{
    struct alerts *a = ctx;
    const struct job *job = a->sched ? sched_find_id(a->sched, job_id) : NULL;
    struct err e;

    if (!job)
        return false;
    if (!job->spec->notify.p)
        *ret = a->rules;
    else if (!notify_parse(job->spec->notify, ret, &e))
        return false;
    return ret->count > 0;
}

static void watch_stored(struct watch *watch, void *ctx)
{
    struct alerts *a = ctx;

    incidents_stored(&a->incidents, watch);
}

static void parcel_stored(struct parcel *parcel, void *ctx)
{
    struct alerts *a = ctx;

    if (parcel->row.state != DELIVERY_WAITING)
        parcel_free(parcel);
    else if (parcel->row.tries == 0 && !heap_has(&parcel->due))
        outbox_add(&a->outbox, parcel);
}

struct alerts *alerts_new(const struct alerts_options *options)
{
    struct alerts *a = mem_alloc(sizeof *a);

    a->options = *options;
    journal_init(&a->journal, options->loop, options->store);
    a->journal.on_watch = watch_stored;
    a->journal.on_parcel = parcel_stored;
    a->journal.ctx = a;
    outbox_init(&a->outbox, options->loop, &a->journal, &a->channels);
    a->outbox.access = options->access;
    a->outbox.host = str_of(options->host);
    incidents_init(&a->incidents, options->loop, &a->journal);
    a->incidents.host = str_of(options->host);
    a->incidents.rules = rules_of;
    a->incidents.ctx = a;
    return a;
}

void alerts_drain(struct alerts *a)
{
    a->outbox.is_draining = true;
}

void alerts_free(struct alerts *a)
{
    if (!a)
        return;
    if (a->sched)
        events_unlisten(&a->listener);
    loop_timer_stop(a->options.loop, &a->forget_timer);
    outbox_end(&a->outbox);
    past_reader_end(&a->reader);
    journal_end(&a->journal);
    incidents_done(&a->incidents);
    channels_done(&a->channels);
    free(a->default_text);
    free(a);
}

// ---- what was stored ----

static void default_set(struct alerts *a, struct str text, int version)
{
    struct notify rules;
    struct err e;

    a->default_version = version;
    if (!notify_parse(text, &rules, &e)) {
        log_error("the stored rules of the instance cannot be used", log_err(&e));
        return;
    }
    free(a->default_text);
    a->default_text = str_own(text);
    a->rules = rules;
}

void alerts_row(const struct store_calendar *row, void *ctx)
{
    struct alerts *a = ctx;
    struct channel *channel;
    struct err e;

    if (row->kind == STORE_NOTIFY) {
        default_set(a, row->body, row->version);
    } else if (row->kind == STORE_CHANNEL) {
        channel = channel_new(row, &e);
        if (channel)
            channels_put(&a->channels, channel);
        else
            log_error("a stored channel cannot be used", log_str("channel", row->name),
                      log_err(&e));
    }
}

static void channel_take(struct alerts *a, const struct store_calendar *row)
{
    const struct channel *ours = channels_find(&a->channels, row->name);

    if (ours && ours->row.version == row->version && ours->row.updated_at.us == row->updated_at.us)
        return;
    alerts_row(row, a);
    outbox_channel(&a->outbox, row->name);
}

static bool is_listed(struct str name, const struct store_calendar *rows, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (rows[i].kind == STORE_CHANNEL && str_eq(rows[i].name, name))
            return true;
    return false;
}

void alerts_rows(const struct store_calendar *rows, size_t count, void *ctx)
{
    struct alerts *a = ctx;

    for (size_t i = 0; i < count; i++)
        if (rows[i].kind == STORE_CHANNEL)
            channel_take(a, &rows[i]);
        else if (rows[i].kind == STORE_NOTIFY && rows[i].version > a->default_version)
            alerts_row(&rows[i], a);
    for (size_t i = a->channels.list.len; i-- > 0;) {
        struct str name = a->channels.list.v[i]->row.name;

        if (!is_listed(name, rows, count))
            channels_remove(&a->channels, name);
    }
}

// ---- what is ours of it ----

static bool is_ours(const struct alerts *a, int64_t job_id)
{
    const struct job *job = sched_find_id(a->sched, job_id);

    return job ? sched_is_ours(a->sched, job) : sched_has_duties(a->sched);
}

// A delivery is made by the node that has given it its number; when that is gone, by the one that
// has the duties.
static bool is_to_deliver(const struct alerts *a, const struct delivery *row)
{
    const struct store_members *m = sched_members(a->sched);
    int slot = incidents_id_slot(row->id);

    if (!m || slot == a->incidents.node_slot)
        return true;
    for (size_t i = 0; i < m->node_count; i++)
        if (m->nodes[i].slot == slot)
            return false;
    return sched_has_duties(a->sched);
}

static void page_take(struct alerts *a, const struct alert_page *page)
{
    struct map known;
    struct list *link;

    map_init(&known);
    for (link = a->incidents.parcels.next; link != &a->incidents.parcels; link = link->next) {
        struct parcel *parcel = list_item(link, struct parcel, all);

        (void)map_put_u64(&known, (uint64_t)parcel->row.id, parcel);
    }
    for (size_t i = 0; i < page->incident_count; i++)
        if (is_ours(a, page->incidents[i].job_id) &&
            !incidents_by_id(&a->incidents, page->incidents[i].id))
            incidents_load(&a->incidents, &page->incidents[i]);
    for (size_t i = 0; i < page->delivery_count; i++) {
        const struct delivery *row = &page->deliveries[i];
        struct parcel *parcel;

        if (!is_to_deliver(a, row) || map_get_u64(&known, (uint64_t)row->id))
            continue;
        parcel = incidents_parcel(&a->incidents, row);
        parcel->is_known = true;
        outbox_add(&a->outbox, parcel);
    }
    map_done(&known);
}

static void pasts_read(struct alerts *a)
{
    a->will_read = past_reader_is_busy(&a->reader);
    if (!a->will_read)
        past_reader_begin(&a->reader, a->sched, past_known, a);
}

static void pending_read(const struct err *err, const struct alert_page *page, void *ctx)
{
    struct alerts *a = ctx;

    a->is_asking = false;
    if (err)
        log_error("stored alerts cannot be read; open incidents may be told again", log_err(err));
    // What has ended meanwhile would come back. Who writes all the time is not waited for.
    if (a->will_ask || (a->journal.saves != a->saves_asked && a->asks++ < ASKS_MAX)) {
        pending_ask(a);
        return;
    }
    a->asks = 0;
    if (!err)
        page_take(a, page);
    a->is_loaded = true;
    look(a);
    pasts_read(a);
}

static void journal_rests(const struct err *err, void *ctx)
{
    const struct alert_query query = {.question = ALERTS_PENDING};
    struct alerts *a = ctx;

    (void)err; // what could not be written is in memory, and will be
    a->saves_asked = a->journal.saves;
    store_read_alerts(a->options.store, &query, pending_read, a);
}

static void pending_ask(struct alerts *a)
{
    a->will_ask = a->is_asking;
    if (a->is_asking)
        return;
    a->is_asking = true;
    if (a->is_loaded)
        journal_wait(&a->journal, journal_rests, a);
    else
        journal_rests(NULL, a);
}

static void others_forget(struct alerts *a)
{
    VEC_OF(struct watch *) others = {0};
    struct watch *watch;

    for (size_t at = 0; (watch = map_next(&a->incidents.by_id, &at));)
        if (!is_ours(a, watch->row.job_id))
            vec_push(&others, watch);
    for (size_t i = 0; i < others.len; i++)
        incidents_forget(&a->incidents, others.v[i]);
    vec_done(&others);
}

static void node_look(struct alerts *a)
{
    const struct store_node *self = sched_self(a->sched);

    a->incidents.node_slot = self ? self->slot : -1;
}

void alerts_epoch(struct alerts *a)
{
    if (!a->has_begun)
        return;
    node_look(a);
    others_forget(a);
    pending_ask(a);
}

void alerts_follow(struct alerts *a, struct sched *sched)
{
    a->sched = sched;
    a->seen = events_last(sched_events(sched));
    a->listener = (struct events_listener){.on_events = look, .ctx = a};
    events_listen(sched_events(sched), &a->listener);
}

void alerts_begin(struct alerts *a)
{
    a->has_begun = true;
    node_look(a);
    pending_ask(a);
    forget(a);
}

static void forget(void *ctx)
{
    struct alerts *a = ctx;
    struct loop *loop = a->options.loop;
    const struct alert_write write = {
        .forget = {clock_wall(loop_clock(loop)).us - FORGET_US},
    };

    a->journal.forget = write.forget;
    loop_timer_set(loop, &a->forget_timer, mono_after_us(loop_now(loop), FORGET_LOOK_US), forget,
                   a);
}

// ---- events ----

static struct occurrence occurrence_of(const struct sched_event *event, enum incident_kind kind)
{
    return (struct occurrence){
        .job_id = event->job_id,
        .job = str_of(event->job),
        .kind = kind,
        .run_id = event->run_id,
        .slot = event->scheduled_at,
        .message = str_of(event->text[0] ? event->text : event_sentence(event->type)),
        .event = event,
    };
}

static void raise_event(struct alerts *a, const struct sched_event *event, enum incident_kind kind)
{
    struct occurrence o = occurrence_of(event, kind);
    struct notify rules;

    const struct tally_job *past = tally_job(sched_tally(a->sched), event->job_id);
    const struct watch *watch = incidents_find(&a->incidents, event->job_id, kind, (struct str){0});

    if (event->type == EVENT_RUN_FINISHED && !event->text[0])
        o.message = str_of(run_state_name(event->state));
    // In a row, also those before there was a rule.
    if (kind == INCIDENT_FAILING && past && past->failures > (watch ? watch->row.count : 0))
        o.count = past->failures;
    if (rules_of(event->job_id, &rules, a))
        incidents_raise(&a->incidents, &o, &rules);
}

// What an end that is good puts right: failures and delays at once; what befell a slot, when a
// later slot goes well.
static bool is_righted(const struct incident *row, const struct sched_event *event)
{
    if (row->kind == INCIDENT_CERTIFICATE)
        return false;
    if (row->kind == INCIDENT_FAILING || row->kind == INCIDENT_OVERDUE)
        return true;
    return event->scheduled_at.us > row->slot.us;
}

static void succeeded(struct alerts *a, const struct sched_event *event)
{
    struct watch *watch = incidents_next(&a->incidents, event->job_id, NULL), *next;

    for (; watch; watch = next) {
        bool is_told = watch->row.kind == INCIDENT_FAILING || watch->row.kind == INCIDENT_OVERDUE;

        next = incidents_next(&a->incidents, event->job_id, watch);
        if (is_righted(&watch->row, event))
            incidents_close(&a->incidents, watch, is_told ? NOTICE_RECOVERED : (enum notice)0,
                            str_of(event->text[0] ? event->text : "a run has ended well"), event);
    }
}

// "example.org:443".
static struct str target_of(const struct run_certificate *c, char text[TARGET_MAX])
{
    int n = snprintf(text, TARGET_MAX, "%.*s:%d", STR(c->host), c->port);

    return (struct str){text, (size_t)n < TARGET_MAX ? (size_t)n : TARGET_MAX - 1};
}

static void certificate_look(struct alerts *a, const struct sched_event *event,
                             const struct run_certificate *c, const struct notify *rules)
{
    static const enum notice notices[] = {0, NOTICE_CERT_WARNING, NOTICE_CERT_ERROR,
                                          NOTICE_CERT_CRITICAL};
    struct occurrence o = occurrence_of(event, INCIDENT_CERTIFICATE);
    char text[TARGET_MAX];
    struct watch *watch;

    o.target = target_of(c, text);
    o.message = c->message;
    if (c->is_changed) {
        o.level = NOTICE_CERT_CHANGED;
        incidents_mention(&a->incidents, &o, NOTICE_CERT_CHANGED, rules);
    }
    o.level = (int)notices[c->severity & 3];
    watch = incidents_find(&a->incidents, event->job_id, INCIDENT_CERTIFICATE, o.target);
    if (o.level != 0)
        incidents_raise(&a->incidents, &o, rules);
    else if (watch)
        incidents_close(&a->incidents, watch, NOTICE_CERT_RECOVERED, c->message, event);
}

// What the check that has ended found, host by host.
static void certificates_look(struct alerts *a, const struct sched_event *event)
{
    const struct tally_job *job = tally_job(sched_tally(a->sched), event->job_id);
    struct notify rules;

    if (!job || !job->certificates || job->run_id != event->run_id ||
        !rules_of(event->job_id, &rules, a))
        return;
    for (size_t i = 0; i < job->certificates->count; i++)
        certificate_look(a, event, &job->certificates->v[i], &rules);
}

static void finished(struct alerts *a, const struct sched_event *event)
{
    certificates_look(a, event);
    if (event->state == RUN_SUCCEEDED)
        succeeded(a, event);
    else if (event->state == RUN_FAILED || event->state == RUN_TIMED_OUT ||
             event->state == RUN_LOST)
        raise_event(a, event, INCIDENT_FAILING);
}

// What somebody wanted so is no trouble.
static void left_out(struct alerts *a, const struct sched_event *event)
{
    if (event->reason == REASON_FREEZE || event->reason == REASON_PAUSED ||
        event->reason == REASON_ASKED || event->reason == REASON_DELETED)
        return;
    raise_event(a, event,
                event->type == EVENT_RUN_MISSED || event->reason == REASON_MISFIRE
                    ? INCIDENT_MISSED
                    : INCIDENT_SKIPPED);
}

static void job_gone(struct alerts *a, int64_t job_id)
{
    struct watch *watch;

    while ((watch = incidents_next(&a->incidents, job_id, NULL)))
        incidents_close(&a->incidents, watch, (enum notice)0, STR_LIT("the job is gone"), NULL);
}

static void handle(struct alerts *a, const struct sched_event *event)
{
    if (event->type == EVENT_RUN_FINISHED)
        finished(a, event);
    else if (event->type == EVENT_RUN_SKIPPED || event->type == EVENT_RUN_MISSED)
        left_out(a, event);
    else if (event->type == EVENT_JOB_LATE)
        raise_event(a, event, INCIDENT_LATE);
    else if (event->type == EVENT_JOB_SLOW)
        raise_event(a, event, INCIDENT_SLOW);
    else if (event->type == EVENT_JOB_OVERDUE)
        raise_event(a, event, INCIDENT_OVERDUE);
    else if (event->type == EVENT_JOB_DELETED || event->type == EVENT_JOB_ENDED)
        job_gone(a, event->job_id);
}

// What the last runs of the jobs say, where it is not what is known here: events were lost, or (at
// a start) belfry ended between an end and its incident.
static void reconcile(struct alerts *a, bool is_start)
{
    const struct tally *tally = sched_tally(a->sched);
    const struct tally_job *past = NULL;
    struct notify rules;
    struct watch *watch;
    int64_t *over = mem_array(a->incidents.count, sizeof *over);
    size_t count = 0;

    while ((past = tally_failing_next(tally, past))) {
        const struct job *job = sched_find_id(a->sched, past->job_id);

        if (is_start && !past->is_past)
            continue; // its event is on its way
        watch = incidents_find(&a->incidents, past->job_id, INCIDENT_FAILING, (struct str){0});
        if (!job || !rules_of(past->job_id, &rules, a) ||
            (watch && (watch->row.run_id == past->run_id || watch->row.count >= past->failures)))
            continue;
        const struct occurrence o = {.job_id = past->job_id,
                                     .job = job->name,
                                     .kind = INCIDENT_FAILING,
                                     .count = past->failures,
                                     .run_id = past->run_id,
                                     .slot = past->slot,
                                     .message = str_of(run_state_name(past->state))};

        incidents_raise(&a->incidents, &o, &rules);
    }
    for (size_t at = 0; (watch = map_next(&a->incidents.by_id, &at));) {
        past = tally_job(tally, watch->row.job_id);
        if (!sched_find_id(a->sched, watch->row.job_id) ||
            (watch->row.kind == INCIDENT_FAILING && past && past->failures == 0 &&
             past->succeeded_at.us > watch->row.changed_at.us))
            over[count++] = watch->row.id;
    }
    for (size_t i = 0; i < count; i++) {
        watch = incidents_by_id(&a->incidents, over[i]);
        bool is_there = sched_find_id(a->sched, watch->row.job_id);

        incidents_close(&a->incidents, watch, is_there ? NOTICE_RECOVERED : (enum notice)0,
                        is_there ? STR_LIT("a run has ended well") : STR_LIT("the job is gone"),
                        NULL);
    }
    free(over);
}

static void past_known(void *ctx)
{
    struct alerts *a = ctx;

    reconcile(a, true);
    if (a->will_read)
        pasts_read(a);
}

static void look(void *ctx)
{
    struct alerts *a = ctx;
    const struct events *events = sched_events(a->sched);
    const struct sched_event *event;
    bool has_all = events_has(events, a->seen);

    if (!a->is_loaded)
        return;
    while ((event = events_next(events, a->seen))) {
        a->seen = event->seq;
        handle(a, event);
    }
    if (!has_all)
        reconcile(a, false);
}

// ---- channels ----

struct channel_write {
    struct alerts *a;
    struct channel *channel; // the new one; NULL: a removal
    char *name;
    alerts_channel_done *done;
    alerts_default_done *default_done;
    char *text; // of default rules
    void *ctx;
};

const struct channels *alerts_channels(const struct alerts *a)
{
    return &a->channels;
}

static void channel_written(const struct store_answer *answer, void *ctx)
{
    struct channel_write *write = ctx;
    struct alerts *a = write->a;
    struct channel *channel = write->channel;

    if (answer->err) {
        channel_free(channel);
        channel = NULL;
    } else if (channel) {
        channel->row.version = answer->version;
        channels_put(&a->channels, channel);
    } else {
        channels_remove(&a->channels, str_of(write->name));
    }
    write->done(answer->err, channel, write->ctx);
    if (!answer->err)
        outbox_channel(&a->outbox, str_of(write->name));
    free(write->name);
    free(write);
}

static wall now_of(const struct alerts *a)
{
    return clock_wall(loop_clock(a->options.loop));
}

static struct channel_write *write_new(struct alerts *a, struct str name, alerts_channel_done *done,
                                       void *ctx)
{
    struct channel_write *write = mem_alloc(sizeof *write);

    *write = (struct channel_write){.a = a, .name = str_own(name), .done = done, .ctx = ctx};
    return write;
}

void alerts_put_channel(struct alerts *a, struct str name, const json_t *json, int expect,
                        alerts_channel_done *done, void *ctx)
{
    char *body = json_dumps(json, JSON_COMPACT);
    const struct store_calendar row = {.kind = STORE_CHANNEL,
                                       .name = name,
                                       .body = str_of(body),
                                       .created_at = now_of(a),
                                       .updated_at = now_of(a)};
    struct channel *channel;
    struct err e;

    if (a->channels.list.len >= CHANNELS_MAX && !channels_find(&a->channels, name)) {
        (void)fail(&e, ERR_LIMIT, "name", "there are %d channels already", CHANNELS_MAX);
        done(&e, NULL, ctx);
    } else if (!(channel = channel_new(&row, &e))) {
        done(&e, NULL, ctx);
    } else {
        struct channel_write *write = write_new(a, name, done, ctx);

        write->channel = channel;
        store_put_calendar(a->options.store, &row, expect, channel_written, write);
    }
    free(body);
}

static bool names(const struct notify *rules, struct str channel)
{
    for (size_t i = 0; i < rules->count; i++)
        if (str_eq(str_of(rules->rules[i].channel), channel))
            return true;
    return false;
}

static bool is_free(const struct alerts *a, struct str name, struct err *e)
{
    const struct job *job;
    struct notify rules;
    struct err why;
    wall next_at;

    if (names(&a->rules, name))
        return fail(e, ERR_IN_USE, "name", "the rules of the instance name the channel \"%.*s\"",
                    STR(name));
    for (size_t at = 0; a->sched && (job = sched_next_job(a->sched, &at, &next_at));)
        if (job->spec->notify.p && notify_parse(job->spec->notify, &rules, &why) &&
            names(&rules, name)) {
            (void)fail(e, ERR_IN_USE, "name", "the job \"%.*s\" names the channel \"%.*s\"",
                       STR(job->name), STR(name));
            return fail_hint(e, "take it out of its notify first");
        }
    return true;
}

void alerts_delete_channel(struct alerts *a, struct str name, alerts_channel_done *done, void *ctx)
{
    struct err e;

    if (!channels_find(&a->channels, name))
        (void)fail(&e, ERR_NOT_FOUND, "name", "there is no channel \"%.*s\"", STR(name));
    else if (is_free(a, name, &e)) {
        store_delete_calendar(a->options.store, STORE_CHANNEL, name, channel_written,
                              write_new(a, name, done, ctx));
        return;
    }
    done(&e, NULL, ctx);
}

void alerts_test(struct alerts *a, const struct channel *channel, outbox_done *done, void *ctx)
{
    const struct note note = {.id = incidents_id(&a->incidents),
                              .notice = NOTICE_TEST,
                              .channel = channel->row.name,
                              .host = str_of(a->options.host),
                              .at = now_of(a)};
    struct buf body;

    buf_init(&body, 1 << 16);
    note_write(&note, &body);
    outbox_try(&a->outbox, channel, buf_str(&body), done, ctx);
    buf_done(&body);
}

// ---- default rules ----

struct str alerts_default(const struct alerts *a)
{
    return a->default_text ? str_of(a->default_text) : STR_LIT("[]");
}

int alerts_default_version(const struct alerts *a)
{
    return a->default_version;
}

static void default_written(const struct store_answer *answer, void *ctx)
{
    struct channel_write *write = ctx;

    if (!answer->err)
        default_set(write->a, str_of(write->text), answer->version);
    write->default_done(answer->err, write->ctx);
    free(write->text);
    free(write);
}

void alerts_put_default(struct alerts *a, const json_t *list, alerts_default_done *done, void *ctx)
{
    struct channel_write *write = mem_alloc(sizeof *write);

    *write = (struct channel_write){
        .a = a, .text = json_dumps(list, JSON_COMPACT), .default_done = done, .ctx = ctx};
    const struct store_calendar row = {.kind = STORE_NOTIFY,
                                       .name = DEFAULT_NAME,
                                       .body = str_of(write->text),
                                       .created_at = now_of(a),
                                       .updated_at = now_of(a)};

    store_put_calendar(a->options.store, &row, STORE_ANY, default_written, write);
}

// ---- incidents ----

struct acking {
    struct alerts *a;
    int64_t id;
    alerts_ack_done *done;
    void *ctx;
};

static void acked(const struct err *err, void *ctx)
{
    struct acking *acking = ctx;
    const struct watch *watch = incidents_by_id(&acking->a->incidents, acking->id);
    struct err gone;

    if (!err && !watch) {
        (void)fail(&gone, ERR_NOT_FOUND, "id", "the incident has ended meanwhile");
        err = &gone;
    }
    acking->done(err, err ? NULL : &watch->row, acking->ctx);
    free(acking);
}

void alerts_ack(struct alerts *a, int64_t id, wall until, struct str note, alerts_ack_done *done,
                void *ctx)
{
    struct watch *watch = incidents_by_id(&a->incidents, id);
    struct acking *acking;
    struct err e;

    if (!watch) {
        (void)fail(&e, ERR_NOT_FOUND, "id", "no open incident has this number");
        (void)fail_hint(&e, "GET /api/v1/alerts?state=open lists those that there are");
        done(&e, NULL, ctx);
        return;
    }
    acking = mem_alloc(sizeof *acking);
    *acking = (struct acking){a, id, done, ctx};
    incidents_ack(&a->incidents, watch, until, note);
    journal_wait(&a->journal, acked, acking);
}

void alerts_stats(const struct alerts *a, struct alerts_stats *ret)
{
    *ret = (struct alerts_stats){.waiting = a->outbox.waiting, .dropped = a->incidents.dropped};
    for (size_t i = 0; i < INCIDENT_KINDS; i++)
        ret->open[i] = a->incidents.open[i];
}
