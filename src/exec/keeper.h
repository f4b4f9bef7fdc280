// keeper.h - the process that is the parent of all jobs' processes: `belfry keep`.
//
// It is started by belfry with the runs directory as descriptor 3, a socket to it as descriptor
// 4, the one on which it listens as 5 and, where runs have control groups, their directory as 6,
// and outlives it: when belfry is gone it goes on with what runs, writes how it ended into files,
// and waits on its own socket for the next belfry of the same database (keep_files.h). It leaves
// when nothing runs, nobody is there and KEEPER_IDLE_US have passed.
//
// It is small on purpose: it has no database, no HTTP and no jobs in memory, and starts processes
// as fast as the machine can, whatever belfry's own size.
#pragma once

#define KEEPER_IDLE_US 10000000
#define KEEPER_DIR_FD 3
#define KEEPER_SOCKET_FD 4
#define KEEPER_LISTENER_FD 5
#define KEEPER_CGROUP_FD 6

// argv is keep FILES_MAX IDLE_US: the soft limit of open files for jobs (0: the keeper's own), and
// how long to stay without work. Runs until nobody needs it. Returns the exit status: 2, with a
// word about it, when somebody else than belfry has started it.
int keeper_command(int argc, char **argv);
