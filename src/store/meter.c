// meter.c - how long a store's requests take.
// SPDX-License-Identifier: Apache-2.0
#include "store/meter.h"

#include "store/request.h"

const struct histogram_bounds meter_bounds = {
    12, {100, 500, 1000, 2000, 5000, 10000, 25000, 50000, 100000, 250000, 1000000, 5000000}};

static const char *const names[METER_KINDS] = {
#define X(kind, name) [kind] = name,
#include "store/request_kind.def"
#undef X
};

void meter_add(struct store_meter *m, int kind, int64_t took_us, enum err_code code)
{
    histogram_add(&m->took[kind], &meter_bounds, took_us);
    m->failed += code == ERR_STORE || code == ERR_BUSY;
    m->refused += code != ERR_NONE && code != ERR_STORE && code != ERR_BUSY;
}

const char *meter_name(int kind)
{
    return kind >= 0 && kind < METER_KINDS ? names[kind] : NULL;
}
