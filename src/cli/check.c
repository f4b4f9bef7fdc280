// check.c - `belfry check`: looks at the certificates of servers and in files, without a belfry
// server.
//
// A few hundred hosts are checked at a time and reported in the order they were named, each as soon
// as those before it are.
// SPDX-License-Identifier: Apache-2.0
#include "cli/command.h"

#include <fcntl.h>
#include <getopt.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "base/loop.h"
#include "base/mem.h"
#include "base/vec.h"
#include "cli/check_report.h"
#include "net/tls_file.h"
#include "net/tls_options.h"
#include "net/tls_probe.h"
#include "net/tls_request.h"
#include "net/tls_trust.h"

enum {
    EXIT_BAD_CERTIFICATE = 9,
    EXIT_PLUGIN_UNKNOWN = 3,
    TEXT_MAX_BYTES = 1 << 20,
    PLUGIN_MAX_BYTES = 8 << 20,
    LIST_MAX_BYTES = 64 << 20,
    PASSWORD_MAX_BYTES = 1024,
    HOSTS_MAX = 100000,
    STARTED_MAX = 512, // hosts under way, half of them waiting for a place
    TIMEOUT_MAX_S = 3600,
    PROGRESS_US = 100000,
};

enum format {
    FORMAT_WORDS,
    FORMAT_JSON,
    FORMAT_NAGIOS,
    FORMAT_PEM,
    FORMAT_CHAIN,
};

struct check;

// One host to check.
struct host {
    struct check *check;
    struct tls_target target;
    struct buf out; // what is printed on stdout,
    struct buf err; // and on stderr, when its turn comes
    bool is_done;
    bool is_stuck; // its name is still being looked up by a thread that cannot be stopped
};

struct check {
    struct tls_options *options; // those that net/tls_options.h reads
    int timeout_ms;
    enum format format;
    enum tls_severity fail_on;
    const char *list_path;      // of hosts
    const char *password_path;  // of PKCS#12 files
    VEC_OF(const char *) paths; // of certificates
    VEC_OF(struct host) hosts;
    struct buf list; // what list_path held
    struct loop *loop;
    struct tls_prober *prober;
    size_t started, done, printed; // hosts
    size_t counts[TLS_CRITICAL + 1];
    int status;                // of the worst so far
    enum tls_severity worst;   // likewise
    struct buf lines, figures; // of a monitoring plugin
    bool has_progress;         // a line about it is on the terminal
    mono progress_at;
    struct err error; // that ended it
};

static int options_read(struct check *c, int argc, char **argv);
static int targets_read(struct check *c, char **words, int count);
static int files_run(struct check *c);
static int hosts_run(struct check *c);
static size_t count_all(const struct check *c);
static int nothing_print(const struct check *c);
static int plugin_print(struct check *c, int status);

static void check_done(struct check *c)
{
    for (size_t i = 0; i < c->hosts.len; i++) {
        buf_done(&c->hosts.v[i].out);
        buf_done(&c->hosts.v[i].err);
        tls_options_drop(c->hosts.v[i].target.options);
    }
    vec_done(&c->hosts);
    vec_done(&c->paths);
    buf_done(&c->list);
    buf_done(&c->lines);
    buf_done(&c->figures);
    tls_options_drop(c->options);
}

int cmd_check(int argc, char **argv)
{
    struct check c = {.options = tls_options_new(), .fail_on = TLS_CRITICAL};
    int status;

    buf_init(&c.list, LIST_MAX_BYTES);
    buf_init(&c.lines, PLUGIN_MAX_BYTES);
    buf_init(&c.figures, PLUGIN_MAX_BYTES);
    status = options_read(&c, argc, argv);
    if (status == 0)
        status = targets_read(&c, argv + optind, argc - optind);
    if (status == 0)
        status = files_run(&c);
    if (status == 0)
        status = hosts_run(&c);
    if (status == 0 && count_all(&c) == 0)
        status = nothing_print(&c);
    if (c.format == FORMAT_NAGIOS)
        status = plugin_print(&c, status);
    else if (status == 0)
        status = c.status;
    check_done(&c);
    return status;
}

// ---- the command line ----

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
    OPTION_FORMAT,       // what is printed; FORMAT_JSON and so on are above it
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
    {"file", required_argument, NULL, 'f'},
    {"file-cert", required_argument, NULL, 'c'},
    {"password-file", required_argument, NULL, 'p'},
    {"fail-on", required_argument, NULL, 'l'},
    {"json", no_argument, NULL, OPTION_FORMAT + FORMAT_JSON},
    {"nagios", no_argument, NULL, OPTION_FORMAT + FORMAT_NAGIOS},
    {"pem", no_argument, NULL, OPTION_FORMAT + FORMAT_PEM},
    {"chain", no_argument, NULL, OPTION_FORMAT + FORMAT_CHAIN},
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
    {"warning", required_argument, NULL, OPTION_TARGET},
    {"critical", required_argument, NULL, OPTION_TARGET},
    {"pin", required_argument, NULL, OPTION_TARGET},
    {"previous", required_argument, NULL, OPTION_TARGET},
    {"revocation", required_argument, NULL, OPTION_TARGET},
    {"crl", required_argument, NULL, OPTION_TARGET},
    {"ct", required_argument, NULL, OPTION_TARGET},
    {"severity", required_argument, NULL, OPTION_TARGET},
    {0},
};

