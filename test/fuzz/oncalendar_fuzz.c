// oncalendar_fuzz.c - any bytes as a calendar event: refused with a column inside it, or a trigger
// that keeps its laws.
// SPDX-License-Identifier: Apache-2.0
#include "trigger_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    json_t *text = json_stringn((const char *)data, size);

    if (text)
        trigger_fuzz(json_pack("{ss so}", "type", "oncalendar", "expr", text));
    return 0;
}
