// certificate_models.h - parameters and replies that are about certificates: checks, and the
// inventory of what they have seen.
#pragma once

#include <stdint.h>

#include <jansson.h>

#include "base/str.h"
#include "job/model.h"

// A check as it is asked for; net/tls_request.h reads the values.
struct check_form {
    const json_t *host, *port, *timeout, *sni, *pins, *warn;
#define X(name, ...) const json_t *name;
#include "net/tls_options.def"
#undef X
};

extern const struct model check_form_model, check_result_model;
