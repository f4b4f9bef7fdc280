// module_file.h - a C job module as a file: which version it is, loading it, calling it.
#pragma once

#include "belfry_job.h"

#include "base/err.h"
#include "exec/module_ring.h"

typedef int module_call(int argc, char **argv);

// Which version of a file this is.
struct stat;
struct ring_key module_key(const struct stat *st);
bool module_key_is_same(const struct ring_key *a, const struct ring_key *b);

// Loads a module into this process and runs its init. *ret_handle is for dlclose.
[[nodiscard]] bool module_load(const char *path, void **ret_handle, module_call **ret_call,
                               struct err *e);

// What call returns, as the exit status of a process: 0 stays 0, and nothing else becomes 0.
int module_status(int returned);

// Runs the module at path once, in this process, and returns its exit status; what cannot be loaded
// is told on stderr and gives 126. argv[0] is the job's name. The working directory becomes the
// module's folder.
int module_run_once(const char *path, int argc, char **argv);
