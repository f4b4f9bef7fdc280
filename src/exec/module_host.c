// module_host.c - serves one ring: takes a run, loads its module, calls it, tidies up.
// SPDX-License-Identifier: Apache-2.0
//
// Tidying up is what makes one process good for many runs. Working directory and environment are
// set anew for each run; umask, signal mask, locale and standard streams are put back after each
// call, and child processes or threads that it left behind are looked for. What costs more system
// calls - common signal handlers, the alarm, descriptors left open - is looked after for the first
// THOROUGH_CALLS calls of each module and every THOROUGH_EVERY runs: who makes such a mess makes it
// early. What cannot be put back makes the host retire: it takes no more runs and exits. A warm
// start is not worth a wrong result.
#include "exec/module_host.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <locale.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/single_threaded.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/str.h"
#include "exec/environment.h"
#include "exec/module_file.h"
#include "exec/module_ring.h"

#define MODULES_MAX 4096            // loaded at a time; beyond that the host retires
#define RUNS_MAX 1000000            // then it retires
#define DESCRIPTORS_MAX 64          // left open by modules
#define MEMORY_MAX_PAGES (256 << 8) // 256 MiB more than at the start
#define MEMORY_EVERY 64             // runs between two looks at it
#define KEEP_FD 100                 // where the host's own descriptors begin
#define FOLDERS_MAX 512             // job folders kept open, so that entering one is cheap
#define THOROUGH_CALLS 4
#define THOROUGH_EVERY 32

struct loaded {
    struct str path; // owned
    struct ring_key key;
    module_call *call;
    uint64_t calls;
    int folder_fd; // -1: not kept
};

// The strings of one request, in the slot's data.
struct call_words {
    char *path;
    char *folder;
    char *identity[ENVIRONMENT_IDENTITY];
    char *argv[RING_ARGS_MAX + 1];
};

struct host {
    struct ring *ring;
    pid_t parent;
    struct map modules; // path -> struct loaded
    char **settings;    // environment: identity, then what came from belfry
    struct call_words words;
    int out, err; // copies of stdout and stderr that modules do not know of
    struct stat out_stat, err_stat;
    int stream_flags; // of stdout and stderr
    mode_t umask;
    int free_fd;      // the lowest descriptor that is free
    uint64_t threads; // at the start (a sanitizer may have its own)
    int64_t pages;    // resident at the start; 0: not known yet
    uint64_t runs;
    bool has_news; // runs are done that belfry has not been told of
};

static void host_open(struct host *h);
static bool slot_take(struct host *h, struct ring_slot *slot);
static bool slot_run(struct host *h, struct ring_slot *slot);
static void slot_finish(struct host *h, struct ring_slot *slot, bool is_thorough);
static void host_tidy(struct host *h, bool is_thorough);
static bool host_is_spoilt(struct host *h, bool is_thorough);

int module_host_main(void)
{
    struct host *h = mem_alloc(sizeof *h);
    uint32_t at = 0;

    host_open(h);
    if (h->ring == MAP_FAILED) {
        (void)fprintf(stderr, "run-module --host is started by belfry itself\n");
        return 2;
    }
    while (!h->ring->is_retiring && slot_take(h, &h->ring->slots[at])) {
        slot_finish(h, &h->ring->slots[at], slot_run(h, &h->ring->slots[at]));
        at = (at + 1) % RING_SLOTS;
    }
    _exit(0); // no destructors of modules: they belong to no run
}

static void signals_reset(void)
{
    struct sigaction plain = {.sa_handler = SIG_DFL};
    sigset_t none;

    for (int signo = 1; signo < NSIG; signo++)
        (void)sigaction(signo, &plain, NULL);
    sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
}

static void settings_make(struct host *h)
{
    struct environment env;

    environment_init(&env);
    h->settings = mem_array(env.count + ENVIRONMENT_IDENTITY + 1, sizeof *h->settings);
    memcpy(h->settings + ENVIRONMENT_IDENTITY, env.v, env.count * sizeof *env.v);
    environment_done(&env);
}

static uint64_t threads_count(void)
{
    struct stat st;

    return stat("/proc/self/task", &st) == 0 ? st.st_nlink : 0;
}

static int lowest_free(void)
{
    int fd = fcntl(RING_DONE_FD, F_DUPFD_CLOEXEC, 0);

    if (fd >= 0)
        close(fd);
    return fd < 0 ? INT_MAX : fd;
}

