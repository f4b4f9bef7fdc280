// tls_code.c - looks codes and severities up in the table of tls_code.def.
// SPDX-License-Identifier: Apache-2.0
#include "net/tls_code.h"

static const struct {
    const char *name;
    const char *sentence;
    enum tls_severity severity;
} codes[] = {
#define X(constant, code, severity, sentence) {code, sentence, severity},
#include "net/tls_code.def"
#undef X
};

static const struct {
    const char *name;
    int status;
} severities[] = {
    [TLS_OK] = {"ok", 0},
    [TLS_WARNING] = {"warning", 1},
    [TLS_ERROR] = {"error", 3},
    [TLS_CRITICAL] = {"critical", 2},
};

const char *tls_code_name(enum tls_code code)
{
    return codes[code].name;
}

const char *tls_code_sentence(enum tls_code code)
{
    return codes[code].sentence;
}

enum tls_severity tls_code_severity(enum tls_code code)
{
    return codes[code].severity;
}

bool tls_code_find(struct str name, enum tls_code *ret_code)
{
    for (enum tls_code i = 0; i < TLS_CODE_COUNT; i++)
        if (str_eq(name, str_of(codes[i].name))) {
            *ret_code = i;
            return true;
        }
    return false;
}

const char *tls_severity_name(enum tls_severity severity)
{
    return severities[severity].name;
}

bool tls_severity_find(struct str name, enum tls_severity *ret_severity)
{
    for (enum tls_severity i = TLS_OK; i <= TLS_CRITICAL; i++)
        if (str_eq(name, str_of(severities[i].name))) {
            *ret_severity = i;
            return true;
        }
    return false;
}

int tls_severity_status(enum tls_severity severity)
{
    return severities[severity].status;
}
