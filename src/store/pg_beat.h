// pg_beat.h - renews our lease, buries whose lease is over, and looks what the others have done: a
// thread with a connection of its own.
//
// It does so once a second, and at once when another tells (NOTIFY). So a writer that waits for a
// lock, and a loop that has much to do, do not cost us the lease.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/loop.h"
#include "store/pg_clock.h"
#include "store/pg_news.h"
#include "store/pg_node.h"

struct pg_beat;

struct pg_beat_options {
    struct loop *loop;
    const char *uri;
    const struct pg_node *node; // that has joined
    struct pg_clock clock;
    // On the loop's thread. News are borrowed; false: not now, they are told again in a second.
    bool (*on_news)(const struct pg_news *news, void *ctx);
    // Likewise, once: our row is gone.
    void (*on_lost)(const struct err *why, void *ctx);
    void *ctx;
};

// Connects and starts. Everything but clock and node is borrowed; of node its numbers are copied.
// NULL with *e.
[[nodiscard]] struct pg_beat *pg_beat_new(const struct pg_beat_options *options, struct err *e);
void pg_beat_free(struct pg_beat *b); // accepts NULL

// From now on news are told, of what came behind since. is_alone: no other node was there: then
// what is changed is ours, and news of it say only up to where.
void pg_beat_watch(struct pg_beat *b, const struct pg_told *since, bool is_alone);

// Any thread: looks at once.
void pg_beat_poke(struct pg_beat *b);

// What the others are told of us with the next renewal.
void pg_beat_tell(struct pg_beat *b, int64_t running, int64_t waiting, int64_t late_us);

// A new epoch before long.
void pg_beat_release(struct pg_beat *b);

// Whether our lease was renewed not long ago: four fifths of it have not passed since that was
// asked for, by a stopwatch that runs on while the machine sleeps.
bool pg_beat_is_trusted(const struct pg_beat *b);

// Whether our row is gone, as far as we know.
bool pg_beat_is_lost(const struct pg_beat *b);
