// quartz_fuzz.c - any bytes as Quartz's cron text: refused with a column inside it, or a trigger
// that keeps its laws.
// SPDX-License-Identifier: Apache-2.0
#include "trigger_fuzz.h"

#include "trigger/quartz.h"

static void parse(struct str expr)
{
    struct calendar c;
    struct err e = {0};
    struct buf text;

    if (!quartz_parse(expr, &c, &e)) {
        assert(e.code == ERR_INPUT && e.column >= 1 && (size_t)e.column <= expr.len + 1);
        return;
    }
    buf_init(&text, 100000);
    quartz_str(expr, &text);
    assert(text.len > 0);
    buf_done(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    json_t *text = json_stringn((const char *)data, size);

    parse((struct str){(const char *)data, size});
    if (text)
        trigger_fuzz(json_pack("{ss so}", "type", "quartz", "expr", text));
    return 0;
}
