"""test_calendars.py - calendars and freezes against a real server: kept out, moved, recorded, changed, kept over restarts."""
import datetime
import subprocess
import time

import pytest

from conftest import BELFRY

UTC = datetime.timezone.utc
EVERY_SECOND = {"type": "interval", "seconds": 1}


def today(days=0):
    """Not in the last minute and a half of a day: it must be today still when the test ends."""
    now = datetime.datetime.now(UTC)
    left = (datetime.datetime.combine(now.date() + datetime.timedelta(days=1), datetime.time(), UTC) - now).total_seconds()
    if left < 90:
        time.sleep(left + 0.1)
    return (datetime.datetime.now(UTC) + datetime.timedelta(days=days)).date()


def when(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))


@pytest.fixture
def server(own_server):
    """A server whose calendars are this test's alone."""
    yield own_server.start()


def put(server, kind, name, definition, status=201, **more):
    reply = server.put(f"/api/v1/{kind}/{name}", json=definition, **more)
    assert reply.status_code == status, reply.text
    return reply


def job(server, name, trigger, status=201):
    server.folder(name)
    reply = server.put(f"/api/v1/jobs/{name}", json={"folder": name, "trigger": trigger})
    assert reply.status_code == status, reply.text
    return reply


def runs(server, name):
    return server.get(f"/api/v1/jobs/{name}/runs").json()["runs"]


def wait_for(found, seconds=60):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        value = found()
        if value:
            return value
        time.sleep(0.05)
    raise AssertionError("it did not come")


def test_an_excluded_day(server):
    """Today is excluded: nothing runs, and /next says when it does and what is missing until then."""
    put(server, "calendars", "holidays", {"dates": [{"date": str(today()), "reason": "Day of the test"}]})
    put(server, "calendars", "closed", {"calendars": ["holidays"]})
    job(server, "x", {**EVERY_SECOND, "exclude": ["closed"]})
    told = server.get("/api/v1/jobs/x/next?n=1").json()
    midnight = datetime.datetime.combine(today(1), datetime.time(), UTC)
    first = when(told["next"][0]["at"])
    assert midnight <= first < midnight + datetime.timedelta(seconds=1)
    assert told["words"] == "every second, not in closed"
    assert len(told["excluded"]) == 100
    assert told["excluded"][0]["calendar"] == "holidays" and told["excluded"][0]["reason"] == "Day of the test"
    assert told["excluded"][0]["moved_to"] is None
    time.sleep(2)
    assert runs(server, "x") == []
    assert server.get("/api/v1/calendars/holidays").json()["used_by"] == ["x"]


def test_a_preview_knows_them(server):
    put(server, "calendars", "holidays", {"dates": [{"date": "12-25..12-26", "reason": "Christmas"}]})
    told = server.get("/api/v1/triggers/preview", params={
        "expr": '{"expr": "0 2 * * *", "exclude": ["holidays"]}', "from": "2026-12-24T00:00:00Z", "n": 2}).json()
    assert [item["at"] for item in told["next"]] == ["2026-12-24T02:00:00Z", "2026-12-27T02:00:00Z"]
    assert told["excluded"] == [{"at": f"2026-12-{day}T02:00:00Z", "calendar": "holidays", "reason": "Christmas",
                                 "moved_to": None} for day in (25, 26)]
    assert not told["rate"]["words"].startswith("once a day")
    assert told["conversions"]["quartz"]["trigger"]["exclude"] == ["holidays"]


def test_a_change_is_planned_at_once(server):
    put(server, "calendars", "closed", {"dates": [str(today()), str(today(1))]})
    job(server, "x", {**EVERY_SECOND, "exclude": ["closed"]})
    put(server, "calendars", "closed", {"dates": [str(today(1))]}, 200)
    wait_for(lambda: any(run["state"] == "succeeded" for run in runs(server, "x")))
    put(server, "calendars", "closed", {"dates": [str(today()), str(today(1))]}, 200)
    in_force = datetime.datetime.now(UTC)
    time.sleep(2.5)
    assert all(when(run["scheduled_at"]) <= in_force for run in runs(server, "x"))


