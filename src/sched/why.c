// why.c - what became of a moment of a job.
// SPDX-License-Identifier: Apache-2.0
#include "sched/why.h"

#include <inttypes.h>
#include <string.h>

#include <jansson.h>

#include "base/buf.h"
#include "sched/waits.h"
#include "sched/why_words.h"
#include "time/civil.h"
#include "time/duration.h"
#include "time/iso8601.h"
#include "trigger/names.h"
#include "trigger/preview.h"

#define CLAIM_US (10 * SECOND_US) // a slot may be on its way to the store for so long
#define LATE_US SECOND_US         // what starts later than that is told as late
#define DAY_S 86400
#define GAP_BACK_US (2 * DAY_US) // a change of the clocks is sought so far before its end

static const struct {
    const char *code, *outcome, *sentence;
} rules[] = {
#define X(name, code, outcome, sentence) [name] = {code, outcome, sentence},
#include "sched/why.def"
#undef X
};

struct asking {
    const struct why_facts *facts;
    struct why_words words;
    struct why *answer; // the one that is being made
};

const char *why_code(enum why_rule rule)
{
    return rules[rule].code;
}

const char *why_outcome(const struct why *a)
{
    const char *outcome = rules[a->rule].outcome;

    return outcome[0] || !a->run ? outcome : run_state_name(a->run->run.state);
}

// ---- words ----

static struct str moment(struct asking *q, wall at)
{
    return why_moment(&q->words, at, false);
}

static void message_word(struct asking *q, struct str message)
{
    if (message.len > 0)
        why_word(&q->words, "message", arena_printf(q->words.arena, ": %.*s", STR(message)));
}

// " because belfry was not running from 02:10 to 04:55", when that lies between a slot and the
// moment at which it was noticed.
static struct str because(struct asking *q, wall slot, wall noticed_at)
{
    struct uptime_gap gap;

    if (!uptimes_gap(q->facts->uptimes, slot, noticed_at, &gap))
        return (struct str){0};
    struct str from = moment(q, gap.from), to = moment(q, gap.to);

    return arena_printf(q->words.arena, " because belfry was not running from %s%.*s to %.*s",
                        gap.is_clean ? "" : "about ", STR(from), STR(to));
}

// "02:00:05", "05:00:01 (3h late because ...)", "02:00:37 (jitter 37s)"
static struct str start_of(struct asking *q, const struct run *run)
{
    const struct job *job = q->facts->job;
    int64_t late_us = run->started_at.us - run->scheduled_at.us, jitter_us = 0;
    struct str at = moment(q, run->started_at), late, why;

    if (run->origin >= RUN_MANUAL || run->attempt > 1) // of a further attempt it says nothing
        return at;
    if (job->trigger)
        jitter_us = trigger_jitter_us(job->trigger, (uint64_t)job->id, run->scheduled_at);
    late_us -= jitter_us;
    if (late_us >= LATE_US) {
        late = why_length(&q->words, late_us);
        why = because(q, run->scheduled_at, run->queued_at);
        return arena_printf(q->words.arena, "%.*s (%.*s late%.*s)", STR(at), STR(late), STR(why));
    }
    if (jitter_us < SECOND_US)
        return at;
    late = why_length(&q->words, jitter_us);
    return arena_printf(q->words.arena, "%.*s (jitter %.*s)", STR(at), STR(late));
}

static const char *end_verb(enum run_state state)
{
    switch (state) {
    case RUN_SUCCEEDED:
        return "succeeded";
    case RUN_FAILED:
        return "failed";
    case RUN_TIMED_OUT:
        return "ran out of its time limit";
    case RUN_CANCELLED:
        return "was cancelled";
    default:
        return "ended";
    }
}

// "succeeded after 4s", "failed after 2s in attempt 3: exit status 1"
static struct str end_of(struct asking *q, const struct run *run)
{
    struct str took = why_length(&q->words, run->finished_at.us - run->started_at.us);
    struct str attempt = {0};

    if (run->attempt > 1)
        attempt = arena_printf(q->words.arena, " in attempt %d", run->attempt);
    return arena_printf(q->words.arena, "%s after %.*s%.*s%s%.*s", end_verb(run->state), STR(took),
                        STR(attempt), run->message.len > 0 ? ": " : "", STR(run->message));
}

// "the run of 01:00", "the run by hand of 01:33:12"
static struct str run_name(struct asking *q, const struct run *run)
{
    struct str at = why_moment(&q->words, run->scheduled_at, false);

