// next_jobs.h - `belfry next` of jobs on a server, beside that of schedules on the command line.
#pragma once

#include <stdbool.h>

// Whether the words mean jobs: --job, no schedule at all, or one word that is no schedule but could
// be the name of a job.
bool next_jobs_is_meant(int argc, char **argv);

// The command; argv[0] is "next". Returns the exit status.
int next_jobs(int argc, char **argv);
