"""The command line as a client of a server: each command, each exit status, for a person at a terminal and for a pipe."""
import csv
import fcntl
import io
import json
import os
import pty
import re
import select
import signal
import socket
import struct
import subprocess
import termios
import time

import pytest

import ports
from conftest import BELFRY

SECONDS = 60
OK, FAILED, USAGE, NOT_FOUND, CONFLICT, UNREACHABLE, INVALID, TIMED_OUT, RUN_FAILED = 0, 1, 2, 3, 5, 6, 7, 8, 9

SLOW_PY = """import time


def call(*args):
    print("slow has begun", flush=True)
    time.sleep(60)
"""
EXIT_PY = """import sys


def call(*args):
    print("to stdout", *args)
    print("to stderr", file=sys.stderr)
    sys.exit(int(args[0]) if args else 0)
"""


def environment(server, **more):
    env = {k: v for k, v in os.environ.items() if not k.startswith(("BELFRY_", "NO_COLOR", "CLICOLOR"))}
    env.update({"TZ": "UTC", "TERM": "xterm", "LC_ALL": "C.UTF-8", "BELFRY_SERVER": server.url if server else "", **more})
    return env


def cli(server, *words, status=OK, stdin=None, **more):
    """One command with its output piped; its stdout, once it ended as expected. stderr is in .err of it."""
    done = subprocess.run([BELFRY, *words], env=environment(server, **more), input=stdin, capture_output=True, text=True, timeout=SECONDS)
    assert done.returncode == status, f"{words}: {done.returncode}\n{done.stdout}\n{done.stderr}"
    return Said(done.stdout, done.stderr)


class Said(str):
    def __new__(cls, out, err):
        said = super().__new__(cls, out)
        said.err = err
        return said


class Terminal:
    """A command at a terminal of so many columns."""

    def __init__(self, server, *words, columns=100, **more):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
            os.execve(BELFRY, [BELFRY, *words], environment(server, **more))
        self.text = ""

    def read(self, until=None):
        """What came until a pattern shows (or the end)."""
        end = time.monotonic() + SECONDS
        while time.monotonic() < end and not (until and re.search(until, self.text)):
            if select.select([self.fd], [], [], 1)[0]:
                try:
                    piece = os.read(self.fd, 65536).decode()
                except OSError:
                    break
                if not piece:
                    break
                self.text += piece.replace("\r\n", "\n")
        assert not until or re.search(until, self.text), self.text
        return self.text

    def type(self, text):
        os.write(self.fd, text.encode())

    def end(self):
        self.read()
        os.close(self.fd)
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


def at_terminal(server, *words, status=OK, **more):
    terminal = Terminal(server, *words, **more)
    text = terminal.read()
    assert terminal.end() == status, text
    return text


def plain(text):
    return re.sub(r"\x1b\[[0-9;]*m", "", text)


def job(server, name, trigger=None, **more):
    body = {"trigger": trigger or {"type": "manual"}, "folder": more.pop("folder", "f"), **more}
    reply = server.put("/api/v1/jobs/" + name, json=body)
    assert reply.status_code in (200, 201), reply.text


@pytest.fixture
def jobs(server):
    server.folder("f", main=EXIT_PY)
    job(server, "alpha", {"type": "interval", "hours": 2}, timeout="5m")
    job(server, "beta", {"type": "cron", "expr": "0 3 * * *"}, paused=True)
    job(server, "gamma")
    return server


# ---- lists ----

def test_ls_is_a_table_for_a_pipe(jobs):
    lines = cli(jobs, "ls").splitlines()
    assert lines[0].split()[:2] == ["NEXT", "LEFT"] and len(lines) == 4
    rows = {re.search(r"alpha|beta|gamma", line)[0]: line for line in lines[1:]}
    assert re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\S*(Z|\+00:00) ", rows["alpha"])
    assert "paused" in rows["beta"] and rows["gamma"].startswith("- ")
    assert "\x1b" not in "".join(lines) and "…" not in "".join(lines)
    assert cli(jobs, "ls", "--no-headers").splitlines() and "NEXT" not in cli(jobs, "ls", "--no-headers")


