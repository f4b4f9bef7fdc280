// tls_attempt.h - one certificate check on its way: the lookup, the rules about whom to connect to,
// and a visit to the first address that answers, or to each.
//
// Everything here belongs to the net thread. tls_probe.c is the door to it from other threads.
#pragma once

#include "net/tls_result.h"
#include "net/tls_target.h"
#include "net/tls_visit.h"

struct tls_attempt;

// The result owns itself: end it with arena_free(result->arena).
typedef void tls_attempt_done(struct tls_result *result, void *ctx);

// Begins a check; done is called exactly once, from the loop and never from within this call,
// unless it is stopped first. *target is copied, but for its options; its zero limits become the
// defaults.
struct tls_attempt *tls_attempt_start(struct tls_net *net, const struct tls_target *target,
                                      tls_attempt_done *done, void *ctx);

// Gives up and frees the attempt: no done. Only before done was called.
void tls_attempt_stop(struct tls_attempt *attempt);