// Options whose value is read here.
static int own_option_read(struct check *c, int option, const char *command)
{
    if (option == 'f')
        c->list_path = optarg;
    if (option == 'c')
        vec_push(&c->paths, optarg);
    if (option == 'p')
        c->password_path = optarg;
    if (option == 't' && !seconds_read(optarg, &c->timeout_ms))
        return command_usage(command, "--timeout \"%s\" is not a number of seconds up to %d",
                             optarg, TIMEOUT_MAX_S);
    if (option == 'l' && (!tls_severity_find(str_of(optarg), &c->fail_on) ||
                          (c->fail_on != TLS_WARNING && c->fail_on != TLS_CRITICAL)))
        return command_usage(command, "--fail-on \"%s\" is neither warning nor critical", optarg);
    return 0;
}

static int option_read(struct check *c, int option, int index, char **argv)
{
    struct err e = {0};
    char family[2] = {(char)option, '\0'};

    if (option > OPTION_FORMAT) {
        if (c->format != FORMAT_WORDS && c->format != (enum format)(option - OPTION_FORMAT))
            return command_usage(argv[0], "--json, --nagios, --pem and --chain exclude each other");
        c->format = (enum format)(option - OPTION_FORMAT);
    }
    if (option == OPTION_TARGET && !target_option_read(c, check_options[index].name, optarg, &e))
        return usage_of(&e);
    if ((option == '4' || option == '6') &&
        !tls_options_set(c->options, STR_LIT("family"), str_of(family), &e))
        return usage_of(&e);
    if (option == ':')
        return command_usage(argv[0], "%s needs a value", argv[optind - 1]);
    if (option == '?')
        return command_usage(argv[0], "\"%s\" is not understood", argv[optind - 1]);
    return own_option_read(c, option, argv[0]);
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
    if (optind == argc && !c->list_path && c->paths.len == 0)
        return command_usage(argv[0], "a host is missing: write HOST or HOST:PORT");
    return 0;
}

static bool target_add(struct check *c, const struct tls_target *target, struct err *e)
{
    struct host h = {.check = c, .target = *target};

    if (c->hosts.len == HOSTS_MAX) {
        tls_options_drop(target->options);
        return fail(e, ERR_LIMIT, NULL, "there are more than %d hosts", HOSTS_MAX);
    }
    h.target.dns_ms = h.target.connect_ms = h.target.proxy_ms = c->timeout_ms;
    h.target.starttls_ms = h.target.handshake_ms = h.target.total_ms = c->timeout_ms;
    buf_init(&h.out, TEXT_MAX_BYTES);
    buf_init(&h.err, TEXT_MAX_BYTES);
    vec_push(&c->hosts, h);
    return true;
}

static bool line_add(struct check *c, struct str line, struct err *e)
{
    struct tls_target target;

    return tls_request_line(line, c->options, &target, e) && target_add(c, &target, e);
}

static bool word_add(struct check *c, struct str word, struct err *e)
{
    struct tls_target target;

    if (!tls_target_parse(word, &target, e))
        return false;
    target.options = tls_options_hold(c->options);
    return target_add(c, &target, e);
}

// A host a line, with options of its own; "#" begins a remark.
static int list_read(struct check *c)
{
    struct str rest, line;
    struct err e = {0};
    bool is_input = strcmp(c->list_path, "-") == 0;
    bool is_read = is_input ? file_read_to_end(STDIN_FILENO, &c->list)
                            : file_read_all(AT_FDCWD, c->list_path, &c->list, &e);

    if (!is_read)
        return command_usage("check", "--file: %s",
                             is_input ? "standard input cannot be read" : e.message);
    rest = tls_list_text(buf_str(&c->list));
    for (int number = 1; rest.p && str_next(&rest, '\n', &line); number++) {
        ptrdiff_t hash = str_find(line, '#');

        line = str_trim(hash < 0 ? line : str_cut(line, 0, (size_t)hash));
        if (line.len > 0 && !line_add(c, line, &e))
            return command_usage("check", "%s, line %d: %s%s%s", c->list_path, number, e.message,
                                 e.hint[0] ? " - " : "", e.hint);
    }
    return 0;
}

