// tls_request.c - reads certificate checks from JSON and from lines.
// SPDX-License-Identifier: Apache-2.0
#include "net/tls_request.h"

#include <fcntl.h>
#include <stdio.h>

#include "base/file.h"
#include "time/duration.h"

enum {
    VALUE_MAX = 1 << 16, // bytes of an option
    TIMEOUT_MAX_MS = 600000,
};

// Members that are no options. The first two are of one host only.
static const char *const host_names[] = {"host", "port",   "timeout",  "hosts",
                                         "file", "spread", "adaptive", NULL};

static bool is_among(const char *name, const char *const *names)
{
    while (*names && strcmp(name, *names) != 0)
        names++;
    return *names;
}

// ---- values ----

static bool scalar_write(const json_t *value, struct buf *out)
{
    if (json_is_string(value))
        buf_add(out, (struct str){json_string_value(value), json_string_length(value)});
    else if (json_is_integer(value))
        buf_printf(out, "%lld", (long long)json_integer_value(value));
    else if (json_is_real(value))
        buf_printf(out, "%.15g", json_real_value(value));
    else
        return false;
    return true;
}

// A list with commas, an object as NAME=VALUE with commas.
static bool value_write(const json_t *value, struct buf *out)
{
    const char *key;
    json_t *item;
    size_t i;

    if (!json_is_array(value) && !json_is_object(value))
        return scalar_write(value, out);
    json_array_foreach((json_t *)value, i, item)
    {
        buf_add_text(out, i > 0 ? "," : "");
        if (!scalar_write(item, out))
            return false;
    }
    json_object_foreach((json_t *)value, key, item)
    {
        buf_printf(out, "%s%s=", out->len > 0 ? "," : "", key);
        if (!scalar_write(item, out))
            return false;
    }
    return true;
}

static const char *option_name(const char *member)
{
    static const char *const others[][2] = {{"sni", "name"}, {"pins", "pin"}, {"warn", "warning"}};

    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (strcmp(member, others[i][0]) == 0)
            return others[i][1];
    return member;
}

// 1.0 is a number like 1 in JSON.
static bool is_version(const char *member)
{
    return strcmp(member, "tls_min") == 0 || strcmp(member, "tls_max") == 0;
}

static bool option_set(struct tls_options *options, const char *member, const json_t *value,
                       struct err *e)
{
    struct buf text;
    bool ok = true;

    if (json_is_null(value))
        return true;
    buf_init(&text, VALUE_MAX);
    if (is_version(member) && json_is_number(value))
        buf_printf(&text, "%.1f", json_number_value(value));
    else
        ok = value_write(value, &text);
    if (!ok || text.is_full)
        ok = fail(e, ERR_INPUT, member, "%s is not a text, a number or a list of such", member);
    else
        ok = tls_options_set(options, str_of(option_name(member)), buf_str(&text), e);
    buf_done(&text);
    if (!ok)
        snprintf(e->field, sizeof e->field, "%s", member);
    return ok;
}

static bool duration_read(const json_t *value, const char *name, int64_t *ret_us, struct err *e)
{
    struct buf text;
    bool ok;

    buf_init(&text, 100);
    ok = scalar_write(value, &text) && !text.is_full;
    ok = ok ? duration_parse(buf_str(&text), name, ret_us, e)
            : fail(e, ERR_INPUT, name, "%s is neither a duration nor a number of seconds", name);
    buf_done(&text);
    if (!ok)
        snprintf(e->field, sizeof e->field, "%s", name);
    return ok;
}

// ---- one host ----

static bool host_read(const json_t *value, struct tls_target *target, struct err *e)
{
    struct str text = {json_string_value(value), json_string_length(value)};

    if (!value)
        return fail(e, ERR_INPUT, "host", "a host is missing: write HOST or HOST:PORT");
    if (!json_is_string(value))
        return fail(e, ERR_INPUT, "host", "host is not a text");
    return tls_target_parse(text, target, e);
}

static bool port_read(const json_t *value, struct tls_target *target, struct err *e)
{
    json_int_t port = json_integer_value(value);

    if (!value || json_is_null(value))
        return true;
    if (!json_is_integer(value) || port < 1 || port > 65535)
        return fail(e, ERR_INPUT, "port", "port is not a number from 1 to 65535");
    if (target->port && target->port != port)
        return fail(e, ERR_INPUT, "port", "host names port %d already", target->port);
    target->port = (int)port;
    return true;
}

