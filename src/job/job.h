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
#include "job/job_spec.h"
#include "job/pause.h"
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

// Words for the enums above, as the API says them; each list ends with NULL.
extern const char *const job_kind_names[];  // "folder", "certificate", "command"
extern const char *const job_state_names[]; // "scheduled", "paused", "ended", "deleted"

// What is kept of a job between two runs: what is its own, and apart from that what jobs that are
// alike share. There may be a million: name and target lie behind the struct in the same block.
struct job {
    int64_t id;                  // the store's number; 0 until stored
    struct str name;             // job_id: [A-Za-z0-9][A-Za-z0-9._@:-]{0,127}
    struct str target;           // folder name (JOB_FOLDER) or host[:port] (JOB_CERTIFICATE)
    const struct job_spec *spec; // shared with jobs that are alike; job_edit changes it
    struct trigger *trigger;     // owned; NULL only when quarantined
    struct depends *depends;     // jobs that it follows, owned; NULL: none
    struct pause *pause;         // its present or last one, owned; NULL: none
    struct pause *skip;          // slots that are not wanted, owned; NULL: none
    int64_t change_seq;          // of the store's latest change to it
    wall effective_from;         // slots after this moment count
    wall created_at, updated_at;
    int32_t version; // 1 when created, +1 for each change
    enum job_kind kind : 8;
    enum job_state state : 8;
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
    const struct job *model; // a job with the same spec, but for
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

// The job's spec, to be changed: from now on it is this job's alone. Valid until the next change of
// job->spec.
[[nodiscard]] struct job_spec *job_edit(struct job *job);

// Gives the policies that the job does not say itself other presets than the built-in ones.
void job_set_presets(struct job *job, const struct job_presets *presets);

// A deep copy, for edits: the trigger is compiled again, or left out (context NULL).
[[nodiscard]] struct job *job_copy(const struct job *job, const struct trigger_context *context);

// Replaces the target by a copy of a text.
void job_set_target(struct job *job, struct str target);

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
    return job->spec->keep > 0 ? job->spec->keep : JOB_KEEP;
}

static inline int64_t job_misfire_max(const struct job *job)
{
    return job->spec->misfire_max > 0 ? job->spec->misfire_max : JOB_MISFIRE_MAX;
}
