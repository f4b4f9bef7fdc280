// starttls_test.c - every dialogue as a script, whole and cut at every byte; what ends one early.
// SPDX-License-Identifier: Apache-2.0
#include "net/starttls.h"

#include <stdio.h>
#include <stdlib.h>

#include "net/starttls_line.h"
#include "net/starttls_packet.h"
#include "net/starttls_xmpp.h"
#include "unit.h"

#define S(text) STR_LIT(text)
#define N(text) {0}, STR_LIT(text)

enum {
    TURNS = 5,
};

// What the server says, and our answer to it. A turn without server text comes first, when it is
// ours to begin.
struct turn {
    struct str server, client;
};

#define STREAM(ns)                                                              \
    "<stream:stream xmlns:stream='http://etherx.jabber.org/streams' xmlns='" ns \
    "' to='mx.example' "                                                        \
    "version='1.0'>"
#define XMPP_TLS "xmlns='urn:ietf:params:xml:ns:xmpp-tls'"
#define XMPP_HEAD "<?xml version='1.0'?><stream:stream id=\"a>b\" xmlns:stream='s' version='1.0'>"
#define XMPP_OFFER                                                                         \
    XMPP_HEAD "<stream:features><starttls " XMPP_TLS "><required/></starttls><mechanisms>" \
              "<mechanism>PLAIN</mechanism></mechanisms></stream:features>"
#define LDAP_ASK                           \
    "\x30\x1d\x02\x01\x01\x77\x18\x80\x16" \
    "1.3.6.1.4.1.1466.20037"
#define MYSQL_HELLO(can) \
    "\x2c\0\0\0\x0a"     \
    "10.11.6\0"          \
    "\x07\0\0\0"         \
    "abcdefgh"           \
    "\0"                 \
    "\xfe" can "\x21\x02\0xyzxyzxyzxyzxyzxy"
#define MYSQL_ASK \
    "\x20\0\0\x01\x85\xae\x7f\0\0\0\0\x01\x21\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
#define PG_ASK "\0\0\0\x08\x04\xd2\x16\x2f"

