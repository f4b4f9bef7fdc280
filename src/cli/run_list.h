// run_list.h - runs as lines of a table, and in words.
#pragma once

#include "cli/listing.h"

// Of a reply with the member "runs": with the job's name, and without.
extern const struct listing run_listing, job_run_listing;

// How a state of a run stands.
enum tone run_tone(const char *state);

// "succeeded in 0.2s", "failed: exit status 3", "skipped: ...", for a sentence that begins with the
// run.
void run_words(const json_t *run, struct buf *out);
