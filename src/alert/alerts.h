// alerts.h - what goes wrong, who is to know, and telling them until they do: incidents and
// deliveries from the events of the scheduler.
//
// An incident opens when something goes wrong with a job that has rules (job/notify.h), and ends
// when it is right again. Each rule is told of it once - when it has happened often enough - and
// again if it asks for that. Nothing here holds the scheduler up: events are read when its work is
// done, the store writes in its own time, sending is on other threads.
//
// What is durable: an incident and the deliveries it causes are one transaction. What an end of
// belfry falls in between - a run had failed, its incident was not yet written - is found again at
// the next start, from what the job's last runs say.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "alert/channel.h"
#include "alert/outbox.h"
#include "sched/sched.h"

struct access;
struct alerts;

#define INCIDENTS_MAX 10000 // open at the same time; what exceeds it is counted
#define INCIDENT_KINDS 8    // room for numbers of enum incident_kind

struct alerts_options {
    struct loop *loop; // borrowed, as are the others
    struct store *store;
    const struct access *access; // whom channels may connect to; NULL: anybody
    const char *host;            // who tells
};

[[nodiscard]] struct alerts *alerts_new(const struct alerts_options *options);

// For sched_options.on_row: channels and default rules.
void alerts_row(const struct store_calendar *row, void *ctx);

// For sched_options.on_rows: all of them, as other nodes have left them.
void alerts_rows(const struct store_calendar *rows, size_t count, void *ctx);

// Jobs may have come to us, or left, or a node is gone (sched_options.on_epoch): incidents go with
// their jobs, and what a node that is gone has not delivered is delivered by the one that has the
// duties. Nothing before alerts_begin.
void alerts_epoch(struct alerts *a);

// Begins to follow the scheduler's events, before sched_start. What the store keeps is read first.
void alerts_follow(struct alerts *a, struct sched *sched);

// The jobs are loaded: looks at what their last runs say, in the background.
void alerts_begin(struct alerts *a);

// Begins no more sendings.
void alerts_drain(struct alerts *a);

// After the store was closed. Waits for sendings to end. Accepts NULL.
void alerts_free(struct alerts *a);

// ---- channels ----

const struct channels *alerts_channels(const struct alerts *a);

// Answer to a write: err is NULL when it is done and durable; channel as it now stands (NULL after
// a removal).
typedef void alerts_channel_done(const struct err *err, const struct channel *channel, void *ctx);

// Creates or replaces a channel; json was made by channel_check. expect as store_put_calendar's.
// ERR_LIMIT: too many.
void alerts_put_channel(struct alerts *a, struct str name, const json_t *json, int expect,
                        alerts_channel_done *done, void *ctx);

// ERR_NOT_FOUND; ERR_IN_USE while a job's rules, or those of the instance, name it.
void alerts_delete_channel(struct alerts *a, struct str name, alerts_channel_done *done, void *ctx);

// Tells a channel that it is tried.
void alerts_test(struct alerts *a, const struct channel *channel, outbox_done *done, void *ctx);

// ---- the rules of jobs that have none of their own ----

struct str alerts_default(const struct alerts *a);  // JSON
int alerts_default_version(const struct alerts *a); // 0: there never were any

// list was accepted by notify_read.
typedef void alerts_default_done(const struct err *err, void *ctx);
void alerts_put_default(struct alerts *a, const json_t *list, alerts_default_done *done, void *ctx);

// ---- incidents ----

// Holds what is told of an open incident until a moment (0: until it ends). done is called when it
// is durable; row is the incident (borrowed during the call). ERR_NOT_FOUND when none of that
// number is open.
typedef void alerts_ack_done(const struct err *err, const struct incident *row, void *ctx);
void alerts_ack(struct alerts *a, int64_t id, wall until, struct str note, alerts_ack_done *done,
                void *ctx);

struct alerts_stats {
    size_t open[INCIDENT_KINDS]; // by enum incident_kind
    size_t waiting;              // deliveries
    int64_t dropped;             // incidents that were too many
};
void alerts_stats(const struct alerts *a, struct alerts_stats *ret);
