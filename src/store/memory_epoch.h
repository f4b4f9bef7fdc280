// memory_epoch.h - who owns what in the reference model: nodes come and go, and a new epoch begins
// (nodes.h).
//
// Each call is a transaction, at its moment by the store's clock.
#pragma once

#include "store/memory_data.h"
#include "store/nodes.h"

struct memory_node_options {
    struct str name, address, version, tags;
    int64_t lease_us;    // 0: 5 s
    const int64_t *kept; // runs that go on although the process before is gone (exec/keeper.h)
    size_t kept_count;
    // Told with each beat: at that moment of the loop's stopwatch the store's calendar read so, as
    // far as one can say. NULL: the loop's clock shows it anyway.
    void (*on_clock)(wall at, mono when, void *ctx);
    void *ctx;
};

// What a node says of itself with its beat.
struct memory_told {
    int64_t running, waiting, late_us;
    bool releases; // jobs that were pinned to it
};

// A new node, and a new epoch. What a node of the same name has left behind becomes its own; while
// that one lives, ERR_BUSY. ret_orphaned: runs that nobody has any more.
[[nodiscard]] bool memory_epoch_join(struct memory_data *data,
                                     const struct memory_node_options *options, int64_t *ret_id,
                                     int64_t *ret_orphaned, struct err *e);

// Renews its lease, buries others whose leases are over, and begins a new epoch where one is
// wanted. False: it is not there any more. Who was away itself gives the others a beat's time:
// perhaps it was the store that was away.
[[nodiscard]] bool memory_epoch_beat(struct memory_data *data, int64_t id,
                                     const struct memory_told *told);

// It ends as it should; what still runs goes on with its keepers, and it is expected back.
void memory_epoch_leave(struct memory_data *data, int64_t id);

// Its process is gone, without a word.
void memory_epoch_crashed(struct memory_data *data, int64_t id);

// Whether anything that it writes counts now: it is there, and its lease holds.
bool memory_epoch_counts(const struct memory_data *data, int64_t id);

// Carries a write of a node out, if it counts (of one that is alone: memory_data_write).
void memory_epoch_write(struct memory_data *data, struct request *r);
