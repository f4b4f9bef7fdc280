"""How `belfry serve` begins: what it refuses, in which words, and what it leaves untouched; flags, environment, help, log."""
import contextlib
import fcntl
import json
import os
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import threading
from pathlib import Path

import pytest

from conftest import BELFRY

SOURCE = Path(__file__).parents[2]
USAGE = 2
SECONDS = 60  # that a process may take to end, on a busy machine and under sanitizers


def serve(home, *options, environment=None, listen="127.0.0.1:0", **more):
    """A start that is expected to fail: exit status and what it said."""
    where = ["--listen", listen] if listen else []
    env = {name: value for name, value in {**os.environ, "TZ": "UTC", **(environment or {})}.items() if value is not None}
    done = subprocess.run([BELFRY, "serve", *where, *options], cwd=home, capture_output=True, text=True, timeout=SECONDS,
                          env=env, **more)
    assert "http://" not in done.stdout, "it says that it is ready: " + done.stdout
    return done.returncode, done.stderr


def unprivileged():
    """Runs the child without root's right to write everything."""
    if os.geteuid() == 0:
        os.setgroups([])
        os.setgid(65534)
        os.setuid(65534)


# ---- the database ----

def test_second_process_is_refused(own_server, tmp_path):
    own_server.start()
    status, words = serve(tmp_path, "--db", str(own_server.db), "--jobs-dir", str(own_server.jobs))
    assert status == 1
    assert str(own_server.db) in words and str(own_server.pid) in words
    assert "stop that one first" in words and "database of its own" in words
    assert own_server.get("/readyz").status_code == 200


def test_second_process_is_refused_through_a_link(own_server, tmp_path):
    own_server.start()
    other = tmp_path / "other.db"
    other.symlink_to(own_server.db)
    status, words = serve(tmp_path, "--db", str(other))
    assert status == 1 and str(own_server.pid) in words


def test_of_many_at_once_one_begins(tmp_path):
    """Four processes meet at a database that does not exist yet."""
    words = [BELFRY, "serve", "--listen", "127.0.0.1:0"]
    many = [subprocess.Popen(words, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                             env={**os.environ, "TZ": "UTC"}) for _ in range(4)]
    lines = [process.stdout.readline() for process in many]
    winners = [process for process, line in zip(many, lines) if "http://" in line]
    for process in winners:
        process.send_signal(signal.SIGTERM)
    said = {process: process.communicate(timeout=SECONDS)[1] for process in many}
    assert len(winners) == 1, said
    for process in many:
        assert process.returncode == (0 if process in winners else 1), said
        assert process in winners or f"(process {winners[0].pid})" in said[process], said


def dead_pid():
    child = subprocess.Popen(["true"])
    child.wait()
    return child.pid


def test_a_lock_left_by_a_dead_process_is_waited_for(belfry_factory, tmp_path):
    """A child that was being started when its belfry was killed keeps the lock for some milliseconds."""
    with open(tmp_path / "belfry.db.lock", "w") as file:
        file.write(f"{dead_pid()}\n")
        file.flush()
        fcntl.flock(file, fcntl.LOCK_EX)
        timer = threading.Timer(0.5, fcntl.flock, (file, fcntl.LOCK_UN))
        timer.start()
        assert belfry_factory(tmp_path).get("/readyz").status_code == 200
        timer.join()


def test_a_lock_that_stays_is_refused(tmp_path):
    pid = dead_pid()
    with open(tmp_path / "belfry.db.lock", "w") as file:
        file.write(f"{pid}\n")
        file.flush()
        fcntl.flock(file, fcntl.LOCK_EX)
        status, words = serve(tmp_path)
    assert status == 1 and str(pid) in words and "in use" in words


def test_newer_schema_is_refused(own_server, tmp_path):
    own_server.start()
    own_server.stop()
    with sqlite3.connect(own_server.db) as db:
        db.execute("PRAGMA user_version = 999")
    db.close()
    before = own_server.db.read_bytes()
    status, words = serve(tmp_path, "--db", str(own_server.db))
    assert status == 1
    assert str(own_server.db) in words and "newer belfry" in words and "999" in words and "backup" in words
    assert own_server.db.read_bytes() == before


def foreign(path):
    with sqlite3.connect(path) as db:
        db.execute("CREATE TABLE apscheduler_jobs(id VARCHAR(191) PRIMARY KEY, next_run_time FLOAT, job_state BLOB)")
    db.close()


