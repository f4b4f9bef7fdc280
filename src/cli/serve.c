// serve.c - `belfry serve`: builds the house from the cellar up, runs the loop, takes it down again
// in order.
//
// Everything below is given what it needs at construction, so this file is the only one that knows
// all of them. An orderly stop (SIGTERM, SIGINT): no new claims, and /readyz says 503 while the
// API still answers; for stop-grace it waits for running jobs to end. What runs then is left to the
// keeper of its process, for the next start to find, or, on SIGINT or with --on-stop end, gets TERM
// and five seconds later KILL. When every end is in the store, the last replies go out and the
// process leaves. A second signal does not wait.
//
// A node whose lease has ended, so that others have its jobs, ends its runs likewise, and then
// begins anew in the same process (serve_renew.h).
// SPDX-License-Identifier: Apache-2.0
#include "alert/alerts.h"
#include "api/api.h"
#include "api/inventory.h"
#include "base/file.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/version.h"
#include "cli/command.h"
#include "cli/serve_node.h"
#include "cli/serve_renew.h"
#include "cli/settings.h"
#include "exec/cgroup.h"
#include "exec/exec.h"
#include "net/access.h"
#include "net/http_server.h"
#include "net/post.h"
#include "net/tls_probe.h"
#include "sched/failures.h"
#include "sched/sched.h"
#include "store/pg_store.h"
#include "store/pg_uri.h"
#include "store/sqlite_store.h"
#include "time/zone.h"

#include <arpa/inet.h>
#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define REPLY_WAIT_US 10000 // between two looks whether the last replies are out
#define REPLY_WAITS 100
#define RESOLVER_WAIT_S 3
#define HOST_NAMES_MAX 32
#define RENEW_LEAST_US 5000000 // from one beginning to the next

struct server {
    struct settings settings;
    struct buf zone;
    char self[4096];
    char *db; // the setting, with its password
    char runs_dir[4096];
    struct serve_node node;
    const struct clock *clock;  // the system's; with a server as store, shared's
    struct shared_clock shared; // shows the calendar of that server
    char host_text[1024];
    const char *host_names[HOST_NAMES_MAX + 2];
    char address[128];     // empty: none
    char socket_path[128]; // empty: none
    int port, bound_port;  // as asked for; as it is
    struct loop *loop;
    struct zones *zones;
    struct store *store;
    struct access *access; // whom certificate checks may connect to
    struct inventory *inventory;
    struct tls_prober *prober;
    struct exec *exec;
    struct alerts *alerts;
    struct sched *sched;
    struct failures failures;
    bool is_counting; // failures
    struct api *api;
    struct http_server *http;
    bool is_stopping;
    bool is_lost; // it begins anew, once it has ended
    mono begun_at;
    int cgroup;         // directory of control groups of runs; -1: there are none
    uint64_t files_max; // soft limit of open files before we raised it; 0: not raised
    struct loop_timer reply_timer;
    int reply_waits;
};

// Splits "127.0.0.1:8000" or "[::1]:8000".
static bool address_split(const char *text, char *address, size_t size, int *ret_port,
                          struct err *e)
{
    struct str s = str_of(text), host;
    const char *colon = strrchr(text, ':');
    int64_t port;

    if (!colon || !str_to_int(str_of(colon + 1), &port) || port < 0 || port > 65535)
        return fail(e, ERR_USAGE, "listen",
                    "\"%s\" is neither ADDRESS:PORT, such as 127.0.0.1:8000, nor unix:PATH", text);
    host = str_cut(s, 0, (size_t)(colon - text));
    if (str_starts(host, STR_LIT("[")) && str_ends(host, STR_LIT("]")))
        host = str_cut(host, 1, host.len - 1);
    if (host.len == 0 || host.len >= size)
        return fail(e, ERR_USAGE, "listen", "\"%s\" names no address to listen on", text);
    snprintf(address, size, "%.*s", STR(host));
    if (strcmp(address, "localhost") == 0)
        snprintf(address, size, "127.0.0.1");
    *ret_port = (int)port;
    return true;
}

