// greeting_test.c - first words of servers: shown safely, and recognised.
// SPDX-License-Identifier: Apache-2.0
#include "net/greeting.h"

#include "unit.h"

#define S(text) STR_LIT(text)

static const struct {
    struct str bytes;
    const char *line, *hint;
} cases[] = {
    {S(""), "", "right port"},
    {S("HTTP/1.1 400 Bad\r\nX: y\r\n"), "HTTP/1.1 400 Bad", "plain HTTP"},
    {S("<?xml version='1.0'?>"), "<?xml version='1.0'?>", "xmpp"},
    {S("SSH-2.0-x\r\n"), "SSH-2.0-x", "SSH"},
    {S("220 mx\r\n"), "220 mx", "starttls smtp or ftp"},
    {S("220-mx\n"), "220-mx", "starttls smtp or ftp"},
    {S("+OK hi\r\n"), "+OK hi", "pop3"},
    {S("* OK hi\r\n"), "* OK hi", "imap"},
    {S("\"IMPLEMENTATION\" \"x\"\r\n"), "\"IMPLEMENTATION\" \"x\"", "sieve"},
    {S("200 news\r\n"), "200 news", "nntp"},
    {S("201 news\r\n"), "201 news", "nntp"},
    {S("RFB 003.008\n"), "RFB 003.008", "VNC"},
    {S("-ERR unknown\r\n"), "-ERR unknown", "Redis"},
    {S("\x15\x03\x01\x00\x02\x02\x16"), ".......", "without starttls"},
    {S("\x4a\x00\x00\x00\x0a"
       "10.1\x00"),
     "J...", "mysql"},
    {S("\x1b[2J\x7f\xff"
       "\x00"
       "hi"),
     ".[2J...hi", "right port"},
};

static void test_greetings(void **state)
{
    char line[GREETING_MAX + 1];

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        assert_string_equal(greeting_line(cases[i].bytes, line), cases[i].line);
        if (!strstr(greeting_hint(cases[i].bytes), cases[i].hint))
            fail_msg("%s: %s", line, greeting_hint(cases[i].bytes));
    }
}

static void test_long_lines_are_cut(void **state)
{
    char text[500], line[GREETING_MAX + 1];

    (void)state;
    memset(text, 'a', sizeof text);
    assert_int_equal(strlen(greeting_line((struct str){text, sizeof text}, line)), GREETING_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_greetings),
        cmocka_unit_test(test_long_lines_are_cut),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
