// job.h - what a job is: the definition a person gives, as it lives in memory and as it lies in the
// store.
//
// A job has a name (what the API calls job_id), a kind (how it is carried out), a trigger (when)
// and a few policies. In the store a job is a struct job_row: two JSON texts (trigger, spec) and a
// few numbers. A row that cannot be understood any more is never dropped: it becomes a struct job
// with `quarantine` set, which is listed but never fires.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/str.h"
#include "job/depends.h"
#include "job/job_name.h"
#include "job/needs.h"
#include "job/pause.h"
#include "job/retries.h"
#include "trigger/trigger.h"

// Numbers are stored: never change one, never reuse one.
enum job_kind {
    JOB_FOLDER = 0,      // a job folder: main.so, main.c, main.py or main (job/folder.h)
    JOB_CERTIFICATE = 1, // the built-in certificate check; target is "host" or "host:port"
    JOB_COMMAND = 2,     // a command line; target is how it reads
    JOB_HTTP = 3,        // an HTTP request; target is its URL
    JOB_HEARTBEAT = 4,   // runs elsewhere and pings; target is the key of its pings
};

enum job_state {
    JOB_ENABLED = 0,
    JOB_PAUSED = 1,  // its pause may be over by itself
    JOB_ENDED = 2,   // its single date is over; the name may be used again
    JOB_DELETED = 3, // tombstone
};

// What becomes of slots that were missed (misfire.h).
enum job_coalesce {
    COALESCE_LAST = 0,  // they become one run, for the last of them
    COALESCE_ALL = 1,   // each is run, the newest misfire_max of them
    COALESCE_SKIP = 2,  // none is run
    COALESCE_FIRST = 3, // they become one run, for the first of them
};

// What becomes of a run that is due while max_instances runs of the job are in progress.
enum job_overlap {
    OVERLAP_SKIP = 0,   // it is left out
    OVERLAP_ALLOW = 1,  // it starts
    OVERLAP_QUEUE = 2,  // it waits, with queue_max at most
    OVERLAP_CANCEL = 3, // it takes the place of the one in progress, which gets TERM
    OVERLAP_KILL = 4,   // likewise, KILL
};

// What becomes of a run whose end is not known because belfry itself ended.
enum job_on_lost {
    ON_LOST_FAIL = 0,  // it is lost
    ON_LOST_RERUN = 1, // its next attempt starts
};

// Numbers of the policies: bits of job.preset.
enum job_policy {
#define X(member, ...) POLICY_##member,
#include "job/job_policy.def"
#undef X
    POLICY_retries,
    POLICY_COUNT
};

// What a policy is when the job does not say.
struct job_presets {
#define X(member, ctype, ...) ctype member;
#include "job/job_policy.def"
#undef X
    struct retries *retries; // owned (presets.h); NULL: none
};

// Words for the enums above, as the API says them; each list ends with NULL.
extern const char *const job_kind_names[];     // "folder", "certificate", "command"
extern const char *const job_state_names[];    // "scheduled", "paused", "ended", "deleted"
extern const char *const job_coalesce_names[]; // "last", "all", "skip", "first"

extern const char *const job_policy_names[]; // as a request says them: "overlap", "misfire.max"

extern const char *const job_overlap_names[]; // "skip", "allow", "queue", "cancel", "kill"
extern const char *const job_on_lost_names[]; // "fail", "rerun"

extern const struct job_presets job_presets_built_in;

#define JOB_GRACE_DEFAULT (-1) // as job_grace_us says
#define JOB_GRACE_NONE (-2)    // no limit: run however late
#define JOB_WINDOW_DEFAULT 0   // as job_window_us says
#define JOB_WINDOW_NONE (-1)   // no limit
#define JOB_QUEUE_MAX 1000     // runs of one job that wait for it
#define JOB_PRIORITY_MIN (-100)
#define JOB_PRIORITY_MAX 100
#define JOB_KILL_GRACE_US INT64_C(5000000)
#define JOB_KILL_GRACE_MAX INT64_C(86400000000)
#define JOB_MISFIRE_MAX 1000 // missed slots that are run, unless the job says another number

// What is kept of a job between two runs. Texts are owned by the job and live as long as it.
struct job {
    int64_t id;      // the store's number; 0 until stored
    struct str name; // job_id: [A-Za-z0-9][A-Za-z0-9._@:-]{0,127}
    enum job_kind kind;
    enum job_state state;
    struct str target;       // folder name (JOB_FOLDER) or host[:port] (JOB_CERTIFICATE)
    struct str options;      // JSON object of job_option.def; empty when nothing was given
    struct str args;         // JSON array of strings, "[]" when there are none
    struct str notify;       // JSON list of rules (job/notify.h); NULL: the instance's own apply
    struct trigger *trigger; // owned; NULL only when quarantined
    struct str description;  // for people; may be empty
    struct str tags;         // tags.h; may be empty
    struct str nodes;        // on which it may run, by name or tag, as tags; empty: on any
    struct depends *depends; // jobs that it follows, owned; NULL: none
    struct pause *pause;     // its present or last one, owned; NULL: none
    struct pause *skip;      // slots that are not wanted, owned; NULL: none
    struct str quarantine;   // why the stored row is not usable; empty for a healthy job
    uint64_t preset;         // policies it does not say itself, by number (enum job_policy)
    enum job_coalesce coalesce;
    int32_t misfire_max;          // COALESCE_ALL: so many are run, the newest; 0: JOB_MISFIRE_MAX
    int64_t misfire_window_us;    // only slots of the last so long; > 0, or JOB_WINDOW_...
    int64_t misfire_spread_us;    // what is made up for is spread over so long; 0: at once
    int32_t max_instances;        // runs at once; >= 1
    int64_t misfire_grace_us;     // >= 0, or JOB_GRACE_DEFAULT, JOB_GRACE_NONE
    int32_t pause_after_failures; // so many failed runs in a row pause it; 0: they do not
    enum job_overlap overlap;
    int32_t queue_max; // runs that may wait for the job, with OVERLAP_QUEUE; >= 1
    enum job_on_lost on_lost;
    int32_t priority;         // of runs that wait for the same room; higher ones start first
    int64_t timeout_us;       // per attempt; 0: no limit
    int64_t timeout_total_us; // of a run with all its attempts and waits; 0: no limit
    int64_t kill_grace_us;    // from TERM to KILL
    struct retries *retries;  // owned; NULL: none
    struct needs *needs;      // places in pools, and a rate; owned; NULL: none
    int32_t keep;             // rows of its history; 0: JOB_KEEP
    int32_t version;          // 1 when created, +1 for each change
    int64_t change_seq;
    wall effective_from; // slots after this moment count
    wall created_at, updated_at;
};