// Jobs are commands: whoever can write to the API can run programs. Without users and tokens only
// this machine may.
static bool address_is_allowed(const char *address, struct err *e)
{
    struct in_addr v4;
    struct in6_addr v6;

    if (inet_pton(AF_INET, address, &v4) == 1 && (ntohl(v4.s_addr) >> 24) == 127)
        return true;
    if (inet_pton(AF_INET6, address, &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6))
        return true;
    (void)fail(e, ERR_USAGE, "listen",
               "listening on %s is refused: without users or tokens only loopback is safe",
               address);
    return fail_hint(e, "listen on 127.0.0.1 and put a proxy that authenticates in front");
}

// Reads "127.0.0.1:8000", "unix:PATH" or one of each, with a comma.
static bool listen_read(struct server *v, struct err *e)
{
    struct str rest = str_of(v->settings.listen), part;
    char text[sizeof v->address];

    while (rest.len > 0 && str_next(&rest, ',', &part)) {
        part = str_trim(part);
        if (str_starts(part, STR_LIT("unix:")) && !v->socket_path[0] &&
            part.len - 5 < sizeof v->socket_path) {
            snprintf(v->socket_path, sizeof v->socket_path, "%.*s",
                     STR(str_cut(part, 5, part.len)));
            continue;
        }
        if (v->address[0] || part.len >= sizeof text)
            return fail(e, ERR_USAGE, "listen",
                        "\"%s\" is more than one ADDRESS:PORT and one unix:PATH",
                        v->settings.listen);
        snprintf(text, sizeof text, "%.*s", STR(part));
        if (!address_split(text, v->address, sizeof v->address, &v->port, e) ||
            !address_is_allowed(v->address, e))
            return false;
    }
    return v->address[0] || v->socket_path[0] ||
           fail(e, ERR_USAGE, "listen", "\"%s\" names nothing to listen on", v->settings.listen);
}

static bool host_names_split(struct server *v, struct err *e)
{
    struct str rest, name;
    size_t count = 0, at = 0;

    rest = str_of(v->settings.host_name);
    if (rest.len >= sizeof v->host_text)
        return fail(e, ERR_USAGE, "host-name", "host-name is longer than %zu bytes",
                    sizeof v->host_text - 1);
    while (rest.len > 0 && str_next(&rest, ',', &name)) {
        name = str_trim(name);
        if (name.len == 0)
            continue;
        if (count == HOST_NAMES_MAX)
            return fail(e, ERR_USAGE, "host-name", "host-name lists more than %d names",
                        HOST_NAMES_MAX);
        v->host_names[count++] = v->host_text + at;
        memcpy(v->host_text + at, name.p, name.len);
        at += name.len + 1;
    }
    if (v->node.host[0])
        v->host_names[count] = v->node.host;
    return true;
}

static bool log_setup(const struct settings *s, struct err *e)
{
    static const char *const formats[] = {"auto", "text", "json"};
    static const char *const levels[] = {"debug", "info", "warn", "error"};
    size_t format = 0, level = 0;

    while (format < 3 && strcmp(s->log_format, formats[format]) != 0)
        format++;
    while (level < 4 && strcmp(s->log_level, levels[level]) != 0)
        level++;
    if (format == 3)
        return fail(e, ERR_USAGE, "log-format", "log-format: \"%s\" is not auto, text or json",
                    s->log_format);
    if (level == 4)
        return fail(e, ERR_USAGE, "log-level",
                    "log-level: \"%s\" is not debug, info, warn or error", s->log_level);
    log_open((enum log_format)format, (enum log_level)level, clock_real());
    return true;
}

static bool on_stop_check(const char *word, struct err *e)
{
    if (strcmp(word, "leave") == 0 || strcmp(word, "end") == 0)
        return true;
    return fail(e, ERR_USAGE, "on-stop", "on-stop: \"%s\" is not leave or end", word);
}

