// tls_findings.h - compares a list of findings with one line, for the tests of this folder.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/buf.h"
#include "net/tls_finding.h"
#include "unit.h"

// expected is "code@depth=severity code@depth=severity"; "" for none.
static inline void findings_are(const struct tls_findings *f, const char *expected, size_t row)
{
    struct buf seen;

    buf_init(&seen, 4096);
    for (size_t i = 0; i < f->len; i++)
        buf_printf(&seen, "%s%s@%d=%s", i > 0 ? " " : "", tls_code_name(f->v[i].code),
                   f->v[i].depth, tls_severity_name(f->v[i].severity));
    if (strcmp(buf_text(&seen), expected) != 0)
        fail_msg("row %zu: %s, not %s", row, buf_text(&seen), expected);
    buf_done(&seen);
}
