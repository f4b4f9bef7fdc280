// tls_dates.h - is each certificate of the chain valid now, and for how long?
#pragma once

#include "net/tls_evidence.h"
#include "net/tls_finding.h"

// Finds expired, not_yet_valid, expires_soon, chain_expired, chain_expires_soon, validity_too_long
// and malformed, in the chain that was built: what else a server sends nobody uses.
void tls_dates_judge(const struct tls_evidence *evidence, struct tls_findings *findings);

// "9d 4h", "2d 1h ago": how far then lies from now.
struct str tls_dates_about(wall then, wall now, struct arena *arena);

// "2026-12-01 08:00 UTC".
struct str tls_dates_text(wall at, struct arena *arena);
