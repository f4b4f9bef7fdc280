// tls_code.h - what a certificate check can say, and how bad that is: tls_code.def as a table.
#pragma once

#include <stdbool.h>

#include "base/str.h"

// The worst last. An error is "no verdict": worse than a warning, but a certificate that is known
// to be bad is worse still.
enum tls_severity {
    TLS_OK, // nothing to do; as a finding: worth knowing
    TLS_WARNING,
    TLS_ERROR,
    TLS_CRITICAL,
};

enum tls_code {
#define X(constant, code, severity, sentence) TLS_CODE_##constant,
#include "net/tls_code.def"
#undef X
    TLS_CODE_COUNT,
};

const char *tls_code_name(enum tls_code code);                // "expires_soon"
const char *tls_code_sentence(enum tls_code code);            // for manuals, with a full stop
enum tls_severity tls_code_severity(enum tls_code code);      // unless something says otherwise
bool tls_code_find(struct str name, enum tls_code *ret_code); // false: there is none of that name

const char *tls_severity_name(enum tls_severity severity); // "ok", "warning", "error", "critical"
bool tls_severity_find(struct str name, enum tls_severity *ret_severity);

// As monitoring plugins end: ok 0, warning 1, critical 2, error 3 ("unknown").
int tls_severity_status(enum tls_severity severity);