static bool jobs_dir_setup(const char *dir, struct err *e)
{
    struct stat st;

    if (mkdir(dir, 0777) == 0) {
        log_info("made the folder for jobs", log_text("jobs_dir", dir));
        return true;
    }
    if (errno != EEXIST) {
        (void)fail_errno(e, ERR_SYSTEM, errno, "the folder for jobs, %s, cannot be made", dir);
        return fail_hint(e, "make it, or name another with --jobs-dir");
    }
    if (stat(dir, &st) != 0 || !S_ISDIR(st.st_mode))
        return fail(e, ERR_SYSTEM, "jobs-dir", "%s is not a folder; name another with --jobs-dir",
                    dir);
    if (access(dir, R_OK | X_OK) != 0)
        return fail_errno(e, ERR_SYSTEM, errno, "the folder for jobs, %s, cannot be read", dir);
    return true;
}

static bool access_setup(struct server *v, struct err *e)
{
    if (access_parse(str_of(v->settings.tls_allow), str_of(v->settings.tls_deny), &v->access, e))
        return true;
    e->code = ERR_USAGE;
    return fail_hint(e, "tls-allow and tls-deny take names (example.org, *.example.org) and "
                        "networks (10.0.0.0/8), with commas");
}

// Says which it is: what limits mean depends on it.
static bool cgroup_setup(struct server *v, struct err *e)
{
    const char *wish = v->settings.cgroup;
    char words[CGROUP_NAME_MAX];

    v->cgroup = -1;
    if (strcmp(wish, "off") == 0)
        return true;
    v->cgroup = strcmp(wish, "auto") == 0 ? cgroup_open_own() : cgroup_open(wish, e);
    if (v->cgroup < 0 && strcmp(wish, "auto") != 0)
        return false;
    if (v->cgroup < 0) {
        log_debug("no control groups: limits are those of each process");
        return true;
    }
    log_info("each run has a control group",
             log_text("controllers", cgroup_words(cgroup_controllers(v->cgroup), words)));
    return true;
}

static void process_setup(struct server *v)
{
    const struct sigaction ignore = {.sa_handler = SIG_IGN};
    struct rlimit files;
    ssize_t n = readlink("/proc/self/exe", v->self, sizeof v->self - 1);

    if (n > 0)
        v->self[n] = '\0';
    sigaction(SIGPIPE, &ignore, NULL);
    post_setup();
    // A handful of threads hand small blocks to each other: many malloc arenas only cost memory.
    mallopt(M_ARENA_MAX, 2);
    if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur < files.rlim_max) {
        v->files_max = files.rlim_cur; // jobs keep what they would have without us
        files.rlim_cur = files.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &files);
    }
}

// ---- stopping ----

static void loop_leave(void *ctx)
{
    struct server *v = ctx;
    mono now = loop_now(v->loop);

    if (v->is_lost && now.us < v->begun_at.us + RENEW_LEAST_US)
        loop_timer_set(v->loop, &v->reply_timer, mono_after_us(v->begun_at, RENEW_LEAST_US),
                       loop_leave, v);
    else
        loop_stop(v->loop);
}

// Every end is durable. Clients whose write has just been carried out still get their reply.
static void stopped(void *ctx)
{
    struct server *v = ctx;

    http_server_stop_listening(v->http);
    if (v->reply_waits++ == REPLY_WAITS || http_server_request_count(v->http) == 0)
        loop_leave(v);
    else
        loop_timer_set(v->loop, &v->reply_timer, mono_after_us(loop_now(v->loop), REPLY_WAIT_US),
                       stopped, v);
}

static void signalled(int signo, void *ctx)
{
    struct server *v = ctx;

    if (signo == SIGHUP) {
        log_info("SIGHUP: looking at the time zone data");
        sched_zones_look(v->sched);
        return;
    }
    if (v->is_lost) { // it ends already, and will not come back
        log_info("stopping", log_text("signal", sigabbrev_np(signo)));
        v->is_lost = false;
        return;
    }
    if (v->is_stopping) {
        log_warn("a second signal: leaving at once");
        loop_stop(v->loop);
        return;
    }
    v->is_stopping = true;
    log_info("stopping", log_text("signal", sigabbrev_np(signo)),
             log_int("running", (int64_t)exec_running(v->exec)));
    if (signo == SIGTERM && strcmp(v->settings.on_stop, "leave") == 0)
        exec_let_go(v->exec);
    api_drain(v->api);
    alerts_drain(v->alerts);
    sched_stop(v->sched, v->settings.stop_grace_n, stopped, v);
}