@pytest.mark.parametrize("make, said", [
    (foreign, "another program"),
    (lambda path: path.write_bytes(b"not a database at all\n" * 500), "not a database"),
    (lambda path: path.write_bytes(b"short"), "not a database"),
    (lambda path: path.write_bytes(b"SQLite format 3\0" + bytes(4080)), str),
], ids=["foreign", "garbage", "short", "torn"])
def test_files_of_others_are_refused_and_untouched(tmp_path, make, said):
    path = tmp_path / "belfry.db"
    make(path)
    before = path.read_bytes()
    status, words = serve(tmp_path)
    assert status == 1 and str(path) in words
    assert said is str or said in words, words
    assert path.read_bytes() == before
    assert not (tmp_path / "belfry.db-wal").exists()


def test_damaged_database_is_refused(own_server, tmp_path):
    """A torn page: refused with the path and a way out, and not made worse."""
    own_server.start()
    for number in range(60):
        own_server.folder(f"j{number}")
        assert own_server.post("/api/v1/jobs", json={"job_id": f"j{number}", "from_file": False, "type": "cron"}).status_code == 200
    own_server.stop()
    data = bytearray(own_server.db.read_bytes())
    with sqlite3.connect(own_server.db) as db:
        root = db.execute("SELECT rootpage FROM sqlite_master WHERE name = 'job'").fetchone()[0]
    db.close()
    data[(root - 1) * 4096:root * 4096] = b"\xa5" * 4096
    own_server.db.write_bytes(data)
    status, words = serve(tmp_path, "--db", str(own_server.db))
    assert status == 1 and str(own_server.db) in words and "damaged" in words and "backup" in words, words
    assert own_server.db.read_bytes() == bytes(data)


def test_log_without_database_is_refused(own_server, tmp_path):
    """The -wal file holds acknowledged writes: an empty database beside it must not begin a new life."""
    own_server.folder("a")
    own_server.start()
    assert own_server.post("/api/v1/jobs", json={"job_id": "a", "from_file": False, "type": "cron"}).status_code == 200
    own_server.kill()
    own_server.db.unlink()
    status, words = serve(tmp_path, "--db", str(own_server.db))
    assert status == 1 and "missing" in words and "-wal" in words and "backup" in words
    assert not own_server.db.exists()


def test_missing_directory(tmp_path):
    status, words = serve(tmp_path, "--db", "no/such/belfry.db")
    assert status == 1 and "no/such" in words and "create the directory" in words


def test_database_is_a_directory(tmp_path):
    (tmp_path / "belfry.db").mkdir()
    status, words = serve(tmp_path)
    assert status == 1 and "belfry.db" in words and "not a regular file" in words


@pytest.fixture
def foreign_home(tmp_path_factory):
    """A folder that others may reach, with a copy of the program: for processes that are not root."""
    home = tmp_path_factory.mktemp("home")
    for folder in (home, *home.parents):
        if folder.owner() == Path(os.environ.get("TMPDIR", "/tmp")).owner() and folder.is_relative_to("/tmp") and folder != Path("/tmp"):
            folder.chmod(folder.stat().st_mode | 0o055)
    shutil.copy(BELFRY, home / "belfry-copy")
    (home / "belfry-copy").chmod(0o755)
    return home


def serve_unprivileged(home, *options):
    done = subprocess.run([str(home / "belfry-copy"), "serve", "--listen", "127.0.0.1:0", *options], cwd=home, capture_output=True,
                          text=True, timeout=SECONDS, preexec_fn=unprivileged, env={**os.environ, "TZ": "UTC"})
    return done.returncode, done.stderr


def test_unwritable_directory(foreign_home):
    (foreign_home / "jobs").mkdir(mode=0o755)
    foreign_home.chmod(0o555)
    status, words = serve_unprivileged(foreign_home)
    assert status == 1 and "belfry.db" in words and "Permission denied" in words and "allowed to write" in words
    assert not (foreign_home / "belfry.db").exists()


def test_unreadable_jobs_folder(foreign_home):
    foreign_home.chmod(0o777)
    (foreign_home / "jobs").mkdir(mode=0o700)
    if os.geteuid() != 0:
        (foreign_home / "jobs").chmod(0)
    status, words = serve_unprivileged(foreign_home)
    (foreign_home / "jobs").chmod(0o700)
    assert status == 1 and "jobs" in words and "Permission denied" in words


# ---- the folder for jobs ----

def test_jobs_folder_is_made(belfry_factory, tmp_path):
    server = belfry_factory(tmp_path, start=False)
    server.jobs.rmdir()
    server.start()
    assert server.jobs.is_dir() and "made the folder for jobs" in server.read_log()
    assert server.get("/api/v1/modules").status_code == 200


