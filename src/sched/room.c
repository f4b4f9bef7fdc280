// room.c - the limit of all, pools and rates.
// SPDX-License-Identifier: Apache-2.0
#include "sched/room.h"

#include <assert.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/mem.h"

#define ORDER_SLOT_BITS 54 // microseconds until the year 2540

struct way {
    struct gate *gate;
    int64_t slots;
};

struct line {
    struct str key;      // owned
    size_t refs;         // places that wait or hold
    struct heap waiting; // places
    struct heap_node at; // where it stands, while somebody waits
    struct gate *gate;   // likewise
    size_t count;
    struct way ways[];
};

static void news(struct room *r, struct gate *gate)
{
    if (!list_has(&gate->changed))
        list_push(&r->changed, &gate->changed);
}

// ---- gates ----

void room_init(struct room *r)
{
    *r = (struct room){.all.slots = ROOM_NO_LIMIT};
    map_init(&r->pools);
    map_init(&r->rates);
    map_init(&r->lines);
    list_init(&r->changed);
}

static void gate_free(struct room *r, struct gate *gate)
{
    list_remove(&gate->changed);
    if (heap_has(&gate->rings))
        heap_remove(&r->ringing, &gate->rings);
    heap_done(&gate->lines);
    free((char *)gate->name.p);
    free(gate);
}

static void line_free(struct room *r, struct line *line)
{
    (void)map_remove(&r->lines, line->key);
    heap_done(&line->waiting);
    free((char *)line->key.p);
    free(line);
}

void room_done(struct room *r)
{
    struct line *line;
    struct gate *gate;

    for (size_t at = 0; (line = map_next(&r->lines, &at));)
        line_free(r, line);
    for (size_t at = 0; (gate = map_next(&r->pools, &at));)
        gate_free(r, gate);
    for (size_t at = 0; (gate = map_next(&r->rates, &at));)
        gate_free(r, gate);
    heap_done(&r->all.lines);
    heap_done(&r->ringing);
    map_done(&r->pools);
    map_done(&r->rates);
    map_done(&r->lines);
}

void room_limit(struct room *r, int64_t slots)
{
    r->all.slots = slots;
    news(r, &r->all);
}

static struct gate *pool_of(struct room *r, struct str name)
{
    struct gate *gate = map_get(&r->pools, name);

    if (gate)
        return gate;
    gate = mem_alloc(sizeof *gate);
    gate->is_pool = true;
    gate->name = (struct str){str_own(name), name.len};
    (void)map_put(&r->pools, gate->name, gate);
    return gate;
}

static void throttle_set(struct gate *gate, const struct throttle *t)
{
    const struct throttle *now = &gate->throttle;

    if (t->count != now->count || t->per_us != now->per_us || t->burst != now->burst)
        gate->due_us = 0;
    gate->throttle = *t;
}

struct gate *room_pool(const struct room *r, struct str name)
{
    return map_get(&r->pools, name);
}

void room_pool_put(struct room *r, struct str name, int64_t slots, const struct throttle *throttle)
{
    struct gate *gate = pool_of(r, name);

    gate->is_known = true;
    gate->slots = slots;
    throttle_set(gate, throttle);
    news(r, gate);
}

static void pool_drop(struct room *r, struct gate *gate)
{
    if (gate->refs > 0 || gate->is_known)
        return;
    (void)map_remove(&r->pools, gate->name);
    gate_free(r, gate);
}

void room_pool_remove(struct room *r, struct str name)
{
    struct gate *gate = map_get(&r->pools, name);

    if (!gate)
        return;
    gate->is_known = false;
    gate->slots = 0;
    gate->throttle = (struct throttle){0};
    pool_drop(r, gate);
}

struct gate *room_rate(struct room *r, const struct job *job)
{
    struct gate *gate = map_get_u64(&r->rates, (uint64_t)job->id);

    if (!gate) {
        gate = mem_alloc(sizeof *gate);
        gate->job_id = job->id;
        gate->slots = ROOM_NO_LIMIT;
        (void)map_put_u64(&r->rates, (uint64_t)job->id, gate);
    }
    gate->is_known = true;
    throttle_set(gate, &job->spec->needs->throttle);
    return gate;
}

static void rate_drop(struct room *r, struct gate *gate)
{
    if (gate->refs > 0 || gate->is_known)
        return;
    (void)map_remove_u64(&r->rates, (uint64_t)gate->job_id);
    gate_free(r, gate);
}

void room_forget(struct room *r, int64_t job_id)
{
    struct gate *gate = map_get_u64(&r->rates, (uint64_t)job_id);

    if (!gate)
        return;
    gate->is_known = false;
    rate_drop(r, gate);
}

static bool has_slots(const struct gate *gate, int64_t slots)
{
    if (gate->slots == ROOM_NO_LIMIT)
        return true;
    return gate->used == 0 ? gate->slots > 0 : gate->used + slots <= gate->slots;
}

// When its rate lets the next one through.
static int64_t rate_opens_us(const struct gate *gate)
{
    if (gate->throttle.count == 0)
        return INT64_MIN;
    return gate->due_us - (gate->throttle.burst - 1) * throttle_step_us(&gate->throttle);
}

