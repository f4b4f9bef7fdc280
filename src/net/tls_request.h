// tls_request.h - certificate checks as JSON asks for them: of one host, or of many, which may lie
// in a file.
//
// One host is {"host": "mail.example.org", "port": 25, "starttls": "smtp"}: host (HOST or
// HOST:PORT), port, timeout (a duration, or seconds, for all phases together) and the options of
// tls_options.def by their names; sni may be written for name, pins for pin, warn for warning.
// Values are texts, as everywhere, or what they mean: numbers, lists, and for severity an object.
// A host may also be written as a line: "mail.example.org:25 starttls=smtp warning=21d".
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "base/err.h"
#include "base/str.h"
#include "base/vec.h"
#include "net/tls_options.h"
#include "net/tls_target.h"

enum {
    TLS_LIST_MAX = 10000,       // hosts
    TLS_LIST_FILE_MAX = 1 << 20 // bytes of a file of hosts
};

// Reads one host. base has the options that are not given; NULL: none. The target's options are the
// caller's to drop. Refuses with ERR_INPUT; the field is the member's name.
[[nodiscard]] bool tls_request_read(const json_t *object, const struct tls_options *base,
                                    struct tls_target *ret_target, struct err *e);

// The same from a line: HOST[:PORT] and options as NAME=VALUE, with blanks between them.
[[nodiscard]] bool tls_request_line(struct str line, const struct tls_options *base,
                                    struct tls_target *ret_target, struct err *e);

// Hosts to be checked together; zero is none.
struct tls_list {
    VEC(struct tls_target);
    bool is_many;      // given as a list or a file, were it of one host
    bool is_adaptive;  // who is well is checked once a day only
    int64_t spread_us; // from the first check's start to the last one's
    const char *path;  // the file, the list's own; NULL: none
};

// Reads what a job checks: "HOST[:PORT]", or a JSON object as above, or one with hosts (a list of
// lines and objects), file (a line each; "#" begins a remark) or both instead of host and port, and
// with spread and adaptive; other members are options of all hosts. Refuses with ERR_INPUT; the
// field is the place in the object, as in "hosts.3.port", or empty. End the list in either case.
[[nodiscard]] bool tls_list_read(struct str text, const struct tls_options *base,
                                 struct tls_list *list, struct err *e);
void tls_list_done(struct tls_list *list);

// The lines of such a file, without the mark that editors of Windows put before UTF-8.
struct str tls_list_text(struct str file);
