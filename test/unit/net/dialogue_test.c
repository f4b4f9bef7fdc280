// dialogue_test.c - a toy kind: pieces, limits, and exactly how far a dialogue reads.
// SPDX-License-Identifier: Apache-2.0
#include "net/dialogue.h"

#include "unit.h"

#define S(text) STR_LIT(text)

static void toy_open(struct dialogue *d)
{
    buf_printf(&d->out, "I am %s\n", d->name);
}

static enum dialogue_step toy_take(struct dialogue *d, struct str line)
{
    line = dialogue_chomp(line);
    if (dialogue_has_word(line, S("yes")))
        return DIALOGUE_OVER;
    if (dialogue_has_word(line, S("no")))
        return dialogue_refused(d, line);
    if (dialogue_has_word(line, S("out")))
        return dialogue_turned_away(d, line);
    if (dialogue_has_word(line, S("never")))
        return dialogue_unsupported(d);
    return dialogue_has_word(line, S("wait")) ? DIALOGUE_ON : dialogue_odd(d, line);
}

static const struct dialogue_kind toy = {"TOY", "TLS", toy_open, dialogue_line, toy_take};

static const struct {
    struct str in;
    enum dialogue_step step;
    size_t used;
    const char *code, *message;
} cases[] = {
    {S(""), DIALOGUE_ON, 0, NULL, ""},
    {S("wait"), DIALOGUE_ON, 4, NULL, ""},
    {S("wait\r\nYES sir\r\nmore"), DIALOGUE_OVER, 15, NULL, ""},
    {S("no\x1b\nmore"), DIALOGUE_FAIL, 4, "protocol_error",
     "x:1 does not speak TOY: it says \"no.\""},
    {S("no, \x1b\nmore"), DIALOGUE_FAIL, 6, "protocol_error", "it says \"no, .\""},
    {S("no \x1b\nmore"), DIALOGUE_FAIL, 5, "starttls_refused", "x:1 refuses TLS: it says \"no .\""},
    {S("out\n"), DIALOGUE_FAIL, 4, "starttls_refused", "x:1 turns us away: it says \"out\""},
    {S("never\n"), DIALOGUE_FAIL, 6, "starttls_unsupported",
     "x:1 speaks TOY, but does not offer TLS"},
    {S("yesterday\n"), DIALOGUE_FAIL, 10, "protocol_error", "does not speak TOY"},
    {S("\n"), DIALOGUE_FAIL, 1, "protocol_error", ""},
};

static void test_steps(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct dialogue d;
        size_t used;

        dialogue_init(&d, &toy, "x:1", "me");
        dialogue_open(&d);
        assert_true(str_eq(buf_str(&d.out), S("I am me\n")));
        assert_int_equal(dialogue_take(&d, cases[i].in, &used), cases[i].step);
        assert_int_equal(used, cases[i].used);
        if (cases[i].code) {
            assert_string_equal(d.code, cases[i].code);
            assert_int_equal(d.error.code, ERR_TLS);
            if (!strstr(d.error.message, cases[i].message))
                fail_msg("%zu: %s", i, d.error.message);
        }
        dialogue_done(&d);
    }
}

static void test_lines(void **state)
{
    (void)state;
    assert_true(str_eq(dialogue_chomp(S("a\r\n")), S("a")));
    assert_true(str_eq(dialogue_chomp(S("a\n")), S("a")));
    assert_true(str_eq(dialogue_chomp(S("a\r")), S("a")));
    assert_true(str_eq(dialogue_chomp(S("a\r\r\n")), S("a\r")));
    assert_true(str_eq(dialogue_chomp(S("")), S("")));
    assert_true(dialogue_has_word(S("OK"), S("ok")));
    assert_false(dialogue_has_word(S("O"), S("ok")));
    assert_false(dialogue_has_word(S("OK\t"), S("ok")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_steps),
        cmocka_unit_test(test_lines),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
