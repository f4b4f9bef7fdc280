"""Jobs of every kind of trigger: made, listed, asked for what comes next, run, and there again after a restart."""
import datetime
import json
import os
import random
import shutil
import signal
import sqlite3
import time
from pathlib import Path
from zoneinfo import ZoneInfo

import jsonschema
import pytest

ZONEINFO = Path(os.environ.get("TZDIR") or "/usr/share/zoneinfo")
FIELDS = "cron[month='*', day='*', day_of_week='*', hour='4', minute='30']"
# What is asked for, how it is listed, the state it is in, how many next times it knows of three, and its words.
KINDS = {
    "crontab": ({"type": "cron", "expr": "30 4 * * *"}, FIELDS, "scheduled", 3, "at 04:30 every day, UTC"),
    "expr-alone": ({"expr": "30 4 * * *"}, FIELDS, "scheduled", 3, "at 04:30 every day, UTC"),
    "fields": ({"type": "cron", "hour": "4", "day": "last"}, "cron[day='last', hour='4']", "scheduled", 3,
               "at 04:00 on the last day of the month, UTC"),
    "quartz": ({"type": "quartz", "expr": "0 30 4 L * ?"},
               "quartz[month='*', day='L', day_of_week='?', hour='4', minute='30', second='0']", "scheduled", 3,
               "at 04:30 on the last day of the month, UTC"),
    "oncalendar": ({"type": "oncalendar", "expr": "Mon..Fri 04:30 Europe/Berlin"}, "oncalendar[Mon..Fri 04:30 Europe/Berlin]",
                   "scheduled", 3, "at 04:30 on weekdays, Europe/Berlin"),
    "rrule-friday": ({"type": "rrule", "expr": "DTSTART;TZID=Europe/Berlin:20260101T043000\nRRULE:FREQ=MONTHLY;BYDAY=-1FR"},
              "rrule[DTSTART;TZID=Europe/Berlin:20260101T043000 RRULE:FREQ=MONTHLY;BYDAY=-1FR]", "scheduled", 3,
              "on the last Friday of every month at 04:30, from 2026-01-01, Europe/Berlin"),
    "rrule": ({"type": "rrule", "expr": "DTSTART;TZID=Europe/Berlin:20260101T090000\nRRULE:FREQ=DAILY"},
              "rrule[DTSTART;TZID=Europe/Berlin:20260101T090000 RRULE:FREQ=DAILY]", "scheduled", 3,
              "at 09:00 every day, from 2026-01-01, Europe/Berlin"),
    "iso8601-twice": ({"type": "iso8601", "expr": "R2/2190-01-31T09:00:00/P1M"}, "iso8601[R2/2190-01-31T09:00:00/P1M]", "scheduled", 2, None),
    "months": ({"type": "calendarinterval", "months": 1, "time": "09:00:00", "start_date": "2026-01-31"},
                         "calendarinterval[months=1, time='09:00:00']", "scheduled", 3,
                         "every month at 09:00, counted from 2026-01-31, leaving out months without that day, UTC"),
    "dates-past": ({"type": "date", "run_dates": ["2190-02-01T00:00:00Z", "2020-01-01", "2190-01-01T00:00:00Z"]},
              "date[2020-01-01 00:00:00 UTC, 2190-01-01 00:00:00 UTC, 2190-02-01 00:00:00 UTC]", "scheduled", 2,
              "at 3 moments from 2020-01-01 00:00:00 UTC to 2190-02-01 00:00:00 UTC"),
    "and-last": ({"type": "and", "triggers": [{"type": "cron", "hour": 4}, {"type": "cron", "day": "last", "hour": "*/2"}]},
            "and[cron[hour='4'], cron[day='last', hour='*/2']]", "scheduled", 3, None),
    "or-bounded": ({"type": "or", "triggers": [{"expr": "30 4 * * *"}, {"type": "interval", "hours": 7}], "max_runs": 3},
           f"or[{FIELDS}, interval[7:00:00]]", "scheduled", 3, None),
    "every": ({"type": "cron", "expr": "@every 90s"}, "interval[0:01:30]", "scheduled", 3, "every 90 seconds"),
    "reboot": ({"expr": "@reboot"}, "startup[]", "scheduled", 0, "at each start of the scheduler"),
    "bounded": ({"type": "cron", "hour": 4, "max_runs": 2}, "cron[hour='4']", "scheduled", 2, None),
    "interval": ({"type": "interval", "hours": 6}, "interval[6:00:00]", "scheduled", 3, "every 6 hours from "),
    "date": ({"type": "date", "run_date": "2199-01-01T00:00:00Z"}, "date[2199-01-01 00:00:00 UTC]", "scheduled", 1,
             "once at 2199-01-01 00:00:00 UTC"),
    "dates": ({"type": "date", "run_dates": ["2198-01-01T00:00:00Z", "2199-01-01T00:00:00Z"]},
              "date[2198-01-01 00:00:00 UTC, 2199-01-01 00:00:00 UTC]", "scheduled", 2,
              "at 2 moments from 2198-01-01 00:00:00 UTC to 2199-01-01 00:00:00 UTC"),
    "iso8601": ({"type": "iso8601", "expr": "R/2026-01-31T04:30:00/P1M"}, "iso8601[R/2026-01-31T04:30:00/P1M]", "scheduled", 3,
                "every month from 2026-01-31 04:30:00, UTC"),
    "calendarinterval": ({"type": "calendarinterval", "months": 1, "time": "04:30", "month_end": "last", "start_date": "2026-01-31"},
                         "calendarinterval[months=1, time='04:30:00', month_end='last']", "scheduled", 3,
                         "every month at 04:30, counted from 2026-01-31, or the last day of shorter months, UTC"),
    "and": ({"type": "and", "triggers": [{"expr": "30 4 13 * *"}, {"expr": "30 4 * * fri"}]},
            "and[cron[month='*', day='13', day_of_week='*', hour='4', minute='30'], "
            "cron[month='*', day='*', day_of_week='fri', hour='4', minute='30']]", "scheduled", 3,
            "at 04:30 on day 13 of the month and at the same time at 04:30 on Fridays, UTC"),
    "or": ({"type": "or", "triggers": [{"expr": "30 4 * * *"}, {"expr": "30 5 * * *", "timezone": "Asia/Kolkata"}]},
           "or[cron[month='*', day='*', day_of_week='*', hour='4', minute='30'], "
           "cron[month='*', day='*', day_of_week='*', hour='5', minute='30']]", "scheduled", 3,
           "at 04:30 every day, or (at 05:30 every day, Asia/Kolkata), UTC"),
    "after": ({"type": "after", "delay": "5m"}, "after[0:05:00]", "scheduled", 1, "5 minutes after the end of the run before"),
    "startup": ({"type": "startup"}, "startup[]", "scheduled", 0, "at each start of the scheduler"),
    "startup-late": ({"type": "startup", "delay": "1h"}, "startup[1:00:00]", "scheduled", 0,
                     "1 hour after each start of the scheduler"),
    "manual": ({"type": "manual"}, "manual[]", "manual", 0, "only when started by hand"),
}


