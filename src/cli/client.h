// client.h - asks a server: one request at a time, by libcurl, whoever waits for the answer.
//
// The server is what --server says, else $BELFRY_SERVER, else http://127.0.0.1:8000; "unix:PATH"
// is a socket of this machine. No proxy is asked: belfry is near, and an environment made for the
// way out of a company's network would lead away from it. Each request has the header
// accept: application/problem+json, so that an error tells everything in one form.
#pragma once

#include <stdbool.h>

#include <jansson.h>

#include "base/buf.h"
#include "base/err.h"
#include "cli/typed.h"

struct client;

// Reads --server and --timeout; nothing is asked yet. Errors are ERR_USAGE. End it with
// client_close (which accepts NULL).
[[nodiscard]] bool client_open(const struct typed *typed, struct client **ret_client,
                               struct err *e);
void client_close(struct client *client);

// As the person named it: "http://127.0.0.1:8000", "unix:/run/belfry.sock".
const char *client_server(const struct client *client);

struct client_reply {
    int status;       // 200 to 299, but for client_try
    struct buf text;  // as it came
    json_t *json;     // of a JSON body, else NULL
    bool is_repeated; // Idempotent-Replayed: true
};
void client_reply_done(struct client_reply *reply);

// One request. path begins with '/' and is escaped already (client_escape). body is sent as JSON;
// NULL: none. Errors: ERR_NO_SERVER when nobody answers, ERR_TIMEOUT; what the server refuses is
// told in its own words, with the code that gives the exit status; field is its code
// ("job_not_found").
[[nodiscard]] bool client_ask(struct client *client, const char *method, const char *path,
                              const json_t *body, struct client_reply *ret_reply, struct err *e);

// As client_ask, but what the server refuses is a reply as well: *ret_reply with any status, true.
// Errors are those of getting there. What a refusal means, for *e: client_refusal.
[[nodiscard]] bool client_try(struct client *client, const char *method, const char *path,
                              const json_t *body, struct client_reply *ret_reply, struct err *e);
bool client_refusal(const struct client_reply *reply, struct err *e); // always false

// Adds a header to the next request; both are copied.
void client_header(struct client *client, const char *name, const char *value);

// Adds a piece of a path or query, with what has a meaning there escaped.
void client_escape(struct buf *path, const char *piece);

// How a reply that goes on is read: data is called with what came; when it returns false the
// reading ends, and so it does when stop_fd (or -1) becomes readable, both without an error.
// limit_ms: how long at most, then ERR_TIMEOUT; 0: for ever.
struct client_reader {
    bool (*data)(struct str data, void *ctx);
    void *ctx;
    int stop_fd;
    int64_t limit_ms;
};

// Reads a reply that goes on. True when it ended; *ret_is_over: the server ended it.
[[nodiscard]] bool client_follow(struct client *client, const char *path,
                                 const struct client_reader *reader, bool *ret_is_over,
                                 struct err *e);
