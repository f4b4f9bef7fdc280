// explain.h - what `belfry explain` prints, apart from printing it.
#pragma once

#include "base/buf.h"
#include "base/clock.h"
#include "trigger/trigger.h"

// The trigger in words, its next count slots after now with how long that is from now, and the
// local times of the coming two years that a change of the clocks touches.
void explain_write(const struct trigger *trigger, wall now, int count, struct buf *out);