    if (run->origin < RUN_MANUAL)
        return arena_printf(q->words.arena, "the run of %.*s", STR(at));
    return arena_printf(q->words.arena, "the run of %.*s (%s)", STR(at),
                        run_origin_name(run->origin));
}

// "its grace is 1h", or what else the row says of it.
static struct str grace_words(struct asking *q, const struct run *run)
{
    if (run->message.len > 0)
        return run->message;
    const struct job *job = q->facts->job;
    wall next = trigger_is_relative(job->trigger) ? WALL_NEVER
                                                  : trigger_next(job->trigger, run->scheduled_at);
    int64_t grace_us = job_grace_us(job, run->scheduled_at, next);

    if (grace_us == INT64_MAX)
        return STR_LIT("an earlier definition had a shorter grace");
    struct str length = why_length(&q->words, grace_us);

    return arena_printf(q->words.arena, "its grace is %.*s", STR(length));
}

static void near_word(struct asking *q, wall before, wall after, const char *noun)
{
    struct str a = {0}, b = {0};

    if (before.us != WALL_NEVER.us)
        a = moment(q, before);
    if (after.us != WALL_NEVER.us)
        b = moment(q, after);
    if (a.len == 0 && b.len == 0)
        return;
    why_word(&q->words, "near",
             arena_printf(q->words.arena, "; nearest%s%s: %.*s%s%.*s", noun,
                          noun[0] && a.len > 0 && b.len > 0 ? "s" : "", STR(a),
                          a.len > 0 && b.len > 0 ? " and " : "", STR(b)));
}

// ---- a slot that has a row ----

// Those of rows that were in progress when run was skipped; ones that lie among known are counted
// already.
static size_t going_count(const struct run *run, const struct store_run *rows, size_t row_count,
                          const struct store_run *known, size_t known_count,
                          const struct store_run **first)
{
    size_t count = 0, at;

    for (size_t i = 0; i < row_count; i++) {
        const struct run *other = &rows[i].run;

        for (at = 0; at < known_count && known[at].run.id != other->id; at++)
            ;
        if (at < known_count || other->id == run->id || !run_was_going(other, run->queued_at))
            continue;
        count++;
        if (!*first || run_began_at(other).us < run_began_at(&(*first)->run).us)
            *first = &rows[i];
    }
    return count;
}

// The policy that is in force now: "max_instances is 1 and overlap is skip".
static struct str limit_words(struct asking *q)
{
    const struct job *job = q->facts->job;

    return arena_printf(q->words.arena, "max_instances is %d and overlap is %s",
                        (int)job->spec->max_instances, job_overlap_names[job->spec->overlap]);
}

static enum why_rule overlap_rule(struct asking *q, const struct run *run)
{
    const struct why_facts *f = q->facts;
    const struct store_run *first = NULL;
    size_t count;

    why_word(&q->words, "limit", limit_words(q));
    count = going_count(run, f->going, f->going_count, NULL, 0, &first);
    count += going_count(run, f->rows, f->row_count, f->going, f->going_count, &first);
    if (!first)
        return WHY_OVERLAP_ANY;
    struct str name = run_name(q, &first->run);

    q->answer->other = first;
    why_word(&q->words, "other",
             count == 1 ? arena_printf(q->words.arena, "%.*s was", STR(name))
                        : arena_printf(q->words.arena, "%zu runs were, the first %.*s,", count,
                                       STR(name)));
    why_word(&q->words, "since", moment(q, run_began_at(&first->run)));
    return WHY_OVERLAP;
}

static enum why_rule skip_rule(struct asking *q, const struct run *run, wall slot)
{
    int64_t late_us = run->queued_at.us - slot.us;

    switch (run->reason) {
    case REASON_OVERLAP:
        return overlap_rule(q, run);
    case REASON_QUEUE_FULL:
        why_word(&q->words, "queue",
                 arena_printf(q->words.arena, "overlap is %s and queue_max %d",
                              job_overlap_names[q->facts->job->spec->overlap],
                              (int)q->facts->job->spec->queue_max));
        return WHY_QUEUE_FULL;
    case REASON_REPLACED:
        why_word(&q->words, "policy", str_of(job_overlap_names[q->facts->job->spec->overlap]));
        return WHY_REPLACED;
    case REASON_MISFIRE:
        why_word(&q->words, "late", why_length(&q->words, late_us));
        why_word(&q->words, "because", because(q, slot, run->queued_at));
        if (q->facts->job->trigger)
            why_word(&q->words, "grace", grace_words(q, run));
        return WHY_MISFIRE;
    case REASON_FREEZE:
        return WHY_FREEZE;
    case REASON_NO_NODE:
        return WHY_NO_NODE;
    case REASON_PAUSED:
        return WHY_SKIP_PAUSED;
    case REASON_ASKED:
        return WHY_SKIP_ASKED;
    case REASON_COALESCED:
        return WHY_SKIP_COALESCED;
    default:
        return WHY_SKIPPED;
    }
}

