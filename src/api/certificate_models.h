// certificate_models.h - parameters and replies that are about certificates: checks, and the
// inventory of what they have seen.
#pragma once

#include <stdbool.h>
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

struct certificate_params {
    struct str sha256;
};

struct certificates_query {
    struct str host, issuer; // may be missing
    int64_t expires;         // microseconds from now; CERTIFICATES_ANY: any end
    bool is_current;
    int sort;
    int64_t limit, cursor;
};
#define CERTIFICATES_ANY INT64_MAX

extern const struct model certificate_params_model, certificates_query_model;
extern const struct model certificate_list_model, certificate_full_model, certificate_pem_model;
extern const struct model sighting_list_model;
extern const struct model check_form_model, check_result_model;