static int targets_read(struct check *c, char **words, int count)
{
    struct err e = {0};

    for (int i = 0; i < count; i++)
        if (!word_add(c, str_of(words[i]), &e))
            return usage_of(&e);
    return c->list_path ? list_read(c) : 0;
}

// ---- results ----

static int status_of(const struct check *c, const struct tls_result *r)
{
    switch (r->status) {
    case TLS_OK:
        return 0;
    case TLS_WARNING:
        return c->fail_on == TLS_WARNING ? EXIT_BAD_CERTIFICATE : 0;
    case TLS_ERROR:
        return err_exit_status(r->error.code != ERR_NONE ? r->error.code : ERR_TLS);
    case TLS_CRITICAL:
        break;
    }
    return EXIT_BAD_CERTIFICATE;
}

// The worst is a certificate that is bad, then no verdict, then a time-out.
static void status_count(struct check *c, const struct tls_result *r)
{
    int status = status_of(c, r);

    if (status == EXIT_BAD_CERTIFICATE ||
        (status != 0 && c->status != EXIT_BAD_CERTIFICATE && c->status != 1))
        c->status = status;
    if (r->status > c->worst)
        c->worst = r->status;
    c->counts[r->status]++;
}

static void plugin_write(const struct check *c, const struct tls_result *r, struct buf *line,
                         struct buf *figures)
{
    bool is_only = c->hosts.len + c->paths.len == 1;
    char subject[TLS_TARGET_TEXT], prefix[TLS_TARGET_TEXT + 2];

    snprintf(prefix, sizeof prefix, "%s:", tls_result_subject(r, subject));
    for (char *p = prefix; *p; p++)
        if (*p == '\'' || *p == '=')
            *p = '_';
    check_report_nagios(r, is_only ? "" : prefix, line, figures);
    buf_add_byte(line, '\n');
}

// out and err are for stdout and stderr; of a plugin, for the lines and the figures at the end.
static void result_write(struct check *c, const struct tls_result *r, struct buf *out,
                         struct buf *err)
{
    status_count(c, r);
    if (c->format == FORMAT_NAGIOS) {
        plugin_write(c, r, out, err);
    } else if (c->format == FORMAT_JSON) {
        tls_result_write(r, out);
        buf_add_byte(out, '\n');
    } else if (c->format == FORMAT_WORDS) {
        check_report_words(r, out, err);
    } else {
        tls_result_pem(r, c->format == FORMAT_PEM ? 1 : r->chain_count, out);
        if (r->error.code != ERR_NONE)
            check_report_error(&r->error, err);
    }
}

static void texts_print(struct check *c, struct buf *out, struct buf *err)
{
    if (c->format == FORMAT_NAGIOS) {
        buf_add(&c->lines, buf_str(out));
        buf_add(&c->figures, buf_str(err));
    } else {
        fputs(buf_text(out), stdout);
        fflush(stdout);
        fputs(buf_text(err), stderr);
    }
    buf_done(out);
    buf_done(err);
}

static size_t count_all(const struct check *c)
{
    return c->counts[TLS_OK] + c->counts[TLS_WARNING] + c->counts[TLS_ERROR] +
           c->counts[TLS_CRITICAL];
}

// A list or a folder that has lost what was in it must not look like one in which all is well.
static int nothing_print(const struct check *c)
{
    if (c->list_path)
        return command_usage("check", "%s lists no host", c->list_path);
    fprintf(stderr, "belfry check: %s holds no certificate\n", c->paths.v[0]);
    return err_exit_status(ERR_INPUT);
}

// One line, or a summary with the lines behind it; monitoring systems show what is on stdout.
static int plugin_print(struct check *c, int status)
{
    static const char *const words[] = {"OK", "WARNING", "UNKNOWN", "CRITICAL"};
    const char *bar = c->figures.len > 0 ? " |" : "";
    size_t total = count_all(c), n = c->lines.len;

    if (status != 0) {
        puts("TLS UNKNOWN - nothing was checked; standard error tells why");
        return EXIT_PLUGIN_UNKNOWN;
    }
    if (total == 1)
        printf("%.*s%s%.*s\n", (int)(n - 1), buf_text(&c->lines), bar, STR(buf_str(&c->figures)));
    else
        printf("TLS %s - %zu checked: %zu critical, %zu without verdict, %zu warning, %zu ok"
               "%s%.*s\n%s",
               words[c->worst], total, c->counts[TLS_CRITICAL], c->counts[TLS_ERROR],
               c->counts[TLS_WARNING], c->counts[TLS_OK], bar, STR(buf_str(&c->figures)),
               buf_text(&c->lines));
    return tls_severity_status(c->worst);
}

// ---- progress ----