static enum why_rule final_rule(struct asking *q, const struct run *run, wall slot)
{
    if (run->state == RUN_SKIPPED)
        return skip_rule(q, run, slot);
    if (run->state == RUN_LOST)
        return WHY_LOST;
    if (run->started_at.us != 0)
        return WHY_RAN;
    return run->state == RUN_FAILED ? WHY_NOT_STARTED : WHY_CANCELLED;
}

static enum why_rule alive_rule(struct asking *q, const struct run *run)
{
    switch (run->state) {
    case RUN_QUEUED:
        if (run->reason != REASON_OVERLAP)
            return WHY_QUEUED;
        why_word(&q->words, "limit", limit_words(q));
        return WHY_QUEUED_OVERLAP;
    case RUN_WAITING:
        return WHY_RETRY;
    case RUN_ORPHANED:
        return WHY_ORPHANED;
    default:
        return WHY_RUNNING;
    }
}

// The sentence of a reason, for the middle of one of ours.
static struct str reason_words(struct asking *q, enum run_reason reason)
{
    struct str s = arena_copy(q->words.arena, str_of(run_reason_sentence(reason)));
    char *first = (char *)s.p;

    if (first[0] >= 'A' && first[0] <= 'Z')
        first[0] = (char)(first[0] - 'A' + 'a');
    return str_ends(s, STR_LIT(".")) ? str_cut(s, 0, s.len - 1) : s;
}

// What a run that waits for room beside its job waits for; otherwise what its row says.
static struct str wait_words(struct asking *q, const struct run *run)
{
    struct str words = reason_words(q, run->reason);
    struct buf text;

    if (!q->facts->waits)
        return words;
    buf_init(&text, 2000);
    waits_words(q->facts->waits, run->job_id, run->id, &text);
    if (text.len > 0)
        words = arena_copy(q->words.arena, buf_str(&text));
    buf_done(&text);
    return words;
}

static const char *cause_verb(const char *state)
{
    for (int i = RUN_SUCCEEDED; i <= RUN_LOST; i++)
        if (strcmp(run_state_name((enum run_state)i), state) == 0)
            return i == RUN_LOST ? "was lost" : end_verb((enum run_state)i);
    return "ended";
}

// " because run 42 of extract succeeded"
static void cause_word(struct asking *q, const struct run *run)
{
    struct str text = run->ask ? run->ask->cause : (struct str){0}, slot;
    json_t *cause = text.len > 0 ? json_loadb(text.p, text.len, 0, NULL) : NULL;
    const char *job = json_string_value(json_object_get(cause, "job"));
    const char *state = json_string_value(json_object_get(cause, "state"));

    if (job && state) {
        struct str end = arena_printf(q->words.arena, "run %" PRId64 " of %s %s",
                                      run->ask->cause_id, job, cause_verb(state));

        why_word(&q->words, "cause", arena_printf(q->words.arena, " because %.*s", STR(end)));
        why_word(&q->words, "caused", arena_printf(q->words.arena, " (after %.*s)", STR(end)));
    }
    json_decref(cause);
    if (run->origin != RUN_BACKFILL || !run->ask)
        return;
    slot = moment(q, run->ask->slot);
    slot = arena_printf(q->words.arena, " for the slot of %.*s (backfill)", STR(slot));
    why_word(&q->words, "cause", slot);
    why_word(&q->words, "caused", slot);
}

