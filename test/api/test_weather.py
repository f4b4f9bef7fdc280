"""What belfry does when it, its clock, its disk or its database fare badly: nothing lost, nothing twice, everything told."""
import collections
import contextlib
import datetime
import json
import os
import signal
import sqlite3
import subprocess
import time
from pathlib import Path

import pytest

UTC = datetime.timezone.utc
FAKETIME = Path("/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1")
WAIT = 60  # seconds for what should come soon, on a busy machine and under sanitizers
HEAL = 10  # seconds in which belfry must have recovered

NOTE = """#!/bin/sh
echo "$BELFRY_JOB_ID $BELFRY_SCHEDULED_AT $BELFRY_ATTEMPT $BELFRY_RUN_ID $$" >> ../../starts.log
"""

needs_faketime = pytest.mark.skipif(not FAKETIME.exists(), reason="libfaketime is not installed")


# ---- helpers ----

def when(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))


def wait_until(look, seconds=WAIT, what="it"):
    """Asks look() until it gives something true; that."""
    end = time.monotonic() + seconds
    while True:
        found = look()
        if found:
            return found
        assert time.monotonic() < end, f"{what} did not come in {seconds} s"
        time.sleep(0.05)


def program(server, name, *lines):
    folder = server.jobs / name
    folder.mkdir(exist_ok=True)
    (folder / "main").write_text(NOTE + "\n".join(lines) + "\n")
    (folder / "main").chmod(0o755)


def starts(server):
    path = server.home / "starts.log"
    return [line.split() for line in path.read_text().splitlines()] if path.exists() else []


def nothing_twice(server):
    twice = [key for key, n in collections.Counter(tuple(s[:3]) for s in starts(server)).items() if n > 1]
    assert not twice, f"started twice: {twice[:5]}"


def put(server, name, trigger, **more):
    reply = server.put("/api/v1/jobs/" + name, json={"trigger": trigger, "folder": more.pop("folder", "note"), **more})
    assert reply.status_code == 201, reply.text
    return reply.json()


def job(server, name):
    reply = server.get("/api/v1/jobs/" + name)
    return reply.json() if reply.status_code == 200 else None


def now(server):
    return when(server.get("/api/v1/status").json()["time"])


def runs(server, name=None):
    """Oldest first."""
    found = server.get("/api/v1/runs?limit=1000").json()["runs"]
    return sorted((run for run in found if name in (None, run["job_id"])), key=lambda run: run["scheduled_at"])


def ended(server, name, count=1):
    """Waits until the job has so many rows and all have ended."""
    def look():
        found = runs(server, name)
        return found if len(found) >= count and all(run["finished_at"] for run in found) else None
    return wait_until(look, what=f"the end of {count} runs of {name}")


def shifted(server, offset):
    """Lets the server live at another time: what it slept through is then as if it had been down so long."""
    server.environment.update({
        "LD_PRELOAD": str(FAKETIME), "FAKETIME": offset, "FAKETIME_DONT_FAKE_MONOTONIC": "1", "FAKETIME_NO_CACHE": "1",
        "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0"})
    return server


@pytest.fixture
def server(belfry_factory, tmp_path):
    made = belfry_factory(tmp_path, start=False)
    program(made, "note")
    return made


EVERY_SECOND = {"type": "cron", "second": "*"}
PAST = {"type": "date", "run_date": "2024-04-20T18:45:48Z"}


def every_minute(server):
    """Half a minute away from any slot of its own: none comes between two lines of a test."""
    return {"type": "cron", "second": str((now(server).second + 30) % 60)}


def every_hour(server):
    """Half an hour away from any slot of its own."""
    return {"type": "cron", "expr": f"{(now(server).minute + 30) % 60} * * * *"}


# ---- restarts ----

