// mail.c - a plain text mail.
// SPDX-License-Identifier: Apache-2.0
#include "alert/mail.h"

#include "time/civil.h"

#define LINE_MAX 76   // of quoted-printable (RFC 2045)
#define WORD_BYTES 45 // of an encoded word (RFC 2047): 75 characters at most, 30 of them ours

static const char hex[] = "0123456789ABCDEF";

static bool is_plain(struct str s)
{
    for (size_t i = 0; i < s.len; i++)
        if ((unsigned char)s.p[i] < ' ' || (unsigned char)s.p[i] > '~')
            return false;
    return true;
}

static void octet_write(unsigned char c, char mark, struct buf *out)
{
    buf_add_byte(out, mark);
    buf_add_byte(out, hex[c >> 4]);
    buf_add_byte(out, hex[c & 15]);
}

static bool is_word_byte(unsigned char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

// What is not ASCII goes as encoded words, cut between characters.
static void subject_write(struct str s, struct buf *out)
{
    size_t len = 0;

    buf_add_text(out, "Subject: ");
    if (is_plain(s)) {
        buf_add(out, s);
        buf_add_text(out, "\r\n");
        return;
    }
    buf_add_text(out, "=?UTF-8?Q?");
    while (s.len > 0) {
        size_t n = str_utf8_char(s),
               size = n == 1 && is_word_byte((unsigned char)s.p[0]) ? 1 : 3 * n;

        if (n == 0)
            n = 1, size = 3;
        if (len + size > WORD_BYTES) {
            buf_add_text(out, "?=\r\n =?UTF-8?Q?");
            len = 0;
        }
        for (size_t i = 0; i < n; i++)
            if (size == 1)
                buf_add_byte(out, s.p[i]);
            else
                octet_write((unsigned char)s.p[i], '=', out);
        len += size;
        s = str_cut(s, n, s.len);
    }
    buf_add_text(out, "?=\r\n");
}

static void text_write(struct str s, struct buf *out)
{
    size_t len = 0;

    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.p[i];
        bool is_blank = c == ' ' && i + 1 < s.len && s.p[i + 1] != '\n';
        bool is_self = is_blank || (c > ' ' && c <= '~' && c != '=' && !(c == '.' && len == 0));

        if (c == '\n') {
            buf_add_text(out, "\r\n");
            len = 0;
            continue;
        }
        if (len + (is_self ? 1 : 3) >= LINE_MAX) {
            buf_add_text(out, "=\r\n");
            len = 0;
        }
        if (is_self && !(c == '.' && len == 0))
            buf_add_byte(out, (char)c);
        else
            octet_write(c, '=', out), len += 2;
        len++;
    }
    buf_add_text(out, "\r\n");
}

static void date_write(wall at, struct buf *out)
{
    static const char *const days[] = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
    static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    int64_t seconds = at.us / 1000000, day = seconds / 86400, rest = seconds % 86400;
    struct civil date = civil_date(day);

    buf_printf(out, "Date: %s, %d %s %d %02d:%02d:%02d +0000\r\n", days[civil_weekday(day)],
               date.day, months[date.month - 1], (int)date.year, (int)(rest / 3600),
               (int)(rest / 60 % 60), (int)(rest % 60));
}

void mail_write(const struct mail *mail, struct buf *out)
{
    date_write(mail->at, out);
    buf_printf(out, "From: belfry <%.*s>\r\nTo: ", STR(mail->from));
    for (size_t i = 0; mail->to[i]; i++)
        buf_printf(out, "%s%s", i > 0 ? ",\r\n " : "", mail->to[i]);
    buf_add_text(out, "\r\n");
    subject_write(mail->subject, out);
    buf_printf(out, "Message-ID: <%.*s@%.*s>\r\n", STR(mail->id), STR(mail->host));
    if (mail->thread.len > 0)
        buf_printf(out, "References: <%.*s@%.*s>\r\n", STR(mail->thread), STR(mail->host));
    buf_add_text(out, "Auto-Submitted: auto-generated\r\n"
                      "MIME-Version: 1.0\r\n"
                      "Content-Type: text/plain; charset=utf-8\r\n"
                      "Content-Transfer-Encoding: quoted-printable\r\n\r\n");
    text_write(mail->text, out);
}
