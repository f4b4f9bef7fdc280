// tzif_fuzz.c - any bytes as a zone file: refused, or a zone whose spans follow each other.
// SPDX-License-Identifier: Apache-2.0
#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include "time/zone.h"
#include "trigger/calendar.h"
#include "trigger/dst.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct zone *zone;
    struct zone_span span, next;
    struct zone_local local;
    struct calendar daily;
    struct err e;

    if (!zone_new(STR_LIT("Fuzz/Zone"), (struct str){(const char *)data, size}, &zone, &e))
        return 0;
    zone_span_at(zone, -INT64_MAX / 2, &span);
    for (int i = 0; i < 2000 && span.to < INT64_MAX / 2; i++) {
        zone_span_at(zone, span.to, &next);
        assert(next.from == span.to && next.to > next.from && next.before_s == span.offset_s);
        zone_from_local(zone, next.from + next.offset_s, &local);
        assert(local.kind == LOCAL_GAP || local.first <= local.second);
        span = next;
    }
    calendar_init(&daily);
    daily.seconds = daily.minutes = 1;
    daily.hours = 1 << 2;
    for (int elapsed = 0; elapsed < 2; elapsed++) {
        int64_t at = 0;

        daily.is_elapsed = elapsed;
        for (int i = 0; i < 100; i++) {
            int64_t slot = dst_next(&daily, zone, at);

            assert(slot > at);
            if (slot == DST_NEVER)
                break;
            at = slot;
        }
    }
    zone_free(zone);
    return 0;
}