@pytest.mark.parametrize("end", ["stop", "kill"])
def test_restart_keeps_everything(server, end):
    server.start()
    put(server, "interval", {"type": "interval", "seconds": 1000.5})
    put(server, "hours", {"type": "interval", "hours": 5}, args=["a", "é\n"], timeout="10m", misfire_grace="5m", max_instances=3, coalesce="all")
    put(server, "cron", {"type": "cron", "expr": f"{(now(server).minute + 30) % 60} 2 * * mon-fri", "timezone": "Europe/Berlin"})
    put(server, "date", {"type": "date", "run_date": "2099-01-02T03:04:05Z"})
    put(server, "paused", EVERY_SECOND, paused=True)
    put(server, "certificate", {"type": "interval", "days": 1}, certificate="localhost:1", folder=None)
    assert server.post("/api/v1/jobs/interval/pause").status_code == 200
    assert server.post("/api/v1/jobs/interval/resume").status_code == 200

    def state():
        listed = server.get("/api/v1/jobs").json()
        return listed, [server.get("/api/v1/jobs/" + item["job_id"]).json() for item in listed["jobs"]]
    before = state()
    assert before[0]["total"] == 6 and sum(item["next_run"] != "None" for item in before[0]["jobs"]) == 5
    for _ in range(2):
        getattr(server, end)()
        server.start()
        assert state() == before
    assert {(run["job_id"], run["reason"]) for run in runs(server)} <= {("paused", "paused")}


def test_ledger_is_the_same_after_a_restart(server):
    server.start()
    put(server, "past", PAST)
    before = ended(server, "past")
    server.stop()
    server.start()
    assert runs(server) == before


def test_killed_during_a_run(server):
    """The run is lost, and never made again; the schedule goes on."""
    program(server, "long", "exec sleep 60")
    server.start()
    put(server, "once", PAST, folder="long")
    put(server, "often", EVERY_SECOND, folder="long")
    wait_until(lambda: {s[0] for s in starts(server)} == {"once", "often"}, what="the start of both")
    began = starts(server)
    server.kill()
    server.end_keepers()  # nobody knows how they end
    for line in began:
        os.kill(int(line[4]), signal.SIGKILL)
    server.start()
    wait_until(lambda: not [run for run in runs(server) if run["state"] == "orphaned"], what="a decision about what was running")
    lost = {run["run_id"]: run for run in runs(server) if run["state"] == "lost"}
    for line in began:
        run = lost[int(line[3])]
        assert run["reason"] == "restart" and run["finished_at"] and run["exit_code"] is None and "outcome is not known" in run["message"]
    wait_until(lambda: job(server, "once") is None, what="the end of the date job")
    wait_until(lambda: len([s for s in starts(server) if s[0] == "often"]) > len([s for s in began if s[0] == "often"]), what="the next start")
    assert [s for s in starts(server) if s[0] == "once"] == [s for s in began if s[0] == "once"]
    nothing_twice(server)
    server.kill()
    server.end_keepers()
    for line in starts(server):
        with contextlib.suppress(ProcessLookupError):
            os.kill(int(line[4]), signal.SIGKILL)
    server.start()
    assert {run["run_id"]: run for run in runs(server) if run["run_id"] in lost} == lost, "the history has changed"


# ---- down over slots ----

@needs_faketime
@pytest.mark.parametrize("end", ["stop", "kill"])
def test_missed_slots_become_one_run(server, end):
    server.start()
    put(server, "minutely", every_minute(server))
    first = when(job(server, "minutely")["next_run_at"])
    getattr(server, end)()
    shifted(server, "+600s").start()
    caught, = ended(server, "minutely")[:1]
    slot = when(caught["scheduled_at"])
    assert caught["state"] == "succeeded" and caught["origin"] == "catchup"
    assert when(caught["missed_from"]) == first or caught["missed"] == 0
    assert caught["missed"] == (slot - first).total_seconds() / 60 >= 8
    assert datetime.timedelta() <= when(caught["queued_at"]) - slot < datetime.timedelta(seconds=60)
    assert when(job(server, "minutely")["next_run_at"]) > slot
    nothing_twice(server)


@needs_faketime
def test_misfire_grace(server):
    """Too late for any of them: one row says so and counts."""
    server.start()
    put(server, "hourly", every_hour(server), misfire_grace="1s")
    first = when(job(server, "hourly")["next_run_at"])
    server.kill()
    shifted(server, "+3h").start()
    skipped, = ended(server, "hourly")
    assert (skipped["state"], skipped["reason"], skipped["missed"]) == ("skipped", "misfire", 2)
    assert when(skipped["missed_from"]) == first and when(skipped["scheduled_at"]) == first + datetime.timedelta(hours=2)
    assert skipped["attempt"] == 0 and skipped["started_at"] is None
    assert starts(server) == [] and job(server, "hourly")["state"] == "scheduled"


