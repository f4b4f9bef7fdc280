// dialogue_fuzz.c - any bytes from a server or proxy: a dialogue ends the same way however they are
// cut, exactly where it ends, and within its limits.
// SPDX-License-Identifier: Apache-2.0
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "net/proxy.h"
#include "net/starttls.h"

// What a dialogue came to.
struct course {
    enum dialogue_step step;
    size_t used; // bytes it took
    struct buf said;
    const char *code;
    char message[480];
};

static void check(bool is_true)
{
    if (!is_true)
        abort();
}

static const struct dialogue_kind *kind_of(uint8_t choice)
{
    choice %= STARTTLS_COUNT + 1;
    if (choice == 0)
        return proxy_kind(PROXY_CONNECT);
    return choice == STARTTLS_COUNT ? proxy_kind(PROXY_SOCKS5)
                                    : starttls_kind((enum starttls)choice);
}

// Hands the text over in pieces of the given size.
static void course_run(struct course *c, uint8_t choice, struct str text, size_t piece)
{
    struct dialogue d;

    memset(c, 0, sizeof *c);
    buf_init(&c->said, 1 << 20);
    dialogue_init(&d, kind_of(choice), "a.example:25", "a.example");
    d.port = 25;
    if (choice & 0x80) {
        d.user = "user";
        d.password = "password";
    }
    dialogue_open(&d);
    while (c->step == DIALOGUE_ON && c->used < text.len) {
        size_t n = text.len - c->used < piece ? text.len - c->used : piece, used;

        c->step = dialogue_take(&d, str_cut(text, c->used, c->used + n), &used);
        check(used <= n && (used == n || c->step != DIALOGUE_ON));
        check(!d.out.is_full);
        c->used += used;
        buf_add(&c->said, buf_str(&d.out));
        buf_clear(&d.out);
    }
    check(c->used <= DIALOGUE_MAX);
    check((c->step == DIALOGUE_FAIL) == (d.error.code != ERR_NONE));
    check(c->step != DIALOGUE_FAIL || d.code);
    c->code = d.code;
    memcpy(c->message, d.error.message, sizeof c->message);
    for (const char *p = c->message; *p; p++)
        check(*p >= ' ' && *p <= '~');
    dialogue_done(&d);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct course whole, bytes;
    struct str text;

    if (size == 0)
        return 0;
    text = (struct str){(const char *)data + 1, size - 1};
    course_run(&whole, data[0], text, text.len);
    course_run(&bytes, data[0], text, 1);
    check(whole.step == bytes.step && whole.used == bytes.used && whole.code == bytes.code);
    check(str_eq(buf_str(&whole.said), buf_str(&bytes.said)));
    check(strcmp(whole.message, bytes.message) == 0);
    buf_done(&whole.said);
    buf_done(&bytes.said);
    return 0;
}
