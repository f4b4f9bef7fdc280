// alert_models.c - the tables of channels, default rules and incidents.
// SPDX-License-Identifier: Apache-2.0
#include "api/alert_models.h"

#include "alert/channel.h"
#include "api/model_rows.h"
#include "job/job.h"
#include "job/notify.h"

static const char *const state_names[] = {"open", "closed", "all", NULL};

static const struct model_field channel_params[] = {
    {.name = "name",
     .type = MODEL_TEXT,
     .offset = offsetof(struct channel_params, name),
     .required = 1,
     .pattern = CHANNEL_NAME_PATTERN,
     .check = channel_name_check,
     .doc = "Its name.",
     .example = "\"ops\""},
};
MODEL(channel_params_model, "ChannelParams", NULL, channel_params,
      .size = sizeof(struct channel_params), .is_loose = true)

static const struct model_field alert_params[] = {
    {.name = "id",
     .type = MODEL_INT,
     .offset = offsetof(struct alert_params, id),
     .required = 1,
     .min = 1,
     .max = INT64_MAX,
     .doc = "The incident's number.",
     .example = "1795693990408651"},
};
MODEL(alert_params_model, "AlertParams", NULL, alert_params, .size = sizeof(struct alert_params),
      .is_loose = true)

static const struct model_field alerts_query[] = {
    {.name = "state",
     .type = MODEL_ENUM,
     .offset = offsetof(struct alerts_query, state),
     .preset_n = ALERTS_ALL,
     .choices = state_names,
     .doc = "Which incidents (default all).",
     .example = "\"open\""},
    {.name = "job_id",
     .type = MODEL_TEXT,
     .offset = offsetof(struct alerts_query, job_id),
     .check = job_name_check,
     .pattern = JOB_NAME_PATTERN,
     .doc = "Those of one job.",
     .example = "\"backup\""},
    {.name = "limit",
     .type = MODEL_INT,
     .offset = offsetof(struct alerts_query, limit),
     .preset_n = 100,
     .min = 1,
     .max = INT64_MAX,
     .doc = "Incidents on this page; more than 1000 counts as 1000.",
     .example = "100"},
    {.name = "cursor",
     .type = MODEL_INT,
     .offset = offsetof(struct alerts_query, cursor),
     .max = INT64_MAX,
     .doc = "next_cursor of the page before.",
     .example = "1795693990408651"},
};
MODEL(alerts_query_model, "AlertsQuery", NULL, alerts_query, .size = sizeof(struct alerts_query),
      .is_loose = true)

static const struct model_field ack_form[] = {
    {.name = "until",
     .type = MODEL_TEXT,
     .offset = offsetof(struct ack_form, until),
     .is_nullable = true,
     .min = 1,
     .max = 64,
     .doc = "A moment (RFC 3339), or how long (\"4h\"); null: until it ends.",
     .example = "\"4h\""},
    {.name = "note",
     .type = MODEL_TEXT,
     .offset = offsetof(struct ack_form, note),
     .is_nullable = true,
     .max = 1000,
     .doc = "What others should know.",
     .example = "\"I am on it\""},
};
MODEL(ack_form_model, "AlertAck", "An acknowledgement.", ack_form, .size = sizeof(struct ack_form),
      .extra = MODEL_EXTRA_FORBID)

static const struct model_field notify_form[] = {
    {.name = "notify",
     .type = MODEL_LIST,
     .offset = offsetof(struct notify_form, notify),
     .required = 1,
     .model = &notify_rule_model,
     .doc = "The rules of jobs that have none of their own.",
     .example = "[{\"channel\":\"ops\"}]"},
};
MODEL(notify_form_model, "NotifyPut", "Rules of the instance.", notify_form,
      .size = sizeof(struct notify_form), .extra = MODEL_EXTRA_FORBID)

// --- replies
// ------------------------------------------------------------------------------------------------------

static const struct model_field notify_fields[] = {
    LIST("notify", &notify_rule_model, "The rules of jobs that have none of their own."),
    INT("version", "How often they were set.", "1"),
};
MODEL(notify_model, "Notify", "Rules of the instance.", notify_fields)

#define OPTIONAL(key, kind, words, sample)                         \
    {                                                              \
        .name = key, .type = kind, .doc = words, .example = sample \
    }

