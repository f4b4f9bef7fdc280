// iso8601_fuzz.c - any bytes as a date and time: refused with a column, or a moment that prints and
// reads back, strictly too.
// SPDX-License-Identifier: Apache-2.0
#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include "time/iso8601.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct zones *zones = zones_new("test/data/zoneinfo");
    struct iso8601 time;
    struct buf out;
    struct err e = {0};
    wall at, back;

    if (!iso8601_parse_strict((struct str){(const char *)data, size}, "x", &time, &e))
        assert(e.code == ERR_INPUT && e.column >= 1 && (size_t)e.column <= size + 1);
    buf_init(&out, 100);
    if (iso8601_moment((struct str){(const char *)data, size}, zones_utc(zones), "x", &at, &e)) {
        iso8601_write(at, zones_utc(zones), &out);
        if (out.p[0] != '-') {
            assert(iso8601_moment(buf_str(&out), zones_utc(zones), "x", &back, &e));
            assert(back.us == at.us);
            assert(iso8601_parse_strict(buf_str(&out), "x", &time, &e));
            assert(iso8601_at(&time, NULL).us == at.us);
        }
    } else {
        assert(e.code == ERR_INPUT && e.column >= 1 && (size_t)e.column <= size + 1);
    }
    buf_done(&out);
    zones_free(zones);
    return 0;
}