// The rule by which a row speaks of a slot, its own or one that is folded into it.
static enum why_rule row_rule(struct asking *q, const struct run *run, wall slot)
{
    message_word(q, run->message);
    cause_word(q, run);
    why_word(&q->words, "reason", wait_words(q, run));
    why_word(&q->words, "queued", moment(q, run->queued_at));
    why_word(&q->words, "attempt", arena_printf(q->words.arena, "%d", run->attempt));
    if (run->started_at.us != 0)
        why_word(&q->words, "start", start_of(q, run));
    if (run->state == RUN_WAITING)
        why_word(&q->words, "try", moment(q, run->try_at));
    if (run_state_is_final(run->state)) {
        if (run->started_at.us != 0)
            why_word(&q->words, "end", end_of(q, run));
        return final_rule(q, run, slot);
    }
    why_word(&q->words, "took", why_length(&q->words, q->facts->now.us - run->started_at.us));
    return alive_rule(q, run);
}

static bool stands_for(const struct run *run, wall slot)
{
    return run->origin < RUN_MANUAL && run->missed > 0 && run->missed_from.us <= slot.us &&
           slot.us < run->scheduled_at.us;
}

static const struct store_run *cover_find(const struct why_facts *f, wall slot)
{
    for (size_t i = 0; i < f->row_count; i++)
        if (stands_for(&f->rows[i].run, slot))
            return &f->rows[i];
    for (size_t i = 0; i < f->after_count; i++)
        if (stands_for(&f->after[i].run, slot))
            return &f->after[i];
    return NULL;
}

// Another row stands for the slot: a run into which it was folded, or a skip of many.
static enum why_rule cover_rule(struct asking *q, const struct run *run, wall slot)
{
    struct str name = moment(q, slot), last = moment(q, run->scheduled_at);

    if (run->state != RUN_SKIPPED) {
        why_word(&q->words, "other", run_name(q, run));
        why_word(&q->words, "because", because(q, slot, run->queued_at));
        return WHY_FOLDED;
    }
    why_word(&q->words, "slot",
             arena_printf(q->words.arena, "%.*s (one of %" PRId64 " up to %.*s)", STR(name),
                          run->missed + 1, STR(last)));
    return row_rule(q, run, slot);
}

// ---- a slot that has none ----

static enum why_rule past_rule(struct asking *q, wall slot)
{
    const struct why_facts *f = q->facts;

    if (slot.us >= f->next_at.us || f->now.us - slot.us < CLAIM_US) {
        const char *wait = f->fault        ? f->fault
                           : f->is_waiting ? "its own earlier run is still going"
                                           : "it is being claimed";

        why_word(&q->words, "late", why_length(&q->words, f->now.us - slot.us));
        why_word(&q->words, "wait", str_of(wait));
        return WHY_DUE;
    }
    if (slot.us <= f->pruned.us) {
        why_word(&q->words, "pruned", moment(q, f->pruned));
        return WHY_PRUNED;
    }
    return WHY_UNKNOWN;
}

static bool is_before_definition(struct asking *q, wall at, enum why_rule *ret_rule)
{
    const struct why_facts *f = q->facts;
    const struct job *job = f->job;

    if (at.us < job->created_at.us) {
        why_word(&q->words, "created", moment(q, job->created_at));
        *ret_rule = WHY_BEFORE;
        return true;
    }
    // A single date has no other slot, whenever it was given.
    if (at.us > job->effective_from.us || (job->trigger && trigger_is_once(job->trigger)))
        return false;
    near_word(q, f->before_count > 0 ? f->before[0].run.scheduled_at : WALL_NEVER,
              f->after_count > 0 ? f->after[0].run.scheduled_at : WALL_NEVER, " run");
    why_word(&q->words, "since", moment(q, job->effective_from));
    *ret_rule = WHY_EARLIER;
    if (at.us <= f->pruned.us) {
        why_word(&q->words, "pruned", moment(q, f->pruned));
        *ret_rule = WHY_PRUNED;
    }
    return true;
}

static enum why_rule paused_rule(struct asking *q, const struct pause *pause)
{
    why_word(&q->words, "since", moment(q, pause->since));
    why_word(&q->words, "pause",
             pause->scope == PAUSE_TAG
                 ? arena_printf(q->words.arena, "the tag %s is paused", pause->tag)
             : pause->scope == PAUSE_ALL ? STR_LIT("the scheduler is paused")
                                         : STR_LIT("the job is paused"));
    message_word(q, str_of(pause->reason ? pause->reason : ""));
    return WHY_PAUSED;
}

static enum why_rule bare_rule(struct asking *q, wall slot)
{
    const struct why_facts *f = q->facts;
    enum why_rule rule;
    struct hold hold;

