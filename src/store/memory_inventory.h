// memory_inventory.h - the inventory of certificates in plain memory: a part of memory_data.
#pragma once

#include "base/vec.h"
#include "store/request.h"

struct memory_sighting;
struct memory_certificate;

// Zero is empty. Texts are owned.
struct memory_inventory {
    VEC_OF(struct memory_certificate *) certificates; // by id
    VEC_OF(struct memory_sighting *) sightings;       // by id
    int64_t certificate_id, sighting_id;              // the last ones given
};

void memory_inventory_done(struct memory_inventory *inventory);

// Carries out a REQUEST_SEE.
void memory_inventory_see(struct memory_inventory *inventory, struct request *r);

// Answer the requests that read; texts are borrowed until the next write.
void memory_inventory_read(const struct memory_inventory *inventory, struct request *r);
void memory_inventory_read_sightings(const struct memory_inventory *inventory, struct request *r);

// As store_load_sightings.
void memory_inventory_load(const struct memory_inventory *inventory,
                           void (*on_sighting)(const struct store_sighting *row, void *ctx),
                           void *ctx);
