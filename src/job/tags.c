// tags.c - reads and tells tags.
// SPDX-License-Identifier: Apache-2.0
#include "job/tags.h"

#include "base/buf.h"
#include "base/mem.h"

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

static bool word_check(struct str word, const char *noun, struct err *e)
{
    if (word.len == 0 || word.len > TAG_MAX)
        return fail(e, ERR_INPUT, "tag", "%s has 1 to %d characters", noun, TAG_MAX);
    for (size_t i = 0; i < word.len; i++)
        if (!is_letter(word.p[i]) && (i == 0 || !memchr("._:-", word.p[i], 4)))
            return fail_at(e, ERR_INPUT, "tag", (int)i + 1,
                           "%s is made of letters, digits and . _ : - and begins with a letter "
                           "or digit",
                           noun);
    return true;
}

bool tag_check(struct str tag, struct err *e)
{
    return word_check(tag, "a tag", e);
}

static struct str word_of(const json_t *item)
{
    return json_is_string(item) ? (struct str){json_string_value(item), json_string_length(item)}
                                : (struct str){0};
}

struct listed {
    const char *member, *noun;
};

static bool words_read(const json_t *list, const struct listed *as, struct model_issues *issues,
                       struct str *ret_words)
{
    struct str at = arena_printf(issues->arena, "\"body\",\"%s\"", as->member), loc;
    const json_t *item;
    size_t i, before = issues->len;
    struct buf words;
    struct err e;

    if (json_array_size(list) > TAGS_MAX)
        return model_complain(issues, "too_long", at, list, "",
                              "List should have at most %d items after validation, not %zu",
                              TAGS_MAX, json_array_size(list));
    buf_init(&words, TAGS_MAX * (TAG_MAX + 1));
    json_array_foreach((json_t *)list, i, item)
    {
        loc = arena_printf(issues->arena, "%.*s,%zu", STR(at), i);
        if (!word_check(word_of(item), as->noun, &e))
            (void)model_complain_err(issues, loc, item, &e);
        else if (!tags_have(buf_str(&words), word_of(item)))
            buf_printf(&words, "%s%.*s", words.len > 0 ? " " : "", STR(word_of(item)));
    }
    if (issues->len == before)
        *ret_words = (struct str){str_own(buf_str(&words)), words.len};
    buf_done(&words);
    return issues->len == before;
}

bool tags_read(const json_t *list, struct model_issues *issues, struct str *ret_tags)
{
    return words_read(list, &(struct listed){"tags", "a tag"}, issues, ret_tags);
}

bool nodes_read(const json_t *list, struct model_issues *issues, struct str *ret_nodes)
{
    const struct listed as = {"nodes", "the name or the tag of a node"};

    return words_read(list, &as, issues, ret_nodes);
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
