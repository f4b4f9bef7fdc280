// greeting.c - tells servers apart by how they begin.
// SPDX-License-Identifier: Apache-2.0
#include "net/greeting.h"

const char *greeting_line(struct str bytes, char out[GREETING_MAX + 1])
{
    size_t n = 0;

    while (n < bytes.len && n < GREETING_MAX && bytes.p[n] != '\r' && bytes.p[n] != '\n') {
        unsigned char c = (unsigned char)bytes.p[n];

        out[n++] = (char)(c < 0x20 || c > 0x7e ? '.' : c);
    }
    out[n] = '\0';
    return out;
}

const char *greeting_hint(struct str bytes)
{
    static const struct {
        const char *start, *hint;
    } known[] = {
        {"HTTP/", "this looks like plain HTTP; HTTPS has another port, most often 443 or 8443"},
        {"<", "this looks like XMPP (ask with starttls xmpp) or plain HTTP"},
        {"SSH-", "this looks like SSH, which has no certificates of this kind"},
        {"220",
         "this looks like SMTP or FTP: ask with starttls smtp or ftp, or on port 465 or 990"},
        {"+OK", "this looks like POP3: ask with starttls pop3, or on port 995"},
        {"* OK", "this looks like IMAP: ask with starttls imap, or on port 993"},
        {"\"IMPLEMENTATION\"", "this looks like ManageSieve: ask with starttls sieve"},
        {"200 ", "this looks like NNTP: ask with starttls nntp, or on port 563"},
        {"201 ", "this looks like NNTP: ask with starttls nntp, or on port 563"},
        {"RFB ", "this looks like VNC"},
        {"-ERR", "this looks like Redis or POP3 without TLS"},
        {"\x15\x03", "this looks like TLS from the start: ask without starttls"},
        {"\x16\x03", "this looks like TLS from the start: ask without starttls"},
    };
    bool is_mysql = bytes.len > 4 && bytes.p[3] == 0 && bytes.p[4] == 0x0a;

    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (str_starts(bytes, str_of(known[i].start)))
            return known[i].hint;
    return is_mysql ? "this looks like MySQL: ask with starttls mysql" : "is this the right port?";
}
