// starttls_line.c - asks for TLS in the protocols that talk in lines.
//
// A dialogue's state says what we wait for; each function below is the answer to one line.
// SPDX-License-Identifier: Apache-2.0
#include "net/starttls_line.h"

enum {
    BANNER, // the server's first words
    LIST,   // what it can do
    ANSWER, // to our wish
};

static enum dialogue_step hello_take(struct dialogue *d, struct str line, const char *hello);

// The three digits that begin a reply, and whether it is the reply's last line ("220 ", "220", not
// "220-"). -1: no reply at all.
static int reply_code(struct str line, bool *ret_is_last)
{
    int64_t code;

    if (line.len < 3 || line.p[0] == '-' || !str_to_int(str_cut(line, 0, 3), &code))
        return -1;
    if (line.len > 3 && line.p[3] != ' ' && line.p[3] != '-')
        return -1;
    *ret_is_last = line.len == 3 || line.p[3] == ' ';
    return (int)code;
}

static enum dialogue_step say(struct dialogue *d, const char *text, int next)
{
    buf_printf(&d->out, "%s\r\n", text);
    d->state = next;
    return DIALOGUE_ON;
}

// At the end of a list: asks, if that was in it.
static enum dialogue_step ask(struct dialogue *d, const char *text)
{
    return d->is_offered ? say(d, text, ANSWER) : dialogue_unsupported(d);
}

// ---- SMTP and LMTP ----

enum dialogue_step smtp_take(struct dialogue *d, struct str line)
{
    return hello_take(d, dialogue_chomp(line), "EHLO");
}

enum dialogue_step lmtp_take(struct dialogue *d, struct str line)
{
    return hello_take(d, dialogue_chomp(line), "LHLO");
}

static enum dialogue_step hello_take(struct dialogue *d, struct str line, const char *hello)
{
    bool is_last;
    int code = reply_code(line, &is_last);

    if (code < 0)
        return dialogue_odd(d, line);
    if (d->state == LIST && code == 250 && line.len > 4 &&
        dialogue_has_word(str_cut(line, 4, line.len), STR_LIT("STARTTLS")))
        d->is_offered = true;
    if (!is_last)
        return DIALOGUE_ON;
    if (d->state == BANNER) {
        if (code != 220)
            return dialogue_turned_away(d, line);
        buf_printf(&d->out, "%s %s\r\n", hello, d->name);
        d->state = LIST;
        return DIALOGUE_ON;
    }
    if (d->state == LIST && code >= 500 && code != 554)
        return dialogue_unsupported(d); // it knows HELO only
    if (d->state == LIST)
        return code == 250 ? ask(d, "STARTTLS") : dialogue_turned_away(d, line);
    return code == 220 ? DIALOGUE_OVER : dialogue_refused(d, line);
}

// ---- IMAP ----

static bool has_capability(struct str line, struct str name)
{
    struct str word;

    while (str_next(&line, ' ', &word))
        if (str_eq_nocase(word, name))
            return true;
    return false;
}

static enum dialogue_step imap_untagged(struct dialogue *d, struct str line, struct str rest)
{
    if (dialogue_has_word(rest, STR_LIT("BYE")))
        return dialogue_turned_away(d, line);
    if (d->state == LIST && dialogue_has_word(rest, STR_LIT("CAPABILITY")) &&
        has_capability(rest, STR_LIT("STARTTLS")))
        d->is_offered = true;
    if (d->state != BANNER)
        return DIALOGUE_ON;
    if (dialogue_has_word(rest, STR_LIT("OK")))
        return say(d, "a1 CAPABILITY", LIST);
    if (dialogue_has_word(rest, STR_LIT("PREAUTH"))) // logged in already: too late for TLS
        return dialogue_refused(d, line);
    return dialogue_odd(d, line);
}

enum dialogue_step imap_take(struct dialogue *d, struct str line)
{
    struct str tag = d->state == LIST ? STR_LIT("a1 ") : STR_LIT("a2 ");
    bool is_ok;

    line = dialogue_chomp(line);
    if (str_starts(line, STR_LIT("* ")))
        return imap_untagged(d, line, str_cut(line, 2, line.len));
    if (d->state == BANNER || !str_starts(line, tag))
        return dialogue_odd(d, line);
    is_ok = dialogue_has_word(str_cut(line, tag.len, line.len), STR_LIT("OK"));
    if (d->state == LIST)
        return is_ok ? ask(d, "a2 STARTTLS") : dialogue_unsupported(d);
    return is_ok ? DIALOGUE_OVER : dialogue_refused(d, line);
}

// ---- POP3 ----

enum dialogue_step pop3_take(struct dialogue *d, struct str line)
{
    bool is_ok, is_err;

    line = dialogue_chomp(line);
    is_ok = dialogue_has_word(line, STR_LIT("+OK"));
    is_err = dialogue_has_word(line, STR_LIT("-ERR"));
    if (!is_ok && !is_err)
        return dialogue_odd(d, line);
    if (d->state == BANNER)
        return is_ok ? say(d, "STLS", ANSWER) : dialogue_turned_away(d, line);
    return is_ok ? DIALOGUE_OVER : dialogue_refused(d, line);
}

