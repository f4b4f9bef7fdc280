// certificate_fact.h - from all that a check has found to what metrics and alerts want to know.
#pragma once

#include "base/arena.h"
#include "job/run_certificate.h"
#include "net/tls_result.h"

// Texts are made in the arena.
void certificate_fact(const struct tls_result *result, struct arena *arena,
                      struct run_certificate *ret);

// The common name in "C = US, O = Example, CN = localhost"; empty when there is none.
struct str certificate_cn(struct str name);