static const struct model_field channel_fields[] = {
    TEXT("name", "Its name.", "\"ops\""),
    {.name = "kind",
     .type = MODEL_ENUM,
     .required = 1,
     .choices = channel_kind_names,
     .doc = "How it is told.",
     .example = "\"webhook\""},
    OPTIONAL("description", MODEL_ANY, "As it was given, as are the next members.", "null"),
    OPTIONAL("url", MODEL_ANY, "Without what is secret in it.",
             "\"https://hooks.example.org/***\""),
    OPTIONAL("method", MODEL_ANY, "Of webhooks.", "\"POST\""),
    OPTIONAL("headers", MODEL_ANY, "Names; values are hidden.", "{\"authorization\":\"***\"}"),
    OPTIONAL("content_type", MODEL_ANY, "Of webhooks.", "\"application/json\""),
    OPTIONAL("body", MODEL_ANY, "Of webhooks.", "null"),
    OPTIONAL("secret", MODEL_ANY, "Hidden.", "\"***\""),
    OPTIONAL("token", MODEL_ANY, "Hidden.", "\"***\""),
    OPTIONAL("chat_id", MODEL_ANY, "Of Telegram.", "\"-1001\""),
    OPTIONAL("topic", MODEL_ANY, "Of ntfy.", "\"belfry\""),
    OPTIONAL("user", MODEL_ANY, "Of mail.", "\"belfry\""),
    OPTIONAL("password", MODEL_ANY, "Hidden.", "\"***\""),
    OPTIONAL("from", MODEL_ANY, "Of mail.", "\"belfry@example.org\""),
    OPTIONAL("to", MODEL_ANY, "Of mail.", "[\"ops@example.org\"]"),
    OPTIONAL("starttls", MODEL_ANY, "Of mail.", "\"required\""),
    OPTIONAL("command", MODEL_ANY, "Of commands.", "[\"/usr/local/bin/page\"]"),
    OPTIONAL("ca_file", MODEL_ANY, "Trusted certificates.", "null"),
    OPTIONAL("insecure", MODEL_ANY, "Certificates are not verified.", "false"),
    OPTIONAL("timeout", MODEL_ANY, "Of a try.", "\"10s\""),
    INT("sent", "Deliveries that arrived since the start.", "12"),
    INT("failed", "Tries that failed since the start.", "0"),
    INT("given_up", "Deliveries given up since the start.", "0"),
    INT("version", "1 when created, one more for each change.", "1"),
    TIME("created_at", "When it was created."),
    TIME("updated_at", "When it was last changed."),
};
MODEL(channel_model, "Channel", "A channel; its secrets are never told.", channel_fields)

static const struct model_field channel_list[] = {
    INT("total", "Channels in the list.", "1"),
    LIST("channels", &channel_model, "By name."),
};
MODEL(channel_list_model, "ChannelList", "All channels.", channel_list)

static const struct model_field channel_test[] = {
    BOOL("ok", "Whether it arrived.", "true"),
    OPTIONAL("error", MODEL_ANY, "Why not; null: it did.", "null"),
    OPTIONAL("sent", MODEL_ANY, "What was sent, without secrets.", "{}"),
    OPTIONAL("reply", MODEL_ANY, "What came back: status and the beginning of the text.",
             "{\"status\":200,\"text\":\"ok\"}"),
    INT("took_ms", "How long it took.", "35"),
};
MODEL(channel_test_model, "ChannelTest", "What came of a test.", channel_test)

#define ALERT_FIELDS                                                                               \
    INT("id", "The incident's number.", "1795693990408651"),                                       \
        TEXT("job_id", "The job's name then.", "\"backup\""),                                      \
        TEXT("kind", "What is wrong: failing, missed, late, slow, overdue, skipped, certificate.", \
             "\"failing\""),                                                                       \
        TEXT("target", "Of a certificate, whose; else empty.", "\"\""),                            \
        TEXT("state", "open or closed.", "\"open\""),                                              \
        TEXT("message", "The latest, in one sentence.", "\"exit status 3\""),                      \
        INT("count", "How often it has happened.", "3"),                                           \
        TIME("opened_at", "When it happened first."),                                              \
        TIME("changed_at", "When it happened last, or ended."),                                    \
        TIME("closed_at", "When it ended; null: it is open."),                                     \
        OPTIONAL("run_id", MODEL_ANY, "The last run that it is about.", "244301815808000"),        \
        TIME("scheduled_at", "The slot of that run."),                                             \
        TIME("acked_at", "When it was acknowledged; null: it was not."),                           \
        TIME("acked_until", "Until when; null: until it ends."),                                   \
        TEXT("note", "Of who acknowledged it.", "\"\"")

static const struct model_field alert_fields[] = {ALERT_FIELDS};
MODEL(alert_model, "Alert", "An incident: something that is, or was, wrong.", alert_fields)

static const struct model_field delivery_fields[] = {
    INT("id", "Its number; the receiver gets it too.", "1795693990408652"),
    TEXT("channel", "Whom it was for.", "\"ops\""),
    TEXT("event", "What it told.", "\"failed\""),
    TEXT("state", "waiting, sent or given_up.", "\"sent\""),
    INT("tries", "How often it was tried.", "1"),
    TIME("created_at", "When it was made."),
    TIME("try_at", "When it is tried next; null: it is done."),
    TIME("done_at", "When it was done."),
    TEXT("error", "Of the last try; empty: none.", "\"\""),
};
static const struct model delivery_model = {.name = "AlertDelivery",
                                            .doc = "One telling of an incident.",
                                            .fields = delivery_fields,
                                            .count = MODEL_COUNT(delivery_fields)};

static const struct model_field alert_full[] = {
    ALERT_FIELDS,
    LIST("deliveries", &delivery_model, "Who was told of it, the oldest first."),
};
MODEL(alert_full_model, "AlertFull", "An incident with what was told of it.", alert_full)

static const struct model_field alert_list[] = {
    INT("open", "Incidents that are open now, on whatever page.", "1"),
    LIST("alerts", &alert_model, "The newest first."),
    {.name = "next_cursor",
     .type = MODEL_INT,
     .required = 1,
     .is_nullable = true,
     .doc = "For the next page; null: this is the last one.",
     .example = "1795693990408651"},
};
MODEL(alert_list_model, "AlertList", "A page of incidents.", alert_list)