static const struct {
    enum starttls protocol;
    struct turn turns[TURNS];
    const char *code;  // NULL: it is over, in good order
    const char *words; // in the message or the hint
} cases[] = {
    {STARTTLS_SMTP,
     {{S("220-mx.example ESMTP\r\n220-wait\r\n220 go\r\n"), S("EHLO mx.example\r\n")},
      {S("250-mx.example\r\n250-PIPELINING\r\n250-starttls\r\n250 HELP\r\n"), S("STARTTLS\r\n")},
      {S("220 2.0.0 Ready to start TLS\r\n"), S("")}},
     NULL,
     ""},
    {STARTTLS_SMTP,
     {{S("220 mx\n"), S("EHLO mx.example\r\n")},
      {S("250 STARTTLS\n"), S("STARTTLS\r\n")},
      {S("220\n"), S("")}},
     NULL,
     ""},
    {STARTTLS_SMTP,
     {{S("554 no entry\r\n"), S("")}},
     "starttls_refused",
     "turns us away: it says \"554 no entry\""},
    {STARTTLS_SMTP, {{S("421 too busy\r\n"), S("")}}, "starttls_refused", "421 too busy"},
    {STARTTLS_SMTP,
     {{S("220 mx\r\n"), S("EHLO mx.example\r\n")},
      {S("250-mx\r\n250-STARTTLSX\r\n250-X STARTTLS\r\n250 HELP\r\n"), S("")}},
     "starttls_unsupported",
     "speaks SMTP, but does not offer STARTTLS"},
    {STARTTLS_SMTP,
     {{S("220 mx\r\n"), S("EHLO mx.example\r\n")}, {S("554 not you\r\n"), S("")}},
     "starttls_refused",
     "turns us away: it says \"554 not you\""},
    {STARTTLS_SMTP,
     {{S("220 mx\r\n"), S("EHLO mx.example\r\n")}, {S("502 EHLO?\r\n"), S("")}},
     "starttls_unsupported",
     "does not offer"},
    {STARTTLS_SMTP,
     {{S("220 mx\r\n"), S("EHLO mx.example\r\n")}, {S("421 bye\r\n"), S("")}},
     "starttls_refused",
     "turns us away"},
    {STARTTLS_SMTP,
     {{S("220 mx\r\n"), S("EHLO mx.example\r\n")},
      {S("250-x\r\n250 STARTTLS\r\n"), S("STARTTLS\r\n")},
      {S("454 4.7.0 TLS not available\r\n"), S("")}},
     "starttls_refused",
     "refuses STARTTLS: it says \"454 4.7.0 TLS"},
    {STARTTLS_SMTP, {{S("SSH-2.0-OpenSSH\r\n"), S("")}}, "protocol_error", "this looks like SSH"},
    {STARTTLS_SMTP,
     {{S("2200 x\r\n"), S("")}},
     "protocol_error",
     "does not speak SMTP: it says \"2200 x\""},
    {STARTTLS_SMTP, {{S("-20 x\r\n"), S("")}}, "protocol_error", "does not speak SMTP"},
    {STARTTLS_SMTP, {{S("* OK IMAP\r\n"), S("")}}, "protocol_error", "starttls imap"},
    {STARTTLS_LMTP,
     {{S("220 lmtp\r\n"), S("LHLO mx.example\r\n")},
      {S("250-x\r\n250 STARTTLS\r\n"), S("STARTTLS\r\n")},
      {S("220 ok\r\n"), S("")}},
     NULL,
     ""},
    {STARTTLS_IMAP,
     {{S("* OK [CAPABILITY IMAP4rev1] ready\r\n"), S("a1 CAPABILITY\r\n")},
      {S("* CAPABILITY IMAP4rev1 STARTTLS LOGINDISABLED\r\n* OK fine\r\na1 OK done\r\n"),
       S("a2 STARTTLS\r\n")},
      {S("* OK wait\r\na2 OK begin\r\n"), S("")}},
     NULL,
     ""},
    {STARTTLS_IMAP, {{S("* PREAUTH hello\r\n"), S("")}}, "starttls_refused", "PREAUTH"},
    {STARTTLS_IMAP,
     {{S("* BYE full\r\n"), S("")}},
     "starttls_refused",
     "turns us away: it says \"* BYE full\""},
    {STARTTLS_IMAP, {{S("* HELLO\r\n"), S("")}}, "protocol_error", "does not speak IMAP"},
    {STARTTLS_IMAP,
     {{S("* OK\r\n"), S("a1 CAPABILITY\r\n")}, {S("* CAPABILITY IMAP4rev1\r\na1 OK\r\n"), S("")}},
     "starttls_unsupported",
     "does not offer STARTTLS"},
    {STARTTLS_IMAP,
     {{S("* OK\r\n"), S("a1 CAPABILITY\r\n")}, {S("a1 BAD what\r\n"), S("")}},
     "starttls_unsupported",
     ""},
    {STARTTLS_IMAP,
     {{S("* OK\r\n"), S("a1 CAPABILITY\r\n")},
      {S("* CAPABILITY STARTTLS\r\na1 OK\r\n"), S("a2 STARTTLS\r\n")},
      {S("a2 NO not now\r\n"), S("")}},
     "starttls_refused",
     "a2 NO not now"},
    {STARTTLS_IMAP,
     {{S("* OK\r\n"), S("a1 CAPABILITY\r\n")}, {S("* BYE x\r\n"), S("")}},
     "starttls_refused",
     ""},
    {STARTTLS_POP3, {{S("+OK <1@x>\r\n"), S("STLS\r\n")}, {S("+OK begin\r\n"), S("")}}, NULL, ""},
    {STARTTLS_POP3, {{S("-ERR busy\r\n"), S("")}}, "starttls_refused", "turns us away"},
    {STARTTLS_POP3,
     {{S("+OK\r\n"), S("STLS\r\n")}, {S("-ERR what?\r\n"), S("")}},
     "starttls_refused",
     "refuses STLS: it says \"-ERR what?\""},
    {STARTTLS_POP3, {{S("+OKAY\r\n"), S("")}}, "protocol_error", "does not speak POP3"},
    {STARTTLS_FTP,
     {{S("120 soon\r\n220-Welcome\r\n 220 x\r\n230 y\r\n220-z\r\n220 now\r\n"), S("AUTH TLS\r\n")},
      {S("234-well\r\n234 proceed\r\n"), S("")}},
     NULL,
     ""},
    {STARTTLS_FTP, {{S("421 full\r\n"), S("")}}, "starttls_refused", "turns us away"},
    {STARTTLS_FTP,
     {{S("220\r\n"), S("AUTH TLS\r\n")}, {S("502 no\r\n"), S("")}},
     "starttls_unsupported",
     "does not offer AUTH TLS"},
    {STARTTLS_FTP,
     {{S("220\r\n"), S("AUTH TLS\r\n")}, {S("530 log in\r\n"), S("")}},
     "starttls_refused",
     "530 log in"},
    {STARTTLS_FTP, {{S("hello\r\n"), S("")}}, "protocol_error", "does not speak FTP"},
    {STARTTLS_SIEVE,
     {{S("\"IMPLEMENTATION\" \"x\"\r\n\"SIEVE\" \"fileinto\"\r\n\"StartTLS\"\r\nOK \"hi\"\r\n"),
       S("STARTTLS\r\n")},
      {S("OK \"begin\"\r\n"), S("")}},
     NULL,
     ""},
    {STARTTLS_SIEVE,
     {{S("\"SASL\" \"\"\r\nOK(TAG) \"x\"\r\n"), S("")}},
     "starttls_unsupported",
     "ManageSieve"},
    {STARTTLS_SIEVE, {{S("BYE \"no\"\r\n"), S("")}}, "starttls_refused", "turns us away"},
    {STARTTLS_SIEVE, {{S("NO \"no\"\r\n"), S("")}}, "starttls_refused", "turns us away"},
    {STARTTLS_SIEVE, {{S("OKAY\r\n"), S("")}}, "protocol_error", ""},
    {STARTTLS_SIEVE,
     {{S("\"STARTTLS\"\r\nOK\r\n"), S("STARTTLS\r\n")}, {S("NO (X) \"x\"\r\n"), S("")}},
     "starttls_refused",
     "refuses STARTTLS"},
    {STARTTLS_NNTP,
     {{S("201 news\r\n"), S("CAPABILITIES\r\n")},
      {S("101 list\r\nVERSION 2\r\nSTARTTLS\r\n.\r\n"), S("STARTTLS\r\n")},
      {S("382 go\r\n"), S("")}},
     NULL,
     ""},
    {STARTTLS_NNTP, {{S("502 no\r\n"), S("")}}, "starttls_refused", "turns us away"},
    {STARTTLS_NNTP,
     {{S("200 n\r\n"), S("CAPABILITIES\r\n")}, {S("101 x\r\nREADER\r\n.\r\n"), S("")}},
     "starttls_unsupported",
     ""},
    {STARTTLS_NNTP,
     {{S("200 n\r\n"), S("CAPABILITIES\r\n")}, {S("500 what\r\n"), S("")}},
     "starttls_unsupported",
     ""},
    {STARTTLS_NNTP,
     {{S("200 n\r\n"), S("CAPABILITIES\r\n")},
      {S("101\r\nSTARTTLS\r\n.\r\n"), S("STARTTLS\r\n")},
      {S("580 no\r\n"), S("")}},
     "starttls_refused",
     "580 no"},
    {STARTTLS_IRC,
     {{N("STARTTLS\r\n")},
      {S(":irc.example NOTICE * :*** Looking up\r\nNOTICE AUTH :hi\r\n:irc.example 670 * :go\r\n"),
       S("")}},
     NULL,
     ""},
    {STARTTLS_IRC,
     {{N("STARTTLS\r\n")}, {S(":x 691 * :no\r\n"), S("")}},
     "starttls_refused",
     "691"},
    {STARTTLS_IRC,
     {{N("STARTTLS\r\n")}, {S(":x 421 * STARTTLS :what\r\n"), S("")}},
     "starttls_unsupported",
     "IRC"},
    {STARTTLS_IRC, {{N("STARTTLS\r\n")}, {S("451 :first\r\n"), S("")}}, "starttls_unsupported", ""},
    {STARTTLS_IRC,
     {{N("STARTTLS\r\n")}, {S("ERROR :closing\r\n"), S("")}},
     "starttls_refused",
     "turns us away"},
    {STARTTLS_IRC,
     {{N("STARTTLS\r\n")}, {S("220 mx ESMTP\r\n"), S("")}, {S("500-what\r\n"), S("")}},
     "protocol_error",
     "does not speak IRC"},
    {STARTTLS_IRC, {{N("STARTTLS\r\n")}, {S("\r\n"), S("")}}, "protocol_error", ""},
    {STARTTLS_XMPP,
     {{N(STREAM("jabber:client"))},
      {S(XMPP_OFFER), S("<starttls " XMPP_TLS "/>")},
      {S("\n<proceed " XMPP_TLS "/>"), S("")}},
     NULL,
     ""},
    {STARTTLS_XMPP_SERVER,
     {{N(STREAM("jabber:server"))},
      {S(XMPP_OFFER), S("<starttls " XMPP_TLS "/>")},
      {S("<proceed " XMPP_TLS "></proceed>"), S("")}},
     NULL,
     ""},
    {STARTTLS_XMPP,
     {{N(STREAM("jabber:client"))}, {S("<s:stream><s:features/>"), S("")}},
     "starttls_unsupported",
     "XMPP"},
    {STARTTLS_XMPP,
     {{N(STREAM("jabber:client"))},
      {S("<s:stream><s:features><starttls xmlns='x'/></s:features>"), S("")}},
     "starttls_unsupported",
     ""},
    {STARTTLS_XMPP,
     {{N(STREAM("jabber:client"))},
      {S(XMPP_HEAD "<stream:error><host-unknown xmlns='x'/>"), S("")}},
     "starttls_refused",
     "does not serve the domain mx.example"},
    {STARTTLS_XMPP,
     {{N(STREAM("jabber:client"))}, {S(XMPP_HEAD "</stream:stream>"), S("")}},
     "starttls_refused",
     ""},
    {STARTTLS_XMPP,
     {{N(STREAM("jabber:client"))},
      {S(XMPP_OFFER), S("<starttls " XMPP_TLS "/>")},
      {S("<failure " XMPP_TLS "/>"), S("")}},
     "starttls_refused",
     "refuses STARTTLS"},
    {STARTTLS_XMPP,
     {{N(STREAM("jabber:client"))},
      {S(XMPP_OFFER), S("<starttls " XMPP_TLS "/>")},
      {S("<proceed><x>"), S("")}},
     "protocol_error",
     ""},
    {STARTTLS_XMPP,
     {{N(STREAM("jabber:client"))},
      {S(XMPP_OFFER), S("<starttls " XMPP_TLS "/>")},
      {S("<message/>"), S("")}},
     "protocol_error",
     ""},
    {STARTTLS_XMPP,
     {{N(STREAM("jabber:client"))}, {S("<html>"), S("")}},
     "protocol_error",
     "does not speak XMPP"},
    {STARTTLS_XMPP, {{N(STREAM("jabber:client"))}, {S("</stream>"), S("")}}, "protocol_error", ""},
    {STARTTLS_XMPP, {{N(STREAM("jabber:client"))}, {S("<>"), S("")}}, "protocol_error", ""},
    {STARTTLS_XMPP,
     {{N(STREAM("jabber:client"))}, {S("H"), S("")}},
     "protocol_error",
     "does not speak XMPP"},
    {STARTTLS_LDAP,
     {{N(LDAP_ASK)}, {S("\x30\x0c\x02\x01\x01\x78\x07\x0a\x01\x00\x04\x00\x04\x00"), S("")}},
     NULL,
     ""},
    {STARTTLS_LDAP,
     {{N(LDAP_ASK)},
      {S("\x30\x84\x00\x00\x00\x28\x02\x01\x01\x78\x84\x00\x00\x00\x1f\x0a\x01\x00\x04\x00\x04\x00"
         "\x8a\x16"
         "1.3.6.1.4.1.1466.20037"),
       S("")}},
     NULL,
     ""},
    {STARTTLS_LDAP,
     {{N(LDAP_ASK)},
      {S("\x30\x10\x02\x01\x01\x78\x0b\x0a\x01\x34\x04\x00\x04\x04"
         "busy"),
       S("")}},
     "starttls_refused",
     "refuses StartTLS: it says \"busy\""},
    {STARTTLS_LDAP,
     {{N(LDAP_ASK)}, {S("\x30\x0c\x02\x01\x01\x78\x07\x0a\x01\x02\x04\x00\x04\x00"), S("")}},
     "starttls_unsupported",
     "StartTLS"},
    {STARTTLS_LDAP,
     {{N(LDAP_ASK)},
      {S("\x30\x0f\x02\x01\x00\x78\x0a\x0a\x01\x34\x04\x00\x04\x03"
         "bye"),
       S("")}},
     "starttls_refused",
     "turns us away: it says \"bye\""},
    {STARTTLS_LDAP,
     {{N(LDAP_ASK)}, {S("\x30\x0c\x02\x01\x02\x78\x07\x0a\x01\x00\x04\x00\x04\x00"), S("")}},
     "protocol_error",
     "does not speak LDAP"},
    {STARTTLS_LDAP,
     {{N(LDAP_ASK)}, {S("\x30\x08\x02\x01\x01\x78\x03\x0a\x02\x00"), S("")}},
     "protocol_error",
     ""},
    {STARTTLS_LDAP, {{N(LDAP_ASK)}, {S("\x30\x03\x02\x01\x01"), S("")}}, "protocol_error", ""},
    {STARTTLS_LDAP, {{N(LDAP_ASK)}, {S("\x30\x80"), S("")}}, "protocol_error", ""},
    {STARTTLS_LDAP, {{N(LDAP_ASK)}, {S("\x30\x85"), S("")}}, "protocol_error", ""},
    {STARTTLS_LDAP, {{N(LDAP_ASK)}, {S("2"), S("")}}, "protocol_error", ""},
    {STARTTLS_POSTGRES, {{N(PG_ASK)}, {S("S"), S("")}}, NULL, ""},
    {STARTTLS_POSTGRES, {{N(PG_ASK)}, {S("N"), S("")}}, "starttls_unsupported", "PostgreSQL"},
    {STARTTLS_POSTGRES, {{N(PG_ASK)}, {S("E"), S("")}}, "starttls_refused", "an error"},
    {STARTTLS_POSTGRES,
     {{N(PG_ASK)}, {S("\x15"), S("")}},
     "protocol_error",
     "does not speak PostgreSQL"},
    {STARTTLS_POSTGRES, {{N(PG_ASK)}, {S("\0"), S("")}}, "protocol_error", ""},
    {STARTTLS_MYSQL, {{S(MYSQL_HELLO("\xff")), S(MYSQL_ASK)}}, NULL, ""},
    {STARTTLS_MYSQL,
     {{S(MYSQL_HELLO("\xf7")), S(MYSQL_ASK)}},
     "starttls_unsupported",
     "does not offer TLS"},
    {STARTTLS_MYSQL,
     {{S("\x0a\0\0\0\xff\x69\x04"
         "go away"),
       S("")}},
     "starttls_refused",
     "turns us away: it says \"go away\""},
    {STARTTLS_MYSQL, {{S("\x01\0\0\0\xff"), S("")}}, "starttls_refused", ""},
    {STARTTLS_MYSQL,
     {{S("\x05\0\0\0\x09"
         "3.20"),
       S("")}},
     "protocol_error",
     "does not speak MySQL"},
    {STARTTLS_MYSQL,
     {{S("\x06\0\0\0\x0a"
         "4.1\0a"),
       S("")}},
     "protocol_error",
     ""},
    {STARTTLS_MYSQL, {{S("\x01\0\0\x01"), S("")}}, "protocol_error", ""},
    {STARTTLS_MYSQL, {{S("220 "), S("")}}, "protocol_error", "SMTP or FTP"},
};