// Jobs may have come to this node, or left it. Before all is built nobody need know.
static void epoch_begun(void *ctx)
{
    struct server *v = ctx;

    if (!v->is_counting)
        return;
    alerts_epoch(v->alerts);
    failures_epoch(&v->failures);
}

// Others have our jobs. Runs have been told to end (sched.h).
static void lost(const struct err *why, void *ctx)
{
    struct server *v = ctx;

    if (v->is_stopping)
        return;
    v->is_stopping = v->is_lost = true;
    log_error("this node's lease has ended: it ends its runs and begins anew",
              log_text("why", why->message), log_text("hint", why->hint),
              log_int("running", (int64_t)exec_running(v->exec)));
    api_drain(v->api);
    alerts_drain(v->alerts);
    sched_stop(v->sched, 0, stopped, v);
}

// ---- building ----

// The default zone must be known: a schedule that names none depends on it.
static bool zone_check(struct server *v, struct err *e)
{
    const struct zone *zone;
    struct err why;

    if (zones_get(v->zones, buf_str(&v->zone), &zone, &why))
        return true;
    (void)fail(e, ERR_USAGE, "timezone", "timezone: %s%s", why.message,
               v->settings.timezone[0] ? "" : " (the system's: TZ or /etc/localtime)");
    return fail_hint(e, "%s", why.hint);
}

// A file of trusted certificates that cannot be read would turn every check bad, hours later.
static bool ca_file_check(const char *path, struct err *e)
{
    if (!path[0] || access(path, R_OK) == 0)
        return true;
    (void)fail_errno(e, ERR_SYSTEM, errno, "ca-file: %s cannot be read", path);
    return fail_hint(e, "name a PEM file of trusted certificates, or leave it to the system's");
}

static bool cellar_build(struct server *v, struct err *e)
{
    static const int signals[] = {SIGINT, SIGTERM, SIGHUP};

    v->clock = clock_real();
    if (pg_uri_is(v->settings.db)) {
        shared_clock_init(&v->shared);
        v->clock = &v->shared.base;
    }
    v->loop = loop_new(v->clock, e);
    if (!v->loop)
        return false;
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
        if (!loop_signal(v->loop, signals[i], signalled, v, e))
            return false;
    v->zones = zones_new(NULL);
    buf_init(&v->zone, 1024);
    if (v->settings.timezone[0])
        buf_add_text(&v->zone, v->settings.timezone);
    else
        zone_system_name(&v->zone);
    v->begun_at = loop_now(v->loop);
    return zone_check(v, e);
}

static bool exec_build(struct server *v, bool is_exclusive, struct err *e)
{
    struct tls_prober_options prober = {
        .ca = v->settings.ca_file[0] ? v->settings.ca_file : NULL,
        .access = v->access,
    };
    struct exec_options exec = {
        .jobs_dir = v->settings.jobs_dir,
        .runs_dir = v->runs_dir,
        .is_exclusive = is_exclusive,
        .self = v->self,
        .python = v->settings.python,
        .compiler = v->settings.compiler,
        .files_max = v->files_max,
        .cgroup = v->cgroup > 0 ? v->cgroup : 0,
        .children_max = (int)v->settings.children_max_n,
    };

    v->inventory = inventory_new();
    prober.watch = (struct tls_watch){inventory_known, inventory_see, v->inventory};
    if (!tls_prober_new(v->loop, &prober, &v->prober, e))
        return false;
    exec.prober = v->prober;
    return exec_new(v->loop, &exec, &v->exec, e);
}

static bool file_build(struct server *v, const char *path, struct err *e)
{
    const struct sqlite_store_options options = {path, v->node.name, BELFRY_VERSION};

    return sqlite_store_open(v->loop, v->clock, &options, &v->store, e);
}

