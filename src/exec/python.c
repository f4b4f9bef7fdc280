// python.c - starts python3 with a starter that imports and calls a job folder's main.py.
// SPDX-License-Identifier: Apache-2.0
#include "exec/python.h"

#include <limits.h>
#include <stdlib.h>

// The starter imports late what only some jobs need: asyncio and json would cost each run 50 ms.
//
// main.py is compiled for each run: Python takes its cache for the file when size and second of the
// last change are the same, so a file that was changed twice in a second would run as it was.
static const char starter[] =
    "import importlib.machinery, importlib.util, os, sys\n"
    "\n"
    "class Source(importlib.machinery.SourceFileLoader):\n"
    "    def get_code(self, name):\n"
    "        return self.source_to_code(self.get_data(self.path), self.path)\n"
    "\n"
    "def package(name, path):\n"
    "    init = os.path.join(path, '__init__.py')\n"
    "    if os.path.exists(init):\n"
    "        spec = importlib.util.spec_from_file_location(name, init, "
    "submodule_search_locations=[path])\n"
    "    else:\n"
    "        spec = importlib.machinery.ModuleSpec(name, None, is_package=True)\n"
    "        spec.submodule_search_locations = [path]\n"
    "    module = importlib.util.module_from_spec(spec)\n"
    "    sys.modules[name] = module\n"
    "    if spec.loader:\n"
    "        spec.loader.exec_module(module)\n"
    "\n"
    "def load(jobs, job):\n"
    "    folder, root, top = os.path.join(jobs, job), os.path.dirname(jobs), "
    "os.path.basename(jobs)\n"
    "    if sys.path and sys.path[0] == '':\n"
    "        del sys.path[0]\n"
    "    sys.path[0:0] = [folder, root]\n"
    "    sys.path.append(os.path.dirname(root))\n"
    "    if top in sys.modules or not top.isidentifier():\n"
    "        top = 'belfry_jobs'\n"
    "    package(top, jobs)\n"
    "    package(top + '.' + job.replace('.', '_'), folder)\n"
    "    name = top + '.' + job.replace('.', '_') + '.main'\n"
    "    path = os.path.join(folder, 'main.py')\n"
    "    spec = importlib.util.spec_from_file_location(name, path, loader=Source(name, path))\n"
    "    module = importlib.util.module_from_spec(spec)\n"
    "    sys.modules[name] = sys.modules['main'] = module\n"
    "    spec.loader.exec_module(module)\n"
    "    return module\n"
    "\n"
    "async def finish(value):\n"
    "    return await value\n"
    "\n"
    "def run(jobs, job, args):\n"
    "    if args != '[]':\n"
    "        import json\n"
    "        args = json.loads(args)\n"
    "    else:\n"
    "        args = []\n"
    "    sys.argv = [os.path.join(jobs, job, 'main.py'), *map(str, args)]\n"
    "    call = getattr(load(jobs, job), 'call', None)\n"
    "    if call is None:\n"
    "        sys.exit('main.py has no function call(*args)')\n"
    "    value = call(*args)\n"
    "    if hasattr(value, '__await__'):\n"
    "        import asyncio\n"
    "        value = asyncio.run(finish(value))\n"
    "    return value\n"
    "\n"
    "def keep(value, most):\n"
    "    import json\n"
    "    try:\n"
    "        text = json.dumps(value, allow_nan=False).encode()\n"
    "    except (TypeError, ValueError, RecursionError):\n"
    "        return\n"
    "    if len(text) <= most:\n"
    "        with open(3, 'wb', closefd=False) as told:\n"
    "            told.write(b'\\n{\"result\": ' + text + b'}\\n')\n"
    "\n"
    "def main(jobs, job, args, most):\n"
    "    os.set_inheritable(3, False)\n"
    "    try:\n"
    "        value = run(os.path.abspath(jobs), job, args)\n"
    "    except Exception as error:\n"
    "        import traceback\n"
    "        at = error.__traceback__\n"
    "        while at and at.tb_frame.f_code.co_filename.startswith(('<string>', '<frozen "
    "importlib')):\n"
    "            at = at.tb_next\n"
    "        traceback.print_exception(type(error), error, at)\n"
    "        sys.exit(1)\n"
    "    if value is not None:\n"
    "        keep(value, int(most))\n"
    "\n"
    "main(*sys.argv[1:5])\n";

static char *word(struct str s)
{
    return (char *)(uintptr_t)s.p;
}

void python_fill(const struct python_job *job, struct keep_start *start, struct arena *arena)
{
    char **argv = arena_array(arena, 9, sizeof *argv);
    struct str args = job->args.len ? job->args : STR_LIT("[]");

    argv[0] = word(arena_copy(arena, str_of(job->python)));
    argv[1] = word(arena_copy(arena, STR_LIT("-u")));
    argv[2] = word(arena_copy(arena, STR_LIT("-c")));
    argv[3] = word((struct str){starter, sizeof starter - 1});
    argv[4] = word(arena_copy(arena, str_of(job->jobs_dir)));
    argv[5] = word(arena_copy(arena, job->job));
    argv[6] = word(arena_copy(arena, args));
    argv[7] = word(arena_printf(arena, "%d", PYTHON_RESULT_MAX));
    start->program = job->python;
    start->argv = argv;
}

const char *python_path(const char *jobs_dir, struct arena *arena)
{
    char full[PATH_MAX];
    struct str path = str_of(realpath(jobs_dir, full) ? full : jobs_dir);

    while (path.len > 1 && path.p[path.len - 1] != '/')
        path.len--;
    while (path.len > 1 && path.p[path.len - 1] == '/')
        path.len--;
    return arena_copy(arena, path).p;
}
