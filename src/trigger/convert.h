// convert.h - one trigger in another language: the same slots from now on, or why not.
//
// Written from what was compiled, never from the text: a conversion means the same, in the
// trigger's zone and through changes of its clocks, or it is refused with the first thing that the
// other language has no words for. Nothing is approximated.
#pragma once

#include <stdbool.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "trigger/dialect.h"
#include "trigger/trigger.h"

struct conversion {
    struct buf spec; // JSON for trigger_parse, zone and bounds included
    struct buf text; // of languages that have one (dialect_is_text): the expr alone
    bool is_whole;   // the text, read in the trigger's zone, says all that the spec says
    bool names_zone; // the text says the same in whatever zone it is read
};

// now: slots before it may be lost, where a language needs a beginning. Errors: ERR_INPUT, the
// message beginning with the language that cannot.
[[nodiscard]] bool convert(const struct trigger *t, enum dialect to, wall now,
                           struct conversion *ret_conversion, struct err *e);
void conversion_done(struct conversion *c);
