// tls_strength.h - are the keys and signatures of a chain strong enough?
#pragma once

#include "net/tls_evidence.h"
#include "net/tls_finding.h"

// Finds weak_key in every certificate of the chain that was built, and weak_signature in all but
// its end: nobody checks the signature under an anchor of trust.
void tls_strength_judge(const struct tls_evidence *evidence, struct tls_findings *findings);
