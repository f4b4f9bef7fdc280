// forward.h - requests that another node can answer better are handed on to it, and its reply comes
// back as it is.
#pragma once

#include <stdbool.h>

#include "api/call.h"

struct forwards;

[[nodiscard]] struct forwards *forwards_new(struct api *api);
// After the HTTP server: calls that are under way are forgotten. Accepts NULL.
void forwards_free(struct forwards *forwards);

// Takes a call over whose path has been read, when its route says that another node is to answer
// it: then call->go_on or an answer follows, at once or later. False: it is to be answered here.
bool forward(struct call *call);

// What was to be done was refused because the job is just moving (ERR_MOVED), without a trace: true
// when the call will be answered anew in a moment; else the client is to be told.
bool forward_again(struct call *call);

// Whether this call was handed to the wrong node: then it has been answered (421).
bool forward_is_astray(struct call *call);
