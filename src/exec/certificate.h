// certificate.h - the built-in certificate check as a run.
//
// A good certificate is success, one that needs a look as well, with the words for it; a bad one
// fails the run. In either case the run's result is all that was found as JSON (net/tls_result.h).
// A host that cannot be reached fails the run with the reason.
#pragma once

#include "base/err.h"
#include "base/str.h"
#include "job/run.h"

struct certificate_check;
struct tls_prober;

struct certificate_end {
    enum run_state state;
    struct str message; // both live until the callback returns
    struct str result;
};

typedef void certificate_done(const struct certificate_end *end, void *ctx);

// What a job asks for.
struct certificate_request {
    struct str target; // "host" or "host:port"
    struct str args;   // a JSON array of options, "name=value" (net/tls_options.h); empty: none
};

// Starts a check; done is called exactly once, after this call has returned, unless
// certificate_cancel comes first. NULL with *e: no prober, not a target, not an option, too many
// checks.
[[nodiscard]] struct certificate_check *certificate_start(struct tls_prober *prober,
                                                          const struct certificate_request *request,
                                                          certificate_done *done, void *ctx,
                                                          struct err *e);

// Gives a check up; accepts NULL.
void certificate_cancel(struct certificate_check *check);