def test_ls_in_each_form(jobs):
    # By next run, those without one last.
    assert cli(jobs, "ls", "-o", "name").split()[0] == "alpha"
    assert sorted(cli(jobs, "ls", "-o", "name").split()) == ["alpha", "beta", "gamma"]
    whole = json.loads(cli(jobs, "ls", "-o", "json"))
    assert {j["job_id"] for j in whole["jobs"]} == {"alpha", "beta", "gamma"}
    assert len([json.loads(line) for line in cli(jobs, "ls", "-o", "ndjson").splitlines()]) == 3
    table = list(csv.DictReader(io.StringIO(cli(jobs, "ls", "-o", "csv"))))
    assert {row["job_id"] for row in table} == {"alpha", "beta", "gamma"}
    assert cli(jobs, "ls", "-o", "csv", "--fields", "kind,job_id", "--no-headers").splitlines()[0] == "folder,alpha"
    assert json.loads(cli(jobs, "ls", "-o", "ndjson", "--fields", "job_id").splitlines()[0]) == {"job_id": "alpha"}
    assert cli(jobs, "ls", "--fields", "job_id,state").splitlines()[0].split() == ["job_id", "state"]
    assert "TARGET" in cli(jobs, "ls", "-o", "wide") and "TARGET" not in cli(jobs, "ls")
    assert cli(jobs, "ls", BELFRY_OUTPUT="name").split()[0] == "alpha"


def test_ls_fits_the_terminal(jobs):
    job(jobs, "a-job-with-a-rather-long-name-that-does-not-fit", {"type": "cron", "expr": "30 2 * * mon-fri"})
    for columns in (100, 60, 40, 24):
        text = at_terminal(jobs, "ls", columns=columns)
        lines = plain(text).splitlines()[:5]
        assert max(map(len, lines)) <= columns, text
        assert "STATE" in lines[0] and "JOB" in lines[0]
        assert (columns < 100 or "SCHEDULE" in lines[0]) and ("LEFT" in lines[0]) == (columns > 24), text
    text = at_terminal(jobs, "ls", columns=100)
    assert "‖ paused" in text and "\x1b[33m‖ paused" in text
    assert "4 jobs, 1 paused" in text
    assert "\x1b" not in at_terminal(jobs, "ls", NO_COLOR="1") and "‖ paused" in at_terminal(jobs, "ls", NO_COLOR="1")
    assert "\x1b" not in at_terminal(jobs, "ls", TERM="dumb")
    assert "‖" not in at_terminal(jobs, "ls", LC_ALL="C")
    assert "\x1b[33m" in cli(jobs, "ls", "--color", "always")


def test_nothing_there(server):
    assert json.loads(cli(server, "ls", "-o", "json"))["jobs"] == []
    assert "no jobs" in cli(server, "ls").err
    assert "nothing is planned" in cli(server, "next").err


# ---- one job ----

def test_add_tells_what_it_has_done(server):
    server.folder("hello")
    said = cli(server, "add", "hello", "--folder", "hello", "--every", "10s", "timeout=5m", "--", "a", "-b")
    assert said.startswith("added hello: every 10 seconds\nnext: ") and said.count(",") == 2
    made = server.get("/api/v1/jobs/hello").json()
    assert made["args"] == ["a", "-b"] and made["timeout"] == "5m" and made["kind"] == "folder"
    said = cli(server, "add", "hello", "--every", "20s", status=CONFLICT)
    assert "there is a job \"hello\" already" in said.err and "belfry set hello" in said.err
    assert cli(server, "add", "hello", "--every", "20s", "--replace").startswith("replaced hello: every 20 seconds")
    assert json.loads(cli(server, "add", "web", "--cert", "example.org", "--daily", "02:00", "-o", "json"))["kind"] == "certificate"
    assert "it is manual" in cli(server, "add", "m", "--folder", "hello", "--manual")
    assert "it is paused" in cli(server, "add", "p", "--folder", "hello", "--cron", "0 1 * * *", "--paused")
    assert "Tokyo" in cli(server, "add", "t", "--folder", "hello", "--cron", "0 1 * * *", "--tz", "Asia/Tokyo")


