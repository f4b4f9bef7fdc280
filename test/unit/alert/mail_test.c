// mail_test.c - mails byte for byte: headers, encoded words, quoted-printable.
// SPDX-License-Identifier: Apache-2.0
#include "alert/mail.h"

#include <string.h>

#include "unit.h"

static const char *written(const char *subject, const char *text)
{
    static char result[8000];
    static const char *const to[] = {"a@example.org", "b@example.org", NULL};
    const struct mail mail = {.from = STR_LIT("belfry@example.org"),
                              .to = to,
                              .subject = str_of(subject),
                              .text = str_of(text),
                              .id = STR_LIT("belfry.7"),
                              .thread = STR_LIT("belfry.incident.3"),
                              .host = STR_LIT("h"),
                              .at = {INT64_C(1767225605000000)}};
    struct buf out;

    buf_init(&out, sizeof result - 1);
    mail_write(&mail, &out);
    assert_false(out.is_full);
    strncpy(result, buf_text(&out), sizeof result - 1);
    buf_done(&out);
    return result;
}

static void test_a_mail(void **state)
{
    (void)state;
    assert_string_equal(written("x failed", "exit 3\n.dot\na=b \nend "),
                        "Date: Thu, 1 Jan 2026 00:00:05 +0000\r\n"
                        "From: belfry <belfry@example.org>\r\n"
                        "To: a@example.org,\r\n b@example.org\r\n"
                        "Subject: x failed\r\n"
                        "Message-ID: <belfry.7@h>\r\n"
                        "References: <belfry.incident.3@h>\r\n"
                        "Auto-Submitted: auto-generated\r\n"
                        "MIME-Version: 1.0\r\n"
                        "Content-Type: text/plain; charset=utf-8\r\n"
                        "Content-Transfer-Encoding: quoted-printable\r\n\r\n"
                        "exit 3\r\n=2Edot\r\na=3Db=20\r\nend=20\r\n");
}

static void test_subjects(void **state)
{
    static const struct {
        const char *subject, *expected;
    } rows[] = {
        {"caf\u00e9 x", "Subject: =?UTF-8?Q?caf=C3=A9=20x?=\r\n"},
        // A line break can begin no header of its own.
        {"a\r\nBcc: x", "Subject: =?UTF-8?Q?a=0D=0ABcc=3A=20x?=\r\n"},
        {"\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9",
         "Subject: =?UTF-8?Q?=C3=A9=C3=A9=C3=A9=C3=A9=C3=A9=C3=A9=C3=A9?=\r\n "
         "=?UTF-8?Q?=C3=A9?=\r\n"},
        {"\xff", "Subject: =?UTF-8?Q?=FF?=\r\n"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        assert_non_null(strstr(written(rows[i].subject, ""), rows[i].expected));
}

// No line is longer than 76, and every line comes whole.
static void test_long_lines(void **state)
{
    char text[500];
    const char *body, *line;

    (void)state;
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    memcpy(text + 70, "\u00fc\u00fc\u00fc", 6);
    body = strstr(written("s", text), "\r\n\r\n") + 4;
    size_t letters = 0;

    for (line = body; *line; line = strstr(line, "\r\n") + 2) {
        size_t len = (size_t)(strstr(line, "\r\n") - line);

        assert_true(len <= 76);
        for (size_t i = 0; i < len; i++)
            letters += line[i] == 'x';
    }
    assert_int_equal(letters, 493);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_mail),
        cmocka_unit_test(test_subjects),
        cmocka_unit_test(test_long_lines),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
