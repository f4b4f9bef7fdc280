// iso_repeat_fuzz.c - any bytes as an ISO 8601 repeating interval: refused, or a trigger that keeps
// its laws.
// SPDX-License-Identifier: Apache-2.0
#include "trigger_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    json_t *text = json_stringn((const char *)data, size);

    if (text)
        trigger_fuzz(json_pack("{ss so}", "type", "iso8601", "expr", text));
    return 0;
}
