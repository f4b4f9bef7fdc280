// tags.c - reads and tells tags.
// SPDX-License-Identifier: Apache-2.0
#include "job/tags.h"

#include "base/buf.h"
#include "base/mem.h"

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool tag_check(struct str tag, struct err *e)
{
    if (tag.len == 0 || tag.len > TAG_MAX)
        return fail(e, ERR_INPUT, "tag", "a tag has 1 to %d characters", TAG_MAX);
    for (size_t i = 0; i < tag.len; i++)
        if (!is_letter(tag.p[i]) && (i == 0 || !memchr("._:-", tag.p[i], 4)))
            return fail_at(e, ERR_INPUT, "tag", (int)i + 1,
                           "a tag is made of letters, digits and . _ : - and begins with a letter "
                           "or digit");
    return true;
}

static struct str word_of(const json_t *item)
{
    return json_is_string(item) ? (struct str){json_string_value(item), json_string_length(item)}
                                : (struct str){0};
}

bool tags_read(const json_t *list, struct model_issues *issues, struct str *ret_tags)
{
    const json_t *item;
    size_t i, before = issues->len;
    struct buf words;
    struct str loc;
    struct err e;

    if (json_array_size(list) > TAGS_MAX)
        return model_complain(issues, "too_long", STR_LIT("\"body\",\"tags\""), list, "",
                              "List should have at most %d items after validation, not %zu",
                              TAGS_MAX, json_array_size(list));
    buf_init(&words, TAGS_MAX * (TAG_MAX + 1));
    json_array_foreach((json_t *)list, i, item)
    {
        loc = arena_printf(issues->arena, "\"body\",\"tags\",%zu", i);
        if (!tag_check(word_of(item), &e))
            (void)model_complain_err(issues, loc, item, &e);
        else if (!tags_have(buf_str(&words), word_of(item)))
            buf_printf(&words, "%s%.*s", words.len > 0 ? " " : "", STR(word_of(item)));
    }
    if (issues->len == before)
        *ret_tags = (struct str){str_own(buf_str(&words)), words.len};
    buf_done(&words);
    return issues->len == before;
}

bool tags_have(struct str tags, struct str tag)
{
    struct str word;

    while (tags.len > 0 && str_next(&tags, ' ', &word))
        if (str_eq(word, tag))
            return true;
    return false;
}

json_t *tags_encode(struct str tags)
{
    json_t *list = tags.len > 0 ? json_array() : NULL;
    struct str word;

    while (tags.len > 0 && str_next(&tags, ' ', &word))
        (void)json_array_append_new(list, json_stringn(word.p, word.len));
    return list;
}

void tags_write(struct str tags, struct json_write *w)
{
    struct str word;

    json_write_array(w);
    while (tags.len > 0 && str_next(&tags, ' ', &word))
        json_write_str(w, word);
    json_write_array_end(w);
}