// The others are told at once where we are, and what of our runs goes on.
static bool node_build(struct server *v, struct err *e)
{
    int64_t *kept;
    struct pg_store_options options = {
        .uri = v->settings.db,
        .node_name = v->node.name,
        .version = BELFRY_VERSION,
        .address = v->node.address,
        .tags = v->node.tags,
        .lease_us = v->settings.lease_n,
        .shared = &v->shared,
        .kept_count = exec_kept(v->exec, &kept),
    };
    bool ok;

    options.kept = kept;
    ok = pg_store_open(v->loop, v->clock, &options, &v->store, e);
    free(kept);
    v->db = str_own(str_of(v->settings.db));
    pg_uri_hide((char *)v->settings.db); // the store has its own copy
    return ok;
}

static void request_take(struct http_request *r, void *ctx)
{
    struct server *v = ctx;

    api_handle(r, v->api);
}

// Whoever connects is answered when the loop turns, with everything built.
static bool listen_build(struct server *v, struct err *e)
{
    struct http_server_options http = {
        .address = v->address,
        .port = v->port,
        .socket_path = v->socket_path[0] ? v->socket_path : NULL,
        .is_local_only = !v->address[0],
        .host_names = v->host_names[0] ? v->host_names : NULL,
    };

    if (!http_server_start(v->loop, &http, request_take, v, &v->http, e))
        return false;
    v->bound_port = http_server_port(v->http);
    serve_node_listens(&v->node, v->address, v->bound_port);
    return true;
}

// A file is opened before anything is done beside it: whoever has it locked has all of it. Of a
// node, the runs that go on and its address must be known when it comes to the others.
static bool stores_build(struct server *v, const char *path, struct err *e)
{
    bool is_server = pg_uri_is(v->settings.db);

    if (!serve_node_runs_dir(&v->node, path, is_server, v->runs_dir, sizeof v->runs_dir, e))
        return false;
    if (is_server)
        return exec_build(v, true, e) && listen_build(v, e) && node_build(v, e);
    return file_build(v, path, e) && exec_build(v, false, e);
}

static bool engine_build(struct server *v, struct err *e)
{
    const char *path;

    if (!settings_db_path(v->settings.db, &path, e) || !jobs_dir_setup(v->settings.jobs_dir, e) ||
        !cgroup_setup(v, e) || !stores_build(v, path, e) ||
        !inventory_open(v->inventory, v->store, e))
        return false;
    struct alerts_options alerts = {
        .loop = v->loop,
        .store = v->store,
        .access = v->access,
        .host = v->node.name,
    };

    v->alerts = alerts_new(&alerts);
    struct sched_options sched = {
        .loop = v->loop,
        .store = v->store,
        .exec = v->exec,
        .zones = v->zones,
        .timezone = buf_str(&v->zone),
        .late_after_us = v->settings.late_after_n,
        .keep_age_us = v->settings.keep_age_n,
        .keep_total = v->settings.keep_total_n,
        .presets = &v->settings.presets,
        .runs_dir = v->runs_dir,
        .max_running = v->settings.max_running_n,
        .on_row = alerts_row,
        .on_rows = alerts_rows,
        .row_ctx = v->alerts,
        .on_epoch = epoch_begun,
        .epoch_ctx = v,
        .on_lost = lost,
        .lost_ctx = v,
    };

    v->sched = sched_new(&sched);
    alerts_follow(v->alerts, v->sched);
    return true;
}

static bool front_build(struct server *v, struct err *e)
{
    struct api_options api = {
        .loop = v->loop,
        .clock = v->clock,
        .sched = v->sched,
        .store = v->store,
        .prober = v->prober,
        .zones = v->zones,
        .alerts = v->alerts,
        .jobs_dir = v->settings.jobs_dir,
        .runs_dir = v->runs_dir,
        .version = BELFRY_VERSION,
        .ca_file = v->settings.ca_file[0] ? v->settings.ca_file : NULL,
        .node = {v->node.name, v->node.address, v->node.tags},
        .metrics_compat = v->settings.metrics_compat,
        .metrics_jobs_max = (size_t)v->settings.metrics_jobs_n,
    };

    v->api = api_new(&api);
    if ((!v->http && !listen_build(v, e)) || !sched_start(v->sched, e))
        return false;
    alerts_begin(v->alerts);
    failures_init(&v->failures, v->sched);
    v->is_counting = true;
    return true;
}

