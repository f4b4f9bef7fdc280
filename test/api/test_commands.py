"""test_commands.py - jobs that are command lines, and what the processes of jobs are given and held to."""
import os
import pwd
import re
import subprocess
import time
from pathlib import Path

import pytest

from conftest import BELFRY

MANUAL = {"type": "manual"}
ROOT = os.geteuid() == 0


def put(server, name, **job):
    reply = server.put(f"/api/v1/jobs/{name}", json={"trigger": MANUAL, **job})
    assert reply.status_code in (200, 201), reply.text
    return reply.json()


def run(server, name):
    """Runs it now; its run in full."""
    run_id = server.post(f"/api/v1/jobs/{name}/runs").json()["run_id"]
    ended = server.wait_for_run(f"/api/v1/jobs/{name}/runs", name)
    while ended["run_id"] != run_id:
        ended = server.wait_for_run(f"/api/v1/jobs/{name}/runs", name)
    return ended


def output(server, name, **job):
    put(server, name, **job)
    ended = run(server, name)
    assert ended["state"] == "succeeded", ended
    return ended["stdout"]["head"]


@pytest.mark.parametrize("job, expected", [
    ({"command": "echo one; echo two"}, "one\ntwo\n"),
    ({"command": ["/bin/echo", "a b", "$HOME"]}, "a b $HOME\n"),
    ({"command": ["echo", "a"], "args": ["b c", "d"]}, "a b c d\n"),
    ({"command": "echo", "args": ["b c", "*"]}, "b c *\n"),
    ({"command": "echo $2-$1", "args": ["x", "y"]}, "y-x\n"),
    ({"command": "set -o pipefail; echo $0", "shell": "/bin/bash -eu -c"}, "job\n"),
    ({"command": "cat", "stdin": "line\n"}, "line\n"),
    ({"command": "cat"}, ""),
    ({"command": "pwd", "workdir": "/usr"}, "/usr\n"),
    ({"command": "umask", "umask": "027"}, "0027\n"),
    ({"command": "nice", "nice": 9}, "9\n"),
    ({"command": "echo $X$Y", "env": {"X": "1", "Y": ""}}, "1\n"),
    ({"command": "ulimit -n; ulimit -f; ulimit -c", "limits": {"open_files": 64, "file_size": "1M", "core": 0}}, "64\n2048\n0\n"),
    ({"command": "ulimit -v; ulimit -t", "limits": {"memory": "1G", "cpu_time": "90s"}}, "1048576\n90\n"),
    ({"command": "grep NoNewPrivs /proc/self/status", "no_new_privs": True}, "NoNewPrivs:\t1\n"),
])
def test_what_a_command_gets(server, job, expected):
    assert output(server, "job", **job) == expected


def test_processor_time(server):
    """Who has used it up is told so, and ends even if he does not listen."""
    put(server, "busy", command="exec python3 -c 'while 1: pass'", limits={"cpu_time": "1s"})
    assert run(server, "busy")["message"] == "killed by SIGXCPU (CPU time limit exceeded)"
    put(server, "deaf", command="trap '' XCPU; while :; do :; done", limits={"cpu_time": "1s"})
    assert run(server, "deaf")["signal"] == 9


def test_environment(server):
    """A command gets a few of the server's variables, a folder all of them, each what it asks for."""
    names = re.findall(r"^(\w+)=", output(server, "env", command="env"), re.M)
    assert {"PATH", "TZ", "BELFRY_JOB_ID", "BELFRY_RUN_ID", "BELFRY_RESULT_FD"} <= set(names)
    assert "PYTEST_CURRENT_TEST" not in names
    names = re.findall(r"^(\w+)=", output(server, "env", command="env", env_pass=["T?"]), re.M)
    assert "TZ" in names and "HOME" not in names
    server.folder("plain", main=None).joinpath("main").write_text("#!/bin/sh\nenv\n")
    (server.jobs / "plain/main").chmod(0o755)
    assert "PYTEST_CURRENT_TEST" in output(server, "plain", folder="plain")
    assert "PYTEST_CURRENT_TEST" not in output(server, "plain", folder="plain", env_pass=["PATH"])


@pytest.mark.skipif(not ROOT, reason="only root can run jobs as somebody else")
def test_another_user(server):
    nobody = pwd.getpwnam("nobody")
    text = output(server, "as", command="id -u; id -g; id -G; echo $USER $HOME; pwd; grep NoNewPrivs /proc/self/status",
                  user="nobody", workdir="/")
    assert text == (f"{nobody.pw_uid}\n{nobody.pw_gid}\n{nobody.pw_gid}\nnobody {nobody.pw_dir}\n/\nNoNewPrivs:\t1\n")
    assert output(server, "as", command="id -u; id -g", group="daemon") == f"0\n{__import__('grp').getgrnam('daemon').gr_gid}\n"
    put(server, "as", command="true", user="nobody", workdir="/root")
    ended = run(server, "as")
    assert ended["state"] == "failed" and ended["started_at"] is None
    assert ended["message"] == "could not start /bin/sh: could not enter its working directory /root: Permission denied"


