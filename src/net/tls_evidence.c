// tls_evidence.c - the chain under judgement, one certificate after the other.
// SPDX-License-Identifier: Apache-2.0
#include "net/tls_evidence.h"

#include "base/arena.h"
#include "net/tls_name.h"

X509 *tls_evidence_at(const struct tls_evidence *evidence, int depth)
{
    return depth == 0 ? evidence->leaf : sk_X509_value(evidence->verified, depth);
}

const char *tls_evidence_whose(const struct tls_evidence *evidence, int depth, struct arena *arena)
{
    X509 *x = tls_evidence_at(evidence, depth);

    if (depth == 0 || !x)
        return "the certificate";
    return arena_printf(arena, "the certificate of %s in its chain",
                        tls_name_short(X509_get_subject_name(x), arena).p)
        .p;
}