static void leave(int signo)
{
    (void)signo;
    _exit(0);
}

static void leave_lost(int signo) // whoever watches over us begins us anew
{
    (void)signo;
    _exit(1);
}

// The store goes first: it answers what is outstanding, and the answers go to everybody else.
static void server_done(struct server *v)
{
    store_close(v->store);
    http_server_free(v->http);
    api_free(v->api);
    exec_free(v->exec);
    file_close(&v->cgroup);
    if (v->is_counting)
        failures_done(&v->failures);
    sched_free(v->sched);
    // A lookup that the system's resolver does not end must not hold up the end of the process.
    const struct sigaction action = {.sa_handler = v->is_lost ? leave_lost : leave};

    sigaction(SIGALRM, &action, NULL);
    alarm(RESOLVER_WAIT_S);
    alerts_free(v->alerts);
    tls_prober_free(v->prober);
    inventory_free(v->inventory);
    access_free(v->access);
    zones_free(v->zones);
    buf_done(&v->zone);
    loop_free(v->loop);
    settings_done(&v->settings);
}

// The arguments say all again, but for a port that the system has chosen, and a password that has
// been taken out of them. Returns only when it fails.
static int renew(struct server *v, int argc, char **argv, const char *db)
{
    char listen[sizeof v->address + sizeof v->socket_path + 32];
    int n = snprintf(listen, sizeof listen, strchr(v->address, ':') ? "[%s]:%d" : "%s:%d",
                     v->address, v->bound_port);

    if (v->socket_path[0])
        snprintf(listen + n, sizeof listen - (size_t)n, ",unix:%s", v->socket_path);
    memcpy((char *)db, v->db, strlen(v->db));
    serve_renew(v->self, argc, argv, v->address[0] && v->port == 0 ? listen : NULL, v->files_max);
    log_error("cannot begin anew", log_text("error", err_words(errno)));
    return err_exit_status(ERR_SYSTEM);
}

static void ready_say(const struct server *v)
{
    bool is_v6 = strchr(v->address, ':') != NULL;

    printf("belfry " BELFRY_VERSION " is ready: ");
    if (v->address[0])
        printf("http://%s%s%s:%d%s", is_v6 ? "[" : "", v->address, is_v6 ? "]" : "",
               http_server_port(v->http), v->socket_path[0] ? " and " : " ");
    if (v->socket_path[0])
        printf("unix:%s ", v->socket_path);
    printf("(API docs: /docs)\n");
    fflush(stdout);
}

static int complain(const struct err *e)
{
    fprintf(stderr, "belfry serve: %s\n", e->message);
    if (e->hint[0])
        fprintf(stderr, "  %s\n", e->hint);
    else if (e->code == ERR_USAGE)
        fprintf(stderr, "  `belfry serve --help` lists the settings\n");
    return err_exit_status(e->code);
}

int cmd_serve(int argc, char **argv)
{
    struct server v = {.cgroup = -1};
    struct err e = {0};
    const char *db;
    int status = 0;

    if (!settings_read(argc, argv, &v.settings, &e) || !log_setup(&v.settings, &e) ||
        !serve_node_read(&v.settings, &v.node, &e) || !listen_read(&v, &e) ||
        !host_names_split(&v, &e) || !on_stop_check(v.settings.on_stop, &e) ||
        !metrics_compat_check(str_of(v.settings.metrics_compat), &e) ||
        !ca_file_check(v.settings.ca_file, &e) || !access_setup(&v, &e))
        return complain(&e);
    process_setup(&v);
    db = v.settings.db;
    if (cellar_build(&v, &e) && engine_build(&v, &e) && front_build(&v, &e)) {
        ready_say(&v);
        loop_run(v.loop);
        log_info(v.is_lost ? "beginning anew" : "stopped");
    } else {
        v.is_lost = false;
        status = complain(&e);
    }
    server_done(&v);
    if (v.is_lost)
        status = renew(&v, argc, argv, db);
    free(v.db);
    return status;
}