def test_private_tmp(server):
    text = output(server, "tmp", command="echo x > $TMPDIR/belfry-mine; ls $TMPDIR; ls -d /tmp", private_tmp=True, workdir="/")
    assert text == "belfry-mine\n/tmp\n"
    assert not os.path.exists("/tmp/belfry-mine")
    assert not list((server.home / "belfry.db.runs").glob("*/*.tmp"))


@pytest.mark.parametrize("job, where, words", [
    ({"command": "x", "folder": "y"}, "command", "a job has one of folder, certificate, command and http"),
    ({"command": ""}, "command", "a command is a text of 1 to 65536 bytes"),
    ({"command": []}, "command", "a command needs a program as its first word"),
    ({"command": 5}, "command", "Input should be a valid string or list"),
    ({"command": ["a"], "shell": "sh"}, "shell", "a command that is a list is run without a shell"),
    ({"command": "x", "workdir": "relative"}, "workdir", "a workdir is an absolute path, such as /srv/data"),
    ({"command": "x", "user": "no-such-user"}, "user", 'there is no user "no-such-user" on this machine'),
    ({"command": "x", "group": "no-such-group"}, "group", 'there is no group "no-such-group" on this machine'),
    ({"command": "x", "umask": "9"}, "umask", "String should match pattern"),
    ({"command": "x", "env": {"BELFRY_RUN_ID": "1"}}, "env", "names that begin with BELFRY_"),
    ({"command": "x", "limits": {"memory": "much"}}, "memory", '"much" is not a number of bytes'),
    ({"command": "x", "limits": {"memroy": 1}}, "memroy", "Extra inputs are not permitted"),
    ({"command": "x", "log_max": "1K"}, "log_max", "log_max is from 64K to 16G"),
    ({"certificate": "h", "env": {}}, "env", "this kind of job has no process of its own"),
])
def test_what_is_refused(server, job, where, words):
    reply = server.put("/api/v1/jobs/bad", json={"trigger": MANUAL, **job})
    assert reply.status_code == 422
    detail = reply.json()["detail"][0]
    assert detail["loc"][-1] == where and words in detail["msg"]
    assert server.get("/api/v1/jobs/bad").status_code == 404


def test_trigger_is_needed(server):
    reply = server.post("/api/v1/jobs", json={"job_id": "bare", "command": "true"})
    assert reply.status_code == 422 and reply.json()["detail"][0]["loc"] == ["body", "trigger"]


def test_changes(server):
    """What is told of a job can be put again; PATCH changes one thing; another kind leaves the command behind."""
    job = put(server, "c", command="echo $A", env={"A": "1"}, umask="077", limits={"open_files": 50})
    assert job["kind"] == "command" and job["target"] == "echo $A" and job["command"] == "echo $A"
    same = put(server, "c", **{key: job[key] for key in ("command", "env", "umask", "limits")})
    assert {**same, "version": 0, "updated_at": 0} == {**job, "version": 0, "updated_at": 0}
    job = server.patch("/api/v1/jobs/c", json={"env": {"A": "2"}, "umask": None}).json()
    assert job["env"] == {"A": "2"} and "umask" not in job and job["limits"] == {"open_files": 50}
    assert run(server, "c")["stdout"]["head"] == "2\n"
    job = server.patch("/api/v1/jobs/c", json={"limits": {"file_size": "1M"}, "env": {"A": None, "B": "3"}}).json()
    assert job["env"] == {"B": "3"} and job["limits"] == {"open_files": 50, "file_size": "1M"}
    job = server.patch("/api/v1/jobs/c", json={"limits": {"file_size": None}, "env": {"A": "2", "B": None}}).json()
    assert job["limits"] == {"open_files": 50}
    job = server.patch("/api/v1/jobs/c", json={"command": ["echo", "now"]}).json()
    assert job["target"] == "echo now" and run(server, "c")["stdout"]["head"] == "now\n"
    server.folder("f")
    job = server.patch("/api/v1/jobs/c", json={"folder": "f"}).json()
    assert job["kind"] == "folder" and "command" not in job and job["env"] == {"A": "2"}
    reply = server.patch("/api/v1/jobs/c", json={"umask": "8"})
    assert reply.status_code == 422 and server.get("/api/v1/jobs/c").json() == job


def test_failures(server):
    for command, message in [(["/no/such/program"], "could not start /no/such/program: No such file or directory"),
                             ("exit 3", "exit status 3"), ("kill -TERM $$", "killed by SIGTERM")]:
        put(server, "f", command=command)
        ended = run(server, "f")
        assert ended["state"] == "failed" and ended["message"].startswith(message), ended