def test_jobs_folder_is_a_file(tmp_path):
    (tmp_path / "jobs").write_text("")
    status, words = serve(tmp_path)
    assert status == 1 and "jobs is not a folder" in words and "--jobs-dir" in words
    assert not (tmp_path / "belfry.db").exists()


def test_jobs_folder_cannot_be_made(tmp_path):
    status, words = serve(tmp_path, "--jobs-dir", "no/such/jobs")
    assert status == 1 and "no/such/jobs" in words and "--jobs-dir" in words


# ---- the address ----

def test_port_in_use(tmp_path):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        status, words = serve(tmp_path, listen=f"127.0.0.1:{port}")
    assert status == 1 and str(port) in words and "in use" in words.lower(), words


@pytest.mark.parametrize("address", ["0.0.0.0:8000", "[::]:8000", "192.0.2.1:8000", "128.0.0.1:80"])
def test_addresses_beyond_this_machine_are_refused(tmp_path, address):
    status, words = serve(tmp_path, listen=address)
    assert status == USAGE and "is refused" in words and "tokens" in words and "127.0.0.1" in words
    assert not (tmp_path / "belfry.db").exists()


@pytest.mark.parametrize("address, host", [("localhost:0", "127.0.0.1"), ("127.0.0.2:0", "127.0.0.2"), ("[::1]:0", "[::1]")])
def test_addresses_of_this_machine(tmp_path, address, host):
    if host == "[::1]" and not Path("/proc/net/if_inet6").exists():
        pytest.skip("no IPv6 here")
    process = subprocess.Popen([BELFRY, "serve", "--listen", address], cwd=tmp_path, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, text=True, env={**os.environ, "TZ": "UTC"})
    try:
        line = process.stdout.readline()
        assert f"http://{host}:" in line, line + process.stderr.read()
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=SECONDS)
    assert process.returncode == 0


# ---- flags, environment, help ----

@pytest.mark.parametrize("options, said", [
    (["--lisen", "x"], "did you mean --listen?"),
    (["--jobsdir=x"], "did you mean --jobs-dir?"),
    (["--nothing-like-it"], "--help"),
    (["stray"], '"stray" is not understood'),
    (["--db"], "--db needs a value"),
    (["--db", ""], "has no name"),
    (["--db", "sqlite:///"], "names no file"),
    (["--db", "mysql://host/x"], "sqlite:///PATH"),
    (["--listen", "8000"], "127.0.0.1:8000"),
    (["--listen", "127.0.0.1:65536"], "ADDRESS:PORT"),
    (["--listen", "127.0.0.1:-1"], "ADDRESS:PORT"),
    (["--listen", ":8000"], "names no address"),
    (["--stop-grace", "soon"], "10s"),
    (["--stop-grace", "-1s"], "not a duration"),
    (["--children-max", "0"], "1 to 2000"),
    (["--children-max", "many"], "1 to 2000"),
    (["--log-level", "loud"], "debug, info, warn or error"),
    (["--log-format", "xml"], "auto, text or json"),
    (["--timezone", "Mars/Olympus"], "Europe/Berlin"),
    (["--timezone", "../../etc/passwd"], "timezone"),
    (["--host-name", ",".join(["a.example"] * 33)], "host-name"),
])
def test_bad_flags(tmp_path, options, said):
    status, words = serve(tmp_path, *options)
    assert status == USAGE and said in words, words
    assert words.startswith("belfry serve: ") and len(words.splitlines()) <= 2, "not two lines:\n" + words
    assert not (tmp_path / "belfry.db").exists()


def test_unreadable_ca_file(tmp_path):
    status, words = serve(tmp_path, "--ca-file", "no.pem")
    assert status == 1 and "ca-file" in words and "no.pem" in words


def test_bad_environment_is_named(tmp_path):
    status, words = serve(tmp_path, environment={"BELFRY_SCHEDULER__STOP_GRACE": "soon"})
    assert status == USAGE and "BELFRY_SCHEDULER__STOP_GRACE" in words and "soon" in words
    status, words = serve(tmp_path, environment={"TZ": "Mars/Olympus"})
    assert status == USAGE and "Mars/Olympus" in words and "TZ" in words
    status, words = serve(tmp_path, environment={"BELFRY_SERVER__LISTN": "127.0.0.1:0"})
    assert status == USAGE and "$BELFRY_SERVER__LISTN is not a setting" in words
    assert "did you mean $BELFRY_SERVER__LISTEN?" in words


def settings():
    """Rows of settings.def: flag, environment names, default."""
    text = (SOURCE / "src/cli/settings.def").read_text()
    rows = re.findall(r'X\((\w+), "([^"]+)", "([^"]+)", (?:NULL|"([^"]+)"), "([^"]*)", (\w+),\s*"([^"]+)"\)', text)
    assert len(rows) == len(re.findall(r"^X\(", text, re.M)) > 10
    return rows