static bool is_open(const struct gate *gate, int64_t slots, mono now)
{
    return has_slots(gate, slots) && rate_opens_us(gate) <= now.us;
}

static void pass(struct room *r, struct gate *gate, int64_t slots, mono now)
{
    gate->used += slots;
    if (gate->throttle.count == 0)
        return;
    gate->due_us =
        (gate->due_us > now.us ? gate->due_us : now.us) + throttle_step_us(&gate->throttle);
    r->passes++;
}

// ---- lines ----

// What the job needs, as a text: a job with a rate has a line of its own.
static void key_print(const struct job *job, struct buf *key)
{
    if (!job->spec->needs)
        return;
    buf_add(key, job->spec->needs->text);
    if (job->spec->needs->throttle.count > 0)
        buf_printf(key, "#%lld", (long long)job->id);
}

static void way_add(struct line *line, struct gate *gate, int64_t slots)
{
    line->ways[line->count++] = (struct way){gate, slots};
    gate->refs++;
}

static struct line *line_new(struct room *r, const struct job *job, struct str key)
{
    size_t pools = job->spec->needs ? job->spec->needs->count : 0;
    struct line *line = mem_alloc(sizeof *line + (pools + 2) * sizeof *line->ways);

    line->key = (struct str){str_own(key), key.len};
    for (size_t i = 0; i < pools; i++)
        way_add(line, pool_of(r, job->spec->needs->pools[i].pool),
                job->spec->needs->pools[i].slots);
    if (job->spec->needs && job->spec->needs->throttle.count > 0)
        way_add(line, room_rate(r, job), 1);
    way_add(line, &r->all, 1);
    (void)map_put(&r->lines, line->key, line);
    return line;
}

static struct line *line_of(struct room *r, const struct job *job)
{
    struct line *line;
    struct buf key;

    buf_init(&key, 4096);
    key_print(job, &key);
    line = map_get(&r->lines, buf_str(&key));
    if (!line)
        line = line_new(r, job, buf_str(&key));
    else if (job->spec->needs && job->spec->needs->throttle.count > 0)
        (void)room_rate(r, job); // it may have changed
    buf_done(&key);
    return line;
}

static void line_drop(struct room *r, struct line *line)
{
    if (--line->refs > 0)
        return;
    for (size_t i = 0; i < line->count; i++) {
        struct gate *gate = line->ways[i].gate;

        gate->refs--;
        if (gate->is_pool)
            pool_drop(r, gate);
        else if (gate != &r->all)
            rate_drop(r, gate);
    }
    line_free(r, line);
}

// The first gate that does not let the line's runs through; NULL: all do.
static struct gate *refusing(const struct line *line, mono now)
{
    for (size_t i = 0; i < line->count; i++)
        if (!is_open(line->ways[i].gate, line->ways[i].slots, now))
            return line->ways[i].gate;
    return NULL;
}

// The first gate at which somebody stands who goes before.
static struct gate *crowded(const struct line *line, int64_t order)
{
    for (size_t i = 0; i < line->count; i++) {
        const struct heap_node *first = heap_peek(&line->ways[i].gate->lines);

        if (first && first->key <= order)
            return line->ways[i].gate;
    }
    return NULL;
}

static void stand(struct line *line, struct gate *gate)
{
    line->gate = gate;
    heap_push(&gate->lines, &line->at, heap_peek(&line->waiting)->key);
}

static void move_on(struct line *line)
{
    heap_remove(&line->gate->lines, &line->at);
    line->gate = NULL;
}

// Its first run is another one now, or none.
static void line_look(struct room *r, struct line *line)
{
    const struct heap_node *first = heap_peek(&line->waiting);
    struct gate *gate = line->gate;

    if (first && first->key == line->at.key)
        return;
    news(r, gate);
    if (first)
        heap_update(&gate->lines, &line->at, first->key);
    else
        move_on(line);
}

static void count_waiting(const struct line *line, int n)
{
    for (size_t i = 0; i < line->count; i++)
        line->ways[i].gate->waiting += n;
}

// ---- places ----

int64_t room_order(const struct job *job, wall slot)
{
    const int64_t most = (INT64_C(1) << ORDER_SLOT_BITS) - 1;
    int64_t us = slot.us < 0 ? 0 : slot.us > most ? most : slot.us;

    return -job->spec->priority * (most + 1) + us;
}

static void hold(struct room *r, struct line *line, mono now, struct place *place)
{
    for (size_t i = 0; i < line->count; i++)
        pass(r, line->ways[i].gate, line->ways[i].slots, now);
    line->refs++;
    place->line = line;
    place->is_held = true;
}

static enum run_reason reason_of(const struct room *r, const struct gate *gate, int64_t slots)
{
    if (gate == &r->all)
        return REASON_LIMIT;
    return has_slots(gate, slots) && gate->throttle.count > 0 ? REASON_RATE : REASON_POOL;
}

static int64_t slots_of(const struct line *line, const struct gate *gate)
{
    for (size_t i = 0; i < line->count; i++)
        if (line->ways[i].gate == gate)
            return line->ways[i].slots;
    return 0;
}

