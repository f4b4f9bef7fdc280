// pg_value.c - values as PostgreSQL's binary format has them.
// SPDX-License-Identifier: Apache-2.0
#include "store/pg_value.h"

#include <endian.h>
#include <string.h>

#define HEAD_BYTES 20 // dimensions, flags, type; size and first index of the one dimension
#define EMPTY_BYTES 12
#define BYTES_MAX ((size_t)1 << 30) // what one value may have there

static void int4_put(char *to, int32_t n)
{
    uint32_t big = htobe32((uint32_t)n);

    memcpy(to, &big, sizeof big);
}

void pg_array_init(struct pg_array *a, enum pg_type element)
{
    buf_init(&a->bytes, BYTES_MAX);
    a->element = element;
    pg_array_clear(a);
}

void pg_array_done(struct pg_array *a)
{
    buf_done(&a->bytes);
}

void pg_array_clear(struct pg_array *a)
{
    static const char head[HEAD_BYTES];

    buf_clear(&a->bytes);
    buf_add(&a->bytes, (struct str){head, sizeof head});
    a->count = 0;
}

void pg_array_blob(struct pg_array *a, struct str bytes)
{
    char length[4];

    int4_put(length, (int32_t)bytes.len);
    buf_add(&a->bytes, (struct str){length, sizeof length});
    buf_add(&a->bytes, bytes);
    a->count++;
}

void pg_array_int(struct pg_array *a, int64_t n)
{
    uint64_t big = htobe64((uint64_t)n);

    pg_array_blob(a, (struct str){(const char *)&big, sizeof big});
}

void pg_array_text(struct pg_array *a, struct str text)
{
    struct buf clean;

    if (pg_value_is_text(text)) {
        pg_array_blob(a, text);
        return;
    }
    buf_init(&clean, text.len * 3 + 1);
    pg_value_clean(text, &clean);
    pg_array_blob(a, buf_str(&clean));
    buf_done(&clean);
}

struct str pg_array_str(struct pg_array *a)
{
    int4_put(a->bytes.p, a->count > 0);
    int4_put(a->bytes.p + 4, 0);
    int4_put(a->bytes.p + 8, (int32_t)a->element);
    int4_put(a->bytes.p + 12, a->count);
    int4_put(a->bytes.p + 16, 1);
    return (struct str){a->bytes.p, a->count > 0 ? a->bytes.len : EMPTY_BYTES};
}

enum pg_type pg_array_type(const struct pg_array *a)
{
    return a->element == PG_INT8   ? PG_INT8_ARRAY
           : a->element == PG_TEXT ? PG_TEXT_ARRAY
                                   : PG_BYTEA_ARRAY;
}

bool pg_value_is_text(struct str text)
{
    return text.len == 0 || (!memchr(text.p, '\0', text.len) && str_is_utf8(text));
}

void pg_value_clean(struct str text, struct buf *to)
{
    while (text.len > 0) {
        size_t n = text.p[0] == '\0' ? 0 : str_utf8_char(text);

        if (n > 0)
            buf_add(to, (struct str){text.p, n});
        else
            buf_add_text(to, "\xef\xbf\xbd");
        n += n == 0;
        text.p += n;
        text.len -= n;
    }
}