@pytest.mark.parametrize("words, status, said", [
    (["add", "x", "--cert", "h", "--cron", "61 * * * *"], INVALID, "minute must be 0-59"),
    (["add", "x", "--every", "1h", "max_instances=0"], INVALID, "max_instances"),
    (["add", "x", "--every", "1h", "timeot=5m"], INVALID, "timeot"),
    (["add", "x y", "--every", "1h"], INVALID, "job_id"),
    (["add", "x"], USAGE, "a schedule is missing"),
    (["add"], USAGE, "the name of the job is missing"),
    (["add", "x", "--daily", "2"], INVALID, "02:00"),
    (["set", "x"], USAGE, "nothing to change"),
    (["show"], USAGE, "a job is missing"),
    (["show", "a", "b"], USAGE, "\"b\" is too much"),
    (["ls", "--statte", "x"], USAGE, "did you mean --state?"),
    (["ls", "-o", "xml"], USAGE, "ndjson"),
    (["ls", "--fields", "job_idd", "-o", "csv"], OK, ""),
    (["lss"], USAGE, "did you mean \"ls\"?"),
    (["show", "nobody"], NOT_FOUND, "there is no job \"nobody\""),
    (["run", "nobody"], NOT_FOUND, "there is no job \"nobody\""),
    (["run", "show", "17"], NOT_FOUND, "Run not found"),
    (["logs", "17"], NOT_FOUND, "Run not found"),
    (["pause", "nobody"], NOT_FOUND, "there is no job \"nobody\""),
    (["set", "nobody", "timeout=1m"], NOT_FOUND, "there is no job \"nobody\""),
    (["rm", "-y", "nobody"], NOT_FOUND, "there is no job \"nobody\""),
    (["next", "nobody"], NOT_FOUND, "it is no schedule"),
    (["next", "-j", "nobody"], NOT_FOUND, "there is no job \"nobody\""),
    (["history", "nobody"], NOT_FOUND, "there is no job \"nobody\""),
    (["ls", "--tz", "Mars/Olympus"], USAGE, "Mars/Olympus"),
    (["ls", "--timeout", "never"], USAGE, "--timeout"),
    (["-s", "gopher://x", "ls"], USAGE, "is no server"),
])
def test_refusals(server, words, status, said):
    assert said in cli(server, *words, status=status).err


def test_names_that_are_nearly_right(jobs):
    assert "did you mean gamma?" in cli(jobs, "show", "gama", status=NOT_FOUND).err
    assert "did you mean beta?" in cli(jobs, "run", "bata", status=NOT_FOUND).err


def test_show(jobs):
    cli(jobs, "run", "-w", "alpha")
    said = cli(jobs, "show", "alpha")
    for words in ("alpha\n", "every 2 hours", "timeout", "5m", "\nnext\n", "\nlast runs\n", "succeeded"):
        assert words in said
    assert re.search(r"^  misfire +policy last", said, re.M) and "null" not in said and "{" not in said
    assert json.loads(cli(jobs, "show", "alpha", "-o", "json"))["job_id"] == "alpha"
    assert "‖ paused" in plain(at_terminal(jobs, "show", "beta"))


def test_set(jobs):
    assert cli(jobs, "set", "alpha", "timeout=null", "--every", "3h").startswith("changed alpha: every 3 hours")
    assert jobs.get("/api/v1/jobs/alpha").json()["timeout"] is None
    assert "revision" in cli(jobs, "set", "alpha", "timeout=1m", "--if-version", "1", status=CONFLICT).err.lower()
    cli(jobs, "set", "beta", "trigger.timezone=Asia/Tokyo")
    assert jobs.get("/api/v1/jobs/beta").json()["trigger"]["timezone"] == "Asia/Tokyo"


def test_pause_and_resume(jobs):
    assert cli(jobs, "pause", "alpha", "gamma") == "paused alpha\npaused gamma\n"
    assert jobs.get("/api/v1/jobs/alpha").json()["state"] == "paused"
    assert cli(jobs, "resume", "alpha") == "resumed alpha\n"
    assert jobs.get("/api/v1/jobs/alpha").json()["state"] == "scheduled"


def test_skip(jobs):
    told = cli(jobs, "skip", "alpha", "-n", "2", "--reason", "done by hand")
    assert told.startswith("will skip 2 runs of alpha: every ")
    skip = jobs.get("/api/v1/jobs/alpha").json()["skip_next"]
    assert skip["reason"] == "done by hand" and skip["from"] < skip["to"] < told.split("next: ")[1]
    assert cli(jobs, "next", "alpha", "-n", "3").count("asked not to run: done by hand") == 2
    assert cli(jobs, "show", "alpha").count("held: asked not to run: done by hand") == 2
    assert "--undo" in cli(jobs, "skip", "alpha", "--undo", "-n", "2", status=USAGE).err
    assert cli(jobs, "skip", "alpha", "--undo").startswith("will skip no run of alpha")
    assert jobs.get("/api/v1/jobs/alpha").json()["skip_next"] is None
    assert cli(jobs, "skip", "alpha").startswith("will skip 1 run of alpha")
    assert json.loads(cli(jobs, "skip", "alpha", "--undo", "-o", "json"))["skip_next"] is None
    cli(jobs, "skip", "nobody", status=NOT_FOUND)
    cli(jobs, "skip", "alpha", "-n", "0", status=USAGE)


