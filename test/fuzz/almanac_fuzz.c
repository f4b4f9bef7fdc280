// almanac_fuzz.c - any JSON as the definition of a calendar.
// SPDX-License-Identifier: Apache-2.0
#include "almanac_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    json_t *definition = json_loadb((const char *)data, size, JSON_DECODE_ANY, NULL);

    if (definition)
        almanac_fuzz(definition);
    return 0;
}
