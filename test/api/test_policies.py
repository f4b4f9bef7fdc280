"""What becomes of slots that are late, paused or unwanted, against a real server: each is accounted for, once."""
import datetime
import os
import signal
import sqlite3
import time

import pytest

from test_weather import EVERY_SECOND, UTC, ended, needs_faketime, nothing_twice, program, put, runs, shifted, wait_until, when

SECOND = datetime.timedelta(seconds=1)
DOWN = 300  # seconds


@pytest.fixture
def server(belfry_factory, tmp_path):
    made = belfry_factory(tmp_path, start=False)
    program(made, "note")
    return made


def covered(rows):
    """Every slot that the rows stand for, oldest first."""
    slots = []
    for row in rows:
        first = when(row["missed_from"]) if row["missed"] else when(row["scheduled_at"])
        count = row["missed"]
        slots += [first + n * SECOND for n in range(count)] + [when(row["scheduled_at"])]
    return slots


def gapless(rows):
    """Each second has one row, or is counted in one."""
    slots = covered(rows)
    assert slots == [slots[0] + n * SECOND for n in range(len(slots))], slots


def caught_up(server, name, since):
    """Its rows once a slot is on time again, from a moment on."""
    def look():
        found = [run for run in runs(server, name) if when(run["scheduled_at"]) >= since]
        punctual = [run for run in found if run["origin"] == "schedule" and run["state"] == "succeeded"]
        return found if punctual and all(run["finished_at"] for run in found) else None
    return wait_until(look, what="a slot on time")


# ---- down over some hundred slots ----

@needs_faketime
@pytest.mark.parametrize("misfire, count_runs", [
    ({"policy": "skip"}, lambda n: 0),
    ({"policy": "last"}, lambda n: 1),
    ({"policy": "first"}, lambda n: 1),
    ({"policy": "all"}, lambda n: n),
    ({"policy": "all", "max": 20}, lambda n: 20),
    ({"policy": "all", "grace": "30s"}, lambda n: 30),
    ({"policy": "all", "window": "40s"}, lambda n: 40),
], ids=["skip", "last", "first", "all", "max", "grace", "window"])
def test_down_over_slots(server, misfire, count_runs):
    """Killed, and started again some hundred slots later: so many of them are run, and few rows tell of the others."""
    server.start()
    put(server, "x", EVERY_SECOND, misfire=misfire, max_instances=1000)
    ended(server, "x", 2)
    server.kill()
    began = max(when(run["scheduled_at"]) for run in runs_of_db(server, "x"))
    shifted(server, f"+{DOWN}s").start()
    rows = caught_up(server, "x", began + SECOND)
    gapless(rows)
    nothing_twice(server)
    first_on_time = next(i for i, run in enumerate(rows) if run["origin"] == "schedule")
    made_up = [run for run in rows[:first_on_time] if run["state"] == "succeeded"]
    told = [run for run in rows[:first_on_time] if run["state"] == "skipped"]
    missed = len(covered(rows[:first_on_time]))
    assert missed >= DOWN - 5
    wanted = count_runs(missed)
    # What comes due while the others are made up for may be late by a second as well.
    assert wanted <= len(made_up) + (wanted > 1) * 2 and len(made_up) <= wanted + (wanted > 0) * 5, (wanted, len(made_up))
    assert len(told) <= 5 and {run["reason"] for run in told} <= {"misfire", "coalesced", "overlap"}
    if misfire["policy"] == "last":
        assert made_up[0]["missed"] >= DOWN - 10 and when(made_up[0]["missed_from"]) == began + SECOND
    if misfire["policy"] == "first":
        assert when(made_up[0]["scheduled_at"]) == began + SECOND and told[0]["reason"] == "coalesced"
    if misfire["policy"] == "skip":
        assert told[0]["missed"] >= DOWN - 10 and told[0]["reason"] == "misfire"


def runs_of_db(server, name):
    """The rows of a server that does not run."""
    with sqlite3.connect(server.db) as db:
        found = db.execute("SELECT scheduled_at FROM run JOIN job ON job.id = run.job_id WHERE job.name = ?", (name,)).fetchall()
    db.close()
    return [{"scheduled_at": datetime.datetime.fromtimestamp(row[0] / 1e6, UTC).isoformat()} for row in found]


@pytest.mark.parametrize("policy", ["skip", "last", "first", "all"])
def test_stopped_for_a_while(server, policy):
    """SIGSTOP: the same rules, without a restart."""
    server.start()
    put(server, "x", EVERY_SECOND, misfire={"policy": policy}, max_instances=100)
    ended(server, "x", 1)
    os.kill(server.pid, signal.SIGSTOP)
    time.sleep(6)
    os.kill(server.pid, signal.SIGCONT)
    first = when(ended(server, "x", 1)[0]["scheduled_at"])
    rows = wait_until(lambda: [run for run in [runs(server, "x")] if when(run[-1]["scheduled_at"]) >= first + 9 * SECOND], what="more")[0]
    gapless(rows)
    nothing_twice(server)
    late = [run for run in rows if run["origin"] == "catchup"]
    assert late, rows
    if policy == "all":
        assert len([run for run in late if run["state"] != "skipped"]) >= 4
    if policy == "skip":
        assert any(run["state"] == "skipped" and run["missed"] >= 2 for run in late)


@needs_faketime
def test_spread(server):
    """What is made up for comes bit by bit."""
    server.start()
    put(server, "x", {"type": "interval", "minutes": 1}, misfire={"policy": "all", "spread": "10s"})
    server.kill()
    shifted(server, "+10m").start()
    found = ended(server, "x", 10)
    began = [when(run["started_at"]) for run in found[:10]]
    steps = [(b - a).total_seconds() for a, b in zip(began, began[1:])]
    assert all(0.5 <= step for step in steps) and sum(steps) <= 30, steps
    assert all(run["origin"] == "catchup" and run["missed"] == 0 for run in found[:10])


def test_contradictions(server):
    server.start()
    put(server, "x", EVERY_SECOND, paused=True)
    for body, loc, words in [
            ({"coalesce": "last", "misfire": {"policy": "all"}}, ["body", "misfire", "policy"], "coalesce beside it says otherwise"),
            ({"misfire_grace": "1m", "misfire": {"grace": 30}}, ["body", "misfire", "grace"], "misfire_grace beside it"),
            ({"misfire": {"max": 5}}, ["body", "misfire", "max"], "policy all only"),
            ({"misfire": {"policy": "skip", "spread": "1m"}}, ["body", "misfire", "spread"], "nothing is made up for"),
            ({"misfire": {"polic": "skip"}}, ["body", "misfire", "polic"], "Extra inputs")]:
        reply = server.patch("/api/v1/jobs/x", json=body)
        assert reply.status_code == 422, reply.text
        assert reply.json()["detail"][0]["loc"] == loc and words in reply.json()["detail"][0]["msg"]
    told = server.patch("/api/v1/jobs/x", json={"coalesce": "all", "misfire_grace": "1m", "misfire": {"grace": 60, "max": 5}}).json()
    assert told["misfire"] == {"policy": "all", "grace": "1m", "max": 5, "window": "1d", "spread": None}
    assert told["coalesce"] == "all" and told["misfire_grace"] == "1m"
    again = server.patch("/api/v1/jobs/x", json={"misfire": None}).json()
    assert again["misfire"] == {"policy": "last", "grace": None, "max": None, "window": "none", "spread": None}
    assert again["coalesce"] == "last" and again["misfire_grace"] is None