static bool timeout_read(const json_t *value, struct tls_target *target, struct err *e)
{
    int64_t us;

    if (!value || json_is_null(value))
        return true;
    if (!duration_read(value, "timeout", &us, e))
        return false;
    if (us < 1000 || us > TIMEOUT_MAX_MS * INT64_C(1000))
        return fail(e, ERR_INPUT, "timeout", "timeout is not between 1 ms and %d minutes",
                    TIMEOUT_MAX_MS / 60000);
    target->total_ms = (int)(us / 1000);
    target->dns_ms = target->connect_ms = target->proxy_ms = target->total_ms;
    target->starttls_ms = target->handshake_ms = target->total_ms;
    return true;
}

// All members but those of names are options, laid over those of base.
static bool options_read(const json_t *object, const char *const *names,
                         const struct tls_options *base, struct tls_options **ret, struct err *e)
{
    struct tls_options *options = tls_options_copy(base);
    const char *key;
    json_t *value;

    json_object_foreach((json_t *)object, key, value)
    {
        if (!is_among(key, names) && !option_set(options, key, value, e)) {
            tls_options_drop(options);
            return false;
        }
    }
    *ret = options;
    return true;
}

bool tls_request_read(const json_t *object, const struct tls_options *base,
                      struct tls_target *ret_target, struct err *e)
{
    struct tls_target target = {0};
    struct tls_options *options;

    if (!host_read(json_object_get(object, "host"), &target, e) ||
        !port_read(json_object_get(object, "port"), &target, e) ||
        !timeout_read(json_object_get(object, "timeout"), &target, e) ||
        !options_read(object, host_names, base, &options, e))
        return false;
    if (!tls_options_check(options, e)) {
        tls_options_drop(options);
        return false;
    }
    *ret_target = target;
    ret_target->options = options;
    return true;
}

// The next word of a line; false at its end.
static bool word_next(struct str *line, struct str *ret_word)
{
    size_t n = 0;

    *line = str_trim(*line);
    while (n < line->len && line->p[n] != ' ' && line->p[n] != '\t')
        n++;
    *ret_word = str_cut(*line, 0, n);
    *line = str_cut(*line, n, line->len);
    return n > 0;
}

bool tls_request_line(struct str line, const struct tls_options *base,
                      struct tls_target *ret_target, struct err *e)
{
    struct tls_options *options = NULL;
    struct tls_target target;
    struct str word;
    bool ok = true;

    if (!word_next(&line, &word))
        return fail(e, ERR_INPUT, "host", "a host is missing: write HOST or HOST:PORT");
    if (!tls_target_parse(word, &target, e))
        return false;
    while (ok && word_next(&line, &word)) {
        options = options ? options : tls_options_copy(base);
        ok = tls_options_add(options, word, e);
    }
    target.options = options ? options : tls_options_hold(base);
    if (!ok || (target.options && !tls_options_check(target.options, e))) {
        tls_options_drop(target.options);
        return false;
    }
    *ret_target = target;
    return true;
}

// ---- many ----

static bool target_add(struct tls_list *list, const struct tls_target *target, struct err *e)
{
    if (list->len == TLS_LIST_MAX) {
        tls_options_drop(target->options);
        return fail(e, ERR_INPUT, NULL, "there are more than %d hosts", TLS_LIST_MAX);
    }
    vec_push(list, *target);
    return true;
}

static bool line_add(struct tls_list *list, struct str line, const struct tls_options *base,
                     struct err *e)
{
    struct tls_target target;

    return tls_request_line(line, base, &target, e) && target_add(list, &target, e);
}

static bool host_add(struct tls_list *list, const json_t *item, const struct tls_options *base,
                     struct err *e)
{
    struct str line = {json_string_value(item), json_string_length(item)};
    struct tls_target target;

    if (json_is_object(item))
        return tls_request_read(item, base, &target, e) && target_add(list, &target, e);
    if (json_is_string(item))
        return line_add(list, line, base, e);
    return fail(e, ERR_INPUT, NULL, "a host is neither a text nor an object");
}

// Puts where it is in front of the field of *e.
static bool located(struct err *e, size_t index)
{
    char place[sizeof e->field];

    snprintf(place, sizeof place, "hosts.%zu%s%.60s", index, e->field[0] ? "." : "", e->field);
    memcpy(e->field, place, sizeof place);
    return false;
}

static bool hosts_read(const json_t *hosts, const struct tls_options *base, struct tls_list *list,
                       struct err *e)
{
    json_t *item;
    size_t i;

