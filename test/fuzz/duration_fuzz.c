// duration_fuzz.c - any bytes as a length of time: refused with a column, or a length that prints
// and reads back.
// SPDX-License-Identifier: Apache-2.0
#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include "time/duration.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buf out;
    struct err e = {0};
    int64_t us, back;

    buf_init(&out, 200);
    if (duration_parse((struct str){(const char *)data, size}, "x", &us, &e)) {
        assert(us >= 0);
        duration_write(us, &out);
        assert(duration_parse(buf_str(&out), "x", &back, &e) && back == us);
        duration_python(us, &out);
        duration_about(us, &out);
    } else {
        assert(e.code == ERR_INPUT && e.column >= 1 && (size_t)e.column <= size + 1);
    }
    buf_done(&out);
    return 0;
}
