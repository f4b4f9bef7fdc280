// memory_calendars.h - calendars and freezes in plain memory: a part of memory_data.
#pragma once

#include "base/vec.h"
#include "store/request.h"

// Zero is empty. By kind and name; texts are owned.
struct memory_calendars {
    VEC(struct store_calendar);
};

void memory_calendars_done(struct memory_calendars *calendars);

// Carry out a REQUEST_PUT_CALENDAR, a REQUEST_DELETE_CALENDAR, or refuse it.
void memory_calendars_put(struct memory_calendars *calendars, struct request *r);
void memory_calendars_delete(struct memory_calendars *calendars, struct request *r);
