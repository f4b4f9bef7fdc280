// job_told.h - what is told of a job after it was changed.
#pragma once

#include <stdbool.h>

#include "cli/client.h"
#include "cli/errand.h"

// Adds to x->out: "added hello: every 10 seconds" and the next three runs; with -o json the reply.
// reply is a job in full.
[[nodiscard]] bool job_told(struct errand *x, const struct client_reply *reply, const char *did);
