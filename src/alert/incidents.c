// incidents.c - what is wrong at the moment.
// SPDX-License-Identifier: Apache-2.0
#include "alert/incidents.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"

#define OPEN_MAX 10000
#define BODY_MAX (64 << 10)

static void reminders_look(void *ctx);

void incidents_init(struct incidents *i, struct loop *loop, struct journal *journal)
{
    *i = (struct incidents){.loop = loop, .journal = journal, .node_slot = -1};
    map_init(&i->by_id);
    map_init(&i->by_job);
    list_init(&i->parcels);
}

static void watch_free(struct watch *watch)
{
    free((char *)watch->row.job.p);
    free((char *)watch->row.target.p);
    free((char *)watch->row.note.p);
    free((char *)watch->row.message.p);
    free(watch);
}

void incidents_done(struct incidents *i)
{
    struct watch *watch;
    struct list *head;

    struct list *link;

    loop_alarm_stop(i->loop, &i->alarm);
    heap_done(&i->reminders); // first: it marks the nodes inside of the incidents
    while ((link = list_pop(&i->journal->watches))) { // open ones are in the map as well
        struct watch *over = list_item(link, struct watch, item.link);

        if (over->row.closed_at.us != 0)
            watch_free(over);
    }
    for (size_t at = 0; (watch = map_next(&i->by_id, &at));)
        watch_free(watch);
    for (size_t at = 0; (head = map_next(&i->by_job, &at));)
        free(head);
    while (!list_is_empty(&i->parcels)) {
        struct parcel *parcel = list_item(list_pop(&i->parcels), struct parcel, all);

        free((char *)parcel->row.channel.p);
        free((char *)parcel->row.error.p);
        free((char *)parcel->row.body.p);
        free(parcel);
    }
    map_done(&i->by_id);
    map_done(&i->by_job);
}

static wall now_of(const struct incidents *i)
{
    return clock_wall(loop_clock(i->loop));
}

int64_t incidents_id(struct incidents *i)
{
    int64_t now = now_of(i).us;

    i->last_id = now > i->last_id ? now : i->last_id + 1;
    if (i->node_slot >= 0) // the next that is ours
        i->last_id +=
            (i->node_slot - i->last_id % INCIDENTS_SLOTS + INCIDENTS_SLOTS) % INCIDENTS_SLOTS;
    return i->last_id;
}

static void text_set(struct str *field, struct str s)
{
    char *copy = str_own(s);

    free((char *)field->p);
    *field = (struct str){copy, s.len};
}

// ---- which are open ----

static struct list *job_list(struct incidents *i, int64_t job_id)
{
    struct list *head = map_get_u64(&i->by_job, (uint64_t)job_id);

    if (head)
        return head;
    head = mem_alloc(sizeof *head);
    list_init(head);
    map_put_u64(&i->by_job, (uint64_t)job_id, head);
    return head;
}

static void watch_enter(struct incidents *i, struct watch *watch)
{
    map_put_u64(&i->by_id, (uint64_t)watch->row.id, watch);
    list_push(job_list(i, watch->row.job_id), &watch->of_job);
    i->count++;
    i->open[watch->row.kind]++;
}

static void watch_leave(struct incidents *i, struct watch *watch)
{
    struct list *head = map_get_u64(&i->by_job, (uint64_t)watch->row.job_id);

    (void)map_remove_u64(&i->by_id, (uint64_t)watch->row.id);
    list_remove(&watch->of_job);
    if (list_is_empty(head))
        free(map_remove_u64(&i->by_job, (uint64_t)watch->row.job_id));
    if (heap_has(&watch->remind))
        heap_remove(&i->reminders, &watch->remind);
    i->count--;
    i->open[watch->row.kind]--;
}

struct watch *incidents_next(const struct incidents *i, int64_t job_id, const struct watch *after)
{
    struct list *head = map_get_u64(&i->by_job, (uint64_t)job_id), *next;

    if (!head)
        return NULL;
    next = after ? after->of_job.next : head->next;
    return next == head ? NULL : list_item(next, struct watch, of_job);
}

struct watch *incidents_find(const struct incidents *i, int64_t job_id, enum incident_kind kind,
                             struct str target)
{
    struct watch *watch = NULL;

    while ((watch = incidents_next(i, job_id, watch)))
        if (watch->row.kind == kind && str_eq(watch->row.target, target))
            break;
    return watch;
}

struct watch *incidents_by_id(const struct incidents *i, int64_t id)
{
    return map_get_u64(&i->by_id, (uint64_t)id);
}

void incidents_stored(struct incidents *i, struct watch *watch)
{
    (void)i;
    if (watch->row.closed_at.us != 0 || watch->is_forgotten)
        watch_free(watch);
}

void incidents_forget(struct incidents *i, struct watch *watch)
{
    watch_leave(i, watch);
    list_remove(&watch->item.link);
    watch->item.is_changed = false;
    watch->is_forgotten = true;
    if (!watch->item.is_saving)
        watch_free(watch);
}