// Feeds one turn, cut in two at byte `cut`, with a tail that is not the dialogue's. Returns its
// last step.
static enum dialogue_step turn_feed(struct dialogue *d, struct str text, size_t cut, bool has_tail)
{
    enum dialogue_step step = DIALOGUE_ON;
    char all[4096];
    size_t used = 0, at = 0;

    assert_true(text.len + 4 < sizeof all);
    memcpy(all, text.p, text.len);
    memcpy(all + text.len, "tail", 4);
    if (cut > 0 && cut < text.len) {
        step = dialogue_take(d, (struct str){all, cut}, &used);
        assert_int_equal(used, cut);
        assert_int_equal(step, DIALOGUE_ON);
        assert_int_equal(d->out.len, 0);
        at = cut;
    }
    step = dialogue_take(d, (struct str){all + at, text.len - at + (has_tail ? 4 : 0)}, &used);
    assert_int_equal(at + used, text.len);
    return step;
}

// The whole script with each turn cut at byte `cut`; false when it is shorter than that everywhere.
static bool script_run(size_t i, size_t cut)
{
    const struct dialogue_kind *kind = starttls_kind(cases[i].protocol);
    enum dialogue_step step = DIALOGUE_ON;
    struct dialogue d;
    bool is_cut = cut == 0;
    size_t t = 0;

    dialogue_init(&d, kind, "mx.example:25", "mx.example");
    dialogue_open(&d);
    if (!cases[i].turns[0].server.p) {
        assert_true(str_eq(buf_str(&d.out), cases[i].turns[0].client));
        buf_clear(&d.out);
        t = 1;
    }
    for (; t < TURNS && cases[i].turns[t].server.p; t++) {
        const struct turn *turn = &cases[i].turns[t];
        bool is_last = t + 1 == TURNS || !cases[i].turns[t + 1].server.p;

        is_cut = is_cut || cut < turn->server.len;
        step = turn_feed(&d, turn->server, cut, is_last);
        if ((step == DIALOGUE_ON) == is_last)
            fail_msg("case %zu, turn %zu, cut %zu: step %d, %s", i, t, cut, (int)step,
                     d.error.message);
        if (step != DIALOGUE_FAIL && !str_eq(buf_str(&d.out), turn->client))
            fail_msg("case %zu, turn %zu, cut %zu: says \"%.*s\"", i, t, cut, STR(buf_str(&d.out)));
        buf_clear(&d.out);
    }
    if (!cases[i].code && step != DIALOGUE_OVER)
        fail_msg("case %zu: %s (%s)", i, d.error.message, d.error.hint);
    if (cases[i].code &&
        (step != DIALOGUE_FAIL || strcmp(d.code, cases[i].code) != 0 ||
         (!strstr(d.error.message, cases[i].words) && !strstr(d.error.hint, cases[i].words))))
        fail_msg("case %zu: %s: %s (%s)", i, d.code, d.error.message, d.error.hint);
    dialogue_done(&d);
    return is_cut;
}