def test_pause_with_reason_and_end(jobs):
    cli(jobs, "set", "alpha", 'tags=["db"]')
    cli(jobs, "pause", "alpha", "--reason", "the database moves", "--until", "+2h")
    paused = jobs.get("/api/v1/jobs/alpha").json()["paused"]
    assert paused["reason"] == "the database moves" and paused["until"] > "2026"
    assert "the database moves" in cli(jobs, "show", "alpha")
    cli(jobs, "resume", "alpha")
    assert cli(jobs, "pause", "--tag", "db") == "paused db\n"
    assert jobs.get("/api/v1/jobs/alpha").json()["state"] == "paused"
    assert re.search(r"paused +alpha .* db$", cli(jobs, "ls"), re.M)
    assert cli(jobs, "ls", "--tag", "db", "-o", "name") == "alpha\n"
    assert cli(jobs, "ls", "--tag", "db", "--state", "manual", "-o", "name") == ""
    assert len(cli(jobs, "ls", "--kind", "folder", "-o", "name").splitlines()) == 3
    cli(jobs, "resume", "--tag", "db")
    assert cli(jobs, "pause", "--all", "--reason", "night") == "paused everything\n"
    assert jobs.get("/api/v1/jobs/alpha").json()["state"] == "paused"
    assert cli(jobs, "resume", "--all") == "resumed everything\n"
    assert jobs.get("/api/v1/jobs/alpha").json()["state"] == "scheduled"
    assert "--tag or --all" in cli(jobs, "pause", status=USAGE).err
    assert "date and time" in cli(jobs, "pause", "alpha", "--until", "soon", status=INVALID).err
    cli(jobs, "pause", "alpha", "--until", "+soon", status=INVALID)


def test_rm(jobs):
    assert "--yes" in cli(jobs, "rm", "alpha", status=USAGE, stdin="").err
    cli(jobs, "rm", "-y", "alpha", "nobody", status=NOT_FOUND)
    assert jobs.get("/api/v1/jobs/alpha").status_code == 200  # all or none
    assert cli(jobs, "rm", "-y", "alpha", "beta") == "removed alpha\nremoved beta\n"
    assert jobs.get("/api/v1/jobs/alpha").status_code == 404
    terminal = Terminal(jobs, "rm", "gamma")
    terminal.read(r"Remove the job gamma\? \[y/N\]")
    terminal.type("n\n")
    assert terminal.end() == FAILED and jobs.get("/api/v1/jobs/gamma").status_code == 200
    terminal = Terminal(jobs, "rm", "gamma")
    terminal.read(r"\[y/N\]")
    terminal.type("y\n")
    assert terminal.end() == OK and jobs.get("/api/v1/jobs/gamma").status_code == 404


# ---- runs ----

def test_run_and_history(jobs):
    started = re.fullmatch(r"started run (\d+) of gamma\n", cli(jobs, "run", "gamma"))
    run_id = started[1]
    jobs.wait_for_run("/api/v1/jobs/gamma/runs")
    lines = cli(jobs, "history", "gamma").splitlines()
    assert lines[0].split()[:2] == ["RUN", "STATE"] and lines[1].split()[:2] == [run_id, "succeeded"]
    assert cli(jobs, "history", "-o", "name", "-n", "1").strip() == run_id
    assert "gamma" in cli(jobs, "history").splitlines()[1]
    assert cli(jobs, "run", "-q", "gamma").strip().isdigit()
    assert "state" in cli(jobs, "run", "show", run_id) and "to stdout" in cli(jobs, "run", "show", run_id)
    assert json.loads(cli(jobs, "run", "show", run_id, "-o", "json"))["run_id"] == int(run_id)
    # A table at a terminal fits, with icons.
    assert "✓ succeeded" in at_terminal(jobs, "history", columns=60)


