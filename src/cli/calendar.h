// calendar.h - what `belfry calendar` prints, apart from printing it.
#pragma once

#include "base/buf.h"
#include "base/clock.h"
#include "time/zone.h"
#include "trigger/almanacs.h"

// The stretches that a calendar, the first of the list with all that it leads to, marks in [from,
// upto), a line each in the local time of a zone, at most count of them. Days of calendars that
// name no zone are that zone's.
void calendar_write(const struct almanac_list *list, const struct zone *zone, wall from, wall upto,
                    int count, struct buf *out);
