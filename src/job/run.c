// run.c - the words for what became of a slot, and the numbers that runs get.
// SPDX-License-Identifier: Apache-2.0
#include "job/run.h"

#include <string.h>

#include "base/mem.h"

#define EPOCH_2025_MS 1735689600000
#define SEQUENCE_MAX 63

static int64_t id_make(int64_t ms, int node_slot, int64_t sequence);

static size_t stream_size(const struct run_stream *s)
{
    return s->head.len + s->tail.len;
}

size_t run_end_size(const struct run_end *end)
{
    return end->message.len + end->result.len + end->progress.len + stream_size(&end->out) +
           stream_size(&end->err);
}

static struct str text_put(char **at, struct str s)
{
    struct str copy = {*at, s.len};

    if (s.len > 0)
        memcpy(*at, s.p, s.len);
    *at += s.len;
    return copy;
}

struct run_end *run_end_copy(const struct run_end *end)
{
    struct run_end *copy = mem_alloc(sizeof *copy + run_end_size(end));
    char *at = (char *)(copy + 1);

    *copy = *end;
    copy->message = text_put(&at, end->message);
    copy->result = text_put(&at, end->result);
    copy->progress = text_put(&at, end->progress);
    copy->out.head = text_put(&at, end->out.head);
    copy->out.tail = text_put(&at, end->out.tail);
    copy->err.head = text_put(&at, end->err.head);
    copy->err.tail = text_put(&at, end->err.tail);
    return copy;
}

const char *run_state_name(enum run_state state)
{
    switch (state) {
    case RUN_NONE:
        break;
#define X(name, number, text, sentence) \
    case name:                          \
        return text;
#include "job/run_state.def"
#undef X
    }
    return "unknown";
}

const char *run_reason_name(enum run_reason reason)
{
    switch (reason) {
#define X(name, number, text, sentence) \
    case name:                          \
        return text;
#include "job/run_reason.def"
#undef X
    }
    return "unknown";
}

const char *run_reason_sentence(enum run_reason reason)
{
    switch (reason) {
#define X(name, number, text, sentence) \
    case name:                          \
        return sentence;
#include "job/run_reason.def"
#undef X
    }
    return "A reason that this belfry does not know.";
}

const char *run_origin_name(enum run_origin origin)
{
    switch (origin) {
#define X(name, number, text, sentence) \
    case name:                          \
        return text;
#include "job/run_origin.def"
#undef X
    }
    return "unknown";
}

uint32_t run_move_from(enum run_actor by, enum run_state to)
{
    uint32_t from = 0;

#define X(state, next, actor, attempt, sentence) \
    from |= (uint32_t)(by == actor && to == next) << state;
#include "job/run_move.def"
#undef X
    return from;
}

uint32_t run_move_to(enum run_actor by, enum run_state from)
{
    uint32_t to = 0;

#define X(state, next, actor, attempt, sentence) \
    to |= (uint32_t)(by == actor && from == state) << next;
#include "job/run_move.def"
#undef X
    return to;
}

void run_as_seen(struct run *run, wall now)
{
    if (!run_is_planned(run))
        return;
    if (now.us < run->try_at.us) {
        run->state = RUN_QUEUED;
        run->reason = REASON_DELAY;
        run->attempt = 0;
        run->started_at = (wall){0};
    }
    run->try_at = (wall){0};
}

int64_t run_id_next(struct run_ids *ids, wall now)
{
    int64_t now_ms = now.us / 1000 - EPOCH_2025_MS;
    int64_t last_ms = ids->last >> 12;
    int64_t sequence = ids->last & SEQUENCE_MAX;
    int64_t id = id_make(now_ms < 0 ? 0 : now_ms, ids->node_slot, 0);

    // The clock stands still or went back: count on from the last id, into the next millisecond
    // when 64 are used up.
    if (id <= ids->last && sequence < SEQUENCE_MAX)
        id = id_make(last_ms, ids->node_slot, sequence + 1);
    if (id <= ids->last)
        id = id_make(last_ms + 1, ids->node_slot, 0);
    ids->last = id;
    return id;
}

int run_id_slot(int64_t id)
{
    return (int)(id >> 6 & 63);
}

wall run_id_time(int64_t id)
{
    return (wall){((id >> 12) + EPOCH_2025_MS) * 1000};
}

static int64_t id_make(int64_t ms, int node_slot, int64_t sequence)
{
    return ms << 12 | (int64_t)(node_slot & 63) << 6 | sequence;
}
