// check.c - `belfry check`: looks at the certificates of servers, without a belfry server.
//
// All hosts are checked at once and reported in the order they were named, each as soon as those
// before it are.
// SPDX-License-Identifier: Apache-2.0
#include "cli/command.h"

#include <getopt.h>
#include <stdlib.h>

#include "base/loop.h"
#include "base/mem.h"
#include "cli/check_report.h"
#include "net/tls_options.h"
#include "net/tls_probe.h"

enum {
    EXIT_BAD_CERTIFICATE = 9,
    TEXT_MAX_BYTES = 1 << 20,
    TIMEOUT_MAX_S = 3600,
};

struct check;

// One host of the command line.
struct host {
    struct check *check;
    struct tls_target target;
    struct buf out; // what is printed on stdout,
    struct buf err; // and on stderr, when its turn comes
    bool is_done;
    bool is_stuck; // its name is still being looked up by a thread that cannot be stopped
    int status;
};

struct check {
    struct tls_options *options; // those that net/tls_options.h reads
    int timeout_ms;
    bool is_json;
    struct loop *loop;
    struct host *hosts;
    int count;
    int printed; // hosts that have been reported
};

static int options_read(struct check *c, int argc, char **argv);
static int targets_read(struct check *c, char **words);
static int check_run(struct check *c);
static void host_done(const struct tls_result *result, void *ctx);

int cmd_check(int argc, char **argv)
{
    struct check c = {.options = tls_options_new()};
    int status = options_read(&c, argc, argv);

    if (status == 0)
        status = targets_read(&c, argv + optind);
    if (status == 0)
        status = check_run(&c);
    for (int i = 0; c.hosts && i < c.count; i++) {
        buf_done(&c.hosts[i].out);
        buf_done(&c.hosts[i].err);
    }
    free(c.hosts);
    tls_options_drop(c.options);
    return status;
}

static bool seconds_read(const char *text, int *ret_ms)
{
    char *end;
    double seconds = strtod(text, &end);

    if (end == text || *end != '\0' || !(seconds >= 0.001 && seconds <= TIMEOUT_MAX_S))
        return false;
    *ret_ms = (int)(seconds * 1000);
    return true;
}

static int usage_of(const struct err *e)
{
    const char *gap = e->hint[0] ? " - " : "";

    return command_usage("check", "%s%s%s", e->message, gap, e->hint);
}

enum {
    OPTION_TARGET = 256, // an option that net/tls_options.h reads, of the same name but for dashes
};

// Reads --NAME VALUE of OPTION_TARGET.
static bool target_option_read(struct check *c, const char *flag, const char *value, struct err *e)
{
    char name[32];
    size_t n = 0;

    for (; flag[n] && n + 1 < sizeof name; n++)
        name[n] = flag[n] == '-' ? '_' : flag[n];
    name[n] = '\0';
    if (strcmp(name, "sni") == 0)
        memcpy(name, "name", sizeof "name");
    return tls_options_set(c->options, (struct str){name, strlen(name)}, str_of(value), e);
}

static const struct option check_options[] = {
    {"timeout", required_argument, NULL, 't'},
    {"json", no_argument, NULL, 'j'},
    {"starttls", required_argument, NULL, OPTION_TARGET},
    {"starttls-name", required_argument, NULL, OPTION_TARGET},
    {"name", required_argument, NULL, OPTION_TARGET},
    {"sni", required_argument, NULL, OPTION_TARGET},
    {"connect-to", required_argument, NULL, OPTION_TARGET},
    {"addresses", required_argument, NULL, OPTION_TARGET},
    {"proxy", required_argument, NULL, OPTION_TARGET},
    {"proxy-auth", required_argument, NULL, OPTION_TARGET},
    {"ca", required_argument, NULL, OPTION_TARGET},
    {"cert", required_argument, NULL, OPTION_TARGET},
    {"key", required_argument, NULL, OPTION_TARGET},
    {"key-password", required_argument, NULL, OPTION_TARGET},
    {"alpn", required_argument, NULL, OPTION_TARGET},
    {"tls-min", required_argument, NULL, OPTION_TARGET},
    {"tls-max", required_argument, NULL, OPTION_TARGET},
    {0},
};

static int option_read(struct check *c, int option, int index, char **argv)
{
    struct err e = {0};
    char family[2] = {(char)option, '\0'};

    if (option == 't' && !seconds_read(optarg, &c->timeout_ms))
        return command_usage(argv[0], "--timeout \"%s\" is not a number of seconds up to %d",
                             optarg, TIMEOUT_MAX_S);
    if (option == 'j')
        c->is_json = true;
    if (option == OPTION_TARGET && !target_option_read(c, check_options[index].name, optarg, &e))
        return usage_of(&e);
    if ((option == '4' || option == '6') &&
        !tls_options_set(c->options, STR_LIT("family"), str_of(family), &e))
        return usage_of(&e);
    if (option == ':')
        return command_usage(argv[0], "%s needs a value", argv[optind - 1]);
    if (option == '?')
        return command_usage(argv[0], "\"%s\" is not understood", argv[optind - 1]);
    return 0;
}

