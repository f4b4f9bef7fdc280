// schedule_file_fuzz.c - whatever a .schedule file holds: a spec that trigger_parse judges, or an
// error with its line.
// SPDX-License-Identifier: Apache-2.0
//
// The first byte chooses what the request says: nothing, cron, interval or date.
#include "job/schedule_file.h"

#include "trigger_fuzz.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct zones *zones;
    struct arena *arena;
    struct model_issues *issues;
    struct schedule_file file;
    struct trigger *trigger;
    struct err e = {0};

    if (!zones)
        zones = zones_new(NULL);
    if (size == 0)
        return 0;
    arena = arena_new(8192);
    issues = arena_alloc(arena, sizeof *issues);
    model_issues_init(issues, arena);
    if (schedule_file_parse((struct str){(const char *)data + 1, size - 1},
                            (enum schedule_type)(data[0] % 4) - 1, FUZZ_NOW, issues, &file, &e)) {
        assert(file.type >= SCHEDULE_CRON && file.type <= SCHEDULE_DATE);
        trigger = fuzz_parse(zones, file.spec);
        trigger_free(trigger);
    } else {
        assert(e.code == ERR_SCHEDULE || e.code == ERR_LIMIT);
        assert(e.message[0] != '\0' && strlen(e.message) < sizeof e.message);
        assert(e.code == ERR_LIMIT || e.line > 0);
    }
    for (size_t i = 0; i < issues->warning_count; i++)
        assert(str_is_utf8(issues->warnings[i]));
    schedule_file_done(&file);
    arena_free(arena);
    return 0;
}
