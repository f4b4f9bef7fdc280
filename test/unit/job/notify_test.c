// notify_test.c - rules that say whom to tell: what they mean, and what is refused, with its place.
// SPDX-License-Identifier: Apache-2.0
#include "job/notify.h"

#include <stdio.h>
#include <string.h>

#include "unit.h"

static void test_rules(void **state)
{
    static const struct {
        const char *text;
        const char *expected; // "channel on-bits after repeat-seconds; ..." or "! field: message"
    } rows[] = {
        {"[]", ""},
        {"[{\"channel\":\"ops\"}]", "ops 6 1 0; "},
        {"[{}]", " 6 1 0; "},
        {"[{\"channel\":null,\"on\":[\"late\"]}]", " 10 1 0; "},
        {"[{\"channel\":\"a\",\"on\":[\"failed\"],\"after\":3,\"repeat\":\"1d\"},{\"channel\":\"b."
         "c\","
         "\"on\":[\"cert_error\",\"cert_error\"],\"repeat\":60}]",
         "a 2 3 86400; b.c 400 1 60; "},
        {"[{\"repeat\":null,\"after\":null}]", " 6 1 0; "},
        {"{}", "! : notify is a list of rules"},
        {"[3]", "! 0: a rule is an object: {\"channel\": .., \"on\": [..]}"},
        {"[{},{\"chanel\":\"x\"}]",
         "! 1.chanel: a rule has no such member (did you mean channel?)"},
        {"[{\"channel\":\"-x\"}]",
         "! 0.channel: a channel's name is made of letters, digits and . _ - "
         "and begins with a letter or digit"},
        {"[{\"channel\":\"\"}]", "! 0.channel: a channel's name has 1 to 64 characters"},
        {"[{\"channel\":7}]", "! 0.channel: a channel is named by a text"},
        {"[{\"on\":[]}]", "! 0.on: on is a list of what to tell, such as [\"failed\"]"},
        {"[{\"on\":\"failed\"}]", "! 0.on: on is a list of what to tell, such as [\"failed\"]"},
        {"[{\"on\":[\"failed\",\"faild\"]}]",
         "! 0.on.1: there is nothing called \"faild\" to be told (did you mean failed?)"},
        {"[{\"on\":[\"test\"]}]", "! 0.on.0: there is nothing called \"test\" to be told (failed, "
                                  "recovered, missed, late, slow, overdue, skipped, or cert_...)"},
        {"[{\"on\":[1]}]", "! 0.on.0: what to tell is named by a text"},
        {"[{\"after\":0}]", "! 0.after: after is a number from 1 to 1000"},
        {"[{\"after\":1.5}]", "! 0.after: after is a number from 1 to 1000"},
        {"[{\"repeat\":\"soon\"}]", "! 0.repeat: repeat is a duration, such as \"1d\""},
        {"[{\"repeat\":59}]", "! 0.repeat: repeat is at least a minute"},
        {"[", "! : the stored rules are not JSON: "},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct notify notify;
        struct err e = {0};
        char text[1000] = "";
        size_t at = 0;

        if (notify_parse(str_of(rows[i].text), &notify, &e))
            for (size_t k = 0; k < notify.count; k++)
                at += (size_t)snprintf(text + at, sizeof text - at, "%s %x %d %d; ",
                                       notify.rules[k].channel, notify.rules[k].on,
                                       (int)notify.rules[k].after,
                                       (int)(notify.rules[k].repeat_us / 1000000));
        else
            snprintf(text, sizeof text, "! %s: %s%s%s%s", e.field, e.message, e.hint[0] ? " (" : "",
                     e.hint, e.hint[0] ? ")" : "");
        if (i + 1 == COUNT(rows))
            text[strlen(rows[i].expected)] = '\0';
        assert_string_equal(text, rows[i].expected);
    }
}

static void test_at_most_so_many(void **state)
{
    struct notify notify;
    struct err e;
    json_t *list = json_array();

    (void)state;
    for (int i = 0; i < NOTIFY_RULES_MAX; i++)
        json_array_append_new(list, json_object());
    assert_true(notify_read(list, &notify, &e));
    assert_int_equal(notify.count, NOTIFY_RULES_MAX);
    json_array_append_new(list, json_object());
    assert_false(notify_read(list, &notify, &e));
    assert_int_equal(e.code, ERR_LIMIT);
    json_decref(list);
}

static void test_names(void **state)
{
    struct err e;

    (void)state;
    assert_string_equal(notice_name(NOTICE_FAILED), "failed");
    assert_string_equal(notice_name(NOTICE_TEST), "test");
    assert_string_equal(notice_name((enum notice)99), "unknown");
    assert_non_null(strstr(notice_sentence(NOTICE_LATE), "later"));
    assert_string_equal(notice_sentence((enum notice)99), "");
    assert_true(channel_name_check(STR_LIT("ops-2.x_y"), &e));
    assert_false(channel_name_check(STR_LIT("a b"), &e));
    assert_int_equal(e.column, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rules),
        cmocka_unit_test(test_at_most_so_many),
        cmocka_unit_test(test_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
