// ics_fuzz.c - any bytes as a calendar file: refused with a line, or a calendar that keeps its
// laws.
// SPDX-License-Identifier: Apache-2.0
#include "almanac_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    json_t *text = json_stringn((const char *)data, size); // UTF-8, or none

    if (text)
        almanac_fuzz(json_pack("{so}", "ics", text));
    return 0;
}
