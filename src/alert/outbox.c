// outbox.c - deliveries on their way.
// SPDX-License-Identifier: Apache-2.0
#include "alert/outbox.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/rand.h"

#define WORKERS 4
#define FIRST_WAIT_US 5000000
#define MOST_WAIT_US (INT64_C(3600) * 1000000)

// What waits for one channel.
struct outlet {
    struct outbox *o;
    char *name;
    struct heap waiting; // parcels by when they are due
    struct parcel *sending;
};

// One try, on a worker.
struct sending {
    struct list link; // in outbox.sendings
    struct outbox *o;
    struct arena *arena;
    struct str name; // of the channel
    json_t *event;
    struct message message;
    struct outcome outcome;
    outbox_done *done;
    void *ctx;
};

static void look(void *ctx);

void outbox_init(struct outbox *o, struct loop *loop, struct journal *journal,
                 struct channels *channels)
{
    *o = (struct outbox){.loop = loop, .journal = journal, .channels = channels};
    map_init(&o->outlets);
    list_init(&o->sendings);
}

void parcel_free(struct parcel *parcel)
{
    list_remove(&parcel->all);
    free((char *)parcel->row.channel.p);
    free((char *)parcel->row.error.p);
    free((char *)parcel->row.body.p);
    free(parcel);
}

static struct outlet *outlet_get(struct outbox *o, struct str name)
{
    struct outlet *outlet = map_get(&o->outlets, name);

    if (outlet)
        return outlet;
    outlet = mem_alloc(sizeof *outlet);
    outlet->o = o;
    outlet->name = str_own(name);
    map_put(&o->outlets, str_of(outlet->name), outlet);
    return outlet;
}

static wall now_of(const struct outbox *o)
{
    return clock_wall(loop_clock(o->loop));
}

// ---- one try ----

static void work(void *ctx)
{
    struct sending *s = ctx;
    struct outcome *outcome = &s->outcome;
    struct post_reply reply;
    struct filter_end end;

    if (s->message.is_command) {
        mono begun = clock_mono(clock_real());

        filter_run(&s->message.filter, &s->o->ends, s->arena, &end);
        *outcome = (struct outcome){.is_sent = end.is_good,
                                    .err = end.err,
                                    .status = end.status,
                                    .reply = end.output,
                                    .took_ms = (clock_mono(clock_real()).us - begun.us) / 1000};
    } else {
        post_send(&s->message.post, s->o->access, &s->o->ends, s->arena, &reply);
        *outcome = (struct outcome){.is_sent = reply.is_sent,
                                    .err = reply.err,
                                    .status = reply.status,
                                    .reply = reply.text,
                                    .took_ms = reply.took_ms};
    }
}

static void sending_free(struct sending *s)
{
    json_decref(s->event);
    arena_free(s->arena);
    list_remove(&s->link);
    free(s);
}

static void came_back(bool has_run, void *ctx)
{
    struct sending *s = ctx;

    if (!has_run)
        (void)fail(&s->outcome.err, ERR_BUSY, NULL, "belfry is stopping");
    s->outcome.channel = channels_find(s->o->channels, s->name);
    s->outcome.message = &s->message;
    if (!atomic_load(&s->o->ends))
        s->done(&s->outcome, s->ctx);
    sending_free(s);
}

static bool begin(struct outbox *o, const struct channel *channel, struct str event,
                  outbox_done *done, void *ctx)
{
    struct sending *s = mem_alloc(sizeof *s);
    struct err e;

    if (!o->pool && !(o->pool = pool_new(o->loop, WORKERS, &e))) {
        log_error("nothing can be told: no threads", log_err(&e));
        free(s);
        return false;
    }
    s->o = o;
    s->arena = arena_new(8192);
    s->name = arena_copy(s->arena, channel->row.name);
    s->event = json_loadb(event.p, event.len, JSON_ALLOW_NUL, NULL);
    s->done = done;
    s->ctx = ctx;
    message_make(channel, s->event, o->host, now_of(o), s->arena, &s->message);
    list_push(&o->sendings, &s->link);
    if (pool_run(o->pool, work, came_back, s))
        return true;
    sending_free(s);
    return false;
}

// ---- what waits ----

static void error_set(struct parcel *parcel, const struct err *err)
{
    free((char *)parcel->row.error.p);
    parcel->row.error = (struct str){NULL, 0};
    if (err)
        parcel->row.error = (struct str){str_own(str_of(err->message)), strlen(err->message)};
}

// 5 s, 10 s, 20 s, ... an hour, each a little different.
static int64_t wait_us(int tries)
{
    int64_t us = FIRST_WAIT_US;

    for (int i = 1; i < tries && us < MOST_WAIT_US; i++)
        us *= 2;
    us = us < MOST_WAIT_US ? us : MOST_WAIT_US;
    return us - us / 10 + (int64_t)(rand_u64() % (uint64_t)(us / 5 + 1));
}

static void parcel_end(struct outbox *o, struct parcel *parcel, enum delivery_state state)
{
    parcel->row.state = state;
    parcel->row.done_at = now_of(o);
    o->waiting--;
    journal_parcel(o->journal, parcel);
}