def test_run_waits(jobs):
    said = cli(jobs, "run", "-w", "gamma")
    assert said == "" and re.search(r"run \d+ of gamma succeeded in ", said.err)
    assert cli(jobs, "run", "-w", "-q", "gamma").err == ""
    job(jobs, "bad", args=["3"])
    assert "failed" in cli(jobs, "run", "bad", "-w", status=RUN_FAILED).err
    assert "failed" in cli(jobs, "run", "bad", "--passthrough", status=3).err
    followed = cli(jobs, "run", "-f", "bad", status=RUN_FAILED)  # a folder
    assert followed == "to stdout 3\n" and "to stderr\n" in followed.err
    assert json.loads(cli(jobs, "run", "-w", "-o", "json", "gamma"))["state"] == "succeeded"
    cli(jobs, "add", "binary", "--manual", "--", "printf", "a\\000b\\377\\033[2J")  # a NUL is no end of the reply
    assert "succeeded" in cli(jobs, "run", "-w", "binary").err


def test_run_waits_for_so_long(jobs):
    jobs.folder("slow", main=SLOW_PY)
    job(jobs, "slow", folder="slow", timeout="50s")
    said = cli(jobs, "run", "slow", "--for", "300ms", status=TIMED_OUT)
    assert "it goes on" in said.err
    assert "max_instances" in cli(jobs, "run", "slow", status=CONFLICT).err


def test_logs(jobs):
    job(jobs, "bad", args=["3"])
    assert "has not run yet" in cli(jobs, "logs", "bad", status=NOT_FOUND).err
    cli(jobs, "run", "-w", "bad", status=RUN_FAILED)
    said = cli(jobs, "logs", "bad")
    assert said == "to stdout 3\n" and said.err.startswith("to stderr")
    assert cli(jobs, "logs", "--stderr", "bad") == ""
    run_id = cli(jobs, "history", "bad", "-o", "name", "-n1").strip()
    assert cli(jobs, "logs", run_id) == "to stdout 3\n"


def lines_of(job_id):
    """A command that writes a line whenever one is written to a FIFO."""
    return ["sh", "-c", f"while read line; do echo $line; echo err $line >&2; [ $line != last ] || exit 0; done < {job_id}.fifo"]


@pytest.fixture
def told(jobs):
    """told(line) makes the command of the job say that line."""
    path = jobs.home / "told.fifo"
    if not path.exists():
        os.mkfifo(path)
    job_body = {"trigger": {"type": "manual"}, "command": lines_of(jobs.home / "told")}
    assert jobs.put("/api/v1/jobs/told", json=job_body).status_code in (200, 201)
    fd = os.open(path, os.O_RDWR)
    yield lambda line: os.write(fd, (line + "\n").encode())
    os.close(fd)


def test_add_a_command(jobs):
    assert cli(jobs, "add", "hello", "--every", "10s", "--", "echo", "hi  there").startswith("added hello: every 10 seconds")
    assert jobs.get("/api/v1/jobs/hello").json()["command"] == ["echo", "hi  there"]
    assert cli(jobs, "run", "-f", "-q", "hello") == "hi  there\n"
    assert "command         echo 'hi  there'" in cli(jobs, "show", "hello")
    cli(jobs, "set", "hello", "--", "echo", "ho")
    assert cli(jobs, "run", "-f", "-q", "hello") == "ho\n"
    cli(jobs, "set", "alpha", "--", "0")  # a folder: its arguments
    assert jobs.get("/api/v1/jobs/alpha").json()["args"] == ["0"]
    assert "no command behind --" in cli(jobs, "add", "x", "--every", "1h", "--", status=USAGE).err


def test_follow_what_a_run_writes(jobs, told):
    terminal = Terminal(jobs, "run", "-f", "told")
    terminal.read("has started")
    told("first")
    terminal.read(r"(?s)first\n.*err first\n|err first\n.*first\n")
    assert "second" not in terminal.text
    run_id = cli(jobs, "history", "told", "-o", "name", "-n1").strip()
    other = Terminal(jobs, "logs", "-f", "told")
    other.read("first")
    told("last")
    other.read("last")
    assert other.end() == OK and terminal.end() == OK
    assert "succeeded in" in terminal.text
    # Afterwards it is there to be read.
    said = cli(jobs, "logs", run_id)
    assert said == "first\nlast\n" and said.err == "err first\nerr last\n"
    assert cli(jobs, "logs", run_id, "-n", "1", "--stderr").err == "err last\n"
    assert re.fullmatch(r"(\d{4}-\d\d-\d\dT\S+Z (first|last)\n){2}", cli(jobs, "logs", run_id, "-t"))
    assert cli(jobs, "logs", "-f", run_id) == "first\nlast\n"


def test_follow_no_longer_than(jobs, told):
    said = cli(jobs, "run", "-f", "told", "--for", "300ms", status=TIMED_OUT)
    assert "it goes on" in said.err
    told("last")
    jobs.wait_for_run("/api/v1/jobs/told/runs")