static void host_open(struct host *h)
{
    signals_reset();
    (void)prctl(PR_SET_PDEATHSIG, SIGTERM); // else a call without end would outlive a killed belfry
    h->ring = mmap(NULL, sizeof *h->ring, PROT_READ | PROT_WRITE, MAP_SHARED, RING_MEMORY_FD, 0);
    close(RING_MEMORY_FD);
    (void)fcntl(RING_WAKE_FD, F_SETFD, FD_CLOEXEC);
    (void)fcntl(RING_DONE_FD, F_SETFD, FD_CLOEXEC);
    h->parent = getppid();
    map_init(&h->modules);
    settings_make(h);
    h->out = fcntl(1, F_DUPFD_CLOEXEC, KEEP_FD);
    h->err = fcntl(2, F_DUPFD_CLOEXEC, KEEP_FD);
    (void)fstat(1, &h->out_stat);
    (void)fstat(2, &h->err_stat);
    h->stream_flags = fcntl(1, F_GETFL);
    (void)setvbuf(stdout, NULL, _IOLBF, 0); // what was said before a crash is seen
    h->umask = umask(022);
    (void)umask(h->umask);
    h->free_fd = lowest_free();
    h->threads = threads_count();
}

// ---- sleeping and waking ----

static void belfry_ring(struct host *h)
{
    uint64_t one = 1;

    h->has_news = false;
    if (write(RING_DONE_FD, &one, sizeof one) < 0 && errno == EBADF)
        _exit(1); // a module has closed what is not its own; belfry reads the ring once more
}

// Sleeps while the slot is not (or, for the wait in DRAIN, is) in a state. False when belfry is
// gone or wants an end.
static bool host_wait(struct host *h, struct ring_slot *slot, uint32_t state, bool is_left)
{
    struct pollfd polls[] = {{.fd = RING_WAKE_FD, .events = POLLIN}, {.fd = h->out, .events = 0}};
    uint64_t count;

    while ((atomic_load(&slot->state) == state) == is_left) {
        if (getppid() != h->parent || (polls[0].revents & POLLNVAL) ||
            (polls[1].revents & (POLLERR | POLLNVAL)) || h->ring->is_quitting)
            return false;
        if (h->has_news)
            belfry_ring(h);
        atomic_store(&h->ring->host_sleeps, 1);
        if ((atomic_load(&slot->state) == state) == is_left && poll(polls, 2, -1) > 0)
            (void)!read(RING_WAKE_FD, &count, sizeof count);
        atomic_store(&h->ring->host_sleeps, 0);
    }
    return getppid() == h->parent;
}

static bool slot_take(struct host *h, struct ring_slot *slot)
{
    uint32_t queued = RING_QUEUED;

    do {
        if (!host_wait(h, slot, RING_QUEUED, false))
            return false;
        queued = RING_QUEUED;
        atomic_store(&slot->started, clock_mono(clock_real()).us);
    } while (!atomic_compare_exchange_strong(&slot->state, &queued, RING_RUNNING));
    return true;
}

// ---- one run ----

static char *word_next(struct ring_slot *slot, uint32_t *at)
{
    char *word = slot->data + *at;

    *at += (uint32_t)strnlen(word, sizeof slot->data - 1 - *at) + 1;
    return word;
}

static void words_find(struct call_words *w, struct ring_slot *slot)
{
    uint32_t at = 0;

    w->path = word_next(slot, &at);
    w->folder = word_next(slot, &at);
    for (int i = 0; i < ENVIRONMENT_IDENTITY; i++)
        w->identity[i] = word_next(slot, &at);
    for (uint32_t i = 0; i < slot->request.argc && i < RING_ARGS_MAX; i++)
        w->argv[i] = word_next(slot, &at);
    w->argv[slot->request.argc] = NULL;
}

static void slot_refuse(struct ring_slot *slot, const char *words)
{
    slot->outcome = RING_UNUSABLE;
    (void)snprintf(slot->data, sizeof slot->data, "%s", words);
}

static struct loaded *module_add(struct host *h, struct ring_slot *slot)
{
    struct loaded *m = mem_alloc(sizeof *m);
    const char *path = h->words.path;
    void *handle;
    struct err e;
    int fd;

    m->key = slot->request.key;
    if (!module_load(path, &handle, &m->call, &e)) {
        free(m);
        slot_refuse(slot, e.message);
        return NULL;
    }
    fd = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
    m->folder_fd = h->modules.len < FOLDERS_MAX ? fcntl(fd, F_DUPFD_CLOEXEC, KEEP_FD) : -1;
    close(fd);
    m->path = (struct str){mem_copy(path, strlen(path)), strlen(path)};
    (void)map_put(&h->modules, m->path, m);
    return m;
}

// The module of this run, loaded now if need be, with its folder entered. NULL: the slot holds the
// reason.
static struct loaded *module_enter(struct host *h, struct ring_slot *slot)
{
    struct loaded *m = map_get(&h->modules, str_of(h->words.path));

    if (m && !module_key_is_same(&m->key, &slot->request.key)) {
        slot->outcome = RING_STALE; // dlopen would give the old one again
        h->ring->is_retiring = 1;
        return NULL;
    }
    if (m && m->folder_fd >= 0 && fchdir(m->folder_fd) == 0)
        return m;
    if (chdir(h->words.folder) < 0) {
        slot_refuse(slot, "could not enter the job folder");
        return NULL;
    }
    return m ? m : module_add(h, slot);
}