@needs_faketime
def test_coalesce_all_runs_each(server):
    server.start()
    put(server, "minutely", every_minute(server), coalesce="all", misfire_grace="none")
    first = when(job(server, "minutely")["next_run_at"])
    server.kill()
    shifted(server, "+300s").start()
    found = ended(server, "minutely", 5)
    assert [when(run["scheduled_at"]) for run in found[:5]] == [first + datetime.timedelta(minutes=n) for n in range(5)]
    assert all(run["state"] == "succeeded" and run["missed"] == 0 for run in found)
    nothing_twice(server)


@needs_faketime
def test_coalesce_all_within_its_grace(server):
    """Those past their grace are one row, the others run."""
    server.start()
    put(server, "hourly", every_hour(server), coalesce="all", misfire_grace="2h")
    first = when(job(server, "hourly")["next_run_at"])
    server.stop()
    shifted(server, "+5h").start()
    found = ended(server, "hourly", 3)
    assert [(run["state"], run["reason"], run["missed"]) for run in found] == [
        ("skipped", "misfire", 2), ("succeeded", "", 0), ("succeeded", "", 0)]
    assert when(found[0]["missed_from"]) == first
    assert [when(run["scheduled_at"]) - first for run in found] == [datetime.timedelta(hours=n) for n in (2, 3, 4)]


@needs_faketime
def test_pause_makes_up_for_nothing(server):
    server.start()
    put(server, "minutely", every_minute(server))
    assert server.post("/api/v1/jobs/minutely/pause").json()["next_run"] == "None"
    server.stop()
    shifted(server, "+600s").start()
    assert job(server, "minutely")["state"] == "paused"
    resumed = server.post("/api/v1/jobs/minutely/resume").json()
    assert resumed["state"] == "scheduled" and when(resumed["next_run_at"]) >= now(server) - datetime.timedelta(seconds=20)
    told = wait_until(lambda: [run for run in runs(server, "minutely") if run["reason"] == "paused"], what="the row of the pause")
    assert sum(run["missed"] + 1 for run in told) >= 9 and all(run["state"] == "skipped" for run in told)
    server.kill()
    server.start()
    assert all(run["origin"] == "schedule" and run["missed"] == 0 for run in runs(server, "minutely") if run["reason"] != "paused")


@needs_faketime
@pytest.mark.parametrize("grace, outcome", [("none", ("succeeded", "")), ("1m", ("skipped", "misfire"))])
def test_date_that_passed_in_a_pause(server, grace, outcome):
    """It has no other slot: resumed, it is late like any other, and never dropped without a word."""
    server.start()
    put(server, "date", {"type": "date", "run_date": (now(server) + datetime.timedelta(hours=1)).isoformat()}, misfire_grace=grace)
    assert server.post("/api/v1/jobs/date/pause").status_code == 200
    server.stop()
    shifted(server, "+3h").start()
    assert job(server, "date")["state"] == "paused" and runs(server) == []
    assert server.post("/api/v1/jobs/date/resume").status_code == 200
    run, = ended(server, "date")
    assert (run["state"], run["reason"]) == outcome and len(starts(server)) == (outcome[0] == "succeeded")
    wait_until(lambda: job(server, "date") is None, what="the end of the job")


def test_edits_plan_from_now(server):
    server.start()
    made = put(server, "a", {"type": "interval", "seconds": 1000})
    same = server.patch("/api/v1/jobs/a", json={"timeout": "5m", "misfire_grace": "1h"}).json()
    assert same["next_run"] == made["next_run"] and same["version"] == 2
    before = now(server)
    edited = server.patch("/api/v1/jobs/a", json={"trigger": {"type": "interval", "seconds": 2000}}).json()
    assert before < when(edited["next_run_at"]) - datetime.timedelta(seconds=2000) + datetime.timedelta(milliseconds=1) < now(server) + datetime.timedelta(seconds=1)
    yearly = server.patch("/api/v1/jobs/a", json={"trigger": {"type": "cron", "expr": "0 0 1 1 *"}}).json()
    for end in ("stop", "kill"):
        getattr(server, end)()
        server.start()
        assert job(server, "a") == yearly
    assert runs(server) == []


# ---- one-shots, overlap ----

def test_date_in_the_past_runs_at_once_and_once(server):
    server.start()
    for round_number in (1, 2):
        put(server, "past", PAST)
        wait_until(lambda: job(server, "past") is None, what="the end of the job")
        assert "past" not in server.get("/api/v1/jobs").text
        history = runs(server, "past")
        assert [run["state"] for run in history] == ["succeeded"] * round_number
        assert {run["scheduled_at"] for run in history} == {"2024-04-20T18:45:48Z"} and history[0]["origin"] == "catchup"
        for end in ("kill", "stop"):
            getattr(server, end)()
            server.start()
            assert job(server, "past") is None and runs(server, "past") == history
    assert len(starts(server)) == 2


