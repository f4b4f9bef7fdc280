// compile.c - runs the C compiler for job folders.
// SPDX-License-Identifier: Apache-2.0
#include "exec/compile.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "belfry_job.h" // so that a change of it rebuilds the copy below

#include "base/file.h"
#include "base/list.h"
#include "base/map.h"
#include "base/mem.h"
#include "exec/command.h"

#define FOLDERS_MAX 1024 // remembered for a failure
#define WORDS_MAX 65536  // kept of what the compiler says
#define ARGV_MAX 12

// The text of belfry_job.h.
extern const char belfry_job_h[], belfry_job_h_end[];
__asm__(".pushsection .rodata\n"
        "belfry_job_h:\n"
        ".incbin \"include/belfry_job.h\"\n"
        "belfry_job_h_end:\n"
        ".popsection\n");

struct compiler {
    struct compiler_options options;
    char include_dir[PATH_MAX]; // "" until the first compilation
    char include[PATH_MAX + 2]; // -Iinclude_dir
    struct map folders;         // path -> struct compile
    struct list waiting;        // compilations without a place
    int running;
    uint64_t count; // of compilations, for names
    bool is_closed;
};

// One folder. It stays after a failure.
struct compile {
    struct compiler *compiler;
    struct list link;  // in compiler->waiting
    struct str folder; // owned
    struct list waits;
    struct command *command;
    struct loop_timer timer; // time limit while it runs, else the report of a remembered failure
    struct stat source;      // main.c as it was when compilation began
    char temporary[64];      // name of what the compiler writes
    char *argv[ARGV_MAX];
    bool is_over_limit;
    mono failed_until;
    char message[600];
    char *words; // owned; what the compiler said
};

struct compile_wait {
    struct list link;
    compile_done *done;
    void *ctx;
};

static void compile_queue(struct compile *job);
static void compile_begin(struct compile *job);
static void compile_ended(const struct command_end *end, void *ctx);
static void compile_report(struct compile *job, bool is_ok);
static void failure_repeat(void *ctx);

struct compiler *compiler_new(const struct compiler_options *options)
{
    struct compiler *c = mem_alloc(sizeof *c);

    c->options = *options;
    map_init(&c->folders);
    list_init(&c->waiting);
    return c;
}

void compiler_close(struct compiler *c)
{
    c->is_closed = true;
}

static void waits_free(struct compile *job)
{
    struct list *link;

    while ((link = list_pop(&job->waits)))
        free(list_item(link, struct compile_wait, link));
}

static void temporary_remove(const struct compile *job)
{
    char path[PATH_MAX];

    if (snprintf(path, sizeof path, "%s/%s", job->folder.p, job->temporary) < (int)sizeof path)
        (void)unlink(path);
}

static void compile_free(struct compile *job)
{
    (void)map_remove(&job->compiler->folders, job->folder);
    list_remove(&job->link);
    loop_timer_stop(job->compiler->options.loop, &job->timer);
    if (job->command) {
        command_free(job->command);
        temporary_remove(job); // the compiler was killed
    }
    waits_free(job);
    free(job->words);
    free((char *)(uintptr_t)job->folder.p);
    free(job);
}

static void header_path(const char *dir, char path[PATH_MAX])
{
    if (snprintf(path, PATH_MAX, "%.*s/belfry_job.h", PATH_MAX - 16, dir) >= PATH_MAX)
        path[0] = '\0';
}

static void include_remove(const char *dir)
{
    char path[PATH_MAX];

    if (!*dir)
        return;
    header_path(dir, path);
    (void)unlink(path);
    (void)rmdir(dir);
}

void compiler_free(struct compiler *c)
{
    struct compile *job;

    if (!c)
        return;
    for (size_t at = 0; (job = map_next(&c->folders, &at));)
        compile_free(job);
    map_done(&c->folders);
    include_remove(c->include_dir);
    free(c);
}

static bool include_make(char dir[PATH_MAX], struct err *e)
{
    const char *base = getenv("TMPDIR");
    struct str text = {belfry_job_h, (size_t)(belfry_job_h_end - belfry_job_h)};
    char path[PATH_MAX];
    bool is_written;

    if (snprintf(dir, PATH_MAX, "%s/belfry-include-XXXXXX", base && *base ? base : "/tmp") >=
            PATH_MAX - 32 ||
        !mkdtemp(dir)) {
        (void)fail_errno(e, ERR_SYSTEM, errno, "could not make %s for belfry_job.h", dir);
        dir[0] = '\0';
        return false;
    }
    header_path(dir, path);
    autoclose int fd = file_open(AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, e);
    is_written = fd >= 0 && file_write(fd, text);
    if (is_written)
        return true;
    (void)fail_errno(e, ERR_SYSTEM, errno, "could not write %s", path);
    include_remove(dir);
    dir[0] = '\0';
    return false;
}

// ---- one compilation ----

static struct compile *compile_find(struct compiler *c, const char *folder)
{
    struct compile *job = map_get(&c->folders, str_of(folder));

