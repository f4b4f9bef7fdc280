// crontab_fuzz.c - any bytes as crontab text: refused with a column inside it, or a trigger that
// keeps its laws.
// SPDX-License-Identifier: Apache-2.0
#include "trigger_fuzz.h"

#include "trigger/crontab.h"

static void parse(struct str expr)
{
    struct calendar c;
    bool is_hashed;
    struct err e = {0};
    struct buf text;

    if (!crontab_parse_salted(expr, STR_LIT("job"), &c, &is_hashed, &e)) {
        assert(e.code == ERR_INPUT && e.column >= 1 && (size_t)e.column <= expr.len + 1);
        return;
    }
    buf_init(&text, 100000);
    crontab_str(expr, STR_LIT("job"), &text);
    assert(text.len > 0);
    buf_done(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    json_t *text = json_stringn((const char *)data, size);

    parse((struct str){(const char *)data, size});
    if (text)
        trigger_fuzz(json_pack("{so}", "expr", text));
    return 0;
}