// ---- telling ----

// What an incident is told as while it lasts.
static enum notice notice_of(const struct incident *row)
{
    static const enum notice notices[] = {
        [INCIDENT_FAILING] = NOTICE_FAILED,  [INCIDENT_MISSED] = NOTICE_MISSED,
        [INCIDENT_LATE] = NOTICE_LATE,       [INCIDENT_SLOW] = NOTICE_SLOW,
        [INCIDENT_OVERDUE] = NOTICE_OVERDUE, [INCIDENT_SKIPPED] = NOTICE_SKIPPED,
    };

    return row->kind == INCIDENT_CERTIFICATE ? (enum notice)row->level : notices[row->kind];
}

static bool is_acked(const struct incident *row, wall now)
{
    return row->acked_at.us != 0 && (row->acked_until.us == 0 || row->acked_until.us > now.us);
}

static bool tells(const struct notify_rule *rule, enum notice notice)
{
    return rule->on >> notice & 1;
}

struct parcel *incidents_parcel(struct incidents *i, const struct delivery *row)
{
    struct parcel *parcel = mem_alloc(sizeof *parcel);

    parcel->row = *row;
    parcel->row.channel = (struct str){str_own(row->channel), row->channel.len};
    parcel->row.error = (struct str){str_own(row->error), row->error.len};
    parcel->row.body = (struct str){str_own(row->body), row->body.len};
    list_push(&i->parcels, &parcel->all);
    if (row->id > i->last_id)
        i->last_id = row->id;
    return parcel;
}

static void deliver(struct incidents *i, const struct notify_rule *rule, const struct note *about)
{
    struct note note = *about;
    struct buf body;

    if (!rule->channel[0])
        return;
    note.id = incidents_id(i);
    note.channel = str_of(rule->channel);
    note.host = i->host;
    note.at = now_of(i);
    buf_init(&body, BODY_MAX);
    note_write(&note, &body);
    const struct delivery row = {
        .id = note.id,
        .incident_id = note.incident->id,
        .channel = note.channel,
        .notice = note.notice,
        .created_at = note.at,
        .try_at = note.at,
        .body = buf_str(&body),
    };

    if (!body.is_full)
        journal_parcel(i->journal, incidents_parcel(i, &row));
    buf_done(&body);
}

// ---- reminders ----

// The first multiple of a rule's repeat behind a moment.
static int64_t multiple_after(const struct incident *row, const struct notify_rule *rule, wall at)
{
    return row->opened_at.us +
           ((at.us - row->opened_at.us) / rule->repeat_us + 1) * rule->repeat_us;
}

static bool repeats(const struct incident *row, const struct notify_rule *rule)
{
    return rule->repeat_us > 0 && tells(rule, notice_of(row)) && row->count >= rule->after;
}

static void remind_plan(struct incidents *i, struct watch *watch, const struct notify *rules)
{
    const struct incident *row = &watch->row;
    int64_t next = INT64_MAX;
    wall now = now_of(i);

    for (size_t k = 0; k < rules->count; k++)
        if (repeats(row, &rules->rules[k])) {
            int64_t at = multiple_after(row, &rules->rules[k], row->reminded_at);

            next = at < next ? at : next;
        }
    if (is_acked(row, now))
        next = row->acked_until.us == 0     ? INT64_MAX
               : next < row->acked_until.us ? row->acked_until.us
                                            : next;
    if (heap_has(&watch->remind))
        heap_remove(&i->reminders, &watch->remind);
    if (next == INT64_MAX)
        return;
    heap_push(&i->reminders, &watch->remind, next);
    if (heap_peek(&i->reminders) == &watch->remind)
        loop_alarm_set(i->loop, &i->alarm, (wall){next}, reminders_look, i);
}

static void remind(struct incidents *i, struct watch *watch, const struct notify *rules)
{
    struct incident *row = &watch->row;
    const struct note note = {.notice = notice_of(row), .incident = row, .is_reminder = true};
    wall now = now_of(i);

    for (size_t k = 0; k < rules->count; k++)
        if (repeats(row, &rules->rules[k]) &&
            multiple_after(row, &rules->rules[k], row->reminded_at) <= now.us)
            deliver(i, &rules->rules[k], &note);
    row->reminded_at = now;
    journal_watch(i->journal, watch);
}

static void reminders_look(void *ctx)
{
    struct incidents *i = ctx;
    struct heap_node *first;
    wall now = now_of(i);

    while ((first = heap_peek(&i->reminders)) && first->key <= now.us) {
        struct watch *watch = heap_item(first, struct watch, remind);
        struct notify rules;

        (void)heap_pop(&i->reminders);
        if (!i->rules(watch->row.job_id, &rules, i->ctx))
            continue;
        if (!is_acked(&watch->row, now))
            remind(i, watch, &rules);
        remind_plan(i, watch, &rules);
    }
    if (first)
        loop_alarm_set(i->loop, &i->alarm, (wall){first->key}, reminders_look, i);
}