bool room_take(struct room *r, const struct job *job, int64_t order, bool is_called, mono now,
               struct place *place, enum run_reason *ret_reason)
{
    struct line *line;
    struct gate *gate;

    assert(!place->line);
    if (!room_counts(r, job))
        return true;
    line = line_of(r, job);
    gate = refusing(line, now);
    if (!gate && !is_called)
        gate = crowded(line, order);
    if (!gate) {
        hold(r, line, now, place);
        return true;
    }
    *ret_reason = reason_of(r, gate, slots_of(line, gate));
    line->refs++;
    line_drop(r, line); // one that nobody uses yet
    return false;
}

void room_force(struct room *r, const struct job *job, mono now, struct place *place)
{
    if (room_counts(r, job))
        hold(r, line_of(r, job), now, place);
}

void room_wait(struct room *r, const struct job *job, int64_t order, mono now, struct place *place)
{
    struct line *line = line_of(r, job);
    struct gate *gate;

    assert(!place->line);
    line->refs++;
    place->line = line;
    heap_push(&line->waiting, &place->at, order);
    count_waiting(line, 1);
    if (line->gate) {
        line_look(r, line);
        return;
    }
    gate = refusing(line, now);
    if (!gate)
        gate = crowded(line, order);
    stand(line, gate ? gate : line->ways[0].gate);
    news(r, line->gate); // when it rings is still to be set
}

static void wait_end(struct room *r, struct place *place)
{
    heap_remove(&place->line->waiting, &place->at);
    count_waiting(place->line, -1);
    if (place->line->gate)
        line_look(r, place->line);
}

static void give_back(struct room *r, struct line *line)
{
    for (size_t i = 0; i < line->count; i++) {
        line->ways[i].gate->used -= line->ways[i].slots;
        if (line->ways[i].gate->lines.len > 0)
            news(r, line->ways[i].gate);
    }
}

void room_leave(struct room *r, struct place *place)
{
    struct line *line = place->line;

    if (!line)
        return;
    if (place->is_held)
        give_back(r, line);
    else
        wait_end(r, place);
    *place = (struct place){0};
    line_drop(r, line);
}

// ---- turns ----

// The first run of a line that no gate holds up any more.
static struct place *call(struct room *r, struct line *line)
{
    struct place *place = heap_item(heap_peek(&line->waiting), struct place, at);

    room_leave(r, place);
    return place;
}

// The first of those that stand at a gate and can pass, or NULL.
static struct place *gate_next(struct room *r, struct gate *gate, mono now)
{
    struct heap_node *first;

    while ((first = heap_peek(&gate->lines))) {
        struct line *line = heap_item(first, struct line, at);
        struct gate *other;

        if (!is_open(gate, slots_of(line, gate), now))
            return NULL;
        other = refusing(line, now);
        if (!other) // who stands elsewhere and goes before goes first
            other = crowded(line, first->key - 1);
        if (!other)
            return call(r, line);
        move_on(line);
        stand(line, other);
        news(r, other);
    }
    return NULL;
}

// Nobody at the gate can pass for now: when its rate lets the next one through.
static void ring_set(struct room *r, struct gate *gate, mono now)
{
    int64_t at = rate_opens_us(gate);

    if (heap_has(&gate->rings))
        heap_remove(&r->ringing, &gate->rings);
    if (gate->lines.len > 0 && at > now.us)
        heap_push(&r->ringing, &gate->rings, at);
}

struct place *room_next(struct room *r, mono now)
{
    while (!list_is_empty(&r->changed)) {
        struct gate *gate = list_item(r->changed.next, struct gate, changed);
        struct place *place = gate_next(r, gate, now);

        if (place)
            return place;
        ring_set(r, gate, now);
        list_remove(&gate->changed);
    }
    return NULL;
}

int64_t room_rings_us(const struct room *r)
{
    const struct heap_node *first = heap_peek(&r->ringing);

    return first ? first->key : INT64_MAX;
}

void room_tick(struct room *r, mono now)
{
    struct heap_node *first;

    while ((first = heap_peek(&r->ringing)) && first->key <= now.us) {
        heap_remove(&r->ringing, first);
        news(r, heap_item(first, struct gate, rings));
    }
}

// ---- to be told ----

const struct gate *room_gate(const struct place *place)
{
    return place->line && !place->is_held ? place->line->gate : NULL;
}

enum run_reason room_reason(const struct room *r, const struct place *place)
{
    const struct gate *gate = room_gate(place);

    return gate ? reason_of(r, gate, slots_of(place->line, gate)) : REASON_NONE;
}

bool room_holds(const struct place *place, const struct gate *gate)
{
    return place->is_held && slots_of(place->line, gate) > 0;
}

// ---- over a restart ----

int64_t gate_debt_us(const struct gate *gate, mono now)
{
    return gate->throttle.count > 0 && gate->due_us > now.us ? gate->due_us - now.us : 0;
}

void gate_set_debt(struct gate *gate, int64_t us, mono now)
{
    if (gate->throttle.count > 0 && us > 0)
        gate->due_us = now.us + us;
}