def test_overlap_is_skipped_and_told(server):
    program(server, "long", "exec sleep 60")
    server.options = ("--stop-grace", "0")
    server.start()
    put(server, "often", EVERY_SECOND, folder="long")
    found = wait_until(lambda: [run for run in runs(server, "often") if run["state"] == "skipped"][:2], what="a skipped run")
    assert all((run["reason"], run["attempt"], run["started_at"]) == ("overlap", 0, None) for run in found)
    wait_until(lambda: starts(server), what="the start")
    assert len(starts(server)) == 1 and job(server, "often")["running"] == 1
    manual = server.post("/api/v1/jobs/often/runs")
    assert manual.status_code == 409 and "1 of 1" in manual.text
    assert server.stop() == 0


# ---- orderly stops ----

def one_run(server, grace, *lines):
    """Starts a run, asks the server to stop while it runs; the server's exit status and the run as the next server tells it."""
    program(server, "job", *lines)
    server.options = ("--stop-grace", grace)
    server.start()
    put(server, "once", PAST, folder="job")
    wait_until(lambda: starts(server), what="the start")
    wait_until(lambda: (server.home / "armed").exists(), what="the job")
    status = server.stop()
    server.start()
    run, = runs(server, "once")
    assert len(starts(server)) == 1
    return status, run


def test_stop_waits_for_a_run_that_ends_in_time(server):
    status, run = one_run(server, "60s", "touch ../../armed; sleep 1; exit 0")
    assert status == 0 and (run["state"], run["reason"], run["exit_code"]) == ("succeeded", "", 0)


def test_stop_terminates_a_run_after_the_grace(server):
    status, run = one_run(server, "200ms", "touch ../../armed; exec sleep 60")
    assert status == 0 and (run["state"], run["reason"], run["signal"]) == ("cancelled", "shutdown", signal.SIGTERM)
    assert "belfry was stopped" in run["message"]


def test_stop_kills_a_run_that_ignores_term(server):
    status, run = one_run(server, "0", "trap '' TERM", "touch ../../armed", "while :; do sleep 0.1; done")
    assert status == 0 and (run["state"], run["reason"], run["signal"]) == ("cancelled", "shutdown", signal.SIGKILL)


def test_second_signal_does_not_wait(server):
    program(server, "long", "exec sleep 60")
    server.options = ("--stop-grace", "1h")
    server.start()
    put(server, "once", PAST, folder="long")
    wait_until(lambda: starts(server), what="the start")
    process = server.process
    process.send_signal(signal.SIGTERM)
    wait_until(lambda: '"stopping"' in server.read_log(), what="the stop")
    time.sleep(0.3)
    assert process.poll() is None, "it did not wait for the run"
    assert server.get("/readyz").status_code == 503  # while it drains, it answers and says so
    assert server.get("/api/v1/jobs").status_code == 200
    process.send_signal(signal.SIGTERM)
    assert process.wait(WAIT) == 0
    process.stdout.close()
    server.end_keepers()
    with contextlib.suppress(ProcessLookupError):
        os.kill(int(starts(server)[0][4]), signal.SIGKILL)
    server.start()
    wait_until(lambda: runs(server, "once")[0]["state"] != "orphaned", what="a decision about what was running")
    run, = runs(server, "once")
    assert run["state"] == "lost"
    wait_until(lambda: job(server, "once") is None, what="the end of the date job")


# ---- the clock leaps ----