def test_restart_keeps(server):
    put(server, "calendars", "closed", {"dates": [str(today()), str(today(1))]})
    put(server, "freezes", "audit", {"from": str(today()), "reason": "audit", "jobs": ["y"]})
    job(server, "x", {**EVERY_SECOND, "exclude": ["closed"]})
    job(server, "y", EVERY_SECOND)
    wait_for(lambda: runs(server, "y"))
    server.kill()
    server.start()
    told = server.get("/api/v1/calendars").json()
    assert [(c["name"], c["version"], c["fault"]) for c in told["calendars"]] == [("closed", 1, None)]
    assert server.get("/api/v1/calendars/closed").json()["definition"] == {"dates": [str(today()), str(today(1))]}
    time.sleep(1.5)
    assert runs(server, "x") == []
    assert {run["reason"] for run in runs(server, "y")} == {"freeze"}


def test_in_use(server):
    put(server, "calendars", "closed", {"weekdays": ["sat", "sun"]})
    job(server, "x", {"expr": "0 2 * * *", "exclude": ["closed"]})
    refused = server.delete("/api/v1/calendars/closed")
    assert refused.status_code == 409
    assert refused.json()["detail"] == 'the calendar "closed" is used by 1 job: x' and refused.json()["code"] == "in_use"
    assert server.patch("/api/v1/jobs/x", json={"trigger": {"exclude": None}}).status_code == 200
    assert server.delete("/api/v1/calendars/closed").status_code == 204
    assert server.get("/api/v1/calendars/closed").status_code == 404
    assert job(server, "x", {"expr": "0 2 * * *", "exclude": ["closed"]}, 422).json()["detail"][0]["loc"] == ["body", "trigger", "exclude"]


def test_revisions(server):
    first = put(server, "calendars", "closed", {"weekdays": ["sat"]})
    assert first.headers["etag"] == '"r1"'
    put(server, "calendars", "closed", {"weekdays": ["sun"]}, 412, headers={"If-None-Match": "*"})
    put(server, "calendars", "closed", {"weekdays": ["sun"]}, 200, headers={"If-Match": '"r1"'})
    stale = put(server, "calendars", "closed", {"weekdays": ["mon"]}, 412, headers={"If-Match": '"r1"'})
    assert 'it is "r2" now' in stale.json()["hint"]
    assert server.delete("/api/v1/calendars/closed", headers={"If-Match": '"r1"'}).status_code == 412
    assert server.get("/api/v1/calendars/closed", headers={"If-None-Match": '"r2"'}).status_code == 304


def test_a_stored_calendar_that_nobody_understands(server):
    """As after going back to an older belfry: the job is kept aside, and says why."""
    put(server, "calendars", "closed", {"dates": [str(today())]})
    job(server, "x", {**EVERY_SECOND, "exclude": ["closed"]})
    server.stop()
    import sqlite3
    with sqlite3.connect(server.db) as db:
        db.execute("UPDATE calendar SET body = '{\"moons\": [\"full\"]}'")
    db.close()
    server.start()
    told = server.get("/api/v1/jobs/x").json()
    assert told["state"] == "quarantined" and 'a calendar has no "moons"' in told["quarantine"]
    assert server.get("/api/v1/calendars").json()["calendars"][0]["fault"] == 'a calendar has no "moons"'
    time.sleep(1.5)
    assert runs(server, "x") == []


ICS = """BEGIN:VCALENDAR\r
BEGIN:VEVENT\r
SUMMARY:Company outing\r
DTSTART;VALUE=DATE:{:%Y%m%d}\r
END:VEVENT\r
END:VCALENDAR\r
"""


def test_a_calendar_file(server):
    reply = put(server, "calendars", "outing", {"ics": ICS.format(today())})
    assert reply.json()["coming"][0]["reason"] == "Company outing"
    job(server, "x", {**EVERY_SECOND, "exclude": ["outing"]})
    assert server.get("/api/v1/jobs/x/next").json()["excluded"][0]["reason"] == "Company outing"
    refused = put(server, "calendars", "outing", {"ics": ICS.format(today()).replace(";VALUE=DATE", ";TZID=Moon/Base")}, 422)
    assert refused.json()["detail"][0]["msg"] == 'Value error, line 4: TZID "Moon/Base" is not a zone of this system'