    if (job)
        return job;
    job = mem_alloc(sizeof *job);
    job->compiler = c;
    job->folder = (struct str){mem_copy(folder, strlen(folder)), strlen(folder)};
    list_init(&job->waits);
    (void)map_put(&c->folders, job->folder, job);
    return job;
}

static bool source_stat(const struct compile *job, struct stat *ret)
{
    char path[PATH_MAX];

    return snprintf(path, sizeof path, "%s/main.c", job->folder.p) < (int)sizeof path &&
           stat(path, ret) == 0;
}

static bool is_same_source(const struct stat *a, const struct stat *b)
{
    return a->st_ino == b->st_ino && a->st_size == b->st_size &&
           a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

struct compile_wait *compile_start(struct compiler *c, const char *folder, compile_done *done,
                                   void *ctx)
{
    struct compile *job = compile_find(c, folder);
    struct compile_wait *wait = mem_alloc(sizeof *wait);
    struct stat source;
    bool is_busy = job->command || list_has(&job->link) || !list_is_empty(&job->waits);

    wait->done = done;
    wait->ctx = ctx;
    list_push(&job->waits, &wait->link);
    if (is_busy)
        return wait;
    if (loop_now(c->options.loop).us < job->failed_until.us && source_stat(job, &source) &&
        is_same_source(&source, &job->source))
        loop_timer_set(c->options.loop, &job->timer, loop_now(c->options.loop), failure_repeat,
                       job);
    else
        compile_queue(job);
    return wait;
}

void compile_forget(struct compile_wait *wait)
{
    list_remove(&wait->link);
    free(wait);
}

static void compile_queue(struct compile *job)
{
    if (job->compiler->running < COMPILE_AT_ONCE)
        compile_begin(job);
    else
        list_push(&job->compiler->waiting, &job->link);
}

static void failure_repeat(void *ctx)
{
    compile_report(ctx, false);
}

static void failure_keep(struct compile *job, const char *message, struct str words)
{
    struct loop *loop = job->compiler->options.loop;

    (void)snprintf(job->message, sizeof job->message, "%s", message);
    free(job->words);
    job->words = mem_copy(words.p ? words.p : "", words.len);
    job->failed_until = mono_after_us(loop_now(loop), COMPILE_AGAIN_US);
}

static void argv_fill(const char *program, const char *include_dir, const char *output,
                      char include[PATH_MAX + 2], char *argv[ARGV_MAX])
{
    const char *const words[] = {program, "-shared", "-fPIC", "-O2",   "-g",
                                 include, "-o",      output,  "main.c"};
    size_t count = sizeof words / sizeof *words;

    (void)snprintf(include, PATH_MAX + 2, "-I%s", include_dir);
    for (size_t i = 0; i < count; i++)
        argv[i] = (char *)(uintptr_t)words[i];
    argv[count] = NULL;
}

static bool compile_prepare(struct compile *job, struct err *e)
{
    struct compiler *c = job->compiler;

    if (!source_stat(job, &job->source))
        return fail_errno(e, ERR_FOLDER, errno, "could not read %s/main.c", job->folder.p);
    if (access(job->folder.p, W_OK) < 0)
        return fail_errno(e, ERR_FOLDER, errno,
                          "could not compile main.c (make main.so yourself: cc -shared -fPIC -o "
                          "main.so main.c): %s",
                          job->folder.p);
    if (!*c->include_dir && !include_make(c->include_dir, e))
        return false;
    (void)snprintf(job->temporary, sizeof job->temporary, ".main.so.%d.%llu", (int)getpid(),
                   (unsigned long long)++c->count);
    return true;
}

static void limit_ring(void *ctx)
{
    struct compile *job = ctx;

    job->is_over_limit = true;
    (void)command_stop(job->command, COMMAND_KILL_US);
}

static void compile_begin(struct compile *job)
{
    struct compiler *c = job->compiler;
    struct command_options options = {
        .loop = c->options.loop,
        .launcher = c->options.launcher,
        .spec = {.program = c->options.program,
                 .argv = job->argv,
                 .envp = c->options.envp,
                 .folder = job->folder.p},
        .head_max = WORDS_MAX,
    };
    struct err e;

    if (compile_prepare(job, &e)) {
        argv_fill(c->options.program, c->include_dir, job->temporary, c->include, job->argv);
        job->command = command_start(&options, compile_ended, job, &e);
    }
    if (job->command) {
        c->running++;
        job->is_over_limit = false;
        loop_timer_set(c->options.loop, &job->timer,
                       mono_after_us(loop_now(c->options.loop), COMPILE_LIMIT_US), limit_ring, job);
        return;
    }
    failure_keep(job, e.message, (struct str){0});
    loop_timer_set(c->options.loop, &job->timer, loop_now(c->options.loop), failure_repeat, job);
}

// Puts the new module in place; on failure errno tells.
static bool module_install(const char *folder, const char *temporary, const struct stat *source)
{
    struct timespec times[2] = {source->st_mtim, source->st_mtim};
    autoclose int dir = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    return dir >= 0 && utimensat(dir, temporary, times, 0) == 0 &&
           renameat(dir, temporary, dir, "main.so") == 0;
}

static bool has_module(const struct compile *job)
{
    char path[PATH_MAX];

    return snprintf(path, sizeof path, "%s/main.so", job->folder.p) < (int)sizeof path &&
           access(path, R_OK) == 0;
}

static void end_words(const struct compile *job, const struct command_end *end, char *message,
                      size_t size)
{
    const char *program = job->compiler->options.program;

    if (end->errnum == ENOENT)
        (void)snprintf(message, size,
                       "main.c needs a C compiler, and there is no %s: install gcc, or put a "
                       "compiled main.so there",
                       program);
    else if (end->errnum != 0)
        (void)snprintf(message, size, "could not start %s: %s", program, err_words(end->errnum));
    else if (job->is_over_limit)
        (void)snprintf(message, size, "main.c took longer than %d s to compile",
                       COMPILE_LIMIT_US / 1000000);
    else if (end->signal)
        (void)snprintf(message, size, "%s was killed by signal %d", program, end->signal);
    else
        (void)snprintf(message, size, "main.c does not compile (%s: exit status %d)", program,
                       end->exit_code);
}

static void compile_ended(const struct command_end *end, void *ctx)
{
    struct compile *job = ctx;
    struct compiler *c = job->compiler;
    char message[600];
    struct list *link;
    bool is_ok = false;

    job->command = NULL;
    c->running--;
    loop_timer_stop(c->options.loop, &job->timer);
    if (c->is_closed)
        return;
    if (end->errnum == 0 && end->exit_code == 0)
        is_ok = module_install(job->folder.p, job->temporary, &job->source);
    if (!is_ok && end->errnum == 0 && end->exit_code == 0)
        (void)snprintf(message, sizeof message, "could not write main.so: %s", err_words(errno));
    else
        end_words(job, end, message, sizeof message);
    if (!is_ok) {
        temporary_remove(job);
        failure_keep(job, message, end->err.head);
    }
    is_ok = is_ok || (end->errnum == ENOENT && has_module(job)); // an older one is better than none
    compile_report(job, is_ok);
    while (c->running < COMPILE_AT_ONCE && (link = list_pop(&c->waiting)))
        compile_begin(list_item(link, struct compile, link));
    if (c->running == 0) { // a server that is killed leaves nothing behind
        include_remove(c->include_dir);
        c->include_dir[0] = '\0';
    }
}

static void compile_report(struct compile *job, bool is_ok)
{
    struct compile_end end = {.is_ok = is_ok, .message = is_ok ? "" : job->message};
    struct list *link;
    struct list batch;

    if (!is_ok) {
        end.err.head = str_of(job->words);
        end.err.total = (int64_t)end.err.head.len;
    }
    list_init(&batch);
    list_move(&job->waits, &batch);
    while ((link = list_pop(&batch))) {
        struct compile_wait *wait = list_item(link, struct compile_wait, link);

        wait->done(&end, wait->ctx);
        free(wait);
    }
    if (list_is_empty(&job->waits) && (is_ok || job->compiler->folders.len > FOLDERS_MAX))
        compile_free(job);
}

// ---- by hand ----

static bool compiler_run(char *const *argv, const char *folder, struct err *e)
{
    posix_spawn_file_actions_t actions;
    int errnum, status = 0;
    pid_t pid;

    if (posix_spawn_file_actions_init(&actions) != 0)
        return fail_errno(e, ERR_SYSTEM, ENOMEM, "could not start %s", argv[0]);
    errnum = posix_spawn_file_actions_addchdir_np(&actions, folder);
    if (errnum == 0)
        errnum = posix_spawnp(&pid, argv[0], &actions, NULL, argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    if (errnum != 0)
        return fail_errno(e, ERR_SYSTEM, errnum, "could not start %s", argv[0]);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        return fail(e, ERR_INPUT, NULL, "%s/main.c does not compile", folder);
    return true;
}

bool compile_now(const char *program, const char *folder, struct err *e)
{
    char include[PATH_MAX + 2], include_dir[PATH_MAX], path[PATH_MAX], temporary[64];
    char *argv[ARGV_MAX];
    struct stat source;
    bool is_ok;

    if (snprintf(path, sizeof path, "%s/main.c", folder) >= (int)sizeof path ||
        stat(path, &source) < 0)
        return fail_errno(e, ERR_NOT_FOUND, errno, "could not read %s/main.c", folder);
    if (!include_make(include_dir, e))
        return false;
    (void)snprintf(temporary, sizeof temporary, ".main.so.%d", (int)getpid());
    argv_fill(program, include_dir, temporary, include, argv);
    is_ok = compiler_run(argv, folder, e);
    include_remove(include_dir);
    if (is_ok && !module_install(folder, temporary, &source))
        is_ok = fail_errno(e, ERR_SYSTEM, errno, "could not write %s/main.so", folder);
    return is_ok;
}