def test_ctrl_c_while_following(jobs, told):
    terminal = Terminal(jobs, "run", "-f", "told")
    told("first")
    terminal.read("err first")
    terminal.type("\x03")
    terminal.read("Enter leaves it, Ctrl-C cancels it")
    terminal.type("\n")
    assert terminal.end() == 130 and "goes on" in terminal.text
    told("last")
    jobs.wait_for_run("/api/v1/jobs/told/runs")


def test_half_a_line_stays_one(jobs):
    cli(jobs, "add", "half", "--manual", "--", "printf", "no end")
    assert cli(jobs, "run", "-f", "-q", "half") == "no end"
    assert cli(jobs, "logs", "half") == "no end"


@pytest.fixture
def slow(jobs):
    """A job that lasts; its runs are cancelled at the end."""
    jobs.folder("slow", main=SLOW_PY)
    job(jobs, "slow3", folder="slow", timeout="50s", max_instances=5)
    yield jobs
    for run in jobs.get("/api/v1/jobs/slow3/runs").json()["runs"]:
        jobs.post(f"/api/v1/runs/{run['run_id']}/cancel")


def test_cancel(slow):
    first, second = (cli(slow, "run", "-q", "slow3").strip() for _ in range(2))
    assert cli(slow, "cancel", first, second) == f"cancelled run {first}\ncancelled run {second}\n"
    for run_id in (first, second):
        end = time.monotonic() + SECONDS
        while slow.get("/api/v1/runs/" + run_id).json()["state"] != "cancelled":
            assert time.monotonic() < end
            time.sleep(0.05)
    assert "ended" in cli(slow, "cancel", first, status=CONFLICT).err
    assert "Run not found" in cli(slow, "cancel", "17", status=NOT_FOUND).err
    for command in "cancel", "retry":
        assert "`belfry history slow` lists" in cli(slow, command, "slow", status=USAGE).err


def test_second_ctrl_c_cancels(slow):
    terminal = Terminal(slow, "run", "-w", "slow3")
    terminal.read(r"run \d+ of slow3 has started")
    terminal.type("\x03")
    terminal.read("Enter leaves it, Ctrl-C cancels it")
    terminal.type("\x03")
    assert terminal.end() == RUN_FAILED and "cancelled" in terminal.text


def test_retry(jobs):
    job(jobs, "bad", args=["3"])
    cli(jobs, "run", "-w", "bad", status=RUN_FAILED)
    run_id = cli(jobs, "history", "bad", "-o", "name", "-n1").strip()
    assert "to stdout 3\n" == cli(jobs, "retry", "-f", run_id, status=RUN_FAILED)
    assert re.fullmatch(r"started run \d+ of bad\n", cli(jobs, "retry", run_id))
    assert "Run not found" in cli(jobs, "retry", "17", status=NOT_FOUND).err
    assert "retry" in cli(jobs, "history", "bad").splitlines()[1]


def test_run_as_it_is_wanted(jobs):
    assert cli(jobs, "run", "-f", "-q", "gamma", "0", "b") == "to stdout 0 b\n"
    assert cli(jobs, "run", "-f", "-q", "gamma", "--", "0", "--b") == "to stdout 0 --b\n"
    one, same = (cli(jobs, "run", "-q", "gamma", "--key", "k1") for _ in range(2))
    assert one == same and "same run" in cli(jobs, "run", "gamma", "--key", "k1").err
    assert "key" in cli(jobs, "run", "gamma", "--key", "k1", "0", status=INVALID).err
    assert cli(jobs, "run", "gamma", "--delay", "1h").startswith("planned run ")
    assert cli(jobs, "run", "gamma", "--at", "2099-01-01T00:00:00Z").startswith("planned run ")
    assert "overlap" in cli(jobs, "run", "gamma", "--overlap", "never", status=INVALID).err


# ---- next, status ----

