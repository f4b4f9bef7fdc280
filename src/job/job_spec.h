// job_spec.h - what a job says beside its name, target, trigger and moments: policies, options,
// words for people. Jobs that are alike share it.
//
// Of a hundred thousand jobs most leave nearly all of this at its default, or say the same as
// another. So it lies apart from them, is counted, and never changes once it is shared: job_edit
// gives a job one of its own.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include "base/str.h"
#include "job/needs.h"
#include "job/retries.h"

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
extern const char *const job_coalesce_names[]; // "last", "all", "skip", "first"
extern const char *const job_overlap_names[];  // "skip", "allow", "queue", "cancel", "kill"
extern const char *const job_on_lost_names[];  // "fail", "rerun"
extern const char *const job_policy_names[];   // as a request says them: "overlap", "misfire.max"

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

// Texts are owned by the spec and live as long as it.
struct job_spec {
    struct str options;         // JSON object of job_option.def; empty when nothing was given
    struct str args;            // JSON array of strings, "[]" when there are none
    struct str notify;          // JSON list of rules (job/notify.h); NULL: the instance's own apply
    struct str description;     // for people; may be empty
    struct str tags;            // tags.h; may be empty
    struct str nodes;           // on which it may run, by name or tag, as tags; empty: on any
    struct str quarantine;      // why the stored row is not usable; empty for a healthy job
    uint64_t preset;            // policies it does not say itself, by number (enum job_policy)
    int64_t misfire_window_us;  // only slots of the last so long; > 0, or JOB_WINDOW_...
    int64_t misfire_spread_us;  // what is made up for is spread over so long; 0: at once
    int64_t misfire_grace_us;   // >= 0, or JOB_GRACE_DEFAULT, JOB_GRACE_NONE
    int64_t timeout_us;         // per attempt; 0: no limit
    int64_t timeout_total_us;   // of a run with all its attempts and waits; 0: no limit
    int64_t kill_grace_us;      // from TERM to KILL
    struct retries *retries;    // owned; NULL: none
    struct needs *needs;        // places in pools, and a rate; owned; NULL: none
    enum job_coalesce coalesce; // of slots that were missed
    int32_t misfire_max;        // COALESCE_ALL: so many are run, the newest; 0: JOB_MISFIRE_MAX
    int32_t max_instances;      // runs at once; >= 1
    int32_t pause_after_failures; // so many failed runs in a row pause it; 0: they do not
    enum job_overlap overlap;     // of runs that are due while as many are in progress
    int32_t queue_max;            // runs that may wait for the job, with OVERLAP_QUEUE; >= 1
    enum job_on_lost on_lost;     // of runs whose end is not known
    int32_t priority;             // of runs that wait for the same room; higher ones start first
    int32_t keep;                 // rows of its history; 0: JOB_KEEP
    int32_t owners;               // jobs that share it
};

// A new one: nothing but the built-in presets of every policy. End it with job_spec_drop.
[[nodiscard]] struct job_spec *job_spec_new(void);

// One owner more, and one less; the last one takes it along. NULL is accepted by drop.
[[nodiscard]] const struct job_spec *job_spec_share(const struct job_spec *spec);
void job_spec_drop(const struct job_spec *spec);

// A deep copy with one owner.
[[nodiscard]] struct job_spec *job_spec_copy(const struct job_spec *spec);

// Gives the policies that it does not say itself other presets.
void job_spec_set_presets(struct job_spec *spec, const struct job_presets *presets);

// Replaces an owned text by a copy of s.
void job_spec_set_text(struct str *field, struct str s);

// Sets the arguments from a JSON list; what is no text in it becomes its JSON text.
void job_spec_set_args(struct job_spec *spec, const json_t *list);

// Sets the options from a JSON object; empty is none.
void job_spec_set_options(struct job_spec *spec, const json_t *options);

// Sets the rules from a JSON list that notify_read has accepted; NULL: it has none of its own.
void job_spec_set_notify(struct job_spec *spec, const json_t *list);