// ---- FTP ----

static bool is_unknown_to_ftp(int code)
{
    return code == 500 || code == 502 || code == 504;
}

enum {
    FTP_INSIDE = ANSWER + 1, // a banner of several lines: between "220-" and "220 " any may stand
};

enum dialogue_step ftp_take(struct dialogue *d, struct str line)
{
    bool is_last = false;
    int code;

    line = dialogue_chomp(line);
    code = reply_code(line, &is_last);
    if (d->state == FTP_INSIDE && (code != 220 || !is_last))
        return DIALOGUE_ON;
    if (code < 0)
        return dialogue_odd(d, line);
    if (d->state != ANSWER) {
        if (code == 220 && !is_last)
            d->state = FTP_INSIDE;
        if (code == 120 || !is_last) // 120: ready in a few minutes
            return DIALOGUE_ON;
        return code == 220 ? say(d, "AUTH TLS", ANSWER) : dialogue_turned_away(d, line);
    }
    if (!is_last)
        return DIALOGUE_ON;
    if (is_unknown_to_ftp(code))
        return dialogue_unsupported(d);
    return code == 234 ? DIALOGUE_OVER : dialogue_refused(d, line);
}

// ---- ManageSieve ----

static bool is_sieve(struct str line, struct str word)
{
    struct str rest = line.len > word.len ? str_cut(line, word.len, line.len) : (struct str){0};

    return dialogue_has_word(line, word) ||
           (str_starts(rest, STR_LIT("(")) && str_eq_nocase(str_cut(line, 0, word.len), word));
}

enum dialogue_step sieve_take(struct dialogue *d, struct str line)
{
    line = dialogue_chomp(line);
    if (is_sieve(line, STR_LIT("BYE")))
        return dialogue_turned_away(d, line);
    if (d->state == BANNER) {
        if (str_starts(line, STR_LIT("\""))) {
            d->is_offered = d->is_offered || dialogue_has_word(line, STR_LIT("\"STARTTLS\""));
            return DIALOGUE_ON;
        }
        if (is_sieve(line, STR_LIT("OK")))
            return ask(d, "STARTTLS");
        return is_sieve(line, STR_LIT("NO")) ? dialogue_turned_away(d, line)
                                             : dialogue_odd(d, line);
    }
    if (is_sieve(line, STR_LIT("OK")))
        return DIALOGUE_OVER;
    return is_sieve(line, STR_LIT("NO")) ? dialogue_refused(d, line) : dialogue_odd(d, line);
}

// ---- NNTP ----

enum {
    NNTP_ITEMS = ANSWER + 1, // inside the list of capabilities
};

static enum dialogue_step nntp_item(struct dialogue *d, struct str line)
{
    if (str_eq(line, STR_LIT(".")))
        return ask(d, "STARTTLS");
    if (dialogue_has_word(line, STR_LIT("STARTTLS")))
        d->is_offered = true;
    return DIALOGUE_ON;
}

enum dialogue_step nntp_take(struct dialogue *d, struct str line)
{
    bool is_last;
    int code;

    line = dialogue_chomp(line);
    if (d->state == NNTP_ITEMS)
        return nntp_item(d, line);
    code = reply_code(line, &is_last);
    if (code < 0 || !is_last)
        return dialogue_odd(d, line);
    if (d->state == BANNER)
        return code == 200 || code == 201 ? say(d, "CAPABILITIES", LIST)
                                          : dialogue_turned_away(d, line);
    if (d->state == LIST) {
        d->state = NNTP_ITEMS;
        return code == 101 ? DIALOGUE_ON : dialogue_unsupported(d);
    }
    return code == 382 ? DIALOGUE_OVER : dialogue_refused(d, line);
}

// ---- IRC ----

void irc_open(struct dialogue *d)
{
    (void)say(d, "STARTTLS", ANSWER);
}

// A command or three digits, as every message has.
static bool is_irc_command(struct str word)
{
    for (size_t i = 0; i < word.len; i++) {
        bool is_letter = (word.p[i] | 0x20) >= 'a' && (word.p[i] | 0x20) <= 'z';

        if (!is_letter && !(word.p[i] >= '0' && word.p[i] <= '9' && word.len == 3))
            return false;
    }
    return word.len > 0;
}

enum dialogue_step irc_take(struct dialogue *d, struct str line)
{
    struct str rest = dialogue_chomp(line), command = {0};

    if (str_starts(rest, STR_LIT(":")))
        (void)str_next(&rest, ' ', &command); // who says it
    if (!str_next(&rest, ' ', &command) || !is_irc_command(command))
        return dialogue_odd(d, line);
    if (str_eq(command, STR_LIT("670")))
        return DIALOGUE_OVER;
    if (str_eq(command, STR_LIT("691")))
        return dialogue_refused(d, line);
    if (str_eq(command, STR_LIT("421")) || str_eq(command, STR_LIT("451")))
        return dialogue_unsupported(d);
    if (str_eq_nocase(command, STR_LIT("ERROR")))
        return dialogue_turned_away(d, line);
    return DIALOGUE_ON; // notices, mostly
}
