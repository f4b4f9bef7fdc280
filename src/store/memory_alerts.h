// memory_alerts.h - incidents and deliveries of the reference model.
#pragma once

#include "base/arena.h"
#include "base/vec.h"
#include "store/incident.h"

// {0} is empty. Texts are owned.
struct memory_alerts {
    VEC_OF(struct incident) incidents;  // by id
    VEC_OF(struct delivery) deliveries; // by id
};

void memory_alerts_done(struct memory_alerts *a);
void memory_alerts_write(struct memory_alerts *a, const struct alert_write *write);

// Rows are made in the arena, their texts borrowed until the next write.
void memory_alerts_read(const struct memory_alerts *a, const struct alert_query *query,
                        struct arena *arena, struct alert_page *ret_page);
