// memory_beat.h - how a store of the reference model lives among others: it says that it is there
// once in a fifth of its lease, and reads what the others have done.
//
// A beat passes the same moments as a write: sent, carried out, answered.
#pragma once

#include "base/loop.h"
#include "store/memory_epoch.h"
#include "store/memory_look.h"

struct memory_beat {
    struct loop *loop;        // borrowed
    struct memory_data *data; // likewise
    int64_t id;               // of the node; 0: we are alone, and nothing beats
    int64_t epoch;            // under which it acts (store_own)
    int64_t lease_us, commit_us, answer_us;
    struct store_watch watch;
    bool is_loaded;            // news may come
    bool is_cut;               // beats do not arrive
    bool is_deaf;              // it does not hear at once of what others change
    struct memory_known known; // and told
    struct memory_told told;   // with the next beat
    // Of the beat under way.
    enum {
        BEAT_NONE,
        BEAT_SENT,
        BEAT_DONE
    } phase;
    bool is_gone; // it is not there any more
    bool is_asked_again;
    mono sent_at;
    wall done_at;
    struct memory_look look;

    mono trusted_until;
    void (*on_clock)(wall at, mono when, void *ctx);
    void *ctx;
    struct loop_timer timer;
};

// It has joined as that node.
void memory_beat_begin(struct memory_beat *b, const struct memory_node_options *options,
                       int64_t id);
void memory_beat_end(struct memory_beat *b);

// Whether an attempt may begin now (store_may_start).
bool memory_beat_may_start(const struct memory_beat *b);

// A beat that is on its way arrives.
void memory_beat_land(struct memory_beat *b);

// Fills in store_load.members, in arena; from now on news are told of what comes after.
void memory_beat_load(struct memory_beat *b, struct arena *arena, struct store_members *ret);
