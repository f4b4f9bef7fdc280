// certificate.h - the built-in certificate check as a run, of one host or many.
//
// A good certificate is success, one that needs a look as well, with the words for it; a bad one
// fails the run, and so does a host that cannot be reached. In either case the run's result is all
// that was found as JSON (net/tls_result.h). Of many hosts the worst decides; the result has a
// short object for each, the bad ones first.
#pragma once

#include "base/err.h"
#include "base/str.h"
#include "job/run.h"

struct certificate_check;
struct certificate_past;
struct loop;
struct tls_prober;

struct certificate_end {
    enum run_state state;
    struct str message; // both live until the callback returns
    struct str result;
    struct run_certificates seen; // what was found in short, likewise
};

typedef void certificate_done(const struct certificate_end *end, void *ctx);

// Whom to ask. All borrowed.
struct certificate_tools {
    struct loop *loop;
    struct tls_prober *prober; // NULL: there are no checks
    struct certificate_past *past;
};

// What a job asks for.
struct certificate_request {
    struct str job;    // its name
    struct str target; // as net/tls_request.h reads lists
    struct str args;   // a JSON array of options, "name=value" (net/tls_options.h); empty: none
};

// Starts the checks; done is called exactly once, after this call has returned, unless
// certificate_cancel comes first. They wait while the prober has no place for them. NULL with *e:
// no prober, not a target, not an option, a file that cannot be read.
[[nodiscard]] struct certificate_check *certificate_start(const struct certificate_tools *tools,
                                                          const struct certificate_request *request,
                                                          certificate_done *done, void *ctx,
                                                          struct err *e);

// Gives a check up; accepts NULL.
void certificate_cancel(struct certificate_check *check);
