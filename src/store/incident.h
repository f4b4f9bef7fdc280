// incident.h - what a store keeps of alerts: incidents, and what is to be told about them.
//
// An incident begins when something goes wrong and ends when it is right again. A delivery is one
// telling of it to one channel. Both have numbers that their maker gives; the store knows nothing
// of rules. What is asked in one store_alert is one transaction: an incident and the deliveries
// that it causes are both there or both not.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/str.h"

// Numbers are stored: never change one, never reuse one.
enum incident_kind {
#define X(name, number, text, sentence) name = number,
#include "store/incident_kind.def"
#undef X
};

struct incident {
    int64_t id;
    int64_t job_id;
    struct str job;    // its name then
    struct str target; // of a certificate: "example.org:443"; else empty
    enum incident_kind kind;
    int level; // of a certificate: how bad; else 0
    wall opened_at;
    wall changed_at;    // when it happened last
    wall closed_at;     // 0: it is open
    int64_t count;      // how often it happened
    int64_t run_id;     // the last run that it is about; 0: none
    wall slot;          // and its slot
    wall reminded_at;   // repetitions that are due by then have been made
    wall acked_at;      // 0: nobody has acknowledged it
    wall acked_until;   // 0: until it ends
    struct str note;    // of who did
    struct str message; // one sentence: the latest
};

// Stored numbers as well.
enum delivery_state {
    DELIVERY_WAITING = 0,
    DELIVERY_SENT = 1,
    DELIVERY_GIVEN_UP = 2,
};

struct delivery {
    int64_t id;
    int64_t incident_id;
    struct str channel;
    int notice; // what is told (job/notice.def)
    enum delivery_state state;
    int tries;
    wall created_at;
    wall try_at;      // waiting: not before
    wall done_at;     // 0: waiting
    struct str error; // of the last try; empty: none
    struct str body;  // what is told, JSON
};

// Rows to be made or replaced, by id.
struct alert_write {
    const struct incident *incidents;
    size_t incident_count;
    const struct delivery *deliveries;
    size_t delivery_count;
    wall forget; // incidents that ended before go, with their deliveries; 0: none
};

enum alert_question {
    ALERTS_PENDING, // open incidents, and deliveries that wait: each by id
    ALERTS_PAGE,    // incidents, the newest first
    ALERTS_ONE,     // the incident `id`, and its deliveries by id
};

#define ALERT_ROWS_MAX 10000 // of each kind in an answer

struct alert_query {
    enum alert_question question;
    int64_t id;        // ALERTS_ONE; ALERTS_PAGE: below this one; 0: from the newest
    int64_t job_id;    // ALERTS_PAGE: of that job; 0: of all
    bool is_open_only; // ALERTS_PAGE
    bool is_closed_only;
    int limit; // ALERTS_PAGE: 1 to 1000
};

struct alert_page {
    struct incident *incidents;
    size_t incident_count;
    struct delivery *deliveries;
    size_t delivery_count;
};

// Texts live until it returns.
typedef void store_alerts_done(const struct err *err, const struct alert_page *page, void *ctx);

const char *incident_kind_name(enum incident_kind kind);     // "failing"
const char *incident_kind_sentence(enum incident_kind kind); // what it means
const char *delivery_state_name(enum delivery_state state);  // "waiting"