    if (hosts && !json_is_array(hosts))
        return fail(e, ERR_INPUT, "hosts", "hosts is not a list");
    json_array_foreach((json_t *)hosts, i, item)
    {
        if (!host_add(list, item, base, e)) {
            if (json_is_string(item))
                e->field[0] = '\0';
            return located(e, i);
        }
    }
    return true;
}

struct str tls_list_text(struct str file)
{
    const struct str mark = STR_LIT("\xef\xbb\xbf");

    return str_starts(file, mark) ? str_cut(file, mark.len, file.len) : file;
}

static bool lines_read(const char *path, struct str text, const struct tls_options *base,
                       struct tls_list *list, struct err *e)
{
    struct str line;

    for (int number = 1; text.p && str_next(&text, '\n', &line); number++) {
        ptrdiff_t hash = str_find(line, '#');
        struct err why = {0};

        line = str_trim(hash < 0 ? line : str_cut(line, 0, (size_t)hash));
        if (line.len == 0 || line_add(list, line, base, &why))
            continue;
        fail(e, ERR_INPUT, "file", "%s, line %d: %s", path, number, why.message);
        return why.hint[0] ? fail_hint(e, "%s", why.hint) : false;
    }
    return true;
}

static bool file_load(const json_t *file, const struct tls_options *base, struct tls_list *list,
                      struct err *e)
{
    struct err why = {0};
    struct buf text;
    bool ok;

    if (!file || json_is_null(file))
        return true;
    if (!json_is_string(file))
        return fail(e, ERR_INPUT, "file", "file is not the name of a file");
    list->path = str_own(str_of(json_string_value(file)));
    buf_init(&text, TLS_LIST_FILE_MAX);
    ok = file_read_all(AT_FDCWD, list->path, &text, &why)
             ? lines_read(list->path, tls_list_text(buf_str(&text)), base, list, e)
             : fail(e, ERR_INPUT, "file", "%s", why.message);
    buf_done(&text);
    return ok;
}

static bool spread_read(const json_t *object, struct tls_list *list, struct err *e)
{
    const json_t *spread = json_object_get(object, "spread");
    const json_t *adaptive = json_object_get(object, "adaptive");

    if (adaptive && !json_is_boolean(adaptive))
        return fail(e, ERR_INPUT, "adaptive", "adaptive is neither true nor false");
    list->is_adaptive = json_is_true(adaptive);
    return !spread || json_is_null(spread) || duration_read(spread, "spread", &list->spread_us, e);
}

static bool many_read(const json_t *object, const struct tls_options *base, struct tls_list *list,
                      struct err *e)
{
    struct tls_options *options;
    bool ok;

    list->is_many = true;
    for (size_t i = 0; i < 2; i++)
        if (json_object_get(object, host_names[i]))
            return fail(e, ERR_INPUT, host_names[i], "%s has no place beside hosts and file",
                        host_names[i]);
    if (!options_read(object, host_names, base, &options, e))
        return false;
    ok = hosts_read(json_object_get(object, "hosts"), options, list, e) &&
         file_load(json_object_get(object, "file"), options, list, e);
    tls_options_drop(options);
    if (ok && list->len == 0 && !list->path)
        return fail(e, ERR_INPUT, "hosts", "hosts is empty");
    for (size_t i = 0; ok && i < list->len; i++)
        if (list->v[i].total_ms == 0)
            ok = timeout_read(json_object_get(object, "timeout"), &list->v[i], e);
    return ok;
}

static bool object_read(const json_t *object, const struct tls_options *base, struct tls_list *list,
                        struct err *e)
{
    struct tls_target target;

    if (!json_is_object(object))
        return fail(e, ERR_INPUT, NULL, "neither HOST[:PORT] nor an object with host or hosts");
    if (!spread_read(object, list, e))
        return false;
    if (json_object_get(object, "hosts") || json_object_get(object, "file"))
        return many_read(object, base, list, e);
    return tls_request_read(object, base, &target, e) && target_add(list, &target, e);
}

bool tls_list_read(struct str text, const struct tls_options *base, struct tls_list *list,
                   struct err *e)
{
    json_t *object;
    bool ok;

    *list = (struct tls_list){0};
    if (!str_starts(text, STR_LIT("{")))
        return line_add(list, text, base, e);
    object = json_loadb(text.p, text.len, JSON_REJECT_DUPLICATES, NULL);
    ok = object_read(object, base, list, e);
    json_decref(object);
    return ok;
}

void tls_list_done(struct tls_list *list)
{
    for (size_t i = 0; i < list->len; i++)
        tls_options_drop(list->v[i].options);
    vec_done(list);
    free((char *)list->path);
    list->path = NULL;
}
