// serve_renew.h - the same process begins anew: a node whose lease has ended comes back as another.
#pragma once

#include <stdint.h>

// Executes self with the arguments of `belfry serve` again. What the process gives on is as it was
// when it began: files_max is the soft limit of open files (0: never raised), no alarm is set.
// listen: where to listen when the arguments leave that to the system (port 0), else NULL. Returns
// only when it fails, with errno.
void serve_renew(const char *self, int argc, char **argv, const char *listen, uint64_t files_max);