@needs_faketime
def test_clock_leaps(server, tmp_path):
    """An hour forward, back again, an hour back: goes on each time, nothing twice, and what was jumped over is counted."""
    clock = tmp_path / "clock"

    def leap(offset):
        clock.with_suffix(".new").write_text(offset + "\n")
        clock.with_suffix(".new").rename(clock)

    leap("+0")
    shifted(server, "+0").environment.update({"FAKETIME": None, "FAKETIME_TIMESTAMP_FILE": str(clock)})
    server.start()
    put(server, "often", EVERY_SECOND)

    def goes_on(what):
        before = len(starts(server))
        wait_until(lambda: len(starts(server)) >= before + 2, HEAL + WAIT, what)

    goes_on("a start before the leaps")
    leap("+1h")
    goes_on("a start after the leap forward")
    caught = [run for run in runs(server) if run["missed"] > 3000]
    assert len(caught) == 1 and caught[0]["origin"] == "catchup" and caught[0]["missed"] < 3700
    assert (when(caught[0]["scheduled_at"]) - when(caught[0]["missed_from"])).total_seconds() == caught[0]["missed"]
    leap("+0")
    goes_on("a start after the leap back")
    leap("-1h")
    goes_on("a start after a leap to before it all")
    server.kill()
    server.start()
    goes_on("a start after a restart in the past")
    leap("+0")
    goes_on("a start back in the present")
    leap("-3")
    goes_on("a start after the seconds that came twice")
    nothing_twice(server)
    assert "the system clock was set" in server.read_log()


# ---- the disk is full ----

@pytest.fixture
def small_disk(tmp_path):
    """A file system of half a megabyte."""
    place = tmp_path / "small"
    place.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=600k", "tmpfs", place], capture_output=True, text=True)
    if done.returncode != 0:
        pytest.skip("may not mount: " + done.stderr.strip())
    yield place
    subprocess.run(["umount", "-l", place], check=True)