def test_next_of_jobs_and_of_schedules(jobs):
    assert cli(jobs, "next").splitlines()[1].split()[-4:] and "alpha" in cli(jobs, "next")
    assert "beta" not in cli(jobs, "next")  # paused
    assert len(cli(jobs, "next", "alpha", "-n", "3", "--no-headers").splitlines()) == 3
    assert len(cli(jobs, "next", "-j", "beta", "--no-headers").splitlines()) == 5
    assert json.loads(cli(jobs, "next", "alpha", "-o", "json"))["job_id"] == "alpha"
    # Without a server: schedules.
    assert len(cli(None, "next", "0 3 * * *", "--tz", "UTC").splitlines()) == 5
    assert cli(None, "next", "@daily", "--tz", "UTC", "-n", "1")
    assert json.loads(cli(None, "next", "--batch", stdin='{"id":1,"expr":"* * * * *"}\n'))["id"] == 1
    with subprocess.Popen([BELFRY, "next", "--batch"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as asked:
        for i in (1, 2):  # the answer comes before the next request, and before the end
            print(f'{{"id":{i},"expr":"* * * * *"}}', file=asked.stdin, flush=True)
            assert select.select([asked.stdout], [], [], SECONDS)[0] and json.loads(asked.stdout.readline())["id"] == i
        asked.stdin.close()
    # A word that could be either is a schedule; --job makes a job of it.
    job(jobs, "daily", {"type": "interval", "hours": 5})
    assert len(cli(jobs, "next", "daily", "--tz", "UTC").splitlines()) == 5
    assert cli(jobs, "next", "--job", "daily", "-n1").startswith("NEXT")


def test_status(jobs):
    said = cli(jobs, "status")
    assert jobs.url in said and "jobs   3, 1 paused" in said and "healthy" in said
    assert json.loads(cli(jobs, "status", "-o", "json"))["jobs"] == 3


def test_why(jobs):
    said = cli(jobs, "why", "beta", "2039-01-01 03:00")
    assert said == "beta, Saturday, 2039-01-01, UTC\n03:00 does not run: the job is paused since " + said.rsplit("since ", 1)[1]
    assert "nearest: 03:00 and" in cli(jobs, "why", "beta", "tomorrow", "04:00")
    assert json.loads(cli(jobs, "why", "beta", "03:00", "-o", "json"))["answers"][0]["rule"] in ("paused", "before_job", "earlier_definition")
    assert cli(jobs, "why", "gamma").count("\n") == 2
    assert "write a moment" in cli(jobs, "why", "beta", "soon", status=INVALID).err
    assert "ghost" in cli(jobs, "why", "ghost", status=NOT_FOUND).err


# ---- the server ----

def test_server_gone(server, tmp_path):
    nobody = f"http://127.0.0.1:{ports.unused()}"
    for words in (["ls"], ["status"], ["show", "x"], ["run", "x"], ["next"], ["history"]):
        said = cli(server, *words, "-s", nobody, status=UNREACHABLE)
        assert f"cannot reach the server at {nobody}: Connection refused" in said.err and "belfry serve" in said.err
    assert "cannot reach" in cli(None, "ls", "-s", f"unix:{tmp_path}/none", status=UNREACHABLE).err
    assert "cannot reach" in cli(None, "ls", BELFRY_SERVER=nobody, status=UNREACHABLE).err


def test_server_that_is_silent():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        s.listen()
        url = f"http://127.0.0.1:{s.getsockname()[1]}"
        assert "in time" in cli(None, "ls", "-s", url, "--timeout", "300ms", status=TIMED_OUT).err


def test_server_goes_while_a_run_is_waited_for(own_server):
    own_server.folder("slow", main=SLOW_PY)
    own_server.start()
    job(own_server, "slow", folder="slow")
    process = subprocess.Popen([BELFRY, "run", "-w", "slow"], env=environment(own_server), stderr=subprocess.PIPE, text=True)
    assert "has started" in process.stderr.readline()
    own_server.kill()
    assert process.wait(SECONDS) == UNREACHABLE
    process.stderr.close()


def test_unix_socket(belfry_factory, tmp_path):
    path = tmp_path / "belfry.sock"
    server = belfry_factory(tmp_path / "home", "--listen", f"127.0.0.1:0,unix:{path}")
    assert os.stat(path).st_mode & 0o777 == 0o660
    server.folder("f")
    assert cli(None, "-s", f"unix:{path}", "add", "f", "--every", "1h").startswith("added f")
    assert cli(None, "ls", "-o", "name", BELFRY_SERVER=f"unix:{path}") == "f\n"
    assert cli(server, "ls", "-o", "name") == "f\n"
    assert server.stop() == 0 and not path.exists()


def test_unix_socket_alone(tmp_path):
    path = tmp_path / "belfry.sock"
    process = subprocess.Popen([BELFRY, "serve", "--listen", f"unix:{path}", "--db", str(tmp_path / "b.db"), "--jobs-dir",
                                str(tmp_path / "jobs")], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        assert f"is ready: unix:{path} " in process.stdout.readline()
        assert "unix:" in cli(None, "status", "-s", f"unix:{path}")
    finally:
        process.terminate()
        assert process.wait(SECONDS) == 0
        process.stdout.close()


def test_ctrl_c_while_waiting(jobs):
    jobs.folder("slow", main=SLOW_PY)
    job(jobs, "slow2", folder="slow", timeout="50s", max_instances=3)
    # At a terminal it asks; Enter leaves the run alone.
    terminal = Terminal(jobs, "run", "-w", "slow2")
    terminal.read(r"run \d+ of slow2 has started")
    terminal.type("\x03")
    terminal.read("Enter leaves it, Ctrl-C cancels it")
    terminal.type("\n")
    assert terminal.end() == 130 and "goes on" in terminal.text
    # Without one it leaves at once.
    process = subprocess.Popen([BELFRY, "run", "-w", "slow2"], env=environment(jobs), stdin=subprocess.DEVNULL, stderr=subprocess.PIPE,
                               text=True)
    assert "has started" in process.stderr.readline()
    process.send_signal(signal.SIGINT)
    assert process.wait(SECONDS) == 130
    assert "goes on" in process.stderr.read()
    process.stderr.close()


def test_a_closed_pipe_is_no_failure(jobs):
    done = subprocess.run(["bash", "-c", f"set -o pipefail; {BELFRY} history -n 5 | head -n 0; echo ${{PIPESTATUS[0]}}"],
                          env=environment(jobs), capture_output=True, text=True, timeout=SECONDS)
    assert done.stderr == "" and done.stdout.strip() in ("0", "141")


# ---- what the shells and man are told ----

COMMANDS = re.findall(r"^  ([a-z-]+) +\S", subprocess.run([BELFRY, "--help"], capture_output=True, text=True).stdout, re.M)


def completed(server, line):
    """What bash offers behind a line."""
    words = line.split(" ")
    script = f"source <({BELFRY} completion bash); PATH={os.path.dirname(BELFRY)}:$PATH; COMP_WORDS=({' '.join(repr(w) for w in words)}); " \
             f"COMP_CWORD={len(words) - 1}; _belfry; printf '%s\\n' \"${{COMPREPLY[@]}}\""
    return subprocess.run(["bash", "-c", script], env=environment(server), capture_output=True, text=True, timeout=SECONDS).stdout.split()


def completed_by(server, line):
    """The same, of what the server knows: a completion waits for it no longer than a second, so a busy one is asked again."""
    end = time.monotonic() + SECONDS
    while not (offered := completed(server, line)) and time.monotonic() < end:
        pass
    return offered


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completions_are_scripts(shell, tmp_path):
    script = cli(None, "completion", shell)
    path = tmp_path / "script"
    path.write_text(script)
    done = subprocess.run([shell, "-n", path], capture_output=True, text=True, timeout=SECONDS)
    assert done.returncode == 0 and done.stderr == ""
    for command in COMMANDS:
        assert re.search(rf"\b{command}\b", script), command
    assert ("no-headers" in script) and ("passthrough" in script)
    cli(None, "completion", "tcsh", status=USAGE)
    cli(None, "completion", status=USAGE)


def test_bash_completes(jobs):
    assert completed(jobs, "belfry hist") == ["history"]
    assert set(completed(jobs, "belfry ")) == set(COMMANDS)
    assert completed(jobs, "belfry run --pass") == ["--passthrough"]
    assert set(completed_by(jobs, "belfry show ")) == {"alpha", "beta", "gamma"}
    assert completed_by(jobs, "belfry logs al") == ["alpha"]
    assert completed(jobs, "belfry completion z") == ["zsh"]
    assert completed(None, "belfry show al") == []


def test_manual_page(tmp_path):
    path = tmp_path / "belfry.1"
    path.write_text(cli(None, "manual"))
    lint = subprocess.run(["mandoc", "-Tlint", path], capture_output=True, text=True, timeout=SECONDS)
    assert lint.stdout == "" and lint.returncode == 0, lint.stdout
    text = subprocess.run(["mandoc", "-Tascii", "-Owidth=78", path], capture_output=True, text=True, timeout=SECONDS).stdout
    text = re.sub(r".\x08", "", text)
    for command in COMMANDS:
        assert re.search(rf"^ +belfry {command}\b", text, re.M), command
    for status in range(10):
        assert re.search(rf"^ +{status} +[A-Z]", text, re.M), status
