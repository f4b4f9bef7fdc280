// pg_holder.h - one belfry a schema: a session's advisory lock, which goes with its connection
// however that ends.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "store/pg.h"

// The lock is ours; *ret_session is the number of our session there. ERR_BUSY with its holder when
// another has it for three seconds on; a session of ours before (own_session, 0: none), whose
// connection is lost, is ended.
[[nodiscard]] bool pg_holder_take(struct pg *pg, int64_t own_session, int64_t *ret_session,
                                  struct err *e);
