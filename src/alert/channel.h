// channel.h - a way to tell somebody: its definition, what of it is secret, and all of them by
// name.
//
// Secrets are write-only. What is shown has "***" in their place; whoever sends that back keeps
// what is stored. URLs that are keys themselves are shown as far as the host.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include "base/err.h"
#include "base/json_write.h"
#include "base/vec.h"
#include "job/model.h"
#include "store/store.h"

enum channel_kind {
#define X(name, text, sentence) name,
#include "alert/channel_kind.def"
#undef X
    CHANNEL_KINDS
};

extern const char *const channel_kind_names[];     // ends with NULL
extern const char *const channel_starttls_names[]; // in the order of enum post_tls

struct channel_form {
#define X(member, ctype, ...) ctype member;
#include "alert/channel_form.def"
#undef X
};

extern const struct model channel_put_model;

struct channel {
    struct store_calendar row; // texts owned
    json_t *json;              // the definition, owned: what form points into
    struct channel_form form;
    int64_t sent, failed, given_up; // since the start
};

#define CHANNEL_MASK "***"
#define CHANNELS_MAX 200

// Reads a definition, which was decoded by channel_put_model: what its kind needs is there, what it
// does not have is not, URLs and addresses are such. before (may be NULL): masks mean its secrets.
// *ret_json is the definition to be stored; end it with json_decref. False with complaints.
[[nodiscard]] bool channel_check(const json_t *given, const struct channel *before,
                                 struct model_issues *issues, json_t **ret_json);

// A channel from its row. NULL, with the reason in *e, when the row cannot be understood.
[[nodiscard]] struct channel *channel_new(const struct store_calendar *row, struct err *e);
void channel_free(struct channel *channel); // accepts NULL

// Writes the definition's members, without secrets.
void channel_write(const struct channel *channel, struct json_write *w);

// A URL as far as it may be shown: "https://hooks.example.org/***".
void channel_url_mask(struct str url, struct buf *out);

// All channels. {0} is none.
struct channels {
    VEC_OF(struct channel *) list; // by name; owned
};

struct channel *channels_find(const struct channels *c, struct str name); // NULL: there is none
void channels_put(struct channels *c, struct channel *channel); // takes the place of its name's
void channels_remove(struct channels *c, struct str name);
void channels_done(struct channels *c);
