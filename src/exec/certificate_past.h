// certificate_past.h - when hosts of adaptive jobs were last looked at, so that those that are well
// are looked at once a day only, however often their job runs.
//
// Kept in memory: after a restart everybody is looked at once more.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/clock.h"
#include "base/str.h"

struct certificate_past;
struct tls_result;
struct tls_target;

enum {
    CERTIFICATE_PAST_MAX = 100000, // hosts that are remembered; beyond, all are forgotten
};

[[nodiscard]] struct certificate_past *certificate_past_new(void);
void certificate_past_free(struct certificate_past *past); // accepts NULL

// Whether the job is to look at the target now: it never has, something was wrong when it did, its
// certificate has come within its limits, or a day has passed.
bool certificate_past_is_due(const struct certificate_past *past, struct str job,
                             const struct tls_target *target, wall now);

// Remembers what the job has found.
void certificate_past_note(struct certificate_past *past, struct str job,
                           const struct tls_result *result);
