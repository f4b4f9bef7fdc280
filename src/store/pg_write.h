// pg_write.h - the requests of the scheduler as statements that are sent without waiting, and what
// their results mean.
#pragma once

#include <stdbool.h>

#include "store/pg_writer.h"

// Sends what r asks for, and notes it in w->sent. Not for REQUEST_PUT_JOB.
void pg_write_send(struct pg_writer *w, struct request *r);

// Sends the request w->chunk.v[from], which puts a job, and those behind it that put others, as one
// statement; forgets what attempts before have left of them. Returns the place behind the last one.
size_t pg_write_puts(struct pg_writer *w, size_t from);

// The result of w->sent.v[at]; a pg_on_result, ctx is the writer.
bool pg_write_result(size_t at, PGresult *result, void *ctx);

// Carries out a finish with which others begin, a statement at a time. False when that failed.
[[nodiscard]] bool pg_write_chained(struct pg_writer *w, struct request *r);

// Drains a node, or ends that. False when that failed.
[[nodiscard]] bool pg_write_drain(struct pg_writer *w, struct request *r);

// Keeps those of w->late whose runs others have been given, and logs them. False when that failed.
[[nodiscard]] bool pg_write_late(struct pg_writer *w);

// Our row is gone, and the batch with it: the same for all its ends, outside of a transaction.
void pg_write_all_late(struct pg_writer *w);
// Whether a claim has ids that may be those of runs that are there. (Ids grow, and no two nodes
// make the same ones.)
[[nodiscard]] bool pg_write_has_old_ids(const struct pg_writer *w, const struct request *r);

// Refuses a claim one of whose ids is that of a run. False when that cannot be asked.
[[nodiscard]] bool pg_write_ids_look(struct pg_writer *w, struct request *r);

// A claim has met a run id that exists: refuses it, naming the id. False when that cannot be asked.
[[nodiscard]] bool pg_write_id_taken(struct pg_writer *w, struct request *r);

// Our row is gone: we were taken for dead, and nothing is written any more. Returns false.
bool pg_write_lost(struct pg_writer *w);
