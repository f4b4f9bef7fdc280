// tls_finding.c - a bounded list of findings.
// SPDX-License-Identifier: Apache-2.0
#include "net/tls_finding.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/arena.h"
#include "net/tls_policy.h"

static bool is_known(const struct tls_findings *f, enum tls_code code, int depth)
{
    for (size_t i = 0; i < f->len; i++)
        if (f->v[i].code == code && f->v[i].depth == depth)
            return true;
    return false;
}

static struct tls_finding *finding_put(struct tls_findings *f, enum tls_code code,
                                       enum tls_severity severity, int depth, const char *format,
                                       va_list args)
{
    char words[TLS_FINDING_WORDS];

    if (f->len == TLS_FINDINGS_MAX || is_known(f, code, depth))
        return NULL;
    if (!f->v)
        f->v = arena_array(f->arena, TLS_FINDINGS_MAX, sizeof *f->v);
    vsnprintf(words, sizeof words, format, args);
    f->v[f->len] = (struct tls_finding){
        .code = code,
        .severity = f->policy ? tls_policy_severity(f->policy, code, severity) : severity,
        .depth = depth,
        .words = arena_copy(f->arena, str_of(words)),
    };
    return &f->v[f->len++];
}

struct tls_finding *tls_finding_add(struct tls_findings *findings, enum tls_code code, int depth,
                                    const char *format, ...)
{
    struct tls_finding *added;
    va_list args;

    va_start(args, format);
    added = finding_put(findings, code, tls_code_severity(code), depth, format, args);
    va_end(args);
    return added;
}

struct tls_finding *tls_finding_add_as(struct tls_findings *findings, enum tls_code code,
                                       enum tls_severity severity, int depth, const char *format,
                                       ...)
{
    struct tls_finding *added;
    va_list args;

    va_start(args, format);
    added = finding_put(findings, code, severity, depth, format, args);
    va_end(args);
    return added;
}

bool tls_findings_have(const struct tls_findings *findings, enum tls_code code)
{
    for (size_t i = 0; i < findings->len; i++)
        if (findings->v[i].code == code)
            return true;
    return false;
}

void tls_findings_sort(struct tls_findings *findings)
{
    for (size_t i = 1; i < findings->len; i++) {
        struct tls_finding moved = findings->v[i];
        size_t at = i;

        for (; at > 0 && findings->v[at - 1].severity < moved.severity; at--)
            findings->v[at] = findings->v[at - 1];
        findings->v[at] = moved;
    }
}

enum tls_severity tls_findings_worst(const struct tls_findings *findings)
{
    enum tls_severity worst = TLS_OK;

    for (size_t i = 0; i < findings->len; i++)
        if (findings->v[i].severity > worst)
            worst = findings->v[i].severity;
    return worst;
}