static void give_up(struct outbox *o, struct parcel *parcel, const char *why)
{
    struct channel *channel = channels_find(o->channels, parcel->row.channel);

    log_error("a notification is given up", log_str("channel", parcel->row.channel),
              log_text("why", why), log_str("last", parcel->row.error),
              log_int("tries", parcel->row.tries));
    if (channel)
        channel->given_up++;
    parcel_end(o, parcel, DELIVERY_GIVEN_UP);
}

static void try_failed(struct outbox *o, struct outlet *outlet, struct parcel *parcel,
                       const struct err *err)
{
    wall now = now_of(o);

    error_set(parcel, err);
    parcel->row.try_at = (wall){now.us + wait_us(parcel->row.tries)};
    if (now.us - parcel->row.created_at.us >= OUTBOX_GIVE_UP_US) {
        give_up(o, parcel, "a day has passed");
        return;
    }
    if (parcel->row.tries == 1)
        log_warn("a notification could not be delivered; it is tried again",
                 log_str("channel", parcel->row.channel), log_text("why", err->message));
    heap_push(&outlet->waiting, &parcel->due, parcel->row.try_at.us);
    journal_parcel(o->journal, parcel);
}

static void tried(const struct outcome *outcome, void *ctx)
{
    struct outlet *outlet = ctx;
    struct parcel *parcel = outlet->sending;
    struct channel *channel = (struct channel *)outcome->channel;
    struct outbox *o = outlet->o;

    outlet->sending = NULL;
    parcel->row.tries++;
    if (channel)
        *(outcome->is_sent ? &channel->sent : &channel->failed) += 1;
    if (outcome->is_sent) {
        error_set(parcel, NULL);
        parcel_end(o, parcel, DELIVERY_SENT);
    } else {
        try_failed(o, outlet, parcel, &outcome->err);
    }
    look(o);
}

// Sends what is due at one outlet. When it is due next; WALL_NEVER: nothing waits, or it is busy.
static wall outlet_look(struct outbox *o, struct outlet *outlet, wall now)
{
    struct heap_node *first;

    while (!outlet->sending && (first = heap_peek(&outlet->waiting))) {
        struct parcel *parcel = heap_item(first, struct parcel, due);
        const struct channel *channel = channels_find(o->channels, str_of(outlet->name));

        if (first->key > now.us)
            return (wall){first->key};
        (void)heap_pop(&outlet->waiting);
        if (!channel) {
            give_up(o, parcel, "there is no such channel");
            continue;
        }
        outlet->sending = parcel;
        if (begin(o, channel, parcel->row.body, tried, outlet))
            continue;
        outlet->sending = NULL;
        heap_push(&outlet->waiting, &parcel->due, now.us + FIRST_WAIT_US);
    }
    return WALL_NEVER;
}

static void look(void *ctx)
{
    struct outbox *o = ctx;
    struct outlet *outlet;
    wall now = now_of(o), next = WALL_NEVER;

    if (o->is_draining)
        return;
    for (size_t at = 0; (outlet = map_next(&o->outlets, &at));) {
        wall due = outlet_look(o, outlet, now);

        next = due.us < next.us ? due : next;
    }
    if (next.us != WALL_NEVER.us)
        loop_alarm_set(o->loop, &o->alarm, next, look, o);
}

void outbox_add(struct outbox *o, struct parcel *parcel)
{
    struct outlet *outlet = outlet_get(o, parcel->row.channel);

    if (o->waiting++ >= OUTBOX_MAX) {
        give_up(o, parcel, "too many are waiting");
        return;
    }
    heap_push(&outlet->waiting, &parcel->due, parcel->row.try_at.us);
    look(o);
}

void outbox_channel(struct outbox *o, struct str name)
{
    struct outlet *outlet = map_get(&o->outlets, name);
    struct heap again = {0};
    struct heap_node *node;
    wall now = now_of(o);

    if (!outlet)
        return;
    while ((node = heap_pop(&outlet->waiting))) {
        struct parcel *parcel = heap_item(node, struct parcel, due);

        if (parcel->row.try_at.us > now.us)
            parcel->row.try_at = now;
        heap_push(&again, &parcel->due, parcel->row.try_at.us);
    }
    heap_done(&outlet->waiting);
    outlet->waiting = again;
    look(o);
}

// ---- beside what waits ----

void outbox_try(struct outbox *o, const struct channel *channel, struct str event,
                outbox_done *done, void *ctx)
{
    struct outcome outcome = {0};

    if (!o->is_draining && begin(o, channel, event, done, ctx))
        return;
    (void)fail(&outcome.err, ERR_BUSY, NULL, "nothing can be sent now");
    done(&outcome, ctx);
}

void outbox_end(struct outbox *o)
{
    struct outlet *outlet;

    o->is_draining = true;
    atomic_store(&o->ends, true);
    loop_alarm_stop(o->loop, &o->alarm);
    pool_free(o->pool);
    o->pool = NULL;
    for (size_t at = 0; (outlet = map_next(&o->outlets, &at));) {
        heap_done(&outlet->waiting);
        free(outlet->name);
        free(outlet);
    }
    map_done(&o->outlets);
}