def fill(place):
    with open(place / "filler", "ab", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(bytes(512))


def refused(server, name):
    """Tries to create jobs until one is refused: what lies in SQLite's log already can be written still."""
    for number in range(500):
        reply = server.put(f"/api/v1/jobs/{name}{number}", json={"trigger": {"type": "date", "run_date": "2099-01-01"}, "folder": "note"})
        if reply.status_code != 201:
            return number, reply
    raise AssertionError("the disk is never full")


def is_ready(server):
    return server.get("/readyz").status_code == 200


@pytest.mark.parametrize("with_work", [True, False])
def test_disk_full(server, small_disk, with_work):
    """Told in clear words; nothing starts; heals by itself; every second is accounted for."""
    server.db = small_disk / "belfry.db"
    program(server, "slow", "sleep 3")
    server.start()
    if with_work:
        put(server, "often", EVERY_SECOND)
        put(server, "slow", PAST, folder="slow")
        wait_until(lambda: {s[0] for s in starts(server)} == {"often", "slow"}, what="the first starts")
    fill(small_disk)
    count, reply = refused(server, "x")
    assert reply.status_code == 503 and "full" in reply.json()["detail"] and "belfry.db" in reply.json()["detail"], reply.text
    ready = server.get("/readyz")
    assert ready.status_code == 503 and "full" in ready.text
    before = len(starts(server))
    time.sleep(4)
    assert len(starts(server)) <= before + 1, "it starts what it cannot record"
    assert not is_ready(server), "it says that it can work"
    listed = {item["job_id"] for item in server.get("/api/v1/jobs").json()["jobs"]}
    assert {f"x{n}" for n in range(count)} <= listed and f"x{count}" not in listed
    assert server.read_log().count("does not accept writes") == 1, server.read_log()[-3000:]
    (small_disk / "filler").unlink()
    wait_until(lambda: is_ready(server), HEAL + WAIT, "readiness")
    assert server.put(f"/api/v1/jobs/x{count}", json={"trigger": every_minute(server), "folder": "note"}).status_code == 201
    if with_work:
        wait_until(lambda: len(starts(server)) >= before + 3, HEAL + WAIT, "the next starts")
        assert ended(server, "slow")[0]["state"] == "succeeded"
        contiguous(runs(server, "often"))
    nothing_twice(server)
    server.kill()
    server.start()
    assert {item["job_id"] for item in server.get("/api/v1/jobs").json()["jobs"]} >= listed - {"slow"} | {f"x{count}"}
    assert "accepts writes again" in server.read_log()


def contiguous(rows):
    """Every second has a row or is counted in one."""
    expected = None
    for run in rows:
        begin = when(run["missed_from"] or run["scheduled_at"])
        assert expected in (None, begin), f"expected {expected}, found {run}"
        assert (when(run["scheduled_at"]) - begin).total_seconds() == run["missed"]
        expected = when(run["scheduled_at"]) + datetime.timedelta(seconds=1)


def test_stop_with_a_full_disk(server, small_disk):
    """What cannot be recorded does not keep the process for ever."""
    server.db = small_disk / "belfry.db"
    program(server, "slow", "exec sleep 60")
    server.options = ("--stop-grace", "0")
    server.start()
    put(server, "slow", PAST, folder="slow")
    wait_until(lambda: starts(server), what="the start")
    fill(small_disk)
    refused(server, "x")
    process = server.process
    process.send_signal(signal.SIGTERM)
    assert process.wait(WAIT) == 0
    process.stdout.close()
    (small_disk / "filler").unlink()
    server.start()
    run, = runs(server, "slow")
    # Its process may go on without belfry, which finds it again.
    assert run["state"] in ("lost", "cancelled", "orphaned", "running") and len(starts(server)) == 1


# ---- rows that cannot be understood ----

@pytest.mark.parametrize("column, value, said", [
    ("trigger", '{"type":"cron"', "not JSON"),
    ("trigger", '{"type":"cron","expr":"* * * * *","timezone":"Mars/Olympus"}', "Mars/Olympus"),
    ("trigger", '{"type":"lunar"}', "lunar"),
    ("trigger", '{"type":"cron","expr":"99 * * * *"}', "99"),
    ("kind", 77, "77"),
    ("spec", '{"target":"note","from_a_newer_belfry":1}', "from_a_newer_belfry"),
    ("spec", "", "spec"),
], ids=["torn", "zone", "type", "value", "kind", "newer", "empty"])
def test_quarantine(server, column, value, said):
    server.start()
    put(server, "good", EVERY_SECOND)
    put(server, "bad", EVERY_SECOND)
    server.stop()
    already = len([s for s in starts(server) if s[0] == "bad"])

    def row():
        with contextlib.closing(sqlite3.connect(server.db)) as db:
            return db.execute("SELECT name, kind, trigger, spec, state FROM job WHERE name = 'bad'").fetchone()

    with contextlib.closing(sqlite3.connect(server.db)) as db, db:
        db.execute(f"UPDATE job SET {column} = ? WHERE name = 'bad'", (value,))
    before = row()
    for end in ("stop", "kill") if said == "not JSON" else ("kill",):
        server.start()
        listed = {item["job_id"]: item for item in server.get("/api/v1/jobs").json()["jobs"]}
        assert listed["bad"]["state"] == "quarantined" and said in listed["bad"]["quarantine"] and listed["bad"]["next_run"] == "None"
        assert listed["good"]["state"] == "scheduled"
        assert job(server, "bad")["quarantine"] == listed["bad"]["quarantine"]
        assert server.get("/api/v1/status").json()["quarantined"] == 1
        assert server.get("/schedule/show_schedules/").status_code == 200
        assert "kept aside" in server.read_log() and '"bad"' in server.read_log()
        assert job(server, "bad")["created_at"][:2] == "20"
        for verb, path in ("POST", "runs"), ("GET", "next"):
            reply = server.ask(verb, "/api/v1/jobs/bad/" + path)
            assert reply.status_code == 404 and said in reply.json()["detail"] and "quarantine" in reply.text
        for verb in ("pause", "resume"):
            assert server.post("/api/v1/jobs/bad/" + verb).status_code in (400, 404, 409, 422)
        good = len(starts(server))
        wait_until(lambda: len(starts(server)) > good, what="a start of the good job")
        getattr(server, end)()
        assert row() == before, "the row was changed"
    assert len([s for s in starts(server) if s[0] == "bad"]) == already
    server.start()
    assert server.patch("/api/v1/jobs/bad", json={"timeout": "5s"}).status_code in (400, 404, 409, 422)
    assert server.delete("/api/v1/jobs/bad").status_code == 200
    assert job(server, "bad") is None
    put(server, "bad", EVERY_SECOND)
    wait_until(lambda: len([s for s in starts(server) if s[0] == "bad"]) > already, what="a start of the mended job")


def test_quarantined_job_is_mended_by_put(server):
    server.start()
    put(server, "bad", EVERY_SECOND)
    server.stop()
    with contextlib.closing(sqlite3.connect(server.db)) as db, db:
        db.execute("UPDATE job SET trigger = '?'")
    server.start()
    reply = server.put("/api/v1/jobs/bad", json={"trigger": EVERY_SECOND, "folder": "note"})
    assert reply.status_code == 200 and "quarantine" not in reply.json() and reply.json()["state"] == "scheduled", reply.text
    count = len(starts(server))
    wait_until(lambda: len(starts(server)) > count, what="a start")
    server.kill()
    server.start()
    assert job(server, "bad")["state"] == "scheduled"