def test_freeze(server):
    """What falls into a freeze is recorded with its reason; a run by hand must be forced; lifted, it runs again."""
    put(server, "freezes", "audit", {"from": str(today()), "reason": "no changes before the audit", "jobs": ["deploy-*"]})
    job(server, "deploy-web", EVERY_SECOND)
    job(server, "backup", EVERY_SECOND)
    skipped = wait_for(lambda: runs(server, "deploy-web"))[-1]
    assert (skipped["state"], skipped["reason"]) == ("skipped", "freeze")
    assert skipped["message"] == "freeze audit: no changes before the audit"
    server.wait_for_run("/api/v1/jobs/backup/runs", state="succeeded")
    refused = server.post("/api/v1/jobs/deploy-web/runs")
    assert (refused.status_code, refused.json()["code"]) == (409, "frozen")
    assert refused.json()["detail"] == "freeze audit: no changes before the audit"
    forced = server.post("/api/v1/jobs/deploy-web/runs", json={"force": True})
    assert forced.status_code == 201, forced.text
    wait_for(lambda: server.get(f"/api/v1/runs/{forced.json()['run_id']}").json()["state"] == "succeeded")
    assert server.delete("/api/v1/freezes/audit").status_code == 204
    wait_for(lambda: [run for run in runs(server, "deploy-web") if run["origin"] != "manual" and run["state"] == "succeeded"])


def test_freeze_by_the_clock(server):
    """A freeze that ends by itself in a moment: the slots in it are told together, the next one runs."""
    yesterday, left = str(today(-1)) + "T00:00Z", 0
    while left < 3:  # on a busy machine most of it may be over before the job is there
        end = datetime.datetime.now(UTC).replace(microsecond=0) + datetime.timedelta(seconds=5)
        server.delete("/api/v1/jobs/x")
        server.delete("/api/v1/freezes/short")
        put(server, "freezes", "short", {"from": yesterday, "to": end.isoformat(), "reason": "wait"})
        job(server, "x", EVERY_SECOND)
        left = (end - datetime.datetime.now(UTC)).total_seconds()
    ran = wait_for(lambda: [run for run in runs(server, "x") if run["state"] == "succeeded"])[-1]
    assert ran["scheduled_at"][:19] >= end.isoformat()[:19]
    held = [run for run in runs(server, "x") if run["reason"] == "freeze"]
    assert 1 <= len(held) <= 2 and sum(run["missed"] + 1 for run in held) >= 2


def cli(*words, text=None, status=0):
    done = subprocess.run([BELFRY, *words], input=text, capture_output=True, text=True, timeout=60, env={"TZ": "UTC"})
    assert done.returncode == status, (done.stdout, done.stderr)
    return done.stdout if status == 0 else done.stderr


def test_calendar_from_a_file(tmp_path):
    """belfry calendar and explain --calendar, without a server."""
    (tmp_path / "weekend.json").write_text('{"weekdays": ["sat", "sun"]}')
    (tmp_path / "closed.json").write_text('{"dates": [{"date": "12-25", "reason": "Christmas"}], "calendars": ["weekend"]}')
    weekend, closed = str(tmp_path / "weekend.json"), str(tmp_path / "closed.json")
    assert cli("calendar", closed, weekend, "--from", "2026-12-24", "--to", "2026-12-30") == (
        "closed, UTC:\n"
        "  Fri 2026-12-25                                      Christmas\n"
        "  Sat 2026-12-26 to Sun 2026-12-27                    (weekend)\n")
    assert 'there is no calendar "weekend"' in cli("calendar", closed, status=7)
    assert "a file is missing" in cli("calendar", status=2)
    assert "--to must be later" in cli("calendar", weekend, "--from", "2026-12-24", "--to", "2026-12-24", status=7)
    told = cli("explain", "0 2 * * *", "--calendar", weekend, "--calendar", closed, "--on-exclude", "next", "--from", "2026-12-24", "-n", "2")
    assert told.splitlines()[0] == "At 02:00 every day, UTC, not in weekend or closed, else on the next day that is free"
    assert told.splitlines()[2:4] == ["  Thu 2026-12-24 02:00 UTC   in 2h", "  Mon 2026-12-28 02:00 UTC   in 4d 2h"]
    only = '{"expr": "0 2 * * *", "include": ["weekend"]}'
    assert cli("next", only, "--calendar", weekend, "--from", "2026-12-24", "-n", "1") == "2026-12-26T02:00:00Z\n"
    assert "there is no calendar" in cli("explain", only, status=7)
    assert "needs a calendar" in cli("explain", "0 2 * * *", "--on-exclude", "next", status=7)
