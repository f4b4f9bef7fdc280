// explain.h - what `belfry explain` prints, apart from printing it.
#pragma once

#include "base/buf.h"
#include "base/clock.h"
#include "trigger/dialect.h"
#include "trigger/trigger.h"

// The trigger in words, how often it fires and which language it was read in, its next count slots
// after now with how long that is from now, the local times of the coming two years that a change
// of the clocks touches, and what may be wrong with it.
void explain_write(const struct trigger *trigger, enum dialect dialect, wall now, int count,
                   struct buf *out);

// The same for programs: one JSON object and a newline.
void explain_write_json(const struct trigger *trigger, enum dialect dialect, wall now, int count,
                        struct buf *out);