void incidents_load(struct incidents *i, const struct incident *row)
{
    struct watch *watch = mem_alloc(sizeof *watch);
    struct notify rules;

    watch->row = *row;
    watch->row.job = watch->row.target = watch->row.note = watch->row.message = (struct str){0};
    text_set(&watch->row.job, row->job);
    text_set(&watch->row.target, row->target);
    text_set(&watch->row.note, row->note);
    text_set(&watch->row.message, row->message);
    if (row->id > i->last_id)
        i->last_id = row->id;
    watch_enter(i, watch);
    if (i->rules(row->job_id, &rules, i->ctx))
        remind_plan(i, watch, &rules);
}

// ---- opening and closing ----

static bool is_wanted(const struct notify *rules, enum notice notice)
{
    for (size_t k = 0; k < rules->count; k++)
        if (tells(&rules->rules[k], notice))
            return true;
    return false;
}

static struct watch *watch_open(struct incidents *i, const struct occurrence *o)
{
    struct watch *watch;

    if (i->count >= OPEN_MAX) {
        if (i->dropped++ == 0)
            log_error("too many incidents are open; further ones are dropped",
                      log_int("open", (int64_t)i->count));
        return NULL;
    }
    watch = mem_alloc(sizeof *watch);
    watch->row = (struct incident){
        .id = incidents_id(i), .job_id = o->job_id, .kind = o->kind, .opened_at = now_of(i)};
    watch->row.reminded_at = watch->row.opened_at;
    text_set(&watch->row.job, o->job);
    text_set(&watch->row.target, o->target);
    text_set(&watch->row.note, (struct str){0});
    watch_enter(i, watch);
    return watch;
}

static void occurrence_take(struct incidents *i, struct watch *watch, const struct occurrence *o)
{
    struct incident *row = &watch->row;

    row->level = o->level;
    row->run_id = o->run_id;
    row->slot = o->slot;
    row->changed_at = now_of(i);
    text_set(&row->message, o->message);
    journal_watch(i->journal, watch);
}

void incidents_raise(struct incidents *i, const struct occurrence *o, const struct notify *rules)
{
    struct incident what = {.kind = o->kind, .level = o->level};
    enum notice notice = notice_of(&what);
    struct watch *watch = incidents_find(i, o->job_id, o->kind, o->target);
    bool is_again = watch && watch->row.level == o->level; // as before, once more
    int64_t before;

    if (!watch && (!is_wanted(rules, notice) || !(watch = watch_open(i, o))))
        return;
    if (is_again && o->count == 0 && o->run_id != 0 && watch->row.run_id == o->run_id)
        return; // told of this run already
    before = is_again ? watch->row.count : 0;
    watch->row.count = o->count > 0 ? o->count : before + 1;
    occurrence_take(i, watch, o);
    const struct note note = {.notice = notice, .incident = &watch->row, .event = o->event};

    for (size_t k = 0; k < rules->count && !is_acked(&watch->row, now_of(i)); k++) {
        const struct notify_rule *rule = &rules->rules[k];

        if (tells(rule, notice) && before < rule->after && rule->after <= watch->row.count)
            deliver(i, rule, &note);
    }
    remind_plan(i, watch, rules);
}

void incidents_close(struct incidents *i, struct watch *watch, enum notice notice,
                     struct str message, const struct sched_event *event)
{
    const struct note note = {.notice = notice, .incident = &watch->row, .event = event};
    struct notify rules = {0};

    watch->row.closed_at = watch->row.changed_at = now_of(i);
    if (message.len > 0)
        text_set(&watch->row.message, message);
    if (event && event->run_id != 0) {
        watch->row.run_id = event->run_id;
        watch->row.slot = event->scheduled_at;
    }
    if (notice != 0 && i->rules(watch->row.job_id, &rules, i->ctx))
        for (size_t k = 0; k < rules.count; k++)
            if (tells(&rules.rules[k], notice) && watch->row.count >= rules.rules[k].after)
                deliver(i, &rules.rules[k], &note);
    watch_leave(i, watch);
    journal_watch(i->journal, watch);
}

void incidents_mention(struct incidents *i, const struct occurrence *o, enum notice notice,
                       const struct notify *rules)
{
    struct watch *watch;

    if (!is_wanted(rules, notice) || !(watch = watch_open(i, o)))
        return;
    watch->row.count = 1;
    occurrence_take(i, watch, o);
    incidents_close(i, watch, notice, o->message, o->event);
}

void incidents_ack(struct incidents *i, struct watch *watch, wall until, struct str note)
{
    struct notify rules;

    watch->row.acked_at = now_of(i);
    watch->row.acked_until = until;
    text_set(&watch->row.note, note);
    journal_watch(i->journal, watch);
    if (i->rules(watch->row.job_id, &rules, i->ctx))
        remind_plan(i, watch, &rules);
}