// A job as it lies in the store. Texts are borrowed.
struct job_row {
    int64_t id;
    struct str name;
    int kind;
    struct str trigger; // trigger_write's JSON
    struct str tz;      // the trigger's zone name, for people who look into the table
    struct str spec;    // JSON of what is neither trigger nor a column
    int state;
    int version;
    int64_t change_seq;
    wall effective_from, created_at, updated_at;
    bool moves; // of a write: it may belong to another node than before (store/nodes.h)
};

#define JOB_PING_KEY_SIZE 32 // hexadecimal digits

// How long after a slot a ping of a heartbeat may come: microseconds. What has no limit otherwise
// has an hour.
int64_t job_ping_grace_us(const struct job *job, wall slot);

struct arena;

// A new job from a stored row. Never fails: what cannot be understood comes back with `quarantine`
// set (and the row's own texts stay in the store untouched). context gives zones and the default
// zone. End it with job_free.
[[nodiscard]] struct job *job_from_row(const struct job_row *row,
                                       const struct trigger_context *context);

// What is known of a row's texts without reading them (job_shelf.h); NULL: nothing.
struct job_known {
    const struct job *spec;  // a job with the same spec, but for
    struct str target;       // the target
    struct trigger *trigger; // what the text of the trigger means; the job shares it
};

// As job_from_row, of a row of which something is known.
[[nodiscard]] struct job *job_from_row_known(const struct job_row *row,
                                             const struct trigger_context *context,
                                             const struct job_known *known);

// The row of a job; texts are allocated in arena.
void job_to_row(const struct job *job, struct arena *arena, struct job_row *ret_row);

// A new job: enabled, without trigger, target and arguments, with the built-in presets of every
// policy. End it with job_free.
[[nodiscard]] struct job *job_new(struct str name);

// Gives the policies that the job does not say itself other presets than the built-in ones.
void job_set_presets(struct job *job, const struct job_presets *presets);

// A deep copy, for edits: the trigger is compiled again, or left out (context NULL).
[[nodiscard]] struct job *job_copy(const struct job *job, const struct trigger_context *context);

// Sets the job's rules from a JSON list that notify_read has accepted; NULL: it has none of its
// own.
void job_set_notify(struct job *job, const json_t *list);

// Replaces an owned text of the job (name, target, args) by a copy of s.
void job_set_text(struct str *field, struct str s);

// Sets the job's arguments from a JSON list; what is no text in it becomes its JSON text.
void job_set_args(struct job *job, const json_t *list);

// Sets the job's options from a JSON object; empty is none.
void job_set_options(struct job *job, const json_t *options);
// Whether two definitions have the same slots: the same trigger.
bool job_has_same_schedule(const struct job *a, const struct job *b);

// Whether the runs of both definitions follow each other, perhaps after another delay.
bool job_follows_itself(const struct job *a, const struct job *b);

// Whether it is to be paused from now on. It keeps a pause that holds; one that is over is none,
// and whoever stores the job gives it another.
void job_set_paused(struct job *job, bool is_paused, wall now);

void job_free(struct job *job); // accepts NULL

// Why no run of the job will begin by itself, for a sentence with its name in front; NULL: one
// will, as far as is known. next_at: its next slot.
const char *job_idle_words(const struct job *job, wall next_at);

// How many runs of the job may be in progress at once: max_instances; without limit under
// OVERLAP_ALLOW unless that is more than 1.
int32_t job_instances(const struct job *job);

// When the time for a run that began to count at a moment is over; WALL_NEVER: there is no limit.
wall job_deadline(const struct job *job, wall from);

// How late a slot may still be run: microseconds, or INT64_MAX for no limit. next is the slot after
// it (WALL_NEVER when none). Unless the job says so: one period, at most an hour; under
// COALESCE_SKIP at most 2 s; no limit for one-shots, for what follows events, and under
// COALESCE_ALL and COALESCE_FIRST, whose window decides.
int64_t job_grace_us(const struct job *job, wall slot, wall next);

// How far back missed slots count: microseconds, or INT64_MAX for no limit. Unless the job says so:
// a day under COALESCE_ALL and COALESCE_FIRST, no limit otherwise and for one-shots.
int64_t job_window_us(const struct job *job);

// COALESCE_ALL: how many missed slots are run.
#define JOB_KEEP 1000

static inline int64_t job_keep(const struct job *job)
{
    return job->keep > 0 ? job->keep : JOB_KEEP;
}

static inline int64_t job_misfire_max(const struct job *job)
{
    return job->misfire_max > 0 ? job->misfire_max : JOB_MISFIRE_MAX;
}