// Returns whether a thorough look at what is left behind is due.
static bool slot_run(struct host *h, struct ring_slot *slot)
{
    struct loaded *m;

    slot->started_at = clock_wall(clock_real()).us;
    slot->outcome = RING_RETURNED;
    slot->exit_code = 0;
    words_find(&h->words, slot);
    memcpy(h->settings, h->words.identity, sizeof h->words.identity);
    environ = h->settings;
    optind = 1;
    m = module_enter(h, slot);
    if (m) {
        m->calls++;
        slot->exit_code = module_status(m->call((int)slot->request.argc, h->words.argv));
    }
    slot->finished_at = clock_wall(clock_real()).us;
    return !m || m->calls <= THOROUGH_CALLS || h->runs % THOROUGH_EVERY == 0;
}

static bool pipes_are_empty(const struct host *h)
{
    int out = 0, err = 0;

    return ioctl(h->out, FIONREAD, &out) == 0 && ioctl(h->err, FIONREAD, &err) == 0 && out == 0 &&
           err == 0;
}

static void slot_finish(struct host *h, struct ring_slot *slot, bool is_thorough)
{
    uint32_t running = RING_RUNNING;

    (void)fflush(NULL);
    h->runs++;
    host_tidy(h, is_thorough);
    if (host_is_spoilt(h, is_thorough))
        h->ring->is_retiring = 1;
    h->has_news = true;
    if (pipes_are_empty(h) && atomic_compare_exchange_strong(&slot->state, &running, RING_DONE)) {
        if (h->runs % RING_NOTE == 0 || h->ring->is_retiring)
            belfry_ring(h);
        return;
    }
    atomic_store(&slot->state, RING_DRAIN);
    if (!host_wait(h, slot, RING_DRAIN, true))
        _exit(0);
}

// ---- between two runs ----

// The flags tell a pipe from a file, and blocking from not, for little; only another pipe looks the
// same, and is found by the thorough look.
static void stream_restore(const struct host *h, int fd, bool is_thorough)
{
    const struct stat *st = fd == 1 ? &h->out_stat : &h->err_stat;
    int kept = fd == 1 ? h->out : h->err;
    struct stat now;

    if (fcntl(fd, F_GETFL) != h->stream_flags) {
        (void)dup2(kept, fd);
        (void)fcntl(fd, F_SETFL, h->stream_flags);
    }
    if (is_thorough &&
        (fstat(fd, &now) < 0 || now.st_ino != st->st_ino || now.st_dev != st->st_dev))
        (void)dup2(kept, fd);
}

static void handlers_reset(void)
{
    static const int common[] = {SIGALRM, SIGINT,  SIGTERM, SIGHUP,
                                 SIGCHLD, SIGPIPE, SIGUSR1, SIGUSR2};
    struct sigaction plain = {.sa_handler = SIG_DFL};

    for (size_t i = 0; i < sizeof common / sizeof *common; i++)
        (void)sigaction(common[i], &plain, NULL);
    (void)alarm(0);
}

static void host_tidy(struct host *h, bool is_thorough)
{
    sigset_t none;

    sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
    (void)umask(h->umask);
    if (is_thorough)
        handlers_reset();
    if (strcmp(setlocale(LC_ALL, NULL), "C") != 0)
        (void)setlocale(LC_ALL, "C");
    stream_restore(h, 1, is_thorough);
    stream_restore(h, 2, is_thorough);
    clearerr(stdout);
    clearerr(stderr);
}

static bool has_children(void)
{
    pid_t pid;

    while ((pid = waitpid(-1, NULL, WNOHANG | __WALL)) > 0)
        ;
    return pid == 0;
}

static int64_t pages_resident(void)
{
    char text[128] = "";
    int fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
    long long size = 0, resident = 0;

    if (fd < 0)
        return 0;
    if (read(fd, text, sizeof text - 1) <= 0 || sscanf(text, "%lld %lld", &size, &resident) != 2)
        resident = 0;
    close(fd);
    return resident;
}

static bool has_grown(struct host *h)
{
    int64_t pages;

    if (h->pages != 0 && h->runs % MEMORY_EVERY != 0)
        return false;
    pages = pages_resident();
    if (h->pages == 0)
        h->pages = pages;
    return pages - h->pages > MEMORY_MAX_PAGES;
}

static bool has_leaked(struct host *h)
{
    int free_fd = lowest_free();

    if (free_fd >= h->free_fd)
        return free_fd > h->free_fd + DESCRIPTORS_MAX;
    return true; // it closed what is not its own
}

static bool host_is_spoilt(struct host *h, bool is_thorough)
{
    if (!__libc_single_threaded && threads_count() > h->threads)
        return true;
    if (has_children() || h->runs >= RUNS_MAX || h->modules.len > MODULES_MAX)
        return true;
    return is_thorough && (has_leaked(h) || has_grown(h));
}