def put(server, job_id, trigger, **more):
    server.folder("x")
    return server.put("/api/v1/jobs/" + job_id, json={"folder": "x", "trigger": trigger, **more})


def show(server, job_id):
    reply = server.get("/api/v1/jobs/" + job_id)
    assert reply.status_code == 200, reply.text
    return reply.json()


def item(server, job_id):
    return next(j for j in server.get("/api/v1/jobs").json()["jobs"] if j["job_id"] == job_id)


def nexts(server, job_id, n=3):
    return [datetime.datetime.fromisoformat(x["at"]) for x in server.get(f"/api/v1/jobs/{job_id}/next?n={n}").json()["next"]]


def runs(server, job_id):
    """Its runs in full, the oldest first."""
    found = server.get(f"/api/v1/jobs/{job_id}/runs").json()["runs"]
    return [server.get(f"/api/v1/runs/{run['run_id']}").json() for run in reversed(found)]


def ended(server, job_id, count, seconds=60):
    """Its runs, when so many of them have ended."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = runs(server, job_id)
        if sum(bool(run["finished_at"]) for run in found) >= count:
            return found
        time.sleep(0.05)
    raise AssertionError(f"{count} runs did not end: {found}\n{server.read_log()}")


def seconds(text):
    return datetime.datetime.fromisoformat(text).timestamp()


def between_slots(seconds):
    """Waits, if need be, until none of KINDS is due within so many seconds: that is at full and half hours."""
    left = 1800 - time.time() % 1800
    if left < seconds:
        time.sleep(left + 1)


@pytest.mark.parametrize("kind", KINDS)
def test_of_every_kind(server, kind):
    between_slots(30)
    trigger, frequency, state, known, words = KINDS[kind]
    reply = put(server, "j", trigger)
    assert reply.status_code == 201, reply.text
    job = show(server, "j")
    listed = item(server, "j")
    assert job["run_frequency"] == listed["run_frequency"] == frequency
    assert job["state"] == listed["state"] == state
    assert words is None or job["words"] == words or (words.endswith(" from ") and job["words"].startswith(words))
    document = server.get("/openapi.json").json()
    schema = {"$ref": "#/components/schemas/Trigger", "components": document["components"]}
    jsonschema.Draft202012Validator(schema).validate(job["trigger"])
    jsonschema.Draft202012Validator(schema).validate(trigger)
    times = nexts(server, "j")
    assert len(times) == known
    assert times == sorted(set(times)) and all(t > datetime.datetime.now(datetime.timezone.utc) for t in times)
    if known:
        assert datetime.datetime.fromisoformat(listed["next_run_at"]) == times[0]
        assert listed["next_run"] == str(times[0])
    else:
        assert listed["next_run_at"] is None and listed["next_run"] == "None"
    # What it says of itself makes the same job again, and changes nothing.
    assert server.put("/api/v1/jobs/j", json={"folder": "x", "trigger": job["trigger"]}).status_code == 200
    again = show(server, "j")
    assert (again["trigger"], again["next_run_at"], again["version"]) == (job["trigger"], job["next_run_at"], 2)
    # Pause and resume; by hand it runs in either state.
    assert server.post("/api/v1/jobs/j/pause").json()["state"] == "paused"
    assert item(server, "j")["next_run_at"] is None
    assert server.post("/api/v1/jobs/j/resume").json()["state"] == state
    assert server.post("/api/v1/jobs/j/runs").status_code == 201
    run = ended(server, "j", 1)[0]
    assert (run["state"], run["origin"]) == ("succeeded", "manual")
    assert show(server, "j")["state"] == state


def test_of_every_kind_after_a_restart(own_server):
    between_slots(90)
    own_server.start()
    before = {}
    for kind, (trigger, *_) in KINDS.items():
        assert put(own_server, kind, trigger).status_code == 201
    for kind in KINDS:
        before[kind] = show(own_server, kind), nexts(own_server, kind)
    own_server.kill()
    own_server.start()
    for kind, (_, _, state, _, _) in KINDS.items():
        job, times = before[kind]
        if kind in ("startup", "reboot"):
            assert ended(own_server, kind, 1)[0]["state"] == "succeeded"
        elif kind == "startup-late":
            assert 3500 < seconds(show(own_server, kind)["next_run_at"]) - time.time() <= 3600
            job["next_run"] = job["next_run_at"] = times = None
        now = show(own_server, kind)
        assert now["state"] == state
        for key in ("run_frequency", "trigger", "words", "version") + (("next_run_at",) if times is not None else ()):
            assert now[key] == job[key], key
        assert times is None or nexts(own_server, kind) == times
    assert own_server.stop() == 0


# Rows as version 0.1.0 wrote them: name, trigger, zone, state; and how such a job is listed.
OLD_SPEC = '{"target":"x","args":["a","1"],"coalesce":"last","max_instances":1,"misfire_grace_us":300000000,"timeout_us":0}'
OLD_ROWS = [
    ("crontab", '{"type":"cron","expr":"30 2 * * mon-fri","timezone":"Europe/Berlin"}', "Europe/Berlin", 0,
     "cron[month='*', day='*', day_of_week='mon-fri', hour='2', minute='30']"),
    ("fields", '{"type":"cron","day":"2nd fri,last","hour":"4","start_date":"2026-01-01T00:00:00Z",'
     '"end_date":"2199-01-01T00:00:00Z","timezone":"UTC","jitter":30}', "UTC", 0, "cron[day='2nd fri,last', hour='4']"),
    ("interval", '{"type":"interval","hours":6,"seconds":1.5,"start_date":"2026-01-01T23:29:40.728882+09:00",'
     '"timezone":"Asia/Tokyo"}', "Asia/Tokyo", 0, "interval[6:00:01.500000]"),
    ("date", '{"type":"date","run_date":"2199-01-01T12:00:00+02:00","timezone":"+02:00"}', "+02:00", 0,
     "date[2199-01-01 12:00:00 UTC+02:00]"),
    ("paused", '{"type":"cron","expr":"@daily","timezone":"UTC"}', "UTC", 1,
     "cron[month='*', day='*', day_of_week='*', hour='0', minute='0']"),
]


def test_jobs_of_version_0_1_0(own_server):
    between_slots(60)
    own_server.start()
    own_server.folder("x")
    own_server.stop()
    now = time.time_ns() // 1000
    with sqlite3.connect(own_server.db) as db:
        for number, (name, trigger, zone, state, _) in enumerate(OLD_ROWS, 1):
            db.execute("INSERT INTO job(name, kind, trigger, tz, spec, state, version, change_seq, effective_from, created_at,"
                       " updated_at) VALUES(?, 0, ?, ?, ?, ?, 1, ?, ?, ?, ?)",
                       (name, trigger, zone, OLD_SPEC, state, number, now, now, now))
        db.execute("UPDATE meta SET value = ? WHERE key = 'change_seq'", (str(len(OLD_ROWS)),))
    db.close()
    own_server.start()
    assert own_server.get("/api/v1/jobs").json()["total"] == len(OLD_ROWS)
    for name, trigger, _, state, frequency in OLD_ROWS:
        job = show(own_server, name)
        assert (job["run_frequency"], job["state"]) == (frequency, "paused" if state else "scheduled")
        assert job["trigger"] == json.loads(trigger)
        # A change of something else writes the trigger as it was.
        assert own_server.patch(f"/api/v1/jobs/{name}", json={"timeout": "1m"}).json()["next_run"] == job["next_run"]
    own_server.stop()
    with sqlite3.connect(own_server.db) as db:
        assert db.execute("SELECT trigger FROM job ORDER BY id").fetchall() == [(row[1],) for row in OLD_ROWS]
    db.close()


# ---- changes ----

def test_a_change_without_type_is_merged(server):
    assert put(server, "j", {"type": "cron", "expr": "30 4 * * *", "timezone": "Europe/Berlin"}).status_code == 201
    reply = server.patch("/api/v1/jobs/j", json={"trigger": {"expr": "15 5 * * mon"}})
    assert reply.json()["trigger"] == {"type": "cron", "expr": "15 5 * * mon", "timezone": "Europe/Berlin"}
    reply = server.patch("/api/v1/jobs/j", json={"trigger": {"hour": 7}})
    assert reply.status_code == 422 and reply.json()["detail"][0]["loc"] == ["body", "trigger", "hour"]
    reply = server.patch("/api/v1/jobs/j", json={"trigger": {"expr": "@reboot"}})
    assert reply.json()["trigger"] == {"type": "startup", "timezone": "Europe/Berlin"}
    reply = server.patch("/api/v1/jobs/j", json={"trigger": {"delay": "10m"}})
    assert reply.json()["trigger"] == {"type": "startup", "delay": "10m", "timezone": "Europe/Berlin"}
    reply = server.patch("/api/v1/jobs/j", json={"trigger": {"type": "manual"}})
    assert (reply.json()["trigger"]["type"], reply.json()["state"]) == ("manual", "manual")
    # The classic form knows its three types and replaces the whole.
    assert server.patch("/api/v1/jobs/j", json={"type": "manual"}).status_code == 422
    reply = server.patch("/api/v1/jobs/j", json={"type": "interval", "args": {"minutes": 5}})
    assert reply.json()["run_frequency"] == "interval[0:05:00]"


@pytest.mark.parametrize("trigger, field", [
    ({"type": "after"}, "delay"), ({"type": "after", "delay": "0s"}, "delay"), ({"type": "after", "delay": "soon"}, "delay"),
    ({"type": "after", "delay": "400d"}, "delay"), ({"type": "startup", "delay": -5}, "delay"),
    ({"type": "startup", "hours": 1}, "hours"), ({"type": "manual", "delay": "5m"}, "delay"),
    ({"type": "after", "delay": "5m", "max_runs": 3}, "max_runs"), ({"type": "sometimes"}, "type"),
    ({"type": "cron", "expr": "0 4 * * *", "max_runs": 0}, "max_runs"),
    ({"type": "or", "triggers": [{"expr": "0 4 * * *"}, {"type": "after", "delay": "5m"}]}, "triggers"),
    ({"type": "date", "run_dates": ["2030-01-01"], "run_date": "2030-01-01"}, "run_dates"),
])
def test_refused(server, trigger, field):
    reply = put(server, "j", trigger)
    assert reply.status_code == 422, reply.text
    assert reply.json()["detail"][0]["loc"][:3] == ["body", "trigger", field]
    assert server.get("/api/v1/jobs").json()["total"] == 0


# ---- after ----

SLOW_PY = "import time\n\n\ndef call(*args):\n    time.sleep(0.5)\n    raise SystemExit(3)\n"


def test_after_follows_the_end(server):
    server.folder("slow", main=SLOW_PY)
    begun = time.time()
    reply = server.put("/api/v1/jobs/slow", json={"trigger": {"type": "after", "delay": "1s"}})
    assert reply.status_code == 201, reply.text
    assert begun + 0.9 < seconds(reply.json()["next_run_at"]) < time.time() + 1.1
    first, second, *_ = ended(server, "slow", 2)
    assert first["state"] == second["state"] == "failed"  # however it ended
    assert first["started_at"] and seconds(first["finished_at"]) - seconds(first["started_at"]) >= 0.5
    assert seconds(second["scheduled_at"]) == pytest.approx(seconds(first["finished_at"]) + 1, abs=1e-5)
    # While it runs there is no next time, and yet it is not over.
    end = time.monotonic() + 60
    while time.monotonic() < end:
        job = item(server, "slow")
        if job["running"]:
            break
        time.sleep(0.02)
    assert (job["state"], job["next_run_at"], job["next_run"]) == ("scheduled", None, "None")


def test_after_a_run_by_hand_and_another_delay(server):
    assert put(server, "j", {"type": "after", "delay": "1h"}).status_code == 201
    assert server.post("/api/v1/jobs/j/runs").status_code == 201
    run = ended(server, "j", 1)[0]
    assert seconds(item(server, "j")["next_run_at"]) == pytest.approx(seconds(run["finished_at"]) + 3600, abs=1e-5)
    reply = server.patch("/api/v1/jobs/j", json={"trigger": {"delay": "2h"}})
    assert reply.status_code == 200, reply.text
    assert seconds(reply.json()["next_run_at"]) == pytest.approx(seconds(run["finished_at"]) + 7200, abs=1e-5)
    assert reply.json()["trigger"]["type"] == "after"
    # One that has passed is due at once, one time.
    time.sleep(0.1)
    assert server.patch("/api/v1/jobs/j", json={"trigger": {"delay": 0.05}}).status_code == 422
    assert server.patch("/api/v1/jobs/j", json={"trigger": {"delay": "1s"}}).status_code == 200
    second = ended(server, "j", 2)[1]
    assert seconds(second["scheduled_at"]) == pytest.approx(seconds(run["finished_at"]) + 1, abs=1e-5)


def test_after_a_crash(own_server):
    """The run that is lost has ended at the next start; the one after it comes the delay later."""
    own_server.start()
    folder = own_server.folder("slow", main="import time\n\n\ndef call(*args):\n    open('begun', 'w').close()\n    time.sleep(60)\n")
    assert own_server.put("/api/v1/jobs/slow", json={"trigger": {"type": "after", "delay": "1s"}}).status_code == 201
    end = time.monotonic() + 60
    while not (folder / "begun").exists() and time.monotonic() < end:  # before that, it may still begin with the next server
        time.sleep(0.02)
    own_server.kill()
    own_server.end_keepers(True)  # nobody knows how it ends
    own_server.folder("slow")
    own_server.start()
    lost, second = ended(own_server, "slow", 2)[:2]
    assert (lost["state"], second["state"]) == ("lost", "succeeded")
    assert seconds(second["scheduled_at"]) == pytest.approx(seconds(lost["finished_at"]) + 1, abs=1e-5)


def test_an_overdue_delay_is_one_run(own_server):
    own_server.start()
    assert put(own_server, "j", {"type": "after", "delay": "3s"}).status_code == 201
    slot = seconds(item(own_server, "j")["next_run_at"])
    own_server.kill()
    time.sleep(max(0, slot + 3.5 - time.time()))
    own_server.start()
    first = ended(own_server, "j", 1)[0]
    assert seconds(first["scheduled_at"]) == pytest.approx(slot, abs=1e-5)
    assert len(runs(own_server, "j")) == 1
    assert seconds(item(own_server, "j")["next_run_at"]) == pytest.approx(seconds(first["finished_at"]) + 3, abs=1e-5)


# ---- startup, manual ----

def test_startup_runs_once_a_start(own_server):
    own_server.start()
    assert put(own_server, "j", {"type": "startup"}).status_code == 201
    time.sleep(0.3)
    assert runs(own_server, "j") == []  # not before the next start
    for n, leave in enumerate([own_server.stop, own_server.kill, own_server.kill], 1):
        leave()
        own_server.start()
        assert [run["state"] for run in ended(own_server, "j", n)] == ["succeeded"] * n
    time.sleep(0.3)
    found = runs(own_server, "j")
    assert len(found) == 3 and len({run["scheduled_at"] for run in found}) == 3
    assert item(own_server, "j")["next_run_at"] is None


def test_a_paused_startup_job_stays_so(own_server):
    own_server.start()
    assert put(own_server, "j", {"type": "startup"}, paused=True).status_code == 201
    own_server.kill()
    own_server.start()
    assert own_server.post("/api/v1/jobs/j/resume").status_code == 200
    assert [(run["state"], run["reason"]) for run in ended(own_server, "j", 1)] == [("skipped", "paused")]


# ---- both, killed again and again ----

KILLS = max(int(os.environ.get("KILLS", "200")) // 20, 2)
NOTE = "#!/bin/sh\necho $BELFRY_JOB_ID $BELFRY_RUN_ID >> ../../starts.log\n"


def runs_since(server, job_id, moment):
    return [run for run in runs(server, job_id) if seconds(run["scheduled_at"]) >= moment]


def wait_for_run_since(server, job_id, moment):
    end = time.monotonic() + 60
    while not any(run["finished_at"] for run in runs_since(server, job_id, moment)):
        assert time.monotonic() < end, server.read_log()
        time.sleep(0.02)


def test_kills(own_server):
    """A start has one run, or none when it was killed before there was a row of it: every second one is given the time."""
    dice = random.Random(int(os.environ.get("KILL_SEED", "1")))
    starts = []
    own_server.start()
    main = own_server.folder("note", main=None) / "main"
    main.write_text(NOTE)
    main.chmod(0o755)
    for job_id, trigger in {"after": {"type": "after", "delay": "200ms"}, "startup": {"type": "startup"}}.items():
        reply = own_server.put("/api/v1/jobs/" + job_id, json={"folder": "note", "trigger": trigger})
        assert reply.status_code == 201, reply.text
    created = seconds(own_server.get("/api/v1/jobs/after").json()["created_at"])
    for number in range(KILLS):
        if number % 2:
            wait_for_run_since(own_server, "startup", starts[-1])
        time.sleep(dice.random())
        own_server.kill()
        starts.append(time.time())
        own_server.start()
    wait_for_run_since(own_server, "startup", starts[-1])
    ended(own_server, "after", KILLS)
    slots = [seconds(run["scheduled_at"]) for run in runs(own_server, "startup")]
    counts = [sum(begun <= slot < until for slot in slots) for begun, until in zip(starts, [*starts[1:], time.time()])]
    assert sum(counts) == len(slots) and set(counts) <= {0, 1} and set(counts[::2]) | {counts[-1]} == {1}, counts
    own_server.stop()
    # Each slot is one delay behind the end before it, or behind the creation; and nothing was started twice.
    with sqlite3.connect(own_server.db) as db:
        rows = db.execute("SELECT scheduled_at, finished_at, run.state FROM run JOIN job ON job.id = job_id"
                          " WHERE name = 'after' ORDER BY scheduled_at").fetchall()
    db.close()
    ends = [round(created * 1e6)] + [end for _, end, _ in rows]
    assert [slot for slot, _, _ in rows] == [end + 200_000 for end in ends[:-1]]
    lines = (own_server.home / "starts.log").read_text().splitlines()
    assert len(lines) == len(set(lines))


# ---- schedules that end ----

def soon(after, form="%Y-%m-%dT%H:%M:%SZ"):
    return (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=after)).strftime(form)


# Schedules of two runs, a second apart.
TWICE = {
    "interval": lambda: {"type": "interval", "seconds": 1, "max_runs": 2},
    "cron": lambda: {"type": "cron", "second": "*", "max_runs": 2},
    "end_date": lambda: {"type": "cron", "second": "*", "start_date": soon(4), "end_date": soon(5)},
    "dates": lambda: {"type": "date", "run_dates": [soon(4), soon(5)]},
    "rrule": lambda: {"type": "rrule", "expr": f"DTSTART:{soon(4, '%Y%m%dT%H%M%SZ')}\nRRULE:FREQ=SECONDLY;COUNT=2"},
    "iso8601": lambda: {"type": "iso8601", "expr": f"R2/{soon(4)}/PT1S"},
}


def test_what_is_over_stays(own_server):
    own_server.start()
    for job_id, trigger in TWICE.items():
        assert put(own_server, job_id, trigger(), coalesce="all").status_code == 201  # late or not, each slot is one run
    for _ in range(2):
        for job_id in TWICE:
            ended(own_server, job_id, 2)
            job = item(own_server, job_id)
            assert (job["state"], job["next_run_at"], job["next_run"]) == ("ended", None, "None")
        time.sleep(1.2)
        assert [len(runs(own_server, job_id)) for job_id in TWICE] == [2] * len(TWICE)
        own_server.stop()
        own_server.start()
    # It can be run, changed in other respects, brought to life again, and removed.
    for job_id in TWICE:
        assert own_server.post(f"/api/v1/jobs/{job_id}/runs").status_code == 201
        assert own_server.patch(f"/api/v1/jobs/{job_id}", json={"timeout": "1m"}).json()["state"] == "ended"
        reply = own_server.patch(f"/api/v1/jobs/{job_id}", json={"trigger": {"timezone": None}})
        assert reply.status_code == 400 and "never fires again" in reply.json()["detail"], reply.text
    for job_id, change in {"interval": {"max_runs": None}, "end_date": {"end_date": None}, "dates": {"run_date": "2190-01-01"}}.items():
        reply = own_server.patch(f"/api/v1/jobs/{job_id}", json={"trigger": change})
        assert reply.json()["state"] == "scheduled" and reply.json()["next_run_at"], reply.text
    for job_id in TWICE:
        ended(own_server, job_id, 3)
        assert own_server.delete("/api/v1/jobs/" + job_id).status_code == 200


def test_the_job_of_a_single_date_goes(server):
    assert put(server, "j", {"type": "date", "run_date": "2020-01-01"}).status_code == 201
    server.wait_for_run("/api/v1/runs", "j")
    end = time.monotonic() + 60
    while server.get("/api/v1/jobs/j").status_code != 404 and time.monotonic() < end:
        time.sleep(0.02)
    assert server.get("/api/v1/jobs").json()["total"] == 0
    of_job, of_all = (server.get(path).json()["runs"] for path in ("/api/v1/jobs/j/runs", "/api/v1/runs?job_id=j"))
    assert [run["job_id"] for run in of_job] == ["j"] and of_job == of_all  # what became of it stays known
    assert server.get("/api/v1/jobs/k/runs").status_code == 404
    assert server.get("/api/v1/runs?job_id=k").json()["code"] == "job_not_found"


# ---- time zone data ----

def zone_replace(folder, name, source):
    """As a package does it: a new file takes the place of the old one."""
    fresh = folder / "fresh"
    shutil.copyfile(ZONEINFO / source, fresh)
    (folder / name).parent.mkdir(exist_ok=True)
    fresh.rename(folder / name)


def test_changed_zone_data_plans_anew(belfry_factory, tmp_path):
    zones = tmp_path / "zones"
    zones.mkdir()
    zone_replace(zones, "Europe/Berlin", "Europe/Berlin")
    server = belfry_factory(tmp_path, environment={"TZDIR": str(zones)})
    berlin, tokyo = ZoneInfo("Europe/Berlin"), ZoneInfo("Asia/Tokyo")
    assert put(server, "unknown", {"expr": "0 12 * * *", "timezone": "Asia/Tokyo"}).status_code == 422  # not in this folder
    noon = {"expr": "0 12 * * *", "timezone": "Europe/Berlin"}
    assert put(server, "noon", noon).status_code == 201
    assert datetime.datetime.fromisoformat(item(server, "noon")["next_run_at"]).astimezone(berlin).hour == 12
    # Due in some seconds by the clocks of Tokyo, not before tonight by those of Berlin.
    soon = datetime.datetime.now(tokyo) + datetime.timedelta(seconds=10)
    assert put(server, "soon", {"type": "cron", "hour": soon.hour, "minute": soon.minute, "second": soon.second,
                                "timezone": "Europe/Berlin"}).status_code == 201
    assert seconds(item(server, "soon")["next_run_at"]) > time.time() + 3600
    zone_replace(zones, "Europe/Berlin", "Asia/Tokyo")
    server.process.send_signal(signal.SIGHUP)
    end = time.monotonic() + 60
    while time.monotonic() < end and "zone data has changed" not in server.read_log():
        time.sleep(0.02)
    at = datetime.datetime.fromisoformat(item(server, "noon")["next_run_at"])
    assert at.astimezone(tokyo).hour == 12 and at.utcoffset() == datetime.timedelta(hours=9)
    assert nexts(server, "noon")[0] == at
    run = ended(server, "soon", 1)[0]
    assert seconds(run["scheduled_at"]) == int(soon.timestamp())
    # A broken file changes nothing.
    (zones / "fresh").write_bytes(b"TZif")
    (zones / "fresh").rename(zones / "Europe/Berlin")
    server.process.send_signal(signal.SIGHUP)
    time.sleep(0.3)
    assert item(server, "noon")["next_run_at"] == at.isoformat()