    if (is_before_definition(q, slot, &rule))
        return rule;
    hold_at(&f->holds, f->job, slot, slot, &hold);
    if (hold.reason == REASON_PAUSED)
        return paused_rule(q, pauses_holding(f->holds.pauses, f->job, slot));
    if (hold.reason != REASON_NONE) {
        message_word(q, str_of(hold.message));
        return hold.reason == REASON_ASKED     ? WHY_FUTURE_ASKED
               : hold.reason == REASON_NO_NODE ? WHY_FUTURE_NO_NODE
                                               : WHY_FUTURE_FREEZE;
    }
    if (slot.us <= f->now.us)
        return past_rule(q, slot);
    why_word(&q->words, "in", why_length(&q->words, slot.us - f->now.us));
    return WHY_FUTURE;
}

// ---- no slot at all ----

static bool is_excluded(struct asking *q, const struct why_span *span, enum why_rule *ret_rule)
{
    const struct trigger *t = q->facts->job->trigger;
    struct trigger_excluded x;

    if (trigger_excluded(t, (wall){span->from.us - 1}, span->to, 1, &x) == 0)
        return false;
    q->answer->slot = x.slot;
    why_word(&q->words, "slot", moment(q, x.slot));
    why_word(&q->words, "calendar",
             arena_printf(q->words.arena, "the calendar %s says so%s%s", x.calendar,
                          x.why ? ": " : "", x.why ? x.why : ""));
    *ret_rule = WHY_EXCLUDED;
    if (x.moved_to.us != WALL_NEVER.us) {
        why_word(&q->words, "to", moment(q, x.moved_to));
        *ret_rule = WHY_MOVED;
    }
    return true;
}

static enum why_rule event_rule(struct asking *q)
{
    const struct why_facts *f = q->facts;
    struct buf words;

    buf_init(&words, 1 << 16);
    trigger_words(f->job->trigger, &words);
    why_word(&q->words, "words", arena_copy(q->words.arena, buf_str(&words)));
    buf_done(&words);
    near_word(q, f->before_count > 0 ? f->before[0].run.scheduled_at : WALL_NEVER,
              f->after_count > 0 ? f->after[0].run.scheduled_at : f->next_at, " run");
    return trigger_kind(f->job->trigger) == TRIGGER_MANUAL ? WHY_MANUAL : WHY_EVENT;
}

static enum why_rule none_rule(struct asking *q, const struct why_span *span)
{
    const struct job *job = q->facts->job;
    enum why_rule rule;

    if (!job->trigger) {
        why_word(&q->words, "quarantine", job->spec->quarantine);
        return WHY_QUARANTINED;
    }
    if (is_before_definition(q, span->to, &rule))
        return rule;
    if (trigger_is_relative(job->trigger))
        return event_rule(q);
    if (is_excluded(q, span, &rule))
        return rule;
    near_word(q, trigger_prev(job->trigger, (wall){span->from.us - 1}),
              trigger_next(job->trigger, span->to), "");
    return WHY_NO_SLOT;
}

// ": 2027-03-28 02:30 does not exist: runs at 03:00 CEST", when the trigger meets that change.
static void gap_answer(struct asking *q, const struct why_question *question)
{
    const struct trigger *t = q->facts->job->trigger;
    wall jump = question->spans[0].from;
    struct civil c = civil_at(question->gap_local_s);
    struct trigger_dst dst;
    struct buf text;

    buf_init(&text, 200);
    iso8601_clock(&c, &text);
    why_word(&q->words, "slot", arena_copy(q->words.arena, buf_str(&text)));
    buf_clear(&text);
    for (wall from = {jump.us - GAP_BACK_US}; t && trigger_next_dst(t, from, jump, &dst);
         from = dst.change_at) {
        if (dst.kind != LOCAL_GAP || dst.change_at.us != jump.us)
            continue;
        buf_add_text(&text, ": ");
        preview_dst_words(t, &dst, &text);
        why_word(&q->words, "gap", arena_copy(q->words.arena, buf_str(&text)));
    }
    buf_done(&text);
    q->answer->rule = WHY_GAP;
    q->answer->slot = jump;
    q->answer->sentence = why_words_fill(&q->words, rules[WHY_GAP].sentence);
}

// ---- all of them ----

static struct asking asking_new(const struct why_facts *facts, const struct why_question *question,
                                struct arena *arena, struct why *answer)
{
    struct asking q = {.facts = facts, .answer = answer};

    *answer = (struct why){0};
    why_words_init(&q.words, arena, facts->zone, question->spans[0].from);
    if (facts->node.len > 0)
        why_word(&q.words, "node", arena_printf(arena, ", on the node %.*s", STR(facts->node)));
    return q;
}

