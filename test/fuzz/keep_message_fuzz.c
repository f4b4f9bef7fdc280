// keep_message_fuzz.c - any bytes as what comes over the socket of a keeper.
// SPDX-License-Identifier: Apache-2.0
#include "exec/keep_message.h"
#include "exec/wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str in = {(const char *)data, size}, fields;
    struct arena *arena = arena_new(4096);
    struct keep_progress progress;
    struct keep_start start;
    struct keep_stop stop;
    struct keep_live live;
    struct keep_end end;
    int64_t a, b;
    uint8_t type;
    int attempt;

    while (wire_take(&in, &type, &fields) == WIRE_MESSAGE) {
        (void)keep_hello_read(fields, &a, &b);
        (void)keep_start_read(fields, arena, &start);
        (void)keep_stop_read(fields, &stop);
        (void)keep_settled_read(fields, &a, &attempt);
        (void)keep_live_read(fields, &live);
        (void)keep_progress_read(fields, &progress);
        (void)keep_end_read(fields, arena, &end);
    }
    arena_free(arena);
    return 0;
}
