// rrule_fuzz.c - any bytes as recurrence lines: refused with a column inside them, or a trigger
// that keeps its laws.
// SPDX-License-Identifier: Apache-2.0
#include "trigger_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    json_t *text = json_stringn((const char *)data, size);

    if (text)
        trigger_fuzz(json_pack("{ss so}", "type", "rrule", "expr", text));
    return 0;
}
