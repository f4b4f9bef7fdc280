// starttls_line.h - the dialogues that are held in lines: SMTP, LMTP, IMAP, POP3, FTP, ManageSieve,
// NNTP, IRC.
//
// For the table in starttls.c; each takes one line.
#pragma once

#include "net/dialogue.h"

enum dialogue_step smtp_take(struct dialogue *d, struct str line);  // RFC 3207
enum dialogue_step lmtp_take(struct dialogue *d, struct str line);  // RFC 2033
enum dialogue_step imap_take(struct dialogue *d, struct str line);  // RFC 9051, 6.2.1
enum dialogue_step pop3_take(struct dialogue *d, struct str line);  // RFC 2595, 4
enum dialogue_step ftp_take(struct dialogue *d, struct str line);   // RFC 4217, 4
enum dialogue_step sieve_take(struct dialogue *d, struct str line); // RFC 5804, 2.2
enum dialogue_step nntp_take(struct dialogue *d, struct str line);  // RFC 4642, 2.2
void irc_open(struct dialogue *d);
enum dialogue_step irc_take(struct dialogue *d, struct str line); // IRCv3, tls