static void progress_clear(struct check *c)
{
    if (c->has_progress)
        fputs("\r\033[K", stderr);
    c->has_progress = false;
}

static void progress_show(struct check *c)
{
    mono now = clock_mono(clock_real());

    if (c->hosts.len < 2 || now.us - c->progress_at.us < PROGRESS_US || !isatty(STDERR_FILENO))
        return;
    progress_clear(c);
    c->progress_at = now;
    c->has_progress = true;
    fprintf(stderr, "%zu of %zu checked: %zu ok, %zu warning, %zu critical, %zu without verdict",
            c->done, c->hosts.len, c->counts[TLS_OK], c->counts[TLS_WARNING],
            c->counts[TLS_CRITICAL], c->counts[TLS_ERROR]);
    fflush(stderr);
}

// ---- files ----

static void file_found(const struct tls_result *result, void *ctx)
{
    struct check *c = ctx;
    struct buf out, err;

    buf_init(&out, TEXT_MAX_BYTES);
    buf_init(&err, TEXT_MAX_BYTES);
    result_write(c, result, &out, &err);
    texts_print(c, &out, &err);
}

static bool password_read(const char *path, struct buf *text, struct err *e)
{
    struct str rest, line;

    if (!path)
        return true;
    if (!file_read_all(AT_FDCWD, path, text, e))
        return false;
    rest = buf_str(text);
    if (str_next(&rest, '\n', &line))
        text->len = str_ends(line, STR_LIT("\r")) ? line.len - 1 : line.len;
    return true;
}

static int files_run(struct check *c)
{
    struct tls_file_options options = {.options = c->options, .clock = clock_real()};
    struct buf password;
    struct err e = {0};

    if (c->paths.len == 0)
        return 0;
    buf_init(&password, PASSWORD_MAX_BYTES);
    if (!buf_reserve(&password, PASSWORD_MAX_BYTES) ||
        !password_read(c->password_path, &password, &e)) {
        buf_done(&password);
        return command_usage("check", "--password-file: %s", e.message);
    }
    options.password = c->password_path ? buf_text(&password) : NULL;
    options.trust = tls_trust_new(NULL);
    for (size_t i = 0; i < c->paths.len; i++)
        tls_file_check(c->paths.v[i], &options, file_found, c);
    tls_trust_free(options.trust);
    explicit_bzero(password.p, password.cap);
    buf_done(&password);
    return 0;
}

// ---- hosts ----

static int error_print(const struct err *e)
{
    fprintf(stderr, "belfry check: %s\n", e->message);
    if (e->hint[0])
        fprintf(stderr, "  hint: %s\n", e->hint);
    return err_exit_status(e->code);
}

static bool is_anybody_stuck(const struct check *c)
{
    for (size_t i = 0; i < c->hosts.len; i++)
        if (c->hosts.v[i].is_stuck)
            return true;
    return false;
}

static void turn_print(struct check *c)
{
    while (c->printed < c->hosts.len && c->hosts.v[c->printed].is_done) {
        struct host *h = &c->hosts.v[c->printed++];

        if (h->out.len + h->err.len > 0)
            progress_clear(c);
        texts_print(c, &h->out, &h->err);
    }
    if (c->printed == c->hosts.len)
        loop_stop(c->loop);
}

static void hosts_start(struct check *c);

static void host_done(const struct tls_result *r, void *ctx)
{
    struct host *h = ctx;
    struct check *c = h->check;

    h->is_done = true;
    h->is_stuck = r->phase == TLS_PHASE_DNS && r->error.code == ERR_TIMEOUT;
    c->done++;
    result_write(c, r, &h->out, &h->err);
    progress_show(c);
    turn_print(c);
    hosts_start(c);
}

static void hosts_start(struct check *c)
{
    while (c->started < c->hosts.len && c->started - c->done < STARTED_MAX) {
        struct host *h = &c->hosts.v[c->started];

        if (!tls_probe_start(c->prober, &h->target, NULL, &c->error, host_done, h)) {
            loop_stop(c->loop);
            return;
        }
        c->started++;
    }
}

static int hosts_run(struct check *c)
{
    const struct tls_prober_options options = {.queue_max = STARTED_MAX};

    if (c->hosts.len == 0)
        return 0;
    c->loop = loop_new(clock_real(), &c->error);
    if (!c->loop || !tls_prober_new(c->loop, &options, &c->prober, &c->error)) {
        loop_free(c->loop);
        return error_print(&c->error);
    }
    hosts_start(c);
    loop_run(c->loop);
    progress_clear(c);
    if (is_anybody_stuck(c)) // getaddrinfo cannot be stopped; the end of the process does not wait
                             // for it
        return 0;
    tls_prober_free(c->prober);
    loop_free(c->loop);
    return c->error.code == ERR_NONE ? 0 : error_print(&c->error);
}
