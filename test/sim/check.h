// check.h - judges the log of a simulated world by the promises of docs/reliability.md.
//
// It knows nothing of the scheduler's code: it works out from the definitions which slots there
// were (trigger_next), and from the log what became of each.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "log.h"

// What was found first. promise is 1 to 10 as in docs/reliability.md, 0 when all is well.
struct sim_finding {
    int promise;
    struct buf story; // what is wrong, and what happened to the job around it
};

// End the finding with buf_done(&story).
void sim_check(const struct sim_log *log, struct sim_finding *ret_finding);
