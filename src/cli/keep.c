// keep.c - belfry keep: the process that looks after those of the jobs. Only `belfry serve` starts
// it, so no help tells of it.
// SPDX-License-Identifier: Apache-2.0
#include "cli/keep.h"

#include "exec/keeper.h"

int cmd_keep(int argc, char **argv)
{
    return keeper_command(argc, argv);
}