def test_c_module_with_options(server):
    """A module that is given something of its own has a process of its own."""
    folder = server.folder("mod", main=None)
    (folder / "main.c").write_text('#include <stdio.h>\n#include <stdlib.h>\nint call(int argc, char **argv)\n'
                                   '{ printf("%s %s\\n", argv[1], getenv("MINE")); return argc != 2; }\n')
    put(server, "mod", folder="mod", args=["x"], env={"MINE": "here"})
    assert run(server, "mod")["state"] == "succeeded"  # compiled, in a host
    ended = run(server, "mod")
    assert ended["stdout"]["head"] == "x here\n", ended


def test_result_and_kept_file(server):
    put(server, "r", command="echo out; echo err >&2; echo '{\"progress\":1}' >&3; echo '{\"result\":{\"n\":0.1}}' >&$BELFRY_RESULT_FD")
    ended = run(server, "r")
    assert ended["result"] == {"n": 0.1}
    log = next((server.home / "belfry.db.runs").glob(f"*/{ended['run_id']}.1.log")).read_text()
    assert re.fullmatch(r"belfry-log 1 head=5242880 tail=5242880\n(@\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z\n|o out\n|e err\n)+", log)


def test_progress_and_usage(server):
    """While it runs its progress is told; at its end what it has used."""
    fifo = server.home / "progress"
    os.mkfifo(fifo)
    put(server, "p", command=f"echo '{{\"progress\":0.5,\"message\":\"half\",\"metrics\":{{\"n\":7}}}}' >&3; read x < {fifo}; "
                             "head -c 30000000 /dev/zero | sha256sum; echo '{\"progress\":1}' >&3")
    run_id = server.post("/api/v1/jobs/p/runs").json()["run_id"]
    told, end = None, time.monotonic() + 60
    while not told and time.monotonic() < end:
        told = server.get(f"/api/v1/runs/{run_id}").json()["progress"]
        time.sleep(0.02)
    assert told == {"progress": 0.5, "message": "half", "metrics": {"n": 7}}
    fifo.write_text("on\n")
    ended = server.wait_for_run("/api/v1/jobs/p/runs", "p")
    assert ended["progress"] == {"progress": 1, "message": "half", "metrics": {"n": 7}}
    assert ended["usage"]["user_ms"] + ended["usage"]["system_ms"] > 0
    assert 500_000 < ended["usage"]["max_rss_bytes"] < 1 << 30
    assert 0 <= ended["lateness_ms"] < 60_000
    put(server, "p", command="echo nonsense >&3")
    ended = run(server, "p")
    assert ended["state"] == "succeeded" and ended["progress"] is None
    assert ended["message"].startswith("1 line on descriptor 3 is no JSON object")


def control_group():
    """A control group of this machine that tests may use, or None."""
    for root in ["/sys/fs/cgroup", "/sys/fs/cgroup/unified"]:
        path = Path(root) / f"belfry-api-{os.getpid()}"
        try:
            path.mkdir()
        except OSError:
            continue
        if (path / "cgroup.procs").exists():
            return path
        path.rmdir()
    return None


def test_control_group(own_server):
    """Whoever is in it ends with the run, even behind a session of his own; limits that nobody keeps are told."""
    group = control_group()
    limits = {"cpu_percent": 50, "memory": "256M"}
    if group:
        own_server.environment["BELFRY_JOBS__CGROUP"] = str(group)
    server = own_server.start()
    put(server, "plain", command="grep ^0:: /proc/self/cgroup; ulimit -v", limits=limits)
    ended = run(server, "plain")
    assert ended["state"] == "succeeded"
    kept = (group / "cgroup.subtree_control").read_text().split() if group else []
    assert ("need a control group" in ended["message"]) == ("cpu" not in kept), ended
    assert ("unlimited" in ended["stdout"]["head"]) == ("memory" in kept), ended
    if group:
        assert f"{group.name}/run-{ended['run_id']}.1" in ended["stdout"]["head"]
        put(server, "hides", command="setsid sleep 1000 & echo $!; exec sleep 1000", timeout="300ms", kill_grace="100ms")
        ended = run(server, "hides")
        pid = int(ended["stdout"]["head"])
        assert ended["state"] == "timed_out"
        end = time.monotonic() + 60
        while Path(f"/proc/{pid}").exists() and time.monotonic() < end:
            time.sleep(0.02)
        assert not Path(f"/proc/{pid}").exists()
    server.stop()
    server.end_keepers()
    end = time.monotonic() + 60
    while group and group.exists() and time.monotonic() < end:
        for run_group in group.glob("run-*"):
            run_group.rmdir()
        group.rmdir()


def test_no_control_group(own_server):
    done = subprocess.run([BELFRY, "serve", "--listen", "127.0.0.1:0", "--db", own_server.db, "--cgroup", own_server.home],
                          capture_output=True, text=True, timeout=60)
    assert done.returncode == 1 and "is no control group (v2) that belfry may write to" in done.stderr, done
