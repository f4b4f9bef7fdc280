// outbox.h - deliveries on their way: one at a time for each channel, tried again until they arrive
// or a day has passed.
//
// A try costs a worker thread, never the loop. A receiver may get a delivery twice - when belfry
// ends between the sending and the recording of it - and can tell by its id.
#pragma once

#include <stdatomic.h>
#include <stdint.h>

#include "alert/channel.h"
#include "alert/journal.h"
#include "alert/message.h"
#include "base/map.h"
#include "base/pool.h"

struct access;

#define OUTBOX_GIVE_UP_US (INT64_C(86400) * 1000000)
#define OUTBOX_MAX 10000 // deliveries that wait; what exceeds it is given up at once

// What came of one sending. Texts live as long as the call that tells it.
struct outcome {
    bool is_sent;
    struct err err;
    int64_t status;   // of HTTP or the mail server, or the program's exit status
    struct str reply; // the beginning of what it said
    int64_t took_ms;
    const struct channel *channel; // NULL: it is gone meanwhile
    const struct message *message; // what was sent
};
typedef void outbox_done(const struct outcome *outcome, void *ctx);

struct outbox {
    struct loop *loop; // borrowed, as are the next three
    struct journal *journal;
    struct channels *channels;
    const struct access *access;
    struct str host;
    struct pool *pool;  // NULL until the first sending
    struct map outlets; // by the channel's name
    size_t waiting;
    struct loop_alarm alarm;
    struct list sendings;
    atomic_bool ends;
    bool is_draining; // begins nothing any more
};

void outbox_init(struct outbox *o, struct loop *loop, struct journal *journal,
                 struct channels *channels);

// Takes over a delivery that the store has; it is sent when its time has come.
void outbox_add(struct outbox *o, struct parcel *parcel);

// A channel has changed, or was removed: what waits for it is tried at once.
void outbox_channel(struct outbox *o, struct str name);

// Sends an event to a channel now, beside what waits; not kept. done is called exactly once, later.
void outbox_try(struct outbox *o, const struct channel *channel, struct str event,
                outbox_done *done, void *ctx);

// Begins nothing any more; ends what is under way, with no further calls. Waits for the workers.
// The parcels are their owner's.
void outbox_end(struct outbox *o);

void parcel_free(struct parcel *parcel); // it is in no list and no heap
