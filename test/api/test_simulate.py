"""`belfry simulate`: the weeks to come, rehearsed with the jobs of a database that a server may hold."""
import contextlib
import json
import os
import sqlite3
import subprocess

import pytest

from conftest import BELFRY
from test_weather import PAST, ended, program, put, server  # noqa: F401

FROM = "2099-12-01T00:00:00Z"
ENVIRONMENT = {**os.environ, "TZ": "UTC", "BELFRY_TZ": "UTC"}


def simulate(*words, cwd=None, **environment):
    return subprocess.run([BELFRY, "simulate", *map(str, words)], capture_output=True, text=True, timeout=120, cwd=cwd,
                          env={**ENVIRONMENT, **environment})


def result(*words, **more):
    done = simulate("-o", "json", *words, **more)
    assert done.returncode == 0 and done.stderr == "", done
    told = json.loads(done.stdout)
    return told, {item["job_id"]: item for item in told["jobs"]}


def set_durations(server, name, *seconds):
    """The history says that its runs took so long."""
    with contextlib.closing(sqlite3.connect(server.db)) as db, db:
        job_id, = db.execute("SELECT id FROM job WHERE name = ? AND state < 2", (name,)).fetchone()
        for n, took in enumerate(seconds):
            db.execute("INSERT INTO run(id, job_id, scheduled_at, origin, job_version, state, attempt, node, queued_at, started_at, try_at, "
                       "finished_at, missed, missed_from, reason, exit_code, signal, message) "
                       "VALUES(?, ?, ?, 0, 1, 10, 1, 1, 0, 0, 0, ?, 0, 0, 0, 0, 0, '')", (job_id * 1000 + n, job_id, n + 1, took * 1_000_000))


def test_a_day_ahead(server):
    server.start()
    put(server, "hourly", {"type": "cron", "expr": "0 * * * *"})
    put(server, "often", {"type": "cron", "expr": "* * * * *"})
    put(server, "nightly", {"type": "cron", "expr": "30 2 * * *"}, max_instances=3)
    put(server, "paused", {"type": "cron", "expr": "* * * * *"}, paused=True)
    put(server, "manual", {"type": "manual"})
    server.stop()
    set_durations(server, "often", 90, 90, 600)
    server.start()  # it may be running
    told, jobs = result("--db", server.db, "--from", FROM, "--to", "+1d", "--assume", "5m")
    assert (told["from"], told["to"], told["total_jobs"]) == ("2099-12-01T00:00:00Z", "2099-12-02T00:00:00Z", 5)
    assert jobs["often"]["duration"] == pytest.approx(90, rel=0.005) and jobs["often"]["duration_is_known"] is True
    assert jobs["hourly"]["duration"] == 300 and jobs["hourly"]["duration_is_known"] is False
    # A run of a minute and a half: every second slot is skipped. Both ends of the day count.
    assert (jobs["often"]["runs"], jobs["often"]["skipped"], jobs["often"]["skipped_why"]) == (721, 720, {"overlap": 720})
    assert jobs["often"]["skipped_first"] == "2099-12-01T00:01:00Z"
    assert (jobs["hourly"]["runs"], jobs["nightly"]["runs"], jobs["paused"]["runs"], jobs["manual"]["runs"]) == (25, 1, 0, 0)
    assert (told["peak"]["runs"], told["peak"]["at"], told["peak"]["job_ids"]) == (2, FROM, ["hourly", "often"])
    slow = result("--db", server.db, "--from", FROM, "--to", "+1d", "--percent", 95)[1]["often"]
    assert slow["duration"] == pytest.approx(600, rel=0.005) and 130 <= slow["runs"] <= 145
    assert server.stop() == 0


def test_places_make_runs_wait(server):
    server.start()
    for n in range(4):
        put(server, f"j{n}", {"type": "cron", "expr": "0 * * * *"})
    server.stop()
    told, jobs = result("--db", server.db, "--from", FROM, "--to", "+30m", "--assume", "1m", "--max-runs", 2)
    assert told["peak"]["runs"] == 2 and told["waited"] == 2 and max(job["wait_max"] for job in jobs.values()) == 60
    told, jobs = result("--db", server.db, "--from", FROM, "--to", "+30m", "--assume", "1m")
    assert told["peak"] == {"runs": 4, "at": "2099-12-01T00:00:00Z", "lasts": 60.0, "job_ids": ["j0", "j1", "j2", "j3"]} and told["waited"] == 0


def test_for_a_person(server):
    server.start()
    put(server, "often", {"type": "cron", "expr": "* * * * *"})
    put(server, "calm", {"type": "cron", "expr": "0 * * * *"})
    server.stop()
    done = simulate("--from", FROM, "--to", "2099-12-01T12:00", "--assume", "100s", BELFRY_STORE__PATH=f"sqlite:///{server.db}")
    assert done.returncode == 0 and done.stderr == ""
    assert "2099-12-01 00:00:00 UTC to 2099-12-01 12:00:00 UTC: 2 jobs" in done.stdout and "peak: 2 runs at once" in done.stdout
    assert "overlap" in done.stdout and "often" in done.stdout and "\ncalm " not in done.stdout
    assert "\ncalm " in simulate("--db", server.db, "--from", FROM, "--to", "+12h", "--all").stdout
    quiet = simulate("--db", server.db, "--from", FROM, "--to", "+12h", "--assume", "1s")
    assert "nothing overlaps, nothing waits, nothing is skipped" in quiet.stdout
    names = simulate("--db", server.db, "--from", FROM, "--to", "+12h", "-o", "name", "--all")
    assert names.stdout == "calm\noften\n"


def test_nothing_is_changed(server):
    """Not the database, not its log, not by a look at one whose server was killed."""
    server.start()
    put(server, "often", {"type": "cron", "expr": "* * * * *"})
    put(server, "past", PAST)
    ended(server, "past")
    server.kill()
    files = [server.db, server.db.with_name("belfry.db-wal")]
    before = [file.read_bytes() for file in files]
    assert result("--db", server.db, "--to", "+1d")[0]["runs"] > 1000
    assert [file.read_bytes() for file in files] == before


def test_refusals(server, tmp_path):
    server.start()
    server.stop()
    for words, status, said in [
            (["--db", tmp_path / "gone.db"], 3, "there is no database"),
            (["--db", server.db, "--to", "2020-01-01"], 7, "later than --from"),
            (["--db", server.db, "--to", "+900d"], 7, "400 days"),
            (["--db", server.db, "--to", "soon"], 7, "soon"),
            (["--db", server.db, "--assume", "long"], 7, "long"),
            (["--db", server.db, "--percent", "0"], 2, "--percent"),
            (["--db", "mysql://x/y"], 2, "not a store"),
            (["job"], 2, "job"),
            (["--no-such"], 2, "--no-such")]:
        done = simulate(*words)
        assert done.returncode == status and said in done.stderr and done.stdout == "", (words, done)
    (tmp_path / "text.db").write_text("no database " * 100)
    done = simulate("--db", tmp_path / "text.db")
    assert done.returncode == 1 and "is not a database" in done.stderr
    assert "0 jobs" in simulate("--db", server.db).stdout