def test_help_lists_every_setting():
    for words in (["serve", "--help"], ["help", "serve"], ["serve", "--db", "x", "-h"]):
        done = subprocess.run([BELFRY, *words], capture_output=True, text=True, timeout=SECONDS)
        assert done.returncode == 0 and done.stderr == ""
        for _, flag, env, other_env, default, _, text in settings():
            found = re.search(rf"^  --{flag} +(.*)\n +(.*)$", done.stdout, re.M)
            assert found, f"--{flag} is not in the help"
            assert text in found[1] and (not default or f"(default {default})" in found[1])
            assert "$" + env in found[2].split() and (not other_env or "$" + other_env in found[2].split())
        assert set(re.findall(r"^  --([a-z-]+)", done.stdout, re.M)) == {row[1] for row in settings()}
        assert all(len(line) <= 100 for line in done.stdout.splitlines())


def started_with(tmp_path, options=(), environment=None):
    """Starts with these only, and ends at once; what it printed."""
    process = subprocess.Popen([BELFRY, "serve", *options], cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                               text=True, env={**os.environ, "TZ": "UTC", **(environment or {})})
    line = process.stdout.readline()
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=SECONDS)
    assert process.returncode == 0, err
    return line + out, err


def test_names_of_the_posts(tmp_path):
    (tmp_path / "data").mkdir()
    out, _ = started_with(tmp_path, environment={
        "JOB_DATABASE_URI": "sqlite:///data/posts.db", "JOB_DIR": "./data/jobs", "BELFRY_SERVER__LISTEN": "127.0.0.1:0"})
    assert (tmp_path / "data/posts.db").exists() and (tmp_path / "data/jobs").is_dir()
    assert not (tmp_path / "belfry.db").exists() and not (tmp_path / "jobs").exists()
    assert not re.search(r":8000\b", out)


def test_absolute_database_uri(tmp_path):
    started_with(tmp_path, ["--db", f"sqlite:///{tmp_path}/far.db", "--listen=127.0.0.1:0"])
    assert (tmp_path / "far.db").exists()


def test_flags_beat_the_environment_and_its_own_name_the_posts_name(tmp_path):
    names = {"BELFRY_STORE__PATH": "own.db", "JOB_DATABASE_URI": "sqlite:///posts.db", "BELFRY_SERVER__LISTEN": "127.0.0.1:0"}
    started_with(tmp_path, environment=names)
    assert (tmp_path / "own.db").exists() and not (tmp_path / "posts.db").exists()
    started_with(tmp_path, ["--db=flag.db"], environment={**names, "BELFRY_STORE__PATH": "second.db"})
    assert (tmp_path / "flag.db").exists() and not (tmp_path / "second.db").exists()


# ---- what it prints ----

def test_prints_its_address_once(tmp_path):
    out, err = started_with(tmp_path, ["--listen", "127.0.0.1:0"])
    assert len(re.findall(r"http://127\.0\.0\.1:\d+", out)) == 1 and len(out.splitlines()) == 1
    assert "http://" not in err


def test_log_is_json_lines_when_nobody_looks(tmp_path):
    _, err = started_with(tmp_path, ["--listen", "127.0.0.1:0"])
    lines = [json.loads(line) for line in err.splitlines()]
    assert {"stopping", "stopped"} <= {line["msg"] for line in lines}
    assert all({"ts", "level", "msg"} <= line.keys() for line in lines)


def test_log_formats_and_levels(tmp_path):
    _, err = started_with(tmp_path, ["--listen", "127.0.0.1:0", "--log-format", "text"])
    assert re.search(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}Z info +stopping ", err, re.M) and "{" not in err
    _, err = started_with(tmp_path, ["--listen", "127.0.0.1:0", "--log-level", "error"])
    assert err == ""


def read_terminal(leader):
    """All that was written to it; when nobody is left to write, reading fails."""
    text = b""
    with contextlib.suppress(OSError):
        while piece := os.read(leader, 65536):
            text += piece
    return text.decode()


def test_log_is_text_on_a_terminal(tmp_path):
    leader, follower = os.openpty()
    process = subprocess.Popen([BELFRY, "serve", "--listen", "127.0.0.1:0"], cwd=tmp_path, stdout=subprocess.PIPE,
                               stderr=follower, text=True, env={**os.environ, "TZ": "UTC"})
    os.close(follower)
    process.stdout.readline()
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=SECONDS)
    text = read_terminal(leader)
    os.close(leader)
    assert process.returncode == 0
    assert "stopped" in text and '"msg"' not in text
