// fields_fuzz.c - any JSON object as a trigger's spec; text that is no JSON is tried as each of the
// eight cron fields.
// SPDX-License-Identifier: Apache-2.0
#include "trigger_fuzz.h"

#include "trigger/fields.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    json_t *spec = json_loadb((const char *)data, size, 0, NULL);

    if (spec) {
        trigger_fuzz(spec);
        return 0;
    }
    for (int i = 0; i < FIELD_COUNT; i++) {
        json_t *text = json_stringn((const char *)data, size);

        if (text)
            trigger_fuzz(json_pack("{ss so}", "type", "cron", field_names[i], text));
    }
    return 0;
}