// A run that was asked for to stand for the slot: "; it was run again at 14:00 (backfill) and
// succeeded after 4s".
static void again_add(struct asking *q, wall slot)
{
    const struct why_facts *f = q->facts;
    const struct store_run *again = NULL;
    struct why *a = q->answer;
    struct str end = {0}, at;

    for (size_t i = 0; i < f->asked_count; i++)
        if (f->asked[i].run.ask->slot.us == slot.us && &f->asked[i] != a->run)
            again = &f->asked[i];
    if (!again)
        return;
    at = moment(q, again->run.started_at.us != 0 ? again->run.started_at : again->run.queued_at);
    if (again->run.started_at.us == 0 || !run_state_is_final(again->run.state))
        end = arena_printf(q->words.arena, "is %s", run_state_name(again->run.state));
    else
        end = end_of(q, &again->run);
    a->other = a->other ? a->other : again;
    a->sentence =
        arena_printf(q->words.arena, "%.*s; asked for again at %.*s (%s), which %.*s",
                     STR(a->sentence), STR(at), run_origin_name(again->run.origin), STR(end));
}

static void slot_answer(struct asking *q, wall slot, const struct store_run *row)
{
    q->answer->slot = slot;
    why_word(&q->words, "slot", why_moment(&q->words, slot, true));
    if (row) {
        q->answer->run = row;
        q->answer->rule = row_rule(q, &row->run, slot);
    } else if ((row = cover_find(q->facts, slot))) {
        q->answer->run = row;
        q->answer->rule = cover_rule(q, &row->run, slot);
    } else {
        q->answer->rule = bare_rule(q, slot);
    }
    q->answer->sentence = why_words_fill(&q->words, rules[q->answer->rule].sentence);
    again_add(q, slot);
}

static wall row_slot(const struct why_facts *f, size_t i)
{
    return i < f->row_count ? f->rows[i].run.scheduled_at : WALL_NEVER;
}

// The slots of a span, of the trigger or of rows, in order.
static size_t span_answer(const struct why_facts *f, const struct why_question *question,
                          const struct why_span *span, struct arena *arena, struct why *ret,
                          size_t max)
{
    const struct trigger *t = f->job->trigger;
    bool has_slots = t && !trigger_is_relative(t);
    wall next = has_slots ? trigger_next(t, (wall){span->from.us - 1}) : WALL_NEVER;
    size_t count = 0, row = 0;

    while (row < f->row_count && row_slot(f, row).us < span->from.us)
        row++;
    for (; count < max; count++) {
        wall at = row_slot(f, row);
        bool has_row = at.us <= next.us && at.us != WALL_NEVER.us;
        wall slot = has_row ? at : next;

        if (slot.us > span->to.us)
            break;
        struct asking q = asking_new(f, question, arena, &ret[count]);

        slot_answer(&q, slot, has_row ? &f->rows[row] : NULL);
        row += has_row;
        if (slot.us == next.us)
            next = trigger_next(t, slot);
    }
    return count;
}

size_t why_answer(const struct why_facts *facts, const struct why_question *question,
                  struct arena *arena, struct why ret[WHY_ANSWERS_MAX])
{
    const struct why_span *first = &question->spans[0];
    size_t count = 0;

    if (question->is_gap) {
        struct asking q = asking_new(facts, question, arena, ret);

        gap_answer(&q, question);
        count = 1;
    }
    for (size_t i = 0; i < question->span_count; i++)
        count += span_answer(facts, question, &question->spans[i], arena, ret + count,
                             WHY_ANSWERS_MAX - count);
    if (count > 0)
        return count;
    struct asking q = asking_new(facts, question, arena, ret);

    ret->slot = first->from;
    why_word(&q.words, "slot", why_moment(&q.words, first->from, true));
    ret->rule = none_rule(&q, first);
    ret->sentence = why_words_fill(&q.words, rules[ret->rule].sentence);
    return 1;
}

struct str why_day(const struct why_facts *facts, const struct why *first, struct arena *arena)
{
    struct why_words words;

    why_words_init(&words, arena, facts->zone, first->slot);
    struct civil c = civil_date(words.day);

    return arena_printf(arena, "%s, %04d-%02d-%02d, %.*s",
                        weekday_full_names[civil_weekday(words.day)], c.year, c.month, c.day,
                        STR(zone_name(facts->zone)));
}