static void test_scripts_cut_everywhere(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++)
        for (size_t cut = 0; script_run(i, cut); cut++)
            ;
}

// Servers that never come to the point.
static void test_floods_end(void **state)
{
    static const struct {
        enum starttls protocol;
        const char *block, *words;
    } floods[] = {
        {STARTTLS_SMTP, "220-more\r\n", "lines without end"},
        {STARTTLS_SMTP, "2", "a reply without end"},
        {STARTTLS_FTP, "220-x\r\n", "lines without end"},
        {STARTTLS_IMAP, "a", "a reply without end"},
        {STARTTLS_IRC, ":x NOTICE * :y\r\n", "lines without end"},
        {STARTTLS_NNTP, "2", "a reply without end"},
        {STARTTLS_SIEVE, "\"X\"\r\n", "lines without end"},
        {STARTTLS_XMPP, " ", "a reply without end"},
        {STARTTLS_LDAP, "\x30\x84\x01", "a reply without end"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(floods); i++) {
        struct str block = str_of(floods[i].block);
        enum dialogue_step step = DIALOGUE_ON;
        struct dialogue d;
        size_t used, all = 0;

        dialogue_init(&d, starttls_kind(floods[i].protocol), "x", "y");
        while (step == DIALOGUE_ON) {
            step = dialogue_take(&d, block, &used);
            all += used;
        }
        assert_int_equal(step, DIALOGUE_FAIL);
        assert_true(all <= DIALOGUE_MAX);
        assert_string_equal(d.code, "protocol_error");
        if (!strstr(d.error.message, floods[i].words))
            fail_msg("%zu: %s", i, d.error.message);
        dialogue_done(&d);
    }
}

// Long lines, each within its limit, until all together are too much.
static void test_long_lines_end(void **state)
{
    char line[3000];
    enum dialogue_step step = DIALOGUE_ON;
    struct dialogue d;
    size_t used, all = 0;

    (void)state;
    memset(line, 'x', sizeof line);
    memcpy(line, "220-", 4);
    line[sizeof line - 1] = '\n';
    dialogue_init(&d, starttls_kind(STARTTLS_SMTP), "x", "y");
    while (step == DIALOGUE_ON) {
        step = dialogue_take(&d, (struct str){line, sizeof line}, &used);
        all += used;
    }
    assert_int_equal(step, DIALOGUE_FAIL);
    assert_int_equal(all, DIALOGUE_MAX);
    assert_non_null(strstr(d.error.message, "more and more"));
    dialogue_done(&d);
}

static void test_the_table(void **state)
{
    (void)state;
    assert_int_equal(starttls_find(S("smtp")), STARTTLS_SMTP);
    assert_int_equal(starttls_find(S("xmpp-server")), STARTTLS_XMPP_SERVER);
    assert_int_equal(starttls_find(S("SMTP")), STARTTLS_NONE);
    assert_int_equal(starttls_find(S("")), STARTTLS_NONE);
    assert_int_equal(starttls_of_port(587), STARTTLS_SMTP);
    assert_int_equal(starttls_of_port(443), STARTTLS_NONE);
    assert_null(starttls_word(STARTTLS_NONE));
    for (enum starttls s = STARTTLS_NONE + 1; s < STARTTLS_COUNT; s++) {
        assert_int_equal(starttls_find(str_of(starttls_word(s))), s);
        assert_int_equal(starttls_of_port(starttls_port(s)), s);
        assert_string_equal(starttls_words[s - 1], starttls_word(s));
    }
    assert_null(starttls_words[STARTTLS_COUNT - 1]);
}

// What a row of starttls.def cannot get wrong without a script above failing, said once more for
// those who add one.
static void test_the_kinds(void **state)
{
    static const struct {
        enum starttls protocol;
        struct dialogue_kind is;
    } kinds[] = {
        {STARTTLS_SMTP, {.part = dialogue_line, .take = smtp_take}},
        {STARTTLS_LMTP, {.part = dialogue_line, .take = lmtp_take}},
        {STARTTLS_IMAP, {.part = dialogue_line, .take = imap_take}},
        {STARTTLS_POP3, {.part = dialogue_line, .take = pop3_take}},
        {STARTTLS_FTP, {.part = dialogue_line, .take = ftp_take}},
        {STARTTLS_SIEVE, {.part = dialogue_line, .take = sieve_take}},
        {STARTTLS_NNTP, {.part = dialogue_line, .take = nntp_take}},
        {STARTTLS_IRC, {.open = irc_open, .part = dialogue_line, .take = irc_take}},
        {STARTTLS_XMPP, {.open = xmpp_client_open, .part = xmpp_part, .take = xmpp_take}},
        {STARTTLS_XMPP_SERVER, {.open = xmpp_server_open, .part = xmpp_part, .take = xmpp_take}},
        {STARTTLS_LDAP, {.open = ldap_open, .part = ldap_part, .take = ldap_take}},
        {STARTTLS_POSTGRES, {.open = postgres_open, .part = postgres_part, .take = postgres_take}},
        {STARTTLS_MYSQL, {.part = mysql_part, .take = mysql_take}},
    };

    (void)state;
    assert_int_equal(COUNT(kinds), STARTTLS_COUNT - 1);
    for (size_t i = 0; i < COUNT(kinds); i++) {
        const struct dialogue_kind *kind = starttls_kind(kinds[i].protocol);

        assert_true(kind->open == kinds[i].is.open && kind->part == kinds[i].is.part &&
                    kind->take == kinds[i].is.take);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_kinds),  cmocka_unit_test(test_scripts_cut_everywhere),
        cmocka_unit_test(test_floods_end), cmocka_unit_test(test_long_lines_end),
        cmocka_unit_test(test_the_table),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
