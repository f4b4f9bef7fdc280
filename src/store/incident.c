// incident.c - words for what is kept of alerts.
// SPDX-License-Identifier: Apache-2.0
#include "store/incident.h"

const char *incident_kind_name(enum incident_kind kind)
{
    switch (kind) {
#define X(name, number, text, sentence) \
    case name:                          \
        return text;
#include "store/incident_kind.def"
#undef X
    }
    return "unknown";
}

const char *incident_kind_sentence(enum incident_kind kind)
{
    switch (kind) {
#define X(name, number, text, sentence) \
    case name:                          \
        return sentence;
#include "store/incident_kind.def"
#undef X
    }
    return "";
}

const char *delivery_state_name(enum delivery_state state)
{
    static const char *const names[] = {"waiting", "sent", "given_up"};

    return (size_t)state < sizeof names / sizeof *names ? names[state] : "unknown";
}