static int options_read(struct check *c, int argc, char **argv)
{
    struct err e = {0};
    int option, index = 0, status = 0;

    optind = 0;
    opterr = 0;
    while (status == 0 && (option = getopt_long(argc, argv, ":46", check_options, &index)) != -1)
        status = option_read(c, option, index, argv);
    if (status != 0)
        return status;
    if (!tls_options_check(c->options, &e))
        return usage_of(&e);
    if (optind == argc)
        return command_usage(argv[0], "a host is missing: write HOST or HOST:PORT");
    c->count = argc - optind;
    return 0;
}

static int targets_read(struct check *c, char **words)
{
    struct err e = {0};

    c->hosts = mem_array((size_t)c->count, sizeof *c->hosts);
    for (int i = 0; i < c->count; i++) {
        struct host *h = &c->hosts[i];

        buf_init(&h->out, TEXT_MAX_BYTES);
        buf_init(&h->err, TEXT_MAX_BYTES);
        h->check = c;
        if (!tls_target_parse(str_of(words[i]), &h->target, &e))
            return usage_of(&e);
        h->target.options = c->options;
        h->target.dns_ms = h->target.connect_ms = h->target.proxy_ms = c->timeout_ms;
        h->target.starttls_ms = h->target.handshake_ms = h->target.total_ms = c->timeout_ms;
    }
    return 0;
}

// The worst of all hosts: a bad certificate, then no verdict, then a time-out.
static int status_of(const struct check *c)
{
    int status = 0;

    for (int i = 0; i < c->count; i++) {
        int s = c->hosts[i].status;

        if (s == EXIT_BAD_CERTIFICATE)
            return s;
        if (s != 0 && status != 1)
            status = s;
    }
    return status;
}

static int error_print(const struct err *e)
{
    fprintf(stderr, "belfry check: %s\n", e->message);
    if (e->hint[0])
        fprintf(stderr, "  hint: %s\n", e->hint);
    return err_exit_status(e->code);
}

static bool is_anybody_stuck(const struct check *c)
{
    for (int i = 0; i < c->count; i++)
        if (c->hosts[i].is_stuck)
            return true;
    return false;
}

static int check_run(struct check *c)
{
    const struct tls_prober_options options = {.queue_max = (size_t)c->count};
    struct tls_prober *prober;
    struct err e = {0};

    c->loop = loop_new(clock_real(), &e);
    if (!c->loop || !tls_prober_new(c->loop, &options, &prober, &e)) {
        loop_free(c->loop);
        return error_print(&e);
    }
    for (int i = 0; i < c->count; i++) {
        struct host *h = &c->hosts[i];

        if (!tls_probe_start(prober, &h->target, NULL, &e, host_done, h)) {
            tls_prober_free(prober);
            loop_free(c->loop);
            return error_print(&e);
        }
    }
    loop_run(c->loop);
    if (is_anybody_stuck(c)) // getaddrinfo cannot be stopped; the end of the process does not wait
                             // for it
        return status_of(c);
    tls_prober_free(prober);
    loop_free(c->loop);
    return status_of(c);
}

static void turn_print(struct check *c)
{
    while (c->printed < c->count && c->hosts[c->printed].is_done) {
        struct host *h = &c->hosts[c->printed++];

        fputs(buf_text(&h->out), stdout);
        fflush(stdout);
        fputs(buf_text(&h->err), stderr);
    }
    if (c->printed == c->count)
        loop_stop(c->loop);
}

static int status_of_result(const struct tls_result *r)
{
    if (tls_result_is_good(r))
        return 0;
    if (r->status == TLS_CRITICAL)
        return EXIT_BAD_CERTIFICATE;
    return err_exit_status(r->error.code != ERR_NONE ? r->error.code : ERR_TLS);
}

static void host_done(const struct tls_result *r, void *ctx)
{
    struct host *h = ctx;

    h->is_done = true;
    h->is_stuck = r->phase == TLS_PHASE_DNS && r->error.code == ERR_TIMEOUT;
    h->status = status_of_result(r);
    if (h->check->is_json) {
        tls_result_write(r, &h->out);
        buf_add_byte(&h->out, '\n');
    } else {
        check_report_words(r, &h->out, &h->err);
    }
    turn_print(h->check);
}
