// main.c - hands the command line to the cli layer.
// SPDX-License-Identifier: Apache-2.0
#include "cli/command.h"

int main(int argc, char **argv)
{
    return command_main(argc, argv);
}
