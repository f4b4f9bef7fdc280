// python.h - runs of main.py: the job folders of a FastAPI and APScheduler service, unchanged.
//
// A small starter is given to python3 with -c. It imports <jobs>/<job>/main.py under the name
// <jobs>.<job>.main (jobs is the name of the jobs directory; a dot in the job's name becomes _) and
// also as main, calls call(*args), and awaits what comes back if it can be awaited. So these
// imports work in a job: `from jobs.other import x` (the directory that holds the jobs directory is
// in sys.path and in PYTHONPATH), `from app.jobs...` (the one above it comes last in sys.path),
// `from .helper import x` and `import helper` (files of the folder itself).
//
// An exception ends the run with its traceback on stderr and exit status 1. A return value that is
// not None and can be written as JSON becomes the run's result, told on descriptor 3 (progress.h).
#pragma once

#include "base/arena.h"
#include "base/str.h"
#include "exec/keep_message.h"

#define PYTHON_RESULT_MAX 65536 // bytes of JSON; a larger result is not kept

struct python_job {
    const char *python;   // the interpreter
    const char *jobs_dir; // absolute
    struct str job;       // name of the folder in it
    struct str args;      // JSON array; may be empty
};

// Fills program and argv of a start; texts are in arena or borrowed from job.
void python_fill(const struct python_job *job, struct keep_start *start, struct arena *arena);

// The directory to be put in front of PYTHONPATH.
const char *python_path(const char *jobs_dir, struct arena *arena);
