// pg_server.h - a PostgreSQL of the test's own: made once a program, on a socket in a scratch
// directory, ended with it. Each medium is a schema of its own.
#pragma once

#include <fcntl.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store/pg.h"
#include "unit.h"

struct pg_server {
    char directory[64];
    char data[96];
    pid_t pid;
    int schemas;
};

// Where tools/setup unpacks what is not installed; found from the top of the tree.
#define PG_SERVER_UNPACKED "build/servers/root/usr/lib"
#ifdef __aarch64__
#define PG_SERVER_MACHINE "aarch64-linux-gnu"
#else
#define PG_SERVER_MACHINE "x86_64-linux-gnu"
#endif

// The one that is installed, or the unpacked one.
static inline const char *pg_server_programs(void)
{
    static const char *const places[] = {
        "/usr/lib/postgresql/15/bin",
        PG_SERVER_UNPACKED "/postgresql/15/bin",
    };

    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        char path[200];

        snprintf(path, sizeof path, "%s/initdb", places[i]);
        if (access(path, X_OK) == 0)
            return places[i];
    }
    return NULL;
}

// PostgreSQL refuses to be root.
static inline void pg_server_become_nobody(void)
{
    const struct passwd *nobody = getpwnam("nobody");

    if (getuid() == 0 && nobody && (setgid(nobody->pw_gid) != 0 || setuid(nobody->pw_uid) != 0))
        _exit(126);
}

// Runs a program as a user that is not root, silently; its process.
static inline pid_t pg_server_spawn(const char *program, char *const *argv)
{
    bool is_unpacked = program[0] != '/';
    char place[PATH_MAX] = "", libraries[PATH_MAX + 20];
    char *const environment[] = {"LC_ALL=C", libraries, NULL};
    pid_t pid;

    if (is_unpacked && !realpath(PG_SERVER_UNPACKED "/" PG_SERVER_MACHINE, place))
        fail_msg("%s lacks its libraries", program);
    snprintf(libraries, sizeof libraries, "LD_LIBRARY_PATH=%s", place);
    pid = fork();
    if (pid == 0) {
        int quiet = open("/dev/null", O_RDWR | O_CLOEXEC);

        pg_server_become_nobody();
        dup2(quiet, STDIN_FILENO);
        dup2(quiet, STDOUT_FILENO);
        dup2(quiet, STDERR_FILENO);
        execve(program, argv, environment);
        _exit(127);
    }
    return pid;
}

static inline void pg_server_uri(const struct pg_server *s, const char *schema, char uri[300])
{
    snprintf(uri, 300,
             "postgresql://tester@/postgres?host=%s&options=-csearch_path%%3D%s"
             "%%20-csynchronous_commit%%3Doff",
             s->directory, schema);
}

static inline struct pg *pg_server_connect(const struct pg_server *s, const char *schema)
{
    char uri[300];
    struct pg *pg = NULL;
    struct err e;

    pg_server_uri(s, schema, uri);
    for (int i = 0; i < 600 && !(pg = pg_open(uri, true, &e)); i++)
        usleep(50000);
    if (!pg)
        fail_msg("%s", e.message);
    return pg;
}

static inline void pg_server_begin(struct pg_server *s)
{
    char program[200];
    const char *programs = pg_server_programs();

    if (!programs)
        fail_msg("there is no PostgreSQL: tools/setup test unpacks one");
    snprintf(program, sizeof program, "%s/postgres", programs);
    char *const run[] = {program, "-D", s->data,          "-k", s->directory, "-h", "",
                         "-F",    "-c", "autovacuum=off", NULL};

    s->pid = pg_server_spawn(program, run);
}

static inline void pg_server_init(struct pg_server *s)
{
    char program[200];
    int status = 0;
    const struct passwd *nobody = getpwnam("nobody");

    *s = (struct pg_server){0};
    snprintf(s->directory, sizeof s->directory, "%s/belfry-pg-XXXXXX",
             access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    assert_non_null(mkdtemp(s->directory));
    if (getuid() == 0 && nobody)
        assert_int_equal(chown(s->directory, nobody->pw_uid, nobody->pw_gid), 0);
    snprintf(s->data, sizeof s->data, "%s/data", s->directory);
    assert_non_null(pg_server_programs());
    snprintf(program, sizeof program, "%s/initdb", pg_server_programs());
    char *const init[] = {program, "-D", s->data, "-U",         "tester", "-A",
                          "trust", "-E", "UTF8",  "--locale=C", "-N",     "--no-instructions",
                          NULL};

    assert_int_equal(waitpid(pg_server_spawn(program, init), &status, 0) > 0, 1);
    assert_int_equal(status, 0);
    pg_server_begin(s);
}

// how: SIGTERM smart, SIGINT fast, SIGQUIT immediate.
static inline void pg_server_end(struct pg_server *s, int how)
{
    int status;

    if (s->pid > 0) {
        kill(s->pid, how);
        waitpid(s->pid, &status, 0);
    }
    s->pid = 0;
}

static inline void pg_server_done(struct pg_server *s)
{
    char *const argv[] = {"/bin/rm", "-rf", s->directory, NULL};
    int status;

    pg_server_end(s, SIGQUIT);
    pid_t pid = fork();

    if (pid == 0) {
        execv(argv[0], argv);
        _exit(127);
    }
    waitpid(pid, &status, 0);
}

// A schema of its own, of that name.
static inline void pg_server_schema(struct pg_server *s, char name[32])
{
    struct pg *pg = pg_server_connect(s, "public");
    char text[100];

    snprintf(name, 32, "s%d", ++s->schemas);
    snprintf(text, sizeof text, "CREATE SCHEMA %s", name);
    assert_true(pg_script(pg, text));
    pg_close(pg);
}
