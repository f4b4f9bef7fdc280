// wire.c - writes and reads frames of tagged fields.
// SPDX-License-Identifier: Apache-2.0
#include "exec/wire.h"

#include <string.h>

#define LENGTH_BYTES 4
#define FIELD_HEAD_BYTES 5

static void length_put(char *at, size_t n)
{
    for (int i = 0; i < LENGTH_BYTES; i++)
        at[i] = (char)(n >> (8 * i) & 0xff);
}

static size_t length_get(const char *at)
{
    size_t n = 0;

    for (int i = LENGTH_BYTES - 1; i >= 0; i--)
        n = n << 8 | (unsigned char)at[i];
    return n;
}

size_t wire_begin(struct buf *b, uint8_t type)
{
    const char head[LENGTH_BYTES + 1] = {0, 0, 0, 0, (char)type};
    size_t at = b->len;

    buf_add(b, (struct str){head, sizeof head});
    return at;
}

void wire_end(struct buf *b, size_t at)
{
    if (b->is_full)
        b->len = at;
    else
        length_put(b->p + at, b->len - at - LENGTH_BYTES);
}

void wire_text(struct buf *b, uint8_t tag, struct str s)
{
    char head[FIELD_HEAD_BYTES] = {(char)tag};

    length_put(head + 1, s.len);
    buf_add(b, (struct str){head, sizeof head});
    if (s.len > 0)
        buf_add(b, s);
}

void wire_int(struct buf *b, uint8_t tag, int64_t n)
{
    char bytes[8];

    for (int i = 0; i < 8; i++)
        bytes[i] = (char)((uint64_t)n >> (8 * i) & 0xff);
    wire_text(b, tag, (struct str){bytes, sizeof bytes});
}

enum wire_read wire_take(struct str *in, uint8_t *ret_type, struct str *ret_fields)
{
    size_t length;

    if (in->len < LENGTH_BYTES)
        return WIRE_MORE;
    length = length_get(in->p);
    if (length < 1 || length > WIRE_FRAME_MAX)
        return WIRE_BROKEN;
    if (in->len < LENGTH_BYTES + length)
        return WIRE_MORE;
    *ret_type = (uint8_t)in->p[LENGTH_BYTES];
    *ret_fields = str_cut(*in, LENGTH_BYTES + 1, LENGTH_BYTES + length);
    *in = str_cut(*in, LENGTH_BYTES + length, in->len);
    return WIRE_MESSAGE;
}

bool wire_next(struct str *fields, struct wire_field *ret)
{
    size_t length;

    if (fields->len == 0)
        return false;
    if (fields->len < FIELD_HEAD_BYTES ||
        (length = length_get(fields->p + 1)) > fields->len - FIELD_HEAD_BYTES) {
        *fields = (struct str){0};
        return false;
    }
    ret->tag = (uint8_t)fields->p[0];
    ret->bytes = str_cut(*fields, FIELD_HEAD_BYTES, FIELD_HEAD_BYTES + length);
    *fields = str_cut(*fields, FIELD_HEAD_BYTES + length, fields->len);
    return true;
}

int64_t wire_number(const struct wire_field *field)
{
    uint64_t n = 0;

    if (field->bytes.len != 8)
        return 0;
    for (int i = 7; i >= 0; i--)
        n = n << 8 | (unsigned char)field->bytes.p[i];
    return (int64_t)n;
}
